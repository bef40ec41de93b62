//! As avx2, with four blocks in a register and up to 64 of them to a reduction.
//!
//! ```text
//! registers    0  0  B1 B2    B3 B4 B5 B6   …   Bn−2 Bn−1 Bn length
//! times        …  …  …  …     …  …  …  …    …   k^4  k^3  k² k
//! ```
//! Zeros in front change nothing, since Horner's h is 0 there. So the length block ends the last register, and any number of
//! registers is multiplied by the last of the powers. The four lanes are added up once a group.
//!
//! The pace is set by the carry-less multiplication, three for each register by Karatsuba. Zen 4 starts one every other
//! cycle, Intel's servers one each cycle, which makes the limit six or three cycles for 512 bits.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_extract_epi64, _mm_set_epi64x, _mm_setzero_si128, _mm512_add_epi64,
    _mm512_and_si512, _mm512_broadcast_i32x4, _mm512_bslli_epi128, _mm512_bsrli_epi128,
    _mm512_castsi512_si128, _mm512_clmulepi64_epi128, _mm512_mask_blend_epi64, _mm512_mask_set1_epi64,
    _mm512_maskz_srlv_epi64, _mm512_max_epi64, _mm512_movepi64_mask, _mm512_set_epi64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_shrdv_epi64, _mm512_shuffle_epi32, _mm512_shuffle_i64x2, _mm512_xor_si512,
    _mm512_zextsi128_si512,
};
use std::ops::Range;

use zeroize::Zeroizing;

use super::PolyHash;
use crate::simd::Avx512;
use crate::zmm::{WORDS, load, load_within, xor3};

/// Registers of a group.
const STRIDE: usize = 16;

/// A register's words of the message.
type Words = [u64; WORDS];

/// A register of powers, and the sums of their halves, twice each, for Karatsuba.
type Powers = [__m512i; 2];

