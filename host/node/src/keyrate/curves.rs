//! `qkdpp keyrate sweep` and `qkdpp keyrate optimise`: key rates of a link against distance or block size.

use std::fs;
use std::path::Path;

use qkdpp_channel::keyrate::{Block, Point};
use qkdpp_channel::{Detector, Link, Loss, Source, protocol_name};
use serde::Serialize;

use super::grid::{Grid, GridArguments, Site};
use super::plot::{Axis, Curve, Plot};
use super::{search, table};
use crate::error::Failure;
use crate::report::units;

/// Key rates of a link against distance and block size, with the settings of its config.
///
/// The link's closed form gives the counts of a block, its proof the key length. Nothing is drawn at random.
#[derive(clap::Args)]
#[command(after_help = "\
A block is fixed in slots, as in a profile, or in sifted key bits (n), as in papers. Where the config has [[settings]]
for blocks of n sifted bits, they are used; other blocks have those of [link].

Columns: QBER of the sifted bits; phase, the bound on the phase error rate; leak, f·n·h(QBER) and the verification tags;
secret bits per block, per slot, and per second of link time. keyrate.csv has them in full precision, keyrate.svg draws
secret bits per slot: against distance, one curve for each block size, or against block size at one distance.

Examples:
  qkdpp keyrate sweep --config fibre-50km --distance 0..150:5 --out rates
  qkdpp keyrate sweep --config fibre-50km --slots 1e8,1e9,1e10,1e11 --json
  qkdpp keyrate sweep --config lim-2014 --distance 0..150:1 --sifted-bits 1e4,1e5,1e6,1e7,1e8,1e9 --as-published --out rates

The last draws the curves of Lim et al., Phys. Rev. A 89, 022307 (2014), with the settings of its table I.")]
pub(super) struct Sweep {
    #[command(flatten)]
    grid: GridArguments,
}

/// The settings of the source with the highest key rate, for each distance and block size.
///
/// Searched are, for decoy states, the intensities (but the weakest of three, which the modulator's extinction gives),
/// their probabilities and the key-basis probability of both sides; for a pair source, the pairs per slot and the share
/// of the test. Differential evolution finds the region, Nelder–Mead the optimum.
#[derive(clap::Args)]
#[command(after_help = "\
Columns are those of `qkdpp keyrate sweep`, and then the settings: mu and p, mean photon numbers and probabilities,
brightest first; key_basis; or pairs and test. Rates hold for the model of the link; a search cannot know its errors.

Examples:
  qkdpp keyrate optimise --config fibre-50km
  qkdpp keyrate optimise --config lim-2014 --distance 0..150:10 --sifted-bits 1e5,1e7,1e9 --out best")]
pub(super) struct Optimise {
    #[command(flatten)]
    grid: GridArguments,
    /// Seed of the search: the same seed gives the same settings
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Sweep {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let grid = self.grid.grid()?;
        let series = compute(&grid, |Site { link, profile, block }| {
            Point::of(link, profile, *block, grid.assumptions).map_err(Failure::input)
        })?;
        let tuned = |&block: &Block| grid.settings_for(block).is_some();
        let how = if grid.blocks.iter().any(tuned) {
            "settings of the config for each block size"
        } else {
            "settings of the config"
        };
        Answer { grid: &grid, how: how.to_owned(), series }.deliver(&self.grid)
    }
}

impl Optimise {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let grid = self.grid.grid()?;
        let series = compute(&grid, |Site { link, profile, block }| {
            search::best(link, profile, *block, grid.assumptions, self.seed)
        })?;
        let how = format!("settings optimised at each point, seed {}", self.seed);
        Answer { grid: &grid, how, series }.deliver(&self.grid)
    }
}

fn compute(grid: &Grid, point: impl Fn(&Site) -> Result<Point, Failure>) -> Result<Vec<Vec<Point>>, Failure> {
    let sites = grid.sites()?;
    sites.iter().map(|series| series.iter().map(&point).collect()).collect()
}

/// The points of a grid, block size by block size, and what they hold for.
struct Answer<'a> {
    grid: &'a Grid,
    /// Where the settings are from.
    how: String,
    series: Vec<Vec<Point>>,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Object<'a> {
    config: &'a str,
    proof: &'static str,
    rigorous: bool,
    f: f64,
    as_published: bool,
    settings: &'a str,
    points: Vec<&'a Point>,
}

