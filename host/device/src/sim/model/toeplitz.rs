//! The model's toeplitz: DEVICE.md §6.5.

use zeroize::Zeroizing;

use super::{Finished, Kernel};
use crate::layout::Status;

/// The Toeplitz hash unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toeplitz {
    /// T: bits of a block.
    pub tile: usize,
    /// Largest A + B.
    pub seed_blocks: usize,
    /// Largest B.
    pub out_blocks: usize,
}

/// The parameters p0 to p3, checked.
#[derive(Clone, Copy)]
struct Sizes {
    key_blocks: usize,
    out_blocks: usize,
    with_addend: bool,
    out_bits: usize,
}

impl Toeplitz {
    fn sizes(&self, parameters: &[u32; 8]) -> Option<Sizes> {
        let [key_blocks, out_blocks, flags, out_bits] = [0, 1, 2, 3].map(|index| parameters[index] as usize);
        let fits = key_blocks >= 1
            && (1..=self.out_blocks).contains(&out_blocks)
            && key_blocks + out_blocks <= self.seed_blocks
            && flags <= 1
            && out_bits.div_ceil(self.tile) == out_blocks
            && parameters[4..].iter().all(|&reserved| reserved == 0);
        fits.then_some(Sizes { key_blocks, out_blocks, with_addend: flags == 1, out_bits })
    }

    /// The words of the blocks that begin at the beats given, followed by one word of zeros.
    fn words(&self, input: &[[u64; 4]], firsts: impl Iterator<Item = usize>) -> Zeroizing<Vec<u64>> {
        let beats = self.tile.div_ceil(256);
        let blocks = firsts
            .flat_map(|first| input[first..first + beats].iter().flatten().copied().take(self.tile / 64));
        Zeroizing::new(blocks.chain([0]).collect())
    }
}

impl Kernel for Toeplitz {
    fn run(&mut self, parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished {
        let Some(sizes) = self.sizes(parameters) else {
            return Finished::failed(Status::BadParameter);
        };
        let Sizes { key_blocks, out_blocks, with_addend, out_bits } = sizes;
        let beats = self.tile.div_ceil(256);
        let loads = if with_addend { 2 * out_blocks } else { out_blocks };
        if input.len() != (loads + 2 * key_blocks) * beats {
            return Finished::failed(Status::BadLength);
        }
        // Where the parts begin, in beats.
        let pairs = (0..key_blocks).map(|row| (loads + 2 * row) * beats);
        let first_seeds = (0..out_blocks).map(|block| block * beats);
        let addends = (out_blocks..loads).map(|block| block * beats);

        let seed = self.words(input, first_seeds.chain(pairs.clone()));
        let key = self.words(input, pairs.rev().map(|pair| pair + beats));
        let mut sums = self.words(input, addends);
        sums.resize(out_blocks * self.tile / 64, 0);
        for bit in 0..key_blocks * self.tile {
            let chosen = 0_u64.wrapping_sub(key[bit / 64] >> (bit % 64) & 1);
            add_shifted(&mut sums, &seed, key_blocks * self.tile - 1 - bit, chosen);
        }
        keep(&mut sums, out_bits);
        for block in sums.chunks(self.tile / 64) {
            output.extend(block.chunks(4).map(|words| {
                let mut beat = [0; 4];
                beat[..words.len()].copy_from_slice(words);
                beat
            }));
        }
        Finished { status: Status::Ok, results: [0; 2] }
    }

    /// A product a cycle: hdl/rtl/toeplitz/README.md.
    fn engine_cycles(&self, parameters: &[u32; 8], _beats: usize, _results: [u32; 2]) -> u64 {
        u64::from(parameters[0]) * u64::from(parameters[1].max(4))
    }
}

/// sums\[i\] ^= seed\[i + shift\] for all bits i, where `chosen` is all ones.
fn add_shifted(sums: &mut [u64], seed: &[u64], shift: usize, chosen: u64) {
    let (word, bit) = (shift / 64, shift % 64);
    for (sum, pair) in sums.iter_mut().zip(seed[word..].windows(2)) {
        // Two shifts, as one by 64 is none.
        *sum ^= (pair[0] >> bit | pair[1] << 1 << (63 - bit)) & chosen;
    }
}

/// Clears the bits from `len` on.
fn keep(words: &mut [u64], len: usize) {
    for (index, word) in words.iter_mut().enumerate() {
        let kept = len.saturating_sub(64 * index).min(64);
        *word &= if kept == 0 { 0 } else { u64::MAX >> (64 - kept) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Toeplitz = Toeplitz { tile: 128, seed_blocks: 8, out_blocks: 3 };

    fn run(parameters: [u32; 4], beats: usize) -> (Finished, usize) {
        let mut all = [0; 8];
        all[..4].copy_from_slice(&parameters);
        let mut output = Vec::new();
        let input: Vec<_> = (0..beats as u64).map(|beat| [beat + 1, !beat, 0, 0]).collect();
        (UNIT.clone().run(&all, &input, &mut output), output.len())
    }

    #[test]
    fn parameters_and_lengths_are_checked() {
        assert_eq!(run([5, 3, 1, 384], 16), (Finished { status: Status::Ok, results: [0; 2] }, 3));
        assert_eq!(run([5, 3, 0, 257], 13), (Finished { status: Status::Ok, results: [0; 2] }, 3));
        for (parameters, beats) in [
            ([0, 1, 0, 128], 1),
            ([1, 0, 0, 0], 2),
            ([6, 3, 0, 384], 15),
            ([1, 4, 0, 512], 6),
            ([1, 1, 2, 128], 3),
            ([1, 1, 0, 0], 3),
            ([1, 1, 0, 129], 3),
            ([1, 2, 0, 128], 4),
        ] {
            assert_eq!(run(parameters, beats), (Finished::failed(Status::BadParameter), 0), "{parameters:?}");
        }
        for beats in [12, 14, 15, 17] {
            assert_eq!(run([5, 3, 1, 384], beats), (Finished::failed(Status::BadLength), 0), "{beats} beats");
        }
    }

    #[test]
    fn the_definition_bit_by_bit() {
        let bit = |words: &[[u64; 4]], at: usize| words[at / 256][at % 256 / 64] >> (at % 64) & 1;
        let mut unit = Toeplitz { tile: 256, seed_blocks: 8, out_blocks: 3 };
        let mut state = 1_u64;
        let mut block = || {
            std::array::from_fn(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                state ^ state >> 33
            })
        };
        let seed: Vec<[u64; 4]> = (0..5).map(|_| block()).collect();
        let key: Vec<[u64; 4]> = (0..3).map(|_| block()).collect();
        let addend: Vec<[u64; 4]> = (0..2).map(|_| block()).collect();
        let input =
            [seed[0], seed[1], addend[0], addend[1], seed[2], key[2], seed[3], key[1], seed[4], key[0]];
        let mut output = Vec::new();
        let finished = unit.run(&[3, 2, 1, 300, 0, 0, 0, 0], &input, &mut output);
        assert_eq!((finished.status, output.len()), (Status::Ok, 2));
        for i in 0..512 {
            let sum = (0..768).fold(bit(&addend, i), |sum, j| sum ^ bit(&seed, i + 767 - j) & bit(&key, j));
            assert_eq!(bit(&output, i), if i < 300 { sum } else { 0 }, "bit {i}");
        }
    }
}
