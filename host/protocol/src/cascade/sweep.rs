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

/// Words of each frame that are transposed together: a cache line.
const LINE: usize = 8;

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
        Self { lanes, prefix, cuts: vec![0; rows], errors: vec![0; rows] }
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
            self.begin(start, tree.bits, odd);
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
                self.begin(start + low, split - low, left);
                self.begin(start + split, high - split, mask & !left);
            }
        }
    }

    /// An interval that is odd in the frames of `odd`.
    #[inline(always)]
    fn begin(&mut self, low: usize, bits: usize, odd: u64) {
        if bits == 1 {
            self.errors[low] |= odd;
        } else {
            self.cuts[low + bits / 2] |= odd;
        }
    }

    /// What was found in each frame.
    #[inline(always)]
    pub(super) fn found(&self) -> Swept {
        Swept { words: self.cuts.len() / 64, cuts: by_frame(&self.cuts), errors: by_frame(&self.errors) }
    }
}

/// What pass 0 has found in each frame of its group.
pub(super) struct Swept {
    words: usize,
    cuts: Vec<u64>,
    errors: Vec<u64>,
}

impl Swept {
    /// Where the intervals of a frame begin, as words of the frame.
    #[inline(always)]
    pub(super) fn cuts(&self, lane: usize) -> &[u64] {
        &self.cuts[lane * self.words..][..self.words]
    }

    /// The errors of a frame.
    #[inline(always)]
    pub(super) fn errors(&self, lane: usize) -> &[u64] {
        &self.errors[lane * self.words..][..self.words]
    }

    /// The bits of a frame that are known, an interval each. The last one is, if an interval begins there.
    #[inline(always)]
    pub(super) fn known(&self, lane: usize, frame_bits: usize) -> impl Iterator<Item = u64> {
        let cuts = self.cuts(lane);
        cuts.iter().enumerate().map(move |(word, &here)| {
            let end = if frame_bits <= 64 * (word + 1) { 1 << ((frame_bits - 1) % 64) } else { 0 };
            let next = cuts.get(word + 1).map_or(0, |next| next << 63);
            here & (here >> 1 | next | end)
        })
    }
}

/// Rows of 64 frames as words of each frame, one frame after the other.
#[inline(always)]
fn by_frame(rows: &[u64]) -> Vec<u64> {
    let words = rows.len() / 64;
    let mut frames = vec![0; GROUP * words];
    for (line, rows) in rows.chunks(64 * LINE).enumerate() {
        // As many words at a time as a frame has side by side in the cache.
        let mut blocks = [[0; 64]; LINE];
        for (block, rows) in blocks.iter_mut().zip(rows.as_chunks().0) {
            *block = *rows;
            transpose(block);
        }
        let filled = rows.len() / 64;
        for (lane, frame) in frames.chunks_exact_mut(words).enumerate() {
            for (word, block) in frame[LINE * line..][..filled].iter_mut().zip(&blocks) {
                *word = block[lane];
            }
        }
    }
    frames
}

/// Where each block of pass 0 starts, and how it is halved.
#[inline(always)]
fn blocks(tables: &Tables) -> impl Iterator<Item = (usize, &Tree)> {
    let [full, last] = &tables.trees;
    let end = tables.frame_bits() - last.bits;
    let rest = (last.bits > 0).then_some((end, last));
    (0..end).step_by(full.bits).map(move |start| (start, full)).chain(rest)
}
