//! `cargo xtask rtl-report`: cycles by simulation, areas and clocks by synthesis, placing and routing; writes hdl/REPORT.md.
//! It takes an hour or more; the result is committed.

use std::path::PathBuf;

use crate::hdl;
use crate::run::{self, Failed, ensure, root, step};

/// Runs everything, or only the named targets of hdl/synth/targets.toml; the report is written from all results there are.
pub(crate) fn report(targets: &[String]) -> Result<(), Failed> {
    hdl::tools()?;
    step("rtl-report: nextpnr for xc7a200t", nextpnr)?;
    for configuration in ["default", "large"] {
        step(&format!("rtl-report: cycles of the {configuration} configuration"), || cycles(configuration))?;
    }
    step("rtl-report: synthesis, placing, routing", || {
        let mut arguments = vec!["hdl/synth/report.py"];
        arguments.extend(targets.iter().map(String::as_str));
        hdl::python_with(("QKDPP_NEXTPNR_XILINX", &tree().to_string_lossy()), &arguments)
    })
}

/// Where Debian's nextpnr is unpacked, with the libraries that it needs.
fn tree() -> PathBuf {
    root().join("target/hdl/nextpnr-xilinx")
}

/// Only newer Debians than this machine's may have it, so it is unpacked beside the system and run by its own loader.
fn nextpnr() -> Result<(), Failed> {
    if tree().join("usr/bin/nextpnr-himbaechel-xilinx").exists() {
        return Ok(());
    }
    ensure("mmdebstrap", "mmdebstrap")?;
    let into = tree();
    run::program(
        "mmdebstrap",
        &[
            "--variant=extract",
            "--include=nextpnr-himbaechel-xilinx",
            "--aptopt=Acquire::Check-Valid-Until \"false\"",
            "forky",
            &into.to_string_lossy(),
        ],
    )
}

fn cycles(configuration: &str) -> Result<(), Failed> {
    let example =
        ["cargo", "run", "--release", "-p", "qkdpp-device", "--features", "rtl", "--example", "cycles"];
    let rows = format!("target/hdl/cycles-{configuration}.json");
    run::with_env("QKDPP_RTL_CONFIG", configuration, &[&example[..], &["--", &rows]].concat())
}
