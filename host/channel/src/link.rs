//! [`Link`]: everything the model needs to know about the optics, as read from the `[link]` table of a config file.
//!
//! ```toml
//! [link]
//! clock_hz = 1e9
//! loss.fibre = { km = 50.0, attenuation_db_per_km = 0.2 }
//!
//! [link.source.weak-coherent]            # or [link.source.entangled-pairs]
//! intensities = [0.43, 0.20, 2e-4]
//! # …
//! [link.detector]
//! # …
//! ```
//! Every number has one legal range; [`Link::validate`] names the field, the value and the range otherwise.

use serde::Deserialize;
use thiserror::Error;

/// A quantum link: source, path and Bob's receiver.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Slots per second (Hz): the pulse rate of the source, and the width of a coincidence window of a pair source.
    pub clock_hz: f64,
    /// Loss from the source to Bob's receiver.
    pub loss: Loss,
    /// What is sent.
    pub source: Source,
    /// Bob's receiver.
    pub detector: Detector,
}

/// Loss from the source to Bob's receiver.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Loss {
    /// A fibre.
    Fibre {
        /// Length (km).
        km: f64,
        /// Attenuation (dB/km).
        attenuation_db_per_km: f64,
    },
    /// A path of constant loss, such as a fixed free-space link.
    Fixed {
        /// Loss (dB).
        db: f64,
    },
    /// A satellite pass: loss against time, linear in dB between the points. Passes follow one another without a
    /// gap, so that a block as long as the pass is one pass.
    Pass {
        /// At least two points; the times start at 0 and ascend.
        points: Vec<PassPoint>,
    },
}

/// One point of a pass profile.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PassPoint {
    /// Time since the beginning of the pass (s).
    pub seconds: f64,
    /// Loss at that time (dB).
    pub db: f64,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Phase-randomised weak coherent pulses of decoy-state BB84.
    WeakCoherent(WeakCoherent),
    /// Entangled photon pairs of BBM92.
    EntangledPairs(EntangledPairs),
}

/// A decoy-state BB84 transmitter.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WeakCoherent {
    /// Mean photon numbers per pulse at Alice's output, brightest first; one to three.
    pub intensities: Vec<f64>,
    /// Probability of each intensity; their sum is 1.
    pub probabilities: Vec<f64>,
    /// Probability that Alice sends in the key basis.
    pub key_basis_probability: f64,
    /// Probability that a photon sent and measured in the key basis reaches the wrong detector (e_mis).
    pub misalignment_key: f64,
    /// The same in the test basis.
    pub misalignment_test: f64,
}

/// A source of entangled pairs and Alice's receiver.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EntangledPairs {
    /// Mean number of pairs per slot at the source; Poissonian, as of a source with many modes.
    pub pairs_per_slot: f64,
    /// Probability that the two photons of a pair, both measured in the key basis, give different bits:
    /// (1 − visibility)/2.
    pub misalignment_key: f64,
    /// The same in the test basis.
    pub misalignment_test: f64,
    /// Alice's receiver; its efficiency includes the loss of the path from the source to her.
    pub detector: Detector,
}

/// A receiver with threshold detectors.
///
/// With weak coherent pulses the basis is chosen actively and two detectors are gated; with entangled pairs it is
/// chosen passively by a beam splitter and four are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Probability that a photon at the receiver's input makes a click, receiver loss included.
    pub efficiency: f64,
    /// Probability of a dark count (or stray-light count) per slot and detector.
    pub dark_count_probability: f64,
    /// Probability that a click is followed by an after-pulse, in the first live slot after it and in a detector
    /// chosen at random.
    pub after_pulse_probability: f64,
    /// Slots after a click in which the whole receiver is blind; both sides drop them.
    pub dead_time_slots: u32,
    /// Probability of measuring in the key basis.
    pub key_basis_probability: f64,
}

