//! As avx2, in registers of 64 bytes.

use super::Toeplitz;
use super::avx2::Spectrum;
use super::product::{self, Arithmetic};
use crate::bits::Bits;
use crate::simd::Avx512;

/// Multiplies the key by the matrix.
pub fn run(avx512: Avx512, job: &Toeplitz) -> Bits {
    product::hash(avx512, job)
}

impl Arithmetic for Avx512 {
    type Spectrum = Spectrum;

    fn add_product(self, sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
        self.avx2().add_product(sum, matrix, vector, scratch);
    }

    fn spectrum(self, words: &mut [u64]) -> Spectrum {
        self.avx2().spectrum(words)
    }

    fn polynomial(self, spectrum: Spectrum, words: &mut [u64]) {
        self.avx2().polynomial(spectrum, words);
    }

    fn multiplied(self, a: Spectrum, b: &Spectrum, sum: Option<Spectrum>) -> Spectrum {
        self.avx2().multiplied(a, b, sum)
    }

    fn product_picoseconds(self, n: usize) -> u128 {
        self.avx2().product_picoseconds(n)
    }

    fn transform_picoseconds(self, log_len: u32) -> u128 {
        self.avx2().transform_picoseconds(log_len)
    }
}
