//! How polynomial hashes lie in device memory: DEVICE.md §6.4.
//!
//! ```text
//! in:  key · segment 0 · segment 1 · …   each from a new beat on
//! out: hash 1, hash 0 · hash 3, hash 2 · …
//! ```

use qkdpp_kernels::Bits;
use qkdpp_kernels::polyhash::PolyHash;
use zeroize::Zeroize;

use super::{Capabilities, Kernel, Layout, Resident, Shape, Sink, Source, Unsupported, Wrong};

/// Beats of input that one submission takes: its length in bytes has 32 bits.
const MAX_BEATS: usize = (1 << 27) - 1;
/// Segments of one submission.
const MAX_SEGMENTS: usize = 1 << 31;

/// Consecutive segments of a job that are hashed by one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number of the first segment.
    first: usize,
    segments: usize,
}

/// Bits of a segment, which may be given as longer than the message.
fn segment_len(job: &PolyHash) -> usize {
    job.segment().min(job.message().len())
}

/// Bits of segment `index`.
fn len_of(job: &PolyHash, index: usize) -> usize {
    let len = segment_len(job);
    len.min(job.message().len() - index * len)
}

impl Layout for Part {
    type Job = PolyHash;
    type Output = Vec<u128>;

    fn cut(
        job: &PolyHash,
        _capabilities: &Capabilities,
        _resident: &mut Resident,
    ) -> Result<Vec<Self>, Unsupported> {
        let (len, all) = (segment_len(job), job.segments());
        let beats = len.div_ceil(256);
        if u32::try_from(len).is_err() || beats >= MAX_BEATS {
            return Err(Unsupported(format!("a polynomial hash of a segment of {len} bits")));
        }
        let most = ((MAX_BEATS - 1) / beats.max(1)).min(MAX_SEGMENTS);
        let parts = (0..all).step_by(most).map(|first| Self { first, segments: most.min(all - first) });
        Ok(parts.collect())
    }

    fn shape(&self, job: &PolyHash) -> Shape {
        let (len, last) = (segment_len(job), len_of(job, self.first + self.segments - 1));
        let mut parameters = [0; 8];
        parameters[..3].copy_from_slice(&[self.segments as u32, len as u32, last as u32]);
        Shape {
            kernel: Kernel::PolyHash,
            parameters,
            input_beats: 1 + (self.segments - 1) * len.div_ceil(256) + last.div_ceil(256),
            output_beats: self.segments.div_ceil(2),
        }
    }

    fn encode(&self, job: &PolyHash, to: &mut dyn Sink) {
        let mut key = [job.key() as u64, (job.key() >> 64) as u64, 0, 0];
        to.put(&key);
        key.zeroize();
        for index in self.first..self.first + self.segments {
            put_range(job.message(), index * segment_len(job), len_of(job, index), to);
        }
    }

    fn blank(job: &PolyHash) -> Vec<u128> {
        vec![0; job.segments()]
    }

    fn decode(
        &self,
        _job: &PolyHash,
        results: [u32; 2],
        from: &mut dyn Source,
        into: &mut Vec<u128>,
    ) -> Result<(), Wrong> {
        if results != [0; 2] {
            return Err(Wrong("results of a polynomial hash that has none".to_owned()));
        }
        let mut beat = [0; 4];
        for pair in into[self.first..self.first + self.segments].chunks_mut(2) {
            from.take(&mut beat)?;
            let both = [0, 2].map(|at| u128::from(beat[at]) | u128::from(beat[at + 1]) << 64);
            pair.copy_from_slice(&both[..pair.len()]);
            if pair.len() == 1 && both[1] != 0 {
                return Err(Wrong("a polynomial hash behind the last one".to_owned()));
            }
        }
        Ok(())
    }
}

/// Words that are written at once.
const CHUNK: usize = 256;

/// Writes `len` bits from `start` on as whole beats, with zeros behind them.
fn put_range(bits: &Bits, start: usize, len: usize, to: &mut dyn Sink) {
    let mut chunk = [0; CHUNK];
    for at in (0..len).step_by(64 * CHUNK) {
        let left = (len - at).min(64 * CHUNK);
        let words = &mut chunk[..4 * left.div_ceil(256)];
        for (index, word) in words.iter_mut().enumerate() {
            let kept = left.saturating_sub(64 * index).min(64);
            *word =
                if kept == 0 { 0 } else { bits.word_at(start + at + 64 * index) & u64::MAX >> (64 - kept) };
        }
        to.put(words);
    }
    chunk.zeroize();
}
