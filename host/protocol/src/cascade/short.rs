//! [`Short`]: the end of a search, where its interval has so few places that their bits fit into a word. From then on the search
//! needs no other memory.

use qkdpp_kernels::simd::deposit;

/// What a search needs to know of at most 64 places, from when its interval is that short to its end. The unknown ones are
/// counted: the n-th bit of a word stands for the n-th of them.
#[derive(Clone, Copy)]
pub(super) struct Short {
    pub(super) base: u32,
    /// Which places from `base` on were not known.
    pub(super) unknown: u64,
    /// Their own bits.
    pub(super) key: u64,
    /// Where the interval was cut.
    pub(super) cuts: u64,
    /// Which of them have no error for sure.
    pub(super) right: u64,
    /// The odd ones are these: `low..high`, of which those below `split` are asked for.
    pub(super) low: u8,
    pub(super) split: u8,
    pub(super) high: u8,
    /// Which of the weighted searches this is, where bits have weights.
    pub(super) weighted: u32,
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
        let (odd, even) = if left { (low..split, split..high) } else { (split..high, low..split) };
        self.cuts |= 1 << split;
        self.right |= u64::from(even.len() == 1) << even.start;
        (self.low, self.high) = (odd.start, odd.end);
    }

    /// The places of some of the unknown ones, as a word from `base` on.
    #[inline(always)]
    pub(super) fn places(&self, counted: u64) -> u64 {
        deposit(counted, self.unknown)
    }
}
