//! [`Backend`]: whoever runs jobs. The CPU, a card, a simulated card, and [`Fallback`], which joins two of them.

use std::sync::Arc;
use std::time::Duration;

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
}

/// Runs every job on `primary`, and on `secondary` those that `primary` could not finish: a job never fails because of a
/// device.
pub struct Fallback<P, S> {
    primary: P,
    secondary: S,
    /// Faulted jobs that `secondary` had no room for yet.
    waiting: Vec<(JobId, Job)>,
    faults: u64,
}

impl<P: Backend, S: Backend> Fallback<P, S> {
    /// Joins the two; `secondary` must not fault.
    pub fn new(primary: P, secondary: S) -> Self {
        Self { primary, secondary, waiting: Vec::new(), faults: 0 }
    }

    /// Jobs that `primary` handed back with a fault so far.
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Passes on a result of `primary`, or moves its faulted job to `secondary`.
    fn divert(&mut self, done: Done) -> Option<Done> {
        match done.result {
            Ok(_) => Some(done),
            Err((_, job)) => {
                self.faults += 1;
                self.waiting.push((done.id, job));
                None
            }
        }
    }

    fn resubmit(&mut self) {
        while let Some((id, job)) = self.waiting.pop() {
            if let Err(Busy(job)) = self.secondary.submit(id, job) {
                self.waiting.push((id, job));
                return;
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
        self.poll().or_else(|| {
            if self.primary.in_flight() > 0 {
                let done = self.primary.wait(timeout)?;
                self.divert(done).or_else(|| self.poll())
            } else {
                self.secondary.wait(timeout)
            }
        })
    }

    fn in_flight(&self) -> usize {
        self.primary.in_flight() + self.secondary.in_flight() + self.waiting.len()
    }

    fn cpu_time(&self) -> Duration {
        self.primary.cpu_time() + self.secondary.cpu_time()
    }

    fn set_waker(&mut self, waker: Waker) {
        self.primary.set_waker(Arc::clone(&waker));
        self.secondary.set_waker(waker);
    }
}
