//! The kernels as functions: arguments to a job, the job run without the GIL, its output to Python.

use std::sync::Arc;
use std::time::Duration;

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use qkdpp::backend;
use qkdpp_kernels::ldpc::{LdpcDecode, Syndrome, rule};
use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Backend, Job, JobId, Level, Output};

use crate::bits::{BitsArgument, PyBits};
use crate::code::PyCode;
use crate::error;

/// How long to wait for a device before asking it again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `job` to its end on the backend called `name`, by default that of `QKDPP_BACKEND` or cpu:auto, without the GIL.
fn run(py: Python<'_>, name: Option<String>, job: impl Into<AnyJob>) -> PyResult<Output> {
    let AnyJob(job) = job.into();
    let name = name.unwrap_or_else(backend::default_name);
    py.detach(|| match name.parse::<Level>() {
        Ok(level) => Ok(level.run(&job)),
        Err(_) => on_device(&mut *backend::open_inline(&name).map_err(error::value)?, job),
    })
}

fn on_device(device: &mut dyn Backend, job: Job) -> PyResult<Output> {
    let failed = |reason: String| PyRuntimeError::new_err(reason);
    device.submit(JobId(0), job).map_err(|_| failed("a device that was just opened is busy".to_owned()))?;
    loop {
        if let Some(done) = device.wait(PATIENCE) {
            return done.result.map_err(|(fault, _)| failed(fault.to_string()));
        }
    }
}

/// Any of the kernels' jobs.
struct AnyJob(Job);

/// What a kernel returned instead of its own output; it never does.
fn unexpected(output: &Output) -> PyErr {
    PyRuntimeError::new_err(format!("the backend answered with {output:?}"))
}

macro_rules! jobs {
    ($($kernel:ident)*) => {
        $(impl From<$kernel> for AnyJob {
            fn from(job: $kernel) -> Self {
                Self(Job::$kernel(job))
            }
        })*
    };
}
jobs!(Sift Parities Syndrome LdpcDecode PolyHash Toeplitz);

/// Keeps the bits of each plane that the mask selects (SPEC section 2).
///
/// mask: n bits. planes: any number of n bits each. Returns one Bits of count_ones(mask) bits per plane.
#[pyfunction]
#[pyo3(signature = (mask, planes, *, backend = None))]
pub(crate) fn sift(
    py: Python<'_>,
    mask: BitsArgument,
    planes: Vec<BitsArgument>,
    backend: Option<String>,
) -> PyResult<Vec<PyBits>> {
    let planes = planes.into_iter().map(|BitsArgument(plane)| plane).collect();
    match run(py, backend, Sift::new(mask.0, planes).map_err(error::value)?)? {
        Output::Sift(planes) => Ok(planes.into_iter().map(PyBits::from).collect()),
        other => Err(unexpected(&other)),
    }
}

