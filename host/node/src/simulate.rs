//! `qkdpp simulate`: the model of a link, written to disk as the records of both sides.

use std::fs;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use qkdpp_channel::record::{RecordError, Writer};
use qkdpp_channel::{Attack, Config, feed};
use qkdpp_protocol::Role;

use crate::error::Failure;
use crate::report::units;

/// Write the raw records that a simulated link would give to Alice and to Bob.
///
/// DIR gets alice.qkdraw and bob.qkdraw, cut into the blocks and batches of the config's profile, and the config itself
/// as config.toml. The records hold secret bits and are readable by their owner only.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  qkdpp simulate --config fibre-50km --seed 1 --blocks 2 --out run1
  qkdpp distill --alice run1/alice.qkdraw --bob run1/bob.qkdraw --config run1/config.toml

A detection takes about 4.5 bytes in each record.")]
pub(crate) struct Arguments {
    /// Config file, or name of a preset
    #[arg(long, value_name = "FILE|NAME")]
    config: String,
    /// Seed of the model: the same seed gives the same records
    #[arg(long, value_name = "N")]
    seed: u64,
    /// Number of blocks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    blocks: u64,
    /// Put an eavesdropper on the link, from a slot on: intercept-resend, photon-splitting, blinding, bright-blinding,
    /// time-shift, after-gate or sudden-loss
    #[arg(long, value_name = "NAME[=STRENGTH][@SLOT]")]
    attack: Option<Attack>,
    /// Folder for the records; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::load(&arguments.config)?;
    let link = config.link()?;
    let batches = feed::simulated(link, &config.profile, arguments.attack, arguments.seed, arguments.blocks)
        .map_err(Failure::input)?;
    fs::create_dir_all(&arguments.out).map_err(Failure::file(&arguments.out))?;
    let path = |name: &str| arguments.out.join(name);
    let (alice_path, bob_path, config_path) = (path("alice.qkdraw"), path("bob.qkdraw"), path("config.toml"));

    let progress = progress(arguments.blocks * feed::batches_per_block(&config.profile));
    let mut alice = Writer::create(&alice_path, Role::Alice, link.clock_hz)?;
    let mut bob = Writer::create(&bob_path, Role::Bob, link.clock_hz)?;
    let mut entries = [0, 0];
    for batch in batches {
        entries[0] += batch.alice.len();
        entries[1] += batch.bob.len();
        alice.write(batch.block, &batch.alice)?;
        bob.write(batch.block, &batch.bob)?;
        progress.inc(1);
    }
    alice.finish()?;
    bob.finish()?;
    fs::write(&config_path, &config.text).map_err(Failure::file(&config_path))?;
    progress.finish_and_clear();

    let slots = arguments.blocks * config.profile.slots_per_block;
    println!(
        "{}: {} blocks, {} slots, {} s of link time",
        config.name,
        arguments.blocks,
        units::count(slots),
        units::significant(slots as f64 / link.clock_hz)
    );
    for (path, entries) in [(&alice_path, entries[0]), (&bob_path, entries[1])] {
        println!("{}: {} entries, {}", path.display(), units::count(entries as u64), size(path)?);
    }
    println!("{}", config_path.display());
    Ok(())
}

fn size(path: &Path) -> Result<String, Failure> {
    fs::metadata(path).map(|metadata| units::bytes(metadata.len())).map_err(Failure::file(path))
}

fn progress(batches: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} batch {pos} of {len}, {elapsed}");
    ProgressBar::new(batches).with_style(style.expect("the template is well-formed"))
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::input(error)
    }
}
