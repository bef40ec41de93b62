//! What one gate of a receiver with two threshold detectors does, in closed form.
//!
//! A coherent pulse of mean photon number λ (at the detectors) splits: a share e of it goes to the wrong detector,
//! the rest to the right one, and the two photon numbers are independent and Poissonian. With dark counts d,
//! ```text
//! P(right detector quiet) = (1−d)·exp(−λ(1−e))      P(wrong detector quiet) = (1−d)·exp(−λe)
//! ```
//! Their product is the paper's 1 − D_k = (1−2d)·exp(−λ) up to d² (Lim et al., Phys. Rev. A 89, 022307, 2014).

use crate::link::{Detector, WeakCoherent};

/// Probabilities of the outcomes of one gate, relative to the bit that was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    /// Only the detector of the bit sent clicks.
    pub(crate) right: f64,
    /// Only the other one does.
    pub(crate) wrong: f64,
    /// Both do.
    pub(crate) both: f64,
}

impl Gate {
    /// `photons`: mean number at the detectors; `wrong_share`: of them, those at the wrong detector; `dark`: dark
    /// counts per detector.
    pub(crate) fn new(photons: f64, wrong_share: f64, dark: f64) -> Self {
        let ln_dark_quiet = libm::log1p(-dark);
        let right = -libm::expm1(ln_dark_quiet - photons * (1.0 - wrong_share));
        let wrong = -libm::expm1(ln_dark_quiet - photons * wrong_share);
        Self { right: right * (1.0 - wrong), wrong: wrong * (1.0 - right), both: right * wrong }
    }

    /// Neither detector ever clicks.
    pub(crate) const NOTHING: Self = Self { right: 0.0, wrong: 0.0, both: 0.0 };
    /// Both always do.
    pub(crate) const BOTH: Self = Self { right: 0.0, wrong: 0.0, both: 1.0 };

    /// From the probabilities that the right detector, the wrong one, and both stay quiet.
    pub(crate) fn from_quiet(right: f64, wrong: f64, neither: f64) -> Self {
        Self {
            right: wrong - neither,
            wrong: right - neither,
            both: (1.0 - right - wrong + neither).max(0.0),
        }
    }

    /// `other` with probability `share`, else this one.
    pub(crate) fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| (1.0 - share) * a + share * b;
        Self {
            right: mix(self.right, other.right),
            wrong: mix(self.wrong, other.wrong),
            both: mix(self.both, other.both),
        }
    }

    /// Probability of a detection.
    pub(crate) fn click(self) -> f64 {
        self.right + self.wrong + self.both
    }

    /// Probability of a detection with the wrong bit; a double click draws its bit.
    pub(crate) fn error(self) -> f64 {
        self.wrong + self.both / 2.0
    }

    /// The same gate with an after-pulse in a detector chosen at random.
    pub(crate) fn with_after_pulse(self) -> Self {
        let none = 1.0 - self.click();
        Self {
            right: f64::midpoint(none, self.right),
            wrong: f64::midpoint(none, self.wrong),
            both: self.both + f64::midpoint(self.right, self.wrong),
        }
    }
}

/// One combination of Alice's and Bob's choices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    /// Alice's intensity.
    pub(crate) intensity: usize,
    /// Alice's basis; 0 is the key basis.
    pub(crate) alice: u8,
    /// Bob's basis.
    pub(crate) bob: u8,
    /// How often they choose so.
    pub(crate) probability: f64,
    /// What the gate then does.
    pub(crate) gate: Gate,
}

/// Share of the photons sent in `alice`'s basis that reach the wrong detector in `bob`'s.
pub(crate) fn wrong_share(source: &WeakCoherent, alice: u8, bob: u8) -> f64 {
    match (alice, bob) {
        (0, 0) => source.misalignment_key,
        (1, 1) => source.misalignment_test,
        _ => 0.5,
    }
}

/// All combinations of choices on a path of the given transmittance.
pub(crate) fn choices(source: &WeakCoherent, detector: &Detector, transmittance: f64) -> Vec<Choice> {
    let probability_of = |key: f64, basis: u8| if basis == 0 { key } else { 1.0 - key };
    let mut choices = Vec::with_capacity(4 * source.intensities.len());
    for (intensity, (&mean, &share)) in source.intensities.iter().zip(&source.probabilities).enumerate() {
        let photons = mean * transmittance * detector.efficiency;
        for (alice, bob) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let wrong_share = wrong_share(source, alice, bob);
            choices.push(Choice {
                intensity,
                alice,
                bob,
                probability: share
                    * probability_of(source.key_basis_probability, alice)
                    * probability_of(detector.key_basis_probability, bob),
                gate: Gate::new(photons, wrong_share, detector.dark_count_probability),
            });
        }
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_and_errors_are_those_of_the_paper() {
        // Lim et al. at 100 km: η = 0.1·10^−2, p_dc 6e-7, e_mis 5e-3; brightest intensity 0.43, no after-pulses.
        let (eta, dark, misaligned) = (1e-3, 6e-7, 5e-3);
        for mu in [0.43, 0.20, 2e-4] {
            let gate = Gate::new(mu * eta, misaligned, dark);
            let gain = 1.0 - (1.0 - 2.0 * dark) * (-eta * mu).exp();
            let error = dark + misaligned * (1.0 - (-eta * mu).exp());
            assert!((gate.click() - gain).abs() < 1e-12, "{mu}: {} instead of {gain}", gate.click());
            // The paper leaves out that both detectors may click: a fraction below the gain.
            assert!((gate.error() / error - 1.0).abs() < gain, "{mu}: {} {error}", gate.error());
        }
    }

    #[test]
    fn an_after_pulse_always_clicks_and_errs_half_the_time_in_an_empty_gate() {
        let empty = Gate::new(0.0, 0.01, 0.0).with_after_pulse();
        assert!((empty.click() - 1.0).abs() < 1e-15 && (empty.error() - 0.5).abs() < 1e-15);
        let bright = Gate::new(2.0, 0.01, 0.01).with_after_pulse();
        assert!((bright.click() - 1.0).abs() < 1e-15 && bright.both > 0.4);
    }
}
