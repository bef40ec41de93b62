//! The check rule (SPEC §5.3) for 32 checks side by side.
//!
//! A byte of a register belongs to a check. Checks and posteriors have 16 bits and fill two registers, checks 0–15 and 16–31;
//! packing them exchanges the middle quarters of the bytes, and unpacking exchanges them back, so that bytes simply stay in
//! the order that packing gives them.

#[allow(clippy::wildcard_imports, reason = "thirty names that all begin with _mm")]
use std::arch::x86_64::*;

use super::answers::{ANSWERS, LARGEST_SUM, STEPS, magnitude};
use super::columns::Window;
use crate::ldpc::portable::decoder::{PHI, SILENT};

/// φ is 0 from this magnitude on.
const INAUDIBLE: i8 = 79;

/// 32 checks of a base row while their edges come in: steps 1 and 2.
pub(super) struct Checks {
    /// S of each check, saturating.
    sums: Window,
    /// The sign bit is s of each check; the other bits have no meaning.
    signs: __m256i,
    /// Smallest magnitude, no more than [`INAUDIBLE`].
    smallest: __m256i,
    phi: Phi,
}

impl Checks {
    /// Checks that no edge has reached, whose wanted parities are the bits of `wanted`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn wanting(wanted: u32) -> Self {
        Self {
            sums: [_mm256_setzero_si256(); 2],
            signs: spread(wanted),
            smallest: _mm256_set1_epi8(INAUDIBLE),
            phi: Phi::new(),
        }
    }

    /// Takes T of an edge of each check; returns q.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn collect(&mut self, totals: Window) -> __m256i {
        let q = _mm256_packs_epi16(totals[0], totals[1]);
        self.signs = _mm256_xor_si256(self.signs, q);
        let a = audible(q);
        self.smallest = _mm256_min_epu8(self.smallest, a);
        let [low, high] = self.phi.of(a);
        self.sums[0] = _mm256_adds_epu16(self.sums[0], low);
        self.sums[1] = _mm256_adds_epu16(self.sums[1], high);
        q
    }

    /// How many of the checks have s = 1, when all edges are collected.
    #[inline]
    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn unsatisfied(&self) -> u32 {
        _mm256_movemask_epi8(self.signs).count_ones()
    }

    /// What these checks answer.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn answers(&self) -> Answers {
        let strongest = self.phi.of(self.smallest);
        let silent = _mm256_set1_epi16(SILENT as i16);
        let largest = _mm256_set1_epi16(LARGEST_SUM as i16);
        let mut records = [0; 32];
        for half in 0..2 {
            let rest = _mm256_min_epu16(_mm256_sub_epi16(self.sums[half], strongest[half]), silent);
            let (sums, rest) = (numbers(_mm256_min_epu16(self.sums[half], largest)), numbers(rest));
            for (lane, (&sum, &rest)) in sums.iter().zip(&rest).enumerate() {
                let answer = ANSWERS[usize::from(sum) % ANSWERS.len()];
                records[16 * half + lane] = answer | u64::from(magnitude(rest)) << 56;
            }
        }
        let [least, places @ .., strongest] = transpose(&records);
        Answers { least, places, strongest, smallest: self.smallest, signs: self.signs }
    }
}

/// What 32 checks answer: steps 3 and 4. See [`ANSWERS`].
pub(super) struct Answers {
    least: __m256i,
    places: [__m256i; STEPS],
    /// The answer to the smallest magnitude.
    strongest: __m256i,
    smallest: __m256i,
    signs: __m256i,
}

impl Answers {
    /// The new R of an edge of each check that came with q.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn to(&self, q: __m256i) -> __m256i {
        let a = audible(q);
        let staircase =
            self.places.iter().fold(self.least, |g, &place| _mm256_sub_epi8(g, _mm256_cmpgt_epi8(place, a)));
        let is_smallest = _mm256_cmpeq_epi8(a, self.smallest);
        let g = _mm256_max_epu8(staircase, _mm256_and_si256(is_smallest, self.strongest));
        // Never 0, for which the instruction would give 0.
        let sign = _mm256_or_si256(_mm256_xor_si256(self.signs, q), _mm256_set1_epi8(1));
        _mm256_sign_epi8(g, sign)
    }
}

/// Bytes to numbers of 16 bits, undoing what packing does to the order.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn widen(bytes: __m256i) -> Window {
    [
        _mm256_srai_epi16::<8>(_mm256_unpacklo_epi8(bytes, bytes)),
        _mm256_srai_epi16::<8>(_mm256_unpackhi_epi8(bytes, bytes)),
    ]
}

