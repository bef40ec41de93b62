//! [`Bits`]: the one container for keys, masks, seeds and syndromes.
//!
//! Bit `i` of the stream is bit `i % 64` of word `i / 64`; bits past the end of the last word are zero (SPEC §1).
//! The words are wiped when a `Bits` is dropped and never printed: most of what flows through the kernels is secret.

use std::fmt;
use std::ops::Range;

use bitvec::order::Lsb0;
use bitvec::vec::BitVec;

use crate::wipe;

/// A bit string, packed least significant bit first into 64-bit words (SPEC §1).
///
/// Wraps [`BitVec<u64, Lsb0>`] and converts to and from it without copying.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bits {
    inner: BitVec<u64, Lsb0>,
}

/// Words needed for `len` bits.
pub const fn words_for(len: usize) -> usize {
    len.div_ceil(64)
}

/// Fills `target` with the bits of `source` from `start` on, and zeros past the end.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(crate) fn copy_words(source: &[u64], start: usize, target: &mut [u64]) {
    let source = source.get(start / 64..).unwrap_or_default();
    let (used, shift) = (source.len().min(target.len()), start % 64);
    let (copied, past) = target.split_at_mut(used);
    past.fill(0);
    if shift == 0 {
        return copied.copy_from_slice(&source[..used]);
    }
    for (word, pair) in copied.iter_mut().zip(source.windows(2)) {
        *word = pair[0] >> shift | pair[1] << (64 - shift);
    }
    if used == source.len()
        && let (Some(word), Some(last)) = (copied.last_mut(), source.last())
    {
        *word = last >> shift;
    }
}

impl Bits {
    /// `len` zero bits.
    pub fn zeros(len: usize) -> Self {
        Self::from_words(vec![0; words_for(len)], len)
    }

    /// `len` one bits.
    pub fn all_ones(len: usize) -> Self {
        Self::from_words(vec![u64::MAX; words_for(len)], len)
    }

    /// Takes `words` as the first `len` bits of a stream; excess words are dropped and excess bits cleared.
    ///
    /// # Panics
    /// If `words` holds fewer than `len` bits.
    pub fn from_words(mut words: Vec<u64>, len: usize) -> Self {
        assert!(words.len() * 64 >= len, "{} words cannot hold {len} bits", words.len());
        // A vector that is cut keeps its old contents, where no drop would wipe them.
        wipe::words(&mut words[words_for(len)..]);
        words.truncate(words_for(len));
        if let Some(last) = words.last_mut()
            && !len.is_multiple_of(64)
        {
            *last &= (1 << (len % 64)) - 1;
        }
        let mut inner = BitVec::from_vec(words);
        inner.truncate(len);
        Self { inner }
    }

