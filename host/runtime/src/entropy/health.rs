//! The continuous health tests of NIST SP 800-90B §4.4, on single bits.
//!
//! A *sample* is one bit, taken from each byte least significant bit first. With H bits of min-entropy a sample, its more
//! likely value has the probability p = 2^−H, and
//!
//! ```text
//! repetition count     alarm after C equal samples in a row          C = 1 + ⌈a / H⌉
//! adaptive proportion  alarm when, of 1024 samples, C equal the first C = 1 + least c with P[Bin(1024, p) > c] ≤ 2^−a
//! ```
//! where 2^−a is the probability of a false alarm, of each sample and of each window respectively.

use std::fmt;

/// Samples of a window of the adaptive proportion test, as the standard fixes it for binary samples.
const WINDOW: u32 = 1024;
/// The same in bytes.
pub(super) const WINDOW_BYTES: usize = WINDOW as usize / 8;

/// Which health test raised the alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthTest {
    /// Too many equal bits in a row: the source is stuck.
    RepetitionCount,
    /// Too many equal bits in a window: the source is biased.
    AdaptiveProportion,
    /// A block of 128 bits came twice in a row, or two requests began with the same one: the source repeats itself.
    RepeatedBlock,
}

impl fmt::Display for HealthTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RepetitionCount => "repetition count test",
            Self::AdaptiveProportion => "adaptive proportion test",
            Self::RepeatedBlock => "test for repeated blocks",
        })
    }
}

/// What is promised of a source, and how rarely a source that keeps the promise may raise an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assessment {
    min_entropy: f64,
    false_alarm_bits: u32,
}

impl Assessment {
    /// Full entropy with false alarms of 2^−60. A link draws some 2^20 bits a block, and at the usual 2^−30 a sound source
    /// would stop it about every two thousand blocks.
    pub const CONTINUOUS: Self = Self { min_entropy: 1.0, false_alarm_bits: 60 };

    /// `min_entropy` bits in each bit, and false alarms of 2^−`false_alarm_bits`.
    ///
    /// # Panics
    /// If the entropy is not within 0.1..=1, or the false alarms not within 2^−100..=2^−20.
    pub fn new(min_entropy: f64, false_alarm_bits: u32) -> Self {
        assert!((0.1..=1.0).contains(&min_entropy), "{min_entropy} bits of entropy in a bit");
        assert!((20..=100).contains(&false_alarm_bits), "false alarms of 2^-{false_alarm_bits}");
        Self { min_entropy, false_alarm_bits }
    }

    /// The same promise, with the false alarms of 2^−30 of a test that is run once.
    pub(super) fn at_start(self) -> Self {
        Self { false_alarm_bits: 30, ..self }
    }

    /// Equal samples in a row that raise an alarm. Never below 21.
    pub fn repetition_cutoff(self) -> u32 {
        1 + (f64::from(self.false_alarm_bits) / self.min_entropy).ceil() as u32
    }

    /// Samples of a window equal to its first that raise an alarm, by the exact binomial distribution.
    pub fn proportion_cutoff(self) -> u32 {
        let window = f64::from(WINDOW);
        let p = (-self.min_entropy).exp2();
        let false_alarm = (-f64::from(self.false_alarm_bits)).exp2();
        // P[X = c] from c = WINDOW down, summed until the tail would be too heavy.
        let mut probability = p.powi(WINDOW as i32);
        let mut tail = probability;
        let mut least = WINDOW;
        while tail <= false_alarm {
            let c = f64::from(least);
            probability *= c / (window - c + 1.0) * (1.0 - p) / p;
            tail += probability;
            least -= 1;
        }
        1 + least
    }
}

/// The two tests, running.
pub(super) struct Health {
    repetition: RepetitionCount,
    proportion: AdaptiveProportion,
}

impl Health {
    pub(super) fn new(assessment: Assessment) -> Self {
        let repetition = RepetitionCount { cutoff: assessment.repetition_cutoff(), value: 0, run: 0 };
        let proportion =
            AdaptiveProportion { cutoff: assessment.proportion_cutoff(), first: 0, ones: 0, bytes: 0 };
        Self { repetition, proportion }
    }

    /// Takes the next bytes of the source.
    pub(super) fn check(&mut self, bytes: &[u8]) -> Result<(), HealthTest> {
        for &byte in bytes {
            self.repetition.check(byte)?;
            self.proportion.check(byte)?;
        }
        Ok(())
    }
}

/// A byte of zeros or of ones.
fn repeated(bit: u8) -> u8 {
    0_u8.wrapping_sub(bit)
}

struct RepetitionCount {
    cutoff: u32,
    value: u8,
    run: u32,
}

impl RepetitionCount {
    /// A run that raises an alarm is longer than a byte, so only those count that reach an end of it.
    fn check(&mut self, byte: u8) -> Result<(), HealthTest> {
        let first = (byte ^ repeated(self.value)).trailing_zeros();
        self.run += first;
        if self.run >= self.cutoff {
            return Err(HealthTest::RepetitionCount);
        }
        if first < 8 {
            self.value = byte >> 7;
            self.run = (byte ^ repeated(self.value)).leading_zeros();
        }
        Ok(())
    }
}

