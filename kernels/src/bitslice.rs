//! Bits of 64 frames side by side: *slice* i is the word of the bits i of all of them.
//!
//! What is done to the same bit of every frame is then one operation on a word, or on a few, if a slice has `LANES` words
//! for 64 frames each.

use crate::bits::{Bits, words_for};
use crate::memory::filled;

/// Frames that one word holds a bit of.
pub const GROUP: usize = 64;

/// Words of each frame that are transposed together: a cache line.
pub(crate) const LINE: usize = 8;

/// The slices of frames of `len` bits: bit f of word l of slice i is bit i of the frame 64·l + f, the first of which begins at
/// bit `start` of `frames`. There are as many slices as bits in the words that hold a frame; those from `len` on are of no use,
/// and frames past the end of `frames` are zero.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub fn slices<const LANES: usize>(frames: &Bits, start: usize, len: usize) -> Vec<[u64; LANES]> {
    let mut slices = filled([0; LANES], 64 * words_for(len));
    for (line, slices) in slices.chunks_mut(64 * LINE).enumerate() {
        for frame in 0..GROUP * LANES {
            for (word, row) in slices.iter_mut().skip(frame % GROUP).step_by(64).enumerate() {
                row[frame / GROUP] = frames.word_at(start + frame * len + 64 * (LINE * line + word));
            }
        }
        slices.as_chunks_mut().0.iter_mut().for_each(transpose_lanes);
    }
    slices
}

/// Transposes a matrix of 64 × 64 bits: bit j of word i becomes bit i of word j.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub fn transpose(block: &mut [u64; 64]) {
    let mut lanes = block.map(|word| [word]);
    transpose_lanes(&mut lanes);
    *block = lanes.map(|[word]| word);
}

/// Transposes `LANES` such matrices, one in each lane.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(crate) fn transpose_lanes<const LANES: usize>(block: &mut [[u64; LANES]; 64]) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_bit_is_in_its_slice(words: [u64; 40], len in 1..200_usize, start in 0..70_usize) {
            let words: Vec<u64> = words.into_iter().cycle().take(130 * 4).collect();
            let bits = Bits::from_words(words, start + 128 * len);
            let slices = slices::<2>(&bits, start, len);
            for (bit, slice) in slices[..len].iter().enumerate() {
                for frame in 0..128 {
                    let expected = bits.get(start + frame * len + bit);
                    prop_assert_eq!(slice[frame / 64] >> (frame % 64) & 1 == 1, expected);
                }
            }
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
