//! The decoy-state BB84 model against the published formulas, against its own expectation, and against a simulation
//! that follows every photon of every pulse.

mod common;

use common::{
    Dice, Entry, assert_count, assert_same_distribution, entries_of, gap_histogram, intensity_of, slots_of,
};
use qkdpp_channel::{Detector, Expectation, Level, Link, Loss, Model, PassPoint, Source, WeakCoherent};
use qkdpp_protocol::raw::RawBatch;

/// The link of Lim et al., Phys. Rev. A 89, 022307 (2014), with the parameters of the 10^7 row.
fn link_of_the_paper(km: f64) -> Link {
    Link {
        clock_hz: 1e9,
        loss: Loss::Fibre { km, attenuation_db_per_km: 0.2 },
        source: Source::WeakCoherent(WeakCoherent {
            intensities: vec![0.43, 0.20, 2e-4],
            probabilities: vec![0.41, 0.45, 0.14],
            key_basis_probability: 0.87,
            misalignment_key: 5e-3,
            misalignment_test: 5e-3,
        }),
        detector: Detector {
            efficiency: 0.1,
            dark_count_probability: 6e-7,
            after_pulse_probability: 0.0,
            dead_time_slots: 0,
            key_basis_probability: 0.87,
        },
    }
}

/// A link on which everything happens often.
fn busy_link() -> Link {
    Link {
        clock_hz: 1e6,
        loss: Loss::Fixed { db: 3.0 },
        source: Source::WeakCoherent(WeakCoherent {
            intensities: vec![0.9, 0.3, 0.01],
            probabilities: vec![0.5, 0.3, 0.2],
            key_basis_probability: 0.7,
            misalignment_key: 0.03,
            misalignment_test: 0.08,
        }),
        detector: Detector {
            efficiency: 0.5,
            dark_count_probability: 0.01,
            after_pulse_probability: 0.2,
            dead_time_slots: 3,
            key_basis_probability: 0.6,
        },
    }
}

fn source_of(link: &Link) -> &WeakCoherent {
    match &link.source {
        Source::WeakCoherent(source) => source,
        Source::EntangledPairs(_) => panic!("not a decoy-state link"),
    }
}

/// Detections and errors by basis (key, test) and intensity.
#[derive(Default)]
struct Sifted {
    detections: [[u64; 3]; 2],
    errors: [[u64; 3]; 2],
}

impl Sifted {
    fn add(&mut self, alice: &RawBatch, bob: &RawBatch) {
        assert_eq!(alice.entries, bob.entries);
        for entry in 0..alice.len() {
            if alice.basis.get(entry) == bob.basis.get(entry) {
                let (basis, level) = (usize::from(alice.basis.get(entry)), intensity_of(alice, entry));
                self.detections[basis][level] += 1;
                self.errors[basis][level] += u64::from(alice.bit.get(entry) != bob.bit.get(entry));
            }
        }
    }

    fn of(link: &Link, seed: u64, batches: u64, slots: u32) -> Self {
        let mut model = Model::new(link, seed).unwrap();
        let mut sifted = Self::default();
        for _ in 0..batches {
            let (alice, bob) = model.next_batch(slots);
            sifted.add(&alice, &bob);
        }
        sifted
    }
}

/// The counts of 10^7 sifted bits over 100 km, as the formulas of the paper give them.
#[test]
fn the_published_channel_has_its_published_counts() {
    let mut link = link_of_the_paper(100.0);
    link.detector.after_pulse_probability = 0.04;
    let expected = Expectation::as_published(&link).unwrap();
    let slots = 1e7 / expected.key_per_slot();
    let counts = |of: fn(&Level) -> f64| -> Vec<u64> {
        expected.levels.iter().map(|level| (slots * of(level)).round_ties_even() as u64).collect()
    };
    assert_eq!(counts(|level| level.key), [6_608_097, 3_384_576, 7328]);
    assert_eq!(counts(|level| level.key_errors), [167_603, 90_969, 3166]);
    assert_eq!(counts(|level| level.test), [147_545, 75_571, 164]);
    assert_eq!(counts(|level| level.test_errors), [3742, 2031, 71]);
    // All detections, whatever the bases: q^2 of them are both in the key basis.
    assert!((expected.detections_per_slot * 0.87_f64.powi(2) / expected.key_per_slot() - 1.0).abs() < 1e-12);
    // Per intensity the model differs: its after-pulses follow any pulse. Their sum it shares.
    let modelled = Expectation::of(&link).unwrap();
    assert!((modelled.detections_per_slot / expected.detections_per_slot - 1.0).abs() < 0.002);
    assert!(modelled.levels[2].gain > 5.0 * expected.levels[2].gain);
}

