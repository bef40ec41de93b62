//! Attacks on the detectors.

use qkdpp_protocol::monitor::Monitor;

use crate::link::{Run, SLOTS};

fn second_block(attack: &str) -> Run {
    Run::new(Some(&format!("{attack}@{SLOTS}")), 2)
}

#[test]
fn attack_25_blinding_leaves_no_double_clicks() {
    let run = second_block("blinding");
    let expected = [Monitor::DoubleClicks, Monitor::AfterPulses, Monitor::Gains];
    run.assert_second_block_is_discarded(&expected);
    // What error rate and detection rate alone would have said: all is well.
    let [healthy, blinded] = [0, 1].map(|block| run.reports(block)[1]);
    assert!(blinded.qber < healthy.qber && blinded.qber < 1e-3, "{}", blinded.qber);
    assert!((blinded.detections as f64 / healthy.detections as f64 - 1.0).abs() < 0.02);
    assert_eq!(blinded.double_clicks, 0);
}

#[test]
fn attack_25_blinding_with_too_much_light_clicks_twice() {
    let run = second_block("bright-blinding=0.1");
    run.assert_second_block_is_discarded(&[Monitor::DoubleClicks, Monitor::Errors]);
}

#[test]
fn attack_25_time_shift_biases_the_bits() {
    let run = second_block("time-shift=0.1");
    run.assert_second_block_is_discarded(&[Monitor::Ones]);
    // 5 % fewer detections are within the band: only the bias tells.
    assert_eq!(run.alarms(1), [Monitor::Ones]);
    let ones = |block: usize| {
        let of_bob = &run.reports(block)[1].monitors;
        of_bob.iter().find(|finding| finding.subject == "detectors of the key basis").and_then(|f| f.measured)
    };
    assert_eq!(ones(0), None, "a statistic of the key that was delivered");
    assert!(ones(1).is_some_and(|share| (share - 0.9 / 1.9).abs() < 0.005), "{:?}", ones(1));
}

#[test]
fn attack_25_after_gate_clicks_within_the_dead_time() {
    let run = second_block("after-gate");
    run.assert_second_block_is_discarded(&[Monitor::DeadTime]);
}
