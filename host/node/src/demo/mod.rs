//! `qkdpp demo`: Alice and Bob over TCP on a simulated link.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use qkdpp::entropy::{Entropy, InsecureSeed, Monitored};
use qkdpp_channel::feed::{self, Batch};
use qkdpp_channel::{Attack, Config};
use qkdpp_protocol::{Profile, RawBatch};

use crate::compute::{Backends, BothSides};
use crate::error::Failure;
use crate::pair::{self, PairEntropy, Progress, Setup};
use crate::report::{Run, Source, html, table};

/// Distil keys from a simulated link: Alice and Bob as two endpoints over TCP on this machine.
///
/// A model of the config's link makes raw detections, batch by batch; Alice and Bob sift, estimate, correct, verify and
/// amplify them, each with its own backend and its own pool of authentication keys, over an authenticated connection.
/// The keys of both sides are compared and wiped. The command fails if they differ.
///
/// DIR gets report.html: one file with QBER, efficiency f and key rate of each block beside the modelled and published
/// values, and everything that was disclosed; and alice.ledger and bob.ledger, the durable records of both sides, which
/// go on from run to run (see qkdpp ledger). The key pools are made in DIR and removed at the end.
#[derive(clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// Config file, or name of a preset
    #[arg(long, value_name = "FILE|NAME", default_value = "fibre-50km")]
    config: String,
    /// Number of blocks
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    blocks: u64,
    /// Seed of the model and of all randomness, for a run that can be repeated bit for bit (one block at a time);
    /// without it, every run differs
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Put an eavesdropper on the link, from a slot on: intercept-resend, photon-splitting, blinding, bright-blinding,
    /// time-shift, after-gate or sudden-loss
    #[arg(long, value_name = "NAME[=STRENGTH][@SLOT]")]
    attack: Option<Attack>,
    /// Folder for the report and the ledgers; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "qkdpp-demo")]
    out: PathBuf,
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: BothSides,
}

fn after_help() -> String {
    let presets = qkdpp_channel::PRESETS;
    let lines: Vec<String> = presets.iter().map(|(name, about)| format!("  {name:<20}{about}")).collect();
    format!(
        "Presets:\n{}\n\nExamples:\n  qkdpp demo\n  qkdpp demo --config bbm92-50km --blocks 1 --out bbm92\n  \
         qkdpp demo --config my-link.toml --seed 7 --json\n  qkdpp demo --blocks 2 --attack blinding@4000000000\n\nRates are bits per second: of link time \
         (slots of a block / clock rate of the link), and of CPU time (of both sides together).",
        lines.join("\n")
    )
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut config = Config::load(&arguments.config)?;
    if let Some(seed) = arguments.seed {
        config.profile = InsecureSeed::new(seed).in_order(config.profile);
    }
    let link = config.link()?;
    let (channel_seed, entropy) = randomness(arguments.seed)?;
    // Before anything is made, so that a wrong name leaves nothing behind.
    let backends = arguments.compute.open()?;
    fs::create_dir_all(&arguments.out).map_err(Failure::file(&arguments.out))?;

    let batches = feed::simulated(link, &config.profile, arguments.attack, channel_seed, arguments.blocks)
        .map_err(Failure::input)?;
    let run = Run {
        config: &config,
        source: Source::Model { channel_seed, attack: arguments.attack.map(|attack| attack.to_string()) },
        repeatable: arguments.seed.is_some(),
        clock_hz: Some(link.clock_hz),
        backend: backends.name.clone(),
        threads_per_side: arguments.compute.threads(),
    };
    if !arguments.json {
        table::print_heading(&run);
    }
    let outcome = distil(&config.profile, backends, batches, entropy, arguments)?;
    let summary = run.summary(outcome);
    let report = arguments.out.join("report.html");
    fs::write(&report, html::page(&summary, &config)).map_err(Failure::file(&report))?;
    if arguments.json {
        summary.print_json();
    } else {
        table::print(&summary);
        println!("report: {}", report.display());
        let [alice, bob] = ["alice.ledger", "bob.ledger"].map(|name| arguments.out.join(name));
        println!("ledgers: {}, {}", alice.display(), bob.display());
    }
    Ok(())
}

fn randomness(seed: Option<u64>) -> Result<(u64, PairEntropy), Failure> {
    if let Some(seed) = seed {
        return Ok((seed, PairEntropy::of_seed(seed)));
    }
    let mut channel_seed = [0; 8];
    Monitored::system().and_then(|mut system| system.fill(&mut channel_seed)).map_err(Failure::input)?;
    Ok((u64::from_le_bytes(channel_seed), PairEntropy::of_the_system()?))
}

/// Lets the model feed both endpoints while they run.
fn distil(
    profile: &Profile,
    backends: Backends,
    batches: impl Iterator<Item = Batch> + Send,
    entropy: PairEntropy,
    arguments: &Arguments,
) -> Result<pair::Outcome, Failure> {
    let progress = Progress::new(arguments.json, feed::batches_per_block(profile));
    let folder: &Path = &arguments.out;
    let (to_alice, alice) = sync_channel(BATCHES_AHEAD);
    let (to_bob, bob) = sync_channel(BATCHES_AHEAD);
    thread::scope(|scope| {
        scope.spawn(move || generate(batches, &to_alice, &to_bob));
        let setup = Setup { profile, backends, entropy, folder, ledgers: Some(folder), progress: &progress };
        pair::run(setup, records(alice), records(bob))
    })
}

/// Batches that may wait for each endpoint.
const BATCHES_AHEAD: usize = 2;

/// Draws batches until they end or an endpoint has stopped.
fn generate(batches: impl Iterator<Item = Batch>, alice: &SyncSender<RawBatch>, bob: &SyncSender<RawBatch>) {
    for batch in batches {
        if bob.send(batch.bob).is_err() || alice.send(batch.alice).is_err() {
            return;
        }
    }
}

fn records(batches: Receiver<RawBatch>) -> impl Iterator<Item = Result<RawBatch, String>> + Send {
    batches.into_iter().map(Ok)
}
