//! Posteriors in memory: each column as the row that wrote it last left it, in the order of that row's checks.
//!
//! ```text
//! 0                                    Z    Z+32
//! | variable turn, turn + 1, …         | first |      read from any place on, around the end; written from the beginning
//! ```
//! So what is written is aligned, and only what is read is not. A row reads all of a column before it writes it. Behind a
//! column stand its first 32 posteriors again, so that any 32 that follow each other around the end can be loaded at once.

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
    places: Vec<Column>,
    z: usize,
}

/// Where a column stands.
#[derive(Clone, Copy)]
struct Column {
    /// Where its posteriors begin, in registers.
    from: usize,
    /// The variable at the beginning.
    turn: usize,
}

/// How a row passes through a column.
#[derive(Clone, Copy, Default)]
pub(super) struct Passage {
    from: usize,
    /// The place of the variable that the row's first check meets.
    ahead: usize,
}

impl Columns {
    /// Zeros for `count` columns of `z` posteriors, z a power of two, at least [`LANES`].
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(count: usize, z: usize) -> Self {
        let registers = z / HALF + 1;
        Self {
            memory: Zeroizing::new(vec![_mm512_setzero_si512(); count * registers]),
            places: (0..count).map(|column| Column { from: column * registers, turn: 0 }).collect(),
            z,
        }
    }

    /// Lets a row with the shift `shift` pass through `column`: it must read all of it, then write all of it.
    #[inline]
    pub(super) fn pass(&mut self, column: usize, shift: usize) -> Passage {
        let Column { from, turn } = self.places[column];
        self.places[column].turn = shift;
        Passage { from, ahead: self.z + shift - turn }
    }

    /// The posteriors, to be read and written along passages.
    #[inline]
    pub(super) fn open(&mut self) -> Open<'_> {
        Open { memory: &mut self.memory, z: self.z }
    }

    /// Posteriors `start..start + 64` of `column`, `start` a multiple of 64.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn variables(&self, column: usize, start: usize) -> Window {
        let Column { from, turn } = self.places[column];
        let start = start + self.z - turn;
        [load(&self.memory, self.z, from, start), load(&self.memory, self.z, from, start + HALF)]
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
    pub(super) fn window(&self, passage: Passage, first: usize) -> Window {
        let start = first + passage.ahead;
        [
            load(self.memory, self.z, passage.from, start),
            load(self.memory, self.z, passage.from, start + HALF),
        ]
    }

    /// Writes it.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn set_window(&mut self, passage: Passage, first: usize, window: Window) {
        let place = passage.from + first / HALF;
        self.memory[place..][..2].copy_from_slice(&window);
        if first == 0 {
            self.memory[passage.from + self.z / HALF] = window[0];
        }
    }
}

/// 32 posteriors from the place `start` on of a column of `z` that begins at `from`.
#[inline]
#[target_feature(enable = "avx512f")]
fn load(memory: &[__m512i], z: usize, from: usize, start: usize) -> __m512i {
    let place = from * HALF + (start & (z - 1));
    assert!(place + HALF <= memory.len() * HALF, "a window is within its column");
    // SAFETY: there are 32 numbers of 16 bits from there on.
    unsafe { _mm512_loadu_si512(memory.as_ptr().cast::<i16>().add(place).cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Avx512;

    #[test]
    fn what_a_row_writes_is_what_the_next_one_reads() {
        #[target_feature(enable = "avx512f")]
        fn check(z: usize) {
            let mut columns = Columns::new(3, z);
            for (round, shift) in [5, 5, z - 1, 0, 32, z / 2 + 3].into_iter().enumerate() {
                let passage = columns.pass(1, shift);
                for first in (0..z).step_by(LANES) {
                    let of = |round: usize, index: usize| (round * z + (first + shift + index) % z) as i16;
                    let old = |index| if round == 0 { 0 } else { of(round - 1, index) };
                    assert_eq!(numbers(columns.open().window(passage, first)), std::array::from_fn(old));
                }
                for first in (0..z).step_by(LANES) {
                    let of = |index: usize| (round * z + (first + shift + index) % z) as i16;
                    columns.open().set_window(passage, first, window(of));
                }
                for start in (0..z).step_by(LANES) {
                    let new = |index| (round * z + start + index) as i16;
                    assert_eq!(numbers(columns.variables(1, start)), std::array::from_fn(new));
                    for neighbour in [0, 2] {
                        assert_eq!(numbers(columns.variables(neighbour, start)), [0; LANES]);
                    }
                }
            }
        }
        fn window(number: impl Fn(usize) -> i16) -> Window {
            let numbers: [i16; LANES] = std::array::from_fn(number);
            // SAFETY: both are 128 bytes.
            unsafe { std::mem::transmute(numbers) }
        }
        fn numbers(window: Window) -> [i16; LANES] {
            // SAFETY: both are 128 bytes.
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
