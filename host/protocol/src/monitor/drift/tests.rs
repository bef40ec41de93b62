//! The charts' false alarms against published run lengths and a seeded simulation.

use super::*;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Successes in 64·`words` trials of probability 1/2.
    fn halves(&mut self, words: u32) -> u64 {
        (0..words).map(|_| u64::from(self.word().count_ones())).sum()
    }
}

#[test]
fn run_lengths_are_those_of_the_tables() {
    // Two-sided charts with k = 1/2 (Montgomery, Introduction to Statistical Quality Control, table 9.3): mean run
    // lengths of 168 at h = 4 and 465 at h = 5.
    for (limit, published) in [(4.0, 168.0), (5.0, 465.0)] {
        let two_sided = siegmund(0.5, limit) / 2.0;
        assert!((two_sided / published - 1.0).abs() < 0.02, "h = {limit}: {two_sided}");
    }
    let limit = decision_interval(0.5, 4e6);
    assert!((siegmund(0.5, limit) / 4e6 - 1.0).abs() < 1e-6 && (12.0..16.0).contains(&limit), "{limit}");
}

const SETTINGS: DriftSettings =
    DriftSettings { detections: 0.5, qber: 0.5, spread: 0.0, shift: 1.0, blocks_to_false_alarm: 200.0 };

fn block(random: &mut Random) -> Sample {
    let (detections, errors) = (random.halves(64), random.halves(64));
    Sample { slots: 64 * 64, detections, sifted: 64 * 64, errors }
}

fn alarms(findings: &[Finding; 2]) -> bool {
    findings.iter().any(|finding| finding.verdict == Verdict::Alarm)
}

#[test]
fn false_alarms_come_as_rarely_as_declared() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let runs = 2000;
    let lengths: Vec<f64> = (0..runs)
        .map(|_| {
            let mut drift = Drift::default();
            (1..100_000)
                .find(|_| {
                    let (next, findings) = drift.after(&SETTINGS, &block(&mut random));
                    drift = next;
                    alarms(&findings)
                })
                .map_or(0.0, f64::from)
        })
        .collect();
    let mean = lengths.iter().sum::<f64>() / f64::from(runs);
    let variance = lengths.iter().map(|length| (length - mean).powi(2)).sum::<f64>() / f64::from(runs - 1);
    // 99.9 % interval of the mean; Siegmund's approximation is good to some percent.
    let half_width = 3.29 * (variance / f64::from(runs)).sqrt();
    println!("{runs} runs: mean of {mean:.1} ± {half_width:.1} blocks to a false alarm, 200 declared");
    assert!(mean - half_width < 210.0 && mean + half_width > 190.0, "{mean} ± {half_width}");
}

#[test]
fn a_lasting_change_is_found_and_its_end_too() {
    let settings = DriftSettings { blocks_to_false_alarm: 1e6, ..SETTINGS };
    let mut random = Random(7);
    let mut drift = Drift::default();
    let mut step = |drift: &mut Drift, shift: i64| {
        let mut sample = block(&mut random);
        sample.detections = sample.detections.saturating_add_signed(shift);
        let (next, findings) = drift.after(&settings, &sample);
        *drift = next;
        alarms(&findings)
    };
    assert!((0..1000).all(|_| !step(&mut drift, 0)), "no alarm without a change");
    // Two standard deviations of 32: one block shows nothing, h/(2 − 1/2), about ten blocks, do.
    let found = (1..1000).find(|_| step(&mut drift, -64)).unwrap_or(0);
    assert!((5..=20).contains(&found), "after {found} blocks");
    (0..100).for_each(|_| {
        step(&mut drift, -64);
    });
    let recovered = (1..1000).find(|_| !step(&mut drift, 0)).unwrap_or(0);
    assert!((10..=60).contains(&recovered), "after {recovered} blocks");
}

#[test]
fn blocks_without_a_sifted_key_say_nothing_about_errors() {
    let sample = Sample { slots: 4096, detections: 2048, sifted: 0, errors: 0 };
    let (drift, findings) = Drift::default().after(&SETTINGS, &sample);
    assert_eq!(drift, Drift::default());
    assert!(!alarms(&findings));
}
