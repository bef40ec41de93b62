//! The model's sift: DEVICE.md §6.1.

use super::{Finished, Kernel};
use crate::layout::Status;

/// The sifting unit.
#[derive(Debug)]
pub struct Sift {
    /// Planes of one job.
    pub planes: usize,
}

impl Kernel for Sift {
    fn run(&mut self, parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished {
        let [slots, planes] = [parameters[0], parameters[1]].map(|parameter| parameter as usize);
        let in_range = (1..=1 << 31).contains(&slots) && (1..=self.planes).contains(&planes);
        if !in_range || parameters[2..].iter().any(|&reserved| reserved != 0) {
            return Finished::failed(Status::BadParameter);
        }
        if input.len() != slots.div_ceil(256) * (planes + 1) {
            return Finished::failed(Status::BadLength);
        }
        let mut classes = [0_u32; 8];
        let mut group = vec![[0; 4]; planes];
        let mut kept = 0_usize;
        for slot in 0..slots {
            let chunk = &input[slot / 256 * (planes + 1)..][..=planes];
            let bit = |beat: &[u64; 4]| beat[slot % 256 / 64] >> (slot % 64) & 1;
            if bit(&chunk[0]) == 0 {
                continue;
            }
            for (plane, beat) in chunk[1..].iter().zip(&mut group) {
                beat[kept % 256 / 64] |= bit(plane) << (kept % 64);
            }
            let class = chunk[1..].iter().take(3).rev().fold(0, |class, plane| class << 1 | bit(plane));
            classes[class as usize] += 1;
            kept += 1;
            if kept.is_multiple_of(256) {
                output.append(&mut group);
                group.resize(planes, [0; 4]);
            }
        }
        if !kept.is_multiple_of(256) {
            output.append(&mut group);
        }
        output.push(std::array::from_fn(|i| u64::from(classes[2 * i]) | u64::from(classes[2 * i + 1]) << 32));
        Finished { status: Status::Ok, results: [kept as u32, 0] }
    }
}
