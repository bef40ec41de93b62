//! Parities of checks, up to 64 in a word.
//!
//! The variables that the checks of a base row meet in a column are the column itself, rotated by the shift. Several
//! frames can go side by side: their words are then interleaved, and wider registers do for `LANES` words what is done here
//! for one.

use zeroize::Zeroizing;

use crate::bits::{Bits, words_for};
use crate::ldpc::Code;
use crate::ldpc::code::Entry;

/// The parities of all checks over each of the words `frames`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(in crate::ldpc) fn of_all_checks<const LANES: usize>(
    code: &Code,
    frames: &[Bits; LANES],
) -> [Bits; LANES] {
    let words =
        (0..words_for(code.variables())).map(|word| std::array::from_fn(|lane| frames[lane].words()[word]));
    let words: Zeroizing<Vec<[u64; LANES]>> = Zeroizing::new(words.collect());
    let mut parities: [Vec<u64>; LANES] = std::array::from_fn(|_| vec![0; words_for(code.checks())]);
    for (row, entries) in code.rows().iter().enumerate() {
        for offset in (0..code.z()).step_by(64) {
            let check = row * code.z() + offset;
            let of_frames = of_checks(code.z(), entries, &words, offset);
            for (parities, of_frame) in parities.iter_mut().zip(of_frames) {
                parities[check / 64] |= of_frame << (check % 64);
            }
        }
    }
    parities.map(|words| Bits::from_words(words, code.checks()))
}

/// The parities of the checks `offset..offset + min(64, z)` of a base row, for each of the frames.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
pub(in crate::ldpc) fn of_checks<const LANES: usize>(
    z: usize,
    entries: &[Entry],
    words: &[[u64; LANES]],
    offset: usize,
) -> [u64; LANES] {
    let mut parities = [0; LANES];
    if z < 64 {
        // Z divides 64, so a column lies within one word.
        for &Entry { column, shift } in entries {
            for (parity, word) in parities.iter_mut().zip(words[column * z / 64]) {
                let bits = word >> (column * z % 64) & low_bits(z);
                *parity ^= bits >> shift ^ bits << (z - shift);
            }
        }
        return parities.map(|parity| parity & low_bits(z));
    }
    let last = z / 64 - 1;
    for &Entry { column, shift } in entries {
        let column = &words[column * z / 64..][..=last];
        let (index, shift) = ((offset + shift) / 64, shift % 64);
        let (low, high) = (&column[index & last], &column[(index + 1) & last]);
        for ((parity, low), high) in parities.iter_mut().zip(low).zip(high) {
            *parity ^= low >> shift ^ high << 1 << (63 - shift);
        }
    }
    parities
}

/// Whether the parities of all checks over the word `word` are `wanted`.
pub(in crate::ldpc) fn agree(code: &Code, word: &Bits, wanted: &Bits) -> bool {
    let mask = if code.z() < 64 { low_bits(code.z()) } else { u64::MAX };
    let words = word.words().as_chunks().0;
    code.rows().iter().enumerate().all(|(row, entries)| {
        (0..code.z()).step_by(64).all(|offset| {
            let wanted = wanted.word_at(row * code.z() + offset) & mask;
            of_checks(code.z(), entries, words, offset) == [wanted]
        })
    })
}

/// The `count` low bits set, `count` < 64.
fn low_bits(count: usize) -> u64 {
    (1 << count) - 1
}
