//! Running parities by the book (SPEC §4).

use super::Parities;
use crate::bits::Bits;

/// The running parities of every frame of `job`, frame by frame.
pub fn run(job: &Parities) -> Bits {
    let len = job.permutation().len();
    let mut out = Bits::zeros(job.frames().len());
    for start in (0..out.len()).step_by(len) {
        let mut parity = false;
        for (position, &index) in job.permutation().indices().iter().enumerate() {
            parity ^= job.frames().get(start + index as usize);
            out.set(start + position, parity);
        }
    }
    out
}
