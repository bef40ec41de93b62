//! Backends by name, as `--backend` and the environment variable `QKDPP_BACKEND` give them.
//!
//! A device comes with the CPU behind it: a job never fails because of a device.

use std::time::Duration;

use qkdpp_device::layout::Capabilities;
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
        "no backend is called {0:?}; there are, on this machine, {levels}, sim:model, vfio:ADDRESS (a card), \
         vfio-user:PATH (a socket) and, in builds with the feature rtl, sim:rtl",
        levels = Level::names()
    )]
    Unknown(String),
    /// It is not in this build.
    #[error(
        "sim:rtl is not in this build: it is compiled from hdl/ by Verilator, which must be installed, with \
         `cargo build --release --features rtl`"
    )]
    NoRtl,
    /// It is for another operating system.
    #[error("{0}: cards are reached through VFIO, which Linux alone has")]
    NoVfio(String),
    /// Nobody knows the setting.
    #[error("{0:?} is no setting of a device; there are poll and patience=SECONDS (1 to 3600)")]
    Setting(String),
    /// The device cannot be used.
    #[error("{name}: {reason}")]
    Device {
        /// Name of the backend.
        name: String,
        /// What is wrong with it.
        reason: Unusable,
    },
}

/// The backend called `name`, with `threads` threads of the CPU: `cpu:reference`, `cpu:portable`, `cpu:avx2`, `cpu:avx512`, `cpu:auto` (the fastest), or the CPU
/// behind a device:
///
/// | device | name |
/// |-|-|
/// | its register-level model | `sim:model` |
/// | its RTL, Verilated (feature `rtl`) | `sim:rtl` |
/// | a card, by its PCI address | `vfio:0000:01:00.0` |
/// | a server of such a card on a socket | `vfio-user:/run/qkdpp.socket` |
///
/// Options may follow the name of a card or a socket, as in `vfio:0000:01:00.0?poll&patience=60`: `poll` makes the driver look
/// for completions all the time, which costs a core, instead of waiting for interrupts; `patience` is how many seconds a job
/// may be late, for devices that are simulated and slow.
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
    open_known(name).map(|(backend, _)| backend)
}

/// As [`open_device`], with what the device can do.
///
/// # Errors
/// If there is no such device in this build, or it cannot be used.
pub fn open_known(name: &str) -> Result<(Box<dyn Backend>, Capabilities), OpenError> {
    let device = |reason| OpenError::Device { name: name.to_owned(), reason };
    reach(name, Open { name })?.map_err(device)
}

/// Resets the device called `name` from outside, as a power cycle would as far as its bus can.
///
/// # Errors
/// If there is no such device in this build, or it does not come back.
pub fn reset(name: &str) -> Result<(), OpenError> {
    let device = |error: std::io::Error| OpenError::Device { name: name.to_owned(), reason: error.into() };
    reach(name, Reset)?.map_err(device)
}

/// What follows the name of a card.
#[derive(Debug, Default, PartialEq)]
struct Settings {
    poll: bool,
    patience: Option<Duration>,
}

impl Settings {
    /// The name without its settings, and these.
    fn split(name: &str) -> Result<(&str, Self), OpenError> {
        let mut settings = Self::default();
        let (place, list) = name.split_once('?').unwrap_or((name, ""));
        for setting in list.split('&').filter(|setting| !setting.is_empty()) {
            match setting.split_once('=').unwrap_or((setting, "")) {
                ("poll", "") => settings.poll = true,
                ("patience", seconds)
                    if seconds.parse().is_ok_and(|seconds| (1..=3600).contains(&seconds)) =>
                {
                    settings.patience = seconds.parse().ok().map(Duration::from_secs);
                }
                _ => return Err(OpenError::Setting(setting.to_owned())),
            }
        }
        Ok((place, settings))
    }
}

/// Something to do with a transport, whichever it is.
trait Errand {
    type Outcome;

    fn run(self, transport: impl Transport + 'static, settings: &Settings) -> Self::Outcome;
}

struct Open<'a> {
    name: &'a str,
}

impl Errand for Open<'_> {
    type Outcome = Result<(Box<dyn Backend>, Capabilities), Unusable>;

    fn run(self, transport: impl Transport + 'static, settings: &Settings) -> Self::Outcome {
        let mut options = Options::new(self.name);
        options.patience = settings.patience.unwrap_or(options.patience);
        let fpga = Fpga::open(transport, options)?;
        let capabilities = fpga.capabilities().clone();
        tracing::info!(backend = self.name, "the device has passed its self-test");
        Ok((Box::new(fpga), capabilities))
    }
}

