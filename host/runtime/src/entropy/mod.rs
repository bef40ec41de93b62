//! Randomness of a link: seeds, hash keys, nonces, pads.
//!
//! ```text
//! source ─▶ Monitored: start-up test, then every byte ─▶ Link
//!           repetition count · adaptive proportion · repeated block
//! ```
//! A [`Link`](crate::Link) puts the health tests of [`Monitored`] around whatever source it is given. An error or an alarm is
//! final: nothing is retried, nothing is stretched, and the link stops.

mod health;
mod insecure;
mod monitored;

pub use health::{Assessment, HealthTest};
pub use insecure::{InsecureEntropy, InsecureSeed};
pub use monitored::Monitored;

/// The source of randomness cannot be used any more. Nothing that it produced is part of the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntropyError {
    /// The source itself failed.
    #[error("the random source failed: {0}")]
    Source(String),
    /// A health test raised an alarm; the operator must look at the source before a new link is opened.
    #[error("the random source failed its {test} after {bytes} bytes")]
    Unhealthy {
        /// The test.
        test: HealthTest,
        /// Bytes that had passed the tests before.
        bytes: u64,
    },
}

/// A source of uniform random bytes: the system's generator, or a quantum random number generator behind its conditioner.
pub trait Entropy: Send {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// If the source or its health tests fail; the link then stops.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

impl<E: Entropy + ?Sized> Entropy for Box<E> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        (**self).fill(bytes)
    }
}

/// The operating system's cryptographic generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|error| EntropyError::Source(error.to_string()))
    }
}
