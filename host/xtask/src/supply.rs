//! `cargo xtask supply`: what comes from others, and what goes to crates.io.
//!
//! cargo-deny judges licences, sources and known vulnerabilities by .cargo/deny.toml. `cargo package` makes every crate that is
//! published, and builds it from what is in the package alone.

use std::process::Command;

use crate::run::{self, Failed, cargo, root, step};
use crate::tools;

/// The crates on crates.io, in the order of their dependencies. All others have `publish = false`.
const PUBLISHED: [&str; 7] =
    ["qkdpp-kernels", "qkdpp-rtl", "qkdpp-protocol", "qkdpp-device", "qkdpp-channel", "qkdpp", "qkdpp-node"];
/// What each package must hold beside its sources.
const FILES: [&str; 4] = ["Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Runs both.
pub(crate) fn check() -> Result<(), Failed> {
    step("licences and sources of dependencies", || {
        deny(&["check", "--hide-inclusion-graph", "licenses", "bans", "sources"])
    })?;
    step("known vulnerabilities of dependencies", advisories)?;
    step("packages for crates.io", packages)
}

/// An unreachable database is told and passed over: it says nothing about this commit.
fn advisories() -> Result<(), Failed> {
    if deny(&["fetch", "db"]).is_err() {
        eprintln!(
            "SKIPPED: RustSec's database cannot be fetched from here; dependencies were NOT checked for advisories"
        );
        return Ok(());
    }
    deny(&["check", "--disable-fetch", "advisories"])
}

fn deny(arguments: &[&str]) -> Result<(), Failed> {
    let settings = ["--locked", "--config", ".cargo/deny.toml"];
    run::program(&tools::wheel("cargo-deny")?, &[&settings[..], arguments].concat())
}

/// The packages land in target/package. They are built as their users build them, without this workspace's profiles.
fn packages() -> Result<(), Failed> {
    let chosen = PUBLISHED.iter().flat_map(|name| ["-p", name]);
    let settings = ["package", "--quiet", "--locked", "--allow-dirty"];
    cargo(&settings.into_iter().chain(chosen).collect::<Vec<_>>())?;
    PUBLISHED.iter().try_for_each(|name| complete(name))
}

fn complete(name: &str) -> Result<(), Failed> {
    let arguments = ["package", "--list", "--offline", "--allow-dirty", "-p", name];
    let listing = Command::new("cargo").args(arguments).current_dir(root()).output();
    let listing = listing.map_err(|error| Failed(format!("cargo package --list: {error}")))?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    match FILES.iter().find(|file| !listing.lines().any(|line| line == **file)) {
        Some(file) => Err(Failed(format!("the package {name} has no {file}"))),
        None => Ok(()),
    }
}
