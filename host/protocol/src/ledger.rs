//! The ledger of a block: every bit that left the box and every ε, and the digest both sides must agree on.
//!
//! Each side fills its own ledger from what it sent, received and computed. The digests are exchanged in the block's
//! last message; a key exists only if they are equal.

use std::fmt;

use serde::Serialize;
use sha3::{Digest, Sha3_256};

use crate::proof::Evaluation;
use crate::wire::Role;

/// Why bits about the key became known to an eavesdropper. The numbers enter the digest (WIRE.md §7).
///
/// What depends on the pattern of errors alone is not counted: which frames did not decode, how many errors there were
/// and where. The proofs' entropy is that of Alice's key given everything public, and the pattern is treated as public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leak {
    /// Cascade parities of Alice's key. Bob's parities add nothing where error positions are public.
    CascadeParities = 0,
    /// Bob's Cascade parities, where the profile counts both directions.
    CascadeParitiesOfBob = 1,
    /// LDPC syndrome bits.
    Syndromes = 2,
    /// Key bits of frames that did not decode at once.
    Disclosure = 3,
    /// Verification tags.
    VerificationTags = 4,
    /// Which segments verified: one bit each, since it depends on the key.
    Verdicts = 5,
}

/// Whose monitors raised an alarm over a block: either is enough to discard it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Alarms {
    /// Alice's.
    pub alice: bool,
    /// Bob's.
    pub bob: bool,
}

impl Alarms {
    /// Enters an alarm of `side`.
    pub(crate) fn enter(&mut self, side: Role, alarm: bool) {
        match side {
            Role::Alice => self.alice |= alarm,
            Role::Bob => self.bob |= alarm,
        }
    }

    /// Whether there is any.
    pub fn any(self) -> bool {
        self.alice || self.bob
    }

    /// As in the digest: bit 0 Alice's, bit 1 Bob's.
    fn number(self) -> u64 {
        u64::from(self.alice) | u64::from(self.bob) << 1
    }
}

/// The account of one block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ledger {
    /// The block.
    pub block: u64,
    /// Key bits that went into reconciliation.
    pub sifted: u64,
    /// Leaked bits, in the order in which they left.
    pub leaks: Vec<(Leak, u64)>,
    /// Key bits of segments or frames that were given up; what leaked about them stays in the account.
    pub dropped: u64,
    /// Length of the delivered key; 0 until it is decided.
    pub secret: u64,
    /// Whose monitors discarded the block.
    pub alarms: Alarms,
    /// ε of secrecy of the proof.
    pub epsilon_secret: f64,
    /// ε of correctness: probability that a wrong key passes verification.
    pub epsilon_correct: f64,
}

impl Ledger {
    /// An empty account.
    pub(crate) fn new(block: u64, sifted: u64) -> Self {
        Self {
            block,
            sifted,
            leaks: Vec::new(),
            dropped: 0,
            secret: 0,
            alarms: Alarms::default(),
            epsilon_secret: 0.0,
            epsilon_correct: 0.0,
        }
    }

    /// Adds `bits` that left the box; never taken back.
    pub(crate) fn add(&mut self, leak: Leak, bits: u64) {
        match self.leaks.iter_mut().find(|(known, _)| *known == leak) {
            Some((_, total)) => *total += bits,
            None => self.leaks.push((leak, bits)),
        }
    }

    /// All leaked bits.
    pub fn leak(&self) -> u64 {
        self.leaks.iter().map(|(_, bits)| bits).sum()
    }

    /// Leaked bits without verification tags: the cost of error correction,
    /// of which f is made.
    pub fn correction_leak(&self) -> u64 {
        self.leaks
            .iter()
            .filter(|(leak, _)| !matches!(leak, Leak::VerificationTags | Leak::Verdicts))
            .map(|(_, bits)| bits)
            .sum()
    }

    pub(crate) fn decide(&mut self, evaluation: &Evaluation) {
        self.secret = evaluation.ell;
        self.epsilon_secret = evaluation.epsilon_secret;
    }

    /// Hash of the whole account and of the statistics `counts` behind it.
    pub(crate) fn digest(&self, counts: &[u64]) -> [u8; 32] {
        let mut hash = Sha3_256::new();
        hash.update(b"qkdpp ledger 1");
        for value in [self.block, self.sifted, self.dropped, self.secret, self.alarms.number()] {
            hash.update(value.to_le_bytes());
        }
        for value in [self.epsilon_secret, self.epsilon_correct] {
            hash.update(value.to_bits().to_le_bytes());
        }
        for (leak, bits) in &self.leaks {
            hash.update([*leak as u8]);
            hash.update(bits.to_le_bytes());
        }
        for count in counts {
            hash.update(count.to_le_bytes());
        }
        hash.finalize().into()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "block {}: {} sifted bits", self.block, self.sifted)?;
        for (leak, bits) in &self.leaks {
            writeln!(f, "  {bits:>12} bits leaked: {leak:?}")?;
        }
        writeln!(f, "  {:>12} bits dropped", self.dropped)?;
        writeln!(f, "  {:>12} secret bits", self.secret)?;
        write!(f, "  ε secrecy {:.3e}, ε correctness {:.3e}", self.epsilon_secret, self.epsilon_correct)
    }
}
