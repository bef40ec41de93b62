//! How Toeplitz hashing lies in device memory: DEVICE.md §6.5.
//!
//! ```text
//!                   key parts             A · T bits of key, B · T of output, A + B blocks of seed each; the outputs
//!                 ┌───────┬───────┐       of a line are added, the lines follow each other
//!   output parts  │ A × B │ A × B │
//!                 ├───────┼───────┤       in:  seed blocks 0 to B−1 · addend · seed block B, last key block ·
//!                 │ A × B │ A × B │            seed block B+1, key block before it · …
//!                 └───────┴───────┘       out: B blocks
//! ```

use qkdpp_kernels::Bits;
use qkdpp_kernels::bits::words_for;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use zeroize::{Zeroize, Zeroizing};

use super::{Capabilities, Kernel, Layout, Resident, Shape, Sink, Source, Unsupported, Wrong};

/// Beats of input that one submission takes: its length in bytes has 32 bits.
const MAX_BEATS: usize = (1 << 27) - 1;
/// Smallest tile, in bits.
const MIN_TILE: usize = 128;
/// Words that are read or written at once.
const CHUNK: usize = 64;

/// A range of the key and a range of the output: one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// T.
    tile: usize,
    /// First key bit, a multiple of T.
    key_start: usize,
    key_len: usize,
    /// First output bit, a multiple of T.
    out_start: usize,
    out_len: usize,
}

/// Key bits that the matrix is applied to; those behind them are added to the output as they are.
fn hashed(job: &Toeplitz) -> usize {
    match job.family() {
        Family::Toeplitz => job.key().len(),
        Family::Modified => job.key().len() - job.out_len(),
    }
}

/// The size of `total` blocks' parts, if there are to be as few as possible of at most `most` blocks, equally large.
fn balanced(total: usize, most: usize) -> usize {
    total.div_ceil(total.div_ceil(most))
}

/// The ranges of `step` bits that make up `len` bits: start and length.
fn ranges(len: usize, step: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..len).step_by(step).map(move |start| (start, step.min(len - start)))
}

impl Part {
    /// A.
    fn key_blocks(&self) -> usize {
        self.key_len.div_ceil(self.tile)
    }

    /// B.
    fn out_blocks(&self) -> usize {
        self.out_len.div_ceil(self.tile)
    }

    fn block_beats(&self) -> usize {
        self.tile.div_ceil(256)
    }

    /// Whether the identity part of the modified family is added by this part, or by another or none.
    fn has_addend(&self, job: &Toeplitz) -> bool {
        job.family() == Family::Modified && self.key_start == 0
    }

    /// Writes one block, given its words.
    fn put_block(&self, to: &mut dyn Sink, word: impl Fn(usize) -> u64) {
        let words = self.tile / 64;
        let mut chunk = [0; CHUNK];
        for start in (0..words).step_by(CHUNK) {
            let left = (words - start).min(CHUNK);
            for (index, target) in chunk[..left].iter_mut().enumerate() {
                *target = word(start + index);
            }
            to.put(&chunk[..left.next_multiple_of(4)]);
        }
        chunk.zeroize();
    }

    /// Writes block `index` of `bits`, which are the `len` bits of `from` at `start`, followed by zeros.
    fn put_bits(&self, to: &mut dyn Sink, index: usize, from: &Bits, (start, len): (usize, usize)) {
        self.put_block(to, |word| {
            let at = index * self.tile + 64 * word;
            let kept = len.saturating_sub(at).min(64);
            if kept == 0 { 0 } else { from.word_at(start + at) & u64::MAX >> (64 - kept) }
        });
    }

    /// Writes block `index` of this part's seed. With d bits hashed, k and o the first bits of key and output, and the
    /// key padded to A·T bits, bit m of it is bit m + o + d − k − A·T of the seed, as §6.5 and SPEC §7 say.
    fn put_seed(&self, to: &mut dyn Sink, job: &Toeplitz, index: usize) {
        let ahead = self.out_start + hashed(job) - self.key_start + index * self.tile;
        let behind = self.key_blocks() * self.tile;
        self.put_block(to, |word| {
            let ahead = ahead + 64 * word;
            match (ahead.checked_sub(behind), behind.saturating_sub(ahead)) {
                (Some(at), _) => job.seed().word_at(at),
                (None, missing @ 1..64) => job.seed().word_at(0) << missing,
                (None, _) => 0,
            }
        });
    }
}

