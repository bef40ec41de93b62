//! `qkdpp distill`: recorded raw data of both sides through every stage.

mod input;
mod keys;

use std::env;
use std::path::PathBuf;

use qkdpp::entropy::InsecureSeed;
use qkdpp_channel::{Config, feed};

use crate::compute::BothSides;
use crate::error::Failure;
use crate::pair::{self, PairEntropy, Progress, Setup};
use crate::report::{Run, table};
use input::Input;

/// Distil keys from recorded raw data of both sides.
///
/// Alice and Bob run as two endpoints over TCP on this machine, exactly as in `qkdpp demo`, but each reads its record
/// from a file. The keys of both sides are compared and wiped; the table says how long they were, or why the proof
/// allows none and how many detections would be enough.
///
/// Three kinds of input are recognised: records of qkdpp (one file per side, as `qkdpp simulate` and link electronics
/// write them); the CSV of a three-state, one-decoy link (one file for both, starting with the column qubit_id); and,
/// with a bbm92 profile, a pair of sifted keys: files of bits, least significant bit of each byte first.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  qkdpp distill --alice run1/alice.qkdraw --bob run1/bob.qkdraw --config run1/config.toml
  qkdpp distill --alice link.csv --bob link.csv --config three-state-one-decoy
  qkdpp distill --alice alice.bin --bob bob.bin --config sifted-pair --json

CSV records and sifted keys are one block, whose length is that of the input; it replaces slots_per_block.
Rates are bits per second: of link time (slots of a block / clock rate of the record), and of CPU time (of both sides
together).")]
pub(crate) struct Arguments {
    /// Alice's record
    #[arg(long, value_name = "FILE")]
    alice: PathBuf,
    /// Bob's record
    #[arg(long, value_name = "FILE")]
    bob: PathBuf,
    /// Config file, or name of a preset
    #[arg(long, value_name = "FILE|NAME")]
    config: String,
    /// Sifted keys only: use the first N bits of each file; without it, all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    bits: Option<u32>,
    /// Folder for alice.ledger and bob.ledger, the durable records of both sides; made if it is not there. Without it none
    /// is kept
    #[arg(long, value_name = "DIR")]
    ledgers: Option<PathBuf>,
    /// Draw all randomness from this seed instead of the system's generator, one block at a time: the keys can be made again
    /// bit for bit, here or through the library from any language, and are no secret
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write the keys to this file, a line each: block, number of bits, bytes in hexadecimal. Only with --seed: these are no
    /// secret, and both sides' keys in one place never are
    #[arg(long, value_name = "FILE", requires = "seed")]
    keys: Option<PathBuf>,
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: BothSides,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut config = Config::load(&arguments.config)?;
    if let Some(seed) = arguments.seed {
        config.profile = InsecureSeed::new(seed).in_order(config.profile);
    }
    let backends = arguments.compute.open()?;
    let Input { alice, bob, source, clock_hz } = input::open(arguments, &mut config)?;
    let threads_per_side = arguments.compute.threads();
    let run = Run {
        config: &config,
        source,
        repeatable: arguments.seed.is_some(),
        clock_hz,
        backend: backends.name.clone(),
        threads_per_side,
    };
    if !arguments.json {
        table::print_heading(&run);
    }
    let progress = Progress::new(arguments.json, feed::batches_per_block(&config.profile));
    let setup = Setup {
        profile: &config.profile,
        backends,
        entropy: arguments
            .seed
            .map_or_else(PairEntropy::of_the_system, |seed| Ok(PairEntropy::of_seed(seed)))?,
        folder: &env::temp_dir(),
        ledgers: arguments.ledgers.as_deref(),
        progress: &progress,
    };
    let outcome = pair::run(setup, alice, bob)?;
    if let Some(path) = &arguments.keys {
        keys::write(path, &outcome.blocks)?;
    }
    let summary = run.summary(outcome);
    if arguments.json {
        summary.print_json();
    } else {
        table::print(&summary);
    }
    Ok(())
}
