//! Which code after which message: the leak is fitted to the error rate by splitting rows, in up to three steps.
//!
//! The number of errors differs from frame to frame, so a code that corrects nearly every frame leaks too much for most of
//! them. Alice therefore begins with the syndrome of a code that corrects most of the frames; for those that failed she splits
//! some of its rows and sends the parities of the first halves (the other ones follow), and once more.
//!
//! ```text
//! message 0   code of the family                   up to 1/4 of the frames fail, fewer where errors are many
//! message 1   a of its rows split                  at most about 1/30
//! message 2   b > a rows split                     at most about 1/1000
//! ```

use std::sync::Arc;

use super::design::Design;
use super::{Code, degrees, family};
use crate::bits::Bits;

/// Most messages with parities for a frame.
pub const MESSAGES: usize = 3;

/// Error rates, and f after each message: the leak of the code over the entropy, less half a base row, as the number of rows is
/// rounded up. In between, f is interpolated over log Q. Found by simulation: the fast frames of 2^16 bits take as few iterations as a
/// mean f of 1.15, 1.12, 1.11, 1.10 and 1.10 at 1, 2, 3, 5 and 8 % allows, the longer ones leak less, and at most about
/// one frame in a thousand fails after the last message.
type Schedule = [(f64, [f64; MESSAGES])];

#[rustfmt::skip]
const SCHEDULES: [&Schedule; 4] = [
    &[
        (0.005, [1.25, 1.42, 1.70]), (0.01, [1.232, 1.377, 1.620]), (0.02, [1.146, 1.257, 1.380]),
        (0.05, [1.112, 1.166, 1.207]), (0.08, [1.102, 1.141, 1.180]),
    ],
    &[
        (0.005, [1.183, 1.312, 1.484]), (0.01, [1.124, 1.200, 1.310]), (0.02, [1.103, 1.155, 1.250]),
        (0.03, [1.100, 1.170, 1.215]), (0.05, [1.095, 1.150, 1.180]), (0.08, [1.095, 1.120, 1.150]),
    ],
    &[
        (0.005, [1.150, 1.193, 1.258]), (0.01, [1.086, 1.120, 1.170]), (0.02, [1.070, 1.095, 1.190]),
        (0.03, [1.067, 1.088, 1.113]), (0.05, [1.066, 1.083, 1.100]), (0.08, [1.067, 1.079, 1.091]),
    ],
    &[
        (0.005, [1.130, 1.160, 1.200]), (0.01, [1.082, 1.106, 1.142]), (0.02, [1.067, 1.087, 1.108]),
        (0.03, [1.067, 1.083, 1.103]), (0.05, [1.062, 1.072, 1.086]), (0.08, [1.055, 1.067, 1.079]),
    ],
];

/// The codes of a frame, message by message.
#[derive(Clone, Debug)]
pub struct Messages {
    core: Arc<Code>,
    /// Rows split, and the code, after each message.
    steps: Vec<(usize, Arc<Code>)>,
}

impl Messages {
    /// `count` messages (1 to [`MESSAGES`]) for frames of `frame_bits` bits, of which the share `payload` has the error rate
    /// `qber` and the rest is known. Fewer messages begin with more leak. `None` if the family has no such frames.
    ///
    /// # Panics
    /// Never: all rows of the family can be split.
    pub fn new(frame_bits: usize, qber: f64, payload: f64, count: usize) -> Option<Self> {
        let rows = rows_after(frame_bits, qber, payload, count)?;
        let core = family::with_rows(frame_bits, rows[0])?;
        let unsplit = core.rows().len();
        let with_rows = |rows: usize| {
            let split = rows.saturating_sub(unsplit).min(unsplit);
            let code = core.split(split).expect("rows of the family have at least four entries");
            (split, Arc::new(code))
        };
        let mut steps: Vec<_> = rows.into_iter().map(with_rows).collect();
        steps.dedup_by_key(|(split, _)| *split);
        Some(Self { core, steps })
    }

