//! [`InsecureSeed`]: randomness that repeats, so that examples and tests in any language can be compared bit for bit.
//!
//! Whoever knows the seed knows the keys. Nothing makes one by default, no configuration names one, and a link that
//! delivers keys to anybody has [`OsEntropy`](super::OsEntropy) or a hardware source instead.

use std::fmt;

use qkdpp_protocol::{Profile, Role};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{Entropy, EntropyError};

/// A number from which all randomness of both sides follows: their keys are no secret.
///
/// Two runs with one seed, the same records and one block at a time ([`in_order`](Self::in_order)) give the same key bits,
/// on any backend, over any connection, in any of the languages that this library is linked from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsecureSeed(u64);

impl InsecureSeed {
    /// The seed itself.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// What `role` draws.
    pub fn entropy(self, role: Role) -> InsecureEntropy {
        self.stream(match role {
            Role::Alice => 1,
            Role::Bob => 2,
        })
    }

    /// What stands for the pre-shared secret of the key pools.
    pub fn pre_shared(self) -> InsecureEntropy {
        self.stream(0)
    }

    /// `profile` with one block at a time: blocks that overlap draw their randomness in an order that depends on timing.
    #[must_use]
    pub fn in_order(self, profile: Profile) -> Profile {
        Profile { blocks_in_flight: 1, ..profile }
    }

    /// Users of different streams draw independent bytes.
    fn stream(self, stream: u64) -> InsecureEntropy {
        let mut generator = ChaCha20Rng::seed_from_u64(self.0);
        generator.set_stream(stream);
        InsecureEntropy(generator)
    }
}

/// ChaCha20 under an [`InsecureSeed`].
pub struct InsecureEntropy(ChaCha20Rng);

impl Entropy for InsecureEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl fmt::Debug for InsecureEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InsecureEntropy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(mut source: InsecureEntropy) -> [u8; 32] {
        let mut bytes = [0; 32];
        source.fill(&mut bytes).expect("a generator does not fail");
        bytes
    }

    #[test]
    fn streams_repeat_and_differ() {
        let streams = |seed| {
            let seed = InsecureSeed::new(seed);
            [seed.pre_shared(), seed.entropy(Role::Alice), seed.entropy(Role::Bob)].map(draw)
        };
        assert_eq!(streams(7), streams(7));
        let all = [streams(7), streams(8)].concat();
        for (index, bytes) in all.iter().enumerate() {
            assert!(!all[..index].contains(bytes), "stream {index} was there before");
        }
    }
}
