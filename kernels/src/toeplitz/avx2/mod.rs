//! In registers of 32 bytes: PCLMULQDQ for short keys, and for longer ones the transform of `gfni`, or the one here on
//! machines without GFNI.
//!
//! The transform here is that of `fft`, with the same fields, basis and nodes; only where the bits lie differs.
//! From level 5 on an element of GF(2^8) is a byte, larger ones are bytes in several *planes*, and a product with a
//! constant is a few lookups by `vpshufb` (`field`), in tables that a whole register shares:
//!
//! ```text
//! index bit (of m)     m−1 .. m−4   m−5         m−6 .. 8 (or 9)       7 (or 8) .. 4    3 .. 0
//! level                1 .. 4       5           6 ..                  ..               m−3 .. m
//! where its branch is  bits of      half of a   number of the         the same         byte of a register,
//!                      a byte       register    register                               until it is its turn
//! module               bytes        bytes       levels                block            block, transposed
//! ```
//!
//! * `basis`: the change of basis, in registers as well.
//! * `bytes`: levels 1 to 5 on bits, then bytes are made of them.
//! * `levels`: all constants are those of a whole register (of its halves, for the branch of level 5).
//! * `block`: the last eight levels. Before the last four, bytes trade places with registers, and 16 nodes lie side by
//!   side; their constants differ by elements of GF(2^8) only, which costs four further products of bytes a plane.
//! * `spectrum`: the transform as a whole, and products of values.
//!
//! A butterfly in GF(2^32) takes 66 operations for 256 bytes, or 146 where the nodes are side by side, in GF(2^16) 24 for 128
//! bytes. Lookups are made in registers: no address depends on data.

mod basis;
mod block;
mod bytes;
mod field;
mod karatsuba;
mod levels;
mod spectrum;

use std::ops::RangeInclusive;

use self::spectrum::Spectrum;
use super::product::{self, Arithmetic};
use super::{Toeplitz, fft};
use crate::bits::Bits;
use crate::simd::{Avx2, Gfni};

/// Multiplies the key by the matrix.
pub fn run(avx2: Avx2, job: &Toeplitz) -> Bits {
    match Gfni::detect() {
        Some(gfni) => product::hash(gfni, job),
        None => product::hash(avx2, job),
    }
}

impl Arithmetic for Avx2 {
    type Spectrum = Spectrum;

    const LOG_LENS: RangeInclusive<u32> = fft::LOG_LENS;

    #[inline]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        Self::run(self, work)
    }

    fn add_product(self, sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
        // SAFETY: an `Avx2` exists only where the machine has these features.
        unsafe { karatsuba::add_product(sum, matrix, vector, scratch) }
    }

    fn spectrum(self, words: &mut [u64], used: usize) -> Spectrum {
        // SAFETY: as above.
        unsafe { Spectrum::of(words, used) }
    }

    fn polynomial(self, spectrum: Spectrum, words: &mut [u64], _: usize) {
        // SAFETY: as above.
        unsafe { spectrum.into_polynomial(words) }
    }

    fn multiplied(self, mut a: Spectrum, b: &Spectrum, sum: Option<Spectrum>) -> Spectrum {
        // SAFETY: as above.
        unsafe { a.multiply(b, sum.as_ref()) };
        a
    }

    fn product_picoseconds(self, n: usize) -> u128 {
        850 * karatsuba::word_products(n) as u128
    }

    fn transform_picoseconds(self, log_len: u32) -> u128 {
        (12 * u128::from(log_len)) << log_len
    }
}
