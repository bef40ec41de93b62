//! [`Function`]: what carries accesses to a PCI function.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;

use super::memory::Held;

/// An open PCI function with a register block in BAR 0. Dropping it revokes everything that it was given.
///
/// There are no others than those of this crate: what is mapped cannot be named outside.
pub trait Function: Send + Sized + 'static {
    /// Where it is found.
    type Address: Clone + Debug + Send;

    /// Whether memory that is mapped for it cannot be swapped out.
    const PINS_MEMORY: bool;

    /// Opens it, reset and allowed to reach memory.
    ///
    /// # Errors
    /// If it cannot be had; the error says who must act.
    fn open(address: &Self::Address) -> io::Result<Self>;

    /// Reads a register; all ones if the function is gone.
    fn read32(&mut self, offset: u32) -> u32;

    /// Writes a register.
    fn write32(&mut self, offset: u32, value: u32);

    /// I/O addresses that may be mapped.
    fn iova_ranges(&self) -> Vec<Range<u64>>;

    /// Lets the function read and write `pages` at `iova`.
    ///
    /// # Errors
    /// If the IOMMU refuses.
    fn map(&mut self, iova: u64, pages: &Held) -> io::Result<()>;

    /// Ends that. When it has succeeded, the function cannot reach the pages any more.
    ///
    /// # Errors
    /// If it may still reach them.
    fn unmap(&mut self, iova: u64, len: usize) -> io::Result<()>;

    /// Sends vector 0 and 1 of a function that was just opened to these eventfds.
    ///
    /// # Errors
    /// If it has fewer vectors.
    fn interrupts(&mut self, vectors: Option<[BorrowedFd<'_>; 2]>) -> io::Result<()>;

    /// Resets the whole function. What is mapped stays mapped, vectors stay as they are.
    ///
    /// # Errors
    /// If it cannot be reset on its own.
    fn reset(&mut self) -> io::Result<()>;
}
