//! The check rule's tables (SPEC §5.4) as bytes, so that 64 look-ups are one permutation of a register or two.
//!
//! φ goes by its low and high byte. Its inverse counts thresholds above the sum u = 256·h + l, in cells so small that none
//! holds two places where the count changes:
//!
//! ```text
//! u < 128                      the count itself                       FINE[u]
//! 128 ≤ u < 256·COARSE         cells of 32                            LEAST[u / 32]  + (l < STEP[u / 32])
//! from there on                cells of 256, the last without end     LEAST[64 + h]  + (l < STEP[64 + h])
//! ```

use crate::ldpc::portable::decoder::{PHI, SILENT};
use crate::ldpc::rule::THR;

/// What stands for an answer of 0: messages are kept as their sum with it, as bytes without a sign.
pub(super) const ZERO: u8 = 128;

/// The first high byte of sums whose cells have 256 numbers.
pub(super) const COARSE: u8 = 6;

/// The first cell of 256 numbers: that of high byte 0.
pub(super) const WIDE: u8 = 64;

/// Added to high bytes: then they saturate 63 above it, and its lower bits are those of [`WIDE`].
pub(super) const LIFT: u8 = 192;

/// Low byte of φ.
pub(super) static PHI_LOW: [u8; 128] = {
    let mut table = [0; 128];
    let mut a = 0;
    while a < table.len() {
        table[a] = PHI[a].to_le_bytes()[0];
        a += 1;
    }
    table
};

/// High byte of φ.
pub(super) static PHI_HIGH: [u8; 128] = {
    let mut table = [0; 128];
    let mut a = 0;
    while a < table.len() {
        table[a] = PHI[a].to_le_bytes()[1];
        a += 1;
    }
    table
};

/// [`LIFT`] less the high byte of φ.
pub(super) static LIFTED: [u8; 128] = {
    let mut table = PHI_HIGH;
    let mut a = 0;
    while a < table.len() {
        table[a] = LIFT - table[a];
        a += 1;
    }
    table
};

/// Answers to sums below 128.
pub(super) static FINE: [u8; 128] = {
    let mut table = [0; 128];
    let mut u = 0;
    while u < table.len() {
        table[u] = ZERO + above(u as u16);
        u += 1;
    }
    table
};

/// The smallest answer in each cell; nothing for cells whose sums are in [`FINE`].
pub(super) static LEAST: [u8; 128] = CELLS.0;

/// The low byte of the sum below which the answer is one more, 0 if there is none.
pub(super) static STEP: [u8; 128] = CELLS.1;

const CELLS: ([u8; 128], [u8; 128]) = {
    let (mut least, mut step) = ([ZERO; 128], [0; 128]);
    let mut cell = 4;
    while cell < 8 * COARSE as usize {
        (least[cell], step[cell]) = describe(32 * cell as u16, 32);
        cell += 1;
    }
    let mut high = COARSE as usize;
    while high < 64 {
        (least[WIDE as usize + high], step[WIDE as usize + high]) = describe(256 * high as u16, 256);
        high += 1;
    }
    // The last cells stand for all larger sums too.
    assert!(256 * 62 >= SILENT);
    (least, step)
};

/// The smallest answer for the sums `first..first + count`, and the low byte of the place where it begins.
const fn describe(first: u16, count: u16) -> (u8, u8) {
    let mut place = first + count - 1;
    let least = above(place);
    while place > first && above(place - 1) == least {
        place -= 1;
    }
    assert!(place == first || above(first) == least + 1);
    (ZERO + least, if place == first { 0 } else { place.to_le_bytes()[0] })
}

/// The number of thresholds above the sum `u`.
const fn above(u: u16) -> u8 {
    let mut count = 0;
    while count < THR.len() && u < THR[count] {
        count += 1;
    }
    count as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sum_has_its_magnitude() {
        for u in 0..=2 * SILENT {
            let [low, high] = u.to_le_bytes();
            let cell = if high < COARSE { usize::from(u / 32) } else { usize::from(WIDE + high.min(63)) };
            let answer =
                if u < 128 { FINE[usize::from(u)] } else { LEAST[cell] + u8::from(low < STEP[cell]) };
            assert_eq!(answer - ZERO, THR.iter().filter(|&&threshold| u < threshold).count() as u8, "{u}");
        }
    }

    #[test]
    fn bytes_of_phi_are_put_together_again() {
        for a in 0..128 {
            assert_eq!(u16::from_le_bytes([PHI_LOW[a], PHI_HIGH[a]]), PHI[a]);
            assert_eq!(LIFTED[a] + PHI_HIGH[a], LIFT);
        }
    }
}
