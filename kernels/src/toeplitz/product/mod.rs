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
//!
//! **A few bits too many.** N is a power of two, but if s has N + δ bits, where δ ≤ N/2, the transform may do without the
//! lowest δ of them. Then S = ⌊s/x^δ⌋, and only outputs i < δ come out wrong. They lack the coefficients c−1+i of the
//! product of (s mod x^δ) and x; and they stand at c−1−δ+i, where W(U) = R + ⌊E·X/x^N⌋ has its last term (and W moves
//! bits down by N/2 at least, so W of that term is the term itself there). Both at once are the coefficients c−1+i of
//! e·x, where e = ⌊M·s/x^N⌋ mod x^δ, and only the last δ bits of the key reach them: one more product, of δ bits times δ
//! bits, makes the outputs right. So 1.05·2^m bits cost little more than 2^m.

use std::ops::{Range, RangeInclusive};

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{Family, Toeplitz, fft, karatsuba};
use crate::bits::{Bits, copy_words, words_for};
use crate::wipe::Scratch;

/// Both ways to multiply, at one level.
pub(super) trait Arithmetic: Copy + Send + Sync {
    /// A polynomial by its values, modulo the M of some degree 2^m.
    type Spectrum: Send;

    /// The sizes m: a transform has 2^m bits.
    const LOG_LENS: RangeInclusive<u32>;

    /// Runs `work` compiled for this level.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    /// Adds to `sum` (n words) the words n..2n of the product of `matrix` (2n words) and `vector` (n words);
    /// there are [`scratch_words`](Self::scratch_words) of scratch.
    fn add_product(self, sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]);

    /// Scratch that [`add_product`](Self::add_product) needs for n words.
    fn scratch_words(self, n: usize) -> usize {
        karatsuba::SCRATCH_PER_WORD * n
    }

    /// The values of the polynomial with these coefficients, in number 2 to a power in [`LOG_LENS`](Self::LOG_LENS); from word
    /// `used` on they are 0. The words are left with anything.
    fn spectrum(self, words: &mut [u64], used: usize) -> Self::Spectrum;

    /// The inverse of [`spectrum`](Self::spectrum): all coefficients, or if `words` has half their length, the upper half of
    /// them. Only the last `wanted` words need be right.
    fn polynomial(self, spectrum: Self::Spectrum, words: &mut [u64], wanted: usize);

    /// The product of two polynomials modulo M, plus a third one.
    fn multiplied(self, a: Self::Spectrum, b: &Self::Spectrum, sum: Option<Self::Spectrum>)
    -> Self::Spectrum;

    /// Estimated time of [`add_product`](Self::add_product) for n words, from measurements on one core.
    fn product_picoseconds(self, n: usize) -> u128;

    /// Estimated time of one transform of 2^`log_len` bits, from measurements on the same core.
    fn transform_picoseconds(self, log_len: u32) -> u128;
}

/// Hashes the key of `job`.
pub(super) fn hash(arithmetic: impl Arithmetic, job: &Toeplitz) -> Bits {
    let (key, out_len) = (job.key(), job.out_len());
    match job.family() {
        Family::Toeplitz => middle(arithmetic, key, job.seed(), out_len),
        Family::Modified if out_len == key.len() => Bits::clone(key),
        Family::Modified => {
            let hashed = key.len() - out_len;
            let mut sum = middle(arithmetic, key, job.seed(), out_len);
            arithmetic.run(
                #[inline(always)]
                || sum.xor_window(key, hashed),
            );
            sum
        }
    }
}

/// y_i = ⊕_j seed_{i−j+c−1}·key_j for i < `out_len` and j < c, of c + `out_len` − 1 seed bits and at least c key bits.
/// Neither c nor `out_len` is 0.
fn middle(arithmetic: impl Arithmetic, key: &Bits, seed: &Bits, out_len: usize) -> Bits {
    Method::cheapest(arithmetic, hashed_len(seed, out_len), out_len).run(arithmetic, key, seed, out_len)
}

/// c, the number of key bits that are multiplied.
fn hashed_len(seed: &Bits, out_len: usize) -> usize {
    seed.len() + 1 - out_len
}

