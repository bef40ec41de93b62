//! Privacy amplification: Toeplitz and modified Toeplitz hashing (SPEC §7). Source: Krawczyk, CRYPTO 1994.
//!
//! ```text
//!          s2 s1 s0             modified: (T | I), the last ℓ key bits are added as they are,
//! y =      s3 s2 s1  · x        so that the seed needs n−1 bits instead of n+ℓ−1
//!          s4 s3 s2
//! ```
//!
//! A product with a Toeplitz matrix is the middle of a product of two binary polynomials (`product`): of some ten
//! thousand bits by Karatsuba's method (`karatsuba`), of more by a transform (`fft`, which explains it; `gfni` and `avx2` do
//! the same in wide registers).

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
mod fft;
#[cfg(target_arch = "x86_64")]
mod gfni;
mod karatsuba;
pub mod portable;
mod product;
pub mod reference;

use crate::job::{ShapeError, Shared, expect_len, expect_range};

/// Which matrix is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// ℓ × n Toeplitz matrix, seed of n + ℓ − 1 bits.
    Toeplitz,
    /// (T | I) with an ℓ × (n−ℓ) Toeplitz matrix T, seed of n − 1 bits.
    Modified,
}

impl Family {
    /// Seed bits for `key_len` (n) in and `out_len` (ℓ) out.
    pub fn seed_len(self, key_len: usize, out_len: usize) -> usize {
        match self {
            Self::Toeplitz => key_len + out_len - 1,
            Self::Modified => key_len - 1,
        }
    }
}

/// Hashing of a key to a shorter one.
#[derive(Clone, Debug)]
pub struct Toeplitz {
    family: Family,
    key: Shared,
    seed: Shared,
    out_len: usize,
}

impl Toeplitz {
    /// Hashes `key` (n bits) to `out_len` (1 ≤ ℓ ≤ n) bits; `seed` has [`Family::seed_len`] bits, index 0 first.
    ///
    /// # Errors
    /// If ℓ is out of its range or the seed has another length.
    pub fn new(family: Family, key: Shared, seed: Shared, out_len: usize) -> Result<Self, ShapeError> {
        expect_range("the number of hashed bits", out_len, (1, key.len()))?;
        expect_len("the Toeplitz seed", &seed, family.seed_len(key.len(), out_len))?;
        Ok(Self { family, key, seed, out_len })
    }

    /// The matrix family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The input key.
    pub fn key(&self) -> &Shared {
        &self.key
    }

    /// The seed.
    pub fn seed(&self) -> &Shared {
        &self.seed
    }

    /// ℓ.
    pub fn out_len(&self) -> usize {
        self.out_len
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bits::{Bits, words_for};

    /// Pseudo-random bits (xorshift), different for each `stream`.
    pub(super) fn random(len: usize, stream: u64) -> Bits {
        let mut state = (stream + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let words = (0..words_for(len)).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        });
        Bits::from_words(words.collect(), len)
    }

    fn from_digits(digits: &str) -> Shared {
        Arc::new(digits.chars().map(|digit| digit == '1').collect())
    }

    fn job(family: Family, key_len: usize, out_len: usize) -> Toeplitz {
        let seed = random(family.seed_len(key_len, out_len), key_len as u64);
        Toeplitz::new(family, Arc::new(random(key_len, out_len as u64)), Arc::new(seed), out_len)
            .expect("shape")
    }

    #[test]
    fn known_answers() {
        let cases = [
            (Family::Toeplitz, "110100111010001011101", "100101"),
            (Family::Modified, "110100111010001", "001101"),
        ];
        for (family, seed, hash) in cases {
            let job =
                Toeplitz::new(family, from_digits("1011001110001111"), from_digits(seed), 6).expect("shape");
            assert!(reference::run(&job) == *from_digits(hash), "reference, {family:?}");
            assert!(portable::run(&job) == *from_digits(hash), "portable, {family:?}");
        }
    }

    #[test]
    fn portable_agrees_with_the_reference() {
        for family in [Family::Toeplitz, Family::Modified] {
            for key_len in [1, 2, 63, 64, 65, 127, 128, 129, 500, 1024, 1025, 3000] {
                for out_len in [1, key_len / 3, key_len / 2, key_len - 1, key_len] {
                    let job = job(family, key_len, out_len.max(1));
                    assert!(
                        portable::run(&job) == reference::run(&job),
                        "{family:?}, {key_len} to {out_len}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_whole_key_is_hashed_by_the_identity_without_a_seed() {
        let key = Arc::new(random(130, 1));
        let job =
            Toeplitz::new(Family::Modified, Arc::clone(&key), Arc::new(random(129, 2)), 130).expect("shape");
        assert!(portable::run(&job) == *key);
        assert!(reference::run(&job) == *key);
    }

    #[test]
    fn wrong_shapes_are_refused() {
        let bits = |len| Arc::new(Bits::zeros(len));
        let length = Toeplitz::new(Family::Toeplitz, bits(10), bits(12), 4).expect_err("13 are needed");
        assert_eq!(length, ShapeError::Length { what: "the Toeplitz seed", want: 13, got: 12 });
        for out_len in [0, 11] {
            assert!(matches!(
                Toeplitz::new(Family::Modified, bits(10), bits(9), out_len),
                Err(ShapeError::Range { .. })
            ));
        }
    }
}