#[test]
fn gains_and_error_rates_are_those_of_the_paper() {
    for (km, slots) in [(50.0, 1_000_000_000), (100.0, 4_000_000_000)] {
        let link = link_of_the_paper(km);
        let source = source_of(&link);
        let sifted = Sifted::of(&link, 1, 1, slots);
        let eta = 10f64.powf(-0.2 * km / 10.0) * 0.1;
        for (basis, choice) in [0.87f64 * 0.87, 0.13 * 0.13].into_iter().enumerate() {
            for (level, mu) in source.intensities.iter().enumerate() {
                let gain = 1.0 - (1.0 - 2.0 * 6e-7) * (-eta * mu).exp();
                let error = 6e-7 + 5e-3 * (1.0 - (-eta * mu).exp());
                let sent = f64::from(slots) * choice * source.probabilities[level];
                let what = format!("{km} km, basis {basis}, intensity {level}");
                assert_count(&what, sifted.detections[basis][level], sent * gain, 1.0);
                assert_count(&format!("errors, {what}"), sifted.errors[basis][level], sent * error, 1.0);
            }
        }
    }
}

#[test]
fn after_pulses_add_what_the_paper_adds_over_all_intensities() {
    let mut link = link_of_the_paper(50.0);
    link.detector.after_pulse_probability = 0.04;
    let slots = 1_000_000_000;
    let sifted = Sifted::of(&link, 2, 1, slots);
    let eta = 0.01;
    let source = source_of(&link);
    let click: f64 = (source.intensities.iter().zip(&source.probabilities))
        .map(|(mu, p)| p * (1.0 - (1.0 - 2.0 * 6e-7) * (-eta * mu).exp()))
        .sum();
    // (1 + p_ap)·D, and in addition the after-pulses of after-pulses; half of them err.
    let key = f64::from(slots) * 0.87 * 0.87;
    let expected = key * click / (1.0 - 0.04);
    assert_count("key basis", sifted.detections[0].iter().sum(), expected, 1.1);
    let errors = key * (6e-7 + 5e-3 * click + 0.04 / (1.0 - 0.04) * click / 2.0);
    assert_count("errors", sifted.errors[0].iter().sum(), errors, 1.1);
    assert!((expected / (key * click * 1.04) - 1.0).abs() < 0.04f64.powi(2) * 1.1);
}

#[test]
fn statistics_are_the_expected_ones_with_dead_time_and_after_pulses() {
    let mut paper = link_of_the_paper(25.0);
    paper.detector.after_pulse_probability = 0.04;
    paper.detector.dead_time_slots = 100;
    for (name, link, slots) in [("paper", paper, 400_000_000), ("busy", busy_link(), 10_000_000)] {
        let sifted = Sifted::of(&link, 3, 1, slots);
        let expected = Expectation::of(&link).unwrap();
        for (intensity, level) in expected.levels.iter().enumerate() {
            for (basis, mean, errors) in
                [(0, level.key, level.key_errors), (1, level.test, level.test_errors)]
            {
                let what = format!("{name}, basis {basis}, intensity {intensity}");
                assert_count(&what, sifted.detections[basis][intensity], mean * f64::from(slots), 1.1);
                let got = sifted.errors[basis][intensity];
                assert_count(&format!("errors, {what}"), got, errors * f64::from(slots), 1.1);
            }
        }
    }
}

/// A click of the reference simulation, with what Alice had sent.
struct Detection {
    alice_basis: bool,
    alice_bit: bool,
    intensity: usize,
    bob: Entry,
}

/// Follows every pulse: its photons leave, are lost or not, pick a detector, and meet dark counts and after-pulses.
fn pulse_by_pulse(link: &Link, seed: u64, slots: u64) -> Vec<Detection> {
    let (source, detector) = (source_of(link), &link.detector);
    let Loss::Fixed { db } = link.loss else { panic!("a fixed loss") };
    let arrival = 10f64.powf(-db / 10.0) * detector.efficiency;
    let mut dice = Dice::new(seed);
    let mut detections = Vec::new();
    let (mut live_from, mut after_pulse) = (0, None);
    for slot in 0..slots {
        let unit = dice.unit();
        let intensity = usize::from(unit > source.probabilities[0])
            + usize::from(unit > source.probabilities[0] + source.probabilities[1]);
        let alice_basis = !dice.happens(source.key_basis_probability);
        let alice_bit = dice.happens(0.5);
        let bob_basis = !dice.happens(detector.key_basis_probability);
        let wrong = match (alice_basis, bob_basis) {
            (false, false) => source.misalignment_key,
            (true, true) => source.misalignment_test,
            _ => 0.5,
        };
        let mut clicks = [0, 1].map(|_| dice.happens(detector.dark_count_probability));
        for _ in 0..dice.poisson(source.intensities[intensity]) {
            if dice.happens(arrival) {
                clicks[usize::from(alice_bit ^ dice.happens(wrong))] = true;
            }
        }
        if slot < live_from {
            continue;
        }
        if after_pulse == Some(slot) {
            clicks[usize::from(dice.happens(0.5))] = true;
        }
        if clicks == [false, false] {
            continue;
        }
        let double_click = clicks == [true, true];
        let bit = if double_click { dice.happens(0.5) } else { clicks[1] };
        detections.push(Detection {
            alice_basis,
            alice_bit,
            intensity,
            bob: Entry { slot, basis: bob_basis, bit, double_click },
        });
        live_from = slot + 1 + u64::from(detector.dead_time_slots);
        after_pulse = dice.happens(detector.after_pulse_probability).then_some(live_from);
    }
    detections
}

