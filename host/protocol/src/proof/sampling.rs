//! Random sampling without replacement: from the errors seen in the test bits to those among the key bits.
//!
//! Of N = n + k bits, k chosen at random were tested and showed m errors; the n others become the key. What
//! error rate can the key bits have? The question is the same in every proof: the phase errors of the key
//! basis are the errors those bits would have shown in the test basis. T is the unknown total of errors and
//! m follows the hypergeometric distribution.
//!
//! * [`Sampling::Kl`]: Hoeffding's bound with the relative entropy D (nats), from both sides of the split:
//!   P(m or fewer) ≤ exp(−max{ k·D(m/k‖T/N), n·D((T−m)/n‖T/N) }). The bound is the smallest T whose exponent
//!   reaches 2·ln(1/ε). Hoeffding, J. Am. Stat. Assoc. 58, 13 (1963); Chvátal, Discrete Math. 25, 285 (1979).
//! * [`Sampling::Serfling`]: m/k + sqrt[ (n+k)/(nk) · (k+1)/k · ln(1/ε) ]. Serfling, Ann. Stat. 2, 39 (1974);
//!   in this form Tomamichel, Lim, Gisin, Renner, Nat. Commun. 3, 634 (2012).
//! * [`Sampling::AsPublished`]: the γ of Lim et al., Phys. Rev. A 89, 022307 (2014), and Rusca et al., Appl.
//!   Phys. Lett. 112, 171104 (2018), after Fung, Ma, Chau, Phys. Rev. A 81, 012318 (2010):
//!   m/k + sqrt[ (n+k)(1−b)b/(nk·ln 2) · log2( (n+k)/(nk(1−b)b) · 1/ε² ) ], b = m/k.
//!
//! The first two hold with probability 1 − ε², as the smoothing of the entropy needs. The third is a Gaussian
//! approximation and **does not hold**: the exact tail exceeds it. It exists to reproduce those two papers.

use serde::{Deserialize, Serialize};

use super::interval::{Interval, relative_entropy};

/// How the error rate of the key bits is inferred from the test bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Relative-entropy bound; rigorous, and the tightest of the three that are.
    #[default]
    Kl,
    /// Serfling's bound; rigorous.
    Serfling,
    /// The approximation printed in the decoy-state papers; not rigorous, for comparison with them only.
    AsPublished,
}

/// The outcome of a test. The numbers are real, not whole, because in a decoy-state proof they are themselves
/// bounds: `key` and `test` lower ones, `errors` an upper one. Fewer errors or more bits on either side only
/// lower the error rate inferred, so the bounds may stand for the true numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// n: bits that become the key.
    pub key: f64,
    /// k: bits tested.
    pub test: f64,
    /// m: errors among the bits tested.
    pub errors: f64,
}

/// Halvings of the relative-entropy inversion: error rates are resolved to 2^−60.
const HALVINGS: u32 = 60;

impl Sampling {
    /// Upper bound on the error rate of the key bits, at most 1; fails with probability `epsilon`² (for
    /// [`AsPublished`](Self::AsPublished) it claims so). Rounded up. 1 for a sample that says nothing.
    pub fn key_error_rate(self, sample: Sample, epsilon: f64) -> f64 {
        let Sample { key, test, errors } = sample;
        let usable =
            key > 0.0 && test > 0.0 && errors >= 0.0 && errors < test && epsilon > 0.0 && epsilon < 1.0;
        if !usable {
            return 1.0;
        }
        let log_epsilon = -Interval::exact(epsilon).ln();
        let rate = match self {
            Self::Kl => return kl(sample, 2.0 * log_epsilon),
            Self::Serfling => sample.rate() + sample.serfling(log_epsilon),
            Self::AsPublished => sample.rate() + sample.fung_ma_chau(epsilon),
        };
        rate.hi.min(1.0)
    }
}

impl Sample {
    /// m/k.
    pub(super) fn rate(&self) -> Interval {
        Interval::exact(self.errors) / self.test
    }

    /// sqrt[ (n+k)/(nk) · (k+1)/k · ln(1/ε) ], given ln(1/ε).
    pub(super) fn serfling(&self, log_epsilon: Interval) -> Interval {
        let (n, k) = (Interval::exact(self.key), Interval::exact(self.test));
        ((n + k) / (n * k) * ((k + Interval::ONE) / k) * log_epsilon).sqrt()
    }

    /// The formula has no value without errors; it is taken at one error there.
    fn fung_ma_chau(&self, epsilon: f64) -> Interval {
        let (n, k) = (Interval::exact(self.key), Interval::exact(self.test));
        let b = self.rate().max(Interval::ONE / k);
        let spread = (n + k) / (n * k);
        let variance = (Interval::ONE - b) * b;
        let bits = (spread / variance).log2() - 2.0 * Interval::exact(epsilon).log2();
        (spread * variance * bits / Interval::exact(2.0).ln()).max(Interval::ZERO).sqrt()
    }

    /// Whether a key error rate of `rate` (T = m + n·rate) is excluded: its exponent reaches `threshold`.
    fn excludes(&self, rate: f64, threshold: Interval) -> bool {
        let (n, k) = (Interval::exact(self.key), Interval::exact(self.test));
        let rate = Interval::exact(rate);
        let overall = (Interval::exact(self.errors) + n * rate) / (n + k);
        let from_test = k * relative_entropy(self.rate(), overall);
        let from_key = n * relative_entropy(rate, overall);
        from_test.lo.max(from_key.lo) >= threshold.hi
    }
}

/// Smallest key error rate excluded, by bisection between m/k and 1. Both exponents rise with the rate, so a
/// rate that was excluded with certainty excludes all above it: the upper end is a bound at every step, and
/// stopping early or rounding in the bisection only makes it looser.
fn kl(sample: Sample, threshold: Interval) -> f64 {
    let (mut possible, mut excluded) = (sample.errors / sample.test, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(possible, excluded);
        if sample.excludes(middle, threshold) {
            excluded = middle;
        } else {
            possible = middle;
        }
    }
    excluded
}
