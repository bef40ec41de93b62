//! Between the powers of x and the basis of the transform, X_i = Π s_j(x) over the ones j of i.
//!
//! For k a power of two s_k has two terms, x^{2^k} + x, and so has its power s_k^{2^t} = x^{2^{k+t}} + x^{2^t}:
//! division by it is a few XORs. Once f is written as Σ g_i·s_k^i by such divisions, two smaller problems of the same
//! kind are left: f as a polynomial in s_k (because s_{k+j} = s_j(s_k)), and each g_i as a polynomial in x. All
//! coefficients are bits.
//!
//! Source: Gao & Mateer, IEEE Trans. Inf. Theory 56 (2010); Lin, Al-Naffouri, Han, Chung, IEEE Trans. Inf. Theory 62
//! (2016).

use std::ops::Range;

/// The fewest words that a change of basis takes at every level.
const LEAST_WORDS: usize = 1 << 5;

/// Blocks larger than this many words are finished one after the other, to stay in the cache.
const CACHED_WORDS: usize = 1 << 11;

/// What has to be converted of a polynomial that is 0 from word `used` on: the first X_i do not depend on what follows.
pub(in super::super) fn prefix(words: &mut [u64], used: usize) -> &mut [u64] {
    &mut words[..used.next_power_of_two().max(LEAST_WORDS)]
}

/// Coefficients of 1, x, x², … to coefficients of X_0, X_1, X_2, …; the number of words is a power of two.
pub(super) fn from_powers(words: &mut [u64]) {
    convert(words, 0, words.len().ilog2() + 6);
}

/// The inverse of [`from_powers`].
pub(super) fn to_powers(words: &mut [u64]) {
    convert_back(words, 0, words.len().ilog2() + 6);
}

/// Converts every block of 2^log_len coefficients, each of 2^log_unit bits.
fn convert(words: &mut [u64], log_unit: u32, log_len: u32) {
    if log_len == 1 {
        return;
    }
    let block = block_words(log_unit + log_len);
    if words.len() > block {
        return words.chunks_exact_mut(block).for_each(|block| convert(block, log_unit, log_len));
    }
    let k = largest_power_of_two_below(log_len);
    for t in (0..log_len - k).rev() {
        divide(words, log_unit + k + t, log_unit + t);
    }
    convert(words, log_unit + k, log_len - k);
    convert(words, log_unit, k);
}

fn convert_back(words: &mut [u64], log_unit: u32, log_len: u32) {
    if log_len == 1 {
        return;
    }
    let block = block_words(log_unit + log_len);
    if words.len() > block {
        return words.chunks_exact_mut(block).for_each(|block| convert_back(block, log_unit, log_len));
    }
    let k = largest_power_of_two_below(log_len);
    convert_back(words, log_unit, k);
    convert_back(words, log_unit + k, log_len - k);
    for t in 0..log_len - k {
        multiply(words, log_unit + k + t, log_unit + t);
    }
}

fn block_words(log_bits: u32) -> usize {
    CACHED_WORDS.max(1 << log_bits.saturating_sub(6))
}

fn largest_power_of_two_below(n: u32) -> u32 {
    1 << (n - 1).ilog2()
}

/// Divides every block of 2D bits by x^D + x^e, where D = 2^log_half and e = 2^log_shift ≤ D/2: the remainder becomes
/// the low half, the quotient the high half. Bit i takes bit i + D − e, first for D ≤ i < D + e, then for e ≤ i < D.
fn divide(words: &mut [u64], log_half: u32, log_shift: u32) {
    if log_half < 6 {
        let (gap, quotient, remainder) = in_word(1 << log_half, 1 << log_shift);
        for word in words {
            *word ^= *word >> gap & quotient;
            *word ^= *word >> gap & remainder;
        }
    } else {
        for block in words.chunks_exact_mut(1 << (log_half - 5)) {
            let (low, high) = block.split_at_mut(block.len() / 2);
            add_top_to_bottom(high, 1 << log_shift);
            add_shifted(low, high, 1 << log_shift);
        }
    }
}

/// The inverse of [`divide`].
fn multiply(words: &mut [u64], log_half: u32, log_shift: u32) {
    if log_half < 6 {
        let (gap, quotient, remainder) = in_word(1 << log_half, 1 << log_shift);
        for word in words {
            *word ^= *word >> gap & remainder;
            *word ^= *word >> gap & quotient;
        }
    } else {
        for block in words.chunks_exact_mut(1 << (log_half - 5)) {
            let (low, high) = block.split_at_mut(block.len() / 2);
            add_shifted(low, high, 1 << log_shift);
            add_top_to_bottom(high, 1 << log_shift);
        }
    }
}

/// For blocks within a word: D − e, the bits D..D+e of every block, and the bits e..D.
fn in_word(half: usize, shift: usize) -> (usize, u64, u64) {
    let in_every_block = |bits: Range<usize>| {
        (0..64).filter(|bit| bits.contains(&(bit % (2 * half)))).fold(0, |mask, bit| mask | 1 << bit)
    };
    (half - shift, in_every_block(half..half + shift), in_every_block(shift..half))
}

/// Adds the top `shift` bits to the lowest ones.
#[inline]
pub(in super::super) fn add_top_to_bottom(words: &mut [u64], shift: usize) {
    if shift < 64 {
        words[0] ^= words[words.len() - 1] >> (64 - shift);
    } else {
        let (rest, top) = words.split_at_mut(words.len() - shift / 64);
        add(rest, top);
    }
}

/// Adds `high`·x^shift to `low`, up to its length.
fn add_shifted(low: &mut [u64], high: &[u64], shift: usize) {
    if shift < 64 {
        let mut carry = 0;
        for (low, &high) in low.iter_mut().zip(high) {
            *low ^= high << shift | carry;
            carry = high >> (64 - shift);
        }
    } else {
        add(&mut low[shift / 64..], high);
    }
}

fn add(words: &mut [u64], other: &[u64]) {
    for (word, other) in words.iter_mut().zip(other) {
        *word ^= other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ coefficient i · X_i, with the X_i multiplied out: s_j = Σ binomial(j, i)·x^{2^i} modulo 2.
    fn multiplied_out(coefficients: u128) -> u128 {
        (0..128).filter(|i| coefficients >> i & 1 == 1).fold(0, |sum, i| {
            let factors = (0..7_u32).filter(|j| i >> j & 1 == 1);
            sum ^ factors.fold(1_u128, |product, j| {
                (0..=j).filter(|i| j & i == *i).fold(0, |sum, i| sum ^ product << (1 << i))
            })
        })
    }

    #[test]
    fn coefficients_are_those_of_the_products_of_s_j() {
        for bit in 0..128 {
            let polynomial = 1_u128 << bit | 1_u128 << (bit * 37 % 128);
            let mut words = [polynomial as u64, (polynomial >> 64) as u64];
            from_powers(&mut words);
            let coefficients = u128::from(words[1]) << 64 | u128::from(words[0]);
            assert_eq!(multiplied_out(coefficients), polynomial, "x^{bit}");
        }
    }

    #[test]
    fn there_and_back_again() {
        for log_words in [1, 2, 5, 10, 11, 12, 13] {
            let words: Vec<u64> =
                (1..=1 << log_words).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
            let mut converted = words.clone();
            from_powers(&mut converted);
            assert_ne!(converted, words);
            to_powers(&mut converted);
            assert_eq!(converted, words, "2^{log_words} words");
        }
    }
}
