//! `cargo xtask dist`: everything that a vendor installs, as one tarball in target/dist, laid out as below a prefix:
//!
//! ```text
//! qkdpp-VERSION-TARGET/
//!   bin/qkdpp                   the program
//!   include/                    qkdpp.h, qkdpp.hpp
//!   lib/                        libqkdpp.so, libqkdpp.a, pkgconfig/, cmake/
//!   share/man, bash-completion, zsh, fish
//!   share/qkdpp/                config.schema.json, examples/
//!   share/doc/qkdpp/            README, licences of ours and of everything linked, SBOMs
//!   share/wheels/               the Python module, if it was built
//! ```
//! The same commit gives the same bytes on the same toolchain: names are sorted, times are the commit's, owners are 0, and the
//! folders' names are kept out of the programs.

mod check;
mod licences;
mod sbom;
mod stage;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Failed, root, step};

/// The version of the workspace, which is this program's own.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the programs are built.
#[derive(Clone, Copy)]
enum Build {
    /// Optimised, in a folder of its own, without the names of folders.
    Release,
    /// As the tests have built them: to check the packaging without building everything again.
    Tests,
}

/// Makes the tarball.
pub(crate) fn dist() -> Result<(), Failed> {
    let tarball = make(Build::Release)?;
    println!("{}", tarball.display());
    Ok(())
}

/// Makes it of unoptimised programs, twice; unpacks it elsewhere, and uses it as a vendor does.
pub(crate) fn check() -> Result<(), Failed> {
    let tarball = make(Build::Tests)?;
    step("dist: the same bytes again", || {
        let first = fs::read(&tarball).map_err(failed(&tarball))?;
        let again = pack(&stage::folder())?;
        let same = fs::read(&again).map_err(failed(&again))? == first;
        if same { Ok(()) } else { Err(Failed("two tarballs of one commit differ".to_owned())) }
    })?;
    check::check(&tarball)
}

fn make(build: Build) -> Result<PathBuf, Failed> {
    let profile = build.programs()?;
    step("dist: files", || stage::fill(profile))?;
    step("dist: licences and SBOM", || {
        let boms = sbom::write(&stage::folder())?;
        licences::write(&stage::folder(), &boms)
    })?;
    pack(&stage::folder())
}

impl Build {
    /// Builds the program and the C library; the folder of cargo's target that they are in.
    fn programs(self) -> Result<&'static str, Failed> {
        let build = ["cargo", "build", "--locked", "-p", "qkdpp-node", "-p", "qkdpp-c"];
        match self {
            Self::Tests => {
                step("dist: programs as in the tests", || run::program(build[0], &build[1..]))?;
                Ok("debug")
            }
            Self::Release => {
                let place = target().join("dist-build").to_string_lossy().into_owned();
                let flags = remap()?;
                let release = [&build[..], &["--release", "--target-dir", &place]].concat();
                step("dist: programs", || run::with_env("RUSTFLAGS", &flags, &release))?;
                Ok("dist-build/release")
            }
        }
    }
}

/// Compiler flags that put fixed names in place of this machine's folders.
fn remap() -> Result<String, Failed> {
    let here = fs::canonicalize(root()).map_err(failed(&root()))?;
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")));
    let home = home.map_err(|_| Failed("neither CARGO_HOME nor HOME is set".to_owned()))?;
    Ok(format!("--remap-path-prefix={}=/qkdpp --remap-path-prefix={home}=/cargo", here.display()))
}

/// The tarball of a folder, beside it.
fn pack(folder: &Path) -> Result<PathBuf, Failed> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let tarball = folder.with_file_name(format!("{name}.tar.gz"));
    let time = format!("--mtime=@{}", commit_time()?);
    let beside = folder.parent().unwrap_or(folder).to_string_lossy().into_owned();
    let archive = tarball.to_string_lossy().into_owned();
    let settings =
        ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=go=rX,u+rw", "--format=gnu"];
    let what = [&time, "--use-compress-program=gzip -n6", "-cf", &archive, "-C", &beside, &name];
    run::program("tar", &[&settings[..], &what].concat())?;
    Ok(tarball)
}

/// When the commit was made, in seconds since 1970.
fn commit_time() -> Result<String, Failed> {
    output("git", &["log", "-1", "--format=%ct"])
}

/// Cargo's folder of results.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What a program prints, without white space around it.
fn output(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    let shown = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.map_err(|error| Failed(format!("{shown}: {error}")))?;
    if !output.status.success() {
        return Err(Failed(format!("{shown}: {}", String::from_utf8_lossy(&output.stderr))));
    }
    String::from_utf8(output.stdout)
        .map(|text| text.trim().to_owned())
        .map_err(|error| Failed(format!("{shown}: {error}")))
}

/// Wraps an error of the operating system on `path`.
fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Failed + '_ {
    move |error| Failed(format!("{}: {error}", path.display()))
}
