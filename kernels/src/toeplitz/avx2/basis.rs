//! The change of basis in registers.
//!
//! The divisions are those of [`fft::basis`](super::super::fft::basis). They come depth first, so that their blocks
//! stay in the cache, and the last four index bits of each problem in one pass, as a network of XORs between 16 registers.
//! The lowest eight index bits are left to [`block`](super::block), where the coefficients are bytes: what is a shift by
//! bits here is a shift by bytes there.

use std::arch::x86_64::{
    _mm_cvtsi64_si128, _mm256_alignr_epi8, _mm256_blend_epi32, _mm256_bslli_epi128, _mm256_bsrli_epi128,
    _mm256_extract_epi64, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute4x64_epi64, _mm256_set_epi64x,
    _mm256_setzero_si256, _mm256_sll_epi64, _mm256_slli_epi64, _mm256_srl_epi64, _mm256_srli_epi64,
    _mm256_storeu_si256,
};

use super::super::fft::basis::add_top_to_bottom;
use super::super::product::in_parts;
use super::field::{V, xor};

/// Bits of the largest blocks that the last division works on, as a logarithm: 8 KiB.
const LOG_BLOCK: u32 = 16;

/// Words of a register.
const REGISTER: usize = 4;

/// Coefficients of powers of x to those of the transform's basis, in all index bits but the lowest eight; at least
/// 2^11 coefficients.
#[target_feature(enable = "avx2")]
pub(super) fn from_powers(words: &mut [u64]) {
    let (log_block, rest) = blocks(words);
    divide_down(words, 0, rest);
    convert(words, log_block, rest);
    in_parts(words, 1 << (log_block - 6), |block| {
        divide_block(block);
        convert(block, 8, log_block - 8);
    });
}

/// The inverse of [`from_powers`].
#[target_feature(enable = "avx2")]
pub(super) fn to_powers(words: &mut [u64]) {
    let (log_block, rest) = blocks(words);
    in_parts(words, 1 << (log_block - 6), |block| {
        convert_back(block, 8, log_block - 8);
        multiply_block(block);
    });
    convert_back(words, log_block, rest);
    multiply_up(words, 0, rest);
}

/// Index bits within a block, and above.
fn blocks(words: &[u64]) -> (u32, u32) {
    let m = words.len().ilog2() + 6;
    (m.min(LOG_BLOCK), m.saturating_sub(LOG_BLOCK))
}

/// Converts every block of 2^log_len coefficients of 2^log_unit bits, at least a register.
#[target_feature(enable = "avx2")]
fn convert(words: &mut [u64], log_unit: u32, log_len: u32) {
    let unit = 1 << (log_unit - 6);
    match log_len {
        0 | 1 => {}
        2 => networks::<4, false>(words, unit),
        3 => networks::<8, false>(words, unit),
        4 => networks::<16, false>(words, unit),
        _ => {
            let k = 1 << (log_len - 1).ilog2();
            for block in words.chunks_exact_mut(unit << log_len) {
                divide_down(block, log_unit, log_len - k);
            }
            convert(words, log_unit + k, log_len - k);
            convert(words, log_unit, k);
        }
    }
}

#[target_feature(enable = "avx2")]
fn convert_back(words: &mut [u64], log_unit: u32, log_len: u32) {
    let unit = 1 << (log_unit - 6);
    match log_len {
        0 | 1 => {}
        2 => networks::<4, true>(words, unit),
        3 => networks::<8, true>(words, unit),
        4 => networks::<16, true>(words, unit),
        _ => {
            let k = 1 << (log_len - 1).ilog2();
            convert_back(words, log_unit, k);
            convert_back(words, log_unit + k, log_len - k);
            for block in words.chunks_exact_mut(unit << log_len) {
                multiply_up(block, log_unit, log_len - k);
            }
        }
    }
}

/// Divides by s_k^{2^t}, for t = `times` − 1 down to 0, all of `words` first, then its halves, and so on; shifts are by
/// 2^{t + log_unit} bits.
#[target_feature(enable = "avx2")]
fn divide_down(words: &mut [u64], log_unit: u32, times: u32) {
    let Some(t) = times.checked_sub(1) else { return };
    let (low, high) = words.split_at_mut(words.len() / 2);
    add_top_to_bottom(high, 1 << (log_unit + t));
    add_shifted(low, high, 1 << (log_unit + t));
    divide_down(low, log_unit, t);
    divide_down(high, log_unit, t);
}

