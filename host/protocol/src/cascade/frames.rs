//! [`Frames`]: what is known of each frame, in each pass, once its group is through pass 0.

use std::mem;
use std::ops::Range;

use qkdpp_kernels::Bits;
use qkdpp_kernels::memory::{Spare, filled, reserved};
use qkdpp_kernels::simd::prefetch;
use zeroize::{Zeroize, Zeroizing};

use super::row::{Cell, Row, fold, odd_ones, ones, window};
use super::sweep::Swept;
use super::tables::{Tables, asked_blocks};
use crate::wire::Role;

/// Between the cells of two rows: rows of a power of two would all begin in the same set of a cache.
const PADDING: usize = 2;

/// The cells of blocks that are through, wiped.
static CELLS: Spare<Cell> = Spare::new();

/// Cells in a line of a cache.
const LINE: usize = 2;

/// Which row of all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct RowId(u32);

impl RowId {
    /// Of a pass that a frame has no row of yet.
    pub(super) const NONE: Self = Self(u32::MAX);
}

/// A side's key, and for each pass but the first the running parities of its frames.
pub(super) struct Own<'a> {
    pub(super) key: &'a Bits,
    pub(super) parities: &'a [Bits],
}

/// The frames of a block, each with a row of cells for every pass that it has searched so far, and for the first ones in any case.
pub(super) struct Frames {
    passes: usize,
    words: usize,
    /// Words of a row's summary of cuts, and of that of odd intervals.
    summary_words: usize,
    /// Row by row, as they came; their memory never moves.
    cells: Vec<Cell>,
    /// Row by row, which cells have a cut, then which have an odd interval.
    summaries: Vec<u64>,
    /// Which row each frame has for each pass.
    rows: Vec<RowId>,
    /// The parities of the errors left in each frame's checks and blocks of late passes; at first the own parities of these.
    syndromes: Zeroizing<Vec<u64>>,
    /// The located errors, as words of each frame.
    located: Vec<u64>,
    /// All ones where this side corrects its key.
    corrected: u64,
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.cells.iter_mut().for_each(|cell| cell.key.zeroize());
        CELLS.keep(mem::take(&mut self.cells));
    }
}

impl Frames {
    /// `count` frames of which nothing is known yet.
    pub(super) fn new(tables: &Tables, role: Role, count: usize) -> Self {
        let (passes, words) = (tables.passes(), tables.words());
        let (rows, summary_words) = (count * passes, words.div_ceil(64));
        Self {
            passes,
            words,
            summary_words,
            cells: CELLS.reserved(rows * (words + PADDING)),
            summaries: reserved(rows * 2 * summary_words),
            rows: vec![RowId::NONE; rows],
            syndromes: Zeroizing::new(vec![0; count]),
            located: filled(0, count * words),
            corrected: if role == Role::Bob { u64::MAX } else { 0 },
        }
    }

    /// Carries over to the early passes what the sweep has found in a group, and sums up the syndromes of its frames.
    #[inline(always)]
    pub(super) fn take(&mut self, tables: &Tables, own: &Own<'_>, swept: &Swept, group: Range<usize>) {
        let mut bits = Zeroizing::new(vec![0; self.words]);
        for (lane, frame) in group.enumerate() {
            self.located[frame * self.words..][..self.words].copy_from_slice(swept.errors(lane));
            copy_frame(own.key, frame, tables.frame_bits(), &mut bits);
            for (bits, errors) in bits.iter_mut().zip(swept.errors(lane)) {
                *bits ^= errors & self.corrected;
            }
            let known = swept.known(lane, tables.frame_bits());
            let cells = bits.iter().zip(swept.cuts(lane)).zip(known);
            self.begin_row(frame, 0, cells.map(|((&key, &cut), known)| Cell { key, cut, odd: 0, known }));
            self.syndromes[frame] = self.own_syndrome(tables, own, frame, &bits);
            for pass in tables.late().early().skip(1) {
                self.open(tables, own, frame, pass);
            }
        }
    }

