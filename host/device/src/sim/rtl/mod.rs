//! [`Rtl`]: the RTL itself, Verilated, on a simulated board: host memory behind a bus that is late, unruly and, if asked
//! to, faulty. It needs Verilator when it is built (feature `rtl`).
//!
//! ```text
//! driver ── Transport ── Rtl ── registers ─ AXI4-Lite ▶ qkdpp_core ◀ AXI4 ─ reads, writes ── Memory
//!                          └ wait: clock until an interrupt        └ rules, grants ─ breaches ─▶ Log
//! ```
//!
//! Time is the device's: a clock cycle counts as [`Timing::nanoseconds`], however long it takes to simulate.

mod bus;
mod grants;
mod log;
mod machine;
mod reads;
mod registers;
mod rules;
mod timing;
mod writes;

pub use log::{Log, Traffic};
pub use timing::Timing;

use std::io;
use std::time::{Duration, Instant};

use qkdpp_kernels::Waker;
use qkdpp_rtl::Stopped;

use self::machine::Machine;
use super::clock::{Clock, Idle};
use super::faults::{Access, Faults, Plan};
use super::memory::{Memory, Region};
use crate::regs;
use crate::transport::{Transport, Wake};

/// What every register of a device that has left the bus reads as.
const GONE: u32 = u32::MAX;

/// Longest run of cycles between two looks at nudges and the clock.
const RUN: u32 = 1024;

/// Cycles without an interrupt after which a device is asked whether it is idle.
const ASK: u64 = 256;

/// The simulated device.
pub struct Rtl {
    machine: Machine,
    memory: Memory,
    log: Log,
    clock: Clock,
    /// Cycles that the clock has counted.
    counted: u64,
    nanoseconds: u32,
    /// Interrupts that have been sent and not been waited for.
    messages: u32,
    /// Set when the RTL has contradicted itself: nothing more can be had from it.
    stopped: bool,
}

impl Rtl {
    /// A board with the built-in configuration of the RTL, after power-on.
    ///
    /// # Errors
    /// If an assertion of the RTL fails in the reset.
    pub fn new(timing: &Timing, plan: Plan, idle: Idle) -> Result<Self, Stopped> {
        let memory = Memory::new(Faults::new(plan));
        let log = Log::default();
        Ok(Self {
            machine: Machine::new(timing, memory.clone(), log.clone())?,
            memory,
            log,
            clock: Clock::new(idle),
            counted: 0,
            nanoseconds: timing.nanoseconds,
            messages: 0,
            stopped: false,
        })
    }

    /// The host's memory as this device sees it, with the faults.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What the bus has seen.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Books the cycles that have run and what the RTL said if it stopped.
    fn settle<V>(&mut self, result: Result<V, Stopped>) -> Option<V> {
        self.sync();
        let cycles = self.counted;
        self.log.count(|traffic| traffic.cycles = cycles);
        result
            .inspect_err(|stopped| {
                self.log.fatal(stopped.to_string());
                self.stopped = true;
            })
            .ok()
    }

    /// Lets the clock count the cycles that have run.
    fn sync(&mut self) {
        let cycles = self.machine.cycle() - self.counted;
        self.clock.work(Duration::from_nanos(cycles * u64::from(self.nanoseconds)));
        self.counted += cycles;
    }

    /// Whether an access to a register meets the device.
    fn is_there(&mut self) -> bool {
        if self.stopped {
            return false;
        }
        match self.memory.with_faults(Faults::access) {
            Access::Alive => true,
            Access::Gone => false,
            Access::Returned => self.reset().is_some(),
        }
    }

    /// One register access.
    fn access(&mut self, on: impl FnOnce(&mut Machine) -> Result<Option<u32>, Stopped>) -> Option<u32> {
        if !self.is_there() {
            return None;
        }
        let answer = on(&mut self.machine);
        self.collect();
        self.settle(answer)?
    }

    fn reset(&mut self) -> Option<()> {
        self.messages = 0;
        let result = self.machine.reset();
        self.settle(result)
    }

    /// Sends a message for each interrupt line that has risen.
    fn collect(&mut self) {
        let raised = std::mem::take(&mut self.machine.raised);
        for line in [1, 2] {
            if raised & line != 0 && !self.memory.with_faults(Faults::loses_interrupt) {
                self.messages |= line;
            }
        }
    }

    /// The next interrupt, errors first.
    fn message(&mut self) -> Option<Wake> {
        let (line, wake) = match self.messages {
            0 => return None,
            1 => (1, Wake::Completion),
            _ => (2, Wake::Error),
        };
        self.messages &= !line;
        Some(wake)
    }

    /// Lets the device work until an interrupt, a nudge or `deadline`; `None` if it has nothing to do.
    fn work(&mut self, deadline: Instant) -> Result<Option<Wake>, Stopped> {
        let mut ask = self.machine.cycle() + ASK;
        loop {
            if self.clock.nudged() {
                return Ok(Some(Wake::Nudge));
            }
            let end = self.machine.cycle() + self.run_before(deadline);
            while self.machine.cycle() < end {
                self.machine.tick((end - self.machine.cycle()) as u32)?;
                self.collect();
                if let Some(wake) = self.message() {
                    return Ok(Some(wake));
                }
            }
            self.sync();
            if self.clock.now() >= deadline {
                return Ok(Some(Wake::TimedOut));
            }
            if self.machine.cycle() >= ask {
                if self.has_nothing_to_do()? {
                    return Ok(self.message());
                }
                ask = self.machine.cycle() + ASK;
            }
        }
    }

    /// Cycles to run before the next look at the clock; at least one, so that whoever only looks drives the device, too.
    fn run_before(&self, deadline: Instant) -> u64 {
        let left = deadline.saturating_duration_since(self.clock.now()).as_nanos();
        let cycles = left.div_ceil(self.nanoseconds.into());
        cycles.clamp(1, RUN.into()) as u64
    }

    fn has_nothing_to_do(&mut self) -> Result<bool, Stopped> {
        if !self.machine.is_quiet() {
            return Ok(false);
        }
        let status = self.machine.read(regs::STATUS)?.unwrap_or(0);
        self.collect();
        Ok(status & regs::status::IDLE != 0 && self.machine.is_quiet())
    }
}

impl Transport for Rtl {
    type Dma = Region;

    fn read32(&mut self, offset: u32) -> u32 {
        self.access(|machine| machine.read(offset)).unwrap_or(GONE)
    }

    fn write32(&mut self, offset: u32, value: u32) {
        self.access(|machine| machine.write(offset, value));
    }

    fn alloc(&mut self, bytes: usize) -> io::Result<Region> {
        Ok(self.memory.map(bytes))
    }

    fn wait(&mut self, deadline: Instant) -> io::Result<Wake> {
        if let Some(wake) = self.message() {
            return Ok(wake);
        }
        if self.stopped {
            return Err(io::Error::other("the RTL has stopped"));
        }
        if !self.memory.with_faults(|faults| faults.is_dead()) {
            let woken = self.work(deadline);
            match self.settle(woken) {
                Some(Some(wake)) => return Ok(wake),
                Some(None) => {}
                None => return Err(io::Error::other("the RTL has stopped")),
            }
        }
        Ok(if self.clock.idle(deadline) { Wake::Nudge } else { Wake::TimedOut })
    }

    fn nudge(&self) -> Waker {
        self.clock.nudge()
    }

    fn recover(&mut self) -> io::Result<()> {
        let back = !self.stopped && (!self.memory.with_faults(|faults| faults.is_dead()) || self.is_there());
        back.then(|| self.reset()).flatten().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }
}
