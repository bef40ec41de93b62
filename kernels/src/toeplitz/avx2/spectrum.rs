//! A polynomial by its values, at level avx2.

use std::arch::x86_64::{
    _mm256_adds_epu8, _mm256_min_epu8, _mm256_set1_epi8, _mm256_shuffle_epi8, _mm256_sub_epi8,
};

use zeroize::Zeroizing;

use super::super::fft::basis::prefix;
use super::super::fft::tower::{CANTOR, multiply};
use super::super::fft::{LOG_LENS, add_wrapped};
use super::field::{Factor, Nibbles, V, add_product, nibbles, register, xor};
use super::levels::{self, Levels};
use super::{basis, bytes};

/// A binary polynomial modulo M = s_m(x) + 1, by its values at a root of each irreducible factor of M; wiped when dropped.
pub(in super::super) struct Spectrum {
    /// log2 of the degree of M.
    m: u32,
    values: Zeroizing<Vec<V>>,
}

impl Spectrum {
    /// The values of the polynomial with these coefficients, which are a power of two in number and 0 from word `used` on;
    /// the words are left with anything.
    #[target_feature(enable = "avx2")]
    pub(super) fn of(words: &mut [u64], used: usize) -> Self {
        let m = words.len().ilog2() + 6;
        assert!(LOG_LENS.contains(&m), "no transform of 2^{m} bits");
        let mut values = Zeroizing::new(vec![register([0; 32]); words.len() / 4]);
        basis::from_powers(prefix(words, used));
        bytes::split(words, &mut values);
        levels::split(&mut values);
        Self { m, values }
    }

    /// The inverse of [`of`](Self::of): all coefficients, or the upper half of them if there is room for no more.
    #[target_feature(enable = "avx2")]
    pub(super) fn into_polynomial(mut self, words: &mut [u64]) {
        levels::join(&mut self.values);
        bytes::join(&self.values, words);
        basis::to_powers(words);
        if words.len() < 1 << (self.m - 6) {
            add_wrapped(words);
        }
    }

    /// Multiplies by a polynomial modulo M, and adds another one.
    #[target_feature(enable = "avx2")]
    pub(super) fn multiply(&mut self, factor: &Self, summand: Option<&Self>) {
        let pointwise = Pointwise::new();
        for planes in Levels::elements(self.m) {
            let product =
                pointwise.product(&planes.map(|at| self.values[at]), &planes.map(|at| factor.values[at]));
            for (at, product) in planes.into_iter().zip(product) {
                self.values[at] = product;
            }
        }
        for (value, summand) in self.values.iter_mut().zip(summand.iter().flat_map(|sum| sum.values.iter())) {
            *value = xor(*value, *summand);
        }
    }
}

/// Products of elements of GF(2^32) in four planes.
///
/// Karatsuba's formula leads down to GF(16), where logarithms to a generator are looked up, added, and looked up again.
struct Pointwise {
    /// Logarithms; that of 0 is so large that it stays above 127 in every sum.
    log: V,
    /// Powers, for the product of the low nibbles, the high ones, and the sums of both: what each adds to the product.
    powers: [V; 3],
    /// v_7 and v_15: u_3² = u_3 + v_7, u_4² = u_4 + v_15.
    alphas: [Factor; 2],
}

/// The logarithm of 0.
const LOG_OF_ZERO: u8 = 0xc0;

impl Pointwise {
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let powers = powers_of_a_generator();
        let mut log = [LOG_OF_ZERO; 16];
        for (exponent, &power) in powers.iter().enumerate() {
            log[power as usize] = exponent as u8;
        }
        // Low nibbles count for both coordinates, and high ones come back as u_2² = u_2 + v_3.
        let tables = [
            |power: u32| power | power << 4,
            |power: u32| multiply(power, CANTOR[3], 4),
            |power: u32| power << 4,
        ];
        let of = |table: fn(u32) -> u32| {
            register(std::array::from_fn(|index| {
                powers.get(index % 16).map_or(0, |&power| table(power) as u8)
            }))
        };
        let mut alphas = [Factor::zero(), Factor::zero()];
        alphas[0].at::<1>(1 << 7);
        alphas[1].at::<2>(1 << 15);
        Self {
            log: register(std::array::from_fn(|index| log[index % 16])),
            powers: [of(tables[0]), of(tables[1]), of(tables[2])],
            alphas,
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn product(&self, a: &[V; 4], b: &[V; 4]) -> [V; 4] {
        let mut low = self.in_two_planes([a[0], a[1]], [b[0], b[1]]);
        let high = self.in_two_planes([a[2], a[3]], [b[2], b[3]]);
        let both = self.in_two_planes([xor(a[0], a[2]), xor(a[1], a[3])], [xor(b[0], b[2]), xor(b[1], b[3])]);
        let sums = [xor(low[0], both[0]), xor(low[1], both[1])];
        add_product(&mut low, &nibbles(&high), &self.alphas[1]);
        [low[0], low[1], sums[0], sums[1]]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn in_two_planes(&self, a: [V; 2], b: [V; 2]) -> [V; 2] {
        let mut low = [self.of_bytes(a[0], b[0])];
        let high = [self.of_bytes(a[1], b[1])];
        let both = xor(low[0], self.of_bytes(xor(a[0], a[1]), xor(b[0], b[1])));
        add_product(&mut low, &nibbles(&high), &self.alphas[0]);
        [low[0], both]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn of_bytes(&self, a: V, b: V) -> V {
        let (a, b) = (Nibbles::of(a), Nibbles::of(b));
        let low = self.of_nibbles(a.low, b.low, self.powers[0]);
        let high = self.of_nibbles(a.high, b.high, self.powers[1]);
        let both = self.of_nibbles(xor(a.low, a.high), xor(b.low, b.high), self.powers[2]);
        xor(xor(low, high), both)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn of_nibbles(&self, a: V, b: V, powers: V) -> V {
        let sum = _mm256_adds_epu8(_mm256_shuffle_epi8(self.log, a), _mm256_shuffle_epi8(self.log, b));
        // The smaller one is right: below 15 the difference wraps around.
        let reduced = _mm256_min_epu8(sum, _mm256_sub_epi8(sum, _mm256_set1_epi8(15)));
        _mm256_shuffle_epi8(powers, reduced)
    }
}

/// The 15 powers of the first element of GF(16) that has so many.
fn powers_of_a_generator() -> Vec<u32> {
    let powers_of = |generator: u32| -> Vec<u32> {
        let next = std::iter::successors(Some(1), |&power| Some(multiply(power, generator, 4)));
        let first = next.take(15).enumerate().take_while(|&(exponent, power)| exponent == 0 || power != 1);
        first.map(|(_, power)| power).collect()
    };
    (2..16).map(powers_of).find(|powers| powers.len() == 15).expect("a finite field has a generator")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toeplitz::tests::random;

    #[test]
    fn polynomials_come_back_from_their_values() {
        if crate::simd::Avx2::detect().is_none() {
            return eprintln!("SKIPPED: this machine has no AVX2");
        }
        for m in 16..=25 {
            let polynomial = random(1 << m, 1);
            let mut words = polynomial.words().to_vec();
            // SAFETY: the features were detected.
            unsafe {
                let spectrum = Spectrum::of(&mut words, polynomial.words().len());
                words.fill(0);
                spectrum.into_polynomial(&mut words);
            }
            assert!(words == polynomial.words(), "2^{m} bits");
        }
    }
}
