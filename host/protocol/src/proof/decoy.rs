//! Decoy states: bounds on the vacuum and single-photon detections behind the counts per intensity.
//!
//! A pulse of intensity μ_k carries n photons with probability e^−μk·μk^n/n!, and once n is fixed, nothing in
//! the channel can depend on k. So the counts of the different intensities are different mixtures of the same
//! unknown yields, and solving the mixture bounds the part of the single photons:
//!
//! τ_n = Σ_k p_k·e^−μk·μk^n/n!,  n±_k = (e^μk/p_k)(n_k ± δ(n)),  δ(n) = sqrt(n/2 · ln(1/ε)) (Hoeffding)
//!
//! with two decoys (Lim et al., Phys. Rev. A 89, 022307 (2014), eqs. 2–4):
//! * s0 ≥ τ0(μ2·n−_3 − μ3·n+_2)/(μ2−μ3)
//! * s1 ≥ τ1·μ1[n−_2 − n+_3 − ((μ2²−μ3²)/μ1²)(n+_1 − s0/τ0)] / [μ1(μ2−μ3) − μ2² + μ3²]
//! * v ≤ τ1(m+_2 − m−_3)/(μ2−μ3), the single-photon errors
//!
//! and with one (Rusca et al., Appl. Phys. Lett. 112, 171104 (2018)), where half of all vacuum
//! detections are errors:
//! * s0 ≤ 2[τ0(e^μk/p_k)(m_k + δ(m)) + δ(n)],  s0 ≥ τ0(μ1·n−_2 − μ2·n+_1)/(μ1−μ2)
//! * s1 ≥ τ1·μ1/(μ2(μ1−μ2)) · [n−_2 − (μ2/μ1)²n+_1 − ((μ1²−μ2²)/μ1²)·s0^u/τ0]
//! * v ≤ τ1(m+_1 − m−_2)/(μ1−μ2)

use super::{
    Basis, Bounds, Counts, Sample, Sampling, ZeroKey, counts::BasisCounts, evaluation::phase_error,
    interval::Interval,
};

/// Where the corrected counts n_k ± δ are cut, before they are divided by p_k·e^−μk.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Clip {
    /// Nowhere.
    Nowhere,
    /// At zero from below.
    AtZero,
    /// At zero and at the total of their basis.
    ToTotal,
}

/// What the phase error rate and the key length are made of; each at its pessimistic end.
#[derive(Clone, Copy, Debug)]
pub(super) struct SinglePhotons {
    /// s_K0: vacuum detections in the key basis, lower bound.
    pub(super) key_vacuum: f64,
    /// s_K1: single photons in the key basis, lower bound.
    pub(super) key: f64,
    /// s_T1: single photons in the test basis, lower bound.
    pub(super) test: f64,
    /// v_T1: errors among the single photons of the test basis, upper bound.
    pub(super) errors: f64,
}

/// The source and the size of its statistical fluctuations.
pub(super) struct Decoy<'a> {
    counts: &'a Counts,
    mu: Vec<Interval>,
    /// e^μk / p_k.
    weight: Vec<Interval>,
    tau0: Interval,
    tau1: Interval,
    /// ln(1/ε) of one application of Hoeffding's inequality.
    log_epsilon: Interval,
    clip: Clip,
}

impl<'a> Decoy<'a> {
    /// `counts` is validated and has detections in both bases.
    pub(super) fn new(counts: &'a Counts, log_epsilon: Interval, clip: Clip, bounds: &mut Bounds) -> Self {
        let mu: Vec<Interval> = counts.mu.iter().copied().map(Interval::exact).collect();
        let p: Vec<Interval> = counts.p.iter().copied().map(Interval::exact).collect();
        let weight = mu.iter().zip(&p).map(|(&mu, &p)| mu.exp() / p).collect();
        let vacuum = || mu.iter().zip(&p).map(|(&mu, &p)| p * (-mu).exp());
        let tau0 = vacuum().fold(Interval::ZERO, |sum, term| sum + term);
        let tau1 = vacuum().zip(&mu).fold(Interval::ZERO, |sum, (term, &mu)| sum + term * mu);
        bounds.push("tau0", tau0.lo);
        bounds.push("tau1", tau1.lo);
        let decoy = Self { counts, mu, weight, tau0, tau1, log_epsilon, clip };
        bounds.push("delta_n_K", decoy.delta(counts.key().detections()).hi);
        bounds.push("delta_n_T", decoy.delta(counts.test().detections()).hi);
        bounds.push("delta_m_T", decoy.delta(counts.test().errors()).hi);
        decoy
    }

