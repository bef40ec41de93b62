//! What a block contributes to its proof: the detections and errors counted, and the bits already spent.

use serde::{Deserialize, Serialize};

use super::{BadInput, interval::Interval};

/// Counts above this are not exact in an `f64`.
const MAX_COUNT: u64 = 1 << 53;
/// How far the probabilities of the intensities may be from a sum of one.
const PROBABILITY_SUM_TOLERANCE: f64 = 1e-9;

/// Statistics of one block. With decoys every list has one entry per intensity, brightest first; for a
/// single-photon proof `mu` and `p` are empty and each list of counts has one entry.
///
/// Each side fills this from its own records and what was announced under authentication, never with numbers
/// computed by the peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Mean photon number per pulse, strictly descending.
    pub mu: Vec<f64>,
    /// Probability with which each intensity is sent.
    pub p: Vec<f64>,
    /// Detections with both sides in the key basis.
    pub n_key: Vec<u64>,
    /// Errors among `n_key`. Where they are unknown (a frame that failed verification) every bit counts as one.
    pub m_key: Vec<u64>,
    /// Detections with both sides in the test basis.
    pub n_test: Vec<u64>,
    /// Errors among `n_test`.
    pub m_test: Vec<u64>,
    /// Bits disclosed about the key: everything sent for error correction, every verification tag, and, where
    /// frames are verified one by one, the verdict on each. Nothing is refunded for frames dropped later. The
    /// proofs charge their own log2(2/ε_cor) for verification as well; charging both is on the safe side.
    pub leak: f64,
    /// Key bits in frames that failed verification and were discarded; they stay in `n_key`. Each costs one
    /// bit of key.
    ///
    /// By the chain rule H_min(kept | dropped, E) ≥ H_min(all | E) − |dropped|: treating the dropped bits as
    /// disclosed is sound however the frames came to be selected, which here depends on the key itself. It
    /// also covers every distribution of photon numbers over the dropped bits: were they all single photons
    /// without a phase error, s·(1−h(φ)) with φ·s fixed would lose 1 + log2(1−φ) < 1 each, and a vacuum
    /// detection that the proof credits would lose 1.
    #[serde(default)]
    pub dropped_key: u64,
}

/// The detections `n` and errors `m` of one basis, per intensity.
#[derive(Clone, Copy)]
pub(super) struct BasisCounts<'a> {
    pub(super) n: &'a [u64],
    pub(super) m: &'a [u64],
}

impl BasisCounts<'_> {
    pub(super) fn detections(&self) -> Interval {
        Interval::count(total(self.n))
    }

    pub(super) fn errors(&self) -> Interval {
        Interval::count(total(self.m))
    }
}

