//! The Frobenius additive FFT: products of long binary polynomials, exact, on bits from end to end.
//!
//! An FFT multiplies polynomials by their values at many points. Over GF(2) there are only two points; the additive
//! FFT takes them from an extension field, in a coset of a linear subspace. With the Cantor basis v_0 = 1, v_i² + v_i
//! = v_{i−1} ([`tower`]) the subspace spanned by v_0..v_{k−1} is the set of roots of s_k(x), where
//!
//! ```text
//! s_0 = x        s_{k+1} = s_k² + s_k        s_k(v_{k+i}) = v_i        s_k linear
//! ```
//!
//! The points are those of v_m plus the span of v_0..v_{m−1}, that is the 2^m roots of **M = s_m(x) + 1**: products
//! are found modulo M. Level k = 1..m splits each set of points in two by its value of s_{m−k}: where s_{m−k+1} is
//! constant with value β, s_{m−k} takes the two roots c and c + 1 of z² + z = β, and they are "β shifted by one basis
//! element": if β = Σ b_i·v_i then c = Σ b_i·v_{i+1}. A *node* of the tree is such a set, named by its value, with
//! the bits b_i in an integer; its children are 2β and 2β + 1, the root is 1.
//!
//! A polynomial is first written in the basis X_i = Π s_j(x) over the ones j of i ([`basis`]). Then f = f_low +
//! s_{m−k}·f_high, where the halves have only the s_j of later levels, and one level takes f to the two children by a
//! *butterfly*, with c = 2β as the multiplier ([`levels`]):
//!
//! ```text
//! f_low  ─────────⊕────┬───  f on the child c      = f_low + c·f_high
//!                 │    │
//! f_high ───┬─(·c)┘────⊕───  f on the child c + 1  = f_low + c·f_high + f_high
//! ```
//!
//! **Frobenius.** f has coefficients in GF(2), so f(x²) = f(x)², and one value tells those at x², x⁴, … The two
//! children of a level k that is a power of two are such conjugates of each other: only the first is kept. From there
//! on f needs a field twice as large, GF(2^{2k}), whose new elements are lo + hi·v_k: f_low + c·f_high *is* the pair
//! (f_low + (c − v_k)·f_high, f_high), and two arrays of elements become one array of larger elements. The data never
//! grows: 2^m bits are 2^m/32 elements of GF(2^32) after level 16, and 31 levels fit that field. The
//! transform over GF(2^64) with 32-bit pieces carries twice the data and multiplies in a larger field from
//! the first level on.
//!
//! **By hand**, for 2^4 bits: s_0 = x, s_1 = x² + x, s_2 = x⁴ + x, M = s_4 + 1 = x^16 + x + 1. Take f = x⁵ = x·s_2 + s_1 + x, that
//! is X_5 + X_2 + X_1, and u_0 = v_1, u_1 = v_2, u_2 = v_4:
//!
//! ```text
//! level  index bit   coefficients                          multipliers
//!   -        -       0 1 1 0 0 1 0 0 | 0 0 0 0 0 0 0 0     (X_0 first)
//!   1        3       0 1 1 0 | 0 1 0 0                     extension by u_0, product with 0
//!   2        2       0  1+u_1 | 1  0                       extension by u_1, product with 0
//!   3        1       v_3 | 1+u_1    v_3+1 | 1+u_1          v_3
//!   4        0       v_3 + (1+u_1)·u_2                     extension by u_2, product with 0
//!                    v_3+1 + v_1·(1+u_1) + (1+u_1)·u_2     extension by u_2, product with v_1
//! ```
//!
//! (`|` is where the next level cuts.) The result is f at the points v_4 and v_4 + v_1, one root of each of the two factors of
//! M, which have degree 8: indeed u_2² = u_2 + v_3 and u_2⁴ = u_2 + u_1, hence u_2⁵ = v_3 + (1+u_1)·u_2. Sixteen bits have become
//! two elements of GF(2^8). A product modulo M takes two products of such elements, and the levels backwards.
//!
//! **Bit planes.** Elements are held bit by bit, 64 elements at a time: words of a polynomial's bits are already such
//! planes. Levels 1 to 10 work on columns of 2^10 words, far apart, with 64 neighbouring bits in a word
//! ([`columns`]). They make 64 nodes; a transposition then puts the nodes side by side in a word and what were
//! neighbouring bits one after the other, and the later levels never look inside a word again ([`transform`]). A
//! multiplication in GF(2^32) costs about 1000 operations on words and makes 64 products. The multipliers depend on
//! positions only, the order of all operations on sizes only, so that time and memory accesses tell nothing about the
//! data.
//!
//! Sources: Gao & Mateer, IEEE Trans. Inf. Theory 56 (2010) for the additive FFT over Cantor bases; Lin, Chung, Han,
//! FOCS 2014 for the basis X_i; Chen, Cheng, Kuo, Li, Yang, arXiv:1708.09746 for products of binary polynomials by
//! it; Li, Chen, Kuo, Cheng, Yang, ISSAC 2018 (arXiv:1802.03932) for the use of Frobenius.

pub(super) mod basis;
mod columns;
mod levels;
pub(super) mod tower;
mod transform;

pub(super) use transform::{LOG_LENS, Spectrum};

/// W: adds to bits 0..t of a polynomial of degree < 2^m its top t bits, for each term x^t of M below the highest.
///
/// This is ⌊M·f/x^{2^m}⌋, and as every t is at most 2^m/2, doing it twice gives f back. In the basis X_i a polynomial is f_low +
/// s_m·f_high, and W(f_high) its upper half in powers of x.
pub(super) fn add_wrapped(words: &mut [u64]) {
    let m = words.len().ilog2() + 6;
    for t in terms(m).filter(|t| (1..1 << m).contains(t)) {
        basis::add_top_to_bottom(words, t);
    }
}

/// The t of the terms x^t of M = s_m + 1.
pub(super) fn terms(m: u32) -> impl Iterator<Item = usize> {
    // s_m = Σ binomial(m, i)·x^{2^i}, and the binomial is odd where the ones of i are ones of m (Lucas).
    std::iter::once(0).chain((0..=m).filter(move |i| m & i == *i).map(|i| 1 << i))
}
