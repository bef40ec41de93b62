//! The change of basis on bits, in all index bits but the lowest eight, which are left to [`vertical`](super::vertical).
//!
//! The divisions are those of [`fft::basis`](super::super::fft::basis): depth first, so that their blocks stay in the cache, the
//! last four index bits of each problem in one pass, as a network between 16 registers.

#![allow(clippy::inline_always, reason = "everything is compiled for the registers of its caller")]

use super::super::product::{both, in_parts};
use super::machine::Machine;
use super::vertical::network;
use crate::simd::Gfni;

/// Bits of the blocks that the last division works on, as a logarithm: 8 KiB.
const LOG_BLOCK: u32 = 16;

/// The words whose conversion is enough for a polynomial that is 0 from word `used` on: X_i has degree i.
pub(super) fn converted(used: usize) -> usize {
    used.next_power_of_two().max(BLOCK)
}

/// Words of a block.
const BLOCK: usize = 1 << (LOG_BLOCK - 6);

/// Coefficients of powers of x to those of the transform's basis. From word `used` on they are 0, and remain it.
pub(super) fn from_powers<M: Machine>(machine: M, words: &mut [u64], used: usize) {
    let m = words.len().ilog2() + 6;
    divide_down(machine, words, 0, m - LOG_BLOCK);
    convert(machine, words, LOG_BLOCK, m - LOG_BLOCK);
    in_parts(&mut words[..used.next_multiple_of(BLOCK)], BLOCK, |block| {
        for t in (3..8).rev() {
            divide_all::<M, false>(machine, block, 1 << t, 4 << t);
        }
        divide_small::<M, false>(machine, block);
        for t in (0..4).rev() {
            divide_all::<M, false>(machine, block, 256 << t, 64 << t);
        }
        networks::<M, false>(machine, block, 1 << (12 - 6), 4);
        networks::<M, false>(machine, block, 1 << (8 - 6), 4);
    });
}

/// The inverse of [`from_powers`], right in the last `wanted` words: x^i appears in no X_j with j < i.
pub(super) fn to_powers<M: Machine>(machine: M, words: &mut [u64], wanted: usize) {
    let m = words.len().ilog2() + 6;
    let first = (words.len() - wanted) / BLOCK * BLOCK;
    in_parts(&mut words[first..], BLOCK, |block| {
        networks::<M, true>(machine, block, 1 << (8 - 6), 4);
        networks::<M, true>(machine, block, 1 << (12 - 6), 4);
        for t in 0..4 {
            divide_all::<M, true>(machine, block, 256 << t, 64 << t);
        }
        divide_small::<M, true>(machine, block);
        for t in 3..8 {
            divide_all::<M, true>(machine, block, 1 << t, 4 << t);
        }
    });
    convert_back(machine, words, LOG_BLOCK, m - LOG_BLOCK);
    multiply_up(machine, words, 0, m - LOG_BLOCK);
}

/// Converts every block of 2^log_len coefficients of 2^log_unit bits.
fn convert<M: Machine>(machine: M, words: &mut [u64], log_unit: u32, log_len: u32) {
    let unit = 1 << (log_unit - 6);
    match log_len {
        0 | 1 => {}
        2..=4 => {
            in_parts(words, unit << log_len, |block| networks::<M, false>(machine, block, unit, log_len));
        }
        _ => {
            let k = 1 << (log_len - 1).ilog2();
            in_parts(words, unit << log_len, |block| divide_down(machine, block, log_unit, log_len - k));
            convert(machine, words, log_unit + k, log_len - k);
            convert(machine, words, log_unit, k);
        }
    }
}

fn convert_back<M: Machine>(machine: M, words: &mut [u64], log_unit: u32, log_len: u32) {
    let unit = 1 << (log_unit - 6);
    match log_len {
        0 | 1 => {}
        2..=4 => in_parts(words, unit << log_len, |block| networks::<M, true>(machine, block, unit, log_len)),
        _ => {
            let k = 1 << (log_len - 1).ilog2();
            convert_back(machine, words, log_unit, k);
            convert_back(machine, words, log_unit + k, log_len - k);
            in_parts(words, unit << log_len, |block| multiply_up(machine, block, log_unit, log_len - k));
        }
    }
}

