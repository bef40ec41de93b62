//! How sifting lies in device memory: DEVICE.md §6.1.
//!
//! ```text
//! in:  mask 0..256 · plane 0 · plane 1 · … · mask 256..512 · plane 0 · …
//! out: plane 0, 256 kept slots · plane 1 · … · plane 0 · … · counters
//! ```

use qkdpp_kernels::Bits;
use qkdpp_kernels::sift::Sift;
use zeroize::Zeroize;

use super::{Capabilities, Kernel, Layout, Resident, Shape, Sink, Source, Unsupported, Wrong};

/// Slots of one submission: the parameter's range, and planes whose beats a length in bytes of 32 bits can say.
const MAX_SLOTS: usize = 1 << 31;
/// Beats of input of one submission.
const MAX_BEATS: usize = (1 << 27) - 1;

/// Consecutive planes of a job that one submission compacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number of the first plane.
    first: usize,
    planes: usize,
}

impl Part {
    /// Beats of one chunk of input: the mask's and the planes'.
    fn chunk_beats(self) -> usize {
        self.planes + 1
    }
}

impl Layout for Part {
    type Job = Sift;
    type Output = Vec<Bits>;

    fn cut(
        job: &Sift,
        capabilities: &Capabilities,
        _resident: &mut Resident,
    ) -> Result<Vec<Self>, Unsupported> {
        let (slots, all) = (job.mask().len(), job.planes().len());
        if slots == 0 {
            return Ok(Vec::new());
        }
        let most = capabilities.sift_planes.min(all).min((MAX_BEATS / slots.div_ceil(256)).saturating_sub(1));
        if slots > MAX_SLOTS || most == 0 {
            return Err(Unsupported(format!("sifting of {slots} slots")));
        }
        let parts = (0..all).step_by(most).map(|first| Self { first, planes: most.min(all - first) });
        Ok(parts.collect())
    }

    fn shape(&self, job: &Sift) -> Shape {
        let chunks = job.mask().len().div_ceil(256);
        let mut parameters = [0; 8];
        parameters[..2].copy_from_slice(&[job.mask().len() as u32, self.planes as u32]);
        Shape {
            kernel: Kernel::Sift,
            parameters,
            input_beats: chunks * self.chunk_beats(),
            output_beats: chunks * self.planes + 1,
        }
    }

    fn encode(&self, job: &Sift, to: &mut dyn Sink) {
        let strings: Vec<&Bits> = std::iter::once(&**job.mask())
            .chain(job.planes()[self.first..self.first + self.planes].iter().map(|plane| &**plane))
            .collect();
        let mut beats = vec![0; 4 * strings.len()];
        for first in (0..strings[0].words().len()).step_by(4) {
            for (beat, bits) in beats.chunks_exact_mut(4).zip(&strings) {
                for (index, word) in beat.iter_mut().enumerate() {
                    *word = bits.words().get(first + index).copied().unwrap_or(0);
                }
            }
            to.put(&beats);
        }
        beats.zeroize();
    }

    fn blank(job: &Sift) -> Vec<Bits> {
        vec![Bits::default(); job.planes().len()]
    }

    fn decode(
        &self,
        job: &Sift,
        results: [u32; 2],
        from: &mut dyn Source,
        into: &mut Vec<Bits>,
    ) -> Result<(), Wrong> {
        let kept = job.mask().count_ones();
        if results != [kept as u32, 0] {
            return Err(Wrong(format!("sifting by a mask of weight {kept} kept {} slots", results[0])));
        }
        let groups = kept.div_ceil(256);
        let mut planes = vec![Vec::with_capacity(4 * groups); self.planes];
        let mut beat = [0; 4];
        for _ in 0..groups {
            for words in &mut planes {
                from.take(&mut beat)?;
                words.extend_from_slice(&beat);
            }
        }
        beat.zeroize();
        let mut counters = [0; 4];
        from.take(&mut counters)?;
        check_counters(&counters, kept, &planes)?;
        for (plane, words) in into[self.first..self.first + self.planes].iter_mut().zip(planes) {
            check_tail(&words, kept)?;
            *plane = Bits::from_words(words, kept);
        }
        Ok(())
    }
}

/// Compares the counters with the weights of the planes they are about.
fn check_counters(counters: &[u64; 4], kept: usize, planes: &[Vec<u64>]) -> Result<(), Wrong> {
    let count = |class: usize| (counters[class / 2] >> (32 * (class % 2))) as u32 as usize;
    if (0..8).map(count).sum::<usize>() != kept {
        return Err(Wrong(format!("counters of sifting do not add up to {kept} slots")));
    }
    for number in 0..3 {
        let counted: usize = (0..8).filter(|class| class >> number & 1 == 1).map(count).sum();
        let weight = planes.get(number).map_or(0, |words| weight(words));
        if counted != weight {
            return Err(Wrong(format!(
                "plane {number} of sifting has weight {weight}, counted were {counted}"
            )));
        }
    }
    Ok(())
}

fn weight(words: &[u64]) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
}

/// Behind the kept slots there are zeros.
fn check_tail(words: &[u64], kept: usize) -> Result<(), Wrong> {
    let (index, used) = (kept / 64, kept % 64);
    let behind = words.get(index).map_or(0, |word| word >> used)
        | words.iter().skip(index + 1).fold(0, |all, word| all | word);
    if behind == 0 { Ok(()) } else { Err(Wrong("bits behind the last sifted slot".to_owned())) }
}
