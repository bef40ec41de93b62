//! [`Clock`]: the time of a simulated device, which passes as it works and not as long as its simulation takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use qkdpp_kernels::Waker;

/// What a simulated device does while it has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It sleeps, as long as a card would.
    Sleep,
    /// Its time goes on at once. For tests in one thread: a thread that waits for a device without jobs would spin.
    Skip,
}

/// A clock that counts work, and a bell that ends waiting.
pub struct Clock {
    start: Instant,
    passed: Duration,
    idled: Duration,
    idle: Idle,
    bell: Receiver<()>,
    ringer: Sender<()>,
}

impl Clock {
    /// Starts now.
    pub fn new(idle: Idle) -> Self {
        let (ringer, bell) = bounded(1);
        Self { start: Instant::now(), passed: Duration::ZERO, idled: Duration::ZERO, idle, bell, ringer }
    }

    /// The device's time.
    pub fn now(&self) -> Instant {
        self.start + self.passed
    }

    /// Since the start.
    pub fn passed(&self) -> Duration {
        self.passed
    }

    /// How much of that it did nothing.
    pub fn idled(&self) -> Duration {
        self.idled
    }

    /// The device has worked for `time`.
    pub fn work(&mut self, time: Duration) {
        self.passed += time;
    }

    /// The device was held up for `time`.
    pub fn pause(&mut self, time: Duration) {
        self.passed += time;
        self.idled += time;
    }

    /// Whether [`nudge`](Self::nudge) was called since the last look.
    pub fn nudged(&self) -> bool {
        self.bell.try_recv().is_ok()
    }

    /// The device does nothing until `until`; whether it was nudged before.
    pub fn idle(&mut self, until: Instant) -> bool {
        let time = until.saturating_duration_since(self.now());
        let slept = Instant::now();
        let nudged = match self.idle {
            Idle::Sleep => self.bell.recv_timeout(time) != Err(RecvTimeoutError::Timeout),
            Idle::Skip => false,
        };
        self.pause(if nudged { slept.elapsed().min(time) } else { time });
        nudged
    }

    /// Ends the current or else the next [`idle`](Self::idle).
    pub fn nudge(&self) -> Waker {
        let ringer = self.ringer.clone();
        Arc::new(move || {
            // A bell that has rung and was not heard yet need not ring again.
            let _ = ringer.try_send(());
        })
    }
}
