//! Products of up to 32 words in registers: what Karatsuba's method ends with.
//!
//! Coefficients are words here, and their products stay two words long: of T·v wanted are the coefficients C_n … C_2n−1, and
//! of C_n−1 the high word. Only when all are summed are the halves of neighbours put together. So Karatsuba's method halves
//! the products down to single words, where words for results would need both halves of two products each.
//!
//! A register is four *lanes* of two words. [`of_two`] is the step for every lane, and all of them are used in two ways:
//!
//! * [`of_eight`]: a lane for each pair of results; lanes of the matrix move past the vector.
//! * [`of_eight_each`]: a lane for each of four products. Registers are transposed for this, four at a time.
//!
//! Of the nine products of eight words that Karatsuba's method needs for 32, eight are made in the second way.

use std::arch::x86_64::{
    __m512i, _mm512_alignr_epi8, _mm512_alignr_epi64, _mm512_clmulepi64_epi128, _mm512_permutex2var_epi64,
    _mm512_set_epi64, _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_xor_si512,
};

use crate::zmm::xor3;

/// Eight words of results of two words each: of the even coefficients and of the odd ones.
#[derive(Clone, Copy)]
pub(super) struct Wide {
    even: __m512i,
    odd: __m512i,
}

impl Wide {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
    fn plus(self, other: Self) -> Self {
        Self { even: xor(self.even, other.even), odd: xor(self.odd, other.odd) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
    fn plus_of_two(self, low: __m512i, high: __m512i, v: __m512i) -> Self {
        Self {
            even: xor3(self.even, clmul::<0x11>(low, v), clmul::<0x00>(high, v)),
            odd: xor3(self.odd, clmul::<0x01>(high, v), clmul::<0x10>(high, v)),
        }
    }
}

/// Words 8..16 of the product of 16 words and eight; a lane of `before` has the coefficient that ends in word 8.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
pub(super) fn of_8_words(t: &[__m512i; 2], v: &[__m512i; 1]) -> [__m512i; 1] {
    let before = sum_of_lanes(before(t[0], v[0]));
    [joined(of_eight(t[0], t[1], v[0]), before)]
}

/// Words 16..32 of the product of 32 words and 16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
pub(super) fn of_16_words(t: &[__m512i; 4], v: &[__m512i; 2]) -> [__m512i; 2] {
    let before = sum_of_lanes(xor(before(t[0], v[1]), before(t[1], v[0])));
    let folded = [xor(t[0], t[1]), xor(t[1], t[2]), xor(t[2], t[3])];
    let shared = of_eight(t[1], t[2], xor(v[0], v[1]));
    let low = of_eight(folded[0], folded[1], v[1]).plus(shared);
    let high = of_eight(folded[1], folded[2], v[0]).plus(shared);
    [joined(low, before), joined(high, low.odd)]
}

/// Words 32..64 of the product of 64 words and 32.
///
/// The matrix is T_−3 … T_3 from its lowest diagonals up, where T_d takes the eights d+3 and d+4 of `t`:
/// ```text
/// (T_−3 + T_−2 + T_−1 + T_0)·v3      (T_−2 + T_0)·(v2+v3)     (T_−1 + T_0)·(v1+v3)
/// (T_−2 + T_−1 + T_0  + T_1)·v2   +  the same              +  (T_0  + T_1)·(v0+v2)  +  T_0·(v0+v1+v2+v3)
/// (T_−1 + T_0  + T_1  + T_2)·v1      (T_0  + T_2)·(v0+v1)     as in row 0
/// (T_0  + T_1  + T_2  + T_3)·v0      the same                 as in row 1
/// ```
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
pub(super) fn of_32_words(t: &[__m512i; 8], v: &[__m512i; 4]) -> [__m512i; 4] {
    let sums = [xor(v[2], v[3]), xor(v[0], v[1]), xor(v[1], v[3]), xor(v[0], v[2])];
    let first = xor(xor(before(t[0], v[3]), before(t[1], v[2])), xor(before(t[2], v[1]), before(t[3], v[0])));
    let shared = of_eight(t[3], t[4], xor(sums[0], sums[1]));
    let pairs = [0, 1, 2, 3, 4, 5, 6].map(|i| xor(t[i], t[i + 1]));
    let fours = [0, 1, 2, 3, 4].map(|i| xor(pairs[i], pairs[i + 2]));
    let whole = {
        let low = transposed([fours[0], fours[1], fours[2], fours[3]]);
        let high = [0, 1, 2, 3].map(|i| next_lanes(low[i], fours[4], i as i64));
        of_eight_each(&low, &high, &transposed([v[3], v[2], v[1], v[0]]))
    };
    let half = {
        let low = transposed([xor(t[1], t[3]), xor(t[3], t[5]), pairs[2], pairs[3]]);
        let high = transposed([xor(t[2], t[4]), xor(t[4], t[6]), pairs[3], pairs[4]]);
        of_eight_each(&low, &high, &transposed(sums))
    };

    // The last coefficient of eight ends in the next eight.
    let [of_rows_01, of_rows_23] = [lanes::<0b01_01_00_00>(half[3].odd), lanes::<0b11_10_11_10>(half[3].odd)];
    let last = xor(xor3(whole[3].odd, of_rows_01, of_rows_23), lanes::<0b11_11_11_11>(shared.odd));
    let ends = _mm512_alignr_epi64::<6>(last, sum_of_lanes(first));

    let zero = _mm512_setzero_si512();
    let whole = transposed(joined_each(&whole, ends));
    let half = transposed(joined_each(&half, zero));
    let shared = joined(shared, zero);
    let rows = [xor3(half[0], half[2], shared), xor3(half[0], half[3], shared)];
    let other_rows = [xor3(half[1], half[2], shared), xor3(half[1], half[3], shared)];
    [
        xor(whole[0], rows[0]),
        xor(whole[1], rows[1]),
        xor(whole[2], other_rows[0]),
        xor(whole[3], other_rows[1]),
    ]
}

/// Results 8..16 of the product of 16 words and eight, side by side.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn of_eight(t0: __m512i, t1: __m512i, v: __m512i) -> Wide {
    let [six, four, two] = [
        _mm512_alignr_epi64::<6>(t1, t0),
        _mm512_alignr_epi64::<4>(t1, t0),
        _mm512_alignr_epi64::<2>(t1, t0),
    ];
    let sum = of_two(six, t1, lanes::<0b00_00_00_00>(v));
    let sum = sum.plus_of_two(four, six, lanes::<0b01_01_01_01>(v));
    let sum = sum.plus_of_two(two, four, lanes::<0b10_10_10_10>(v));
    sum.plus_of_two(t0, two, lanes::<0b11_11_11_11>(v))
}

/// The same in each lane for itself: register i has words 2i, 2i+1 of it. Karatsuba's method down to two words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn of_eight_each(low: &[__m512i; 4], high: &[__m512i; 4], v: &[__m512i; 4]) -> [Wide; 4] {
    let shared = of_four_each([low[2], low[3], high[0], high[1]], [xor(v[0], v[2]), xor(v[1], v[3])]);
    let middle = [xor(low[2], high[0]), xor(low[3], high[1])];
    let first = of_four_each([xor(low[0], low[2]), xor(low[1], low[3]), middle[0], middle[1]], [v[2], v[3]]);
    let last =
        of_four_each([middle[0], middle[1], xor(high[0], high[2]), xor(high[1], high[3])], [v[0], v[1]]);
    [first[0].plus(shared[0]), first[1].plus(shared[1]), last[0].plus(shared[0]), last[1].plus(shared[1])]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn of_four_each(t: [__m512i; 4], v: [__m512i; 2]) -> [Wide; 2] {
    let folded = [xor(t[0], t[1]), xor(t[1], t[2]), xor(t[2], t[3])];
    let shared = of_two(t[1], t[2], xor(v[0], v[1]));
    [shared.plus_of_two(folded[0], folded[1], v[1]), shared.plus_of_two(folded[1], folded[2], v[0])]
}

/// In each lane, results 2 and 3 of the product of four words and two.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn of_two(low: __m512i, high: __m512i, v: __m512i) -> Wide {
    Wide {
        even: xor(clmul::<0x11>(low, v), clmul::<0x00>(high, v)),
        odd: xor(clmul::<0x01>(high, v), clmul::<0x10>(high, v)),
    }
}

