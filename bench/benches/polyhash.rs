//! PolyHash: verification tags over a block, one for each segment. Rates count the bits of the message.

use std::sync::Arc;

use qkdpp_bench::{Random, backends, criterion, measure};
use qkdpp_kernels::Job;
use qkdpp_kernels::polyhash::PolyHash;

fn main() {
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("polyhash");
    let mut random = Random::new(4);
    let real = [(1 << 12, 1 << 12), (1 << 18, 1 << 18), (1 << 22, 1 << 18), (1 << 22, 1 << 22)];
    for (level, shapes) in backends(&[(1 << 14, 1 << 14)], &real) {
        for &(bits, segment) in shapes {
            let (key, message) = (random.key(), random.bits(bits));
            measure(&mut group, &format!("n={bits}/segment={segment}"), level, bits, || {
                let job = PolyHash::new(key, Arc::clone(&message), segment);
                Job::PolyHash(job.expect("the segment is not empty"))
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
