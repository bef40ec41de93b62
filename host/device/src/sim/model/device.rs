//! [`Model`]: the core with its bus, as a [`Transport`].

use std::io;
use std::time::{Duration, Instant};

use qkdpp_kernels::Waker;

use super::core::Core;
use super::default_capabilities;
use crate::layout::Capabilities;
use crate::sim::clock::{Clock, Idle};
use crate::sim::faults::{Access, Faults, Plan};
use crate::sim::memory::{Memory, Region};
use crate::transport::{Transport, Wake};

/// Nanoseconds of a cycle.
const CYCLE: u64 = 4;

/// Time that an access to a register takes.
const REGISTER_ACCESS: Duration = Duration::from_micros(1);

/// Steps in one wait whose deadline has already come.
const STEPS: u32 = 64;

/// A device in plain Rust.
pub struct Model {
    core: Core,
    memory: Memory,
    clock: Clock,
    /// Interrupt lines as they were last seen, and messages that were not delivered yet.
    lines: [bool; 2],
    messages: [bool; 2],
}

impl Model {
    /// A device that can do `capabilities` and fails as `plan` says.
    pub fn new(capabilities: Capabilities, plan: Plan, idle: Idle) -> Self {
        let seed = plan.seed;
        let memory = Memory::new(Faults::new(plan));
        let core = Core::new(capabilities, memory.clone(), seed);
        Self { core, memory, clock: Clock::new(idle), lines: [false; 2], messages: [false; 2] }
    }

    /// A device with everything, which never fails.
    pub fn sound() -> Self {
        Self::new(default_capabilities(), Plan::sound(), Idle::Sleep)
    }

    /// The host's memory as this device sees it, with the faults.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// How long it has done nothing, for want of work or since a register was accessed.
    pub fn idled(&self) -> Duration {
        self.clock.idled()
    }

    /// What an access to a register meets.
    fn is_there(&mut self) -> bool {
        self.clock.pause(REGISTER_ACCESS);
        self.sync();
        match self.memory.with_faults(Faults::access) {
            Access::Alive => true,
            Access::Gone => false,
            Access::Returned => {
                self.core.power_up();
                self.watch();
                true
            }
        }
    }

    /// Brings both clocks to the later time.
    fn sync(&mut self) {
        let cycles = (self.clock.passed().as_nanos() / u128::from(CYCLE)) as u64;
        if self.core.now > cycles {
            self.clock.work(Duration::from_nanos((self.core.now - cycles) * CYCLE));
        } else {
            self.core.now = cycles;
        }
    }

    /// Makes messages of rising lines.
    fn watch(&mut self) {
        let lines = self.core.registers.lines();
        for ((message, line), was) in self.messages.iter_mut().zip(lines).zip(self.lines) {
            if line && !was && !self.memory.with_faults(Faults::loses_interrupt) {
                *message = true;
            }
        }
        self.lines = lines;
    }

    fn message(&mut self) -> Option<Wake> {
        let [completion, error] = &mut self.messages;
        if std::mem::take(error) {
            Some(Wake::Error)
        } else if std::mem::take(completion) {
            Some(Wake::Completion)
        } else {
            None
        }
    }

    /// Does one thing; false if the device has nothing to do.
    fn step(&mut self) -> bool {
        if self.memory.with_faults(|faults| faults.is_dead()) {
            return false;
        }
        let stepped = self.core.step();
        self.sync();
        self.watch();
        stepped
    }

    /// When something will happen by itself.
    fn next_event(&self) -> Option<Instant> {
        let cycle = self.core.registers.coalescing_ends()?;
        Some(self.clock.now() + Duration::from_nanos(cycle.saturating_sub(self.core.now) * CYCLE))
    }
}

impl Transport for Model {
    type Dma = Region;

    fn read32(&mut self, offset: u32) -> u32 {
        if self.is_there() { self.core.read(offset) } else { u32::MAX }
    }

    fn write32(&mut self, offset: u32, value: u32) {
        if self.is_there() {
            self.core.write(offset, value);
            self.watch();
        }
    }

    fn alloc(&mut self, bytes: usize) -> io::Result<Region> {
        Ok(self.memory.map(bytes))
    }

    fn wait(&mut self, deadline: Instant) -> io::Result<Wake> {
        for step in 0.. {
            if self.clock.nudged() {
                return Ok(Wake::Nudge);
            }
            if let Some(wake) = self.message() {
                return Ok(wake);
            }
            if (step < STEPS || self.clock.now() < deadline) && self.step() {
                continue;
            }
            let event = self.next_event().filter(|&event| event < deadline);
            if self.clock.now() >= deadline {
                return Ok(Wake::TimedOut);
            }
            if self.clock.idle(event.unwrap_or(deadline)) {
                return Ok(Wake::Nudge);
            }
            self.sync();
            self.core.registers.coalesce(self.core.now);
            self.watch();
        }
        Ok(Wake::TimedOut)
    }

    fn nudge(&self) -> Waker {
        self.clock.nudge()
    }

    fn recover(&mut self) -> io::Result<()> {
        if self.memory.with_faults(|faults| faults.is_dead()) && !self.is_there() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.core.power_up();
        self.watch();
        self.messages = [false; 2];
        Ok(())
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }
}
