//! The stages of a key, as types: only verified data can be amplified, only amplified data can be delivered, and each is
//! consumed by the step that follows.
//!
//! ```text
//! Sifted ─▶ Corrected ─▶ Verified ─▶ Amplifying ─▶ Amplified ─▶ SecretKey
//!        reconcile   compare tags   seed, hash            both sides accept
//! ```
//! Each type is made by the step before it and by nothing else.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use qkdpp_kernels::polyhash;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Bits, ShapeError, Shared};
use zeroize::Zeroize;

use crate::budget::KeyEpsilon;

/// Key bits after sifting; the two sides' differ by the channel's errors.
#[derive(Debug)]
pub struct Sifted {
    key: Shared,
}

impl Sifted {
    pub(crate) fn new(key: Bits) -> Self {
        Self { key: Arc::new(key) }
    }

    /// Number of key bits n.
    pub fn len(&self) -> usize {
        self.key.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    pub(crate) fn key(&self) -> &Shared {
        &self.key
    }

    /// The reference side's key needs no correction; frames that the peer could not decode are given up.
    pub(crate) fn keep(self, undecoded: Vec<Range<usize>>) -> Corrected {
        let key = if undecoded.is_empty() { self.key } else { Arc::new(cleared(&self.key, &undecoded)) };
        Corrected { key, undecoded }
    }

    /// Flips the bits marked in `errors`; frames that did not decode are given up.
    pub(crate) fn correct(self, errors: &Bits, undecoded: Vec<Range<usize>>) -> Corrected {
        let mut key = cleared(&self.key, &undecoded);
        key.xor_assign(errors);
        Corrected { key: Arc::new(key), undecoded }
    }
}

/// `key` with zeros in `ranges`.
fn cleared(key: &Bits, ranges: &[Range<usize>]) -> Bits {
    let mut key = key.clone();
    for index in ranges.iter().cloned().flatten() {
        key.set(index, false);
    }
    key
}

/// Key bits that should be equal on both sides, but nobody has checked yet. Frames that were given up are zero.
#[derive(Debug)]
pub struct Corrected {
    key: Shared,
    undecoded: Vec<Range<usize>>,
}

impl Corrected {
    pub(crate) fn key(&self) -> &Shared {
        &self.key
    }

    /// Keeps the segments of `segment` bits whose tags were found equal; the rest, and the undecoded frames, are
    /// dropped.
    pub(crate) fn keep_equal(self, equal: &Bits, segment: usize) -> Verified {
        let len = self.key.len();
        let mut dropped = self.undecoded;
        for index in (0..equal.len()).filter(|&index| !equal.get(index)) {
            dropped.push(index * segment..len.min((index + 1) * segment));
        }
        dropped.sort_by_key(|range| range.start);
        if dropped.is_empty() {
            return Verified { key: self.key, dropped: Vec::new() };
        }
        let kept: Vec<Bits> = complement(&dropped, len).map(|range| self.key.slice(range)).collect();
        Verified { key: Arc::new(Bits::concat(&kept)), dropped }
    }
}

/// The parts of 0..`len` outside `ranges`, which ascend by their starts and may overlap.
fn complement(ranges: &[Range<usize>], len: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let ends = std::iter::once(0).chain(ranges.iter().scan(0, |reach, range| {
        *reach = range.end.max(*reach);
        Some(*reach)
    }));
    let starts = ranges.iter().map(|range| range.start).chain(std::iter::once(len));
    ends.zip(starts).filter(|(from, to)| from < to).map(|(from, to)| from..to)
}

/// The first `bits` bits of each tag, which is what the peer sees of it.
pub(crate) fn truncated(tag: u128, bits: u32) -> u128 {
    tag & (u128::MAX >> (128 - bits))
}

/// Which of the tags are equal, without a secret-dependent branch.
pub(crate) fn equal_tags(ours: &[u128], theirs: &[u128]) -> Bits {
    ours.iter().zip(theirs).map(|(&ours, &theirs)| polyhash::equal(ours, theirs)).collect()
}

/// Key bits that both sides hold alike, up to the failure probability of the tags.
#[derive(Debug)]
pub struct Verified {
    key: Shared,
    dropped: Vec<Range<usize>>,
}

impl Verified {
    /// Number of bits kept.
    pub fn len(&self) -> usize {
        self.key.len()
    }

