//! The transform of [`fft`](super::fft) in registers of bytes that GFNI multiplies, 32 or 64 at a time.
//!
//! Basis, nodes and order of the levels are those of `fft`; elements are bytes, larger ones bytes in two or four *planes*, and
//! every product with a constant is one, three or nine products of bytes (`vgf2p8mulb`), since a constant lies in the field
//! that its data has reached. Nothing is looked up. What differs is where the bits are:
//!
//! ```text
//! index bit (of m)   m−1 .. m−4   m−5 ..  8         7 .. 0
//! level              1 .. 4       5 ..  m−8         m−7 .. m
//! module             bits         tree              block
//! works on           16 × 16      two levels at a   256 registers, each byte of which is a node of its own,
//!                    bits to      time, depth       after a transposition of bytes
//!                    bytes        first
//! ```
//!
//! * `machine`: registers, and the instructions that all this is written in, once for both widths.
//! * `constants`: the tower's elements as GFNI has them. `layout`: which byte is what, and its node.
//! * `basis`: the change of basis, but for the eight lowest index bits, which `vertical` does on bytes within blocks.
//! * `bits`, `levels`, `tree`, `block`: the levels. `spectrum`: all of it, and products of values.
//!
//! Two levels in GF(2^32) load and store 16 registers once, and take 36 products and about 90 sums in between. All addresses and
//! multipliers are those of positions; nothing branches on data.

mod basis;
mod bits;
mod block;
mod constants;
mod layout;
mod levels;
mod machine;
mod spectrum;
mod tree;
mod vertical;

pub(super) use spectrum::Spectrum;

use std::ops::RangeInclusive;

use super::fft;
use super::product::Arithmetic;
use crate::simd::Gfni;

impl Arithmetic for Gfni {
    type Spectrum = Spectrum<Self>;

    const LOG_LENS: RangeInclusive<u32> = Spectrum::<Self>::LEAST..=*fft::LOG_LENS.end();

    #[inline]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        Self::run(self, work)
    }

    fn add_product(self, sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
        self.avx2().add_product(sum, matrix, vector, scratch);
    }

    fn spectrum(self, words: &mut [u64], used: usize) -> Self::Spectrum {
        Spectrum::of(self, words, used)
    }

    fn polynomial(self, spectrum: Self::Spectrum, words: &mut [u64], wanted: usize) {
        spectrum.into_polynomial(self, words, wanted);
    }

    fn multiplied(
        self,
        mut a: Self::Spectrum,
        b: &Self::Spectrum,
        sum: Option<Self::Spectrum>,
    ) -> Self::Spectrum {
        a.multiply(self, b, sum.as_ref());
        a
    }

    fn product_picoseconds(self, n: usize) -> u128 {
        self.avx2().product_picoseconds(n)
    }

    fn transform_picoseconds(self, log_len: u32) -> u128 {
        ((34 * u128::from(log_len)) << log_len) / 10
    }
}

#[cfg(test)]
mod tests {
    use super::machine::Machine;
    use super::*;
    use crate::simd::Avx512;
    use crate::toeplitz::tests::random;

    fn comes_back<M: Machine>(machine: M) {
        for m in 12 + M::LOG_BYTES..=25 {
            let polynomial = random(1 << m, 1);
            let mut words = polynomial.words().to_vec();
            let len = words.len();
            let spectrum = Spectrum::of(machine, &mut words, len);
            words.fill(0);
            spectrum.into_polynomial(machine, &mut words, len);
            assert!(words == polynomial.words(), "2^{m} bits");
        }
    }

    #[test]
    fn polynomials_come_back_from_their_values() {
        match Gfni::detect() {
            Some(gfni) => comes_back(gfni),
            None => eprintln!("SKIPPED: this machine has no GFNI"),
        }
        match Avx512::detect() {
            Some(avx512) => comes_back(avx512),
            None => eprintln!("SKIPPED: this machine has no AVX-512"),
        }
    }
}
