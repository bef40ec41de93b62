//! Running parities of permuted frames: what Cascade asks for its block parities (SPEC §4).
//!
//! ```text
//! frame  x0 x1 x2 x3      y = x permuted, y[j] = x[π[j]]
//! output y0, y0⊕y1, y0⊕y1⊕y2, …      parity of y[a..b] = out[b−1] ⊕ out[a−1]
//! ```

#[cfg(target_arch = "x86_64")]
pub mod avx2;
pub mod permutation;
pub mod portable;
pub mod reference;

use std::sync::Arc;

pub use permutation::Permutation;

use crate::job::{ShapeError, Shared, expect_frames};

/// Running parities of a list of frames under one permutation.
#[derive(Clone, Debug)]
pub struct Parities {
    frames: Shared,
    permutation: Arc<Permutation>,
}

impl Parities {
    /// `frames`: any number of frames, each as long as `permutation`.
    ///
    /// # Errors
    /// If `frames` is no whole number of frames.
    pub fn new(frames: Shared, permutation: Arc<Permutation>) -> Result<Self, ShapeError> {
        expect_frames("the list of frames", &frames, permutation.len())?;
        Ok(Self { frames, permutation })
    }

    /// The frames, one after the other.
    pub fn frames(&self) -> &Shared {
        &self.frames
    }

    /// The permutation of every frame.
    pub fn permutation(&self) -> &Permutation {
        &self.permutation
    }
}
