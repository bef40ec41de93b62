//! [`Tables`]: what both sides derive from the schedule and the seed of a block before any parity is exchanged.

use std::ops::Range;
use std::sync::Arc;

use qkdpp_kernels::ShapeError;
use qkdpp_kernels::bitslice::transpose;
use qkdpp_kernels::parities::Permutation;
use qkdpp_kernels::simd::prefetch;
use sha3::digest::{ExtendableOutput, Update, XofReader};
use sha3::{Digest, Sha3_256, Shake256};

use super::variant::Schedule;

const PASS_SEED_DOMAIN: &[u8] = b"qkdpp cascade pass 1";
const CODE_SEED_DOMAIN: &[u8] = b"qkdpp cascade codes 1";

/// Where the bits of a frame stand in each pass, and which checks they belong to.
///
/// Pass 0 has the frame as it is, whose errors are spread well enough by the channel, each further pass a permutation of
/// its own. The failures of a bad set of permutations repeat in every frame that uses it, so each block takes a fresh
/// seed. It is public and need not be secret, but unknown until the quantum phase of the block is over.
pub struct Tables {
    pub(super) schedule: Schedule,
    permutations: Vec<Arc<Permutation>>,
    /// Bit of the frame at each place, for each pass but the first.
    bits: Vec<u16>,
    /// Place of each bit in every pass but the first, bit after bit.
    places: Vec<u16>,
    late: Late,
    /// What an error in each bit changes of a frame's syndrome.
    columns: Vec<u32>,
    /// The bits of each check as masks of the frame's words, check after check.
    masks: Vec<u64>,
    /// Starts of blocks, as words of the frame, pass after pass.
    starts: Vec<u64>,
    /// How the blocks of pass 0 are halved: those of full length, and the last one.
    pub(super) trees: [Tree; 2],
}

impl Tables {
    /// The tables of a block for `schedule`; `seed` is the block's.
    ///
    /// # Errors
    /// If the frame length is none of a permutation, which a schedule's always is.
    pub fn new(schedule: Schedule, seed: &[u8; 32]) -> Result<Self, ShapeError> {
        let (frame_bits, passes) = (schedule.frame_bits(), schedule.passes());
        let permutation = |pass| match pass {
            0 => Permutation::identity(frame_bits),
            _ => Permutation::new(&pass_seed(seed, pass), frame_bits),
        };
        let permutations: Vec<Arc<Permutation>> =
            (0..passes).map(|pass| permutation(pass).map(Arc::new)).collect::<Result<_, _>>()?;
        let further = passes - 1;
        let mut places = vec![0; frame_bits * further];
        for (index, permutation) in permutations[1..].iter().enumerate() {
            for (place, &bit) in permutation.indices().iter().enumerate() {
                places[bit as usize * further + index] = place as u16;
            }
        }
        let bits = permutations[1..]
            .iter()
            .flat_map(|permutation| permutation.indices())
            .map(|&bit| bit as u16)
            .collect();
        let codes = codes(seed, frame_bits, schedule.checks());
        let masks = masks(&codes, schedule.checks());
        let late = Late::new(&schedule);
        let columns = (0..frame_bits)
            .map(|bit| late.column(&schedule, &places[bit * further..][..further], codes[bit]))
            .collect();
        let first = schedule.block_bits()[0];
        let trees = [Tree::new(first), Tree::new(frame_bits % first)];
        let starts = schedule.block_bits().iter().flat_map(|&block| starts(frame_bits, block)).collect();
        Ok(Self { schedule, permutations, bits, places, late, columns, masks, starts, trees })
    }

    /// The passes and their blocks.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The permutation of each pass, the first being the identity.
    pub fn permutations(&self) -> &[Arc<Permutation>] {
        &self.permutations
    }

    pub(super) fn frame_bits(&self) -> usize {
        self.schedule.frame_bits()
    }

    pub(super) fn passes(&self) -> usize {
        self.schedule.passes()
    }

