//! What a proof answers: a key length with every bound that led to it, or the reason why there is no key.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::{Counts, interval::Interval};

/// The result of [`Proof::evaluate`](super::Proof::evaluate). All numbers are finite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Name of the proof, as in its profile.
    pub name: &'static str,
    /// Intermediate bounds in the order of their derivation, each at the end that shortens the key.
    pub bounds: Bounds,
    /// ℓ: secret bits that may be extracted.
    pub ell: u64,
    /// The formula before the floor, rounded down; negative where the leakage exceeds the entropy, and 0 where
    /// the derivation stopped before the formula.
    pub ell_real: f64,
    /// The key is this close to one that is uniform and unknown to the eavesdropper.
    pub epsilon_secret: f64,
    /// Probability that the two keys differ.
    pub epsilon_correct: f64,
    /// Whether the ε are proved; false for the approximation [`Sampling::AsPublished`](super::Sampling).
    pub rigorous: bool,
    /// Why `ell` is 0, if it is.
    pub zero: Option<ZeroKey>,
}

/// Named intermediate bounds in the order in which they were derived; serialized as a map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds(Vec<(&'static str, f64)>);

impl Bounds {
    /// The bound called `name`, if the derivation reached it.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All bounds with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().copied()
    }

    pub(super) fn push(&mut self, name: &'static str, value: f64) {
        self.0.push((name, finite(value)));
    }
}

impl Serialize for Bounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Why a block gives no key.
#[derive(Clone, Debug, PartialEq, Error, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum ZeroKey {
    /// A parameter or a count is out of range.
    #[error(transparent)]
    BadInput(#[from] BadInput),
    /// Nothing was detected in one of the bases.
    #[error("no detections in the {basis} basis")]
    NoDetections {
        /// The basis without detections.
        basis: Basis,
    },
    /// The statistics are too poor to prove that single photons were detected at all.
    #[error("of {detections} detections in the {basis} basis none is proved to be a single photon")]
    NoSinglePhotons {
        /// The basis concerned.
        basis: Basis,
        /// All detections in it.
        detections: u64,
    },
    /// The bound on the phase error rate leaves nothing unknown to the eavesdropper.
    #[error("the phase error rate may be {phi:.4}, and at 1/2 or more there is no secret")]
    PhaseError {
        /// Upper bound on the phase error rate, cut at 1.
        phi: f64,
    },
    /// The secret entropy does not pay for what was disclosed and for the security parameters.
    #[error(
        "{entropy:.1} bits of entropy, of which {leak:.1} were disclosed, {dropped} dropped and {constants:.1} \
         go to the security parameters: less than one bit is left"
    )]
    Exhausted {
        /// Lower bound on the secret entropy of the key bits.
        entropy: f64,
        /// Bits disclosed, [`Counts::leak`].
        leak: f64,
        /// [`Counts::dropped_key`].
        dropped: u64,
        /// The terms in the ε alone.
        constants: f64,
        /// Key length before the floor, below 1.
        ell_real: f64,
    },
}

impl ZeroKey {
    /// The key length before the floor, where the derivation came that far.
    pub(super) fn ell_real(&self) -> f64 {
        match self {
            Self::Exhausted { ell_real, .. } => *ell_real,
            _ => 0.0,
        }
    }

    /// What is missing when the last line of a proof leaves no bit.
    pub(super) fn exhausted(entropy: Interval, constants: Interval, counts: &Counts, ell_real: f64) -> Self {
        Self::Exhausted {
            entropy: entropy.lo,
            leak: counts.leak,
            dropped: counts.dropped_key,
            constants: finite(constants.hi),
            ell_real: finite(ell_real),
        }
    }
}

/// The nearest finite number; a bound that proves nothing is infinite.
fn finite(bound: f64) -> f64 {
    bound.clamp(f64::MIN, f64::MAX)
}

/// A parameter or count that a proof cannot work with.
#[derive(Clone, Debug, PartialEq, Error, Serialize)]
#[error("{field} is {value}: must be {expected}")]
pub struct BadInput {
    /// The field as it is called in the configuration.
    pub field: String,
    /// What it holds.
    #[serde(serialize_with = "finite_or_text")]
    pub value: f64,
    /// What it must be.
    pub expected: &'static str,
}

/// JSON has no NaN and no infinity; they are written as text.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde prescribes the signature")]
fn finite_or_text<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.collect_str(value) }
}

impl BadInput {
    pub(super) fn new(field: impl Into<String>, value: f64, expected: &'static str) -> Self {
        Self { field: field.into(), value, expected }
    }
}

/// The role of a basis, whichever of the two it is physically.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The key is made from this one.
    Key,
    /// Disclosed to estimate the eavesdropper's knowledge.
    Test,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Test => "test",
        })
    }
}

/// log2(numerator/ε): bits of key that a security parameter costs.
pub(super) fn epsilon_bits(numerator: f64, epsilon: f64) -> Interval {
    Interval::exact(numerator).log2() - Interval::exact(epsilon).log2()
}

/// Records the phase error rate as `name` and lets it pass if it is below 1/2, where h(φ) stops rising.
pub(super) fn phase_error(name: &'static str, phi: f64, bounds: &mut Bounds) -> Result<f64, ZeroKey> {
    let phi = phi.min(1.0);
    bounds.push(name, phi);
    if phi < 0.5 { Ok(phi) } else { Err(ZeroKey::PhaseError { phi }) }
}

/// A positive key length and the real number it is the floor of.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyLength {
    pub(super) ell: u64,
    pub(super) ell_real: f64,
}

/// ℓ = floor( entropy − leak − dropped − constants ), the last line of every proof. Never more than the key
/// bits that are left, whatever the counts.
pub(super) fn key_length(
    entropy: Interval,
    constants: Interval,
    counts: &Counts,
    bounds: &mut Bounds,
) -> Result<KeyLength, ZeroKey> {
    let dropped = Interval::count(counts.dropped_key);
    let kept = Interval::count(counts.key_detections() - counts.dropped_key);
    let ell_real = (entropy - Interval::exact(counts.leak) - dropped - constants).min(kept).lo;
    bounds.push("entropy", entropy.lo);
    bounds.push("leak", counts.leak);
    bounds.push("dropped", dropped.hi);
    bounds.push("constants", constants.hi);
    if ell_real < 1.0 {
        return Err(ZeroKey::exhausted(entropy, constants, counts, ell_real));
    }
    Ok(KeyLength { ell: ell_real.floor() as u64, ell_real })
}
