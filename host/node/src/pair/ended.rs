//! What is left when both endpoints have ended: reports, costs, and whether the keys are equal.

use std::time::Duration;

use qkdpp::{Event, Statistics};
use qkdpp_protocol::{BlockReport, SecretKey};

use super::Traffic;
use crate::error::Failure;

/// One endpoint's blocks, in the order in which they ended.
#[derive(Default)]
pub(super) struct Side {
    blocks: Vec<Ended>,
    /// The key of the block whose report comes next.
    key: Option<SecretKey>,
    /// What the link had used at its end.
    pub(super) statistics: Statistics,
}

struct Ended {
    report: BlockReport,
    key: Option<SecretKey>,
    at: Duration,
}

impl Side {
    /// Takes what the link delivered at the time `at`; returns the report if it is one.
    pub(super) fn event(&mut self, event: Event, at: Duration) -> Option<&BlockReport> {
        match event {
            Event::Key(key) => {
                self.key = Some(key);
                None
            }
            Event::Report(report) => {
                self.blocks.push(Ended { report: *report, key: self.key.take(), at });
                self.blocks.last().map(|ended| &ended.report)
            }
        }
    }
}

/// A block that both sides have ended.
pub(crate) struct Block {
    /// Bob's account; Alice's has the same digest, or there would be no key.
    pub(crate) report: BlockReport,
    /// Since the start, when both sides had ended it.
    pub(crate) ended: Duration,
    /// The key, which both sides have.
    pub(crate) key: Option<SecretKey>,
}

/// Tells whether two runs gave the same key. It says something about the key, so it is shown only where the key is no
/// secret anyway.
pub(crate) struct KeyDigest(blake3::Hash);

impl KeyDigest {
    pub(crate) fn of(key: &SecretKey) -> Self {
        Self(key.with_bytes(|bytes| {
            let mut hasher = blake3::Hasher::new_derive_key("qkdpp demo key digest 1");
            hasher.update(&(key.len() as u64).to_le_bytes()).update(bytes).finalize()
        }))
    }

    /// In hexadecimal.
    pub(crate) fn show(&self) -> String {
        self.0.to_hex().to_string()
    }
}

/// What a pair has done.
pub(crate) struct Outcome {
    /// By ascending number.
    pub(crate) blocks: Vec<Block>,
    /// Tags sent by Alice and by Bob.
    pub(crate) tags: [u64; 2],
    /// CPU time of Alice's and of Bob's side.
    pub(crate) cpu: [Duration; 2],
    pub(crate) traffic: Traffic,
    pub(crate) elapsed: Duration,
    /// What Alice's and Bob's backends have counted; nothing where they do not count.
    pub(crate) counts: [Vec<(&'static str, u64)>; 2],
}

/// Puts both sides together.
///
/// # Errors
/// If a key differs, or only one side has it.
pub(super) fn compare(
    alice: Side,
    bob: Side,
    traffic: Traffic,
    elapsed: Duration,
) -> Result<Outcome, Failure> {
    let statistics = [alice.statistics, bob.statistics];
    let (mut alice, mut bob) = (alice.blocks, bob.blocks);
    for side in [&mut alice, &mut bob] {
        side.sort_by_key(|ended| ended.report.block);
    }
    if alice.len() != bob.len() {
        return Err(Failure::Input(format!("Alice ended {} blocks, Bob {}", alice.len(), bob.len())));
    }
    let mut blocks = Vec::with_capacity(bob.len());
    for (alice, bob) in alice.into_iter().zip(bob) {
        if !equal(alice.key.as_ref(), bob.key.as_ref()) {
            return Err(Failure::KeysDiffer { block: bob.report.block });
        }
        blocks.push(Block { report: bob.report, ended: alice.at.max(bob.at), key: bob.key });
    }
    let tags = statistics.map(|statistics| statistics.tags_sent);
    let cpu = statistics.map(|statistics| statistics.cpu);
    Ok(Outcome { blocks, tags, cpu, traffic, elapsed, counts: [Vec::new(), Vec::new()] })
}

/// Whether both sides have the same key, or both none.
fn equal(alice: Option<&SecretKey>, bob: Option<&SecretKey>) -> bool {
    match (alice, bob) {
        (Some(alice), Some(bob)) => alice.block() == bob.block() && alice.expose() == bob.expose(),
        (None, None) => true,
        _ => false,
    }
}
