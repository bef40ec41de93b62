//! Running parities of 64 frames side by side.
//!
//! Fetching single bits through a permutation costs a load for each. 64 frames are therefore bit-sliced first. The
//! permutation then fetches slices, and the running parity of all 64 frames is one XOR. Frames that do not fill a group of 64 go one at a time.
//!
//! Nothing changes if a slice is `LANES` words, of as many groups: that is how wider registers are used.

use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

use super::Parities;
use crate::bits::{Bits, words_for};
use crate::bitslice::{GROUP, LINE, slices, transpose_lanes};
use crate::memory::filled;

/// The running parities of every frame of `job`, frame by frame.
pub fn run(job: &Parities) -> Bits {
    run_wide::<1>(job, of_groups::<1>)
}

/// As [`run`]; `of_wide` is [`of_groups`], compiled for registers of `LANES` words.
pub(super) fn run_wide<const LANES: usize>(
    job: &Parities,
    of_wide: impl Fn(&Parities, usize, &mut [u64]) + Sync,
) -> Bits {
    let len = job.permutation().len();
    let (words, count) = (words_for(len), job.frames().len() / len);
    let of_part = |(part, output): (usize, &mut [u64])| {
        let first = GROUP * LANES * part;
        if output.len() == GROUP * LANES * words {
            return of_wide(job, first, output);
        }
        let mut groups = output.chunks_exact_mut(GROUP * words);
        let mut first_of_group = (first..).step_by(GROUP);
        for group in &mut groups {
            of_groups::<1>(job, first_of_group.next().unwrap_or(first), group);
        }
        let singles = groups.into_remainder().chunks_exact_mut(words);
        for (frame, output) in (count - singles.len()..).zip(singles) {
            of_one_frame(job, frame, output);
        }
    };
    let mut output = filled(0, count * words);
    let parts = GROUP * LANES * words;
    // A backend's pool shares the parts out; outside of one, the calling thread does all the work.
    if rayon::current_thread_index().is_some() {
        output.par_chunks_mut(parts).enumerate().for_each(of_part);
    } else {
        output.chunks_mut(parts).enumerate().for_each(of_part);
    }
    if len.is_multiple_of(64) {
        return Bits::from_words(output, count * len);
    }
    let frames: Vec<Bits> = output.chunks(words).map(|frame| Bits::from_words(frame.to_vec(), len)).collect();
    output.zeroize();
    Bits::concat(&frames)
}

/// The running parities of `LANES` groups, from frame `first` on, each frame in as many words as hold it.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(super) fn of_groups<const LANES: usize>(job: &Parities, first: usize, output: &mut [u64]) {
    let len = job.permutation().len();
    let words = words_for(len);
    let mut slices = slices::<LANES>(job.frames(), first * len, len);
    let mut parities = [0; LANES];
    let mut blocks = Zeroizing::new([[[0; LANES]; 64]; LINE]);
    for (line, indices) in job.permutation().indices().chunks(64 * LINE).enumerate() {
        for (block, indices) in blocks.iter_mut().zip(indices.chunks(64)) {
            for (row, &index) in block.iter_mut().zip(indices) {
                xor(&mut parities, &slices[index as usize]);
                *row = parities;
            }
            transpose_lanes(block);
        }
        let filled = indices.len().div_ceil(64);
        for (frame, output) in output.chunks_exact_mut(words).enumerate() {
            for (word, block) in output[LINE * line..][..filled].iter_mut().zip(blocks.iter()) {
                *word = block[frame % GROUP][frame / GROUP];
            }
        }
    }
    slices.as_flattened_mut().zeroize();
}

fn xor<const LANES: usize>(sum: &mut [u64; LANES], summand: &[u64; LANES]) {
    sum.iter_mut().zip(summand).for_each(|(sum, summand)| *sum ^= summand);
}

fn of_one_frame(job: &Parities, frame: usize, output: &mut [u64]) {
    let len = job.permutation().len();
    let frame = job.frames().slice(frame * len..(frame + 1) * len);
    let mut parity = 0;
    for (word, indices) in output.iter_mut().zip(job.permutation().indices().chunks(64)) {
        let gathered = indices.iter().rev().fold(0, |word, &index| {
            let index = index as usize;
            word << 1 | frame.words()[index / 64] >> (index % 64) & 1
        });
        let running = running_parities(gathered) ^ parity;
        parity = 0_u64.wrapping_sub(running >> 63);
        *word = running;
    }
}

/// Bit j of the result is the parity of bits 0..=j.
fn running_parities(mut word: u64) -> u64 {
    for k in 0..6 {
        word ^= word << (1 << k);
    }
    word
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::parities::{Permutation, reference};

    fn job(words: &[u64], seed: [u8; 32], len: usize, frames: usize) -> Parities {
        let words = words.iter().copied().cycle().enumerate().map(|(i, word)| word.rotate_left(i as u32));
        let bits = Bits::from_words(words.take(words_for(len * frames)).collect(), len * frames);
        let permutation = Permutation::new(&seed, len).expect("a length in range");
        Parities::new(Arc::new(bits), Arc::new(permutation)).expect("whole frames")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn agrees_with_the_reference(
            words: [u64; 31],
            seed: [u8; 32],
            len in 1..300_usize,
            frames in prop_oneof![0..4_usize, 62..67_usize, 127..131_usize, 255..258_usize, 320..322_usize],
        ) {
            let job = job(&words, seed, len, frames);
            prop_assert_eq!(run(&job), reference::run(&job));
            #[cfg(target_arch = "x86_64")]
            if let Some(avx2) = crate::simd::Avx2::detect() {
                prop_assert_eq!(crate::parities::avx2::run(avx2, &job), reference::run(&job));
            }
        }
    }

    #[test]
    fn a_pool_gives_the_same_bits() {
        let job = job(&[0x0123_4567_89ab_cdef, 0xfedc, 77], [3; 32], 100, 200);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads start");
        assert_eq!(pool.install(|| run(&job)), reference::run(&job));
    }

    #[test]
    fn the_last_running_parity_is_that_of_the_frame() {
        let job = job(&[0x00ff_1234_5678_9abc, 1, 2, 3], [9; 32], 1000, 65);
        let out = run(&job);
        for frame in 0..65 {
            let ones = job.frames().slice(1000 * frame..1000 * (frame + 1)).count_ones();
            assert_eq!(out.get(1000 * frame + 999), ones % 2 == 1, "frame {frame}");
        }
    }
}
