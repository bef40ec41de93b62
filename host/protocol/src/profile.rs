//! [`Profile`]: every parameter both sides must share before the first pulse, and its hash.

use qkdpp_kernels::toeplitz::Family;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

use crate::budget::{Budget, Spending};
use crate::cascade::Variant;
use crate::monitor;
use crate::proof::Proof;

/// The parameters of a link. Both sides load the same; every message carries its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name for people.
    pub name: String,
    /// Kind of link.
    pub protocol: Protocol,
    /// Slots of a block, fixed in advance: no side chooses when a block ends.
    pub slots_per_block: u64,
    /// Slots whose detections travel in one message; every batch but a block's last has as many.
    #[serde(default = "default_slots_per_batch")]
    pub slots_per_batch: u32,
    /// Mean photon numbers, brightest first; empty for single-photon sources.
    #[serde(default)]
    pub intensities: Vec<f64>,
    /// Probabilities of the intensities.
    #[serde(default)]
    pub probabilities: Vec<f64>,
    /// Error rate of the key basis to start from, before a block was measured.
    pub expected_qber: f64,
    /// Which sifted bits are given away to estimate the phase error.
    #[serde(default)]
    pub test: Test,
    /// The security proof and its ε.
    pub proof: Proof,
    /// Error correction.
    #[serde(default)]
    pub reconciliation: Reconciliation,
    /// Error verification.
    #[serde(default)]
    pub verification: Verification,
    /// Hash family of privacy amplification.
    #[serde(default)]
    pub amplification: Amplification,
    /// Largest ε that all keys may have together.
    #[serde(default)]
    pub budget: Budget,
    /// Blocks that may be open at once.
    #[serde(default = "default_blocks_in_flight")]
    pub blocks_in_flight: u32,
    /// Seconds without a message from the peer, while blocks are open, after which a session stops.
    #[serde(default = "default_silence_seconds")]
    pub silence_seconds: u32,
    /// What a healthy block looks like; others are discarded.
    #[serde(default)]
    pub monitor: monitor::Settings,
}

/// Kinds of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Weak coherent pulses with decoy intensities; Alice has a record of every slot Bob may detect.
    DecoyBb84,
    /// Entangled pairs; both sides detect, and slots without a coincidence are dropped.
    Bbm92,
}

/// Which sifted bits are test bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Test {
    /// All bits of the test basis.
    #[default]
    Basis,
    /// A random sample of all sifted bits, whatever their basis; the rest are key bits. The errors of the sample bound the
    /// phase errors of the rest only if both bases are chosen with probability 1/2.
    Sample {
        /// Share of the sifted bits.
        fraction: f64,
    },
}

/// `Ok`, or the error that `field` is `got` and must be `want`.
fn check(
    ok: bool,
    field: &'static str,
    want: &'static str,
    got: &dyn std::fmt::Display,
) -> Result<(), ProfileError> {
    if ok { Ok(()) } else { Err(ProfileError { field, want, got: got.to_string() }) }
}

fn is_share(value: f64) -> bool {
    value > 0.0 && value < 1.0
}

/// How errors are corrected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Reconciliation {
    /// The method.
    pub method: Method,
    /// Round trip of the classical channel in milliseconds, for `auto`: about 0.01 for a kilometre of fibre, and what
    /// lies in between.
    pub round_trip_ms: f64,
    /// Cores that error correction has on the side with fewer of them, for `auto`.
    pub cores: u32,
    /// Cascade: the schedule of passes.
    pub cascade: Variant,
    /// Cascade: frames have at most this many bits.
    pub cascade_frame_bits: u32,
    /// Cascade: whether Bob's parities count as leaked, too. Not needed where error positions are public (Tupkary and
    /// Lütkenhaus, arXiv 2307.00576).
    pub count_both_directions: bool,
    /// LDPC: how long the frames are.
    pub ldpc: LdpcFrames,
    /// LDPC: most iterations of the decoder; one that stalls ends before.
    pub ldpc_iterations: u32,
    /// LDPC: further messages for frames that did not decode, before they are given up: the first two bring parities,
    /// the others bits.
    pub ldpc_disclosures: u32,
    /// LDPC: share of a frame disclosed by each message that brings bits.
    pub ldpc_disclosed_share: f64,
}

/// Frame lengths of LDPC. Of those that a choice allows, the one that leaks least for the key at hand is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LdpcFrames {
    /// Up to 2^16 bits: more bits per second.
    Fast,
    /// Up to 2^18 bits: less leakage.
    Efficient,
    /// Up to 2^20 bits: least leakage, fewest bits per second.
    Longest,
}

