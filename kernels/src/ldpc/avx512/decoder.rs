//! Layered decoding, 64 checks of a base row at a time.

#[allow(clippy::wildcard_imports, reason = "a dozen names that all begin with _mm")]
use std::arch::x86_64::*;

use zeroize::Zeroizing;

use super::check::{Checks, Rule, no_messages, packed, widen};
use super::columns::{Columns, HALF, LANES, Open, Passage, Window};
use super::tables::ZERO;
use crate::bits::Bits;
use crate::ldpc::portable::parity;
use crate::ldpc::stall::Stall;
use crate::ldpc::{Decoded, LdpcDecode, rule};

/// Decodes the word of `job`, whose lifting factor is at least [`LANES`].
#[target_feature(
    enable = "avx2,bmi1,bmi2,lzcnt,popcnt,gfni,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2"
)]
pub(super) fn run(job: &LdpcDecode) -> Decoded {
    let mut decoder = Decoder::new(job);
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

struct Decoder<'a> {
    job: &'a LdpcDecode,
    /// P of each variable, plus [`ZERO`].
    posteriors: Columns,
    /// R of each edge, plus [`ZERO`]: for each block of 64 checks, the row's entries in their order.
    messages: Zeroizing<Vec<__m512i>>,
    /// The wanted parities of 64 checks each, in the order of packing.
    wanted: Zeroizing<Vec<u64>>,
    /// The latest decisions, or earlier ones.
    decided: Zeroizing<Vec<u64>>,
    /// The row's ways through its columns.
    passages: Vec<Passage>,
    /// T of the row's edges, in the order of its messages.
    totals: Zeroizing<Vec<Window>>,
    /// The row's checks.
    checks: Zeroizing<Vec<Checks>>,
}

impl<'a> Decoder<'a> {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &'a LdpcDecode) -> Self {
        let (code, zero) = (job.code(), _mm512_setzero_si512());
        let mut posteriors = Columns::new(code.base().ncols(), code.z());
        for column in 0..code.base().ncols() {
            let passage = posteriors.pass(column, 0);
            for first in (0..code.z()).step_by(LANES) {
                let variable = column * code.z() + first;
                let received = job.word().word_at(variable);
                let known = job.known().map_or(0, |known| known.word_at(variable));
                posteriors.open().set_window(passage, first, start(job.channel(), received, known));
            }
        }
        let entries = code.rows().iter().map(Vec::len).sum::<usize>();
        let heaviest = code.rows().iter().map(Vec::len).max().unwrap_or(0);
        Self {
            job,
            posteriors,
            messages: Zeroizing::new(vec![no_messages(); entries * (code.z() / LANES)]),
            wanted: Zeroizing::new(job.syndrome().words().iter().map(|&bits| packed(bits)).collect()),
            decided: Zeroizing::new(job.word().words().to_vec()),
            passages: vec![Passage::default(); heaviest],
            totals: Zeroizing::new(vec![[zero; 2]; heaviest * (code.z() / LANES)]),
            checks: Zeroizing::new(vec![Checks::wanting(0); code.z() / LANES]),
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
        let (zero, one) = (_mm512_set1_epi16(ZERO.into()), _mm512_set1_epi16(i16::from(ZERO) + 1));
        for (block, (decided, &received)) in decided.iter_mut().zip(received).enumerate() {
            let [low, high] = self.posteriors.variables(column, block * LANES);
            let low_bound = _mm512_mask_mov_epi16(zero, received as u32, one);
            let high_bound = _mm512_mask_mov_epi16(zero, (received >> HALF) as u32, one);
            *decided = u64::from(_mm512_cmplt_epi16_mask(low, low_bound))
                | u64::from(_mm512_cmplt_epi16_mask(high, high_bound)) << HALF;
        }
    }

    /// One iteration: every base row, in order. Returns the number of checks that were not satisfied.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,popcnt")]
    fn iterate(&mut self) -> u64 {
        let (code, mut next, mut unsatisfied) = (self.job.code(), 0, 0);
        let blocks = code.z() / LANES;
        for (entries, wanted) in code.rows().iter().zip(self.wanted.chunks(blocks)) {
            // A loop, as what is called from closures is not compiled for this machine, and so not inlined.
            let passages = &mut self.passages[..entries.len()];
            for (passage, entry) in passages.iter_mut().zip(entries) {
                *passage = self.posteriors.pass(entry.column, entry.shift);
            }
            let messages = &mut self.messages[next..][..entries.len() * blocks];
            unsatisfied +=
                layer(self.posteriors.open(), passages, wanted, messages, &mut self.totals, &mut self.checks);
            next += messages.len();
        }
        unsatisfied
    }
}

/// The layer step of SPEC §5.3 for a base row: `wanted` holds the parities of 64 checks each, in the order of packing,
/// `messages` their messages. Returns how many of the checks were not satisfied.
///
/// All edges come in before the first answer goes out, so that columns are written where they were read. Meanwhile q stands in
/// the place of the message, and `totals` and `checks` hold the rest: they are within the second cache, if not the first.
///
/// A function of its own, so that the rule's tables stay in registers.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,popcnt")]
fn layer(
    mut posteriors: Open<'_>,
    passages: &[Passage],
    wanted: &[u64],
    messages: &mut [__m512i],
    totals: &mut [Window],
    checks: &mut [Checks],
) -> u64 {
    let (rule, weight, mut unsatisfied) = (Rule::new(), passages.len(), 0);
    let blocks = messages.chunks_exact_mut(weight).zip(totals.chunks_exact_mut(weight));
    for (block, ((messages, totals), (&wanted, checks))) in
        blocks.zip(wanted.iter().zip(&mut *checks)).enumerate()
    {
        let (mut collected, first) = (Checks::wanting(wanted), block * LANES);
        for ((&passage, message), total) in passages.iter().zip(messages).zip(totals) {
            let window = posteriors.window(passage, first);
            *total = each(window, widen(*message), |p, r| _mm512_sub_epi16(p, r));
            *message = collected.collect(&rule, *total);
        }
        unsatisfied += u64::from(collected.unsatisfied());
        *checks = collected;
    }
    let blocks = messages.chunks_exact_mut(weight).zip(totals.chunks_exact(weight));
    for (block, ((messages, totals), &checks)) in blocks.zip(&*checks).enumerate() {
        for ((&passage, message), &total) in passages.iter().zip(messages).zip(totals) {
            *message = checks.answer(&rule, *message);
            let window = each(total, widen(*message), |t, r| _mm512_add_epi16(t, r));
            posteriors.set_window(passage, block * LANES, window);
        }
    }
    unsatisfied
}

#[inline]
fn each(a: Window, b: Window, operation: impl Fn(__m512i, __m512i) -> __m512i) -> Window {
    [operation(a[0], b[0]), operation(a[1], b[1])]
}

/// The posteriors at the start, plus [`ZERO`], of 64 variables whose received and known bits are these.
#[target_feature(enable = "avx512f,avx512bw")]
fn start(channel: u8, received: u64, known: u64) -> Window {
    [0, HALF].map(|shift| {
        let (negative, known) = ((received >> shift) as u32, (known >> shift) as u32);
        let uncertain = _mm512_set1_epi16(channel.into());
        let magnitude = _mm512_mask_mov_epi16(uncertain, known, _mm512_set1_epi16(rule::KNOWN));
        let zero = _mm512_set1_epi16(ZERO.into());
        _mm512_mask_sub_epi16(_mm512_add_epi16(zero, magnitude), negative, zero, magnitude)
    })
}
