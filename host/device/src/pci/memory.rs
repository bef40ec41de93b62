//! [`Pages`]: memory of this process that a card may read and write.
//!
//! They are a memfd of their own, so that a server of a vfio-user socket can map them, too.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use memmap2::MmapRaw;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

use crate::window::Window;

/// The common page of all platforms of this crate.
const PAGE: usize = 4096;

/// A huge page of x86-64 and of aarch64 with small pages.
const HUGE_PAGE: usize = 2 << 20;

/// Zeroed memory, in huge pages if it is large and there are some; neither swapped nor dumped, and wiped when dropped.
///
/// Whoever has this may touch it, and nobody else in this process. It stays where it is until its last [`Held`] is gone, too.
pub(super) struct Pages {
    window: Window,
    file: Arc<File>,
}

/// A hold on [`Pages`]: they stay mapped as long as it lives. It gives no access to them.
#[derive(Clone)]
pub struct Held {
    map: Arc<MmapRaw>,
    file: Arc<File>,
}

impl Pages {
    /// At least `bytes` bytes. They are locked here unless mapping them for the card `pins` them.
    pub(super) fn new(bytes: usize, pins: bool) -> io::Result<Self> {
        let rounded = |page| bytes.max(1).checked_next_multiple_of(page).ok_or(io::ErrorKind::OutOfMemory);
        let huge = if bytes >= HUGE_PAGE { Self::mapped(rounded(HUGE_PAGE)?, true).ok() } else { None };
        let pages = match huge {
            Some(pages) => pages,
            None => Self::mapped(rounded(PAGE)?, false)?,
        };
        if !pins {
            pages.window.map().lock().map_err(|error| {
                let bytes = pages.len();
                io::Error::new(
                    error.kind(),
                    format!(
                        "{bytes} bytes of DMA memory cannot be locked: {error}; raise the limit of locked memory \
                         (ulimit -l, LimitMEMLOCK=)"
                    ),
                )
            })?;
        }
        Ok(pages)
    }

    fn mapped(len: usize, huge: bool) -> io::Result<Self> {
        let size = if huge { MemfdFlags::HUGETLB | MemfdFlags::HUGE_2MB } else { MemfdFlags::empty() };
        let file = memfd_create("qkdpp-dma", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | size)?;
        ftruncate(&file, len as u64)?;
        // Whoever else gets the file can never take pages away from under the mapping.
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let file = File::from(file);
        let window = Window::new(&file, 0, len, true)?;
        Ok(Self { window, file: Arc::new(file) })
    }

    /// A hold on them.
    pub(super) fn hold(&self) -> Held {
        Held { map: Arc::clone(self.window.map()), file: Arc::clone(&self.file) }
    }

    /// In bytes; a multiple of 4096.
    pub(super) fn len(&self) -> usize {
        self.window.len()
    }

    /// See [`Window::write`].
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.window.write(at, bytes);
    }

    /// See [`Window::read`].
    pub(super) fn read(&self, at: usize, bytes: &mut [u8]) {
        self.window.read(at, bytes);
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        const ZEROS: [u8; PAGE] = [0; PAGE];
        for at in (0..self.len()).step_by(PAGE) {
            self.write(at, &ZEROS);
        }
    }
}

impl Held {
    /// In bytes; a multiple of 4096.
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Where this process sees them.
    pub(super) fn address(&self) -> *const u8 {
        self.map.as_ptr()
    }

    /// What another process can map.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fresh_pages_are_zero_and_whole() {
        let pages = Pages::new(5000, false).expect("a few pages");
        assert_eq!(pages.len(), 8192);
        let mut bytes = vec![1; 8192];
        pages.read(0, &mut bytes);
        assert_eq!(bytes, vec![0; 8192]);
    }

    #[test]
    fn more_than_there_can_be_is_an_error() {
        for bytes in [usize::MAX, usize::MAX - 4095, isize::MAX as usize] {
            assert!(Pages::new(bytes, true).is_err(), "{bytes}");
        }
    }

    #[test]
    #[should_panic(expected = "2 bytes at 4095 of 4096 of a window")]
    fn the_end_is_the_end() {
        Pages::new(1, false).expect("a page").write(4095, &[1, 2]);
    }

    #[test]
    fn dropped_pages_are_wiped_for_whoever_has_the_file() {
        let mut pages = Pages::new(4096, false).expect("a page");
        let other = pages.file.try_clone().expect("another handle");
        let held = pages.hold();
        pages.write(100, b"secret");
        let view = Window::new(&other, 0, 4096, false).expect("a second mapping");
        let byte = || {
            let mut byte = [0];
            view.read(100, &mut byte);
            byte[0]
        };
        assert_eq!(byte(), b's');
        drop(pages);
        assert_eq!(byte(), 0);
        assert_eq!(held.len(), 4096);
        assert!(other.set_len(0).is_err(), "sealed");
    }

    proptest! {
        /// Against a vector, at every alignment.
        #[test]
        fn bytes_go_where_they_should(writes in prop::collection::vec((0_usize..4096, prop::collection::vec(any::<u8>(), 0..100)), 1..40)) {
            let mut pages = Pages::new(4096, false).expect("a page");
            let mut expected = vec![0; 4096];
            for (at, bytes) in writes {
                let at = at.min(4096 - bytes.len());
                pages.write(at, &bytes);
                expected[at..at + bytes.len()].copy_from_slice(&bytes);
                let mut read = vec![0; bytes.len()];
                pages.read(at, &mut read);
                prop_assert_eq!(read, bytes);
            }
            let mut all = vec![0; 4096];
            pages.read(0, &mut all);
            prop_assert_eq!(all, expected);
        }
    }
}
