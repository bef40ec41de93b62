//! [`Search`]: the passes after the sweep, where each frame of a group goes its own way.
//!
//! A frame works on its lowest pass that has odd intervals: it halves them until an error is located, which makes the
//! intervals that hold it in the other passes odd or even. Where all are even, but a check over random bits of the frame is
//! not, it halves that. Nobody is asked about a bit that is known: an interval is halved so that both parts hold as many
//! unknown bits, and one with a single unknown bit tells that bit.

use std::ops::Range;

use super::frames::Frames;
use super::packed::{Packer, Reader};
use super::tables::Tables;

/// The passes in which a frame halves all its odd intervals in the same round. From the third pass on it halves one
/// at a time: few errors are left then, and the error found in one interval often leads, through the passes before, to
/// the error in another, which then costs nothing.
const SIMULTANEOUS_PASSES: usize = 2;

/// Accesses to memory that wait at the same time.
const AT_ONCE: usize = 16;

/// No error pattern of this frame has the parities received so far; it shows at this bit.
pub(super) struct Contradiction {
    pub(super) frame: usize,
    pub(super) bit: usize,
}

/// What an odd interval belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Pass(u8),
    /// Only the bits of the check count.
    Check(u8),
}

/// An odd interval whose left part is asked for.
#[derive(Clone, Copy)]
struct Question {
    frame: u8,
    place: Place,
    interval: Interval,
}

#[derive(Clone, Copy)]
enum Interval {
    /// `low..high`, halved at its middle.
    Long { low: u32, high: u32 },
    /// The unknown places among the 64 from `base` on; the left part are those below `split`.
    Short { base: u32, split: u32, unknown: u64 },
}

/// A bit that a question told.
#[derive(Clone, Copy)]
struct Told {
    frame: u8,
    place: Place,
    bit: u16,
}

/// The search of a group.
pub(super) struct Search {
    pub(super) frames: Frames,
    questions: Vec<Question>,
    /// Frame by frame, how many of the questions are its.
    open: Vec<u32>,
    /// What a round found, kept for the memory: the questions of the round before, errors, bits without an error, and frames
    /// whose last question was answered.
    asked: Vec<Question>,
    errors: Vec<Told>,
    cleared: Vec<Told>,
    idle: Vec<u8>,
}

impl Search {
    pub(super) fn new(frames: Frames, count: usize) -> Self {
        Self {
            frames,
            questions: Vec::new(),
            open: vec![0; count],
            asked: Vec::new(),
            errors: Vec::new(),
            cleared: Vec::new(),
            idle: Vec::new(),
        }
    }

    /// Whether nothing is left to ask.
    pub(super) fn is_finished(&self) -> bool {
        self.questions.is_empty()
    }

    /// Asks for the blocks of all passes but the first, and for the checks, of `count` frames. After pass 0 the number of
    /// errors in a frame is even, so that the parity of a pass's last block is the sum of the others and is not asked.
    pub(super) fn ask_blocks(&mut self, tables: &Tables, count: usize, questions: &mut Packer) {
        for frame in 0..count {
            for pass in 1..tables.passes() {
                let row = self.frames.row(frame, pass);
                asked_blocks(tables, pass).for_each(|block| questions.push(row.parity(block)));
            }
            for check in 0..tables.schedule().checks() {
                questions.push(self.frames.check_parity(tables, frame, check, 0..tables.frame_bits()));
            }
        }
    }

