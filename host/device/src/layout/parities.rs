//! How running parities lie in device memory: DEVICE.md §6.2.
//!
//! The device takes 256 frames side by side. Frames are therefore transposed here, 64 × 64 bits at a time:
//!
//! ```text
//! in:  permutation · row 0 of frames 0..256 · row 1 · … · row 0 of frames 256..512 · …
//! out:               row 0 of frames 0..256 · row 1 · … · row 0 of frames 256..512 · …
//! ```

use qkdpp_kernels::Bits;
use qkdpp_kernels::bitslice::transpose;
use qkdpp_kernels::parities::Parities;
use zeroize::{Zeroize, Zeroizing};

use super::{BEAT, Capabilities, Kernel, Layout, Resident, Shape, Sink, Source, Unsupported, Wrong};

/// Frames side by side.
const GROUP: usize = 8 * BEAT;
/// Groups of one submission.
const MAX_GROUPS: usize = 1 << 16;
/// Beats of input of one submission: its length in bytes has 32 bits.
const MAX_BEATS: usize = (1 << 27) - 1;

/// Consecutive groups of 256 frames that one submission does; the job's last group may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number of the first group.
    first: usize,
    groups: usize,
}

/// Rows of 64 columns of four times 64 frames.
type Block = [[u64; 64]; 4];

fn frames_of(job: &Parities) -> usize {
    job.frames().len() / job.permutation().len()
}

impl Layout for Part {
    type Job = Parities;
    type Output = Bits;

    fn cut(
        job: &Parities,
        capabilities: &Capabilities,
        _resident: &mut Resident,
    ) -> Result<Vec<Self>, Unsupported> {
        let (n, all) = (job.permutation().len(), frames_of(job).div_ceil(GROUP));
        // An index has 16 bits.
        if n > capabilities.parities_bits.min(1 << 16) {
            return Err(Unsupported(format!("parities of frames of {n} bits")));
        }
        let most = ((MAX_BEATS - n.div_ceil(16)) / n).min(MAX_GROUPS);
        let parts = (0..all).step_by(most).map(|first| Self { first, groups: most.min(all - first) });
        Ok(parts.collect())
    }

    fn shape(&self, job: &Parities) -> Shape {
        let n = job.permutation().len();
        let mut parameters = [0; 8];
        parameters[..2].copy_from_slice(&[n as u32, self.groups as u32]);
        let rows = self.groups * n;
        Shape { kernel: Kernel::Parities, parameters, input_beats: n.div_ceil(16) + rows, output_beats: rows }
    }

    fn encode(&self, job: &Parities, to: &mut dyn Sink) {
        let n = job.permutation().len();
        for indices in job.permutation().indices().chunks(16) {
            let mut beat = [0; 4];
            for (position, &index) in indices.iter().enumerate() {
                beat[position / 4] |= u64::from(index) << (16 * (position % 4));
            }
            to.put(&beat);
        }
        let mut block = Zeroizing::new([[0; 64]; 4]);
        let mut rows = Zeroizing::new([0; 4 * 64]);
        for group in self.first..self.first + self.groups {
            for column in (0..n).step_by(64) {
                read_block(job, group, column, &mut block);
                block.iter_mut().for_each(transpose);
                for (j, row) in rows.chunks_exact_mut(4).enumerate() {
                    row.copy_from_slice(&std::array::from_fn::<_, 4, _>(|quarter| block[quarter][j]));
                }
                to.put(&rows[..4 * (n - column).min(64)]);
            }
        }
    }

    fn blank(job: &Parities) -> Bits {
        Bits::zeros(job.frames().len())
    }

