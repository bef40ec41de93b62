//! Sifting a word at a time.
//!
//! A kept bit of a word moves down by the number of dropped bits below it. That distance, 0 to 63, is a binary number
//! for each bit; its digits 1, 2, 4, … 32 are spent in six steps, each of which moves some bits and leaves the others
//! (the parallel-suffix compress of Warren, Hacker's Delight, §7-4). The moves depend on the mask alone: they are worked
//! out once for all planes, and the planes, which are secret, never choose an address or a branch.

use super::Sift;
use crate::bits::Bits;

/// The planes of `job`, compacted, in their order.
pub fn run(job: &Sift) -> Vec<Bits> {
    let kept = job.mask().count_ones();
    // One word more than needed, so that every word may spill into its successor.
    let mut planes = vec![vec![0; kept / 64 + 2]; job.planes().len()];
    let mut filled = 0;
    for (index, &mask) in job.mask().words().iter().enumerate() {
        let compress = Compress::by(mask);
        for (plane, out) in job.planes().iter().zip(&mut planes) {
            append(out, filled, compress.apply(plane.words()[index]));
        }
        filled += mask.count_ones() as usize;
    }
    planes.into_iter().map(|words| Bits::from_words(words, kept)).collect()
}

/// Adds `bits` behind the first `filled` bits of a stream that is zero from there on.
fn append(words: &mut [u64], filled: usize, bits: u64) {
    let (index, shift) = (filled / 64, filled % 64);
    words[index] |= bits << shift;
    words[index + 1] |= bits >> 1 >> (63 - shift);
}

/// The moves that gather the bits under a mask at the low end of a word.
struct Compress {
    mask: u64,
    /// Bits that step k moves down by 2^k, at the place where they are before the step.
    moves: [u64; 6],
}

impl Compress {
    fn by(mask: u64) -> Self {
        let mut moves = [0; 6];
        let mut kept = mask;
        // In step k, every 2^k-th dropped bit, one place up: the number of marks at and below a bit is its distance
        // divided by 2^k.
        let mut marks = !mask << 1;
        for (k, step) in moves.iter_mut().enumerate() {
            let odd = prefix_parity(marks);
            *step = odd & kept;
            kept = (kept ^ *step) | (*step >> (1 << k));
            marks &= !odd;
        }
        Self { mask, moves }
    }

    fn apply(&self, word: u64) -> u64 {
        let mut word = word & self.mask;
        for (k, step) in self.moves.iter().enumerate() {
            let moving = word & step;
            word = (word ^ moving) | (moving >> (1 << k));
        }
        word
    }
}

/// Bit i of the result is the parity of bits 0..=i.
fn prefix_parity(mut word: u64) -> u64 {
    for k in 0..6 {
        word ^= word << (1 << k);
    }
    word
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::sift::reference;

    fn bits(len: usize) -> impl Strategy<Value = Bits> {
        proptest::collection::vec(any::<u64>(), len.div_ceil(64))
            .prop_map(move |words| Bits::from_words(words, len))
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference(
            (mask, other, planes) in (0..400_usize).prop_flat_map(|len| {
                (bits(len), bits(len), proptest::collection::vec(bits(len), 1..4))
            }),
            density in 0..4,
        ) {
            // Half, a quarter, three quarters or all of the bits are kept.
            let words = mask.words().iter().zip(other.words()).map(|(a, b)| match density {
                0 => *a,
                1 => a & b,
                2 => a | b,
                _ => u64::MAX,
            });
            let mask = Bits::from_words(words.collect(), mask.len());
            let job = Sift::new(Arc::new(mask), planes.into_iter().map(Arc::new).collect()).expect("equal lengths");
            prop_assert_eq!(run(&job), reference::run(&job));
        }
    }

    #[test]
    fn a_small_case_by_hand() {
        let bits = |text: &str| Arc::new(text.bytes().map(|digit| digit == b'1').collect::<Bits>());
        let job = Sift::new(bits("0110100"), vec![bits("1010100"), bits("0100011")]).expect("equal lengths");
        for run in [run, reference::run] {
            assert_eq!(run(&job), [(*bits("011")).clone(), (*bits("100")).clone()]);
        }
    }

    #[test]
    fn an_empty_mask_leaves_empty_planes() {
        let job = Sift::new(Arc::default(), vec![Arc::default()]).expect("equal lengths");
        assert_eq!(run(&job), [Bits::default()]);
    }
}
