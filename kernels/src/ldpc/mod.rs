//! LDPC syndromes and layered decoding with 8-bit messages (SPEC §5).
//!
//! Alice sends the syndrome of her frame; Bob looks for the word with that syndrome that is nearest to his own frame.
//! The check rule, its tables and the order of updates stand in SPEC §5.3–5.4 and, in code, in [`rule`] alone.
//!
//! The codes themselves come from [`family`]; [`degrees`] says how many entries their columns have, [`design`] where these
//! stand, [`file`](mod@file) how codes are kept, and [`messages`] how the leak is fitted to a link.

pub mod alist;
#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
pub mod code;
pub mod degrees;
pub mod design;
pub mod family;
pub mod file;
pub mod messages;
pub mod portable;
pub mod reference;
pub mod rule;
#[cfg(test)]
mod samples;
pub mod simulation;
pub mod stall;

use std::sync::Arc;

pub use code::{Code, CodeError};

use crate::bits::Bits;
use crate::job::{ShapeError, Shared, expect_frames, expect_len, expect_range};

/// Syndromes of a list of frames.
#[derive(Clone, Debug)]
pub struct Syndrome {
    code: Arc<Code>,
    frames: Shared,
}

impl Syndrome {
    /// `frames`: any number of frames of [`Code::variables`] bits.
    ///
    /// # Errors
    /// If `frames` is no whole number of frames.
    pub fn new(code: Arc<Code>, frames: Shared) -> Result<Self, ShapeError> {
        expect_frames("the list of frames", &frames, code.variables())?;
        Ok(Self { code, frames })
    }

    /// The code.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The frames, one after the other.
    pub fn frames(&self) -> &Shared {
        &self.frames
    }
}

/// Decoding of one frame towards a syndrome.
#[derive(Clone, Debug)]
pub struct LdpcDecode {
    code: Arc<Code>,
    word: Shared,
    syndrome: Shared,
    known: Option<Shared>,
    channel: u8,
    max_iterations: u32,
}

impl LdpcDecode {
    /// Decodes `word` (n bits) towards `syndrome` (m bits). `known` marks bits of `word` that are certain: they weigh
    /// most, but enough checks against one still turn it. `channel` (1–127) is the magnitude of the others in units of
    /// 1/4 nat.
    ///
    /// # Errors
    /// If a length does not fit the code or `channel` is out of range.
    pub fn new(
        code: Arc<Code>,
        word: Shared,
        syndrome: Shared,
        known: Option<Shared>,
        channel: u8,
        max_iterations: u32,
    ) -> Result<Self, ShapeError> {
        expect_len("the word to decode", &word, code.variables())?;
        expect_len("the syndrome", &syndrome, code.checks())?;
        if let Some(known) = &known {
            expect_len("the mask of known bits", known, code.variables())?;
        }
        expect_range("the channel magnitude", channel.into(), (1, 127))?;
        Ok(Self { code, word, syndrome, known, channel, max_iterations })
    }

    /// The code.
    pub fn code(&self) -> &Arc<Code> {
        &self.code
    }

    /// The received word.
    pub fn word(&self) -> &Shared {
        &self.word
    }

    /// The syndrome to reach.
    pub fn syndrome(&self) -> &Shared {
        &self.syndrome
    }

    /// Mask of the bits of the word that are certain.
    pub fn known(&self) -> Option<&Shared> {
        self.known.as_ref()
    }

    /// Magnitude of an uncertain bit, in units of 1/4 nat.
    pub fn channel(&self) -> u8 {
        self.channel
    }

    /// Iteration limit.
    pub fn max_iterations(&self) -> u32 {
        self.max_iterations
    }
}

/// What a decoder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The last decision, n bits.
    pub word: Bits,
    /// Complete iterations run.
    pub iterations: u32,
    /// Whether the word has the wanted syndrome.
    pub converged: bool,
}
