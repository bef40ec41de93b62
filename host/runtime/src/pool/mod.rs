//! The key pool: the pre-shared secret that message authentication draws from, on disk.
//!
//! Wegman–Carter authentication needs, for each direction, a hash key pair (k, b) that is kept and one-time
//! pads of 128 bits, numbered from 0, each of which may hide exactly one tag. Two tags under one pad give an
//! eavesdropper the hash key, so the pool's one promise is: **a pad is handed out at most once, whatever dies
//! when.** [`Pool::reserve`] therefore works in this order, and every way out of the middle only burns pads:
//!
//! ```text
//! read and check pads ─▶ commit "used below n", fsync ─▶ overwrite pads with zeros, fsync ─▶ return pads
//!     a crash up to here: still unused │ a crash from here on: burnt, never returned again
//! ```
//!
//! The keys also have an ε budget over their life (`qkdpp_protocol::budget`). How much of it is used stands beside the
//! number of pads and is raised before a block may use it ([`Pool::spend`]); it never falls.
//!
//! # One pool is two files
//!
//! A copy-on-write B-tree (redb) could hold the pads as well as the counters. It was weighed against a plain
//! file beside it:
//!
//! - *All in redb*: one file, one commit moves the counter and deletes the pads. But a commit writes new pages
//!   and only frees the old ones, whose bytes stay until some later commit happens to reuse them: a used pad
//!   could be read from the file for as long as the pool lives.
//! - *redb for the counters, a flat file for the secret* (chosen): the database holds nothing secret, and a pad
//!   has one place on the file, which is overwritten. It costs a second fsync per reservation. In return the
//!   zeros are a second witness of use: a database restored from an older copy cannot bring a pad back.
//!
//! `path` is the database, `path` + `.pads` the secret; each names the other by a random pool id. Overwriting
//! reaches the medium only as far as the file system and the drive write in place: btrfs, ZFS, snapshots,
//! backups and the spare blocks of an SSD can keep old bytes, and want an encrypted volume underneath.
//! Restoring *both* files from a backup, or calling [`Pool::create`] twice with one secret, reuses pads and
//! cannot be noticed here: keep neither.
//!
//! # Layout of the pre-shared secret
//!
//! Both sides hold the same bytes. With `len` bytes there are N = ⌊(len − 64) / 32⌋ pads per direction:
//!
//! ```text
//! byte  0 k Alice→Bob   byte 64 + 32·i  pad i Alice→Bob      len = 1 MiB = 1_048_576:
//! byte 16 b Alice→Bob   byte 80 + 32·i  pad i Bob→Alice      N = 1_048_512 / 32 = 32_766
//! byte 32 k Bob→Alice                                        bytes used: 64 + 32·N = 1_048_576
//! byte 48 b Bob→Alice   the last (len − 64) mod 32 bytes are not used
//! ```
//!
//! The directions alternate so that two sides whose copies differ in length still agree on every pad they share.

mod counters;
mod error;
mod private_file;
mod secret_file;

use std::fmt;
use std::path::Path;

use qkdpp_kernels::wipe;
use zeroize::{Zeroize, Zeroizing};

use counters::Counters;
pub use error::StoreError;
pub(crate) use private_file::sync_parent;
use secret_file::{RECORD_LEN, SecretFile};

/// Bytes of a hash key half or of a pad: one element of GF(2^128).
pub const BLOCK_LEN: usize = 16;

/// Who sends the message that a tag protects. Each direction has its own hash keys and pads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Alice signs, Bob verifies.
    AliceToBob,
    /// Bob signs, Alice verifies.
    BobToAlice,
}

impl Direction {
    const BOTH: [Self; 2] = [Self::AliceToBob, Self::BobToAlice];

    fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AliceToBob => "Alice→Bob",
            Self::BobToAlice => "Bob→Alice",
        })
    }
}

/// The hash key pair of one direction, which stays the same over the life of the pool. Zeroized on drop.
#[derive(Default)]
pub struct HashKeys {
    /// The point at which the message polynomial is evaluated.
    pub k: Zeroizing<[u8; BLOCK_LEN]>,
    /// The constant added to the hash, which lets k be recycled (Portmann, IEEE Trans. Inf. Theory 60, 4383).
    pub b: Zeroizing<[u8; BLOCK_LEN]>,
}

/// One one-time pad, for one tag. It cannot be cloned; using its bytes consumes it. Zeroized on drop.
pub struct Pad {
    index: u64,
    bytes: Zeroizing<[u8; BLOCK_LEN]>,
}

impl Pad {
    /// The pad's number within its direction, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The 128 bits to add to the tag.
    pub fn into_bytes(self) -> Zeroizing<[u8; BLOCK_LEN]> {
        self.bytes
    }
}

/// The pads of one reservation, lowest number first. What is dropped without being taken is burnt.
pub struct Pads {
    direction: Direction,
    first: u64,
    taken: usize,
    /// As read from the file: `RECORD_LEN` bytes per pad, the pad in front.
    records: Zeroizing<Vec<u8>>,
}

impl Iterator for Pads {
    type Item = Pad;

    fn next(&mut self) -> Option<Pad> {
        let record = self.records.chunks_exact_mut(RECORD_LEN).nth(self.taken)?;
        let mut pad = Pad { index: self.first + self.taken as u64, bytes: Zeroizing::default() };
        pad.bytes.copy_from_slice(&record[..BLOCK_LEN]);
        record.zeroize();
        self.taken += 1;
        Some(pad)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.records.len() / RECORD_LEN - self.taken;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Pads {}

/// Direction and numbers only, never a bit of a pad.
impl fmt::Debug for Pads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pads")
            .field("direction", &self.direction)
            .field("next", &(self.first + self.taken as u64))
            .field("left", &self.len())
            .finish_non_exhaustive()
    }
}

