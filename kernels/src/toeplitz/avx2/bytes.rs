//! Levels 1 to 5, and the change between bits and bytes.
//!
//! The four highest index bits of the coefficients, and the fifth one for the halves of registers, pick one of 32 segments.
//! Registers of bits at the same place in all segments go through the levels together:
//!
//! ```text
//! index bit from the top   1   2   3   4   5     ...   7 lowest
//! becomes                 u_0 u_1  e  u_2  half        place in the register
//! ```
//!
//! Level 4 leaves eight planes of bits for each branch e of level 3. A transposition of 8 × 8 bits makes bytes of them,
//! elements of GF(2^8), and a shuffle puts the 16 coefficients with the lowest index bits side by side.

use std::arch::x86_64::{
    _mm_loadu_si128, _mm_storeu_si128, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_permute2x128_si256, _mm256_set_m128i, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_slli_epi16,
    _mm256_srli_epi16, _mm256_unpackhi_epi8, _mm256_unpacklo_epi8,
};

use super::super::fft::tower::{CANTOR, multiply};
use super::field::{Factor, V, add_product, and, nibbles, xor};

/// Pairs of words in a line of the cache. Segments lie a power of two apart, where a cache has room for few lines: what is read
/// of a line is read at once.
const LINE: usize = 4;

/// Segments of a polynomial.
const SEGMENTS: usize = 32;

/// Takes a polynomial (in the transform's basis) to bytes: the first half for branch 0 of level 3, then that for branch 1.
#[target_feature(enable = "avx2")]
pub(super) fn split(words: &[u64], bytes: &mut [V]) {
    let factors = level_5();
    let segment = words.len() / SEGMENTS;
    let (first, second) = bytes.split_at_mut(bytes.len() / 2);
    let branches = first.chunks_exact_mut(8 * LINE).zip(second.chunks_exact_mut(8 * LINE));
    for (at, (first, second)) in branches.enumerate() {
        let line = gather(words, segment, at);
        let branches = first.as_chunks_mut::<8>().0.iter_mut().zip(second.as_chunks_mut::<8>().0);
        for (mut bits, (first, second)) in line.into_iter().zip(branches) {
            level_3(&mut bits);
            let [mut low, mut high] = planes(&bits);
            add_times::<{ CANTOR[1] }>(&mut high);
            for (planes, branch, factor) in [(&mut low, first, &factors[0]), (&mut high, second, &factors[1])]
            {
                transpose_bits(planes);
                shuffle::<3>(planes);
                split_halves(planes, factor);
                *branch = *planes;
            }
        }
    }
}

/// The inverse of [`split`]: the whole polynomial, or the upper half of it if there is room for no more.
#[target_feature(enable = "avx2")]
pub(super) fn join(bytes: &[V], words: &mut [u64]) {
    let factors = level_5();
    let segment = 4 * bytes.len() / SEGMENTS;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let branches = first.chunks_exact(8 * LINE).zip(second.chunks_exact(8 * LINE));
    for (at, (first, second)) in branches.enumerate() {
        let mut line = [[_mm256_setzero_si256(); 16]; LINE];
        let branches = first.as_chunks::<8>().0.iter().zip(second.as_chunks::<8>().0);
        for (bits, (first, second)) in line.iter_mut().zip(branches) {
            let [mut low, mut high] = [*first, *second];
            for (planes, factor) in [(&mut low, &factors[0]), (&mut high, &factors[1])] {
                join_halves(planes, factor);
                shuffle::<4>(planes);
                transpose_bits(planes);
            }
            add_times::<{ CANTOR[1] }>(&mut high);
            *bits = segments(&low, &high);
            level_3_back(bits);
        }
        scatter(words, segment, at, &line);
    }
}

/// The constants of level 5 on the two branches of level 3.
#[target_feature(enable = "avx2")]
fn level_5() -> [Factor; 2] {
    let mut factors = [Factor::zero(), Factor::zero()];
    factors[0].at::<1>(1 << 5);
    factors[1].at::<1>(1 << 5 | 1 << 2);
    factors
}

