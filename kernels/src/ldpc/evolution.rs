//! How far a degree distribution could correct: density evolution of the decoder of SPEC §5.3, with its integers.
//!
//! In the limit of long codes a decoder sees no cycles, and what its messages are on average decides whether it converges. The
//! averages are taken over a *population*: the edges of as many columns as a frame has bits, which meet in new checks in
//! every iteration. The word sent is all zeros, which stands for all others. Source: Richardson and Urbanke, IEEE Trans.
//! Inf. Theory 47 (2001); a population instead of densities: Davey, thesis, Cambridge 1999.

use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use super::design::Design;
use super::rule;

/// Iterations without a smaller share of wrong bits after which it is given up, and iterations at most.
const PATIENCE: u32 = 30;
const MOST_ITERATIONS: u32 = 2000;

/// Whether codes of this design, if they were long, would correct the error rate `qber`. The same seed gives the same answer.
pub fn corrects(design: &Design, qber: f64, seed: [u8; 32]) -> bool {
    let mut population = Population::new(design, qber, seed);
    let (mut fewest, mut waited) = (usize::MAX, 0);
    for _ in 0..MOST_ITERATIONS {
        population.iterate();
        let wrong = population.wrong();
        (fewest, waited) = if wrong < fewest { (wrong, 0) } else { (fewest, waited + 1) };
        if fewest == 0 || waited == PATIENCE {
            break;
        }
    }
    fewest == 0
}

/// The largest error rate that is corrected, between `low`, which is, and `high`, by so many halvings.
pub fn threshold(design: &Design, (low, high): (f64, f64), halvings: u32, seed: [u8; 32]) -> f64 {
    let halved = (0..halvings).fold((low, high), |(low, high), _| {
        let middle = f64::midpoint(low, high);
        if corrects(design, middle, seed) { (middle, high) } else { (low, middle) }
    });
    halved.0
}

struct Population {
    /// What the channel says of each column's bit, and how many edges the column has.
    columns: Vec<(i16, usize)>,
    /// The latest message to each column over each of its edges, column by column.
    answers: Vec<i16>,
    /// The edges in the order in which checks take them, and how many of each check.
    order: Vec<u32>,
    check_degrees: Vec<usize>,
    random: Box<dyn XofReader>,
}

impl Population {
    fn new(design: &Design, qber: f64, seed: [u8; 32]) -> Self {
        let channel = i16::from(rule::channel_magnitude(qber));
        let columns: Vec<_> = design
            .degrees
            .iter()
            .flat_map(|&(degree, columns)| {
                // As many wrong bits as the error rate asks for, not as many as chance has it.
                let wrong = move |bit: usize| (bit as f64 * qber) as usize;
                (0..columns * design.lifting)
                    .map(move |bit| (if wrong(bit + 1) > wrong(bit) { -channel } else { channel }, degree))
            })
            .collect();
        let edges: usize = columns.iter().map(|(_, degree)| degree).sum();
        let checks = design.rows * design.lifting;
        let mut shake = Shake256::default();
        shake.update(&seed);
        Self {
            columns,
            answers: vec![0; edges],
            order: (0..edges as u32).collect(),
            check_degrees: (0..checks)
                .map(|check| (check + 1) * edges / checks - check * edges / checks)
                .collect(),
            random: Box::new(shake.finalize_xof()),
        }
    }

    fn iterate(&mut self) {
        let messages = self.messages();
        self.shuffle();
        let mut order = &self.order[..];
        let mut check = Vec::new();
        for &degree in &self.check_degrees {
            let edges;
            (edges, order) = order.split_at(degree);
            check.clear();
            check.extend(edges.iter().map(|&edge| messages[edge as usize]));
            rule::answer(false, &mut check);
            for (&edge, &answer) in edges.iter().zip(&check) {
                self.answers[edge as usize] = answer;
            }
        }
    }

    /// What each column says over each of its edges.
    fn messages(&self) -> Vec<i16> {
        let mut messages = Vec::with_capacity(self.answers.len());
        let mut answers = &self.answers[..];
        for &(channel, degree) in &self.columns {
            let own;
            (own, answers) = answers.split_at(degree);
            let posterior = channel + own.iter().sum::<i16>();
            let limit = rule::INPUT_LIMIT;
            messages.extend(own.iter().map(|answer| (posterior - answer).clamp(-limit, limit)));
        }
        messages
    }

    /// Columns that would be decided wrongly.
    fn wrong(&self) -> usize {
        let mut answers = &self.answers[..];
        let wrong = |&&(channel, degree): &&(i16, usize)| {
            let own;
            (own, answers) = answers.split_at(degree);
            let posterior = channel + own.iter().sum::<i16>();
            posterior < 0 || posterior == 0 && channel < 0
        };
        self.columns.iter().filter(wrong).count()
    }

    /// Fisher and Yates.
    fn shuffle(&mut self) {
        let mut bytes = vec![0; 4 * self.order.len()];
        self.random.read(&mut bytes);
        for (index, bytes) in bytes.as_chunks().0.iter().enumerate().skip(1) {
            let other = (u64::from(u32::from_le_bytes(*bytes)) * (index as u64 + 1)) >> 32;
            self.order.swap(index, other as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published threshold of the sum-product decoder for columns of degree 3 and rows of degree 6 is 0.084, for degree 4
    /// and 8 it is 0.076 (Richardson and Urbanke 2001, table II); whole numbers cost little.
    #[test]
    fn regular_codes_have_their_published_thresholds() {
        for (degree, published) in [(3, 0.084), (4, 0.076)] {
            let design = Design { rows: 128, degrees: vec![(degree, 256)], lifting: 64 };
            assert!(corrects(&design, 0.97 * published, [1; 32]), "degree {degree}");
            assert!(!corrects(&design, 1.02 * published, [1; 32]), "degree {degree}");
        }
    }

    #[test]
    fn thresholds_are_found_between_bounds() {
        let design = Design { rows: 128, degrees: vec![(3, 256)], lifting: 16 };
        let threshold = threshold(&design, (0.05, 0.12), 5, [2; 32]);
        assert!((0.078..0.088).contains(&threshold), "{threshold}");
    }
}
