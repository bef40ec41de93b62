//! `lim-2014`: decoy-state BB84 with two decoys, by entropic uncertainty; the proof most hardware was built on.
//!
//! Lim, Curty, Walenta, Xu, Zbinden, "Concise security bounds for practical decoy-state quantum key
//! distribution", Phys. Rev. A 89, 022307 (2014):
//!
//! ℓ = floor[ s_K0 + s_K1(1−h(φ)) − leak − 6·log2(21/ε_sec) − log2(2/ε_cor) ]
//!
//! with the bounds of [`super::decoy`] at ε = ε_sec/21 each, and φ from v_T1 errors among s_T1 single photons
//! by [`Sampling`] at the same ε. The paper's own γ is an approximation that fails more often than claimed;
//! it is replaced unless `sampling` asks for it.

use serde::{Deserialize, Serialize};

use super::{
    Bounds, Counts, Sampling, ZeroKey,
    decoy::{Clip, Decoy},
    evaluation::{KeyLength, epsilon_bits, key_length},
    interval::Interval,
};

/// Parts into which ε_sec is split.
const SHARES: f64 = 21.0;

/// Parameters of `lim-2014`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lim2014 {
    /// ε_sec, secrecy.
    pub eps_sec: f64,
    /// ε_cor, correctness.
    pub eps_cor: f64,
    /// How φ follows from the test basis.
    #[serde(default)]
    pub sampling: Sampling,
}

impl Lim2014 {
    pub(super) fn evaluate(&self, counts: &Counts, bounds: &mut Bounds) -> Result<KeyLength, ZeroKey> {
        let epsilon = Interval::exact(self.eps_sec) / SHARES;
        let decoy = Decoy::new(counts, -epsilon.ln(), Clip::AtZero, bounds);
        let singles = decoy.two_decoys(bounds)?;
        let phi = singles.phase_error_rate(self.sampling, epsilon.lo, bounds)?;
        let entropy = Interval::exact(singles.key_vacuum) + singles.secret_entropy(phi);
        let constants = 6.0 * epsilon_bits(SHARES, self.eps_sec) + epsilon_bits(2.0, self.eps_cor);
        key_length(entropy, constants, counts, bounds)
    }
}
