//! [`Registers`]: what the model's register block holds, and the interrupts that follow from it (DEVICE.md §5).

use crate::entry::{COMPLETION_BYTES, SUBMISSION_BYTES};
use crate::layout::Capabilities;
use crate::regs::{self, control, irq_status, status};

/// A ring in host memory, from the device's side.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ring {
    pub(super) base: u64,
    log2: u32,
    pub(super) head: u32,
    pub(super) tail: u32,
}

impl Ring {
    pub(super) fn entries(self) -> u32 {
        1 << self.log2.clamp(1, 12)
    }

    pub(super) fn is_empty(self) -> bool {
        self.head == self.tail
    }

    pub(super) fn is_full(self) -> bool {
        self.next(self.tail) == self.head
    }

    pub(super) fn next(self, index: u32) -> u32 {
        (index + 1) % self.entries()
    }
}

/// What stopped the device.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ErrorLog {
    pub(super) code: u32,
    pub(super) kernel: u32,
    pub(super) tag: u32,
    pub(super) address: u64,
}

/// The kernel number of an error at a queue.
pub(super) const QUEUE: u32 = 255;

/// Numbers of the counters of DEVICE.md: four for each of up to 16 kernels, then the core's.
const COUNTERS: usize = 128;

/// The register block.
pub(super) struct Registers {
    /// STATUS.
    status: u32,
    pub(super) submissions: Ring,
    pub(super) completions: Ring,
    pub(super) error: ErrorLog,
    pub(super) bus_timeout: u32,
    pub(super) counters: [u64; COUNTERS],
    irq_status: u32,
    irq_enable: u32,
    irq_count: u32,
    irq_time: u32,
    /// Completions since the bit was cleared, and the cycle of the first.
    coalescing: (u32, u64),
    counter: u64,
}

impl Registers {
    /// After power-up.
    pub(super) fn new() -> Self {
        let ring = |log2| Ring { log2, ..Ring::default() };
        Self {
            status: status::READY | status::IDLE,
            submissions: ring(regs::SQ_SIZE_RESET),
            completions: ring(regs::CQ_SIZE_RESET),
            error: ErrorLog::default(),
            bus_timeout: regs::BUS_TIMEOUT_RESET,
            counters: [0; COUNTERS],
            irq_status: 0,
            irq_enable: 0,
            irq_count: regs::IRQ_COUNT_RESET,
            irq_time: 0,
            coalescing: (0, 0),
            counter: 0,
        }
    }

    /// What CONTROL.reset clears.
    pub(super) fn reset(&mut self) {
        self.status = 0;
        for ring in [&mut self.submissions, &mut self.completions] {
            (ring.head, ring.tail) = (0, 0);
        }
        self.error = ErrorLog::default();
        self.irq_status = 0;
        self.coalescing = (0, 0);
    }

    pub(super) fn read(&self, offset: u32, capabilities: &Capabilities) -> u32 {
        let number = |number: usize| number as u32;
        match offset {
            regs::ID => regs::ID_VALUE,
            regs::VERSION => regs::VERSION_MAJOR << regs::version::MAJOR_SHIFT | regs::VERSION_MINOR,
            regs::CAP_KERNELS => capabilities.kernels,
            regs::CAP_SIFT_PLANES => number(capabilities.sift_planes),
            regs::CAP_PARITIES_BITS => number(capabilities.parities_bits),
            regs::CAP_LDPC_LANES => number(capabilities.ldpc_lanes),
            regs::CAP_LDPC_EDGES_PER_CYCLE => number(capabilities.ldpc_edges_per_cycle),
            regs::CAP_LDPC_COLUMNS => number(capabilities.ldpc_columns),
            regs::CAP_LDPC_ROWS => number(capabilities.ldpc_rows),
            regs::CAP_LDPC_ENTRIES => number(capabilities.ldpc_entries),
            regs::CAP_TOEPLITZ_TILE => number(capabilities.toeplitz_tile),
            regs::CAP_TOEPLITZ_SEED_BLOCKS => number(capabilities.toeplitz_seed_blocks),
            regs::CAP_TOEPLITZ_OUT_BLOCKS => number(capabilities.toeplitz_out_blocks),
            regs::CONTROL => u32::from(self.is(status::ENABLED)) * control::ENABLE,
            regs::STATUS => self.status,
            regs::ERROR => self.error.code | self.error.kernel << regs::error::KERNEL_SHIFT,
            regs::ERROR_TAG => self.error.tag,
            regs::ERROR_ADDR_LO => self.error.address as u32,
            regs::ERROR_ADDR_HI => (self.error.address >> 32) as u32,
            regs::SQ_BASE_LO => self.submissions.base as u32,
            regs::SQ_BASE_HI => (self.submissions.base >> 32) as u32,
            regs::SQ_SIZE => self.submissions.log2,
            regs::SQ_TAIL => self.submissions.tail,
            regs::SQ_HEAD => self.submissions.head,
            regs::CQ_BASE_LO => self.completions.base as u32,
            regs::CQ_BASE_HI => (self.completions.base >> 32) as u32,
            regs::CQ_SIZE => self.completions.log2,
            regs::CQ_HEAD => self.completions.head,
            regs::CQ_TAIL => self.completions.tail,
            regs::IRQ_STATUS => self.irq_status,
            regs::IRQ_ENABLE => self.irq_enable,
            regs::IRQ_COUNT => self.irq_count,
            regs::IRQ_TIME => self.irq_time,
            regs::BUS_TIMEOUT => self.bus_timeout,
            regs::COUNTER_LO => self.counter as u32,
            regs::COUNTER_HI => (self.counter >> 32) as u32,
            _ => 0,
        }
    }

