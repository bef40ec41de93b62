//! [`Expectation`]: what a link should deliver, in closed form.
//!
//! Beside measured figures it tells a working link (or model) from a broken one, and it is what a sweep over
//! parameters asks, since it costs no simulation.
//!
//! A detector's life is a sequence of cycles: d blind slots after a click, then live gates up to the next click, of
//! which the first also clicks by an after-pulse (probability a). With D the probability of an ordinary click,
//! ```text
//! live gates per cycle  G = 1 + (1−D)(1−a)/D         clicks per slot  C = 1/(d + G)
//! gain of intensity k   Q_k = C·[P(k | first gate) + (G−1)·D_k],  P(k | first gate) = 1 − (1−D_k)(1−a)
//! ```
//! Without dead time and after-pulses Q_k = D_k. Lim et al. (2014) write (1+a)·D_k, which has the right sum over the
//! intensities up to a², but credits the after-pulses of bright pulses to bright pulses; they fall on any. To compare
//! with papers that compute so, [`Expectation::as_published`] does.

use crate::bbm92::{Rates, rates};
use crate::gate::{Gate, choices};
use crate::link::{Detector, EntangledPairs, Link, LinkError, Source, WeakCoherent};

/// Expected statistics of a link, averaged over a pass if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Bob's detections per slot.
    pub detections_per_slot: f64,
    /// Per intensity, brightest first; one for a pair source.
    pub levels: Vec<Level>,
    clock_hz: f64,
}

/// Expected statistics of one intensity. All but `gain` are per slot of the link, not per pulse of the intensity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Probability that a pulse of this intensity is detected (a coincidence, for a pair source).
    pub gain: f64,
    /// Detections with both sides in the key basis, per slot.
    pub key: f64,
    /// Errors among them, per slot.
    pub key_errors: f64,
    /// Detections with both sides in the test basis, per slot.
    pub test: f64,
    /// Errors among them, per slot.
    pub test_errors: f64,
}

impl Expectation {
    /// The expectation for `link`.
    ///
    /// For weak coherent pulses it is exact. For a pair source the two sides' dead times and after-pulses are taken as
    /// independent, which holds where most detections are singles.
    ///
    /// # Errors
    /// If the link is not valid.
    pub fn of(link: &Link) -> Result<Self, LinkError> {
        Self::averaged(link, bb84)
    }

    /// The expectation by the formulas of Lim, Curty, Walenta, Xu, Zbinden, Phys. Rev. A 89, 022307 (2014), to compare
    /// with published key rates: with η the transmittance including the detector,
    /// ```text
    /// D_k = 1 − (1−2d)·exp(−η·μ_k)      R_k = (1+a)·D_k      e_k = d + e_mis·(1−exp(−η·μ_k)) + a·D_k/2
    /// ```
    /// where R_k is the gain and e_k the probability of a detection with an error. There is no dead time, and
    /// after-pulses count for the intensity of the pulse that caused them, which makes the decoys look quieter than
    /// they are. The paper has nothing on pair sources; they are as in [`of`](Self::of).
    ///
    /// # Errors
    /// If the link is not valid.
    pub fn as_published(link: &Link) -> Result<Self, LinkError> {
        Self::averaged(link, lim_2014)
    }

    fn averaged(link: &Link, weak_coherent: WeakCoherentModel) -> Result<Self, LinkError> {
        link.validate()?;
        let period = link.loss.period(link.clock_hz);
        let mut mean = Self { detections_per_slot: 0.0, levels: Vec::new(), clock_hz: link.clock_hz };
        let mut slot = 0;
        while slot < period {
            let stretch = link.loss.stretch(slot, link.clock_hz);
            let end = stretch.end.min(period);
            let weight = (end - slot) as f64 / period as f64;
            let (detections, levels) = match &link.source {
                Source::WeakCoherent(source) => weak_coherent(source, &link.detector, stretch.transmittance),
                Source::EntangledPairs(source) => bbm92(source, &link.detector, stretch.transmittance),
            };
            mean.detections_per_slot += weight * detections;
            mean.levels.resize(levels.len(), Level::default());
            for (mean, level) in mean.levels.iter_mut().zip(levels) {
                mean.add(weight, level);
            }
            slot = end;
        }
        Ok(mean)
    }

