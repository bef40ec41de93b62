//! Bad and good configs.

use super::*;

const GOOD: &str = "
    [link]
    clock_hz = 1e9
    loss.fibre = { km = 50.0, attenuation_db_per_km = 0.2 }
    [link.source.weak-coherent]
    intensities = [0.43, 0.20, 2e-4]
    probabilities = [0.41, 0.45, 0.14]
    key_basis_probability = 0.87
    misalignment_key = 5e-3
    misalignment_test = 5e-3
    [link.detector]
    efficiency = 0.1
    dark_count_probability = 6e-7
    after_pulse_probability = 0.04
    dead_time_slots = 30
    key_basis_probability = 0.87
    [profile]
    name = 'read by others'
";

fn error_with(good: &str, bad: &str) -> String {
    assert!(GOOD.contains(good), "{good} is not in the config");
    Link::from_toml(&GOOD.replace(good, bad)).unwrap_err().to_string()
}

#[test]
fn a_good_config_is_read() {
    let link = Link::from_toml(GOOD).unwrap();
    assert_eq!(link.loss, Loss::Fibre { km: 50.0, attenuation_db_per_km: 0.2 });
    assert_eq!(link.detector.dead_time_slots, 30);
    let stretch = link.loss.stretch(12, link.clock_hz);
    assert!((stretch.transmittance - 0.1).abs() < 1e-15);
}

#[test]
fn a_bad_number_is_named_with_its_range() {
    assert_eq!(
        error_with("efficiency = 0.1", "efficiency = -0.1"),
        "link.detector.efficiency = -0.1; it must lie in [0, 1]"
    );
    assert_eq!(
        error_with("clock_hz = 1e9", "clock_hz = nan"),
        "link.clock_hz = NaN; it must lie in [1, 1000000000000]"
    );
    assert_eq!(error_with("km = 50.0", "km = inf"), "link.loss.fibre.km = inf; it must lie in [0, 5000]");
    assert_eq!(
        error_with("0.20, 2e-4", "0.20, nan"),
        "link.source.weak-coherent.intensities[2] = NaN; it must lie in [0, 10]"
    );
    assert!(error_with("dead_time_slots = 30", "dead_time_slots = -1").contains("dead_time_slots"));
}

#[test]
fn lists_must_fit_together() {
    assert_eq!(
        error_with("0.20, 2e-4", "0.50, 2e-4"),
        "link.source.weak-coherent.intensities[1] = 0.5 must be below 0.43, its predecessor"
    );
    assert_eq!(
        error_with("0.45, 0.14", "0.59"),
        "link.source.weak-coherent.probabilities has 2 entries; it must have 3 to 3"
    );
    assert_eq!(
        error_with("0.41, 0.45, 0.14", "0.5, 0.5, 0.5"),
        "link.source.weak-coherent.probabilities sum to 1.5; the sum must be 1"
    );
}

#[test]
fn unknown_and_missing_keys_are_named() {
    let unknown = error_with("efficiency = 0.1", "eficiency = 0.1");
    assert!(unknown.contains("unknown field `eficiency`"), "{unknown}");
    let missing = error_with("clock_hz = 1e9", "");
    assert!(missing.contains("missing field `clock_hz`"), "{missing}");
    let variant = error_with("loss.fibre", "loss.string");
    assert!(variant.contains("unknown variant `string`"), "{variant}");
}

#[test]
fn a_pass_repeats_and_follows_its_profile() {
    let point = |seconds, db| PassPoint { seconds, db };
    let pass = Loss::Pass { points: vec![point(0.0, 50.0), point(100.0, 40.0), point(300.0, 50.0)] };
    pass.validate().unwrap();
    let clock = 1000.0;
    assert_eq!(pass.period(clock), 300_000);
    let db = |slot| -10.0 * pass.stretch(slot, clock).transmittance.log10();
    assert!((db(0) - 49.995).abs() < 1e-9, "first step, at its middle: {}", db(0));
    assert!((db(100_000) - 40.0025).abs() < 1e-9, "{}", db(100_000));
    assert!((db(300_000 + 50_000) - 44.995).abs() < 1e-9, "{}", db(350_000));
    assert_eq!(pass.stretch(299_950, clock).end, 300_000);
    assert_eq!(pass.stretch(300_000, clock).end, 300_100);

    let backwards = Loss::Pass { points: vec![point(0.0, 50.0), point(2.0, 40.0), point(2.0, 50.0)] };
    assert_eq!(
        backwards.validate().unwrap_err().to_string(),
        "link.loss.pass.points.seconds[2] = 2 must be above 2, its predecessor"
    );
}
