//! [`Search`]: the passes after the sweep, where each frame of a group goes its own way.
//!
//! A frame works on its lowest pass that has odd intervals: it halves them until an error is located, which makes the
//! intervals that hold it in the other passes odd or even. Where all are even, but a check over random bits of the frame is
//! not, it halves that. Nobody is asked about a bit that is known: an interval is halved so that both parts hold as many
//! unknown bits, and one with a single unknown bit tells that bit.
//!
//! What is known of a group is larger than a cache near the processor. Each step of a round therefore goes through all its
//! searches and asks for the memory of the next step.

use std::ops::Range;

use qkdpp_kernels::simd::extract;

use super::frames::{Frames, Own, RowId};
use super::packed::{Packer, Reader};
use super::place::{Long, Place, bit_at};
use super::row::{odd_ones, ones};
use super::short::{End, Shorts, Window};
use super::tables::{Tables, asked_blocks};
use super::weights::{self, Sums};

/// The passes in which a frame halves all its odd intervals in the same round. From the third pass on it halves one
/// at a time: few errors are left then, and the error found in one interval often leads, through the passes before, to
/// the error in another, which then costs nothing.
const SIMULTANEOUS_PASSES: usize = 2;

/// How many searches ahead memory is asked for within a step.
const AHEAD: usize = 8;

/// The same where each place of a search needs other memory.
const WEIGHED_AHEAD: usize = 2;

/// No error pattern of this frame has the parities received so far; it shows at this bit.
pub(super) struct Contradiction {
    pub(super) frame: usize,
    pub(super) bit: usize,
}

/// An error that a search has found.
#[derive(Clone, Copy)]
struct Found {
    window: Window,
    /// Its place, and the bit of the frame there, once that is looked up.
    at: u16,
    bit: u16,
    /// Where the search has cut the interval, and what it has shown to be right, as places from the window's on.
    cuts: u64,
    right: u64,
}

impl Found {
    #[inline(always)]
    fn new(end: &End, weighted: bool) -> Self {
        let window = end.window;
        let at = window.base + window.places(1 << end.error).trailing_zeros() as u16;
        let right = if weighted { window.places(end.right()) } else { 0 };
        Self { window, at, bit: 0, cuts: window.places(end.cuts), right }
    }

    /// The bits that are right.
    #[inline(always)]
    fn right_bits(&self, tables: &Tables) -> impl Iterator<Item = usize> {
        let Window { place, base, .. } = self.window;
        ones([self.right]).map(move |of_window| bit_at(tables, place, usize::from(base) + of_window))
    }
}

/// What the searches of all groups work on.
pub(super) struct Work<'a> {
    pub(super) tables: &'a Tables,
    pub(super) own: Own<'a>,
    pub(super) frames: &'a mut Frames,
    /// The questions of the next round.
    pub(super) questions: &'a mut Packer,
}

/// The search of a group.
pub(super) struct Search {
    group: Range<usize>,
    long: Vec<Long>,
    short: Shorts,
    /// Frame by frame, how many searches are its.
    open: Vec<u32>,
    /// Intervals that are about to become short, errors about to be recorded, frames about to begin with the next searches.
    narrow: Vec<Long>,
    found: Vec<Found>,
    idle: Vec<u8>,
    next: Vec<(u8, RowId, Place)>,
    sums: Sums,
}

impl Search {
    #[inline(always)]
    pub(super) fn new(group: Range<usize>) -> Self {
        Self {
            open: vec![0; group.len()],
            group,
            long: Vec::new(),
            short: Shorts::default(),
            narrow: Vec::new(),
            found: Vec::new(),
            idle: Vec::new(),
            next: Vec::new(),
            sums: Sums::default(),
        }
    }

    /// Whether nothing is left to ask.
    #[inline(always)]
    pub(super) fn is_finished(&self) -> bool {
        self.long.is_empty() && self.short.is_empty()
    }

    /// Asks for the blocks of all passes but the first, and for the checks, of the group's frames. After pass 0 the number of
    /// errors in a frame is even, so that the parity of a pass's last block is the sum of the others and is not asked.
    #[inline(always)]
    pub(super) fn ask_blocks(&self, work: &mut Work<'_>) {
        for frame in self.group.clone() {
            for pass in work.tables.late().early().skip(1) {
                let row = work.frames.row(work.frames.row_of(frame, pass));
                asked_blocks(work.tables, pass).for_each(|block| work.questions.push(row.parity(block)));
            }
            work.questions.push_masked(work.frames.syndrome(frame), work.tables.late().asked());
        }
    }

