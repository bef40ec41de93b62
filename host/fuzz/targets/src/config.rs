//! Config files: whatever passes validation can be used, and no formula lets a key be longer than what went into it.

use qkdpp_channel::{Expectation, Link};
use qkdpp_protocol::Profile;
use qkdpp_protocol::proof::Counts;

/// Checks one input.
///
/// # Panics
/// If a valid config cannot be used.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(link) = Link::from_toml(text) {
        let expected = Expectation::of(&link).expect("the link was validated");
        assert!((0.0..=1.0).contains(&expected.key_qber()), "error rate {}", expected.key_qber());
    }
    let Ok(mut tables) = toml::from_str::<toml::Table>(text) else { return };
    let Some(table) = tables.remove("profile") else { return };
    let Ok(profile) = table.try_into::<Profile>() else { return };
    if profile.validate().is_ok() {
        use_profile(&profile);
    }
}

fn use_profile(profile: &Profile) {
    let text = toml::to_string(profile).expect("a profile has a text form");
    let again: Profile = toml::from_str(&text).expect("what was written");
    assert!(again == *profile && again.hash() == profile.hash(), "read again: {again:?}");
    let classes = profile.intensities.len().max(1);
    let each = |total: u64| (0..classes).map(|class| total >> class).collect::<Vec<u64>>();
    for (key, test, errors) in [(0, 0, 0), (10_000, 4_000, 40), (1 << 40, 1 << 38, 1 << 30)] {
        let counts = Counts {
            mu: profile.intensities.clone(),
            p: profile.probabilities.clone(),
            n_key: each(key),
            m_key: each(errors),
            n_test: each(test),
            m_test: each(errors),
            leak: key as f64 / 10.0,
            dropped_key: 0,
        };
        let evaluation = profile.proof.evaluate(&counts);
        let sifted: u64 = counts.n_key.iter().sum();
        assert!(evaluation.ell <= sifted, "{} secret bits of {sifted}", evaluation.ell);
    }
}
