//! How a degree distribution would decode if frames were long: density evolution of the decoder of SPEC §5.3 with its integers
//! and its tables, exact but for the order of updates.
//!
//! In the limit of long codes no message meets itself again, so what the messages of an iteration are worth is a distribution
//! over 255 numbers, and each iteration turns it into the next. The word sent is all zeros, which stands for all others: a
//! negative message is a wrong one.
//!
//! ```text
//! columns   channel + sum of the other answers        powers of the answers' spectrum, limited to ±127
//! checks    sum of φ over the other messages          powers of the spectra of φ(|T|) with and without the signs
//!           answer = thresholds above the sum
//! ```
//! All rows are taken at once (the decoder takes them one after the other, which halves its iterations), and only messages are
//! limited (the decoder's posteriors are too, which matters in heavy columns). Source: Richardson and
//! Urbanke, IEEE Trans. Inf. Theory 47 (2001).

use std::sync::Arc;

use qkdpp_kernels::ldpc::rule::{self, PHI, THR, channel_magnitude};
use realfft::num_complex::Complex64;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Share of wrong messages below which decoding has converged: rounding leaves some wrong messages of columns of degree 2, up to one
/// in 100,000.
const CONVERGED: f64 = 1e-4;

/// As long as wrong messages and doubt together fall below this of what they were within so many iterations, it still may.
const PROGRESS: f64 = 0.998;
const PATIENCE: u32 = 10;

const LIMIT: usize = rule::LIMIT as usize;

/// The largest answer.
const ANSWER: usize = THR.len();

/// Length of the spectra of sums of φ, twice the largest sum that is answered, and of those of columns.
const SUMS: usize = 1 << 13;
const TOTALS: usize = 1 << 13;

/// Sums are weighted by e^(−[`DAMPING`]·u), so that those beyond [`SUMS`], which come around, weigh nothing.
const DAMPING: f64 = 25.0 / SUMS as f64;

/// The transforms, planned once.
pub struct Evolution {
    sums: Transform,
    totals: Transform,
}

/// Columns by degree, (degree, how many), and rows: only their ratios count.
#[derive(Clone, Debug)]
pub struct Ensemble<'a> {
    /// (degree, columns with it).
    pub degrees: &'a [(usize, usize)],
    /// Rows, as equally heavy as they can be.
    pub rows: usize,
}

impl Ensemble<'_> {
    /// Edges for each column.
    pub fn edges(&self) -> f64 {
        let columns: usize = self.degrees.iter().map(|(_, columns)| columns).sum();
        self.edge_count() as f64 / columns as f64
    }

    fn edge_count(&self) -> usize {
        self.degrees.iter().map(|(degree, columns)| degree * columns).sum()
    }
}

impl Default for Evolution {
    fn default() -> Self {
        Self { sums: Transform::new(SUMS), totals: Transform::new(TOTALS) }
    }
}

impl Evolution {
    /// Iterations until the error rate `qber` is corrected, `None` if it never is. Fractions of an iteration tell near
    /// distributions from each other.
    pub fn iterations(&self, ensemble: &Ensemble<'_>, qber: f64) -> Option<f64> {
        let channel = usize::from(channel_magnitude(qber));
        let mut answers = vec![0.0; 2 * ANSWER + 1];
        answers[ANSWER] = 1.0;
        let (mut before, mut least, mut waited) = (qber, f64::INFINITY, 0);
        for iteration in 0.. {
            let messages = self.columns(ensemble, (channel, qber), &answers);
            let wrong = messages[..LIMIT].iter().sum::<f64>() + messages[LIMIT] / 2.0;
            if wrong < CONVERGED {
                return Some(f64::from(iteration) - (CONVERGED / wrong).ln() / (before / wrong).ln());
            }
            let doubt = wrong + doubt(&messages);
            (least, waited) = if doubt < PROGRESS * least { (doubt, 0) } else { (least, waited + 1) };
            if waited == PATIENCE {
                return None;
            }
            before = wrong;
            answers = self.checks(ensemble, &messages);
        }
        unreachable!("it converges or stalls")
    }

    /// The largest error rate that is corrected, between `low`, which is, and `high`, which is not, by so many halvings.
    pub fn threshold(&self, ensemble: &Ensemble<'_>, (low, high): (f64, f64), halvings: u32) -> f64 {
        let halved = (0..halvings).fold((low, high), |(low, high), _| {
            let middle = f64::midpoint(low, high);
            if self.iterations(ensemble, middle).is_some() { (middle, high) } else { (low, middle) }
        });
        halved.0
    }