#[target_feature(enable = "avx2")]
fn multiply_up(words: &mut [u64], log_unit: u32, times: u32) {
    let Some(t) = times.checked_sub(1) else { return };
    let (low, high) = words.split_at_mut(words.len() / 2);
    multiply_up(low, log_unit, t);
    multiply_up(high, log_unit, t);
    add_shifted(low, high, 1 << (log_unit + t));
    add_top_to_bottom(high, 1 << (log_unit + t));
}

/// Divides a block by s_8^128 (if it is large enough) to s_8: the last three times in registers.
#[target_feature(enable = "avx2")]
fn divide_block(words: &mut [u64]) {
    for t in (3..8).rev() {
        for words in words.chunks_exact_mut((2 * REGISTER) << t) {
            let (low, high) = words.split_at_mut(REGISTER << t);
            add_top_to_bottom(high, 1 << t);
            add_shifted(low, high, 1 << t);
        }
    }
    for words in words.as_chunks_mut().0 {
        let mut rows = load(words);
        bits::<4, 60, false>(&mut rows);
        bits::<2, 62, false>(&mut rows);
        bits::<1, 63, false>(&mut rows);
        store(words, rows);
    }
}

/// The inverse of [`divide_block`].
#[target_feature(enable = "avx2")]
fn multiply_block(words: &mut [u64]) {
    for words in words.as_chunks_mut().0 {
        let mut rows = load(words);
        bits::<1, 63, true>(&mut rows);
        bits::<2, 62, true>(&mut rows);
        bits::<4, 60, true>(&mut rows);
        store(words, rows);
    }
    for t in 3..8 {
        for words in words.chunks_exact_mut((2 * REGISTER) << t) {
            let (low, high) = words.split_at_mut(REGISTER << t);
            add_shifted(low, high, 1 << t);
            add_top_to_bottom(high, 1 << t);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u64; 8 * REGISTER]) -> [V; 8] {
    let mut rows = [_mm256_setzero_si256(); 8];
    for (row, words) in rows.iter_mut().zip(words.as_chunks::<REGISTER>().0) {
        // SAFETY: four words are a register, of any alignment.
        *row = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
    }
    rows
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: &mut [u64; 8 * REGISTER], rows: [V; 8]) {
    for (row, words) in rows.into_iter().zip(words.as_chunks_mut::<REGISTER>().0) {
        // SAFETY: four words are a register, of any alignment.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), row) };
    }
}

/// One division of every 2·SHIFT rows, with a shift of SHIFT bits; REST = 64 − SHIFT.
#[inline]
#[target_feature(enable = "avx2")]
fn bits<const SHIFT: i32, const REST: i32, const BACK: bool>(rows: &mut [V; 8]) {
    for block in rows.chunks_exact_mut(2 * SHIFT as usize) {
        let (low, high) = block.split_at_mut(SHIFT as usize);
        let top = _mm256_extract_epi64::<3>(high[high.len() - 1]) as u64 >> REST;
        let top = _mm256_set_epi64x(0, 0, 0, top as i64);
        if !BACK {
            high[0] = xor(high[0], top);
        }
        let mut before = _mm256_setzero_si256();
        for (low, &high) in low.iter_mut().zip(&*high) {
            // Each word with the one below it.
            let rotated = _mm256_permute4x64_epi64::<0b10_01_00_11>(high);
            let below = _mm256_blend_epi32::<0b11>(rotated, before);
            let shifted = _mm256_or_si256(_mm256_slli_epi64::<SHIFT>(high), _mm256_srli_epi64::<REST>(below));
            *low = xor(*low, shifted);
            before = rotated;
        }
        if BACK {
            high[0] = xor(high[0], top);
        }
    }
}

/// Adds `high`·x^shift to `low`, up to its length; both are whole registers.
#[inline]
#[target_feature(enable = "avx2")]
fn add_shifted(low: &mut [u64], high: &[u64], shift: usize) {
    if shift >= 64 {
        for (low, high) in low[shift / 64..].iter_mut().zip(high) {
            *low ^= high;
        }
        return;
    }
    let mut carry = 0;
    for (low, &high) in low[..REGISTER].iter_mut().zip(high) {
        *low ^= high << shift | carry;
        carry = high >> (64 - shift);
    }
    let (up, down) = (_mm_cvtsi64_si128(shift as i64), _mm_cvtsi64_si128(64 - shift as i64));
    let others = low[REGISTER..]
        .chunks_exact_mut(REGISTER)
        .zip(high[REGISTER - 1..].windows(REGISTER + 1).step_by(REGISTER));
    for (low, high) in others {
        // SAFETY: four words are a register, of any alignment; five have one from the second word on, too.
        unsafe {
            let before = _mm256_loadu_si256(high.as_ptr().cast());
            let high = _mm256_loadu_si256(high[1..].as_ptr().cast());
            let shifted = _mm256_or_si256(_mm256_sll_epi64(high, up), _mm256_srl_epi64(before, down));
            let low = low.as_mut_ptr().cast();
            _mm256_storeu_si256(low, xor(_mm256_loadu_si256(low), shifted));
        }
    }
}

/// A [`network`] for every `ROWS` rows of `unit` words, column by column.
#[target_feature(enable = "avx2")]
fn networks<const ROWS: usize, const BACK: bool>(words: &mut [u64], unit: usize) {
    for block in words.chunks_exact_mut(ROWS * unit) {
        for column in (0..unit).step_by(REGISTER) {
            let mut rows = [_mm256_setzero_si256(); ROWS];
            for (index, row) in rows.iter_mut().enumerate() {
                let words = &block[index * unit + column..][..REGISTER];
                // SAFETY: four words are a register, of any alignment.
                *row = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
            }
            network::<ROWS, BACK>(&mut rows);
            for (index, row) in rows.into_iter().enumerate() {
                let words = &mut block[index * unit + column..][..REGISTER];
                // SAFETY: as above.
                unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), row) };
            }
        }
    }
}

