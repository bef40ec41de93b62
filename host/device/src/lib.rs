//! The driver of the accelerator: turns [`Job`](qkdpp_kernels::Job)s into submissions on a device's queues and its
//! completions into outputs, over any [`Transport`](transport::Transport). The contract with the device is
//! hdl/DEVICE.md.

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
