//! How well error correction does: one LDPC code by itself, and both parties with all their messages.

use std::ops::RangeInclusive;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use qkdpp::backend;
use qkdpp::exchange::{self, Account, Correction, Side, difference};
use qkdpp_kernels::ldpc::simulation::{self, Outcome};
use qkdpp_kernels::{Backend, Bits, Shared};
use qkdpp_protocol::profile::{Method, Reconciliation};
use qkdpp_protocol::reconcile::plan;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::bits::{BitsArgument, PyBits};
use crate::code::PyCode;
use crate::progress::Progress;
use crate::{error, json};

/// Error rates that plans are made for.
const QBER_RANGE: RangeInclusive<f64> = 1e-4..=0.25;
/// Frames that are decoded between two looks at Ctrl-C: about a second.
const FRAMES_AT_ONCE: u32 = 64;

/// How often an LDPC code corrects random frames whose bits are each wrong with probability `qber`.
///
/// The same seed (32 bytes) gives the same frames. Frames run on all cores, without the GIL; Ctrl-C interrupts.
/// progress: a callable of (frames done, frames), False for nothing; by default a line on a terminal.
///
/// Returns a dict: frames, failed (not converged), undetected (converged to a wrong word), fer ((failed + undetected) /
/// frames), iterations (mean) and f (syndrome bits over n h(qber)).
#[pyfunction]
#[pyo3(signature = (code, qber, frames, *, max_iterations = 60, seed = [0; 32], progress = None))]
pub(crate) fn simulate_ldpc<'py>(
    py: Python<'py>,
    code: &PyCode,
    qber: f64,
    frames: u32,
    max_iterations: u32,
    seed: [u8; 32],
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    check_qber(qber)?;
    if frames == 0 {
        return Err(error::value("0 frames; at least 1 is simulated"));
    }
    let progress = Progress::new(py, progress, "frames", frames.into())?;
    let mut outcome = Outcome::default();
    for first in (0..frames).step_by(FRAMES_AT_ONCE as usize) {
        let part = first..frames.min(first + FRAMES_AT_ONCE);
        let last = part.end;
        let part = py.detach(|| simulation::run_range(&code.code, qber, part, max_iterations, seed));
        outcome = outcome.and(part);
        progress.at(last.into())?;
    }
    let Outcome { frames, failed, undetected, iterations } = outcome;
    let answer = PyDict::new(py);
    answer.set_item("frames", frames)?;
    answer.set_item("failed", failed)?;
    answer.set_item("undetected", undetected)?;
    answer.set_item("fer", f64::from(failed + undetected) / f64::from(frames))?;
    answer.set_item("iterations", iterations as f64 / f64::from(frames))?;
    answer.set_item("f", code.code.leak_rate() / qkdpp_protocol::report::entropy(qber))?;
    Ok(answer)
}

