//! The levels from the fifth on, between bytes and values.
//!
//! Levels go two at a time, through four rows of a node, which they lead to its quarters. Levels 5 and 6 take all of the
//! data; each of the parts they lead to goes on by itself, depth first, down to the blocks, so that smaller nodes stay in the
//! cache.

#![allow(clippy::inline_always, reason = "everything is compiled for the registers of its caller")]

use rayon::prelude::*;

use super::super::fft::tower::byte_planes_at;
use super::block::Block;
use super::layout::{LOG_BLOCK, Layout};
use super::levels::{EXTEND, JOIN, Rows, SPLIT, splat};
use super::machine::Machine;

/// Where each part contains whole blocks, so that they need not wait for the others.
const LEAST_WITH_BLOCKS_IN_PARTS: u32 = 21;

/// The branches of level 3.
const BRANCHES: usize = 2;

/// The parts that levels 5 and 6 lead to.
const PARTS: usize = 8;

/// Bytes to values.
pub(super) fn split<M: Machine>(machine: M, layout: Layout, data: &mut [M::V]) {
    for_each_part(machine, layout, data, BRANCHES, |tree, half, start| {
        tree.levels::<SPLIT>(half, 0, start, (5, 2));
    });
    for_each_part(machine, layout, data, PARTS, |tree, part, start| tree.split(part, start, start, 7));
    if layout.m < LEAST_WITH_BLOCKS_IN_PARTS {
        let mut block = Block::new(machine, layout);
        for address in layout.blocks(layout.m - 3) {
            block.split(&mut data[address / M::BYTES..], address);
        }
    }
}

/// The inverse of [`split`].
pub(super) fn join<M: Machine>(machine: M, layout: Layout, data: &mut [M::V]) {
    if layout.m < LEAST_WITH_BLOCKS_IN_PARTS {
        let mut block = Block::new(machine, layout);
        for address in layout.blocks(layout.m - 3) {
            block.join(&mut data[address / M::BYTES..], address);
        }
    }
    for_each_part(machine, layout, data, PARTS, |tree, part, start| tree.join(part, start, start, 7));
    for_each_part(machine, layout, data, BRANCHES, |tree, half, start| {
        tree.levels::<JOIN>(half, 0, start, (5, 2));
    });
}

/// Calls `work` with each of so many parts and its address, on all threads of a backend's pool.
fn for_each_part<M: Machine>(
    machine: M,
    layout: Layout,
    data: &mut [M::V],
    parts: usize,
    work: impl Fn(&mut Tree<M>, &mut [M::V], usize) + Send + Sync,
) {
    let len = data.len() / parts;
    let new_tree = || Tree::new(machine, layout);
    if rayon::current_thread_index().is_some() {
        let parts = data.par_chunks_exact_mut(len).enumerate();
        parts.for_each_init(new_tree, |tree, (index, part)| work(tree, part, index * len * M::BYTES));
    } else {
        let mut tree = new_tree();
        for (index, part) in data.chunks_exact_mut(len).enumerate() {
            work(&mut tree, part, index * len * M::BYTES);
        }
    }
}

/// The levels from the fifth on, in a part.
struct Tree<M: Machine> {
    machine: M,
    layout: Layout,
    /// With the level whose nodes have all bytes of a block, if parts contain whole blocks.
    block: Option<(u32, Block<M>)>,
}

impl<M: Machine> Tree<M> {
    fn new(machine: M, layout: Layout) -> Self {
        let top_lane = layout.lanes().into_iter().max().expect("a register has bytes");
        let block = (layout.m >= LEAST_WITH_BLOCKS_IN_PARTS)
            .then(|| (layout.m - top_lane, Block::new(machine, layout)));
        Self { machine, layout, block }
    }

    /// From `level` on, the node at `address`; `data` begins at the address `start`.
    fn split(&mut self, data: &mut [M::V], start: usize, address: usize, level: u32) {
        let at_once = self.at_once(level);
        self.levels::<SPLIT>(data, (address - start) / M::BYTES, address, (level, at_once));
        for child in self.children(address, level, at_once) {
            self.split(data, start, child, level + at_once);
        }
        if let Some((block_level, block)) = &mut self.block
            && *block_level == level
        {
            for offset in self.layout.blocks(self.layout.m + 1 - level) {
                block.split(&mut data[(address + offset - start) / M::BYTES..], address + offset);
            }
        }
    }