    /// Bits that message 0 of the messages with these parameters says of a frame. No code has to be made for the answer.
    pub fn first_bits(frame_bits: usize, qber: f64, payload: f64, count: usize) -> Option<usize> {
        let [least, most] = degrees::extremes(frame_bits)?;
        let rows = rows_after(frame_bits, qber, payload, count)?[0];
        Some(rows.clamp(least.rows, 2 * most.rows) * least.lifting)
    }

    /// Number of messages.
    pub fn count(&self) -> usize {
        self.steps.len()
    }

    /// The code that decodes after `message`, from 0.
    pub fn code(&self, message: usize) -> &Arc<Code> {
        &self.steps[message].1
    }

    /// The code whose syndrome holds what all messages say.
    pub fn finest(&self) -> &Arc<Code> {
        self.code(self.count() - 1)
    }

    /// What message 0 says of a frame: the syndrome of the first code, from that of the finest.
    pub fn first(&self, finest: &Bits) -> Bits {
        let (z, from, to) = (self.core.z(), self.steps[0].0, self.steps[self.count() - 1].0);
        let unsplit = (from..to).map(|row| {
            let mut sum = rows(finest, z, 2 * row..2 * row + 1);
            sum.xor_assign(&rows(finest, z, 2 * row + 1..2 * row + 2));
            sum
        });
        let [head, tail] =
            [rows(finest, z, 0..2 * from), rows(finest, z, 2 * to..self.core.rows().len() + to)];
        Bits::concat(&[head].into_iter().chain(unsplit).chain([tail]).collect::<Vec<_>>())
    }

    /// Bits that `message`, from 1, says of a frame.
    pub fn further_bits(&self, message: usize) -> usize {
        (self.steps[message].0 - self.steps[message - 1].0) * self.core.z()
    }

    /// What `message`, from 1, says of a frame: the parities of the first halves of the rows that are split now.
    pub fn further(&self, finest: &Bits, message: usize) -> Bits {
        let halves = self.steps[message - 1].0..self.steps[message].0;
        let halves: Vec<Bits> = halves.map(|row| rows(finest, self.core.z(), 2 * row..2 * row + 1)).collect();
        Bits::concat(&halves)
    }

    /// The syndrome after `message`, from 1, from the one before and what the message says.
    pub fn refined(&self, before: &Bits, message: usize, further: &Bits) -> Bits {
        let (z, from, to) = (self.core.z(), self.steps[message - 1].0, self.steps[message].0);
        let mut parts = vec![rows(before, z, 0..2 * from)];
        for row in from..to {
            let half = rows(further, z, row - from..row - from + 1);
            let mut other = rows(before, z, from + row..from + row + 1);
            other.xor_assign(&half);
            parts.extend([half, other]);
        }
        parts.push(rows(before, z, from + to..self.core.rows().len() + from));
        Bits::concat(&parts)
    }
}

/// Base rows wanted after each message.
fn rows_after(frame_bits: usize, qber: f64, payload: f64, count: usize) -> Option<Vec<usize>> {
    let index = family::FRAME_BITS.iter().position(|&bits| bits == frame_bits)?;
    let [Design { lifting, .. }, _] = degrees::extremes(frame_bits)?;
    let base_columns = (frame_bits / lifting) as f64;
    let rows = efficiencies(SCHEDULES[index], qber)
        .map(|f| (f * payload * entropy(qber) * base_columns).ceil() as usize);
    Some(rows[MESSAGES - count.clamp(1, MESSAGES)..].to_vec())
}

/// Base rows `range` of a syndrome.
fn rows(syndrome: &Bits, z: usize, range: std::ops::Range<usize>) -> Bits {
    syndrome.slice(range.start * z..range.end * z)
}

