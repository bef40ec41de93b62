//! The suite that every [`Backend`] has to pass: random and edge-size jobs of every kernel, against the reference.
//!
//! Test vectors from the independent oracle (testvectors/) are run by the tests of each crate that has a backend; this
//! suite covers the sizes in between.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use crate::backend::{Backend, Busy, Fault, JobId};
use crate::bits::{Bits, words_for};
use crate::cpu::Level;
use crate::job::{Job, Output, Shared};
use crate::ldpc::{Code, LdpcDecode, Syndrome};
use crate::parities::{Parities, Permutation};
use crate::polyhash::PolyHash;
use crate::sift::Sift;
use crate::toeplitz::{Family, Toeplitz};

/// A result that differs from the reference, or none at all.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// The output is not the reference's.
    #[error("{backend}: {case} differs from the reference")]
    Output {
        /// Name of the backend.
        backend: String,
        /// The case.
        case: String,
    },
    /// The job faulted.
    #[error("{backend}: {case}: {reason}")]
    Fault {
        /// Name of the backend.
        backend: String,
        /// The case.
        case: String,
        /// The fault.
        reason: String,
    },
    /// The job never came back.
    #[error("{backend}: {case} did not finish within {seconds} s")]
    Lost {
        /// Name of the backend.
        backend: String,
        /// The case.
        case: String,
        /// How long was waited.
        seconds: u64,
    },
}

/// How long a job may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Jobs kept in flight.
const IN_FLIGHT: usize = 24;

/// How many jobs a backend has been compared on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Jobs with the reference's output.
    pub equal: usize,
    /// Jobs that were handed back because the backend has no kernel or no room for them.
    pub unsupported: usize,
}

/// Runs the whole suite on `backend`, all kernels mixed and many jobs at once; returns the number of jobs compared.
///
/// # Errors
/// The first result that is not the reference's.
pub fn check(backend: &mut dyn Backend) -> Result<usize, Mismatch> {
    let Suite { compared, unsupported } = suite(backend, usize::MAX)?;
    match unsupported {
        None => Ok(compared.equal),
        Some((case, reason)) => Err(Mismatch::Fault { backend: backend.name(), case, reason }),
    }
}

/// As [`check`], for a bare device, which may lack a kernel or the room for a job, and only the first `jobs` of the suite,
/// for devices as slow as a simulation. All kernels are among the first hundred.
///
/// # Errors
/// The first result that is not the reference's, and any other fault.
pub fn check_device(backend: &mut dyn Backend, jobs: usize) -> Result<Compared, Mismatch> {
    Ok(suite(backend, jobs)?.compared)
}

/// A job and the reference's output, once that has been asked for.
struct Case {
    name: String,
    job: Job,
    output: OnceLock<Output>,
}

impl Case {
    fn is_right(&self, output: &Output) -> bool {
        output == self.output.get_or_init(|| Level::Reference.run(&self.job))
    }
}

/// All of them, the kernels mixed. The reference takes seconds, so it runs once in a program, and only where it is needed.
fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut source = Source::new();
        let mut jobs = jobs(&mut source);
        for last in (1..jobs.len()).rev() {
            jobs.swap(last, source.below(last + 1));
        }
        jobs.into_iter().map(|(name, job)| Case { name, job, output: OnceLock::new() }).collect()
    })
}

struct Suite {
    compared: Compared,
    /// The first job that was not supported.
    unsupported: Option<(String, String)>,
}

fn suite(backend: &mut dyn Backend, jobs: usize) -> Result<Suite, Mismatch> {
    let cases = &cases()[..jobs.min(cases().len())];
    let mut suite = Suite { compared: Compared::default(), unsupported: None };
    let mut next = 0;
    while next < cases.len() || backend.in_flight() > 0 {
        while let Some(case) = cases.get(next).filter(|_| backend.in_flight() < IN_FLIGHT)
            && backend.submit(JobId(next as u64), case.job.clone()).is_ok()
        {
            next += 1;
        }
        let known = backend.wait(PATIENCE).and_then(|done| Some((cases.get(done.id.0 as usize)?, done)));
        let (case, done) = known.ok_or_else(|| {
            let case = format!("one of the jobs before number {next}");
            Mismatch::Lost { backend: backend.name(), case, seconds: PATIENCE.as_secs() }
        })?;
        match done.result {
            Ok(output) if case.is_right(&output) => suite.compared.equal += 1,
            Ok(_) => return Err(Mismatch::Output { backend: backend.name(), case: case.name.clone() }),
            Err((Fault::Unsupported { reason, .. }, _)) => {
                suite.compared.unsupported += 1;
                suite.unsupported.get_or_insert((case.name.clone(), reason));
            }
            Err((fault, _)) => {
                let (case, reason) = (case.name.clone(), fault.to_string());
                return Err(Mismatch::Fault { backend: backend.name(), case, reason });
            }
        }
    }
    if suite.compared.equal + suite.compared.unsupported == cases.len() {
        Ok(suite)
    } else {
        let case = "a job that never came back".to_owned();
        Err(Mismatch::Lost { backend: backend.name(), case, seconds: 0 })
    }
}