impl Answer<'_> {
    /// Prints it and writes its files.
    fn deliver(&self, arguments: &GridArguments) -> Result<(), Failure> {
        let written = match &arguments.out {
            Some(folder) => self.write(folder)?,
            None => Vec::new(),
        };
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&self.object()).map_err(Failure::input)?);
            return Ok(());
        }
        for line in self.notes() {
            println!("{line}");
        }
        println!("\n{}", table::text(&self.series));
        if let Some(reason) = self.series.iter().flatten().find_map(|point| point.no_key.as_ref()) {
            println!("first point without a key: {reason}");
        }
        for path in written {
            println!("{path}");
        }
        Ok(())
    }

    fn object(&self) -> Object<'_> {
        let Grid { config, assumptions, .. } = self.grid;
        Object {
            config: &config.name,
            proof: config.profile.proof.name(),
            rigorous: config.profile.proof.is_rigorous(),
            f: assumptions.efficiency,
            as_published: assumptions.as_published,
            settings: &self.how,
            points: self.series.iter().flatten().collect(),
        }
    }

    /// Writes the table and, if there is something to draw, the plot; gives back their paths.
    fn write(&self, folder: &Path) -> Result<Vec<String>, Failure> {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        let mut files = vec![("keyrate.csv", table::csv(&self.series))];
        if self.series.iter().map(Vec::len).sum::<usize>() > 1
            && let Some(svg) = self.plot()?.svg()
        {
            files.push(("keyrate.svg", svg));
        }
        let write = |(name, text): (&str, String)| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(Failure::file(&path))?;
            Ok(path.display().to_string())
        };
        files.into_iter().map(write).collect()
    }

    fn plot(&self) -> Result<Plot, Failure> {
        let Grid { config, blocks, .. } = self.grid;
        let over_distance = self.series.iter().all(|points| points.len() > 1);
        let (x, curves) = if over_distance {
            let place = |point: &Point| (point.distance_km.unwrap_or(0.0), point.secret_bits_per_slot);
            let curve = |(block, points): (&Block, &Vec<Point>)| Curve {
                name: label(*block),
                points: points.iter().map(place).collect(),
            };
            (
                Axis { label: "fibre length (km)", logarithmic: false },
                blocks.iter().zip(&self.series).map(curve).collect(),
            )
        } else {
            let sifted = blocks.iter().all(|block| matches!(block, Block::SiftedBits(_)));
            let place = |point: &Point| {
                (if sifted { point.sifted_bits as f64 } else { point.slots }, point.secret_bits_per_slot)
            };
            let points = self.series.iter().flatten().map(place).collect();
            let label = if sifted { "block size (sifted key bits)" } else { "block size (slots)" };
            (Axis { label, logarithmic: true }, vec![Curve { name: String::new(), points }])
        };
        let y_label = match config.link()?.source {
            Source::WeakCoherent(_) => "secret key (bits per pulse)",
            Source::EntangledPairs(_) => "secret key (bits per slot)",
        };
        let title = format!("Secret key rate: {}", config.name);
        Ok(Plot { title, notes: self.notes(), x, y_label, curves })
    }

    /// For what the points hold.
    fn notes(&self) -> Vec<String> {
        let Grid { config, assumptions, .. } = self.grid;
        let proof = &config.profile.proof;
        let mut notes = vec![format!(
            "{}, proof {}, ε {} per block; f = {}; {}",
            protocol_name(config.profile.protocol),
            proof.name(),
            units::power_of_ten(proof.epsilon().total()),
            assumptions.efficiency,
            self.how
        )];
        notes.extend(config.link.as_ref().map(optics));
        if assumptions.as_published {
            notes.push("as published: channel and sampling bound of the paper, which is an approximation; not proved".to_owned());
        }
        notes
    }
}

/// The size of a block and what it counts.
fn label(block: Block) -> String {
    match block {
        Block::Slots(slots) => format!("{} slots", units::power_of_ten(slots)),
        Block::SiftedBits(bits) => format!("{} sifted bits", units::power_of_ten(bits)),
    }
}

/// The link in one line.
fn optics(link: &Link) -> String {
    let loss = match &link.loss {
        Loss::Fibre { attenuation_db_per_km, .. } => format!("fibre {attenuation_db_per_km} dB/km"),
        Loss::Fixed { db } => format!("loss {db} dB"),
        Loss::Pass { .. } => "pass of a satellite".to_owned(),
    };
    let Detector { efficiency, dark_count_probability, after_pulse_probability, dead_time_slots, .. } =
        link.detector;
    format!(
        "{}, {loss}, detectors {} %, dark counts {} per slot, after-pulses {} %, dead time \
         {dead_time_slots} slots",
        units::frequency(link.clock_hz),
        units::significant(100.0 * efficiency),
        units::power_of_ten(dark_count_probability),
        units::significant(100.0 * after_pulse_probability)
    )
}
