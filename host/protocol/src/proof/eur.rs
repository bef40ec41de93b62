//! `eur-variable-2024`: decoy-state BB84 with two decoys, variable key length and imperfect detectors; the
//! default proof.
//!
//! Tupkary, Nahar, Sinha, Lütkenhaus, "Phase error rate estimation in QKD with imperfect detectors", Quantum
//! 9, 1937 (2025). The length may follow the observed statistics, and the detectors may differ in efficiency
//! by a bounded amount, which the proofs after Lim et al. exclude by assumption:
//!
//! * e_ph = [v/T1 + γ_serf + δ1 + γ_bin(K1, δ1, ε_b)] / [1 − δ2 − γ_bin(K1, δ2, ε_c)]
//! * γ_serf = sqrt(ln(1/ε_a)/f), f = K1·T1²/((K1+T1)(T1+1)); γ_bin = sqrt(ln(1/ε)/K1), 0 where its δ is 0
//! * ℓ = floor( K1(1−h(e_ph)) − leak − 2·log2(1/(2ε_PA)) − log2(2/ε_EV) )
//! * secrecy 2·sqrt(9ε_d²+ε_a²+ε_b²+ε_c²) + ε_PA, correctness ε_EV
//!
//! K1, T1, v are the two-decoy bounds of [`super::decoy`] at ε_d²/2 each; the vacuum is not credited.

use serde::{Deserialize, Serialize};

use super::{
    BadInput, Bounds, Counts, ZeroKey,
    decoy::{Clip, Decoy, SinglePhotons},
    evaluation::{KeyLength, epsilon_bits, key_length, phase_error},
    interval::Interval,
};

/// Parameters of `eur-variable-2024`. The detector's default is an ideal one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EurVariable2024 {
    /// ε_d, each of the nine decoy-state bounds.
    pub eps_d: f64,
    /// ε_a, sampling without replacement.
    pub eps_a: f64,
    /// ε_b, phase errors added by the detector mismatch.
    pub eps_b: f64,
    /// ε_c, detections removed by the detector mismatch.
    pub eps_c: f64,
    /// ε_PA, privacy amplification.
    pub eps_pa: f64,
    /// ε_EV, error verification.
    pub eps_ev: f64,
    /// Δ: relative mismatch, both efficiencies and dark counts lie within a factor 1 ± Δ of their common value.
    #[serde(default)]
    pub delta: f64,
    /// d: dark-count probability of a detector per pulse.
    #[serde(default)]
    pub dark: f64,
    /// Whether the roles of the detectors are swapped at random, pulse by pulse; makes a mismatch far cheaper.
    #[serde(default)]
    pub swap: bool,
}

/// What the detectors contribute to the phase error rate, at most: δ1 adds errors, δ2 removes detections.
struct Mismatch {
    delta1: Interval,
    delta2: Interval,
}

impl EurVariable2024 {
    pub(super) fn validate_detectors(&self) -> Result<(), BadInput> {
        if !(0.0..1.0).contains(&self.delta) {
            return Err(BadInput::new("delta", self.delta, "0 or more and less than 1"));
        }
        let most = self.dark * (1.0 + self.delta);
        if !(self.dark >= 0.0 && most < 1.0) {
            return Err(BadInput::new("dark", self.dark, "0 or more and, times 1 + delta, less than 1"));
        }
        Ok(())
    }

    /// 2·sqrt(9ε_d²+ε_a²+ε_b²+ε_c²) + ε_PA.
    pub(super) fn secrecy(&self) -> Interval {
        let square = |epsilon: f64| Interval::exact(epsilon).square();
        let sum = 9.0 * square(self.eps_d) + square(self.eps_a) + square(self.eps_b) + square(self.eps_c);
        2.0 * sum.sqrt() + Interval::exact(self.eps_pa)
    }

    pub(super) fn evaluate(&self, counts: &Counts, bounds: &mut Bounds) -> Result<KeyLength, ZeroKey> {
        let two = Interval::exact(2.0);
        // ln(2/ε_d²), without a square that could vanish.
        let log_epsilon = two.ln() - 2.0 * Interval::exact(self.eps_d).ln();
        let decoy = Decoy::new(counts, log_epsilon, Clip::Nowhere, bounds);
        let singles = decoy.two_decoys(bounds)?;
        let rate = self.phase_error_rate(&singles, bounds);
        let phi = phase_error("e_ph", rate.hi, bounds)?;
        let amplification = 2.0 * epsilon_bits(0.5, self.eps_pa);
        let constants = amplification + epsilon_bits(2.0, self.eps_ev);
        key_length(singles.secret_entropy(phi), constants, counts, bounds)
    }

    fn phase_error_rate(&self, singles: &SinglePhotons, bounds: &mut Bounds) -> Interval {
        let gamma = singles.sample().serfling(-Interval::exact(self.eps_a).ln());
        let Mismatch { delta1, delta2 } = self.mismatch();
        bounds.push("gamma_serf", gamma.hi);
        bounds.push("delta1", delta1.hi);
        bounds.push("delta2", delta2.hi);
        let binomial = |delta: Interval, epsilon: f64| {
            if delta == Interval::ZERO {
                return Interval::ZERO;
            }
            (-Interval::exact(epsilon).ln() / singles.key).sqrt()
        };
        let errors = singles.sample().rate() + gamma + delta1 + binomial(delta1, self.eps_b);
        let detected = Interval::ONE - delta2 - binomial(delta2, self.eps_c);
        if detected.lo <= 0.0 { Interval::ONE } else { errors / detected }
    }

    /// With r = (1−Δ)/(1+Δ), d± = d(1±Δ), x = (1−d−)²(1−r)²/2 with the random swap and (1−d−)²(1−r) without:
    /// δ1 = 4(1−sqrt(1−x)), δ2 = x; without the swap also at least the asymmetry of the dark counts,
    /// δ1 ≥ (1−A)·d+(2−d−)/(1−(1−d−)²), δ2 ≥ 1−A, A = (1−(1−d−)²)/(1−(1−d+)²).
    fn mismatch(&self) -> Mismatch {
        if self.delta == 0.0 {
            return Mismatch { delta1: Interval::ZERO, delta2: Interval::ZERO };
        }
        let (one, two) = (Interval::ONE, Interval::exact(2.0));
        let delta = Interval::exact(self.delta);
        let dark = Interval::exact(self.dark);
        let (least, most) = (dark * (one - delta), dark * (one + delta));
        let r = (one - delta) / (one + delta);
        let quiet = (one - least).square();
        let x = if self.swap { quiet * (one - r).square() / 2.0 } else { quiet * (one - r) };
        // 1 − sqrt(1−x) = x / (1 + sqrt(1−x)), which does not cancel.
        let detour = 4.0 * (x / (one + (one - x).sqrt()));
        if self.swap {
            return Mismatch { delta1: detour, delta2: x };
        }
        // 1 − (1−d)² = d(2−d) and d−/d+ = r cancel the dark counts, which may then be zero.
        let asymmetry = one - r * (two - least) / (two - most);
        Mismatch { delta1: detour.max(asymmetry / r), delta2: x.max(asymmetry) }
    }
}
