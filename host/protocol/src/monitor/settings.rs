//! The table `[monitor]` of the profile: what a healthy link looks like, declared before the first pulse.
//!
//! ```toml
//! [profile.monitor]
//! false_alarm = 1e-6                                  # per block and side
//! dead_time_slots = 30
//! detections = { low = 2.5e-3, high = 4.0e-3 }        # per slot
//! double_clicks = { low = 1e-4, high = 1e-3 }         # per detection
//! gains = [{ low = 4e-3, high = 7e-3 }, …]            # per pulse of each intensity
//! drift = { detections = 3.2e-3, qber = 0.01 }
//! ```
//! The table is part of the profile and thereby of its hash: neither side, and nobody on the channel, changes a limit
//! after having seen data. What is not declared is not checked, but for what any link obeys.

use serde::{Deserialize, Serialize};

use crate::profile::ProfileError;

/// Probabilities that a healthy link may have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Least.
    pub low: f64,
    /// Greatest.
    pub high: f64,
}

impl Band {
    /// Every probability.
    pub(crate) const ALL: Self = Self { low: 0.0, high: 1.0 };

    /// The least band that holds both.
    pub(crate) fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn is_valid(self) -> bool {
        0.0 <= self.low && self.low <= self.high && self.high <= 1.0
    }
}

/// What the monitors of both sides compare a block with. Lists per intensity are empty or have one entry for each
/// (one in all for single-photon sources).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Greatest probability that one side raises an alarm over a block of a link that is within all bands; drift has
    /// its own.
    pub false_alarm: f64,
    /// Share of ones among the bits of the key basis.
    pub ones_key: Band,
    /// Share of ones among the bits of the test basis.
    pub ones_test: Band,
    /// How far error rates of zeros and ones, or of a brighter and the next dimmer intensity, may be apart.
    pub error_tolerance: f64,
    /// Relative error of the ratio of the pulses' mean energies, probability times photon number, of two intensities.
    pub intensity_tolerance: f64,
    /// Slots after a click in which the receiver never clicks.
    pub dead_time_slots: u32,
    /// Slots after the dead time in which after-pulses come.
    pub after_pulse_slots: u32,
    /// Share of detections that come in those slots.
    pub after_pulses: Option<Band>,
    /// Bob's detections per slot, in every batch.
    pub detections: Option<Band>,
    /// Share of the receiver's clicks in the key basis.
    pub key_basis: Option<Band>,
    /// Share of double clicks among the receiver's detections.
    pub double_clicks: Option<Band>,
    /// Probability that a pulse of an intensity is sent and detected in the same basis.
    pub gains: Vec<Band>,
    /// Error rates of the key basis.
    pub errors_key: Vec<Band>,
    /// Error rates of the test basis.
    pub errors_test: Vec<Band>,
    /// Slow changes.
    pub drift: Option<DriftSettings>,
    /// The session stops after so many blocks in a row were discarded on alarms; never, if absent.
    pub stop_after: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        let even = Band { low: 0.45, high: 0.55 };
        Self {
            false_alarm: 1e-6,
            ones_key: even,
            ones_test: even,
            error_tolerance: 0.02,
            intensity_tolerance: 0.1,
            dead_time_slots: 0,
            after_pulse_slots: 1,
            after_pulses: None,
            detections: None,
            key_basis: None,
            double_clicks: None,
            gains: Vec::new(),
            errors_key: Vec::new(),
            errors_test: Vec::new(),
            drift: None,
            stop_after: None,
        }
    }
}

/// Reference and sensitivity of the two drift charts: of the detection rate and of the error rate of the key.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DriftSettings {
    /// Mean number of Bob's detections per slot.
    pub detections: f64,
    /// Mean error rate of the key.
    pub qber: f64,
    /// Relative standard deviation of either from block to block, beyond that of counting.
    #[serde(default = "default_spread")]
    pub spread: f64,
    /// Lasting change to be found soonest, in standard deviations of a block.
    #[serde(default = "default_shift")]
    pub shift: f64,
    /// Mean number of blocks up to the first false alarm of either chart.
    #[serde(default = "default_run_length")]
    pub blocks_to_false_alarm: f64,
}

fn default_spread() -> f64 {
    0.01
}

fn default_shift() -> f64 {
    1.0
}

fn default_run_length() -> f64 {
    1e6
}

