//! How long may the key be? The finite-key security proofs, each as data and one pure function.
//!
//! A proof turns the counts of a block and the bits disclosed about it into a number of secret bits, ℓ. All
//! have the same last line:
//!
//! ```text
//! ℓ = floor( secret entropy of the key bits − leak − constants of the ε )
//! ```
//!
//! and differ in how they bound the entropy. [`Proof`] holds which proof and its ε (part of the profile both
//! sides agree on), [`Counts`] what was observed, [`Evaluation`] the answer with every bound on the way.
//!
//! | name | protocol | file |
//! |-|-|-|
//! | `eur-variable-2024` | decoy BB84, two decoys, detector mismatch; the default | `eur.rs` |
//! | `lim-2014` | decoy BB84, two decoys | `lim.rs` |
//! | `wiesemann-2026` | decoy BB84, one decoy; the default for it | `wiesemann.rs` |
//! | `rusca-2018` | decoy BB84, one decoy | `rusca.rs` |
//! | `tl-2017` | BBM92, single photons; the default for it | `single_photon.rs` |
//! | `tlgr-2012` | BBM92, single photons | `single_photon.rs` |
//!
//! The papers disagree on which of X and Z carries the key. Here K is the key basis, T the test basis; s_K1
//! are the single photons detected in K, v_T1 the errors of single photons in T, φ the phase error rate.
//!
//! Only `eur-variable-2024` is proved for a length that follows the observed counts. The others prove a length
//! fixed in advance, for blocks that pass fixed thresholds, and are evaluated here at what was observed, as is
//! the practice in the literature.
//!
//! All arithmetic is outward-rounded (`interval.rs`) and free of platform differences, so both sides find the
//! same ℓ, and rounding only ever shortens it. Bad input gives ℓ = 0 with the reason, never a panic.

mod counts;
mod decoy;
mod eur;
mod evaluation;
mod interval;
mod lim;
mod rusca;
mod sampling;
mod single_photon;
mod wiesemann;

use serde::{Deserialize, Serialize};

pub use counts::Counts;
pub use eur::EurVariable2024;
pub use evaluation::{BadInput, Basis, Bounds, Evaluation, ZeroKey};
pub use lim::Lim2014;
pub use rusca::Rusca2018;
pub use sampling::{Sample, Sampling};
pub use single_photon::{Tl2017, Tlgr2012};
pub use wiesemann::Wiesemann2026;

use evaluation::KeyLength;

/// Growth beyond which [`Proof::detections_for_key`] gives up.
const MAX_GROWTH: f64 = 1e6;
/// Relative resolution of [`Proof::detections_for_key`].
const GROWTH_RESOLUTION: f64 = 1e-3;

/// A security proof with its parameters, as a profile names it: `{ name = "lim-2014", eps_sec = 1e-10, … }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "name")]
pub enum Proof {
    /// Tupkary, Nahar, Sinha, Lütkenhaus 2025; two decoys.
    #[serde(rename = "eur-variable-2024")]
    EurVariable2024(EurVariable2024),
    /// Lim et al. 2014; two decoys.
    #[serde(rename = "lim-2014")]
    Lim2014(Lim2014),
    /// Rusca et al. 2018; one decoy.
    #[serde(rename = "rusca-2018")]
    Rusca2018(Rusca2018),
    /// Wiesemann et al. 2026; one decoy.
    #[serde(rename = "wiesemann-2026")]
    Wiesemann2026(Wiesemann2026),
    /// Tomamichel, Lim, Gisin, Renner 2012; single photons.
    #[serde(rename = "tlgr-2012")]
    Tlgr2012(Tlgr2012),
    /// Tomamichel, Leverrier 2017; single photons.
    #[serde(rename = "tl-2017")]
    Tl2017(Tl2017),
}

/// What a proof promises about a key that it allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Epsilon {
    /// Distance from a key that is uniform and unknown to the eavesdropper.
    pub secret: f64,
    /// Probability that the two keys differ.
    pub correct: f64,
}

impl Epsilon {
    /// Total distance from a perfect key; what adds up over blocks.
    pub fn total(&self) -> f64 {
        (self.secret + self.correct).next_up()
    }
}

