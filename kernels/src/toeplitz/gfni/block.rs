//! The last eight levels, block by block: every byte of a register is a node of its own, with its own constant.

use std::ops::Range;
use std::sync::OnceLock;

use super::super::fft::tower::byte_planes_at;
use super::constants::Factor;
use super::layout::{LOG_BLOCK, Layout};
use super::levels::{EXTEND, Factors, JOIN, Rows, SPLIT, sum};
use super::machine::Machine;
use super::vertical::{ROWS, from_powers, to_powers, transpose};
use crate::wipe::Scratch;

/// Registers from one plane of a block to the next, so that planes do not compete for the same lines of the cache.
const STRIDE: usize = ROWS + 17;

/// The last eight levels.
pub(super) struct Block<M: Machine> {
    machine: M,
    layout: Layout,
    /// Registers of a plane, from its first one.
    places: &'static [usize],
    /// For each level, what the places of a register's bytes and the block add to its constants.
    shared: [Factors<M>; LOG_BLOCK as usize],
    /// For the nodes of each level, first the one of the first level, what their first registers add.
    nodes: &'static [Factor],
    scratch: Scratch,
}

impl<M: Machine> Block<M> {
    pub(super) fn new(machine: M, layout: Layout) -> Self {
        let registers = byte_planes_at(layout.m + 1 - LOG_BLOCK) * STRIDE;
        Self {
            machine,
            layout,
            places: layout.places(),
            shared: [[machine.splat(0); 9]; LOG_BLOCK as usize],
            nodes: nodes_of(layout),
            scratch: Scratch::new(registers * M::BYTES / 8),
        }
    }

    /// Elements of the block in hand: its planes, one after the other.
    fn registers(&mut self) -> &mut [M::V] {
        // SAFETY: registers are bytes without any structure.
        unsafe { self.scratch.cast() }
    }

    /// From polynomials on 256 times as many nodes as a register has bytes, to their values. `data` begins with the first
    /// register of the block at `address`.
    pub(super) fn split(&mut self, data: &mut [M::V], address: usize) {
        let (machine, places, distances) = (self.machine, self.places, self.layout.distances());
        let planes = self.registers().chunks_mut(STRIDE).zip(distances);
        machine.run(
            #[inline(always)]
            || {
                for (plane, distance) in planes {
                    load_transposed(machine, &data[distance..], places, &mut plane[..ROWS]);
                    from_powers(machine, &mut plane[..ROWS]);
                }
            },
        );
        self.all_levels::<SPLIT>(address);
        for (plane, distance) in self.registers().chunks(STRIDE).zip(distances) {
            for (row, place) in plane[..ROWS].iter().zip(places) {
                data[distance + place] = *row;
            }
        }
    }

    /// The inverse of [`split`](Self::split).
    pub(super) fn join(&mut self, data: &mut [M::V], address: usize) {
        let (machine, places, distances) = (self.machine, self.places, self.layout.distances());
        for (plane, distance) in self.registers().chunks_mut(STRIDE).zip(distances) {
            for (row, place) in plane[..ROWS].iter_mut().zip(places) {
                *row = data[distance + place];
            }
        }
        self.all_levels::<JOIN>(address);
        let planes = self.registers().chunks_mut(STRIDE).zip(distances);
        machine.run(
            #[inline(always)]
            || {
                for (plane, distance) in planes {
                    to_powers(machine, &mut plane[..ROWS]);
                    store_transposed(machine, &mut plane[..ROWS], places, &mut data[distance..]);
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
        let levels = (layout.m + 1 - LOG_BLOCK..=layout.m).zip(bytes_of::<M>(layout));
        machine.run(
            #[inline(always)]
            || {
                for (shared, (level, bytes)) in self.shared.iter_mut().zip(levels) {
                    let branches = layout.factor_of_branches(level, address);
                    for (factor, (bytes, branch)) in shared.iter_mut().zip(bytes.iter().zip(branches)) {
                        *factor = machine.add(machine.load(bytes), machine.splat(branch));
                    }
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
        Rows { machine: self.machine, data: self.registers(), distances }
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

/// A register for each byte of a factor, different from place to place.
type Places = [[u64; 8]; 9];

/// For each level, what is added to constants at every place in a register.
fn bytes_of<M: Machine>(layout: Layout) -> &'static [Places] {
    static BYTES: [[OnceLock<Vec<Places>>; 32]; 2] = [const { [const { OnceLock::new() }; 32] }; 2];
    BYTES[(M::LOG_BYTES % 2) as usize][layout.m as usize].get_or_init(|| {
        let levels = layout.m + 1 - LOG_BLOCK..=layout.m;
        levels
            .map(|level| {
                let mut registers = [[0; 8]; 9];
                for place in 0..M::BYTES {
                    // The address of the byte's node is that of the register it comes from.
                    let address = layout.places()[place * ROWS / M::BYTES] * M::BYTES;
                    let factor = layout.factor_of_branches(level, address);
                    for (register, byte) in registers.iter_mut().zip(factor) {
                        register[place / 8] |= u64::from(byte) << (8 * (place % 8));
                    }
                }
                registers
            })
            .collect()
    })
}

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
