//! The product behind Toeplitz hashing: the middle of a product of two binary polynomials.
//!
//! y_i = ⊕_j s_{i−j+c−1}·x_j, for i < o and j < c, are the coefficients c−1..c−1+o of s·x, where s has c+o−1 bits. The
//! others are not wanted, and a transform of N = 2^m ≥ c+o−1 bits is enough, although the whole product is longer:
//!
//! 1. Put s at the top of N bits: S = s·x^{N−c−o+1}. Wanted are now the coefficients N−o..N of S·X.
//! 2. Let W(f) = ⌊M·f/x^N⌋ for the transform's modulus M, of degree N. They are the coefficients N−o..N of W(R), where
//!    R = W(S)·X mod M.
//!
//! Why: M·S = x^N·W(S) + E with deg E < N, and W(S)·X = Q·M + R. Together, M·(S·X + x^N·Q) = x^N·R + E·X. Call the
//! bracket U. It agrees with S·X below x^N, and its degree is less than N, so that W(U) = R + ⌊E·X/x^N⌋, where the
//! last term has degree < c−1. W only moves bits down and W(W(U)) = U, so U and W(R) agree from x^{c−1} on, and N−o ≥
//! c−1.
//!
//! Long or unequal operands are cut in tiles, key bits times output bits. A part of the key is transformed once for
//! all its tiles, and the products for a part of the output are summed before they are transformed back.

use std::ops::Range;

use zeroize::Zeroizing;

use super::fft::{self, Spectrum};
use super::karatsuba;
use crate::bits::{Bits, words_for};

/// y_i = ⊕_j seed_{i−j+c−1}·key_j for the c bits of `key` and i < `out_len`; `seed` has c + `out_len` − 1 bits.
/// Neither c nor `out_len` is 0.
pub(super) fn middle(key: &Bits, seed: &Bits, out_len: usize) -> Bits {
    Method::cheapest(key.len(), out_len).run(key, seed, out_len)
}

/// A way to compute the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// In square tiles of `tile` words.
    Karatsuba { tile: usize },
    /// In tiles of `key_tile` × `out_tile` bits, with transforms of 2^`log_len` bits.
    Transform { log_len: u32, key_tile: usize, out_tile: usize },
}

impl Method {
    fn cheapest(key_len: usize, out_len: usize) -> Self {
        let tile = karatsuba::padded(words_for(key_len.min(out_len)));
        Self::transforms(key_len, out_len)
            .chain([Self::Karatsuba { tile }])
            .min_by_key(|method| method.picoseconds(key_len, out_len))
            .expect("there is one")
    }

    /// The transform that takes everything at once, and those of up to a sixteenth of its size.
    fn transforms(key_len: usize, out_len: usize) -> impl Iterator<Item = Self> {
        let (smallest, largest) = (*fft::LOG_LENS.start(), *fft::LOG_LENS.end());
        let at_once = (key_len + out_len - 1).next_power_of_two().ilog2().clamp(smallest, largest);
        (at_once.saturating_sub(4).max(smallest)..=at_once).flat_map(move |log_len| {
            let len = 1_usize << log_len;
            let fewest_parts = (out_len / len).max(1);
            (fewest_parts..fewest_parts + 32).filter_map(move |parts| {
                let out_tile = out_len.div_ceil(parts);
                let key_parts = key_len.div_ceil((len + 1).checked_sub(out_tile).filter(|&tile| tile > 0)?);
                Some(Self::Transform { log_len, key_tile: key_len.div_ceil(key_parts), out_tile })
            })
        })
    }

    /// Estimated time, from measurements on one x86-64 core; only the ratios matter.
    fn picoseconds(self, key_len: usize, out_len: usize) -> u128 {
        match self {
            Self::Karatsuba { tile } => {
                let tiles = words_for(key_len).div_ceil(tile) * words_for(out_len).div_ceil(tile);
                20_000 * (tiles * karatsuba::word_products(tile)) as u128
            }
            Self::Transform { log_len, key_tile, out_tile } => {
                let (key_parts, out_parts) = (key_len.div_ceil(key_tile), out_len.div_ceil(out_tile));
                let transforms = key_parts + key_parts * out_parts + out_parts;
                (70 * u128::from(log_len) * transforms as u128) << log_len
            }
        }
    }

