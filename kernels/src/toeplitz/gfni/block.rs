//! The last eight levels, block by block: every byte of a register is a node of its own, with its own constant.

use std::ops::Range;
use std::sync::OnceLock;

use super::super::fft::tower::byte_planes_at;
use super::layout::{LOG_BLOCK, Layout};
use super::levels::{EXTEND, Factors, JOIN, Planes, Rows, SPLIT, butterflies, plus_byte};
use super::machine::Machine;
use super::vertical::{ROWS, from_powers, to_powers, transpose};
use crate::wipe::Scratch;

/// Registers from one plane of a block to the next, so that planes do not compete for the same lines of the cache.
const STRIDE: usize = ROWS + 17;

/// The last eight levels.
pub(super) struct Block<M: Machine> {
    constants: Constants<M>,
    /// Registers of a plane in the data, from its first one.
    places: &'static [usize],
    scratch: Scratch,
}

impl<M: Machine> Block<M> {
    pub(super) fn new(machine: M, layout: Layout) -> Self {
        let registers = byte_planes_at(layout.m + 1 - LOG_BLOCK) * STRIDE;
        Self {
            constants: Constants::new(machine, layout),
            places: layout.places(),
            scratch: Scratch::new(registers * M::BYTES / 8),
        }
    }

    /// From polynomials on 256 times as many nodes as a register has bytes, to their values. `data` begins with the first
    /// register of the block at `address`.
    pub(super) fn split(&mut self, data: &mut [M::V], address: usize) {
        let mut block = self.at(data, address);
        let (machine, distances) = (block.constants.machine, block.constants.layout.distances());
        machine.run(
            #[inline(always)]
            || {
                for (plane, distance) in block.rows.chunks_mut(STRIDE).zip(distances) {
                    load_transposed(machine, &block.data[distance..], block.places, &mut plane[..ROWS]);
                    from_powers(machine, &mut plane[..ROWS]);
                }
            },
        );
        block.all_levels::<SPLIT>();
    }

    /// The inverse of [`split`](Self::split).
    pub(super) fn join(&mut self, data: &mut [M::V], address: usize) {
        let mut block = self.at(data, address);
        block.all_levels::<JOIN>();
        let (machine, distances) = (block.constants.machine, block.constants.layout.distances());
        machine.run(
            #[inline(always)]
            || {
                for (plane, distance) in block.rows.chunks_mut(STRIDE).zip(distances) {
                    to_powers(machine, &mut plane[..ROWS]);
                    store_transposed(machine, &mut plane[..ROWS], block.places, &mut block.data[distance..]);
                }
            },
        );
    }

    fn at<'a>(&'a mut self, data: &'a mut [M::V], address: usize) -> InHand<'a, M> {
        self.constants.go_to(address);
        // SAFETY: registers are bytes without any structure.
        let rows = unsafe { self.scratch.cast() };
        InHand { constants: &self.constants, places: self.places, rows, data }
    }
}

/// The block in hand, on its way between `data` and `rows`, where its planes lie one after the other.
struct InHand<'a, M: Machine> {
    constants: &'a Constants<M>,
    places: &'static [usize],
    rows: &'a mut [M::V],
    data: &'a mut [M::V],
}

