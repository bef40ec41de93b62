//! As portable, with 256 frames side by side.

use super::{Parities, portable};
use crate::bits::Bits;
use crate::simd::Avx2;

/// The running parities of every frame of `job`, frame by frame.
pub fn run(_: Avx2, job: &Parities) -> Bits {
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn of_256_frames(job: &Parities, first: usize) -> Vec<Bits> {
        portable::of_groups::<4>(job, first)
    }
    // SAFETY: an `Avx2` exists only where the machine has these features.
    portable::run_wide::<4>(job, |job, first| unsafe { of_256_frames(job, first) })
}
