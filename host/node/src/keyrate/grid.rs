//! What `sweep` and `optimise` have in common on the command line: a config, distances, block sizes, assumptions.

use std::path::PathBuf;
use std::str::FromStr;

use qkdpp_channel::keyrate::{Assumptions, Block, BlockSettings, EFFICIENCY};
use qkdpp_channel::{Config, Link, Loss};
use qkdpp_protocol::Profile;
use qkdpp_protocol::proof::{Lim2014, Proof, Rusca2018, Sampling};
use serde::Deserialize;

use crate::error::Failure;

/// Points that one list may have.
const MAX_POINTS: usize = 10_000;

#[derive(clap::Args)]
pub(super) struct GridArguments {
    /// Config file that describes a link, or name of a preset
    #[arg(long, value_name = "FILE|NAME")]
    config: String,
    /// Lengths of the fibre: `FROM..TO:STEP`, or a list with commas [default: that of the config]
    #[arg(long, value_name = "KM")]
    distance: Option<Distances>,
    /// Sizes of a block in sifted key bits, the n of papers: a list with commas. The slots follow
    #[arg(long, value_name = "N,…", conflicts_with = "slots")]
    sifted_bits: Option<Sizes>,
    /// Sizes of a block in slots: a list with commas [default: slots_per_block of the profile]
    #[arg(long, value_name = "N,…")]
    slots: Option<Sizes>,
    /// The proof in place of that of the profile, as in a config: '{ name = "tl-2017", eps_sec = 1e-10, … }'
    #[arg(long, value_name = "TABLE", value_parser = proof)]
    proof: Option<Proof>,
    /// Efficiency f of error correction: it discloses f·n·h(Q) bits
    #[arg(long, value_name = "F", default_value_t = EFFICIENCY, value_parser = efficiency)]
    f: f64,
    /// Compute as Lim et al. 2014 print it, to compare with papers: after-pulses count for the intensity they follow, no
    /// dead time, no verification tags, and the approximate sampling bound. Such key lengths are not proved
    #[arg(long)]
    as_published: bool,
    /// Folder for keyrate.csv and, if there is more than one point, keyrate.svg; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Print one JSON object instead of the table
    #[arg(long)]
    pub(super) json: bool,
}

/// The points to compute, distance by distance for each block size.
pub(super) struct Grid {
    pub(super) config: Config,
    pub(super) assumptions: Assumptions,
    pub(super) blocks: Vec<Block>,
    /// Empty: as the config has it.
    distances: Vec<f64>,
}

/// One point of a grid before it is computed.
pub(super) struct Site {
    pub(super) link: Link,
    pub(super) profile: Profile,
    pub(super) block: Block,
}

impl GridArguments {
    /// # Errors
    /// If the config, the proof and the lists do not fit together.
    pub(super) fn grid(&self) -> Result<Grid, Failure> {
        let mut config = Config::load(&self.config)?;
        let link = config.link()?;
        if self.distance.is_some() && !matches!(link.loss, Loss::Fibre { .. }) {
            return Err(Failure::Input(format!(
                "{}: link.loss is no fibre, so --distance means nothing there",
                config.name
            )));
        }
        if let Some(proof) = self.proof {
            config.profile.proof = proof;
        }
        if self.as_published {
            config.profile.proof = as_published(config.profile.proof)?;
        }
        config.profile.validate().map_err(|error| Failure::Input(format!("{}: {error}", config.name)))?;
        let sizes = |sizes: &Sizes, block: fn(f64) -> Block| sizes.0.iter().copied().map(block).collect();
        let blocks = match (&self.sifted_bits, &self.slots) {
            (Some(bits), _) => sizes(bits, Block::SiftedBits),
            (None, Some(slots)) => sizes(slots, Block::Slots),
            (None, None) => vec![Block::Slots(config.profile.slots_per_block as f64)],
        };
        Ok(Grid {
            config,
            assumptions: Assumptions { efficiency: self.f, as_published: self.as_published },
            blocks,
            distances: self.distance.as_ref().map_or_else(Vec::new, |distances| distances.0.clone()),
        })
    }
}

impl Grid {
    /// All points with the settings of the config: those for the block size, if it has such, or those of its link.
    ///
    /// # Errors
    /// If the config has no link.
    pub(super) fn sites(&self) -> Result<Vec<Vec<Site>>, Failure> {
        let link = self.config.link()?;
        let series = |&block: &Block| -> Vec<Site> {
            let (mut link, mut profile) = (link.clone(), self.config.profile.clone());
            if let Some(tuned) = self.settings_for(block) {
                tuned.settings().apply(&mut link, &mut profile);
            }
            let site = |link: Link| Site { link, profile: profile.clone(), block };
            if self.distances.is_empty() {
                return vec![site(link)];
            }
            self.distances.iter().map(|&km| site(at(&link, km))).collect()
        };
        Ok(self.blocks.iter().map(series).collect())
    }

    /// The entry of the config's `[[settings]]` for blocks of this size.
    pub(super) fn settings_for(&self, block: Block) -> Option<&BlockSettings> {
        let Block::SiftedBits(bits) = block else { return None };
        self.config.settings.iter().find(|tuned| (tuned.sifted_bits / bits - 1.0).abs() < 1e-9)
    }
}

