//! [`Driver`]: jobs to submissions, completions to outputs, on one device and in the caller's thread.
//! [`Fpga`](crate::Fpga) gives it a thread of its own.
//!
//! ```text
//! accept ─ cut ─▶ tasks ─ feed: buffers, encode, checksum ─▶ submission ring ─▶ device
//! finished ◀─ decode ◀─ reap: status, checksums, size ◀──── completion ring ◀──┘
//! ```
//! Whatever a device does that the contract does not allow, or does too late, ends in [`recovery`]: every job it holds
//! comes back whole, and the device must prove itself again before it gets another.

mod device;
mod flight;
mod flow;
mod known;
mod pool;
mod recovery;
mod rings;
mod stream;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use qkdpp_kernels::backend::Monitor;
use qkdpp_kernels::{Backend, Busy, Done, Fault, Job, JobId, Waker};

use device::Device;
pub use device::Unusable;
use flight::Flight;
use pool::{Buffers, Pool};
use recovery::{Health, Trouble};
use rings::Rings;
use stream::Decoder;
use work::Work;

use crate::counters::Counters;
use crate::layout::{BEAT, Capabilities, Resident};
use crate::transport::{Transport, Wake};

/// How a device is driven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Name of the backend.
    pub name: String,
    /// Entries of each queue, a power of two from 2 to 4096.
    pub entries: u16,
    /// Jobs taken before [`Busy`].
    pub jobs: usize,
    /// Most bytes of DMA memory for inputs and outputs.
    pub dma_bytes: usize,
    /// How often completions are looked for although no interrupt came.
    pub poll: Duration,
    /// How much later than it should a job may be completed.
    pub patience: Duration,
}

impl Options {
    /// What suits a card.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            entries: 64,
            jobs: 256,
            dma_bytes: 256 << 20,
            poll: Duration::from_millis(10),
            patience: Duration::from_millis(500),
        }
    }
}

/// How long an idle device is left alone.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A job that was taken.
struct Task {
    id: JobId,
    work: Box<dyn Work>,
    /// Parts that were submitted.
    submitted: usize,
    /// Parts that were joined.
    joined: usize,
}

/// One device.
pub struct Driver<T: Transport> {
    options: Options,
    counters: Arc<Counters>,
    device: Device<T>,
    rings: Rings<T::Dma>,
    pool: Pool<T::Dma>,
    /// Buffers that a device may still write to.
    quarantine: Vec<Buffers<T::Dma>>,
    capabilities: Capabilities,
    resident: Resident,
    /// By order of acceptance.
    tasks: BTreeMap<u64, Task>,
    accepted: u64,
    /// Those with parts that were not submitted.
    feeding: VecDeque<u64>,
    flight: Flight<T::Dma>,
    finished: VecDeque<Done>,
    scratch: Decoder,
    health: Health,
    waker: Option<Waker>,
    /// In calls of the inline backend, and of the transport's waiting.
    spent: Duration,
    waited: Duration,
}

impl<T: Transport> Driver<T> {
    /// Resets the device behind `transport` and tests it.
    ///
    /// # Errors
    /// If it is not one of ours or fails the test.
    ///
    /// # Panics
    /// If the options give the queues a size that they cannot have.
    pub fn new(transport: T, options: Options) -> Result<Self, Unusable> {
        let entries = options.entries;
        assert!(entries.is_power_of_two() && (2..=4096).contains(&entries), "queues of {entries} entries");
        let counters = Arc::new(Counters::default());
        let mut device = Device { transport, patience: options.patience };
        let capabilities = device.identify()?;
        let rings = Rings::new(&mut device.transport, options.entries.into())?;
        let mut driver = Self {
            device,
            rings,
            capabilities,
            pool: Pool::new(options.dma_bytes, Arc::clone(&counters)),
            quarantine: Vec::new(),
            resident: Resident::default(),
            tasks: BTreeMap::new(),
            accepted: 0,
            feeding: VecDeque::new(),
            flight: Flight::new(options.entries - 1),
            finished: VecDeque::new(),
            scratch: Decoder::default(),
            health: Health::default(),
            waker: None,
            spent: Duration::ZERO,
            waited: Duration::ZERO,
            options,
            counters,
        };
        driver.bring_up()?;
        Ok(driver)
    }

    /// What it has done and met.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// What the device can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The transport, for tests that play tricks on the device.
    pub fn transport(&mut self) -> &mut T {
        &mut self.device.transport
    }

    /// Takes a job. It is cut at once: cuts follow each other as the submissions will.
    pub(crate) fn accept(&mut self, id: JobId, job: Job) {
        self.counters.jobs.add(1);
        self.cut(id, job);
    }

    fn cut(&mut self, id: JobId, job: Job) {
        let before = self.resident.clone();
        match work::cut(job, &self.capabilities, &mut self.resident) {
            Ok(work) if self.has_room(&*work) => self.enqueue(id, work),
            Ok(work) => {
                self.resident = before;
                let reason =
                    format!("the job needs more than {} bytes of DMA memory", self.options.dma_bytes);
                self.unsupported(id, reason, work.job());
            }
            Err((unsupported, job)) => {
                self.resident = before;
                self.unsupported(id, unsupported.0, job);
            }
        }
    }

    /// Whether every part finds room in an empty pool: its buffers are rounded up to powers of two.
    fn has_room(&self, work: &dyn Work) -> bool {
        let bytes = |beats: usize| (beats * BEAT).next_power_of_two().max(4096);
        (0..work.parts()).all(|part| {
            let shape = work.shape(part);
            bytes(shape.input_beats) + bytes(shape.output_beats) <= self.options.dma_bytes
        })
    }