/// Divides by s_k^{2^t}, for t = `times` − 1 down to 0, all of `words` first, then its halves, and so on; shifts are by
/// 2^{t + log_unit} bits.
fn divide_down<M: Machine>(machine: M, words: &mut [u64], log_unit: u32, times: u32) {
    let Some(t) = times.checked_sub(1) else { return };
    let half = words.len() / 2;
    divide_all::<M, false>(machine, words, 1 << (log_unit + t), half);
    let (low, high) = words.split_at_mut(half);
    both(|| divide_down(machine, low, log_unit, t), || divide_down(machine, high, log_unit, t));
}

fn multiply_up<M: Machine>(machine: M, words: &mut [u64], log_unit: u32, times: u32) {
    let Some(t) = times.checked_sub(1) else { return };
    let half = words.len() / 2;
    let (low, high) = words.split_at_mut(half);
    both(|| multiply_up(machine, low, log_unit, t), || multiply_up(machine, high, log_unit, t));
    divide_all::<M, true>(machine, words, 1 << (log_unit + t), half);
}

/// Divides every block of two halves by x^half + x^shift (`shift` in bits, at most half of `half`, which is in words): the
/// remainder becomes the low half, the quotient the high half. Or back.
fn divide_all<M: Machine, const BACK: bool>(machine: M, words: &mut [u64], shift: usize, half: usize) {
    machine.run(
        #[inline(always)]
        || {
            for block in words.chunks_exact_mut(2 * half) {
                if shift < 64 {
                    divide_by_bits::<M, BACK>(machine, block, shift);
                } else {
                    divide_by_words::<M, BACK>(machine, block, shift / 64);
                }
            }
        },
    );
}

/// A shift within words: every register of the high half together with the words below.
#[inline(always)]
fn divide_by_bits<M: Machine, const BACK: bool>(machine: M, block: &mut [u64], shift: usize) {
    let half = block.len() / 2;
    let (up, down) = (machine.splat_word(shift as u64), machine.splat_word(64 - shift as u64));
    // What is added to the bottom of the high half is below 2^shift, so that it is in the first word, shifted or not.
    let top = block[2 * half - 1] >> (64 - shift);
    if BACK {
        add_shifted(machine, block, (up, down));
    }
    let folded = machine.add(machine.load(&block[half..]), machine.low_word(top));
    machine.store(&mut block[half..], folded);
    if !BACK {
        add_shifted(machine, block, (up, down));
    }
}

/// Adds the high half, shifted, to the low one.
#[inline(always)]
fn add_shifted<M: Machine>(machine: M, block: &mut [u64], (up, down): (M::V, M::V)) {
    let (low, high) = block.split_at_mut(block.len() / 2);
    let mut before = machine.splat(0);
    let step = M::BYTES / 8;
    for (low, high) in low.chunks_exact_mut(step).zip(high.chunks_exact(step)) {
        let high = machine.load(high);
        let sum = machine.add(machine.load(low), machine.shift_up(high, before, up, down));
        machine.store(low, sum);
        before = high;
    }
}

/// A shift by words.
#[inline(always)]
fn divide_by_words<M: Machine, const BACK: bool>(machine: M, block: &mut [u64], shift: usize) {
    let half = block.len() / 2;
    let step = M::BYTES / 8;
    if !BACK {
        fold(machine, &mut block[half..], shift);
    }
    if shift < step {
        let high = machine.and(machine.load(&block[half - shift..]), machine.without_low_words(shift));
        let low = machine.add(machine.load(block), high);
        machine.store(block, low);
    }
    let (low, high) = block.split_at_mut(half);
    let aligned = shift.max(step);
    add(machine, &mut low[aligned..], &high[aligned - shift..]);
    if BACK {
        fold(machine, &mut block[half..], shift);
    }
}

/// Adds the top `shift` words to the lowest ones.
#[inline(always)]
fn fold<M: Machine>(machine: M, high: &mut [u64], shift: usize) {
    let (rest, top) = high.split_at_mut(high.len() - shift);
    if shift < M::BYTES / 8 {
        for (low, top) in rest.iter_mut().zip(top) {
            *low ^= *top;
        }
    } else {
        add(machine, &mut rest[..shift], top);
    }
}

