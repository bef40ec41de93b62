//! `qkdpp keyrate`: what a security proof allows, for given counts or for a link.
//!
//! ```text
//! counts.json ─────────────────────────────▶ counts ─▶ ℓ and every bound
//! config, distances, block sizes ─▶ grid ─┬▶ sweep ────┐
//!                                         └▶ optimise ─┴▶ table, CSV, plot
//!                      search: space ─▶ settings ─▶ point (closed form of the link, proof)
//! ```

mod counts;
mod curves;
mod grid;
mod plot;
mod search;
mod space;
mod table;

use crate::error::Failure;

/// Key length of a block by its counts, key rates of a link, and the best settings of its source.
///
/// Without a command, it evaluates a security proof on the counts of a block.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = counts::AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    counts: Option<counts::CountsArguments>,
}

#[derive(clap::Subcommand)]
enum Command {
    Sweep(curves::Sweep),
    Optimise(curves::Optimise),
}

/// Runs the command.
///
/// # Errors
/// If the input cannot be used, or a file cannot be read or written.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match (&arguments.command, &arguments.counts) {
        (Some(Command::Sweep(sweep)), _) => sweep.run(),
        (Some(Command::Optimise(optimise)), _) => optimise.run(),
        (None, Some(counts)) => counts::run(counts),
        (None, None) => {
            Err(Failure::Input("keyrate needs --proof and --input, sweep, or optimise".to_owned()))
        }
    }
}
