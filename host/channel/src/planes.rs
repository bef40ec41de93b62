//! Collects entries as one byte each and turns them into the bit planes of a [`RawBatch`].

use qkdpp_kernels::Bits;
use qkdpp_protocol::raw::{Entries, RawBatch};

/// Bits of an entry's byte.
pub(crate) mod code {
    /// Test basis.
    pub(crate) const BASIS: u8 = 1 << 0;
    /// The bit sent or detected.
    pub(crate) const BIT: u8 = 1 << 1;
    /// Position of the intensity index, two bits.
    pub(crate) const INTENSITY_SHIFT: u8 = 2;
    /// More than one detector clicked.
    pub(crate) const DOUBLE_CLICK: u8 = 1 << 4;
}

/// The entries of one side in a batch.
#[derive(Default)]
pub(crate) struct Side {
    offsets: Vec<u32>,
    codes: Vec<u8>,
}

impl Side {
    /// Makes room for `entries`.
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Self { offsets: Vec::with_capacity(entries), codes: Vec::with_capacity(entries) }
    }

    /// Appends the entry of slot `first_slot + offset`; the offsets ascend.
    pub(crate) fn push(&mut self, offset: u32, code: u8) {
        self.offsets.push(offset);
        self.codes.push(code);
    }

    /// The batch.
    pub(crate) fn into_batch(self, first_slot: u64, slots: u32) -> RawBatch {
        let [basis, bit, intensity_low, intensity_high, double_click] = planes(&self.codes);
        RawBatch {
            first_slot,
            slots,
            entries: Entries::At(self.offsets),
            basis,
            bit,
            intensity: [intensity_low, intensity_high],
            double_click,
        }
    }
}

/// Plane `p` holds bit `p` of every code.
fn planes<const N: usize>(codes: &[u8]) -> [Bits; N] {
    let mut words: [Vec<u64>; N] = std::array::from_fn(|_| Vec::with_capacity(codes.len().div_ceil(64)));
    for chunk in codes.chunks(64) {
        let mut block = [0; 64];
        block[..chunk.len()].copy_from_slice(chunk);
        for (plane, words) in words.iter_mut().enumerate() {
            let (bytes, _) = block.as_chunks::<8>();
            let word = bytes.iter().enumerate().fold(0, |word, (index, &byte)| {
                word | gather(u64::from_le_bytes(byte), plane) << (8 * index)
            });
            words.push(word);
        }
    }
    words.map(|words| Bits::from_words(words, codes.len()))
}

/// Bit `plane` of each of the eight bytes, the first byte's lowest.
///
/// The product moves bit 8i to bit 56 + i; no two of its terms meet, so nothing carries.
fn gather(bytes: u64, plane: usize) -> u64 {
    (bytes >> plane & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plane_holds_its_bit_of_every_code() {
        let codes: Vec<u8> = (0..1000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 27) as u8).collect();
        for len in [0, 1, 7, 8, 63, 64, 65, 1000] {
            let planes: [Bits; 5] = planes(&codes[..len]);
            for (plane, bits) in planes.iter().enumerate() {
                assert_eq!(bits.len(), len);
                assert!((0..len).all(|i| bits.get(i) == (codes[i] >> plane & 1 == 1)), "plane {plane}");
            }
        }
    }
}