    /// Sifted bits in the key basis, per slot.
    pub fn key_per_slot(&self) -> f64 {
        self.levels.iter().map(|level| level.key).sum()
    }

    /// Sifted bits in the test basis, per slot.
    pub fn test_per_slot(&self) -> f64 {
        self.levels.iter().map(|level| level.test).sum()
    }

    /// Sifted bits in the key basis, per second.
    pub fn key_per_second(&self) -> f64 {
        self.key_per_slot() * self.clock_hz
    }

    /// Error rate in the key basis; NaN if nothing is detected.
    pub fn key_qber(&self) -> f64 {
        self.levels.iter().map(|level| level.key_errors).sum::<f64>() / self.key_per_slot()
    }

    /// Error rate in the test basis; NaN if nothing is detected.
    pub fn test_qber(&self) -> f64 {
        self.levels.iter().map(|level| level.test_errors).sum::<f64>() / self.test_per_slot()
    }
}

impl Level {
    fn add(&mut self, weight: f64, other: Self) {
        self.gain += weight * other.gain;
        self.key += weight * other.key;
        self.key_errors += weight * other.key_errors;
        self.test += weight * other.test;
        self.test_errors += weight * other.test_errors;
    }
}

/// Detections per slot and the levels, at one transmittance of the path.
type WeakCoherentModel = fn(&WeakCoherent, &Detector, f64) -> (f64, Vec<Level>);

/// How often a receiver's gates are live, and how often they are the first after dead time.
struct Cycle {
    /// First live gates per slot; as many as clicks.
    first: f64,
    /// Other live gates per slot.
    later: f64,
    after_pulse: f64,
}

impl Cycle {
    /// `click`: probability of an ordinary click in a live gate.
    fn new(click: f64, detector: &Detector) -> Self {
        let after_pulse = detector.after_pulse_probability;
        if click == 0.0 {
            return Self { first: 0.0, later: 1.0, after_pulse };
        }
        let later_per_click = (1.0 - click) * (1.0 - after_pulse) / click;
        let first = 1.0 / (f64::from(detector.dead_time_slots) + 1.0 + later_per_click);
        Self { first, later: first * later_per_click, after_pulse }
    }

    /// Mean per slot of a quantity with the given mean in gates without and with an after-pulse.
    fn mean(&self, ordinary: f64, with_after_pulse: f64) -> f64 {
        self.first * (self.after_pulse * with_after_pulse + (1.0 - self.after_pulse) * ordinary)
            + self.later * ordinary
    }

    fn live(&self) -> f64 {
        self.first + self.later
    }
}

fn bb84(source: &WeakCoherent, detector: &Detector, transmittance: f64) -> (f64, Vec<Level>) {
    let choices = choices(source, detector, transmittance);
    let click = choices.iter().map(|choice| choice.probability * choice.gate.click()).sum();
    let cycle = Cycle::new(click, detector);
    let mut levels = vec![Level::default(); source.intensities.len()];
    let mut detections = 0.0;
    for choice in &choices {
        let mean = |quantity: fn(Gate) -> f64| {
            choice.probability * cycle.mean(quantity(choice.gate), quantity(choice.gate.with_after_pulse()))
        };
        let (clicks, errors) = (mean(Gate::click), mean(Gate::error));
        let level = &mut levels[choice.intensity];
        level.gain += clicks / source.probabilities[choice.intensity];
        detections += clicks;
        match (choice.alice, choice.bob) {
            (0, 0) => (level.key, level.key_errors) = (clicks, errors),
            (1, 1) => (level.test, level.test_errors) = (clicks, errors),
            _ => {}
        }
    }
    (detections, levels)
}

