//! A driver without manners: puts any entry in the queue and looks at what comes back.

use std::time::Duration;

use qkdpp_device::entry::{COMPLETION_BYTES, Completion, SUBMISSION_BYTES, Submission};
use qkdpp_device::layout::Capabilities;
use qkdpp_device::regs;
use qkdpp_device::transport::{Dma, Transport};

/// Both queues of one device.
pub(crate) struct Queue<T: Transport> {
    pub(crate) transport: T,
    submissions: T::Dma,
    completions: T::Dma,
    entries: u32,
    tail: u32,
    head: u32,
    phase: bool,
}

impl<T: Transport> Queue<T> {
    /// Resets the device and gives it queues of `entries` entries.
    pub(crate) fn open(mut transport: T, entries: u32) -> Self {
        let submissions = transport.alloc(SUBMISSION_BYTES * entries as usize).expect("memory");
        let completions = transport.alloc(COMPLETION_BYTES * entries as usize).expect("memory");
        let mut queue = Self { transport, submissions, completions, entries, tail: 0, head: 0, phase: true };
        assert!(queue.reset(), "no sound device");
        queue
    }

    /// Resets the device and starts the queues anew; false if its bus does not come to rest.
    pub(crate) fn reset(&mut self) -> bool {
        self.transport.write32(regs::CONTROL, regs::control::RESET);
        let end = self.transport.now() + Duration::from_millis(200);
        loop {
            let status = self.transport.read32(regs::STATUS);
            if status & regs::status::READY != 0 {
                break;
            }
            if self.transport.now() > end {
                return false;
            }
            self.pass(Duration::from_micros(100));
        }
        self.tail = 0;
        self.head = 0;
        self.phase = true;
        self.completions.wipe(COMPLETION_BYTES * self.entries as usize);
        let size = self.entries.trailing_zeros();
        let (submissions, completions) = (self.submissions.iova(), self.completions.iova());
        for (register, value) in [
            (regs::SQ_BASE_LO, submissions as u32),
            (regs::SQ_BASE_HI, (submissions >> 32) as u32),
            (regs::SQ_SIZE, size),
            (regs::CQ_BASE_LO, completions as u32),
            (regs::CQ_BASE_HI, (completions >> 32) as u32),
            (regs::CQ_SIZE, size),
            (regs::IRQ_COUNT, 1),
            (regs::IRQ_TIME, 0),
            (regs::IRQ_STATUS, 3),
            (regs::IRQ_ENABLE, 3),
            (regs::CONTROL, regs::control::ENABLE),
        ] {
            self.transport.write32(register, value);
        }
        true
    }

    /// Lets the device work for `time`, whatever it reports.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.transport.now() + time;
        while self.transport.now() < end {
            self.transport.wait(end).expect("a device");
        }
    }

    pub(crate) fn alloc(&mut self, bytes: usize) -> T::Dma {
        self.transport.alloc(bytes).expect("memory")
    }

    /// Writes an entry; [`ring`](Self::ring) announces it.
    pub(crate) fn push(&mut self, submission: &Submission) {
        self.push_bytes(&submission.to_bytes());
    }

    /// Writes an entry, byte by byte as given.
    pub(crate) fn push_bytes(&mut self, entry: &[u8; SUBMISSION_BYTES]) {
        self.submissions.write(SUBMISSION_BYTES * self.tail as usize, entry);
        self.tail = (self.tail + 1) % self.entries;
    }

    /// The doorbell.
    pub(crate) fn ring(&mut self) {
        self.transport.write32(regs::SQ_TAIL, self.tail);
    }

    /// The next completion, if it comes within `patience`.
    pub(crate) fn next(&mut self, patience: Duration) -> Option<Completion> {
        let end = self.transport.now() + patience;
        loop {
            let mut entry = [0; COMPLETION_BYTES];
            self.completions.read(COMPLETION_BYTES * self.head as usize, &mut entry);
            let completion = Completion::from_bytes(&entry);
            if completion.phase == self.phase {
                self.head = (self.head + 1) % self.entries;
                self.phase ^= self.head == 0;
                self.transport.write32(regs::CQ_HEAD, self.head);
                return Some(completion);
            }
            if self.transport.now() >= end {
                return None;
            }
            self.transport.write32(regs::IRQ_STATUS, regs::irq_status::COMPLETION);
            let look = self.transport.now() + Duration::from_millis(1);
            self.transport.wait(look.min(end)).expect("a device");
        }
    }

    /// What its registers say of its state.
    pub(crate) fn state(&mut self) -> String {
        let names = [
            (regs::STATUS, "STATUS"),
            (regs::ERROR, "ERROR"),
            (regs::ERROR_TAG, "ERROR_TAG"),
            (regs::ERROR_ADDR_LO, "ERROR_ADDR_LO"),
            (regs::SQ_HEAD, "SQ_HEAD"),
            (regs::CQ_TAIL, "CQ_TAIL"),
        ];
        names.map(|(register, name)| format!("{name} {:#x}", self.transport.read32(register))).join(", ")
    }

    /// Whether an error has stopped the device.
    pub(crate) fn has_halted(&mut self) -> bool {
        self.transport.read32(regs::STATUS) & regs::status::HALTED != 0
    }

    /// What the device says it can do.
    pub(crate) fn capabilities(&mut self) -> Capabilities {
        let mut number = |register| self.transport.read32(register) as usize;
        Capabilities {
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
            kernels: self.transport.read32(regs::CAP_KERNELS),
        }
    }
}
