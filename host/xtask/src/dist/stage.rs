//! The files of the tarball, in their places.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{VERSION, failed, output, target};
use crate::run::{self, Failed, root};

/// What a program has to link beside libqkdpp.a, in addition to what any program in C links.
const STATIC_LIBS: &str = "-lpthread -ldl -lm";
/// What is in the sources and goes along, with its place.
const COPIED: [(&str, &str); 5] = [
    ("README.md", "share/doc/qkdpp/README.md"),
    ("LICENSE-APACHE", "share/doc/qkdpp/LICENSE-APACHE"),
    ("LICENSE-MIT", "share/doc/qkdpp/LICENSE-MIT"),
    ("bindings/c/include", "include"),
    ("bindings/c/examples", "share/qkdpp/examples"),
];
/// Templates in which @VERSION@, @ABI@ (the number in the soname) and @STATIC_LIBS@ are filled in.
const TEMPLATES: [(&str, &str); 2] =
    [("bindings/c/pkgconfig", "lib/pkgconfig"), ("bindings/c/cmake", "lib/cmake/qkdpp")];
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

/// Fills the folder anew, with the programs in `built`.
pub(super) fn fill(built: &Path) -> Result<(), Failed> {
    let stage = folder();
    let _ = fs::remove_dir_all(&stage);
    for (from, to) in COPIED {
        copy(&root().join(from), &stage.join(to))?;
    }
    let abi = libraries(built, &stage)?;
    for (from, to) in TEMPLATES {
        instantiate(&root().join(from), &stage.join(to), &abi)?;
    }
    generated(&stage)?;
    wheels(&stage)
}

/// The program, and the libraries under the names by which linkers look for them; debug information stays behind. Returns the
/// number of the binary interface, which is that of the soname (bindings/c/build.rs).
fn libraries(built: &Path, stage: &Path) -> Result<String, Failed> {
    let real = format!("lib/libqkdpp.so.{VERSION}");
    for (from, to) in [("qkdpp", "bin/qkdpp"), ("libqkdpp_c.so", &real), ("libqkdpp_c.a", "lib/libqkdpp.a")] {
        let to = stage.join(to);
        copy(&built.join(from), &to)?;
        run::program("strip", &["--strip-debug", "--enable-deterministic-archives", &to.to_string_lossy()])?;
    }
    let headers = output("objdump", &["-p", &stage.join(&real).to_string_lossy()])?;
    let abi = headers
        .lines()
        .find_map(|line| line.trim().strip_prefix("SONAME")?.trim().strip_prefix("libqkdpp.so."));
    let abi = abi.ok_or_else(|| Failed("the shared library has no soname libqkdpp.so.N".to_owned()))?;
    let soname = format!("libqkdpp.so.{abi}");
    for (name, to) in [(soname.as_str(), format!("libqkdpp.so.{VERSION}")), ("libqkdpp.so", soname.clone())] {
        let link = stage.join("lib").join(name);
        symlink(to, &link).map_err(failed(&link))?;
    }
    Ok(abi.to_owned())
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
    let folder = target().join("wheels");
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

/// Copies the templates of a folder, without their ending `.in`.
fn instantiate(from: &Path, to: &Path, abi: &str) -> Result<(), Failed> {
    fs::create_dir_all(to).map_err(failed(to))?;
    for path in entries(from)? {
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        let text =
            text.replace("@VERSION@", VERSION).replace("@ABI@", abi).replace("@STATIC_LIBS@", STATIC_LIBS);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = to.join(name.strip_suffix(".in").unwrap_or(&name));
        fs::write(&target, text).map_err(failed(&target))?;
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let listing = fs::read_dir(folder).map_err(failed(folder))?;
    let mut paths = listing
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed(folder)))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}
