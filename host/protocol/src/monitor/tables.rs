//! What a side counts of a block: its own receiver's clicks as they come in, then what both sides know.

use qkdpp_kernels::Bits;

use crate::raw::{Entries, RawBatch};
use crate::wire::Role;

/// Clicks of a side's own receiver. A *detector* is a basis and a bit, however many there are of glass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receiver {
    /// Clicks in one detector alone: `[basis][bit]`, basis 0 the key basis.
    pub clicks: [[u64; 2]; 2],
    /// Clicks in both detectors, per basis.
    pub double_clicks: [u64; 2],
    /// Gaps between consecutive clicks.
    pub gaps: u64,
    /// Gaps that end within the dead time.
    pub within_dead_time: u64,
    /// Gaps that end within the slots of after-pulses that follow it.
    pub after_pulses: u64,
    pub(super) last_click: Option<u64>,
}

impl Receiver {
    /// Counts the clicks of the next batch. A click follows another by at least `dead_time` + 1 slots, an after-pulse by
    /// up to `after_pulse` more.
    pub fn add(&mut self, batch: &RawBatch, dead_time: u32, after_pulse: u32) {
        self.count(batch);
        match &batch.entries {
            Entries::At(offsets) => {
                for &offset in offsets {
                    self.gap(batch.first_slot + u64::from(offset), dead_time, after_pulse);
                }
            }
            Entries::Every => {
                for slot in batch.first_slot..batch.first_slot + u64::from(batch.slots) {
                    self.gap(slot, dead_time, after_pulse);
                }
            }
        }
    }

    fn count(&mut self, batch: &RawBatch) {
        let planes = batch.basis.words().iter().zip(batch.bit.words()).zip(batch.double_click.words());
        let mut left = batch.len();
        for ((&basis, &bit), &double) in planes {
            let used = if left < 64 { (1 << left) - 1 } else { u64::MAX };
            left = left.saturating_sub(64);
            for (in_basis, of_basis) in [!basis & used, basis & used].into_iter().enumerate() {
                self.double_clicks[in_basis] += u64::from((of_basis & double).count_ones());
                self.clicks[in_basis][0] += u64::from((of_basis & !double & !bit).count_ones());
                self.clicks[in_basis][1] += u64::from((of_basis & !double & bit).count_ones());
            }
        }
    }

    fn gap(&mut self, slot: u64, dead_time: u32, after_pulse: u32) {
        if let Some(last) = self.last_click.replace(slot) {
            let quiet = (slot - last).saturating_sub(1);
            self.gaps += 1;
            if quiet < dead_time.into() {
                self.within_dead_time += 1;
            } else if quiet < u64::from(dead_time) + u64::from(after_pulse) {
                self.after_pulses += 1;
            }
        }
    }

    /// All clicks in `basis`.
    pub fn in_basis(&self, basis: usize) -> u64 {
        self.clicks[basis].iter().sum::<u64>() + self.double_clicks[basis]
    }

    /// All clicks.
    pub fn total(&self) -> u64 {
        self.in_basis(0) + self.in_basis(1)
    }
}

/// Alice's bit by Bob's bit: `[alice][bob]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BitTable(pub [[u64; 2]; 2]);

impl BitTable {
    /// From the bits of `side` and the errors between the two.
    pub fn new(side: Role, own: &Bits, errors: &Bits) -> Self {
        let mut table = [[0; 2]; 2];
        let mut left = own.len();
        for (&own, &error) in own.words().iter().zip(errors.words()) {
            let used = if left < 64 { (1 << left) - 1 } else { u64::MAX };
            left = left.saturating_sub(64);
            let (alice, bob) = match side {
                Role::Alice => (own, own ^ error),
                Role::Bob => (own ^ error, own),
            };
            for (a, of_alice) in [!alice & used, alice & used].into_iter().enumerate() {
                table[a][0] += u64::from((of_alice & !bob).count_ones());
                table[a][1] += u64::from((of_alice & bob).count_ones());
            }
        }
        Self(table)
    }

    /// Bits that Alice sent as `bit`, and how many of them Bob saw as the other.
    pub fn sent(&self, bit: usize) -> (u64, u64) {
        (self.0[bit].iter().sum(), self.0[bit][1 - bit])
    }
}

/// What both sides know after sifting, per intensity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Key bits.
    pub n_key: Vec<u64>,
    /// Test bits.
    pub n_test: Vec<u64>,
    /// Errors among them.
    pub m_test: Vec<u64>,
    /// Alice's test bits by Bob's.
    pub table: BitTable,
}

/// What a side knows after error correction, if it knows where the errors were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corrected {
    /// Errors of the key per intensity.
    pub m_key: Vec<u64>,
    /// Alice's key bits by Bob's.
    pub table: BitTable,
}

/// All that one side's monitors see of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Slots of the block.
    pub slots: u64,
    /// This side's own clicks; none at a source.
    pub receiver: Option<Receiver>,
    /// Slots and Bob's detections of each batch.
    pub batches: Vec<(u32, u64)>,
    /// After sifting.
    pub sifted: Sifted,
    /// After error correction.
    pub corrected: Option<Corrected>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> Bits {
        text.chars().map(|c| c == '1').collect()
    }

    #[test]
    fn clicks_and_gaps_are_counted_across_batches() {
        let batch = |first_slot, offsets: &[u32], basis, bit, double| RawBatch {
            first_slot,
            slots: 100,
            entries: Entries::At(offsets.to_vec()),
            basis: bits(basis),
            bit: bits(bit),
            intensity: [Bits::zeros(offsets.len()), Bits::zeros(offsets.len())],
            double_click: bits(double),
        };
        let mut receiver = Receiver::default();
        receiver.add(&batch(0, &[3, 9, 10, 99], "0011", "0101", "0100"), 5, 2);
        receiver.add(&batch(100, &[5, 12], "10", "11", "00"), 5, 2);
        assert_eq!(receiver.clicks, [[1, 1], [1, 2]]);
        assert_eq!((receiver.double_clicks, receiver.total()), ([1, 0], 6));
        // Quiet slots between clicks: 5, 0, 88, 5, 6.
        assert_eq!((receiver.gaps, receiver.within_dead_time, receiver.after_pulses), (5, 1, 3));
    }

    #[test]
    fn a_table_of_bits_is_the_same_on_both_sides() {
        let alice: Bits = (0..150).map(|i| i % 3 == 0).collect();
        let errors: Bits = (0..150).map(|i| i % 7 == 0).collect();
        let mut bob = alice.clone();
        bob.xor_assign(&errors);
        let table = BitTable::new(Role::Alice, &alice, &errors);
        assert_eq!(table, BitTable::new(Role::Bob, &bob, &errors));
        let count = |a, b| (0..150).filter(|&i| alice.get(i) == a && bob.get(i) == b).count() as u64;
        assert_eq!(
            table.0,
            [[count(false, false), count(false, true)], [count(true, false), count(true, true)]]
        );
        assert_eq!(table.sent(1), (50, count(true, false)));
    }
}
