//! Syndromes a word at a time, and layered decoding of up to 64 checks at a time.

pub(super) mod decoder;
pub(super) mod parity;

use rayon::prelude::*;

use super::{Code, Decoded, LdpcDecode, Syndrome};
use crate::bits::Bits;

/// The syndromes of the frames of `job`, frame by frame.
pub fn syndrome(job: &Syndrome) -> Bits {
    syndrome_wide(job, parity::of_all_checks::<1>)
}

/// As [`syndrome`]; `of_frames` is [`parity::of_all_checks`], compiled for registers of `LANES` words.
pub(super) fn syndrome_wide<const LANES: usize>(
    job: &Syndrome,
    of_frames: impl Fn(&Code, &[Bits; LANES]) -> [Bits; LANES] + Sync,
) -> Bits {
    let (code, n) = (job.code(), job.code().variables());
    let count = job.frames().len() / n;
    let frame = |index: usize| job.frames().slice(index * n..(index + 1) * n);
    let of_part = |first: usize| -> Vec<Bits> {
        if count - first >= LANES {
            of_frames(code, &std::array::from_fn(|lane| frame(first + lane))).into()
        } else {
            (first..count).flat_map(|index| parity::of_all_checks(code, &[frame(index)])).collect()
        }
    };
    // A backend's pool shares the parts out; outside of one, the calling thread does all the work.
    let parts: Vec<Vec<Bits>> = if rayon::current_thread_index().is_some() {
        (0..count.div_ceil(LANES)).into_par_iter().map(|part| of_part(LANES * part)).collect()
    } else {
        (0..count).step_by(LANES).map(of_part).collect()
    };
    Bits::concat(parts.iter().flatten())
}

/// Decodes the word of `job`.
pub fn decode(job: &LdpcDecode) -> Decoded {
    match job.code().z() {
        8 => decoder::run::<8>(job),
        16 => decoder::run::<16>(job),
        32 => decoder::run::<32>(job),
        _ => decoder::run::<64>(job),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;
    use crate::ldpc::reference;
    use crate::ldpc::samples::{decode_jobs, family_jobs, syndrome_jobs};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn syndromes_agree_with_the_reference(job in syndrome_jobs()) {
            prop_assert_eq!(syndrome(&job), reference::syndrome(&job));
        }

        #[test]
        fn decoding_agrees_with_the_reference(job in decode_jobs()) {
            prop_assert_eq!(decode(&job), reference::decode(&job));
        }
    }

    #[test]
    fn codes_of_the_family_agree_with_the_reference() {
        for (job, sent) in family_jobs() {
            let decoded = decode(&job);
            assert_eq!(decoded, reference::decode(&job));
            assert!(decoded.converged && decoded.word == *sent);
        }
    }

    #[test]
    fn a_shift_turns_the_column_as_specified() {
        for z in [8, 32, 64, 256] {
            let base = ndarray::array![[-1, 3, 0], [z - 1, -1, 0]];
            let code = Arc::new(Code::new(base, z as usize).expect("a code"));
            let n = code.variables();
            // Variable 4 of column 1 meets check 1 of row 0; variable 0 of column 0 meets check 1 of row 1.
            for (variable, check) in [(z as usize + 4, 1), (0, z as usize + 1)] {
                let frame = Arc::new((0..n).map(|i| i == variable).collect::<Bits>());
                let job = Syndrome::new(Arc::clone(&code), frame).expect("one frame");
                for syndrome in [syndrome, reference::syndrome] {
                    assert_eq!(syndrome(&job).ones().collect::<Vec<_>>(), [check], "Z = {z}");
                }
            }
        }
    }

    /// One check x0 ⊕ x1 for each of eight pairs of variables: every step can be followed by hand.
    fn pairs(word: u8, syndrome: u8, known: Option<u8>, channel: u8, limit: u32) -> LdpcDecode {
        let code = Code::new(Array2::zeros((1, 2)), 8).expect("a code");
        let bits = |low: u8, high: u8| Arc::new(Bits::from_bytes(&[low, high], 16));
        let syndrome = Arc::new(Bits::from_bytes(&[syndrome], 8));
        LdpcDecode::new(
            Arc::new(code),
            bits(word, 0),
            syndrome,
            known.map(|known| bits(known, 0)),
            channel,
            limit,
        )
        .expect("the shapes of the code")
    }

    #[test]
    fn nothing_is_iterated_when_the_word_fits_or_the_limit_is_0() {
        for decode in [decode, reference::decode] {
            let fits = decode(&pairs(0b101, 0b101, None, 20, 10));
            assert_eq!((fits.iterations, fits.converged, fits.word.words()[0]), (0, true, 0b101));
            let limited = decode(&pairs(0b101, 0b100, None, 20, 0));
            assert_eq!((limited.iterations, limited.converged, limited.word.words()[0]), (0, false, 0b101));
        }
    }

    #[test]
    fn known_bits_outweigh_the_others_and_ties_keep_the_received_bit() {
        for decode in [decode, reference::decode] {
            // The pair (1, 0) should have parity 0. Bit 0 is known to be 1, so the other one turns to 1.
            let known = decode(&pairs(0b1, 0b0, Some(0b1), 8, 10));
            assert_eq!((known.iterations, known.converged, known.word.words()[0]), (1, true, 0x101));
            // Equally unsure bits pull each other to P = 0 and stay as received: no decision, no end.
            let tie = decode(&pairs(0b1, 0b0, None, 8, 3));
            assert_eq!((tie.iterations, tie.converged, tie.word.words()[0]), (3, false, 0b1));
        }
    }
}
