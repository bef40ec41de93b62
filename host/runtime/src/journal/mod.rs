//! The durable record of a link: an append-only file of its sessions and blocks, from which anyone can derive the keys'
//! lengths and ε again. Nothing in it is secret.
//!
//! Each line is one entry, as JSON, chained to the one before it:
//!
//! ```text
//! {"chain":"<BLAKE3 of the chain before and of the entry, hexadecimal>","entry":{"time":…,"content":{"block":{…}}}}
//! ```
//! An entry that is changed, missing or moved breaks the chain at its line. Entries cut off at the end do not: note the
//! chain's last value elsewhere ([`Journal::head`]), and it tells. [`Journal::append`] returns once the entry is on disk, and a
//! link hands out no key before.
//!
//! A crash while an entry is written leaves part of a line at the end. The next [`Journal::open`] leaves it where it is,
//! as proof, and chains an entry to it that says how many bytes were torn; whoever reads the file before that is told as
//! well. Its key was not handed out.
//!
//! # Why lines of text
//! Weighed against a table in the redb database that holds the pool's counters: that would give crash safety for
//! nothing, but an evaluator would need our program to read it, a page of a copy-on-write tree cannot be shown to be
//! the one that was written, and the file with the counters is private while this one is to be handed on.

mod error;
mod line;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use blake3::Hash;
use qkdpp_protocol::Record;
use qkdpp_protocol::record::{BlockRecord, SessionRecord};
use serde::{Deserialize, Serialize};

use crate::pool::sync_parent;
pub use error::JournalError;
use line::Tail;

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it was written, in seconds since 1970 (UTC), by this machine's clock.
    pub time: u64,
    /// What happened.
    pub content: Content,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// A session has opened.
    Session {
        /// [`Pool::id`](crate::Pool::id) of its authentication keys, hexadecimal.
        authentication_keys: String,
        /// The session.
        record: Box<SessionRecord>,
    },
    /// A block has ended.
    Block(Box<BlockRecord>),
    /// The bytes before this entry are no entry: a crash tore them.
    Torn {
        /// How many, without the end of their last line.
        bytes: u64,
        /// BLAKE3 of them, hexadecimal.
        digest: String,
    },
}

/// A ledger that is being written; nobody else can write it meanwhile.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    head: Hash,
    /// After a failed write the file may end anywhere.
    failed: bool,
}

impl Journal {
    /// Opens the ledger at `path`, or makes a new one, and checks its chain. Bytes that a crash tore are recorded as such.
    ///
    /// # Errors
    /// `InUse` if somebody else writes it, `Damaged` if its chain is broken, or the error of the disk.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref().to_owned();
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(JournalError::io("open", &path))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::InUse { path: path.clone() },
            TryLockError::Error(source) => JournalError::io("lock", &path)(source),
        })?;
        sync_parent(&path).map_err(JournalError::io("sync the folder of", &path))?;
        let tail = line::scan(&path, BufReader::new(&file), |_, _| ())?;
        let mut journal = Self { file, path, head: tail.head, failed: false };
        journal.recover(&tail)?;
        Ok(journal)
    }

    /// Ends the last line, and enters what of it is torn.
    fn recover(&mut self, tail: &Tail) -> Result<(), JournalError> {
        if !tail.terminated {
            self.write(b"\n")?;
        }
        match &tail.torn {
            None => Ok(()),
            Some(torn) => {
                tracing::warn!(path = %self.path.display(), bytes = torn.bytes, "a crash tore the last entry of the ledger");
                self.enter(Content::Torn { bytes: torn.bytes, digest: torn.digest.to_string() })
            }
        }
    }

    /// Adds an entry of a session with the authentication keys of the pool `keys`; on disk when this returns.
    ///
    /// # Errors
    /// The error of the disk. Nothing more can be added then; open the ledger again to go on.
    pub fn append(&mut self, keys: u128, record: Record) -> Result<(), JournalError> {
        self.enter(match record {
            Record::Session(record) => {
                Content::Session { authentication_keys: format!("{keys:032x}"), record }
            }
            Record::Block(record) => Content::Block(record),
        })
    }

    /// The chain's last value, hexadecimal: it stands for the whole file.
    pub fn head(&self) -> String {
        self.head.to_string()
    }

    fn enter(&mut self, content: Content) -> Result<(), JournalError> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (head, line) = line::format(self.head, &Entry { time, content });
        self.write(&line)?;
        self.head = head;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed { path: self.path.clone() });
        }
        self.failed = true;
        self.file
            .write_all(bytes)
            .and_then(|()| self.file.sync_data())
            .map_err(JournalError::io("write", &self.path))?;
        self.failed = false;
        Ok(())
    }
}

/// What a ledger holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// Every entry with the number of its line, from 1.
    pub entries: Vec<(u64, Entry)>,
    /// The chain's last value, hexadecimal.
    pub head: String,
    /// Bytes at the end that are no entry: a crash tore them, and the link has not been opened since.
    pub torn_bytes: u64,
}

/// Reads the ledger at `path` and checks its chain. Somebody may be writing it.
///
/// # Errors
/// `Damaged` with the line at which the chain breaks, or the error of the disk.
pub fn read(path: impl AsRef<Path>) -> Result<Reading, JournalError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(JournalError::io("open", path))?;
    let mut entries = Vec::new();
    let tail = line::scan(path, BufReader::new(file), |number, entry| entries.push((number, entry)))?;
    let torn_bytes = tail.torn.map_or(0, |torn| torn.bytes);
    Ok(Reading { entries, head: tail.head.to_string(), torn_bytes })
}
