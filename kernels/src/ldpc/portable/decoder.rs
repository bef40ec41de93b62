//! Layered decoding of blocks of checks.
//!
//! The checks of a base row do the same to different variables, so 8 to 64 of them go side by side: every step is a loop
//! over numbers next to each other, which the compiler turns into vector code. The variables they meet in a column stand
//! next to each other too, from the shift on and around the column's end. What is left of scalar work, and most of the
//! time, is the two table look-ups of each edge.

use zeroize::Zeroizing;

use super::parity;
use crate::bits::Bits;
use crate::ldpc::code::Entry;
use crate::ldpc::stall::Stall;
use crate::ldpc::{Decoded, LdpcDecode, rule};

/// Decodes the word of `job`, `B` checks side by side; `B` divides Z and is at most 64.
pub(super) fn run<const B: usize>(job: &LdpcDecode) -> Decoded {
    let mut decoder = Decoder::<B>::new(job);
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

struct Decoder<'a, const B: usize> {
    job: &'a LdpcDecode,
    /// P of each variable.
    posteriors: Zeroizing<Vec<i8>>,
    /// R of each edge: for each block of B checks, the row's entries in their order.
    messages: Zeroizing<Vec<[i8; B]>>,
    /// T of the edges of one block of checks.
    totals: Zeroizing<Vec<[i8; B]>>,
    /// φ(|T|) of the edges of one block of checks.
    phis: Zeroizing<Vec<[u16; B]>>,
}

impl<'a, const B: usize> Decoder<'a, B> {
    fn new(job: &'a LdpcDecode) -> Self {
        let code = job.code();
        let posterior = |variable: usize| {
            let known = job.known().is_some_and(|known| known.get(variable));
            let magnitude = if known { rule::LIMIT } else { job.channel() as i8 };
            if job.word().get(variable) { -magnitude } else { magnitude }
        };
        let entries = code.rows().iter().map(Vec::len).sum::<usize>();
        let heaviest = code.rows().iter().map(Vec::len).max().unwrap_or(0);
        Self {
            job,
            posteriors: Zeroizing::new((0..code.variables()).map(posterior).collect()),
            messages: Zeroizing::new(vec![[0; B]; entries * (code.z() / B)]),
            totals: Zeroizing::new(vec![[0; B]; heaviest]),
            phis: Zeroizing::new(vec![[0; B]; heaviest]),
        }
    }

    fn decisions(&self) -> Bits {
        let received = self.job.word().words();
        let words = self.posteriors.chunks(64).zip(received).map(|(posteriors, received)| {
            let (mut negative, mut zero) = (0, 0);
            for (index, lanes) in posteriors.chunks_exact(8).enumerate() {
                negative |= pack(lanes, |posterior| posterior < 0) << (8 * index);
                zero |= pack(lanes, |posterior| posterior == 0) << (8 * index);
            }
            negative | zero & received
        });
        Bits::from_words(words.collect(), self.posteriors.len())
    }

    /// One iteration: every base row, in order. Returns the number of checks that were not satisfied.
    fn iterate(&mut self) -> u64 {
        let (code, mut next, mut unsatisfied) = (self.job.code(), 0, 0);
        for (row, entries) in code.rows().iter().enumerate() {
            for first in (0..code.z()).step_by(B) {
                unsatisfied += self.update(row, entries, first, next);
                next += entries.len();
            }
        }
        unsatisfied
    }

    /// The layer step of SPEC §5.3 for the checks `first..first + B` of a base row, whose messages begin at
    /// `next`. Returns how many of them were not satisfied.
    fn update(&mut self, row: usize, entries: &[Entry], first: usize, next: usize) -> u64 {
        let z = self.job.code().z();
        let messages = &mut self.messages[next..next + entries.len()];
        let mut checks = Checks::wanting(self.job.syndrome(), row * z + first);
        let edges = self.totals.iter_mut().zip(self.phis.iter_mut());
        for ((entry, message), (total, phi)) in entries.iter().zip(&*messages).zip(edges) {
            *total = window(&self.posteriors[entry.column * z..][..z], (first + entry.shift) & (z - 1));
            checks.collect(message, total, phi);
        }
        let edges = self.totals.iter_mut().zip(self.phis.iter());
        for ((entry, message), (total, phi)) in entries.iter().zip(messages).zip(edges) {
            checks.answer(message, total, phi);
            set_window(&mut self.posteriors[entry.column * z..][..z], (first + entry.shift) & (z - 1), total);
        }
        checks.unsatisfied()
    }
}

/// `B` checks of one base row.
struct Checks<const B: usize> {
    /// S of each check, saturating: what is left without any one edge is beyond all thresholds then too.
    sums: [u16; B],
    /// The sign bit is s of each check; the other bits have no meaning.
    signs: [i8; B],
}

