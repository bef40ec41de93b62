//! Cascade by the book: plain sets of bits, one frame at a time, on the error pattern itself. The engine must ask the same
//! questions in the same order.

use std::ops::Range;

use qkdpp_kernels::Bits;

use crate::cascade::Tables;

/// The frames that go through pass 0 together.
const GROUP: usize = 64;

/// A question: the bits of a frame whose parity is asked for, and whether the number of errors left in them is odd.
struct Question {
    frame: usize,
    bits: Vec<usize>,
    odd: bool,
}

/// The questions of each round of a run over all frames.
pub(super) fn rounds(tables: &Tables, errors: &Bits) -> Vec<Vec<(usize, Vec<usize>, bool)>> {
    let frame_bits = tables.frame_bits();
    let frames: Vec<Frame> = (0..errors.len() / frame_bits)
        .map(|number| {
            Frame::new(tables, (0..frame_bits).map(|bit| errors.get(number * frame_bits + bit)).collect())
        })
        .collect();
    let mut rounds: Vec<Vec<_>> = Vec::new();
    let mut first = 0;
    let mut rest = frames;
    while !rest.is_empty() {
        let group: Vec<Frame> = rest.drain(..rest.len().min(GROUP)).collect();
        let count = group.len();
        for (number, questions) in (Group { tables, frames: group }).run().into_iter().enumerate() {
            if rounds.len() == number {
                rounds.push(Vec::new());
            }
            let of_group =
                questions.into_iter().map(|question| (first + question.frame, question.bits, question.odd));
            rounds[number].extend(of_group);
        }
        first += count;
    }
    rounds
}

/// What is known of a frame.
struct Frame {
    /// Errors that are left.
    errors: Vec<bool>,
    /// Bits that are known to be right by now.
    known: Vec<bool>,
    /// The intervals of each pass, ascending, and whether the errors left in each are known to be odd in number.
    passes: Vec<Vec<(Range<usize>, bool)>>,
}

impl Frame {
    fn new(tables: &Tables, errors: Vec<bool>) -> Self {
        let bits = errors.len();
        let blocks = |&length: &usize| -> Vec<_> {
            (0..bits).step_by(length).map(|low| (low..(low + length).min(bits), false)).collect()
        };
        Self {
            known: vec![false; bits],
            errors,
            passes: tables.schedule().block_bits().iter().map(blocks).collect(),
        }
    }

    fn odd(&self, bits: &[usize]) -> bool {
        bits.iter().filter(|&&bit| self.errors[bit]).count() % 2 == 1
    }

    /// Cuts the interval of a pass that holds `split`.
    fn cut(&mut self, pass: usize, split: usize) {
        let intervals = &mut self.passes[pass];
        let at = intervals.iter().position(|(range, _)| range.contains(&split)).unwrap();
        let whole = intervals[at].0.clone();
        if whole.start != split {
            intervals[at].0 = whole.start..split;
            intervals.insert(at + 1, (split..whole.end, false));
        }
    }

    fn locate(&mut self, tables: &Tables, bit: usize, own: Option<usize>) {
        assert!(self.errors[bit], "an error is located where one is");
        self.errors[bit] = false;
        self.known[bit] = true;
        for pass in (0..self.passes.len()).filter(|&pass| own != Some(pass)) {
            let place = tables.place(pass, bit);
            let interval = self.passes[pass].iter_mut().find(|(range, _)| range.contains(&place)).unwrap();
            interval.1 = !interval.1;
        }
    }
}

/// An odd set of places of a pass, or of a check where there is none.
#[derive(Clone)]
struct Search {
    frame: usize,
    pass: Option<usize>,
    check: usize,
    range: Range<usize>,
    /// The places that count, once there are few, with their weights.
    short: Option<Vec<(usize, u32)>>,
    /// Bits that are right, as the search has shown.
    right: Vec<usize>,
}

struct Group<'a> {
    tables: &'a Tables,
    frames: Vec<Frame>,
}

