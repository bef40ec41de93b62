//! [`Weights`]: how likely the bits of a short interval are wrong, so that it is cut where both parts are as likely to hold
//! its error.
//!
//! Bits of an interval have not the same chances: in another pass one may share an even interval with a single other bit,
//! and is almost surely right, while the next stands among many. A question is worth a whole bit only if its two answers are
//! equally likely.
//!
//! Let u unknown bits be in the interval of the other pass, this one among them, each of the others wrong with probability q, and
//! t = (1 − 2q)^(u−1), with a minus sign if the interval is odd. If p is the probability without the interval, the odds of the
//! bit are p/(1 − p) · (1 − t)/(1 + t). Weights are these probabilities in integers, since both sides must choose the same cuts.

use std::ops::Range;

use super::place::Place;
use super::search::Work;

/// For an expected QBER Q, the weights of bits by what the first pass (p = q = Q) and the second (p = Q, q = Q/2: about half of the
/// errors are found by then) know of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    /// For the first and the second pass: even and odd intervals by their unknown bits, from 1 to 64.
    tables: [[Vec<u32>; 2]; 2],
    /// Of a bit in a longer interval.
    longer: u32,
}

impl Weights {
    pub(super) fn new(qber: f64) -> Self {
        let table = |others: f64, sign: f64| {
            let weight = |unknown: usize| weight(qber, sign * libm::pow(1.0 - 2.0 * others, unknown as f64));
            (0..64).map(weight).collect()
        };
        let tables = [qber, qber / 2.0].map(|others| [1.0, -1.0].map(|sign| table(others, sign)));
        Self { tables, longer: weight(qber, 0.0) }
    }

    /// The weight of a bit by its interval in the first or the second pass: the unknown bits in that, 1 at least, and whether it
    /// is odd; `None` for an interval of more than 64 places.
    #[inline(always)]
    pub(super) fn of(&self, pass: usize, interval: Option<(usize, bool)>) -> u32 {
        interval.map_or(self.longer, |(unknown, odd)| self.tables[pass][usize::from(odd)][unknown - 1])
    }
}

/// A probability in 16 bits, 1 at least.
fn weight(qber: f64, t: f64) -> u32 {
    let odds = qber * (1.0 - t);
    let probability = odds / (odds + (1.0 - qber) * (1.0 + t));
    (libm::round(probability * 65535.0) as u32).max(1)
}

/// The sums of weights of the short searches of a group; none, where bits have no weights.
#[derive(Default)]
pub(super) struct Sums {
    lists: Vec<[u32; MOST + 1]>,
    /// Which lists are in no use.
    unused: Vec<u32>,
}

/// Unknown bits of a weighted search.
pub(super) const MOST: usize = 32;

impl Sums {
    /// Keeps the sums of a search.
    #[inline(always)]
    pub(super) fn keep(&mut self, sums: &[u32; MOST + 1]) -> u32 {
        let list = self.unused.pop().unwrap_or_else(|| {
            self.lists.push([0; MOST + 1]);
            self.lists.len() as u32 - 1
        });
        self.lists[list as usize] = *sums;
        list
    }

    /// Where a search cuts the unknown places `low..high`.
    #[inline(always)]
    pub(super) fn split(&self, search: u32, low: usize, high: usize) -> usize {
        split(&self.lists[search as usize], low, high)
    }

    /// A search has ended.
    #[inline(always)]
    pub(super) fn end(&mut self, search: u32) {
        self.unused.push(search);
    }
}

/// The pass whose order a search follows, if any, and that which says how likely its bits are wrong.
#[inline(always)]
fn passes(place: Place) -> (Option<usize>, usize) {
    match place {
        Place::Pass(0) => (Some(0), 1),
        Place::Pass(pass) => (Some(usize::from(pass)), 0),
        Place::Check(_) => (None, 0),
    }
}

/// Asks for the memory of what the weights of some places depend on.
#[inline(always)]
pub(super) fn prefetch(work: &Work<'_>, frame: usize, place: Place, odd: Range<usize>) {
    let (own, other) = passes(place);
    let row = work.frames.row_of(frame, other);
    for at in odd {
        let bit = own.map_or(at, |own| work.tables.bit(own, at));
        work.frames.prefetch(row, work.tables.place(other, bit));
    }
}

/// The weights of the unknown places from `base` on, summed up from the first one.
#[inline(always)]
pub(super) fn sums(
    work: &mut Work<'_>,
    weights: &Weights,
    frame: usize,
    place: Place,
    base: u32,
    unknown: u64,
) -> [u32; MOST + 1] {
    let (own, other) = passes(place);
    let row = work.frames.row(work.frames.row_of(frame, other));
    let (mut sums, mut count, mut rest) = ([0; MOST + 1], 0, unknown);
    while rest != 0 {
        let at = (base + rest.trailing_zeros()) as usize;
        rest &= rest - 1;
        let bit = own.map_or(at, |own| work.tables.bit(own, at));
        let at = work.tables.place(other, bit);
        let known = row.short_interval(at, work.tables.frame_bits());
        sums[count + 1] = sums[count] + weights.of(other, known);
        count += 1;
    }
    sums
}

/// Where to cut bits `low..high` ≥ 2, whose weights sum up to `sums` from the first bit on: both parts as heavy as can be, the
/// left one the lighter if two cuts are as good.
#[inline(always)]
pub(super) fn split(sums: &[u32], low: usize, high: usize) -> usize {
    let balance = |split: usize| (2 * sums[split]).abs_diff(sums[low] + sums[high]);
    let beyond = |split: &usize| 2 * sums[*split] >= sums[low] + sums[high];
    let split = (low + 1..high - 1).find(beyond).unwrap_or(high - 1);
    if split > low + 1 && balance(split - 1) <= balance(split) { split - 1 } else { split }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_probabilities() {
        let weights = Weights::new(0.05);
        let by_hand = |unknown: i32| {
            // One of u equal bits of an even interval is wrong: at least another one, too.
            let even = |bits: i32| f64::midpoint(1.0, 0.9_f64.powi(bits));
            0.05 * (1.0 - even(unknown - 1)) / even(unknown)
        };
        for unknown in [2, 3, 8, 16, 64] {
            let expected = (65535.0 * by_hand(unknown)).round() as u32;
            assert!(weights.of(0, Some((unknown as usize, false))).abs_diff(expected) <= 1, "{unknown}");
        }
        assert_eq!(weights.of(0, Some((1, true))), 65535, "the only unknown bit of an odd interval");
        assert_eq!(weights.of(0, Some((1, false))), 1);
        assert_eq!(weights.of(0, None), (0.05_f64 * 65535.0).round() as u32);
        assert!(
            weights.of(1, Some((9, false))) < weights.of(0, Some((9, false))),
            "fewer errors are left in the second pass"
        );
    }

    #[test]
    fn a_cut_leaves_both_parts_as_heavy_as_can_be() {
        let sums = [0, 10, 20, 30, 40, 1000, 1001];
        assert_eq!(split(&sums, 0, 4), 2);
        assert_eq!(split(&sums, 0, 5), 4);
        assert_eq!(split(&sums, 0, 6), 4);
        assert_eq!(split(&sums, 4, 6), 5);
        assert_eq!(split(&sums, 0, 2), 1);
        assert_eq!(split(&sums, 0, 3), 1, "as good as 2");
    }
}
