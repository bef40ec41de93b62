//! [`Paced`]: a simulated device beside which the host's time passes as it would beside a card.
//!
//! The model's time goes on as it works, and stands still while the host computes. Here the host has a clock too: what it
//! computes between two calls of the transport is time in which the device goes on with what it has, or is idle.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use qkdpp_device::sim::Model;
use qkdpp_device::sim::memory::Region;
use qkdpp_device::transport::{Transport, Wake};
use qkdpp_kernels::Waker;

/// From an interrupt to the thread that waits for it.
const INTERRUPT: Duration = Duration::from_micros(5);

/// A model with [`Idle::Skip`](qkdpp_device::sim::Idle::Skip), and the host's clock.
pub(crate) struct Paced {
    model: Model,
    start: Instant,
    /// The host's time, on the model's scale, when the transport was last left; and that moment in CPU time, so that other
    /// programs do not count.
    host: Instant,
    left: Duration,
    /// What the host has computed outside the transport.
    host_time: Duration,
    /// What reading the clock costs, which is a system call.
    clock: Duration,
    /// What the device has said while the host did not wait.
    wakes: VecDeque<Wake>,
}

impl Paced {
    pub(crate) fn new(model: Model) -> Self {
        let (start, first) = (model.now(), cpu_time());
        let last = (0..1000).fold(first, |_, _| cpu_time());
        Self {
            model,
            start,
            host: start,
            left: last,
            host_time: Duration::ZERO,
            clock: last.saturating_sub(first) / 1000,
            wakes: VecDeque::new(),
        }
    }

    /// How long the device has been there, how much of that it did nothing, and how long the host has computed.
    pub(crate) fn times(&self) -> [Duration; 3] {
        [self.model.now().saturating_duration_since(self.start), self.model.idled(), self.host_time]
    }

    /// Lets the device go on until the host's time.
    fn enter(&mut self) {
        let computed = cpu_time().saturating_sub(self.left + self.clock);
        self.host_time += computed;
        self.host += computed;
        self.run_until(self.host);
    }

    fn run_until(&mut self, time: Instant) {
        while self.model.now() < time {
            match self.model.wait(time) {
                Ok(Wake::TimedOut) | Err(_) => break,
                Ok(wake) => self.wakes.push_back(wake),
            }
        }
    }

    fn leave<R>(&mut self, result: R) -> R {
        self.left = cpu_time();
        result
    }
}

/// Of this thread.
fn cpu_time() -> Duration {
    ThreadTime::now().as_duration()
}

impl Transport for Paced {
    type Dma = Region;

    fn read32(&mut self, offset: u32) -> u32 {
        self.enter();
        let value = self.model.read32(offset);
        self.host = self.host.max(self.model.now());
        self.leave(value)
    }

    fn write32(&mut self, offset: u32, value: u32) {
        self.enter();
        self.model.write32(offset, value);
        self.leave(());
    }

    fn alloc(&mut self, bytes: usize) -> io::Result<Region> {
        self.model.alloc(bytes)
    }

    fn wait(&mut self, deadline: Instant) -> io::Result<Wake> {
        self.enter();
        if let Some(wake) = self.wakes.pop_front() {
            return self.leave(Ok(wake));
        }
        let wake = self.model.wait(deadline);
        self.host = self.host.max(self.model.now()) + INTERRUPT;
        self.run_until(self.host);
        self.leave(wake)
    }

    fn nudge(&self) -> Waker {
        self.model.nudge()
    }

    fn recover(&mut self) -> io::Result<()> {
        self.model.recover()
    }

    fn now(&self) -> Instant {
        self.model.now()
    }
}