    /// Takes the differences of these, and asks the first questions of the search.
    pub(super) fn settle_blocks(
        &mut self,
        tables: &Tables,
        count: usize,
        differences: &mut Reader,
        questions: &mut Packer,
    ) -> Result<(), Contradiction> {
        for frame in 0..count {
            for pass in 1..tables.passes() {
                let mut row = self.frames.row(frame, pass);
                let (mut sum, mut end) = (false, 0);
                for block in asked_blocks(tables, pass) {
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
            let checks = (0..tables.schedule().checks()).map(|check| u16::from(differences.next()) << check);
            let odd = checks.fold(0, |odd, check| odd | check);
            self.frames.set_checks(frame, odd);
            self.ask_next(tables, frame, questions)?;
        }
        Ok(())
    }

    /// Takes the differences of a round and asks the questions of the next: the searches that go on, in their order, then
    /// the new ones of each frame whose last search has ended.
    ///
    /// What is known of a group is larger than a cache near the processor, and each question needs other parts of it. Lists
    /// of what is needed next let many of these accesses wait at the same time.
    pub(super) fn round(
        &mut self,
        tables: &Tables,
        differences: &mut Reader,
        questions: &mut Packer,
    ) -> Result<(), Contradiction> {
        let asked = std::mem::replace(&mut self.questions, std::mem::take(&mut self.asked));
        for some in asked.chunks(AT_ONCE) {
            self.touch_cuts(some);
            for question in some {
                self.settle(tables, *question, differences.next(), questions);
            }
        }
        self.asked = asked;
        self.asked.clear();
        self.note(tables)?;
        let mut idle = std::mem::take(&mut self.idle);
        for frame in idle.drain(..) {
            self.ask_next(tables, frame.into(), questions)?;
        }
        self.idle = idle;
        Ok(())
    }

    /// Goes on with the odd part of an interval; `left`: it is the left one.
    #[inline]
    fn settle(&mut self, tables: &Tables, question: Question, left: bool, questions: &mut Packer) {
        let Question { frame, place, interval } = question;
        match interval {
            Interval::Long { low, high } => {
                let split = low.midpoint(high);
                self.cut(tables, frame, place, split);
                let odd = if left { low..split } else { split..high };
                self.search(tables, frame, place, odd, questions);
            }
            Interval::Short { base, split, unknown } => {
                self.cut(tables, frame, place, base + split);
                let below = (1 << split) - 1;
                let [left_part, right_part] = [unknown & below, unknown & !below];
                let (odd, even) = if left { (left_part, right_part) } else { (right_part, left_part) };
                if even.is_power_of_two()
                    && let Place::Pass(pass) = place
                {
                    let at = base + even.trailing_zeros();
                    let bit = tables.order(pass.into())[at as usize];
                    self.cleared.push(Told { frame, place, bit });
                }
                self.search_short(tables, frame, place, base, odd, questions);
            }
        }
    }

    /// Cuts an interval where its parts' parities are known.
    #[inline]
    fn cut(&mut self, tables: &Tables, frame: u8, place: Place, split: u32) {
        if let (Place::Pass(pass), true) = (place, tables.schedule().reuse()) {
            self.frames.row(frame.into(), pass.into()).cut(split as usize);
        }
    }

    /// Halves an odd interval.
    fn search(&mut self, tables: &Tables, frame: u8, place: Place, odd: Range<u32>, questions: &mut Packer) {
        let range = |range: Range<u32>| range.start as usize..range.end as usize;
        if odd.len() <= 64 {
            let (index, base) = (frame.into(), odd.start);
            let unknown = match place {
                Place::Pass(pass) => self.frames.row(index, pass.into()).unknown(range(odd)),
                Place::Check(check) => self.frames.unknown_of_check(tables, index, check.into(), range(odd)),
            };
            return self.search_short(tables, frame, place, base, unknown, questions);
        }
        let left = range(odd.start..odd.start.midpoint(odd.end));
        questions.push(match place {
            Place::Pass(pass) => self.frames.row(frame.into(), pass.into()).parity(left),
            Place::Check(check) => self.frames.check_parity(tables, frame.into(), check.into(), left),
        });
        let interval = Interval::Long { low: odd.start, high: odd.end };
        self.questions.push(Question { frame, place, interval });
    }

    /// Halves the unknown places of a short odd interval, or takes the only one for the error.
    #[inline]
    fn search_short(
        &mut self,
        tables: &Tables,
        frame: u8,
        place: Place,
        base: u32,
        unknown: u64,
        questions: &mut Packer,
    ) {
        if unknown & unknown.wrapping_sub(1) == 0 {
            let at = base + unknown.trailing_zeros() % 64;
            let bit = match place {
                Place::Pass(pass) => tables.order(pass.into())[at as usize],
                Place::Check(_) => at as u16,
            };
            self.errors.push(Told { frame, place, bit });
            return;
        }
        let split = middle(unknown);
        let pass = if let Place::Pass(pass) = place { pass.into() } else { 0 };
        let asked = unknown & ((1 << split) - 1);
        questions.push(self.frames.row(frame.into(), pass).parity_of(base as usize, asked));
        let interval = Interval::Short { base, split, unknown };
        self.questions.push(Question { frame, place, interval });
    }

    /// Takes note of the bits that were told.
    fn note(&mut self, tables: &Tables) -> Result<(), Contradiction> {
        let cleared = std::mem::take(&mut self.cleared);
        for some in cleared.chunks(AT_ONCE) {
            self.touch_bits(tables, some);
            for told in some {
                self.frames.clear(tables, told.frame.into(), told.bit.into());
            }
        }
        self.cleared = cleared;
        self.cleared.clear();
        let errors = std::mem::take(&mut self.errors);
        for some in errors.chunks(AT_ONCE) {
            self.touch_bits(tables, some);
            for &Told { frame, place, bit } in some {
                let own = if let Place::Pass(pass) = place { Some(pass.into()) } else { None };
                let (index, bit) = (frame.into(), bit.into());
                if !self.frames.locate(tables, index, bit, own) {
                    return Err(Contradiction { frame: index, bit });
                }
                self.open[index] -= 1;
                if self.open[index] == 0 {
                    self.idle.push(frame);
                }
            }
        }
        self.errors = errors;
        self.errors.clear();
        Ok(())
    }

    /// Reads the cells that `some` questions cut.
    fn touch_cuts(&self, some: &[Question]) {
        let touched = some.iter().fold(0, |sum, &Question { frame, place, interval }| {
            let split = match interval {
                Interval::Long { low, high } => low.midpoint(high),
                Interval::Short { base, split, .. } => base + split,
            };
            let Place::Pass(pass) = place else { return sum };
            sum ^ self.frames.touch(frame.into(), pass.into(), split as usize)
        });
        std::hint::black_box(touched);
    }

    /// Reads the cells of some bits in all passes.
    fn touch_bits(&self, tables: &Tables, some: &[Told]) {
        let touched = some.iter().fold(0, |sum, told| {
            let places = (0..).zip(tables.places(told.bit.into()));
            places.fold(sum, |sum, (pass, &place)| {
                sum ^ self.frames.touch(told.frame.into(), pass, place.into())
            })
        });
        std::hint::black_box(touched);
    }

    /// The next questions of a frame that has none open; none if it is through.
    fn ask_next(
        &mut self,
        tables: &Tables,
        frame: usize,
        questions: &mut Packer,
    ) -> Result<(), Contradiction> {
        loop {
            let before = self.questions.len();
            if let Some(pass) = self.frames.first_odd_pass(frame) {
                self.search_pass(tables, frame, pass, questions);
            } else if self.frames.checks(frame) != 0 {
                let check = self.frames.checks(frame).trailing_zeros() as u8;
                self.search(
                    tables,
                    frame as u8,
                    Place::Check(check),
                    0..tables.frame_bits() as u32,
                    questions,
                );
            } else {
                return Ok(());
            }
            let asked = self.questions.len() - before;
            // An error may be told without a question, by what is known of the bits beside it.
            self.open[frame] += (asked + self.errors.len()) as u32;
            self.note(tables)?;
            self.idle.clear();
            if asked > 0 {
                return Ok(());
            }
        }
    }

    /// Searches the odd intervals of a pass.
    fn search_pass(&mut self, tables: &Tables, frame: usize, pass: usize, questions: &mut Packer) {
        let mut from = 0;
        loop {
            let mut row = self.frames.row(frame, pass);
            let Some(low) = row.odd_from(from) else { return };
            let odd = row.interval(low, tables.frame_bits());
            // The error that is looked for counts no more.
            row.flip_odd(low);
            from = odd.end;
            self.search(tables, frame as u8, Place::Pass(pass as u8), low as u32..odd.end as u32, questions);
            if pass >= SIMULTANEOUS_PASSES {
                return;
            }
        }
    }
}

/// The blocks of a pass but the last.
fn asked_blocks(tables: &Tables, pass: usize) -> impl Iterator<Item = Range<usize>> {
    let (frame_bits, block_bits) = (tables.frame_bits(), tables.schedule().block_bits()[pass]);
    let asked = frame_bits.div_ceil(block_bits) - 1;
    (0..asked).map(move |block| block * block_bits..(block + 1) * block_bits)
}

/// The position before which half of the ones of a word stand, rounded down; the word has at least two.
fn middle(word: u64) -> u32 {
    let mut rest = word;
    for _ in 0..word.count_ones() / 2 {
        rest &= rest - 1;
    }
    rest.trailing_zeros()
}