    /// Words that hold a frame.
    pub(super) fn words(&self) -> usize {
        self.frame_bits().div_ceil(64)
    }

    /// The bit of the frame at a place of a pass.
    #[inline(always)]
    pub(super) fn bit(&self, pass: usize, place: usize) -> usize {
        match pass {
            0 => place,
            _ => self.bits[(pass - 1) * self.frame_bits() + place].into(),
        }
    }

    /// The place of a bit in a pass.
    #[inline(always)]
    pub(super) fn place(&self, pass: usize, bit: usize) -> usize {
        if pass == 0 { bit } else { self.places(bit)[pass - 1].into() }
    }

    /// Asks for the memory of [`bit`](Self::bit) in a pass but the first.
    #[inline(always)]
    pub(super) fn prefetch_place(&self, pass: usize, place: usize) {
        prefetch(&self.bits, (pass - 1) * self.frame_bits() + place);
    }

    /// Asks for the memory of all that is known of a bit.
    #[inline(always)]
    pub(super) fn prefetch_bit(&self, bit: usize) {
        prefetch(&self.places, bit * (self.passes() - 1));
        prefetch(&self.columns, bit);
    }

    /// The place of a bit in every pass but the first, where it is the bit's own.
    #[inline(always)]
    pub(super) fn places(&self, bit: usize) -> &[u16] {
        &self.places[bit * (self.passes() - 1)..][..self.passes() - 1]
    }

    /// Where the blocks of a pass start, as words of the frame.
    pub(super) fn starts(&self, pass: usize) -> &[u64] {
        &self.starts[pass * self.words()..][..self.words()]
    }

    /// Which passes are kept as parities of blocks at first.
    pub(super) fn late(&self) -> &Late {
        &self.late
    }

    /// What an error in a bit changes of a frame's syndrome.
    #[inline(always)]
    pub(super) fn column(&self, bit: usize) -> u64 {
        self.columns[bit].into()
    }

    /// The bits of a check, as words of the frame.
    pub(super) fn mask(&self, check: usize) -> &[u64] {
        &self.masks[check * self.words()..][..self.words()]
    }
}

/// The last passes, of whose blocks there are few.
///
/// A frame's *syndrome* is one word: the parities of the blocks of these passes, one after the other, then those of the checks. What
/// an error changes of all of them is then one XOR, and more is kept of a late pass only from when a frame has to search it. It has
/// 32 bits at most, since the table of what errors change is looked up for each of them.
#[derive(Default)]
pub(super) struct Late {
    /// The first of them.
    first: usize,
    /// Where the blocks of each stand in a syndrome.
    blocks: Vec<Range<u32>>,
    /// Where the checks begin.
    checks: u32,
    /// What is asked of a syndrome: all but the last block of each pass, whose parity follows from the others'.
    asked: u64,
}

impl Late {
    /// From the third pass on at the earliest: the first two are searched in every frame.
    const EARLIEST: usize = 2;

    fn new(schedule: &Schedule) -> Self {
        let blocks = |bits: &usize| schedule.frame_bits().div_ceil(*bits);
        let (mut first, mut room) = (schedule.passes(), u32::BITS as usize - schedule.checks());
        while first > Self::EARLIEST && blocks(&schedule.block_bits()[first - 1]) <= room {
            first -= 1;
            room -= blocks(&schedule.block_bits()[first]);
        }
        let mut late = Self { first, ..Self::default() };
        for bits in &schedule.block_bits()[first..] {
            let end = late.checks + blocks(bits) as u32;
            late.asked |= ones(late.checks..end - 1);
            late.blocks.push(late.checks..end);
            late.checks = end;
        }
        late.asked |= ones(late.checks..late.checks + schedule.checks() as u32);
        late
    }

