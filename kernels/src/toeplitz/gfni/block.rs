//! The last eight levels, block by block: every byte of a register is a node of its own, with its own constant.

use std::ops::Range;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::constants::Factor;
use super::layout::{LOG_BLOCK, Layout, planes_at};
use super::levels::{EXTEND, Factors, JOIN, Rows, SPLIT, splat, sum};
use super::machine::Machine;
use super::vertical::{ROWS, from_powers, to_powers, transpose};

/// Registers from one plane of a block to the next, so that planes do not compete for the same lines of the cache.
const STRIDE: usize = ROWS + 17;

/// The last eight levels.
pub(super) struct Block<M: Machine> {
    machine: M,
    layout: Layout,
    /// Registers of a plane, from its first one.
    places: &'static [usize],
    /// For each level, what the bytes of a register add to its constants.
    lanes: Vec<Factors<M>>,
    /// The same, together with what the block adds.
    shared: Vec<Factors<M>>,
    /// For the nodes of each level, first the one of the first level, what their first registers add.
    nodes: &'static [Factor],
    scratch: Zeroizing<Vec<M::V>>,
}

impl<M: Machine> Block<M> {
    pub(super) fn new(machine: M, layout: Layout) -> Self {
        let levels = layout.m + 1 - LOG_BLOCK..=layout.m;
        let lanes: Vec<_> = levels.map(|level| lanes_of(machine, layout, level)).collect();
        Self {
            machine,
            layout,
            places: layout.places(),
            shared: lanes.clone(),
            lanes,
            nodes: nodes_of(layout),
            scratch: Zeroizing::new(vec![machine.splat(0); planes_at(layout.m + 1 - LOG_BLOCK) * STRIDE]),
        }
    }

    /// Planes of a block when its levels begin.
    fn planes(&self) -> usize {
        planes_at(self.layout.m + 1 - LOG_BLOCK)
    }

    /// From polynomials on 256 times as many nodes as a register has bytes, to their values. `data` begins with the first
    /// register of the block at `address`.
    pub(super) fn split(&mut self, data: &mut [M::V], address: usize) {
        let machine = self.machine;
        machine.run(
            #[inline(always)]
            || {
                for (plane, distance) in self.layout.distances().into_iter().enumerate().take(self.planes()) {
                    let rows = &mut self.scratch[plane * STRIDE..][..ROWS];
                    load_transposed(machine, &data[distance..], self.places, rows);
                    from_powers(machine, rows);
                }
            },
        );
        self.all_levels::<SPLIT>(address);
        for (plane, distance) in self.layout.distances().into_iter().enumerate().take(self.planes()) {
            for (row, place) in self.scratch[plane * STRIDE..][..ROWS].iter().zip(self.places) {
                data[distance + place] = *row;
            }
        }
    }

    /// The inverse of [`split`](Self::split).
    pub(super) fn join(&mut self, data: &mut [M::V], address: usize) {
        let machine = self.machine;
        for (plane, distance) in self.layout.distances().into_iter().enumerate().take(self.planes()) {
            for (row, place) in self.scratch[plane * STRIDE..][..ROWS].iter_mut().zip(self.places) {
                *row = data[distance + place];
            }
        }
        self.all_levels::<JOIN>(address);
        machine.run(
            #[inline(always)]
            || {
                for (plane, distance) in self.layout.distances().into_iter().enumerate().take(self.planes()) {
                    let rows = &mut self.scratch[plane * STRIDE..][..ROWS];
                    to_powers(machine, rows);
                    store_transposed(machine, rows, self.places, &mut data[distance..]);
                }
            },
        );
    }

    /// The first levels of the whole block, and the others of its parts, which fit the first cache.
    fn all_levels<const STEP: u8>(&mut self, address: usize) {
        self.share(address);
        let first = self.layout.m + 1 - LOG_BLOCK;
        let at_once = self.at_once(first);
        let part = ROWS >> at_once;
        if STEP == SPLIT {
            self.levels::<STEP>(0..ROWS, first);
        }
        for start in (0..ROWS).step_by(part) {
            let rest = first + at_once..=self.layout.m;
            if STEP == SPLIT {
                rest.for_each(|level| self.levels::<STEP>(start..start + part, level));
            } else {
                rest.rev().for_each(|level| self.levels::<STEP>(start..start + part, level));
            }
        }
        if STEP != SPLIT {
            self.levels::<STEP>(0..ROWS, first);
        }
    }

    /// Prepares the constants for the block at `address`.
    fn share(&mut self, address: usize) {
        let (machine, layout) = (self.machine, self.layout);
        machine.run(
            #[inline(always)]
            || {
                let levels = layout.m + 1 - LOG_BLOCK..=layout.m;
                for ((shared, lanes), level) in self.shared.iter_mut().zip(&self.lanes).zip(levels) {
                    *shared = sum::<M, 4>(machine, lanes, &layout.factor_of_branches(level, address));
                }
            },
        );
    }

    /// Levels that are done together at `level`: none where the one before took this one along. Level 16 comes alone.
    fn at_once(&self, level: u32) -> u32 {
        let first = self.layout.m + 1 - LOG_BLOCK;
        let series = if level > 16 { first.max(17) } else { first };
        match level {
            16 => 1,
            _ if (level - series) % 2 == 1 => 0,
            15 => 1,
            _ if level == self.layout.m => 1,
            _ => 2,
        }
    }

