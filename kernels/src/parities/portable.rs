//! Running parities of 64 frames side by side.
//!
//! Fetching single bits through a permutation costs a load for each. 64 frames are therefore transposed first: *slice* i
//! is the word of the bits i of all of them. The permutation then fetches slices, and the running parity of all 64
//! frames is one XOR. Frames that do not fill a group of 64 go one at a time.
//!
//! Nothing changes if a slice is `LANES` words, of as many groups: that is how wider registers are used.

use rayon::prelude::*;
use zeroize::Zeroize;

use super::Parities;
use crate::bits::{Bits, words_for};

/// Frames that one word holds a bit of.
const GROUP: usize = 64;

/// The running parities of every frame of `job`, frame by frame.
pub fn run(job: &Parities) -> Bits {
    run_wide::<1>(job, of_groups::<1>)
}

/// As [`run`]; `of_wide` is [`of_groups`], compiled for registers of `LANES` words.
pub(super) fn run_wide<const LANES: usize>(
    job: &Parities,
    of_wide: impl Fn(&Parities, usize) -> Vec<Bits> + Sync,
) -> Bits {
    let count = job.frames().len() / job.permutation().len();
    let of_part = |first: usize| {
        let frames = (count - first).min(GROUP * LANES);
        if frames == GROUP * LANES {
            return of_wide(job, first);
        }
        let singles = first + frames / GROUP * GROUP;
        let groups = (first..singles).step_by(GROUP).flat_map(|first| of_groups::<1>(job, first));
        groups.chain((singles..count).map(|frame| of_one_frame(job, frame))).collect()
    };
    // A backend's pool shares the parts out; outside of one, the calling thread does all the work.
    let parts: Vec<Vec<Bits>> = if rayon::current_thread_index().is_some() {
        let parts = count.div_ceil(GROUP * LANES);
        (0..parts).into_par_iter().map(|part| of_part(GROUP * LANES * part)).collect()
    } else {
        (0..count).step_by(GROUP * LANES).map(of_part).collect()
    };
    Bits::concat(parts.iter().flatten())
}

/// The running parities of `LANES` groups, from frame `first` on.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(super) fn of_groups<const LANES: usize>(job: &Parities, first: usize) -> Vec<Bits> {
    let len = job.permutation().len();
    let mut slices = slices_of_groups::<LANES>(job.frames(), first * len, len);
    let mut frames = vec![vec![0; words_for(len)]; GROUP * LANES];
    let mut parities = [0; LANES];
    for (word, indices) in job.permutation().indices().chunks(64).enumerate() {
        let mut block = [[0; LANES]; 64];
        for (row, &index) in block.iter_mut().zip(indices) {
            xor(&mut parities, &slices[index as usize]);
            *row = parities;
        }
        transpose_lanes(&mut block);
        for (frame, row) in block.iter().enumerate() {
            for (lane, bits) in row.iter().enumerate() {
                frames[GROUP * lane + frame][word] = *bits;
            }
        }
    }
    slices.as_flattened_mut().zeroize();
    frames.into_iter().map(|words| Bits::from_words(words, len)).collect()
}

/// Bit f of word l of slice i is bit i of the frame 64·l + f, of frames of `len` bits from bit `start` on.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
fn slices_of_groups<const LANES: usize>(frames: &Bits, start: usize, len: usize) -> Vec<[u64; LANES]> {
    let mut slices = vec![[0; LANES]; 64 * words_for(len)];
    for (word, slices) in slices.chunks_exact_mut(64).enumerate() {
        let block: &mut [[u64; LANES]; 64] = slices.try_into().expect("64 slices");
        for (frame, row) in block.iter_mut().enumerate() {
            for (lane, bits) in row.iter_mut().enumerate() {
                // Past the end of the frame these are bits of the next one; no index of the permutation reaches there.
                *bits = frames.word_at(start + (GROUP * lane + frame) * len + 64 * word);
            }
        }
        transpose_lanes(block);
    }
    slices
}

/// Transposes a matrix of 64 × 64 bits: bit j of word i becomes bit i of word j.
pub fn transpose(block: &mut [u64; 64]) {
    let mut lanes = block.map(|word| [word]);
    transpose_lanes(&mut lanes);
    *block = lanes.map(|[word]| word);
}

/// Transposes `LANES` such matrices, one in each lane.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub fn transpose_lanes<const LANES: usize>(block: &mut [[u64; LANES]; 64]) {
    let mut half = 32;
    let mut low = u64::MAX >> 32;
    while half > 0 {
        // Swaps the upper right with the lower left quarter of every square of 2·half bits.
        for square in block.chunks_exact_mut(2 * half) {
            let (upper, lower) = square.split_at_mut(half);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                for (upper, lower) in upper.iter_mut().zip(lower) {
                    let difference = ((*upper >> half) ^ *lower) & low;
                    *lower ^= difference;
                    *upper ^= difference << half;
                }
            }
        }
        half /= 2;
        low ^= low << half;
    }
}

fn xor<const LANES: usize>(sum: &mut [u64; LANES], summand: &[u64; LANES]) {
    sum.iter_mut().zip(summand).for_each(|(sum, summand)| *sum ^= summand);
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