impl<const B: usize> Checks<B> {
    fn wanting(syndrome: &Bits, first: usize) -> Self {
        let wanted = syndrome.word_at(first);
        let mut signs = [0; B];
        for (i, sign) in signs.iter_mut().enumerate() {
            *sign = -((wanted >> i & 1) as i8);
        }
        Self { sums: [0; B], signs }
    }

    /// Steps 1 and 2 for one edge of each check: `total` holds P and becomes T.
    #[inline(never)]
    fn collect(&mut self, message: &[i8; B], total: &mut [i8; B], phi: &mut [u16; B]) {
        let mut magnitudes = [0_u8; B];
        for ((total, &message), magnitude) in total.iter_mut().zip(message).zip(&mut magnitudes) {
            *total = total.saturating_sub(message).max(-rule::LIMIT);
            *magnitude = total.unsigned_abs();
        }
        for (sign, &total) in self.signs.iter_mut().zip(&*total) {
            *sign ^= total;
        }
        look_up(&magnitudes, phi, |magnitude| rule::PHI[usize::from(magnitude) % rule::PHI.len()]);
        for (sum, &phi) in self.sums.iter_mut().zip(&*phi) {
            *sum = sum.saturating_add(phi);
        }
    }

    /// How many of the checks have s = 1, when all edges are collected.
    fn unsatisfied(&self) -> u64 {
        self.signs.iter().filter(|&&sign| sign < 0).count() as u64
    }

    /// Steps 3 and 4 for one edge of each check: `total` holds T and becomes P.
    #[inline(never)]
    fn answer(&self, message: &mut [i8; B], total: &mut [i8; B], phi: &[u16; B]) {
        let mut sums = [0; B];
        for ((others, &sum), &phi) in sums.iter_mut().zip(&self.sums).zip(phi) {
            *others = (sum - phi).min(rule::THR[0]);
        }
        let mut magnitudes = [0_u8; B];
        look_up(&sums, &mut magnitudes, |sum| MAGNITUDE[usize::from(sum) % MAGNITUDE.len()]);
        for (((total, message), &sign), magnitude) in
            total.iter_mut().zip(message).zip(&self.signs).zip(magnitudes)
        {
            // All ones if the message is negative, and −x = (x ^ −1) + 1.
            let negative = (sign ^ *total) >> 7;
            let posterior = total.saturating_add((magnitude as i8 ^ negative) - negative);
            *message = posterior - *total;
            *total = posterior;
        }
    }
}

/// Eight look-ups at a time, put together in a register and stored at once.
fn look_up<I: Copy, O, const B: usize>(indices: &[I; B], out: &mut [O; B], table: impl Fn(I) -> O) {
    for (out, indices) in out.as_chunks_mut::<8>().0.iter_mut().zip(indices.as_chunks::<8>().0) {
        *out = std::array::from_fn(|i| table(indices[i]));
    }
}

/// `B` posteriors of a column from `start` on, around its end.
fn window<const B: usize>(column: &[i8], start: usize) -> [i8; B] {
    if let Some(window) = column[start..].first_chunk() {
        return *window;
    }
    let mut window = [0; B];
    let (head, tail) = window.split_at_mut(column.len() - start);
    head.copy_from_slice(&column[start..]);
    tail.copy_from_slice(&column[..tail.len()]);
    window
}

/// Writes what [`window`] reads.
fn set_window<const B: usize>(column: &mut [i8], start: usize, posteriors: &[i8; B]) {
    if let Some(window) = column[start..].first_chunk_mut() {
        *window = *posteriors;
        return;
    }
    let (head, tail) = posteriors.split_at(column.len() - start);
    column[start..].copy_from_slice(head);
    column[..tail.len()].copy_from_slice(tail);
}

/// Eight truth values as the bits of a byte.
fn pack(lanes: &[i8], truth: impl Fn(i8) -> bool) -> u64 {
    let bytes: [u8; 8] = std::array::from_fn(|lane| truth(lanes[lane]).into());
    // Byte k is 0 or 1; the factor 2^(56 − 7k) takes it from bit 8k to bit 56 + k, and no two products meet.
    u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// [`rule::THR`] searched beforehand: the magnitude for each sum up to THR[1]; padded to a power of two.
pub(in crate::ldpc) static MAGNITUDE: [u8; 1 << 12] = {
    let mut table = [0; 1 << 12];
    let mut m = 0;
    while m < rule::THR.len() {
        let mut u = 0;
        while u < rule::THR[m] as usize {
            table[u] += 1;
            u += 1;
        }
        m += 1;
    }
    table
};
