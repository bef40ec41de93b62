//! What `qkdpp bench` measures: for each kernel a few shapes, and what its results say besides the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use qkdpp::exchange::{self, Correction, Side};
use qkdpp_kernels::ldpc::{Code, Syndrome, family};
use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Backend, Job, Shared};
use qkdpp_protocol::profile::{LdpcFrames, Method, Reconciliation};
use qkdpp_protocol::reconcile::plan;
use qkdpp_protocol::report::entropy;

use super::stopwatch::median;
use super::workload::Random;
use super::{Kernel, Measured, Measurement};
use crate::error::Failure;

/// Error rates of the error-correction cases.
const QBERS: [f64; 5] = [0.01, 0.02, 0.03, 0.05, 0.08];
/// Time for the frames of one error-correction case.
const CORRECTION_BUDGET: Duration = Duration::from_millis(1200);

/// Measures `kernel` on `on`. What is slow by design gets small shapes only.
pub(crate) fn measure(kernel: Kernel, on: &Measured, results: &mut Vec<Measurement>) -> Result<(), Failure> {
    let mut run = Run { kernel, on, backend: on.open()?, random: Random::new(), results };
    let small = on.is_slow();
    match kernel {
        Kernel::Sift => run.sift(if small { 1 << 16 } else { 1 << 22 }),
        Kernel::Parities => run.parities(if small { 4 } else { 64 }),
        Kernel::Syndrome => run.syndrome(if small { 1 } else { 16 }),
        Kernel::Ldpc => QBERS.iter().try_for_each(|&qber| {
            run.ldpc(LdpcFrames::Fast, if small { 1 } else { 16 }, qber)?;
            if small {
                return Ok(());
            }
            run.ldpc(LdpcFrames::Efficient, 4, qber)?;
            run.ldpc(LdpcFrames::Longest, 1, qber)
        }),
        Kernel::Cascade if small => Ok(()),
        Kernel::Cascade => QBERS.iter().try_for_each(|&qber| {
            let fast = Reconciliation { method: Method::Cascade, ..Reconciliation::default() };
            run.cascade("fast", fast, qber)?;
            run.cascade("record", fast.of_record(), qber)
        }),
        Kernel::Polyhash => run.polyhash(if small { 1 << 16 } else { 1 << 20 }),
        Kernel::Toeplitz => {
            let sizes: &[usize] = if small { &[1 << 12] } else { &[1 << 14, 1 << 17, 1 << 20, 1 << 24] };
            sizes.iter().try_for_each(|&bits| {
                run.toeplitz(Family::Toeplitz, bits)?;
                run.toeplitz(Family::Modified, bits)
            })
        }
    }
}

struct Run<'a> {
    kernel: Kernel,
    on: &'a Measured,
    backend: Box<dyn Backend>,
    random: Random,
    results: &'a mut Vec<Measurement>,
}

