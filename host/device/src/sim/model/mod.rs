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
}

/// A device with every kernel, of the size that fits an xc7a200t.
pub fn default_capabilities() -> Capabilities {
    Capabilities {
        kernels: 0b11_1111,
        sift_planes: 8,
        parities_bits: 1 << 14,
        ldpc_lanes: 256,
        ldpc_edges_per_cycle: 1,
        ldpc_columns: 256,
        ldpc_entries: 4096,
        ldpc_rows: 256,
        toeplitz_tile: 512,
        toeplitz_seed_blocks: 4096,
        toeplitz_out_blocks: 1024,
    }
}

/// The kernels by their numbers.
fn kernels(capabilities: &Capabilities) -> Vec<Box<dyn Kernel>> {
    let _ = capabilities;
    vec![Box::new(Echo), Box::new(Echo), Box::new(Echo), Box::new(Echo), Box::new(polyhash::PolyHash)]
}

/// DEVICE.md §6.0.
struct Echo;

impl Kernel for Echo {
    fn run(&mut self, _parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished {
        output.extend_from_slice(input);
        Finished { status: Status::Ok, results: [0; 2] }
    }
}
