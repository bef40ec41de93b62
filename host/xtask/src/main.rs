//! Developer commands, run as `cargo xtask <command>`.

mod layout;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use run::{Failed, cargo, ensure, python, step};

/// Developer commands of qkdpp.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, then run every check and every test.
    Ci,
    /// Check the top level and who depends on whom.
    Layout,
    /// Write the test vectors anew from the Python oracle.
    Vectors,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Ci => ci(),
        Command::Layout => layout::check(),
        Command::Vectors => vectors(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(what)) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
    }
}

/// Cheap checks first; the tests last, so that their summary ends the output.
fn ci() -> Result<(), Failed> {
    step("tools");
    ensure("python3", "python3")?;
    step("layout and dependency rules");
    layout::check()?;
    step("formatting");
    cargo(&["fmt", "--all", "--check"])?;
    step("lints");
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])?;
    step("documentation");
    run::with_env(
        "RUSTDOCFLAGS",
        "--deny warnings",
        &["cargo", "doc", "--workspace", "--no-deps", "--locked"],
    )?;
    step("oracle: its own known answers, planted bugs, and the committed test vectors");
    python(&["testvectors/oracle/selftest.py"])?;
    python(&["testvectors/oracle/mutants.py"])?;
    python(&["testvectors/oracle/generate.py", "--check"])?;
    step("tests");
    cargo(&["test", "--workspace", "--locked"])
}

fn vectors() -> Result<(), Failed> {
    python(&["testvectors/oracle/generate.py"])
}
