//! Parities: one Cascade pass over a block of frames of 2^14 bits. Rates count the bits of the frames.

use std::sync::Arc;

use qkdpp_bench::{Random, backends, criterion, measure};
use qkdpp_kernels::Job;
use qkdpp_kernels::parities::{Parities, Permutation};

const FRAME: usize = 1 << 14;

fn main() {
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("parities");
    let mut random = Random::new(2);
    let permutation =
        Arc::new(Permutation::new(&random.seed(), FRAME).expect("a permutation has this length"));
    for (level, counts) in backends(&[4], &[1, 16, 64, 256]) {
        for &frames in counts {
            let key = random.bits(frames * FRAME);
            measure(&mut group, &format!("n={FRAME}/frames={frames}"), level, frames * FRAME, || {
                let job = Parities::new(Arc::clone(&key), Arc::clone(&permutation));
                Job::Parities(job.expect("the key is a whole number of frames"))
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
