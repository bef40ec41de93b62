//! The best [`Settings`] of a link: a global search, then a local one from where it ended.
//!
//! ```text
//! unit cube ─▶ Space ─▶ Settings ─▶ Point ─▶ cost = −ln(secret bits per slot)
//!     └─ differential evolution (seeded), then Nelder–Mead from its best member
//! ```
//! [`Space`] maps the cube onto settings that are valid by construction: intensities in order, probabilities with the
//! sum 1. The searches need no constraint but the cube, and no point of it is wasted. Both run in one thread, so that a
//! seed gives the same settings every time.

use std::convert::Infallible;

use basin::{
    BoxBounds, Constrained, ConstraintSet, CostFunction, De, DeMutation, Executor, NelderMead,
    PopulationProgress, SimplexProgress,
};
use qkdpp_channel::Link;
use qkdpp_channel::keyrate::{Assumptions, Block, Point, PointError, Settings};
use qkdpp_protocol::Profile;
use qkdpp_protocol::proof::ZeroKey;

use super::space::Space;
use crate::error::Failure;

/// Generations of differential evolution at most; it stops earlier once the best member has settled.
const GENERATIONS: u64 = 150;
/// Generations without gain after which it has.
const PATIENCE: u64 = 15;
/// The gain that counts, as a share of the rate.
const GAIN: f64 = 1e-4;
/// Members of the population for each dimension of the cube.
const MEMBERS_PER_DIMENSION: usize = 8;
/// Steps of Nelder–Mead at most.
const SIMPLEX_STEPS: u64 = 600;
/// Relative spread of the simplex at which it has converged.
const SIMPLEX_SPREAD: f64 = 1e-7;

/// The point with the most secret bits per slot, and its settings; where there is no key, the point of the settings that
/// the link has.
///
/// # Errors
/// If the link is not valid, or detects nothing.
pub(super) fn best(
    link: &Link,
    profile: &Profile,
    block: Block,
    assumptions: Assumptions,
    seed: u64,
) -> Result<Point, Failure> {
    let objective = || Objective { space: Space::of(link), link, profile, block, assumptions };
    let dimensions = objective().space.dimensions();
    let cube = || {
        let bounds = BoxBounds::new(Some(vec![0.0; dimensions]), Some(vec![1.0; dimensions]));
        Constrained::new(objective(), ConstraintSet::new().with_bounds(bounds))
    };
    let global = De::new(seed)
        .with_mutation(DeMutation::RandToBest1)
        .with_dither(0.4, 0.9)
        .with_pop_size(MEMBERS_PER_DIMENSION * dimensions);
    let found = Executor::new(cube(), global, PopulationProgress::empty())
        .max_iter(GENERATIONS)
        .no_objective_improvement(PATIENCE, GAIN)
        .run()
        .map_err(Failure::input)?;
    let local = NelderMead::adaptive()
        .projected()
        .with_absolute_simplex_size_tolerance(SIMPLEX_SPREAD)
        .with_absolute_simplex_cost_tolerance(SIMPLEX_SPREAD);
    let refined = Executor::new(cube(), local, SimplexProgress::new(found.param().clone()))
        .max_iter(SIMPLEX_STEPS)
        .run()
        .map_err(Failure::input)?;
    let settings = objective().space.settings(refined.param());
    let point = objective().point(&settings).map_err(Failure::input)?;
    if point.secret_bits == 0 {
        // Of settings without a key none is the best.
        return Point::of(link, profile, block, assumptions).map_err(Failure::input);
    }
    Ok(Point { settings: Some(settings), ..point })
}

/// What the search minimises.
struct Objective<'a> {
    space: Space,
    link: &'a Link,
    profile: &'a Profile,
    block: Block,
    assumptions: Assumptions,
}

impl Objective<'_> {
    fn point(&self, settings: &Settings) -> Result<Point, PointError> {
        let (mut link, mut profile) = (self.link.clone(), self.profile.clone());
        settings.apply(&mut link, &mut profile);
        Point::of(&link, &profile, self.block, self.assumptions)
    }
}