/// |q|, or [`INAUDIBLE`] if that is less.
#[inline]
#[target_feature(enable = "avx2")]
fn audible(q: __m256i) -> __m256i {
    _mm256_min_epu8(_mm256_abs_epi8(q), _mm256_set1_epi8(INAUDIBLE))
}

/// All ones in the bytes of the checks whose bits are set.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(bits: u32) -> __m256i {
    let quarter = |byte: i64| byte * 0x0101_0101_0101_0101;
    let bytes = _mm256_set_epi64x(quarter(3), quarter(1), quarter(2), quarter(0));
    let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits as i32), bytes);
    let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit)
}

/// [`PHI`] in registers: 16 entries in each. A byte of an entry is the XOR of the tables up to the one it is in.
struct Phi {
    low: [__m256i; 5],
    high: [__m256i; 3],
}

impl Phi {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        const LOW: [[u8; 16]; 5] = differences(0);
        const HIGH: [[u8; 16]; 3] = differences(1);
        Self { low: LOW.map(|table| twice(&table)), high: HIGH.map(|table| twice(&table)) }
    }

    /// Of 32 magnitudes up to [`INAUDIBLE`].
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(&self, a: __m256i) -> Window {
        let mut low = _mm256_shuffle_epi8(self.low[0], a);
        let mut high = _mm256_shuffle_epi8(self.high[0], a);
        let mut index = a;
        for table in 1..self.low.len() {
            // The index becomes negative below the table, for which a shuffle gives 0.
            index = _mm256_sub_epi8(index, _mm256_set1_epi8(16));
            low = _mm256_xor_si256(low, _mm256_shuffle_epi8(self.low[table], index));
            if let Some(&table) = self.high.get(table) {
                high = _mm256_xor_si256(high, _mm256_shuffle_epi8(table, index));
            }
        }
        [_mm256_unpacklo_epi8(low, high), _mm256_unpackhi_epi8(low, high)]
    }
}

/// Byte `byte` of the entries of PHI, 16 in a table, each XORed with the table before.
const fn differences<const N: usize>(byte: usize) -> [[u8; 16]; N] {
    let mut tables = [[0; 16]; N];
    let mut index = 0;
    while index < 16 * N {
        let before = if index < 16 { 0 } else { PHI[index - 16] };
        tables[index / 16][index % 16] = (PHI[index] ^ before).to_le_bytes()[byte];
        index += 1;
    }
    tables
}

/// A table in both halves of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn twice(table: &[u8; 16]) -> __m256i {
    // SAFETY: the table has 128 bits.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn numbers(vector: __m256i) -> [u16; 16] {
    let mut numbers = [0; 16];
    // SAFETY: there is room for 256 bits.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), vector) };
    numbers
}

/// Byte k of the records of all checks, in the order of packing, for k = 0..8.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(records: &[u64; 32]) -> [__m256i; 8] {
    let word = |check: usize| records[check] as i64;
    let [a, b, c, d, e, f, g, h] =
        std::array::from_fn(|i| _mm256_set_epi64x(word(24 + i), word(8 + i), word(16 + i), word(i)));
    let pairs = |x, y| [_mm256_unpacklo_epi8(x, y), _mm256_unpackhi_epi8(x, y)];
    let ([ab, ab2], [cd, cd2], [ef, ef2], [gh, gh2]) = (pairs(a, b), pairs(c, d), pairs(e, f), pairs(g, h));
    let pairs = |x, y| [_mm256_unpacklo_epi16(x, y), _mm256_unpackhi_epi16(x, y)];
    let (abcd, efgh, abcd2, efgh2) = (pairs(ab, cd), pairs(ef, gh), pairs(ab2, cd2), pairs(ef2, gh2));
    let bytes = |k: usize| {
        let pair = |x, y| if k % 4 < 2 { _mm256_unpacklo_epi32(x, y) } else { _mm256_unpackhi_epi32(x, y) };
        let first = pair(abcd[k / 4], efgh[k / 4]);
        let second = pair(abcd2[k / 4], efgh2[k / 4]);
        if k.is_multiple_of(2) {
            _mm256_unpacklo_epi64(first, second)
        } else {
            _mm256_unpackhi_epi64(first, second)
        }
    };
    std::array::from_fn(bytes)
}
