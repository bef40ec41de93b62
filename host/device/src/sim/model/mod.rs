//! The register-level model of the device: the same registers, queues, statuses and streams as the RTL, in plain Rust.

mod core;
mod device;
pub mod ldpc;
pub mod parities;
pub mod polyhash;
mod registers;
pub mod sift;
pub mod toeplitz;

pub use device::Model;

use crate::layout::{Capabilities, Status};

/// What a kernel says when a job is done: DEVICE.md §2 and §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// OK, or one of the codes 2, 3, 5.
    pub status: Status,
    /// The result words r0, r1.
    pub results: [u32; 2],
}

impl Finished {
    /// A job that was refused or contradicted itself.
    pub fn failed(status: Status) -> Self {
        Self { status, results: [0; 2] }
    }
}

/// A kernel of the model: input beats to output beats, as DEVICE.md §6 says.
pub trait Kernel: Send {
    /// Runs one job. A beat is four words, the first holding bits 0 to 63. `output` is empty.
    fn run(&mut self, parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished;

    /// Cycles that the RTL's engine works on such a job beyond one for each beat of its input.
    fn engine_cycles(&self, _parameters: &[u32; 8], _beats: usize, _results: [u32; 2]) -> u64 {
        0
    }
}

/// A device with every kernel, of the RTL's default size.
pub fn default_capabilities() -> Capabilities {
    Capabilities {
        kernels: 0b11_1111,
        sift_planes: 4,
        parities_bits: 1 << 14,
        ldpc_lanes: 128,
        ldpc_edges_per_cycle: 2,
        ldpc_columns: 512,
        ldpc_entries: 2048,
        ldpc_rows: 512,
        toeplitz_tile: 512,
        toeplitz_seed_blocks: 4096,
        toeplitz_out_blocks: 1024,
    }
}

/// The kernels by their numbers.
fn kernels(capabilities: &Capabilities) -> Vec<Box<dyn Kernel>> {
    vec![
        Box::new(Echo),
        Box::new(sift::Sift { planes: capabilities.sift_planes }),
        Box::new(parities::Parities { bits: capabilities.parities_bits }),
        Box::new(ldpc::Ldpc::new(capabilities)),
        Box::new(polyhash::PolyHash),
        Box::new(toeplitz::Toeplitz {
            tile: capabilities.toeplitz_tile,
            seed_blocks: capabilities.toeplitz_seed_blocks,
            out_blocks: capabilities.toeplitz_out_blocks,
        }),
    ]
}

/// DEVICE.md §6.0.
struct Echo;

impl Kernel for Echo {
    fn run(&mut self, _parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished {
        output.extend_from_slice(input);
        Finished { status: Status::Ok, results: [0; 2] }
    }
}
