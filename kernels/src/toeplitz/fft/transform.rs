//! [`Spectrum`]: a polynomial by its values.

use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use super::add_wrapped;
use super::basis;
use super::columns::{join_columns, split_columns};
use super::levels::{FIRST_ROW_LEVEL, extend, join, restrict, split};
use super::tower::{Field, Gf2e16, Gf2e32};

/// The sizes m: a spectrum has 2^m bits.
pub(in super::super) const LOG_LENS: RangeInclusive<u32> = 16..=31;

/// An element of the spectrum holds 2^11 bits: 64 values in GF(2^32).
const LOG_ELEMENT: u32 = 11;

/// The branches of levels 11 to 15 number this many nodes.
const NODES_AT_16: usize = 1 << (16 - FIRST_ROW_LEVEL);

/// A binary polynomial modulo M = s_m(x) + 1, by its values at a root of each irreducible factor of M; wiped when
/// dropped.
pub(in super::super) struct Spectrum {
    values: Zeroizing<Vec<Gf2e32>>,
}

impl Spectrum {
    /// The values of 0 modulo the same M.
    pub(in super::super) fn zero(&self) -> Self {
        Self { values: Zeroizing::new(vec![Gf2e32::default(); self.values.len()]) }
    }

    /// The values of the polynomial with these coefficients, which are a power of two in number and 0 from word `used` on;
    /// the words are left with anything.
    pub(in super::super) fn of(words: &mut [u64], used: usize) -> Self {
        let m = words.len().ilog2() + 6;
        assert!(LOG_LENS.contains(&m), "no transform of 2^{m} bits");
        let mut spectrum = Self { values: Zeroizing::new(vec![Gf2e32::default(); 1 << (m - LOG_ELEMENT)]) };
        basis::from_powers(basis::prefix(words, used));
        let mut rows = split_columns(words);
        split(&mut rows, FIRST_ROW_LEVEL..=15, NODE_AT_10);
        let (row_len, value_len) = (rows.len() / NODES_AT_16, spectrum.values.len() / NODES_AT_16);
        let blocks = rows.chunks_exact(row_len).zip(spectrum.values.chunks_exact_mut(value_len));
        for (index, (rows, values)) in blocks.enumerate() {
            extend(rows, values, 16, node_at_16(index));
            split(values, 17..=m, node_at_16(index));
        }
        spectrum
    }

    /// The inverse of [`of`](Self::of): all coefficients, or the upper half of them if there is room for no more.
    pub(in super::super) fn into_polynomial(mut self, words: &mut [u64]) {
        let m = self.values.len().ilog2() + LOG_ELEMENT;
        let mut rows = Zeroizing::new(vec![Gf2e16::default(); 2 * self.values.len()]);
        let (row_len, value_len) = (rows.len() / NODES_AT_16, self.values.len() / NODES_AT_16);
        let blocks = rows.chunks_exact_mut(row_len).zip(self.values.chunks_exact_mut(value_len));
        for (index, (rows, values)) in blocks.enumerate() {
            join(values, 17..=m, node_at_16(index));
            restrict(values, rows, 16, node_at_16(index));
        }
        drop(self);
        join(&mut rows, FIRST_ROW_LEVEL..=15, NODE_AT_10);
        join_columns(&rows, words);
        drop(rows);
        basis::to_powers(words);
        if words.len() < 1 << (m - 6) {
            add_wrapped(words);
        }
    }

    /// Adds the product of two polynomials modulo M.
    pub(in super::super) fn add_product(&mut self, a: &Self, b: &Self) {
        for (sum, (a, b)) in self.values.iter_mut().zip(a.values.iter().zip(b.values.iter())) {
            sum.add_product(a, &b.factor());
        }
    }
}

/// The nodes that level 10 leads to: their branches are in the places.
const NODE_AT_10: u32 = 1 << 10;

/// The node that level 16 leads to, with branches e_11..e_15 = `index`, the last one in bit 0.
fn node_at_16(index: usize) -> u32 {
    1 << 16 | (index as u32) << 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toeplitz::tests::random;

    #[test]
    fn polynomials_come_back_from_their_values() {
        for log_len in 16..=21 {
            let polynomial = random(1 << log_len, 1);
            let mut words = polynomial.words().to_vec();
            let spectrum = Spectrum::of(&mut words, polynomial.words().len());
            words.fill(0);
            spectrum.into_polynomial(&mut words);
            assert!(words == polynomial.words(), "2^{log_len} bits");
        }
    }
}
