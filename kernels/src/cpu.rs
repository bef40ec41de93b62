//! [`Cpu`]: the backend that always exists. It runs jobs on a rayon pool, or at once in the caller's thread.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cpu_time::ThreadTime;
use crossbeam::channel::{Receiver, Sender, unbounded};

use crate::backend::{Backend, Busy, Done, JobId, Waker};
use crate::job::{Job, Output};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::{ldpc, parities, polyhash, sift, toeplitz};

/// Which implementation of the kernels runs; all give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// By the book, for comparison: slow at real sizes.
    Reference,
    /// 64-bit words, any machine.
    Portable,
    /// 256-bit vectors where a kernel gains by them, else as portable.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// 512-bit vectors where a kernel gains by them, else as avx2.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Level {
    /// Every level this machine can run, slowest first.
    pub fn available() -> Vec<Self> {
        let levels = [Self::Reference, Self::Portable].into_iter();
        #[cfg(target_arch = "x86_64")]
        let levels = levels.chain(Avx2::detect().map(Self::Avx2)).chain(Avx512::detect().map(Self::Avx512));
        levels.collect()
    }

    /// The fastest level of this machine.
    pub fn auto() -> Self {
        Self::available().into_iter().next_back().unwrap_or(Self::Portable)
    }

    /// The names that [`FromStr`] knows on this machine, with commas between them.
    pub fn names() -> String {
        let levels = Self::available().into_iter().map(|level| level.to_string());
        levels.chain(["cpu:auto".to_owned()]).collect::<Vec<_>>().join(", ")
    }

    /// Runs `job` to its end in the calling thread.
    pub fn run(self, job: &Job) -> Output {
        match self {
            Self::Reference => reference(job),
            Self::Portable => portable(job),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => with_avx2(avx2, job),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => with_avx512(avx512, job),
        }
    }
}

fn reference(job: &Job) -> Output {
    match job {
        Job::Sift(job) => Output::Sift(sift::reference::run(job)),
        Job::Parities(job) => Output::Parities(parities::reference::run(job)),
        Job::Syndrome(job) => Output::Syndrome(ldpc::reference::syndrome(job)),
        Job::LdpcDecode(job) => Output::LdpcDecode(ldpc::reference::decode(job)),
        Job::PolyHash(job) => Output::PolyHash(polyhash::reference::run(job)),
        Job::Toeplitz(job) => Output::Toeplitz(toeplitz::reference::run(job)),
    }
}

fn portable(job: &Job) -> Output {
    match job {
        Job::Sift(job) => Output::Sift(sift::portable::run(job)),
        Job::Parities(job) => Output::Parities(parities::portable::run(job)),
        Job::Syndrome(job) => Output::Syndrome(ldpc::portable::syndrome(job)),
        Job::LdpcDecode(job) => Output::LdpcDecode(ldpc::portable::decode(job)),
        Job::PolyHash(job) => Output::PolyHash(polyhash::portable::run(job)),
        Job::Toeplitz(job) => Output::Toeplitz(toeplitz::portable::run(job)),
    }
}

#[cfg(target_arch = "x86_64")]
fn with_avx2(avx2: Avx2, job: &Job) -> Output {
    match job {
        Job::Parities(job) => Output::Parities(parities::avx2::run(avx2, job)),
        Job::Syndrome(job) => Output::Syndrome(ldpc::avx2::syndrome(avx2, job)),
        Job::LdpcDecode(job) => Output::LdpcDecode(ldpc::avx2::decode(avx2, job)),
        Job::PolyHash(job) => Output::PolyHash(polyhash::avx2::run(avx2, job)),
        Job::Toeplitz(job) => Output::Toeplitz(toeplitz::avx2::run(avx2, job)),
        Job::Sift(_) => portable(job),
    }
}

#[cfg(target_arch = "x86_64")]
fn with_avx512(avx512: Avx512, job: &Job) -> Output {
    match job {
        Job::LdpcDecode(job) => Output::LdpcDecode(ldpc::avx512::decode(avx512, job)),
        Job::PolyHash(job) => Output::PolyHash(polyhash::avx512::run(avx512, job)),
        Job::Toeplitz(job) => Output::Toeplitz(toeplitz::avx512::run(avx512, job)),
        _ => with_avx2(avx512.avx2(), job),
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reference => "cpu:reference",
            Self::Portable => "cpu:portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "cpu:avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "cpu:avx512",
        })
    }
}

