//! [`Knowledge`]: what both sides know of the error pattern so far.
//!
//! The *errors* of a frame are the positions where Alice's and Bob's keys differ. In each pass that a frame has
//! started, its permuted bits are cut into intervals whose error parity is known:
//!
//! ```text
//! cut      1 . . . 1 . 1 . 1 . . . . . . .     an interval starts at every one
//! odd      . . . . 1 . . . . . . . . . . .     4..6 holds an odd number of errors still
//! located  . 1 . . . . . . . . . . 1 . . .     errors found already, at their places in this pass
//! ```
//! *Odd* always means: an odd number of errors that are not located yet.

use std::ops::Range;
use std::sync::Arc;

use qkdpp_kernels::Bits;
use qkdpp_kernels::parities::Permutation;

use super::rows::BitRows;

pub(super) struct Knowledge {
    frame_bits: usize,
    passes: usize,
    /// Rows of these three: frame · passes + pass. They are filled when the pass starts.
    cut: BitRows,
    odd: BitRows,
    located: BitRows,
    /// Number of odd intervals in each row.
    odd_intervals: Vec<u32>,
    /// Number of passes that each frame has started.
    started: Vec<usize>,
    /// For each pass, the places of the frame's bits.
    places: Vec<Vec<u32>>,
    /// The located errors of all frames, at their positions in the key.
    located_errors: Bits,
}

impl Knowledge {
    /// Nothing is known: no pass has started.
    pub(super) fn new(permutations: &[Arc<Permutation>], frame_bits: usize, frames: usize) -> Self {
        let passes = permutations.len();
        let rows = frames * passes;
        Self {
            frame_bits,
            passes,
            cut: BitRows::zeros(rows, frame_bits),
            odd: BitRows::zeros(rows, frame_bits),
            located: BitRows::zeros(rows, frame_bits),
            odd_intervals: vec![0; rows],
            started: vec![0; frames],
            places: permutations.iter().map(|permutation| permutation.inverse()).collect(),
            located_errors: Bits::zeros(frames * frame_bits),
        }
    }

    pub(super) fn located_errors(&self) -> &Bits {
        &self.located_errors
    }

    /// Starts the next pass of a frame with blocks of the length that `block_bits` has for it, all of them taken as
    /// even, and returns its number; `None` if there is no further pass.
    pub(super) fn start_pass(&mut self, frame: usize, block_bits: &[usize]) -> Option<usize> {
        let pass = self.started[frame];
        let row = self.row(frame, pass);
        for low in (0..self.frame_bits).step_by(*block_bits.get(pass)?) {
            self.cut.set(row, low);
        }
        for first in (0..self.frame_bits).step_by(64) {
            let of_frame = u64::MAX >> (64 - (self.frame_bits - first).min(64));
            let mut errors = self.located_errors.word_at(frame * self.frame_bits + first) & of_frame;
            while errors != 0 {
                let bit = first + errors.trailing_zeros() as usize;
                self.located.set(row, self.places[pass][bit] as usize);
                errors &= errors - 1;
            }
        }
        self.started[frame] += 1;
        Some(pass)
    }

    /// Cuts an interval at `split`, its right part being even.
    pub(super) fn cut(&mut self, frame: usize, pass: usize, split: usize) {
        self.cut.set(self.row(frame, pass), split);
    }

    /// Changes the parity of the interval that holds `place`.
    pub(super) fn toggle(&mut self, frame: usize, pass: usize, place: usize) {
        let row = self.row(frame, pass);
        let low = self.cut.one_at_or_before(row, place).expect("a started pass has a cut at 0");
        if self.odd.flip(row, low) {
            self.odd_intervals[row] += 1;
        } else {
            self.odd_intervals[row] -= 1;
        }
    }

    /// Records an error at `bit` of a frame; false if it was recorded before.
    pub(super) fn locate(&mut self, frame: usize, bit: usize) -> bool {
        let position = frame * self.frame_bits + bit;
        if self.located_errors.get(position) {
            return false;
        }
        self.located_errors.flip(position);
        for pass in 0..self.started[frame] {
            let place = self.places[pass][bit] as usize;
            self.located.set(self.row(frame, pass), place);
            self.toggle(frame, pass, place);
        }
        true
    }

    /// The parity of the located errors in a range of places.
    pub(super) fn located_parity(&self, frame: usize, pass: usize, range: Range<usize>) -> bool {
        self.located.parity(self.row(frame, pass), range)
    }

    /// The lowest pass of a frame that has odd intervals.
    pub(super) fn first_odd_pass(&self, frame: usize) -> Option<usize> {
        (0..self.started[frame]).find(|&pass| self.odd_intervals[self.row(frame, pass)] > 0)
    }

    /// The first odd interval of a pass that starts at or after `place`.
    pub(super) fn odd_interval_from(&self, frame: usize, pass: usize, place: usize) -> Option<Range<usize>> {
        let row = self.row(frame, pass);
        let low = self.odd.one_at_or_after(row, place)?;
        Some(low..self.cut.one_at_or_after(row, low + 1).unwrap_or(self.frame_bits))
    }

    fn row(&self, frame: usize, pass: usize) -> usize {
        frame * self.passes + pass
    }
}