    /// Takes the differences of these, and asks the first questions of the search.
    #[inline(always)]
    pub(super) fn settle_blocks(
        &mut self,
        work: &mut Work<'_>,
        differences: &mut Reader,
    ) -> Result<(), Contradiction> {
        for (lane, frame) in (0..).zip(self.group.clone()) {
            for pass in work.tables.late().early().skip(1) {
                let mut row = work.frames.row(work.frames.row_of(frame, pass));
                let (mut sum, mut end) = (false, 0);
                for block in asked_blocks(work.tables, pass) {
                    end = block.end;
                    if differences.next() {
                        row.flip_odd(block.start);
                        sum = !sum;
                    }
                }
                if sum {
                    row.flip_odd(end);
                }
            }
            let late = work.tables.late();
            work.frames.set_syndrome(frame, late.completed(differences.next_masked(late.asked())));
            self.idle.push(lane);
        }
        self.begin(work)?;
        self.ask_long(work);
        Ok(())
    }

    /// Takes the differences of a round and asks the questions of the next: of the searches that go on, in their order, then
    /// of the new ones.
    #[inline(always)]
    pub(super) fn round(
        &mut self,
        work: &mut Work<'_>,
        differences: &mut Reader,
    ) -> Result<(), Contradiction> {
        self.settle_short(work, differences);
        self.settle_long(work, differences);
        self.shorten(work)?;
        self.note(work);
        self.begin(work)?;
        self.ask_long(work);
        Ok(())
    }

    /// Goes on with the odd parts of short intervals.
    #[inline(always)]
    fn settle_short(&mut self, work: &mut Work<'_>, differences: &mut Reader) {
        let Self { short, sums, found, .. } = self;
        let weighted = work.tables.schedule().weights().is_some();
        for batch in short.batches_mut() {
            let ended = batch.go_on(differences.next_masked(batch.live()));
            for lane in ones([ended]) {
                let end = batch.end(lane);
                if weighted {
                    sums.end(end.window.weighted);
                }
                let new = Found::new(&end, weighted);
                if let Place::Pass(pass @ 1..) = new.window.place {
                    work.tables.prefetch_place(pass.into(), new.at.into());
                }
                found.push(new);
            }
            if weighted {
                batch.cut(|search, low, high| sums.split(search, low, high));
            } else {
                batch.halve();
            }
            work.questions.push_masked(batch.parities(), batch.live());
        }
        short.close_up();
    }

    /// Goes on with those of long ones.
    #[inline(always)]
    fn settle_long(&mut self, work: &mut Work<'_>, differences: &mut Reader) {
        let schedule = work.tables.schedule();
        let (reuse, short_places, mut going_on) = (schedule.reuse(), schedule.short_places(), 0);
        for index in 0..self.long.len() {
            if let Some(later) = self.long.get(index + AHEAD) {
                work.frames.prefetch(later.row, later.low as usize);
                work.frames.prefetch(later.row, later.split() as usize);
            }
            let mut long = self.long[index];
            let split = long.split();
            if reuse && matches!(long.place, Place::Pass(_)) {
                work.frames.row(long.row).cut(split as usize);
            }
            (long.low, long.high) = if differences.next() { (long.low, split) } else { (split, long.high) };
            if long.places().len() <= short_places {
                self.narrow.push(long);
            } else {
                self.long[going_on] = long;
                going_on += 1;
            }
        }
        self.long.truncate(going_on);
    }

    /// Looks at the places of intervals that have become short for the last time but one.
    #[inline(always)]
    fn shorten(&mut self, work: &mut Work<'_>) -> Result<(), Contradiction> {
        for index in 0..self.narrow.len() {
            if let Some(later) = self.narrow.get(index + WEIGHED_AHEAD)
                && work.tables.schedule().weights().is_some()
            {
                weights::prefetch(work, self.frame(later.lane), later.place, later.places());
            }
            let Long { low, row, lane, place, .. } = self.narrow[index];
            let (frame, odd) = (self.frame(lane), self.narrow[index].places());
            let (unknown, key) = match place {
                Place::Pass(_) => work.frames.row(row).unknown(odd),
                Place::Check(check) => work.frames.unknown_of_check(work.tables, frame, check.into(), odd),
            };
            if unknown == 0 {
                return Err(Contradiction { frame, bit: bit_at(work.tables, place, low as usize) });
            }
            let (key, high, base) = (extract(key, unknown), unknown.count_ones() as usize, low as u16);
            if high == 1 {
                let window = Window { unknown, weighted: 0, row, base, lane, place };
                let end = End { window, error: 0, cuts: 0 };
                self.found.push(Found::new(&end, false));
                continue;
            }
            let (weighted, split) = match work.tables.schedule().weights() {
                Some(weights) => {
                    let sums = weights::sums(work, weights, frame, place, low, unknown);
                    (self.sums.keep(&sums), weights::split(&sums, 0, high))
                }
                None => (0, high / 2),
            };
            work.questions.push(odd_ones(key & ((1 << split) - 1)));
            self.short.push(Window { unknown, weighted, row, base, lane, place }, key, split);
        }
        self.narrow.clear();
        Ok(())
    }

