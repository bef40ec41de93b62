//! Backends by name, as `--backend` and the environment variable `QKDPP_BACKEND` give them.
//!
//! A device comes with the CPU behind it: a job never fails because of a device.

use qkdpp_device::sim::Model;
use qkdpp_device::transport::Transport;
use qkdpp_device::{Fpga, Options, Unusable};
use qkdpp_kernels::{Backend, Cpu, Fallback, Level};

/// The environment variable that chooses the backend where no option does.
pub const VARIABLE: &str = "QKDPP_BACKEND";

/// A backend that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Nobody knows the name.
    #[error(
        "no backend is called {0:?}; there are cpu:reference, cpu:portable, cpu:auto, sim:model and, in builds with \
         the feature rtl, sim:rtl"
    )]
    Unknown(String),
    /// It is not in this build.
    #[error(
        "sim:rtl is not in this build: it is compiled from hdl/ by Verilator, which must be installed, with \
         `cargo build --release --features rtl`"
    )]
    NoRtl,
    /// The device cannot be used.
    #[error("{name}: {reason}")]
    Device {
        /// Name of the backend.
        name: String,
        /// What is wrong with it.
        reason: Unusable,
    },
}

/// The backend called `name`, with `threads` threads of the CPU: `cpu:reference`, `cpu:portable`, `cpu:auto`, or the CPU
/// behind `sim:model` or `sim:rtl`.
///
/// # Errors
/// If there is no such backend in this build, or its device cannot be used.
pub fn open(name: &str, threads: usize) -> Result<Box<dyn Backend>, OpenError> {
    open_with(name, |level| Cpu::with_threads(level, threads))
}

/// As [`open`], but what the CPU does it does in the caller's thread.
///
/// # Errors
/// If there is no such backend in this build, or its device cannot be used.
pub fn open_inline(name: &str) -> Result<Box<dyn Backend>, OpenError> {
    open_with(name, Cpu::inline)
}

/// The device called `name` alone: what it cannot do comes back as a fault. For tests and measurements.
///
/// # Errors
/// If there is no such device in this build, or it cannot be used.
pub fn open_device(name: &str) -> Result<Box<dyn Backend>, OpenError> {
    match name {
        "sim:model" => fpga(name, Model::sound()),
        #[cfg(feature = "rtl")]
        "sim:rtl" => fpga(name, rtl(name)?),
        #[cfg(not(feature = "rtl"))]
        "sim:rtl" => Err(OpenError::NoRtl),
        _ => Err(OpenError::Unknown(name.to_owned())),
    }
}

/// The name in `QKDPP_BACKEND`, or `cpu:auto`.
pub fn default_name() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| "cpu:auto".to_owned())
}

fn open_with(name: &str, cpu: impl Fn(Level) -> Cpu) -> Result<Box<dyn Backend>, OpenError> {
    match name.parse() {
        Ok(level) => Ok(Box::new(cpu(level))),
        Err(_) => Ok(Box::new(Fallback::new(open_device(name)?, cpu(Level::auto())))),
    }
}

fn fpga(name: &str, transport: impl Transport + 'static) -> Result<Box<dyn Backend>, OpenError> {
    let fpga = Fpga::open(transport, Options::new(name));
    fpga.map(|fpga| Box::new(fpga) as _).map_err(|reason| OpenError::Device { name: name.to_owned(), reason })
}

#[cfg(feature = "rtl")]
fn rtl(name: &str) -> Result<qkdpp_device::sim::Rtl, OpenError> {
    use qkdpp_device::sim::rtl::Timing;
    use qkdpp_device::sim::{Idle, Rtl, faults::Plan};

    Rtl::new(&Timing::calm(), Plan::sound(), Idle::Sleep).map_err(|stopped| OpenError::Device {
        name: name.to_owned(),
        reason: Unusable::System(stopped.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_and_errors_say_what_to_do() {
        for name in ["cpu:reference", "cpu:portable", "cpu:auto"] {
            assert!(open(name, 1).is_ok_and(|backend| backend.name().starts_with("cpu:")), "{name}");
            assert!(matches!(open_device(name), Err(OpenError::Unknown(_))), "{name} is no device");
        }
        assert_eq!(
            open("sim:model", 1).map(|backend| backend.name()).ok().as_deref(),
            Some("sim:model, else cpu:portable")
        );
        assert_eq!(open_device("sim:model").map(|backend| backend.name()).ok().as_deref(), Some("sim:model"));
        let unknown = open("sim:mode", 1).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(unknown.contains("sim:model") && unknown.contains("cpu:portable"), "{unknown}");
        #[cfg(not(feature = "rtl"))]
        {
            let missing = open("sim:rtl", 1).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(missing.contains("--features rtl"), "{missing}");
        }
    }
}
