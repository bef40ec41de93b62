//! [`Frames`]: what is known of each frame, in each pass, once its group is through pass 0.

use std::ops::Range;

use qkdpp_kernels::Bits;
use qkdpp_kernels::bitslice::GROUP;
use qkdpp_kernels::memory::filled;
use qkdpp_kernels::simd::prefetch;
use zeroize::Zeroizing;

use super::row::{Cell, Row, fold, odd_ones, window};
use super::sweep::Sweep;
use super::tables::Tables;
use crate::wire::Role;

/// Between the cells of two rows: rows of a power of two would all begin in the same set of a cache.
const PADDING: usize = 2;

/// Cells that are filled together: more than one of a frame's, since those of all frames lie far apart.
const LINE: usize = 8;

/// The frames of a block, each with a row of cells for every pass.
pub(super) struct Frames {
    passes: usize,
    words: usize,
    cells: Zeroizing<Vec<Cell>>,
    /// Row by row, which cells have a cut, then which have an odd interval.
    summaries: Vec<u64>,
    /// Row by row, the number of odd intervals.
    odd_intervals: Vec<u32>,
    /// Frame by frame, the parity of the errors left in each check.
    checks: Vec<u16>,
    /// The located errors, as words of each frame.
    located: Vec<u64>,
    /// All ones where this side corrects its key.
    corrected: u64,
}

impl Frames {
    /// `count` frames of which nothing is known yet.
    pub(super) fn new(tables: &Tables, role: Role, count: usize) -> Self {
        let (passes, words) = (tables.passes(), tables.words());
        let rows = count * passes;
        Self {
            passes,
            words,
            cells: Zeroizing::new(filled(Cell::default(), rows * (words + PADDING))),
            summaries: filled(0, 2 * rows * words.div_ceil(64)),
            odd_intervals: vec![0; rows],
            checks: vec![0; count],
            located: filled(0, count * words),
            corrected: if role == Role::Bob { u64::MAX } else { 0 },
        }
    }