/// Converts 4, 8 or 16 coefficients, each a register, or back.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn network<const ROWS: usize, const BACK: bool>(rows: &mut [V; ROWS]) {
    // By s_2² and s_2, then by s_1 in the high and in the low index bits.
    if BACK {
        step::<ROWS, 2, 1, true>(rows);
        if ROWS == 16 {
            step::<ROWS, 8, 4, true>(rows);
        }
        if ROWS >= 8 {
            step::<ROWS, 4, 1, true>(rows);
        }
        if ROWS == 16 {
            step::<ROWS, 8, 2, true>(rows);
        }
    } else {
        if ROWS == 16 {
            step::<ROWS, 8, 2, false>(rows);
        }
        if ROWS >= 8 {
            step::<ROWS, 4, 1, false>(rows);
        }
        if ROWS == 16 {
            step::<ROWS, 8, 4, false>(rows);
        }
        step::<ROWS, 2, 1, false>(rows);
    }
}

/// One division of every 2·HALF rows.
#[inline]
#[target_feature(enable = "avx2")]
fn step<const ROWS: usize, const HALF: usize, const SHIFT: usize, const BACK: bool>(rows: &mut [V; ROWS]) {
    let gap = HALF - SHIFT;
    for block in (0..ROWS).step_by(2 * HALF) {
        if !BACK {
            for row in block + HALF..block + HALF + SHIFT {
                rows[row] = xor(rows[row], rows[row + gap]);
            }
        }
        for row in block + SHIFT..block + HALF {
            rows[row] = xor(rows[row], rows[row + gap]);
        }
        if BACK {
            for row in block + HALF..block + HALF + SHIFT {
                rows[row] = xor(rows[row], rows[row + gap]);
            }
        }
    }
}

/// The divisions by s_4^8 to s_4 where every half of 16 registers holds 256 coefficients, a byte each.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn divide_bytes(rows: &mut [V; 16]) {
    bytes::<8, 8, false>(rows);
    bytes::<4, 12, false>(rows);
    bytes::<2, 14, false>(rows);
    bytes::<1, 15, false>(rows);
}

/// The inverse of [`divide_bytes`].
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn multiply_bytes(rows: &mut [V; 16]) {
    bytes::<1, 15, true>(rows);
    bytes::<2, 14, true>(rows);
    bytes::<4, 12, true>(rows);
    bytes::<8, 8, true>(rows);
}

/// One division of every 2·SHIFT rows, with a shift of SHIFT bytes; REST = 16 − SHIFT.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes<const SHIFT: i32, const REST: i32, const BACK: bool>(rows: &mut [V; 16]) {
    for block in rows.chunks_exact_mut(2 * SHIFT as usize) {
        let (low, high) = block.split_at_mut(SHIFT as usize);
        let last = high.len() - 1;
        if !BACK {
            high[0] = xor(high[0], _mm256_bsrli_epi128::<REST>(high[last]));
        }
        low[0] = xor(low[0], _mm256_bslli_epi128::<SHIFT>(high[0]));
        for row in 1..low.len() {
            low[row] = xor(low[row], _mm256_alignr_epi8::<REST>(high[row], high[row - 1]));
        }
        if BACK {
            high[0] = xor(high[0], _mm256_bsrli_epi128::<REST>(high[last]));
        }
    }
}
