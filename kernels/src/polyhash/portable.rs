//! The polynomial hash on 64-bit words, in constant time: no branch and no memory access depends on key or message.

use std::ops::Range;

use super::PolyHash;
use super::field::{Key, STRIDE};
use crate::bits::Bits;

/// Hashes each segment.
pub fn run(job: &PolyHash) -> Vec<u128> {
    let key = Key::new(job.key());
    let (len, segment) = (job.message().len(), job.segment());
    (0..len)
        .step_by(segment)
        .map(|start| hash(&key, job.message(), start..len.min(start.saturating_add(segment))))
        .collect()
}

/// Hashes the bits in `range`.
fn hash(key: &Key, message: &Bits, range: Range<usize>) -> u128 {
    let block_at = |index: usize| block(message, range.start + 128 * index, range.end);
    let blocks = range.len().div_ceil(128);
    let mut h = 0;
    for first in (0..blocks).step_by(STRIDE) {
        let group: [u128; STRIDE] = std::array::from_fn(|index| block_at(first + index));
        h = key.absorb(h, &group[..STRIDE.min(blocks - first)]);
    }
    key.absorb(h, &[range.len() as u128])
}

/// The 128 bits from `start` on, zeros from `end` on.
pub(super) fn block(message: &Bits, start: usize, end: usize) -> u128 {
    let bits =
        u128::from(message.word_at(start)) | u128::from(message.word_at(start.saturating_add(64))) << 64;
    let kept = end.saturating_sub(start);
    if kept < 128 { bits & ((1 << kept) - 1) } else { bits }
}
