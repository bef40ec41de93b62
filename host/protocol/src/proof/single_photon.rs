//! `tlgr-2012` and `tl-2017`: BBM92 and single-photon BB84, where every detection counts as one photon.
//!
//! n key bits, k test bits with error rate Q.
//!
//! `tlgr-2012`: Tomamichel, Lim, Gisin, Renner, "Tight finite-key analysis for quantum cryptography", Nat.
//! Commun. 3, 634 (2012), with perfectly complementary bases (q = 1):
//! * μ = sqrt[ (n+k)/(nk) · (k+1)/k · ln(4/ε_sec) ]
//! * ℓ = floor[ n(1−h(Q+μ)) − leak − log2(2/(ε_sec²·ε_cor)) ]
//!
//! `tl-2017`: Tomamichel, Leverrier, "A largely self-contained and complete security proof for quantum key
//! distribution", Quantum 1, 14 (2017). A length ℓ is secret if, with r bits leaked and t = log2(1/ε_cor),
//! * ε_sec ≥ inf_ν { 2·exp(−nk²ν²/((n+k)(k+1))) + ½·sqrt(2^(−n(1−h(Q+ν))+r+t+ℓ)) }
//!
//! Both prove a fixed threshold for Q, agreed before the block; here Q is the observed rate.

use serde::{Deserialize, Serialize};

use super::{
    Bounds, Counts, Sample, ZeroKey,
    evaluation::{KeyLength, epsilon_bits, key_length, phase_error},
    interval::Interval,
};

/// Parameters of `tlgr-2012`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tlgr2012 {
    /// ε_sec, secrecy.
    pub eps_sec: f64,
    /// ε_cor, correctness.
    pub eps_cor: f64,
}

/// Parameters of `tl-2017`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tl2017 {
    /// ε_sec, secrecy.
    pub eps_sec: f64,
    /// ε_cor, correctness; the proof charges the t bits of the smallest tag with 2^−t ≤ ε_cor.
    pub eps_cor: f64,
}

impl Tlgr2012 {
    pub(super) fn evaluate(&self, counts: &Counts, bounds: &mut Bounds) -> Result<KeyLength, ZeroKey> {
        let sample = sample(counts);
        let mu = sample.serfling(Interval::exact(4.0).ln() - Interval::exact(self.eps_sec).ln());
        bounds.push("Q", sample.rate().hi);
        bounds.push("mu", mu.hi);
        let phi = phase_error("phi", (sample.rate() + mu).hi, bounds)?;
        let constants = 2.0 * epsilon_bits(1.0, self.eps_sec) + epsilon_bits(2.0, self.eps_cor);
        key_length(secret_entropy(&sample, phi), constants, counts, bounds)
    }
}

/// Steps of the search for the best ν; the bracket shrinks by the golden ratio in each.
const SEARCH_STEPS: u32 = 80;

impl Tl2017 {
    pub(super) fn evaluate(&self, counts: &Counts, bounds: &mut Bounds) -> Result<KeyLength, ZeroKey> {
        let sample = sample(counts);
        let nu = self.best_nu(&sample);
        let phi = phase_error("phi", (sample.rate() + Interval::exact(nu)).hi, bounds)?;
        bounds.push("Q", sample.rate().hi);
        bounds.push("nu", nu);
        bounds.push("epsilon_estimation", estimation_failure(&sample, nu).hi);
        bounds.push("tag_bits", f64::from(self.tag_bits()));
        let entropy = secret_entropy(&sample, phi);
        let constants = self.amplification_bits(&sample, nu) + self.tag();
        let mut length = key_length(entropy, constants, counts, bounds)?;
        // The paper's inequality itself; a length right at the limit may miss it by the rounding of this check.
        let allowed = |ell: u64| self.secrecy(ell, entropy, nu, counts) <= self.eps_sec;
        if !allowed(length.ell) {
            length.ell -= 1;
            if length.ell == 0 || !allowed(length.ell) {
                return Err(ZeroKey::exhausted(entropy, constants, counts, length.ell_real));
            }
        }
        Ok(length)
    }

    /// t, the least with 2^−t ≤ ε_cor: minus the exponent of ε_cor.
    fn tag_bits(&self) -> i32 {
        -libm::ilogb(self.eps_cor)
    }

    fn tag(&self) -> Interval {
        Interval::exact(f64::from(self.tag_bits()))
    }

    /// −2·log2(2(ε_sec − ε_pe)), where ε_pe is the failure of the estimation: what is left for amplification.
    fn amplification_bits(&self, sample: &Sample, nu: f64) -> Interval {
        let left = Interval::exact(self.eps_sec) - estimation_failure(sample, nu);
        -2.0 * (2.0 * left).log2()
    }

    /// The ν that gives the longest key, by golden-section search. Every ν is valid, so a search that ends
    /// beside the optimum costs key and never security.
    fn best_nu(&self, sample: &Sample) -> f64 {
        let (n, k) = (sample.key, sample.test);
        // Below the first the estimation alone fails more often than ε_sec, beyond the second φ exceeds 1/2.
        let least = libm::sqrt(-libm::log(self.eps_sec / 2.0) * (n + k) / n * (k + 1.0) / k / k);
        let (mut low, mut high) = (least, 0.5 - sample.errors / k);
        if low >= high {
            return low;
        }
        let length = |nu: f64| {
            let phi = (sample.rate() + Interval::exact(nu)).hi;
            (secret_entropy(sample, phi) - self.amplification_bits(sample, nu)).lo
        };
        let ratio = (libm::sqrt(5.0) - 1.0) / 2.0;
        for _ in 0..SEARCH_STEPS {
            let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
            if length(left) >= length(right) {
                high = right;
            } else {
                low = left;
            }
        }
        f64::midpoint(low, high)
    }

    /// 2·exp(−nk²ν²/((n+k)(k+1))) + ½·sqrt(2^(−entropy+r+t+ℓ)), rounded up.
    fn secrecy(&self, ell: u64, entropy: Interval, nu: f64, counts: &Counts) -> f64 {
        let disclosed = Interval::exact(counts.leak) + Interval::count(counts.dropped_key) + self.tag();
        let exponent = disclosed + Interval::count(ell) - entropy;
        let amplification = 0.5 * (exponent * Interval::exact(2.0).ln()).exp().sqrt();
        (estimation_failure(&sample(counts), nu) + amplification).hi
    }
}

/// 2·exp(−nk²ν²/((n+k)(k+1))): the key bits have an error rate above Q + ν.
fn estimation_failure(sample: &Sample, nu: f64) -> Interval {
    let (n, k) = (Interval::exact(sample.key), Interval::exact(sample.test));
    let exponent = n * (k * Interval::exact(nu)).square() / ((n + k) * (k + Interval::ONE));
    2.0 * (-exponent).exp()
}

/// n(1 − h(φ)).
fn secret_entropy(sample: &Sample, phi: f64) -> Interval {
    Interval::exact(sample.key) * (Interval::ONE - Interval::exact(phi).entropy())
}

fn sample(counts: &Counts) -> Sample {
    Sample {
        key: counts.key_detections() as f64,
        test: counts.test_detections() as f64,
        errors: counts.m_test[0] as f64,
    }
}