impl LdpcFrames {
    /// The frame lengths in bits.
    pub fn frame_bits(self) -> &'static [usize] {
        match self {
            Self::Fast => &[1 << 14, 1 << 16],
            Self::Efficient => &[1 << 14, 1 << 16, 1 << 18],
            Self::Longest => &[1 << 14, 1 << 16, 1 << 18, 1 << 20],
        }
    }
}

/// Methods of error correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Interactive: least leakage, many messages.
    Cascade,
    /// One-way with few repetitions: few messages.
    Ldpc,
    /// Block by block, the one that gives more secret bits per second at its error rate, with `round_trip_ms` and `cores`.
    Auto,
}

impl Reconciliation {
    /// The same with the Cascade that leaks least, and frames that are long enough for it.
    #[must_use]
    pub fn of_record(self) -> Self {
        Self { cascade: Variant::Record, cascade_frame_bits: 1 << 16, ..self }
    }
}

impl Default for Reconciliation {
    fn default() -> Self {
        Self {
            method: Method::Cascade,
            round_trip_ms: 1.0,
            cores: 1,
            cascade: Variant::Fast,
            cascade_frame_bits: 1 << 14,
            count_both_directions: false,
            ldpc: LdpcFrames::Fast,
            ldpc_iterations: 100,
            ldpc_disclosures: 8,
            ldpc_disclosed_share: 0.02,
        }
    }
}

impl Reconciliation {
    fn validate(&self) -> Result<(), ProfileError> {
        let frame = self.cascade_frame_bits;
        let name = "reconciliation.cascade_frame_bits";
        check((64..=1 << 16).contains(&frame), name, "from 64 to 2^16", &frame)?;
        let round_trip = self.round_trip_ms;
        let name = "reconciliation.round_trip_ms";
        check((0.0..=60_000.0).contains(&round_trip), name, "from 0 to 60,000", &round_trip)?;
        check((1..=1024).contains(&self.cores), "reconciliation.cores", "from 1 to 1024", &self.cores)?;
        let iterations = self.ldpc_iterations;
        let name = "reconciliation.ldpc_iterations";
        check((1..=1000).contains(&iterations), name, "from 1 to 1000", &iterations)?;
        let disclosures = self.ldpc_disclosures;
        check(disclosures <= 100, "reconciliation.ldpc_disclosures", "at most 100", &disclosures)?;
        let share = self.ldpc_disclosed_share;
        check(is_share(share), "reconciliation.ldpc_disclosed_share", "between 0 and 1", &share)
    }
}

/// How equality is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Verification {
    /// Bits under one tag; a segment whose tags differ is dropped.
    pub segment_bits: u32,
    /// Bits of a tag, 32–128.
    pub tag_bits: u32,
}

impl Default for Verification {
    fn default() -> Self {
        Self { segment_bits: 1 << 18, tag_bits: 96 }
    }
}

impl Verification {
    fn validate(self) -> Result<(), ProfileError> {
        let segment = self.segment_bits;
        check((64..=1 << 30).contains(&segment), "verification.segment_bits", "from 64 to 2^30", &segment)?;
        check((32..=128).contains(&self.tag_bits), "verification.tag_bits", "from 32 to 128", &self.tag_bits)
    }
}

/// How the key is shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Amplification {
    /// The hash family.
    pub family: HashFamily,
}

impl Default for Amplification {
    fn default() -> Self {
        Self { family: HashFamily::Modified }
    }
}

/// Names of the hash families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HashFamily {
    /// Toeplitz.
    Toeplitz,
    /// Modified Toeplitz.
    Modified,
}

impl From<HashFamily> for Family {
    fn from(family: HashFamily) -> Self {
        match family {
            HashFamily::Toeplitz => Self::Toeplitz,
            HashFamily::Modified => Self::Modified,
        }
    }
}

fn default_slots_per_batch() -> u32 {
    1 << 28
}

fn default_blocks_in_flight() -> u32 {
    4
}

fn default_silence_seconds() -> u32 {
    60
}

/// A parameter of the profile cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("profile: {field} is {got}, it must be {want}")]
pub struct ProfileError {
    /// The parameter.
    pub field: &'static str,
    /// Allowed values.
    pub want: &'static str,
    /// The value.
    pub got: String,
}