impl CostFunction for Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Infallible;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Infallible> {
        Ok(self.point(&self.space.settings(x)).map_or(NOTHING, |point| cost(&point)))
    }
}

/// Costs of points without a key. They only have to be above those with one, which are below 100, and to fall towards
/// them.
const NO_ENTROPY: f64 = 1e3;
const NO_PHASE: f64 = 1e4;
const NO_PHOTONS: f64 = 2e4;
const NOTHING: f64 = 3e4;

fn cost(point: &Point) -> f64 {
    match &point.evaluation.zero {
        None => -(point.evaluation.ell_real / point.slots).ln(),
        Some(ZeroKey::Exhausted { ell_real, .. }) => {
            NO_ENTROPY * (1.0 - ell_real / point.sifted_bits as f64).min(9.0)
        }
        Some(ZeroKey::PhaseError { phi }) => NO_PHASE * (1.0 + phi.min(0.9)),
        Some(_) => NO_PHOTONS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qkdpp_channel::Config;

    fn with_lim_settings(km: f64) -> (Link, Profile) {
        let Config { link, profile, .. } = Config::load("lim-2014").expect("a preset");
        let mut link = link.expect("a link");
        link.loss = qkdpp_channel::Loss::Fibre { km, attenuation_db_per_km: 0.2 };
        (link, profile)
    }

    /// Beside the settings of the paper's authors, which they found with two digits for this very point.
    #[test]
    fn the_optimum_is_at_least_the_published_one() {
        let (link, mut profile) = with_lim_settings(100.0);
        profile.proof = serde_json::from_value(serde_json::json!({
            "name": "lim-2014", "eps_sec": 1e-10, "eps_cor": 1e-15, "sampling": "as-published",
        }))
        .expect("a proof");
        let assumptions = Assumptions { as_published: true, ..Assumptions::default() };
        let block = Block::SiftedBits(1e7);
        let published = Point::of(&link, &profile, block, assumptions).expect("a point");
        assert_eq!(published.secret_bits, 2_388_087);
        for seed in 1..=3 {
            let best = best(&link, &profile, block, assumptions, seed).expect("a point");
            assert!(best.secret_bits_per_slot > published.secret_bits_per_slot, "{best:?}");
            // A better rate takes a few more slots here, so the key is longer as well.
            assert!(best.secret_bits as f64 > 2_388_087.0 * (1.0 - 1e-3), "{best:?}");
        }
        // In as many slots as the authors need.
        let slots = best(&link, &profile, Block::Slots(published.slots), assumptions, 1).expect("a point");
        assert!(slots.secret_bits > published.secret_bits, "{slots:?}");
    }

    #[test]
    fn no_point_of_a_grid_is_better() {
        for (name, block) in [
            ("lim-2014", Block::SiftedBits(1e5)),
            ("lim-2014", Block::SiftedBits(1e8)),
            ("fibre-10km-record", Block::Slots(1e7)),
            ("bbm92-50km", Block::Slots(1e9)),
        ] {
            let Config { link, profile, .. } = Config::load(name).expect("a preset");
            let link = link.expect("a link");
            let assumptions = Assumptions::default();
            let best = best(&link, &profile, block, assumptions, 1).expect("a point");
            let space = Space::of(&link);
            let objective = Objective { space, link: &link, profile: &profile, block, assumptions };
            let steps: usize = match space.dimensions() {
                5 => 6,
                4 => 9,
                _ => 60,
            };
            let points = steps.pow(space.dimensions() as u32);
            let coordinates = |mut index: usize| -> Vec<f64> {
                let next = |_| {
                    let digit = index % steps;
                    index /= steps;
                    (digit as f64 + 0.5) / steps as f64
                };
                (0..space.dimensions()).map(next).collect()
            };
            let on_grid = (0..points)
                .map(|index| objective.point(&space.settings(&coordinates(index))).expect("a point"))
                .map(|point| point.secret_bits_per_slot)
                .fold(0.0, f64::max);
            assert!(
                on_grid > 0.0 && best.secret_bits_per_slot >= on_grid,
                "{name}: {on_grid} on the grid, {best:?}"
            );
        }
    }
}
