//! As avx2, with 64 checks at a time, sums as two bytes, and both look-ups of an edge as permutations of registers.
//!
//! The pace is set by the operations for 64 edges: 14 on the way in, 24 on the way out, of which 20 (permutations,
//! comparisons into masks, saturating sums, absolute values) start once a cycle on Zen 4 and the others twice. On
//! what is in the first cache, they take 28 cycles there (11 and 17); in the codes of the family 31 to 34, for what comes from the
//! second cache and for rows that are short; and with the start of decoding, the ways of rows through their columns, and
//! decisions, a decoding of 12 iterations takes 36 to 39.
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
    if job.code().z() < columns::LANES {
        return portable::decode(job);
    }
    // SAFETY: an `Avx512` exists only where the machine has the features that the decoder is compiled for.
    unsafe { decoder::run(job) }
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