/// A way to compute the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// In square tiles of `tile` words.
    Karatsuba { tile: usize },
    /// In tiles of `key_tile` × `out_tile` bits, with transforms of 2^`log_len` bits, and corrections if they are a little
    /// larger than that.
    Transform { log_len: u32, key_tile: usize, out_tile: usize },
}

impl Method {
    fn cheapest<A: Arithmetic>(arithmetic: A, key_len: usize, out_len: usize) -> Self {
        let time = |method: &Self| method.picoseconds(arithmetic, key_len, out_len);
        let by_karatsuba = Self::karatsuba(key_len.min(out_len)).into_iter().min_by_key(time);
        // Three transforms are the least, and to weigh them all takes longer than a short product.
        let shortest = 3 * arithmetic.transform_picoseconds(*A::LOG_LENS.start());
        match by_karatsuba {
            Some(method) if time(&method) <= shortest => method,
            _ => Self::transforms(arithmetic, key_len, out_len)
                .chain(by_karatsuba)
                .min_by_key(time)
                .expect("there is one"),
        }
    }

    /// In one row of tiles, which are a little larger than they need be, or as large as suits a level best.
    fn karatsuba(shorter_len: usize) -> [Self; 2] {
        let words = words_for(shorter_len);
        [karatsuba::padded(words), words.next_power_of_two()].map(|tile| Self::Karatsuba { tile })
    }

    /// The transform that takes everything at once, and those of up to a sixteenth of its size: in as few parts of the key as
    /// need no corrections, and in one less.
    fn transforms<A: Arithmetic>(_: A, key_len: usize, out_len: usize) -> impl Iterator<Item = Self> {
        let (smallest, largest) = (*A::LOG_LENS.start(), *A::LOG_LENS.end());
        let at_once = (key_len + out_len - 1).next_power_of_two().ilog2().clamp(smallest, largest);
        (at_once.saturating_sub(4).max(smallest)..=at_once).flat_map(move |log_len| {
            let len = 1_usize << log_len;
            let fewest_parts = (out_len / len).max(1);
            // More parts of the output would be shorter than those of the key, which is a waste.
            (fewest_parts..=2 * fewest_parts + 1).flat_map(move |parts| {
                let out_tile = out_len.div_ceil(parts);
                let key_parts = key_len.div_ceil((len + 1).saturating_sub(out_tile).max(1));
                [key_parts, key_parts - 1]
                    .map(|parts| key_len.div_ceil(parts.max(1)))
                    .into_iter()
                    .filter(move |&key_tile| can_be_corrected(len, key_tile, out_tile))
                    .map(move |key_tile| Self::Transform { log_len, key_tile, out_tile })
            })
        })
    }

    /// Estimated time; only the ratios matter.
    fn picoseconds(self, arithmetic: impl Arithmetic, key_len: usize, out_len: usize) -> u128 {
        match self {
            Self::Karatsuba { tile } => {
                let tiles = words_for(key_len).div_ceil(tile) * words_for(out_len).div_ceil(tile);
                tiles as u128 * arithmetic.product_picoseconds(tile)
            }
            Self::Transform { log_len, key_tile, out_tile } => {
                let (key_parts, out_parts) = (key_len.div_ceil(key_tile), out_len.div_ceil(out_tile));
                let transforms = key_parts + key_parts * out_parts + out_parts;
                let excess = excess(1 << log_len, key_tile, out_tile);
                transforms as u128 * arithmetic.transform_picoseconds(log_len)
                    + (key_parts * out_parts) as u128 * Self::correction_picoseconds(arithmetic, excess)
            }
        }
    }

    /// Estimated time of a correction.
    fn correction_picoseconds<A: Arithmetic>(arithmetic: A, excess: usize) -> u128 {
        if excess == 0 {
            return 0;
        }
        let log_len = (2 * excess).next_power_of_two().ilog2().max(*A::LOG_LENS.start());
        let transform = Self::Transform { log_len, key_tile: excess, out_tile: excess };
        let times = Self::karatsuba(excess)
            .into_iter()
            .chain([transform])
            .map(|method| method.picoseconds(arithmetic, excess, excess));
        times.min().expect("there is one")
    }

