//! [`Packer`] and [`Reader`]: parities as they stand in a message, least significant bit first, a word at a time.

use qkdpp_kernels::simd::{deposit, extract};

/// Collects parities.
#[derive(Default)]
pub(super) struct Packer {
    words: Vec<u64>,
    /// Not yet in `words`; bits from `used` on are zero.
    open: u64,
    used: u32,
}

impl Packer {
    /// Appends one parity.
    #[inline(always)]
    pub(super) fn push(&mut self, parity: bool) {
        self.push_word(u64::from(parity), 1);
    }

    /// Appends the lowest `count` bits of `word`, whose other bits are zero; `count` is 0..=64.
    #[inline(always)]
    pub(super) fn push_word(&mut self, word: u64, count: u32) {
        self.open |= word << self.used;
        let filled = self.used + count;
        if filled < 64 {
            self.used = filled;
            return;
        }
        self.words.push(self.open);
        self.open = if self.used == 0 { 0 } else { word >> (64 - self.used) };
        self.used = filled - 64;
    }

    /// Appends the bits of `row` that `mask` selects.
    #[inline(always)]
    pub(super) fn push_masked(&mut self, row: u64, mask: u64) {
        self.push_word(extract(row, mask), mask.count_ones());
    }

    /// Number of parities.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        64 * self.words.len() + self.used as usize
    }

    /// Forgets them.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.words.clear();
        (self.open, self.used) = (0, 0);
    }

    /// As they are sent: whole bytes, the last one padded with zeros.
    #[inline(always)]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let len = self.len().div_ceil(8);
        let words = self.words.iter().chain([&self.open]);
        let mut bytes: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(len);
        bytes
    }

    /// Adds the peer's message of as many parities: where the result is 1 the two sides differ.
    #[inline(always)]
    pub(super) fn differences(&self, peer: &[u8]) -> Reader {
        let words = self.words.iter().chain([&self.open]).zip(peer.chunks(8));
        let words = words.map(|(own, peer)| {
            let mut bytes = [0; 8];
            bytes[..peer.len()].copy_from_slice(peer);
            own ^ u64::from_le_bytes(bytes)
        });
        // The reader looks one word ahead.
        Reader { words: words.chain([0, 0]).collect(), position: 0 }
    }
}

/// Hands out the differences between both sides' parities, in their order.
pub(super) struct Reader {
    words: Vec<u64>,
    position: usize,
}

impl Reader {
    /// The next one.
    #[inline(always)]
    pub(super) fn next(&mut self) -> bool {
        let bit = self.words[self.position / 64] >> (self.position % 64) & 1;
        self.position += 1;
        bit == 1
    }

    /// The next ones, at the bits that `mask` selects.
    #[inline(always)]
    pub(super) fn next_masked(&mut self, mask: u64) -> u64 {
        let (word, shift) = (self.position / 64, self.position % 64);
        // Two shifts, since none of 64 exists.
        let packed = self.words[word] >> shift | self.words[word + 1] << 1 << (63 - shift);
        self.position += mask.count_ones() as usize;
        deposit(packed, mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let rows: Vec<(u64, u64)> = (1..200_u64)
            .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15), u64::MAX.rotate_left(i as u32) >> (i % 64)))
            .collect();
        let mut packer = Packer::default();
        for &(row, mask) in &rows {
            packer.push_masked(row, mask);
            packer.push(row & 1 == 1);
        }
        let bits: usize = rows.iter().map(|(_, mask)| mask.count_ones() as usize + 1).sum();
        assert_eq!(packer.len(), bits);
        let bytes = packer.to_bytes();
        assert_eq!(bytes.len(), bits.div_ceil(8));

        let mut empty = Packer::default();
        (0..bits).for_each(|_| empty.push(false));
        let mut same = packer.differences(&bytes);
        let mut differences = empty.differences(&bytes);
        for (row, mask) in rows {
            assert_eq!(differences.next_masked(mask), row & mask);
            assert_eq!(differences.next(), row & 1 == 1);
            assert_eq!((same.next_masked(mask), same.next()), (0, false));
        }
    }
}