impl<M: Machine> InHand<'_, M> {
    /// From polynomials in the rows to values in the data, or back: the first levels of the whole block, and the others of its
    /// parts, which fit the first cache.
    fn all_levels<const STEP: u8>(&mut self) {
        let m = self.constants.layout.m;
        let first = m + 1 - LOG_BLOCK;
        let part = ROWS >> self.at_once(first);
        let others = first + self.at_once(first)..m + 1 - self.last_at_once();
        if STEP == SPLIT {
            self.levels::<STEP>(0..ROWS, first);
        }
        for start in (0..ROWS).step_by(part) {
            let rows = start..start + part;
            if STEP == SPLIT {
                others.clone().for_each(|level| self.levels::<STEP>(rows.clone(), level));
                self.last_levels::<STEP>(rows);
            } else {
                self.last_levels::<STEP>(rows.clone());
                others.clone().rev().for_each(|level| self.levels::<STEP>(rows.clone(), level));
            }
        }
        if STEP != SPLIT {
            self.levels::<STEP>(0..ROWS, first);
        }
    }

    /// Levels that are done together at `level`: none where the one before took this one along. No level comes together with
    /// level 16 before it, and the last two do.
    fn at_once(&self, level: u32) -> u32 {
        let m = self.constants.layout.m;
        let first = m + 1 - LOG_BLOCK;
        match level {
            ..=16 if (level - first) % 2 == 1 => 0,
            ..16 => 2,
            16 => 1,
            _ if (m - level) % 2 == 1 => 2,
            _ => u32::from(level == 17),
        }
    }

    fn last_at_once(&self) -> u32 {
        if self.constants.layout.m == 17 { 1 } else { 2 }
    }

    /// The levels that are done together at `level`, for the nodes in some rows.
    fn levels<const STEP: u8>(&mut self, rows: Range<usize>, level: u32) {
        let at_once = self.at_once(level);
        self.constants.machine.run(
            #[inline(always)]
            || match (at_once, level) {
                (0, _) => {}
                (1, 16) => self.level::<2, EXTEND>(rows, 16),
                (1, _) => self.level::<4, STEP>(rows, level),
                (_, 15) => self.two_levels::<2, STEP, EXTEND>(rows, level),
                (_, ..15) => self.two_levels::<2, STEP, STEP>(rows, level),
                _ => self.two_levels::<4, STEP, STEP>(rows, level),
            },
        );
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn level<const PLANES: usize, const STEP: u8>(&mut self, rows: Range<usize>, level: u32) {
        let (nodes, half) = (self.nodes(rows, level), 1 << (self.constants.layout.m - level));
        let constants = self.constants;
        let mut rows = self.rows();
        for at in nodes {
            rows.level::<PLANES, STEP>(at, half, &constants.factors::<PLANES>(at, level));
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn two_levels<const PLANES: usize, const STEP: u8, const SECOND: u8>(
        &mut self,
        rows: Range<usize>,
        level: u32,
    ) {
        let (nodes, half) = (self.nodes(rows, level), 1 << (self.constants.layout.m - level));
        let constants = self.constants;
        let mut rows = self.rows();
        for at in nodes {
            let factors = [
                constants.factors::<PLANES>(at, level),
                constants.factors::<PLANES>(at, level + 1),
                constants.factors::<PLANES>(at | half, level + 1),
            ];
            rows.two_levels::<PLANES, STEP, SECOND>(at, half / 2, &factors);
        }
    }

    /// The last levels of all, node by node, between rows and data.
    fn last_levels<const STEP: u8>(&mut self, rows: Range<usize>) {
        let at_once = self.last_at_once();
        self.constants.machine.run(
            #[inline(always)]
            || match at_once {
                1 => self.node_by_node::<2, STEP>(rows),
                _ => self.node_by_node::<4, STEP>(rows),
            },
        );
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn node_by_node<const LEN: usize, const STEP: u8>(&mut self, rows: Range<usize>) {
        let (constants, m) = (self.constants, self.constants.layout.m);
        let (of_rows, of_data) = (self.row_distances(), constants.layout.distances());
        let third_in_block = if constants.layout.third_is_in_block() { of_rows[2] } else { 0 };
        for at in self.nodes(rows, m + 1 - LEN.ilog2()) {
            let (low, high) = (self.places[at], self.places[at | third_in_block]);
            // Where the node's rows and values begin, plane by plane.
            let places: [_; 4] =
                std::array::from_fn(|plane| (at + of_rows[plane], [low, high][plane / 2] + of_data[plane]));
            let mut elements = [[constants.machine.splat(0); 4]; LEN];
            for (plane, (row, value)) in places.into_iter().enumerate() {
                let from = if STEP == SPLIT { &self.rows[row..][..LEN] } else { &self.data[value..][..LEN] };
                for (element, register) in elements.iter_mut().zip(from) {
                    element[plane] = *register;
                }
            }
            self.levels_of_node::<LEN, STEP>(&mut elements, at);
            for (plane, (row, value)) in places.into_iter().enumerate() {
                let to =
                    if STEP == SPLIT { &mut self.data[value..][..LEN] } else { &mut self.rows[row..][..LEN] };
                for (register, element) in to.iter_mut().zip(&elements) {
                    *register = element[plane];
                }
            }
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn levels_of_node<const LEN: usize, const STEP: u8>(&self, elements: &mut [Planes<M>; LEN], at: usize) {
        let (constants, m) = (self.constants, self.constants.layout.m);
        if LEN == 4 && STEP == SPLIT {
            butterflies::<M, 4, STEP>(constants.machine, elements, &constants.factors::<4>(at, m - 1));
        }
        for (index, pair) in elements.chunks_exact_mut(2).enumerate() {
            butterflies::<M, 4, STEP>(constants.machine, pair, &constants.factors::<4>(at + 2 * index, m));
        }
        if LEN == 4 && STEP != SPLIT {
            butterflies::<M, 4, STEP>(constants.machine, elements, &constants.factors::<4>(at, m - 1));
        }
    }

    /// The first rows of the nodes that `level` splits.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn nodes(&self, rows: Range<usize>, level: u32) -> impl Iterator<Item = usize> + use<M> {
        let layout = self.constants.layout;
        let third = if layout.third_is_in_block() && level > 16 { 1 << (layout.m - 16) } else { 0 };
        rows.step_by(2 << (layout.m - level)).filter(move |at| at & third == 0)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn rows(&mut self) -> Rows<'_, M> {
        Rows { machine: self.constants.machine, distances: self.row_distances(), data: self.rows }
    }

    /// Rows from the first plane of an element to the others.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn row_distances(&self) -> [usize; 4] {
        let layout = self.constants.layout;
        let third = if layout.third_is_in_block() { 1 << (layout.m - 16) } else { 2 * STRIDE };
        [0, STRIDE, third, STRIDE + third]
    }
}

/// The constants of the nodes of a block.
struct Constants<M: Machine> {
    machine: M,
    layout: Layout,
    /// For each level, those of its first node: the places of a register's bytes and the block.
    shared: [Factors<M>; LOG_BLOCK as usize],
    /// For the nodes of each level, the one of the first level first, what they add to that.
    nodes: &'static [u64],
}

impl<M: Machine> Constants<M> {
    fn new(machine: M, layout: Layout) -> Self {
        let shared = [[machine.splat(0); 9]; LOG_BLOCK as usize];
        Self { machine, layout, shared, nodes: nodes_of(layout) }
    }

    /// Goes to the block at `address`.
    fn go_to(&mut self, address: usize) {
        let (machine, layout) = (self.machine, self.layout);
        let levels = (layout.m + 1 - LOG_BLOCK..=layout.m).zip(bytes_of::<M>(layout));
        machine.run(
            #[inline(always)]
            || {
                for (shared, (level, bytes)) in self.shared.iter_mut().zip(levels) {
                    let of_block = layout.factor(level, address);
                    for (factor, (bytes, byte)) in shared.iter_mut().zip(bytes.iter().zip(of_block)) {
                        *factor = machine.add(machine.load(bytes), machine.splat(byte));
                    }
                }
            },
        );
    }

    /// At the node that begins with row `at`.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn factors<const PLANES: usize>(&self, at: usize, level: u32) -> Factors<M> {
        let depth = level + LOG_BLOCK - 1 - self.layout.m;
        let node = self.nodes[(1 << depth) - 1 + (at >> (LOG_BLOCK - depth))];
        plus_byte::<M, PLANES>(self.machine, &self.shared[depth as usize], node)
    }
}

/// What the nodes of a block add to the constants of its first nodes, eight times the same byte: the branches of the last
/// eight levels become v_1 to v_7, which are in GF(2^8).
fn nodes_of(layout: Layout) -> &'static [u64] {
    static NODES: [OnceLock<Vec<u64>>; 32] = [const { OnceLock::new() }; 32];
    NODES[layout.m as usize].get_or_init(|| {
        let levels = (0..LOG_BLOCK).map(|depth| (layout.m + 1 - LOG_BLOCK + depth, 1 << depth));
        let addresses =
            levels.flat_map(|(level, nodes)| (0..nodes).map(move |node| (level, node * ROWS / nodes)));
        addresses
            .map(|(level, address)| u64::from_ne_bytes([layout.factor_of_branches(level, address)[0]; 8]))
            .collect()
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
