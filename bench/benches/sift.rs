//! Sift: compaction of three planes (bit, two of intensity) by a mask that keeps half. Rates count the bits of one plane,
//! which are detections.

use std::sync::Arc;

use qkdpp_bench::{Random, backends, criterion, measure};
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::{Job, Shared};

fn main() {
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("sift");
    let mut random = Random::new(1);
    for (level, sizes) in backends(&[1 << 14], &[1 << 14, 1 << 18, 1 << 22]) {
        for &bits in sizes {
            let mask = random.bits(bits);
            let planes: Vec<Shared> = (0..3).map(|_| random.bits(bits)).collect();
            measure(&mut group, &format!("n={bits}/planes=3"), level, bits, || {
                Job::Sift(Sift::new(Arc::clone(&mask), planes.clone()).expect("planes fit the mask"))
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