impl Counts {
    pub(super) fn key(&self) -> BasisCounts<'_> {
        BasisCounts { n: &self.n_key, m: &self.m_key }
    }

    pub(super) fn test(&self) -> BasisCounts<'_> {
        BasisCounts { n: &self.n_test, m: &self.m_test }
    }

    /// n_K, all intensities together.
    pub fn key_detections(&self) -> u64 {
        total(&self.n_key)
    }

    /// n_T, all intensities together.
    pub fn test_detections(&self) -> u64 {
        total(&self.n_test)
    }

    /// The same link observed `factor` times as long: all counts and the leakage grow in proportion.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        // Rounding is monotone, so errors stay at most detections.
        let grow = |n: &u64| (*n as f64 * factor).round() as u64;
        let grow_all = |list: &[u64]| list.iter().map(grow).collect();
        Self {
            mu: self.mu.clone(),
            p: self.p.clone(),
            n_key: grow_all(&self.n_key),
            m_key: grow_all(&self.m_key),
            n_test: grow_all(&self.n_test),
            m_test: grow_all(&self.m_test),
            leak: self.leak * factor,
            dropped_key: grow(&self.dropped_key),
        }
    }

    /// Checks everything a proof with `intensities` (0: single photons) relies on.
    ///
    /// # Errors
    /// The first field that is out of range, with its value and what it should be.
    pub fn validate(&self, intensities: usize) -> Result<(), BadInput> {
        self.validate_lengths(intensities)?;
        self.validate_source()?;
        validate_basis("n_key", &self.n_key, "m_key", &self.m_key)?;
        validate_basis("n_test", &self.n_test, "m_test", &self.m_test)?;
        if !(self.leak.is_finite() && self.leak >= 0.0) {
            return Err(BadInput::new("leak", self.leak, "a finite number of bits, 0 or more"));
        }
        if self.dropped_key > self.key_detections() {
            return Err(BadInput::new("dropped_key", self.dropped_key as f64, "at most the sum of n_key"));
        }
        Ok(())
    }

    fn validate_lengths(&self, intensities: usize) -> Result<(), BadInput> {
        for (field, length) in [("mu", self.mu.len()), ("p", self.p.len())] {
            if length != intensities {
                let expected = "one entry per intensity of the proof (none for single photons)";
                return Err(BadInput::new(format!("length of {field}"), length as f64, expected));
            }
        }
        let lists = [
            ("n_key", &self.n_key),
            ("m_key", &self.m_key),
            ("n_test", &self.n_test),
            ("m_test", &self.m_test),
        ];
        for (field, list) in lists {
            if list.len() != intensities.max(1) {
                let expected = "one entry per intensity of the proof (one for single photons)";
                return Err(BadInput::new(format!("length of {field}"), list.len() as f64, expected));
            }
        }
        Ok(())
    }

    /// The decoy bounds divide by μ2 (one decoy) and by μ1 − μ2 − μ3 (two decoys).
    fn validate_source(&self) -> Result<(), BadInput> {
        for (k, &mu) in self.mu.iter().enumerate() {
            let field = || format!("mu[{k}]");
            if !(mu.is_finite() && mu >= 0.0) {
                return Err(BadInput::new(field(), mu, "a finite mean photon number, 0 or more"));
            }
            if k > 0 && mu >= self.mu[k - 1] {
                return Err(BadInput::new(field(), mu, "less than the intensity before it"));
            }
            if k == 1 && mu == 0.0 {
                return Err(BadInput::new(field(), mu, "above 0: only the weakest of three may be vacuum"));
            }
        }
        if let [signal, decoy, vacuum] = self.mu[..]
            && signal <= decoy + vacuum
        {
            return Err(BadInput::new("mu[0]", signal, "more than mu[1] + mu[2]"));
        }
        for (k, &p) in self.p.iter().enumerate() {
            if !(p > 0.0 && p <= 1.0) {
                return Err(BadInput::new(format!("p[{k}]"), p, "a probability above 0"));
            }
        }
        let sum: f64 = self.p.iter().sum();
        if !self.p.is_empty() && (sum - 1.0).abs() > PROBABILITY_SUM_TOLERANCE {
            return Err(BadInput::new("sum of p", sum, "1 within 1e-9"));
        }
        Ok(())
    }
}

fn validate_basis(n_field: &str, n: &[u64], m_field: &str, m: &[u64]) -> Result<(), BadInput> {
    for (k, (&n, &m)) in n.iter().zip(m).enumerate() {
        if m > n {
            return Err(BadInput::new(format!("{m_field}[{k}]"), m as f64, "at most the detections"));
        }
    }
    let sum = n.iter().map(|&n| u128::from(n)).sum::<u128>();
    if sum > u128::from(MAX_COUNT) {
        return Err(BadInput::new(format!("sum of {n_field}"), sum as f64, "at most 2^53"));
    }
    Ok(())
}

fn total(list: &[u64]) -> u64 {
    // Saturates instead of overflowing: sums beyond 2^53 are refused by `validate`.
    list.iter().fold(0, |sum, &n| sum.saturating_add(n))
}
