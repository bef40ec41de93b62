//! Layered decoding, 32 checks of a base row at a time.

#[allow(clippy::wildcard_imports, reason = "a dozen names that all begin with _mm")]
use std::arch::x86_64::*;

use zeroize::Zeroizing;

use super::check::{Checks, spread};
use super::columns::{Columns, LANES};
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
        Self { job, posteriors, messages: Zeroizing::new(vec![zero; entries * (code.z() / LANES)]) }
    }

    #[target_feature(enable = "avx2")]
    fn decisions(&self) -> Bits {
        let (z, received) = (self.job.code().z(), self.job.word());
        let of_block = |variable: usize| {
            let posteriors = self.posteriors.window(variable / z, variable % z);
            let negative = _mm256_movemask_epi8(posteriors) as u32;
            let zero = _mm256_movemask_epi8(_mm256_cmpeq_epi8(posteriors, _mm256_setzero_si256())) as u32;
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
                // Until it is answered, T of an edge stands in the place of its message.
                for (entry, message) in entries.iter().zip(&mut *messages) {
                    let window = self.posteriors.window(entry.column, first + entry.shift);
                    *message = checks.collect(_mm256_subs_epi8(window, *message));
                }
                unsatisfied += u64::from(checks.unsatisfied());
                let answers = checks.answers();
                for (entry, message) in entries.iter().zip(messages) {
                    let total = *message;
                    let window = _mm256_adds_epi8(total, answers.to(total));
                    *message = _mm256_sub_epi8(window, total);
                    self.posteriors.set_window(entry.column, first + entry.shift, window);
                }
                next += entries.len();
            }
        }
        unsatisfied
    }
}

/// The posteriors at the start of 32 variables whose received and known bits are these.
#[target_feature(enable = "avx2")]
fn start(channel: u8, received: u32, known: u32) -> __m256i {
    let (negative, known) = (spread(received), spread(known));
    let uncertain = _mm256_set1_epi8(channel as i8);
    let magnitude = _mm256_blendv_epi8(uncertain, _mm256_set1_epi8(rule::LIMIT), known);
    _mm256_sub_epi8(_mm256_xor_si256(magnitude, negative), negative)
}
