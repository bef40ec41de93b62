//! `cargo xtask book`: the book for integrators, with every block of code run and nothing passed over; then as HTML in
//! target/book.

use std::path::PathBuf;
use std::process::Command;

use crate::run::{self, Failed, ensure, root, step};
use crate::tools;

/// Checks and builds it.
pub(crate) fn book() -> Result<(), Failed> {
    step("book: programs for its examples", || {
        ensure("cc", "gcc")?;
        ensure("pkg-config", "pkg-config")?;
        run::cargo(&["build", "--locked", "-p", "qkdpp-node", "-p", "qkdpp-c"])
    })?;
    step("book: every block of code", blocks)?;
    step("book: HTML", || {
        let folder = root().join("host/runtime/docs");
        run::program(&tools::wheel("mdbook")?, &["build", &folder.to_string_lossy()])
    })
}

/// With the Python module in an environment of its own, as its tests have it.
fn blocks() -> Result<(), Failed> {
    let python = python()?;
    let shown = python.to_string_lossy().into_owned();
    let status = Command::new("cargo")
        .args(["test", "--locked", "-p", "qkdpp-book"])
        .envs([("QKDPP_BOOK", "all"), ("QKDPP_BOOK_PYTHON", shown.as_str())])
        .current_dir(root())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("cargo test -p qkdpp-book: {status}"))),
        Err(error) => Err(Failed(format!("cargo: {error}"))),
    }
}

/// The folder of a Python that has the module.
fn python() -> Result<PathBuf, Failed> {
    let folder = root().join("target/python-venv/bin");
    if folder.join("python3").exists() {
        Ok(folder)
    } else {
        Err(Failed("target/python-venv is missing: run `cargo xtask python` first".to_owned()))
    }
}
