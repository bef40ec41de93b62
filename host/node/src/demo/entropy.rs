//! Randomness for a demo that can be repeated. It is private to the demo: no real link can be given it.

use qkdpp::{Entropy, EntropyError};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::pair::PairEntropy;

/// ChaCha20 under the seed of `--seed`: predictable, so keys made with it are no secret.
struct SimulationEntropy(ChaCha20Rng);

impl SimulationEntropy {
    /// Users with different `stream` draw independent bytes.
    fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha20Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }
}

impl Entropy for SimulationEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

/// Repeatable randomness for both sides.
pub(super) fn seeded(seed: u64) -> PairEntropy {
    let stream = |stream| Box::new(SimulationEntropy::new(seed, stream));
    PairEntropy { shared: stream(0), alice: stream(1), bob: stream(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, stream| {
            let mut bytes = [0; 32];
            SimulationEntropy::new(seed, stream).fill(&mut bytes).expect("a generator does not fail");
            bytes
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
    }
}