    /// Whether nothing was kept.
    pub fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// Parts of the sifted key that were given up, by ascending start; they may overlap.
    pub(crate) fn dropped(&self) -> &[Range<usize>] {
        &self.dropped
    }

    /// Hashes the key to `out_len` bits.
    ///
    /// # Errors
    /// If the seed has the wrong length or `out_len` is out of range.
    pub(crate) fn amplify(
        self,
        family: Family,
        seed: Bits,
        out_len: usize,
    ) -> Result<(Amplifying, Toeplitz), ShapeError> {
        let job = Toeplitz::new(family, self.key, Arc::new(seed), out_len)?;
        Ok((Amplifying { out_len }, job))
    }
}

/// Key bits on their way through the hash.
#[derive(Debug)]
pub struct Amplifying {
    out_len: usize,
}

impl Amplifying {
    /// Takes the hash's output. `None` if it has the wrong length.
    pub(crate) fn finish(self, bits: Bits) -> Option<Amplified> {
        (bits.len() == self.out_len).then_some(Amplified { bits })
    }
}

/// A secret key that the two sides have not yet agreed to use.
#[derive(Debug)]
pub struct Amplified {
    bits: Bits,
}

/// Proof that the peer's authenticated final message accepted this block's ledger. Made by the session only.
pub(crate) struct PeerAccepts(());

impl PeerAccepts {
    /// Compares the ledger digests of both sides.
    pub(crate) fn check(ours: &[u8; 32], theirs: &[u8; 32]) -> Option<Self> {
        (ours == theirs).then_some(Self(()))
    }
}

impl Amplified {
    /// Releases the key.
    pub(crate) fn deliver(self, _accepted: &PeerAccepts, block: u64, epsilon: KeyEpsilon) -> SecretKey {
        SecretKey { block, epsilon, bits: self.bits }
    }
}

/// A key both sides hold, ε-secret in the composable sense.
pub struct SecretKey {
    block: u64,
    epsilon: KeyEpsilon,
    bits: Bits,
}

impl SecretKey {
    /// The block it came from: the key's name within its session.
    pub fn block(&self) -> u64 {
        self.block
    }

    /// What is promised about it: secrecy, correctness, and authentication up to its delivery.
    pub fn epsilon(&self) -> KeyEpsilon {
        self.epsilon
    }

    /// Number of bits.
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Whether it is empty; a session never delivers an empty key.
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// The key itself.
    pub fn expose(&self) -> &Bits {
        &self.bits
    }

    /// The key's bytes, least significant bit first, handed to `use_key` and wiped afterwards.
    pub fn with_bytes<T>(&self, use_key: impl FnOnce(&[u8]) -> T) -> T {
        let mut bytes = self.bits.to_bytes();
        let result = use_key(&bytes);
        bytes.zeroize();
        result
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(block {}, {} bits)", self.block, self.bits.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(len: usize) -> Bits {
        (0..len).map(|i| i % 3 == 0 || i % 7 == 2).collect()
    }

    #[test]
    fn failed_segments_and_undecoded_frames_are_dropped_once() {
        let whole = key(1000);
        let frame = 150..250;
        let corrected = Sifted::new(whole.clone()).keep(Vec::from([frame]));
        // Segments of 100 bits: 2 (overlapping the frame) and 9 (the last) differ.
        let equal: Bits = (0..10).map(|i| i != 2 && i != 9).collect();
        let verified = corrected.keep_equal(&equal, 100);
        let want = Bits::concat(&[whole.slice(0..150), whole.slice(300..900)]);
        assert_eq!(*verified.key, want);
    }

    #[test]
    fn tags_are_compared_one_by_one() {
        assert_eq!(equal_tags(&[1, 2, 3], &[1, 0, 3]), [true, false, true].into_iter().collect());
    }
}
