//! What a check answers, from its sum: a table that replaces two look-ups an edge by one a check.
//!
//! By the rule (SPEC §5.3), an edge that came with the magnitude a is answered g(S − PHI[a]), where g counts thresholds. For a
//! given sum S that is a falling staircase in a: g(S) on the far right, more for smaller a. Its first [`STEPS`] steps are
//! described by the places where they are:
//!
//! ```text
//! answer ≥ g(S) + k  ⟺  a < places[k − 1]             k = 1..=STEPS
//! ```
//! Higher it goes for one edge at most, that with the smallest a: of two edges, the one with the smaller PHI has no more
//! than half of the sum, and g(S/2) ≤ g(S) + STEPS for all S. So the answer to the smallest a is looked up for itself, and all
//! others are comparisons of bytes.

use std::sync::LazyLock;

use crate::ldpc::portable::decoder::MAGNITUDE;
use crate::ldpc::rule;

/// Steps of the staircase that are told.
pub(super) const STEPS: usize = 4;

/// The smallest sum with magnitude 0.
pub(super) const SILENT: u16 = rule::THR[0];

/// [`rule::PHI`], no more than [`SILENT`]: an edge whose φ was cut silences all others before and after.
pub(super) const PHI: [u16; 128] = {
    let mut table = rule::PHI;
    table[0] = SILENT;
    table
};

/// Largest sum that is told apart: from here on all answers are 0, as no edge has more than [`SILENT`].
pub(super) const LARGEST_SUM: u16 = 2 * SILENT;

/// For each sum the [`STEPS`] places, in bytes from the lowest on.
pub(super) static PLACES: LazyLock<Box<[u32; 1 << 13]>> = LazyLock::new(|| {
    let entries: Box<[u32]> = (0..1 << 13).map(entry).collect();
    entries.try_into().expect("as many entries as sums")
});

/// The magnitude of the answer for the sum `rest` of the other edges.
pub(super) fn magnitude(rest: u16) -> u8 {
    MAGNITUDE[usize::from(rest.min(SILENT)) % MAGNITUDE.len()]
}

fn entry(sum: u16) -> u32 {
    let least = magnitude(sum);
    let places: [u8; STEPS] = std::array::from_fn(|step| {
        let higher = |&phi: &u16| magnitude(sum.saturating_sub(phi)) > least + step as u8;
        PHI.partition_point(higher) as u8
    });
    u32::from_le_bytes(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_answer_every_edge_but_the_strongest() {
        for sum in 0..=LARGEST_SUM {
            let places = PLACES[usize::from(sum)].to_le_bytes();
            for (a, &phi) in PHI.iter().enumerate().filter(|&(_, phi)| 2 * phi <= sum) {
                let steps = places.iter().filter(|&&place| a < usize::from(place)).count();
                assert_eq!(magnitude(sum - phi), magnitude(sum) + steps as u8, "S = {sum}, a = {a}");
            }
        }
    }

    #[test]
    fn sums_beyond_the_largest_are_silent() {
        assert_eq!((magnitude(LARGEST_SUM), PLACES[usize::from(LARGEST_SUM)]), (0, 0));
        assert_eq!(magnitude(LARGEST_SUM - PHI[0]), 0);
    }
}
