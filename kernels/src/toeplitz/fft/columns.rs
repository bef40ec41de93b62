//! Levels 1 to 10, and the transposition after them.
//!
//! The 10 highest index bits of the coefficients are the ones these levels act on: for each position in 1/1024 of the
//! polynomial, a word wide, its *column* of 1024 words goes through them on its own.
//!
//! ```text
//! index bit from the top   1   2   3   4   5   6   7   8   9   10        rest
//! becomes                 u_0 u_1  e  u_2  e   e   e  u_3  e   e
//! ```
//!
//! Levels 1, 2, 4 and 8 turn their index bit into planes of the fields up to GF(2^16), the others into branches e,
//! which number 64 nodes. The multipliers of levels 1 and 2 are v_1 and v_2 themselves: nothing is left to compute
//! there.

use zeroize::Zeroizing;

use super::levels::{extend, join, restrict, split};
use super::tower::{Field, Gf2e8, Gf2e16, Gf16};

/// Words of a column.
const COLUMN: usize = 1 << 10;

/// 64 nodes, a word of coefficients wide: before the transposition the planes of an element belong to one node and to
/// 64 coefficients, after it to 64 nodes and one coefficient.
type Nodes = [Gf2e16; 64];

/// A column on its way through the levels; wiped when dropped.
struct Column {
    gf16: Zeroizing<[Gf16; COLUMN / 4]>,
    gf2e8: Zeroizing<[Gf2e8; COLUMN / 8]>,
    nodes: Zeroizing<Nodes>,
}

/// Takes a polynomial (in the transform's basis) to 64 nodes, which become the places of words: one element for each
/// coefficient that is left.
pub(super) fn split_columns(words: &[u64]) -> Zeroizing<Vec<Gf2e16>> {
    let stride = words.len() / COLUMN;
    let mut rows = Zeroizing::new(vec![Gf2e16::default(); 64 * stride]);
    let mut column = Column::new();
    for (at, rows) in rows.as_chunks_mut().0.iter_mut().enumerate() {
        column.gather(words, at, stride);
        column.split();
        *rows = *column.nodes;
        transpose(rows);
    }
    rows
}

/// The inverse of [`split_columns`]: all coefficients, or the upper half of them if there is room for no more.
pub(super) fn join_columns(rows: &[Gf2e16], words: &mut [u64]) {
    let stride = rows.len() / 64;
    let mut column = Column::new();
    for (at, rows) in rows.as_chunks().0.iter().enumerate() {
        *column.nodes = *rows;
        transpose(&mut column.nodes);
        column.join();
        column.scatter(words, at, stride);
    }
}

impl Column {
    fn new() -> Self {
        Self {
            gf16: Zeroizing::new([Gf16::default(); COLUMN / 4]),
            gf2e8: Zeroizing::new([Gf2e8::default(); COLUMN / 8]),
            nodes: Zeroizing::new([Gf2e16::default(); 64]),
        }
    }

    fn gather(&mut self, words: &[u64], at: usize, stride: usize) {
        for (index, element) in self.gf16.iter_mut().enumerate() {
            for (plane, quarter) in QUARTER_OF_PLANE.into_iter().enumerate() {
                *element.plane(plane) = words[(quarter * COLUMN / 4 + index) * stride + at];
            }
        }
    }

    fn scatter(&mut self, words: &mut [u64], at: usize, stride: usize) {
        let left_out = 4 - 4 * words.len() / (COLUMN * stride);
        for (index, element) in self.gf16.iter_mut().enumerate() {
            for (plane, quarter) in QUARTER_OF_PLANE.into_iter().enumerate() {
                let Some(quarter) = quarter.checked_sub(left_out) else { continue };
                words[(quarter * COLUMN / 4 + index) * stride + at] = *element.plane(plane);
            }
        }
    }

    fn split(&mut self) {
        split(&mut *self.gf16, 3..=3, 1 << 2);
        for (index, (data, extended)) in
            self.gf16.chunks_exact(COLUMN / 8).zip(self.gf2e8.chunks_exact_mut(COLUMN / 16)).enumerate()
        {
            let node = node_at_4(index);
            extend(data, extended, 4, node);
            split(extended, 5..=7, node);
        }
        for (index, (data, extended)) in
            self.gf2e8.chunks_exact(COLUMN / 128).zip(self.nodes.chunks_exact_mut(4)).enumerate()
        {
            let node = node_at_8(index);
            extend(data, extended, 8, node);
            split(extended, 9..=10, node);
        }
    }

    fn join(&mut self) {
        for (index, (data, extended)) in
            self.gf2e8.chunks_exact_mut(COLUMN / 128).zip(self.nodes.chunks_exact_mut(4)).enumerate()
        {
            let node = node_at_8(index);
            join(extended, 9..=10, node);
            restrict(extended, data, 8, node);
        }
        for (index, (data, extended)) in
            self.gf16.chunks_exact_mut(COLUMN / 8).zip(self.gf2e8.chunks_exact_mut(COLUMN / 16)).enumerate()
        {
            let node = node_at_4(index);
            join(extended, 5..=7, node);
            restrict(extended, data, 4, node);
        }
        join(&mut *self.gf16, 3..=3, 1 << 2);
    }
}

/// The highest index bit is the plane of u_0, the next one that of u_1.
const QUARTER_OF_PLANE: [usize; 4] = [0, 2, 1, 3];

/// The node that level 4 leads to, with branch e_3 = `index`.
fn node_at_4(index: usize) -> u32 {
    1 << 4 | (index as u32) << 1
}

/// The node that level 8 leads to, with branches e_3, e_5, e_6, e_7 = `index`, the last one in bit 0.
fn node_at_8(index: usize) -> u32 {
    let (e3, e5_to_7) = (index as u32 >> 3, index as u32 & 7);
    1 << 8 | e3 << 5 | e5_to_7 << 1
}

/// Exchanges the number of an element with the place in its words.
fn transpose(elements: &mut Nodes) {
    for plane in 0..Gf2e16::DEGREE {
        let mut square = std::array::from_fn(|index| *elements[index].plane(plane));
        transpose_bits(&mut square);
        for (element, word) in elements.iter_mut().zip(square) {
            *element.plane(plane) = word;
        }
    }
}

/// Exchanges bit j of word i with bit i of word j: the off-diagonal quarters, then theirs, and so on.
fn transpose_bits(square: &mut [u64; 64]) {
    let (mut half, mut low_half) = (32, u64::MAX >> 32);
    while half > 0 {
        for block in square.chunks_exact_mut(2 * half) {
            let (upper, lower) = block.split_at_mut(half);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                let exchanged = (*upper >> half ^ *lower) & low_half;
                *upper ^= exchanged << half;
                *lower ^= exchanged;
            }
        }
        half /= 2;
        low_half ^= low_half << half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_square_has_rows_for_columns() {
        let square: [u64; 64] = std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut transposed = square;
        transpose_bits(&mut transposed);
        for (i, row) in transposed.iter().enumerate() {
            for (j, column) in square.iter().enumerate() {
                assert_eq!(row >> j & 1, column >> i & 1, "row {i}, column {j}");
            }
        }
    }
}
