//! Drift: changes too small for one block to show, found by adding up what many blocks are off.
//!
//! Page's cumulative sum (Biometrika 41, 100, 1954), upwards and downwards, of z, the deviation of a block from the
//! declared mean in standard deviations:
//! ```text
//! S⁺ ← max(0, S⁺ + z − k)      S⁻ ← max(0, S⁻ − z − k)      alarm: S⁺ > h or S⁻ > h,      k = shift/2
//! ```
//! A lasting change by `shift` is found soonest. h follows from the mean number of blocks up to a false alarm, by
//! Siegmund's approximation ("Sequential Analysis", 1985) for one sum of normal deviates,
//! ```text
//! ARL = (exp(2k·b) − 2k·b − 1)/(2k²),   b = h + 1.166
//! ```
//! Two charts of two sums each share the false alarms, so each sum gets four times the number of blocks.
//!
//! After an alarm the sums go on, up to 2h: they fall below h only after the link has come back.

use super::settings::DriftSettings;
use super::{Finding, Monitor, Verdict};
use crate::monitor::settings::Band;

/// The charts of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drift {
    detections: Chart,
    qber: Chart,
}

/// What a block adds to the charts; all of it is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Slots of the block.
    pub slots: u64,
    /// Bob's detections.
    pub detections: u64,
    /// Bits of the sifted key.
    pub sifted: u64,
    /// Errors that were corrected in it.
    pub errors: u64,
}

impl Drift {
    /// The charts after one more block, and what they show.
    pub fn after(mut self, settings: &DriftSettings, sample: &Sample) -> (Self, [Finding; 2]) {
        let limit = decision_interval(settings.shift / 2.0, 4.0 * settings.blocks_to_false_alarm);
        let detections = deviation(sample.detections, sample.slots, settings.detections, settings.spread);
        let errors = deviation(sample.errors, sample.sifted, settings.qber, settings.spread);
        self.detections.add(detections, settings.shift / 2.0, limit);
        self.qber.add(errors, settings.shift / 2.0, limit);
        let findings = [("detections per slot", self.detections), ("QBER of the key", self.qber)]
            .map(|(subject, chart)| chart.finding(subject, limit));
        (self, findings)
    }
}

/// A cumulative sum in either direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Chart {
    up: f64,
    down: f64,
}

impl Chart {
    fn add(&mut self, z: f64, slack: f64, limit: f64) {
        self.up = (self.up + z - slack).clamp(0.0, 2.0 * limit);
        self.down = (self.down - z - slack).clamp(0.0, 2.0 * limit);
    }

    fn finding(self, subject: &str, limit: f64) -> Finding {
        let highest = self.up.max(self.down);
        Finding {
            monitor: Monitor::Drift,
            subject: format!("{subject}, cumulative sum (σ)"),
            events: None,
            trials: None,
            measured: Some(highest),
            allowed: Band { low: 0.0, high: limit },
            tail: None,
            verdict: if highest > limit {
                Verdict::Alarm
            } else if highest > 0.75 * limit {
                Verdict::Warning
            } else {
                Verdict::Fine
            },
            secret: false,
        }
    }
}

/// How far `events` of `trials` are off the rate `mean`, in standard deviations; 0 without trials.
fn deviation(events: u64, trials: u64, mean: f64, spread: f64) -> f64 {
    if trials == 0 {
        return 0.0;
    }
    let expected = trials as f64 * mean;
    let variance = expected * (1.0 - mean) + (spread * expected) * (spread * expected);
    (events as f64 - expected) / libm::sqrt(variance)
}

/// h of one sum with the slack k for a mean of `run_length` blocks up to a false alarm.
fn decision_interval(slack: f64, run_length: f64) -> f64 {
    // ARL rises with h; at h = 1000 it is beyond any that a profile may ask for.
    let (mut low, mut high) = (0.0, 1000.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if siegmund(slack, middle) < run_length {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Mean number of steps of one sum up to a false alarm.
fn siegmund(slack: f64, limit: f64) -> f64 {
    let x = 2.0 * slack * (limit + 1.166);
    (libm::expm1(x) - x) / (2.0 * slack * slack)
}

#[cfg(test)]
mod tests;