    /// `places`: those of the bit in each pass but the first.
    fn column(&self, schedule: &Schedule, places: &[u16], code: u16) -> u32 {
        let places = self.blocks.iter().zip(places.iter().skip(self.first - 1));
        let passes = places.zip(&schedule.block_bits()[self.first..]);
        passes.fold(u32::from(code).unbounded_shl(self.checks), |column, ((blocks, &place), bits)| {
            column | 1 << (blocks.start as usize + usize::from(place) / bits)
        })
    }

    /// The passes that are not late.
    pub(super) fn early(&self) -> Range<usize> {
        0..self.first
    }

    /// The late passes, each with the place of its blocks in a syndrome.
    pub(super) fn passes(&self) -> impl Iterator<Item = (usize, Range<u32>)> {
        (self.first..).zip(self.blocks.iter().cloned())
    }

    /// The parities of a late pass's blocks, the first one lowest.
    #[inline(always)]
    pub(super) fn blocks(&self, syndrome: u64, pass: usize) -> u64 {
        let blocks = &self.blocks[pass - self.first];
        (syndrome & ones(blocks.clone())) >> blocks.start
    }

    /// The parities of the checks, the first one lowest.
    #[inline(always)]
    pub(super) fn checks(&self, syndrome: u64) -> u64 {
        syndrome.unbounded_shr(self.checks)
    }

    /// A syndrome of these checks, which changes no block.
    pub(super) fn of_checks(&self, checks: u64) -> u64 {
        checks.unbounded_shl(self.checks)
    }

    /// Which bits of a syndrome are asked.
    pub(super) fn asked(&self) -> u64 {
        self.asked
    }

    /// Puts in what follows: the parities of all blocks of a pass add up to 0.
    #[inline(always)]
    pub(super) fn completed(&self, syndrome: u64) -> u64 {
        let last = |blocks: &Range<u32>| {
            let odd = (syndrome & ones(blocks.clone())).count_ones() % 2;
            u64::from(odd) << (blocks.end - 1)
        };
        self.blocks.iter().fold(syndrome, |syndrome, blocks| syndrome | last(blocks))
    }
}

/// Ones at the places of a range within a word.
#[inline(always)]
fn ones(range: Range<u32>) -> u64 {
    let below = |end: u32| 1_u64.unbounded_shl(end).wrapping_sub(1);
    below(range.end) & !below(range.start)
}

/// The blocks of a pass but the last.
#[inline(always)]
pub(super) fn asked_blocks(tables: &Tables, pass: usize) -> impl Iterator<Item = Range<usize>> {
    let (frame_bits, block_bits) = (tables.frame_bits(), tables.schedule().block_bits()[pass]);
    let asked = frame_bits.div_ceil(block_bits) - 1;
    (0..asked).map(move |block| block * block_bits..(block + 1) * block_bits)
}

/// The seed of a pass's permutation.
fn pass_seed(seed: &[u8; 32], pass: usize) -> [u8; 32] {
    let mut hash = Sha3_256::new();
    Update::update(&mut hash, PASS_SEED_DOMAIN);
    Update::update(&mut hash, seed);
    Update::update(&mut hash, &(pass as u64).to_le_bytes());
    hash.finalize().into()
}

/// A code of `checks` ≤ 16 bits for each bit of a frame: each run of 2^`checks` bits has every code once, so that two errors
/// close together, which blocks of pass 0 miss most often, never cancel in all the checks. Three rounds of a Feistel network
/// with random tables mix the bits of the position.
fn codes(seed: &[u8; 32], frame_bits: usize, checks: usize) -> Vec<u16> {
    let (low_bits, high_bits) = (checks.div_ceil(2), checks / 2);
    let (low_mask, high_mask) = ((1 << low_bits) - 1, (1 << high_bits) - 1);
    let mut codes = Vec::with_capacity(frame_bits);
    for run in 0..frame_bits.div_ceil(1 << checks) {
        let mut hash = Shake256::default();
        hash.update(CODE_SEED_DOMAIN);
        hash.update(seed);
        hash.update(&(run as u64).to_le_bytes());
        let mut stream = hash.finalize_xof();
        let [first, second, third] = [low_bits, high_bits, low_bits].map(|bits| {
            let mut table = vec![0; 1 << bits];
            stream.read(&mut table);
            table
        });
        let code = |position: usize| {
            let (mut low, mut high) = (position & low_mask, position >> low_bits);
            high ^= usize::from(first[low]) & high_mask;
            low ^= usize::from(second[high]) & low_mask;
            high ^= usize::from(third[low]) & high_mask;
            (high << low_bits | low) as u16
        };
        codes.extend((0..(1 << checks).min(frame_bits - codes.len())).map(code));
    }
    codes
}