/// Result 7 of the product of eight words and eight, before the lanes are added up.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn before(t: __m512i, v: __m512i) -> __m512i {
    let reversed = lanes::<0b00_01_10_11>(v);
    xor(clmul::<0x10>(t, reversed), clmul::<0x01>(t, reversed))
}

/// Words of results that lie side by side; word 7 of `before` ends in the first one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn joined(results: Wide, before: __m512i) -> __m512i {
    xor(results.even, _mm512_alignr_epi64::<7>(results.odd, before))
}

/// Words of results that lie in a lane each; the result in `before` ends in the first one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn joined_each(results: &[Wide; 4], before: __m512i) -> [__m512i; 4] {
    let joined = |i: usize, before| xor(results[i].even, _mm512_alignr_epi8::<8>(results[i].odd, before));
    [joined(0, before), joined(1, results[0].odd), joined(2, results[1].odd), joined(3, results[2].odd)]
}

/// Lane i of register j becomes lane j of register i.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn transposed(r: [__m512i; 4]) -> [__m512i; 4] {
    const LOW: i32 = 0b01_00_01_00;
    const HIGH: i32 = 0b11_10_11_10;
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let (a, b) = (_mm512_shuffle_i64x2::<LOW>(r[0], r[1]), _mm512_shuffle_i64x2::<LOW>(r[2], r[3]));
    let (c, d) = (_mm512_shuffle_i64x2::<HIGH>(r[0], r[1]), _mm512_shuffle_i64x2::<HIGH>(r[2], r[3]));
    [
        _mm512_shuffle_i64x2::<EVEN>(a, b),
        _mm512_shuffle_i64x2::<ODD>(a, b),
        _mm512_shuffle_i64x2::<EVEN>(c, d),
        _mm512_shuffle_i64x2::<ODD>(c, d),
    ]
}

/// Lanes 1, 2, 3 of `a`, then lane `lane` of `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn next_lanes(a: __m512i, b: __m512i, lane: i64) -> __m512i {
    let from = _mm512_set_epi64(9 + 2 * lane, 8 + 2 * lane, 7, 6, 5, 4, 3, 2);
    _mm512_permutex2var_epi64(a, from, b)
}

/// The sum of the four lanes, in each of them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn sum_of_lanes(a: __m512i) -> __m512i {
    let pairs = xor(a, lanes::<0b01_00_11_10>(a));
    xor(pairs, lanes::<0b10_11_00_01>(pairs))
}

/// The lanes whose numbers are in `FROM`.
#[inline]
#[target_feature(enable = "avx512f")]
fn lanes<const FROM: i32>(a: __m512i) -> __m512i {
    _mm512_shuffle_i64x2::<FROM>(a, a)
}

#[inline]
#[target_feature(enable = "avx512f,vpclmulqdq")]
fn clmul<const WORDS: i32>(a: __m512i, b: __m512i) -> __m512i {
    _mm512_clmulepi64_epi128::<WORDS>(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}
