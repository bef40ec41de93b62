//! The files of the tarball, in their places.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{VERSION, failed, target};
use crate::bindings;
use crate::run::{self, Failed, root};

/// What is in the sources and goes along, with its place.
const COPIED: [(&str, &str); 4] = [
    ("README.md", "share/doc/qkdpp/README.md"),
    ("LICENSE-APACHE", "share/doc/qkdpp/LICENSE-APACHE"),
    ("LICENSE-MIT", "share/doc/qkdpp/LICENSE-MIT"),
    ("bindings/c/examples", "share/qkdpp/examples"),
];
/// Where shells look for their completions, by the name that clap gives the file.
const COMPLETIONS: [(&str, &str); 3] = [
    ("qkdpp.bash", "share/bash-completion/completions/qkdpp"),
    ("_qkdpp", "share/zsh/site-functions/_qkdpp"),
    ("qkdpp.fish", "share/fish/vendor_completions.d/qkdpp.fish"),
];

/// The folder that the tarball is made of.
pub(super) fn folder() -> PathBuf {
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    root().join(format!("target/dist/qkdpp-{VERSION}-{machine}-{system}"))
}

/// Fills the folder anew with what cargo has built in the folder `profile` of its target. Debug information stays behind.
pub(super) fn fill(profile: &str) -> Result<(), Failed> {
    let stage = folder();
    let _ = fs::remove_dir_all(&stage);
    for (from, to) in COPIED {
        copy(&root().join(from), &stage.join(to))?;
    }
    copy(&target().join(profile).join("qkdpp"), &stage.join("bin/qkdpp"))?;
    bindings::install(&stage, profile)?;
    for binary in ["bin/qkdpp", "lib/libqkdpp.a", &format!("lib/libqkdpp.so.{VERSION}")] {
        let binary = stage.join(binary);
        run::program(
            "strip",
            &["--strip-debug", "--enable-deterministic-archives", &binary.to_string_lossy()],
        )?;
    }
    generated(&stage)?;
    wheels(&stage)
}

/// Manual pages, completions and schema, which the program makes of its own definitions.
fn generated(stage: &Path) -> Result<(), Failed> {
    let made = root().join("target/dist/generated");
    let _ = fs::remove_dir_all(&made);
    let program = stage.join("bin/qkdpp");
    run::program(&program.to_string_lossy(), &["generate", "--out", &made.to_string_lossy()])?;
    copy(&made.join("man1"), &stage.join("share/man/man1"))?;
    copy(&made.join("config.schema.json"), &stage.join("share/qkdpp/config.schema.json"))?;
    COMPLETIONS.iter().try_for_each(|(from, to)| copy(&made.join("completions").join(from), &stage.join(to)))
}

/// The Python module of this version, if `cargo xtask` has built one.
fn wheels(stage: &Path) -> Result<(), Failed> {
    let folder = root().join("target/wheels");
    let prefix = format!("qkdpp-{VERSION}-");
    for path in entries(&folder).unwrap_or_default() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(&prefix) && path.extension().is_some_and(|ending| ending == "whl") {
            copy(&path, &stage.join("share/wheels").join(name))?;
        }
    }
    Ok(())
}

/// Copies a file, or a folder with all that is in it; programs stay programs.
fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    if from.is_dir() {
        return entries(from)?
            .iter()
            .try_for_each(|path| copy(path, &to.join(path.file_name().unwrap_or_default())));
    }
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent).map_err(failed(parent))?;
    fs::copy(from, to).map_err(failed(from))?;
    let mode = if to.parent().is_some_and(|folder| folder.ends_with("bin")) { 0o755 } else { 0o644 };
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).map_err(failed(to))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let listing = fs::read_dir(folder).map_err(failed(folder))?;
    let mut paths = listing
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed(folder)))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}
