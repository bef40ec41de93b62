//! The native half of the Python module `qkdpp`; python/qkdpp is the other.
//!
//! A thin layer: each function turns its arguments into a job, a config or a link of the Rust crates, runs it without the
//! GIL, and turns what comes back into numpy arrays, dicts or the classes here. Bit strings stay where Rust has them
//! (`bits.rs`); numpy sees them through views.
#![allow(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over by value")]

mod batch;
mod bits;
mod code;
mod config;
mod error;
mod json;
mod kernels;
mod link;
mod progress;
mod proof;
mod record;
mod simulation;

use pyo3::prelude::*;

/// The native half of qkdpp; import qkdpp instead.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::{
        batch::PyBatch,
        bits::PyBits,
        code::PyCode,
        config::{PyConfig, PySimulation, presets},
        error::{LinkStopped, OperatorError, PeerError, RawDataError},
        kernels::{
            PyDecoded, channel_magnitude, ldpc_decode, parities, permutation, polyhash, sift, syndrome,
            toeplitz,
        },
        link::{PyInsecureSeed, PyKey, PyLink, PyPool},
        proof::evaluate_proof,
        record::{PyRecordReader, PyRecordWriter},
        simulation::{reconcile, simulate_ldpc, simulate_reconciliation},
    };
}
