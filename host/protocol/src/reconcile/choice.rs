//! [`Choice`]: which method `auto` takes for a block, and why.
//!
//! A method corrects as many bits per second as the cores of the slower side can, and no more than the channel lets it: the
//! bits in flight wait for all of its exchanges. Each of them then leaves 1 − h(Q) − f·h(Q) secret bits at most. The method that
//! gives more secret bits per second is taken; Cascade, which leaks less, where they give as many.

use std::fmt;

use crate::cascade::Variant;
use crate::profile::{LdpcFrames, Method, Reconciliation};
use crate::report::entropy;

/// What is known of a method at an error rate.
#[derive(Clone, Copy)]
struct Figures {
    qber: f64,
    /// Of the slower side, on one core.
    megabits_per_second: f64,
    f: f64,
    /// Exchanges until all frames of a block are through.
    rounds: f64,
}

/// Figures for 1, 2, 3, 5 and 8 %: speed, f and exchanges.
const fn figures(rows: [(f64, f64, f64); 5]) -> [Figures; 5] {
    let mut figures = [Figures { qber: 0.0, megabits_per_second: 0.0, f: 0.0, rounds: 0.0 }; 5];
    let mut index = 0;
    while index < rows.len() {
        let (megabits_per_second, f, rounds) = rows[index];
        figures[index] =
            Figures { qber: [0.01, 0.02, 0.03, 0.05, 0.08][index], megabits_per_second, f, rounds };
        index += 1;
    }
    figures
}

// From the benches `cascade` and `ldpc` and from bench/cascade/sweep.csv, on one machine; only ratios of speeds matter.
const CASCADE_FAST: [Figures; 5] = figures([
    (472.0, 1.0387, 432.0),
    (351.0, 1.0360, 511.0),
    (327.0, 1.0386, 342.0),
    (250.0, 1.0377, 497.0),
    (216.0, 1.0500, 274.0),
]);
const CASCADE_RECORD: [Figures; 5] = figures([
    (126.0, 1.0210, 1202.0),
    (84.0, 1.0222, 718.0),
    (70.0, 1.0214, 926.0),
    (73.0, 1.0227, 1401.0),
    (68.0, 1.0293, 1919.0),
]);
const LDPC_FAST: [Figures; 5] = figures([
    (61.0, 1.1498, 3.0),
    (51.8, 1.1133, 3.0),
    (63.2, 1.1083, 3.0),
    (69.5, 1.0986, 3.0),
    (71.7, 1.0976, 3.0),
]);
const LDPC_EFFICIENT: [Figures; 5] = figures([
    (34.8, 1.0950, 3.0),
    (31.0, 1.0776, 3.0),
    (37.2, 1.0715, 3.0),
    (43.4, 1.0692, 3.0),
    (57.1, 1.0684, 3.0),
]);
const LDPC_LONGEST: [Figures; 5] = figures([
    (36.4, 1.0880, 3.0),
    (34.0, 1.0707, 3.0),
    (39.0, 1.0700, 3.0),
    (39.9, 1.0640, 3.0),
    (40.9, 1.0564, 3.0),
]);

/// The choice for a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    qber: f64,
    round_trip_ms: f64,
    cores: u32,
    cascade: Prospect,
    ldpc: Prospect,
}

/// What a method promises.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Prospect {
    /// Bits of key per second that the cores can correct, and the channel lets them.
    by_cores: f64,
    by_channel: f64,
    /// Secret bits of a bit of key at most.
    secret: f64,
}

impl Choice {
    /// For the error rate `qber`, with so many bits of key on their way through error correction at once.
    pub fn new(settings: &Reconciliation, qber: f64, bits_in_flight: u64) -> Self {
        let prospect = |rows: &[Figures; 5]| {
            let Figures { megabits_per_second, f, rounds, .. } = at(rows, qber);
            Prospect {
                by_cores: 1e6 * megabits_per_second * f64::from(settings.cores),
                by_channel: bits_in_flight as f64 / (rounds * 1e-3 * settings.round_trip_ms),
                secret: (1.0 - (1.0 + f) * entropy(qber)).max(0.0),
            }
        };
        let cascade = if settings.cascade == Variant::Record { &CASCADE_RECORD } else { &CASCADE_FAST };
        let ldpc = match settings.ldpc {
            LdpcFrames::Fast => &LDPC_FAST,
            LdpcFrames::Efficient => &LDPC_EFFICIENT,
            LdpcFrames::Longest => &LDPC_LONGEST,
        };
        Self {
            qber,
            round_trip_ms: settings.round_trip_ms,
            cores: settings.cores,
            cascade: prospect(cascade),
            ldpc: prospect(ldpc),
        }
    }