    /// Records what was found: first looks up where it is, then where that stands in the other passes.
    #[inline(always)]
    fn note(&mut self, work: &mut Work<'_>) {
        for found in &mut self.found {
            let bit = bit_at(work.tables, found.window.place, found.at.into());
            work.tables.prefetch_bit(bit);
            found.bit = bit as u16;
        }
        for found in &self.found {
            let frame = self.frame(found.window.lane);
            work.frames.prefetch_error(work.tables, frame, found.bit.into());
            for bit in found.right_bits(work.tables) {
                work.frames.prefetch_bit(work.tables, frame, bit);
            }
        }
        for index in 0..self.found.len() {
            let found = self.found[index];
            let Window { row, lane, place, base, .. } = found.window;
            let frame = self.frame(lane);
            if matches!(place, Place::Pass(_)) {
                if work.tables.schedule().reuse() {
                    work.frames.row(row).cut_some(base.into(), found.cuts);
                }
                for bit in found.right_bits(work.tables) {
                    work.frames.clear(work.tables, frame, bit);
                }
            }
            work.frames.locate(work.tables, frame, found.bit.into(), place.pass());
            self.open[usize::from(lane)] -= 1;
            if self.open[usize::from(lane)] == 0 {
                self.idle.push(lane);
            }
        }
        self.found.clear();
    }

    /// Begins the next searches of the frames that have none. A search may tell its error without a question, by what is known of
    /// the bits beside it; frames that have no other are in turn again.
    #[inline(always)]
    fn begin(&mut self, work: &mut Work<'_>) -> Result<(), Contradiction> {
        while !self.idle.is_empty() {
            for index in 0..self.idle.len() {
                let (lane, frame) = (self.idle[index], self.frame(self.idle[index]));
                if let Some(pass) = work.frames.first_odd_pass(work.tables, &work.own, frame) {
                    let row = work.frames.row_of(frame, pass);
                    work.frames.prefetch_odd(row);
                    self.next.push((lane, row, Place::Pass(pass as u8)));
                } else if let odd @ 1.. = work.tables.late().checks(work.frames.syndrome(frame)) {
                    let row = work.frames.row_of(frame, 0);
                    self.next.push((lane, row, Place::Check(odd.trailing_zeros() as u8)));
                }
            }
            self.idle.clear();
            for index in 0..self.next.len() {
                let (lane, row, place) = self.next[index];
                match place {
                    Place::Pass(pass) if usize::from(pass) < SIMULTANEOUS_PASSES => {
                        self.begin_all(work, lane, row, place);
                    }
                    Place::Pass(_) => self.begin_first(work, lane, row, place),
                    Place::Check(_) => self.begin_check(work, lane, row, place),
                }
            }
            self.next.clear();
            self.shorten(work)?;
            self.note(work);
        }
        Ok(())
    }

    /// Searches all odd intervals of a pass. The errors that are looked for count no more.
    #[inline(always)]
    fn begin_all(&mut self, work: &mut Work<'_>, lane: u8, row: RowId, place: Place) {
        let (long, narrow, open) = (&mut self.long, &mut self.narrow, &mut self.open[usize::from(lane)]);
        let short_places = work.tables.schedule().short_places();
        work.frames.row(row).take_odd(work.tables.frame_bits(), |odd| {
            let odd = Long { low: odd.start as u32, high: odd.end as u32, row, lane, place };
            if odd.places().len() <= short_places { &mut *narrow } else { &mut *long }.push(odd);
            *open += 1;
        });
    }

    /// Searches the first odd interval of a pass.
    #[inline(always)]
    fn begin_first(&mut self, work: &mut Work<'_>, lane: u8, row: RowId, place: Place) {
        if let Some(odd) = work.frames.row(row).take_first_odd(work.tables.frame_bits()) {
            self.begin_one(work, Long { low: odd.start as u32, high: odd.end as u32, row, lane, place });
        }
    }

    /// Searches a check.
    #[inline(always)]
    fn begin_check(&mut self, work: &Work<'_>, lane: u8, row: RowId, place: Place) {
        self.begin_one(work, Long { low: 0, high: work.tables.frame_bits() as u32, row, lane, place });
    }

    #[inline(always)]
    fn begin_one(&mut self, work: &Work<'_>, odd: Long) {
        self.open[usize::from(odd.lane)] += 1;
        let is_short = odd.places().len() <= work.tables.schedule().short_places();
        if is_short { &mut self.narrow } else { &mut self.long }.push(odd);
    }

    /// Asks about the left halves of long intervals.
    #[inline(always)]
    fn ask_long(&self, work: &mut Work<'_>) {
        for long in &self.long {
            let (frame, left) = (self.frame(long.lane), long.low as usize..long.split() as usize);
            work.questions.push(match long.place {
                Place::Pass(_) => work.frames.row(long.row).parity(left),
                Place::Check(check) => work.frames.check_parity(work.tables, frame, check.into(), left),
            });
        }
    }

    #[inline(always)]
    fn frame(&self, lane: u8) -> usize {
        self.group.start + usize::from(lane)
    }
}
