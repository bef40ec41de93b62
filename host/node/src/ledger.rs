//! `qkdpp ledger`: what a link's durable record says, and whether it follows from the counts.

mod table;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use qkdpp::journal::{self, Content, Reading};
use qkdpp_protocol::budget::{Budget, Spending, Spent};
use qkdpp_protocol::record::{BlockRecord, Replay, SessionRecord};
use serde::Serialize;

use crate::error::Failure;

/// Print the ledger of a link: every block's counts, leaks and ε, and what is left of the ε budget.
///
/// FILE is the durable record that a link has written; `qkdpp demo` leaves alice.ledger and bob.ledger. Each line is one
/// entry as JSON, chained to the one before it by BLAKE3, and is on disk before the key of its block is handed out. The
/// chain is checked in any case. Its last value stands for the whole file: note it elsewhere, and entries that are
/// cut off at the end are missed, too.
///
/// With --replay, the length of every key, every leak and every ε is derived again from the counts and the profile
/// alone, and the command fails at the first that differs.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  qkdpp ledger qkdpp-demo/alice.ledger
  qkdpp ledger --replay qkdpp-demo/bob.ledger
  qkdpp ledger --json qkdpp-demo/bob.ledger

ε is the distance of a key from a perfect one. It adds up over blocks, with or without a key, and over authentication
tags; the profile's [budget] bounds the sum of a session and that of all sessions with the same authentication keys.")]
pub(crate) struct Arguments {
    /// The record
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Derive everything again from the counts, and compare
    #[arg(long)]
    replay: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// If the file cannot be read, its chain is broken, or, with `--replay`, something does not follow from the counts.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let reading = journal::read(&arguments.file).map_err(Failure::input)?;
    if arguments.replay {
        replay(&arguments.file, &reading)?;
    }
    let summary = Summary::of(arguments, reading)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&summary).map_err(Failure::input)?);
    } else {
        print!("{}", table::text(&summary));
    }
    Ok(())
}

/// Derives every entry again.
fn replay(path: &Path, reading: &Reading) -> Result<(), Failure> {
    let refuse =
        |line: u64| move |what: String| Failure::Input(format!("{}: line {line}: {what}", path.display()));
    let mut session = None;
    // By authentication keys: ε that the sessions up to here have used.
    let mut used: HashMap<&str, f64> = HashMap::new();
    let mut keys = "";
    for (line, entry) in &reading.entries {
        let refuse = refuse(*line);
        match &entry.content {
            Content::Session { authentication_keys, record } => {
                keys = authentication_keys;
                let (before, known) = (record.spent_before, used.get(keys).copied().unwrap_or(0.0));
                if before < known {
                    return Err(refuse(format!(
                        "session {}: spent_before is recorded as {before:e}, and earlier sessions with these \
                         authentication keys have used {known:e}",
                        record.session
                    )));
                }
                session = Some(Replay::new(record).map_err(|error| refuse(error.to_string()))?);
            }
            Content::Block(block) => {
                let Some(session) = &mut session else { return Err(refuse(NO_SESSION.to_owned())) };
                session.block(block).map_err(|error| refuse(error.to_string()))?;
                let used = used.entry(keys).or_default();
                *used = used.max(block.ledger.spent.authentication_keys);
            }
            Content::Torn { .. } => {}
        }
    }
    Ok(())
}

const NO_SESSION: &str = "a block before any session";

/// A ledger in numbers.
#[derive(Serialize)]
struct Summary {
    ledger: PathBuf,
    entries: usize,
    /// The chain's last value.
    head: String,
    /// Whether everything was derived again; it was equal then.
    replayed: bool,
    /// Bytes that crashes have torn, entered or still at the end.
    torn_bytes: u64,
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Session {
    /// When it opened, in seconds since 1970.
    time: u64,
    authentication_keys: String,
    record: SessionRecord,
    secret_bits: u64,
    leak_bits: u64,
    /// ε used with the last block here.
    spent: Spent,
    /// ε that may still be used.
    left: Spent,
    blocks: Vec<BlockRecord>,
}

impl Summary {
    fn of(arguments: &Arguments, reading: Reading) -> Result<Self, Failure> {
        let Reading { entries, head, mut torn_bytes } = reading;
        let count = entries.len();
        let mut sessions: Vec<Session> = Vec::new();
        for (line, entry) in entries {
            match entry.content {
                Content::Session { authentication_keys, record } => {
                    sessions.push(Session::new(entry.time, authentication_keys, *record));
                }
                Content::Block(block) => {
                    let orphan = || format!("{}: line {line}: {NO_SESSION}", arguments.file.display());
                    sessions.last_mut().ok_or_else(|| Failure::Input(orphan()))?.add(*block);
                }
                Content::Torn { bytes, .. } => torn_bytes += bytes,
            }
        }
        let (ledger, replayed) = (arguments.file.clone(), arguments.replay);
        Ok(Self { ledger, entries: count, head, replayed, torn_bytes, sessions })
    }
}

impl Session {
    fn new(time: u64, authentication_keys: String, record: SessionRecord) -> Self {
        let spent = Spending::new(&record.profile, record.spent_before).opening();
        let left = left(record.profile.budget, spent);
        Self {
            time,
            authentication_keys,
            record,
            secret_bits: 0,
            leak_bits: 0,
            spent,
            left,
            blocks: Vec::new(),
        }
    }

    fn add(&mut self, block: BlockRecord) {
        self.secret_bits += block.ledger.secret;
        self.leak_bits += block.ledger.leak();
        let spent = block.ledger.spent;
        // Blocks end in any order; each has the sum up to its number.
        if spent.session > self.spent.session {
            self.spent = spent;
            self.left = left(self.record.profile.budget, spent);
        }
        self.blocks.push(block);
    }
}

/// What of a budget is left, rounded down.
fn left(budget: Budget, spent: Spent) -> Spent {
    let rest = |budget: f64, spent: f64| (budget - spent).next_down().max(0.0);
    Spent {
        session: rest(budget.session, spent.session),
        authentication_keys: rest(budget.authentication_keys, spent.authentication_keys),
    }
}