    /// The first `len` bits of `bytes`, least significant bit of each byte first.
    ///
    /// # Panics
    /// If `bytes` holds fewer than `len` bits.
    pub fn from_bytes(bytes: &[u8], len: usize) -> Self {
        assert!(bytes.len() * 8 >= len, "{} bytes cannot hold {len} bits", bytes.len());
        let mut words = Vec::with_capacity(words_for(len));
        words.extend(bytes[..len.div_ceil(8)].chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        }));
        Self::from_words(words, len)
    }

    /// The bits as bytes, least significant bit first; the last byte is padded with zeros.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.words().len() * 8);
        bytes.extend(self.words().iter().flat_map(|word| word.to_le_bytes()));
        bytes.truncate(self.len().div_ceil(8));
        bytes
    }

    /// Number of bits.
    #[inline]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether there are no bits.
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// The packed words; bits past [`len`](Self::len) are zero.
    #[inline]
    pub fn words(&self) -> &[u64] {
        self.inner.as_raw_slice()
    }

    /// Bit `index`.
    ///
    /// # Panics
    /// If `index` is out of range.
    #[inline]
    pub fn get(&self, index: usize) -> bool {
        assert!(index < self.len(), "bit {index} of {}", self.len());
        self.words()[index / 64] >> (index % 64) & 1 == 1
    }

    /// Sets bit `index`.
    ///
    /// # Panics
    /// If `index` is out of range.
    #[inline]
    pub fn set(&mut self, index: usize, value: bool) {
        assert!(index < self.len(), "bit {index} of {}", self.len());
        let word = &mut self.inner.as_raw_mut_slice()[index / 64];
        *word = *word & !(1 << (index % 64)) | u64::from(value) << (index % 64);
    }

    /// Inverts bit `index`.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn flip(&mut self, index: usize) {
        assert!(index < self.len(), "bit {index} of {}", self.len());
        self.inner.as_raw_mut_slice()[index / 64] ^= 1 << (index % 64);
    }

    /// The 64 bits from `start` on, zeros past the end.
    #[inline]
    pub fn word_at(&self, start: usize) -> u64 {
        let words = self.words();
        let (index, shift) = (start / 64, start % 64);
        let low = words.get(index).map_or(0, |word| word >> shift);
        let high = if shift == 0 { 0 } else { words.get(index + 1).map_or(0, |word| word << (64 - shift)) };
        low | high
    }

    /// A copy of the bits in `range`.
    ///
    /// # Panics
    /// If `range` is out of range.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "bits {range:?} of {}", self.len());
        let len = range.len();
        let mut words = vec![0; words_for(len)];
        copy_words(self.words(), range.start, &mut words);
        Self::from_words(words, len)
    }

    /// The bits of all `parts`, one after the other.
    pub fn concat<'a>(parts: impl IntoIterator<Item = &'a Self> + Clone) -> Self {
        let len = parts.clone().into_iter().map(Self::len).sum();
        let mut words = vec![0; words_for(len)];
        let mut at = 0;
        for part in parts {
            for (index, word) in part.words().iter().enumerate() {
                let (target, shift) = ((at + 64 * index) / 64, (at + 64 * index) % 64);
                words[target] |= word << shift;
                // Whether the word reaches into the next one is a matter of lengths, never of its bits.
                if shift + (part.len() - 64 * index).min(64) > 64 {
                    words[target + 1] |= word >> (64 - shift);
                }
            }
            at += part.len();
        }
        Self::from_words(words, len)
    }

    /// Adds the bits of `other` from `start` on, as many as there are here.
    ///
    /// # Panics
    /// If `other` has fewer.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    pub(crate) fn xor_window(&mut self, other: &Self, start: usize) {
        assert!(start + self.len() <= other.len(), "{} bits from {start} on, of {}", self.len(), other.len());
        let (len, shift) = (self.len(), start % 64);
        let words = self.inner.as_raw_mut_slice();
        let others = &other.words()[start / 64..];
        for (word, other) in words.iter_mut().zip(others) {
            *word ^= other >> shift;
        }
        if shift > 0 {
            for (word, next) in words.iter_mut().zip(others.iter().skip(1)) {
                *word ^= next << (64 - shift);
            }
        }
        if let (Some(last), used @ 1..) = (words.last_mut(), len % 64) {
            *last &= (1 << used) - 1;
        }
    }

    /// Adds `other` bit by bit.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn xor_assign(&mut self, other: &Self) {
        assert_eq!(self.len(), other.len(), "XOR of bit strings of different lengths");
        for (word, other) in self.inner.as_raw_mut_slice().iter_mut().zip(other.words()) {
            *word ^= other;
        }
    }

    /// Number of ones.
    pub fn count_ones(&self) -> usize {
        self.words().iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Positions of the ones, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words().iter().enumerate().flat_map(|(index, &word)| {
            std::iter::successors((word != 0).then_some(word), |rest| {
                Some(rest & (rest - 1)).filter(|&w| w != 0)
            })
            .map(move |rest| 64 * index + rest.trailing_zeros() as usize)
        })
    }

    /// The bits, first to last.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }
}

