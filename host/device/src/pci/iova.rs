//! [`Iovas`]: which I/O addresses are free. The IOMMU says which exist at all: windows for interrupts and what firmware has
//! reserved are not among them.

use std::collections::BTreeMap;
use std::ops::Range;

/// Unit of all mappings.
const PAGE: u64 = 4096;

/// Free ranges, by their starts; no two touch.
pub(super) struct Iovas(BTreeMap<u64, u64>);

impl Iovas {
    /// All of `ranges`, cut to pages.
    pub(super) fn new(ranges: &[Range<u64>]) -> Self {
        let mut free = Self(BTreeMap::new());
        for range in ranges {
            // Address zero is what a device has that was never told one.
            let Some(start) = range.start.max(1).checked_next_multiple_of(PAGE) else { continue };
            let end = range.end / PAGE * PAGE;
            if start < end {
                free.give(start, end - start);
            }
        }
        free
    }

    /// The first `len` free bytes, a multiple of 4096.
    pub(super) fn take(&mut self, len: u64) -> Option<u64> {
        let (&start, &end) = self.0.iter().find(|(start, end)| **end - **start >= len)?;
        self.0.remove(&start);
        if start + len < end {
            self.0.insert(start + len, end);
        }
        Some(start)
    }

    /// Gives them back.
    pub(super) fn give(&mut self, start: u64, len: u64) {
        let (mut start, mut end) = (start, start + len);
        if let Some((&before, &its_end)) = self.0.range(..start).next_back()
            && its_end == start
        {
            self.0.remove(&before);
            start = before;
        }
        if let Some(after) = self.0.remove(&end) {
            end = after;
        }
        self.0.insert(start, end);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reserved_windows_and_page_zero_are_never_given_out() {
        let mut iovas = Iovas::new(&[0..0xfee0_0000, 0xfef0_0000..0x1_0000_0fff]);
        assert_eq!(iovas.take(0xfedf_f000), Some(0x1000));
        assert_eq!(iovas.take(0x1000), Some(0xfef0_0000));
        assert_eq!(iovas.take(0x1_0000_0000), None);
    }

    #[test]
    fn the_last_page_does_not_wrap() {
        let mut iovas = Iovas::new(&[u64::MAX - 8192..u64::MAX, u64::MAX - 5..u64::MAX]);
        assert_eq!(iovas.take(PAGE), Some(u64::MAX - 8191));
        assert_eq!(iovas.take(PAGE), None);
    }

    proptest! {
        /// Against a list of pages.
        #[test]
        fn what_is_taken_is_nobody_elses(steps in prop::collection::vec((1_u64..6, any::<prop::sample::Index>()), 1..200)) {
            let ranges = [PAGE..20 * PAGE, 30 * PAGE..64 * PAGE];
            let mut iovas = Iovas::new(&ranges);
            let mut taken: Vec<Range<u64>> = Vec::new();
            for (pages, index) in steps {
                if let Some(start) = iovas.take(pages * PAGE) {
                    let new = start..start + pages * PAGE;
                    prop_assert!(ranges.iter().any(|range| range.start <= new.start && new.end <= range.end));
                    prop_assert!(taken.iter().all(|old| old.end <= new.start || new.end <= old.start));
                    taken.push(new);
                } else {
                    prop_assert!(!taken.is_empty());
                    let old = taken.swap_remove(index.index(taken.len()));
                    iovas.give(old.start, old.end - old.start);
                }
            }
            for old in taken.drain(..) {
                iovas.give(old.start, old.end - old.start);
            }
            let free: Vec<_> = iovas.0.into_iter().map(|(start, end)| start..end).collect();
            prop_assert_eq!(free, ranges.to_vec());
        }
    }
}
