//! The C interface: installed as a vendor gets it, then used from C and C++ in folders that know nothing of this workspace.
//!
//! ```text
//! libqkdpp_c.a ─▶ PREFIX/lib/libqkdpp.so.VERSION, libqkdpp.a, pkg-config, CMake;  PREFIX/include     install
//!                   ├─▶ exported symbols, sizes and offsets, against bindings/c/abi                  abi
//!                   └─▶ the same keys as `qkdpp distill`;  under valgrind, with AddressSanitizer     examples
//! ```

mod abi;
mod examples;
mod install;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Failed, cargo, ensure, root, step, with_env};
use examples::Bench;
pub(crate) use install::install;

/// The binary interface: QKDPP_ABI_VERSION, which the crate's tests compare.
const ABI: &str = "1";
/// Warnings that a vendor's compiler may have on.
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-g"];

/// What `ci` runs of all this; that the header is up to date is a test of the crate.
pub(crate) fn ci() -> Result<(), Failed> {
    let prefix = target("c/prefix");
    step("C library: built, and installed as a vendor gets it", || {
        tools()?;
        cargo(&["build", "--locked", "-p", "qkdpp-c", "-p", "qkdpp-node"])?;
        install(&prefix, "debug")
    })?;
    step("C interface: exported symbols, sizes and offsets", || abi::check(&prefix))?;
    step("C and C++ examples: the keys of qkdpp distill, under valgrind and AddressSanitizer", || {
        let bench = Bench::new(&prefix)?;
        bench.plain()?;
        bench.valgrind()?;
        bench.sanitized()?;
        bench.cmake()
    })
}

/// Builds the library as it is released and installs it.
pub(crate) fn release(prefix: &Path) -> Result<(), Failed> {
    ensure("cc", "gcc")?;
    cargo(&["build", "--locked", "--release", "-p", "qkdpp-c"])?;
    let prefix = std::path::absolute(prefix).map_err(failed(prefix))?;
    install(&prefix, "release")
}

/// Writes bindings/c/include/qkdpp.h anew.
pub(crate) fn header() -> Result<(), Failed> {
    let test = ["cargo", "test", "--locked", "-p", "qkdpp-c", "tests::abi::the_header"];
    with_env("QKDPP_WRITE_HEADER", "1", &test)
}

fn tools() -> Result<(), Failed> {
    ensure("cc", "gcc")?;
    ensure("c++", "g++")?;
    ensure("nm", "binutils")?;
    ensure("pkg-config", "pkg-config")?;
    ensure("cmake", "cmake")?;
    ensure("valgrind", "valgrind")
}

/// A file of the crate.
fn source(path: &str) -> PathBuf {
    root().join("bindings/c").join(path)
}

/// Where cargo builds.
fn target(path: &str) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join(path)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Wraps an error of the system on `path`.
fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Failed + '_ {
    move |error| Failed(format!("{}: {error}", path.display()))
}

/// Runs a command to its end; its standard output.
fn output(command: &mut Command) -> Result<String, Failed> {
    let shown = format!("{command:?}");
    let run = command.current_dir(root()).stderr(Stdio::piped()).output();
    let output = run.map_err(|error| Failed(format!("{shown}: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failed(format!("{shown}: {}\n{said}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|error| Failed(format!("{shown}: {error}")))
}