impl Group<'_> {
    fn run(mut self) -> Vec<Vec<Question>> {
        let mut rounds = self.first_pass();
        let others = self.other_blocks();
        if !others.is_empty() {
            rounds.push(others);
        }
        let mut searches = Vec::new();
        self.begin((0..self.frames.len()).collect(), &mut searches);
        while !searches.is_empty() {
            // Short ones ask first.
            searches.sort_by_key(|search| search.short.is_none());
            let (questions, following) = self.round(&searches);
            rounds.push(questions);
            searches = following;
        }
        rounds
    }

    /// Pass 0, level by level; in a level by place, then by frame.
    fn first_pass(&mut self) -> Vec<Vec<Question>> {
        let mut asked = Vec::new();
        let mut odd = Vec::new();
        let blocks: Vec<Range<usize>> =
            self.frames[0].passes[0].iter().map(|(range, _)| range.clone()).collect();
        for range in blocks {
            for frame in 0..self.frames.len() {
                let question = self.question(frame, range.clone().collect());
                if question.odd {
                    odd.push((frame, range.clone()));
                }
                if range.len() == 1 {
                    self.frames[frame].known[range.start] = true;
                }
                asked.push(question);
            }
        }
        let mut rounds = vec![asked];
        loop {
            for (frame, range) in odd.iter().filter(|(_, range)| range.len() == 1) {
                self.frames[*frame].locate(self.tables, range.start, Some(0));
            }
            odd.retain(|(_, range)| range.len() > 1);
            if odd.is_empty() {
                return rounds;
            }
            odd.sort_by_key(|(frame, range)| (range.start, *frame));
            let (mut asked, mut next) = (Vec::new(), Vec::new());
            for (frame, range) in odd {
                let split = range.start + range.len() / 2;
                let question = self.question(frame, (range.start..split).collect());
                self.frames[frame].cut(0, split);
                let parts = [range.start..split, split..range.end];
                for part in parts.iter().filter(|part| part.len() == 1) {
                    self.frames[frame].known[part.start] = true;
                }
                next.push((frame, parts[usize::from(!question.odd)].clone()));
                asked.push(question);
            }
            rounds.push(asked);
            odd = next;
        }
    }

    /// The blocks of the other passes but the last of each, then the checks.
    fn other_blocks(&mut self) -> Vec<Question> {
        let mut asked = Vec::new();
        for frame in 0..self.frames.len() {
            for pass in 1..self.tables.passes() {
                let blocks: Vec<Range<usize>> =
                    self.frames[frame].passes[pass].iter().map(|(range, _)| range.clone()).collect();
                for (number, range) in blocks.iter().enumerate() {
                    let question = self.question(frame, self.bits(pass, range.clone()));
                    self.frames[frame].passes[pass][number].1 = question.odd;
                    if number + 1 < blocks.len() {
                        asked.push(question);
                    }
                }
            }
            for check in 0..self.tables.schedule().checks() {
                asked.push(self.question(frame, self.of_check(check, 0..self.tables.frame_bits())));
            }
        }
        asked
    }

    /// One question of every search; the searches of the next round.
    fn round(&mut self, searches: &[Search]) -> (Vec<Question>, Vec<Search>) {
        let (mut asked, mut following, mut shortened, mut located) = (vec![], vec![], vec![], vec![]);
        for search in searches {
            let Search { frame, pass, short, mut right, .. } = search.clone();
            let (bits, parts) = self.halves(search);
            let question = self.question(frame, bits);
            let odd_part = usize::from(!question.odd);
            asked.push(question);
            if let (Some(pass), true) = (pass, self.tables.schedule().reuse()) {
                self.frames[frame].cut(pass, parts[1].range.start);
            }
            let even = &parts[1 - odd_part];
            let counts = short.is_some() && self.tables.schedule().weights().is_some();
            if let (Some(pass), Some([(place, _)])) = (pass, even.short.as_deref().filter(|_| counts)) {
                right.push(self.tables.bit(pass, *place));
            }
            let odd = Search { right: right.clone(), ..parts[odd_part].clone() };
            match odd.short.as_deref() {
                Some([(place, _)]) => located.push((frame, pass, *place, right)),
                Some(_) => following.push(odd),
                None => shortened.push(self.shortened(odd)),
            }
        }
        for odd in shortened {
            match odd.short.as_deref() {
                Some([(place, _)]) => located.push((odd.frame, odd.pass, *place, Vec::new())),
                _ => following.push(odd),
            }
        }
        let mut idle = Vec::new();
        let mut open = vec![0; self.frames.len()];
        for search in searches {
            open[search.frame] += 1;
        }
        for (frame, pass, place, right) in located {
            for bit in right {
                self.frames[frame].known[bit] = true;
            }
            self.located(frame, pass, place);
            open[frame] -= 1;
            if open[frame] == 0 {
                idle.push(frame);
            }
        }
        self.begin(idle, &mut following);
        (asked, following)
    }

    fn located(&mut self, frame: usize, pass: Option<usize>, place: usize) {
        let bit = pass.map_or(place, |pass| self.tables.bit(pass, place));
        self.frames[frame].locate(self.tables, bit, pass);
    }

    /// Begins the searches of frames that have none. A frame whose searches are all told without a question is in turn again,
    /// after the others.
    fn begin(&mut self, mut idle: Vec<usize>, searches: &mut Vec<Search>) {
        while !idle.is_empty() {
            let told_all = |frame: &usize| self.begin_frame(*frame, searches);
            idle = idle.into_iter().filter(told_all).collect();
        }
    }

    /// Begins the searches of a frame; whether it has some, and all of them were told without a question.
    fn begin_frame(&mut self, frame: usize, searches: &mut Vec<Search>) -> bool {
        let odd = self.odd(frame);
        let found: Vec<Search> = odd.into_iter().map(|search| self.shortened(search)).collect();
        let (begun, mut told) = (found.len(), 0);
        for search in found {
            if let Some([(place, _)]) = search.short.as_deref() {
                self.located(frame, search.pass, *place);
                told += 1;
            } else {
                searches.push(search);
            }
        }
        told > 0 && told == begun
    }

    /// The odd intervals that a frame searches next.
    fn odd(&mut self, frame: usize) -> Vec<Search> {
        let search =
            |pass, check, range| Search { frame, pass, check, range, short: None, right: Vec::new() };
        let is_odd = |intervals: &Vec<(Range<usize>, bool)>| intervals.iter().any(|(_, odd)| *odd);
        if let Some(pass) = self.frames[frame].passes.iter().position(is_odd) {
            let at_once = if pass >= 2 { 1 } else { usize::MAX };
            let odd = self.frames[frame].passes[pass].iter_mut().filter(|(_, odd)| *odd).take(at_once);
            return odd
                .map(|(range, odd)| {
                    *odd = false;
                    search(Some(pass), 0, range.clone())
                })
                .collect();
        }
        let whole = 0..self.tables.frame_bits();
        let is_odd = |check: &usize| self.frames[frame].odd(&self.of_check(*check, whole.clone()));
        let check = (0..self.tables.schedule().checks()).find(is_odd);
        check.map(|check| search(None, check, whole.clone())).into_iter().collect()
    }

    /// Lists the places that count of a short interval.
    fn shortened(&self, search: Search) -> Search {
        if search.range.len() > if self.tables.schedule().weights().is_some() { 32 } else { 64 } {
            return search;
        }
        let bit = |place: usize| search.pass.map_or(place, |pass| self.tables.bit(pass, place));
        let counts = |place: &usize| {
            let in_check = search.pass.is_some() || code(self.tables, bit(*place)) >> search.check & 1 == 1;
            in_check && !self.frames[search.frame].known[bit(*place)]
        };
        let weighted = |place| (place, self.weight(search.frame, bit(place), search.pass));
        let short = Some(search.range.clone().filter(counts).map(weighted).collect());
        Search { short, ..search }
    }

    /// The weight of a bit, by the first pass, or, in that, by the second.
    fn weight(&self, frame: usize, bit: usize, pass: Option<usize>) -> u32 {
        let Some(weights) = self.tables.schedule().weights() else { return 1 };
        let other = usize::from(pass == Some(0));
        let place = self.tables.place(other, bit);
        let frame = &self.frames[frame];
        let (range, odd) = frame.passes[other].iter().find(|(range, _)| range.contains(&place)).unwrap();
        let unknown = |place: &usize| !frame.known[self.tables.bit(other, *place)];
        weights.of(other, (range.len() <= 64).then(|| (range.clone().filter(unknown).count(), *odd)))
    }

    /// The bits that are asked for, and both parts of an interval.
    fn halves(&self, search: &Search) -> (Vec<usize>, [Search; 2]) {
        let part = |range: Range<usize>, short| Search { range, short, ..search.clone() };
        let Range { start, end } = search.range;
        if let Some(places) = &search.short {
            // Both parts as heavy as can be, else the left one the lighter; as many bits, where all have the same weight.
            let sum = |places: &[(usize, u32)]| places.iter().map(|(_, weight)| weight).sum::<u32>();
            let balance = |split: &usize| sum(&places[..*split]).abs_diff(sum(&places[*split..]));
            let (left, right) = places.split_at((1..places.len()).min_by_key(balance).unwrap());
            let bit =
                |&(place, _): &(usize, u32)| search.pass.map_or(place, |pass| self.tables.bit(pass, place));
            let split = right[0].0;
            let parts = [part(start..split, Some(left.to_vec())), part(split..end, Some(right.to_vec()))];
            return (left.iter().map(bit).collect(), parts);
        }
        let split = start + (end - start) / 2;
        let bits = match search.pass {
            Some(pass) => self.bits(pass, start..split),
            None => self.of_check(search.check, start..split),
        };
        (bits, [part(start..split, None), part(split..end, None)])
    }

    fn question(&self, frame: usize, bits: Vec<usize>) -> Question {
        Question { frame, odd: self.frames[frame].odd(&bits), bits }
    }

    fn bits(&self, pass: usize, places: Range<usize>) -> Vec<usize> {
        places.map(|place| self.tables.bit(pass, place)).collect()
    }

    fn of_check(&self, check: usize, bits: Range<usize>) -> Vec<usize> {
        bits.filter(|&bit| code(self.tables, bit) >> check & 1 == 1).collect()
    }
}

/// Which checks a bit belongs to.
pub(super) fn code(tables: &Tables, bit: usize) -> u64 {
    tables.late().checks(tables.column(bit))
}
