//! [`Timing`]: how fast the simulated bus is and how unruly, within what AXI allows. From a seed; faults are not its
//! matter but that of [`Faults`](crate::sim::faults::Faults).

/// Behaviour of the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Of all random choices, and of the bits that the RTL leaves undefined at power-on.
    pub seed: u64,
    /// Cycles from a request to its answer, at least; [`Plan::latency`](crate::sim::faults::Plan) comes on top.
    pub latency: u32,
    /// Longest pause of a channel, in cycles; 0: every channel always transfers.
    pub pause: u32,
    /// Whether answers to requests with different identifiers overtake and interleave each other.
    pub reorder: bool,
    /// Simulated nanoseconds of a clock cycle, on the clock that deadlines are measured with.
    pub nanoseconds: u32,
}

impl Timing {
    /// A well-behaved bus: 20 cycles of latency, no pauses.
    pub fn calm() -> Self {
        Self { seed: 1, latency: 20, pause: 0, reorder: false, nanoseconds: 1000 }
    }

    /// Anything AXI allows, as `seed` says.
    pub fn rough(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            seed,
            latency: 1 << random.below(7),
            pause: (1 << random.below(6)) - 1,
            reorder: random.below(4) != 0,
            ..Self::calm()
        }
    }
}

/// Random choices that cost next to nothing: SplitMix64 (Steele, Lea and Flood 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `limit` − 1.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (((z >> 32) * u64::from(limit)) >> 32) as u32
    }
}

/// Opens and closes a channel for random times.
pub(super) struct Valve {
    random: Random,
    pause: u32,
    open: bool,
    left: u32,
}

impl Valve {
    /// The valve of one channel.
    pub(super) fn new(timing: &Timing, channel: u64) -> Self {
        let random = Random::new(timing.seed ^ ((channel + 1) << 48));
        Self { random, pause: timing.pause, open: false, left: 0 }
    }

    /// Whether the channel may transfer in the next cycle.
    pub(super) fn opens(&mut self) -> bool {
        if self.pause == 0 {
            return true;
        }
        if self.left == 0 {
            self.open = !self.open;
            self.left = 1 + self.random.below(self.pause);
        }
        self.left -= 1;
        self.open
    }
}
