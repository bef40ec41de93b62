//! Syndromes a word at a time, and layered decoding of up to 64 checks at a time.

mod decoder;
mod parity;

use rayon::prelude::*;

use super::{Decoded, LdpcDecode, Syndrome};
use crate::bits::Bits;

/// The syndromes of the frames of `job`, frame by frame.
pub fn syndrome(job: &Syndrome) -> Bits {
    let (code, n) = (job.code(), job.code().variables());
    let count = job.frames().len() / n;
    let of_frame =
        |frame: usize| parity::of_all_checks(code, &job.frames().slice(frame * n..(frame + 1) * n));
    // A backend's pool shares the frames out; outside of one, the calling thread does all the work.
    let syndromes: Vec<Bits> = if rayon::current_thread_index().is_some() {
        (0..count).into_par_iter().map(of_frame).collect()
    } else {
        (0..count).map(of_frame).collect()
    };
    Bits::concat(&syndromes)
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
    use crate::bits::words_for;
    use crate::ldpc::{Code, reference, rule};

    /// Codes of every kind of lifting factor: below, equal to and above a word.
    fn codes() -> impl Strategy<Value = Code> {
        let sizes = (1..5_usize, 2..9_usize, prop::sample::select(vec![8_usize, 16, 32, 64, 128, 256]));
        sizes.prop_flat_map(|(rows, columns, z)| {
            let entries = prop::collection::vec(-(z as i32) / 2..z as i32, rows * columns);
            entries.prop_map(move |entries| {
                let entries = entries.into_iter().map(|entry| entry.max(-1)).collect();
                let mut base =
                    Array2::from_shape_vec((rows, columns), entries).expect("as many as the matrix has");
                // The first row meets all columns and the others two at least, so that the limits hold.
                base.row_mut(0).mapv_inplace(|entry| entry.max(0));
                base.column_mut(0).mapv_inplace(|entry| entry.max(0));
                base.column_mut(columns - 1).mapv_inplace(|entry| entry.max(0));
                Code::new(base, z).expect("within the limits")
            })
        })
    }

    fn bits(len: usize) -> impl Strategy<Value = Arc<Bits>> {
        let words = prop::collection::vec(any::<u64>(), words_for(len));
        words.prop_map(move |words| Arc::new(Bits::from_words(words, len)))
    }

    /// About `share` of 256 bits set.
    fn sparse_bits(len: usize, share: u8) -> impl Strategy<Value = Arc<Bits>> {
        let bytes = prop::collection::vec(any::<u8>(), len);
        bytes.prop_map(move |bytes| Arc::new(bytes.into_iter().map(|byte| byte < share).collect::<Bits>()))
    }

    fn syndrome_jobs() -> impl Strategy<Value = Syndrome> {
        (codes(), 0..4_usize).prop_flat_map(|(code, frames)| {
            let code = Arc::new(code);
            let frames = bits(frames * code.variables());
            frames.prop_map(move |frames| Syndrome::new(Arc::clone(&code), frames).expect("whole frames"))
        })
    }

    /// Half of the jobs can be solved; the others look for a word with a random syndrome.
    fn decode_jobs() -> impl Strategy<Value = LdpcDecode> {
        codes().prop_flat_map(|code| {
            let code = Arc::new(code);
            let (n, m) = (code.variables(), code.checks());
            let inputs = (bits(n), sparse_bits(n, 12), bits(m), prop::option::of(sparse_bits(n, 60)));
            let parameters = (prop_oneof![1..4_u8, 20..30_u8, 1..=127_u8], 0..9_u32, any::<bool>());
            (inputs, parameters).prop_map(
                move |((sent, errors, random, known), (channel, limit, solvable))| {
                    let mut word = (*sent).clone();
                    word.xor_assign(&errors);
                    let syndrome = if solvable {
                        Arc::new(reference::syndrome(
                            &Syndrome::new(Arc::clone(&code), sent).expect("one frame"),
                        ))
                    } else {
                        random
                    };
                    LdpcDecode::new(Arc::clone(&code), Arc::new(word), syndrome, known, channel, limit)
                        .expect("the shapes of the code")
                },
            )
        })
    }

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
    fn a_code_of_the_family_agrees_with_the_reference() {
        for (frame_bits, qber) in [(1 << 14, 0.02), (1 << 16, 0.05)] {
            let code = &crate::ldpc::family::for_qber(frame_bits, qber).expect("a rung").code;
            let pattern =
                |step: usize| (0..frame_bits).map(|i| (i * i / 7 + i) % step == 0).collect::<Bits>();
            let mut word = pattern(3);
            word.xor_assign(&pattern((2.0 / qber) as usize));
            let sent = Syndrome::new(Arc::clone(code), Arc::new(pattern(3))).expect("one frame");
            let target = Arc::new(syndrome(&sent));
            assert_eq!(*target, reference::syndrome(&sent));
            let channel = rule::channel_magnitude(qber);
            let job = LdpcDecode::new(Arc::clone(code), Arc::new(word), target, None, channel, 50);
            let job = job.expect("the shapes of the code");
            let decoded = decode(&job);
            assert_eq!(decoded, reference::decode(&job));
            assert!(decoded.converged && decoded.word == pattern(3));
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