impl Run<'_> {
    /// Compaction of three planes (bit and two of intensity) to about half; counts the bits of one plane.
    fn sift(&mut self, bits: usize) -> Result<(), Failure> {
        let mask = self.random.bits(bits);
        let planes: Vec<Shared> = (0..3).map(|_| self.random.bits(bits)).collect();
        let took = median(&mut self.backend, || {
            let job = Sift::new(Arc::clone(&mask), planes.clone()).map_err(Failure::input)?;
            Ok(Job::Sift(job))
        })?;
        self.push(format!("n={bits}/planes=3"), bits, took);
        Ok(())
    }

    /// One Cascade pass over frames of 2^14 bits.
    fn parities(&mut self, frames: usize) -> Result<(), Failure> {
        let frame = 1 << 14;
        let permutation = Arc::new(Permutation::new(&self.random.seed(), frame).map_err(Failure::input)?);
        let key = self.random.bits(frames * frame);
        let took = median(&mut self.backend, || {
            let job = Parities::new(Arc::clone(&key), Arc::clone(&permutation)).map_err(Failure::input)?;
            Ok(Job::Parities(job))
        })?;
        self.push(format!("n={frame}/frames={frames}"), frames * frame, took);
        Ok(())
    }

    /// Syndromes with the code for 2 %.
    fn syndrome(&mut self, frames: usize) -> Result<(), Failure> {
        let code = code(0.02)?;
        let (n, m) = (code.variables(), code.checks());
        let key = self.random.bits(frames * n);
        let took = median(&mut self.backend, || {
            let job = Syndrome::new(Arc::clone(&code), Arc::clone(&key)).map_err(Failure::input)?;
            Ok(Job::Syndrome(job))
        })?;
        self.push(format!("n={n}/m={m}/frames={frames}"), frames * n, took);
        Ok(())
    }

    /// Cascade on a block of 64 frames.
    fn cascade(&mut self, name: &str, settings: Reconciliation, qber: f64) -> Result<(), Failure> {
        let frame_bits = settings.cascade_frame_bits as usize;
        self.correction(format!("{name}/n={frame_bits}/qber={qber}"), settings, 64 * frame_bits, qber)
    }

    /// LDPC on a block of `frames` of the longest frames of a profile.
    fn ldpc(&mut self, ldpc: LdpcFrames, frames: usize, qber: f64) -> Result<(), Failure> {
        let settings = Reconciliation { method: Method::Ldpc, ldpc, ..Reconciliation::default() };
        let longest = ldpc.frame_bits().iter().copied().max().unwrap_or_default();
        let frame_bits = if self.on.is_slow() { 1 << 14 } else { longest };
        let name = format!("{ldpc:?}/n={frame_bits}/qber={qber}").to_lowercase();
        self.correction(name, settings, frames * frame_bits, qber)
    }

    /// Whole error corrections of fresh keys, protocol included; the time is that of the slower side.
    fn correction(
        &mut self,
        name: String,
        settings: Reconciliation,
        block_bits: usize,
        qber: f64,
    ) -> Result<(), Failure> {
        let mut of_bob = self.on.open()?;
        let (mut runs, mut leak, mut frames, mut failed, mut rounds) = (0, 0, 0, 0, 0);
        let (mut of_alice_seconds, mut of_bob_seconds) = (0.0, 0.0);
        let start = Instant::now();
        while runs == 0 || start.elapsed() < CORRECTION_BUDGET {
            let alice = self.random.bits(block_bits);
            let bob = self.random.noisy(&alice, qber);
            let accounts = exchange::run(
                settings,
                &plan(&settings, qber, block_bits as u64, self.random.seed()),
                Side { key: &alice, backend: &mut self.backend },
                Side { key: &bob, backend: &mut of_bob },
            )?;
            let correction = Correction::new(&alice, &bob, &accounts);
            runs += 1;
            leak += correction.leak_bits;
            frames += correction.frames;
            failed += correction.failed_frames + correction.wrong_frames;
            rounds += correction.rounds;
            of_alice_seconds += correction.alice_seconds;
            of_bob_seconds += correction.bob_seconds;
        }
        let bits = runs * block_bits;
        let slower = Duration::from_secs_f64(f64::max(of_alice_seconds, of_bob_seconds));
        self.results.push(Measurement {
            f: Some(leak as f64 / (bits as f64 * entropy(qber))),
            fer: Some(failed as f64 / frames as f64),
            frames: Some(frames),
            failed_frames: Some(failed),
            rounds: Some(rounds as f64 / runs as f64),
            ..self.measurement(name, bits, slower)
        });
        Ok(())
    }

    /// One tag over a whole block.
    fn polyhash(&mut self, bits: usize) -> Result<(), Failure> {
        let (key, message) = (self.random.key(), self.random.bits(bits));
        let took = median(&mut self.backend, || {
            let job = PolyHash::new(key, Arc::clone(&message), bits).map_err(Failure::input)?;
            Ok(Job::PolyHash(job))
        })?;
        self.push(format!("n={bits}"), bits, took);
        Ok(())
    }

    /// Hashing to half the length, with a fresh seed in every run.
    fn toeplitz(&mut self, family: Family, bits: usize) -> Result<(), Failure> {
        let out_bits = bits / 2;
        let key = self.random.bits(bits);
        let took = median(&mut self.backend, || {
            let seed = self.random.bits(family.seed_len(bits, out_bits));
            let job = Toeplitz::new(family, Arc::clone(&key), seed, out_bits).map_err(Failure::input)?;
            Ok(Job::Toeplitz(job))
        })?;
        let name = match family {
            Family::Toeplitz => "toeplitz",
            Family::Modified => "modified",
        };
        self.push(format!("{name}/n={bits}/l={out_bits}"), bits, took);
        Ok(())
    }

    fn push(&mut self, case: String, bits: usize, took: Duration) {
        let measurement = self.measurement(case, bits, took);
        self.results.push(measurement);
    }

    fn measurement(&self, case: String, bits: usize, took: Duration) -> Measurement {
        let bits_per_second = bits as f64 / took.as_secs_f64();
        Measurement::new(self.kernel, case, self.backend.name(), bits_per_second)
    }
}

/// The code for frames of 2^16 bits at `qber`.
fn code(qber: f64) -> Result<Arc<Code>, Failure> {
    let rung = family::for_qber(1 << 16, qber);
    let rung = rung.ok_or_else(|| Failure::Input(format!("there is no code for an error rate of {qber}")))?;
    Ok(Arc::clone(&rung.code))
}