impl Settings {
    /// Checks every number; `classes` is the number of intensities.
    pub(crate) fn validate(&self, classes: usize) -> Result<(), ProfileError> {
        let wrong = |field, want, got: String| Err(ProfileError { field, want, got });
        if !(1e-15..=0.1).contains(&self.false_alarm) {
            return wrong("monitor.false_alarm", "from 1e-15 to 0.1", self.false_alarm.to_string());
        }
        let tolerances = [
            ("monitor.error_tolerance", self.error_tolerance),
            ("monitor.intensity_tolerance", self.intensity_tolerance),
        ];
        for (field, value) in tolerances {
            if !(0.0..=1.0).contains(&value) {
                return wrong(field, "from 0 to 1", value.to_string());
            }
        }
        for (field, bands) in self.bands() {
            if let Some(band) = bands.iter().find(|band| !band.is_valid()) {
                return wrong(field, "0 ≤ low ≤ high ≤ 1", format!("{} to {}", band.low, band.high));
            }
        }
        let lists = [
            ("monitor.gains", &self.gains),
            ("monitor.errors_key", &self.errors_key),
            ("monitor.errors_test", &self.errors_test),
        ];
        for (field, list) in lists {
            if !list.is_empty() && list.len() != classes {
                return wrong(
                    field,
                    "empty, or one band for each intensity",
                    format!("{} bands", list.len()),
                );
            }
        }
        if let Some(drift) = &self.drift {
            drift.validate()?;
        }
        match self.stop_after {
            Some(0) => wrong("monitor.stop_after", "at least 1", "0".to_owned()),
            _ => Ok(()),
        }
    }

    /// All bands by the names of their fields.
    fn bands(&self) -> [(&'static str, &[Band]); 9] {
        use std::slice::from_ref;
        [
            ("monitor.ones_key", from_ref(&self.ones_key)),
            ("monitor.ones_test", from_ref(&self.ones_test)),
            ("monitor.after_pulses", self.after_pulses.as_slice()),
            ("monitor.detections", self.detections.as_slice()),
            ("monitor.key_basis", self.key_basis.as_slice()),
            ("monitor.double_clicks", self.double_clicks.as_slice()),
            ("monitor.gains", &self.gains),
            ("monitor.errors_key", &self.errors_key),
            ("monitor.errors_test", &self.errors_test),
        ]
    }
}

impl DriftSettings {
    fn validate(&self) -> Result<(), ProfileError> {
        let ranges = [
            (
                "monitor.drift.detections",
                "above 0 and below 1",
                self.detections,
                f64::MIN_POSITIVE,
                0.999_999,
            ),
            ("monitor.drift.qber", "above 0 and below 0.5", self.qber, f64::MIN_POSITIVE, 0.499_999),
            ("monitor.drift.spread", "from 0 to 1", self.spread, 0.0, 1.0),
            ("monitor.drift.shift", "from 0.1 to 10", self.shift, 0.1, 10.0),
            (
                "monitor.drift.blocks_to_false_alarm",
                "from 10 to 1e12",
                self.blocks_to_false_alarm,
                10.0,
                1e12,
            ),
        ];
        match ranges.into_iter().find(|&(.., value, low, high)| !(low..=high).contains(&value)) {
            Some((field, want, value, ..)) => Err(ProfileError { field, want, got: value.to_string() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Settings)) -> &'static str {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.validate(3).map_or_else(|error| error.field, |()| "nothing")
    }

    #[test]
    fn a_number_that_cannot_be_is_named() {
        let band = |low, high| Band { low, high };
        assert_eq!(refused(|_| ()), "nothing");
        assert_eq!(refused(|s| s.false_alarm = 0.0), "monitor.false_alarm");
        assert_eq!(refused(|s| s.false_alarm = f64::NAN), "monitor.false_alarm");
        assert_eq!(refused(|s| s.ones_test = band(0.6, 0.4)), "monitor.ones_test");
        assert_eq!(refused(|s| s.detections = Some(band(0.1, 1.1))), "monitor.detections");
        assert_eq!(refused(|s| s.double_clicks = Some(band(f64::NAN, 1.0))), "monitor.double_clicks");
        assert_eq!(refused(|s| s.gains = vec![Band::ALL; 2]), "monitor.gains");
        assert_eq!(refused(|s| s.gains = vec![Band::ALL; 3]), "nothing");
        assert_eq!(refused(|s| s.stop_after = Some(0)), "monitor.stop_after");
        let drift = DriftSettings {
            detections: 0.0,
            qber: 0.01,
            spread: 0.01,
            shift: 1.0,
            blocks_to_false_alarm: 1e6,
        };
        assert_eq!(refused(|s| s.drift = Some(drift)), "monitor.drift.detections");
    }
}
