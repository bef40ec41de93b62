//! The closed list of kernels: a [`Job`] is validated input, an [`Output`] what every backend must return for it.
//!
//! Key material travels in `Arc<Bits>`: a backend may hold it as long as it runs, a faulted job goes to another
//! backend without a copy, and the last holder wipes it.

use std::fmt;
use std::sync::Arc;

use crate::bits::Bits;
use crate::ldpc::{Decoded, LdpcDecode, Syndrome};
use crate::parities::Parities;
use crate::polyhash::PolyHash;
use crate::sift::Sift;
use crate::toeplitz::Toeplitz;

/// A validated unit of work; running it cannot fail for reasons of shape.
#[derive(Clone, Debug)]
pub enum Job {
    /// Compaction by a mask, SPEC §2.
    Sift(Sift),
    /// Running parities of permuted frames, SPEC §4.
    Parities(Parities),
    /// LDPC syndromes, SPEC §5.2.
    Syndrome(Syndrome),
    /// LDPC decoding of one frame, SPEC §5.3.
    LdpcDecode(LdpcDecode),
    /// Polynomial hashes, SPEC §6.
    PolyHash(PolyHash),
    /// Toeplitz hashing, SPEC §7.
    Toeplitz(Toeplitz),
}

/// What a [`Job`] computes.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// The compacted planes.
    Sift(Vec<Bits>),
    /// The running parities, frame by frame.
    Parities(Bits),
    /// The syndromes, frame by frame.
    Syndrome(Bits),
    /// The decoder's word and how it got there.
    LdpcDecode(Decoded),
    /// One hash per segment.
    PolyHash(Vec<u128>),
    /// The hashed bits.
    Toeplitz(Bits),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sift(planes) => f.debug_tuple("Sift").field(planes).finish(),
            Self::Parities(bits) => f.debug_tuple("Parities").field(bits).finish(),
            Self::Syndrome(bits) => f.debug_tuple("Syndrome").field(bits).finish(),
            Self::LdpcDecode(decoded) => f.debug_tuple("LdpcDecode").field(decoded).finish(),
            Self::PolyHash(hashes) => write!(f, "PolyHash({} hashes)", hashes.len()),
            Self::Toeplitz(bits) => f.debug_tuple("Toeplitz").field(bits).finish(),
        }
    }
}

/// A shape that a constructor refused. The caller must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A bit string has the wrong length.
    #[error("{what} has {got} bits, {want} are needed")]
    Length {
        /// The offending input.
        what: &'static str,
        /// Bits needed.
        want: usize,
        /// Bits given.
        got: usize,
    },
    /// A bit string is not a whole number of frames.
    #[error("{what} has {got} bits, which is no multiple of the frame length {frame}")]
    Frames {
        /// The offending input.
        what: &'static str,
        /// Frame length in bits.
        frame: usize,
        /// Bits given.
        got: usize,
    },
    /// A number is out of its range.
    #[error("{what} is {got}, it must be between {min} and {max}")]
    Range {
        /// The offending parameter.
        what: &'static str,
        /// Smallest allowed value.
        min: usize,
        /// Largest allowed value.
        max: usize,
        /// Value given.
        got: usize,
    },
}

/// `Ok` if `bits` has `want` bits.
pub(crate) fn expect_len(what: &'static str, bits: &Bits, want: usize) -> Result<(), ShapeError> {
    if bits.len() == want { Ok(()) } else { Err(ShapeError::Length { what, want, got: bits.len() }) }
}

/// The number of frames of `frame` bits in `bits`.
pub(crate) fn expect_frames(what: &'static str, bits: &Bits, frame: usize) -> Result<usize, ShapeError> {
    if bits.len().is_multiple_of(frame) {
        Ok(bits.len() / frame)
    } else {
        Err(ShapeError::Frames { what, frame, got: bits.len() })
    }
}

/// `Ok` if `got` is in `min..=max`.
pub(crate) fn expect_range(
    what: &'static str,
    got: usize,
    (min, max): (usize, usize),
) -> Result<(), ShapeError> {
    if (min..=max).contains(&got) { Ok(()) } else { Err(ShapeError::Range { what, min, max, got }) }
}

/// A shared bit string that several stages read.
pub type Shared = Arc<Bits>;
