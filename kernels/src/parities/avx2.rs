//! As portable, with 256 frames side by side.

use super::{Parities, portable};
use crate::bits::Bits;
use crate::simd::Avx2;

/// The running parities of every frame of `job`, frame by frame.
pub fn run(avx2: Avx2, job: &Parities) -> Bits {
    portable::run_wide::<4>(job, |job, first, output| {
        avx2.run(
            #[inline(always)]
            || portable::of_groups::<4>(job, first, output),
        );
    })
}
