//! The RTL as a device, Verilated: the same suites as the model's, on an unruly bus, with faults, and against the model.
//!
//! Every test ends with a look at the log of the bus: no assertion of the RTL has failed, no rule of AXI was broken, nothing
//! was touched that no submission named.
#![cfg(feature = "rtl")]

#[path = "../../../../kernels/tests/cases/mod.rs"]
mod cases;

mod assertions;
mod board;
mod campaign;
mod conformance;
mod efficiency;
mod malformed;
mod queue;
mod script;
