//! The rules of ARCHITECTURE.md that a command can check: what stands at the top level, and who depends on whom.

use std::process::Command;

use serde_json::Value;

use crate::run::{Failed, root};

/// Everything at the top level but dot-files.
const TOP_LEVEL: &[&str] = &[
    "ARCHITECTURE.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "bench",
    "bindings",
    "hdl",
    "host",
    "kernels",
    "testvectors",
];

/// Which of our crates each of our crates may depend on. Nothing depends on bench, bindings, the book, node, fuzz-targets, xtask or the server; protocol and
/// device never see each other.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("qkdpp-kernels", &[]),
    ("qkdpp-protocol", &["qkdpp-kernels"]),
    ("qkdpp-channel", &["qkdpp-kernels", "qkdpp-protocol"]),
    ("qkdpp-rtl", &[]),
    ("qkdpp-device", &["qkdpp-kernels", "qkdpp-rtl"]),
    ("qkdpp-rtl-server", &["qkdpp-kernels", "qkdpp-device"]),
    ("qkdpp", &["qkdpp-kernels", "qkdpp-protocol", "qkdpp-device"]),
    ("qkdpp-node", &["qkdpp-kernels", "qkdpp-protocol", "qkdpp-channel", "qkdpp"]),
    ("qkdpp-python", &["qkdpp-kernels", "qkdpp-protocol", "qkdpp-channel", "qkdpp"]),
    ("qkdpp-bench", &["qkdpp-kernels", "qkdpp-protocol", "qkdpp-channel", "qkdpp-device", "qkdpp"]),
    ("qkdpp-fuzz-targets", &["qkdpp-kernels", "qkdpp-protocol", "qkdpp-channel"]),
    ("qkdpp-c", &["qkdpp-kernels", "qkdpp-protocol", "qkdpp-channel", "qkdpp"]),
    ("qkdpp-book", &["qkdpp-kernels", "qkdpp-protocol", "qkdpp-channel", "qkdpp"]),
    ("qkdpp-xtask", &[]),
];

/// Checks both rules.
pub(crate) fn check() -> Result<(), Failed> {
    top_level()?;
    dependencies()
}

fn top_level() -> Result<(), Failed> {
    let listing = output("git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    let found =
        listing.lines().filter_map(|path| path.split('/').next()).filter(|name| !name.starts_with('.'));
    match found.into_iter().find(|name| !TOP_LEVEL.contains(name)) {
        Some(name) => {
            Err(Failed(format!("{name} does not belong at the top level (ARCHITECTURE.md, Layout)")))
        }
        None => Ok(()),
    }
}

fn dependencies() -> Result<(), Failed> {
    let text = output("cargo", &["metadata", "--format-version", "1", "--no-deps", "--offline"])?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| Failed(format!("cargo metadata: {error}")))?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(known, _)| *known == name) else {
            return Err(Failed(format!("crate {name} has no dependency rule (host/xtask/src/layout.rs)")));
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let dependency = dependency["name"].as_str().unwrap_or_default();
            if dependency.starts_with("qkdpp") && !allowed.contains(&dependency) {
                return Err(Failed(format!("{name} must not depend on {dependency} (ARCHITECTURE.md)")));
            }
        }
    }
    Ok(())
}

fn output(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    let run = Command::new(program).args(arguments).current_dir(root()).output();
    let output = run.map_err(|error| Failed(format!("{program}: {error}")))?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|error| Failed(format!("{program}: {error}")))
    } else {
        Err(Failed(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))))
    }
}
