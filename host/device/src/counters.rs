//! [`Counters`]: what a driver has done and met, readable from any thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that one thread writes and any reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $field:ident: $name:literal,)*) => {
        /// What a driver has done and met since it was opened.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $field: Counter,)*
        }

        impl Counters {
            /// All of them, with the names under which they are shown.
            pub fn list(&self) -> Vec<(&'static str, u64)> {
                vec![$(($name, self.$field.get()),)*]
            }
        }
    };
}

counters! {
    /// Jobs taken.
    jobs: "jobs",
    /// Jobs whose output was returned.
    completed: "completed",
    /// Jobs handed back because this device has no room or no kernel for them.
    unsupported: "unsupported",
    /// Jobs handed back because of the device.
    faulted: "faulted",
    /// Submissions made.
    submissions: "submissions",
    /// Submissions the device refused: status 1 to 5.
    refused: "refused",
    /// Submissions and inputs that the device did not read as they were written.
    input_crc: "input CRC errors",
    /// Outputs and completions that are not in memory as the device wrote them.
    output_crc: "output CRC errors",
    /// Outputs and completions that contradict the contract.
    wrong: "contract violations",
    /// Errors that stop a device: status 6 to 9.
    stops: "bus and parity errors",
    /// Jobs that were not done in time.
    late: "deadlines passed",
    /// Times the device was found to be gone.
    lost: "times lost",
    /// Resets.
    resets: "resets",
    /// Self-tests that failed.
    self_tests_failed: "self-tests failed",
    /// Interrupts.
    interrupts: "interrupts",
    /// Times completions were found that no interrupt had announced.
    lost_interrupts: "lost interrupts",
    /// Bytes that the device read as inputs.
    bytes_in: "bytes to device",
    /// Bytes that the device wrote as outputs.
    bytes_out: "bytes from device",
    /// Cycles that the device was at jobs.
    cycles: "device cycles",
    /// DMA memory in the pool.
    dma_bytes: "DMA pool bytes",
    /// Buffers allocated so far.
    dma_allocations: "DMA allocations",
}
