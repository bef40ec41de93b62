//! [`Search`]: the passes after the sweep, where each frame of a group goes its own way.
//!
//! A frame works on its lowest pass that has odd intervals: it halves them until an error is located, which makes the
//! intervals that hold it in the other passes odd or even. Where all are even, but a check over random bits of the frame is
//! not, it halves that. Nobody is asked about a bit that is known: an interval is halved so that both parts hold as many
//! unknown bits, and one with a single unknown bit tells that bit.

use std::ops::Range;

use qkdpp_kernels::simd::extract;
use zeroize::Zeroize;

use super::frames::Frames;
use super::packed::{Packer, Reader};
use super::short::Short;
use super::tables::Tables;
use super::weights;

/// The passes in which a frame halves all its odd intervals in the same round. From the third pass on it halves one
/// at a time: few errors are left then, and the error found in one interval often leads, through the passes before, to
/// the error in another, which then costs nothing.
const SIMULTANEOUS_PASSES: usize = 2;

/// How many questions or searches ahead memory is asked for: what is known of a group is larger than a cache near the
/// processor, and each of them needs other parts of it.
const AHEAD: usize = 8;

/// No error pattern of this frame has the parities received so far; it shows at this bit.
pub(super) struct Contradiction {
    pub(super) frame: usize,
    pub(super) bit: usize,
}

/// What an odd interval belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Pass(u8),
    /// Only the bits of the check count.
    Check(u8),
}

/// An odd interval whose left part is asked for.
#[derive(Clone, Copy)]
struct Question {
    frame: u32,
    place: Place,
    interval: Interval,
}

#[derive(Clone, Copy)]
enum Interval {
    /// `low..high`, halved at its middle.
    Long {
        low: u32,
        high: u32,
    },
    Short(Short),
}

/// A search that has found its error.
#[derive(Clone, Copy)]
struct Found {
    frame: u32,
    place: Place,
    bit: u16,
    short: Short,
}

impl Zeroize for Question {
    fn zeroize(&mut self) {
        if let Interval::Short(short) = &mut self.interval {
            short.key.zeroize();
        }
    }
}

impl Zeroize for Found {
    fn zeroize(&mut self) {
        self.short.key.zeroize();
    }
}

/// What the searches of all groups work on.
pub(super) struct Work<'a> {
    pub(super) tables: &'a Tables,
    pub(super) frames: &'a mut Frames,
    /// The questions of the next round.
    pub(super) questions: &'a mut Packer,
}

/// The search of a group.
pub(super) struct Search {
    group: Range<usize>,
    questions: Vec<Question>,
    /// Frame by frame, how many of the questions are its.
    open: Vec<u32>,
    /// What a round found, and the frames whose last question was answered; kept for the memory.
    found: Vec<Found>,
    idle: Vec<u32>,
    /// Sums of weights of the short searches, and which of these lists are in no use.
    weights: Vec<[u32; 65]>,
    unused: Vec<u32>,
}

impl Drop for Search {
    fn drop(&mut self) {
        self.questions.zeroize();
        self.found.zeroize();
    }
}

impl Search {
    #[inline(always)]
    pub(super) fn new(group: Range<usize>) -> Self {
        let open = vec![0; group.len()];
        Self {
            group,
            questions: Vec::new(),
            open,
            found: Vec::new(),
            idle: Vec::new(),
            weights: Vec::new(),
            unused: Vec::new(),
        }
    }

    /// Whether nothing is left to ask.
    #[inline(always)]
    pub(super) fn is_finished(&self) -> bool {
        self.questions.is_empty()
    }

    /// Asks for the blocks of all passes but the first, and for the checks, of the group's frames. After pass 0 the number of
    /// errors in a frame is even, so that the parity of a pass's last block is the sum of the others and is not asked.
    #[inline(always)]
    pub(super) fn ask_blocks(&self, work: &mut Work<'_>) {
        for frame in self.group.clone() {
            for pass in 1..work.tables.passes() {
                let row = work.frames.row(frame, pass);
                asked_blocks(work.tables, pass).for_each(|block| work.questions.push(row.parity(block)));
            }
            for check in 0..work.tables.schedule().checks() {
                work.questions.push(work.frames.check_parity(
                    work.tables,
                    frame,
                    check,
                    0..work.tables.frame_bits(),
                ));
            }
        }
    }