    fn run(self, arithmetic: impl Arithmetic, key: &Bits, seed: &Bits, out_len: usize) -> Bits {
        match self {
            Self::Karatsuba { tile } => by_karatsuba(arithmetic, key, seed, out_len, tile),
            Self::Transform { log_len, key_tile, out_tile } => {
                by_transform(arithmetic, key, seed, out_len, log_len, (key_tile, out_tile))
            }
        }
    }
}

fn by_karatsuba(arithmetic: impl Arithmetic, key: &Bits, seed: &Bits, out_len: usize, tile: usize) -> Bits {
    let key_len = hashed_len(seed, out_len);
    let mut words = Scratch::new(arithmetic.scratch_words(tile) + 3 * tile);
    let (matrix, words) = words.split_at_mut(2 * tile);
    let (vector, scratch) = words.split_at_mut(tile);
    let out_parts = parts(out_len, 64 * tile).map(|out_part| {
        let mut sum = Zeroizing::new(vec![0; tile]);
        for key_part in parts(key_len, 64 * tile) {
            // Row i and column j of the tile need bit i − j of the seed from here; they find it at bit 64·tile + i −
            // j.
            let middle = out_part.start as isize - key_part.start as isize + key_len as isize - 1;
            copy_window(seed, middle - 64 * tile as isize, matrix);
            copy_extended(key, key_part, vector);
            arithmetic.add_product(&mut sum, matrix, vector, scratch);
        }
        Bits::from_words(std::mem::take(&mut *sum), out_part.len())
    });
    concat(out_parts.collect())
}

fn by_transform(
    arithmetic: impl Arithmetic,
    key: &Bits,
    seed: &Bits,
    out_len: usize,
    log_len: u32,
    (key_tile, out_tile): (usize, usize),
) -> Bits {
    let (len, key_len) = (1_usize << log_len, hashed_len(seed, out_len));
    let (mut vectors, mut matrices) = (Scratch::new(len / 64), Scratch::new(len / 64));
    let mut sums: Vec<_> = parts(out_len, out_tile).map(|out_part| (out_part, None)).collect();
    for key_part in parts(key_len, key_tile) {
        // The last seed bit of a tile comes at the top; what precedes the first one reaches no wanted bit.
        let mut spectrum_of_tile = |out_part: &Range<usize>| {
            let end = end_of_tile(key_len, &key_part, out_part);
            arithmetic.run(
                #[inline(always)]
                || copy_window(seed, end as isize - len as isize, &mut matrices),
            );
            fft::add_wrapped(&mut matrices);
            arithmetic.spectrum(&mut matrices, len / 64)
        };
        let (first, others) = sums.split_first_mut().expect("the output is not empty");
        let spectrum_of_key = || {
            arithmetic.run(
                #[inline(always)]
                || copy_extended(key, key_part.clone(), &mut vectors),
            );
            arithmetic.spectrum(&mut vectors, words_for(key_part.len()))
        };
        let (vector, matrix) = both(spectrum_of_key, || spectrum_of_tile(&first.0));
        first.1 = Some(arithmetic.multiplied(matrix, &vector, first.1.take()));
        for (out_part, sum) in others {
            *sum = Some(arithmetic.multiplied(spectrum_of_tile(out_part), &vector, sum.take()));
        }
    }
    drop(vectors);
    let out_parts = sums.into_iter().map(|(out_part, sum)| {
        let sum = sum.expect("the key is not empty");
        let half = out_part.len() <= len / 2;
        let product = if half { &mut matrices[..len / 128] } else { &mut *matrices };
        arithmetic.polynomial(sum, product, words_for(out_part.len()));
        if !half {
            // The upper half stays as it is.
            fft::add_wrapped(product);
        }
        let mut out = vec![0; words_for(out_part.len())];
        arithmetic.run(
            #[inline(always)]
            || copy_words(product, 64 * product.len() - out_part.len(), &mut out),
        );
        for key_part in parts(key_len, key_tile) {
            correct(arithmetic, (key, key_len), seed, log_len, (&key_part, &out_part), &mut out);
        }
        Bits::from_words(out, out_part.len())
    });
    concat(out_parts.collect())
}

