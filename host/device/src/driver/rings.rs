//! [`Rings`]: both queues in host memory, DEVICE.md §2.

use std::io;

use crate::entry::{COMPLETION_BYTES, Completion, SUBMISSION_BYTES, Submission};
use crate::transport::{Dma, Transport};

/// A submission and a completion ring with as many entries each.
pub(super) struct Rings<D> {
    submissions: D,
    completions: D,
    entries: u32,
    /// Where the next submission goes.
    tail: u32,
    /// Where the next completion comes.
    head: u32,
    /// Its phase.
    phase: bool,
}

impl<D: Dma> Rings<D> {
    /// Fresh rings of `entries` entries, a power of two.
    pub(super) fn new<T: Transport<Dma = D>>(transport: &mut T, entries: u32) -> io::Result<Self> {
        let submissions = transport.alloc(entries as usize * SUBMISSION_BYTES)?;
        let completions = transport.alloc(entries as usize * COMPLETION_BYTES)?;
        Ok(Self { submissions, completions, entries, tail: 0, head: 0, phase: true })
    }

    /// Makes them fresh again; no device may use them.
    pub(super) fn clear(&mut self) {
        self.submissions.wipe(self.entries as usize * SUBMISSION_BYTES);
        self.completions.wipe(self.entries as usize * COMPLETION_BYTES);
        (self.tail, self.head, self.phase) = (0, 0, true);
    }

    /// Adds a submission, for which there must be room; returns what the doorbell must be told.
    pub(super) fn push(&mut self, submission: &Submission) -> u32 {
        self.submissions.write(self.tail as usize * SUBMISSION_BYTES, &submission.to_bytes());
        self.tail = (self.tail + 1) % self.entries;
        self.tail
    }

    /// The next completion. The phase is looked at first: when it has come, so has the rest.
    pub(super) fn pop(&mut self) -> Option<[u8; COMPLETION_BYTES]> {
        let at = self.head as usize * COMPLETION_BYTES;
        let mut last = [0; 4];
        self.completions.read(at + Completion::LAST_WORD, &mut last);
        if Completion::phase_of(last) != self.phase {
            return None;
        }
        let mut bytes = [0; COMPLETION_BYTES];
        self.completions.read(at, &mut bytes);
        self.head = (self.head + 1) % self.entries;
        self.phase ^= self.head == 0;
        Some(bytes)
    }

    /// Index of the first completion that was not taken.
    pub(super) fn head(&self) -> u32 {
        self.head
    }

    pub(super) fn entries(&self) -> u32 {
        self.entries
    }

    /// Addresses of the submission and the completion ring.
    pub(super) fn iovas(&self) -> [u64; 2] {
        [self.submissions.iova(), self.completions.iova()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::Model;

    fn completion(tag: u32, phase: bool) -> Completion {
        Completion { tag, phase, ..Completion::default() }
    }

    fn tag(entry: [u8; COMPLETION_BYTES]) -> u32 {
        Completion::from_bytes(&entry).tag
    }

    proptest! {
        /// Against a list that is never a ring: every completion is seen once, in order, and never before it came.
        #[test]
        fn completions_are_taken_once_and_in_order(
            bits in 1u32..6,
            steps in proptest::collection::vec((0u32..40, 0u32..40), 1..60),
        ) {
            let entries = 1 << bits;
            let mut rings = Rings::new(&mut Model::sound(), entries).expect("memory");
            let (mut written, mut taken) = (0u32, 0u32);
            for (write, take) in steps {
                for _ in 0..write.min(entries - (written - taken)) {
                    let entry = completion(written, written / entries % 2 == 0).to_bytes();
                    rings.completions.write((written % entries) as usize * COMPLETION_BYTES, &entry);
                    written += 1;
                }
                for _ in 0..take {
                    let expected = (taken < written).then_some(taken);
                    prop_assert_eq!(rings.pop().map(tag), expected);
                    taken += u32::from(expected.is_some());
                    prop_assert_eq!(rings.head(), taken % entries);
                }
            }
        }

        /// The tail is the number of submissions modulo the size, and each lies where the device looks for it.
        #[test]
        fn submissions_lie_in_order(bits in 1u32..6, count in 0u32..200) {
            let entries = 1 << bits;
            let mut rings = Rings::new(&mut Model::sound(), entries).expect("memory");
            for tag in 0..count {
                let tail = rings.push(&Submission { tag, ..Submission::default() });
                prop_assert_eq!(tail, (tag + 1) % entries);
            }
            for tag in count.saturating_sub(entries)..count {
                let mut bytes = [0; SUBMISSION_BYTES];
                rings.submissions.read((tag % entries) as usize * SUBMISSION_BYTES, &mut bytes);
                prop_assert_eq!(Submission::from_bytes(&bytes).tag, tag);
            }
        }
    }

    #[test]
    fn a_cleared_ring_starts_with_phase_one() {
        let mut rings = Rings::new(&mut Model::sound(), 2).expect("memory");
        rings.completions.write(0, &completion(1, true).to_bytes());
        assert!(rings.pop().is_some());
        rings.clear();
        assert!(rings.pop().is_none());
        rings.completions.write(0, &completion(2, true).to_bytes());
        assert_eq!(rings.pop().map(tag), Some(2));
    }
}