/// A config that describes no link. To be mended by who wrote it.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum LinkError {
    /// The text is not TOML, or a key is missing, unknown or of the wrong type.
    #[error("config: {0}")]
    Syntax(#[from] Box<toml::de::Error>),
    /// A number is out of its range (or not a number).
    #[error("link.{field} = {value}; it must lie in [{low}, {high}]")]
    OutOfRange {
        /// Path of the field below `link`.
        field: String,
        /// Value found.
        value: f64,
        /// Least legal value.
        low: f64,
        /// Greatest legal value.
        high: f64,
    },
    /// A list is too short, too long, or not as long as its partner.
    #[error("link.{field} has {got} entries; it must have {low} to {high}")]
    Length {
        /// Path of the field below `link`.
        field: &'static str,
        /// Entries found.
        got: usize,
        /// Least legal number.
        low: usize,
        /// Greatest legal number.
        high: usize,
    },
    /// A list is not strictly ordered.
    #[error("link.{field}[{index}] = {value} must be {relation} {previous}, its predecessor")]
    Order {
        /// Path of the field below `link`.
        field: &'static str,
        /// Offending entry.
        index: usize,
        /// Its value.
        value: f64,
        /// `above` or `below`.
        relation: &'static str,
        /// Value of the entry before it.
        previous: f64,
    },
    /// An attack on a source for which there is no model of it.
    #[error(
        "attack {attack}: attacks are modelled on weak-coherent sources, and link.source is entangled-pairs"
    )]
    NoAttackModel {
        /// The attack.
        attack: &'static str,
    },
    /// The probabilities do not sum to 1.
    #[error("link.source.weak-coherent.probabilities sum to {sum}; the sum must be 1")]
    ProbabilitySum {
        /// Their sum.
        sum: f64,
    },
}

impl Link {
    /// Reads and validates the `[link]` table of a config file; other tables belong to others and are left alone.
    ///
    /// # Errors
    /// [`LinkError::Syntax`] for anything but a well-formed table with exactly the known keys, otherwise the first
    /// field that [`validate`](Self::validate) objects to.
    pub fn from_toml(text: &str) -> Result<Self, LinkError> {
        #[derive(Deserialize)]
        struct Config {
            link: Link,
        }
        let Config { link } = toml::from_str(text).map_err(Box::new)?;
        link.validate()?;
        Ok(link)
    }

    /// Checks every number.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn validate(&self) -> Result<(), LinkError> {
        in_range("clock_hz", self.clock_hz, 1.0, 1e12)?;
        self.loss.validate()?;
        self.detector.validate("detector")?;
        match &self.source {
            Source::WeakCoherent(source) => source.validate(),
            Source::EntangledPairs(source) => source.validate(),
        }
    }
}

impl Loss {
    fn validate(&self) -> Result<(), LinkError> {
        match self {
            Self::Fibre { km, attenuation_db_per_km } => {
                in_range("loss.fibre.km", *km, 0.0, 5000.0)?;
                in_range("loss.fibre.attenuation_db_per_km", *attenuation_db_per_km, 0.0, 20.0)
            }
            Self::Fixed { db } => in_range("loss.fixed.db", *db, 0.0, 200.0),
            Self::Pass { points } => validate_pass(points),
        }
    }

    /// Cuts the slots into stretches of constant loss and returns the one that holds `slot`.
    ///
    /// A pass changes continuously; steps of 0.1 s follow a change of 0.1 dB/s to 0.01 dB.
    pub(crate) fn stretch(&self, slot: u64, clock_hz: f64) -> Stretch {
        const STEP_SECONDS: f64 = 0.1;
        match self {
            Self::Fibre { km, attenuation_db_per_km } => Stretch::endless(km * attenuation_db_per_km),
            Self::Fixed { db } => Stretch::endless(*db),
            Self::Pass { points } => {
                let step = ((clock_hz * STEP_SECONDS) as u64).max(1);
                let pass = self.period(clock_hz);
                let (begin, within) = (slot - slot % pass, slot % pass);
                let (from, to) = (within - within % step, (within - within % step + step).min(pass));
                let middle = (from + to) as f64 / 2.0 / clock_hz;
                Stretch { transmittance: transmittance(db_at(points, middle)), end: begin + to }
            }
        }
    }

    /// Slots after which the loss repeats.
    pub(crate) fn period(&self, clock_hz: f64) -> u64 {
        match self {
            Self::Fibre { .. } | Self::Fixed { .. } => 1,
            Self::Pass { points } => ((points[points.len() - 1].seconds * clock_hz) as u64).max(1),
        }
    }
}

/// Consecutive slots of the same loss.
#[derive(Clone, Copy)]
pub(crate) struct Stretch {
    /// Probability that a photon arrives at Bob's receiver.
    pub(crate) transmittance: f64,
    /// First slot after the stretch.
    pub(crate) end: u64,
}

impl Stretch {
    fn endless(db: f64) -> Self {
        Self { transmittance: transmittance(db), end: u64::MAX }
    }
}

fn transmittance(db: f64) -> f64 {
    libm::pow(10.0, -db / 10.0)
}

