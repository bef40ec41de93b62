//! Bits of frames and syndromes to words of lanes and back: TABLES.md §1.

use qkdpp_kernels::Bits;
use zeroize::Zeroizing;

use super::tables::{Column, Tables};

/// Words of 64 bits that a word of 256 lanes fills.
const WIDEST: usize = 4;

/// A list of words, one of `lanes` bits after the other.
pub(super) struct Words {
    lanes: usize,
    list: Zeroizing<Vec<u64>>,
}

impl Words {
    /// Room for `count` words, in whole beats, all zero.
    pub(super) fn new(lanes: usize, count: usize) -> Self {
        Self { lanes, list: Zeroizing::new(vec![0; beats(lanes, count) * 4]) }
    }

    pub(super) fn as_slice(&self) -> &[u64] {
        &self.list
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u64] {
        &mut self.list
    }

    /// Sets word `index`, which is zero.
    fn set(&mut self, index: usize, word: [u64; WIDEST]) {
        if self.lanes < 64 {
            let at = index * self.lanes;
            self.list[at / 64] |= (word[0] & ((1 << self.lanes) - 1)) << (at % 64);
        } else {
            let count = self.lanes / 64;
            self.list[index * count..(index + 1) * count].copy_from_slice(&word[..count]);
        }
    }

    fn get(&self, index: usize) -> [u64; WIDEST] {
        let mut word = [0; WIDEST];
        if self.lanes < 64 {
            let at = index * self.lanes;
            word[0] = self.list[at / 64] >> (at % 64) & ((1 << self.lanes) - 1);
        } else {
            let count = self.lanes / 64;
            word[..count].copy_from_slice(&self.list[index * count..(index + 1) * count]);
        }
        word
    }
}

/// Beats that `count` words of `lanes` bits fill.
pub(super) fn beats(lanes: usize, count: usize) -> usize {
    (lanes * count).div_ceil(256)
}

impl Tables {
    /// Writes the columns of a frame, bits `start..` of `bits`. `place` says where word i of a frame goes.
    pub(super) fn put_frame(
        &self,
        bits: &Bits,
        start: usize,
        into: &mut Words,
        place: impl Fn(usize) -> usize,
    ) {
        for (index, &Column { word, turn }) in self.columns.iter().enumerate() {
            into.set(place(word), self.turned(self.natural(bits, start, index), turn));
        }
    }

    /// Writes the rows of a syndrome.
    pub(super) fn put_syndrome(&self, bits: &Bits, into: &mut Words) {
        for (index, &row) in self.rows.iter().enumerate() {
            into.set(index, self.turned(self.natural(bits, 0, row), 0));
        }
    }

    /// Reads a frame into `bits`, which are as many words of 64 bits as it has; `false` if lanes that must agree do not.
    pub(super) fn take_frame(&self, from: &Words, bits: &mut [u64]) -> bool {
        let columns = self.columns.iter().enumerate();
        let taken = columns.map(|(index, &Column { word, turn })| {
            self.take(from.get(word), (self.z - turn) % self.z, bits, 0, index)
        });
        taken.fold(true, |all, good| all & good)
    }

    /// Reads a syndrome into the bits of `bits` from `start` on.
    pub(super) fn take_syndrome(&self, from: &Words, bits: &mut [u64], start: usize) -> bool {
        let rows = self.rows.iter().enumerate();
        let taken = rows.map(|(index, &row)| self.take(from.get(index), 0, bits, start, row));
        taken.fold(true, |all, good| all & good)
    }

    /// The bits of block `block` after the split, in their natural order: z of them.
    fn natural(&self, bits: &Bits, start: usize, block: usize) -> [u64; WIDEST] {
        let mut word = [0; WIDEST];
        if self.parts == 1 {
            for (index, word) in word.iter_mut().take(self.z.div_ceil(64)).enumerate() {
                *word = bits.word_at(start + block * self.z + 64 * index);
            }
        } else {
            for i in 0..self.z {
                word[i / 64] |= u64::from(bits.get(start + self.number(block, i))) << (i % 64);
            }
        }
        word
    }

    /// Bit `i` of block `block` after the split, as it was numbered before.
    fn number(&self, block: usize, i: usize) -> usize {
        block / self.parts * self.parts * self.z + i * self.parts + block % self.parts
    }

    /// The lanes of a word whose first z bits are given, turned.
    fn turned(&self, mut word: [u64; WIDEST], turn: usize) -> [u64; WIDEST] {
        let mut z = self.z;
        if z < 64 {
            word[0] &= (1 << z) - 1;
        }
        while z < 64 {
            word[0] |= word[0] << z;
            z *= 2;
        }
        // z is a power of two; a division here would take most of a job's time.
        let last = z / 64 - 1;
        std::array::from_fn(|index| {
            let at = index + turn / 64;
            let (low, high) = (word[at & last], word[(at + 1) & last]);
            if turn.is_multiple_of(64) { low } else { low >> (turn % 64) | high << (64 - turn % 64) }
        })
    }

    /// Stores the first z lanes of a word, turned, as block `block`; `false` if the other lanes are no copies of them.
    fn take(&self, word: [u64; WIDEST], turn: usize, bits: &mut [u64], start: usize, block: usize) -> bool {
        let natural = self.turned(word, turn);
        if self.parts == 1 && self.z >= 64 {
            for (index, &word) in natural[..self.z / 64].iter().enumerate() {
                or_bits(bits, start + block * self.z + 64 * index, word);
            }
        } else if self.parts == 1 {
            or_bits(bits, start + block * self.z, natural[0] & ((1 << self.z) - 1));
        } else {
            for i in 0..self.z {
                let at = start + self.number(block, i);
                bits[at / 64] |= (natural[i / 64] >> (i % 64) & 1) << (at % 64);
            }
        }
        let full = self.turned(word, 0);
        let lanes = self.lanes.min(64);
        (0..self.lanes.div_ceil(64)).all(|index| (full[index] ^ word[index]) << (64 - lanes) == 0)
    }
}

/// Sets bits from `at` on that were zero.
fn or_bits(bits: &mut [u64], at: usize, word: u64) {
    bits[at / 64] |= word << (at % 64);
    if !at.is_multiple_of(64) && word >> (64 - at % 64) != 0 {
        bits[at / 64 + 1] |= word >> (64 - at % 64);
    }
}
