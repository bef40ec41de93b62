//! `wiesemann-2026`: decoy-state BB84 with a single decoy; the consolidated proof, default for one decoy.
//!
//! Wiesemann, Krause, Tupkary, Lütkenhaus, Rusca, Walenta, "A consolidated and accessible security proof for
//! finite-size decoy-state quantum key distribution", Quantum 10, 2037 (2026):
//!
//! ℓ = floor[ s_K1(1−h(φ)) − leak − log2(2/ε_cor) − 4·log2(15/(ε_sec·2^(1/4))) ]
//!
//! with the one-decoy bounds of [`super::decoy`] at ε0 = ε_sec/15 each, every corrected count cut to what was
//! counted, the vacuum bounded from the better of the two intensities and not credited to the key, and
//! Serfling's bound for φ. Errors of the key basis enter, so the length is decided after error correction.

use serde::{Deserialize, Serialize};

use super::{
    Bounds, Counts, Sampling, ZeroKey,
    decoy::{Clip, Decoy},
    evaluation::{KeyLength, epsilon_bits, key_length},
    interval::Interval,
};

/// Parts into which ε_sec is split.
const SHARES: f64 = 15.0;

/// Parameters of `wiesemann-2026`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Wiesemann2026 {
    /// ε_sec, secrecy.
    pub eps_sec: f64,
    /// ε_cor, correctness.
    pub eps_cor: f64,
}

impl Wiesemann2026 {
    pub(super) fn evaluate(&self, counts: &Counts, bounds: &mut Bounds) -> Result<KeyLength, ZeroKey> {
        let epsilon = Interval::exact(self.eps_sec) / SHARES;
        let decoy = Decoy::new(counts, -epsilon.ln(), Clip::ToTotal, bounds);
        let singles = decoy.one_decoy(&[0, 1], bounds)?;
        let phi = singles.phase_error_rate(Sampling::Serfling, epsilon.lo, bounds)?;
        // 4·log2(15/(ε_sec·2^(1/4))) = 4·log2(15/ε_sec) − 1.
        let amplification = 4.0 * epsilon_bits(SHARES, self.eps_sec) - Interval::ONE;
        let constants = amplification + epsilon_bits(2.0, self.eps_cor);
        key_length(singles.secret_entropy(phi), constants, counts, bounds)
    }
}
