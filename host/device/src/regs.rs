//! Addresses and fields of the device's registers. Generated from hdl/regs/qkdpp.rdl by hdl/regs/generate.py:
//! change that, not this.

/// Identification. Access: read.
pub const ID: u32 = 0;

/// Contract version. Version of DEVICE.md that the device follows.
pub const VERSION: u32 = 4;

/// Build. First 32 bits of the hash of the sources that the device was made from. Access: read.
pub const BUILD: u32 = 8;

/// Kernels. Bit k set: kernel number k is there. Access: read.
pub const CAP_KERNELS: u32 = 0x10;

/// Sift: planes. Most planes of one submission. Access: read.
pub const CAP_SIFT_PLANES: u32 = 0x14;

/// Parities: bits. Longest frame. Access: read.
pub const CAP_PARITIES_BITS: u32 = 0x18;

/// LDPC: lanes. Bits of a base column that are worked on at once. Access: read.
pub const CAP_LDPC_LANES: u32 = 0x20;

/// LDPC: edges per cycle. Entries of the base matrix that are worked on at once. Access: read.
pub const CAP_LDPC_EDGES_PER_CYCLE: u32 = 0x24;

/// LDPC: columns. Room for base columns. Access: read.
pub const CAP_LDPC_COLUMNS: u32 = 0x28;

/// LDPC: rows. Room for checks, in base rows. Access: read.
pub const CAP_LDPC_ROWS: u32 = 0x2c;

/// LDPC: entries. Room for entries of a table. Access: read.
pub const CAP_LDPC_ENTRIES: u32 = 0x30;

/// Toeplitz: tile. T: bits of a block. Access: read.
pub const CAP_TOEPLITZ_TILE: u32 = 0x38;

/// Toeplitz: seed blocks. Room for blocks of seed. Access: read.
pub const CAP_TOEPLITZ_SEED_BLOCKS: u32 = 0x3c;

/// Toeplitz: out blocks. Room for blocks of output. Access: read.
pub const CAP_TOEPLITZ_OUT_BLOCKS: u32 = 0x40;

/// Control.
pub const CONTROL: u32 = 0x100;

/// Status.
pub const STATUS: u32 = 0x104;

/// Error. The first error since the last reset.
pub const ERROR: u32 = 0x108;

/// Error: tag. Tag of the job concerned. Access: read.
pub const ERROR_TAG: u32 = 0x10c;

/// Error: address, low. Address of the beat read or of the burst written; zero after a parity error. Access:
/// read.
pub const ERROR_ADDR_LO: u32 = 0x110;

/// Error: address, high. Upper half of the address. Access: read.
pub const ERROR_ADDR_HI: u32 = 0x114;

/// Submission queue: base, low. Lower half of the address, whose bits 5:0 are zero. Access: read, write.
pub const SQ_BASE_LO: u32 = 0x120;

/// Submission queue: base, high. Upper half of the address. Access: read, write.
pub const SQ_BASE_HI: u32 = 0x124;

/// Submission queue: size. The queue has 2^k entries, k from 1 to 12; other values are taken as the nearest
/// of these. Access: read, write.
pub const SQ_SIZE: u32 = 0x128;

/// Submission queue: tail. The doorbell: index after the last entry that the driver has written. Cleared by a
/// reset. Access: read, write.
pub const SQ_TAIL: u32 = 0x12c;

/// Submission queue: head. Index of the next entry to read; those before it may be overwritten. Cleared by a
/// reset. Access: read.
pub const SQ_HEAD: u32 = 0x130;

/// Completion queue: base, low. Lower half of the address, whose bits 4:0 are zero. Access: read, write.
pub const CQ_BASE_LO: u32 = 0x140;

/// Completion queue: base, high. Upper half of the address. Access: read, write.
pub const CQ_BASE_HI: u32 = 0x144;

/// Completion queue: size. The queue has 2^k entries, k from 1 to 12; other values are taken as the nearest
/// of these. Access: read, write.
pub const CQ_SIZE: u32 = 0x148;

/// Completion queue: head. Index after the last entry that the driver has consumed. Cleared by a reset.
/// Access: read, write.
pub const CQ_HEAD: u32 = 0x14c;

/// Completion queue: tail. Index after the last entry whose writing the bus has confirmed. Cleared by a
/// reset. Access: read.
pub const CQ_TAIL: u32 = 0x150;

/// Interrupt status.
pub const IRQ_STATUS: u32 = 0x160;

/// Interrupt enable.
pub const IRQ_ENABLE: u32 = 0x164;

/// Interrupt coalescing: count. Completions that make an interrupt; 0 is taken as 1. Access: read, write.
pub const IRQ_COUNT: u32 = 0x168;

/// Interrupt coalescing: time. Cycles after which fewer completions make an interrupt. Access: read, write.
pub const IRQ_TIME: u32 = 0x16c;

/// Bus time-out. Cycles without an answer after which the core halts, at most a quarter late; 0: never.
/// Access: read, write.
pub const BUS_TIMEOUT: u32 = 0x170;

/// Counter: selection. Writing takes a copy of one counter to COUNTER_LO and COUNTER_HI. Counters start at
/// zero after power-up and are not cleared by CONTROL.reset. Counters of kernel k are 4 k + BUSY .. 4 k +
/// JOBS. Access: read, write.
pub const COUNTER_SELECT: u32 = 0x180;

