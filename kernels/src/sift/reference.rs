//! Sifting by the book (SPEC §2).

use super::Sift;
use crate::bits::Bits;

/// The planes of `job`, compacted, in their order.
pub fn run(job: &Sift) -> Vec<Bits> {
    let kept: Vec<usize> = (0..job.mask().len()).filter(|&i| job.mask().get(i)).collect();
    job.planes().iter().map(|plane| kept.iter().map(|&i| plane.get(i)).collect()).collect()
}