fn masks(codes: &[u16], checks: usize) -> Vec<u64> {
    let words = codes.len().div_ceil(64);
    let mut masks = vec![0; words * checks];
    for (word, codes) in codes.chunks(64).enumerate() {
        let mut block = [0; 64];
        block.iter_mut().zip(codes).for_each(|(row, &code)| *row = code.into());
        transpose(&mut block);
        for (mask, row) in masks.iter_mut().skip(word).step_by(words).zip(block) {
            *mask = row;
        }
    }
    masks
}

fn starts(frame_bits: usize, block_bits: usize) -> Vec<u64> {
    let mut words = vec![0; frame_bits.div_ceil(64)];
    (0..frame_bits).step_by(block_bits).for_each(|place| words[place / 64] |= 1 << (place % 64));
    words
}

/// The halvings of a block, level by level down to single places.
pub(super) struct Tree {
    /// Length of the block; 0 for no block.
    pub(super) bits: usize,
    levels: Vec<Vec<Node>>,
}

/// An interval `low..high` of a block, and where it is halved.
#[derive(Clone, Copy)]
pub(super) struct Node {
    pub(super) low: usize,
    pub(super) split: usize,
    pub(super) high: usize,
}

impl Tree {
    fn new(bits: usize) -> Self {
        let mut levels = Vec::new();
        let mut intervals = Vec::from([(0, bits)]);
        loop {
            intervals.retain(|(low, high)| high - low > 1);
            if intervals.is_empty() {
                return Self { bits, levels };
            }
            let node = |&(low, high)| Node { low, split: usize::midpoint(low, high), high };
            let level: Vec<Node> = intervals.iter().map(node).collect();
            intervals =
                level.iter().flat_map(|node| [(node.low, node.split), (node.split, node.high)]).collect();
            levels.push(level);
        }
    }

    /// The nodes of a level, ascending; none below the lowest.
    pub(super) fn level(&self, level: usize) -> &[Node] {
        self.levels.get(level).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::Variant;

    #[test]
    fn a_column_has_a_block_of_each_late_pass() {
        for variant in Variant::ALL {
            let tables = Tables::new(variant.schedule(0.02, 3000), &[3; 32]).unwrap();
            let late = tables.late();
            assert!(late.early().len() >= Late::EARLIEST.min(tables.passes()), "{variant:?}");
            for bit in [0, 777, 2999] {
                for (pass, _) in late.passes() {
                    let block = tables.place(pass, bit) / tables.schedule().block_bits()[pass];
                    assert_eq!(late.blocks(tables.column(bit), pass), 1 << block, "{variant:?}, pass {pass}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_asked_of_an_even_number_of_errors_follows() {
        for variant in Variant::ALL {
            let tables = Tables::new(variant.schedule(0.02, 3000), &[3; 32]).unwrap();
            let (late, bits) = (tables.late(), [5, 70, 71, 1234, 2222, 2999]);
            let syndrome = bits.iter().fold(0, |sum, &bit| sum ^ tables.column(bit));
            assert_eq!(late.completed(syndrome & late.asked()), syndrome, "{variant:?}");
            let implied = late.passes().count() as u32;
            let blocks: u32 = late.passes().map(|(_, blocks)| blocks.len() as u32).sum();
            assert_eq!(late.asked().count_ones(), blocks - implied + tables.schedule().checks() as u32);
        }
    }
}
