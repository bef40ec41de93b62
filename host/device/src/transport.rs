//! [`Transport`]: how the driver reaches a device: registers, memory that the device may read and write, interrupts, and
//! a clock. A card behind VFIO is one; the simulated devices of [`sim`](crate::sim) are others.

use std::io;
use std::time::Instant;

use qkdpp_kernels::Waker;

/// Memory that the device can reach. It is never a Rust reference: the device changes it at any time, so it is copied in
/// and out.
///
/// What is read after a read that saw a write of the device is no older than that write.
pub trait Dma: Send {
    /// Address of the first byte as the device sees it; a multiple of 4096.
    fn iova(&self) -> u64;

    /// Length in bytes; a multiple of 4096.
    fn len(&self) -> usize;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies `bytes` to offset `at`.
    ///
    /// # Panics
    /// If they do not fit.
    fn write(&mut self, at: usize, bytes: &[u8]);

    /// Copies from offset `at` to `bytes`.
    ///
    /// # Panics
    /// If there are not as many.
    fn read(&self, at: usize, bytes: &mut [u8]);

    /// Overwrites the first `len` bytes with zeros. All of them are when the memory is given back to the system.
    ///
    /// # Panics
    /// If there are not as many.
    fn wipe(&mut self, len: usize) {
        const ZEROS: [u8; 4096] = [0; 4096];
        for at in (0..len).step_by(ZEROS.len()) {
            self.write(at, &ZEROS[..ZEROS.len().min(len - at)]);
        }
    }
}

/// Why [`Transport::wait`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Interrupt 0: completions.
    Completion,
    /// Interrupt 1: the device reports an error.
    Error,
    /// [`Transport::nudge`] was called.
    Nudge,
    /// The deadline has come.
    TimedOut,
    /// Nothing is known: the transport does not wait, the driver is to look.
    Poll,
}

/// The way to one device. It is used from one thread.
pub trait Transport: Send {
    /// Its memory.
    type Dma: Dma;

    /// Reads the register at `offset`; all ones if the device is gone.
    fn read32(&mut self, offset: u32) -> u32;

    /// Writes the register at `offset`, after everything that was written to DMA memory before.
    fn write32(&mut self, offset: u32, value: u32);

    /// At least `bytes` bytes of zeroed memory that the device may read and write until it is dropped.
    ///
    /// # Errors
    /// If there is no more.
    fn alloc(&mut self, bytes: usize) -> io::Result<Self::Dma>;

    /// Waits until an interrupt, a nudge or `deadline`; simulated devices run meanwhile.
    ///
    /// # Errors
    /// If the device cannot be waited for: it is gone.
    fn wait(&mut self, deadline: Instant) -> io::Result<Wake>;

    /// Ends a [`wait`](Self::wait), the current one or else the next, from any thread.
    fn nudge(&self) -> Waker;

    /// Resets the whole function from outside the device, or opens it again if it was gone. No transaction of before
    /// reaches memory afterwards; memory that was allocated stays as it is.
    ///
    /// # Errors
    /// If the device does not come back.
    fn recover(&mut self) -> io::Result<()>;

    /// The clock of deadlines: the device's own, where the device is slower than life.
    fn now(&self) -> Instant {
        Instant::now()
    }
}