    /// The inverse of [`split`](Self::split).
    fn join(&mut self, data: &mut [M::V], start: usize, address: usize, level: u32) {
        if let Some((block_level, block)) = &mut self.block
            && *block_level == level
        {
            for offset in self.layout.blocks(self.layout.m + 1 - level) {
                block.join(&mut data[(address + offset - start) / M::BYTES..], address + offset);
            }
        }
        let at_once = self.at_once(level);
        for child in self.children(address, level, at_once) {
            self.join(data, start, child, level + at_once);
        }
        self.levels::<JOIN>(data, (address - start) / M::BYTES, address, (level, at_once));
    }

    /// Levels that go together from `level` on, up to the last one before the blocks'. No level goes together with an
    /// extension before it.
    fn at_once(&self, level: u32) -> u32 {
        let last = self.layout.m - LOG_BLOCK;
        let block_is_next = self.block.as_ref().is_some_and(|(block_level, _)| *block_level == level + 1);
        match level {
            _ if level > last => 0,
            _ if level == 16 || level == last || block_is_next => 1,
            _ => 2,
        }
    }

    /// The nodes that `at_once` levels from `level` on lead to: the first child only where the field grows.
    fn children(&self, address: usize, level: u32, at_once: u32) -> impl Iterator<Item = usize> + use<M> {
        let branches = (level..level + at_once).filter(|level| !level.is_power_of_two()).count();
        let count = if at_once == 0 { 0 } else { 1 << branches };
        let len = 1_usize << (self.layout.m + 1 - level) >> branches;
        (0..count).map(move |index| address + index * len)
    }

    fn levels<const STEP: u8>(
        &self,
        data: &mut [M::V],
        at: usize,
        address: usize,
        (level, at_once): (u32, u32),
    ) {
        if at_once == 0 {
            return;
        }
        let mut rows = Rows { machine: self.machine, data, distances: self.layout.distances() };
        self.machine.run(
            #[inline(always)]
            || match (level, at_once, byte_planes_at(level)) {
                (7, ..) => self.two_levels::<1, STEP, EXTEND>(&mut rows, at, address, level),
                (15, 2, _) => self.two_levels::<2, STEP, EXTEND>(&mut rows, at, address, level),
                (16, ..) => self.level::<2, EXTEND>(&mut rows, at, address, level),
                (_, 1, 2) => self.level::<2, STEP>(&mut rows, at, address, level),
                (_, 1, _) => self.level::<4, STEP>(&mut rows, at, address, level),
                (.., 1) => self.two_levels::<1, STEP, STEP>(&mut rows, at, address, level),
                (.., 2) => self.two_levels::<2, STEP, STEP>(&mut rows, at, address, level),
                _ => self.two_levels::<4, STEP, STEP>(&mut rows, at, address, level),
            },
        );
    }

    #[inline(always)]
    fn level<const PLANES: usize, const STEP: u8>(
        &self,
        rows: &mut Rows<'_, M>,
        at: usize,
        address: usize,
        level: u32,
    ) {
        let half = (1 << (self.layout.m - level)) / M::BYTES;
        let factors = splat::<M, PLANES>(self.machine, &self.layout.factor(level, address));
        rows.level::<PLANES, STEP>(at, half, &factors);
    }

    #[inline(always)]
    fn two_levels<const PLANES: usize, const STEP: u8, const SECOND: u8>(
        &self,
        rows: &mut Rows<'_, M>,
        at: usize,
        address: usize,
        level: u32,
    ) {
        let half = 1 << (self.layout.m - level);
        let factors = [
            splat::<M, PLANES>(self.machine, &self.layout.factor(level, address)),
            splat::<M, PLANES>(self.machine, &self.layout.factor(level + 1, address)),
            splat::<M, PLANES>(self.machine, &self.layout.factor(level + 1, address | half)),
        ];
        rows.two_levels::<PLANES, STEP, SECOND>(at, half / 2 / M::BYTES, &factors);
    }
}