struct AdaptiveProportion {
    cutoff: u32,
    /// The first sample of the window.
    first: u8,
    ones: u32,
    /// Bytes of the window so far.
    bytes: usize,
}

impl AdaptiveProportion {
    fn check(&mut self, byte: u8) -> Result<(), HealthTest> {
        if self.bytes == 0 {
            (self.first, self.ones) = (byte & 1, 0);
        }
        self.bytes += 1;
        self.ones += byte.count_ones();
        let samples = 8 * self.bytes as u32;
        let equal = if self.first == 1 { self.ones } else { samples - self.ones };
        if equal >= self.cutoff {
            return Err(HealthTest::AdaptiveProportion);
        }
        self.bytes %= WINDOW_BYTES;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests by the book, bit by bit: SP 800-90B §4.4.1 and §4.4.2.
    fn by_the_book(bits: &[u8], assessment: Assessment) -> (Option<usize>, Option<usize>) {
        let (repetition_cutoff, proportion_cutoff) =
            (assessment.repetition_cutoff(), assessment.proportion_cutoff());
        let mut repetition = None;
        let (mut value, mut run) = (bits[0], 1);
        for (at, &bit) in bits.iter().enumerate().skip(1) {
            (value, run) = if bit == value { (value, run + 1) } else { (bit, 1) };
            if run >= repetition_cutoff {
                repetition = repetition.or(Some(at));
            }
        }
        let mut proportion = None;
        for (index, window) in bits.chunks(WINDOW as usize).enumerate() {
            let mut equal = 0;
            for (at, bit) in window.iter().enumerate() {
                equal += u32::from(*bit == window[0]);
                if equal >= proportion_cutoff {
                    proportion = proportion.or(Some(index * WINDOW as usize + at));
                }
            }
        }
        (repetition, proportion)
    }

    fn bits(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1)).collect()
    }

    /// Bits that are 1 in `ones` of 256 cases (xorshift64*).
    fn biased(len: usize, ones: u64, state: &mut u64) -> Vec<u8> {
        let mut bit = || {
            *state ^= *state >> 12;
            *state ^= *state << 25;
            *state ^= *state >> 27;
            u8::from(state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56 < ones)
        };
        (0..len).map(|_| (0..8).fold(0, |byte, place| byte | bit() << place)).collect()
    }

    /// Computed with an independent implementation of the binomial distribution.
    #[test]
    fn cutoffs_are_the_published_ones() {
        for (min_entropy, repetition, proportion) in [(1.0, 31, 609), (0.8, 39, 683), (0.5, 61, 810)] {
            let assessment = Assessment::new(min_entropy, 30);
            assert_eq!(assessment.repetition_cutoff(), repetition, "H = {min_entropy}");
            assert_eq!(assessment.proportion_cutoff(), proportion, "H = {min_entropy}");
        }
    }

    /// Each test, byte by byte, raises its alarm in the byte in which the one by the book does.
    #[test]
    fn alarms_come_where_the_tests_by_the_book_raise_them() {
        let mut state = 0x9e37_79b9_7f4a_7c15;
        let (mut repetitions, mut proportions) = (0, 0);
        for round in 0..600 {
            let assessment = [Assessment::new(1.0, 20), Assessment::new(0.9, 30)][round % 2];
            let ones = [128, 150, 200, 235, 60][round % 5];
            let bytes = biased(700, ones, &mut state);
            let (repetition, proportion) = by_the_book(&bits(&bytes), assessment);
            let mut health = Health::new(assessment);
            let at = |found: Option<usize>| found.map(|at| at / 8);
            let found = bytes.iter().position(|&byte| health.repetition.check(byte).is_err());
            assert_eq!(found, at(repetition), "repetition count, round {round}");
            let found = bytes.iter().position(|&byte| health.proportion.check(byte).is_err());
            assert_eq!(found, at(proportion), "adaptive proportion, round {round}");
            repetitions += usize::from(repetition.is_some());
            proportions += usize::from(proportion.is_some());
        }
        assert!(
            (100..500).contains(&repetitions) && (100..500).contains(&proportions),
            "{repetitions} {proportions}"
        );
    }

    #[test]
    fn a_sound_source_raises_no_alarm() {
        let mut state = 7;
        assert_eq!(Health::new(Assessment::CONTINUOUS).check(&biased(1 << 20, 128, &mut state)), Ok(()));
    }

    #[test]
    fn the_weakest_assessment_can_still_raise_both_alarms() {
        // p = 0.933: 1024 equal samples have a probability of 2^−102.4.
        let weak = Assessment::new(0.1, 100);
        assert_eq!(weak.repetition_cutoff(), 1001);
        assert!((1020..=WINDOW).contains(&weak.proportion_cutoff()), "{}", weak.proportion_cutoff());
    }
}
