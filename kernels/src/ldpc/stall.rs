//! When decoding is given up before its iteration limit (SPEC §5.3).
//!
//! Half of a decoder's time used to go into frames that need another message anyway. In those the number of checks that the
//! incoming messages do not satisfy falls for a while and then stays where it is, while in the others it goes on falling. The
//! check rule finds that number on its way, so that it costs nothing to count.

/// A count is a new least one if it is below 63/64 of the one before.
const SHARE: u64 = 64;

/// Iterations without a new least count after which decoding has stalled. With 8, twice as many words are given up that would
/// have converged; with 16, a fifth of the time saved is lost.
const PATIENCE: u32 = 12;

/// No decoding stalls in an iteration before this one, from 1: the first count is always a new least one.
pub const EARLIEST: u32 = PATIENCE + 1;

/// The counts of a decoding.
#[derive(Clone, Debug, Default)]
pub struct Stall {
    least: Option<u64>,
    age: u32,
}

impl Stall {
    /// Takes the number of unsatisfied checks of an iteration, or the same multiple of it each time; whether decoding has stalled.
    pub fn after(&mut self, unsatisfied: u64) -> bool {
        if self.least.is_none_or(|least| SHARE * unsatisfied < (SHARE - 1) * least) {
            *self = Self { least: Some(unsatisfied), age: 0 };
        } else {
            self.age += 1;
        }
        self.age == PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The iteration in which these counts, the last of them for ever, stall.
    fn stalled(counts: &[u64]) -> Option<usize> {
        let mut stall = Stall::default();
        let last = counts.last().expect("a count");
        counts
            .iter()
            .chain(std::iter::repeat(last))
            .take(1000)
            .position(|&count| stall.after(count))
            .map(|i| i + 1)
    }

    #[test]
    fn twelve_iterations_without_a_new_least_count_end_it() {
        assert_eq!(stalled(&[640]), Some(13));
        assert_eq!(stalled(&[640, 900, 640]), Some(13));
        assert_eq!(stalled(&[0]), Some(13));
        assert_eq!(stalled(&[5, 5, 5, 4]), Some(16));
        let just_in_time = [[640; 12].as_slice(), &[629]].concat();
        assert_eq!(stalled(&just_in_time), Some(25));
    }

    #[test]
    fn a_count_that_is_not_below_63_of_64_is_no_new_least_one() {
        assert_eq!(stalled(&[640, 630]), Some(13));
        assert_eq!(stalled(&[640, 629]), Some(14));
        // Small steps do when they add up.
        assert_eq!(stalled(&[640, 636, 632, 630]), Some(13));
        assert_eq!(stalled(&[640, 636, 632, 629]), Some(16));
    }

    #[test]
    fn multiples_stall_at_the_same_time() {
        let counts = [1000, 990, 984, 985, 700, 690, 689, 688, 689];
        let multiples = counts.map(|count| 16 * count);
        assert_eq!(stalled(&counts), stalled(&multiples));
        assert!(stalled(&counts).is_some());
    }
}