/// A backend name that this machine has no level for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no backend is called {0:?}; this machine has {names}", names = Level::names())]
pub struct UnknownBackend(pub String);

impl FromStr for Level {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        match name {
            "cpu:auto" => Ok(Self::auto()),
            _ => Self::available()
                .into_iter()
                .find(|level| level.to_string() == name)
                .ok_or_else(|| UnknownBackend(name.to_owned())),
        }
    }
}

/// Jobs accepted before [`Busy`], for each thread of the pool.
const QUEUE_PER_THREAD: usize = 64;

/// Runs the kernels on this machine's cores. It never faults.
pub struct Cpu {
    level: Level,
    pool: Option<rayon::ThreadPool>,
    capacity: usize,
    in_flight: usize,
    finished: (Sender<Done>, Receiver<Done>),
    waker: Arc<Mutex<Option<Waker>>>,
    /// Per thread of the pool, nanoseconds of CPU time at the end of its latest job; one running sum without a pool.
    spent: Arc<[AtomicU64]>,
}

impl Cpu {
    /// Runs jobs side by side on `threads` threads of its own.
    ///
    /// # Panics
    /// If the threads cannot be started.
    pub fn with_threads(level: Level, threads: usize) -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("qkdpp-cpu-{index}"))
            .build()
            .expect("the operating system starts the backend's threads");
        let threads = pool.current_num_threads();
        let spent = (0..threads).map(|_| AtomicU64::new(0)).collect();
        Self { pool: Some(pool), capacity: QUEUE_PER_THREAD * threads, spent, ..Self::inline(level) }
    }

    /// Runs each job while it is submitted, in the caller's thread: nothing is concurrent, every run is the same.
    pub fn inline(level: Level) -> Self {
        Self {
            level,
            pool: None,
            capacity: QUEUE_PER_THREAD,
            in_flight: 0,
            finished: unbounded(),
            waker: Arc::default(),
            spent: Arc::new([AtomicU64::new(0)]),
        }
    }

    fn returned(&mut self, done: Option<Done>) -> Option<Done> {
        self.in_flight -= usize::from(done.is_some());
        done
    }
}

impl Backend for Cpu {
    fn name(&self) -> String {
        self.level.to_string()
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        if self.in_flight >= self.capacity {
            return Err(Busy(job));
        }
        self.in_flight += 1;
        let (level, finished, waker) = (self.level, self.finished.0.clone(), Arc::clone(&self.waker));
        let spent = Arc::clone(&self.spent);
        let run = move || {
            let start = ThreadTime::now();
            let output = level.run(&job);
            account(&spent, start);
            // The receiver is gone only when the backend is, and then nobody wants the output.
            let _ = finished.send(Done { id, result: Ok(output) });
            let waker = waker.lock().map_or(None, |waker| waker.clone());
            if let Some(waker) = waker {
                waker();
            }
        };
        match &self.pool {
            Some(pool) => pool.spawn(run),
            None => run(),
        }
        Ok(())
    }

    fn poll(&mut self) -> Option<Done> {
        let done = self.finished.1.try_recv().ok();
        self.returned(done)
    }

    fn wait(&mut self, timeout: Duration) -> Option<Done> {
        let done = self.finished.1.recv_timeout(timeout).ok();
        self.returned(done)
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn cpu_time(&self) -> Duration {
        Duration::from_nanos(self.spent.iter().map(|thread| thread.load(Ordering::Relaxed)).sum())
    }

    fn set_waker(&mut self, waker: Waker) {
        if let Ok(mut slot) = self.waker.lock() {
            *slot = Some(waker);
        }
    }
}

/// Brings the CPU time of the calling thread up to date. A thread of the pool counts all its time, so that parts of a
/// job that other threads took over are counted once; a caller's thread counts its jobs only.
fn account(spent: &[AtomicU64], start: ThreadTime) {
    match rayon::current_thread_index().and_then(|index| spent.get(index)) {
        Some(thread) => {
            let total = ThreadTime::now().as_duration().as_nanos() as u64;
            thread.store(total, Ordering::Relaxed);
        }
        None => {
            spent[0].fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
    }
}
