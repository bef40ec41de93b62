//! What the optics hand to a session: the choices Alice sent and the clicks Bob saw, slot by slot.
//!
//! A *slot* is one period of the link's clock, numbered from 0 over the whole session. A block covers a number of
//! slots that the profile fixes in advance, and arrives as one or more [`RawBatch`]es of consecutive slots.

use qkdpp_kernels::Bits;

/// Which slots of a batch have an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Every slot: the record of a modulator, which makes a choice in each.
    Every,
    /// The slots `first_slot + offset`, ascending: the record of a detector, or of a model that only draws the
    /// choices somebody may ask for.
    At(Vec<u32>),
}

/// The record of `slots` consecutive slots on one side; one bit per entry in every plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBatch {
    /// First slot covered.
    pub first_slot: u64,
    /// Number of slots covered.
    pub slots: u32,
    /// Slots that have an entry.
    pub entries: Entries,
    /// 0: key basis, 1: test basis.
    pub basis: Bits,
    /// Bit sent, or bit detected. A double click holds the random bit that was drawn for it.
    pub bit: Bits,
    /// Intensity index (0 is the brightest), low and high bit. Zero at detectors and for single-photon sources.
    pub intensity: [Bits; 2],
    /// Entries in which both detectors clicked; zero at a source.
    pub double_click: Bits,
}

impl RawBatch {
    /// Number of entries.
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Every => self.slots as usize,
            Entries::At(offsets) => offsets.len(),
        }
    }

    /// Whether no slot has an entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
