//! Posteriors in memory: each column as the row that wrote it last left it, in the order of that row's checks.
//!
//! ```text
//!            0                                    Z    Z+32
//! one half   | variable turn, turn + 1, …         | first |      read from any place on, around the end
//! the other  | variable turn', turn' + 1, …       | first |      written from the beginning
//! ```
//! So what is written is aligned, and only what is read is not. A row reads a column from one half of its memory and writes it
//! to the other, as the places that it has written it may have to read still. Behind each half stand its first 32 posteriors
//! again, so that any 32 that follow each other around the end can be loaded at once.

use std::arch::x86_64::{__m512i, _mm512_loadu_si512, _mm512_setzero_si512};

use zeroize::Zeroizing;

/// Posteriors that are loaded or stored at once, in two registers.
pub(super) const LANES: usize = 64;

/// Posteriors in a register.
pub(super) const HALF: usize = LANES / 2;

/// 64 posteriors, 32 in each register.
pub(super) type Window = [__m512i; 2];

/// The posteriors of all columns.
pub(super) struct Columns {
    memory: Zeroizing<Vec<__m512i>>,
    columns: Vec<Column>,
    z: usize,
}

/// Where a column stands.
#[derive(Clone, Copy)]
struct Column {
    /// Where its posteriors begin, in registers.
    from: usize,
    /// Where they will begin when they are written the next time.
    to: usize,
    /// The variable at the beginning.
    turn: usize,
}

/// How a row passes through a column.
#[derive(Clone, Copy)]
pub(super) struct Passage {
    from: usize,
    to: usize,
    /// The place of the variable that the row's first check meets.
    ahead: usize,
}

impl Columns {
    /// Zeros for `count` columns of `z` posteriors, z a power of two, at least [`LANES`].
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(count: usize, z: usize) -> Self {
        let half = z / HALF + 1;
        let columns =
            (0..count).map(|column| Column { from: 2 * column * half, to: (2 * column + 1) * half, turn: 0 });
        Self {
            memory: Zeroizing::new(vec![_mm512_setzero_si512(); 2 * count * half]),
            columns: columns.collect(),
            z,
        }
    }

    /// Lets a row with the shift `shift` pass through `column`: it must write all that it reads.
    #[inline]
    pub(super) fn pass(&mut self, column: usize, shift: usize) -> Passage {
        let Column { from, to, turn } = self.columns[column];
        self.columns[column] = Column { from: to, to: from, turn: shift };
        Passage { from, to, ahead: self.z + shift - turn }
    }

    /// What the 64 checks from `first` on meet.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn window(&self, passage: Passage, first: usize) -> Window {
        [first, first + HALF].map(
            #[inline(always)]
            |first| self.load(passage.from, first + passage.ahead),
        )
    }

    /// Writes it.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn set_window(&mut self, passage: Passage, first: usize, window: Window) {
        let place = passage.to + first / HALF;
        self.memory[place..][..2].copy_from_slice(&window);
        if first == 0 {
            self.memory[passage.to + self.z / HALF] = window[0];
        }
    }

    /// Posteriors `start..start + 64` of `column`, `start` a multiple of 64.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn variables(&self, column: usize, start: usize) -> Window {
        let Column { from, turn, .. } = self.columns[column];
        [start, start + HALF].map(|start| self.load(from, self.z + start - turn))
    }

    /// 32 posteriors from the place `start` on of what begins at `from`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(&self, from: usize, start: usize) -> __m512i {
        let place = from * HALF + (start & (self.z - 1));
        let lanes = &self.lanes()[place..][..HALF];
        // SAFETY: there are 32 numbers of 16 bits.
        unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
    }

    #[inline]
    fn lanes(&self) -> &[i16] {
        // SAFETY: a register is 32 numbers of 16 bits, and all bit patterns are numbers.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.memory.len() * HALF) }
    }
}