/// Line number `at` of each segment: those of index bit 0 at level 5 in the lower, those of 1 in the upper halves.
#[inline]
#[target_feature(enable = "avx2")]
fn gather(words: &[u64], segment: usize, at: usize) -> [[V; 16]; LINE] {
    let mut line = [[_mm256_setzero_si256(); 16]; LINE];
    for (index, pair) in words.chunks_exact(2 * segment).enumerate() {
        let (lower, upper) = pair.split_at(segment);
        let pairs = pairs_of(lower, at).iter().zip(pairs_of(upper, at));
        for (bits, (lower, upper)) in line.iter_mut().zip(pairs) {
            // SAFETY: two words are 16 bytes, of any alignment.
            bits[index] = unsafe {
                _mm256_set_m128i(
                    _mm_loadu_si128(upper.as_ptr().cast()),
                    _mm_loadu_si128(lower.as_ptr().cast()),
                )
            };
        }
    }
    line
}

fn pairs_of(segment: &[u64], line: usize) -> &[[u64; 2]] {
    segment[2 * LINE * line..][..2 * LINE].as_chunks().0
}

/// The inverse of [`gather`], for the upper segments only if there is room for no more.
#[inline]
#[target_feature(enable = "avx2")]
fn scatter(words: &mut [u64], segment: usize, at: usize, line: &[[V; 16]; LINE]) {
    let left_out = (SEGMENTS - words.len() / segment) / 2;
    for (index, pair) in (left_out..).zip(words.chunks_exact_mut(2 * segment)) {
        let (lower, upper) = pair.split_at_mut(segment);
        let range = 2 * LINE * at..2 * LINE * (at + 1);
        let pairs =
            lower[range.clone()].as_chunks_mut::<2>().0.iter_mut().zip(upper[range].as_chunks_mut::<2>().0);
        for (bits, (lower, upper)) in line.iter().zip(pairs) {
            // SAFETY: two words are 16 bytes, of any alignment.
            unsafe {
                _mm_storeu_si128(lower.as_mut_ptr().cast(), _mm256_castsi256_si128(bits[index]));
                _mm_storeu_si128(upper.as_mut_ptr().cast(), _mm256_extracti128_si256::<1>(bits[index]));
            }
        }
    }
}

/// The segment of the coordinate `plane` in GF(16) (bit 0 for u_0, bit 1 for u_1), with these index bits at levels 3 and 4.
const fn segment_of(plane: usize, third: usize, fourth: usize) -> usize {
    8 * (plane & 1) + 4 * (plane >> 1) + 2 * third + fourth
}