    /// The own parities, as corrected so far, of a frame's checks and blocks of late passes; `bits` are the frame's.
    #[inline(always)]
    fn own_syndrome(&self, tables: &Tables, own: &Own<'_>, frame: usize, bits: &[u64]) -> u64 {
        let mut corrections = 0;
        for bit in ones(self.located(frame).iter().copied()) {
            corrections ^= tables.column(bit);
        }
        // The checks of the corrected bits, the blocks of the bits before.
        let late = tables.late();
        let mut syndrome = corrections & self.corrected & !late.of_checks(u64::MAX);
        for check in 0..tables.schedule().checks() {
            let mut sum = 0;
            for (bits, mask) in bits.iter().zip(tables.mask(check)) {
                sum ^= bits & mask;
            }
            syndrome |= late.of_checks(u64::from(odd_ones(sum)) << check);
        }
        for (pass, blocks) in late.passes() {
            let start = frame * tables.frame_bits();
            let mut before = false;
            for (block, at) in asked_blocks(tables, pass).zip(blocks) {
                let running = own.parities[pass - 1].get(start + block.end - 1);
                syndrome ^= u64::from(running ^ before) << at;
                before = running;
            }
        }
        syndrome
    }

    /// Makes the row of a pass but the first, of a frame that has that one.
    #[inline(always)]
    fn open(&mut self, tables: &Tables, own: &Own<'_>, frame: usize, pass: usize) {
        let mut running = Zeroizing::new(vec![0; self.words]);
        copy_frame(&own.parities[pass - 1], frame, tables.frame_bits(), &mut running);
        let mut last = 0;
        let cells = running.iter().zip(tables.starts(pass)).map(|(&running, &cut)| {
            let key = running ^ (running << 1 | last);
            last = running >> 63;
            Cell { key, cut, odd: 0, known: 0 }
        });
        self.begin_row(frame, pass, cells);
        let [first, row] = [0, pass].map(|pass| self.start(self.row_of(frame, pass)));
        let (before, cells) = self.cells.split_at_mut(row);
        let known = before[first..][..self.words].iter().map(|cell| cell.known);
        let located = &self.located[frame * self.words..][..self.words];
        for bit in ones(known) {
            let error = located[bit / 64] >> (bit % 64) & 1;
            let place = tables.place(pass, bit);
            cells[place / 64].known |= 1 << (place % 64);
            cells[place / 64].key ^= (error & self.corrected) << (place % 64);
        }
    }

    /// Makes the row of a late pass, with its odd blocks.
    #[inline(always)]
    fn open_late(&mut self, tables: &Tables, own: &Own<'_>, frame: usize, pass: usize) {
        self.open(tables, own, frame, pass);
        let odd = tables.late().blocks(self.syndromes[frame], pass);
        for block in ones([odd]) {
            self.row(self.row_of(frame, pass)).flip_odd(block * tables.schedule().block_bits()[pass]);
        }
    }

    #[inline(always)]
    fn begin_row(&mut self, frame: usize, pass: usize, cells: impl Iterator<Item = Cell>) {
        let row = self.cells.len() / self.stride();
        assert!(self.cells.capacity() - self.cells.len() >= self.stride(), "a row for each pass of a frame");
        self.rows[frame * self.passes + pass] = RowId(row as u32);
        self.cells.extend(cells);
        self.cells.resize((row + 1) * self.stride(), Cell::default());
        for cells in self.cells[row * self.stride()..][..self.words].chunks(64) {
            let cut = cells.iter().rev().fold(0, |word, cell| word << 1 | u64::from(cell.cut != 0));
            self.summaries.push(cut);
        }
        self.summaries.resize((row + 1) * 2 * self.summary_words, 0);
    }

    /// Cells from the beginning of a row to that of the next.
    #[inline(always)]
    fn stride(&self) -> usize {
        self.words + PADDING
    }

    /// Where the cells of a row begin.
    #[inline(always)]
    fn start(&self, row: RowId) -> usize {
        row.0 as usize * self.stride()
    }

    /// The row of a frame in a pass.
    #[inline(always)]
    pub(super) fn row_of(&self, frame: usize, pass: usize) -> RowId {
        self.rows[frame * self.passes + pass]
    }

