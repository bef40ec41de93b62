//! The key pools of a pair: two files of the same pre-shared secret, in a folder that is removed at the end.

use std::path::Path;

use qkdpp::{Entropy, Pool};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::error::Failure;

/// Pads per direction. A block takes five tags from Bob and four from Alice, reserved 64 at a time.
const PADS: usize = 1 << 16;
/// Layout of the secret: four halves of hash keys, then a pad for each direction in turn.
const SECRET_LEN: usize = 64 + 32 * PADS;

pub(super) struct Pools {
    pub(super) alice: Pool,
    pub(super) bob: Pool,
    /// Removes the files. Real endpoints keep their pools; these would be worthless, since both were in one place.
    _folder: TempDir,
}

impl Pools {
    /// Draws a secret and makes both pools, readable by their owner only, in a new folder inside `folder`.
    pub(super) fn create(folder: &Path, entropy: &mut dyn Entropy) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("key-pools-")
            .tempdir_in(folder)
            .map_err(Failure::file(folder))?;
        let mut secret = Zeroizing::new(vec![0; SECRET_LEN]);
        entropy.fill(&mut secret).map_err(Failure::input)?;
        let pool = |name: &str| Pool::create(folder.path().join(name), &secret).map_err(Failure::input);
        Ok(Self { alice: pool("alice.pool")?, bob: pool("bob.pool")?, _folder: folder })
    }
}
