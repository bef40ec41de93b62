//! [`Settings`]: what can be set on a link without changing its hardware, and what `optimise` therefore searches.

use qkdpp_protocol::Profile;
use qkdpp_protocol::profile::Test;
use serde::{Deserialize, Serialize};

use crate::link::{Link, Source};

/// Settings of a source; the receiver's basis bias goes with that of the source.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Settings {
    /// Of decoy-state BB84.
    Decoy {
        /// Mean photon numbers, brightest first.
        intensities: Vec<f64>,
        /// Their probabilities.
        probabilities: Vec<f64>,
        /// Probability of the key basis, on both sides.
        key_basis_probability: f64,
    },
    /// Of a pair source, whose bases are chosen by beam splitters.
    Pairs {
        /// Mean number of pairs per slot.
        pairs_per_slot: f64,
        /// Share of the sifted bits that is disclosed as the test.
        test_fraction: f64,
    },
}

impl Settings {
    /// Sets them on a link and in its profile.
    ///
    /// # Panics
    /// If they are settings of another kind of source.
    pub fn apply(&self, link: &mut Link, profile: &mut Profile) {
        match (self, &mut link.source) {
            (
                Self::Decoy { intensities, probabilities, key_basis_probability },
                Source::WeakCoherent(source),
            ) => {
                source.intensities.clone_from(intensities);
                source.probabilities.clone_from(probabilities);
                source.key_basis_probability = *key_basis_probability;
                link.detector.key_basis_probability = *key_basis_probability;
                profile.intensities.clone_from(intensities);
                profile.probabilities.clone_from(probabilities);
            }
            (Self::Pairs { pairs_per_slot, test_fraction }, Source::EntangledPairs(source)) => {
                source.pairs_per_slot = *pairs_per_slot;
                profile.test = Test::Sample { fraction: *test_fraction };
            }
            (Self::Decoy { .. }, Source::EntangledPairs(_))
            | (Self::Pairs { .. }, Source::WeakCoherent(_)) => {
                unreachable!("settings are made for a link, or checked against it as the config is read")
            }
        }
    }

    /// Names and values for a table.
    pub fn columns(&self) -> Vec<(String, f64)> {
        let numbered = |name: &'static str, values: &[f64]| -> Vec<(String, f64)> {
            values.iter().enumerate().map(|(k, &value)| (format!("{name}{}", k + 1), value)).collect()
        };
        match self {
            Self::Decoy { intensities, probabilities, key_basis_probability } => {
                let mut columns = numbered("mu", intensities);
                columns.extend(numbered("p", probabilities));
                columns.push(("key_basis".to_owned(), *key_basis_probability));
                columns
            }
            Self::Pairs { pairs_per_slot, test_fraction } => {
                vec![("pairs".to_owned(), *pairs_per_slot), ("test".to_owned(), *test_fraction)]
            }
        }
    }
}

/// An entry of a config's `[[settings]]`: how a decoy-state source is set for blocks of one size.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BlockSettings {
    /// Sifted key bits of a block.
    pub sifted_bits: f64,
    /// Mean photon numbers, brightest first.
    intensities: Vec<f64>,
    /// Their probabilities.
    probabilities: Vec<f64>,
    /// Probability of the key basis, on both sides.
    key_basis_probability: f64,
}

impl BlockSettings {
    /// The settings for such blocks.
    pub fn settings(&self) -> Settings {
        Settings::Decoy {
            intensities: self.intensities.clone(),
            probabilities: self.probabilities.clone(),
            key_basis_probability: self.key_basis_probability,
        }
    }

    /// Whether they can be set on a link with this profile.
    ///
    /// # Errors
    /// What is wrong with the first number that cannot.
    pub fn check(&self, link: &Link, profile: &Profile) -> Result<(), String> {
        let named = |error: String| format!("settings for {} sifted bits: {error}", self.sifted_bits);
        if !(self.sifted_bits >= 1.0 && self.sifted_bits.is_finite()) {
            return Err(named("sifted_bits must be a number, 1 or more".to_owned()));
        }
        if matches!(link.source, Source::EntangledPairs(_)) {
            return Err(named("they are for decoy states, but link.source is entangled-pairs".to_owned()));
        }
        let (mut link, mut profile) = (link.clone(), profile.clone());
        self.settings().apply(&mut link, &mut profile);
        link.validate().map_err(|error| named(error.to_string()))?;
        profile.validate().map_err(|error| named(error.to_string()))
    }
}
