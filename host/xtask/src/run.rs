//! Running commands at the root of the repository, and installing those that are missing.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What failed.
pub(crate) struct Failed(pub(crate) String);

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Announces a step.
pub(crate) fn announce(name: &str) {
    eprintln!("\n==== {name}");
}

/// Announces a step, runs it, and says how long it took.
pub(crate) fn step(name: &str, work: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    announce(name);
    let began = Instant::now();
    work()?;
    eprintln!("==== {name}: {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Runs cargo.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), Failed> {
    finish(Command::new("cargo").args(arguments))
}

/// Runs a Python program.
pub(crate) fn python(arguments: &[&str]) -> Result<(), Failed> {
    program("python3", arguments)
}

/// Runs any program.
pub(crate) fn program(name: &str, arguments: &[&str]) -> Result<(), Failed> {
    finish(Command::new(name).args(arguments))
}

/// Runs a command with an environment variable set.
pub(crate) fn with_env(name: &str, value: &str, command: &[&str]) -> Result<(), Failed> {
    finish(Command::new(command[0]).args(&command[1..]).env(name, value))
}

/// Makes sure that `program` can be run, from Debian's `package` if need be.
pub(crate) fn ensure(program: &str, package: &str) -> Result<(), Failed> {
    let found = |program: &str| {
        let probe =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    };
    if found(program) {
        return Ok(());
    }
    install(package)?;
    if found(program) { Ok(()) } else { Err(Failed(format!("{program} is missing; install it by hand"))) }
}

/// Installs a package of Debian.
pub(crate) fn install(package: &str) -> Result<(), Failed> {
    eprintln!("installing Debian's {package}");
    program("apt-get", &["update", "--quiet"])?;
    program("apt-get", &["install", "--yes", "--quiet", package])
}

/// Incremental compilation would only fill the disk: most of what is run here compiles everything, and once.
fn finish(command: &mut Command) -> Result<(), Failed> {
    let shown = format!("{command:?}");
    match command.current_dir(root()).env("CARGO_INCREMENTAL", "0").status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("{shown}: {status}"))),
        Err(error) => Err(Failed(format!("{shown}: {error}"))),
    }
}
