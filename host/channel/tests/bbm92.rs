//! The BBM92 model against its expectation and against a simulation that follows every photon of every slot.

mod common;

use common::{Dice, Entry, assert_count, assert_same_distribution, entries_of, gap_histogram, slots_of};
use qkdpp_channel::{Detector, EntangledPairs, Expectation, Link, Loss, Model, Source};

fn detector(efficiency: f64, dark: f64, after_pulse: f64, dead_time_slots: u32) -> Detector {
    Detector {
        efficiency,
        dark_count_probability: dark,
        after_pulse_probability: after_pulse,
        dead_time_slots,
        key_basis_probability: 0.6,
    }
}

fn link(pairs_per_slot: f64, alice: Detector, bob: Detector) -> Link {
    Link {
        clock_hz: 1e9,
        loss: Loss::Fixed { db: 3.0 },
        source: Source::EntangledPairs(EntangledPairs {
            pairs_per_slot,
            misalignment_key: 0.02,
            misalignment_test: 0.05,
            detector: alice,
        }),
        detector: bob,
    }
}

fn busy_link() -> Link {
    link(0.1, detector(0.6, 0.002, 0.1, 2), detector(0.8, 0.005, 0.15, 3))
}

struct Side {
    live_from: u64,
    after_pulse: bool,
    entries: Vec<Entry>,
}

impl Side {
    fn new() -> Self {
        Self { live_from: 0, after_pulse: false, entries: Vec::new() }
    }

    /// `clicks[basis][bit]` of the photons that reached a detector.
    fn gate(&mut self, slot: u64, mut clicks: [[bool; 2]; 2], detector: &Detector, dice: &mut Dice) {
        for click in clicks.iter_mut().flatten() {
            *click |= dice.happens(detector.dark_count_probability);
        }
        if slot < self.live_from {
            return;
        }
        if slot == self.live_from && self.after_pulse {
            clicks[usize::from(dice.happens(0.5))][usize::from(dice.happens(0.5))] = true;
        }
        let in_basis = clicks.map(|basis| basis != [false, false]);
        let basis = match in_basis {
            [false, false] => return,
            [true, true] => dice.happens(0.5),
            [_, test] => test,
        };
        let double_click = clicks.iter().flatten().filter(|&&click| click).count() > 1;
        let bit = if double_click { dice.happens(0.5) } else { clicks[usize::from(basis)][1] };
        self.entries.push(Entry { slot, basis, bit, double_click });
        self.live_from = slot + 1 + u64::from(detector.dead_time_slots);
        self.after_pulse = dice.happens(detector.after_pulse_probability);
    }
}

/// Follows every photon of every slot; returns Alice's and Bob's entries.
fn slot_by_slot(link: &Link, seed: u64, slots: u64) -> [Vec<Entry>; 2] {
    let Source::EntangledPairs(source) = &link.source else { panic!("a pair source") };
    let Loss::Fixed { db } = link.loss else { panic!("a fixed loss") };
    let detectors = [&source.detector, &link.detector];
    let arrival = [source.detector.efficiency, link.detector.efficiency * 10f64.powf(-db / 10.0)];
    let mut dice = Dice::new(seed);
    let mut sides = [Side::new(), Side::new()];
    for slot in 0..slots {
        let mut clicks = [[[false; 2]; 2]; 2];
        for _ in 0..dice.poisson(source.pairs_per_slot) {
            let test = detectors.map(|detector| !dice.happens(detector.key_basis_probability));
            let first = dice.happens(0.5);
            let misaligned = if test[0] { source.misalignment_test } else { source.misalignment_key };
            let differ = dice.happens(if test[0] == test[1] { misaligned } else { 0.5 });
            for (side, bit) in [first, first ^ differ].into_iter().enumerate() {
                if dice.happens(arrival[side]) {
                    clicks[side][usize::from(test[side])][usize::from(bit)] = true;
                }
            }
        }
        for (side, state) in sides.iter_mut().enumerate() {
            state.gate(slot, clicks[side], detectors[side], &mut dice);
        }
    }
    sides.map(|side| side.entries)
}

