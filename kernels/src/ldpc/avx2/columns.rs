//! Posteriors in memory, so that any 32 that follow each other around the end of a column can be loaded at once.
//!
//! ```text
//!            0                     Z      Z+32    Z+64
//!  … margin | the Z posteriors    | first | margin | the next column's …
//! ```
//! Behind each column its first 32 posteriors stand again. A store that reaches into them, or begins before them, is made
//! twice, Z places apart; what such a store puts into the margins is never read.

use std::arch::x86_64::{__m256i, _mm256_loadu_si256, _mm256_setzero_si256, _mm256_storeu_si256};

use zeroize::Zeroizing;

/// Posteriors in a register.
pub(super) const LANES: usize = 32;

/// The shortest columns that fit.
pub(super) const LEAST_LIFTING: usize = 64;

/// The posteriors of all columns.
pub(super) struct Columns {
    memory: Zeroizing<Vec<__m256i>>,
    z: usize,
}

impl Columns {
    /// Zeros for `count` columns of `z` posteriors, z a power of two, at least [`LEAST_LIFTING`].
    #[target_feature(enable = "avx2")]
    pub(super) fn new(count: usize, z: usize) -> Self {
        let lanes = LANES + count * stride(z);
        Self { memory: Zeroizing::new(vec![_mm256_setzero_si256(); lanes / LANES]), z }
    }

    /// Posteriors `start..start + 32` of `column`, counted around its end.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn window(&self, column: usize, start: usize) -> __m256i {
        let lanes = &self.lanes()[LANES + column * stride(self.z) + (start & (self.z - 1))..][..LANES];
        // SAFETY: there are 32 bytes.
        unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
    }

    /// Writes what [`window`](Self::window) reads.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn set_window(&mut self, column: usize, start: usize, window: __m256i) {
        let start = start & (self.z - 1);
        let place = LANES + column * stride(self.z) + start;
        // Where the numbers stand again, or the same place: a store more is cheaper than a branch.
        let again = if start < LANES { place + self.z } else { place };
        let again = if start > self.z - LANES { place - self.z } else { again };
        for place in [place, again] {
            let lanes = &mut self.lanes_mut()[place..][..LANES];
            // SAFETY: there is room for 32 bytes.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), window) };
        }
    }

    fn lanes(&self) -> &[i8] {
        // SAFETY: a register is 32 numbers of 8 bits, and all bit patterns are numbers.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.memory.len() * LANES) }
    }

    fn lanes_mut(&mut self) -> &mut [i8] {
        // SAFETY: as in `lanes`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_mut_ptr().cast(), self.memory.len() * LANES) }
    }
}

/// From a column to the next.
fn stride(z: usize) -> usize {
    z + 2 * LANES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Avx2;

    #[test]
    fn what_is_written_around_the_end_is_read_everywhere() {
        #[target_feature(enable = "avx2")]
        fn check(z: usize) {
            let mut columns = Columns::new(3, z);
            // A prime, so that places a multiple of 64 apart differ.
            let number = |start: usize| vector(|i| ((start + i) % z % 127) as i8);
            for start in (0..z).rev() {
                columns.set_window(1, start, number(start));
            }
            for start in 0..z {
                assert_eq!(numbers(columns.window(1, start)), numbers(number(start)), "{start} of {z}");
                for neighbour in [0, 2] {
                    assert_eq!(numbers(columns.window(neighbour, start)), [0; LANES]);
                }
            }
        }
        fn vector(number: impl Fn(usize) -> i8) -> __m256i {
            let numbers: [i8; LANES] = std::array::from_fn(number);
            // SAFETY: both are 256 bits.
            unsafe { std::mem::transmute(numbers) }
        }
        fn numbers(vector: __m256i) -> [i8; LANES] {
            // SAFETY: both are 256 bits.
            unsafe { std::mem::transmute(vector) }
        }
        if Avx2::detect().is_some() {
            for z in [64, 128, 1024] {
                // SAFETY: the machine has AVX2.
                unsafe { check(z) };
            }
        }
    }
}