/// Largest number of slots in a block: positions and counts stay exact in every formula.
const MAX_SLOTS_PER_BLOCK: u64 = 1 << 44;
/// Largest number of batches in a block.
const MAX_BATCHES: u64 = 1 << 20;

impl Profile {
    /// Checks every parameter.
    ///
    /// # Errors
    /// Names the first parameter that cannot be, and its value.
    pub fn validate(&self) -> Result<(), ProfileError> {
        let slots = 1..=MAX_SLOTS_PER_BLOCK;
        check(
            slots.contains(&self.slots_per_block),
            "slots_per_block",
            "from 1 to 2^44",
            &self.slots_per_block,
        )?;
        let batch = self.slots_per_batch;
        let batches = self.slots_per_block.div_ceil(batch.max(1).into());
        check(
            batch >= 1 && batches <= MAX_BATCHES,
            "slots_per_batch",
            "enough for 2^20 batches a block",
            &batch,
        )?;
        let blocks = self.blocks_in_flight;
        check((1..=64).contains(&blocks), "blocks_in_flight", "from 1 to 64", &blocks)?;
        check(self.silence_seconds >= 1, "silence_seconds", "at least 1", &self.silence_seconds)?;
        let qber = self.expected_qber;
        check((1e-4..=0.25).contains(&qber), "expected_qber", "from 0.0001 to 0.25", &qber)?;
        self.validate_source()?;
        self.validate_proof()?;
        self.reconciliation.validate()?;
        self.verification.validate()?;
        self.monitor.validate(self.intensity_classes())?;
        self.validate_budget()
    }

    fn validate_budget(&self) -> Result<(), ProfileError> {
        let Budget { session, authentication_keys: keys } = self.budget;
        let least = Spending::new(self, 0.0).through(0).session;
        let enough = session >= least && session < 1.0;
        let got = format!("{session:e}, where a block takes {least:e}");
        check(enough, "budget.session", "at least the ε of one block, and less than 1", &got)?;
        let name = "budget.authentication_keys";
        check(keys >= session && keys < 1.0, name, "at least budget.session, and less than 1", &keys)
    }

    fn validate_source(&self) -> Result<(), ProfileError> {
        let (mu, p) = (&self.intensities, &self.probabilities);
        check(p.len() == mu.len(), "probabilities", "one for each intensity", &p.len())?;
        let descending = mu.windows(2).all(|pair| pair[0] > pair[1]);
        let photons = mu.iter().all(|mu| (0.0..100.0).contains(mu)) && descending;
        check(photons, "intensities", "photon numbers below 100, brightest first", &format!("{mu:?}"))?;
        let sum: f64 = p.iter().sum();
        let shares = p.is_empty() || (p.iter().all(|&p| p > 0.0 && p <= 1.0) && (sum - 1.0).abs() < 1e-9);
        check(shares, "probabilities", "positive, with the sum 1", &format!("{p:?}"))
    }

    fn validate_proof(&self) -> Result<(), ProfileError> {
        let proved = self.proof.intensities();
        check(
            self.intensities.len() == proved,
            "intensities",
            "as many as the proof has",
            &self.intensities.len(),
        )?;
        let samples = match self.test {
            Test::Basis => false,
            Test::Sample { fraction } => {
                check(is_share(fraction), "test.sample.fraction", "between 0 and 1", &fraction)?;
                true
            }
        };
        // A single-photon proof knows nothing of photon-number splitting.
        let entangled = self.protocol == Protocol::Bbm92;
        let of_link = "single-photon (tlgr-2012, tl-2017) for bbm92, with decoys for decoy-bb84";
        check(entangled == (proved == 0), "proof.name", of_link, &self.proof.name())?;
        let fits = samples == (proved == 0);
        check(fits, "test", "`sample` for single-photon proofs, else `basis`", &format!("{:?}", self.test))?;
        self.proof.validate().map_err(|error| ProfileError {
            field: "proof",
            want: "within the ranges of its formulas",
            got: error.to_string(),
        })
    }

    /// SHA3-256 of the profile's canonical form (WIRE.md §3).
    ///
    /// # Panics
    /// Never: a validated profile has a JSON form.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha3_256::new();
        hash.update(b"qkdpp profile 1");
        hash.update(serde_json::to_vec(self).expect("a profile has a JSON form"));
        hash.finalize().into()
    }

    /// Number of intensities the record distinguishes; 1 for single-photon sources.
    pub(crate) fn intensity_classes(&self) -> usize {
        self.intensities.len().max(1)
    }
}