    /// Takes the differences of these, and asks the first questions of the search.
    #[inline(always)]
    pub(super) fn settle_blocks(
        &mut self,
        work: &mut Work<'_>,
        differences: &mut Reader,
    ) -> Result<(), Contradiction> {
        for frame in self.group.clone() {
            for pass in 1..work.tables.passes() {
                let mut row = work.frames.row(frame, pass);
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
            let checks =
                (0..work.tables.schedule().checks()).map(|check| u16::from(differences.next()) << check);
            let odd = checks.fold(0, |odd, check| odd | check);
            work.frames.set_checks(frame, odd);
            self.ask_next(work, frame)?;
        }
        Ok(())
    }

    /// Takes the differences of a round and asks the questions of the next: the searches that go on, in their order, then
    /// the new ones of each frame whose last search has ended.
    #[inline(always)]
    pub(super) fn round(
        &mut self,
        work: &mut Work<'_>,
        differences: &mut Reader,
    ) -> Result<(), Contradiction> {
        let mut asked = std::mem::take(&mut self.questions);
        let mut open = 0;
        for index in 0..asked.len() {
            if let Some(later) = asked.get(index + AHEAD) {
                Self::prefetch_cut(work, later);
            }
            let mut question = asked[index];
            if self.settle(work, &mut question, differences.next()) {
                asked[open] = question;
                open += 1;
            }
        }
        asked.truncate(open);
        self.questions = asked;
        self.note(work)?;
        let mut idle = std::mem::take(&mut self.idle);
        for frame in idle.drain(..) {
            self.ask_next(work, frame as usize)?;
        }
        self.idle = idle;
        Ok(())
    }

    /// Goes on with the odd part of an interval, and asks about it, if there is anything to ask; `left`: it is the left one.
    #[inline(always)]
    fn settle(&mut self, work: &mut Work<'_>, question: &mut Question, left: bool) -> bool {
        let &mut Question { frame, place, ref mut interval } = question;
        match interval {
            Interval::Short(short) => {
                short.go_on(left);
                self.ask_short(work, frame, place, short)
            }
            Interval::Long { low, high } => {
                let split = low.midpoint(*high);
                if let (Place::Pass(pass), true) = (place, work.tables.schedule().reuse()) {
                    work.frames.row(frame as usize, pass.into()).cut(split as usize);
                }
                let odd = if left { *low..split } else { split..*high };
                self.ask(work, question, odd)
            }
        }
    }

    /// Asks about the left half of an odd interval; false if it has only one unknown bit, which then is the error.
    #[inline(always)]
    fn ask(&mut self, work: &mut Work<'_>, question: &mut Question, odd: Range<u32>) -> bool {
        let &mut Question { frame, place, .. } = question;
        let range = |range: Range<u32>| range.start as usize..range.end as usize;
        if odd.len() <= work.tables.schedule().short_places() {
            let mut short = self.shorten(work, frame as usize, place, range(odd));
            let asked = self.ask_short(work, frame, place, &mut short);
            question.interval = Interval::Short(short);
            return asked;
        }
        let left = range(odd.start..odd.start.midpoint(odd.end));
        work.questions.push(match place {
            Place::Pass(pass) => work.frames.row(frame as usize, pass.into()).parity(left),
            Place::Check(check) => work.frames.check_parity(work.tables, frame as usize, check.into(), left),
        });
        question.interval = Interval::Long { low: odd.start, high: odd.end };
        true
    }

    /// Looks at the places of an interval for the last time but one.
    #[inline(always)]
    fn shorten(&mut self, work: &mut Work<'_>, frame: usize, place: Place, odd: Range<usize>) -> Short {
        let base = odd.start as u32;
        let (unknown, key) = match place {
            Place::Pass(pass) => work.frames.row(frame, pass.into()).unknown(odd),
            Place::Check(check) => work.frames.unknown_of_check(work.tables, frame, check.into(), odd),
        };
        let high = unknown.count_ones() as u8;
        let weighted = match work.tables.schedule().weights() {
            Some(weights) => self.weigh(&weights::sums(work, weights, frame, place, base, unknown)),
            None => 0,
        };
        let key = extract(key, unknown);
        Short { base, unknown, key, cuts: 0, right: 0, low: 0, split: 0, high, weighted }
    }

    /// Keeps the weights of a search.
    #[inline(always)]
    fn weigh(&mut self, sums: &[u32; 65]) -> u32 {
        let weighted = self.unused.pop().unwrap_or_else(|| {
            self.weights.push([0; 65]);
            self.weights.len() as u32 - 1
        });
        self.weights[weighted as usize] = *sums;
        weighted
    }

    /// As [`ask`](Self::ask).
    #[inline(always)]
    fn ask_short(&mut self, work: &mut Work<'_>, frame: u32, place: Place, short: &mut Short) -> bool {
        let weighs = work.tables.schedule().weights().is_some();
        if short.high - short.low > 1 {
            short.split = if weighs {
                let sums = &self.weights[short.weighted as usize];
                weights::split(sums, short.low.into(), short.high.into()) as u8
            } else {
                short.low.midpoint(short.high)
            };
            work.questions.push(short.parity());
            return true;
        }
        if weighs {
            self.unused.push(short.weighted);
        }
        let at = short.base + short.places(1 << short.low).trailing_zeros() % 64;
        let bit = match place {
            Place::Pass(pass) => work.tables.order(pass.into())[at as usize],
            Place::Check(_) => at as u16,
        };
        self.found.push(Found { frame, place, bit, short: *short });
        false
    }

    /// Takes note of what was found.
    #[inline(always)]
    fn note(&mut self, work: &mut Work<'_>) -> Result<(), Contradiction> {
        let mut found = std::mem::take(&mut self.found);
        for index in 0..found.len() {
            if let Some(later) = found.get(index + AHEAD) {
                for (pass, &place) in work.tables.places(later.bit.into()).iter().enumerate() {
                    work.frames.prefetch(later.frame as usize, pass, place.into());
                }
            }
            let Found { frame, place, bit, short } = found[index];
            let (frame, bit) = (frame as usize, usize::from(bit));
            let own = if let Place::Pass(pass) = place { Some(usize::from(pass)) } else { None };
            if let Some(pass) = own {
                let base = short.base as usize;
                if work.tables.schedule().reuse() {
                    work.frames.row(frame, pass).cut_some(base, short.places(short.cuts));
                }
                let mut right = short.places(short.right);
                while right != 0 {
                    let at = base + right.trailing_zeros() as usize;
                    work.frames.clear(work.tables, frame, work.tables.order(pass)[at].into());
                    right &= right - 1;
                }
            }
            if !work.frames.locate(work.tables, frame, bit, own) {
                return Err(Contradiction { frame, bit });
            }
            self.open[frame - self.group.start] -= 1;
            if self.open[frame - self.group.start] == 0 {
                self.idle.push(frame as u32);
            }
        }
        found.clear();
        self.found = found;
        Ok(())
    }

    /// Asks for the memory of a question's cut.
    #[inline(always)]
    fn prefetch_cut(work: &Work<'_>, question: &Question) {
        if let (Interval::Long { low, high }, Place::Pass(pass)) = (question.interval, question.place) {
            work.frames.prefetch(question.frame as usize, pass.into(), low.midpoint(high) as usize);
        }
    }

    /// The next questions of a frame that has none open; none if it is through.
    #[inline(always)]
    fn ask_next(&mut self, work: &mut Work<'_>, frame: usize) -> Result<(), Contradiction> {
        loop {
            let before = self.questions.len();
            if let Some(pass) = work.frames.first_odd_pass(frame) {
                self.search_pass(work, frame, pass);
            } else if work.frames.checks(frame) != 0 {
                let check = work.frames.checks(frame).trailing_zeros() as u8;
                self.search(work, frame, Place::Check(check), 0..work.tables.frame_bits());
            } else {
                return Ok(());
            }
            let asked = self.questions.len() - before;
            // An error may be told without a question, by what is known of the bits beside it.
            self.open[frame - self.group.start] += (asked + self.found.len()) as u32;
            self.note(work)?;
            self.idle.clear();
            if asked > 0 {
                return Ok(());
            }
        }
    }

    /// Begins the search of an odd interval.
    #[inline(always)]
    fn search(&mut self, work: &mut Work<'_>, frame: usize, place: Place, odd: Range<usize>) {
        let (low, high) = (odd.start as u32, odd.end as u32);
        let mut question = Question { frame: frame as u32, place, interval: Interval::Long { low, high } };
        if self.ask(work, &mut question, low..high) {
            self.questions.push(question);
        }
    }

    /// Searches the odd intervals of a pass.
    #[inline(always)]
    fn search_pass(&mut self, work: &mut Work<'_>, frame: usize, pass: usize) {
        let mut from = 0;
        loop {
            let mut row = work.frames.row(frame, pass);
            let Some(low) = row.odd_from(from) else { return };
            let odd = row.interval(low, work.tables.frame_bits());
            // The error that is looked for counts no more.
            row.flip_odd(low);
            from = odd.end;
            self.search(work, frame, Place::Pass(pass as u8), odd);
            if pass >= SIMULTANEOUS_PASSES {
                return;
            }
        }
    }
}

/// The blocks of a pass but the last.
#[inline(always)]
fn asked_blocks(tables: &Tables, pass: usize) -> impl Iterator<Item = Range<usize>> {
    let (frame_bits, block_bits) = (tables.frame_bits(), tables.schedule().block_bits()[pass]);
    let asked = frame_bits.div_ceil(block_bits) - 1;
    (0..asked).map(move |block| block * block_bits..(block + 1) * block_bits)
}
