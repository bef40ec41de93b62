//! One-way error correction: syndromes and their decoding.

use std::mem::MaybeUninit;
use std::sync::Arc;

use qkdpp_kernels::ldpc::{Code, LdpcDecode, Syndrome, family, rule};
use qkdpp_kernels::{Job, Output, ShapeError};

use super::{Backend, mixed_up};
use crate::boundary::{Bits, MutBits, call, required};
use crate::error::{Error, Status};

/// One of the library's LDPC codes, named by its lengths (SPEC.md §5); qkdpp_ldpc_code_for_qber chooses one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LdpcCode {
    /// Bits of a frame: 16384, 65536, 262144 or 1048576.
    pub(crate) frame_bits: usize,
    /// Bits of a frame's syndrome: what leaks about it.
    pub(crate) syndrome_bits: usize,
    /// The largest error rate to use it for: about one frame in a hundred fails there, with 50 iterations.
    pub(crate) max_qber: f64,
}

impl LdpcCode {
    /// The code itself.
    fn find(&self) -> Result<Arc<Code>, Error> {
        let Self { frame_bits, syndrome_bits, .. } = *self;
        let codes = family::ladder(frame_bits).iter().map(|rung| &rung.code);
        let code = codes.into_iter().find(|code| code.checks() == syndrome_bits).map(Arc::clone);
        code.ok_or_else(|| {
            Error::argument(format!("there is no code with {syndrome_bits} syndrome bits for {frame_bits}"))
        })
    }
}

/// Chooses the code that leaks least among those for frames of frame_bits bits (16384, 65536, 262144 or 1048576) and the error rate qber
/// (above 0, below 0.5). QKDPP_STATUS_ARGUMENT if there is none. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_ldpc_code_for_qber(
    frame_bits: usize,
    qber: f64,
    code: Option<&mut MaybeUninit<LdpcCode>>,
) -> Status {
    call(|| {
        let code = required("code", code)?;
        let rung = family::for_qber(frame_bits, check(qber)?);
        let rung = rung.ok_or_else(|| {
            Error::argument(format!(
                "there is no code for frames of {frame_bits} bits and an error rate of {qber}"
            ))
        })?;
        code.write(LdpcCode { frame_bits, syndrome_bits: rung.code.checks(), max_qber: rung.max_qber });
        Ok(())
    })
}

fn check(qber: f64) -> Result<f64, Error> {
    if qber > 0.0 && qber < 0.5 {
        return Ok(qber);
    }
    Err(Error::argument(format!("qber is {qber}, it must be above 0 and below 0.5")))
}

/// Syndromes of frames, one after the other (SPEC.md §5.2). frames is a whole number of frames, syndromes has as many
/// syndromes. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_ldpc_syndrome(
    backend: Option<&Backend>,
    code: Option<&LdpcCode>,
    frames: Bits<'_>,
    syndromes: MutBits<'_>,
) -> Status {
    call(|| {
        let code = required("code", code)?.find()?;
        let frames = frames.get("frames.data")?;
        let want = (frames.len() / code.variables()).saturating_mul(code.checks());
        let job = Syndrome::new(code, Arc::new(frames))?;
        syndromes.check("syndromes", want)?;
        match Backend::run(backend, Job::Syndrome(job))? {
            Output::Syndrome(bits) => syndromes.put("syndromes", &bits),
            other => Err(mixed_up(other)),
        }
    })
}

/// Decodes one frame towards the peer's syndrome (SPEC.md §5.3). known marks bits of the frame that are certain, as after a
/// disclosure; no bits for none. They weigh most, but enough checks against one still turn it. qber: the error rate of the
/// others. decoded has the frame's length. *iterations is how many complete ones were run, at most max_iterations; *converged
/// is 1 if decoded has the syndrome, else 0. That is no proof that it is the peer's frame: compare hashes. Threads: one at a
/// time for each backend, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_ldpc_decode(
    backend: Option<&Backend>,
    code: Option<&LdpcCode>,
    frame: Bits<'_>,
    syndrome: Bits<'_>,
    known: Bits<'_>,
    qber: f64,
    max_iterations: u32,
    decoded: MutBits<'_>,
    iterations: Option<&mut MaybeUninit<u32>>,
    converged: Option<&mut MaybeUninit<u32>>,
) -> Status {
    call(|| {
        let (iterations, converged) =
            (required("iterations", iterations)?, required("converged", converged)?);
        let code = required("code", code)?.find()?;
        if max_iterations > MAX_ITERATIONS {
            let (what, got) = ("max_iterations", max_iterations as usize);
            return Err(ShapeError::Range { what, min: 0, max: MAX_ITERATIONS as usize, got }.into());
        }
        decoded.check("decoded", code.variables())?;
        let channel = rule::channel_magnitude(check(qber)?);
        let (frame, syndrome) =
            (Arc::new(frame.get("frame.data")?), Arc::new(syndrome.get("syndrome.data")?));
        let known = known.optional("known.data")?.map(Arc::new);
        let job = LdpcDecode::new(code, frame, syndrome, known, channel, max_iterations)?;
        match Backend::run(backend, Job::LdpcDecode(job))? {
            Output::LdpcDecode(result) => {
                decoded.put("decoded", &result.word)?;
                iterations.write(result.iterations);
                converged.write(result.converged.into());
                Ok(())
            }
            other => Err(mixed_up(other)),
        }
    })
}

/// As in a profile.
const MAX_ITERATIONS: u32 = 1000;
