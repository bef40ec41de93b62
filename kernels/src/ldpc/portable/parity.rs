//! Parities of checks, up to 64 in a word.
//!
//! The variables that the checks of a base row meet in a column are the column itself, rotated by the shift.

use crate::bits::{Bits, words_for};
use crate::ldpc::Code;
use crate::ldpc::code::Entry;

/// The parities of all checks over the word `word`.
pub(super) fn of_all_checks(code: &Code, word: &Bits) -> Bits {
    let mut words = vec![0; words_for(code.checks())];
    for (row, entries) in code.rows().iter().enumerate() {
        for offset in (0..code.z()).step_by(64) {
            let check = row * code.z() + offset;
            words[check / 64] |= of_checks(code.z(), entries, word, offset) << (check % 64);
        }
    }
    Bits::from_words(words, code.checks())
}

/// The parities of the checks `offset..offset + min(64, z)` of a base row.
fn of_checks(z: usize, entries: &[Entry], word: &Bits, offset: usize) -> u64 {
    let words = word.words();
    if z < 64 {
        // Z divides 64, so a column lies within one word.
        let parity = entries.iter().fold(0, |parity, &Entry { column, shift }| {
            let bits = words[column * z / 64] >> (column * z % 64) & low_bits(z);
            parity ^ bits >> shift ^ bits << (z - shift)
        });
        return parity & low_bits(z);
    }
    let last = z / 64 - 1;
    entries.iter().fold(0, |parity, &Entry { column, shift }| {
        let column = &words[column * z / 64..][..=last];
        let (index, shift) = ((offset + shift) / 64, shift % 64);
        parity ^ column[index & last] >> shift ^ column[(index + 1) & last] << 1 << (63 - shift)
    })
}

/// Whether the parities of all checks over the word `word` are `wanted`.
pub(super) fn agree(code: &Code, word: &Bits, wanted: &Bits) -> bool {
    let mask = if code.z() < 64 { low_bits(code.z()) } else { u64::MAX };
    code.rows().iter().enumerate().all(|(row, entries)| {
        (0..code.z()).step_by(64).all(|offset| {
            let wanted = wanted.word_at(row * code.z() + offset) & mask;
            of_checks(code.z(), entries, word, offset) == wanted
        })
    })
}

/// The `count` low bits set, `count` < 64.
fn low_bits(count: usize) -> u64 {
    (1 << count) - 1
}
