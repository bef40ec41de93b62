//! `cargo xtask supply`: what comes from others, and what goes to crates.io.
//!
//! cargo-deny judges licences, sources and known vulnerabilities by .cargo/deny.toml. `cargo package` makes every crate that is
//! published, and builds it from what is in the package alone.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
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
    forget_unpacked()?;
    let chosen = PUBLISHED.iter().flat_map(|name| ["-p", name]);
    let settings = ["package", "--quiet", "--locked", "--allow-dirty"];
    cargo(&settings.into_iter().chain(chosen).collect::<Vec<_>>())?;
    PUBLISHED.iter().try_for_each(|name| complete(name))
}

/// Removes what cargo unpacked of these crates in an earlier run.
///
/// cargo builds each package against the others as if they came from a registry, which it makes under target/ anew, but unpacks
/// to a folder of its own home that is named by that registry's path. What it finds there it takes for the same version's and
/// does not unpack again, so a second run in the same place would build against the crates of the first.
fn forget_unpacked() -> Result<(), Failed> {
    let Some(home) = cargo_home() else { return Ok(()) };
    let Ok(registries) = fs::read_dir(home.join("registry/src")) else { return Ok(()) };
    for registry in registries.flatten() {
        for name in PUBLISHED {
            let unpacked = registry.path().join(format!("{name}-{}", env!("CARGO_PKG_VERSION")));
            match fs::remove_dir_all(&unpacked) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Failed(format!("{}: {error}", unpacked.display())));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Where cargo keeps its registries: by default .cargo in the user's home.
fn cargo_home() -> Option<PathBuf> {
    let default = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(default)
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
