//! [`BitRows`]: many bit rows of one length in one allocation, with the scans that interval look-ups need.

use std::ops::Range;

/// Rows of bits, each starting at a word of its own so that a scan never leaves its row.
pub(super) struct BitRows {
    words_per_row: usize,
    words: Vec<u64>,
}

impl BitRows {
    /// `rows` rows of `bits` zero bits.
    pub(super) fn zeros(rows: usize, bits: usize) -> Self {
        let words_per_row = bits.div_ceil(64);
        Self { words_per_row, words: vec![0; rows * words_per_row] }
    }

    pub(super) fn set(&mut self, row: usize, bit: usize) {
        self.words[row * self.words_per_row + bit / 64] |= 1 << (bit % 64);
    }

    /// Inverts a bit and returns its new value.
    pub(super) fn flip(&mut self, row: usize, bit: usize) -> bool {
        let word = &mut self.words[row * self.words_per_row + bit / 64];
        *word ^= 1 << (bit % 64);
        *word >> (bit % 64) & 1 == 1
    }

    /// The last one at or before `bit`.
    pub(super) fn one_at_or_before(&self, row: usize, bit: usize) -> Option<usize> {
        let row = self.row(row);
        let mut index = bit / 64;
        let mut word = row[index] & (u64::MAX >> (63 - bit % 64));
        while word == 0 {
            index = index.checked_sub(1)?;
            word = row[index];
        }
        Some(64 * index + 63 - word.leading_zeros() as usize)
    }

    /// The first one at or after `bit`, which may be the length of the row.
    pub(super) fn one_at_or_after(&self, row: usize, bit: usize) -> Option<usize> {
        let row = self.row(row);
        let mut index = bit / 64;
        let mut word = row.get(index)? & (u64::MAX << (bit % 64));
        while word == 0 {
            index += 1;
            word = *row.get(index)?;
        }
        Some(64 * index + word.trailing_zeros() as usize)
    }

    /// The parity of the non-empty `range` of a row.
    pub(super) fn parity(&self, row: usize, range: Range<usize>) -> bool {
        let (first, last) = (range.start / 64, (range.end - 1) / 64);
        let head = u64::MAX << (range.start % 64);
        let tail = u64::MAX >> (63 - (range.end - 1) % 64);
        let words = &self.row(row)[first..=last];
        let sum = match words {
            [only] => only & head & tail,
            [start, middle @ .., end] => {
                middle.iter().fold(start & head ^ end & tail, |sum, word| sum ^ word)
            }
            [] => 0,
        };
        sum.count_ones() % 2 == 1
    }

    fn row(&self, row: usize) -> &[u64] {
        &self.words[row * self.words_per_row..][..self.words_per_row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_and_parities_agree_with_a_plain_list() {
        for len in [1, 2, 63, 64, 65, 128, 200] {
            let is_one = |i: usize| (i * i + i / 3 + len).is_multiple_of(7) || i == 64;
            let mut rows = BitRows::zeros(3, len);
            for neighbour in [0, 2] {
                (0..len).for_each(|bit| rows.set(neighbour, bit));
            }
            (0..len).filter(|&bit| is_one(bit)).for_each(|bit| rows.set(1, bit));

            assert_eq!(rows.one_at_or_after(1, len), None);
            for bit in 0..len {
                assert_eq!(
                    rows.one_at_or_before(1, bit),
                    (0..=bit).rev().find(|&i| is_one(i)),
                    "{len} {bit}"
                );
                assert_eq!(rows.one_at_or_after(1, bit), (bit..len).find(|&i| is_one(i)), "{len} {bit}");
                for end in bit + 1..=len {
                    let ones = (bit..end).filter(|&i| is_one(i)).count();
                    assert_eq!(rows.parity(1, bit..end), ones % 2 == 1, "{len} {bit}..{end}");
                }
                assert_eq!(rows.flip(1, bit), !is_one(bit));
                assert_eq!(rows.flip(1, bit), is_one(bit));
            }
        }
    }
}
