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
use qkdpp_kernels::parities::portable::transpose;
use zeroize::Zeroizing;

use super::packed::{Packer, Reader};
use super::tables::{Node, Tables, Tree};

/// Frames of a group: the bits of a word.
pub(super) const GROUP: usize = 64;

/// The state of pass 0. All rows are public but those of the key.
pub(super) struct Sweep {
    /// The frames that there are.
    lanes: u64,
    /// Row i: the parity of the bits below i.
    prefix: Zeroizing<Vec<u64>>,
    /// Row i: frames that have cut an interval at i; these have asked for the parity of its left part.
    cuts: Vec<u64>,
    /// Row i: frames whose bit i is wrong.
    errors: Vec<u64>,
    /// Row i: frames in which that is known of bit i.
    known: Vec<u64>,
}

impl Sweep {
    /// A sweep over the `frames` ≤ 64 frames of `key` from frame `first` on.
    pub(super) fn new(tables: &Tables, key: &Bits, first: usize, frames: usize) -> Self {
        let frame_bits = tables.frame_bits();
        let mut prefix = Zeroizing::new(Vec::with_capacity(64 * tables.words() + 1));
        let mut parity = 0;
        prefix.push(0);
        for word in 0..tables.words() {
            let mut block = Zeroizing::new([0; 64]);
            for (frame, row) in block.iter_mut().enumerate().take(frames) {
                // Past the end of the frame these are bits of the next one, in rows that are cut off below.
                *row = key.word_at((first + frame) * frame_bits + 64 * word);
            }
            transpose(&mut block);
            for row in block.iter() {
                parity ^= row;
                prefix.push(parity);
            }
        }
        prefix.truncate(frame_bits + 1);
        let rows = vec![0; 64 * tables.words()];
        let lanes = u64::MAX >> (GROUP - frames);
        Self { lanes, prefix, cuts: rows.clone(), errors: rows.clone(), known: rows }
    }

    /// Asks for the blocks of all frames.
    pub(super) fn ask_blocks(&self, tables: &Tables, questions: &mut Packer) {
        for (start, tree) in blocks(tables) {
            let parity = self.prefix[start] ^ self.prefix[start + tree.bits];
            questions.push_word(parity & self.lanes, self.lanes.count_ones());
        }
    }

    /// Takes the differences of the blocks.
    pub(super) fn settle_blocks(&mut self, tables: &Tables, differences: &mut Reader) {
        for (start, tree) in blocks(tables) {
            let odd = differences.next_masked(self.lanes);
            self.begin(start, tree.bits, self.lanes, odd);
            self.cuts[start] |= self.lanes;
        }
    }

    /// Asks for the left halves of the odd intervals of a level; nothing below the lowest.
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
    fn begin(&mut self, low: usize, bits: usize, asked: u64, odd: u64) {
        if bits == 1 {
            self.known[low] |= asked;
            self.errors[low] |= odd;
        } else {
            self.cuts[low + bits / 2] |= odd;
        }
    }

    /// Word `word` of each frame's cuts, errors and known bits in pass 0.
    pub(super) fn words(&self, word: usize) -> [[u64; GROUP]; 3] {
        [&self.cuts, &self.errors, &self.known].map(|rows| {
            let mut block: [u64; GROUP] = rows[64 * word..][..64].try_into().expect("64 rows");
            transpose(&mut block);
            block
        })
    }

    /// Word `word` of each frame's errors and known bits in the order of a later pass.
    pub(super) fn permuted(&self, tables: &Tables, pass: usize, word: usize) -> [[u64; GROUP]; 2] {
        [&self.errors, &self.known].map(|rows| {
            let mut block = [0; GROUP];
            for (row, &bit) in block.iter_mut().zip(&tables.order(pass)[64 * word..]) {
                *row = rows[bit as usize];
            }
            transpose(&mut block);
            block
        })
    }
}

/// Where each block of pass 0 starts, and how it is halved.
fn blocks(tables: &Tables) -> impl Iterator<Item = (usize, &Tree)> {
    let [full, last] = &tables.trees;
    let end = tables.frame_bits() - last.bits;
    let rest = (last.bits > 0).then_some((end, last));
    (0..end).step_by(full.bits).map(move |start| (start, full)).chain(rest)
}
