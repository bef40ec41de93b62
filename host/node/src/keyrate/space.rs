//! [`Space`]: the unit cube, every point of which is valid [`Settings`] of a link.

use std::ops::RangeInclusive;

use qkdpp_channel::keyrate::Settings;
use qkdpp_channel::{Link, Source};

/// Mean photon numbers of the brightest intensity that are searched.
const BRIGHTEST: RangeInclusive<f64> = 0.05..=1.5;
/// Parts of the way from the dimmest to the brightest intensity at which the one between may lie.
const BETWEEN: RangeInclusive<f64> = 0.02..=0.98;
/// Probabilities that are searched; close to 0 and 1 they are resolved more finely.
const SHARES: RangeInclusive<f64> = 0.002..=0.998;
/// Pairs per slot that are searched, on a logarithmic scale.
const PAIRS: RangeInclusive<f64> = 1e-5..=0.5;

/// The settings of a link, as a unit cube.
#[derive(Clone, Copy, Debug)]
pub(super) enum Space {
    /// Brightest intensity, the one below it, the probabilities of both and of the key basis. The dimmest, `vacuum`, is
    /// as the modulator's extinction lets it be, and stays.
    TwoDecoys { vacuum: f64 },
    /// Both intensities, the probability of the brighter and of the key basis.
    OneDecoy,
    /// Pairs per slot and the share of the test.
    Pairs,
}

impl Space {
    /// The space of `link`, whose profile has decoys: one or two.
    pub(super) fn of(link: &Link) -> Self {
        match &link.source {
            Source::WeakCoherent(source) => match source.intensities[..] {
                [_, _, vacuum] => Self::TwoDecoys { vacuum },
                _ => Self::OneDecoy,
            },
            Source::EntangledPairs(_) => Self::Pairs,
        }
    }

    pub(super) fn dimensions(self) -> usize {
        match self {
            Self::TwoDecoys { .. } => 5,
            Self::OneDecoy => 4,
            Self::Pairs => 2,
        }
    }

    /// The settings at `x`, with as many coordinates, each from 0 to 1.
    pub(super) fn settings(self, x: &[f64]) -> Settings {
        match self {
            Self::TwoDecoys { vacuum } => {
                // The decoy formulas divide by μ1 − μ2 − μ3, which is positive for every μ2 between.
                let brightest = linear(x[0], BRIGHTEST) + 2.0 * vacuum;
                let decoy = vacuum + linear(x[1], BETWEEN) * (brightest - 2.0 * vacuum);
                let (first, second) = (share(x[2]), share(x[3]));
                Settings::Decoy {
                    intensities: vec![brightest, decoy, vacuum],
                    probabilities: vec![first, (1.0 - first) * second, (1.0 - first) * (1.0 - second)],
                    key_basis_probability: share(x[4]),
                }
            }
            Self::OneDecoy => {
                let brightest = linear(x[0], BRIGHTEST);
                let first = share(x[2]);
                Settings::Decoy {
                    intensities: vec![brightest, linear(x[1], BETWEEN) * brightest],
                    probabilities: vec![first, 1.0 - first],
                    key_basis_probability: share(x[3]),
                }
            }
            Self::Pairs => Settings::Pairs {
                pairs_per_slot: linear(x[0], PAIRS.start().ln()..=PAIRS.end().ln()).exp(),
                test_fraction: share(x[1]),
            },
        }
    }
}

fn linear(x: f64, range: RangeInclusive<f64>) -> f64 {
    range.start() + x * (range.end() - range.start())
}

/// A probability, by the logistic function.
fn share(x: f64) -> f64 {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    1.0 / (1.0 + (-linear(x, logit(*SHARES.start())..=logit(*SHARES.end()))).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use qkdpp_channel::Config;

    /// Corners, edges, faces and the middle of the cube.
    #[test]
    fn every_point_is_valid() {
        for name in ["fibre-50km", "fibre-10km-record", "bbm92-50km"] {
            let Config { link, profile, .. } = Config::load(name).expect("a preset");
            let link = link.expect("a link");
            let space = Space::of(&link);
            for index in 0..3_usize.pow(space.dimensions() as u32) {
                let digit = |k: usize| (index / 3_usize.pow(k as u32) % 3) as f64 / 2.0;
                let x: Vec<f64> = (0..space.dimensions()).map(digit).collect();
                let (mut link, mut profile) = (link.clone(), profile.clone());
                space.settings(&x).apply(&mut link, &mut profile);
                link.validate().unwrap_or_else(|error| panic!("{name} {x:?}: {error}"));
                profile.validate().unwrap_or_else(|error| panic!("{name} {x:?}: {error}"));
                if let [signal, decoy, vacuum] = profile.intensities[..] {
                    assert!(signal > decoy + vacuum, "{:?}", profile.intensities);
                }
            }
        }
    }

    #[test]
    fn a_share_is_symmetric_and_spans_its_range() {
        assert!((share(0.5) - 0.5).abs() < 1e-15);
        assert!((share(0.0) - SHARES.start()).abs() < 1e-12 && (share(1.0) - SHARES.end()).abs() < 1e-12);
        assert!((share(0.3) + share(0.7) - 1.0).abs() < 1e-12);
    }
}