/// The link with another length of fibre.
fn at(link: &Link, km: f64) -> Link {
    let mut link = link.clone();
    if let Loss::Fibre { km: length, .. } = &mut link.loss {
        *length = km;
    }
    link
}

/// The proof with the approximation of its paper.
fn as_published(proof: Proof) -> Result<Proof, Failure> {
    let sampling = Sampling::AsPublished;
    match proof {
        Proof::Lim2014(lim) => Ok(Proof::Lim2014(Lim2014 { sampling, ..lim })),
        Proof::Rusca2018(rusca) => Ok(Proof::Rusca2018(Rusca2018 { sampling, ..rusca })),
        _ => Err(Failure::Input(format!(
            "--as-published is for the proofs lim-2014 and rusca-2018; {} has no approximate form",
            proof.name()
        ))),
    }
}

/// Fibre lengths (km), ascending.
#[derive(Clone, Debug, PartialEq)]
struct Distances(Vec<f64>);

impl FromStr for Distances {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lengths = match text.split_once("..") {
            Some((from, rest)) => {
                let (to, step) = rest.split_once(':').ok_or("a range has a step: FROM..TO:STEP")?;
                range(number(from)?, number(to)?, number(step)?)?
            }
            None => text.split(',').map(number).collect::<Result<_, _>>()?,
        };
        let ascending = lengths.windows(2).all(|pair| pair[0] < pair[1]);
        match lengths.iter().find(|km| !(0.0..=5000.0).contains(*km)) {
            Some(km) => Err(format!("{km} km; a fibre has 0 to 5000")),
            None if !ascending => Err("the lengths must ascend".to_owned()),
            None => Ok(Self(lengths)),
        }
    }
}

/// From `from` to `to`, both included if the step divides the way.
fn range(from: f64, to: f64, step: f64) -> Result<Vec<f64>, String> {
    let steps = (to - from) / step;
    if !(step > 0.0 && (0.0..MAX_POINTS as f64).contains(&steps)) {
        return Err(format!("{from}..{to}:{step} has no points, or more than {MAX_POINTS}"));
    }
    Ok((0..=(steps + 1e-9) as u32).map(|index| from + f64::from(index) * step).collect())
}

/// Block sizes, ascending.
#[derive(Clone, Debug, PartialEq)]
struct Sizes(Vec<f64>);

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut sizes: Vec<f64> = text.split(',').map(number).collect::<Result<_, _>>()?;
        // Counts beyond 2^53 are not exact.
        if let Some(size) = sizes.iter().find(|size| !(1.0..=9e15).contains(*size)) {
            return Err(format!("{size}; a block has 1 to 9e15"));
        }
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        if sizes.len() > MAX_POINTS { Err(format!("more than {MAX_POINTS} sizes")) } else { Ok(Self(sizes)) }
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("{text:?} is no number"))
}

fn efficiency(text: &str) -> Result<f64, String> {
    match number(text)? {
        f if (1.0..=10.0).contains(&f) => Ok(f),
        f => Err(format!("{f}; it must lie between 1, the Shannon limit, and 10")),
    }
}

/// A proof as profiles write it.
fn proof(text: &str) -> Result<Proof, String> {
    #[derive(Deserialize)]
    struct Holder {
        proof: Proof,
    }
    let Holder { proof } = toml::from_str(&format!("proof = {text}"))
        .map_err(|error: toml::de::Error| error.message().lines().collect::<Vec<_>>().join("; "))?;
    proof.validate().map_err(|error| error.to_string())?;
    Ok(proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_a_range_or_a_list() {
        let parsed = |text: &str| text.parse::<Distances>().map(|distances| distances.0);
        assert_eq!(parsed("0..150:50"), Ok(vec![0.0, 50.0, 100.0, 150.0]));
        assert_eq!(parsed("0..1:0.1").map(|list| list.len()), Ok(11));
        assert_eq!(parsed("10, 20.5"), Ok(vec![10.0, 20.5]));
        for bad in ["", "1..2", "2..1:1", "0..1:0", "0..1:-1", "0..1:nan", "0..1e9:1", "5,5", "-1", "x"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_sorted_and_in_range() {
        let parsed = |text: &str| text.parse::<Sizes>().map(|sizes| sizes.0);
        assert_eq!(parsed("1e5,1e4,100000"), Ok(vec![1e4, 1e5]));
        for bad in ["", "0", "nan", "inf", "1e16", "1,,2"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proof_is_written_as_in_a_profile() {
        assert_eq!(
            proof(r#"{ name = "tl-2017", eps_sec = 1e-10, eps_cor = 1e-15 }"#).unwrap().name(),
            "tl-2017"
        );
        for (bad, word) in [
            (r#"{ name = "tl-2017", eps_sec = 1e-10 }"#, "eps_cor"),
            (r#"{ name = "tl-2018" }"#, "tl-2018"),
            (r#"{ name = "tl-2017", eps_sec = 2.0, eps_cor = 1e-15 }"#, "eps_sec is 2"),
            ("tl-2017", "string"),
        ] {
            let error = proof(bad).unwrap_err();
            assert!(error.contains(word) || word == "string", "{error}");
        }
    }
}
