//! Gains and error rates under each attack, by hand.

use super::*;

fn source() -> WeakCoherent {
    WeakCoherent {
        intensities: vec![0.5, 0.1, 0.0],
        probabilities: vec![0.4, 0.4, 0.2],
        key_basis_probability: 0.7,
        misalignment_key: 0.01,
        misalignment_test: 0.01,
    }
}

fn detector() -> Detector {
    Detector {
        efficiency: 0.2,
        dark_count_probability: 1e-6,
        after_pulse_probability: 0.02,
        dead_time_slots: 10,
        key_basis_probability: 0.7,
    }
}

fn under(kind: AttackKind, strength: f64) -> Receiving {
    Receiving::attacked(&Attack { kind, strength, from_slot: 0 }, &source(), &detector(), 0.05)
}

fn honest() -> Receiving {
    Receiving::honest(&source(), &detector(), 0.05)
}

fn rate(receiving: &Receiving) -> f64 {
    receiving.choices.iter().map(|choice| choice.probability * choice.gate.click()).sum()
}

/// The gate of both sides in the key basis.
fn key_gate(receiving: &Receiving, intensity: usize) -> Gate {
    let same = |choice: &&Choice| choice.intensity == intensity && (choice.alice, choice.bob) == (0, 0);
    receiving.choices.iter().find(same).expect("every combination").gate
}

fn error_rate(gate: Gate) -> f64 {
    gate.error() / gate.click()
}

#[test]
fn probabilities_stay_probabilities_and_eve_keeps_the_rate() {
    for kind in AttackKind::ALL {
        for strength in [0.3, 1.0] {
            let receiving = under(kind, strength);
            for choice in &receiving.choices {
                let Gate { right, wrong, both } = choice.gate;
                assert!([right, wrong, both].into_iter().all(|p| (0.0..=1.0).contains(&p)), "{choice:?}");
                assert!(choice.gate.click() <= 1.0, "{choice:?}");
            }
            if kind != AttackKind::SuddenLoss {
                let ratio = rate(&receiving) / rate(&honest());
                assert!((ratio - 1.0).abs() < 1e-3, "{}: {ratio}", kind.name());
            }
        }
    }
}

#[test]
fn intercept_resend_errs_in_a_quarter_of_the_bits() {
    let (clean, attacked) = (error_rate(key_gate(&honest(), 0)), under(AttackKind::InterceptResend, 1.0));
    let errors = error_rate(key_gate(&attacked, 0));
    assert!((errors - f64::midpoint(clean, 0.5)).abs() < 1e-4, "{errors}");
}

#[test]
fn splitting_makes_gains_quadratic() {
    let attacked = under(AttackKind::PhotonSplitting, 1.0);
    let [bright, dim] = [0, 1].map(|intensity| key_gate(&attacked, intensity).click());
    // Pairs: μ²/2·exp(−μ), and the second photon meets the detector's efficiency.
    let pairs = |mu: f64| 1.0 - (-mu).exp() * (1.0 + mu);
    assert!((bright / dim / (pairs(0.5) / pairs(0.1)) - 1.0).abs() < 0.2, "{bright} {dim}");
    let exact = Eve {
        kind: AttackKind::PhotonSplitting,
        source: &source(),
        detector: &detector(),
        transmittance: 0.05,
    };
    // Number by number: of n photons n − 1 arrive, and each clicks with the efficiency.
    let mut by_number = 0.0;
    let mut term = (-0.5f64).exp();
    for n in 1..30 {
        term *= 0.5 / f64::from(n);
        by_number += term * (1.0 - 0.8f64.powi(n - 1));
    }
    let choice = honest().choices[0];
    let dark = 1.0 - (1.0 - 1e-6f64).powi(2);
    assert!((exact.split(&choice).click() - (by_number + (1.0 - by_number) * dark)).abs() < 1e-12);
}

#[test]
fn faked_states_err_hardly_and_never_click_twice() {
    let attacked = under(AttackKind::Blinding, 1.0);
    for choice in &attacked.choices {
        assert!(choice.gate.both == 0.0 && (choice.alice != choice.bob || choice.gate.wrong == 0.0));
    }
    assert!(key_gate(&attacked, 2).click() == 0.0 && attacked.detector.after_pulse_probability == 0.0);
    let bright = key_gate(&under(AttackKind::BrightBlinding, 1.0), 0);
    assert!((error_rate(bright) - 0.25).abs() < 1e-12 && (bright.both / bright.click() - 0.5).abs() < 1e-12);
}