/// One side's key pool. Only one `Pool` on a file can be open at a time, in this process or another.
pub struct Pool {
    counters: Counters,
    secrets: SecretFile,
}

impl Pool {
    /// Makes the files `path` and `path` + `.pads` from the pre-shared `secret` (layout in the module's head).
    ///
    /// Call this once per secret and destroy the source: a second pool from one secret starts again at pad 0.
    ///
    /// # Errors
    /// `Exists` if either file is there, `SecretTooShort` below 96 bytes (one pad per direction), `ZeroBlock` if
    /// part of the secret was never filled in, or the error of the disk. No file is left behind.
    pub fn create(path: impl AsRef<Path>, secret: &[u8]) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let secrets = SecretFile::create(path, secret);
        wipe::dead_stack();
        let secrets = secrets?;
        let counters = Counters::create(path, secrets.pool_id()).inspect_err(|_| secrets.discard())?;
        sync_parent(path).map_err(|source| StoreError::Io {
            action: "sync the folder of",
            path: path.into(),
            source,
        })?;
        Ok(Self { counters, secrets })
    }

    /// Opens the pool at `path` and finishes what a crash left undone: pads that are marked used are erased.
    ///
    /// # Errors
    /// `InUse` if the pool is open elsewhere, `NotPrivate` if other users could read or write a file of it,
    /// `NotAPool`, `Length`, `Mismatch` or `Corrupted` if a file is not what [`Pool::create`] wrote, or the
    /// error of the disk.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let (counters, pool_id) = Counters::open(path)?;
        let secrets = SecretFile::open(path, pool_id);
        wipe::dead_stack();
        let mut secrets = secrets?;
        for direction in Direction::BOTH {
            let (used, pads) = (counters.used(direction), secrets.pads_per_direction());
            if used > pads {
                let what = format!("it counts {used} pads {direction} as used of {pads}");
                return Err(StoreError::Corrupted { path: path.into(), what });
            }
            secrets.resume_erasure(direction, used)?;
        }
        Ok(Self { counters, secrets })
    }

    /// Hands out the pads `from..from + count` of `direction`; all pads below `from + count` are used up.
    ///
    /// When this returns, that is on disk and the bytes of these pads are not. Pads between
    /// [`next`](Self::next) and `from` are burnt unseen, so a peer may name `from` only in a message that is
    /// authenticated: [`peek`](Self::peek) is for checking it.
    ///
    /// # Errors
    /// `AlreadyUsed` and `Exhausted` change nothing. `Corrupted` and `CountersBehind` name the damaged pad and
    /// change nothing. After an error of the disk nothing has been handed out, and the pads asked for may be
    /// burnt; open the pool again to go on.
    pub fn reserve(&mut self, direction: Direction, from: u64, count: u32) -> Result<Pads, StoreError> {
        let next = self.next(direction);
        if from < next {
            return Err(StoreError::AlreadyUsed { direction, from, next });
        }
        let until = from
            .checked_add(u64::from(count))
            .filter(|&until| until <= self.secrets.pads_per_direction())
            .ok_or_else(|| StoreError::Exhausted {
                direction,
                left: self.secrets.pads_per_direction().saturating_sub(from),
                wanted: count,
            })?;

        let records = self.secrets.read_pads(direction, next, from..until)?;
        self.counters.raise(direction, until)?;
        self.secrets.erase_below(direction, until)?;
        Ok(Pads { direction, first: from, taken: 0, records })
    }

    /// A copy of the pad `index` of `direction`, which stays unused; `None` if the pool ends before it.
    ///
    /// Only for checking a tag of somebody who is not authenticated yet, and who names the pad: [`reserve`](Self::reserve) it
    /// before anything is done because of that tag.
    ///
    /// # Errors
    /// `AlreadyUsed`, or what `reserve` says of a damaged pad.
    pub fn peek(&mut self, direction: Direction, index: u64) -> Result<Option<Pad>, StoreError> {
        let next = self.next(direction);
        if index < next {
            return Err(StoreError::AlreadyUsed { direction, from: index, next });
        }
        if index >= self.secrets.pads_per_direction() {
            return Ok(None);
        }
        let records = self.secrets.read_pads(direction, next, index..index + 1)?;
        Ok(Pads { direction, first: index, taken: 0, records }.next())
    }

    /// The lowest pad number of `direction` that is not used.
    pub fn next(&self, direction: Direction) -> u64 {
        self.counters.used(direction)
    }

    /// Unused pads of `direction`.
    pub fn left(&self, direction: Direction) -> u64 {
        self.secrets.pads_per_direction() - self.next(direction)
    }

    /// The random number by which this side tells its pools apart. Not secret.
    pub fn id(&self) -> u128 {
        self.secrets.pool_id()
    }

    /// ε that all sessions with these keys have used up.
    pub fn spent(&self) -> f64 {
        self.counters.spent()
    }

    /// Raises the ε used up to `total`, on disk when this returns. A lower total changes nothing: what is used up stays so.
    ///
    /// # Errors
    /// The error of the disk; the total may or may not be raised then.
    pub fn spend(&mut self, total: f64) -> Result<(), StoreError> {
        if total > self.spent() { self.counters.spend(total) } else { Ok(()) }
    }

    /// The hash keys of `direction`.
    pub fn hash_keys(&self, direction: Direction) -> &HashKeys {
        self.secrets.hash_keys(direction)
    }
}

/// Counters only, never a bit of the secret.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pool = f.debug_struct("Pool");
        for direction in Direction::BOTH {
            pool.field(&format!("next {direction}"), &self.next(direction));
        }
        pool.field("spent", &self.spent());
        pool.field("pads_per_direction", &self.secrets.pads_per_direction()).finish_non_exhaustive()
    }
}
