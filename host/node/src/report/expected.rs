//! What the closed-form model of the link expects, to set beside what was measured.

use qkdpp_channel::Link;
pub(crate) use qkdpp_channel::keyrate::EFFICIENCY;
use qkdpp_channel::keyrate::{Assumptions, Block, Point};
use qkdpp_protocol::Profile;
use serde::Serialize;

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
        let block = Block::Slots(profile.slots_per_block as f64);
        let point = Point::of(link, profile, block, Assumptions::default()).ok()?;
        (point.sifted_bits > 0).then_some(Self {
            sifted_bits: point.sifted_bits as f64,
            qber: point.qber,
            secret_bits: point.secret_bits,
            secret_bits_per_link_second: point.secret_bits_per_second,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qkdpp_channel::Config;

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
