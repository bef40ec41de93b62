//! GF(2^128) modulo x^128 + x^7 + x^2 + x + 1, in constant time: bit i of an element is its coefficient of x^i.

use zeroize::Zeroize;

use crate::clmul::clmul;

/// Blocks that [`Key::absorb`] likes best at a time.
pub(super) const STRIDE: usize = 4;

/// A hash key k with the powers it is used with; wiped when dropped.
#[derive(Clone)]
pub(super) struct Key {
    /// k^STRIDE, …, k², k. On the heap, since a value that moves leaves a copy behind.
    powers: Box<[u128; STRIDE]>,
}

impl Drop for Key {
    fn drop(&mut self) {
        self.powers.zeroize();
    }
}

impl Key {
    pub(super) fn new(k: u128) -> Self {
        let mut powers = Box::new([k; STRIDE]);
        for i in (0..STRIDE - 1).rev() {
            powers[i] = Product::of(powers[i + 1], k).reduced();
        }
        Self { powers }
    }

    /// Horner's rule: for each block in turn, h = (h ⊕ block)·k.
    ///
    /// STRIDE blocks are taken at once, (h ⊕ B1)·k^4 ⊕ B2·k^3 ⊕ B3·k^2 ⊕ B4·k: one reduction instead of four, and
    /// products that do not wait for each other.
    pub(super) fn absorb(&self, h: u128, blocks: &[u128]) -> u128 {
        blocks.chunks(STRIDE).fold(h, |h, blocks| {
            let powers = &self.powers[STRIDE - blocks.len()..];
            let first = Product::of(h ^ blocks[0], powers[0]);
            let others = blocks[1..].iter().zip(&powers[1..]);
            others.fold(first, |sum, (&block, &power)| sum.plus(Product::of(block, power))).reduced()
        })
    }
}

/// A sum of products before the reduction: 256 bits.
#[derive(Clone, Copy)]
struct Product {
    low: u128,
    high: u128,
}

impl Product {
    /// Karatsuba: three products of 64-bit halves.
    fn of(a: u128, b: u128) -> Self {
        let (a_low, a_high, b_low, b_high) = (a as u64, (a >> 64) as u64, b as u64, (b >> 64) as u64);
        let low = clmul(a_low, b_low);
        let high = clmul(a_high, b_high);
        let middle = clmul(a_low ^ a_high, b_low ^ b_high) ^ low ^ high;
        Self { low: low ^ middle << 64, high: high ^ middle >> 64 }
    }

    fn plus(self, other: Self) -> Self {
        Self { low: self.low ^ other.low, high: self.high ^ other.high }
    }

    /// x^128 = x^7 + x^2 + x + 1, so the high half comes down four times; the seven bits that it shifts out come down
    /// again.
    fn reduced(self) -> u128 {
        let again = self.high >> 127 ^ self.high >> 126 ^ self.high >> 121;
        let high = self.high ^ again;
        self.low ^ high ^ high << 1 ^ high << 2 ^ high << 7
    }
}
