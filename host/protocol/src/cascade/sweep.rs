//! [`Sweep`]: pass 0 of 64 frames side by side.
//!
//! Before an error is known, all frames ask the same questions about all their blocks, and half of the frames go on in each
//! half of a block. *Row* i is therefore the word of the bits i of all frames: the parity of an interval is one XOR of two
//! prefix rows for all of them, and which frames go on is a mask at the place where the interval is halved.
//!
//! ```text
//! block     0       4       8      the mask at 4: frames in which 0..8 is odd
//! level 0   |_______|_______|      at 2: those in which 0..4 is, at 6: those in which 4..8 is
//! level 1   |___|___|___|___|      …
//! ```

use qkdpp_kernels::Bits;
use qkdpp_kernels::bitslice::{GROUP, slices, transpose};
use zeroize::Zeroizing;

use super::packed::{Packer, Reader};
use super::tables::{Node, Tables, Tree};

/// The state of pass 0. All rows are public but those of the key.
pub(super) struct Sweep {
    /// The frames that there are.
    lanes: u64,
    /// Row i: the parity of the bits below i.
    prefix: Zeroizing<Vec<u64>>,
    /// Row i: frames that have cut an interval at i; these have asked for the parity of its left part.
    cuts: Vec<u64>,
    /// Row i: frames whose bit i is wrong, and frames in which it is known whether it is.
    told: Vec<[u64; 2]>,
}

impl Sweep {
    /// A sweep over the `frames` ≤ 64 frames of `key` from frame `first` on.
    #[inline(always)]
    pub(super) fn new(tables: &Tables, key: &Bits, first: usize, frames: usize) -> Self {
        let frame_bits = tables.frame_bits();
        let rows = Zeroizing::new(slices::<1>(key, first * frame_bits, frame_bits));
        let mut prefix = Zeroizing::new(Vec::with_capacity(rows.len() + 1));
        let mut parity = 0;
        prefix.push(0);
        prefix.extend(rows.as_flattened().iter().map(|row| {
            parity ^= row;
            parity
        }));
        prefix.truncate(frame_bits + 1);
        let rows = 64 * tables.words();
        let lanes = u64::MAX >> (GROUP - frames);
        Self { lanes, prefix, cuts: vec![0; rows], told: vec![[0; 2]; rows] }
    }

    /// Asks for the blocks of all frames.
    #[inline(always)]
    pub(super) fn ask_blocks(&self, tables: &Tables, questions: &mut Packer) {
        for (start, tree) in blocks(tables) {
            let parity = self.prefix[start] ^ self.prefix[start + tree.bits];
            questions.push_word(parity & self.lanes, self.lanes.count_ones());
        }
    }

    /// Takes the differences of the blocks.
    #[inline(always)]
    pub(super) fn settle_blocks(&mut self, tables: &Tables, differences: &mut Reader) {
        for (start, tree) in blocks(tables) {
            let odd = differences.next_masked(self.lanes);
            self.begin(start, tree.bits, self.lanes, odd);
            self.cuts[start] |= self.lanes;
        }
    }

    /// Asks for the left halves of the odd intervals of a level; nothing below the lowest.
    #[inline(always)]
    pub(super) fn ask_level(&self, tables: &Tables, level: usize, questions: &mut Packer) {
        for (start, tree) in blocks(tables) {
            for Node { low, split, .. } in tree.level(level) {
                let mask = self.cuts[start + split];
                let parity = self.prefix[start + low] ^ self.prefix[start + split];
                questions.push_masked(parity, mask);
            }
        }
    }

    /// Takes the differences of a level.
    #[inline(always)]
    pub(super) fn settle_level(&mut self, tables: &Tables, level: usize, differences: &mut Reader) {
        for (start, tree) in blocks(tables) {
            for Node { low, split, high } in tree.level(level) {
                let mask = self.cuts[start + split];
                let left = differences.next_masked(mask);
                self.begin(start + low, split - low, mask, left);
                self.begin(start + split, high - split, mask, mask & !left);
            }
        }
    }

    /// An interval whose parity is known in the frames of `asked`, and odd in those of `odd`.
    #[inline(always)]
    fn begin(&mut self, low: usize, bits: usize, asked: u64, odd: u64) {
        if bits == 1 {
            let [wrong, known] = &mut self.told[low];
            *wrong |= odd;
            *known |= asked;
        } else {
            self.cuts[low + bits / 2] |= odd;
        }
    }

    /// Word `word` of each frame's cuts, errors and known bits in pass 0.
    #[inline(always)]
    pub(super) fn words(&self, word: usize) -> [[u64; GROUP]; 3] {
        let mut cuts: [u64; GROUP] = self.cuts[64 * word..][..64].try_into().expect("64 rows");
        transpose(&mut cuts);
        let [errors, known] = transposed(self.told[64 * word..][..64].iter());
        [cuts, errors, known]
    }

    /// Word `word` of each frame's errors and known bits in the order of a later pass.
    #[inline(always)]
    pub(super) fn permuted(&self, tables: &Tables, pass: usize, word: usize) -> [[u64; GROUP]; 2] {
        let bits = tables.order(pass)[64 * word..].iter().take(64);
        transposed(bits.map(|&bit| &self.told[usize::from(bit)]))
    }
}

/// A word of each frame's errors and known bits.
#[inline(always)]
fn transposed<'a>(rows: impl Iterator<Item = &'a [u64; 2]>) -> [[u64; GROUP]; 2] {
    let mut words = [[0; GROUP]; 2];
    for (index, [wrong, known]) in rows.enumerate() {
        (words[0][index], words[1][index]) = (*wrong, *known);
    }
    words.iter_mut().for_each(transpose);
    words
}

/// Where each block of pass 0 starts, and how it is halved.
#[inline(always)]
fn blocks(tables: &Tables) -> impl Iterator<Item = (usize, &Tree)> {
    let [full, last] = &tables.trees;
    let end = tables.frame_bits() - last.bits;
    let rest = (last.bits > 0).then_some((end, last));
    (0..end).step_by(full.bits).map(move |start| (start, full)).chain(rest)
}