/// Corrects Bob's key towards Alice's, both parties in this process, with all messages of the protocol.
///
/// alice, bob: n bits each. method: "cascade" or "ldpc". qber: the error rate to plan for, 1e-4 to 0.25; by default the
/// true one, which a link cannot know. seed: 32 public bytes, of the permutations. settings: a dict of further keys of a
/// profile's reconciliation table, such as {"cascade": "original", "cascade_frame_bits": 65536}.
///
/// Returns (Bob's corrected key, a dict): leak_bits, f (leak_bits over n h(QBER); None without errors), frames,
/// failed_frames and failed_bits (given up), wrong_frames and residual_errors (still different, not given up), equal,
/// rounds, alice_bytes and bob_bytes (payload), alice_seconds and bob_seconds (CPU time). Releases the GIL.
#[pyfunction]
#[pyo3(signature = (alice, bob, method = "cascade", *, qber = None, seed = [0; 32], settings = None, backend = None))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn reconcile<'py>(
    py: Python<'py>,
    alice: BitsArgument,
    bob: BitsArgument,
    method: &str,
    qber: Option<f64>,
    seed: [u8; 32],
    settings: Option<&Bound<'py, PyAny>>,
    backend: Option<&str>,
) -> PyResult<(PyBits, Bound<'py, PyAny>)> {
    let (alice, bob) = (alice.0, bob.0);
    if alice.len() != bob.len() || alice.is_empty() {
        let (a, b) = (alice.len(), bob.len());
        return Err(error::value(format_args!("Alice has {a} bits, Bob {b}; both need the same, and some")));
    }
    let parties = Parties::new(method, settings, backend)?;
    let measured = difference(&alice, &bob).count_ones() as f64 / alice.len() as f64;
    let planned = qber.unwrap_or_else(|| measured.clamp(*QBER_RANGE.start(), *QBER_RANGE.end()));
    check_qber(planned)?;
    let (corrected, correction) = py.detach(|| {
        let accounts = parties.run(&alice, &bob, planned, seed)?;
        let correction = Correction::new(&alice, &bob, &accounts);
        let mut corrected = (*bob).clone();
        if let Some(errors) = &accounts.1.outcome.errors {
            corrected.xor_assign(errors);
        }
        Ok::<_, PyErr>((corrected, correction))
    })?;
    Ok((corrected.into(), json::to_python(py, &correction)?))
}

/// How well a method of error correction does on random keys of `bits` bits with errors at the rate `qber`, `runs` times.
///
/// The parties plan for `qber`. The same seed gives the same keys. method and settings as in `reconcile`. Ctrl-C
/// interrupts between runs. progress: a callable of (runs done, runs), False for nothing; by default a line on a
/// terminal.
///
/// Returns a dict: runs, total_bits, measured_qber, leak_bits, f (leak_bits over total_bits h(measured_qber)), frames,
/// failed_frames, wrong_frames, fer ((failed_frames + wrong_frames) / frames), rounds (mean per run), alice_bytes,
/// bob_bytes, and seconds (CPU time of the slower side).
#[pyfunction]
#[pyo3(signature = (
    method, qber, bits = 1_048_576, runs = 1, *, seed = 0, settings = None, backend = None, progress = None
))]
#[allow(clippy::too_many_arguments, reason = "keywords in Python")]
pub(crate) fn simulate_reconciliation<'py>(
    py: Python<'py>,
    method: &str,
    qber: f64,
    bits: usize,
    runs: u64,
    seed: u64,
    settings: Option<&Bound<'py, PyAny>>,
    backend: Option<&str>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    check_qber(qber)?;
    if bits == 0 || runs == 0 {
        return Err(error::value(format_args!("{bits} bits, {runs} runs: both are at least 1")));
    }
    let parties = Parties::new(method, settings, backend)?;
    let progress = Progress::new(py, progress, "runs", runs)?;
    let mut sum = Sum::default();
    for run in 0..runs {
        let correction = py.detach(|| {
            let mut random = ChaCha20Rng::seed_from_u64(seed);
            random.set_stream(run);
            let (alice, bob, plan_seed) = noisy_pair(&mut random, bits, qber);
            let accounts = parties.run(&alice, &bob, qber, plan_seed)?;
            let errors = difference(&alice, &bob).count_ones() as u64;
            Ok::<_, PyErr>((errors, Correction::new(&alice, &bob, &accounts)))
        })?;
        sum.add(correction);
        progress.at(run + 1)?;
    }
    sum.to_python(py, bits as u64 * runs, runs)
}

/// The settings of both parties and who computes for each.
struct Parties {
    settings: Reconciliation,
    backend: String,
}

impl Parties {
    fn new(method: &str, settings: Option<&Bound<'_, PyAny>>, backend: Option<&str>) -> PyResult<Self> {
        let method = match method {
            "cascade" => Method::Cascade,
            "ldpc" => Method::Ldpc,
            other => return Err(error::value(format_args!("method {other:?}; there are cascade and ldpc"))),
        };
        let settings: Reconciliation = match settings {
            Some(settings) => json::from_python(settings, "settings")?,
            None => Reconciliation::default(),
        };
        let backend = backend.map_or_else(backend::default_name, str::to_owned);
        Ok(Self { settings: Reconciliation { method, ..settings }, backend })
    }