/// Runs one job to its end.
///
/// # Errors
/// If it faults or does not come back.
pub fn run(backend: &mut dyn Backend, id: JobId, case: &str, mut job: Job) -> Result<Output, Mismatch> {
    let lost = |backend: &dyn Backend| Mismatch::Lost {
        backend: backend.name(),
        case: case.to_owned(),
        seconds: PATIENCE.as_secs(),
    };
    while let Err(Busy(back)) = backend.submit(id, job) {
        job = back;
        backend.wait(PATIENCE).ok_or_else(|| lost(backend))?;
    }
    let done = backend.wait(PATIENCE).filter(|done| done.id == id).ok_or_else(|| lost(backend))?;
    done.result.map_err(|(fault, _)| Mismatch::Fault {
        backend: backend.name(),
        case: case.to_owned(),
        reason: fault.to_string(),
    })
}

/// Reproducible random input.
struct Source(<Shake256 as ExtendableOutput>::Reader);

impl Source {
    fn new() -> Self {
        let mut hash = Shake256::default();
        hash.update(b"qkdpp conformance 1");
        Self(hash.finalize_xof())
    }

    fn word(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.read(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.word() % limit as u64) as usize
    }

    fn bits(&mut self, len: usize) -> Shared {
        Arc::new(Bits::from_words((0..words_for(len)).map(|_| self.word()).collect(), len))
    }

    /// Ones with probability 2^−`halvings`.
    fn sparse(&mut self, len: usize, halvings: usize) -> Bits {
        let word = |source: &mut Self| (0..halvings).fold(u64::MAX, |word, _| word & source.word());
        Bits::from_words((0..words_for(len)).map(|_| word(self)).collect(), len)
    }
}

/// Lengths around the word boundaries.
const EDGES: [usize; 12] = [1, 2, 63, 64, 65, 127, 128, 129, 511, 512, 513, 4097];

fn jobs(source: &mut Source) -> Vec<(String, Job)> {
    let mut jobs = Vec::new();
    sift_jobs(source, &mut jobs);
    parities_jobs(source, &mut jobs);
    ldpc_jobs(source, &mut jobs);
    polyhash_jobs(source, &mut jobs);
    toeplitz_jobs(source, &mut jobs);
    jobs
}

fn sift_jobs(source: &mut Source, jobs: &mut Vec<(String, Job)>) {
    for len in [0].into_iter().chain(EDGES).chain([100_003]) {
        for halvings in [0, 1, 3, 8] {
            let mask = Arc::new(source.sparse(len, halvings));
            let planes = (0..=len % 4).map(|_| source.bits(len)).collect();
            let job = Sift::new(mask, planes).expect("planes as long as the mask");
            jobs.push((format!("sift of {len} bits by a mask of density 2^-{halvings}"), Job::Sift(job)));
        }
    }
}

fn parities_jobs(source: &mut Source, jobs: &mut Vec<(String, Job)>) {
    for len in EDGES.into_iter().chain([16_384, 16_411]) {
        for frames in [0, 1, 2, 65, 130].into_iter().filter(|frames| frames * len < 1 << 18) {
            let seed = std::array::from_fn(|_| source.word() as u8);
            let permutation =
                if frames == 1 { Permutation::identity(len) } else { Permutation::new(&seed, len) };
            let permutation = Arc::new(permutation.expect("a length above 0"));
            let job = Parities::new(source.bits(frames * len), permutation).expect("whole frames");
            jobs.push((format!("parities of {frames} frames of {len} bits"), Job::Parities(job)));
        }
    }
}