    /// What a message from a column is, −127 to 127, from what answers are, −40 to 40.
    fn columns(&self, ensemble: &Ensemble<'_>, (channel, qber): (usize, f64), answers: &[f64]) -> Vec<f64> {
        let edges = ensemble.edge_count();
        let place = |value: isize| value.rem_euclid(TOTALS as isize) as usize;
        let spread = |values: &[(isize, f64)]| {
            let mut density = vec![0.0; TOTALS];
            for &(value, share) in values {
                density[place(value)] += share;
            }
            self.totals.forward(density)
        };
        let answers: Vec<_> = (-(ANSWER as isize)..).zip(answers.iter().copied()).collect();
        let received = spread(&[(-(channel as isize), qber), (channel as isize, 1.0 - qber)]);
        let total = spread(&answers).into_iter().zip(received).map(|(answer, received)| {
            let share = |&(degree, columns): &(usize, usize)| {
                answer.powu(degree as u32 - 1) * ((degree * columns) as f64 / edges as f64)
            };
            ensemble.degrees.iter().map(share).sum::<Complex64>() * received
        });
        let total = self.totals.inverse(total.collect());
        let mut messages = vec![0.0; 2 * LIMIT + 1];
        for value in -(TOTALS as isize) / 2..TOTALS as isize / 2 {
            let limited = value.clamp(-(LIMIT as isize), LIMIT as isize) + LIMIT as isize;
            messages[limited as usize] += total[place(value)].max(0.0);
        }
        messages
    }

    /// What an answer is, from what messages are.
    fn checks(&self, ensemble: &Ensemble<'_>, messages: &[f64]) -> Vec<f64> {
        let edges = ensemble.edge_count();
        let (light, heavy) = (edges / ensemble.rows, edges % ensemble.rows);
        // A message of 0 silences the other edges, so sums with one are left out.
        let (mut all, mut signed) = (vec![0.0; SUMS], vec![0.0; SUMS]);
        for a in 1..=LIMIT {
            let (sum, right, wrong) = (usize::from(PHI[a]), messages[LIMIT + a], messages[LIMIT - a]);
            let weight = (-DAMPING * sum as f64).exp();
            all[sum] += weight * (right + wrong);
            signed[sum] += weight * (right - wrong);
        }
        let share = (heavy * (light + 1)) as f64 / edges as f64;
        let others = |density| {
            let spectrum = self.sums.forward(density);
            let power = |s: Complex64| s.powu(light as u32 - 1) * (s * share + (1.0 - share));
            self.sums.inverse(spectrum.into_iter().map(power).collect())
        };
        let (all, signed) = (others(all), others(signed));
        let mut answers = vec![0.0; 2 * ANSWER + 1];
        let mut magnitude = ANSWER;
        for (sum, (all, signed)) in all.into_iter().zip(signed).enumerate().take(THR[0].into()) {
            while sum >= usize::from(THR[magnitude - 1]) {
                magnitude -= 1;
            }
            let weight = (DAMPING * sum as f64).exp() / 2.0;
            answers[ANSWER + magnitude] += weight * (all + signed).max(0.0);
            answers[ANSWER - magnitude] += weight * (all - signed).max(0.0);
        }
        answers[ANSWER] = 1.0 - answers.iter().sum::<f64>();
        answers
    }
}

/// The error rate that messages say they have. At first it falls although no sign changes yet, in the end it hardly does.
fn doubt(messages: &[f64]) -> f64 {
    let chance = |message: f64| 1.0 / (1.0 + (message / 4.0).exp());
    (-(LIMIT as i32)..).zip(messages).map(|(message, share)| share * chance(message.into())).sum()
}

/// A Fourier transform of real numbers and its inverse.
struct Transform {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

impl Transform {
    fn new(length: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        Self { forward: planner.plan_fft_forward(length), inverse: planner.plan_fft_inverse(length) }
    }

    fn forward(&self, mut density: Vec<f64>) -> Vec<Complex64> {
        let mut spectrum = self.forward.make_output_vec();
        self.forward.process(&mut density, &mut spectrum).expect("vectors of the plan's lengths");
        spectrum
    }

    fn inverse(&self, mut spectrum: Vec<Complex64>) -> Vec<f64> {
        let mut density = self.inverse.make_output_vec();
        // The first and the last number of a spectrum are real but for rounding.
        spectrum[0].im = 0.0;
        spectrum.last_mut().expect("a spectrum").im = 0.0;
        self.inverse.process(&mut spectrum, &mut density).expect("vectors of the plan's lengths");
        let scale = 1.0 / density.len() as f64;
        for share in &mut density {
            *share *= scale;
        }
        density
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published thresholds of the sum-product decoder (Richardson and Urbanke 2001, table II); whole numbers cost little.
    #[test]
    fn regular_codes_have_their_published_thresholds() {
        let evolution = Evolution::default();
        for (degree, columns, rows, published) in
            [(3, 2, 1, 0.084), (4, 2, 1, 0.076), (5, 2, 1, 0.068), (3, 5, 3, 0.113), (3, 4, 3, 0.167)]
        {
            let ensemble = Ensemble { degrees: &[(degree, columns)], rows };
            let found = evolution.threshold(&ensemble, (0.05, 0.2), 10);
            assert!(
                (0.985..1.015).contains(&(found / published)),
                "degree {degree}, {columns} columns: {found}"
            );
        }
    }
}
