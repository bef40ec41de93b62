//! Backends by name, as `--backend` and the environment variable `QKDPP_BACKEND` give them.

use qkdpp_kernels::cpu::UnknownBackend;
use qkdpp_kernels::{Backend, Cpu, Level};

/// The environment variable that chooses the backend where no option does.
pub const VARIABLE: &str = "QKDPP_BACKEND";

/// The backend called `name` with `threads` threads: `cpu:reference`, `cpu:portable` or `cpu:auto`.
///
/// # Errors
/// If there is no such backend in this build.
pub fn open(name: &str, threads: usize) -> Result<Box<dyn Backend>, UnknownBackend> {
    let level: Level = name.parse()?;
    Ok(Box::new(Cpu::with_threads(level, threads)))
}

/// The name in `QKDPP_BACKEND`, or `cpu:auto`.
pub fn default_name() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| "cpu:auto".to_owned())
}
