//! Toeplitz hashing by its definition (SPEC §7): one sum for each output bit.

use super::{Family, Toeplitz};
use crate::bits::Bits;

/// Multiplies the key by the matrix, row by row.
pub fn run(job: &Toeplitz) -> Bits {
    let (key, seed, out_len) = (job.key(), job.seed(), job.out_len());
    let hashed = match job.family() {
        Family::Toeplitz => key.len(),
        Family::Modified => key.len() - out_len,
    };
    (0..out_len)
        .map(|i| {
            let row = (0..hashed).fold(false, |sum, j| sum ^ (seed.get(i + hashed - 1 - j) & key.get(j)));
            match job.family() {
                Family::Toeplitz => row,
                Family::Modified => row ^ key.get(hashed + i),
            }
        })
        .collect()
}