/// Hashes each segment.
pub fn run(_: Avx512, job: &PolyHash) -> Vec<u128> {
    // SAFETY: an `Avx512` exists only where the machine has these features.
    unsafe { hashes(job) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
fn hashes(job: &PolyHash) -> Vec<u128> {
    let (len, segment) = (job.message().len(), job.segment());
    let key = Key::new(job.key(), registers_for(len.min(segment)));
    let segments = (0..len).step_by(segment).map(|start| start..len.min(start.saturating_add(segment)));
    segments.map(|range| key.hash(&Segment::new(job.message().words(), range))).collect()
}

/// For the blocks of so many bits, and the length block.
fn registers_for(bits: usize) -> usize {
    (bits.div_ceil(128) + 1).div_ceil(4)
}

/// The powers of a hash key, from the largest down to k; wiped when dropped.
struct Key(Zeroizing<Vec<Powers>>);

impl Key {
    /// For groups of [`STRIDE`] registers; fewer powers do for shorter messages.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
    fn new(k: u128, registers: usize) -> Self {
        let count = registers.min(STRIDE);
        let mut powers = Zeroizing::new(vec![[_mm512_setzero_si512(); 2]; count]);
        powers[count - 1] = with_halves(first_four_powers(k));
        let mut known = 1;
        while known < count {
            let (unknown, known_powers) = powers.split_at_mut(count - known);
            let highest = _mm512_shuffle_i64x2::<0>(known_powers[0][0], known_powers[0][0]);
            let highest = with_halves(highest);
            for (power, lower) in unknown.iter_mut().rev().zip(known_powers.iter().rev()) {
                *power = with_halves(Product::zero().plus(lower[0], &highest).reduced());
            }
            known = count.min(2 * known);
        }
        Self(powers)
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
    fn hash(&self, segment: &Segment) -> u128 {
        let mut h = _mm_setzero_si128();
        let mut first = 0;
        while first < segment.registers {
            // The first group is the shorter one.
            let count = (segment.registers - first - 1) % self.0.len() + 1;
            let powers = &self.0[self.0.len() - count..];
            h = match segment.whole(first..first + count) {
                Some((words, _)) if segment.shift == 0 => absorb(h, powers, |index| load(&words[index])),
                Some((words, next)) => {
                    absorb(h, powers, |index| shifted(load(&words[index]), load(&next[index]), segment.shift))
                }
                None => absorb(h, powers, |index| segment.register(first + index)),
            };
            first += count;
        }
        u128::from(_mm_extract_epi64::<1>(h) as u64) << 64 | u128::from(_mm_extract_epi64::<0>(h) as u64)
    }
}

/// k^4, k^3, k², k.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
fn first_four_powers(k: u128) -> __m512i {
    let k = _mm512_broadcast_i32x4(_mm_set_epi64x((k >> 64) as i64, k as i64));
    let squared = Product::zero().plus(k, &with_halves(k)).reduced();
    let one = _mm512_broadcast_i32x4(_mm_set_epi64x(0, 1));
    // k²·k², k²·k, k²·1, k·1.
    let first = _mm512_mask_blend_epi64(0b1100_0000, squared, k);
    let second = _mm512_mask_blend_epi64(0b0000_1100, _mm512_mask_blend_epi64(0b1111_0000, squared, one), k);
    Product::zero().plus(first, &with_halves(second)).reduced()
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
fn with_halves(powers: __m512i) -> Powers {
    const SWAPPED: i32 = 0b01_00_11_10;
    [powers, _mm512_xor_si512(powers, _mm512_shuffle_epi32::<SWAPPED>(powers))]
}

/// Horner's rule over one group, as many registers as there are `powers`. Only the first waits for the group before.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
fn absorb(h: __m128i, powers: &[Powers], register: impl Fn(usize) -> __m512i) -> __m128i {
    let mut sum = Product::zero();
    for (index, powers) in powers.iter().enumerate().skip(1) {
        sum = sum.plus(register(index), powers);
    }
    let first = _mm512_xor_si512(register(0), _mm512_zextsi128_si512(h));
    _mm512_castsi512_si128(sum.plus(first, &powers[0]).of_all_lanes().reduced())
}

/// A sum of products before the reduction: low·1 + middle·x^64 + high·x^128, the middle one by Karatsuba less the others.
#[derive(Clone, Copy)]
struct Product {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl Product {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
    fn zero() -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: zero, middle: zero, high: zero }
    }

    /// Lane by lane, a·power is added.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
    fn plus(self, a: __m512i, [power, halves]: &Powers) -> Self {
        let of_halves = _mm512_xor_si512(a, _mm512_bsrli_epi128::<8>(a));
        let low = _mm512_clmulepi64_epi128::<0x00>(a, *power);
        let high = _mm512_clmulepi64_epi128::<0x11>(a, *power);
        let middle = _mm512_clmulepi64_epi128::<0x00>(of_halves, *halves);
        Self {
            low: _mm512_xor_si512(self.low, low),
            middle: _mm512_xor_si512(self.middle, middle),
            high: _mm512_xor_si512(self.high, high),
        }
    }

    /// The sum of the four lanes, in each of them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
    fn of_all_lanes(self) -> Self {
        let [low, middle, high] = [self.low, self.middle, self.high].map(|lanes| {
            let pairs = _mm512_xor_si512(lanes, _mm512_shuffle_i64x2::<0b01_00_11_10>(lanes, lanes));
            _mm512_xor_si512(pairs, _mm512_shuffle_i64x2::<0b10_11_00_01>(pairs, pairs))
        });
        Self { low, middle, high }
    }

    /// x^128 = x^7 + x^2 + x + 1: word 3 comes down to words 1 and 2, then word 2 to words 0 and 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
    fn reduced(self) -> __m512i {
        let x_to_128 = _mm512_set1_epi64(0b1000_0111);
        let middle = xor3(self.middle, self.low, self.high);
        let high = _mm512_xor_si512(self.high, _mm512_bsrli_epi128::<8>(middle));
        let third = _mm512_clmulepi64_epi128::<0x01>(high, x_to_128);
        let low = xor3(self.low, _mm512_bslli_epi128::<8>(middle), _mm512_bslli_epi128::<8>(third));
        let second = _mm512_xor_si512(high, _mm512_bsrli_epi128::<8>(third));
        _mm512_xor_si512(low, _mm512_clmulepi64_epi128::<0x00>(second, x_to_128))
    }
}

/// The bits in a range of a message, with its length after them, as registers of four blocks.
struct Segment<'a> {
    words: &'a [u64],
    bits: Range<usize>,
    registers: usize,
    /// Blocks of zeros in front.
    padding: usize,
    /// Bits that precede the first one in its word.
    shift: usize,
}

impl<'a> Segment<'a> {
    fn new(words: &'a [u64], bits: Range<usize>) -> Self {
        let registers = registers_for(bits.len());
        let padding = 4 * registers - bits.len().div_ceil(128) - 1;
        let shift = bits.start % 64;
        Self { words, bits, registers, padding, shift }
    }

    /// Place of the first bit of register `index` in the segment.
    fn first_bit(&self, index: usize) -> isize {
        (512 * index) as isize - (128 * self.padding) as isize
    }

    /// The words in which these registers begin, and those after each of them, if they are full of bits of the segment.
    fn whole(&self, registers: Range<usize>) -> Option<(&'a [Words], &'a [Words])> {
        let first = usize::try_from(self.first_bit(registers.start)).ok()?;
        if first + 512 * registers.len() > self.bits.len() {
            return None;
        }
        let words = &self.words[(self.bits.start + first) / 64..];
        let next = if self.shift > 0 { &words[1..] } else { words };
        let all = 8 * registers.len();
        Some((words[..all].as_chunks().0, next[..all].as_chunks().0))
    }

    /// Any register: zeros in front of the bits and after them, then the length.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
    fn register(&self, index: usize) -> __m512i {
        if let Some(([words], [next])) = self.whole(index..index + 1) {
            return shifted(load(words), load(next), self.shift);
        }
        let first_bit = self.first_bit(index);
        let first_word = (self.bits.start / 64) as isize + first_bit / 64;
        let words = load_within(self.words, first_word);
        let bits = shifted(words, load_within(self.words, first_word + 1), self.shift);
        let bits = _mm512_and_si512(bits, places_within(first_bit as i64, self.bits.len() as i64));
        if index + 1 < self.registers {
            bits
        } else {
            _mm512_mask_set1_epi64(bits, 0b0100_0000, self.bits.len() as i64)
        }
    }
}

/// Ones at the places `first`, `first` + 1, … that are at least 0 and less than `end`; `first` is a multiple of 64.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
fn places_within(first: i64, end: i64) -> __m512i {
    let lanes = _mm512_set_epi64(448, 384, 320, 256, 192, 128, 64, 0);
    let places = _mm512_add_epi64(_mm512_set1_epi64(first), lanes);
    let surplus = _mm512_add_epi64(places, _mm512_set1_epi64(64 - end));
    let not_negative = _mm512_movepi64_mask(places) ^ u8::MAX;
    let zero = _mm512_setzero_si512();
    _mm512_maskz_srlv_epi64(not_negative, _mm512_set1_epi64(-1), _mm512_max_epi64(surplus, zero))
}

/// The bits from `shift` < 64 on of each word, then those of the word after it.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi2,vpclmulqdq")]
fn shifted(words: __m512i, next: __m512i, shift: usize) -> __m512i {
    _mm512_shrdv_epi64(words, next, _mm512_set1_epi64(shift as i64))
}