fn lim_2014(source: &WeakCoherent, detector: &Detector, transmittance: f64) -> (f64, Vec<Level>) {
    let (dark, after_pulse) = (detector.dark_count_probability, detector.after_pulse_probability);
    let both_key = source.key_basis_probability * detector.key_basis_probability;
    let both_test = (1.0 - source.key_basis_probability) * (1.0 - detector.key_basis_probability);
    let level = |(&mean, &probability): (&f64, &f64)| {
        let arriving = -libm::expm1(-mean * transmittance * detector.efficiency);
        let click = 1.0 - (1.0 - 2.0 * dark) * (1.0 - arriving);
        let gain = click * (1.0 + after_pulse);
        let error = |misalignment: f64| dark + misalignment * arriving + after_pulse * click / 2.0;
        Level {
            gain,
            key: both_key * probability * gain,
            key_errors: both_key * probability * error(source.misalignment_key),
            test: both_test * probability * gain,
            test_errors: both_test * probability * error(source.misalignment_test),
        }
    };
    let levels: Vec<Level> = source.intensities.iter().zip(&source.probabilities).map(level).collect();
    let detections = levels.iter().zip(&source.probabilities).map(|(level, share)| share * level.gain).sum();
    (detections, levels)
}

fn bbm92(source: &EntangledPairs, bob: &Detector, transmittance: f64) -> (f64, Vec<Level>) {
    let mut rates = rates(source, bob, transmittance);
    let [alice_cycle, bob_cycle] = [(0x0F, &source.detector), (0xF0, bob)].map(|(side, detector)| {
        let rate: f64 = (0..256).filter(|mask| mask & side != 0).map(|mask| rates[mask]).sum();
        Cycle::new(-libm::expm1(-rate), detector)
    });
    // After-pulses come as further dark counts.
    for (shift, cycle) in [(0, &alice_cycle), (4, &bob_cycle)] {
        let rate = -libm::log1p(-cycle.after_pulse * cycle.first / cycle.live()) / 4.0;
        (0..4).for_each(|detector| rates[1 << (shift + detector)] += rate);
    }
    let both_live = alice_cycle.live() * bob_cycle.live();
    let mut level = Level::default();
    for (clicks, probability) in click_patterns(&rates).into_iter().enumerate() {
        let (alice, bob) = (readings(clicks & 0xF), readings(clicks >> 4));
        let probability = both_live * probability;
        let same = |basis: usize| alice[basis][0] * bob[basis][0] + alice[basis][1] * bob[basis][1];
        let different = |basis: usize| alice[basis][0] * bob[basis][1] + alice[basis][1] * bob[basis][0];
        level.gain += if clicks & 0xF != 0 && clicks >> 4 != 0 { probability } else { 0.0 };
        level.key += probability * (same(0) + different(0));
        level.key_errors += probability * different(0);
        level.test += probability * (same(1) + different(1));
        level.test_errors += probability * different(1);
    }
    (bob_cycle.first, vec![level])
}

/// Probability that exactly the detectors of a mask click, for every mask: the probabilities that none outside the
/// mask does, and from them the rest by inclusion and exclusion.
fn click_patterns(rates: &Rates) -> [f64; 256] {
    let mut patterns: [f64; 256] = std::array::from_fn(|mask| {
        let outside: f64 = (0..256).filter(|kind| kind & !mask != 0).map(|kind| rates[kind]).sum();
        libm::exp(-outside)
    });
    for detector in 0..8 {
        for mask in (0..256).filter(|mask| mask >> detector & 1 == 1) {
            patterns[mask] -= patterns[mask ^ 1 << detector];
        }
    }
    patterns
}

/// Probability of each `[basis][bit]` that a receiver with these clicks records.
fn readings(clicks: usize) -> [[f64; 2]; 2] {
    let basis_clicks = [clicks & 0b11, clicks >> 2];
    let bases = basis_clicks.iter().filter(|&&clicks| clicks != 0).count();
    basis_clicks.map(|in_basis| {
        let share = if in_basis == 0 { 0.0 } else { 1.0 / bases as f64 };
        if clicks.count_ones() > 1 {
            [share / 2.0; 2]
        } else {
            [share * (in_basis & 1) as f64, share * (in_basis >> 1) as f64]
        }
    })
}