    fn run(self, key: &Bits, seed: &Bits, out_len: usize) -> Bits {
        match self {
            Self::Karatsuba { tile } => by_karatsuba(key, seed, out_len, tile),
            Self::Transform { log_len, key_tile, out_tile } => {
                by_transform(key, seed, out_len, log_len, (key_tile, out_tile))
            }
        }
    }
}

fn by_karatsuba(key: &Bits, seed: &Bits, out_len: usize, tile: usize) -> Bits {
    let mut scratch = Zeroizing::new(vec![0; karatsuba::SCRATCH_PER_WORD * tile]);
    let out_parts = parts(out_len, 64 * tile).map(|out_part| {
        let mut sum = Zeroizing::new(vec![0; tile]);
        for key_part in parts(key.len(), 64 * tile) {
            // Row i and column j of the tile need bit i − j of the seed from here; they find it at bit 64·tile + i −
            // j.
            let middle = out_part.start as isize - key_part.start as isize + key.len() as isize - 1;
            let matrix = window(seed, middle - 64 * tile as isize, 2 * tile);
            let vector = zero_extended(key, key_part, tile);
            karatsuba::add_product(&mut sum, &matrix, &vector, &mut scratch);
        }
        Bits::from_words(std::mem::take(&mut *sum), out_part.len())
    });
    Bits::concat(&out_parts.collect::<Vec<_>>())
}

fn by_transform(
    key: &Bits,
    seed: &Bits,
    out_len: usize,
    log_len: u32,
    (key_tile, out_tile): (usize, usize),
) -> Bits {
    let len = 1_usize << log_len;
    let mut sums: Vec<_> =
        parts(out_len, out_tile).map(|out_part| (out_part, Spectrum::zero(log_len))).collect();
    for key_part in parts(key.len(), key_tile) {
        let vector = Spectrum::of(zero_extended(key, key_part.clone(), len / 64));
        for (out_part, sum) in &mut sums {
            // The last seed bit of the tile comes at the top; what precedes the first one reaches no wanted bit.
            let end = out_part.end + key.len() - key_part.start - 1;
            let mut matrix = window(seed, end as isize - len as isize, len / 64);
            fft::add_wrapped(&mut matrix);
            sum.add_product(&Spectrum::of(matrix), &vector);
        }
    }
    let out_parts = sums.into_iter().map(|(out_part, sum)| {
        let mut product = sum.into_polynomial();
        fft::add_wrapped(&mut product);
        Bits::from_words(std::mem::take(&mut *product), len).slice(len - out_part.len()..len)
    });
    Bits::concat(&out_parts.collect::<Vec<_>>())
}

/// 0..len in parts of `part`, the last one possibly shorter.
fn parts(len: usize, part: usize) -> impl Iterator<Item = Range<usize>> {
    (0..len).step_by(part).map(move |start| start..len.min(start + part))
}

/// The bits from `start` on in `words` words; zeros before the first bit and after the last one.
fn window(bits: &Bits, start: isize, words: usize) -> Zeroizing<Vec<u64>> {
    let word = |index: usize| match start + 64 * index as isize {
        at @ 0.. => bits.word_at(at as usize),
        at @ -63..0 => bits.word_at(0) << -at,
        _ => 0,
    };
    Zeroizing::new((0..words).map(word).collect())
}

