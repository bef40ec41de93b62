//! `cargo xtask fuzz [target]` and `cargo xtask faults`: random inputs and random faults, bounded and reproducible.

use std::fs;
use std::process::Command;

use crate::run::{self, Failed, root, step};

/// cargo-fuzz, in the version that CI uses.
const CARGO_FUZZ: &str = "0.13.2";
/// The targets of host/fuzz, and how many inputs each gets: a fixed number, so that a run can be repeated.
const TARGETS: [(&str, u32); 5] =
    [("wire", 200_000), ("session", 1_500), ("record", 20_000), ("config", 5_000), ("code_file", 50_000)];
/// Schedules of the fault harness.
const SCHEDULES: &str = "100000";

/// Runs every target, or the one named, on the committed corpus and on inputs made from it.
pub(crate) fn check(wanted: Option<&str>) -> Result<(), Failed> {
    if let Some(name) = wanted.filter(|name| TARGETS.iter().all(|(target, _)| target != name)) {
        return Err(Failed(format!("no fuzz target is called {name:?}")));
    }
    step("fuzzing: tools", install)?;
    step("fuzzing: instrumented build", || cargo_fuzz(&["build", "--fuzz-dir", "host/fuzz"]))?;
    let chosen = TARGETS.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    chosen.into_iter().try_for_each(|(name, runs)| step(&format!("fuzzing: {name}"), || fuzz(name, *runs)))
}

/// The fault harness at its full number of schedules.
pub(crate) fn faults() -> Result<(), Failed> {
    step(&format!("{SCHEDULES} schedules of faults"), || {
        let test = ["cargo", "test", "--locked", "--release", "-p", "qkdpp", "--test", "faults"];
        run::with_env("QKDPP_SCHEDULES", SCHEDULES, &test)
    })
}

/// What it finds on the way goes to target/fuzz; the committed corpus stays as it is.
fn fuzz(name: &str, runs: u32) -> Result<(), Failed> {
    let found = format!("target/fuzz/{name}");
    let _ = fs::remove_dir_all(root().join(&found));
    fs::create_dir_all(root().join(&found)).map_err(|error| Failed(format!("{found}: {error}")))?;
    let (corpus, runs) = (format!("host/fuzz/corpus/{name}"), format!("-runs={runs}"));
    let limits = [
        "-seed=1",
        "-detect_leaks=0",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-malloc_limit_mb=256",
        "-print_final_stats=1",
        "-verbosity=0",
    ];
    let run = ["run", "--fuzz-dir", "host/fuzz", name, &found, &corpus, "--", &runs];
    cargo_fuzz(&[&run[..], &limits[..]].concat())
}

/// Installs cargo-fuzz below target, as the other tools.
fn install() -> Result<(), Failed> {
    let probe = Command::new(program()).args(["fuzz", "--version"]).output();
    if probe.is_ok_and(|probe| String::from_utf8_lossy(&probe.stdout).contains(CARGO_FUZZ)) {
        return Ok(());
    }
    run::cargo(&[
        "install",
        "--quiet",
        "cargo-fuzz",
        "--version",
        CARGO_FUZZ,
        "--locked",
        "--root",
        "target/tools",
    ])
}

fn program() -> String {
    root().join("target/tools/bin/cargo-fuzz").to_string_lossy().into_owned()
}

/// The instrumentation needs flags that the stable compiler hides.
fn cargo_fuzz(arguments: &[&str]) -> Result<(), Failed> {
    let program = program();
    run::with_env("RUSTC_BOOTSTRAP", "1", &[&[&program, "fuzz"], arguments].concat())
}