impl Layout for Part {
    type Job = Toeplitz;
    type Output = Bits;

    fn cut(
        job: &Toeplitz,
        capabilities: &Capabilities,
        _resident: &mut Resident,
    ) -> Result<Vec<Self>, Unsupported> {
        let tile = capabilities.toeplitz_tile;
        let seed_blocks = capabilities.toeplitz_seed_blocks.min(MAX_BEATS / tile.div_ceil(256).max(1) / 2);
        let most_out = capabilities.toeplitz_out_blocks.min(seed_blocks / 2);
        if tile < MIN_TILE || !tile.is_power_of_two() || most_out == 0 {
            return Err(Unsupported(format!("Toeplitz hashing by {seed_blocks} blocks of {tile} bits")));
        }
        let hashed = hashed(job);
        if hashed == 0 {
            return Ok(Vec::new());
        }
        let out_blocks = balanced(job.out_len().div_ceil(tile), most_out);
        let key_blocks = balanced(hashed.div_ceil(tile), seed_blocks - out_blocks);
        let parts = ranges(job.out_len(), out_blocks * tile).flat_map(|(out_start, out_len)| {
            ranges(hashed, key_blocks * tile).map(move |(key_start, key_len)| Self {
                tile,
                key_start,
                key_len,
                out_start,
                out_len,
            })
        });
        Ok(parts.collect())
    }

    fn shape(&self, job: &Toeplitz) -> Shape {
        let (key_blocks, out_blocks) = (self.key_blocks(), self.out_blocks());
        let has_addend = self.has_addend(job);
        let mut parameters = [0; 8];
        parameters[..4].copy_from_slice(&[
            key_blocks as u32,
            out_blocks as u32,
            u32::from(has_addend),
            self.out_len as u32,
        ]);
        let addend = if has_addend { out_blocks } else { 0 };
        Shape {
            kernel: Kernel::Toeplitz,
            parameters,
            input_beats: (2 * key_blocks + out_blocks + addend) * self.block_beats(),
            output_beats: out_blocks * self.block_beats(),
        }
    }

    fn encode(&self, job: &Toeplitz, to: &mut dyn Sink) {
        let (key_blocks, out_blocks) = (self.key_blocks(), self.out_blocks());
        for index in 0..out_blocks {
            self.put_seed(to, job, index);
        }
        if self.has_addend(job) {
            for index in 0..out_blocks {
                self.put_bits(to, index, job.key(), (hashed(job) + self.out_start, self.out_len));
            }
        }
        for row in 0..key_blocks {
            self.put_seed(to, job, out_blocks + row);
            self.put_bits(to, key_blocks - 1 - row, job.key(), (self.key_start, self.key_len));
        }
    }

    fn blank(job: &Toeplitz) -> Bits {
        if hashed(job) == 0 { Bits::clone(job.key()) } else { Bits::zeros(job.out_len()) }
    }

    fn decode(
        &self,
        _job: &Toeplitz,
        results: [u32; 2],
        from: &mut dyn Source,
        into: &mut Bits,
    ) -> Result<(), Wrong> {
        if results != [0; 2] {
            return Err(Wrong("results of a Toeplitz hash that has none".to_owned()));
        }
        let mut sum = Zeroizing::new(vec![0; words_for(into.len())]);
        let mut chunk = Zeroizing::new([0; CHUNK]);
        let words = self.tile / 64;
        let mut excess = 0;
        for block in 0..self.out_blocks() {
            for start in (0..words).step_by(CHUNK) {
                let left = (words - start).min(CHUNK);
                from.take(&mut chunk[..left.next_multiple_of(4)])?;
                for (index, &word) in chunk[..left.next_multiple_of(4)].iter().enumerate() {
                    let at = block * self.tile + 64 * (start + index);
                    let kept = if index < left { self.out_len.saturating_sub(at).min(64) } else { 0 };
                    if kept > 0 {
                        sum[(self.out_start + at) / 64] = word & u64::MAX >> (64 - kept);
                    }
                    excess |= word.checked_shr(kept as u32).unwrap_or(0);
                }
            }
        }
        if excess != 0 {
            return Err(Wrong("hashed bits behind the last one".to_owned()));
        }
        into.xor_assign(&Bits::from_words(std::mem::take(&mut sum), into.len()));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
