//! The check rule (SPEC §5.3) for 32 checks side by side.
//!
//! A byte of a register belongs to a check. Sums have 16 bits and fill two registers, as unpacking orders them.

#[allow(clippy::wildcard_imports, reason = "thirty names that all begin with _mm")]
use std::arch::x86_64::*;

use super::answers::{LARGEST_SUM, PHI, PLACES, SILENT, STEPS, magnitude};
use crate::ldpc::rule;

/// φ is 0 from this magnitude on.
const INAUDIBLE: i8 = 35;

/// 32 numbers of 16 bits: those of checks 0–7 and 16–23, and the others.
type Sums = [__m256i; 2];

/// 32 checks of a base row while their edges come in: steps 1 and 2.
pub(super) struct Checks {
    /// S of each check, saturating.
    sums: Sums,
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

    /// Takes P − R of an edge of each check; returns T.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn collect(&mut self, difference: __m256i) -> __m256i {
        let total = _mm256_max_epi8(difference, _mm256_set1_epi8(-rule::LIMIT));
        self.signs = _mm256_xor_si256(self.signs, total);
        let a = audible(total);
        self.smallest = _mm256_min_epu8(self.smallest, a);
        let phi = self.phi.of(a);
        for (sums, phi) in self.sums.iter_mut().zip(phi) {
            *sums = _mm256_adds_epu16(*sums, phi);
        }
        total
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
        let (mut places, mut least, mut of_strongest) = ([0; 32], [0; 32], [0; 32]);
        for (half, (sums, strongest)) in self.sums.into_iter().zip(strongest).enumerate() {
            let rest = numbers(_mm256_min_epu16(_mm256_sub_epi16(sums, strongest), silent));
            let sums = numbers(_mm256_min_epu16(sums, largest));
            for (lane, (&sum, &rest)) in sums.iter().zip(&rest).enumerate() {
                let check = 8 * half + lane + lane / 8 * 8;
                places[check] = PLACES[usize::from(sum) % PLACES.len()];
                least[check] = magnitude(sum);
                of_strongest[check] = magnitude(rest);
            }
        }
        Answers {
            least: load(&least),
            places: transpose(&places),
            strongest: load(&of_strongest),
            smallest: self.smallest,
            signs: self.signs,
        }
    }
}

/// What 32 checks answer: step 3. See [`PLACES`].
pub(super) struct Answers {
    least: __m256i,
    places: [__m256i; STEPS],
    /// The answer to the smallest magnitude.
    strongest: __m256i,
    smallest: __m256i,
    signs: __m256i,
}

impl Answers {
    /// The answer to an edge of each check that came with `total`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn to(&self, total: __m256i) -> __m256i {
        let a = audible(total);
        let staircase =
            self.places.iter().fold(self.least, |g, &place| _mm256_sub_epi8(g, _mm256_cmpgt_epi8(place, a)));
        let is_smallest = _mm256_cmpeq_epi8(a, self.smallest);
        let g = _mm256_max_epu8(staircase, _mm256_and_si256(is_smallest, self.strongest));
        // Never 0, for which the instruction would give 0.
        let sign = _mm256_or_si256(_mm256_xor_si256(self.signs, total), _mm256_set1_epi8(1));
        _mm256_sign_epi8(g, sign)
    }
}

/// |T|, or [`INAUDIBLE`] if that is less.
#[inline]
#[target_feature(enable = "avx2")]
fn audible(total: __m256i) -> __m256i {
    _mm256_min_epu8(_mm256_abs_epi8(total), _mm256_set1_epi8(INAUDIBLE))
}

/// All ones in the bytes of the checks whose bits are set.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn spread(bits: u32) -> __m256i {
    let quarter = |byte: i64| byte * 0x0101_0101_0101_0101;
    let bytes = _mm256_set_epi64x(quarter(3), quarter(2), quarter(1), quarter(0));
    let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits as i32), bytes);
    let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit)
}

/// [`PHI`] in registers, 16 entries in each: none is set from [`INAUDIBLE`] on, and no high byte from 16 on. A low byte is the XOR of
/// the tables up to the one it is in, but for the first.
struct Phi {
    low: [__m256i; 3],
    high: __m256i,
}

impl Phi {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        const FIRST: [[u8; 16]; 2] = [bytes(0, 0), bytes(0, 1)];
        const SECOND: [u8; 16] = bytes(16, 0);
        const THIRD: [u8; 16] = {
            let mut table = bytes(32, 0);
            let mut index = 0;
            while index < table.len() {
                table[index] ^= SECOND[index];
                index += 1;
            }
            table
        };
        const { assert!(PHI[16] < 256 && PHI[INAUDIBLE as usize] == 0) }
        Self { low: [twice(&FIRST[0]), twice(&SECOND), twice(&THIRD)], high: twice(&FIRST[1]) }
    }

    /// Of 32 magnitudes up to [`INAUDIBLE`].
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(&self, a: __m256i) -> Sums {
        // Where the sign bit of an index is set, a shuffle gives 0: the first table beyond its end, the others before their beginning.
        let first = _mm256_add_epi8(a, _mm256_set1_epi8(0x70));
        let second = _mm256_sub_epi8(a, _mm256_set1_epi8(16));
        let third = _mm256_sub_epi8(a, _mm256_set1_epi8(32));
        let low = _mm256_or_si256(
            _mm256_shuffle_epi8(self.low[0], first),
            _mm256_xor_si256(
                _mm256_shuffle_epi8(self.low[1], second),
                _mm256_shuffle_epi8(self.low[2], third),
            ),
        );
        let high = _mm256_shuffle_epi8(self.high, first);
        [_mm256_unpacklo_epi8(low, high), _mm256_unpackhi_epi8(low, high)]
    }
}

/// Byte `byte` of 16 entries of PHI.
const fn bytes(first: usize, byte: usize) -> [u8; 16] {
    let mut table = [0; 16];
    let mut index = 0;
    while index < table.len() {
        table[index] = PHI[first + index].to_le_bytes()[byte];
        index += 1;
    }
    table
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
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: there are 256 bits.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn numbers(vector: __m256i) -> [u16; 16] {
    let mut numbers = [0; 16];
    // SAFETY: there is room for 256 bits.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), vector) };
    numbers
}

/// Byte k of the records of all checks, for k = 0..4.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(records: &[u32; 32]) -> [__m256i; 4] {
    // Bytes k of four records next to each other, in each half of a register; then of all eight.
    let bytes = twice(&[0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]);
    let fours = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
    let [a, b, c, d] = std::array::from_fn(|i| {
        // SAFETY: there are eight records from there on.
        let eight = unsafe { _mm256_loadu_si256(records[8 * i..][..8].as_ptr().cast()) };
        _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(eight, bytes), fours)
    });
    let even = [_mm256_unpacklo_epi64(a, b), _mm256_unpacklo_epi64(c, d)];
    let odd = [_mm256_unpackhi_epi64(a, b), _mm256_unpackhi_epi64(c, d)];
    [
        _mm256_permute2x128_si256::<0x20>(even[0], even[1]),
        _mm256_permute2x128_si256::<0x20>(odd[0], odd[1]),
        _mm256_permute2x128_si256::<0x31>(even[0], even[1]),
        _mm256_permute2x128_si256::<0x31>(odd[0], odd[1]),
    ]
}
