//! Random input for the kernels, made before the clock starts.

use std::sync::Arc;

use qkdpp_kernels::{Bits, Shared};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// A generator that gives every run of the program the same input.
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new() -> Self {
        Self(ChaCha12Rng::seed_from_u64(1))
    }

    /// `len` uniform bits.
    pub(crate) fn bits(&mut self, len: usize) -> Shared {
        let words = (0..len.div_ceil(64)).map(|_| self.0.next_u64()).collect();
        Arc::new(Bits::from_words(words, len))
    }

    /// A copy of `bits` with each bit inverted with probability `qber`.
    pub(crate) fn noisy(&mut self, bits: &Bits, qber: f64) -> Shared {
        let below = (qber * 2f64.powi(32)) as u32;
        let mut noisy = bits.clone();
        for index in 0..bits.len() {
            if self.0.next_u32() < below {
                noisy.flip(index);
            }
        }
        Arc::new(noisy)
    }

    /// A 32-byte seed.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// 128 uniform bits.
    pub(crate) fn key(&mut self) -> u128 {
        u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64())
    }
}
