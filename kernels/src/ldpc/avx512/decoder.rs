//! Layered decoding, `B` blocks of 64 checks of a base row at a time.

#[allow(clippy::wildcard_imports, reason = "a dozen names that all begin with _mm")]
use std::arch::x86_64::*;

use zeroize::Zeroizing;

use super::check::{Checks, Closed, Rule};
use super::columns::{Columns, LANES, Open, Passage};
use crate::bits::Bits;
use crate::ldpc::portable::parity;
use crate::ldpc::stall::Stall;
use crate::ldpc::{Decoded, LdpcDecode, rule};

/// Decodes the word of `job`, whose lifting factor is a multiple of `B` times [`LANES`].
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,gfni,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2"
)]
pub(super) fn run<const B: usize>(job: &LdpcDecode) -> Decoded {
    let mut decoder = Decoder::<B>::new(job);
    let (mut stall, mut stalled) = (Stall::default(), false);
    let mut iterations = 0;
    loop {
        let limit = stalled || iterations == job.max_iterations();
        if limit || decoder.first_row_agrees() {
            let word = decoder.decisions();
            let converged = parity::agree(job.code(), &word, job.syndrome());
            if limit || converged {
                return Decoded { word, iterations, converged };
            }
        }
        stalled = stall.after(decoder.iterate());
        iterations += 1;
    }
}

struct Decoder<'a, const B: usize> {
    job: &'a LdpcDecode,
    /// P of each variable.
    posteriors: Columns,
    /// The rows' ways through the columns, entry by entry.
    passages: Vec<Passage>,
    /// R of each edge: row by row, for each `B` blocks of checks the row's entries in their order.
    messages: Zeroizing<Vec<[__m512i; B]>>,
    /// The latest decisions, or earlier ones.
    decided: Zeroizing<Vec<u64>>,
    /// The row's checks.
    checks: Zeroizing<Vec<Closed<B>>>,
}

impl<'a, const B: usize> Decoder<'a, B> {
    #[target_feature(enable = "avx512f,avx512bw,popcnt")]
    fn new(job: &'a LdpcDecode) -> Self {
        let code = job.code();
        let mut posteriors = Columns::new(code);
        let mut column_start = Zeroizing::new(vec![_mm512_setzero_si512(); code.z() / LANES]);
        for column in 0..code.base().ncols() {
            for (block, posteriors) in column_start.iter_mut().enumerate() {
                let variable = column * code.z() + block * LANES;
                let known = job.known().map_or(0, |known| known.word_at(variable));
                *posteriors = start(job.channel(), job.word().word_at(variable), known);
            }
            posteriors.set_variables(column, &mut column_start);
        }
        let passages = posteriors.passages(code);
        let groups = code.z() / (B * LANES);
        Self {
            job,
            posteriors,
            messages: Zeroizing::new(vec![[_mm512_setzero_si512(); B]; passages.len() * groups]),
            passages,
            decided: Zeroizing::new(job.word().words().to_vec()),
            checks: Zeroizing::new(vec![Checks::wanting(&[0; B]).close(); groups]),
        }
    }

    /// Whether the decisions have the wanted parities in the first base row. They rarely do before they have them all, and it
    /// meets few of the columns.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn first_row_agrees(&mut self) -> bool {
        let code = self.job.code();
        let row = &code.rows()[0];
        for entry in row {
            self.decide(entry.column);
        }
        (0..code.z()).step_by(LANES).all(|first| {
            let parities = parity::of_checks(code.z(), row, self.decided.as_chunks().0, first);
            parities == [self.job.syndrome().words()[first / LANES]]
        })
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn decisions(&mut self) -> Bits {
        for column in 0..self.job.code().base().ncols() {
            self.decide(column);
        }
        Bits::from_words(self.decided.to_vec(), self.job.word().len())
    }

