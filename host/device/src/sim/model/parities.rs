//! The model's parities: DEVICE.md §6.2.

use zeroize::Zeroize;

use super::{Finished, Kernel};
use crate::layout::Status;

/// The unit for running parities.
#[derive(Debug)]
pub struct Parities {
    /// Longest frame, in bits.
    pub bits: usize,
}

impl Kernel for Parities {
    fn run(&mut self, parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished {
        let [n, groups] = [parameters[0], parameters[1]].map(|parameter| parameter as usize);
        let in_range = (1..=self.bits).contains(&n) && (1..=1 << 16).contains(&groups);
        if !in_range || parameters[2..].iter().any(|&reserved| reserved != 0) {
            return Finished::failed(Status::BadParameter);
        }
        let Some((indices, rows)) =
            input.split_at_checked(n.div_ceil(16)).filter(|(_, rows)| !rows.is_empty())
        else {
            return Finished::failed(Status::BadLength);
        };
        // Those behind the last one are checked too.
        let mut indices: Vec<usize> = indices.iter().flatten().flat_map(|&word| indices_of(word)).collect();
        if indices.iter().any(|&index| index >= n) {
            return Finished::failed(Status::BadData);
        }
        if rows.len() != groups * n {
            return Finished::failed(Status::BadLength);
        }
        indices.truncate(n);
        let mut seen = vec![false; n];
        if indices.iter().any(|&index| std::mem::replace(&mut seen[index], true)) {
            return Finished::failed(Status::BadData);
        }
        for group in rows.chunks_exact(n) {
            let mut sum = [0; 4];
            for &index in &indices {
                sum.iter_mut().zip(group[index]).for_each(|(sum, word)| *sum ^= word);
                output.push(sum);
            }
            sum.zeroize();
        }
        Finished { status: Status::Ok, results: [0; 2] }
    }
}

fn indices_of(word: u64) -> [usize; 4] {
    std::array::from_fn(|i| usize::from((word >> (16 * i)) as u16))
}
