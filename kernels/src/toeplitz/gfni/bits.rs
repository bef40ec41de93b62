//! Levels 1 to 4, between bits and bytes.
//!
//! The four highest index bits of the coefficients pick one of 16 segments. The 16 bits at one place of all segments are
//! the coordinates of two bytes, the values on the two nodes that level 4 leads to, and a matrix takes the ones to the
//! others. Registers of eight segments are interleaved until words hold eight bytes of eight segments; as a matrix
//! of bits, that word is transposed.

#![allow(clippy::inline_always, reason = "everything is compiled for the registers of its caller")]

use super::super::product::in_parts;
use super::constants::MATRICES;
use super::machine::Machine;

/// Segments of a polynomial.
const SEGMENTS: usize = 16;

/// The matrix that maps no bit.
const IDENTITY: u64 = 0x8040_2010_0804_0201;

/// Takes a polynomial (in the transform's basis) to bytes, first those for branch 0 of level 3. From word `used` on the
/// polynomial is 0.
pub(super) fn split<M: Machine>(machine: M, words: &[u64], used: usize, bytes: &mut [M::V]) {
    let segment = words.len() / SEGMENTS;
    let halves = if used > words.len() / 2 { 2 } else { 1 };
    let part = part_of(segment);
    let (first, second) = bytes.split_at_mut(bytes.len() / 2);
    let len = part / (M::BYTES / 8) * 8;
    let parts = first.chunks_exact_mut(len).zip(second.chunks_exact_mut(len));
    let mut parts: Vec<_> = parts.enumerate().map(|(index, branches)| (part * index, branches)).collect();
    in_parts(&mut parts, 1, |parts| {
        let (from, (first, second)) = &mut parts[0];
        machine.run(
            #[inline(always)]
            || {
                let branches = first.as_chunks_mut().0.iter_mut().zip(second.as_chunks_mut().0);
                for (at, branches) in (*from..segment).step_by(M::BYTES / 8).zip(branches) {
                    split_place(machine, &words[at..], (segment, halves), branches);
                }
            },
        );
    });
}

/// Words of each segment that a thread takes at once.
fn part_of(segment: usize) -> usize {
    segment.min(1 << 10)
}

#[inline(always)]
fn split_place<M: Machine>(
    machine: M,
    words: &[u64],
    (segment, halves): (usize, usize),
    (first, second): (&mut [M::V; 8], &mut [M::V; 8]),
) {
    let identity = machine.splat_word(IDENTITY);
    let zero = machine.splat(0);
    let mut sums = [[zero; 8]; 2];
    for (half, matrices) in MATRICES.split.iter().enumerate().take(halves) {
        let matrices = [machine.splat_word(matrices[0]), machine.splat_word(matrices[1])];
        // The instruction takes rows from the last to the first.
        let mut rows = [zero; 8];
        for (index, row) in rows.iter_mut().enumerate() {
            *row = machine.load(&words[(8 * half + 7 - index) * segment..]);
        }
        for _ in 0..3 {
            rows = rotated(machine, &rows);
        }
        for (index, row) in rows.into_iter().enumerate() {
            let bits = machine.map(identity, row);
            for (sums, matrix) in sums.iter_mut().zip(matrices) {
                sums[index] = machine.add(sums[index], machine.map(bits, matrix));
            }
        }
    }
    for (sums, target) in sums.into_iter().zip([first, second]) {
        *target = parts_in_order(machine, sums);
    }
}

/// The inverse of [`split`]: all segments, or if `words` has half the length, the last eight.
pub(super) fn join<M: Machine>(machine: M, bytes: &[M::V], words: &mut [u64]) {
    let halves = words.len() * 8 / (bytes.len() * M::BYTES / 2);
    let segment = words.len() / (halves * SEGMENTS / 2);
    let part = part_of(segment);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let len = part / (M::BYTES / 8) * 8;
    let mut parts: Vec<_> =
        first.chunks_exact(len).zip(second.chunks_exact(len)).map(|branches| (branches, vec![])).collect();
    for segment in words.chunks_exact_mut(segment) {
        for ((_, pieces), piece) in parts.iter_mut().zip(segment.chunks_exact_mut(part)) {
            pieces.push(piece);
        }
    }
    in_parts(&mut parts, 1, |parts| {
        let ((first, second), pieces) = &mut parts[0];
        machine.run(
            #[inline(always)]
            || {
                let branches = first.as_chunks().0.iter().zip(second.as_chunks().0);
                for (at, branches) in (0..part).step_by(M::BYTES / 8).zip(branches) {
                    join_place(machine, branches, pieces, at);
                }
            },
        );
    });
}

#[inline(always)]
fn join_place<M: Machine>(
    machine: M,
    (first, second): (&[M::V; 8], &[M::V; 8]),
    segments: &mut [&mut [u64]],
    at: usize,
) {
    let [first_matrices, second_matrices] = &MATRICES.join;
    let identity = machine.splat_word(IDENTITY);
    let (first, second) = (parts_from_order(machine, *first), parts_from_order(machine, *second));
    let left_out = 2 - segments.len() / 8;
    for (half, segments) in segments.chunks_exact_mut(8).enumerate() {
        let to = left_out + half;
        let matrices = [first_matrices[to], second_matrices[to]];
        let matrices = [machine.splat_word(matrices[0]), machine.splat_word(matrices[1])];
        let mut rows = first;
        for (row, second) in rows.iter_mut().zip(&second) {
            let bits = machine.add(machine.map(*row, matrices[0]), machine.map(*second, matrices[1]));
            *row = machine.map(identity, machine.reverse_words(bits));
        }
        for _ in 0..4 {
            rows = rotated(machine, &rows);
        }
        for (segment, row) in segments.iter_mut().zip(rows) {
            machine.store(&mut segment[at..], row);
        }
    }
}

/// An address in eight registers has three bits for the register, then four for the byte of a part: this takes the
/// highest one to the bottom.
#[inline(always)]
fn rotated<M: Machine>(machine: M, rows: &[M::V; 8]) -> [M::V; 8] {
    let mut rotated = *rows;
    for index in 0..4 {
        rotated[2 * index] = machine.interleave_low(rows[index], rows[index + 4]);
        rotated[2 * index + 1] = machine.interleave_high(rows[index], rows[index + 4]);
    }
    rotated
}

/// Part p of register i has the coefficients at 16·(8p + i): puts them there.
#[inline(always)]
fn parts_in_order<M: Machine>(machine: M, mut rows: [M::V; 8]) -> [M::V; 8] {
    let mut ordered = rows;
    for (group, rows) in rows.chunks_exact_mut(M::PARTS).enumerate() {
        machine.transpose_parts(rows);
        for (part, row) in rows.iter().enumerate() {
            ordered[8 / M::PARTS * part + group] = *row;
        }
    }
    ordered
}

/// The inverse of [`parts_in_order`].
#[inline(always)]
fn parts_from_order<M: Machine>(machine: M, ordered: [M::V; 8]) -> [M::V; 8] {
    let mut rows = ordered;
    for (group, rows) in rows.chunks_exact_mut(M::PARTS).enumerate() {
        for (part, row) in rows.iter_mut().enumerate() {
            *row = ordered[8 / M::PARTS * part + group];
        }
        machine.transpose_parts(rows);
    }
    rows
}
