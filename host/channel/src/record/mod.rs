//! The binary record of one side's raw data: what a link's electronics write and a session reads, batch by batch.
//!
//! The format is specified in `RECORDS.md` beside this crate's manifest. A record is a sequence of frames, each
//! protected by a BLAKE3 digest:
//! ```text
//! file header │ batch │ batch │ … │ end
//! ```
//! [`Writer`] streams batches out; [`Reader`] maps the file and copies one batch at a time out of the mapping, so that
//! a record larger than memory costs the memory of one batch.
//!
//! The digests find damage, not forgery: whoever can write to a record can also make it fit.

mod frame;
mod map;
mod read;
mod write;

use std::io;
use std::path::PathBuf;

use qkdpp_protocol::Role;
use thiserror::Error;

pub use read::Reader;
pub use write::Writer;

/// A record that cannot be written or read. To be mended by the operator; no batch of a damaged frame is delivered.
///
/// Digests are not shown, since they depend on secret bits.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The system refused.
    #[error("{file}: cannot {action}: {source}", file = file.display())]
    Io {
        /// File concerned.
        file: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file ends within a frame, or before the end frame.
    #[error("{file}: truncated at byte {offset}: {what} takes {wanted} bytes, got {got}", file = file.display())]
    Truncated {
        /// File concerned.
        file: PathBuf,
        /// Where the part begins.
        offset: u64,
        /// The part.
        what: &'static str,
        /// Its length in bytes.
        wanted: u64,
        /// Bytes left in the file.
        got: u64,
    },
    /// Bytes follow the end frame.
    #[error("{file}: {got} bytes follow the end frame, which ends at byte {offset}", file = file.display())]
    Trailing {
        /// File concerned.
        file: PathBuf,
        /// End of the end frame.
        offset: u64,
        /// Bytes after it.
        got: u64,
    },
    /// A frame does not begin as frames do.
    /// The bytes found are not shown: they may be key bits.
    #[error("{file}: at byte {offset}: {what} begins with {wanted:?}, something else is there", file = file.display())]
    Magic {
        /// File concerned.
        file: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// The frame.
        what: &'static str,
        /// What it begins with.
        wanted: &'static str,
    },
    /// The record was written by a later version of the format.
    #[error("{file}: version {got} of the record format; this program reads version {newest}", file = file.display())]
    Version {
        /// File concerned.
        file: PathBuf,
        /// Version of the file.
        got: u16,
        /// Version this program reads.
        newest: u16,
    },
    /// The record is the other side's.
    #[error("{file}: a record of {got:?}; wanted one of {wanted:?}", file = file.display())]
    Role {
        /// File concerned.
        file: PathBuf,
        /// Side asked for.
        wanted: Role,
        /// Side found.
        got: Role,
    },
    /// A frame's bytes are not those that were written.
    #[error(
        "{file}: {what} at byte {offset} is damaged: the digest of its {bytes} bytes is not the one stored",
        file = file.display()
    )]
    Digest {
        /// File concerned.
        file: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// The frame.
        what: &'static str,
        /// Length of the frame.
        bytes: u64,
    },
    /// A field holds a value that no writer of this format produces.
    #[error("{file}: at byte {offset}: {field} is {got}; {wanted}", file = file.display())]
    Field {
        /// File concerned.
        file: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// Name of the field.
        field: &'static str,
        /// Its value.
        got: u64,
        /// What it must be.
        wanted: String,
    },
    /// A batch handed to the writer does not hold together.
    #[error("batch at slot {first_slot}: {what} has {got} entries instead of {wanted}")]
    Batch {
        /// First slot of the batch.
        first_slot: u64,
        /// Name of the plane or list.
        what: &'static str,
        /// Entries wanted.
        wanted: u64,
        /// Entries found.
        got: u64,
    },
}
