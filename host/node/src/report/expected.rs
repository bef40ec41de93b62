//! What the closed-form model of the link expects, to set beside what was measured.

use qkdpp_channel::{Expectation, Level, Link};
use qkdpp_protocol::Profile;
use qkdpp_protocol::profile::{Protocol, Test};
use qkdpp_protocol::proof::Counts;
use serde::Serialize;

use crate::reconcile::entropy;

/// Efficiency of error correction in the modelled rate: the value with which key rates are usually published.
pub(crate) const EFFICIENCY: f64 = 1.16;

/// Expected figures of one block.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Modelled {
    pub(crate) sifted_bits: f64,
    pub(crate) qber: f64,
    /// With error correction at f = 1.16.
    pub(crate) secret_bits: u64,
    pub(crate) secret_bits_per_link_second: f64,
}

impl Modelled {
    /// The expectation for a block of `profile` on `link`; `None` if nothing is detected.
    pub(crate) fn of(link: &Link, profile: &Profile) -> Option<Self> {
        let expectation = Expectation::of(link).ok()?;
        let slots = profile.slots_per_block as f64;
        let mut counts = match (profile.protocol, profile.test) {
            (Protocol::DecoyBb84, _) | (_, Test::Basis) => by_basis(&expectation.levels, slots, profile),
            (Protocol::Bbm92, Test::Sample { fraction }) => sampled(&expectation.levels, slots, fraction),
        };
        let (bits, errors) = (counts.key_detections(), counts.m_key.iter().sum::<u64>());
        if bits == 0 {
            return None;
        }
        let qber = errors as f64 / bits as f64;
        let segments = bits.div_ceil(profile.verification.segment_bits.into());
        let verification = segments * u64::from(profile.verification.tag_bits + 1);
        counts.leak = EFFICIENCY * bits as f64 * entropy(qber) + verification as f64;
        let secret_bits = profile.proof.evaluate(&counts).ell;
        Some(Self {
            sifted_bits: bits as f64,
            qber,
            secret_bits,
            secret_bits_per_link_second: secret_bits as f64 * link.clock_hz / slots,
        })
    }
}

/// Key basis and test basis, per intensity.
fn by_basis(levels: &[Level], slots: f64, profile: &Profile) -> Counts {
    let all = |of: fn(&Level) -> f64| levels.iter().map(|level| (slots * of(level)).round() as u64).collect();
    Counts {
        mu: profile.intensities.clone(),
        p: profile.probabilities.clone(),
        n_key: all(|level| level.key),
        m_key: all(|level| level.key_errors),
        n_test: all(|level| level.test),
        m_test: all(|level| level.test_errors),
        ..Counts::default()
    }
}

/// A share of all sifted bits is the test, whatever their basis.
fn sampled(levels: &[Level], slots: f64, fraction: f64) -> Counts {
    let sum = |of: fn(&Level) -> f64| slots * levels.iter().map(of).sum::<f64>();
    let bits = sum(|level| level.key + level.test);
    let errors = sum(|level| level.key_errors + level.test_errors);
    let share = |value: f64, share: f64| vec![(value * share).round() as u64];
    Counts {
        n_key: share(bits, 1.0 - fraction),
        m_key: share(errors, 1.0 - fraction),
        n_test: share(bits, fraction),
        m_test: share(errors, fraction),
        ..Counts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn presets_are_modelled_near_their_published_rates() {
        // The presets' free parameters were chosen to meet these rates, or to come near them.
        for (name, rate, within) in [
            ("daylight-275m", 142.94e3, 0.1),
            ("fibre-10km-record", 115.8e6, 0.1),
            ("bbm92-50km", 6.5e3, 0.3),
        ] {
            let config = Config::load(name).expect("a preset");
            let modelled =
                Modelled::of(config.link.as_ref().expect("a link"), &config.profile).expect("detections");
            let ratio = modelled.secret_bits_per_link_second / rate;
            assert!((ratio - 1.0).abs() < within, "{name}: {}", modelled.secret_bits_per_link_second);
        }
    }
}
