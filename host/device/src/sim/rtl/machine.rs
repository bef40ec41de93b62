//! [`Machine`]: the core, its two buses and the clock. One [`tick`](Machine::tick) is a cycle in which something happens,
//! or all the cycles until then.

use qkdpp_rtl::{Core, Drive, Sense, Stopped};

use super::bus::Port;
use super::grants::Grants;
use super::log::Log;
use super::reads::Reads;
use super::registers::Registers;
use super::timing::Timing;
use super::writes::Writes;
use crate::regs;
use crate::sim::memory::Memory;

/// Cycles after which a register that does not answer is given up.
const REGISTER_CYCLES: u64 = 10_000;

/// Cycles of a reset from outside.
const RESET_CYCLES: u32 = 8;

/// The simulated board.
pub(super) struct Machine {
    core: Core,
    drive: Drive,
    sense: Sense,
    registers: Registers,
    reads: Reads,
    writes: Writes,
    pub(super) port: Port,
    /// Rising edges of the interrupt lines since they were taken.
    pub(super) raised: u32,
    irq: u32,
    /// Whether CONTROL.reset was written and STATUS.ready not seen since.
    resetting: bool,
}

impl Machine {
    /// A board after power-on and reset.
    pub(super) fn new(timing: &Timing, memory: Memory, log: Log) -> Result<Self, Stopped> {
        let mut machine = Self {
            core: Core::new(timing.seed as u32),
            drive: Drive::default(),
            sense: Sense::default(),
            registers: Registers::new(timing),
            reads: Reads::new(timing),
            writes: Writes::new(timing),
            port: Port { memory, grants: Grants::default(), log },
            raised: 0,
            irq: 0,
            resetting: false,
        };
        machine.reset()?;
        Ok(machine)
    }

    /// Resets the core from outside; no transaction of before is answered or done.
    pub(super) fn reset(&mut self) -> Result<(), Stopped> {
        self.registers.reset(&mut self.drive);
        self.reads.reset();
        self.writes.reset();
        self.port.grants.forget();
        self.drive = Drive { reset: 1, ..Drive::default() };
        for _ in 0..RESET_CYCLES {
            self.core.advance(&self.drive, 1, &mut self.sense)?;
        }
        self.drive.reset = 0;
        self.irq = 0;
        self.raised = 0;
        self.resetting = false;
        Ok(())
    }

    /// Clock cycles since power-on.
    pub(super) fn cycle(&self) -> u64 {
        self.core.cycle()
    }

    /// Whether nothing is under way on the memory bus.
    pub(super) fn is_quiet(&self) -> bool {
        self.reads.is_empty() && self.writes.is_empty()
    }

    /// Reads a register; `None` if it does not answer.
    pub(super) fn read(&mut self, offset: u32) -> Result<Option<u32>, Stopped> {
        let value = self.access(offset, None)?;
        if self.resetting
            && offset == regs::STATUS
            && value.is_some_and(|value| value & regs::status::READY != 0)
        {
            self.resetting = false;
            self.port.grants.forget();
        }
        Ok(value)
    }

    /// Writes a register; `None` if it does not answer.
    pub(super) fn write(&mut self, offset: u32, value: u32) -> Result<Option<u32>, Stopped> {
        self.resetting |= offset == regs::CONTROL && value & regs::control::RESET != 0;
        self.port.grants.register(offset, value);
        let [submissions, completions] = self.port.grants.rings();
        self.port.memory.set_rings(submissions, completions);
        self.access(offset, Some(value))
    }

    fn access(&mut self, offset: u32, value: Option<u32>) -> Result<Option<u32>, Stopped> {
        self.registers.start(offset, value, &mut self.drive);
        let end = self.cycle() + REGISTER_CYCLES;
        while self.cycle() < end {
            let answer = self.tick(1)?;
            if answer.is_some() {
                return Ok(answer);
            }
        }
        self.port.log.breach(format!("cycle {end}: the register at {offset:#x} does not answer"));
        Ok(None)
    }

    /// Runs at least one cycle and at most `most`, ending early after one in which something has happened. Returns the
    /// answer to a register access if it has come.
    pub(super) fn tick(&mut self, most: u32) -> Result<Option<u32>, Stopped> {
        let now = self.core.cycle();
        let drive = &mut self.drive;
        self.registers.drive(drive);
        self.reads.drive(now, &mut self.port, drive);
        self.writes.drive(now, &mut self.port, drive);
        let busy = self.registers.is_busy() || self.reads.is_busy(now) || self.writes.is_busy(now);
        let quiet = self.reads.due().min(self.writes.due()).saturating_sub(now);
        let most = if busy { 1 } else { quiet.clamp(1, most.max(1).into()) as u32 };

        self.core.advance(drive, most, &mut self.sense)?;

        let now = self.core.cycle() - 1;
        self.reads.sense(now, &mut self.port, drive, &self.sense);
        self.writes.sense(now, &mut self.port, drive, &self.sense);
        self.raised |= self.sense.irq & !self.irq;
        self.irq = self.sense.irq;
        Ok(self.registers.sense(now, &self.port.log, drive, &self.sense))
    }
}
