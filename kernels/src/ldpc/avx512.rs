//! As avx2, with 64 checks at a time, sums as two bytes, and the look-ups of an edge as permutations of registers.
//!
//! The operations for 64 edges are 9 on the way in and 15 on the way out. Of these, Zen 4 starts two in a cycle, but permutations
//! (6) one, and saturating sums, absolute values, comparisons into masks and products with matrices (10, together) one: so 12
//! cycles are the least, and codes with Z = 128 take 16.
//!
//! Lifting factors below 64 are decoded on the portable level, as there.

mod check;
mod columns;
mod decoder;
mod tables;

use super::{Decoded, LdpcDecode, portable};
use crate::simd::Avx512;

/// Decodes the word of `job`.
pub fn decode(_: Avx512, job: &LdpcDecode) -> Decoded {
    let blocks = job.code().z() / columns::LANES;
    if blocks == 0 {
        return portable::decode(job);
    }
    // SAFETY: an `Avx512` exists only where the machine has the features that the decoder is compiled for.
    unsafe { if blocks == 1 { decoder::run::<1>(job) } else { decoder::run::<2>(job) } }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ldpc::samples::{decode_jobs, family_jobs};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(384))]

        #[test]
        fn decoding_agrees_with_the_portable_level(job in decode_jobs()) {
            if let Some(avx512) = Avx512::detect() {
                prop_assert_eq!(decode(avx512, &job), portable::decode(&job));
            }
        }
    }

    #[test]
    fn codes_of_the_family_agree_with_the_portable_level() {
        let Some(avx512) = Avx512::detect() else {
            return eprintln!("SKIPPED: this machine has no AVX-512");
        };
        for (job, sent) in family_jobs() {
            let decoded = decode(avx512, &job);
            assert_eq!(decoded, portable::decode(&job));
            assert!(decoded.converged && decoded.word == *sent);
        }
    }
}