    fn enqueue(&mut self, id: JobId, work: Box<dyn Work>) {
        if work.parts() == 0 {
            return self.complete(id, work);
        }
        self.tasks.insert(self.accepted, Task { id, work, submitted: 0, joined: 0 });
        self.feeding.push_back(self.accepted);
        self.accepted += 1;
    }

    fn complete(&mut self, id: JobId, work: Box<dyn Work>) {
        self.finished.push_back(Done { id, result: Ok(work.output()) });
    }

    fn unsupported(&mut self, id: JobId, reason: String, job: Job) {
        let fault = Fault::Unsupported { backend: self.options.name.clone(), reason };
        self.finished.push_back(Done { id, result: Err((fault, job)) });
    }

    fn fault(&mut self, task: Task, reason: &str) {
        let fault = Fault::Device { backend: self.options.name.clone(), reason: reason.to_owned() };
        self.finished.push_back(Done { id: task.id, result: Err((fault, task.work.job())) });
    }

    /// The next finished job, if there is one.
    pub(crate) fn next_finished(&mut self) -> Option<Done> {
        let done = self.finished.pop_front()?;
        match &done.result {
            Ok(_) => {
                self.counters.completed.add(1);
                self.health.good();
            }
            Err((Fault::Unsupported { .. }, _)) => self.counters.unsupported.add(1),
            Err((Fault::Device { .. }, _)) => self.counters.faulted.add(1),
        }
        Some(done)
    }

    /// Takes what the device has completed and gives it more to do.
    pub(crate) fn pump(&mut self) {
        self.come_back();
        if let Err(trouble) = self.exchange() {
            self.restart(&trouble);
        }
    }

    /// Sleeps until the device or somebody else has something to say, `until` at the latest.
    pub(crate) fn sleep(&mut self, until: Instant) {
        let now = self.device.now();
        let look = now + if self.flight.is_empty() { HEARTBEAT } else { self.options.poll };
        let deadline = [self.flight.deadline_of_all(), self.health.down_until()].into_iter().flatten();
        let deadline = deadline.fold(look.min(until), Instant::min).max(now);
        if let Err(trouble) = self.listen(deadline) {
            self.restart(&trouble);
        }
    }

    /// Sleeps until something happens; an idle device is looked at now and then.
    pub(crate) fn sleep_long(&mut self) {
        if self.finished.is_empty() {
            self.sleep(self.device.now() + HEARTBEAT);
        }
    }

    /// One wait and what follows from it.
    fn listen(&mut self, deadline: Instant) -> Result<(), Trouble> {
        let began = Instant::now();
        let wake = self.device.wait(deadline);
        self.waited += began.elapsed();
        let wake = wake.map_err(|error| self.lost(&error.to_string()))?;
        if self.health.down_until().is_some() {
            return Ok(());
        }
        match wake {
            Wake::Nudge => Ok(()),
            Wake::Poll => self.exchange().map(drop),
            Wake::Completion => {
                self.counters.interrupts.add(1);
                self.exchange()?;
                self.device.acknowledge();
                Ok(())
            }
            Wake::Error => {
                self.counters.interrupts.add(1);
                self.inspect()
            }
            Wake::TimedOut => {
                if self.exchange()? {
                    self.counters.lost_interrupts.add(1);
                    self.device.acknowledge();
                }
                self.inspect()
            }
        }
    }

    fn exchange(&mut self) -> Result<bool, Trouble> {
        let found = self.reap()?;
        self.feed()?;
        Ok(found)
    }

    /// Runs `on`, counting its time but for that in which it waited, and telling who waits for finished jobs. The thread's
    /// CPU clock would cost a system call, a good part of what a small job costs.
    fn timed<R>(&mut self, on: impl FnOnce(&mut Self) -> R) -> R {
        let (start, waited) = (Instant::now(), self.waited);
        let result = on(self);
        self.spent += start.elapsed().saturating_sub(self.waited.saturating_sub(waited));
        if let Some(waker) = self.waker.as_ref().filter(|_| !self.finished.is_empty()) {
            waker();
        }
        result
    }
}

/// Everything happens in the calls of the caller, as with [`Cpu::inline`](qkdpp_kernels::Cpu::inline).
impl<T: Transport> Backend for Driver<T> {
    fn name(&self) -> String {
        self.options.name.clone()
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        if self.in_flight() >= self.options.jobs {
            return Err(Busy(job));
        }
        self.timed(|driver| {
            driver.accept(id, job);
            driver.pump();
        });
        Ok(())
    }

    fn poll(&mut self) -> Option<Done> {
        if self.finished.is_empty() && !self.tasks.is_empty() {
            self.timed(|driver| {
                driver.pump();
                if driver.finished.is_empty() {
                    driver.sleep(driver.device.now());
                }
            });
        }
        self.next_finished()
    }

    fn wait(&mut self, timeout: Duration) -> Option<Done> {
        let until = self.device.now() + timeout;
        self.timed(|driver| {
            driver.pump();
            while driver.finished.is_empty() && !driver.tasks.is_empty() && driver.device.now() < until {
                driver.sleep(until);
                driver.pump();
            }
        });
        self.next_finished()
    }

    fn in_flight(&self) -> usize {
        self.tasks.len() + self.finished.len()
    }

    fn cpu_time(&self) -> Duration {
        self.spent
    }

    fn set_waker(&mut self, waker: Waker) {
        self.waker = Some(waker);
    }

    fn monitor(&self) -> Option<Monitor> {
        let counters = Arc::clone(&self.counters);
        Some(Arc::new(move || counters.list()))
    }
}

impl<T: Transport> Drop for Driver<T> {
    /// Nothing may write to the buffers when they are given back. If the device cannot be stopped, only the IOMMU can.
    fn drop(&mut self) {
        let _ = self.device.reset();
    }
}