    /// Carries over to all passes what `sweep` found in a group. `parities`: the running parities of all frames for each pass
    /// but the first.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        tables: &Tables,
        key: &Bits,
        parities: &[Bits],
        sweep: &Sweep,
        group: Range<usize>,
    ) {
        self.take_first_pass(tables, key, sweep, &group);
        for (pass, parities) in (1..).zip(parities) {
            self.take_pass(tables, pass, parities, sweep, &group);
        }
    }

    #[inline(always)]
    fn take_first_pass(&mut self, tables: &Tables, key: &Bits, sweep: &Sweep, group: &Range<usize>) {
        let frame_bits = tables.frame_bits();
        for line in (0..self.words).step_by(LINE) {
            let end = (line + LINE).min(self.words);
            let found: [_; LINE] = std::array::from_fn(|word| sweep.words((line + word).min(end - 1)));
            for (lane, frame) in group.clone().enumerate() {
                for (word, [cuts, errors, known]) in (line..end).zip(&found) {
                    let of_frame = u64::MAX >> (64 - (frame_bits - 64 * word).min(64));
                    let own = key.word_at(frame * frame_bits + 64 * word) & of_frame;
                    let key = own ^ errors[lane] & self.corrected;
                    self.set_cell(frame, 0, word, Cell { key, cut: cuts[lane], odd: 0, known: known[lane] });
                    self.located[frame * self.words + word] = errors[lane];
                }
            }
        }
    }

    #[inline(always)]
    fn take_pass(
        &mut self,
        tables: &Tables,
        pass: usize,
        parities: &Bits,
        sweep: &Sweep,
        group: &Range<usize>,
    ) {
        let frame_bits = tables.frame_bits();
        let mut last = Zeroizing::new([0; GROUP]);
        for line in (0..self.words).step_by(LINE) {
            let end = (line + LINE).min(self.words);
            let found: [_; LINE] =
                std::array::from_fn(|word| sweep.permuted(tables, pass, (line + word).min(end - 1)));
            for (lane, frame) in group.clone().enumerate() {
                for (word, [errors, known]) in (line..end).zip(&found) {
                    let of_frame = u64::MAX >> (64 - (frame_bits - 64 * word).min(64));
                    let running = parities.word_at(frame * frame_bits + 64 * word);
                    let own = (running ^ (running << 1 | last[lane])) & of_frame;
                    last[lane] = running >> 63;
                    let key = own ^ errors[lane] & self.corrected;
                    let cut = tables.starts(pass)[word];
                    self.set_cell(frame, pass, word, Cell { key, cut, odd: 0, known: known[lane] });
                }
            }
        }
    }

    #[inline(always)]
    fn set_cell(&mut self, frame: usize, pass: usize, word: usize, cell: Cell) {
        let row = frame * self.passes + pass;
        self.cells[row * (self.words + PADDING) + word] = cell;
        self.summaries[2 * row * self.words.div_ceil(64) + word / 64] |=
            u64::from(cell.cut != 0) << (word % 64);
    }

    /// A frame in one pass.
    #[inline(always)]
    pub(super) fn row(&mut self, frame: usize, pass: usize) -> Row<'_> {
        let row = frame * self.passes + pass;
        let summary = 2 * self.words.div_ceil(64);
        Row {
            cells: &mut self.cells[row * (self.words + PADDING)..][..self.words],
            summary: &mut self.summaries[row * summary..][..summary],
            odd_intervals: &mut self.odd_intervals[row],
        }
    }

    /// Asks for the memory of a place, which will be needed soon.
    #[inline(always)]
    pub(super) fn prefetch(&self, frame: usize, pass: usize, place: usize) {
        let row = frame * self.passes + pass;
        prefetch(&self.cells[row * (self.words + PADDING) + place / 64]);
    }

    /// The lowest pass of a frame that has odd intervals.
    #[inline(always)]
    pub(super) fn first_odd_pass(&self, frame: usize) -> Option<usize> {
        self.odd_intervals[frame * self.passes..][..self.passes].iter().position(|&count| count > 0)
    }

    /// The parities of the errors left in a frame's checks.
    #[inline(always)]
    pub(super) fn checks(&self, frame: usize) -> u16 {
        self.checks[frame]
    }

    /// Takes what is asked of a frame's checks.
    #[inline(always)]
    pub(super) fn set_checks(&mut self, frame: usize, odd: u16) {
        self.checks[frame] = odd;
    }

    /// The parity of the own bits of a check in a range of the frame.
    #[inline(always)]
    pub(super) fn check_parity(
        &self,
        tables: &Tables,
        frame: usize,
        check: usize,
        range: Range<usize>,
    ) -> bool {
        let row = &self.cells[frame * self.passes * (self.words + PADDING)..][..self.words];
        let mask = tables.mask(check);
        odd_ones(fold(range, |word| row[word].key & mask[word]))
    }

    /// Which bits of a check are unknown in a range of at most 64, from its start on, and the own bits there.
    #[inline(always)]
    pub(super) fn unknown_of_check(
        &mut self,
        tables: &Tables,
        frame: usize,
        check: usize,
        range: Range<usize>,
    ) -> (u64, u64) {
        let mask = tables.mask(check);
        let of_check = window(range.clone(), |word| mask[word]);
        let (unknown, key) = self.row(frame, 0).unknown(range);
        (unknown & of_check, key)
    }

    /// Records an error at `bit` of a frame, which was found in the pass `own` or in no pass; false if it was known before.
    #[inline(always)]
    pub(super) fn locate(&mut self, tables: &Tables, frame: usize, bit: usize, own: Option<usize>) -> bool {
        let located = &mut self.located[frame * self.words + bit / 64];
        if *located >> (bit % 64) & 1 == 1 {
            return false;
        }
        *located |= 1 << (bit % 64);
        self.checks[frame] ^= tables.code(bit);
        let corrected = self.corrected;
        for (pass, &place) in tables.places(bit).iter().enumerate() {
            let mut row = self.row(frame, pass);
            row.learn(place.into(), corrected);
            if own != Some(pass) {
                let low = row.start_of(place.into());
                row.flip_odd(low);
            }
        }
        true
    }

    /// Records that a bit of a frame is right.
    #[inline(always)]
    pub(super) fn clear(&mut self, tables: &Tables, frame: usize, bit: usize) {
        for (pass, &place) in tables.places(bit).iter().enumerate() {
            self.row(frame, pass).learn(place.into(), 0);
        }
    }

    /// The located errors of a frame.
    #[inline(always)]
    pub(super) fn located(&self, frame: usize) -> &[u64] {
        &self.located[frame * self.words..][..self.words]
    }
}