    /// The decisions of a column. A bit is 1 where P is negative, or 0 and the received bit is 1: so where P is less than the
    /// received bit.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn decide(&mut self, column: usize) {
        let blocks = self.job.code().z() / LANES;
        let received = &self.job.word().words()[column * blocks..][..blocks];
        let decided = &mut self.decided[column * blocks..][..blocks];
        let one = _mm512_set1_epi8(1);
        for (block, (decided, &received)) in decided.iter_mut().zip(received).enumerate() {
            let bound = _mm512_maskz_mov_epi8(received, one);
            *decided = _mm512_cmplt_epi8_mask(self.posteriors.variables(column, block * LANES), bound);
        }
    }

    /// One iteration: every base row, in order. Returns the number of checks that were not satisfied.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,popcnt")]
    fn iterate(&mut self) -> u64 {
        let (code, groups) = (self.job.code(), self.checks.len());
        let (wanted, _) = self.job.syndrome().words().as_chunks();
        let (mut first, mut unsatisfied) = (0, 0);
        for (entries, wanted) in code.rows().iter().zip(wanted.chunks_exact(groups)) {
            let last = first + entries.len();
            let (passages, messages) =
                (&self.passages[first..last], &mut self.messages[first * groups..last * groups]);
            unsatisfied += layer(self.posteriors.open(), passages, wanted, messages, &mut self.checks);
            first = last;
        }
        unsatisfied
    }
}

/// The layer step of SPEC §5.3 for a base row: `wanted` holds the parities of `B` blocks of checks each, `messages` their
/// messages. Returns how many of the checks were not satisfied.
///
/// All edges come in before the first answer goes out, so that columns are written where they were read. Meanwhile T stands in
/// the place of the message.
///
/// A function of its own, so that the rule's tables stay in registers.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,popcnt")]
fn layer<const B: usize>(
    mut posteriors: Open<'_>,
    passages: &[Passage],
    wanted: &[[u64; B]],
    messages: &mut [[__m512i; B]],
    checks: &mut [Closed<B>],
) -> u64 {
    let (rule, weight, mut unsatisfied) = (Rule::new(), passages.len(), 0);
    let groups = messages.chunks_exact_mut(weight).zip(wanted.iter().zip(&mut *checks));
    for (group, (messages, (wanted, checks))) in groups.enumerate() {
        let mut collected = Checks::wanting(wanted);
        let some = Checks::<B>::EDGES;
        for (passages, messages) in passages.chunks(some).zip(messages.chunks_mut(some)) {
            for (&passage, message) in passages.iter().zip(messages) {
                let mut differences = *message;
                for (block, difference) in differences.iter_mut().enumerate() {
                    let window = posteriors.window(passage, (group * B + block) * LANES);
                    *difference = _mm512_subs_epi8(window, *difference);
                }
                *message = collected.collect(&rule, differences);
            }
            collected.carry();
        }
        *checks = collected.close();
        unsatisfied += u64::from(checks.unsatisfied());
    }
    for (group, (messages, checks)) in messages.chunks_exact_mut(weight).zip(&*checks).enumerate() {
        for (&passage, message) in passages.iter().zip(messages) {
            let (totals, answers) = (*message, checks.answer(&rule, *message));
            for block in 0..B {
                let window = _mm512_adds_epi8(totals[block], answers[block]);
                message[block] = _mm512_sub_epi8(window, totals[block]);
                posteriors.set_window(passage, (group * B + block) * LANES, window);
            }
        }
    }
    unsatisfied
}

/// The posteriors at the start of 64 variables whose received and known bits are these.
#[target_feature(enable = "avx512f,avx512bw")]
fn start(channel: u8, received: u64, known: u64) -> __m512i {
    let uncertain = _mm512_set1_epi8(channel as i8);
    let magnitude = _mm512_mask_mov_epi8(uncertain, known, _mm512_set1_epi8(rule::LIMIT));
    _mm512_mask_sub_epi8(magnitude, received, _mm512_setzero_si512(), magnitude)
}
