//! Sifting: keeps the entries of bit planes that a mask selects (SPEC §2).
//!
//! ```text
//! mask   0 1 1 0 1
//! plane  a b c d e   →   b c e
//! ```

pub mod portable;
pub mod reference;

use crate::job::{ShapeError, Shared, expect_len, expect_range};

/// Compaction of planes by a mask.
#[derive(Clone, Debug)]
pub struct Sift {
    mask: Shared,
    planes: Vec<Shared>,
}

impl Sift {
    /// Compacts each of `planes` (n bits) by `mask` (n bits).
    ///
    /// # Errors
    /// If there is no plane, or one has another length than the mask.
    pub fn new(mask: Shared, planes: Vec<Shared>) -> Result<Self, ShapeError> {
        expect_range("the number of planes", planes.len(), (1, usize::MAX))?;
        for plane in &planes {
            expect_len("a sift plane", plane, mask.len())?;
        }
        Ok(Self { mask, planes })
    }

    /// The mask.
    pub fn mask(&self) -> &Shared {
        &self.mask
    }

    /// The planes, each as long as the mask.
    pub fn planes(&self) -> &[Shared] {
        &self.planes
    }
}