/// Where the seed bits of a tile end.
fn end_of_tile(key_len: usize, key_part: &Range<usize>, out_part: &Range<usize>) -> usize {
    out_part.end + key_len - key_part.start - 1
}

/// δ: by how many bits the seed of a tile is longer than the transform.
fn excess(len: usize, key_tile: usize, out_tile: usize) -> usize {
    (key_tile + out_tile - 1).saturating_sub(len)
}

/// Whether a transform of `len` bits and a correction are worth a thought: from 3/8 too many on, the next transform is as
/// fast.
fn can_be_corrected(len: usize, key_tile: usize, out_tile: usize) -> bool {
    key_tile.max(out_tile) <= len && excess(len, key_tile, out_tile) <= len / 8 * 3
}

/// Adds e·x to the first δ bits of `out`, the output of a tile without its lowest δ seed bits.
fn correct(
    arithmetic: impl Arithmetic,
    (key, key_len): (&Bits, usize),
    seed: &Bits,
    log_len: u32,
    (key_part, out_part): (&Range<usize>, &Range<usize>),
    out: &mut [u64],
) {
    let excess = excess(1 << log_len, key_part.len(), out_part.len());
    if excess == 0 {
        return;
    }
    // The coefficients N..N+δ of M·s, where s has N + δ bits.
    let first = end_of_tile(key_len, key_part, out_part) - excess;
    let (mut e, mut window) = (vec![0; words_for(excess)], vec![0; words_for(excess)]);
    for t in fft::terms(log_len) {
        copy_words(seed.words(), first - t, &mut window);
        add(&mut e, &window);
    }
    let e = Bits::concat(&[Bits::from_words(e, excess), Bits::zeros(excess - 1)]);
    let last_of_key = key.slice(key_part.end - excess..key_part.end);
    add(out, middle(arithmetic, &last_of_key, &e, excess).words());
}

fn add(sum: &mut [u64], other: &[u64]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum ^= other;
    }
}

/// Does both, on two threads if a backend's pool runs this. Outside of one, the calling thread does all the work.
pub(super) fn both<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    if rayon::current_thread_index().is_some() { rayon::join(first, second) } else { (first(), second()) }
}

/// Does `work` for parts of so many elements, on all threads of a backend's pool.
pub(super) fn in_parts<T: Send>(data: &mut [T], part: usize, work: impl Fn(&mut [T]) + Send + Sync) {
    if rayon::current_thread_index().is_some() {
        data.par_chunks_exact_mut(part).for_each(work);
    } else {
        data.chunks_exact_mut(part).for_each(work);
    }
}

/// 0..len in parts of `part`, the last one possibly shorter.
fn parts(len: usize, part: usize) -> impl Iterator<Item = Range<usize>> {
    (0..len).step_by(part).map(move |start| start..len.min(start + part))
}

fn concat(mut parts: Vec<Bits>) -> Bits {
    if parts.len() == 1 { parts.remove(0) } else { Bits::concat(&parts) }
}

/// Fills `target` with the bits from `start` on; zeros before the first bit and after the last one.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
fn copy_window(bits: &Bits, start: isize, target: &mut [u64]) {
    let (first, shift) = (start.div_euclid(64), start.rem_euclid(64) as usize);
    let before = first.min(0).unsigned_abs().min(target.len());
    let (empty, window) = target.split_at_mut(before);
    copy_words(bits.words(), 64 * first.max(0) as usize + shift, window);
    empty.fill(0);
    // A word with the first bits at its top.
    if let (Some(last), Some(first)) = (empty.last_mut(), bits.words().first())
        && shift > 0
    {
        *last = first << (64 - shift);
    }
}

/// Fills `target` with the bits in `range`, then zeros.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
fn copy_extended(bits: &Bits, range: Range<usize>, target: &mut [u64]) {
    let (part, rest) = target.split_at_mut(words_for(range.len()));
    copy_words(bits.words(), range.start, part);
    if let (Some(last), used @ 1..) = (part.last_mut(), range.len() % 64) {
        *last &= (1 << used) - 1;
    }
    rest.fill(0);
}

#[cfg(test)]
mod tests;