/// The permutation of 0..n that both sides expand from a public seed of 32 bytes (SPEC section 3).
///
/// Returns a uint32 array of shape (n,): bit j of the permuted frame is bit pi[j] of the frame.
#[pyfunction]
pub(crate) fn permutation(py: Python<'_>, seed: [u8; 32], n: usize) -> PyResult<Bound<'_, PyArray1<u32>>> {
    let permutation = py.detach(|| Permutation::new(&seed, n)).map_err(error::value)?;
    Ok(PyArray1::from_slice(py, permutation.indices()))
}

/// Running parities of permuted frames, what Cascade asks for its block parities (SPEC section 4).
///
/// frames: k * n bits. seed: 32 bytes, of the permutation; None leaves the frames in their order. Returns k * n bits:
/// bit j of a frame is the parity of its first j + 1 permuted bits.
#[pyfunction]
#[pyo3(signature = (frames, n, seed = None, *, backend = None))]
pub(crate) fn parities(
    py: Python<'_>,
    frames: BitsArgument,
    n: usize,
    seed: Option<[u8; 32]>,
    backend: Option<String>,
) -> PyResult<PyBits> {
    let permutation =
        seed.map_or_else(|| Permutation::identity(n), |seed| py.detach(|| Permutation::new(&seed, n)));
    let permutation = Arc::new(permutation.map_err(error::value)?);
    match run(py, backend, Parities::new(frames.0, permutation).map_err(error::value)?)? {
        Output::Parities(parities) => Ok(parities.into()),
        other => Err(unexpected(&other)),
    }
}

/// LDPC syndromes (SPEC section 5.2).
///
/// frames: k * code.n bits. Returns k * code.m bits.
#[pyfunction]
#[pyo3(signature = (code, frames, *, backend = None))]
pub(crate) fn syndrome(
    py: Python<'_>,
    code: &PyCode,
    frames: BitsArgument,
    backend: Option<String>,
) -> PyResult<PyBits> {
    let job = Syndrome::new(Arc::clone(&code.code), frames.0).map_err(error::value)?;
    match run(py, backend, job)? {
        Output::Syndrome(syndrome) => Ok(syndrome.into()),
        other => Err(unexpected(&other)),
    }
}

/// What an LDPC decoder found.
#[pyclass(frozen, get_all, name = "Decoded", module = "qkdpp")]
pub(crate) struct PyDecoded {
    /// The last decision, n bits.
    word: Py<PyBits>,
    /// Complete iterations run.
    iterations: u32,
    /// Whether the word has the wanted syndrome.
    converged: bool,
}

/// Looks for the word with the given syndrome that is nearest to `word` (SPEC section 5.3).
///
/// word: code.n bits, syndrome: code.m bits. known: code.n bits, 1 where the word is certain; such bits weigh most, but enough
/// checks against one still turn it. channel: magnitude of the uncertain bits, 1 to 127 in units of 1/4 nat;
/// `channel_magnitude(qber)` gives it.
#[pyfunction]
#[pyo3(signature = (code, word, syndrome, channel, *, known = None, max_iterations = 60, backend = None))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn ldpc_decode(
    py: Python<'_>,
    code: &PyCode,
    word: BitsArgument,
    syndrome: BitsArgument,
    channel: u8,
    known: Option<BitsArgument>,
    max_iterations: u32,
    backend: Option<String>,
) -> PyResult<PyDecoded> {
    let known = known.map(|BitsArgument(known)| known);
    let job = LdpcDecode::new(Arc::clone(&code.code), word.0, syndrome.0, known, channel, max_iterations);
    match run(py, backend, job.map_err(error::value)?)? {
        Output::LdpcDecode(decoded) => Ok(PyDecoded {
            word: Py::new(py, PyBits::from(decoded.word))?,
            iterations: decoded.iterations,
            converged: decoded.converged,
        }),
        other => Err(unexpected(&other)),
    }
}

/// The decoder's channel magnitude for an error rate: ln((1 - q) / q) in units of 1/4 nat, 1 to 127.
#[pyfunction]
pub(crate) fn channel_magnitude(qber: f64) -> u8 {
    rule::channel_magnitude(qber)
}

/// Polynomial hashes over GF(2^128), the verification tags (SPEC section 6).
///
/// key: 16 bytes, bit i of it the coefficient of x^i. Each `segment` bits of the message, the last may be shorter, give a
/// hash. Returns a uint8 array of shape (segments, 16), byte 0 first.
#[pyfunction]
#[pyo3(signature = (key, message, segment, *, backend = None))]
pub(crate) fn polyhash(
    py: Python<'_>,
    key: [u8; 16],
    message: BitsArgument,
    segment: usize,
    backend: Option<String>,
) -> PyResult<Bound<'_, PyArray2<u8>>> {
    let job = PolyHash::new(u128::from_le_bytes(key), message.0, segment).map_err(error::value)?;
    match run(py, backend, job)? {
        Output::PolyHash(hashes) => {
            let bytes: Vec<[u8; 16]> = hashes.into_iter().map(u128::to_le_bytes).collect();
            Ok(Array2::from(bytes).into_pyarray(py))
        }
        other => Err(unexpected(&other)),
    }
}

/// Privacy amplification: hashes a key with a Toeplitz matrix (SPEC section 7; Krawczyk, CRYPTO 1994).
///
/// key: n bits. out_len: l, 1 to n. family: "toeplitz" takes a seed of n + l - 1 bits, "modified", (T | I), of n - 1 bits.
/// Returns l bits.
#[pyfunction]
#[pyo3(signature = (key, seed, out_len, *, family = "modified", backend = None))]
pub(crate) fn toeplitz(
    py: Python<'_>,
    key: BitsArgument,
    seed: BitsArgument,
    out_len: usize,
    family: &str,
    backend: Option<String>,
) -> PyResult<PyBits> {
    let family = match family {
        "toeplitz" => Family::Toeplitz,
        "modified" => Family::Modified,
        other => return Err(error::value(format_args!("family {other:?}; there are toeplitz and modified"))),
    };
    match run(py, backend, Toeplitz::new(family, key.0, seed.0, out_len).map_err(error::value)?)? {
        Output::Toeplitz(bits) => Ok(bits.into()),
        other => Err(unexpected(&other)),
    }
}
