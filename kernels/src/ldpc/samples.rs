//! Random codes and jobs, for the tests of every level.

use std::sync::Arc;

use ndarray::Array2;
use proptest::prelude::*;

use super::{Code, LdpcDecode, Syndrome, family, reference, rule};
use crate::bits::{Bits, words_for};

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

pub(super) fn syndrome_jobs() -> impl Strategy<Value = Syndrome> {
    (codes(), 0..10_usize).prop_flat_map(|(code, frames)| {
        let code = Arc::new(code);
        let frames = bits(frames * code.variables());
        frames.prop_map(move |frames| Syndrome::new(Arc::clone(&code), frames).expect("whole frames"))
    })
}

/// Half of the jobs can be solved; the others look for a word with a random syndrome.
pub(super) fn decode_jobs() -> impl Strategy<Value = LdpcDecode> {
    codes().prop_flat_map(|code| {
        let code = Arc::new(code);
        let (n, m) = (code.variables(), code.checks());
        let inputs = (bits(n), sparse_bits(n, 12), bits(m), prop::option::of(sparse_bits(n, 60)));
        // Beyond 12 iterations decoding may stall.
        let limit = prop_oneof![0..9_u32, Just(80)];
        let parameters = (prop_oneof![1..4_u8, 20..30_u8, 1..=127_u8], limit, any::<bool>());
        (inputs, parameters).prop_map(move |((sent, errors, random, known), (channel, limit, solvable))| {
            let mut word = (*sent).clone();
            word.xor_assign(&errors);
            let syndrome = if solvable {
                Arc::new(reference::syndrome(&Syndrome::new(Arc::clone(&code), sent).expect("one frame")))
            } else {
                random
            };
            LdpcDecode::new(Arc::clone(&code), Arc::new(word), syndrome, known, channel, limit)
                .expect("the shapes of the code")
        })
    })
}

/// Jobs with heavy and light rows, each with the word that was sent and that the decoder should find.
pub(super) fn family_jobs() -> Vec<(LdpcDecode, Arc<Bits>)> {
    let job = |(frame_bits, qber): (usize, f64)| {
        let code = &family::for_qber(frame_bits, qber).expect("a rung").code;
        let pattern = |step: usize| (0..frame_bits).map(|i| (i * i / 7 + i) % step == 0).collect::<Bits>();
        let sent = Arc::new(pattern(3));
        let mut word = pattern((2.0 / qber) as usize);
        word.xor_assign(&sent);
        let target = Syndrome::new(Arc::clone(code), Arc::clone(&sent)).expect("one frame");
        let target = Arc::new(reference::syndrome(&target));
        let channel = rule::channel_magnitude(qber);
        let job = LdpcDecode::new(Arc::clone(code), Arc::new(word), target, None, channel, 50);
        (job.expect("the shapes of the code"), sent)
    };
    [(1 << 14, 0.006), (1 << 14, 0.02), (1 << 16, 0.05)].map(job).into()
}
