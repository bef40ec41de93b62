//! [`Fpga`]: a device as a [`Backend`], driven by a thread of its own.
//!
//! ```text
//! submit ─▶ bounded channel ─▶ thread: Driver ◀─▶ device
//! poll   ◀──── channel ◀───────┘ └─▶ waker
//! ```
//! The thread encodes job k+1 while the device works on job k.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cpu_time::ThreadTime;
use crossbeam::channel::{Receiver, Sender, TryRecvError, TrySendError, bounded, unbounded};
use qkdpp_kernels::backend::Monitor;
use qkdpp_kernels::{Backend, Busy, Done, Fault, Job, JobId, Waker};

use crate::counters::Counters;
use crate::driver::{Driver, Options, Unusable};
use crate::layout::Capabilities;
use crate::transport::Transport;

/// A device with its thread. A job that it cannot do comes back as a [`Fault`], whole.
pub struct Fpga<T: Transport> {
    name: String,
    capacity: usize,
    in_flight: usize,
    /// None only while this is dropped.
    jobs: Option<Sender<(JobId, Job)>>,
    finished: (Sender<Done>, Receiver<Done>),
    nudge: Waker,
    waker: SharedWaker,
    counters: Arc<Counters>,
    capabilities: Capabilities,
    spent: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
    transport: PhantomData<fn() -> T>,
}

type SharedWaker = Arc<Mutex<Option<Waker>>>;

impl<T: Transport + 'static> Fpga<T> {
    /// Resets and tests the device behind `transport`, then starts its thread.
    ///
    /// # Errors
    /// If it is not one of ours, fails the test, or there is no thread for it.
    ///
    /// # Panics
    /// If the options give the queues a size that they cannot have.
    pub fn open(transport: T, options: Options) -> Result<Self, Unusable> {
        let nudge = transport.nudge();
        let (name, capacity) = (options.name.clone(), options.jobs);
        let driver = Driver::new(transport, options)?;
        let counters = Arc::clone(driver.counters());
        let capabilities = driver.capabilities().clone();
        let (jobs, incoming) = bounded(capacity);
        let finished = unbounded();
        let (waker, spent) = (SharedWaker::default(), Arc::default());
        let ends = Ends {
            name: name.clone(),
            jobs: incoming,
            finished: finished.0.clone(),
            waker: Arc::clone(&waker),
            spent: Arc::clone(&spent),
        };
        let thread =
            thread::Builder::new().name(format!("qkdpp-{name}")).spawn(move || ends.serve(driver))?;
        Ok(Self {
            name,
            capacity,
            in_flight: 0,
            jobs: Some(jobs),
            finished,
            nudge,
            waker,
            counters,
            capabilities,
            spent,
            thread: Some(thread),
            transport: PhantomData,
        })
    }

    /// What it has done and met.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// What the device can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}

impl<T: Transport> Fpga<T> {
    fn returned(&mut self, done: Option<Done>) -> Option<Done> {
        self.in_flight -= usize::from(done.is_some());
        done
    }
}

/// The thread's ends of everything.
struct Ends {
    name: String,
    jobs: Receiver<(JobId, Job)>,
    finished: Sender<Done>,
    waker: SharedWaker,
    spent: Arc<AtomicU64>,
}

impl Ends {
    /// Drives the device until nobody submits any more. A bug that stops the driver costs the device, and no job.
    fn serve<T: Transport>(&self, mut driver: Driver<T>) {
        let work = catch_unwind(AssertUnwindSafe(|| self.work(&mut driver)));
        if work.is_err() {
            driver.give_up("the driver has failed");
            self.deliver(&mut driver);
            drop(driver);
            for (id, job) in &self.jobs {
                let reason = "the driver has failed".to_owned();
                let fault = Fault::Device { backend: self.name.clone(), reason };
                self.tell(Done { id, result: Err((fault, job)) });
                self.wake();
            }
        }
    }

    fn work<T: Transport>(&self, driver: &mut Driver<T>) {
        loop {
            loop {
                match self.jobs.try_recv() {
                    Ok((id, job)) => driver.accept(id, job),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            driver.pump();
            self.deliver(driver);
            driver.sleep_long();
            self.deliver(driver);
            self.spent.store(ThreadTime::now().as_duration().as_nanos() as u64, Ordering::Relaxed);
        }
    }

    fn deliver<T: Transport>(&self, driver: &mut Driver<T>) {
        let mut any = false;
        while let Some(done) = driver.next_finished() {
            self.tell(done);
            any = true;
        }
        if any {
            self.wake();
        }
    }

    fn tell(&self, done: Done) {
        // The receiver is gone only when the backend is, and then nobody wants the output.
        let _ = self.finished.send(done);
    }

    fn wake(&self) {
        let waker = self.waker.lock().map_or(None, |waker| waker.clone());
        if let Some(waker) = waker {
            waker();
        }
    }
}

impl<T: Transport> Backend for Fpga<T> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        let Some(jobs) = self.jobs.as_ref().filter(|_| self.in_flight < self.capacity) else {
            return Err(Busy(job));
        };
        match jobs.try_send((id, job)) {
            Ok(()) => {
                self.in_flight += 1;
                (self.nudge)();
                Ok(())
            }
            Err(TrySendError::Full((_, job)) | TrySendError::Disconnected((_, job))) => Err(Busy(job)),
        }
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
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    fn set_waker(&mut self, waker: Waker) {
        if let Ok(mut slot) = self.waker.lock() {
            *slot = Some(waker);
        }
    }

    fn monitor(&self) -> Option<Monitor> {
        let counters = Arc::clone(&self.counters);
        Some(Arc::new(move || counters.list()))
    }
}

impl<T: Transport> Drop for Fpga<T> {
    fn drop(&mut self) {
        self.jobs = None;
        (self.nudge)();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
