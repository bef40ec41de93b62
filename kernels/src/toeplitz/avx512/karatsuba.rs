//! Karatsuba's method down to 32 words or less, which a product of registers takes over (`leaf`).

use std::arch::x86_64::{__m512i, _mm512_setzero_si512, _mm512_xor_si512};

use super::super::karatsuba::{SCRATCH_PER_WORD, in_halves};
use super::leaf::{of_8_words, of_16_words, of_32_words};
use crate::zmm::{WORDS, load, load_within, store, store_within};

/// Words of the largest product in registers.
const LEAF: usize = 4 * WORDS;

/// As [`add_product`](super::super::karatsuba::add_product).
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
pub(super) fn add_product(sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
    match vector.len() {
        n if n == 2 * LEAF => of_64_words(sum, matrix, vector),
        n if is_halved(n) => in_halves(
            sum,
            matrix,
            vector,
            scratch,
            |sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]| {
                add_product(sum, matrix, vector, scratch);
            },
        ),
        0..=8 => in_tiles(sum, matrix, vector, |t, v| of_8_words(t, v)),
        9..=16 => in_tiles(sum, matrix, vector, |t, v| of_16_words(t, v)),
        _ => in_tiles(sum, matrix, vector, |t, v| of_32_words(t, v)),
    }
}

fn is_halved(n: usize) -> bool {
    n > LEAF && n.is_multiple_of(2)
}

/// Scratch words that [`add_product`] needs for n words.
pub(super) fn scratch_words(n: usize) -> usize {
    if is_halved(n) && n != 2 * LEAF { SCRATCH_PER_WORD * n / 2 + scratch_words(n / 2) } else { 0 }
}

/// Estimated time for n words: of the products in registers, and of the sums of halves.
pub(super) fn picoseconds(n: usize) -> u128 {
    match n {
        n if is_halved(n) => 3 * picoseconds(n / 2) + 400 * n as u128,
        0..=8 => 14_000,
        9..=16 => 33_000,
        _ => 88_000 * (n.div_ceil(LEAF) as u128).pow(2),
    }
}

/// One step of Karatsuba's method, as in `in_halves`; sums of halves are made when they are loaded.
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn of_64_words(sum: &mut [u64], matrix: &[u64], vector: &[u64]) {
    const HALF: usize = LEAF / WORDS;
    let (t, v) = (&matrix.as_chunks().0[..4 * HALF], &vector.as_chunks().0[..2 * HALF]);
    let folded = |words: &[[u64; WORDS]], i: usize| _mm512_xor_si512(load(&words[i]), load(&words[i + HALF]));

    let shared = of_32_words(&from_fn(|i| load(&t[i + HALF])), &from_fn(|i| folded(v, i)));
    let low = of_32_words(&from_fn(|i| folded(t, i)), &from_fn(|i| load(&v[i + HALF])));
    add_registers::<HALF>(sum, 0, &from_fn(|i| _mm512_xor_si512(shared[i], low[i])));
    let high = of_32_words(&from_fn(|i| folded(t, i + HALF)), &from_fn(|i| load(&v[i])));
    add_registers::<HALF>(sum, LEAF, &from_fn(|i| _mm512_xor_si512(shared[i], high[i])));
}

/// As [`std::array::from_fn`], which is not compiled for the registers of its caller.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn from_fn<const R: usize>(register: impl Fn(usize) -> __m512i) -> [__m512i; R] {
    let mut registers = [_mm512_setzero_si512(); R];
    for (i, place) in registers.iter_mut().enumerate() {
        *place = register(i);
    }
    registers
}

/// Square tiles of R registers of the result and of the vector; those at the edges reach over them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn in_tiles<const T: usize, const R: usize>(
    sum: &mut [u64],
    matrix: &[u64],
    vector: &[u64],
    product: impl Fn(&[__m512i; T], &[__m512i; R]) -> [__m512i; R],
) {
    let (n, tile) = (vector.len(), WORDS * R);
    for row in (0..n).step_by(tile) {
        for column in (0..n).step_by(tile) {
            let diagonal = (n + row) as isize - (column + tile) as isize;
            let product = product(&registers(matrix, diagonal), &registers(vector, column as isize));
            add_registers(sum, row, &product);
        }
    }
}

/// Adds to the words from `first` on; what has no place is dropped.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn add_registers<const R: usize>(sum: &mut [u64], first: usize, registers: &[__m512i; R]) {
    let sum = &mut sum[first..];
    if sum.len() >= WORDS * R {
        for (words, &register) in sum.as_chunks_mut().0.iter_mut().zip(registers) {
            store(words, _mm512_xor_si512(load(words), register));
        }
    } else {
        for (index, &register) in registers.iter().enumerate() {
            let place = (WORDS * index) as isize;
            store_within(sum, place, _mm512_xor_si512(load_within(sum, place), register));
        }
    }
}

/// The words from `first` on, zeros where there are none.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vpclmulqdq")]
fn registers<const R: usize>(words: &[u64], first: isize) -> [__m512i; R] {
    let mut registers = [_mm512_setzero_si512(); R];
    if first >= 0 && first as usize + WORDS * R <= words.len() {
        let words = &words[first as usize..][..WORDS * R];
        for (register, words) in registers.iter_mut().zip(words.as_chunks().0) {
            *register = load(words);
        }
    } else {
        for (index, register) in registers.iter_mut().enumerate() {
            *register = load_within(words, first + (WORDS * index) as isize);
        }
    }
    registers
}

#[cfg(test)]
mod tests {
    use super::super::super::karatsuba;
    use super::super::super::product::Arithmetic;
    use super::super::super::tests::random;
    use crate::simd::Avx512;

    #[test]
    fn products_of_all_sizes_agree_with_portable() {
        let Some(avx512) = Avx512::detect() else {
            return eprintln!("SKIPPED: this machine has no AVX-512");
        };
        for n in (1..=100).chain([112, 127, 128, 130, 160, 192, 256, 300, 512]) {
            let (matrix, vector, sum) = (random(128 * n, 1), random(64 * n, 2), random(64 * n, 3));
            let product = |add_product: &dyn Fn(&mut [u64])| {
                let mut sum = sum.words().to_vec();
                add_product(&mut sum);
                sum
            };
            let expected = product(&|sum| {
                let mut scratch = vec![0; karatsuba::SCRATCH_PER_WORD * n];
                karatsuba::add_product(sum, matrix.words(), vector.words(), &mut scratch);
            });
            let found = product(&|sum| {
                let mut scratch = vec![0; avx512.scratch_words(n)];
                avx512.add_product(sum, matrix.words(), vector.words(), &mut scratch);
            });
            assert!(found == expected, "{n} words");
        }
    }
}