    fn decode(
        &self,
        job: &Parities,
        results: [u32; 2],
        from: &mut dyn Source,
        into: &mut Bits,
    ) -> Result<(), Wrong> {
        if results != [0; 2] {
            return Err(Wrong("results of running parities, which have none".to_owned()));
        }
        let (n, frames) = (job.permutation().len(), frames_of(job));
        let first = GROUP * self.first;
        let mut joined = Joined::new(n, frames.min(GROUP * (self.first + self.groups)) - first);
        let mut block = Zeroizing::new([[0; 64]; 4]);
        let mut rows = Zeroizing::new([0; 4 * 64]);
        for group in 0..self.groups {
            for column in (0..n).step_by(64) {
                let rows = &mut rows[..4 * (n - column).min(64)];
                from.take(rows)?;
                block.zeroize();
                for (j, row) in rows.chunks_exact(4).enumerate() {
                    (0..4).for_each(|quarter| block[quarter][j] = row[quarter]);
                }
                block.iter_mut().for_each(transpose);
                joined.add(GROUP * group, column, &block)?;
            }
        }
        check_totals(job, first, &joined)?;
        joined.write(first, into);
        Ok(())
    }
}

/// 64 bits of each frame of `group` from bit `column` on; zeros for frames that are not there.
fn read_block(job: &Parities, group: usize, column: usize, block: &mut Block) {
    let (n, frames) = (job.permutation().len(), frames_of(job));
    let words = block.as_flattened_mut();
    for (frame, word) in (GROUP * group..).zip(words) {
        // Past the end of the frame these are bits of the next one, in rows that are not sent.
        *word = if frame < frames { job.frames().word_at(frame * n + column) } else { 0 };
    }
}

/// Frames that come back block by block.
struct Joined {
    n: usize,
    frames: usize,
    words: Zeroizing<Vec<u64>>,
}

impl Joined {
    fn new(n: usize, frames: usize) -> Self {
        Self { n, frames, words: Zeroizing::new(vec![0; frames * n.div_ceil(64)]) }
    }

    fn add(&mut self, first: usize, column: usize, block: &Block) -> Result<(), Wrong> {
        let stride = self.n.div_ceil(64);
        for (frame, &word) in (first..).zip(block.as_flattened()) {
            if frame < self.frames {
                self.words[frame * stride + column / 64] = word;
            } else if word != 0 {
                return Err(Wrong("parities of a frame that does not exist".to_owned()));
            }
        }
        Ok(())
    }

    /// The words of frame `index`.
    fn frame(&self, index: usize) -> &[u64] {
        let stride = self.n.div_ceil(64);
        &self.words[index * stride..(index + 1) * stride]
    }

    /// All frames, one after the other.
    fn packed(&self) -> Bits {
        let len = self.frames * self.n;
        // A word more, so that every word may spill into its successor.
        let mut words = vec![0; len / 64 + 2];
        for index in 0..self.frames {
            for (word, at) in self.frame(index).iter().zip((index * self.n..).step_by(64)) {
                words[at / 64] |= word << (at % 64);
                words[at / 64 + 1] |= word >> 1 >> (63 - at % 64);
            }
        }
        words.truncate(len.div_ceil(64));
        Bits::from_words(words, len)
    }

    /// Puts the frames into `into`, the first one as its frame `first`.
    fn write(&self, first: usize, into: &mut Bits) {
        let part = self.packed();
        let (start, end) = (first * self.n, first * self.n + part.len());
        *into = if part.len() == into.len() {
            part
        } else {
            Bits::concat([&into.slice(0..start), &part, &into.slice(end..into.len())])
        };
    }
}

/// The last running parity of a frame is the parity of the frame, whatever the permutation.
fn check_totals(job: &Parities, first: usize, joined: &Joined) -> Result<(), Wrong> {
    let n = joined.n;
    for index in 0..joined.frames {
        let start = (first + index) * n;
        let fold = |sum: u64, column: usize| {
            let kept = (n - column).min(64);
            sum ^ (job.frames().word_at(start + column) & u64::MAX >> (64 - kept))
        };
        let parity = (0..n).step_by(64).fold(0, fold).count_ones() % 2;
        let last = joined.frame(index)[(n - 1) / 64] >> ((n - 1) % 64) & 1;
        if last != u64::from(parity) {
            return Err(Wrong(format!("the parities of frame {} do not add up", first + index)));
        }
    }
    Ok(())
}
