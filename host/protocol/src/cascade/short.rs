//! [`Shorts`]: the ends of the searches, where an interval has so few places that their bits fit into a word. From then on a search
//! needs no other memory, and 64 of them go on side by side: each of their fields is an array, so that a loop over it becomes
//! vector instructions.

use qkdpp_kernels::simd::deposit;
use zeroize::Zeroize;

use super::frames::RowId;
use super::place::Place;
use super::row::ones;

/// Searches side by side.
const LANES: usize = 64;

/// What stays the same from when the interval of a search is short to its end.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// Which places from `base` on were not known, 64 at most. They are counted: the n-th bit of a word stands for the n-th of
    /// them.
    pub(super) unknown: u64,
    /// Which of the weighted searches this is, where bits have weights.
    pub(super) weighted: u32,
    /// The frame's row of the pass; of the first one, for a check.
    pub(super) row: RowId,
    pub(super) base: u16,
    /// The frame in its group.
    pub(super) lane: u8,
    pub(super) place: Place,
}

impl Window {
    /// The places of some of the unknown ones, as a word from `base` on.
    #[inline(always)]
    pub(super) fn places(&self, counted: u64) -> u64 {
        deposit(counted, self.unknown)
    }
}

/// A search that has found its error.
pub(super) struct End {
    pub(super) window: Window,
    /// The unknown place that is wrong.
    pub(super) error: u32,
    /// Where the interval was cut.
    pub(super) cuts: u64,
}

impl End {
    /// Which unknown places have no error for sure: those that stand alone between two cuts, but for the wrong one.
    #[inline(always)]
    pub(super) fn right(&self) -> u64 {
        let ends = self.cuts >> 1 | 1 << (self.window.unknown.count_ones() - 1);
        (self.cuts | 1) & ends & !(1 << self.error)
    }
}

/// Searches side by side, in their order.
pub(super) struct Batch {
    /// Which of them go on.
    live: u64,
    windows: [Window; LANES],
    /// The own parities of the unknown places below each.
    running: [u64; LANES],
    cuts: [u64; LANES],
    /// The odd places are these: `low..high`, of which those below `split` are asked for.
    low: [u64; LANES],
    split: [u64; LANES],
    high: [u64; LANES],
}

impl Batch {
    fn new() -> Self {
        let (row, place) = (RowId::NONE, Place::Pass(0));
        let window = Window { unknown: 0, weighted: 0, row, base: 0, lane: 0, place };
        let none = [0; LANES];
        Self {
            live: 0,
            windows: [window; LANES],
            running: none,
            cuts: none,
            low: none,
            split: none,
            high: none,
        }
    }

    /// Which of them ask.
    #[inline(always)]
    pub(super) fn live(&self) -> u64 {
        self.live
    }

    /// Goes on with the odd parts, the left ones where `left` says so. Those with a single place have found their error.
    #[inline(always)]
    pub(super) fn go_on(&mut self, left: u64) -> u64 {
        let mut found = 0;
        for lane in 0..LANES {
            let (low, split, high) = (self.low[lane], self.split[lane], self.high[lane]);
            let left = 0_u64.wrapping_sub(left >> lane & 1);
            let (low, high) = (low & left | split & !left, split & left | high & !left);
            self.cuts[lane] |= 1_u64.wrapping_shl(split as u32);
            (self.low[lane], self.high[lane]) = (low, high);
            found |= u64::from(high - low == 1) << lane;
        }
        found & self.live
    }

    /// Ends a search that has found its error.
    #[inline(always)]
    pub(super) fn end(&mut self, lane: usize) -> End {
        self.live &= !(1 << lane);
        End { window: self.windows[lane], error: self.low[lane] as u32, cuts: self.cuts[lane] }
    }

    /// Halves what is odd.
    #[inline(always)]
    pub(super) fn halve(&mut self) {
        for ((split, low), high) in self.split.iter_mut().zip(&self.low).zip(&self.high) {
            *split = (low + high) / 2;
        }
    }

    /// Cuts what is odd where `split(weighted search, low, high)` says.
    #[inline(always)]
    pub(super) fn cut(&mut self, split: impl Fn(u32, usize, usize) -> usize) {
        for lane in ones([self.live]) {
            let (low, high) = (self.low[lane] as usize, self.high[lane] as usize);
            self.split[lane] = split(self.windows[lane].weighted, low, high) as u64;
        }
    }

    /// The own parities of the left parts.
    #[inline(always)]
    pub(super) fn parities(&self) -> u64 {
        let mut parities = 0;
        for lane in 0..LANES {
            let below = |place: u64| self.running[lane].wrapping_shr(place as u32);
            parities |= ((below(self.split[lane]) ^ below(self.low[lane])) & 1) << lane;
        }
        parities
    }
}

/// All of them in their order, as batches that are full but the last.
#[derive(Default)]
pub(super) struct Shorts {
    batches: Vec<Batch>,
    /// Lanes in use, whether their searches go on or not.
    used: usize,
}

impl Drop for Shorts {
    fn drop(&mut self) {
        self.batches.iter_mut().for_each(|batch| batch.running.zeroize());
    }
}

