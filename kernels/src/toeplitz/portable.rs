//! Toeplitz hashing as a product of polynomials, on 64-bit words: by Karatsuba's method (`karatsuba`)
//! while the key is short, by the Frobenius additive FFT (`fft`) from some ten thousand bits on.
//!
//! Time and memory accesses depend on the sizes only, and everything that held key bits is wiped.

use std::ops::RangeInclusive;

use super::fft::{self, Spectrum};
use super::product::Arithmetic;
use super::{Toeplitz, karatsuba, product};
use crate::bits::Bits;

/// Multiplies the key by the matrix.
pub fn run(job: &Toeplitz) -> Bits {
    product::hash(Portable, job)
}

/// On 64-bit words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

impl Arithmetic for Portable {
    type Spectrum = Spectrum;

    const LOG_LENS: RangeInclusive<u32> = fft::LOG_LENS;

    #[inline]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    fn add_product(self, sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
        karatsuba::add_product(sum, matrix, vector, scratch);
    }

    fn spectrum(self, words: &mut [u64], used: usize) -> Spectrum {
        Spectrum::of(words, used)
    }

    fn polynomial(self, spectrum: Spectrum, words: &mut [u64], _: usize) {
        spectrum.into_polynomial(words);
    }

    fn multiplied(self, a: Spectrum, b: &Spectrum, sum: Option<Spectrum>) -> Spectrum {
        let mut sum = sum.unwrap_or_else(|| a.zero());
        sum.add_product(&a, b);
        sum
    }

    fn product_picoseconds(self, n: usize) -> u128 {
        12_000 * karatsuba::word_products(n) as u128
    }

    fn transform_picoseconds(self, log_len: u32) -> u128 {
        (46 * u128::from(log_len)) << log_len
    }
}
