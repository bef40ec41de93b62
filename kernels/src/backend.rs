//! [`Backend`]: whoever runs jobs. The CPU, a card, a simulated card, and [`Fallback`], which joins two of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};

use crate::job::{Job, Output};

/// Names a job within one backend; the submitter chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// A finished job.
#[derive(Debug)]
pub struct Done {
    /// The id it was submitted under.
    pub id: JobId,
    /// The output, or the fault and the job itself, so that another backend can run it.
    pub result: Result<Output, (Fault, Job)>,
}

/// The queue is full: backpressure, not failure. The job is handed back.
#[derive(Debug)]
pub struct Busy(pub Job);

/// Why a device could not finish a job. The data are intact; another backend must run them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The device does not implement this kernel or this size.
    #[error("{backend} does not support the job: {reason}")]
    Unsupported {
        /// Name of the backend.
        backend: String,
        /// Kernel and size.
        reason: String,
    },
    /// The device answered wrongly, late or not at all.
    #[error("{backend} failed: {reason}")]
    Device {
        /// Name of the backend.
        backend: String,
        /// What happened.
        reason: String,
    },
}

/// Called, from any thread, when [`Backend::poll`] may have something to return.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Reads, from any thread, what a backend has counted so far, with the names to show it under.
pub type Monitor = Arc<dyn Fn() -> Vec<(&'static str, u64)> + Send + Sync>;

/// Runs jobs, asynchronously and in any order.
pub trait Backend: Send {
    /// Name as given to `--backend`, for instance `cpu:portable`.
    fn name(&self) -> String;

    /// Queues `job`.
    ///
    /// # Errors
    /// [`Busy`] hands the job back while the queue is full: poll, then try again.
    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy>;

    /// The next finished job, if there is one.
    fn poll(&mut self) -> Option<Done>;

    /// Waits up to `timeout` for a finished job.
    fn wait(&mut self, timeout: Duration) -> Option<Done>;

    /// Jobs submitted and not yet returned.
    fn in_flight(&self) -> usize;

    /// CPU time this machine has spent on jobs so far.
    fn cpu_time(&self) -> Duration;

    /// Sets who is told about finished jobs.
    fn set_waker(&mut self, waker: Waker);

    /// What it counts, if it counts anything.
    fn monitor(&self) -> Option<Monitor> {
        None
    }
}

impl Backend for Box<dyn Backend> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        (**self).submit(id, job)
    }

    fn poll(&mut self) -> Option<Done> {
        (**self).poll()
    }

    fn wait(&mut self, timeout: Duration) -> Option<Done> {
        (**self).wait(timeout)
    }

    fn in_flight(&self) -> usize {
        (**self).in_flight()
    }

    fn cpu_time(&self) -> Duration {
        (**self).cpu_time()
    }

    fn set_waker(&mut self, waker: Waker) {
        (**self).set_waker(waker);
    }

    fn monitor(&self) -> Option<Monitor> {
        (**self).monitor()
    }
}

/// Runs every job on `primary`, and on `secondary` those that `primary` could not finish: a job never fails because of a
/// device.
pub struct Fallback<P, S> {
    primary: P,
    secondary: S,
    /// Faulted jobs that `secondary` had no room for yet.
    waiting: VecDeque<(JobId, Job)>,
    diverted: Arc<Diverted>,
    /// Rung by both whenever they finish a job.
    bell: Receiver<()>,
    ringer: Ringer,
}

/// Jobs that went to the second backend, by reason.
#[derive(Default)]
struct Diverted {
    unsupported: AtomicU64,
    device: AtomicU64,
}

