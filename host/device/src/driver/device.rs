//! [`Device`]: a transport with the names of the registers, DEVICE.md §2 to §5.

use std::time::{Duration, Instant};

use crate::layout::Capabilities;
use crate::regs;
use crate::transport::{Transport, Wake};

/// What every register of a device that has left the bus reads as.
const GONE: u32 = u32::MAX;

/// How often a reset is looked after, at first and at last.
const RESET_POLLS: [Duration; 2] = [Duration::from_micros(100), Duration::from_millis(10)];

/// A device that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Registers read as all ones.
    #[error("it does not answer")]
    Gone,
    /// It is something else.
    #[error("its identification is {0:#010x}, not {id:#010x}", id = regs::ID_VALUE)]
    Identification(u32),
    /// It follows another contract.
    #[error(
        "it follows version {major}.{minor} of the contract, this driver version {}.{}",
        regs::VERSION_MAJOR,
        regs::VERSION_MINOR
    )]
    Version {
        /// Another one,
        major: u32,
        /// or an older one.
        minor: u32,
    },
    /// It never became ready.
    #[error("it does not get ready after a reset: status {0:#x}")]
    Reset(u32),
    /// A register does not hold what was written to it.
    #[error("register {register:#05x} reads as {read:#x} after {value:#x} was written")]
    Register {
        /// Its address.
        register: u32,
        /// What was written.
        value: u32,
        /// What was read.
        read: u32,
    },
    /// Memory or the operating system.
    #[error("{0}")]
    System(String),
    /// Known answers came out wrong, late or not at all.
    #[error("self-test: {0}")]
    SelfTest(String),
}

impl From<std::io::Error> for Unusable {
    fn from(error: std::io::Error) -> Self {
        Self::System(error.to_string())
    }
}

/// Why a device does nothing more until it is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Halt {
    /// A status of a completion, 6 to 9.
    pub(super) code: u32,
    pub(super) kernel: u32,
    pub(super) address: u64,
}

/// What a look at the device finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Working,
    Halted(Halt),
    Gone,
}

/// A device by its registers.
pub(super) struct Device<T> {
    pub(super) transport: T,
    /// How long a reset may take: the bus to answer, the memories to be scrubbed.
    pub(super) patience: Duration,
}

impl<T: Transport> Device<T> {
    /// Checks that it is one of ours, and what it can do.
    pub(super) fn identify(&mut self) -> Result<Capabilities, Unusable> {
        match self.read(regs::ID) {
            regs::ID_VALUE => {}
            GONE => return Err(Unusable::Gone),
            other => return Err(Unusable::Identification(other)),
        }
        let version = self.read(regs::VERSION);
        let major = (version & regs::version::MAJOR) >> regs::version::MAJOR_SHIFT;
        let minor = version & regs::version::MINOR;
        if major != regs::VERSION_MAJOR || minor < regs::VERSION_MINOR {
            return Err(Unusable::Version { major, minor });
        }
        let mut number = |register| self.read(register) as usize;
        let capabilities = Capabilities {
            sift_planes: number(regs::CAP_SIFT_PLANES),
            parities_bits: number(regs::CAP_PARITIES_BITS),
            ldpc_lanes: number(regs::CAP_LDPC_LANES),
            ldpc_edges_per_cycle: number(regs::CAP_LDPC_EDGES_PER_CYCLE),
            ldpc_columns: number(regs::CAP_LDPC_COLUMNS),
            ldpc_entries: number(regs::CAP_LDPC_ENTRIES),
            ldpc_rows: number(regs::CAP_LDPC_ROWS),
            toeplitz_tile: number(regs::CAP_TOEPLITZ_TILE),
            toeplitz_seed_blocks: number(regs::CAP_TOEPLITZ_SEED_BLOCKS),
            toeplitz_out_blocks: number(regs::CAP_TOEPLITZ_OUT_BLOCKS),
            kernels: self.read(regs::CAP_KERNELS),
        };
        // A device that leaves while it is asked would look like one that can do anything.
        if self.read(regs::ID) == regs::ID_VALUE { Ok(capabilities) } else { Err(Unusable::Gone) }
    }

