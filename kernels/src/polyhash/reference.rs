//! The polynomial hash by the book (SPEC §6): bit by bit.

use super::PolyHash;
use crate::bits::Bits;

/// x^128 = x^7 + x^2 + x + 1 in the field.
const X_TO_128: u128 = 0b1000_0111;

/// Hashes each segment.
pub fn run(job: &PolyHash) -> Vec<u128> {
    let (message, segment) = (job.message(), job.segment());
    (0..job.segments())
        .map(|index| {
            let start = index * segment;
            let end = message.len().min(start.saturating_add(segment));
            hash(job.key(), &message.slice(start..end))
        })
        .collect()
}

fn hash(key: u128, message: &Bits) -> u128 {
    let blocks = (0..message.len()).step_by(128).map(|start| block(message, start));
    let length_block = message.len() as u128;
    horner(key, blocks.chain([length_block]))
}

/// h = (h ⊕ block)·k for each block, from h = 0.
pub(super) fn horner(key: u128, blocks: impl IntoIterator<Item = u128>) -> u128 {
    blocks.into_iter().fold(0, |h, block| multiply(h ^ block, key))
}

/// The 128 bits from `start` on, zeros past the end.
fn block(message: &Bits, start: usize) -> u128 {
    (start..message.len().min(start + 128))
        .fold(0, |block, i| block | u128::from(message.get(i)) << (i - start))
}

/// The product in GF(2^128): for each coefficient of `b`, from the lowest, add `a` and multiply `a` by x.
fn multiply(mut a: u128, b: u128) -> u128 {
    let mut product = 0;
    for i in 0..128 {
        if b >> i & 1 == 1 {
            product ^= a;
        }
        let overflow = a >> 127 == 1;
        a <<= 1;
        if overflow {
            a ^= X_TO_128;
        }
    }
    product
}