impl AsRef<Bits> for Bits {
    fn as_ref(&self) -> &Bits {
        self
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let bits = bits.into_iter();
        let mut words = Vec::with_capacity(words_for(bits.size_hint().0));
        let (mut word, mut len) = (0, 0);
        for bit in bits {
            word |= u64::from(bit) << (len % 64);
            len += 1;
            if len % 64 == 0 {
                push(&mut words, std::mem::take(&mut word));
            }
        }
        push(&mut words, word);
        Self::from_words(words, len)
    }
}

/// Appends `word`; a vector that grew by itself would leave a copy of its bits behind.
fn push(words: &mut Vec<u64>, word: u64) {
    if words.len() == words.capacity() {
        let mut larger = Vec::with_capacity(2 * words.len() + 1);
        larger.extend_from_slice(words);
        wipe::words(words);
        *words = larger;
    }
    words.push(word);
}

impl From<BitVec<u64, Lsb0>> for Bits {
    fn from(mut inner: BitVec<u64, Lsb0>) -> Self {
        inner.force_align();
        inner.set_uninitialized(false);
        Self { inner }
    }
}

impl From<Bits> for BitVec<u64, Lsb0> {
    fn from(mut bits: Bits) -> Self {
        std::mem::take(&mut bits.inner)
    }
}

impl Drop for Bits {
    fn drop(&mut self) {
        wipe::words(self.inner.as_raw_mut_slice());
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bits({} bits)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(len: usize) -> Bits {
        (0..len).map(|i| (i * i + i / 7) % 3 == 0).collect()
    }

    #[test]
    fn bytes_and_words_agree_on_the_bit_order() {
        let bits = Bits::from_bytes(&[0b1000_0001, 0, 0, 0, 0, 0, 0, 0, 0b10], 66);
        assert_eq!(bits.words(), [0x81, 2]);
        assert_eq!(bits.ones().collect::<Vec<_>>(), [0, 7, 65]);
        assert_eq!(bits.to_bytes(), [0x81, 0, 0, 0, 0, 0, 0, 0, 2]);
    }

    #[test]
    fn the_tail_is_zero_however_the_bits_were_made() {
        assert_eq!(Bits::from_words(vec![u64::MAX; 3], 65).words(), [u64::MAX, 1]);
        let vec = BitVec::<u64, Lsb0>::repeat(true, 70);
        let mut shorter = vec;
        shorter.truncate(3);
        assert_eq!(Bits::from(shorter).words(), [7]);
    }

    #[test]
    fn slices_put_together_give_the_whole() {
        let whole = pattern(777);
        for cut in [0, 1, 63, 64, 65, 300, 776, 777] {
            let parts = [whole.slice(0..cut), whole.slice(cut..777)];
            assert_eq!(Bits::concat(&parts), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_window_is_added_as_a_slice_is() {
        let whole = pattern(777);
        for (start, len) in [(0, 777), (0, 64), (64, 128), (1, 63), (1, 64), (300, 400), (700, 77), (777, 0)]
        {
            let (mut by_window, mut by_slice) = (Bits::all_ones(len), Bits::all_ones(len));
            by_window.xor_window(&whole, start);
            by_slice.xor_assign(&whole.slice(start..start + len));
            assert_eq!(by_window, by_slice, "{len} bits from {start} on");
        }
    }

    #[test]
    fn conversion_to_a_bitvec_does_not_copy() {
        let bits = pattern(1000);
        let address = bits.words().as_ptr();
        let vec = BitVec::from(bits);
        assert_eq!(vec.as_raw_slice().as_ptr(), address);
        assert_eq!(Bits::from(vec).words().as_ptr(), address);
    }

    #[test]
    fn debug_shows_the_length_only() {
        assert_eq!(format!("{:?}", pattern(9)), "Bits(9 bits)");
    }
}
