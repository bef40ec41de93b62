//! The hardware's checks: `cargo xtask hdl [tools|lint|bench|formal|coverage]`.
//!
//! The checks themselves are Python programs below hdl, which can be run alone; this installs what they need into
//! target/hdl-venv, in the versions of hdl/requirements.txt, and runs them.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::run::{self, Failed, ensure, root, step};

/// One kind of check.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// Install what the others need; they do so themselves.
    Tools,
    /// Generated registers, Verilator -Wall in two versions, verible.
    Lint,
    /// The cocotb benches of all modules.
    Bench,
    /// The formal proofs, and the planted bugs that they must find.
    Formal,
    /// The benches once more, with the coverage of lines and toggles, which goes to hdl/tb/COVERAGE.md.
    Coverage,
}

/// Runs one check, or all of them.
pub(crate) fn check(wanted: Option<Check>) -> Result<(), Failed> {
    use Check::{Bench, Coverage, Formal, Lint};
    tools()?;
    let chosen = match wanted {
        Some(one) => vec![one],
        None => vec![Lint, Bench, Formal, Coverage],
    };
    chosen.into_iter().try_for_each(perform)
}

/// What `cargo xtask ci` runs of it: all but the coverage and the configurations that take minutes to build.
pub(crate) fn ci() -> Result<(), Failed> {
    tools()?;
    perform(Check::Lint)?;
    step("hdl: benches", || python(&["hdl/tb/run.py", "--short"]))?;
    perform(Check::Formal)
}

fn perform(check: Check) -> Result<(), Failed> {
    match check {
        Check::Tools => Ok(()),
        Check::Lint => step("hdl: generated registers and lint", || {
            python(&["hdl/regs/generate.py", "--check"])?;
            python(&["hdl/lint/run.py"])
        }),
        Check::Bench => step("hdl: benches", || python(&["hdl/tb/run.py"])),
        Check::Formal => step("hdl: proofs", || python(&["hdl/formal/run.py"])),
        Check::Coverage => {
            step("hdl: coverage of the benches", || python(&["hdl/tb/run.py", "--coverage", "--write"]))
        }
    }
}

/// Installs what is missing: Debian's Verilator (lint with the oldest version that must do), a compiler, and the Python packages.
pub(crate) fn tools() -> Result<(), Failed> {
    step("hdl: tools", || {
        ensure("python3", "python3")?;
        ensure("g++", "g++")?;
        ensure("make", "make")?;
        ensure("verilator", "verilator")?;
        // It knows no --version.
        if !Path::new("/usr/bin/tclsh").exists() {
            run::install("tcl")?;
        }
        packages()
    })
}

fn environment() -> PathBuf {
    root().join("target/hdl-venv")
}

/// The packages of hdl/requirements.txt, installed anew when it has changed.
fn packages() -> Result<(), Failed> {
    let io = |error: std::io::Error| Failed(format!("target/hdl-venv: {error}"));
    let wanted = fs::read_to_string(root().join("hdl/requirements.txt")).map_err(io)?;
    let installed = environment().join("requirements.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    let create = ["-m", "venv", "--clear", "target/hdl-venv"];
    if run::python(&create).is_err() {
        run::install("python3-venv")?;
        run::python(&create)?;
    }
    python(&[
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        "hdl/requirements.txt",
    ])?;
    fs::write(installed, wanted).map_err(io)
}

/// Runs a program with the Python of target/hdl-venv.
fn python(arguments: &[&str]) -> Result<(), Failed> {
    run::program(&interpreter(), arguments)
}

/// The same with an environment variable set.
pub(crate) fn python_with((name, value): (&str, &str), arguments: &[&str]) -> Result<(), Failed> {
    let interpreter = interpreter();
    let command: Vec<&str> = std::iter::once(interpreter.as_str()).chain(arguments.iter().copied()).collect();
    run::with_env(name, value, &command)
}

fn interpreter() -> String {
    environment().join("bin/python").to_string_lossy().into_owned()
}
