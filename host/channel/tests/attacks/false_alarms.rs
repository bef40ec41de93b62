//! Without an attack: how often the monitors are wrong.

use qkdpp_channel::{Expectation, Model};
use qkdpp_protocol::monitor::binomial::{lower_limit, tail_above, upper_limit};
use qkdpp_protocol::monitor::{Band, Observed, Receiver, Settings, watch};
use qkdpp_protocol::profile::Profile;
use qkdpp_protocol::raw::RawBatch;

use crate::link::{KEY_BASIS, Run, fibre, raised};

#[test]
fn a_healthy_link_gives_a_key_in_every_block() {
    let blocks = std::env::var("QKDPP_HEALTHY_BLOCKS").map_or(6, |text| text.parse().expect("a number"));
    let run = Run::new(None, blocks);
    assert_eq!(run.stopped, [None, None]);
    let alarms: Vec<_> = (0..blocks as usize).filter(|&block| !run.alarms(block).is_empty()).collect();
    let high = upper_limit(alarms.len() as u64, blocks, 0.025);
    println!(
        "{} alarms in {blocks} blocks; with 97.5 % confidence fewer than {high:.3} per block",
        alarms.len()
    );
    assert_eq!(alarms, [] as [usize; 0]);
    assert_eq!(run.pair.equal_keys().len() as u64, blocks, "{}", run.reports(0)[1]);
}

/// What Bob's monitors see of a batch before error correction.
fn observed(profile: &Profile, alice: &RawBatch, bob: &RawBatch) -> Observed {
    let settings = &profile.monitor;
    let mut receiver = Receiver::default();
    receiver.add(bob, settings.dead_time_slots, settings.after_pulse_slots);
    let mut observed = Observed {
        slots: bob.slots.into(),
        receiver: Some(receiver),
        batches: vec![(bob.slots, bob.len() as u64)],
        ..Observed::default()
    };
    let sifted = &mut observed.sifted;
    for counts in [&mut sifted.n_key, &mut sifted.n_test, &mut sifted.m_test] {
        counts.resize(profile.intensities.len(), 0);
    }
    for entry in (0..bob.len()).filter(|&entry| alice.basis.get(entry) == bob.basis.get(entry)) {
        let level =
            usize::from(alice.intensity[0].get(entry)) + 2 * usize::from(alice.intensity[1].get(entry));
        let (sent, seen) = (alice.bit.get(entry), bob.bit.get(entry));
        if bob.basis.get(entry) {
            sifted.n_test[level] += 1;
            sifted.m_test[level] += u64::from(sent != seen);
            sifted.table.0[usize::from(sent)][usize::from(seen)] += 1;
        } else {
            sifted.n_key[level] += 1;
        }
    }
    observed
}

#[test]
fn false_alarms_are_no_more_frequent_than_declared() {
    let (link, mut profile) = fibre();
    let expected = Expectation::of(&link).expect("a link");
    // The worst case of the declaration: bands that hold the expectation and nothing else, and a probability of false
    // alarms that can be measured.
    let exactly = |rate: f64| Band { low: rate, high: rate };
    let level = |of: fn(&qkdpp_channel::Level) -> f64| expected.levels.iter().map(of).collect::<Vec<_>>();
    let (half, p) = (exactly(0.5), profile.probabilities.clone());
    profile.monitor = Settings {
        false_alarm: 0.1,
        ones_key: half,
        ones_test: half,
        error_tolerance: 0.0,
        intensity_tolerance: 0.0,
        dead_time_slots: 30,
        after_pulse_slots: 1,
        detections: Some(exactly(expected.detections_per_slot)),
        key_basis: Some(exactly(KEY_BASIS)),
        gains: level(|level| level.key + level.test)
            .iter()
            .zip(&p)
            .map(|(gain, p)| exactly(gain / p))
            .collect(),
        errors_test: level(|level| level.test_errors / level.test).into_iter().map(exactly).collect(),
        ..Settings::default()
    };
    profile.validate().expect("bands that can be");
    let mut model = Model::new(&link, 3).expect("a link");
    let blocks = 1000;
    let alarmed = (0..blocks)
        .filter(|_| {
            let (alice, bob) = model.next_batch(4_000_000);
            raised(&watch(&profile, &observed(&profile, &alice, &bob))).next().is_some()
        })
        .count() as u64;
    let (low, high) = (lower_limit(alarmed, blocks, 0.005), upper_limit(alarmed, blocks, 0.005));
    println!(
        "{alarmed} of {blocks} blocks: {low:.4} to {high:.4} with 99 % confidence, at most 0.1 declared"
    );
    assert!(tail_above(alarmed, blocks, 0.1) > 1e-6, "{alarmed} of {blocks} blocks");
    assert!(alarmed > 0, "a test that never rejects tests nothing");
}
