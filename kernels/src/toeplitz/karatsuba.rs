//! A square Toeplitz matrix times a vector by Karatsuba's method: the product for small sizes.
//!
//! Cut in halves, the matrix has three different quarters, T0, T1, T2 from the lowest diagonals up:
//!
//! ```text
//! T1 T0     v0     P + (T0+T1)·v1
//! T2 T1  ·  v1  =  P + (T1+T2)·v0      where P = T1·(v0+v1)
//! ```
//!
//! Twice the size costs three times the work, and nothing is computed that the result does not need. Source: Fan &
//! Hasan, IEEE Trans. Computers 56 (2007).

use crate::clmul::clmul;

/// [`add_product`] at some level: the words n..2n of the product of a matrix (2n words) and a vector (n words) are added to
/// a sum (n words), with scratch words.
pub(super) trait AddProduct: Fn(&mut [u64], &[u64], &[u64], &mut [u64]) {}

impl<F: Fn(&mut [u64], &[u64], &[u64], &mut [u64])> AddProduct for F {}

/// At this size and below, and at odd sizes, products of words are summed as they are.
const SCHOOLBOOK_WORDS: usize = 2;

/// Scratch words that [`add_product`] needs for each word of the vector.
pub(super) const SCRATCH_PER_WORD: usize = 5;

/// A size that suits [`add_product`], for at least `words` words: a few words, doubled several times.
pub(super) fn padded(words: usize) -> usize {
    let unit = words.div_ceil(8).next_power_of_two();
    words.next_multiple_of(unit)
}

/// Products of two words that [`add_product`] makes for n words.
pub(super) fn word_products(n: usize) -> usize {
    if is_schoolbook(n) { n * (n + 1) } else { 3 * word_products(n / 2) }
}

fn is_schoolbook(n: usize) -> bool {
    n <= SCHOOLBOOK_WORDS || !n.is_multiple_of(2)
}

/// Adds to `sum` (n words) the words n..2n of the product of the polynomials `matrix` (2n words) and `vector` (n
/// words).
pub(super) fn add_product(sum: &mut [u64], matrix: &[u64], vector: &[u64], scratch: &mut [u64]) {
    let n = vector.len();
    if is_schoolbook(n) {
        schoolbook(sum, matrix, vector, clmul);
    } else {
        in_halves(sum, matrix, vector, scratch, add_product);
    }
}

/// One step: three products of half the size.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(super) fn in_halves(
    sum: &mut [u64],
    matrix: &[u64],
    vector: &[u64],
    scratch: &mut [u64],
    add_product: impl AddProduct,
) {
    let half = vector.len() / 2;
    let (folded, scratch) = scratch.split_at_mut(3 * half);
    let (vectors, scratch) = scratch.split_at_mut(half);
    let (shared, scratch) = scratch.split_at_mut(half);
    let (v0, v1) = vector.split_at(half);

    set_to_sum(folded, &matrix[..3 * half], &matrix[half..]);
    set_to_sum(vectors, v0, v1);
    shared.fill(0);
    add_product(shared, &matrix[half..3 * half], vectors, scratch);

    let (low, high) = sum.split_at_mut(half);
    for (shared, (low, high)) in shared.iter().zip(low.iter_mut().zip(high.iter_mut())) {
        *low ^= shared;
        *high ^= shared;
    }
    add_product(low, &folded[..2 * half], v1, scratch);
    add_product(high, &folded[half..], v0, scratch);
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
fn set_to_sum(sum: &mut [u64], a: &[u64], b: &[u64]) {
    for (sum, (a, b)) in sum.iter_mut().zip(a.iter().zip(b)) {
        *sum = a ^ b;
    }
}

/// Adds the products of words, as `clmul` makes them.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(super) fn schoolbook(sum: &mut [u64], matrix: &[u64], vector: &[u64], clmul: impl Fn(u64, u64) -> u128) {
    let n = vector.len();
    for (j, &word) in vector.iter().enumerate() {
        // Matrix word i times vector word j reaches words i+j and i+j+1; wanted are n..2n.
        for i in n - 1 - j..2 * n - j {
            let product = clmul(matrix[i], word);
            if i + j >= n {
                sum[i + j - n] ^= product as u64;
            }
            if i + j + 1 < 2 * n {
                sum[i + j + 1 - n] ^= (product >> 64) as u64;
            }
        }
    }
}
