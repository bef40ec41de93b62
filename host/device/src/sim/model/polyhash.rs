//! The model's polyhash: DEVICE.md §6.4.

use zeroize::Zeroize;

use super::{Finished, Kernel};
use crate::layout::Status;

/// The polynomial hash unit.
#[derive(Debug, Default)]
pub struct PolyHash;

impl Kernel for PolyHash {
    fn run(&mut self, parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished {
        let &[segments, full, last, ..] = parameters;
        let in_range = (1..=1 << 31).contains(&segments) && (1..=full).contains(&last);
        if !in_range || parameters[3..].iter().any(|&reserved| reserved != 0) {
            return Finished::failed(Status::BadParameter);
        }
        let beats =
            1 + (u64::from(segments) - 1) * u64::from(full.div_ceil(256)) + u64::from(last.div_ceil(256));
        if input.len() as u64 != beats {
            return Finished::failed(Status::BadLength);
        }
        let mut key = element(input[0], 0);
        let (mut half, mut rest) = (None, &input[1..]);
        for segment in 1..=segments {
            let bits = if segment == segments { last } else { full };
            let (data, others) = rest.split_at(bits.div_ceil(256) as usize);
            rest = others;
            let hash = hash(key, data, bits);
            match half.take() {
                Some(low) => output.push(beat(low, hash)),
                None if segment == segments => output.push(beat(hash, 0)),
                None => half = Some(hash),
            }
        }
        key.zeroize();
        Finished { status: Status::Ok, results: [0; 2] }
    }

    /// A beat has two blocks, each of which takes a cycle.
    fn engine_cycles(&self, _parameters: &[u32; 8], beats: usize, _results: [u32; 2]) -> u64 {
        beats as u64
    }
}

/// Block `half` of a beat.
fn element(beat: [u64; 4], half: usize) -> u128 {
    u128::from(beat[2 * half]) | u128::from(beat[2 * half + 1]) << 64
}

fn beat(low: u128, high: u128) -> [u64; 4] {
    [low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64]
}

fn hash(key: u128, data: &[[u64; 4]], bits: u32) -> u128 {
    let blocks = (0..bits.div_ceil(128) as usize).map(|index| element(data[index / 2], index % 2));
    blocks.chain([u128::from(bits)]).fold(0, |h, block| product(h ^ block, key))
}

/// The product in GF(2^128), from the highest coefficient of `b` down, without a branch that depends on either.
fn product(a: u128, b: u128) -> u128 {
    (0..128).rev().fold(0, |sum: u128, i| {
        let carried = 0_u128.wrapping_sub(sum >> 127) & 0b1000_0111;
        let chosen = 0_u128.wrapping_sub(b >> i & 1) & a;
        sum << 1 ^ carried ^ chosen
    })
}
