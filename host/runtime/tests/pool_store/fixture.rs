//! A pre-shared secret whose every block says in plain text what it is, and where pads lie in the pool's files.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use qkdpp::pool::{Direction, Pads, Pool};
use tempfile::TempDir;

pub(crate) use Direction::{AliceToBob as AB, BobToAlice as BA};

/// Bytes of a pad in the file, with its check bytes.
pub(crate) const RECORD: usize = 24;
/// Where the pads begin in the file.
pub(crate) const PADS_AT: usize = 128;

/// Hash keys and `pads` pads per direction, in the documented order.
pub(crate) fn secret(pads: u64) -> Vec<u8> {
    let mut secret = b"k of Alice > Bobb of Alice > Bobk of Bob > Aliceb of Bob > Alice".to_vec();
    for index in 0..pads {
        secret.extend(pad(AB, index));
        secret.extend(pad(BA, index));
    }
    secret
}

/// What pad `index` of `direction` must be.
pub(crate) fn pad(direction: Direction, index: u64) -> [u8; 16] {
    let name = if direction == AB { "A>B" } else { "B>A" };
    format!("{name} pad{index:9}").into_bytes().try_into().expect("16 characters")
}

/// A new pool with `pads` pads per direction, in a folder that goes when the test ends.
pub(crate) fn new_pool(pads: u64) -> (TempDir, PathBuf, Pool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool");
    let pool = Pool::create(&path, &secret(pads)).unwrap();
    (folder, path, pool)
}

/// The file with the secret that belongs to the database `pool`.
pub(crate) fn pads_file(pool: &Path) -> PathBuf {
    pool.with_extension("pads")
}

/// The bytes of pads `range` of `direction` in the file, of a pool with `pads` pads per direction.
pub(crate) fn pads_on_disk(pool: &Path, pads: u64, direction: Direction, range: Range<u64>) -> Vec<u8> {
    let first = if direction == AB { PADS_AT } else { PADS_AT + pads as usize * RECORD };
    let file = fs::read(pads_file(pool)).unwrap();
    file[first + range.start as usize * RECORD..first + range.end as usize * RECORD].to_vec()
}

/// Numbers and bytes of what was handed out.
pub(crate) fn taken(pads: Pads) -> Vec<(u64, [u8; 16])> {
    pads.map(|pad| (pad.index(), *pad.into_bytes())).collect()
}

/// Numbers and bytes of what must be handed out.
pub(crate) fn expected(direction: Direction, range: Range<u64>) -> Vec<(u64, [u8; 16])> {
    range.map(|index| (index, pad(direction, index))).collect()
}