    /// Whether a bit of STATUS is set.
    pub(super) fn is(&self, bit: u32) -> bool {
        self.status & bit != 0
    }

    /// Sets or clears a bit of STATUS.
    pub(super) fn set(&mut self, bit: u32, on: bool) {
        self.status = if on { self.status | bit } else { self.status & !bit };
    }

    /// A write to anything but CONTROL, in cycle `now`; the queues may be `fixed`.
    pub(super) fn write(&mut self, offset: u32, value: u32, now: u64, fixed: bool) {
        let (low, high) = (u64::from(value), u64::from(value) << 32);
        let (low_mask, high_mask) = (0xffff_ffff_u64, 0xffff_ffff_u64 << 32);
        let (submissions, completions) = (&mut self.submissions, &mut self.completions);
        match offset {
            regs::SQ_BASE_LO if !fixed => {
                submissions.base = submissions.base & high_mask | low & !(SUBMISSION_BYTES as u64 - 1);
            }
            regs::SQ_BASE_HI if !fixed => submissions.base = submissions.base & low_mask | high,
            regs::SQ_SIZE if !fixed => submissions.log2 = value & 0xf,
            regs::SQ_TAIL => submissions.tail = value % submissions.entries(),
            regs::CQ_BASE_LO if !fixed => {
                completions.base = completions.base & high_mask | low & !(COMPLETION_BYTES as u64 - 1);
            }
            regs::CQ_BASE_HI if !fixed => completions.base = completions.base & low_mask | high,
            regs::CQ_SIZE if !fixed => completions.log2 = value & 0xf,
            regs::CQ_HEAD => {
                completions.head = value % completions.entries();
                if completions.is_empty() {
                    self.coalescing = (0, 0);
                }
            }
            regs::IRQ_STATUS => self.acknowledge(value, now),
            regs::IRQ_ENABLE => self.irq_enable = value & 3,
            regs::IRQ_COUNT => self.irq_count = value & 0xfff,
            regs::IRQ_TIME => self.irq_time = value,
            regs::BUS_TIMEOUT => self.bus_timeout = value,
            regs::COUNTER_SELECT => self.counter = self.counters[value as usize % COUNTERS],
            _ => {}
        }
    }

    fn acknowledge(&mut self, value: u32, now: u64) {
        self.irq_status &= !value;
        if value & irq_status::COMPLETION != 0 {
            self.coalescing = (u32::from(!self.completions.is_empty()), now);
            self.coalesce(now);
        }
    }

    /// A completion was posted in cycle `now`.
    pub(super) fn posted(&mut self, now: u64) {
        if self.coalescing.0 == 0 {
            self.coalescing.1 = now;
        }
        self.coalescing.0 += 1;
        self.coalesce(now);
    }

    /// Sets the completion bit if it is time in cycle `now`.
    pub(super) fn coalesce(&mut self, now: u64) {
        let (count, first) = self.coalescing;
        if count > 0 && (count >= self.irq_count.max(1) || now >= first + u64::from(self.irq_time)) {
            self.irq_status |= irq_status::COMPLETION;
        }
    }

    /// The cycle in which the completion bit will be set although nothing else happens.
    pub(super) fn coalescing_ends(&self) -> Option<u64> {
        let (count, first) = self.coalescing;
        (count > 0 && self.irq_status & irq_status::COMPLETION == 0).then(|| first + u64::from(self.irq_time))
    }

    /// The device has stopped for `error`.
    pub(super) fn halt(&mut self, error: ErrorLog) {
        self.set(status::ENABLED, false);
        self.set(status::HALTED, true);
        self.error = error;
        self.irq_status |= irq_status::ERROR;
    }

    /// Both interrupt lines: completions, error.
    pub(super) fn lines(&self) -> [bool; 2] {
        let lines = self.irq_status & self.irq_enable;
        [lines & irq_status::COMPLETION != 0, lines & irq_status::ERROR != 0]
    }
}
