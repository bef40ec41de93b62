//! `rusca-2018`: decoy-state BB84 with a single decoy, after the scheme of [`super::lim`].
//!
//! Rusca, Boaron, Grünenfelder, Martin, Zbinden, "Finite-key analysis for the 1-decoy state QKD protocol",
//! Appl. Phys. Lett. 112, 171104 (2018):
//!
//! ℓ = floor[ s_K0 + s_K1(1−h(φ)) − leak − 6·log2(19/ε_sec) − log2(2/ε_cor) ]
//!
//! with the one-decoy bounds of [`super::decoy`] at ε = ε_sec/19 each. The vacuum is bounded from the errors
//! of the weaker intensity, in the key basis too, so the length can only be decided after error correction.
//! [`super::wiesemann`] is the consolidated proof of the same protocol.

use serde::{Deserialize, Serialize};

use super::{
    Bounds, Counts, Sampling, ZeroKey,
    decoy::{Clip, Decoy},
    evaluation::{KeyLength, epsilon_bits, key_length},
    interval::Interval,
};

/// Parts into which ε_sec is split.
const SHARES: f64 = 19.0;

/// Parameters of `rusca-2018`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rusca2018 {
    /// ε_sec, secrecy.
    pub eps_sec: f64,
    /// ε_cor, correctness.
    pub eps_cor: f64,
    /// How φ follows from the test basis.
    #[serde(default)]
    pub sampling: Sampling,
}

impl Rusca2018 {
    pub(super) fn evaluate(&self, counts: &Counts, bounds: &mut Bounds) -> Result<KeyLength, ZeroKey> {
        let epsilon = Interval::exact(self.eps_sec) / SHARES;
        let decoy = Decoy::new(counts, -epsilon.ln(), Clip::Nowhere, bounds);
        let singles = decoy.one_decoy(&[1], bounds)?;
        let phi = singles.phase_error_rate(self.sampling, epsilon.lo, bounds)?;
        let entropy = Interval::exact(singles.key_vacuum) + singles.secret_entropy(phi);
        let constants = 6.0 * epsilon_bits(SHARES, self.eps_sec) + epsilon_bits(2.0, self.eps_cor);
        key_length(entropy, constants, counts, bounds)
    }
}
