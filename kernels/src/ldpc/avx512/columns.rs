//! Posteriors in memory: each column as the row that wrote it last left it, in the order of that row's checks.
//!
//! ```text
//! 0                                    Z    Z+64
//! | variable turn, turn + 1, …         | first |      read from any place on, around the end; written from the beginning
//! ```
//! So what is written is aligned, and only what is read is not. A row reads all of a column before it writes it. Behind a
//! column stand its first 64 posteriors again, so that any 64 that follow each other around the end can be loaded at once.

use std::arch::x86_64::{__m512i, _mm512_loadu_si512, _mm512_setzero_si512};

use zeroize::Zeroizing;

use crate::ldpc::Code;

/// Posteriors in a register.
pub(super) const LANES: usize = 64;

/// The posteriors of all columns.
pub(super) struct Columns {
    memory: Zeroizing<Vec<__m512i>>,
    /// The variable at the beginning of each column, between two iterations.
    turns: Vec<usize>,
    z: usize,
}

/// How a row passes through a column.
#[derive(Clone, Copy)]
pub(super) struct Passage {
    /// Where the column begins, in registers.
    from: usize,
    /// The place of the variable that the row's first check meets.
    ahead: usize,
}

impl Columns {
    /// Zeros for the columns of `code`, whose rows are to pass through them in their order, again and again.
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(code: &Code) -> Self {
        let mut turns = vec![0; code.base().ncols()];
        // The last row to meet a column leaves it to the first.
        for entry in code.rows().iter().flatten() {
            turns[entry.column] = entry.shift;
        }
        let memory = vec![_mm512_setzero_si512(); turns.len() * registers(code.z())];
        Self { memory: Zeroizing::new(memory), turns, z: code.z() }
    }

    /// How the rows of that code pass through them: entry by entry.
    pub(super) fn passages(&self, code: &Code) -> Vec<Passage> {
        let mut turns = self.turns.clone();
        let passages = code.rows().iter().flatten().map(|entry| {
            let before = std::mem::replace(&mut turns[entry.column], entry.shift);
            self.passage(entry.column, before, entry.shift)
        });
        passages.collect()
    }

    /// How `column`, whose first variable is `before`, is met from the variable `shift` on.
    fn passage(&self, column: usize, before: usize, shift: usize) -> Passage {
        Passage { from: column * registers(self.z), ahead: self.z + shift - before }
    }

    /// The posteriors, to be read and written along passages.
    #[inline]
    pub(super) fn open(&mut self) -> Open<'_> {
        Open { memory: &mut self.memory, z: self.z }
    }

    /// Posteriors `start..start + 64` of `column`, `start` a multiple of 64.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn variables(&self, column: usize, start: usize) -> __m512i {
        load(&self.memory, self.z, self.passage(column, self.turns[column], start), 0)
    }

    /// Sets all posteriors of `column`; those given are lost.
    #[target_feature(enable = "avx512f")]
    pub(super) fn set_variables(&mut self, column: usize, posteriors: &mut [__m512i]) {
        // Written in their order, read and written as a row does.
        let passage = self.passage(column, 0, self.turns[column]);
        let mut open = self.open();
        for (block, &window) in posteriors.iter().enumerate() {
            open.set_window(passage, block * LANES, window);
        }
        for (block, window) in posteriors.iter_mut().enumerate() {
            *window = open.window(passage, block * LANES);
        }
        for (block, &window) in posteriors.iter().enumerate() {
            open.set_window(passage, block * LANES, window);
        }
    }
}

/// See [`Columns::open`].
pub(super) struct Open<'a> {
    memory: &'a mut [__m512i],
    z: usize,
}

impl Open<'_> {
    /// What the 64 checks from `first` on meet.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn window(&self, passage: Passage, first: usize) -> __m512i {
        load(self.memory, self.z, passage, first)
    }

    /// Writes it.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn set_window(&mut self, passage: Passage, first: usize, window: __m512i) {
        self.memory[passage.from + first / LANES] = window;
        if first == 0 {
            self.memory[passage.from + self.z / LANES] = window;
        }
    }
}

/// Registers of a column.
fn registers(z: usize) -> usize {
    z / LANES + 1
}

/// What the 64 checks from `first` on meet on `passage`.
#[inline]
#[target_feature(enable = "avx512f")]
fn load(memory: &[__m512i], z: usize, passage: Passage, first: usize) -> __m512i {
    let place = passage.from * LANES + ((passage.ahead + first) & (z - 1));
    assert!(place + LANES <= memory.len() * LANES, "a window is within its column");
    // SAFETY: there are 64 bytes from there on.
    unsafe { _mm512_loadu_si512(memory.as_ptr().cast::<i8>().add(place).cast()) }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::simd::Avx512;

    #[test]
    fn what_a_row_writes_is_what_the_next_one_reads() {
        #[target_feature(enable = "avx512f")]
        fn check(z: usize) {
            let shifts = [5, 5, z - 1, 0, 32, z / 2 + 3];
            let base = Array2::from_shape_fn((shifts.len(), 3), |(row, _)| shifts[row] as i32);
            let code = Code::new(base, z).expect("a code");
            let mut columns = Columns::new(&code);
            let passages = columns.passages(&code);
            // A prime, so that places a multiple of 64 apart differ.
            let of = |round: usize, variable: usize| ((5 * round + variable % z) % 127) as i8;
            let mut posteriors = vec![_mm512_setzero_si512(); z / LANES];
            for (block, posteriors) in posteriors.iter_mut().enumerate() {
                *posteriors = window(|index| of(0, block * LANES + index));
            }
            columns.set_variables(1, &mut posteriors);
            for round in 0..2 * shifts.len() {
                let (row, shift) = (round % shifts.len(), shifts[round % shifts.len()]);
                if row == 0 {
                    for start in (0..z).step_by(LANES) {
                        let now = |index| of(round, start + index);
                        assert_eq!(numbers(columns.variables(1, start)), std::array::from_fn(now));
                        for neighbour in [0, 2] {
                            assert_eq!(numbers(columns.variables(neighbour, start)), [0; LANES]);
                        }
                    }
                }
                let passage = passages[3 * row + 1];
                for first in (0..z).step_by(LANES) {
                    let old = |index| of(round, first + shift + index);
                    assert_eq!(numbers(columns.open().window(passage, first)), std::array::from_fn(old));
                }
                for first in (0..z).step_by(LANES) {
                    let window = window(|index| of(round + 1, first + shift + index));
                    columns.open().set_window(passage, first, window);
                }
            }
        }
        fn window(number: impl Fn(usize) -> i8) -> __m512i {
            let numbers: [i8; LANES] = std::array::from_fn(number);
            // SAFETY: both are 64 bytes.
            unsafe { std::mem::transmute(numbers) }
        }
        fn numbers(window: __m512i) -> [i8; LANES] {
            // SAFETY: both are 64 bytes.
            unsafe { std::mem::transmute(window) }
        }
        if Avx512::detect().is_some() {
            for z in [64, 128, 1024] {
                // SAFETY: the machine has AVX-512.
                unsafe { check(z) };
            }
        }
    }
}