/// A code with `rows` × `columns` blocks in which each column has three or four entries.
fn code(source: &mut Source, rows: usize, columns: usize, z: usize) -> Arc<Code> {
    let mut base = ndarray::Array2::from_elem((rows, columns), -1);
    for column in 0..columns {
        let degree = 3 + column % 2;
        let first = source.below(rows);
        for entry in 0..degree.min(rows) {
            base[((first + entry * (1 + rows / 5)) % rows, column)] = source.below(z) as i32;
        }
    }
    Arc::new(Code::new(base, z).expect("a base matrix within the limits"))
}

fn ldpc_jobs(source: &mut Source, jobs: &mut Vec<(String, Job)>) {
    for (rows, columns, z) in [(4, 8, 8), (5, 20, 16), (6, 24, 32), (8, 32, 64), (12, 48, 128), (10, 40, 256)]
    {
        let code = code(source, rows, columns, z);
        let name = format!("{rows}x{columns} blocks of {z}");
        for frames in [0, 1, 3] {
            let frames = source.bits(frames * code.variables());
            let job = Syndrome::new(Arc::clone(&code), frames).expect("whole frames");
            jobs.push((format!("syndromes, {name}"), Job::Syndrome(job)));
        }
        for (halvings, channel, limit) in
            [(8, 40, 0), (7, 37, 30), (6, 33, 30), (4, 22, 25), (2, 9, 12), (7, 127, 5)]
        {
            let frame = source.bits(code.variables());
            let job = Syndrome::new(Arc::clone(&code), Arc::clone(&frame)).expect("one frame");
            let Output::Syndrome(syndrome) = Level::Reference.run(&Job::Syndrome(job)) else { continue };
            let mut word = source.sparse(frame.len(), halvings);
            word.xor_assign(&frame);
            let known = (halvings % 2 == 0).then(|| {
                let mut known = source.sparse(frame.len(), 3);
                let mut errors = word.clone();
                errors.xor_assign(&frame);
                errors.ones().for_each(|error| known.set(error, false));
                Arc::new(known)
            });
            let (word, syndrome) = (Arc::new(word), Arc::new(syndrome));
            let job = LdpcDecode::new(Arc::clone(&code), word, syndrome, known, channel, limit)
                .expect("fitting lengths");
            jobs.push((format!("decoding, {name}, error rate 2^-{halvings}"), Job::LdpcDecode(job)));
        }
    }
}

fn polyhash_jobs(source: &mut Source, jobs: &mut Vec<(String, Job)>) {
    for len in [0].into_iter().chain(EDGES).chain([100_000]) {
        for segment in [1, 64, 127, 128, 300, 1 << 20].into_iter().filter(|segment| len / segment < 5_000) {
            let key = u128::from(source.word()) << 64 | u128::from(source.word());
            let job = PolyHash::new(key, source.bits(len), segment).expect("a segment above 0");
            jobs.push((
                format!("polynomial hash of {len} bits in segments of {segment}"),
                Job::PolyHash(job),
            ));
        }
    }
}

fn toeplitz_jobs(source: &mut Source, jobs: &mut Vec<(String, Job)>) {
    let mut sizes = EDGES.to_vec();
    sizes.extend((0..12).map(|_| 1 + source.below(2500)));
    let shapes = sizes
        .into_iter()
        .flat_map(|len| [1, 1 + len / 3, len / 2 + 1, (len - 1).max(1), len].map(|out| (len, out)));
    // The definition costs n·ℓ steps, so the long ones are few and lopsided.
    for (len, out_len) in shapes.chain([(20_000, 300), (300_000, 64), (12_289, 12_289)]) {
        for family in [Family::Toeplitz, Family::Modified] {
            let seed = source.bits(family.seed_len(len, out_len));
            let job = Toeplitz::new(family, source.bits(len), seed, out_len).expect("fitting lengths");
            jobs.push((format!("{family:?} hash of {len} to {out_len} bits"), Job::Toeplitz(job)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::mem::discriminant;

    use super::{Case, cases};

    #[test]
    fn all_kernels_are_among_the_first_hundred_jobs() {
        let kernels =
            |cases: &[Case]| -> HashSet<_> { cases.iter().map(|case| discriminant(&case.job)).collect() };
        assert_eq!(kernels(&cases()[..100]), kernels(cases()));
    }
}
