//! Statistics for the tests of the model, and a slow source of randomness for the reference simulations.

// Every test file uses its own part of this module.
#![allow(dead_code)]

use qkdpp_protocol::raw::{Entries, RawBatch};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The slots with an entry, counted from slot 0 of the session.
pub(crate) fn slots_of(batch: &RawBatch) -> Vec<u64> {
    match &batch.entries {
        Entries::Every => (0..u64::from(batch.slots)).map(|offset| batch.first_slot + offset).collect(),
        Entries::At(offsets) => offsets.iter().map(|&offset| batch.first_slot + u64::from(offset)).collect(),
    }
}

/// Intensity index of an entry.
pub(crate) fn intensity_of(batch: &RawBatch, entry: usize) -> usize {
    usize::from(batch.intensity[0].get(entry)) + 2 * usize::from(batch.intensity[1].get(entry))
}

/// A click of the reference simulation or of the model, with everything recorded about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) slot: u64,
    pub(crate) basis: bool,
    pub(crate) bit: bool,
    pub(crate) double_click: bool,
}

/// The entries of a detector's record.
pub(crate) fn entries_of(batch: &RawBatch) -> Vec<Entry> {
    let entry = |(index, slot)| Entry {
        slot,
        basis: batch.basis.get(index),
        bit: batch.bit.get(index),
        double_click: batch.double_click.get(index),
    };
    slots_of(batch).into_iter().enumerate().map(entry).collect()
}

/// Lengths of the gaps between consecutive slots, those of `bins` and more in the last bin.
pub(crate) fn gap_histogram(slots: &[u64], bins: usize) -> Vec<u64> {
    let mut histogram = vec![0; bins];
    for pair in slots.windows(2) {
        histogram[((pair[1] - pair[0]) as usize).min(bins - 1)] += 1;
    }
    histogram
}

/// Fails unless two histograms can come from one distribution: two-sample χ², against mean + 5 standard deviations
/// of the χ² distribution (degrees of freedom + 5·√(2·degrees of freedom)). Bins of fewer than 20 counts are joined.
pub(crate) fn assert_same_distribution(what: &str, a: &[u64], b: &[u64]) {
    let mut joined: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    for (&a, &b) in a.iter().zip(b) {
        let last = joined.last_mut().unwrap();
        *last = (last.0 + a as f64, last.1 + b as f64);
        if last.0 + last.1 >= 20.0 {
            joined.push((0.0, 0.0));
        }
    }
    let (sum_a, sum_b) = (a.iter().sum::<u64>() as f64, b.iter().sum::<u64>() as f64);
    let (scale_a, scale_b) = ((sum_b / sum_a).sqrt(), (sum_a / sum_b).sqrt());
    let terms = joined.iter().filter(|(a, b)| a + b > 0.0);
    let chi_square: f64 = terms.clone().map(|(a, b)| (scale_a * a - scale_b * b).powi(2) / (a + b)).sum();
    let freedom = terms.count() as f64 - 1.0;
    assert!(freedom >= 1.0, "{what}: too few counts");
    let limit = freedom + 5.0 * (2.0 * freedom).sqrt();
    assert!(
        chi_square < limit,
        "{what}: χ² = {chi_square:.1} with {freedom} degrees of freedom, limit {limit:.1}"
    );
}

/// Fails unless a count lies within five standard deviations of its expectation. `spread`: variance over mean.
pub(crate) fn assert_count(what: &str, got: u64, expected: f64, spread: f64) {
    let sigma = (expected * spread).sqrt();
    let off = (got as f64 - expected) / sigma.max(1.0);
    assert!(off.abs() < 5.0, "{what}: {got} instead of {expected:.1}, off by {off:.1} σ");
}

/// Uniform and Poissonian numbers for the reference simulations; ChaCha20, unlike the model's ChaCha8.
pub(crate) struct Dice(ChaCha20Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(crate) fn unit(&mut self) -> f64 {
        self.0.next_u64() as f64 / 2f64.powi(64)
    }

    /// Knuth's method.
    pub(crate) fn poisson(&mut self, mean: f64) -> usize {
        let limit = (-mean).exp();
        let mut product = self.unit();
        let mut number = 0;
        while product > limit {
            product *= self.unit();
            number += 1;
        }
        number
    }
}
