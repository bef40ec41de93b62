//! Random draws of the model: one ChaCha stream, gaps between rare events, and a choice among many cases.
//!
//! All functions come from `libm` and not from the platform, so that a seed gives the same records everywhere.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The model's stream of random numbers.
pub(crate) struct Random {
    stream: ChaCha8Rng,
}

impl Random {
    /// ChaCha8 under the key that holds `seed` in its first eight bytes, little-endian, and zeros.
    pub(crate) fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self { stream: ChaCha8Rng::from_seed(key) }
    }

    /// 64 random bits.
    pub(crate) fn word(&mut self) -> u64 {
        self.stream.next_u64()
    }

    /// Uniform in the open interval (0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.word() >> 11) as f64 + 0.5) * (-53f64).exp2()
    }
}

/// Number of quiet slots before the next event, where every slot has an event with the same probability.
#[derive(Clone, Copy)]
pub(crate) struct Gaps {
    per_ln_quiet: f64,
}

impl Gaps {
    /// `ln_quiet`: logarithm of the probability that a slot has no event.
    pub(crate) fn new(ln_quiet: f64) -> Self {
        Self { per_ln_quiet: 1.0 / ln_quiet }
    }

    /// The gap for `unit`, uniform in (0, 1): its distribution function inverted. Saturates where events never come.
    pub(crate) fn gap(self, unit: f64) -> u64 {
        (libm::log(unit) * self.per_ln_quiet) as u64
    }
}

/// A draw among weighted cases in constant time (Walker's alias method, in Vose's construction).
///
/// Every column holds two cases and the probability of the first; a column is chosen uniformly.
pub(crate) struct Alias {
    columns: Vec<Column>,
}

#[derive(Clone, Copy)]
struct Column {
    /// Probability of `first`, scaled to 2^53.
    threshold: u64,
    first: u8,
    second: u8,
}

/// Columns of an [`Alias`]: the bits of one word that choose among them are 0 to 5.
const COLUMNS: usize = 64;

impl Alias {
    /// For at most 64 `weights`, which need not sum to 1. With all weights zero the draw is arbitrary.
    pub(crate) fn new(weights: &[f64]) -> Self {
        assert!(weights.len() <= COLUMNS, "{} weights", weights.len());
        let per_column = COLUMNS as f64 / weights.iter().sum::<f64>();
        let mut share: Vec<f64> = weights.iter().map(|weight| weight * per_column).collect();
        share.resize(COLUMNS, 0.0);
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..COLUMNS).partition(|&index| share[index] < 1.0);
        // What rounding leaves over keeps its column to itself.
        let mut columns: Vec<Column> = (0..COLUMNS)
            .map(|index| Column { threshold: 1 << 53, first: index as u8, second: index as u8 })
            .collect();
        while let (Some(lean), Some(&fat)) = (small.pop(), large.last()) {
            columns[lean].threshold = (share[lean] * 53f64.exp2()) as u64;
            columns[lean].second = fat as u8;
            share[fat] -= 1.0 - share[lean];
            if share[fat] < 1.0 {
                large.pop();
                small.push(fat);
            }
        }
        Self { columns }
    }

    /// The case that `word`, 64 random bits, stands for. Bits 6 to 10 of the word have no part in it.
    pub(crate) fn pick(&self, word: u64) -> usize {
        let column = self.columns[word as usize % COLUMNS];
        usize::from(if word >> 11 < column.threshold { column.first } else { column.second })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_chacha8_under_the_seed() {
        // ChaCha8, 256-bit key 0, IV 0: 3e00ef2f895f40d6 7f5bb8e81f09a5a1 … (Strombergson's test vectors, TC1).
        let mut random = Random::new(0);
        assert_eq!(random.word().to_le_bytes(), [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6]);
        assert_eq!(random.word().to_le_bytes(), [0x7f, 0x5b, 0xb8, 0xe8, 0x1f, 0x09, 0xa5, 0xa1]);
    }

    #[test]
    fn gaps_invert_the_geometric_distribution() {
        let gaps = Gaps::new(libm::log(0.75));
        // P(gap ≥ g) = 0.75^g.
        assert_eq!(gaps.gap(0.999_999), 0);
        assert_eq!(gaps.gap(0.7501), 0);
        assert_eq!(gaps.gap(0.7499), 1);
        assert_eq!(gaps.gap(0.5624), 2);
        assert_eq!(Gaps::new(libm::log1p(-0.0)).gap(0.5), u64::MAX, "events never come");
        assert_eq!(Gaps::new(f64::NEG_INFINITY).gap(0.5), 0, "an event in every slot");
    }

    #[test]
    fn the_alias_table_holds_the_weights() {
        let weights = [5.0, 0.0, 1e-6, 0.25, 12.0, 3.0, 0.0, 0.5];
        let alias = Alias::new(&weights);
        let mut mass = [0.0; COLUMNS];
        for column in &alias.columns {
            let first = column.threshold as f64 * (-53f64).exp2();
            mass[usize::from(column.first)] += first / COLUMNS as f64;
            mass[usize::from(column.second)] += (1.0 - first) / COLUMNS as f64;
        }
        let sum: f64 = weights.iter().sum();
        for (index, mass) in mass.iter().enumerate() {
            let wanted = weights.get(index).map_or(0.0, |weight| weight / sum);
            assert!((mass - wanted).abs() < 1e-14, "case {index}: {mass} instead of {wanted}");
        }
    }

    #[test]
    fn a_case_of_no_weight_is_never_drawn() {
        let alias = Alias::new(&[0.0, 1.0, 0.0]);
        let mut random = Random::new(7);
        assert!((0..10_000).all(|_| alias.pick(random.word()) == 1));
    }
}
