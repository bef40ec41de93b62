//! The Python module's checks: `cargo xtask python`.
//!
//! ```text
//! maturin build ─▶ wheel ─▶ target/python-venv: types, stubs, tests, example
//!                     └──▶ target/python-clean: a venv without anything else, which imports it
//! ```
//! The tests compare with the program, which is built here as well. Both are of the dev profile, whose artefacts the other
//! checks share.

use std::fs;
use std::path::PathBuf;

use crate::run::{self, Failed, cargo, ensure, program, root, step};

/// The package's settings, for mypy and pytest too.
const SETTINGS: &str = "bindings/python/pyproject.toml";
/// Where the wheel goes.
const WHEELS: &str = "target/wheels";

/// Runs all of them.
pub(crate) fn check() -> Result<(), Failed> {
    let venv = Venv("target/python-venv");
    step("python: tools", || {
        ensure("python3", "python3")?;
        venv.require("bindings/python/requirements.txt")
    })?;
    step("python: the wheel, in a clean environment and in that of the tests", || wheel(&venv))?;
    step("python: types of the package, and its stubs beside the module", || {
        let folders = ["python", "tests", "examples"].map(|folder| format!("bindings/python/{folder}"));
        let mypy = ["-m", "mypy", "--config-file", SETTINGS, "--cache-dir", "target/mypy"];
        venv.python(&[&mypy[..], &folders.each_ref().map(String::as_str)].concat())?;
        venv.python(&["-m", "mypy.stubtest", "qkdpp", "--mypy-config-file", SETTINGS])
    })?;
    step("python: tests", || {
        cargo(&["build", "--locked", "-p", "qkdpp-node"])?;
        let tests = ["-m", "pytest", "-c", SETTINGS, "-p", "no:cacheprovider", "bindings/python/tests"];
        venv.python_with(("QKDPP_PROGRAM", &built("debug/qkdpp")), &tests)
    })?;
    step("python: the example", || {
        let example = ["bindings/python/examples/key_rate_curve.py", "target/python-plots"];
        venv.python_with(("MPLBACKEND", "agg"), &example)
    })
}

/// Builds the wheel, imports it where nothing but numpy is, and installs it for the tests.
fn wheel(venv: &Venv) -> Result<(), Failed> {
    let io = |error: std::io::Error| Failed(format!("{WHEELS}: {error}"));
    let folder = root().join(WHEELS);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(io)?;
    }
    let manifest = ["--manifest-path", "bindings/python/Cargo.toml"];
    let build = ["build", "--profile", "dev", "--locked", "--out", WHEELS];
    venv.run("maturin", &[&build[..], &manifest].concat())?;
    let wheel = fs::read_dir(&folder).map_err(io)?.next().transpose().map_err(io)?;
    let wheel = wheel.ok_or_else(|| Failed(format!("maturin left no wheel in {WHEELS}")))?;
    let wheel = wheel.path().display().to_string();

    let clean = Venv("target/python-clean");
    clean.create()?;
    clean.pip(&[&wheel])?;
    clean.python(&["-c", "import qkdpp; qkdpp.Config('fibre-50km').key_rate()"])?;
    venv.pip(&["--no-deps", "--force-reinstall", &wheel])
}

/// What cargo built, wherever its target folder is.
fn built(path: &str) -> String {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join(path).display().to_string()
}

/// A Python environment of its own, below target/.
struct Venv(&'static str);

impl Venv {
    /// Makes it anew.
    fn create(&self) -> Result<(), Failed> {
        let create = ["-m", "venv", "--clear", self.0];
        run::python(&create).or_else(|_| {
            run::install("python3-venv")?;
            run::python(&create)
        })
    }

    /// Has the packages that the file `requirements` lists; made anew when the list has changed.
    fn require(&self, requirements: &str) -> Result<(), Failed> {
        let io = |error: std::io::Error| Failed(format!("{}: {error}", self.0));
        let wanted = fs::read_to_string(root().join(requirements)).map_err(io)?;
        let installed = self.path("requirements.txt");
        if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
            return Ok(());
        }
        self.create()?;
        self.pip(&["--only-binary", ":all:", "-r", requirements])?;
        fs::write(installed, wanted).map_err(io)
    }

    fn pip(&self, packages: &[&str]) -> Result<(), Failed> {
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        self.python(&[&install[..], packages].concat())
    }

    fn python(&self, arguments: &[&str]) -> Result<(), Failed> {
        self.run("python", arguments)
    }

    fn python_with(&self, (name, value): (&str, &str), arguments: &[&str]) -> Result<(), Failed> {
        let interpreter = self.path("bin/python").display().to_string();
        run::with_env(name, value, &[&[interpreter.as_str()], arguments].concat())
    }

    /// Runs a program of the environment.
    fn run(&self, name: &str, arguments: &[&str]) -> Result<(), Failed> {
        program(&self.path("bin").join(name).display().to_string(), arguments)
    }

    fn path(&self, name: &str) -> PathBuf {
        root().join(self.0).join(name)
    }
}
