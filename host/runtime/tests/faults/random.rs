//! SplitMix64: a schedule is a pure function of its seed and index.

/// A reproducible stream of random numbers.
pub(crate) struct Random(u64);

impl Random {
    /// Stream `index` of `seed`; streams do not overlap in practice.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut random = Self(seed);
        let start = random.word() ^ index.wrapping_mul(0xd134_2543_de82_ef95);
        Self(start)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Below `limit` ≥ 1; the bias of the remainder does not matter here.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.word() % limit
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// True with a probability in 10^−4.
    pub(crate) fn per_myriad(&mut self, probability: u64) -> bool {
        self.below(10_000) < probability
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}