/// f after each message.
fn efficiencies(schedule: &Schedule, qber: f64) -> [f64; MESSAGES] {
    let above = schedule.partition_point(|&(tabled, _)| tabled < qber);
    let (Some(below), Some(above)) = (above.checked_sub(1), schedule.get(above)) else {
        return schedule[above.min(schedule.len() - 1)].1;
    };
    let ((low, from), (high, to)) = (schedule[below], *above);
    let share = (qber / low).ln() / (high / low).ln();
    std::array::from_fn(|message| from[message] + share * (to[message] - from[message]))
}

/// h(q) in bits, for 0 < q < 1.
fn entropy(q: f64) -> f64 {
    -q * q.log2() - (1.0 - q) * (1.0 - q).log2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldpc::{Syndrome, portable};

    #[test]
    fn messages_add_up_to_the_syndromes_of_their_codes() {
        let messages = Messages::new(1 << 14, 0.03, 1.0, 3).expect("frames of the family");
        let frame = Arc::new((0..1 << 14).map(|i| (i * i / 5 + i) % 3 == 0).collect::<Bits>());
        let syndrome = |code: &Arc<Code>| {
            portable::syndrome(&Syndrome::new(Arc::clone(code), Arc::clone(&frame)).expect("one frame"))
        };
        let finest = syndrome(messages.finest());
        let mut known = messages.first(&finest);
        assert_eq!(known, syndrome(messages.code(0)));
        for message in 1..messages.count() {
            let further = messages.further(&finest, message);
            assert_eq!(further.len(), messages.further_bits(message));
            known = messages.refined(&known, message, &further);
            assert_eq!(known, syndrome(messages.code(message)));
        }
        assert_eq!((messages.count(), &known), (3, &finest));
    }

    #[test]
    fn leaks_follow_the_error_rate_and_the_payload() {
        let new = |qber, payload, count| {
            Messages::new(1 << 16, qber, payload, count).expect("frames of the family")
        };
        for qber in [0.006, 0.0123, 0.033, 0.077, 0.11, 0.2] {
            let (all, one) = (new(qber, 1.0, 3), new(qber, 1.0, 1));
            let leaks: Vec<f64> =
                (0..3).map(|message| all.code(message).leak_rate() / entropy(qber)).collect();
            assert!(leaks.is_sorted() && leaks[0] > 1.04 && leaks[2] < 1.45, "{qber}: {leaks:?}");
            assert_eq!((one.count(), all.count()), (1, 3));
            let difference = one.code(0).leak_rate() / all.finest().leak_rate() - 1.0;
            assert!(difference.abs() < 0.02, "{qber}: {difference}");
        }
        for (bits, qber, payload, count) in [
            (1 << 14, 0.02, 1.0, 3),
            (1 << 16, 0.06, 0.8, 2),
            (1 << 14, 0.001, 0.5, 1),
            (1 << 14, 0.25, 1.0, 3),
        ] {
            let made = Messages::new(bits, qber, payload, count).expect("frames of the family");
            assert_eq!(
                Messages::first_bits(bits, qber, payload, count),
                Some(made.code(0).checks()),
                "{qber}"
            );
        }
        assert!(Messages::first_bits(1000, 0.03, 1.0, 3).is_none());
        assert!(new(0.03, 0.8, 3).code(0).leak_rate() < 0.83 * new(0.03, 1.0, 3).code(0).leak_rate());
        assert!(Messages::new(1000, 0.03, 1.0, 3).is_none());
    }

    #[test]
    fn schedules_are_interpolated_between_their_error_rates_only() {
        let schedule: &Schedule = &[(0.01, [1.2, 1.3, 1.4]), (0.04, [1.1, 1.1, 1.2])];
        for (qber, want) in [
            (0.001, [1.2, 1.3, 1.4]),
            (0.02, [1.15, 1.2, 1.3]),
            (0.04, [1.1, 1.1, 1.2]),
            (0.5, [1.1, 1.1, 1.2]),
        ] {
            let found = efficiencies(schedule, qber);
            assert!(found.iter().zip(want).all(|(f, want)| (f - want).abs() < 1e-12), "{qber}: {found:?}");
        }
    }
}
