//! The levels from the fifth on, between bytes and values.
//!
//! Levels go two at a time, through four rows of a node, which they lead to its quarters. Levels 5 and 6 take all of the
//! data; each of the parts they lead to goes on by itself, depth first, down to the blocks, so that smaller nodes stay in the
//! cache.

#![allow(clippy::inline_always, reason = "everything is compiled for the registers of its caller")]

use std::iter::StepBy;
use std::ops::Range;

use rayon::prelude::*;

use super::super::fft::tower::{CANTOR, byte_planes_at};
use super::block::Block;
use super::constants::byte;
use super::layout::{LOG_BLOCK, Layout};
use super::levels::{EXTEND, JOIN, Rows, SPLIT, plus_byte, splat};
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
        tree.levels::<SPLIT>(half, start, node(start), 5);
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
        tree.levels::<JOIN>(half, start, node(start), 5);
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

/// Addresses of some nodes.
type Nodes = StepBy<Range<usize>>;

fn node(address: usize) -> Nodes {
    let end = address + 1;
    (address..end).step_by(1)
}

/// The levels from the fifth on, in a part.
struct Tree<M: Machine> {
    machine: M,
    layout: Layout,
    /// Eight times the byte v_1.
    v_1: u64,
    /// With the level whose nodes have all bytes of a block, if parts contain whole blocks.
    block: Option<(u32, Block<M>)>,
}

impl<M: Machine> Tree<M> {
    fn new(machine: M, layout: Layout) -> Self {
        let top_lane = layout.lanes().into_iter().max().expect("a register has bytes");
        let block = (layout.m >= LEAST_WITH_BLOCKS_IN_PARTS)
            .then(|| (layout.m - top_lane, Block::new(machine, layout)));
        Self { machine, layout, v_1: u64::from_ne_bytes([byte(CANTOR[1]); 8]), block }
    }

    /// From `level` on, the node at `address`; `data` begins at the address `start`.
    fn split(&mut self, data: &mut [M::V], start: usize, address: usize, level: u32) {
        self.levels::<SPLIT>(data, start, node(address), level);
        let (children, next) = self.children(address, level);
        if self.is_last(next) {
            self.levels::<SPLIT>(data, start, children, next);
        } else {
            for child in children {
                self.split(data, start, child, next);
            }
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
        let (children, next) = self.children(address, level);
        if self.is_last(next) {
            self.levels::<JOIN>(data, start, children, next);
        } else {
            for child in children {
                self.join(data, start, child, next);
            }
        }
        self.levels::<JOIN>(data, start, node(address), level);
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

    /// Do the blocks come after the levels that go together from `level` on?
    fn is_last(&self, level: u32) -> bool {
        let at_once = self.at_once(level);
        at_once > 0 && self.at_once(level + at_once) == 0
    }

    /// The nodes that the levels from `level` on lead to, the first child only where the field grows; and their level.
    fn children(&self, address: usize, level: u32) -> (Nodes, u32) {
        let next = level + self.at_once(level);
        let branches = (level..next).filter(|level| !level.is_power_of_two()).count();
        let len = 1 << (self.layout.m + 1 - level);
        let end = if next == level { address } else { address + len };
        ((address..end).step_by(len >> branches), next)
    }

    /// The levels that go together from `level` on, for some of its nodes; `data` begins at the address `start`.
    fn levels<const STEP: u8>(&self, data: &mut [M::V], start: usize, nodes: Nodes, level: u32) {
        let mut rows = Rows { machine: self.machine, data, distances: self.layout.distances() };
        self.machine.run(
            #[inline(always)]
            || match (level, self.at_once(level), byte_planes_at(level)) {
                (_, 0, _) => {}
                (7, ..) => self.two_levels::<1, STEP, EXTEND>(&mut rows, (start, nodes), level),
                (15, 2, _) => self.two_levels::<2, STEP, EXTEND>(&mut rows, (start, nodes), level),
                (16, ..) => self.level::<2, EXTEND>(&mut rows, (start, nodes), level),
                (_, 1, 2) => self.level::<2, STEP>(&mut rows, (start, nodes), level),
                (_, 1, _) => self.level::<4, STEP>(&mut rows, (start, nodes), level),
                (.., 1) => self.two_levels::<1, STEP, STEP>(&mut rows, (start, nodes), level),
                (.., 2) => self.two_levels::<2, STEP, STEP>(&mut rows, (start, nodes), level),
                _ => self.two_levels::<4, STEP, STEP>(&mut rows, (start, nodes), level),
            },
        );
    }

    #[inline(always)]
    fn level<const PLANES: usize, const STEP: u8>(
        &self,
        rows: &mut Rows<'_, M>,
        (start, nodes): (usize, Nodes),
        level: u32,
    ) {
        let half = (1 << (self.layout.m - level)) / M::BYTES;
        for address in nodes {
            let at = (address - start) / M::BYTES;
            let factors = splat::<M, PLANES>(self.machine, &self.layout.factor(level, address));
            rows.level::<PLANES, STEP>(at, half, &factors);
        }
    }

    #[inline(always)]
    fn two_levels<const PLANES: usize, const STEP: u8, const SECOND: u8>(
        &self,
        rows: &mut Rows<'_, M>,
        (start, nodes): (usize, Nodes),
        level: u32,
    ) {
        let half = 1 << (self.layout.m - level);
        for address in nodes {
            let at = (address - start) / M::BYTES;
            let second = splat::<M, PLANES>(self.machine, &self.layout.factor(level + 1, address));
            let factors = [
                splat::<M, PLANES>(self.machine, &self.layout.factor(level, address)),
                second,
                // The branch of this level is v_1 at the next one.
                plus_byte::<M, PLANES>(self.machine, &second, self.v_1),
            ];
            rows.two_levels::<PLANES, STEP, SECOND>(at, half / 2 / M::BYTES, &factors);
        }
    }
}
