//! Attacks on what is sent.

use qkdpp_protocol::SessionError;
use qkdpp_protocol::monitor::Monitor;

use crate::link::{Run, SLOTS, fibre};

/// `attack` from the second block on.
fn second_block(attack: &str) -> Run {
    Run::new(Some(&format!("{attack}@{SLOTS}")), 2)
}

#[test]
fn attack_25_intercept_resend_raises_errors() {
    // A tenth of the pulses: 2.5 % more errors.
    let run = second_block("intercept-resend=0.1");
    run.assert_second_block_is_discarded(&[Monitor::Errors]);
    let qber = run.reports(1)[1].qber;
    assert!((0.025..0.045).contains(&qber), "{qber}");
}

#[test]
fn attack_25_intercept_resend_alone_leaves_no_key_even_without_declared_bands() {
    let (link, mut profile) = fibre();
    profile.monitor = qkdpp_protocol::monitor::Settings::default();
    let run = Run::with(&link, &profile, Some(&format!("intercept-resend=0.6@{SLOTS}")), 2);
    run.assert_second_block_is_discarded(&[]);
}

#[test]
fn attack_25_photon_number_splitting_bends_the_gains() {
    let run = second_block("photon-splitting");
    run.assert_second_block_is_discarded(&[Monitor::Gains, Monitor::GainRatios]);
    let [healthy, split] = [0, 1].map(|block| run.reports(block)[1].detections as f64);
    assert!((split / healthy - 1.0).abs() < 0.02, "Eve keeps the rate: {healthy} and {split}");
}

#[test]
fn attack_25_photon_number_splitting_alone_leaves_no_key_even_without_declared_bands() {
    let (link, mut profile) = fibre();
    profile.monitor = qkdpp_protocol::monitor::Settings::default();
    let run = Run::with(&link, &profile, Some(&format!("photon-splitting@{SLOTS}")), 2);
    run.assert_second_block_is_discarded(&[Monitor::GainRatios]);
    // The decoys alone would have found it: no single photons, no key.
    let evaluation = run.reports(1)[1].evaluation.as_ref().expect("the block was evaluated");
    assert_eq!(evaluation.ell, 0);
    assert!(evaluation.zero.is_some(), "{evaluation:?}");
}

#[test]
fn attack_25_sudden_loss_is_found_in_the_batch_in_which_it_comes() {
    // The last quarter of the second block.
    let run = Run::new(Some(&format!("sudden-loss=0.3@{}", SLOTS + 3 * SLOTS / 4)), 2);
    run.assert_second_block_is_discarded(&[Monitor::Detections]);
}

#[test]
fn attack_25_a_dead_link_stops_the_session_after_the_declared_number_of_alarms() {
    let run = Run::new(Some(&format!("sudden-loss=1@{SLOTS}")), 6);
    assert_eq!(run.pair.equal_keys().len(), 1);
    // Three in a row, as the profile says; nothing of the later blocks is looked at.
    let alarms = SessionError::Alarms { blocks: 3 };
    assert_eq!(run.stopped, [Some(alarms.clone()), Some(alarms)]);
    assert_eq!(run.pair.bob.reports.len(), 4);
}

#[test]
fn attack_25_slow_loss_within_the_bands_is_found_as_drift() {
    // 4 % of the light, where the band has room for 20 %: about three standard deviations of a block.
    let (link, mut profile) = fibre();
    (profile.slots_per_block, profile.slots_per_batch) = (SLOTS / 10, (SLOTS / 10) as u32);
    let run = Run::with(&link, &profile, Some(&format!("sudden-loss=0.04@{}", SLOTS / 2)), 16);
    let first = (0..16).find(|&block| !run.alarms(block).is_empty());
    println!("first alarm over block {first:?}; the loss comes with block 5");
    assert!(first.is_some_and(|block| (6..=14).contains(&block)), "{first:?}");
    assert_eq!(first.map(|block| run.alarms(block)), Some(vec![Monitor::Drift]));
}