impl Proof {
    /// The name in profiles and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EurVariable2024(_) => "eur-variable-2024",
            Self::Lim2014(_) => "lim-2014",
            Self::Rusca2018(_) => "rusca-2018",
            Self::Wiesemann2026(_) => "wiesemann-2026",
            Self::Tlgr2012(_) => "tlgr-2012",
            Self::Tl2017(_) => "tl-2017",
        }
    }

    /// Intensities the source must use: 3 with two decoys, 2 with one, 0 for single photons.
    pub fn intensities(&self) -> usize {
        match self {
            Self::EurVariable2024(_) | Self::Lim2014(_) => 3,
            Self::Rusca2018(_) | Self::Wiesemann2026(_) => 2,
            Self::Tlgr2012(_) | Self::Tl2017(_) => 0,
        }
    }

    /// Whether the errors of the key basis enter, so that ℓ can only be decided after error correction.
    pub fn needs_key_errors(&self) -> bool {
        self.intensities() == 2
    }

    /// Whether the theorem covers a length ℓ that follows the observed counts, as sessions decide it. The others prove a
    /// length fixed in advance, for a link that behaves as expected; a report must say so.
    pub fn proves_variable_length(&self) -> bool {
        matches!(self, Self::EurVariable2024(_))
    }

    /// Whether the proof holds as evaluated. It does not with [`Sampling::AsPublished`], which is for comparison
    /// with the papers; a report on a key made that way must say so.
    pub fn is_rigorous(&self) -> bool {
        !matches!(
            self,
            Self::Lim2014(Lim2014 { sampling: Sampling::AsPublished, .. })
                | Self::Rusca2018(Rusca2018 { sampling: Sampling::AsPublished, .. })
        )
    }

    /// ε of a key that this proof allows.
    pub fn epsilon(&self) -> Epsilon {
        let (secret, correct) = self.promised();
        // Invalid parameters promise nothing; `min` also takes the 1 instead of NaN.
        Epsilon { secret: secret.min(1.0), correct: correct.min(1.0) }
    }

    /// Secrecy and correctness as the parameters have them.
    fn promised(&self) -> (f64, f64) {
        match self {
            Self::EurVariable2024(eur) => (eur.secrecy().hi, eur.eps_ev),
            Self::Lim2014(Lim2014 { eps_sec, eps_cor, .. })
            | Self::Rusca2018(Rusca2018 { eps_sec, eps_cor, .. })
            | Self::Wiesemann2026(Wiesemann2026 { eps_sec, eps_cor })
            | Self::Tlgr2012(Tlgr2012 { eps_sec, eps_cor })
            | Self::Tl2017(Tl2017 { eps_sec, eps_cor }) => (*eps_sec, *eps_cor),
        }
    }

    /// Checks the parameters of the proof.
    ///
    /// # Errors
    /// The first that is out of range, with its value and what it should be.
    pub fn validate(&self) -> Result<(), BadInput> {
        for (field, epsilon) in self.epsilon_fields() {
            if !(epsilon > 0.0 && epsilon < 1.0) {
                return Err(BadInput::new(field, epsilon, "more than 0 and less than 1"));
            }
        }
        match self {
            Self::EurVariable2024(eur) => eur.validate_detectors(),
            _ => Ok(()),
        }
    }

    fn epsilon_fields(&self) -> Vec<(&'static str, f64)> {
        if let Self::EurVariable2024(eur) = self {
            return vec![
                ("eps_d", eur.eps_d),
                ("eps_a", eur.eps_a),
                ("eps_b", eur.eps_b),
                ("eps_c", eur.eps_c),
                ("eps_pa", eur.eps_pa),
                ("eps_ev", eur.eps_ev),
            ];
        }
        let (eps_sec, eps_cor) = self.promised();
        vec![("eps_sec", eps_sec), ("eps_cor", eps_cor)]
    }

    /// Evaluates the proof: pure, deterministic, the same on every platform.
    pub fn evaluate(&self, counts: &Counts) -> Evaluation {
        let mut bounds = Bounds::default();
        let (length, zero) = match self.key_length(counts, &mut bounds) {
            Ok(length) => (length, None),
            Err(zero) => (KeyLength { ell: 0, ell_real: zero.ell_real() }, Some(zero)),
        };
        let Epsilon { secret, correct } = self.epsilon();
        Evaluation {
            name: self.name(),
            bounds,
            ell: length.ell,
            ell_real: length.ell_real,
            epsilon_secret: secret,
            epsilon_correct: correct,
            rigorous: self.is_rigorous(),
            zero,
        }
    }

    fn key_length(&self, counts: &Counts, bounds: &mut Bounds) -> Result<KeyLength, ZeroKey> {
        self.validate()?;
        counts.validate(self.intensities())?;
        for (basis, detections) in
            [(Basis::Key, counts.key_detections()), (Basis::Test, counts.test_detections())]
        {
            if detections == 0 {
                return Err(ZeroKey::NoDetections { basis });
            }
        }
        match self {
            Self::EurVariable2024(eur) => eur.evaluate(counts, bounds),
            Self::Lim2014(lim) => lim.evaluate(counts, bounds),
            Self::Rusca2018(rusca) => rusca.evaluate(counts, bounds),
            Self::Wiesemann2026(wiesemann) => wiesemann.evaluate(counts, bounds),
            Self::Tlgr2012(tlgr) => tlgr.evaluate(counts, bounds),
            Self::Tl2017(tl) => tl.evaluate(counts, bounds),
        }
    }

    /// By which factor the same link would have to be observed longer (all counts and the leakage in
    /// proportion) until there is a key: 1 if there is one already, `None` if there is none at a million
    /// times the counts. For the report on a block that gave nothing, not for deciding when to stop.
    pub fn detections_for_key(&self, counts: &Counts) -> Option<f64> {
        let suffices = |factor: f64| self.evaluate(&counts.scaled(factor)).ell > 0;
        let (mut too_few, mut enough) = (0.0, 1.0);
        while !suffices(enough) {
            if enough >= MAX_GROWTH {
                return None;
            }
            (too_few, enough) = (enough, (2.0 * enough).min(MAX_GROWTH));
        }
        while too_few >= 1.0 && enough - too_few > GROWTH_RESOLUTION * enough {
            let middle = f64::midpoint(too_few, enough);
            if suffices(middle) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        Some(enough)
    }
}
