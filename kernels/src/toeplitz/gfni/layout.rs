//! Where the bytes of a transform lie, and which node that makes them.
//!
//! After level 4 there is a byte for every coefficient and branch of level 3, at an *address* of m − 3 bits:
//!
//! ```text
//! address bit   m−4        m−5 .. m−7   m−8       m−9 .. m−15   m−16      m−17 .. 0
//! level         (3)        5 .. 7       8         9 .. 15       16        17 .. m
//! becomes       branch     branches     a plane   branches      a plane   branches
//! ```
//!
//! Levels 5 to m − 8 go through whole registers. The last eight levels would go through the bytes within registers, so before
//! them a *block* is transposed: the lowest address bits that are no planes, from bit 8 on, trade places with the bits of
//! a register's bytes. From then on every byte of a register is a node of its own.

use std::sync::OnceLock;

use super::constants::{FACTORS, Factor, Factors};
use super::machine::Machine;

/// Index bits of a block: the levels of these bits come last.
pub(super) const LOG_BLOCK: u32 = 8;

/// The place of everything for polynomials of 2^m bits.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) m: u32,
    /// log2 of the bytes of a register.
    log_bytes: u32,
    factors: &'static Factors,
}

impl Layout {
    pub(super) fn new<M: Machine>(m: u32) -> Self {
        Self { m, log_bytes: M::LOG_BYTES, factors: &FACTORS }
    }

    fn is_plane(self, bit: u32) -> bool {
        bit == self.m - 8 || bit + 16 == self.m
    }

    /// The value of the first child at `level` of the node at `address`, in coordinates v_i: the branch of level r has
    /// become v_{level−r}.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn node(self, level: u32, address: usize) -> u32 {
        let planes = 1 << (self.m - 8) | 1_usize.checked_shl(self.m - 16).unwrap_or(0);
        let top = 1 << (self.m - 4);
        let branch_of_3 = u32::from(address & top != 0);
        let branches = (address & (top - 1) & !planes) >> (self.m - level);
        1 << level ^ branches as u32 ^ branch_of_3 << (level - 3)
    }

    /// The constant at `level` for the node at `address`; where the field grows, less v_level.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    pub(super) fn factor(self, level: u32, address: usize) -> Factor {
        let node = self.node(level, address);
        self.factors.of(if level.is_power_of_two() { node ^ 1 << level } else { node })
    }

    /// What the branches in some address bits add to the constants of `level`.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    pub(super) fn factor_of_branches(self, level: u32, address: usize) -> Factor {
        self.factors.of(self.node(level, address) ^ self.node(level, 0))
    }

    /// Registers from the first plane of an element to the others, before blocks are transposed.
    pub(super) fn distances(self) -> [usize; 4] {
        let second = 1 << (self.m - 8 - self.log_bytes);
        let third = if self.third_is_in_block() { 0 } else { 1 << (self.m - 16 - self.log_bytes) };
        [0, second, third, second + third]
    }

    /// Is level 16 one of the last eight?
    pub(super) fn third_is_in_block(self) -> bool {
        self.m < 16 + LOG_BLOCK
    }

    /// Address bits that become the bits of a register's byte, the lowest first.
    pub(super) fn lanes(self) -> Vec<u32> {
        (LOG_BLOCK..=self.m - 4).filter(|&bit| !self.is_plane(bit)).take(self.log_bytes as usize).collect()
    }

    /// Addresses of all blocks below an address bit.
    pub(super) fn blocks(self, below: u32) -> Vec<usize> {
        let lanes = self.lanes();
        let others = (LOG_BLOCK..below).filter(|bit| !self.is_plane(*bit) && !lanes.contains(bit));
        others.fold(vec![0], |blocks, bit| {
            let with_bit: Vec<_> = blocks.iter().map(|block| block | 1 << bit).collect();
            [blocks, with_bit].concat()
        })
    }

    /// For each register of a plane of a block, how many registers it is from the first one.
    pub(super) fn places(self) -> &'static [usize] {
        static PLACES: [[OnceLock<Vec<usize>>; 32]; 2] = [const { [const { OnceLock::new() }; 32] }; 2];
        PLACES[(self.log_bytes % 2) as usize][self.m as usize].get_or_init(|| {
            let (lanes, per_row) = (self.lanes(), 1_usize << (LOG_BLOCK - self.log_bytes));
            let rows = 0..1_usize << self.log_bytes;
            let starts = rows.map(|row| {
                let ones = lanes.iter().enumerate().filter(|(index, _)| row >> index & 1 == 1);
                ones.fold(0, |start, (_, bit)| start | 1 << (bit - self.log_bytes))
            });
            starts.flat_map(|start| (0..per_row).map(move |index| start + index)).collect()
        })
    }

    /// Bits of a register's number that tell the planes of a value apart, after blocks were transposed.
    pub(super) fn planes_of_values(self) -> [usize; 2] {
        let [_, second, third, _] = self.distances();
        let in_block = || self.places()[1 << (self.m - 16)];
        [second, if self.third_is_in_block() { in_block() } else { third }]
    }
}