#[test]
fn the_model_agrees_with_a_simulation_of_every_pulse() {
    let link = busy_link();
    let slots = 3_000_000;
    let reference = pulse_by_pulse(&link, 5, slots);
    let (alice, bob) = Model::new(&link, 6).unwrap().next_batch(slots as u32);

    let kind = |alice_basis, alice_bit, intensity, bob: &Entry| {
        let bits = [alice_basis, alice_bit, bob.basis, bob.bit, bob.double_click];
        bits.iter().fold(intensity, |kind, &bit| 2 * kind + usize::from(bit))
    };
    let mut kinds = [[0; 96]; 2];
    for detection in &reference {
        kinds[0][kind(detection.alice_basis, detection.alice_bit, detection.intensity, &detection.bob)] += 1;
    }
    let seen = entries_of(&bob);
    for (index, entry) in seen.iter().enumerate() {
        kinds[1][kind(alice.basis.get(index), alice.bit.get(index), intensity_of(&alice, index), entry)] += 1;
    }
    assert_same_distribution("kinds of detections", &kinds[0], &kinds[1]);

    let reference_slots: Vec<u64> = reference.iter().map(|detection| detection.bob.slot).collect();
    let slots_seen = slots_of(&bob);
    assert_same_distribution(
        "gaps between detections",
        &gap_histogram(&reference_slots, 60),
        &gap_histogram(&slots_seen, 60),
    );
    // Number of renewals: mean slots/m, variance slots·s²/m³ with the gaps' mean m and variance s².
    let gaps: Vec<f64> = slots_seen.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    let spread = 2.0 * variance / mean.powi(2);
    assert_count("detections", slots_seen.len() as u64, reference.len() as f64, spread);
}

#[test]
fn dead_time_separates_detections_and_after_pulses_follow_it() {
    let mut link = link_of_the_paper(50.0);
    link.detector.dead_time_slots = 40;
    link.detector.after_pulse_probability = 0.25;
    let (_, bob) = Model::new(&link, 8).unwrap().next_batch(100_000_000);
    let histogram = gap_histogram(&slots_of(&bob), 50);
    assert_eq!(histogram[..41].iter().sum::<u64>(), 0);
    let expected = 0.25 * bob.len() as f64;
    assert_count("after-pulses", histogram[41], expected, 1.1);
}

fn pass() -> Link {
    let mut link = link_of_the_paper(0.0);
    link.clock_hz = 1e6;
    let point = |seconds, db| PassPoint { seconds, db };
    link.loss = Loss::Pass { points: vec![point(0.0, 20.0), point(3.0, 5.0), point(6.0, 20.0)] };
    link.detector.after_pulse_probability = 0.05;
    link.detector.dead_time_slots = 7;
    link
}

#[test]
fn a_pass_has_its_detections_where_the_loss_is_low() {
    let (_, bob) = Model::new(&pass(), 9).unwrap().next_batch(12_000_000);
    let mut per_second = [0; 12];
    for slot in slots_of(&bob) {
        per_second[slot as usize / 1_000_000] += 1;
    }
    let expected = Expectation::of(&pass()).unwrap();
    assert_count("two passes", bob.len() as u64, expected.detections_per_slot * 12e6, 1.2);
    // 5 dB per second; the second pass is like the first.
    let ratio = |a: usize, b: usize| f64::from(per_second[a]) / f64::from(per_second[b]);
    assert!((ratio(1, 0) - 10f64.powf(0.5)).abs() < 0.3, "{per_second:?}");
    assert!((ratio(2, 8) - 1.0).abs() < 0.05, "{per_second:?}");
}

#[test]
fn records_depend_on_link_and_seed_and_not_on_the_batches() {
    for link in [busy_link(), pass()] {
        let whole = Model::new(&link, 11).unwrap().next_batch(1_000_000);
        let mut model = Model::new(&link, 11).unwrap();
        let mut parts = [Vec::new(), Vec::new()];
        for slots in [1, 0, 499_999, 250_000, 250_000] {
            let (alice, bob) = model.next_batch(slots);
            parts[0].extend(entries_of(&alice));
            parts[1].extend(entries_of(&bob));
        }
        assert_eq!(parts, [entries_of(&whole.0), entries_of(&whole.1)]);
        assert_eq!(whole, Model::new(&link, 11).unwrap().next_batch(1_000_000));
        assert_ne!(whole, Model::new(&link, 12).unwrap().next_batch(1_000_000));
    }
}

#[test]
fn a_dark_link_without_dark_counts_is_silent() {
    let mut link = link_of_the_paper(0.0);
    link.detector.efficiency = 0.0;
    link.detector.dark_count_probability = 0.0;
    let (alice, bob) = Model::new(&link, 1).unwrap().next_batch(u32::MAX);
    assert!(alice.is_empty() && bob.is_empty());
    assert!(Expectation::of(&link).unwrap().detections_per_slot.abs() < f64::EPSILON);
}