/// Counter: low. Lower half of the copy. Access: read.
pub const COUNTER_LO: u32 = 0x184;

/// Counter: high. Upper half of the copy. Access: read.
pub const COUNTER_HI: u32 = 0x188;

/// Bytes of address space.
pub const SIZE: u32 = 0x1000;

/// What ID.value reads as.
pub const ID_VALUE: u32 = 0x514b_4450;

/// What VERSION.minor reads as.
pub const VERSION_MINOR: u32 = 3;

/// What VERSION.major reads as.
pub const VERSION_MAJOR: u32 = 1;

/// SQ_SIZE.log2 after power-up.
pub const SQ_SIZE_RESET: u32 = 1;

/// CQ_SIZE.log2 after power-up.
pub const CQ_SIZE_RESET: u32 = 1;

/// IRQ_COUNT.count after power-up.
pub const IRQ_COUNT_RESET: u32 = 1;

/// BUS_TIMEOUT.cycles after power-up.
pub const BUS_TIMEOUT_RESET: u32 = 0x0100_0000;

/// Fields of [`VERSION`].
pub mod version {
    /// Grows with additions. Access: read.
    pub const MINOR: u32 = 0xffff;
    /// Grows with changes that a driver must know. Access: read.
    pub const MAJOR: u32 = 0xffff << 16;
    /// Lowest bit of [`MAJOR`].
    pub const MAJOR_SHIFT: u32 = 16;
}

/// Fields of [`CONTROL`].
pub mod control {
    /// Fetch submissions. Taken only while STATUS.ready; cleared by a reset and by a halt. Access: read,
    /// write.
    pub const ENABLE: u32 = 1 << 0;
    /// Writing 1 drains, clears and scrubs the core. Reads as zero. Access: write 1 to act.
    pub const RESET: u32 = 1 << 1;
}

/// Fields of [`STATUS`].
pub mod status {
    /// The core is scrubbed after its last reset and can be enabled. Access: read.
    pub const READY: u32 = 1 << 0;
    /// The core fetches submissions. Access: read.
    pub const ENABLED: u32 = 1 << 1;
    /// An error has stopped the core; see ERROR. Only a reset leads out. Access: read.
    pub const HALTED: u32 = 1 << 2;
    /// A reset waits for the bus to answer. Access: read.
    pub const DRAINING: u32 = 1 << 3;
    /// No job and no bus access is under way and every memory is scrubbed. Access: read.
    pub const IDLE: u32 = 1 << 4;
}

/// Fields of [`ERROR`].
pub mod error {
    /// What happened, as a status of a completion. Access: read.
    pub const CODE: u32 = 0xf;
    /// The kernel concerned; 255: the core itself, at one of its queues. Access: read.
    pub const KERNEL: u32 = 0xff << 8;
    /// Lowest bit of [`KERNEL`].
    pub const KERNEL_SHIFT: u32 = 8;
}

/// Fields of [`SQ_BASE_LO`].
pub mod sq_base_lo {
    /// Submission queue: base, low. Lower half of the address, whose bits 5:0 are zero. Access: read, write.
    pub const BASE: u32 = 0x03ff_ffff << 6;
    /// Lowest bit of [`BASE`].
    pub const BASE_SHIFT: u32 = 6;
}

/// Fields of [`CQ_BASE_LO`].
pub mod cq_base_lo {
    /// Completion queue: base, low. Lower half of the address, whose bits 4:0 are zero. Access: read, write.
    pub const BASE: u32 = 0x07ff_ffff << 5;
    /// Lowest bit of [`BASE`].
    pub const BASE_SHIFT: u32 = 5;
}

/// Fields of [`IRQ_STATUS`].
pub mod irq_status {
    /// Completions wait. Write 1 to clear. Access: read, write 1 to clear.
    pub const COMPLETION: u32 = 1 << 0;
    /// The core has halted. Write 1 to clear. Access: read, write 1 to clear.
    pub const ERROR: u32 = 1 << 1;
}

/// Fields of [`IRQ_ENABLE`].
pub mod irq_enable {
    /// Lets irq_o bit 0 follow IRQ_STATUS.completion. Access: read, write.
    pub const COMPLETION: u32 = 1 << 0;
    /// Lets irq_o bit 1 follow IRQ_STATUS.error. Access: read, write.
    pub const ERROR: u32 = 1 << 1;
}

/// Values of ERROR.code.
pub mod error_values {
    /// No error since the last reset.
    pub const NONE: u32 = 0;
    /// The bus answered a read with an error.
    pub const READ: u32 = 6;
    /// The bus answered a write with an error.
    pub const WRITE: u32 = 7;
    /// The bus did not answer.
    pub const TIMEOUT: u32 = 8;
    /// A memory failed its parity check.
    pub const PARITY: u32 = 9;
}

/// Values of COUNTER_SELECT.counter.
pub mod counter_values {
    /// Cycles with a job.
    pub const BUSY: u32 = 0;
    /// Cycles in which the kernel waited for input.
    pub const STALL_INPUT: u32 = 1;
    /// Cycles in which the kernel waited for room for its output.
    pub const STALL_OUTPUT: u32 = 2;
    /// Jobs done.
    pub const JOBS: u32 = 3;
    /// Of the core: cycles.
    pub const CYCLES: u32 = 64;
    /// Of the core: beats read.
    pub const READ_BEATS: u32 = 65;
    /// Of the core: beats written.
    pub const WRITE_BEATS: u32 = 66;
}
