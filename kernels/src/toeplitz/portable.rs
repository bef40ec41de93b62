//! Toeplitz hashing as a product of polynomials, on 64-bit words: by Karatsuba's method (`karatsuba`)
//! while the key is short, by the Frobenius additive FFT (`fft`) from some ten thousand bits on.
//!
//! Time and memory accesses depend on the sizes only, and everything that held key bits is wiped.

use super::product::middle;
use super::{Family, Toeplitz};
use crate::bits::Bits;

/// Multiplies the key by the matrix.
pub fn run(job: &Toeplitz) -> Bits {
    let (key, out_len) = (job.key(), job.out_len());
    match job.family() {
        Family::Toeplitz => middle(key, job.seed(), out_len),
        Family::Modified if out_len == key.len() => Bits::clone(key),
        Family::Modified => {
            let hashed = key.len() - out_len;
            let mut sum = middle(&key.slice(0..hashed), job.seed(), out_len);
            sum.xor_assign(&key.slice(hashed..key.len()));
            sum
        }
    }
}
