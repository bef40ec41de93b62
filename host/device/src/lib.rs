//! The driver of the accelerator: turns [`Job`](qkdpp_kernels::Job)s into submissions on a device's queues and its
//! completions into outputs, over any [`Transport`](transport::Transport). The contract with the device is
//! hdl/DEVICE.md.
//!
//! ```
//! use qkdpp_device::{Fpga, Options, sim::Model};
//! use qkdpp_kernels::toeplitz::{Family, Toeplitz};
//! use qkdpp_kernels::{Backend, Bits, Job, JobId, Output};
//! use std::time::Duration;
//!
//! // A device has passed its self-test once it is open. `pci` has cards; this is the register-level model of one.
//! let mut device = Fpga::open(Model::sound(), Options::new("sim:model"))?;
//! let (key, seed) = (Bits::all_ones(256), Bits::all_ones(256 + 64 - 1));
//! let job = Job::Toeplitz(Toeplitz::new(Family::Toeplitz, key.into(), seed.into(), 64).expect("lengths fit"));
//! device.submit(JobId(1), job).expect("an idle device has room");
//! let done = device.wait(Duration::from_secs(10)).expect("it answers");
//! assert!(matches!(done.result, Ok(Output::Toeplitz(hashed)) if hashed == Bits::zeros(64)));
//! # Ok::<_, qkdpp_device::Unusable>(())
//! ```

pub mod counters;
mod driver;
pub mod entry;
mod fpga;
pub mod layout;
#[cfg(target_os = "linux")]
pub mod pci;
pub mod regs;
pub mod sim;
pub mod transport;
pub mod window;

pub use driver::{Driver, Options, Unusable};
pub use fpga::Fpga;
