//! Karatsuba's method down to eight words, which a product of registers takes over.
//!
//! A product of two words is a single instruction here, so that its operands, and not the products, become the cost: from
//! eight words down all sums stay in registers.

use std::arch::x86_64::{
    __m128i, _mm_alignr_epi8, _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_extract_epi64, _mm_loadu_si128,
    _mm_storeu_si128, _mm_xor_si128,
};

use super::super::karatsuba::{in_halves, schoolbook};

/// Words of a product in registers.
const LEAF: usize = 8;

/// Products of two words in registers that take as long as [`add_product`] for n words; other products take twice as long.
pub(in super::super) fn word_products(n: usize) -> usize {
    match n {
        LEAF => 54,
        _ if is_small(n) => 2 * n * (n + 1),
        _ => 3 * word_products(n / 2),
    }
}

fn is_small(n: usize) -> bool {
    n < LEAF || !n.is_multiple_of(2)
}

/// As [`add_product`](super::super::karatsuba::add_product).
#[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn add_product(sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
    match vector.len() {
        LEAF => leaf(sum, matrix, vector),
        n if is_small(n) => schoolbook(sum, matrix, vector, |a, b| {
            let product = clmul::<0>(_mm_cvtsi64_si128(a as i64), _mm_cvtsi64_si128(b as i64));
            let [low, high] = [_mm_extract_epi64::<0>(product), _mm_extract_epi64::<1>(product)];
            u128::from(high as u64) << 64 | u128::from(low as u64)
        }),
        _ => in_halves(
            sum,
            matrix,
            vector,
            scratch,
            |sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]| {
                add_product(sum, matrix, vector, scratch);
            },
        ),
    }
}

#[target_feature(enable = "avx2,pclmulqdq")]
fn leaf(sum: &mut [u64], matrix: &[u64], vector: &[u64]) {
    let (matrix, vector) = (load::<8>(matrix), load::<4>(vector));
    let (sums, _) = sum.as_chunks_mut::<2>();
    for (sum, product) in sums.iter_mut().zip(of_eight_words(&matrix, &vector)) {
        // SAFETY: two words are 16 bytes, of any alignment.
        unsafe {
            let pointer = sum.as_mut_ptr().cast();
            _mm_storeu_si128(pointer, xor(_mm_loadu_si128(pointer), product));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn load<const N: usize>(words: &[u64]) -> [__m128i; N] {
    let mut registers = [_mm_cvtsi64_si128(0); N];
    for (register, words) in registers.iter_mut().zip(words.as_chunks::<2>().0) {
        // SAFETY: two words are 16 bytes, of any alignment.
        *register = unsafe { _mm_loadu_si128(words.as_ptr().cast()) };
    }
    registers
}

/// Karatsuba in registers of two words.
#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn of_eight_words(t: &[__m128i; 8], v: &[__m128i; 4]) -> [__m128i; 4] {
    let shared = of_four_words(&[t[2], t[3], t[4], t[5]], &[xor(v[0], v[2]), xor(v[1], v[3])]);
    let folded = [
        xor(t[0], t[2]),
        xor(t[1], t[3]),
        xor(t[2], t[4]),
        xor(t[3], t[5]),
        xor(t[4], t[6]),
        xor(t[5], t[7]),
    ];
    let low = of_four_words(&[folded[0], folded[1], folded[2], folded[3]], &[v[2], v[3]]);
    let high = of_four_words(&[folded[2], folded[3], folded[4], folded[5]], &[v[0], v[1]]);
    [xor(shared[0], low[0]), xor(shared[1], low[1]), xor(shared[0], high[0]), xor(shared[1], high[1])]
}

#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn of_four_words(t: &[__m128i; 4], v: &[__m128i; 2]) -> [__m128i; 2] {
    let shared = of_two_words(t[1], t[2], xor(v[0], v[1]));
    let low = of_two_words(xor(t[0], t[1]), xor(t[1], t[2]), v[1]);
    let high = of_two_words(xor(t[1], t[2]), xor(t[2], t[3]), v[0]);
    [xor(shared, low), xor(shared, high)]
}

/// Words 2 and 3 of the product of `low`, `high` (four words) and `v` (two): three sums, which begin at words 1, 2, 3.
#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn of_two_words(low: __m128i, high: __m128i, v: __m128i) -> __m128i {
    let from_1 = xor(clmul::<0x01>(low, v), clmul::<0x10>(low, v));
    let from_2 = xor(clmul::<0x00>(high, v), clmul::<0x11>(low, v));
    let from_3 = xor(clmul::<0x01>(high, v), clmul::<0x10>(high, v));
    xor(from_2, _mm_alignr_epi8::<8>(from_3, from_1))
}

#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
fn clmul<const WORDS: i32>(a: __m128i, b: __m128i) -> __m128i {
    _mm_clmulepi64_si128::<WORDS>(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m128i, b: __m128i) -> __m128i {
    _mm_xor_si128(a, b)
}
