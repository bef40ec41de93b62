//! Developer commands, run as `cargo xtask <command>`.

mod attacks;
mod bindings;
mod book;
mod dist;
mod fuzz;
mod hdl;
mod layout;
mod pcie;
mod python;
mod report;
mod run;
mod supply;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use run::{Failed, cargo, ensure, step};

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
    /// Check the top level, who depends on whom, and that the attack table names tests that exist.
    Layout,
    /// Check the hardware: lint, benches, proofs, coverage; all of them unless one is named.
    Hdl {
        /// The one to run.
        check: Option<hdl::Check>,
    },
    /// Simulate, synthesise, place and route, and write hdl/REPORT.md; takes an hour or more.
    RtlReport {
        /// Only these targets of hdl/synth/targets.toml.
        targets: Vec<String>,
    },
    /// Run the driver in a virtual machine whose card is the Verilated core, behind an IOMMU.
    PcieTest {
        /// Only these cases: sound, interrupts, slow, removal.
        cases: Vec<String>,
    },
    /// Run the fuzz targets of host/fuzz, a fixed number of inputs each; needs a C++ compiler.
    Fuzz {
        /// Only this target.
        target: Option<String>,
    },
    /// Write the C header anew from bindings/c.
    CHeader,
    /// Build the C library as it is released, and install it with headers, pkg-config and CMake files.
    CInstall {
        /// Folder that gets lib and include.
        #[arg(long)]
        prefix: PathBuf,
    },
    /// Build the C library, and its examples against it, as ci does.
    CExamples,
    /// Drive Alice and Bob through 100,000 random schedules of faults.
    Faults,
    /// Build the Python module's wheel, install it into clean environments, and run its checks and tests.
    Python,
    /// Judge licences, sources and advisories of dependencies, and make the packages for crates.io.
    Supply,
    /// Run every block of code in the book for integrators, and make its HTML in target/book.
    Book,
    /// Make the tarball that vendors install, in target/dist.
    Dist {
        /// Make it of the programs that the tests use, unpack it elsewhere, and use it from C and Python.
        #[arg(long)]
        check: bool,
    },
    /// Measure Cascade over error rates of 0.5 to 11 %, and write bench/cascade; takes a quarter of an hour.
    CascadeSweep,
    /// Measure how often LDPC fails against the error rate, and write bench/ldpc; takes a quarter of an hour.
    LdpcWaterfall,
    /// Compute how far the distributions of the LDPC family could correct, and write bench/ldpc/thresholds.csv.
    LdpcThresholds,
    /// Search for better distributions than those of the LDPC family, and write bench/ldpc/degrees.csv; takes a quarter of an hour.
    LdpcDegrees,
    /// Write the test vectors anew from the Python oracle.
    Vectors,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Ci => ci(),
        Command::Layout => layout::check().and_then(|()| attacks::check()),
        Command::Hdl { check } => hdl::check(check),
        Command::RtlReport { targets } => report::report(&targets),
        Command::PcieTest { cases } => pcie::test(&cases),
        Command::Fuzz { target } => fuzz::check(target.as_deref()),
        Command::CHeader => bindings::header(),
        Command::CInstall { prefix } => bindings::release(&prefix),
        Command::CExamples => bindings::ci(),
        Command::Faults => fuzz::faults(),
        Command::Python => python::check(),
        Command::Supply => supply::check(),
        Command::Book => book::book(),
        Command::Dist { check: false } => dist::dist(),
        Command::Dist { check: true } => dist::check(),
        Command::CascadeSweep => example("cascade_sweep"),
        Command::LdpcDegrees => example("ldpc_degrees"),
        Command::LdpcThresholds => example("ldpc_thresholds"),
        Command::LdpcWaterfall => example("ldpc_waterfall"),
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

/// Runs a campaign of the benches.
fn example(name: &str) -> Result<(), Failed> {
    cargo(&["run", "--locked", "--release", "-p", "qkdpp-bench", "--example", name])
}

/// Cheap checks first; the tests last, so that their summary ends the output.
fn ci() -> Result<(), Failed> {
    step("tools", || ensure("python3", "python3"))?;
    step("layout and dependency rules", layout::check)?;
    step("attack table", attacks::check)?;
    step("formatting", || cargo(&["fmt", "--all", "--check"]))?;
    step("lints", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])
    })?;
    step("documentation", || {
        let doc = ["cargo", "doc", "--workspace", "--no-deps", "--locked"];
        run::with_env("RUSTDOCFLAGS", "--deny warnings", &doc)
    })?;
    step("oracle: its own known answers, planted bugs, and the committed test vectors", || {
        run::python(&["testvectors/oracle/selftest.py"])?;
        run::python(&["testvectors/oracle/mutants.py"])?;
        run::python(&["testvectors/oracle/generate.py", "--check"])
    })?;
    step("tests", || cargo(&["test", "--workspace", "--locked"]))?;
    hdl::ci()?;
    step("tests on the Verilated core: conformance, faults, sessions, the demo", || {
        let packages = ["-p", "qkdpp-device", "-p", "qkdpp", "-p", "qkdpp-node", "--features", "rtl"];
        let tests = ["--test", "rtl_suite", "--test", "rtl_session", "--test", "cli_demo"];
        cargo(&[&["test", "--locked"], &packages[..], &tests[..]].concat())?;
        cargo(&["test", "--locked", "-p", "qkdpp-rtl", "--features", "verilate"])
    })?;
    step("the driver's memory under valgrind", || {
        ensure("valgrind", "valgrind")?;
        let runner = "valgrind -q --error-exitcode=1 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite";
        let tests = [
            "cargo",
            "test",
            "--locked",
            "-p",
            "qkdpp-device",
            "--lib",
            "--",
            "pci::",
            "window::",
            "driver::",
        ];
        run::with_env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner, &tests)
    })?;
    step("branches and addresses that depend on secrets, under valgrind", constant_time)?;
    pcie::ci()?;
    fuzz::check(None)?;
    fuzz::faults()?;
    bindings::ci()?;
    python::check()?;
    supply::check()?;
    book::book()?;
    dist::check()
}

/// Kernels as they are released, with their secrets marked; the program judges memcheck's reports by itself.
fn constant_time() -> Result<(), Failed> {
    ensure("valgrind", "valgrind")?;
    let run = ["run", "--locked", "--release", "-p", "qkdpp-kernels", "--example", "constant_time"];
    let runner = "valgrind --quiet --log-file=target/constant_time.log";
    run::with_env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner, &[&["cargo"], &run[..]].concat())
}

fn vectors() -> Result<(), Failed> {
    run::python(&["testvectors/oracle/generate.py"])
}