/// For every slot in which somebody has an entry: what each side has (0: nothing).
fn slot_kinds(alice: &[Entry], bob: &[Entry]) -> Vec<u64> {
    let kind = |entry: &Entry| {
        1 + usize::from(entry.basis) + 2 * usize::from(entry.bit) + 4 * usize::from(entry.double_click)
    };
    let mut kinds = vec![0; 81];
    let (mut a, mut b) = (alice.iter().peekable(), bob.iter().peekable());
    while let Some(slot) = a.peek().into_iter().chain(b.peek()).map(|entry| entry.slot).min() {
        let a = a.next_if(|entry| entry.slot == slot).map_or(0, kind);
        let b = b.next_if(|entry| entry.slot == slot).map_or(0, kind);
        kinds[9 * a + b] += 1;
    }
    kinds
}

/// Coincidences, then detections and errors of the key basis and of the test basis.
fn sifted(alice: &[Entry], bob: &[Entry]) -> [u64; 5] {
    let mut counts = [0; 5];
    let mut bob = bob.iter().peekable();
    for a in alice {
        while bob.next_if(|b| b.slot < a.slot).is_some() {}
        if let Some(b) = bob.next_if(|b| b.slot == a.slot) {
            counts[0] += 1;
            if a.basis == b.basis {
                counts[1 + 2 * usize::from(a.basis)] += 1;
                counts[2 + 2 * usize::from(a.basis)] += u64::from(a.bit != b.bit);
            }
        }
    }
    counts
}

#[test]
fn the_model_agrees_with_a_simulation_of_every_slot() {
    let link = busy_link();
    let slots = 3_000_000;
    let reference = slot_by_slot(&link, 21, slots);
    let (alice, bob) = Model::new(&link, 22).unwrap().next_batch(slots as u32);
    let model = [entries_of(&alice), entries_of(&bob)];
    assert_same_distribution(
        "kinds of slots",
        &slot_kinds(&reference[0], &reference[1]),
        &slot_kinds(&model[0], &model[1]),
    );
    for (name, reference, batch) in [("Alice", &reference[0], &alice), ("Bob", &reference[1], &bob)] {
        let slots: Vec<u64> = reference.iter().map(|entry| entry.slot).collect();
        let (reference, model) = (gap_histogram(&slots, 60), gap_histogram(&slots_of(batch), 60));
        assert_same_distribution(&format!("gaps of {name}"), &reference, &model);
        assert_count(name, batch.len() as u64, slots.len() as f64, 2.0);
    }
}

#[test]
fn statistics_are_the_expected_ones() {
    // Exact without dead time and after-pulses, at any rate.
    let bright = link(0.3, detector(0.6, 0.01, 0.0, 0), detector(0.8, 0.02, 0.0, 0));
    // With both, at the rates of a real link, where most detections are singles: nearly.
    let real = link(2e-3, detector(0.2, 1e-6, 0.02, 30), detector(0.2, 1e-6, 0.02, 30));
    for (name, link, slots, bias) in
        [("bright", bright, 4_000_000u32, 0.0), ("real", real, 400_000_000, 0.01)]
    {
        let (alice, bob) = Model::new(&link, 23).unwrap().next_batch(slots);
        let expected = Expectation::of(&link).unwrap();
        let level = expected.levels[0];
        let per_slot = [level.gain, level.key, level.key_errors, level.test, level.test_errors];
        let counts = sifted(&entries_of(&alice), &entries_of(&bob));
        for ((got, mean), what) in
            counts.into_iter().zip(per_slot).zip(["coincidences", "key", "key errors", "test", "test errors"])
        {
            let mean = mean * f64::from(slots);
            let spread = 1.0 + mean * bias * bias / 25.0;
            assert_count(&format!("{name}: {what}"), got, mean, spread);
        }
        let detections = expected.detections_per_slot * f64::from(slots);
        assert_count(&format!("{name}: detections"), bob.len() as u64, detections, 1.1);
    }
}

#[test]
fn records_do_not_depend_on_the_batches() {
    let whole = Model::new(&busy_link(), 31).unwrap().next_batch(100_000);
    let mut model = Model::new(&busy_link(), 31).unwrap();
    let mut parts = [Vec::new(), Vec::new()];
    for slots in [3, 17, 0, 49_980, 50_000] {
        let (alice, bob) = model.next_batch(slots);
        parts[0].extend(entries_of(&alice));
        parts[1].extend(entries_of(&bob));
    }
    assert_eq!(parts, [entries_of(&whole.0), entries_of(&whole.1)]);
}
