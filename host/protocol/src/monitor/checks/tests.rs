//! Each check on the counts of a healthy block, and on counts that are off.

use super::*;
use crate::monitor::tables::{Corrected, Sifted};
use crate::monitor::withhold;

fn profile(monitor: &str) -> Profile {
    let text = format!(
        r#"{{"name": "test", "protocol": "decoy-bb84", "slots_per_block": 10000000, "intensities": [0.5, 0.1, 0.0002],
            "probabilities": [0.5, 0.3, 0.2], "expected_qber": 0.01,
            "proof": {{"name": "lim-2014", "eps_sec": 1e-9, "eps_cor": 1e-12}}, "monitor": {monitor}}}"#
    );
    let profile: Profile = serde_json::from_str(&text).expect("a profile");
    profile.validate().expect("a profile that can be");
    profile
}

const DECLARED: &str = r#"{"false_alarm": 1e-6, "dead_time_slots": 20, "after_pulse_slots": 1,
    "ones_key": {"low": 0.49, "high": 0.51}, "ones_test": {"low": 0.49, "high": 0.51},
    "after_pulses": {"low": 0.005, "high": 0.03}, "detections": {"low": 0.009, "high": 0.011},
    "key_basis": {"low": 0.68, "high": 0.72}, "double_clicks": {"low": 1e-3, "high": 4e-3},
    "gains": [{"low": 0.008, "high": 0.012}, {"low": 0.0016, "high": 0.0024}, {"low": 2e-5, "high": 8e-5}],
    "errors_key": [{"low": 0, "high": 0.02}, {"low": 0, "high": 0.03}, {"low": 0.05, "high": 0.5}],
    "errors_test": [{"low": 0, "high": 0.02}, {"low": 0, "high": 0.03}, {"low": 0.05, "high": 0.5}]}"#;

/// 10^5 detections of 10^7 slots.
fn healthy() -> Observed {
    Observed {
        slots: 10_000_000,
        receiver: Some(Receiver {
            clicks: [[34_950, 34_900], [14_950, 15_000]],
            double_clicks: [150, 50],
            gaps: 99_999,
            within_dead_time: 0,
            after_pulses: 1_500,
            ..Receiver::default()
        }),
        batches: vec![(5_000_000, 50_200), (5_000_000, 49_800)],
        sifted: Sifted {
            n_key: vec![35_000, 4_200, 70],
            n_test: vec![14_900, 1_790, 30],
            m_test: vec![149, 25, 7],
            table: BitTable([[8_290, 90], [91, 8_249]]),
        },
        corrected: Some(Corrected {
            m_key: vec![350, 60, 20],
            table: BitTable([[19_500, 215], [215, 19_340]]),
        }),
    }
}

fn raised(monitor: &str, change: impl FnOnce(&mut Observed)) -> Vec<Monitor> {
    let mut observed = healthy();
    change(&mut observed);
    let mut monitors: Vec<_> = watch(&profile(monitor), &observed)
        .into_iter()
        .filter(|finding| finding.verdict == Verdict::Alarm)
        .map(|finding| finding.monitor)
        .collect();
    monitors.dedup();
    monitors
}

fn receiver(observed: &mut Observed) -> &mut Receiver {
    observed.receiver.as_mut().expect("a receiver")
}

#[test]
fn a_healthy_block_raises_nothing() {
    assert_eq!(raised(DECLARED, |_| ()), []);
    assert_eq!(raised("{}", |_| ()), []);
    let findings = watch(&profile(DECLARED), &healthy());
    assert_eq!(findings.len(), 27);
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Fine), "{findings:#?}");
}

#[test]
fn each_count_that_is_off_raises_its_alarm() {
    type Change = fn(&mut Observed);
    let cases: [(Monitor, Change); 11] = [
        (Monitor::DeadTime, |o| receiver(o).within_dead_time = 1),
        (Monitor::AfterPulses, |o| receiver(o).after_pulses = 100),
        (Monitor::DoubleClicks, |o| receiver(o).double_clicks = [0, 0]),
        (Monitor::Bases, |o| receiver(o).clicks[1] = [25_000, 25_000]),
        (Monitor::Ones, |o| receiver(o).clicks[0] = [38_000, 32_000]),
        (Monitor::Detections, |o| o.batches[1].1 = 5_000),
        (Monitor::Gains, |o| o.sifted.n_key[2] = 1_000),
        (Monitor::Errors, |o| o.sifted.m_test[0] = 1_000),
        (Monitor::Errors, |o| o.corrected.as_mut().expect("errors").m_key[2] = 70),
        (Monitor::ErrorSymmetry, |o| o.sifted.table = BitTable([[8_290, 90], [1_000, 7_340]])),
        (Monitor::Ones, |o| o.sifted.table = BitTable([[10_290, 90], [91, 6_249]])),
    ];
    for (monitor, change) in cases {
        let raised = raised(DECLARED, change);
        assert!(raised.contains(&monitor), "{monitor}: {raised:?}");
    }
}

#[test]
fn what_every_link_obeys_is_checked_without_a_declaration() {
    // Where single photons are blocked the gain is that of photon pairs: (0.1/0.5)² of the brighter one's.
    let split = |observed: &mut Observed| (observed.sifted.n_key[1], observed.sifted.n_test[1]) = (830, 360);
    assert_eq!(raised("{}", split), [Monitor::GainRatios]);
    // As many detections per pulse at every intensity would be proportional to the probabilities.
    let flat =
        |observed: &mut Observed| (observed.sifted.n_key[1], observed.sifted.n_test[1]) = (30_000, 10_000);
    assert_eq!(raised("{}", flat), [Monitor::GainRatios]);
    let bright_errors = |observed: &mut Observed| observed.sifted.m_test[0] = 1_000;
    assert_eq!(raised("{}", bright_errors), [Monitor::ErrorOrder]);
    let ones_err = |observed: &mut Observed| observed.sifted.table = BitTable([[8_290, 90], [800, 7_540]]);
    assert_eq!(raised("{}", ones_err), [Monitor::ErrorSymmetry]);
    let biased = |observed: &mut Observed| receiver(observed).clicks[1] = [18_000, 12_000];
    assert_eq!(raised("{}", biased), [Monitor::Ones]);
}

#[test]
fn a_lost_batch_is_found_among_many() {
    let many = |observed: &mut Observed| {
        observed.batches = vec![(100_000, 1_000); 100];
        observed.batches[57] = (100_000, 700);
    };
    let mut observed = healthy();
    many(&mut observed);
    let findings = watch(&profile(DECLARED), &observed);
    assert_eq!(findings[0].verdict, Verdict::Fine, "the block as a whole has as many as it should");
    assert_eq!((findings[1].verdict, findings[1].events), (Verdict::Alarm, Some(700)));
}

#[test]
fn numbers_of_key_bits_are_withheld() {
    let findings = watch(&profile(DECLARED), &healthy());
    let (secret, public): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.secret);
    let subjects: Vec<_> = secret.iter().map(|finding| finding.subject.as_str()).collect();
    let of_key = ["detectors of the key basis", "Alice's key bits", "key, ones against zeros"];
    assert_eq!(subjects, of_key);
    let shown = withhold(&findings);
    assert_eq!(shown.len(), findings.len());
    for finding in shown {
        match public.iter().find(|known| known.subject == finding.subject && known.monitor == finding.monitor)
        {
            Some(known) => assert_eq!(&&finding, known),
            None => assert_eq!((finding.events, finding.measured, finding.tail), (None, None, None)),
        }
    }
}
