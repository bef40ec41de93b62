//! How jobs lie in device memory: DEVICE.md §6, one file per kernel.
//!
//! A job is cut into one or more *parts*, each a submission; their outputs are joined. Encoders write into DMA memory
//! through a [`Sink`], decoders read through a [`Source`]; neither sees an address.

pub mod ldpc;
pub mod parities;
pub mod polyhash;
pub mod sift;
pub mod toeplitz;

use std::sync::Arc;

use qkdpp_kernels::ldpc::Code;

/// Bytes of a beat.
pub const BEAT: usize = 32;

/// The kernels of DEVICE.md §6, by their number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kernel {
    /// Copies its input.
    Echo = 0,
    /// SPEC §2.
    Sift = 1,
    /// SPEC §4.
    Parities = 2,
    /// SPEC §5.
    Ldpc = 3,
    /// SPEC §6.
    PolyHash = 4,
    /// SPEC §7.
    Toeplitz = 5,
}

/// How a submission ended, DEVICE.md §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// The entry itself is malformed.
    BadDescriptor = 1,
    /// The kernel refuses the parameters.
    BadParameter = 2,
    /// More or fewer beats than the parameters say.
    BadLength = 3,
    /// The output does not fit.
    OutputOverflow = 4,
    /// The input contradicts itself.
    BadData = 5,
    /// The bus answered a read with an error.
    ReadError = 6,
    /// The bus answered a write with an error.
    WriteError = 7,
    /// The bus did not answer.
    Timeout = 8,
    /// A memory of the device failed its parity check.
    Parity = 9,
}

/// What a device can do, from its CAP registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Bit k set: kernel number k is there.
    pub kernels: u32,
    /// Planes of one sift submission.
    pub sift_planes: usize,
    /// Longest frame of parities, in bits.
    pub parities_bits: usize,
    /// Lanes of the LDPC kernel: largest lifting factor that it runs without splitting.
    pub ldpc_lanes: usize,
    /// Edges of the base matrix it takes a cycle.
    pub ldpc_edges_per_cycle: usize,
    /// Base columns it has room for.
    pub ldpc_columns: usize,
    /// Entries of a table it has room for.
    pub ldpc_entries: usize,
    /// Checks it has room for, in base rows.
    pub ldpc_rows: usize,
    /// T: bits of a block.
    pub toeplitz_tile: usize,
    /// Blocks of seed it has room for.
    pub toeplitz_seed_blocks: usize,
    /// Blocks of output it has room for.
    pub toeplitz_out_blocks: usize,
}

/// What the driver has to remember between jobs of one device; forgotten at every reset.
#[derive(Clone, Debug, Default)]
pub struct Resident {
    /// The code whose table the LDPC kernel holds.
    pub code: Option<Arc<Code>>,
}

/// A submission without addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Who computes.
    pub kernel: Kernel,
    /// p0..p7.
    pub parameters: [u32; 8],
    /// Input, in beats; at least one.
    pub input_beats: usize,
    /// Largest output, in beats.
    pub output_beats: usize,
}

/// Where an encoder puts the input, in order.
pub trait Sink {
    /// Appends one or more beats, as words of 64 bits; a multiple of four words.
    fn put(&mut self, words: &[u64]);
}

/// Where a decoder takes the output from, in order.
pub trait Source {
    /// The next beats; as many as fill `words`, a multiple of four words.
    ///
    /// # Errors
    /// If the device has written fewer.
    fn take(&mut self, words: &mut [u64]) -> Result<(), Wrong>;
}

/// A job that this device cannot do; another backend must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsupported(pub String);

/// An output that cannot be right, although its status is OK and its checksum holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

/// One kernel's layout. `Self` is a part: one submission of a job.
pub trait Layout: Sized {
    /// The job of the kernel crate.
    type Job;
    /// Its output, joined from all parts.
    type Output;

    /// Cuts a job into submissions, to be made in this order. No part at all: [`blank`](Self::blank) is the output.
    ///
    /// # Errors
    /// If the device has no room for such a job.
    fn cut(
        job: &Self::Job,
        capabilities: &Capabilities,
        resident: &mut Resident,
    ) -> Result<Vec<Self>, Unsupported>;

    /// The submission of this part.
    fn shape(&self, job: &Self::Job) -> Shape;

    /// Writes its input: as many beats as the shape says.
    fn encode(&self, job: &Self::Job, to: &mut dyn Sink);

    /// The output before any part has been joined to it.
    fn blank(job: &Self::Job) -> Self::Output;

    /// Joins the output of this part. Parts may be joined in any order.
    ///
    /// # Errors
    /// If it cannot be right.
    fn decode(
        &self,
        job: &Self::Job,
        results: [u32; 2],
        from: &mut dyn Source,
        into: &mut Self::Output,
    ) -> Result<(), Wrong>;
}
