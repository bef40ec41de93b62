//! The check rule's tables (SPEC §5.4) as bytes, so that 64 look-ups are one permutation of a register or two.
//!
//! φ goes as 64·h + l, of which 2·h, a number of cells of 32, and l are tables. The inverse is a table of single sums u, and
//! one of cells: thresholds from 64 on are multiples of those.
//!
//! ```text
//! u < 64          FINE[u]
//! 64 ≤ u          COARSE[u / 32], the last cells without end
//! ```

use crate::ldpc::portable::decoder::MAGNITUDE;
use crate::ldpc::rule::{PHI, THR};

/// Added to numbers of cells: then they saturate 127 above it.
pub(super) const LIFT: u8 = 128;

/// The first cell that is not [`FINE`].
pub(super) const FIRST_CELL: u8 = 2;

/// The lower six bits of φ.
pub(super) static PHI_LOW: [u8; 128] = {
    let mut table = [0; 128];
    let mut a = 0;
    while a < table.len() {
        table[a] = PHI[a].to_le_bytes()[0] & 63;
        a += 1;
    }
    table
};

/// The higher bits of φ, in cells.
pub(super) static PHI_CELLS: [u8; 128] = {
    let mut table = [0; 128];
    let mut a = 0;
    while a < table.len() {
        table[a] = 2 * (PHI[a] >> 6).to_le_bytes()[0];
        a += 1;
    }
    table
};

/// [`LIFT`] less [`PHI_CELLS`].
pub(super) static LIFTED: [u8; 128] = {
    let mut table = PHI_CELLS;
    let mut a = 0;
    while a < table.len() {
        table[a] = LIFT - table[a];
        a += 1;
    }
    table
};

/// Answers to sums below 64.
pub(super) static FINE: [u8; 64] = *MAGNITUDE.first_chunk().expect("more answers than that");

/// Answers to the sums of each cell, from [`FIRST_CELL`] on.
pub(super) static COARSE: [u8; 128] = {
    // Sums that have saturated at 255 cells are at least in one of the last four, whatever φ is taken from them.
    assert!(PHI[0] == 128 * 32 && THR[0] <= 124 * 32);
    let mut table = [0; 128];
    let mut cell = 0;
    while cell < table.len() {
        table[cell] = MAGNITUDE[32 * cell];
        cell += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sum_has_its_magnitude() {
        for u in 0..=2 * PHI[0] {
            let cell = usize::from(u / 32);
            let answer = if u < 64 { FINE[usize::from(u)] } else { COARSE[cell.min(127)] };
            assert_eq!(answer, THR.iter().filter(|&&threshold| u < threshold).count() as u8, "{u}");
        }
    }

    #[test]
    fn phi_is_put_together_again() {
        for a in 0..128 {
            assert_eq!(32 * u16::from(PHI_CELLS[a]) + u16::from(PHI_LOW[a]), PHI[a]);
            assert_eq!(LIFTED[a] + PHI_CELLS[a], LIFT);
        }
    }
}
