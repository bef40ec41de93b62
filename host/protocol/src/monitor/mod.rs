//! Monitors: does a block look like one of the link that was declared? An alarm discards the whole block.
//!
//! Proofs bound what an eavesdropper knows if the devices are what the proof assumes. Attacks on devices (blinding, time
//! shifts, after-gate pulses) and on multi-photon pulses leave traces in counts that no proof looks at: detectors that
//! never click together, clicks within the dead time, more ones than zeros, gains that do not follow the intensities.
//! ```text
//! RawBatch ─▶ Receiver ─┐
//! announced counts ─────┼─▶ Observed ─▶ watch() ─▶ Findings ─┐
//! test and key tables ──┘                 Drift ─▶ Findings ─┴─ any alarm ─▶ ledger, ℓ = 0
//! ```
//! **The rule.** The bands of [`Settings`] are part of the profile, so they stand before the first pulse. Each check
//! compares one count with its band by the exact binomial tail at the band's edge; it raises an alarm if the tail is
//! below its share of [`Settings::false_alarm`]. An alarm of either side ends the block without a key; nothing is ever
//! selected, repeated or corrected for. Each side computes its own findings, and tells the other one bit: alarm or none
//! (Bob in Corrected, Alice in Verify, both tagged). Both bits are in the ledger's digest.
//!
//! **The false-alarm rate** is that of trials that are independent given the rates. Dead time makes counts spread less,
//! which is on the safe side; after-pulses of probability a make them spread more, by a factor of about (1 + a)/(1 − a) in
//! the variance, and fluctuations of the link by what they are: bands need room for both.
//!
//! **What becomes public**: the alarm bits, and nothing else. That a block is kept tells nothing about its key beyond what
//! a subset of all keys tells: the accepted part of the joint state is below the whole state, so its min-entropy, not
//! normalised, is not less. Some checks count bits of the key itself; of a block that gives a key, their numbers are
//! withheld from the report ([`withhold`]), since how many ones a key has is a secret of some bits.

pub mod binomial;
mod checks;
mod drift;
mod settings;
mod tables;

use std::fmt;

use serde::Serialize;

pub use checks::watch;
pub use drift::{Drift, Sample};
pub use settings::{Band, DriftSettings, Settings};
pub use tables::{BitTable, Corrected, Observed, Receiver, Sifted};

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Monitor {
    /// Clicks within the receiver's dead time.
    DeadTime,
    /// Clicks right after it.
    AfterPulses,
    /// Both detectors at once.
    DoubleClicks,
    /// Bob's detections per slot, block and batches.
    Detections,
    /// How often each basis clicks.
    Bases,
    /// Share of ones: of a receiver's detectors, and of Alice's bits among what was detected.
    Ones,
    /// Detections per pulse of each intensity.
    Gains,
    /// Gains of different intensities, compared.
    GainRatios,
    /// Error rates per basis and intensity.
    Errors,
    /// Error rates of brighter and dimmer intensities, compared.
    ErrorOrder,
    /// Error rates of zeros and of ones, compared: the table of Alice's bit by Bob's detector.
    ErrorSymmetry,
    /// Slow changes over many blocks.
    Drift,
}

impl fmt::Display for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeadTime => "dead time",
            Self::AfterPulses => "after-pulses",
            Self::DoubleClicks => "double clicks",
            Self::Detections => "detections",
            Self::Bases => "bases",
            Self::Ones => "ones",
            Self::Gains => "gains",
            Self::GainRatios => "gain ratios",
            Self::Errors => "errors",
            Self::ErrorOrder => "error order",
            Self::ErrorSymmetry => "error symmetry",
            Self::Drift => "drift",
        })
    }
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As declared.
    Fine,
    /// Unlikely, but no alarm: a tail below the square root of an alarm's, or a drift chart at three quarters of its limit.
    Warning,
    /// The block is discarded.
    Alarm,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Alarm => "ALARM",
        })
    }
}

/// The outcome of one check: counts and limits, no bits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub monitor: Monitor,
    /// Of what: the basis, intensity or batch.
    pub subject: String,
    /// Events counted; absent for drift, and where the number is secret.
    pub events: Option<u64>,
    /// Among so many.
    pub trials: Option<u64>,
    /// Their ratio, or the value of a drift chart.
    pub measured: Option<f64>,
    /// Where it may lie.
    pub allowed: Band,
    /// Probability of a count at least as far out, at the edge of the band; 1 within the band. Absent for drift.
    pub tail: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// Whether the counts are of bits of the key.
    #[serde(skip)]
    pub secret: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.monitor, self.subject)
    }
}

/// The findings of a block that gave a key: without the numbers, warnings included, that tell about the key.
pub fn withhold(findings: &[Finding]) -> Vec<Finding> {
    let shown = |finding: &Finding| {
        let mut shown = finding.clone();
        if finding.secret {
            (shown.events, shown.trials, shown.measured, shown.tail) = (None, None, None, None);
            (shown.allowed, shown.verdict) = (Band::ALL, Verdict::Fine);
        }
        shown
    };
    findings.iter().map(shown).collect()
}