    /// What is known in a row.
    #[inline(always)]
    pub(super) fn row(&mut self, row: RowId) -> Row<'_> {
        let (start, summary) = (self.start(row), 2 * self.summary_words);
        Row {
            cells: &mut self.cells[start..][..self.words],
            summary: &mut self.summaries[row.0 as usize * summary..][..summary],
        }
    }

    /// Asks for the memory of a place.
    #[inline(always)]
    pub(super) fn prefetch(&self, row: RowId, place: usize) {
        prefetch(&self.cells, self.start(row) + place / 64);
    }

    /// Asks for the memory of all that changes with an error: its places, and where their intervals begin, if that is near.
    #[inline(always)]
    pub(super) fn prefetch_error(&self, tables: &Tables, frame: usize, bit: usize) {
        prefetch(&self.located, frame * self.words + bit / 64);
        for pass in 0..self.passes {
            let row = self.row_of(frame, pass);
            if row != RowId::NONE {
                let cell = self.start(row) + tables.place(pass, bit) / 64;
                prefetch(&self.cells, cell);
                prefetch(&self.cells, cell.wrapping_sub(LINE));
                prefetch(&self.summaries, 2 * row.0 as usize * self.summary_words);
            }
        }
    }

    /// Asks for the memory of all that changes when a bit is known.
    #[inline(always)]
    pub(super) fn prefetch_bit(&self, tables: &Tables, frame: usize, bit: usize) {
        for pass in 0..self.passes {
            let row = self.row_of(frame, pass);
            if row != RowId::NONE {
                self.prefetch(row, tables.place(pass, bit));
            }
        }
    }

    /// The lowest pass of a frame that has odd intervals; it has a row from then on.
    #[inline(always)]
    pub(super) fn first_odd_pass(&mut self, tables: &Tables, own: &Own<'_>, frame: usize) -> Option<usize> {
        let is_odd = |pass: &usize| match self.row_of(frame, *pass) {
            RowId::NONE => tables.late().blocks(self.syndromes[frame], *pass) != 0,
            row => self.odd_cells(row).iter().any(|&cells| cells != 0),
        };
        let pass = (0..self.passes).find(is_odd)?;
        if self.row_of(frame, pass) == RowId::NONE {
            self.open_late(tables, own, frame, pass);
        }
        Some(pass)
    }

    /// Asks for the memory of a row's odd intervals where they begin, and a little further.
    #[inline(always)]
    pub(super) fn prefetch_odd(&self, row: RowId) {
        for cell in ones(self.odd_cells(row).iter().copied()) {
            prefetch(&self.cells, self.start(row) + cell);
            prefetch(&self.cells, self.start(row) + cell + LINE);
        }
    }

    /// Which cells of a row have an odd interval.
    #[inline(always)]
    fn odd_cells(&self, row: RowId) -> &[u64] {
        &self.summaries[(2 * row.0 as usize + 1) * self.summary_words..][..self.summary_words]
    }

    /// A frame's syndrome: what is odd of its checks and blocks of late passes without a row.
    #[inline(always)]
    pub(super) fn syndrome(&self, frame: usize) -> u64 {
        self.syndromes[frame]
    }

    /// Puts what the peer's parities differ in for the own ones.
    #[inline(always)]
    pub(super) fn set_syndrome(&mut self, frame: usize, odd: u64) {
        self.syndromes[frame] = odd;
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
        let row = &self.cells[self.start(self.row_of(frame, 0))..][..self.words];
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
        let (unknown, key) = self.row(self.row_of(frame, 0)).unknown(range);
        (unknown & of_check, key)
    }

    /// Records an error at `bit` of a frame, which was found in the pass `own` or in no pass.
    #[inline(always)]
    pub(super) fn locate(&mut self, tables: &Tables, frame: usize, bit: usize, own: Option<usize>) {
        self.located[frame * self.words + bit / 64] |= 1 << (bit % 64);
        self.syndromes[frame] ^= tables.column(bit);
        let corrected = self.corrected;
        for pass in 0..self.passes {
            let row = self.row_of(frame, pass);
            if row != RowId::NONE {
                let (mut row, place) = (self.row(row), tables.place(pass, bit));
                row.learn(place, corrected);
                if own != Some(pass) {
                    row.flip_odd_at(place);
                }
            }
        }
    }

    /// Records that a bit of a frame is right.
    #[inline(always)]
    pub(super) fn clear(&mut self, tables: &Tables, frame: usize, bit: usize) {
        for pass in 0..self.passes {
            let row = self.row_of(frame, pass);
            if row != RowId::NONE {
                self.row(row).learn(tables.place(pass, bit), 0);
            }
        }
    }

    /// The located errors of all frames, each in whole words.
    pub(super) fn all_located(&self) -> &[u64] {
        &self.located
    }

    /// The located errors of a frame.
    #[inline(always)]
    pub(super) fn located(&self, frame: usize) -> &[u64] {
        &self.located[frame * self.words..][..self.words]
    }
}

/// Copies a frame of a list of frames.
#[inline(always)]
fn copy_frame(frames: &Bits, frame: usize, frame_bits: usize, words: &mut [u64]) {
    if frame_bits.is_multiple_of(64) {
        return words.copy_from_slice(&frames.words()[frame * words.len()..][..words.len()]);
    }
    for (index, word) in words.iter_mut().enumerate() {
        let of_frame = u64::MAX >> (64 - (frame_bits - 64 * index).min(64));
        *word = frames.word_at(frame * frame_bits + 64 * index) & of_frame;
    }
}