    /// The levels that are done together at `level`, for the nodes in some registers.
    fn levels<const STEP: u8>(&mut self, rows: Range<usize>, level: u32) {
        let (machine, at_once) = (self.machine, self.at_once(level));
        machine.run(
            #[inline(always)]
            || match (at_once, level) {
                (0, _) => {}
                (1, 16) => self.level::<2, EXTEND>(rows, 16),
                (1, ..16) => self.level::<2, STEP>(rows, level),
                (1, _) => self.level::<4, STEP>(rows, level),
                (_, ..16) => self.two_levels::<2, STEP>(rows, level),
                _ => self.two_levels::<4, STEP>(rows, level),
            },
        );
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn level<const PLANES: usize, const STEP: u8>(&mut self, rows: Range<usize>, level: u32) {
        let half = 1 << (self.layout.m - level);
        for at in self.nodes(rows, level) {
            let factors = self.factors::<PLANES>(at, level);
            self.rows().level::<PLANES, STEP>(at, half, &factors);
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn two_levels<const PLANES: usize, const STEP: u8>(&mut self, rows: Range<usize>, level: u32) {
        let half = 1 << (self.layout.m - level);
        for at in self.nodes(rows, level) {
            let factors = [
                self.factors::<PLANES>(at, level),
                self.factors::<PLANES>(at, level + 1),
                self.factors::<PLANES>(at | half, level + 1),
            ];
            self.rows().two_levels::<PLANES, STEP>(at, half / 2, &factors);
        }
    }

    /// The first registers of the nodes that `level` splits.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn nodes(&self, rows: Range<usize>, level: u32) -> impl Iterator<Item = usize> + use<M> {
        let third = if self.layout.third_is_in_block() && level > 16 { 1 << (self.layout.m - 16) } else { 0 };
        rows.step_by(2 << (self.layout.m - level)).filter(move |at| at & third == 0)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn factors<const PLANES: usize>(&self, at: usize, level: u32) -> Factors<M> {
        let depth = level + LOG_BLOCK - 1 - self.layout.m;
        let node = &self.nodes[(1 << depth) - 1 + (at >> (LOG_BLOCK - depth))];
        sum::<M, PLANES>(self.machine, &self.shared[depth as usize], node)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn rows(&mut self) -> Rows<'_, M> {
        let third = if self.layout.third_is_in_block() { 1 << (self.layout.m - 16) } else { 2 * STRIDE };
        let distances = [0, STRIDE, third, STRIDE + third];
        Rows { machine: self.machine, data: &mut self.scratch, distances }
    }
}

/// The constants of all nodes in the first block, without what a byte's place adds.
fn nodes_of(layout: Layout) -> &'static [Factor] {
    static NODES: [OnceLock<Vec<Factor>>; 32] = [const { OnceLock::new() }; 32];
    NODES[layout.m as usize].get_or_init(|| {
        let levels = (0..LOG_BLOCK).map(|depth| (layout.m + 1 - LOG_BLOCK + depth, 1 << depth));
        let addresses =
            levels.flat_map(|(level, nodes)| (0..nodes).map(move |node| (level, node * ROWS / nodes)));
        addresses.map(|(level, address)| layout.factor(level, address)).collect()
    })
}

/// The branches that have become the bits of a byte's place, as they appear in the constants of `level`.
fn lanes_of<M: Machine>(machine: M, layout: Layout, level: u32) -> Factors<M> {
    machine.run(
        #[inline(always)]
        || {
            let mut factors = [machine.splat(0); 9];
            for (index, bit) in layout.lanes().into_iter().enumerate() {
                let ones = machine.load(&PLACES_WITH[index]);
                let branch = splat::<M, 4>(machine, &layout.factor_of_branches(level, 1 << bit));
                for (sum, branch) in factors.iter_mut().zip(branch) {
                    *sum = machine.add(*sum, machine.and(branch, ones));
                }
            }
            factors
        },
    )
}

/// For each bit of a byte's place, ones in the places where it is 1.
const PLACES_WITH: [[u64; 8]; 6] = {
    let mut masks = [[0; 8]; 6];
    let mut index = 0;
    while index < 6 * 64 {
        let (bit, place) = (index / 64, index % 64);
        if place >> bit & 1 == 1 {
            masks[bit][place / 8] |= 0xff << (8 * (place % 8));
        }
        index += 1;
    }
    masks
};

/// Bytes that were in register `places[i·n + q]` go to places i of the registers from q on, n registers in a row.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
fn load_transposed<M: Machine>(machine: M, data: &[M::V], places: &[usize], rows: &mut [M::V]) {
    let per_row = ROWS / M::BYTES;
    for (index, rows) in rows.chunks_exact_mut(M::BYTES).enumerate() {
        for (row, place) in rows.iter_mut().zip(places[index..].iter().step_by(per_row)) {
            *row = data[*place];
        }
        transpose(machine, rows);
    }
}

/// The inverse of [`load_transposed`].
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
fn store_transposed<M: Machine>(machine: M, rows: &mut [M::V], places: &[usize], data: &mut [M::V]) {
    let per_row = ROWS / M::BYTES;
    for (index, rows) in rows.chunks_exact_mut(M::BYTES).enumerate() {
        transpose(machine, rows);
        for (row, place) in rows.iter().zip(places[index..].iter().step_by(per_row)) {
            data[*place] = *row;
        }
    }
}
