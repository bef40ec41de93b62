//! [`Window`]: memory that somebody else changes at any time, a card or another process.
//!
//! There is never a Rust reference to it: every access is a volatile one through a pointer.

use std::fs::File;
use std::io;
use std::sync::atomic::{Ordering, fence};

use memmap2::{Advice, MmapOptions, MmapRaw};

/// A mapping of a part of a file, neither dumped nor inherited.
pub struct Window(MmapRaw);

impl Window {
    /// Maps `len` bytes of `file` from `offset` on.
    ///
    /// # Errors
    /// If the file does not allow it. A file that shrinks later kills whoever reads beyond its end: only for files that
    /// cannot (sealed ones), or whose owner is trusted.
    pub fn new(file: &File, offset: u64, len: usize, writable: bool) -> io::Result<Self> {
        let mut options = MmapOptions::new();
        options.offset(offset).len(len);
        let map = if writable { options.map_raw(file)? } else { options.map_raw_read_only(file)? };
        map.advise(Advice::DontDump)?;
        map.advise(Advice::DontFork)?;
        Ok(Self(map))
    }

    /// Keeps it from being swapped out.
    pub(super) fn lock(&self) -> io::Result<()> {
        self.0.lock()
    }

    /// In bytes.
    #[expect(clippy::len_without_is_empty, reason = "the system maps no empty ranges")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Where this process sees it.
    pub(super) fn address(&self) -> *mut u8 {
        self.0.as_mut_ptr()
    }

    /// Copies `bytes` to offset `at`.
    ///
    /// # Panics
    /// If they do not fit. The window must have been mapped writable; otherwise the system ends the process.
    #[expect(clippy::cast_ptr_alignment, reason = "looked at first")]
    pub fn write(&self, at: usize, bytes: &[u8]) {
        let to = self.at(at, bytes.len());
        let (words, rest) = bytes.as_chunks::<8>();
        if !(to as usize).is_multiple_of(8) {
            return write_bytes(to, bytes);
        }
        for (index, word) in words.iter().enumerate() {
            // SAFETY: `at` has checked that these bytes lie in the mapping, which lives as long as
            // `self`; the address is a multiple of 8. No reference to the mapping exists.
            unsafe { to.cast::<u64>().add(index).write_volatile(u64::from_ne_bytes(*word)) };
        }
        // SAFETY: within the bytes that were checked.
        write_bytes(unsafe { to.add(bytes.len() - rest.len()) }, rest);
    }

    /// Copies from offset `at` to `bytes`.
    ///
    /// # Panics
    /// If there are not as many.
    #[expect(clippy::cast_ptr_alignment, reason = "looked at first")]
    pub fn read(&self, at: usize, bytes: &mut [u8]) {
        let from = self.at(at, bytes.len());
        let len = bytes.len();
        if !(from as usize).is_multiple_of(8) {
            return read_bytes(from, bytes);
        }
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for (index, word) in words.iter_mut().enumerate() {
            // SAFETY: as in `write`.
            *word = unsafe { from.cast::<u64>().add(index).read_volatile() }.to_ne_bytes();
        }
        // SAFETY: within the bytes that were checked.
        read_bytes(unsafe { from.add(len - rest.len()) }, rest);
    }

    /// The pointer to `len` bytes from offset `at` on.
    fn at(&self, at: usize, len: usize) -> *mut u8 {
        let fits = at.checked_add(len).is_some_and(|end| end <= self.len());
        assert!(fits, "{len} bytes at {at} of {} of a window", self.len());
        // SAFETY: `at` lies in the mapping or at its end.
        unsafe { self.address().add(at) }
    }
}

/// Single bytes: only [`Window`] calls this, with what it has checked.
fn write_bytes(to: *mut u8, bytes: &[u8]) {
    for (index, byte) in bytes.iter().enumerate() {
        // SAFETY: the caller has checked that `bytes.len()` bytes from `to` on lie in its mapping.
        unsafe { to.add(index).write_volatile(*byte) };
    }
}

/// The same for reading.
fn read_bytes(from: *mut u8, bytes: &mut [u8]) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        // SAFETY: as in `write_bytes`.
        *byte = unsafe { from.add(index).read_volatile() };
    }
}

// SAFETY: the mapping is memory like any other, and all accesses to it are volatile; what happens when two threads write the
// same bytes is what happens when the card does.
unsafe impl Sync for Window {}

/// Everything written to memory before is there for the card before anything written to its registers afterwards.
pub(super) fn publish() {
    fence(Ordering::SeqCst);
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a barrier changes no register and no memory. The fence above is one for processors only.
    unsafe {
        std::arch::asm!("dmb oshst", options(nostack, preserves_flags));
    }
}
