//! [`Monitored`]: a source behind its health tests.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::health::{Assessment, Health, HealthTest, WINDOW_BYTES};
use super::{Entropy, EntropyError, OsEntropy};

/// Bytes of the blocks that may not repeat. Two of a sound source are equal with probability 2^−128.
const BLOCK: usize = 16;

/// A source whose every byte passes the health tests of NIST SP 800-90B §4.4 before anybody sees it.
///
/// After an alarm or an error it gives nothing any more, whatever the source does.
pub struct Monitored<E> {
    source: E,
    health: Health,
    repeats: Repeats,
    /// Bytes given so far.
    bytes: u64,
    failed: Option<EntropyError>,
}

impl Monitored<OsEntropy> {
    /// The operating system's generator.
    ///
    /// # Errors
    /// If it fails or does not pass the start-up test.
    pub fn system() -> Result<Self, EntropyError> {
        Self::new(OsEntropy, Assessment::CONTINUOUS)
    }
}

impl<E: Entropy> Monitored<E> {
    /// Draws one window of samples for the start-up test, which are not used for anything else. `assessment` is for all
    /// bytes after it; [`Assessment::CONTINUOUS`] for the output of a generator or conditioner.
    ///
    /// # Errors
    /// If the source fails or does not pass.
    pub fn new(mut source: E, assessment: Assessment) -> Result<Self, EntropyError> {
        let mut window = Zeroizing::new([0; WINDOW_BYTES]);
        source.fill(&mut *window)?;
        let mut repeats = Repeats::default();
        let passed =
            Health::new(assessment.at_start()).check(&*window).and_then(|()| repeats.check(&*window));
        passed.map_err(|test| EntropyError::Unhealthy { test, bytes: 0 })?;
        Ok(Self { source, health: Health::new(assessment), repeats, bytes: 0, failed: None })
    }

    fn draw(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.source.fill(bytes)?;
        let passed = self.health.check(bytes).and_then(|()| self.repeats.check(bytes));
        passed.map_err(|test| EntropyError::Unhealthy { test, bytes: self.bytes })
    }
}

impl<E: Entropy> Entropy for Monitored<E> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let drawn = self.draw(bytes);
        if let Err(error) = &drawn {
            bytes.zeroize();
            self.failed = Some(error.clone());
        }
        self.bytes += bytes.len() as u64;
        drawn
    }
}

impl<E> fmt::Debug for Monitored<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Monitored({} bytes, {})",
            self.bytes,
            if self.failed.is_some() { "failed" } else { "healthy" }
        )
    }
}

/// Compares each whole block of a request with the one before it, and the first with that of the request before: a
/// generator that is stuck on a block, or starts again at every request.
#[derive(Default)]
struct Repeats {
    first: Zeroizing<[u8; BLOCK]>,
    last: Zeroizing<[u8; BLOCK]>,
}

impl Repeats {
    fn check(&mut self, bytes: &[u8]) -> Result<(), HealthTest> {
        let (blocks, _) = bytes.as_chunks::<BLOCK>();
        let Some(first) = blocks.first() else { return Ok(()) };
        let mut sound = first != &*self.first;
        for block in blocks {
            sound &= block != &*self.last;
            *self.last = *block;
        }
        *self.first = *first;
        if sound { Ok(()) } else { Err(HealthTest::RepeatedBlock) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the bytes of a script, then zeros for ever.
    struct Scripted(Vec<u8>);

    impl Entropy for Scripted {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            for byte in bytes {
                *byte = if self.0.is_empty() { 0 } else { self.0.remove(0) };
            }
            Ok(())
        }
    }

    /// Bytes of the system's generator.
    fn sound(len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        OsEntropy.fill(&mut bytes).expect("a generator");
        bytes
    }

    fn monitored(script: Vec<u8>) -> Result<Monitored<Scripted>, EntropyError> {
        Monitored::new(Scripted(script), Assessment::CONTINUOUS)
    }

    fn test_of(error: &EntropyError) -> HealthTest {
        match error {
            EntropyError::Unhealthy { test, .. } => *test,
            EntropyError::Source(why) => panic!("{why}"),
        }
    }

    #[test]
    fn a_stuck_source_does_not_pass_the_start() {
        let error = monitored(Vec::new()).expect_err("zeros only");
        assert_eq!(error, EntropyError::Unhealthy { test: HealthTest::RepetitionCount, bytes: 0 });
        assert_eq!(error.to_string(), "the random source failed its repetition count test after 0 bytes");
        assert_eq!(
            test_of(&monitored([vec![0xff; 128]].concat()).expect_err("ones")),
            HealthTest::RepetitionCount
        );
        let biased = monitored(vec![0b1110_1111; 128]).expect_err("seven ones of eight");
        assert_eq!(test_of(&biased), HealthTest::AdaptiveProportion);
        let repeated = monitored(sound(16).repeat(8)).expect_err("the same block");
        assert_eq!(test_of(&repeated), HealthTest::RepeatedBlock);
    }

    #[test]
    fn after_an_alarm_there_is_nothing_any_more() {
        let mut script = sound(128 + 32);
        script.extend([0; 64]);
        script.extend(sound(1000));
        let mut source = monitored(script).expect("a sound start");
        let mut bytes = [0; 32];
        source.fill(&mut bytes).expect("sound bytes");
        let mut stuck = [0x55; 64];
        let alarm = source.fill(&mut stuck).expect_err("64 zeros");
        assert_eq!(alarm, EntropyError::Unhealthy { test: HealthTest::RepetitionCount, bytes: 32 });
        assert_eq!(stuck, [0; 64]);
        // The source has recovered, but nobody asks it.
        for _ in 0..3 {
            let mut later = [0x55; 32];
            assert_eq!(source.fill(&mut later), Err(alarm.clone()));
            assert_eq!(later, [0x55; 32]);
        }
        assert_eq!(source.source.0.len(), 1000);
    }

    #[test]
    fn a_generator_that_starts_again_is_noticed() {
        let seed = sound(64);
        let start = sound(128);
        let script = [start, seed.clone(), seed].concat();
        let mut source = monitored(script).expect("a sound start");
        source.fill(&mut [0; 64]).expect("sound bytes");
        let again = source.fill(&mut [0; 64]).expect_err("the same bytes");
        assert_eq!(test_of(&again), HealthTest::RepeatedBlock);
    }

    #[test]
    fn an_error_of_the_source_is_final() {
        struct Once(bool);
        impl Entropy for Once {
            fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
                if std::mem::take(&mut self.0) {
                    return Err(EntropyError::Source("unplugged".into()));
                }
                OsEntropy.fill(bytes)
            }
        }
        assert_eq!(
            Monitored::new(Once(true), Assessment::CONTINUOUS).err(),
            Some(EntropyError::Source("unplugged".into()))
        );
        let mut source = Monitored::new(Once(false), Assessment::CONTINUOUS).expect("a sound start");
        source.source.0 = true;
        let refused = source.fill(&mut [0; 16]);
        assert_eq!(refused, Err(EntropyError::Source("unplugged".into())));
        assert_eq!(source.fill(&mut [0; 16]), refused, "it would work again");
    }

    #[test]
    fn the_system_passes() {
        let mut source = Monitored::system().expect("a sound generator");
        let mut bytes = vec![0; 1 << 20];
        source.fill(&mut bytes).expect("a sound generator");
        assert_eq!(format!("{source:?}"), "Monitored(1048576 bytes, healthy)");
    }
}
