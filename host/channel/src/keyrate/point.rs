//! [`Point`]: what one block of a link should give, in closed form; the step that every sweep and search repeats.
//!
//! ```text
//! link ─▶ Expectation, per slot ─▶ × slots, rounded half to even ─▶ Counts ─▶ proof ─▶ ℓ
//!                                  leak = f·n·h(Q) + tags ─────────┘
//! ```

use qkdpp_protocol::Profile;
use qkdpp_protocol::profile::Test;
use qkdpp_protocol::proof::{Counts, Evaluation};
use qkdpp_protocol::report::entropy;
use serde::Serialize;

use super::settings::Settings;
use crate::expected::{Expectation, Level};
use crate::link::{Link, LinkError, Loss};

/// Efficiency of error correction with which key rates are usually published.
pub const EFFICIENCY: f64 = 1.16;

/// How the counts and the leakage follow from a link.
#[derive(Clone, Copy)]
pub struct Assumptions {
    /// f: bits disclosed by error correction, over n·h(Q).
    pub efficiency: f64,
    /// By the formulas of Lim et al. 2014: their channel, and no tags of error verification in the leakage.
    pub as_published: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { efficiency: EFFICIENCY, as_published: false }
    }
}

/// Size of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Block {
    /// So many slots, as a profile fixes them. At a greater distance the block has fewer bits.
    Slots(f64),
    /// So many sifted key bits, the n of papers; the slots follow.
    SiftedBits(f64),
}

/// A link of which there is no point.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointError {
    /// The link is not valid.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No block ever has a key bit.
    #[error("the link detects nothing in the key basis, so it has no blocks")]
    NoDetections,
}

/// Expected figures of one block.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// Length of the fibre, if the path is one.
    pub distance_km: Option<f64>,
    /// Slots of the block.
    pub slots: f64,
    /// n: key bits after sifting, test bits not included.
    pub sifted_bits: u64,
    /// Error rate of them.
    pub qber: f64,
    /// Bound on the phase error rate, where the proof reached it.
    pub phase_error_rate: Option<f64>,
    /// Bits disclosed: f·n·h(Q), and the tags of error verification.
    pub leak_bits: f64,
    /// ℓ.
    pub secret_bits: u64,
    /// ℓ over the slots of the block.
    pub secret_bits_per_slot: f64,
    /// The same per second of link time.
    pub secret_bits_per_second: f64,
    /// Why there is no key.
    pub no_key: Option<String>,
    /// The settings of the source, where they were searched and there is a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// The proof's answer, with all bounds.
    #[serde(skip)]
    pub evaluation: Evaluation,
}

impl Point {
    /// Evaluates the proof of `profile` on the expected counts of a block of `link`.
    ///
    /// # Errors
    /// If the link is not valid, or nothing is ever detected on it.
    pub fn of(
        link: &Link,
        profile: &Profile,
        block: Block,
        assumptions: Assumptions,
    ) -> Result<Self, PointError> {
        let per_slot = PerSlot::of(link, profile, assumptions.as_published)?;
        let key_per_slot: f64 = per_slot.n_key.iter().sum();
        if key_per_slot <= 0.0 {
            return Err(PointError::NoDetections);
        }
        let slots = match block {
            Block::Slots(slots) => slots,
            Block::SiftedBits(bits) => bits / key_per_slot,
        };
        let mut counts = per_slot.counts(slots, profile);
        let (bits, errors) = (counts.key_detections(), counts.m_key.iter().sum::<u64>());
        let qber = errors as f64 / bits.max(1) as f64;
        let tags = if assumptions.as_published { 0 } else { tag_bits(bits, profile) };
        counts.leak = assumptions.efficiency * bits as f64 * entropy(qber) + tags as f64;
        let evaluation = profile.proof.evaluate(&counts);
        let bound = |name| evaluation.bounds.get(name);
        Ok(Self {
            distance_km: distance(link),
            slots,
            sifted_bits: bits,
            qber,
            phase_error_rate: bound("phi").or_else(|| bound("e_ph")),
            leak_bits: counts.leak,
            secret_bits: evaluation.ell,
            secret_bits_per_slot: evaluation.ell as f64 / slots,
            secret_bits_per_second: evaluation.ell as f64 / slots * link.clock_hz,
            no_key: evaluation.zero.as_ref().map(ToString::to_string),
            settings: None,
            evaluation,
        })
    }
}

/// The length of the fibre, if the path is one.
pub fn distance(link: &Link) -> Option<f64> {
    match link.loss {
        Loss::Fibre { km, .. } => Some(km),
        Loss::Fixed { .. } | Loss::Pass { .. } => None,
    }
}

/// Bits of the verification tags and of the verdicts on them.
fn tag_bits(bits: u64, profile: &Profile) -> u64 {
    let segments = bits.div_ceil(profile.verification.segment_bits.into());
    segments * u64::from(profile.verification.tag_bits + 1)
}

/// Counts per slot, one entry per intensity as the proof wants them.
struct PerSlot {
    n_key: Vec<f64>,
    m_key: Vec<f64>,
    n_test: Vec<f64>,
    m_test: Vec<f64>,
}

impl PerSlot {
    fn of(link: &Link, profile: &Profile, as_published: bool) -> Result<Self, LinkError> {
        let expect = if as_published { Expectation::as_published } else { Expectation::of };
        let levels = expect(link)?.levels;
        Ok(match profile.test {
            Test::Basis => Self::by_basis(&levels),
            Test::Sample { fraction } => Self::sampled(&levels, fraction),
        })
    }

    /// Key basis and test basis, per intensity.
    fn by_basis(levels: &[Level]) -> Self {
        let all = |of: fn(&Level) -> f64| levels.iter().map(of).collect();
        Self {
            n_key: all(|level| level.key),
            m_key: all(|level| level.key_errors),
            n_test: all(|level| level.test),
            m_test: all(|level| level.test_errors),
        }
    }

    /// A share of all sifted bits is the test, whatever their basis.
    fn sampled(levels: &[Level], fraction: f64) -> Self {
        let sum = |of: fn(&Level) -> f64| levels.iter().map(of).sum::<f64>();
        let bits = sum(|level| level.key + level.test);
        let errors = sum(|level| level.key_errors + level.test_errors);
        Self {
            n_key: vec![bits * (1.0 - fraction)],
            m_key: vec![errors * (1.0 - fraction)],
            n_test: vec![bits * fraction],
            m_test: vec![errors * fraction],
        }
    }

    /// The counts of so many slots, without the leakage.
    fn counts(&self, slots: f64, profile: &Profile) -> Counts {
        let all = |rates: &[f64]| rates.iter().map(|rate| (slots * rate).round_ties_even() as u64).collect();
        Counts {
            mu: profile.intensities.clone(),
            p: profile.probabilities.clone(),
            n_key: all(&self.n_key),
            m_key: all(&self.m_key),
            n_test: all(&self.n_test),
            m_test: all(&self.m_test),
            ..Counts::default()
        }
    }
}
