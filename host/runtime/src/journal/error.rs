//! What can go wrong with the ledger on disk. In every case the operator must act.

use std::io;
use std::path::{Path, PathBuf};

/// A ledger that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another link writes it.
    #[error("{} is in use by another link", path.display())]
    InUse {
        /// The ledger.
        path: PathBuf,
    },
    /// The chain of entries is broken.
    #[error("{}: line {line} {what}: the ledger was changed, or is not one of this format", path.display())]
    Damaged {
        /// The ledger.
        path: PathBuf,
        /// The first line that cannot stand where it stands, from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An earlier entry could not be written, so this one would not follow it.
    #[error("{}: an earlier entry could not be written; open the ledger again", path.display())]
    Failed {
        /// The ledger.
        path: PathBuf,
    },
    /// The operating system refused: permissions, a full disk, a failing one.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, to be followed by the path.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl JournalError {
    /// Wraps an error of the system in doing `action` to `path`.
    pub(super) fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}