/// Interpolates the profile at `seconds`, which lies within it.
fn db_at(points: &[PassPoint], seconds: f64) -> f64 {
    let after = points.partition_point(|point| point.seconds <= seconds).clamp(1, points.len() - 1);
    let (a, b) = (points[after - 1], points[after]);
    a.db + (b.db - a.db) * (seconds - a.seconds) / (b.seconds - a.seconds)
}

fn validate_pass(points: &[PassPoint]) -> Result<(), LinkError> {
    length("loss.pass.points", points.len(), 2, 1_000_000)?;
    in_range("loss.pass.points[0].seconds", points[0].seconds, 0.0, 0.0)?;
    for (index, point) in points.iter().enumerate() {
        in_range(&format!("loss.pass.points[{index}].seconds"), point.seconds, 0.0, 86_400.0)?;
        in_range(&format!("loss.pass.points[{index}].db"), point.db, 0.0, 200.0)?;
    }
    let seconds: Vec<_> = points.iter().map(|point| point.seconds).collect();
    ordered("loss.pass.points.seconds", &seconds, "above", |previous, value| value > previous)
}

impl WeakCoherent {
    fn validate(&self) -> Result<(), LinkError> {
        let intensities = self.intensities.len();
        length("source.weak-coherent.intensities", intensities, 1, 3)?;
        length("source.weak-coherent.probabilities", self.probabilities.len(), intensities, intensities)?;
        for (index, (&intensity, &probability)) in
            self.intensities.iter().zip(&self.probabilities).enumerate()
        {
            in_range(&format!("source.weak-coherent.intensities[{index}]"), intensity, 0.0, 10.0)?;
            in_range(&format!("source.weak-coherent.probabilities[{index}]"), probability, 1e-9, 1.0)?;
        }
        ordered("source.weak-coherent.intensities", &self.intensities, "below", |previous, value| {
            value < previous
        })?;
        let sum: f64 = self.probabilities.iter().sum();
        if (sum - 1.0).abs() > 1e-9 {
            return Err(LinkError::ProbabilitySum { sum });
        }
        in_range("source.weak-coherent.key_basis_probability", self.key_basis_probability, 0.0, 1.0)?;
        in_range("source.weak-coherent.misalignment_key", self.misalignment_key, 0.0, 0.5)?;
        in_range("source.weak-coherent.misalignment_test", self.misalignment_test, 0.0, 0.5)
    }
}

impl EntangledPairs {
    fn validate(&self) -> Result<(), LinkError> {
        in_range("source.entangled-pairs.pairs_per_slot", self.pairs_per_slot, 0.0, 1.0)?;
        in_range("source.entangled-pairs.misalignment_key", self.misalignment_key, 0.0, 0.5)?;
        in_range("source.entangled-pairs.misalignment_test", self.misalignment_test, 0.0, 0.5)?;
        self.detector.validate("source.entangled-pairs.detector")
    }
}

impl Detector {
    fn validate(&self, path: &str) -> Result<(), LinkError> {
        in_range(&format!("{path}.efficiency"), self.efficiency, 0.0, 1.0)?;
        in_range(&format!("{path}.dark_count_probability"), self.dark_count_probability, 0.0, 0.5)?;
        in_range(&format!("{path}.after_pulse_probability"), self.after_pulse_probability, 0.0, 0.5)?;
        in_range(&format!("{path}.dead_time_slots"), f64::from(self.dead_time_slots), 0.0, 1e9)?;
        in_range(&format!("{path}.key_basis_probability"), self.key_basis_probability, 0.0, 1.0)
    }
}

fn in_range(field: &str, value: f64, low: f64, high: f64) -> Result<(), LinkError> {
    // NaN is in no range.
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(LinkError::OutOfRange { field: field.to_owned(), value, low, high })
    }
}

fn length(field: &'static str, got: usize, low: usize, high: usize) -> Result<(), LinkError> {
    if (low..=high).contains(&got) { Ok(()) } else { Err(LinkError::Length { field, got, low, high }) }
}

fn ordered(
    field: &'static str,
    values: &[f64],
    relation: &'static str,
    holds: impl Fn(f64, f64) -> bool,
) -> Result<(), LinkError> {
    match values.windows(2).position(|pair| !holds(pair[0], pair[1])) {
        None => Ok(()),
        Some(before) => Err(LinkError::Order {
            field,
            index: before + 1,
            value: values[before + 1],
            relation,
            previous: values[before],
        }),
    }
}

#[cfg(test)]
mod tests;
