//! As portable, with the processor's carry-less multiplication and sixteen blocks to a reduction.
//!
//! ```text
//! h' = (h ⊕ B1)·k^16 ⊕ B2·k^15 ⊕ … ⊕ B16·k
//! ```
//! The products of 64-bit halves (three for each block, by Karatsuba) are summed as they are; one reduction follows. Only
//! the first product of a group waits for the group before. Instructions of this kind take the same time for all operands.

use std::arch::x86_64::{
    __m128i, _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_extract_epi64, _mm_loadu_si128, _mm_setzero_si128,
    _mm_slli_si128, _mm_srli_si128, _mm_xor_si128,
};
use std::ops::Range;

use zeroize::Zeroizing;

use super::PolyHash;
use super::portable::block;
use crate::simd::Avx2;

/// Blocks of a group.
const STRIDE: usize = 16;

/// Two words: 128 bits of the message, or an element.
type Block = [u64; 2];

/// Hashes each segment.
pub fn run(_: Avx2, job: &PolyHash) -> Vec<u128> {
    // SAFETY: an `Avx2` exists only where the machine has these features.
    unsafe { hashes(job) }
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
fn hashes(job: &PolyHash) -> Vec<u128> {
    let (len, segment) = (job.message().len(), job.segment());
    let key = Key::new(job.key(), len.min(segment).div_ceil(128));
    let segments = (0..len).step_by(segment);
    segments.map(|start| key.hash(job, start..len.min(start.saturating_add(segment)))).collect()
}

/// The powers of a hash key, and their halves added up, for Karatsuba; wiped when dropped.
struct Key {
    /// k^n, …, k², k.
    powers: Zeroizing<Vec<Block>>,
    /// The sum of the halves of each, twice.
    folded: Zeroizing<Vec<Block>>,
}

impl Key {
    /// For groups of [`STRIDE`] blocks; fewer powers do for shorter messages.
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn new(k: u128, blocks: usize) -> Self {
        let n = blocks.clamp(1, STRIDE);
        let mut powers = Zeroizing::new(vec![[0; 2]; n]);
        let mut folded = powers.clone();
        powers[n - 1] = [k as u64, (k >> 64) as u64];
        for i in (0..n).rev() {
            if i + 1 < n {
                let mut product = Product::zero();
                product.add(load(&powers[i + 1]), &powers[n - 1], &folded[n - 1]);
                store(&mut powers[i], product.reduced());
            }
            folded[i] = [powers[i][0] ^ powers[i][1]; 2];
        }
        Self { powers, folded }
    }

    /// Hashes the bits in `range`.
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn hash(&self, job: &PolyHash, range: Range<usize>) -> u128 {
        let message = job.message();
        let mut h = _mm_setzero_si128();
        let mut start = range.start;
        if start.is_multiple_of(64) {
            let (blocks, _) = message.words()[start / 64..range.end / 64].as_chunks();
            for group in blocks.chunks(STRIDE) {
                h = self.absorb(h, group);
            }
            start += 128 * blocks.len();
        }
        let mut group = Zeroizing::new([[0; 2]; STRIDE]);
        for first in (start..range.end).step_by(128 * STRIDE) {
            let used = (range.end - first).div_ceil(128).min(STRIDE);
            for (index, words) in group[..used].iter_mut().enumerate() {
                let bits = block(message, first + 128 * index, range.end);
                *words = [bits as u64, (bits >> 64) as u64];
            }
            h = self.absorb(h, &group[..used]);
        }
        let h = self.absorb(h, &[[range.len() as u64, 0]]);
        u128::from(_mm_extract_epi64::<1>(h) as u64) << 64 | u128::from(_mm_extract_epi64::<0>(h) as u64)
    }

    /// Horner's rule over one group of at most [`STRIDE`] blocks, or as many as there are powers.
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn absorb(&self, h: __m128i, group: &[Block]) -> __m128i {
        let first = self.powers.len() - group.len();
        let (powers, folded) = (&self.powers[first..], &self.folded[first..]);
        let mut sum = Product::zero();
        for ((block, power), folded) in group.iter().zip(powers).zip(folded).skip(1) {
            sum.add(load(block), power, folded);
        }
        sum.add(_mm_xor_si128(load(&group[0]), h), &powers[0], &folded[0]);
        sum.reduced()
    }
}

/// A sum of products before the reduction: low·1 + middle·x^64 + high·x^128, the middle one by Karatsuba less the others.
#[derive(Clone, Copy)]
struct Product {
    low: __m128i,
    middle: __m128i,
    high: __m128i,
}

impl Product {
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn zero() -> Self {
        let zero = _mm_setzero_si128();
        Self { low: zero, middle: zero, high: zero }
    }

    /// Adds a·power, where `folded` is the sum of the halves of `power`.
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn add(&mut self, a: __m128i, power: &Block, folded: &Block) {
        let (power, folded) = (load(power), load(folded));
        let halves = _mm_xor_si128(a, _mm_srli_si128::<8>(a));
        self.low = _mm_xor_si128(self.low, _mm_clmulepi64_si128::<0x00>(a, power));
        self.high = _mm_xor_si128(self.high, _mm_clmulepi64_si128::<0x11>(a, power));
        self.middle = _mm_xor_si128(self.middle, _mm_clmulepi64_si128::<0x00>(halves, folded));
    }

    /// x^128 = x^7 + x^2 + x + 1: word 3 comes down to words 1 and 2, then word 2 to words 0 and 1.
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn reduced(self) -> __m128i {
        let x_to_128 = _mm_cvtsi64_si128(0b1000_0111);
        let middle = _mm_xor_si128(self.middle, _mm_xor_si128(self.low, self.high));
        let low = _mm_xor_si128(self.low, _mm_slli_si128::<8>(middle));
        let high = _mm_xor_si128(self.high, _mm_srli_si128::<8>(middle));
        let third = _mm_clmulepi64_si128::<0x01>(high, x_to_128);
        let low = _mm_xor_si128(low, _mm_slli_si128::<8>(third));
        let second = _mm_xor_si128(high, _mm_srli_si128::<8>(third));
        _mm_xor_si128(low, _mm_clmulepi64_si128::<0x00>(second, x_to_128))
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &Block) -> __m128i {
    // SAFETY: a block is 16 bytes, of any alignment.
    unsafe { _mm_loadu_si128(std::ptr::from_ref(words).cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: &mut Block, value: __m128i) {
    *words = [_mm_extract_epi64::<0>(value) as u64, _mm_extract_epi64::<1>(value) as u64];
}
