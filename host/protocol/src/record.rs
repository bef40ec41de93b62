//! The durable record of a session: what it must leave on disk so that anyone can derive its keys' lengths and ε again.
//!
//! A session asks for a [`Record`] to be written once when it has opened, and once for each block before this side accepts
//! the block's key; a key that the peer then did not accept was not released. A block's record has its counts, and everything that was decided from them; [`Replay`] decides again from the
//! counts and the profile alone, by the functions that the session used. Nothing in a record is secret.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::budget::Spending;
use crate::ledger::Ledger;
use crate::profile::Profile;
use crate::proof::Counts;
use crate::wire::{Role, hex};

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// A session has opened.
    Session(Box<SessionRecord>),
    /// A block of it has ended.
    Block(Box<BlockRecord>),
}

/// What the blocks of a session have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRecord {
    /// Its id, hexadecimal.
    pub session: String,
    /// Whose record it is.
    pub role: Role,
    /// ε used up before with the same authentication keys: the larger of both sides' totals.
    pub spent_before: f64,
    /// Hash of the profile, hexadecimal.
    pub profile_hash: String,
    /// The profile.
    pub profile: Profile,
}

impl SessionRecord {
    pub(crate) fn new(session: [u8; 16], role: Role, spent_before: f64, profile: &Profile) -> Self {
        Self {
            session: hex(&session),
            role,
            spent_before,
            profile_hash: hex(&profile.hash()),
            profile: profile.clone(),
        }
    }
}

/// A block that has ended, with or without a key. One that was given up with its session has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRecord {
    /// Id of its session, hexadecimal.
    pub session: String,
    /// Detections and errors.
    pub tally: Tally,
    /// The account.
    pub ledger: Ledger,
    /// Digest of the account, which both sides must accept before there is a key; hexadecimal, WIRE.md §7.
    pub digest: String,
    /// Why there is no key, if there is none.
    pub no_key: Option<String>,
}

/// Detections and errors of a block, each list with one entry per intensity, brightest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Detections of the key.
    pub n_key: Vec<u64>,
    /// Errors among them where the proof needs them, else 0.
    pub m_key: Vec<u64>,
    /// Detections of the test.
    pub n_test: Vec<u64>,
    /// Errors among them.
    pub m_test: Vec<u64>,
}

impl Tally {
    pub(crate) fn of(counts: &Counts) -> Self {
        let Counts { n_key, m_key, n_test, m_test, .. } = counts.clone();
        Self { n_key, m_key, n_test, m_test }
    }

    /// For the proof of `profile`.
    fn counts(&self, profile: &Profile) -> Counts {
        let Self { n_key, m_key, n_test, m_test } = self.clone();
        let (mu, p) = (profile.intensities.clone(), profile.probabilities.clone());
        Counts { mu, p, n_key, m_key, n_test, m_test, leak: 0.0, dropped_key: 0 }
    }
}

/// A record says something else than follows from its counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {field} is recorded as {recorded}, and derived as {derived}")]
pub struct Difference {
    /// The session or the block.
    pub place: String,
    /// The field that differs.
    pub field: &'static str,
    /// What the record says.
    pub recorded: String,
    /// What follows.
    pub derived: String,
}

/// `Ok`, or the [`Difference`] between what is recorded and what is derived.
fn equal<T: PartialEq + Debug>(
    place: &str,
    field: &'static str,
    recorded: &T,
    derived: &T,
) -> Result<(), Difference> {
    if recorded == derived {
        return Ok(());
    }
    let (recorded, derived) = (format!("{recorded:?}"), format!("{derived:?}"));
    Err(Difference { place: place.to_owned(), field, recorded, derived })
}

/// A session that is derived again, block by block, from its record.
pub struct Replay {
    session: String,
    profile: Profile,
    spending: Spending,
    ended: BTreeSet<u64>,
}

impl Replay {
    /// Starts with the session's own entry.
    ///
    /// # Errors
    /// If its profile is not valid or has another hash.
    pub fn new(record: &SessionRecord) -> Result<Self, Difference> {
        let SessionRecord { session, spent_before, profile_hash, profile, .. } = record;
        let place = format!("session {session}");
        profile.validate().map_err(|error| Difference {
            place: place.clone(),
            field: "profile",
            recorded: error.to_string(),
            derived: "a profile that can be".to_owned(),
        })?;
        equal(&place, "profile_hash", profile_hash, &hex(&profile.hash()))?;
        Ok(Self {
            session: session.clone(),
            profile: profile.clone(),
            spending: Spending::new(profile, *spent_before),
            ended: BTreeSet::new(),
        })
    }

    /// Derives a block from its counts, and compares.
    ///
    /// # Errors
    /// The first field that differs, or the block if it is there twice.
    pub fn block(&mut self, record: &BlockRecord) -> Result<(), Difference> {
        let BlockRecord { session, tally, ledger: recorded, digest, no_key } = record;
        let place = format!("block {}", recorded.block);
        equal(&place, "session", session, &self.session)?;
        equal(&place, "the number of entries", &self.ended.contains(&recorded.block), &false)?;
        let counts = tally.counts(&self.profile);
        let mut ledger = Ledger::new(recorded.block, counts.key_detections());
        for &(leak, bits) in recorded.leaks.iter().filter(|(leak, _)| leak.is_correction()) {
            ledger.add(leak, bits);
        }
        if ledger.sifted > 0 {
            ledger.verified(self.profile.verification);
        }
        ledger.dropped = recorded.dropped;
        ledger.alarms = recorded.alarms;
        let decision = ledger.decide(&self.profile, &self.spending, &counts);
        equal(&place, "sifted", &recorded.sifted, &ledger.sifted)?;
        equal(&place, "leaks", &recorded.leaks, &ledger.leaks)?;
        equal(&place, "secret", &recorded.secret, &ledger.secret)?;
        equal(&place, "epsilon", &recorded.epsilon, &ledger.epsilon)?;
        equal(&place, "verification", &recorded.verification, &ledger.verification)?;
        equal(&place, "spent", &recorded.spent, &ledger.spent)?;
        // What the monitors found is not among the counts; that they found something is in the digest.
        if !recorded.alarms.any() {
            equal(&place, "no_key", no_key, &decision.no_key)?;
        }
        equal(&place, "digest", digest, &hex(&ledger.digest(tally)))?;
        self.ended.insert(recorded.block);
        Ok(())
    }
}