struct Reset;

impl Errand for Reset {
    type Outcome = std::io::Result<()>;

    fn run(self, mut transport: impl Transport + 'static, _: &Settings) -> Self::Outcome {
        transport.recover()
    }
}

/// Runs `errand` on the transport to the device called `name`.
fn reach<E: Errand>(name: &str, errand: E) -> Result<E::Outcome, OpenError> {
    let (place, settings) = Settings::split(name)?;
    if let Some((way @ ("vfio" | "vfio-user"), address)) = place.split_once(':') {
        return card(name, way, address, errand, &settings);
    }
    match place {
        "sim:model" => Ok(errand.run(Model::sound(), &settings)),
        #[cfg(feature = "rtl")]
        "sim:rtl" => Ok(errand.run(rtl(name)?, &settings)),
        #[cfg(not(feature = "rtl"))]
        "sim:rtl" => Err(OpenError::NoRtl),
        _ => Err(OpenError::Unknown(name.to_owned())),
    }
}

/// A card, or a server of one.
#[cfg(target_os = "linux")]
fn card<E: Errand>(
    name: &str,
    way: &str,
    address: &str,
    errand: E,
    settings: &Settings,
) -> Result<E::Outcome, OpenError> {
    use qkdpp_device::pci::{Notice, Pci, Vfio, VfioUser, sysfs::Slot};

    let notice = if settings.poll { Notice::Polling } else { Notice::Interrupts };
    if way == "vfio-user" {
        let server = Pci::<VfioUser>::open(address.into(), notice).map_err(|error| unusable(name, &error))?;
        return Ok(errand.run(server, settings));
    }
    let slot = Slot::new(address).map_err(|error| unusable(name, &error))?;
    let card = Pci::<Vfio>::open(slot, notice).map_err(|error| unusable(name, &error))?;
    Ok(errand.run(card, settings))
}

#[cfg(not(target_os = "linux"))]
fn card<E: Errand>(name: &str, _: &str, _: &str, _: E, _: &Settings) -> Result<E::Outcome, OpenError> {
    Err(OpenError::NoVfio(name.to_owned()))
}

#[cfg(any(target_os = "linux", feature = "rtl"))]
fn unusable(name: &str, error: &dyn std::error::Error) -> OpenError {
    OpenError::Device { name: name.to_owned(), reason: Unusable::System(error.to_string()) }
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

#[cfg(feature = "rtl")]
fn rtl(name: &str) -> Result<qkdpp_device::sim::Rtl, OpenError> {
    use qkdpp_device::sim::rtl::Timing;
    use qkdpp_device::sim::{Idle, Rtl, faults::Plan};

    Rtl::new(&Timing::calm(), Plan::sound(), Idle::Sleep).map_err(|stopped| unusable(name, &stopped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_and_errors_say_what_to_do() {
        for name in Level::names().split(", ") {
            assert!(open(name, 1).is_ok_and(|backend| backend.name().starts_with("cpu:")), "{name}");
            assert!(matches!(open_device(name), Err(OpenError::Unknown(_))), "{name} is no device");
        }
        assert_eq!(
            open("sim:model", 1).map(|backend| backend.name()).ok().as_deref(),
            Some(format!("sim:model, else {}", Level::auto())).as_deref()
        );
        assert_eq!(open_device("sim:model").map(|backend| backend.name()).ok().as_deref(), Some("sim:model"));
        #[cfg(not(target_os = "linux"))]
        for name in ["vfio:0000:01:00.0", "vfio-user:/nowhere/socket?poll"] {
            assert_eq!(open(name, 1).err(), Some(OpenError::NoVfio(name.to_owned())));
        }
        #[cfg(target_os = "linux")]
        for (name, expected) in [
            ("vfio:01:00", "no PCI address"),
            ("vfio:0000:ff:1f.7?poll", "qkdpp device list"),
            ("vfio-user:/nowhere/socket?patience=60&poll", "/nowhere/socket"),
        ] {
            let error = open(name, 1).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(name) && error.contains(expected), "{error}");
        }
        for wrong in ["fast", "patience", "patience=0", "poll=1"] {
            let error = open(&format!("vfio-user:/nowhere/socket?{wrong}"), 1).err();
            assert_eq!(error, Some(OpenError::Setting(wrong.to_owned())));
        }
        let unknown = open("sim:mode", 1).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(unknown.contains("sim:model") && unknown.contains("cpu:portable"), "{unknown}");
        #[cfg(not(feature = "rtl"))]
        {
            let missing = open("sim:rtl", 1).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(missing.contains("--features rtl"), "{missing}");
        }
    }
}
