//! In registers of 64 bytes: VPCLMULQDQ for short keys (`karatsuba`, `leaf`), the transform of `gfni` for longer ones.

mod karatsuba;
mod leaf;

use std::ops::RangeInclusive;

use super::Toeplitz;
use super::gfni::Spectrum;
use super::product::{self, Arithmetic};
use crate::bits::Bits;
use crate::simd::{Avx512, Gfni};

/// Multiplies the key by the matrix.
pub fn run(avx512: Avx512, job: &Toeplitz) -> Bits {
    product::hash(avx512, job)
}

/// Values in registers of 64 bytes, or of 32 where a transform is too short for those.
pub(super) enum Values {
    /// Of 64 bytes.
    Wide(Spectrum<Avx512>),
    /// Of 32 bytes.
    Narrow(Spectrum<Gfni>),
}

impl Arithmetic for Avx512 {
    type Spectrum = Values;

    const LOG_LENS: RangeInclusive<u32> = Gfni::LOG_LENS;

    #[inline]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        Self::run(self, work)
    }

    fn add_product(self, sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
        // SAFETY: an `Avx512` exists only where the machine has these features.
        unsafe { karatsuba::add_product(sum, matrix, vector, scratch) }
    }

    fn scratch_words(self, n: usize) -> usize {
        karatsuba::scratch_words(n)
    }

    fn spectrum(self, words: &mut [u64], used: usize) -> Values {
        if words.len().ilog2() + 6 < Spectrum::<Self>::LEAST {
            Values::Narrow(Spectrum::of(self.gfni(), words, used))
        } else {
            Values::Wide(Spectrum::of(self, words, used))
        }
    }

    fn polynomial(self, values: Values, words: &mut [u64], wanted: usize) {
        match values {
            Values::Wide(spectrum) => spectrum.into_polynomial(self, words, wanted),
            Values::Narrow(spectrum) => spectrum.into_polynomial(self.gfni(), words, wanted),
        }
    }

    fn multiplied(self, mut a: Values, b: &Values, sum: Option<Values>) -> Values {
        match (&mut a, b, sum) {
            (Values::Wide(a), Values::Wide(b), None) => a.multiply(self, b, None),
            (Values::Wide(a), Values::Wide(b), Some(Values::Wide(sum))) => a.multiply(self, b, Some(&sum)),
            (Values::Narrow(a), Values::Narrow(b), None) => a.multiply(self.gfni(), b, None),
            (Values::Narrow(a), Values::Narrow(b), Some(Values::Narrow(sum))) => {
                a.multiply(self.gfni(), b, Some(&sum));
            }
            _ => unreachable!("factors and summands of one length"),
        }
        a
    }

    fn product_picoseconds(self, n: usize) -> u128 {
        karatsuba::picoseconds(n)
    }

    fn transform_picoseconds(self, log_len: u32) -> u128 {
        if log_len < Spectrum::<Self>::LEAST {
            self.gfni().transform_picoseconds(log_len)
        } else {
            ((27 * u128::from(log_len)) << log_len) / 10
        }
    }
}
