//! How an attack changes what Bob's gates do.
//!
//! Eve's part of a gate is a mixture of two: pulses she withholds and pulses she forwards. The share that she forwards
//! keeps Bob's mean rate where it was, as far as it can: that is what she would do.
//! ```text
//! gate = (1 − strength)·honest + strength·((1 − g)·withheld + g·forwarded)
//! ```

use super::{Attack, AttackKind};
use crate::gate::{Choice, Gate, choices, wrong_share};
use crate::link::{Detector, WeakCoherent};

/// How Bob's receiver behaves over a stretch of slots.
pub(crate) struct Receiving {
    /// The gates.
    pub(crate) choices: Vec<Choice>,
    /// The detectors between them: dead time and after-pulses.
    pub(crate) detector: Detector,
    /// Share of clicks that the detector of ones loses.
    pub(crate) lost_ones: f64,
}

impl Receiving {
    /// Without an attack.
    pub(crate) fn honest(source: &WeakCoherent, detector: &Detector, transmittance: f64) -> Self {
        let choices = choices(source, detector, transmittance);
        Self { choices, detector: detector.clone(), lost_ones: 0.0 }
    }

    /// Under `attack`.
    pub(crate) fn attacked(
        attack: &Attack,
        source: &WeakCoherent,
        detector: &Detector,
        transmittance: f64,
    ) -> Self {
        let strength = attack.strength;
        let mut receiving = Self::honest(source, detector, transmittance);
        match attack.kind {
            AttackKind::SuddenLoss => {
                return Self::honest(source, detector, transmittance * (1.0 - strength));
            }
            AttackKind::TimeShift => {
                receiving.lost_ones = strength;
                return receiving;
            }
            AttackKind::AfterGate => receiving.detector.dead_time_slots = 0,
            // Detectors in linear mode have neither avalanches nor traps that they fill.
            AttackKind::Blinding | AttackKind::BrightBlinding => {
                receiving.detector.after_pulse_probability *= 1.0 - strength;
            }
            AttackKind::InterceptResend | AttackKind::PhotonSplitting => {}
        }
        let eve = Eve { kind: attack.kind, source, detector, transmittance };
        let gates: Vec<[Gate; 2]> = receiving.choices.iter().map(|choice| eve.gates(choice)).collect();
        let forwarded = share_that_keeps_the_rate(&receiving.choices, &gates);
        for (choice, [withheld, sent]) in receiving.choices.iter_mut().zip(gates) {
            choice.gate = choice.gate.mixed(withheld.mixed(sent, forwarded), strength);
        }
        receiving
    }
}

/// The share of forwarded pulses with which Bob detects as often as without Eve; 1 if even that is too rare.
fn share_that_keeps_the_rate(choices: &[Choice], gates: &[[Gate; 2]]) -> f64 {
    let mean = |click: &dyn Fn(usize) -> f64| -> f64 {
        choices.iter().enumerate().map(|(index, choice)| choice.probability * click(index)).sum()
    };
    let honest = mean(&|index| choices[index].gate.click());
    let withheld = mean(&|index| gates[index][0].click());
    let sent = mean(&|index| gates[index][1].click());
    if sent > withheld { ((honest - withheld) / (sent - withheld)).clamp(0.0, 1.0) } else { 1.0 }
}

struct Eve<'a> {
    kind: AttackKind,
    source: &'a WeakCoherent,
    detector: &'a Detector,
    transmittance: f64,
}

impl Eve<'_> {
    /// What the gate does if she withholds the pulse, and if she forwards it.
    fn gates(&self, choice: &Choice) -> [Gate; 2] {
        let dark = self.poissonian(0.0, 0.5);
        match self.kind {
            AttackKind::InterceptResend => [self.intercept_resend(choice); 2],
            AttackKind::PhotonSplitting => [dark, self.split(choice)],
            AttackKind::Blinding => [Gate::NOTHING, self.faked_state(choice, Gate::NOTHING)],
            AttackKind::BrightBlinding => [Gate::NOTHING, self.faked_state(choice, Gate::BOTH)],
            // The detectors stay sensitive, so dark counts come where Eve's pulse does not click.
            AttackKind::AfterGate => [dark, self.faked_state(choice, dark)],
            AttackKind::TimeShift | AttackKind::SuddenLoss => [choice.gate; 2],
        }
    }

    fn mean(&self, choice: &Choice) -> f64 {
        self.source.intensities[choice.intensity]
    }

    fn poissonian(&self, photons: f64, wrong_share: f64) -> Gate {
        Gate::new(photons, wrong_share, self.detector.dark_count_probability)
    }

    /// In half of all cases Eve's basis is Alice's, which changes nothing. In the other half her bit is random: if her
    /// basis is Bob's, he sees it as she sent it, and half of the time it is the opposite of Alice's.
    fn intercept_resend(&self, choice: &Choice) -> Gate {
        let photons = self.mean(choice) * self.transmittance * self.detector.efficiency;
        if choice.alice == choice.bob {
            return choice.gate.mixed(self.poissonian(photons, 0.5), 0.5);
        }
        let wrong = wrong_share(self.source, choice.bob, choice.bob);
        let seen = self.poissonian(photons, wrong).mixed(self.poissonian(photons, 1.0 - wrong), 0.5);
        choice.gate.mixed(seen, 0.5)
    }

    /// All photons but one of each pulse of two or more reach Bob's receiver. The number of photons that arrive has the
    /// generating function P(0) + P(1) + Σ_{n≥2} P(n)·z^(n−1) = exp(−μ)·(1 + μ + (exp(μz) − 1 − μz)/z).
    fn split(&self, choice: &Choice) -> Gate {
        let mu = self.mean(choice);
        let arriving = |z: f64| {
            let rest = if z > 0.0 { (libm::expm1(mu * z) - mu * z) / z } else { 0.0 };
            libm::exp(-mu) * (1.0 + mu + rest)
        };
        let (efficiency, live) = (self.detector.efficiency, 1.0 - self.detector.dark_count_probability);
        let wrong = wrong_share(self.source, choice.alice, choice.bob);
        Gate::from_quiet(
            live * arriving(1.0 - efficiency * (1.0 - wrong)),
            live * arriving(1.0 - efficiency * wrong),
            live * live * arriving(1.0 - efficiency),
        )
    }

    /// Eve sees a photon of the pulse with probability 1 − exp(−μ), in a random basis. Bob's receiver clicks as she wants
    /// if he measures in hers, and does `otherwise` if he does not.
    fn faked_state(&self, choice: &Choice, otherwise: Gate) -> Gate {
        let seen = -libm::expm1(-self.mean(choice));
        // In the same basis she has Alice's bit, and in the other one any.
        let wrong = if choice.alice == choice.bob { 0.0 } else { 0.5 };
        let right_basis = Gate { right: 1.0 - wrong, wrong, both: 0.0 };
        let quiet = if self.kind == AttackKind::AfterGate { otherwise } else { Gate::NOTHING };
        quiet.mixed(right_basis.mixed(otherwise, 0.5), seen)
    }
}

#[cfg(test)]
mod tests;
