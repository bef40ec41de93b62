//! The crate's only unsafe code: copying bytes out of a mapped file.

use std::fs::File;
use std::io;
use std::ptr;

use memmap2::{MmapOptions, MmapRaw};

/// A file mapped for reading.
///
/// Others may write to the file while it is mapped. No reference into the mapping is ever made; bytes are copied out,
/// and what they are worth is judged on the copy. A file that is cut short under the reader ends the process with
/// SIGBUS, as it does for every reader of mappings; nothing is delivered then.
pub(super) struct MappedFile {
    map: Option<MmapRaw>,
}

impl MappedFile {
    pub(super) fn new(file: &File) -> io::Result<Self> {
        // An empty file has no pages to map.
        let map = match file.metadata()?.len() {
            0 => None,
            _ => Some(MmapOptions::new().map_raw_read_only(file)?),
        };
        #[cfg(unix)]
        if let Some(map) = &map {
            map.advise(memmap2::Advice::Sequential)?;
        }
        Ok(Self { map })
    }

    pub(super) fn len(&self) -> usize {
        self.map.as_ref().map_or(0, MmapRaw::len)
    }

    /// Appends the `len` bytes from `start` on to `copy`.
    ///
    /// # Panics
    /// If they are not all within the file.
    pub(super) fn append_to(&self, copy: &mut Vec<u8>, start: usize, len: usize) {
        assert!(start <= self.len() && len <= self.len() - start, "{len} bytes at {start} of {}", self.len());
        let Some(map) = &self.map else { return };
        copy.reserve(len);
        // SAFETY: source: `start + len` is within the mapping (asserted), which lives as long as `self`, and is read
        // through a raw pointer, so that a concurrent writer breaks no promise of a reference. Destination: `reserve`
        // made room for `len` bytes after the current length, in memory of the vector that the mapping cannot
        // overlap; the copy initialises them before the length covers them.
        unsafe {
            ptr::copy_nonoverlapping(map.as_ptr().add(start), copy.as_mut_ptr().add(copy.len()), len);
            copy.set_len(copy.len() + len);
        }
    }
}
