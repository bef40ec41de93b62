//! Large tables on large pages: a table of megabytes that is read all over needs them, or each access waits for the
//! page's address as well.

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
    use super::{filled, reserved};

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
}
