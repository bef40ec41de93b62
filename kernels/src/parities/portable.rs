//! Running parities of 64 frames side by side.
//!
//! Fetching single bits through a permutation costs a load for each. 64 frames are therefore transposed first: *slice* i
//! is the word of the bits i of all of them. The permutation then fetches slices, and the running parity of all 64
//! frames is one XOR. Frames that do not fill a group of 64 go one at a time.

use rayon::prelude::*;
use zeroize::Zeroize;

use super::Parities;
use crate::bits::{Bits, words_for};

/// Frames that one word holds a bit of.
const GROUP: usize = 64;

/// The running parities of every frame of `job`, frame by frame.
pub fn run(job: &Parities) -> Bits {
    let count = job.frames().len() / job.permutation().len();
    let of_group = |first: usize| {
        if first + GROUP <= count {
            of_64_frames(job, first)
        } else {
            (first..count).map(|frame| of_one_frame(job, frame)).collect()
        }
    };
    // A backend's pool shares the groups out; outside of one, the calling thread does all the work.
    let groups: Vec<Vec<Bits>> = if rayon::current_thread_index().is_some() {
        (0..count.div_ceil(GROUP)).into_par_iter().map(|group| of_group(GROUP * group)).collect()
    } else {
        (0..count).step_by(GROUP).map(of_group).collect()
    };
    Bits::concat(groups.iter().flatten())
}

fn of_64_frames(job: &Parities, first: usize) -> Vec<Bits> {
    let len = job.permutation().len();
    let mut slices = slices_of_64_frames(job.frames(), first * len, len);
    let mut frames = vec![vec![0; words_for(len)]; GROUP];
    let mut parities = 0;
    for (word, indices) in job.permutation().indices().chunks(64).enumerate() {
        let mut block = [0; 64];
        for (row, &index) in block.iter_mut().zip(indices) {
            parities ^= slices[index as usize];
            *row = parities;
        }
        transpose(&mut block);
        for (frame, row) in frames.iter_mut().zip(block) {
            frame[word] = row;
        }
    }
    slices.zeroize();
    frames.into_iter().map(|words| Bits::from_words(words, len)).collect()
}

/// Bit f of slice i is bit i of the f-th frame of `len` bits from bit `start` on.
fn slices_of_64_frames(frames: &Bits, start: usize, len: usize) -> Vec<u64> {
    let mut slices = vec![0; 64 * words_for(len)];
    for (word, slices) in slices.chunks_exact_mut(64).enumerate() {
        let block: &mut [u64; 64] = slices.try_into().expect("64 slices");
        for (frame, row) in block.iter_mut().enumerate() {
            // Past the end of the frame these are bits of the next one; no index of the permutation reaches there.
            *row = frames.word_at(start + frame * len + 64 * word);
        }
        transpose(block);
    }
    slices
}

/// Transposes a matrix of 64 × 64 bits: bit j of word i becomes bit i of word j.
pub fn transpose(block: &mut [u64; 64]) {
    let mut half = 32;
    let mut low = u64::MAX >> 32;
    while half > 0 {
        // Swaps the upper right with the lower left quarter of every square of 2·half bits.
        for square in block.chunks_exact_mut(2 * half) {
            let (upper, lower) = square.split_at_mut(half);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                let difference = ((*upper >> half) ^ *lower) & low;
                *lower ^= difference;
                *upper ^= difference << half;
            }
        }
        half /= 2;
        low ^= low << half;
    }
}

fn of_one_frame(job: &Parities, frame: usize) -> Bits {
    let len = job.permutation().len();
    let frame = job.frames().slice(frame * len..(frame + 1) * len);
    let mut parity = 0;
    let words = job.permutation().indices().chunks(64).map(|indices| {
        let gathered = indices.iter().rev().fold(0, |word, &index| {
            let index = index as usize;
            word << 1 | frame.words()[index / 64] >> (index % 64) & 1
        });
        let running = running_parities(gathered) ^ parity;
        parity = 0_u64.wrapping_sub(running >> 63);
        running
    });
    Bits::from_words(words.collect(), len)
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
            frames in prop_oneof![0..4_usize, 62..67_usize, 127..131_usize],
        ) {
            let job = job(&words, seed, len, frames);
            prop_assert_eq!(run(&job), reference::run(&job));
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

    #[test]
    fn the_transpose_moves_every_bit_to_its_mirror_place() {
        let original: [u64; 64] =
            std::array::from_fn(|i| 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(i as u64 + 1));
        let mut block = original;
        transpose(&mut block);
        for (i, row) in original.iter().enumerate() {
            for (j, mirror) in block.iter().enumerate() {
                assert_eq!(row >> j & 1, mirror >> i & 1, "row {i}, column {j}");
            }
        }
    }
}
