//! The device's RTL as a Rust type: `qkdpp_core`, translated to C++ by Verilator, with one method that drives its ports
//! for some clock cycles. What answers at those ports (registers' master, host memory) is qkdpp-device's `sim::rtl`.
//!
//! Without the feature `verilate` the crate is empty. Environment, read when it is built:
//!
//! | variable | meaning |
//! |-|-|
//! | `QKDPP_RTL_CONFIG` | which configuration of hdl/top: `small` (the default) or `default` |
//! | `VERILATOR` | the Verilator to use; otherwise the one of `cargo xtask`, otherwise the one in `PATH` |
#![cfg(feature = "verilate")]

mod ffi;

pub use ffi::{BEAT_WORDS, Core, Drive, Sense};

/// The configuration of hdl/top that was built in.
pub const CONFIGURATION: &str = env!("QKDPP_RTL_CONFIG");

/// The RTL contradicted itself: an assertion failed, or it stopped the simulation. The core is of no use any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Clock cycles since the core was made.
    pub cycle: u64,
    /// What the model said: file, line and assertion.
    pub complaint: String,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the RTL stopped in cycle {}: {}", self.cycle, self.complaint.trim_end())
    }
}

impl std::error::Error for Stopped {}
