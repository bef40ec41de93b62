//! What happens when a device fails: its jobs come back, it is reset, tested, and given another chance; each time it fails
//! again it has to wait longer for the next one.

use std::mem;
use std::time::{Duration, Instant};

use qkdpp_kernels::{Fault, JobId};

use super::device::{Condition, Unusable};
use super::{Driver, known};
use crate::layout::Resident;
use crate::transport::Transport;

/// A device that cannot go on.
#[derive(Debug)]
pub(super) struct Trouble(String);

impl Trouble {
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }
}

impl From<Trouble> for Unusable {
    fn from(trouble: Trouble) -> Self {
        Self::SelfTest(trouble.0)
    }
}

/// How far a device is trusted.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Failed jobs since the last good one.
    pub(super) strikes: u32,
    /// Restarts since the last good job.
    restarts: u32,
    /// Set while it is out of use: when it gets its next chance.
    down_until: Option<Instant>,
}

impl Health {
    /// A job was done: of a user, not of the self-test.
    pub(super) fn good(&mut self) {
        self.restarts = 0;
    }

    pub(super) fn down_until(&self) -> Option<Instant> {
        self.down_until
    }
}

/// Restarts in a row that happen at once.
const PROMPT_RESTARTS: u32 = 2;

/// How long the first one after those has to wait; each next one twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long the self-test may take, in units of the patience with a job.
const TEST_TIME: u32 = 10;

impl<T: Transport> Driver<T> {
    /// Looks whether the device is there, works and is in time.
    pub(super) fn inspect(&mut self) -> Result<(), Trouble> {
        if self.health.down_until.is_some() {
            return Ok(());
        }
        match self.device.condition() {
            Condition::Gone => Err(self.lost("registers read as all ones")),
            Condition::Halted(halt) => {
                self.counters.stops.add(1);
                let (code, kernel, address) = (halt.code, halt.kernel, halt.address);
                Err(Trouble(format!("halted with status {code} by kernel {kernel} at {address:#x}")))
            }
            Condition::Working => {
                let deadline = self.flight.deadline_of_all();
                if deadline.is_some_and(|deadline| deadline <= self.device.now()) {
                    self.counters.late.add(1);
                    return Err(Trouble("a job was not completed in time".to_owned()));
                }
                Ok(())
            }
        }
    }

    pub(super) fn lost(&self, how: &str) -> Trouble {
        self.counters.lost.add(1);
        Trouble(format!("the device is gone: {how}"))
    }

    /// Hands all jobs back and restarts the device, at once or later.
    pub(super) fn restart(&mut self, trouble: &Trouble) {
        self.give_up(&trouble.0);
        self.health.restarts += 1;
        if self.health.restarts > PROMPT_RESTARTS || self.bring_up().is_err() {
            self.stay_down();
        }
    }

    /// Hands all jobs back.
    pub(crate) fn give_up(&mut self, reason: &str) {
        self.feeding.clear();
        self.quarantine.extend(self.flight.abandon());
        for (_, task) in mem::take(&mut self.tasks) {
            self.fault(task, reason);
        }
    }

    fn stay_down(&mut self) {
        let doublings = self.health.restarts.saturating_sub(PROMPT_RESTARTS).min(16);
        let wait = LONGEST_WAIT.min(FIRST_WAIT * (1 << doublings));
        self.health.down_until = Some(self.device.now() + wait);
    }

    /// Gives a device that is out of use its chance when it is time; jobs that came meanwhile go back at once.
    pub(super) fn come_back(&mut self) {
        let Some(until) = self.health.down_until else { return };
        self.give_up("the device is out of use");
        if self.device.now() >= until {
            self.health.restarts += 1;
            if self.bring_up().is_err() {
                self.stay_down();
            }
        }
    }

    /// Resets the device, sets its queues and tests it.
    pub(super) fn bring_up(&mut self) -> Result<(), Unusable> {
        self.counters.resets.add(1);
        self.device.reset()?;
        for buffers in mem::take(&mut self.quarantine) {
            self.pool.put_both(buffers);
        }
        self.capabilities = self.device.identify()?;
        self.resident = Resident::default();
        self.rings.clear();
        self.device.start(self.rings.iovas(), self.rings.entries())?;
        let jobs = mem::take(&mut self.finished);
        let tested = self.test();
        if tested.is_err() {
            self.counters.self_tests_failed.add(1);
            self.give_up("self-test");
        }
        self.finished = jobs;
        tested?;
        self.health.down_until = None;
        self.health.strikes = 0;
        Ok(())
    }

    /// Runs jobs whose outputs are known, of every kernel that is there.
    fn test(&mut self) -> Result<(), Unusable> {
        let deadline = self.device.now() + TEST_TIME * self.options.patience;
        for (job, expected) in known::answers() {
            let name = format!("{job:?}");
            self.cut(JobId(0), job);
            let done = loop {
                if let Some(done) = self.finished.pop_front() {
                    break done;
                }
                let now = self.device.now();
                if now >= deadline {
                    return Err(Unusable::SelfTest(format!("{name} is not done in time")));
                }
                self.exchange()?;
                if self.finished.is_empty() {
                    self.listen(deadline.min(now + self.options.poll))?;
                }
            };
            match done.result {
                Ok(output) if output == expected => {}
                Ok(_) => return Err(Unusable::SelfTest(format!("{name} has another output"))),
                Err((Fault::Unsupported { .. }, _)) => {}
                Err((Fault::Device { reason, .. }, _)) => {
                    return Err(Unusable::SelfTest(format!("{name}: {reason}")));
                }
            }
        }
        Ok(())
    }
}
