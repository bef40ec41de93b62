//! The ledger of a block: every bit that left the box and every ε, and the digest both sides must agree on.
//!
//! Each side fills its own ledger from what it sent, received and computed. The digests are exchanged in the block's
//! last message; a key exists only if they are equal. Everything but the counts and what error correction disclosed
//! follows from those: `Ledger::verified` and `Ledger::decide` are what a session does and what a replay of its
//! [record](crate::record) does again.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

use crate::budget::{KeyEpsilon, Spending, Spent, product};
use crate::profile::{Profile, Verification};
use crate::proof::{Counts, Evaluation};
use crate::record::Tally;
use crate::wire::Role;

/// Why bits about the key became known to an eavesdropper. The numbers enter the digest (WIRE.md §7).
///
/// What depends on the pattern of errors alone is not counted: which frames did not decode, how many errors there were
/// and where. The proofs' entropy is that of Alice's key given everything public, and the pattern is treated as public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl Leak {
    /// Whether it is a cost of error correction, not of verification.
    pub fn is_correction(self) -> bool {
        !matches!(self, Self::VerificationTags | Self::Verdicts)
    }
}

/// Whose monitors raised an alarm over a block: either is enough to discard it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// The key's composable statement; none without a key.
    pub epsilon: Option<KeyEpsilon>,
    /// Probability that a wrong key passes the tags of verification, at most. There is a key only if it is no larger than
    /// the proof's ε of correctness, which the statement has.
    pub verification: f64,
    /// ε used up by all blocks up to and including this one.
    pub spent: Spent,
}

/// What follows from a block's counts besides its ledger.
pub(crate) struct Decision {
    pub(crate) evaluation: Evaluation,
    /// Why there is no key, if there is none.
    pub(crate) no_key: Option<String>,
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
            epsilon: None,
            verification: 0.0,
            spent: Spent::default(),
        }
    }

    /// Adds `bits` that left the box; never taken back.
    pub(crate) fn add(&mut self, leak: Leak, bits: u64) {
        match self.leaks.iter_mut().find(|(known, _)| *known == leak) {
            Some((_, total)) => *total = total.saturating_add(bits),
            None => self.leaks.push((leak, bits)),
        }
    }

    /// All leaked bits.
    pub fn leak(&self) -> u64 {
        total(self.leaks.iter())
    }

    /// Leaked bits without verification tags: the cost of error correction,
    /// of which f is made.
    pub fn correction_leak(&self) -> u64 {
        total(self.leaks.iter().filter(|(leak, _)| leak.is_correction()))
    }

    /// Charges the tags of all segments and the verdict on each.
    pub(crate) fn verified(&mut self, verification: Verification) {
        let Verification { segment_bits, tag_bits } = verification;
        let segments = self.sifted.div_ceil(segment_bits.into());
        self.add(Leak::VerificationTags, segments.saturating_mul(tag_bits.into()));
        self.add(Leak::Verdicts, segments);
        // One polynomial of degree ⌈n/128⌉ + 1 per segment; SPEC §6.
        let each = f64::from(segment_bits.div_ceil(128) + 1) * 2f64.powi(-(tag_bits as i32));
        self.verification = product(each, segments as f64);
    }

    /// Decides the key's length and what is promised about it. The leaks and the dropped bits are taken from here, the
    /// detections and errors from `counts`.
    pub(crate) fn decide(&mut self, profile: &Profile, spending: &Spending, counts: &Counts) -> Decision {
        let counts = Counts { leak: self.leak() as f64, dropped_key: self.dropped, ..counts.clone() };
        let mut evaluation = profile.proof.evaluate(&counts);
        self.spent = spending.through(self.block);
        let no_key = if self.alarms.any() {
            Some("the monitors discarded the block".to_owned())
        } else if let Some(reason) = &evaluation.zero {
            Some(reason.to_string())
        } else if self.verification > evaluation.epsilon_correct {
            Some(format!(
                "tags of {} bits leave ε_cor = {:.2e}, the proof asks for {:.2e}",
                profile.verification.tag_bits, self.verification, evaluation.epsilon_correct
            ))
        } else {
            spending.check(self.block).err().map(|spent| spent.to_string())
        };
        if no_key.is_some() {
            evaluation.ell = 0;
        }
        self.secret = evaluation.ell;
        self.epsilon = (self.secret > 0).then(|| spending.key(self.block));
        Decision { evaluation, no_key }
    }

    /// Hash of the whole account and of the statistics behind it; WIRE.md §7.
    pub(crate) fn digest(&self, tally: &Tally) -> [u8; 32] {
        let mut hash = Sha3_256::new();
        hash.update(b"qkdpp ledger 1");
        for value in [self.block, self.sifted, self.dropped, self.secret, self.alarms.number()] {
            hash.update(value.to_le_bytes());
        }
        let KeyEpsilon { secrecy, correctness, authentication } = self.epsilon.unwrap_or_default();
        let Spent { session, authentication_keys } = self.spent;
        for value in [secrecy, correctness, authentication, self.verification, session, authentication_keys] {
            hash.update(value.to_bits().to_le_bytes());
        }
        hash.update([self.leaks.len() as u8]);
        for (leak, bits) in &self.leaks {
            hash.update([*leak as u8]);
            hash.update(bits.to_le_bytes());
        }
        let Tally { n_key, m_key, n_test, m_test } = tally;
        for count in [n_key, m_key, n_test, m_test].into_iter().flatten() {
            hash.update(count.to_le_bytes());
        }
        hash.finalize().into()
    }
}

/// A record may hold any numbers: too many bits for any key stay too many.
fn total<'a>(leaks: impl Iterator<Item = &'a (Leak, u64)>) -> u64 {
    leaks.fold(0, |sum, (_, bits)| sum.saturating_add(*bits))
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "block {}: {} sifted bits", self.block, self.sifted)?;
        for (leak, bits) in &self.leaks {
            writeln!(f, "  {bits:>12} bits leaked: {leak:?}")?;
        }
        writeln!(f, "  {:>12} bits dropped", self.dropped)?;
        writeln!(f, "  {:>12} secret bits", self.secret)?;
        if let Some(epsilon) = &self.epsilon {
            let KeyEpsilon { secrecy, correctness, authentication } = epsilon;
            writeln!(
                f,
                "  ε secrecy {secrecy:.3e}, correctness {correctness:.3e} (verification {:.3e}), \
                authentication {authentication:.3e}: {:.3e}",
                self.verification,
                epsilon.total()
            )?;
        }
        write!(
            f,
            "  ε used {:.3e} by the session, {:.3e} with its authentication keys",
            self.spent.session, self.spent.authentication_keys
        )
    }
}