    /// One error correction, Alice's account and Bob's; each side computes in the calling thread.
    fn run(&self, alice: &Shared, bob: &Shared, qber: f64, seed: [u8; 32]) -> PyResult<(Account, Account)> {
        let open =
            || -> PyResult<Box<dyn Backend>> { backend::open_inline(&self.backend).map_err(error::value) };
        let (mut of_alice, mut of_bob) = (open()?, open()?);
        let plan = plan(&self.settings, qber, alice.len() as u64, seed);
        let alice = Side { key: alice, backend: &mut *of_alice };
        let bob = Side { key: bob, backend: &mut *of_bob };
        exchange::run(self.settings, &plan, alice, bob).map_err(error::value)
    }
}

/// A random key, the same with errors at the rate `qber`, and a seed for the plan.
fn noisy_pair(random: &mut ChaCha20Rng, bits: usize, qber: f64) -> (Shared, Shared, [u8; 32]) {
    let alice = Bits::from_words((0..bits.div_ceil(64)).map(|_| random.next_u64()).collect(), bits);
    let below = (qber * 2_f64.powi(32)) as u64;
    let mut bob: Bits = (0..bits).map(|_| u64::from(random.next_u32()) < below).collect();
    bob.xor_assign(&alice);
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    (Arc::new(alice), Arc::new(bob), seed)
}

/// What several runs add up to.
#[derive(Default)]
struct Sum {
    errors: u64,
    leak_bits: u64,
    frames: u64,
    failed_frames: u64,
    wrong_frames: u64,
    rounds: u64,
    alice_bytes: u64,
    bob_bytes: u64,
    alice_seconds: f64,
    bob_seconds: f64,
}

impl Sum {
    fn add(&mut self, (errors, of_run): (u64, Correction)) {
        self.errors += errors;
        self.leak_bits += of_run.leak_bits;
        self.frames += of_run.frames;
        self.failed_frames += of_run.failed_frames;
        self.wrong_frames += of_run.wrong_frames;
        self.rounds += of_run.rounds;
        self.alice_bytes += of_run.alice_bytes;
        self.bob_bytes += of_run.bob_bytes;
        self.alice_seconds += of_run.alice_seconds;
        self.bob_seconds += of_run.bob_seconds;
    }

    fn to_python<'py>(&self, py: Python<'py>, bits: u64, runs: u64) -> PyResult<Bound<'py, PyDict>> {
        let qber = self.errors as f64 / bits as f64;
        let needed = bits as f64 * qkdpp_protocol::report::entropy(qber);
        let answer = PyDict::new(py);
        answer.set_item("runs", runs)?;
        answer.set_item("total_bits", bits)?;
        answer.set_item("measured_qber", qber)?;
        answer.set_item("leak_bits", self.leak_bits)?;
        answer.set_item("f", (needed > 0.0).then(|| self.leak_bits as f64 / needed))?;
        answer.set_item("frames", self.frames)?;
        answer.set_item("failed_frames", self.failed_frames)?;
        answer.set_item("wrong_frames", self.wrong_frames)?;
        answer.set_item("fer", (self.failed_frames + self.wrong_frames) as f64 / self.frames as f64)?;
        answer.set_item("rounds", self.rounds as f64 / runs as f64)?;
        answer.set_item("alice_bytes", self.alice_bytes)?;
        answer.set_item("bob_bytes", self.bob_bytes)?;
        answer.set_item("seconds", self.alice_seconds.max(self.bob_seconds))?;
        Ok(answer)
    }
}

fn check_qber(qber: f64) -> PyResult<()> {
    if QBER_RANGE.contains(&qber) {
        return Ok(());
    }
    let (low, high) = (QBER_RANGE.start(), QBER_RANGE.end());
    Err(error::value(format_args!("an error rate of {qber}; it lies between {low} and {high}")))
}
