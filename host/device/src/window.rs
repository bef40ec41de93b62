//! [`Window`]: memory that somebody else changes at any time, a card or another process.
//!
//! No Rust reference to it ever exists. Threads of this process are kept apart by the borrow checker, since writing takes
//! `&mut`. Everybody else is outside the program: volatile accesses are made as they are written, neither repeated nor
//! left out, and whatever bytes a read finds are valid ones.

use std::fs::File;
use std::io;
use std::sync::Arc;

use memmap2::{MmapOptions, MmapRaw};

/// A mapping of a part of a file; on Linux neither dumped nor inherited.
pub struct Window {
    map: Arc<MmapRaw>,
    writable: bool,
}

impl Window {
    /// Maps `len` bytes of `file` from `offset` on.
    ///
    /// # Errors
    /// If the file is too short or does not allow it. A file that shrinks later kills whoever reads beyond its end: only for
    /// files that cannot (sealed ones), or whose owner is trusted.
    pub fn new(file: &File, offset: u64, len: usize, writable: bool) -> io::Result<Self> {
        let end = offset.checked_add(len as u64);
        if len == 0 || end.is_none_or(|end| end > file.metadata().map_or(0, |data| data.len())) {
            let text = format!("{len} bytes at {offset} of a file that has not as many");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut options = MmapOptions::new();
        options.offset(offset).len(len);
        let map = if writable { options.map_raw(file)? } else { options.map_raw_read_only(file)? };
        #[cfg(target_os = "linux")]
        {
            map.advise(memmap2::Advice::DontDump)?;
            map.advise(memmap2::Advice::DontFork)?;
        }
        Ok(Self { map: Arc::new(map), writable })
    }

    /// The mapping itself, which lasts as long as anybody has it and gives no access by safe code.
    #[cfg(target_os = "linux")]
    pub(crate) fn map(&self) -> &Arc<MmapRaw> {
        &self.map
    }

    /// In bytes; at least one.
    #[expect(clippy::len_without_is_empty, reason = "there are no empty ones")]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Copies `bytes` to offset `at`.
    ///
    /// # Panics
    /// If they do not fit, or the window is one for reading.
    #[expect(clippy::cast_ptr_alignment, reason = "looked at first")]
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        assert!(self.writable, "a write to a window for reading");
        let to = self.at(at, bytes.len());
        let (words, rest) =
            if to.cast::<u64>().is_aligned() { bytes.as_chunks::<8>() } else { (&[][..], bytes) };
        for (index, word) in words.iter().enumerate() {
            // SAFETY: `at` has checked that the `bytes.len()` bytes from `to` on lie in the mapping, which is writable and
            // lives as long as `self.map`; this word is among them, and aligned, as just seen. No other thread is at them:
            // safe code reaches the mapping through this window alone, which is borrowed mutably.
            unsafe { to.cast::<u64>().add(index).write_volatile(u64::from_ne_bytes(*word)) };
        }
        for (index, byte) in (bytes.len() - rest.len()..).zip(rest) {
            // SAFETY: as above; a byte needs no alignment.
            unsafe { to.add(index).write_volatile(*byte) };
        }
    }

    /// Copies from offset `at` to `bytes`.
    ///
    /// # Panics
    /// If there are not as many.
    #[expect(clippy::cast_ptr_alignment, reason = "looked at first")]
    pub fn read(&self, at: usize, bytes: &mut [u8]) {
        let len = bytes.len();
        let from = self.at(at, len);
        let (words, rest) =
            if from.cast::<u64>().is_aligned() { bytes.as_chunks_mut::<8>() } else { (&mut [][..], bytes) };
        for (index, word) in words.iter_mut().enumerate() {
            // SAFETY: `at` has checked that `len` bytes from `from` on lie in the mapping, which is readable and lives as
            // long as `self.map`; this word is among them, and aligned, as just seen. No thread of this program writes to
            // them: that takes a mutable borrow of this window. `bytes` is not a part of them, being a reference.
            *word = unsafe { from.cast::<u64>().add(index).read_volatile() }.to_ne_bytes();
        }
        for (index, byte) in (len - rest.len()..).zip(rest) {
            // SAFETY: as above; a byte needs no alignment.
            *byte = unsafe { from.add(index).read_volatile() };
        }
    }

    /// The pointer to `len` bytes from offset `at` on, all of them in the mapping.
    fn at(&self, at: usize, len: usize) -> *mut u8 {
        let fits = at.checked_add(len).is_some_and(|end| end <= self.len());
        assert!(fits, "{len} bytes at {at} of {} of a window", self.len());
        self.map.as_mut_ptr().wrapping_add(at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A file with the bytes 0 to 255, sixteen times.
    fn file() -> File {
        let mut file = tempfile::tempfile().expect("a file");
        let bytes: Vec<u8> = (0..4096_u32).map(|at| at as u8).collect();
        file.write_all(&bytes).expect("room");
        file
    }

    /// Of no file, so that Miri can look on.
    fn anonymous() -> Window {
        let map = MmapOptions::new().len(64).map_anon().expect("a mapping");
        Window { map: Arc::new(map.into()), writable: true }
    }

    #[test]
    fn every_alignment_and_length_reads_and_writes_its_bytes_alone() {
        let mut window = anonymous();
        for (at, len) in (0..9).flat_map(|at| (0..25).map(move |len| (at, len))) {
            let mut all = vec![0; 64];
            window.read(0, &mut all);
            let new: Vec<u8> = all[at..at + len].iter().map(|byte| !byte).collect();
            window.write(at, &new);
            all[at..at + len].copy_from_slice(&new);
            let mut found = vec![0; 64];
            window.read(0, &mut found);
            assert_eq!(found, all, "{len} at {at}");
            let mut part = vec![0; len];
            window.read(at, &mut part);
            assert_eq!(part, new, "{len} at {at}");
        }
    }

    #[test]
    #[should_panic(expected = "3 bytes at 62 of 64 of a window")]
    fn the_end_is_the_end() {
        anonymous().write(62, &[1; 3]);
    }

    #[test]
    #[should_panic(expected = "2 bytes at 18446744073709551615 of 64 of a window")]
    fn offsets_do_not_wrap() {
        anonymous().read(usize::MAX, &mut [0; 2]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri maps no files")]
    fn a_window_begins_where_it_should() {
        let window = Window::new(&file(), 4096 - 7, 7, false).expect("a mapping");
        let mut bytes = [0; 7];
        window.read(0, &mut bytes);
        assert_eq!(bytes, [249, 250, 251, 252, 253, 254, 255]);
        assert_eq!(window.len(), 7);
    }

    /// A mapping beyond the end of its file would be a bus error later.
    #[test]
    #[cfg_attr(miri, ignore = "Miri maps no files")]
    fn a_file_must_have_what_is_mapped() {
        let file = file();
        for (offset, len) in [(0, 4097), (4096, 1), (1, 4096), (u64::MAX, 2), (0, usize::MAX), (0, 0)] {
            let error = Window::new(&file, offset, len, false).err().map(|error| error.kind());
            assert_eq!(error, Some(io::ErrorKind::InvalidInput), "{len} at {offset}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri maps no files")]
    #[should_panic(expected = "a write to a window for reading")]
    fn writing_takes_permission() {
        Window::new(&file(), 0, 4096, false).expect("a mapping").write(0, &[1]);
    }
}