    /// δ(n) = sqrt(n/2 · ln(1/ε)).
    fn delta(&self, total: Interval) -> Interval {
        (total / 2.0 * self.log_epsilon).sqrt()
    }

    /// n−_k, the same for errors.
    fn minus(&self, list: &[u64], total: Interval, k: usize) -> Interval {
        self.weight[k] * self.clipped(Interval::count(list[k]) - self.delta(total), total)
    }

    /// n+_k, the same for errors.
    fn plus(&self, list: &[u64], total: Interval, k: usize) -> Interval {
        self.weight[k] * self.clipped(Interval::count(list[k]) + self.delta(total), total)
    }

    fn clipped(&self, count: Interval, total: Interval) -> Interval {
        match self.clip {
            Clip::Nowhere => count,
            Clip::AtZero => count.max(Interval::ZERO),
            Clip::ToTotal => count.clamp(Interval::ZERO, total),
        }
    }

    /// The bounds from three intensities.
    pub(super) fn two_decoys(&self, bounds: &mut Bounds) -> Result<SinglePhotons, ZeroKey> {
        let (key, test) = (self.counts.key(), self.counts.test());
        let (key_vacuum, test_vacuum) = (self.vacuum_of_three(key), self.vacuum_of_three(test));
        let singles = SinglePhotons {
            key_vacuum: key_vacuum.lo,
            key: self.single_of_three(key, key_vacuum).lo,
            test: self.single_of_three(test, test_vacuum).lo,
            errors: self.errors_between(test, 1, 2).hi,
        };
        bounds.push("s_K0", singles.key_vacuum);
        bounds.push("s_K1", singles.key);
        bounds.push("s_T0", test_vacuum.lo);
        self.proved(singles, bounds)
    }

    fn vacuum_of_three(&self, basis: BasisCounts<'_>) -> Interval {
        let n = basis.detections();
        let (mu2, mu3) = (self.mu[1], self.mu[2]);
        let s0 = self.tau0 * (mu2 * self.minus(basis.n, n, 2) - mu3 * self.plus(basis.n, n, 1)) / (mu2 - mu3);
        s0.clamp(Interval::ZERO, n)
    }

    fn single_of_three(&self, basis: BasisCounts<'_>, vacuum: Interval) -> Interval {
        let n = basis.detections();
        let [mu1, mu2, mu3] = [self.mu[0], self.mu[1], self.mu[2]];
        let squares = mu2.square() - mu3.square();
        let multi = squares / mu1.square() * (self.plus(basis.n, n, 0) - vacuum / self.tau0);
        let mixture = self.minus(basis.n, n, 1) - self.plus(basis.n, n, 2) - multi;
        (self.tau1 * mu1 * mixture / (mu1 * (mu2 - mu3) - squares)).clamp(Interval::ZERO, n)
    }

    /// The bounds from two intensities, given the intensity or intensities whose errors bound the vacuum.
    pub(super) fn one_decoy(
        &self,
        vacuum_from: &[usize],
        bounds: &mut Bounds,
    ) -> Result<SinglePhotons, ZeroKey> {
        let (key, test) = (self.counts.key(), self.counts.test());
        let key_vacuum_most = self.vacuum_from_errors(key, vacuum_from);
        let test_vacuum_most = self.vacuum_from_errors(test, vacuum_from);
        let singles = SinglePhotons {
            key_vacuum: self.vacuum_of_two(key).lo,
            key: self.single_of_two(key, key_vacuum_most).lo,
            test: self.single_of_two(test, test_vacuum_most).lo,
            errors: self.errors_between(test, 0, 1).hi,
        };
        bounds.push("delta_m_K", self.delta(key.errors()).hi);
        bounds.push("s_K0_u", key_vacuum_most.hi);
        bounds.push("s_T0_u", test_vacuum_most.hi);
        bounds.push("s_K0", singles.key_vacuum);
        bounds.push("s_K1", singles.key);
        self.proved(singles, bounds)
    }

