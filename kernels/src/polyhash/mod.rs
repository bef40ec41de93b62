//! Polynomial hash over GF(2^128): verification tags and Wegman–Carter authentication (SPEC §6).
//!
//! ```text
//! h = ((B1·k ⊕ B2)·k ⊕ … ⊕ length)·k
//! ```

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
mod field;
pub mod portable;
pub mod reference;
mod stream;

pub use stream::Stream;

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::job::{ShapeError, Shared, expect_range};

/// Hashes of the segments of a message under one key.
#[derive(Clone)]
pub struct PolyHash {
    key: u128,
    message: Shared,
    segment: usize,
}

impl PolyHash {
    /// Hashes each `segment` bits of `message` (the last may be shorter) under `key`; bit i of the key is its
    /// coefficient of x^i.
    ///
    /// # Errors
    /// If `segment` is 0.
    pub fn new(key: u128, message: Shared, segment: usize) -> Result<Self, ShapeError> {
        expect_range("the hash segment's length", segment, (1, usize::MAX))?;
        Ok(Self { key, message, segment })
    }

    /// The key.
    pub fn key(&self) -> u128 {
        self.key
    }

    /// The message.
    pub fn message(&self) -> &Shared {
        &self.message
    }

    /// Segment length in bits.
    pub fn segment(&self) -> usize {
        self.segment
    }

    /// Number of segments, and so of hashes.
    pub fn segments(&self) -> usize {
        self.message.len().div_ceil(self.segment)
    }
}

impl fmt::Debug for PolyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolyHash({} bits in segments of {})", self.message.len(), self.segment)
    }
}

impl Drop for PolyHash {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// Whether two hashes are equal, in constant time. Tags are compared by this function and nothing else.
pub fn equal(a: u128, b: u128) -> bool {
    a.to_le_bytes().ct_eq(&b.to_le_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    #[cfg(target_arch = "x86_64")]
    use proptest::prelude::*;

    use super::field::Key;
    use super::*;
    use crate::bits::Bits;

    fn message(len: usize) -> Shared {
        Arc::new((0..len).map(|i| (i * i + i / 5) % 7 < 3).collect())
    }

    fn job(len: usize, segment: usize) -> PolyHash {
        let key = 0x0123_4567_89ab_cdef_f0e1_d2c3_b4a5_9687;
        PolyHash::new(key, message(len), segment).expect("a segment of at least a bit")
    }

    /// An element in the bit order of GHASH: the bits of every byte reversed.
    fn ghash(hex: u128) -> u128 {
        u128::from_le_bytes(hex.to_be_bytes().map(u8::reverse_bits))
    }

    /// Test case 2 of McGrew & Viega, "The Galois/Counter Mode of Operation": one block, then GHASH's length block.
    #[test]
    fn horner_step_is_that_of_ghash() {
        let key = ghash(0x66e9_4bd4_ef8a_2c3b_884c_fa59_ca34_2b2e);
        let blocks = [ghash(0x0388_dace_60b6_a392_f328_c2b9_71b2_fe78), ghash(0x80)];
        let expected = ghash(0xf38c_bb1a_d692_23dc_c345_7ae5_b6b0_f885);
        assert_eq!(reference::horner(key, blocks), expected);
        assert_eq!(Key::new(key).absorb(0, &blocks), expected);
    }

    #[test]
    fn portable_agrees_with_the_reference() {
        for len in [0, 1, 63, 64, 65, 127, 128, 129, 511, 512, 513, 640, 1000, 5000] {
            for segment in [1, 64, 100, 128, 513, 5000, usize::MAX] {
                let job = job(len, segment);
                let hashes = portable::run(&job);
                assert_eq!(hashes.len(), job.segments());
                assert_eq!(hashes, reference::run(&job), "{len} bits in segments of {segment}");
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn avx2_agrees_with_the_reference() {
        let Some(avx2) = crate::simd::Avx2::detect() else {
            return eprintln!("SKIPPED: this machine has no AVX2");
        };
        for len in [1, 63, 64, 65, 127, 128, 129, 1920, 1921, 2047, 2048, 2049, 2176, 4095, 4096, 5000, 9999]
        {
            for segment in [1, 64, 100, 128, 513, 2048, 2049, 4160, 5000, usize::MAX] {
                let job = job(len, segment);
                assert_eq!(
                    avx2::run(avx2, &job),
                    reference::run(&job),
                    "{len} bits in segments of {segment}"
                );
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn avx512_agrees_with_the_reference() {
        let Some(avx512) = crate::simd::Avx512::detect() else {
            return eprintln!("SKIPPED: this machine has no AVX-512");
        };
        for len in [1, 63, 64, 65, 127, 128, 129, 383, 384, 385, 1920, 4095, 8064, 8065, 9999, 16_256, 20_001]
        {
            for segment in [1, 64, 100, 128, 513, 1024, 2049, 4160, 5000, 8100, usize::MAX] {
                let job = job(len, segment);
                assert_eq!(
                    avx512::run(avx512, &job),
                    reference::run(&job),
                    "{len} bits in segments of {segment}"
                );
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    proptest! {
        #[test]
        fn vectors_agree_with_portable(key: u128, len in 1_usize..40_000, segment in 1_usize..40_000) {
            let job = PolyHash::new(key, message(len), segment.min(len + 1)).expect("a segment of at least a bit");
            let expected = portable::run(&job);
            if let Some(avx2) = crate::simd::Avx2::detect() {
                prop_assert_eq!(avx2::run(avx2, &job), &*expected);
            }
            if let Some(avx512) = crate::simd::Avx512::detect() {
                prop_assert_eq!(avx512::run(avx512, &job), &*expected);
            }
        }
    }

    #[test]
    fn a_stream_has_the_hash_of_the_whole_however_it_is_cut() {
        for bytes in [1, 15, 16, 17, 63, 64, 65, 128, 500] {
            let job = job(8 * bytes, usize::MAX);
            let message = job.message().to_bytes();
            for piece in [1, 7, 16, 63, 64, 65, 200, 500] {
                let mut stream = Stream::new(job.key());
                message.chunks(piece).for_each(|piece| stream.update(piece));
                assert_eq!([stream.finish()], *reference::run(&job), "{bytes} bytes by {piece}");
            }
        }
    }

    #[test]
    fn a_stream_of_nothing_is_its_length_block() {
        assert_eq!(Stream::new(3).finish(), 0);
    }

    #[test]
    fn hashes_are_equal_in_all_bits_or_not_at_all() {
        let hash = 0x0123_4567_89ab_cdef_f0e1_d2c3_b4a5_9687;
        assert!(equal(hash, hash) && (0..128).all(|bit| !equal(hash, hash ^ 1 << bit)));
    }

    #[test]
    fn zeros_at_the_end_change_the_hash() {
        let hash = |len| portable::run(&PolyHash::new(5, Arc::new(Bits::zeros(len)), len).expect("shape"));
        assert_ne!(hash(100), hash(101));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let secret = "1234567890";
        let stream = Stream::new(1_234_567_890);
        let job = PolyHash::new(1_234_567_890, message(300), 100).expect("shape");
        assert!(!format!("{stream:?}{job:?}").contains(secret));
    }

    #[test]
    fn segments_of_nothing_are_refused() {
        let refused = PolyHash::new(1, message(10), 0).expect_err("no length");
        assert!(matches!(refused, ShapeError::Range { min: 1, got: 0, .. }));
    }
}