    /// Resets it; if its bus does not come to rest, the whole function is reset from outside. Afterwards nothing reaches
    /// memory any more.
    pub(super) fn reset(&mut self) -> Result<(), Unusable> {
        if self.try_reset().is_err() {
            self.transport.recover()?;
            self.try_reset()?;
        }
        Ok(())
    }

    fn try_reset(&mut self) -> Result<(), Unusable> {
        self.write(regs::CONTROL, regs::control::RESET);
        let deadline = self.now() + self.patience;
        let [mut poll, longest] = RESET_POLLS;
        loop {
            match self.read(regs::STATUS) {
                GONE => return Err(Unusable::Gone),
                status if status & (regs::status::READY | regs::status::HALTED) == regs::status::READY => {
                    return Ok(());
                }
                status if self.now() >= deadline => return Err(Unusable::Reset(status)),
                _ => {
                    let next = self.now() + poll;
                    poll = longest.min(2 * poll);
                    while self.wait(next)? == Wake::Nudge {}
                }
            }
        }
    }

    /// Sets the queues, both of `entries` entries, and lets the device fetch. A device that lost its power meanwhile would
    /// fetch from address zero, so that what was written is read again before.
    pub(super) fn start(
        &mut self,
        [submissions, completions]: [u64; 2],
        entries: u32,
    ) -> Result<(), Unusable> {
        let size = entries.trailing_zeros();
        let settings = [
            (regs::IRQ_COUNT, 1),
            (regs::IRQ_TIME, 0),
            (regs::IRQ_ENABLE, regs::irq_enable::COMPLETION | regs::irq_enable::ERROR),
            (regs::SQ_BASE_LO, submissions as u32),
            (regs::SQ_BASE_HI, (submissions >> 32) as u32),
            (regs::SQ_SIZE, size),
            (regs::CQ_BASE_LO, completions as u32),
            (regs::CQ_BASE_HI, (completions >> 32) as u32),
            (regs::CQ_SIZE, size),
        ];
        self.write(regs::IRQ_STATUS, regs::irq_status::COMPLETION | regs::irq_status::ERROR);
        for (register, value) in settings {
            self.write(register, value);
        }
        for (register, value) in settings {
            let read = self.read(register);
            if read != value {
                return Err(Unusable::Register { register, value, read });
            }
        }
        self.write(regs::CONTROL, regs::control::ENABLE);
        Ok(())
    }

    /// Announces submissions up to `tail`.
    pub(super) fn doorbell(&mut self, tail: u32) {
        self.write(regs::SQ_TAIL, tail);
    }

    /// Gives the completions before `head` back.
    pub(super) fn consumed(&mut self, head: u32) {
        self.write(regs::CQ_HEAD, head);
    }

    /// Lets the next completion make an interrupt.
    pub(super) fn acknowledge(&mut self) {
        self.write(regs::IRQ_STATUS, regs::irq_status::COMPLETION);
    }

    /// Looks whether it still works.
    pub(super) fn condition(&mut self) -> Condition {
        match self.read(regs::STATUS) {
            GONE => Condition::Gone,
            status if status & regs::status::HALTED != 0 => {
                let error = self.read(regs::ERROR);
                let low = self.read(regs::ERROR_ADDR_LO);
                let high = self.read(regs::ERROR_ADDR_HI);
                if [error, low, high] == [GONE; 3] {
                    return Condition::Gone;
                }
                Condition::Halted(Halt {
                    code: error & regs::error::CODE,
                    kernel: (error & regs::error::KERNEL) >> regs::error::KERNEL_SHIFT,
                    address: u64::from(high) << 32 | u64::from(low),
                })
            }
            _ => Condition::Working,
        }
    }

    pub(super) fn wait(&mut self, deadline: Instant) -> std::io::Result<Wake> {
        self.transport.wait(deadline)
    }

    pub(super) fn now(&self) -> Instant {
        self.transport.now()
    }

    fn read(&mut self, register: u32) -> u32 {
        self.transport.read32(register)
    }

    fn write(&mut self, register: u32, value: u32) {
        self.transport.write32(register, value);
    }
}
