//! Compaction by a mask, and running parities.

use std::sync::Arc;

use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::{Job, Output, ShapeError};

use super::{Backend, mixed_up};
use crate::boundary::{Bits, Bytes, MutBits, call};
use crate::error::{Error, Status};

/// Keeps the bits of plane where mask is 1 (SPEC.md §2): the bases that match, the bits of one intensity. Both have the same
/// length; kept has as many bits as the mask has ones. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_sift(
    backend: Option<&Backend>,
    mask: Bits<'_>,
    plane: Bits<'_>,
    kept: MutBits<'_>,
) -> Status {
    call(|| {
        let (mask, plane) = (mask.get("mask.data")?, plane.get("plane.data")?);
        kept.check("kept", mask.count_ones())?;
        let job = Sift::new(Arc::new(mask), vec![Arc::new(plane)])?;
        match Backend::run(backend, Job::Sift(job))? {
            Output::Sift(planes) if planes.len() == 1 => kept.put("kept", &planes[0]),
            other => Err(mixed_up(other)),
        }
    })
}

/// Running parities of frames under a permutation, what Cascade asks for its blocks (SPEC.md §4): bit j of a frame's result is
/// the sum of bits 0 to j of the permuted frame, so that the parity of positions a to b - 1 is result[b - 1] XOR
/// result[a - 1]. frames is a whole number of frames of frame_bits bits, parities as long. seed: 32 bytes, from which the
/// permutation follows (SPEC.md §3), or no bytes for none. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_parities(
    backend: Option<&Backend>,
    frames: Bits<'_>,
    frame_bits: usize,
    seed: Bytes<'_>,
    parities: MutBits<'_>,
) -> Status {
    call(|| {
        let frames = frames.get("frames.data")?;
        parities.check("parities", frames.len())?;
        let permutation = permutation(seed.get("seed.data")?, frame_bits)?;
        let job = Parities::new(Arc::new(frames), Arc::new(permutation))?;
        match Backend::run(backend, Job::Parities(job))? {
            Output::Parities(bits) => parities.put("parities", &bits),
            other => Err(mixed_up(other)),
        }
    })
}

/// Larger frames are no use, and would take more memory than a mistaken size should.
const MAX_FRAME_BITS: usize = 1 << 24;

fn permutation(seed: &[u8], frame_bits: usize) -> Result<Permutation, Error> {
    if frame_bits > MAX_FRAME_BITS {
        let (what, got) = ("frame_bits", frame_bits);
        return Err(ShapeError::Range { what, min: 1, max: MAX_FRAME_BITS, got }.into());
    }
    match seed {
        [] => Ok(Permutation::identity(frame_bits)?),
        seed => {
            let length = |_| Error::argument(format!("the seed has {} bytes, 32 are needed", seed.len()));
            Ok(Permutation::new(seed.try_into().map_err(length)?, frame_bits)?)
        }
    }
}
