//! The change of basis in the last eight index bits, and the transposition before it: both on registers side by side.

#![allow(clippy::inline_always, reason = "everything is compiled for the registers of its caller")]

use super::machine::Machine;

/// Registers of a plane of a block.
pub(super) const ROWS: usize = 256;

/// Coefficients of powers of x to those of the transform's basis; coefficient i is in register i.
#[inline(always)]
pub(super) fn from_powers<M: Machine>(machine: M, rows: &mut [M::V]) {
    for log_shift in (0..4).rev() {
        divide::<M, false>(machine, rows, 1 << log_shift);
    }
    networks::<M, false>(machine, rows);
}

/// The inverse of [`from_powers`].
#[inline(always)]
pub(super) fn to_powers<M: Machine>(machine: M, rows: &mut [M::V]) {
    networks::<M, true>(machine, rows);
    for log_shift in 0..4 {
        divide::<M, true>(machine, rows, 1 << log_shift);
    }
}

/// Divides every 32·`shift` coefficients by s_4^shift = x^(16·shift) + x^shift: the remainder becomes the low half, the
/// quotient the high half. Or back.
#[inline(always)]
fn divide<M: Machine, const BACK: bool>(machine: M, rows: &mut [M::V], shift: usize) {
    for block in rows.chunks_exact_mut(32 * shift) {
        let (low, high) = block.split_at_mut(16 * shift);
        if !BACK {
            let (bottom, top) = high.split_at_mut(15 * shift);
            add(machine, &mut bottom[..shift], top);
        }
        add(machine, &mut low[shift..], &high[..15 * shift]);
        if BACK {
            let (bottom, top) = high.split_at_mut(15 * shift);
            add(machine, &mut bottom[..shift], top);
        }
    }
}

#[inline(always)]
fn add<M: Machine>(machine: M, sums: &mut [M::V], others: &[M::V]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum = machine.add(*sum, *other);
    }
}

/// Both halves of the index are polynomials of degree below 16 now, in x and in s_4.
#[inline(always)]
fn networks<M: Machine, const BACK: bool>(machine: M, rows: &mut [M::V]) {
    for rows in rows.as_chunks_mut().0 {
        network::<M, 16, BACK>(machine, rows);
    }
    for first in 0..16 {
        let mut column: [M::V; 16] = std::array::from_fn(|index| rows[16 * index + first]);
        network::<M, 16, BACK>(machine, &mut column);
        for (index, row) in column.into_iter().enumerate() {
            rows[16 * index + first] = row;
        }
    }
}

/// Converts 4, 8 or 16 coefficients, each a register, or back: by s_2² and s_2, then by s_1 in the high and in the low index
/// bits.
#[inline(always)]
pub(super) fn network<M: Machine, const ROWS: usize, const BACK: bool>(machine: M, rows: &mut [M::V; ROWS]) {
    if BACK {
        step::<M, ROWS, 2, 1, true>(machine, rows);
        if ROWS == 16 {
            step::<M, ROWS, 8, 4, true>(machine, rows);
        }
        if ROWS >= 8 {
            step::<M, ROWS, 4, 1, true>(machine, rows);
        }
        if ROWS == 16 {
            step::<M, ROWS, 8, 2, true>(machine, rows);
        }
    } else {
        if ROWS == 16 {
            step::<M, ROWS, 8, 2, false>(machine, rows);
        }
        if ROWS >= 8 {
            step::<M, ROWS, 4, 1, false>(machine, rows);
        }
        if ROWS == 16 {
            step::<M, ROWS, 8, 4, false>(machine, rows);
        }
        step::<M, ROWS, 2, 1, false>(machine, rows);
    }
}

/// One division of every 2·HALF rows.
#[inline(always)]
fn step<M: Machine, const ROWS: usize, const HALF: usize, const SHIFT: usize, const BACK: bool>(
    machine: M,
    rows: &mut [M::V; ROWS],
) {
    let gap = HALF - SHIFT;
    for block in (0..ROWS).step_by(2 * HALF) {
        if !BACK {
            for row in block + HALF..block + HALF + SHIFT {
                rows[row] = machine.add(rows[row], rows[row + gap]);
            }
        }
        for row in block + SHIFT..block + HALF {
            rows[row] = machine.add(rows[row], rows[row + gap]);
        }
        if BACK {
            for row in block + HALF..block + HALF + SHIFT {
                rows[row] = machine.add(rows[row], rows[row + gap]);
            }
        }
    }
}

/// Exchanges byte j of register i with byte i of register j, for as many registers as they have bytes.
#[inline(always)]
pub(super) fn transpose<M: Machine>(machine: M, rows: &mut [M::V]) {
    for rows in rows.as_chunks_mut::<16>().0 {
        // An address has four bits for the register, four for the byte of a part: four rounds exchange them.
        for _ in 0..4 {
            *rows = rotated(machine, rows);
        }
    }
    for first in 0..16 {
        let mut column = [rows[first]; 4];
        let column = &mut column[..M::PARTS];
        for (index, row) in column.iter_mut().enumerate() {
            *row = rows[16 * index + first];
        }
        machine.transpose_parts(column);
        for (index, row) in column.iter().enumerate() {
            rows[16 * index + first] = *row;
        }
    }
}

#[inline(always)]
fn rotated<M: Machine>(machine: M, rows: &[M::V; 16]) -> [M::V; 16] {
    let mut rotated = *rows;
    for index in 0..8 {
        rotated[2 * index] = machine.interleave_low(rows[index], rows[index + 8]);
        rotated[2 * index + 1] = machine.interleave_high(rows[index], rows[index + 8]);
    }
    rotated
}
