//! As avx2.

use super::{PolyHash, avx2};
use crate::simd::Avx512;

/// Hashes each segment.
pub fn run(avx512: Avx512, job: &PolyHash) -> Vec<u128> {
    avx2::run(avx512.avx2(), job)
}
