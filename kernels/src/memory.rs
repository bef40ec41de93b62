//! Large tables on large pages: a table of megabytes that is read all over needs them, or each access waits for the
//! page's address as well.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// `len` times `value`, on large pages where the system has them.
pub fn filled<T: Clone>(value: T, len: usize) -> Vec<T> {
    let mut table = reserved(len);
    table.resize(len, value);
    table
}

/// No values yet, and memory for `len` that does not move before there are more, on large pages where the system has them.
pub fn reserved<T>(len: usize) -> Vec<T> {
    let mut table = Vec::with_capacity(len);
    #[cfg(target_os = "linux")]
    linux::ask_for_large_pages(table.spare_capacity_mut());
    table
}

/// Memory of tables that are in no use, for the next ones: what is given back to the system comes back as pages that it has to
/// clear, one by one, which takes longer than much of the work on them.
#[derive(Debug, Default)]
pub struct Spare<T>(Mutex<Vec<Vec<T>>>);

impl<T> Spare<T> {
    /// Tables that are kept. All others go back to the system.
    const MOST: usize = 4;

    /// No memory yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// No values yet, and memory for `len` that does not move before there are more: as [`reserved`], or that of a table which
    /// is not much larger.
    pub fn reserved(&self, len: usize) -> Vec<T> {
        let mut kept = self.kept();
        let fits = kept.iter().position(|table| (len..=2 * len).contains(&table.capacity()));
        let table = fits.map(|index| kept.swap_remove(index));
        drop(kept);
        table.unwrap_or_else(|| reserved(len))
    }

    /// Keeps the memory of a table. The values are dropped, not wiped.
    pub fn keep(&self, mut table: Vec<T>) {
        table.clear();
        let mut kept = self.kept();
        // The oldest makes room, so that memory of a size that nobody wants any more does not stay.
        let oldest = (kept.len() == Self::MOST).then(|| kept.remove(0));
        kept.push(table);
        drop(kept);
        drop(oldest);
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Vec<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Zeros, on large pages where the system has them.
pub(crate) fn zeros(len: usize) -> Vec<u64> {
    // New pages are zeros already, and not there before they are used.
    let mut words = vec![0; len];
    #[cfg(target_os = "linux")]
    linux::ask_for_large_pages(&mut words);
    words
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::mm::{Advice, madvise};

    const PAGE: usize = 1 << 12;
    const LARGE_PAGE: usize = 1 << 21;

    /// For all of `table` but what shares a page with something else. The system may decline.
    pub(super) fn ask_for_large_pages<T>(table: &mut [T]) {
        let range = table.as_mut_ptr_range();
        let (start, end) = (range.start.addr().next_multiple_of(PAGE), range.end.addr() / PAGE * PAGE);
        if end.saturating_sub(start) >= LARGE_PAGE {
            // SAFETY: these pages are the table's alone, and the advice changes no content.
            let _ =
                unsafe { madvise(range.start.with_addr(start).cast(), end - start, Advice::LinuxHugepage) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Spare, filled, reserved};

    #[test]
    fn tables_of_all_sizes_are_filled() {
        for len in [0, 1, 511, 1 << 18, (1 << 18) + 77, 1 << 20] {
            let table = filled(len as u64 | 1 << 40, len);
            assert_eq!(table.len(), len);
            assert!(table.iter().all(|&value| value == len as u64 | 1 << 40));
        }
    }

    #[test]
    fn reserved_memory_stays_where_it_is() {
        for len in [1, 511, (1 << 18) + 77] {
            let mut table = reserved(len);
            let place = table.as_ptr();
            table.extend((0..len).map(|value| value as u64));
            assert_eq!(table.as_ptr(), place);
        }
    }

    #[test]
    fn memory_is_used_again_by_tables_of_about_its_size() {
        let spare: Spare<u64> = Spare::new();
        let mut first = spare.reserved(1000);
        first.push(7);
        let place = first.as_ptr();
        spare.keep(first);
        let (larger, smaller) = (spare.reserved(1001), spare.reserved(499));
        assert_ne!(larger.as_ptr(), place, "too small for it");
        assert_ne!(smaller.as_ptr(), place, "twice as large");
        let again = spare.reserved(500);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));

        for len in 0..=Spare::<u64>::MOST {
            spare.keep(Vec::with_capacity(10_000 + 1000 * len));
        }
        assert_eq!(spare.kept().len(), Spare::<u64>::MOST);
        assert!(spare.kept().iter().all(|table| table.capacity() > 10_000), "the oldest went");
    }
}
