//! Syndromes and layered decoding by the book, edge by edge (SPEC §5.2–5.4).

use super::stall::Stall;
use super::{Code, Decoded, LdpcDecode, Syndrome, rule};
use crate::bits::Bits;

/// The syndromes of the frames of `job`, frame by frame.
pub fn syndrome(job: &Syndrome) -> Bits {
    let code = job.code();
    let frames = (0..job.frames().len()).step_by(code.variables());
    frames
        .flat_map(|start| (0..code.checks()).map(move |check| parity(code, job.frames(), start, check)))
        .collect()
}

/// Decodes the word of `job`.
pub fn decode(job: &LdpcDecode) -> Decoded {
    let mut decoder = Decoder::new(job);
    let (mut stall, mut stalled) = (Stall::default(), false);
    let mut iterations = 0;
    loop {
        let word = decoder.decisions();
        let converged = decoder.has_the_syndrome(&word);
        if converged || stalled || iterations == job.max_iterations() {
            return Decoded { word, iterations, converged };
        }
        stalled = stall.after((0..job.code().rows().len()).map(|row| decoder.layer(row)).sum());
        iterations += 1;
    }
}

/// The variables connected with `check`, in ascending column order.
fn variables(code: &Code, check: usize) -> impl Iterator<Item = usize> + '_ {
    let (row, i) = (check / code.z(), check % code.z());
    code.rows()[row].iter().map(move |entry| entry.column * code.z() + (i + entry.shift) % code.z())
}

/// The parity of `check` over the frame that begins at bit `start`.
fn parity(code: &Code, frames: &Bits, start: usize, check: usize) -> bool {
    variables(code, check).fold(false, |parity, variable| parity ^ frames.get(start + variable))
}

struct Decoder<'a> {
    job: &'a LdpcDecode,
    /// P of each variable.
    posteriors: Vec<i16>,
    /// R of each edge: the list of a check's edges, for each check.
    messages: Vec<Vec<i16>>,
}

impl<'a> Decoder<'a> {
    fn new(job: &'a LdpcDecode) -> Self {
        let posterior = |variable| {
            let known = job.known().is_some_and(|known| known.get(variable));
            let magnitude: i16 = if known { rule::LIMIT.into() } else { job.channel().into() };
            if job.word().get(variable) { -magnitude } else { magnitude }
        };
        let code = job.code();
        let weight = |check: usize| code.rows()[check / code.z()].len();
        Self {
            job,
            posteriors: (0..code.variables()).map(posterior).collect(),
            messages: (0..code.checks()).map(|check| vec![0; weight(check)]).collect(),
        }
    }

    fn decisions(&self) -> Bits {
        let decision = |(variable, &posterior): (usize, &i16)| match posterior {
            0 => self.job.word().get(variable),
            posterior => posterior < 0,
        };
        self.posteriors.iter().enumerate().map(decision).collect()
    }

    fn has_the_syndrome(&self, word: &Bits) -> bool {
        let code = self.job.code();
        (0..code.checks()).all(|check| parity(code, word, 0, check) == self.job.syndrome().get(check))
    }

    /// Returns how many of the row's checks were not satisfied.
    fn layer(&mut self, row: usize) -> u64 {
        let code = self.job.code();
        let mut unsatisfied = 0;
        for check in row * code.z()..(row + 1) * code.z() {
            let messages = &mut self.messages[check];
            let limit = i16::from(rule::LIMIT);
            let totals: Vec<i16> = variables(code, check)
                .zip(&*messages)
                .map(|(variable, message)| (self.posteriors[variable] - message).clamp(-limit, limit))
                .collect();
            messages.copy_from_slice(&totals);
            let wanted = self.job.syndrome().get(check);
            unsatisfied += u64::from(rule::is_unsatisfied(wanted, messages));
            rule::answer(wanted, messages);
            for ((variable, message), total) in variables(code, check).zip(messages).zip(totals) {
                let posterior = (total + *message).clamp(-limit - 1, limit);
                *message = posterior - total;
                self.posteriors[variable] = posterior;
            }
        }
        unsatisfied
    }
}