    /// Cascade or LDPC.
    pub fn method(&self) -> Method {
        if self.ldpc.secret_bits_per_second() > self.cascade.secret_bits_per_second() {
            Method::Ldpc
        } else {
            Method::Cascade
        }
    }
}

impl Prospect {
    fn key_bits_per_second(&self) -> f64 {
        self.by_cores.min(self.by_channel)
    }

    fn secret_bits_per_second(&self) -> f64 {
        self.secret * self.key_bits_per_second()
    }
}

/// Why.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { qber, round_trip_ms, cores, cascade, ldpc } = self;
        let name = if self.method() == Method::Ldpc { "LDPC" } else { "Cascade" };
        let cores = if *cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
        write!(
            f,
            "{name}, for a QBER of {:.2} %, round trips of {round_trip_ms} ms and {cores}: ",
            100.0 * qber
        )?;
        write!(f, "Cascade {cascade}, LDPC {ldpc}")
    }
}

impl fmt::Display for Prospect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = if self.by_channel < self.by_cores { "round trips" } else { "cores" };
        let [key, secret] =
            [self.key_bits_per_second(), self.secret_bits_per_second()].map(|rate| 1e-6 * rate);
        write!(f, "can correct {key:.2} Mb/s (limited by {limit}) for {secret:.2} Mb/s of secret key at most")
    }
}

/// Between two rows over log Q, as in the nearest row outside of them.
fn at(rows: &[Figures], qber: f64) -> Figures {
    let above = rows.iter().position(|row| row.qber >= qber).unwrap_or(rows.len() - 1);
    let (low, high) = (rows[above.saturating_sub(1)], rows[above]);
    // Both sides compute this: they need the same logarithm to the last bit.
    let share = libm::log(qber / low.qber) / libm::log(high.qber / low.qber);
    let share = if above == 0 { 0.0 } else { share.min(1.0) };
    let between = |of: fn(&Figures) -> f64| of(&low) + share * (of(&high) - of(&low));
    Figures {
        qber,
        megabits_per_second: between(|row| row.megabits_per_second),
        f: between(|row| row.f),
        rounds: between(|row| row.rounds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(qber: f64, round_trip_ms: f64, cores: u32, bits_in_flight: u64) -> Choice {
        let settings =
            Reconciliation { method: Method::Auto, round_trip_ms, cores, ..Reconciliation::default() };
        Choice::new(&settings, qber, bits_in_flight)
    }

    #[test]
    fn cascade_where_round_trips_are_short_and_ldpc_where_they_are_long() {
        assert_eq!(choice(0.02, 0.1, 1, 8 << 20).method(), Method::Cascade);
        assert_eq!(choice(0.02, 200.0, 1, 8 << 20).method(), Method::Ldpc);
        // More bits in flight make up for it.
        assert_eq!(choice(0.02, 200.0, 1, 8 << 30).method(), Method::Cascade);
    }

    #[test]
    fn more_cores_help_ldpc_where_the_channel_limits_cascade() {
        let (cascade, ldpc) = (at(&CASCADE_FAST, 0.03), at(&LDPC_FAST, 0.03));
        // The channel lets Cascade correct twice as much as a core can by LDPC.
        let bits_in_flight: u32 = 8 << 20;
        let rate = 2e6 * ldpc.megabits_per_second;
        let round_trip_ms = 1e3 * f64::from(bits_in_flight) / (cascade.rounds * rate);
        let methods = [1, 4].map(|cores| choice(0.03, round_trip_ms, cores, bits_in_flight.into()).method());
        assert_eq!(methods, [Method::Cascade, Method::Ldpc]);
    }

    #[test]
    fn cascade_where_nothing_is_secret() {
        let choice = choice(0.12, 1000.0, 1, 1 << 20);
        assert_eq!((choice.cascade.secret, choice.ldpc.secret), (0.0, 0.0));
        assert_eq!(choice.method(), Method::Cascade);
    }

    #[test]
    fn without_round_trips_the_cores_limit() {
        let text = choice(0.05, 0.0, 2, 1 << 20).to_string();
        assert!(
            text.starts_with("Cascade, for a QBER of 5.00 %, round trips of 0 ms and 2 cores: "),
            "{text}"
        );
        assert_eq!(text.matches("limited by cores").count(), 2, "{text}");
    }

    #[test]
    fn figures_are_interpolated() {
        let rounds = [0.001, 0.02, (0.02_f64 * 0.03).sqrt(), 0.2].map(|qber| at(&CASCADE_FAST, qber).rounds);
        let [first, second, third, .., last] = CASCADE_FAST.map(|row| row.rounds);
        for (got, expected) in rounds.into_iter().zip([first, second, f64::midpoint(second, third), last]) {
            assert!((got - expected).abs() < 1e-9, "{rounds:?}");
        }
    }
}
