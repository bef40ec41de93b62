//! What can go wrong with a store on disk. In every case the operator must act.

use std::io;
use std::path::PathBuf;

use super::Direction;

/// A key pool that cannot be made, opened or drawn from. Names files and numbers, never secret bytes.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `create` never overwrites: the file may hold pads that are in use.
    #[error("{} exists already; a key pool is never overwritten", path.display())]
    Exists {
        /// The file that is in the way.
        path: PathBuf,
    },
    /// The pre-shared secret does not hold the hash keys and one pad per direction.
    #[error("pre-shared secret has {got} bytes, at least {wanted} are needed")]
    SecretTooShort {
        /// Bytes needed.
        wanted: usize,
        /// Bytes given.
        got: usize,
    },
    /// 128 zero bits in a row do not come from a random source (probability 2^-128 each).
    #[error("pre-shared secret has 16 zero bytes at byte {offset}; it was not filled by a random source")]
    ZeroBlock {
        /// Where in the secret, in bytes.
        offset: usize,
    },
    /// Group or others have rights on a file of the pool.
    #[error("{} has mode {mode:04o}; a key pool must be 0600 (chmod 600)", path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another `Pool`, in this process or another, has the files open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The database of the pool.
        path: PathBuf,
    },
    /// The file was not written by `Pool::create`, or by a version with another format.
    #[error("{} is not a key pool of this format: {why}", path.display())]
    NotAPool {
        /// The file.
        path: PathBuf,
        /// What is missing or different.
        why: String,
    },
    /// The file was cut off or grew.
    #[error("{} has {got} bytes instead of {wanted}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes it must have.
        wanted: u64,
        /// Bytes it has.
        got: u64,
    },
    /// The two files come from different pools.
    #[error("{} belongs to another key pool than the database beside it", path.display())]
    Mismatch {
        /// The file with the secret.
        path: PathBuf,
    },
    /// A checksum failed: the medium lost or changed bytes.
    #[error("{} is damaged: {what}", path.display())]
    Corrupted {
        /// The file.
        path: PathBuf,
        /// Which part of it.
        what: String,
    },
    /// A pad was erased that the database calls unused: the database is older than the pads, as after restoring
    /// it from a backup.
    #[error(
        "{}: pad {index} {direction} is erased, but the counters say {next} is the next unused one; \
         the counters are older than the pads",
        path.display()
    )]
    CountersBehind {
        /// The file with the secret.
        path: PathBuf,
        /// The direction of the pad.
        direction: Direction,
        /// The erased pad.
        index: u64,
        /// The first pad that the database calls unused.
        next: u64,
    },
    /// The range begins below the first unused pad.
    #[error("pad {from} {direction} was used before; the next unused one is {next}")]
    AlreadyUsed {
        /// The direction asked for.
        direction: Direction,
        /// The first pad asked for.
        from: u64,
        /// The first unused pad.
        next: u64,
    },
    /// The range ends beyond the last pad: the link needs a new pre-shared secret.
    #[error("{wanted} pads {direction} wanted, {left} left")]
    Exhausted {
        /// The direction asked for.
        direction: Direction,
        /// Pads from the first one asked for to the end.
        left: u64,
        /// Pads asked for.
        wanted: u32,
    },
    /// The system's random source failed while making a pool id.
    #[error("the system's random source failed: {0}")]
    Random(getrandom::Error),
    /// The operating system refused: permissions, a full disk, a failing one.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done, to be followed by the path.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The database refused for another reason than the ones above.
    #[error("cannot {action} {}", path.display())]
    Database {
        /// What was being done, to be followed by the path.
        action: &'static str,
        /// The database.
        path: PathBuf,
        /// Its reason.
        source: Box<redb::Error>,
    },
}
