//! Layered decoding, 32 checks of a base row at a time.

#[allow(clippy::wildcard_imports, reason = "a dozen names that all begin with _mm")]
use std::arch::x86_64::*;

use zeroize::Zeroizing;

use super::check::{Checks, widen};
use super::columns::{Columns, LANES, Window};
use crate::bits::Bits;
use crate::ldpc::portable::parity;
use crate::ldpc::stall::Stall;
use crate::ldpc::{Decoded, LdpcDecode, rule};

/// Decodes the word of `job`, whose lifting factor is at least [`LEAST_LIFTING`](super::columns::LEAST_LIFTING).
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn run(job: &LdpcDecode) -> Decoded {
    let mut decoder = Decoder::new(job);
    let (mut stall, mut stalled) = (Stall::default(), false);
    let mut iterations = 0;
    loop {
        let word = decoder.decisions();
        let converged = parity::agree(job.code(), &word, job.syndrome());
        if converged || stalled || iterations == job.max_iterations() {
            return Decoded { word, iterations, converged };
        }
        stalled = stall.after(decoder.iterate());
        iterations += 1;
    }
}

struct Decoder<'a> {
    job: &'a LdpcDecode,
    posteriors: Columns,
    /// R of each edge: for each block of 32 checks, the row's entries in their order.
    messages: Zeroizing<Vec<__m256i>>,
    /// T and q of the edges of one block of checks.
    edges: Zeroizing<Vec<[__m256i; 3]>>,
}

impl<'a> Decoder<'a> {
    #[target_feature(enable = "avx2")]
    fn new(job: &'a LdpcDecode) -> Self {
        let (code, zero) = (job.code(), _mm256_setzero_si256());
        let mut posteriors = Columns::new(code.base().ncols(), code.z());
        for variable in (0..code.variables()).step_by(LANES) {
            let received = job.word().word_at(variable) as u32;
            let known = job.known().map_or(0, |known| known.word_at(variable) as u32);
            let window = start(job.channel(), received, known);
            posteriors.set_window(variable / code.z(), variable % code.z(), window);
        }
        let entries = code.rows().iter().map(Vec::len).sum::<usize>();
        let heaviest = code.rows().iter().map(Vec::len).max().unwrap_or(0);
        Self {
            job,
            posteriors,
            messages: Zeroizing::new(vec![zero; entries * (code.z() / LANES)]),
            edges: Zeroizing::new(vec![[zero; 3]; heaviest]),
        }
    }

    #[target_feature(enable = "avx2")]
    fn decisions(&self) -> Bits {
        let (z, received) = (self.job.code().z(), self.job.word());
        let of_block = |variable: usize| {
            let [low, high] = self.posteriors.window(variable / z, variable % z);
            let q = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(low, high));
            let negative = _mm256_movemask_epi8(q) as u32;
            let zero = _mm256_movemask_epi8(_mm256_cmpeq_epi8(q, _mm256_setzero_si256())) as u32;
            u64::from(negative) | u64::from(zero) & received.word_at(variable)
        };
        let words = (0..received.len()).step_by(64);
        let words = words.map(|first| of_block(first) | of_block(first + LANES) << LANES).collect();
        Bits::from_words(words, received.len())
    }

    /// One iteration: every base row, in order. Returns the number of checks that were not satisfied.
    #[target_feature(enable = "avx2,popcnt")]
    fn iterate(&mut self) -> u64 {
        let (code, mut next, mut unsatisfied) = (self.job.code(), 0, 0);
        for (row, entries) in code.rows().iter().enumerate() {
            for first in (0..code.z()).step_by(LANES) {
                let wanted = self.job.syndrome().word_at(row * code.z() + first) as u32;
                let mut checks = Checks::wanting(wanted);
                let messages = &mut self.messages[next..next + entries.len()];
                let edges = &mut self.edges[..entries.len()];
                for ((entry, &message), edge) in entries.iter().zip(&*messages).zip(&mut *edges) {
                    let window = self.posteriors.window(entry.column, first + entry.shift);
                    let totals = each(window, widen(message), |p, r| _mm256_sub_epi16(p, r));
                    *edge = [totals[0], totals[1], checks.collect(totals)];
                }
                unsatisfied += u64::from(checks.unsatisfied());
                let answers = checks.answers();
                for ((entry, message), &[low, high, q]) in entries.iter().zip(messages).zip(&*edges) {
                    *message = answers.to(q);
                    let window = each([low, high], widen(*message), |t, r| _mm256_add_epi16(t, r));
                    self.posteriors.set_window(entry.column, first + entry.shift, window);
                }
                next += entries.len();
            }
        }
        unsatisfied
    }
}

#[inline]
fn each(a: Window, b: Window, operation: impl Fn(__m256i, __m256i) -> __m256i) -> Window {
    [operation(a[0], b[0]), operation(a[1], b[1])]
}

/// The posteriors at the start of 32 variables whose received and known bits are these.
#[target_feature(enable = "avx2")]
fn start(channel: u8, received: u32, known: u32) -> Window {
    let mask = |bits: u32| {
        let bit = _mm256_set_epi16(
            i16::MIN,
            1 << 14,
            1 << 13,
            1 << 12,
            1 << 11,
            1 << 10,
            1 << 9,
            1 << 8,
            1 << 7,
            1 << 6,
            1 << 5,
            1 << 4,
            1 << 3,
            1 << 2,
            1 << 1,
            1,
        );
        _mm256_cmpeq_epi16(_mm256_and_si256(_mm256_set1_epi16(bits as i16), bit), bit)
    };
    [0, 16].map(|shift| {
        let (negative, known) = (mask(received >> shift), mask(known >> shift));
        let uncertain = _mm256_set1_epi16(channel.into());
        let magnitude = _mm256_blendv_epi8(uncertain, _mm256_set1_epi16(rule::KNOWN), known);
        _mm256_sub_epi16(_mm256_xor_si256(magnitude, negative), negative)
    })
}