/// The butterfly of level 3, in GF(16) with v_3.
#[inline]
#[target_feature(enable = "avx2")]
fn level_3(bits: &mut [V; 16]) {
    for fourth in 0..2 {
        add_v3_times(bits, fourth);
        for plane in 0..4 {
            let (low, high) = (segment_of(plane, 0, fourth), segment_of(plane, 1, fourth));
            bits[high] = xor(bits[high], bits[low]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn level_3_back(bits: &mut [V; 16]) {
    for fourth in 0..2 {
        for plane in 0..4 {
            let (low, high) = (segment_of(plane, 0, fourth), segment_of(plane, 1, fourth));
            bits[high] = xor(bits[high], bits[low]);
        }
        add_v3_times(bits, fourth);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_v3_times(bits: &mut [V; 16], fourth: usize) {
    const IMAGES: [u32; 4] = images(CANTOR[3]);
    for (from, image) in IMAGES.into_iter().enumerate() {
        for to in (0..4).filter(|to| image >> to & 1 == 1) {
            let (low, high) = (segment_of(to, 0, fourth), segment_of(from, 1, fourth));
            bits[low] = xor(bits[low], bits[high]);
        }
    }
}

/// The products in GF(16) of a constant and the four coordinates.
const fn images(constant: u32) -> [u32; 4] {
    [multiply(1, constant, 4), multiply(2, constant, 4), multiply(4, constant, 4), multiply(8, constant, 4)]
}

/// The extension of level 4, less its product: eight planes for each branch of level 3.
#[inline]
#[target_feature(enable = "avx2")]
fn planes(bits: &[V; 16]) -> [[V; 8]; 2] {
    let mut planes = [[_mm256_setzero_si256(); 8]; 2];
    for (third, planes) in planes.iter_mut().enumerate() {
        for (index, plane) in planes.iter_mut().enumerate() {
            *plane = bits[segment_of(index % 4, third, index / 4)];
        }
    }
    planes
}

/// The inverse of [`planes`].
#[inline]
#[target_feature(enable = "avx2")]
fn segments(low: &[V; 8], high: &[V; 8]) -> [V; 16] {
    let mut bits = [_mm256_setzero_si256(); 16];
    for (third, planes) in [low, high].into_iter().enumerate() {
        for (index, plane) in planes.iter().enumerate() {
            bits[segment_of(index % 4, third, index / 4)] = *plane;
        }
    }
    bits
}

/// lo += c·hi for eight planes lo + hi·u_2.
#[inline]
#[target_feature(enable = "avx2")]
fn add_times<const C: u32>(planes: &mut [V; 8]) {
    let images = const { images(C) };
    for (from, image) in images.into_iter().enumerate() {
        for to in (0..4).filter(|to| image >> to & 1 == 1) {
            planes[to] = xor(planes[to], planes[4 + from]);
        }
    }
}

/// Exchanges, in every byte place, bit j of register i with bit i of register j.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_bits(rows: &mut [V; 8]) {
    exchange::<4>(rows, _mm256_set1_epi8(0x0f));
    exchange::<2>(rows, _mm256_set1_epi8(0x33));
    exchange::<1>(rows, _mm256_set1_epi8(0x55));
}

#[inline]
#[target_feature(enable = "avx2")]
fn exchange<const SHIFT: i32>(rows: &mut [V; 8], mask: V) {
    let distance = SHIFT as usize;
    for upper in (0..8).filter(|row| row & distance == 0) {
        let lower = upper + distance;
        let difference = and(xor(_mm256_srli_epi16::<SHIFT>(rows[upper]), rows[lower]), mask);
        rows[lower] = xor(rows[lower], difference);
        rows[upper] = xor(rows[upper], _mm256_slli_epi16::<SHIFT>(difference));
    }
}

/// The place of a byte in half a register, below the number of its register, is an address of seven bits; each round moves
/// the highest one to the bottom. Three rounds bring the three lowest index bits from the registers' numbers into the
/// registers, four rounds take them back.
#[inline]
#[target_feature(enable = "avx2")]
fn shuffle<const ROUNDS: usize>(rows: &mut [V; 8]) {
    for _ in 0..ROUNDS {
        let before = *rows;
        for index in 0..4 {
            rows[2 * index] = _mm256_unpacklo_epi8(before[index], before[index + 4]);
            rows[2 * index + 1] = _mm256_unpackhi_epi8(before[index], before[index + 4]);
        }
    }
}

/// The butterfly of level 5, between the halves of registers.
#[inline]
#[target_feature(enable = "avx2")]
fn split_halves(rows: &mut [V; 8], factor: &Factor) {
    for pair in rows.as_chunks_mut::<2>().0 {
        let [mut low, mut high] = exchange_halves(*pair);
        let mut sum = [low];
        add_product(&mut sum, &nibbles(&[high]), factor);
        low = sum[0];
        high = xor(high, low);
        *pair = exchange_halves([low, high]);
    }
}

/// The inverse of [`split_halves`].
#[inline]
#[target_feature(enable = "avx2")]
fn join_halves(rows: &mut [V; 8], factor: &Factor) {
    for pair in rows.as_chunks_mut::<2>().0 {
        let [mut low, mut high] = exchange_halves(*pair);
        high = xor(high, low);
        let mut sum = [low];
        add_product(&mut sum, &nibbles(&[high]), factor);
        low = sum[0];
        *pair = exchange_halves([low, high]);
    }
}

/// Both lower halves, and both upper ones.
#[inline]
#[target_feature(enable = "avx2")]
fn exchange_halves([a, b]: [V; 2]) -> [V; 2] {
    [_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b)]
}