/// The bits in `range` in the first of `words` words, then zeros.
fn zero_extended(bits: &Bits, range: Range<usize>, words: usize) -> Zeroizing<Vec<u64>> {
    let part = bits.slice(range);
    let mut extended = Zeroizing::new(vec![0; words]);
    extended[..part.words().len()].copy_from_slice(part.words());
    extended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toeplitz::tests::random;

    fn by_definition(key: &Bits, seed: &Bits, out_len: usize) -> Bits {
        let c = key.len();
        (0..out_len)
            .map(|i| (0..c).fold(false, |sum, j| sum ^ (key.get(j) & seed.get(i + c - 1 - j))))
            .collect()
    }

    /// The remainder of a polynomial modulo x^64 + x^4 + x^3 + x + 1, bit by bit.
    fn remainder(bits: &Bits) -> u64 {
        (0..bits.len()).rev().fold(0, |sum: u64, i| {
            sum << 1 ^ u64::from(bits.get(i)) ^ if sum >> 63 == 1 { 0b1_1011 } else { 0 }
        })
    }

    #[test]
    fn every_method_agrees_with_the_definition() {
        for (key_len, out_len) in
            [(1, 1), (1, 200), (200, 1), (63, 64), (64, 63), (65, 65), (700, 300), (1000, 129)]
        {
            let (key, seed) = (random(key_len, 1), random(key_len + out_len - 1, 2));
            let expected = by_definition(&key, &seed, out_len);
            for tile in [1, 2, 3, 5, 8, 12] {
                let product = by_karatsuba(&key, &seed, out_len, tile);
                assert!(product == expected, "{key_len} × {out_len}, Karatsuba in tiles of {tile} words");
            }
            for tile in [(key_len, out_len), (key_len.div_ceil(3), out_len.div_ceil(2))] {
                let product = by_transform(&key, &seed, out_len, 16, tile);
                assert!(product == expected, "{key_len} × {out_len}, transforms in tiles of {tile:?}");
            }
        }
    }

    /// Every size up to 2^20, for each has a modulus of its own, completely filled.
    #[test]
    fn transforms_of_every_size_agree_with_karatsuba() {
        for log_len in 16..=20 {
            let len = 1_usize << log_len;
            for out_len in [1, 1000, len / 2, len - 999, len] {
                let key_len = len + 1 - out_len;
                let (key, seed) = (random(key_len, 3), random(len, 4));
                let product = by_transform(&key, &seed, out_len, log_len, (key_len, out_len));
                let tile = karatsuba::padded(words_for(key_len.min(out_len)));
                let expected = by_karatsuba(&key, &seed, out_len, tile);
                assert!(product == expected, "2^{log_len} bits, {out_len} of them wanted");
            }
        }
    }

    /// A whole product: a seed between zeros. Its remainder must be the product of the remainders.
    #[test]
    fn large_products_have_the_right_remainder() {
        for (a_len, b_len) in [(1 << 20, 1 << 20), (3_000_001, 700_003), (1 << 22, (1 << 22) + 1)] {
            let (a, b) = (random(a_len, 5), random(b_len, 6));
            let out_len = a_len + b_len - 1;
            let seed = Bits::concat(&[Bits::zeros(a_len - 1), b.clone(), Bits::zeros(a_len - 1)]);
            let product = middle(&a, &seed, out_len);
            let expected = by_definition(
                &Bits::from_words(vec![remainder(&a)], 64),
                &Bits::concat(&[Bits::zeros(63), Bits::from_words(vec![remainder(&b)], 64), Bits::zeros(63)]),
                127,
            );
            assert_eq!(remainder(&product), remainder(&expected), "{a_len} × {b_len} bits");
        }
    }

    #[test]
    fn tiles_cover_very_unequal_operands() {
        for (key_len, out_len) in [(70_000, 900_001), (900_001, 70_000), (100, 300_000), (300_000, 100)] {
            let (key, seed) = (random(key_len, 7), random(key_len + out_len - 1, 8));
            let expected = by_karatsuba(&key, &seed, out_len, 64);
            for method in Method::transforms(key_len, out_len).step_by(23) {
                assert!(method.run(&key, &seed, out_len) == expected, "{key_len} × {out_len} by {method:?}");
            }
        }
    }
}
