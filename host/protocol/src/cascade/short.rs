//! [`Short`]: the end of a search, where its interval has so few places that their bits fit into a word. From then on the search
//! needs no other memory.

use qkdpp_kernels::simd::deposit;
use zeroize::Zeroize;

use super::place::Place;

/// What a search needs to know of at most 64 places, from when its interval is that short to its end. The unknown ones are
/// counted: the n-th bit of a word stands for the n-th of them.
#[derive(Clone, Copy)]
pub(super) struct Short {
    /// The own bits.
    pub(super) key: u64,
    /// Which places from `base` on were not known.
    pub(super) unknown: u64,
    /// Where the interval was cut.
    pub(super) cuts: u64,
    /// Which of the weighted searches this is, where bits have weights.
    pub(super) weighted: u32,
    pub(super) base: u16,
    /// The frame in its group.
    pub(super) lane: u8,
    pub(super) place: Place,
    /// The odd ones are these: `low..high`, of which those below `split` are asked for.
    pub(super) low: u8,
    pub(super) split: u8,
    pub(super) high: u8,
}

impl Zeroize for Short {
    fn zeroize(&mut self) {
        self.key.zeroize();
    }
}

impl Short {
    /// The own parity of the left part.
    #[inline(always)]
    pub(super) fn parity(&self) -> bool {
        let (low, split) = (u32::from(self.low), u32::from(self.split));
        (self.key >> low & ((1 << (split - low)) - 1)).count_ones() % 2 == 1
    }

    /// Goes on with the odd part; `left`: it is the left one.
    #[inline(always)]
    pub(super) fn go_on(&mut self, left: bool) {
        let Self { low, split, high, .. } = *self;
        self.cuts |= 1 << split;
        (self.low, self.high) = if left { (low, split) } else { (split, high) };
    }

    /// Whether one place is left.
    #[inline(always)]
    pub(super) fn is_found(&self) -> bool {
        self.high - self.low == 1
    }

    /// Which places but the one that is left have no error for sure: those that stand alone between two cuts.
    #[inline(always)]
    pub(super) fn right(&self) -> u64 {
        let ends = self.cuts >> 1 | 1 << (self.unknown.count_ones() - 1);
        (self.cuts | 1) & ends & !(1 << self.low)
    }

    /// The places of some of the unknown ones, as a word from `base` on.
    #[inline(always)]
    pub(super) fn places(&self, counted: u64) -> u64 {
        deposit(counted, self.unknown)
    }
}