impl Shorts {
    /// Whether no search goes on.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.batches().iter().all(|batch| batch.live == 0)
    }

    #[inline(always)]
    fn batches(&self) -> &[Batch] {
        &self.batches[..self.used.div_ceil(LANES)]
    }

    /// The batches with searches.
    #[inline(always)]
    pub(super) fn batches_mut(&mut self) -> &mut [Batch] {
        &mut self.batches[..self.used.div_ceil(LANES)]
    }

    /// Adds a search, which cuts its interval at `split` first; `key` are the own bits of its unknown places.
    #[inline(always)]
    pub(super) fn push(&mut self, window: Window, key: u64, split: usize) {
        let (batch, lane) = (self.used / LANES, self.used % LANES);
        if batch == self.batches.len() {
            self.batches.push(Batch::new());
        }
        self.used += 1;
        let batch = &mut self.batches[batch];
        // A lane has been another search's before.
        batch.live = batch.live & !(u64::MAX << lane) | 1 << lane;
        batch.windows[lane] = window;
        batch.running[lane] = running(key);
        batch.cuts[lane] = 0;
        batch.low[lane] = 0;
        batch.split[lane] = split as u64;
        batch.high[lane] = window.unknown.count_ones().into();
    }

    /// Closes up those that go on, once most lanes are idle.
    #[inline(always)]
    pub(super) fn close_up(&mut self) {
        let live: u32 = self.batches().iter().map(|batch| batch.live.count_ones()).sum();
        if self.used <= LANES + 2 * live as usize {
            return;
        }
        let mut to = 0;
        for from in 0..self.batches().len() {
            for lane in ones([std::mem::take(&mut self.batches[from].live)]) {
                self.carry([from, lane], [to / LANES, to % LANES]);
                to += 1;
            }
        }
        self.used = to;
        for (batch, start) in self.batches.iter_mut().zip((0..to).step_by(LANES)) {
            batch.live = u64::MAX >> (LANES - (to - start).min(LANES));
        }
    }

    /// Carries a search from one lane of a batch to another.
    #[inline(always)]
    fn carry(&mut self, from: [usize; 2], to: [usize; 2]) {
        let ([from, lane], [to, at]) = (from, to);
        let batch = &self.batches[from];
        let (window, running, cuts) = (batch.windows[lane], batch.running[lane], batch.cuts[lane]);
        let (low, split, high) = (batch.low[lane], batch.split[lane], batch.high[lane]);
        let batch = &mut self.batches[to];
        (batch.windows[at], batch.running[at], batch.cuts[at]) = (window, running, cuts);
        (batch.low[at], batch.split[at], batch.high[at]) = (low, split, high);
    }
}

/// The parities of the bits below each.
#[inline(always)]
fn running(key: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].into_iter().fold(key << 1, |sums, step| sums ^ sums << step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search one question at a time: its questions, and where it ends.
    fn by_hand(key: u64, count: u64, error: u64) -> (Vec<bool>, u64) {
        let (mut low, mut high, mut asked, mut cuts) = (0, count, Vec::new(), 0);
        while high - low > 1 {
            let split = low.midpoint(high);
            let left = (low..split).filter(|place| key >> place & 1 == 1);
            asked.push(left.count() % 2 == 1);
            cuts |= 1 << split;
            (low, high) = if error < split { (low, split) } else { (split, high) };
        }
        (asked, cuts)
    }

    #[test]
    fn searches_side_by_side_are_searches_one_by_one() {
        let mut shorts = Shorts::default();
        let numbers = |seed: u64| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let search = |index: u64| (numbers(index), 2 + numbers(index + 7) % 63);
        let error = |index: u64| numbers(index + 99) % search(index).1;
        let (mut asked, mut ended) = (vec![Vec::new(); 500], vec![None; 500]);
        let mut next = 0;
        while ended.contains(&None) {
            // New ones come in while others end, in their order.
            for index in next..(next + 40).min(500) {
                let (key, count) = search(index);
                let unknown = u64::MAX >> (64 - count);
                let window = Window { unknown, weighted: index as u32, ..Batch::new().windows[0] };
                shorts.push(window, key & unknown, count as usize / 2);
            }
            next = (next + 40).min(500);
            let mut order = Vec::new();
            for batch in shorts.batches_mut() {
                let (parities, mut left) = (batch.parities(), 0);
                for lane in ones([batch.live()]) {
                    let index = batch.windows[lane].weighted;
                    order.push(index);
                    asked[index as usize].push(parities >> lane & 1 == 1);
                    left |= u64::from(error(index.into()) < batch.split[lane]) << lane;
                }
                for lane in ones([batch.go_on(left)]) {
                    let end = batch.end(lane);
                    ended[end.window.weighted as usize] = Some((end.error, end.cuts));
                }
                batch.halve();
            }
            assert!(order.is_sorted());
            shorts.close_up();
        }
        assert!(shorts.is_empty());
        for index in 0..500 {
            let (key, count) = search(index);
            let (questions, cuts) = by_hand(key, count, error(index));
            assert_eq!(asked[index as usize], questions, "search {index}");
            assert_eq!(ended[index as usize], Some((error(index) as u32, cuts)), "search {index}");
        }
    }
}
