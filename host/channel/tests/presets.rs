//! The preset configs: each is a valid link whose expectation is what its comments promise.

use qkdpp_channel::{Expectation, Link, LinkError, Model, PRESETS, Published, Source, preset};
use serde::Deserialize;

/// The parts of `[profile]` that must fit the link.
#[derive(Deserialize)]
struct Profile {
    name: String,
    slots_per_block: u64,
    #[serde(default)]
    intensities: Vec<f64>,
    #[serde(default)]
    probabilities: Vec<f64>,
    expected_qber: f64,
}

fn load(name: &str) -> (Link, Profile, Published) {
    #[derive(Deserialize)]
    struct Config {
        profile: Profile,
    }
    let text = preset(name).unwrap();
    let link = Link::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let Config { profile } = toml::from_str(text).unwrap();
    (link, profile, Published::from_toml(text).unwrap())
}

#[test]
fn every_preset_is_consistent_and_runs() {
    assert!(PRESETS.iter().any(|(name, _)| *name == "fibre-50km"));
    for (name, _) in PRESETS {
        let (link, profile, published) = load(name);
        assert_eq!(profile.name, *name);
        if let Source::WeakCoherent(source) = &link.source {
            assert_eq!(profile.intensities, source.intensities, "{name}");
            assert_eq!(profile.probabilities, source.probabilities, "{name}");
        }
        let expected = Expectation::of(&link).unwrap();
        assert!(
            (profile.expected_qber / expected.key_qber() - 1.0).abs() < 0.2,
            "{name}: {}",
            expected.key_qber()
        );
        if let Some(qber) = published.qber {
            assert!((expected.key_qber() / qber - 1.0).abs() < 0.1, "{name}: {}", expected.key_qber());
        }
        assert!(profile.slots_per_block > 0);
        let (_, bob) = Model::new(&link, 1).unwrap().next_batch(5_000_000);
        assert!(!bob.is_empty(), "{name}");
    }
    assert_eq!(preset("fibre-51km"), None);
}

#[test]
fn a_block_of_the_default_has_ten_million_key_bits() {
    let (link, profile, published) = load("fibre-50km");
    let expected = Expectation::of(&link).unwrap();
    let key_bits = expected.key_per_slot() * profile.slots_per_block as f64;
    assert!((1.3e7..1.5e7).contains(&key_bits), "{key_bits}");
    assert!((0.009..0.011).contains(&expected.key_qber()), "{}", expected.key_qber());
    assert_eq!(published.secret_bits_per_second, Some(1.09e6));
}

#[test]
fn published_figures_may_be_missing_but_not_misspelt() {
    assert_eq!(Published::from_toml("[link]\nclock_hz = 1").unwrap(), Published::default());
    let error = Published::from_toml("[published]\nqbr = 0.01").unwrap_err();
    assert!(
        matches!(error, LinkError::Syntax(_)) && error.to_string().contains("unknown field `qbr`"),
        "{error}"
    );
}