/// Rings the bell and passes on to the waker that was set.
#[derive(Clone)]
struct Ringer {
    bell: Sender<()>,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Ringer {
    fn ring(&self) {
        // A bell that has rung and was not heard yet need not ring again.
        let _ = self.bell.try_send(());
        let waker = self.waker.lock().map_or(None, |waker| waker.clone());
        if let Some(waker) = waker {
            waker();
        }
    }
}

impl<P: Backend, S: Backend> Fallback<P, S> {
    /// Joins the two; `secondary` must not fault.
    pub fn new(mut primary: P, mut secondary: S) -> Self {
        let (bell, heard) = bounded(1);
        let ringer = Ringer { bell, waker: Arc::default() };
        let [first, second] = [ringer.clone(), ringer.clone()];
        primary.set_waker(Arc::new(move || first.ring()));
        secondary.set_waker(Arc::new(move || second.ring()));
        let (waiting, diverted) = (VecDeque::new(), Arc::default());
        Self { primary, secondary, waiting, diverted, bell: heard, ringer }
    }

    /// Jobs that `primary` handed back with a fault so far.
    pub fn faults(&self) -> u64 {
        self.diverted.unsupported.load(Relaxed) + self.diverted.device.load(Relaxed)
    }

    /// The first backend.
    pub fn primary(&mut self) -> &mut P {
        &mut self.primary
    }

    /// Passes on a result of `primary`, or moves its faulted job to `secondary`.
    fn divert(&mut self, done: Done) -> Option<Done> {
        match done.result {
            Ok(_) => Some(done),
            Err((fault, job)) => {
                let counter = match fault {
                    Fault::Unsupported { .. } => &self.diverted.unsupported,
                    Fault::Device { .. } => &self.diverted.device,
                };
                counter.fetch_add(1, Relaxed);
                self.waiting.push_back((done.id, job));
                None
            }
        }
    }

    fn resubmit(&mut self) {
        while let Some((id, job)) = self.waiting.pop_front() {
            if let Err(Busy(job)) = self.secondary.submit(id, job) {
                self.waiting.push_front((id, job));
                return;
            }
        }
    }

    /// Waits, not longer than `timeout`, until one of the two may have finished a job.
    fn listen(&mut self, timeout: Duration) -> Option<Done> {
        match (self.primary.in_flight(), self.secondary.in_flight()) {
            // Alone, a backend may work in the thread that waits for it.
            (_, 0) => self.primary.wait(timeout).and_then(|done| self.divert(done)),
            (0, _) => self.secondary.wait(timeout),
            _ => {
                let _ = self.bell.recv_timeout(timeout);
                None
            }
        }
    }
}

impl<P: Backend, S: Backend> Backend for Fallback<P, S> {
    fn name(&self) -> String {
        format!("{}, else {}", self.primary.name(), self.secondary.name())
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        self.primary.submit(id, job)
    }

    fn poll(&mut self) -> Option<Done> {
        while let Some(done) = self.primary.poll() {
            if let Some(done) = self.divert(done) {
                return Some(done);
            }
        }
        self.resubmit();
        self.secondary.poll()
    }

    fn wait(&mut self, timeout: Duration) -> Option<Done> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(done) = self.poll() {
                return Some(done);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.in_flight() == 0 {
                return None;
            }
            if let Some(done) = self.listen(left) {
                return Some(done);
            }
        }
    }

    fn in_flight(&self) -> usize {
        self.primary.in_flight() + self.secondary.in_flight() + self.waiting.len()
    }

    fn cpu_time(&self) -> Duration {
        self.primary.cpu_time() + self.secondary.cpu_time()
    }

    fn set_waker(&mut self, waker: Waker) {
        if let Ok(mut slot) = self.ringer.waker.lock() {
            *slot = Some(waker);
        }
    }

    /// What both count, and how many jobs went from the first to the second.
    fn monitor(&self) -> Option<Monitor> {
        let of_both = [self.primary.monitor(), self.secondary.monitor()];
        let diverted = Arc::clone(&self.diverted);
        Some(Arc::new(move || {
            let mut counts: Vec<_> = of_both.iter().flatten().flat_map(|counts| counts()).collect();
            counts.push(("fallbacks, unsupported", diverted.unsupported.load(Relaxed)));
            counts.push(("fallbacks, device", diverted.device.load(Relaxed)));
            counts
        }))
    }
}