/// Adds as many words as there are, whole registers of them.
#[inline(always)]
fn add<M: Machine>(machine: M, sums: &mut [u64], others: &[u64]) {
    let step = M::BYTES / 8;
    for (sum, other) in sums.chunks_exact_mut(step).zip(others.chunks_exact(step)) {
        machine.store(sum, machine.add(machine.load(sum), machine.load(other)));
    }
}

/// Divides every 2^11 bits by s_8^4, s_8² and s_8, or back: shifts by 4, 2 and 1 bits of blocks of 8, 4 and 2 registers of 32
/// bytes.
fn divide_small<M: Machine, const BACK: bool>(machine: M, words: &mut [u64]) {
    let narrow = machine.narrow();
    machine.run(
        #[inline(always)]
        || {
            for words in words.as_chunks_mut::<32>().0 {
                let mut rows = [narrow.splat(0); 8];
                for (row, words) in rows.iter_mut().zip(words.as_chunks::<4>().0) {
                    *row = narrow.load(words);
                }
                if BACK {
                    divide_rows::<Gfni, 1, true>(narrow, &mut rows);
                    divide_rows::<Gfni, 2, true>(narrow, &mut rows);
                    divide_rows::<Gfni, 4, true>(narrow, &mut rows);
                } else {
                    divide_rows::<Gfni, 4, false>(narrow, &mut rows);
                    divide_rows::<Gfni, 2, false>(narrow, &mut rows);
                    divide_rows::<Gfni, 1, false>(narrow, &mut rows);
                }
                for (row, words) in rows.into_iter().zip(words.as_chunks_mut::<4>().0) {
                    narrow.store(words, row);
                }
            }
        },
    );
}

/// One division of every 2·SHIFT rows, with a shift of SHIFT bits.
#[inline(always)]
fn divide_rows<M: Machine, const SHIFT: usize, const BACK: bool>(machine: M, rows: &mut [M::V; 8]) {
    let (up, down) = (machine.splat_word(SHIFT as u64), machine.splat_word(64 - SHIFT as u64));
    let zero = machine.splat(0);
    for block in rows.chunks_exact_mut(2 * SHIFT) {
        let (low, high) = block.split_at_mut(SHIFT);
        let top = machine.shift_up(zero, high[SHIFT - 1], up, down);
        if !BACK {
            high[0] = machine.add(high[0], top);
        }
        let mut before = zero;
        for (low, high) in low.iter_mut().zip(&*high) {
            *low = machine.add(*low, machine.shift_up(*high, before, up, down));
            before = *high;
        }
        if BACK {
            high[0] = machine.add(high[0], top);
        }
    }
}

/// A [`network`] for every 2^`log_rows` rows of `unit` words, column by column.
fn networks<M: Machine, const BACK: bool>(machine: M, words: &mut [u64], unit: usize, log_rows: u32) {
    machine.run(
        #[inline(always)]
        || match log_rows {
            2 => columns::<M, 4, BACK>(machine, words, unit),
            3 => columns::<M, 8, BACK>(machine, words, unit),
            _ if unit < M::BYTES / 8 => columns::<Gfni, 16, BACK>(machine.narrow(), words, unit),
            _ => columns::<M, 16, BACK>(machine, words, unit),
        },
    );
}

#[inline(always)]
fn columns<M: Machine, const ROWS: usize, const BACK: bool>(machine: M, words: &mut [u64], unit: usize) {
    let step = M::BYTES / 8;
    assert!(unit.is_multiple_of(step), "rows are whole registers");
    for block in words.chunks_exact_mut(ROWS * unit) {
        for at in (0..unit).step_by(step) {
            let place = |row: usize| row * unit + at..row * unit + at + step;
            let mut rows = [machine.splat(0); ROWS];
            for (index, row) in rows.iter_mut().enumerate() {
                // SAFETY: a register from `at` on is within a row, which is within the block.
                *row = machine.load(unsafe { block.get_unchecked(place(index)) });
            }
            network::<M, ROWS, BACK>(machine, &mut rows);
            // Rows a power of two apart compete for the same lines of the cache: the last ones are still there.
            for (index, row) in rows.into_iter().enumerate().rev() {
                // SAFETY: as above.
                machine.store(unsafe { block.get_unchecked_mut(place(index)) }, row);
            }
        }
    }
}
