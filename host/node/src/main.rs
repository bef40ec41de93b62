//! The program `qkdpp`: every part of the chain from the command line.

#[macro_use]
mod output;

mod amplify;
mod bench;
mod compute;
mod demo;
mod device;
mod distill;
mod error;
mod generate;
mod keyrate;
mod ledger;
mod pair;
mod reconcile;
mod report;
mod simulate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// QKD post-processing: raw detections in, identical secret keys out.
///
/// Files of bits are packed least significant bit first in each byte. Backends: cpu:reference, cpu:portable, cpu:avx2, cpu:avx512, cpu:auto
/// (the fastest), and devices, with the CPU behind them: sim:model (register-level model of the FPGA core), sim:rtl (its
/// RTL, in builds with the feature rtl), vfio:0000:01:00.0 (a card) and vfio-user:PATH (a card that a server simulates).
/// The environment variable QKDPP_BACKEND sets the default.
#[derive(Parser)]
#[command(name = "qkdpp", version, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Simulate(simulate::Arguments),
    Distill(distill::Arguments),
    Reconcile(reconcile::Arguments),
    Amplify(amplify::Arguments),
    Keyrate(keyrate::Arguments),
    Ledger(ledger::Arguments),
    Bench(bench::Arguments),
    Device(device::Arguments),
    Generate(generate::Arguments),
}

fn main() -> ExitCode {
    // RUST_LOG=qkdpp=info shows the course of a link; nothing secret is ever logged.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let result = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Distill(arguments) => distill::run(&arguments),
        Command::Reconcile(arguments) => reconcile::run(&arguments),
        Command::Amplify(arguments) => amplify::run(&arguments),
        Command::Keyrate(arguments) => keyrate::run(&arguments),
        Command::Ledger(arguments) => ledger::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Device(arguments) => device::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qkdpp: {error}");
            ExitCode::FAILURE
        }
    }
}