    fn vacuum_from_errors(&self, basis: BasisCounts<'_>, intensities: &[usize]) -> Interval {
        let (n, m) = (basis.detections(), basis.errors());
        let bound = |&k: &usize| 2.0 * (self.tau0 * self.plus(basis.m, m, k) + self.delta(n));
        intensities.iter().map(bound).fold(n, Interval::min)
    }

    fn vacuum_of_two(&self, basis: BasisCounts<'_>) -> Interval {
        let n = basis.detections();
        let (mu1, mu2) = (self.mu[0], self.mu[1]);
        let s0 = self.tau0 * (mu1 * self.minus(basis.n, n, 1) - mu2 * self.plus(basis.n, n, 0)) / (mu1 - mu2);
        s0.clamp(Interval::ZERO, n)
    }

    fn single_of_two(&self, basis: BasisCounts<'_>, vacuum_most: Interval) -> Interval {
        let n = basis.detections();
        let (mu1, mu2) = (self.mu[0], self.mu[1]);
        let bright = (mu2 / mu1).square() * self.plus(basis.n, n, 0);
        let vacuum = (mu1.square() - mu2.square()) / mu1.square() * vacuum_most / self.tau0;
        let mixture = self.minus(basis.n, n, 1) - bright - vacuum;
        (self.tau1 * mu1 / (mu2 * (mu1 - mu2)) * mixture).clamp(Interval::ZERO, n)
    }

    /// v from the intensities `bright` and `dim`: τ1(m+_bright − m−_dim)/(μ_bright − μ_dim).
    fn errors_between(&self, basis: BasisCounts<'_>, bright: usize, dim: usize) -> Interval {
        let m = basis.errors();
        let mixture = self.plus(basis.m, m, bright) - self.minus(basis.m, m, dim);
        (self.tau1 * mixture / (self.mu[bright] - self.mu[dim])).clamp(Interval::ZERO, basis.detections())
    }

    /// Refuses to go on without single photons in both bases.
    fn proved(&self, singles: SinglePhotons, bounds: &mut Bounds) -> Result<SinglePhotons, ZeroKey> {
        bounds.push("s_T1", singles.test);
        bounds.push("v_T1", singles.errors);
        if singles.key <= 0.0 {
            return Err(ZeroKey::NoSinglePhotons {
                basis: Basis::Key,
                detections: self.counts.key_detections(),
            });
        }
        if singles.test <= 0.0 {
            return Err(ZeroKey::NoSinglePhotons {
                basis: Basis::Test,
                detections: self.counts.test_detections(),
            });
        }
        Ok(singles)
    }
}

impl SinglePhotons {
    /// The single photons of the test basis as a sample of all single photons.
    pub(super) fn sample(&self) -> Sample {
        Sample { key: self.key, test: self.test, errors: self.errors }
    }

    /// φ ≤ v_T1/s_T1 + γ, where γ is what `sampling` adds at a failure probability of `epsilon`².
    pub(super) fn phase_error_rate(
        &self,
        sampling: Sampling,
        epsilon: f64,
        bounds: &mut Bounds,
    ) -> Result<f64, ZeroKey> {
        let phi = sampling.key_error_rate(self.sample(), epsilon);
        bounds.push("gamma", (Interval::exact(phi) - self.sample().rate()).hi);
        phase_error("phi", phi, bounds)
    }

    /// s_K1·(1 − h(φ)).
    pub(super) fn secret_entropy(&self, phi: f64) -> Interval {
        Interval::exact(self.key) * (Interval::ONE - Interval::exact(phi).entropy())
    }
}
