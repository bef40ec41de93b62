//! Syndromes of four frames at a time, and layered decoding of 32 checks at a time.
//!
//! Lifting factors below 64 are decoded on the portable level: their columns are shorter than what is loaded at once.

mod answers;
mod check;
mod columns;
mod decoder;

use super::portable::parity;
use super::{Decoded, LdpcDecode, Syndrome, portable};
use crate::bits::Bits;
use crate::simd::Avx2;

/// The syndromes of the frames of `job`, frame by frame.
pub fn syndrome(avx2: Avx2, job: &Syndrome) -> Bits {
    portable::syndrome_wide(job, |code, frames: &[Bits; 4]| {
        avx2.run(
            #[inline(always)]
            || parity::of_all_checks(code, frames),
        )
    })
}

/// Decodes the word of `job`.
pub fn decode(_: Avx2, job: &LdpcDecode) -> Decoded {
    if job.code().z() < columns::LEAST_LIFTING {
        return portable::decode(job);
    }
    // SAFETY: an `Avx2` exists only where the machine has the features that the decoder is compiled for.
    unsafe { decoder::run(job) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ldpc::samples::{decode_jobs, family_jobs, syndrome_jobs};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]

        #[test]
        fn syndromes_agree_with_the_portable_level(job in syndrome_jobs()) {
            if let Some(avx2) = Avx2::detect() {
                prop_assert_eq!(syndrome(avx2, &job), portable::syndrome(&job));
            }
        }

        #[test]
        fn decoding_agrees_with_the_portable_level(job in decode_jobs()) {
            if let Some(avx2) = Avx2::detect() {
                prop_assert_eq!(decode(avx2, &job), portable::decode(&job));
            }
        }
    }

    #[test]
    fn codes_of_the_family_agree_with_the_portable_level() {
        let Some(avx2) = Avx2::detect() else { return };
        for (job, sent) in family_jobs() {
            let decoded = decode(avx2, &job);
            assert_eq!(decoded, portable::decode(&job));
            assert!(decoded.converged && decoded.word == *sent);
        }
    }
}
