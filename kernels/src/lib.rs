#![doc = include_str!("../README.md")]
//! # In this crate
//! `SPEC.md` in this crate is the contract. Each kernel has a folder with its validated job (`mod.rs`), a by-the-book
//! `reference` to learn it from, and a `portable` implementation that is fast on any 64-bit machine; faster levels may
//! stand beside them and must give the same bits. [`Job`] and [`Output`] list the kernels, [`Backend`] is whoever runs
//! them, [`Cpu`] the one that always exists, and [`conformance`] the suite that every backend has to pass.

pub mod backend;
pub mod bits;
pub mod bitslice;
mod clmul;
pub mod conformance;
pub mod cpu;
pub mod job;
pub mod ldpc;
pub mod memory;
pub mod parities;
pub mod polyhash;
pub mod sift;
pub mod simd;
pub mod toeplitz;
pub mod wipe;
#[cfg(target_arch = "x86_64")]
mod zmm;

pub use backend::{Backend, Busy, Done, Fallback, Fault, JobId, Waker};
pub use bits::Bits;
pub use cpu::{Cpu, Level};
pub use job::{Job, Output, ShapeError, Shared};
