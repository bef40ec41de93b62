//! The constants of the transform: elements of the tower with the bytes that GFNI multiplies.
//!
//! GFNI knows one field of 256 elements, GF(2)\[x\] modulo x⁸+x⁴+x³+x+1. It is the tower's GF(2^8) in other coordinates: an
//! isomorphism takes u_0, u_1, u_2 to roots of the same equations. Larger elements are pairs and quadruples of such bytes.

use std::sync::LazyLock;

use super::super::fft::tower::{CANTOR, bytes_of_factor, multiply};

/// The bytes that a product with a constant multiplies with: one in GF(2^8), three in GF(2^16), nine in GF(2^32), of which
/// the first ones mean the same in all fields; the rest is 0. They are the constant's image under a linear map.
pub(super) type Factor = [u8; 16];

/// The product of two bytes as GFNI has it.
const fn multiply_bytes(a: u8, b: u8) -> u8 {
    let (mut product, mut bit) = (0, 8);
    while bit > 0 {
        bit -= 1;
        product =
            (product << 1) ^ if product >> 7 == 1 { 0x1b } else { 0 } ^ if b >> bit & 1 == 1 { a } else { 0 };
    }
    product
}

/// Images of the products of the u_j over the ones j of an index.
static ISOMORPHISM: LazyLock<[u8; 8]> = LazyLock::new(|| {
    let mut images = [1; 8];
    for j in 0..3 {
        let known = 1 << j;
        let alpha = sum_of(&images[..known], CANTOR[known - 1]);
        let root = (0..=u8::MAX).find(|&root| multiply_bytes(root, root) ^ root == alpha);
        let root = root.expect("the field of 256 elements has the smaller ones in it");
        for index in 0..known {
            images[known + index] = multiply_bytes(images[index], root);
        }
    }
    images
});

fn sum_of(images: &[u8], coordinates: u32) -> u8 {
    let ones = images.iter().enumerate().filter(|(index, _)| coordinates >> index & 1 == 1);
    ones.fold(0, |sum, (_, image)| sum ^ image)
}

/// An element of the tower's GF(2^8) as GFNI has it.
pub(super) fn byte(element: u32) -> u8 {
    sum_of(&*ISOMORPHISM, element)
}

/// The factors of all sums of v_{4g}..v_{4g+3}, for each g.
pub(super) struct Factors([[u128; 16]; 8]);

/// See [`Factors`].
pub(super) static FACTORS: LazyLock<Factors> = LazyLock::new(|| {
    Factors(std::array::from_fn(|group| {
        std::array::from_fn(|sum| {
            let ones = (0..4).filter(|bit| sum >> bit & 1 == 1);
            ones.fold(0, |sum, bit| sum ^ u128::from_le_bytes(factor_of_element(CANTOR[4 * group + bit])))
        })
    }))
});

impl Factors {
    /// The factor of Σ b_i·v_i, with the bits b_i of `value`.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    pub(super) fn of(&self, value: u32) -> Factor {
        let group = |index: usize| self.0[index][(value >> (4 * index) & 15) as usize];
        let pairs = [group(0) ^ group(1), group(2) ^ group(3), group(4) ^ group(5), group(6) ^ group(7)];
        ((pairs[0] ^ pairs[1]) ^ (pairs[2] ^ pairs[3])).to_le_bytes()
    }
}

fn factor_of_element(element: u32) -> Factor {
    let mut factor = [0; 16];
    for (target, element) in factor.iter_mut().zip(bytes_of_factor(element)) {
        *target = byte(element);
    }
    factor
}

/// Eight bits to eight bits, as [`Machine::map`](super::machine::Machine::map) takes it.
type Matrix = u64;

/// Levels 1 to 4 for one coefficient: 16 bits, the coefficients of one polynomial that lie N/16 apart, to two bytes, its
/// values on the two nodes. Entry \[i\]\[e\] takes the bits 8i..8i+8 to what they add to byte e, or back.
pub(super) struct Matrices {
    pub(super) split: [[Matrix; 2]; 2],
    pub(super) join: [[Matrix; 2]; 2],
}

/// See [`Matrices`].
pub(super) static MATRICES: LazyLock<Matrices> = LazyLock::new(|| {
    let images: [u16; 16] = std::array::from_fn(|bits| {
        let values = [0, 1].map(|branch| {
            let factors = [CANTOR[1], CANTOR[2], CANTOR[3] ^ branch, CANTOR[4] ^ (branch * CANTOR[1])];
            let used = factors.iter().enumerate().filter(|(index, _)| bits >> (3 - index) & 1 == 1);
            byte(used.fold(1, |product, (_, &factor)| multiply(product, factor, 8)))
        });
        u16::from_le_bytes(values)
    });
    Matrices { split: in_quarters(&images), join: in_quarters(&inverse(images)) }
});

/// The inverse of the map that takes bit i to `images[i]`.
fn inverse(mut images: [u16; 16]) -> [u16; 16] {
    let mut preimages: [u16; 16] = std::array::from_fn(|bit| 1 << bit);
    for bit in 0..16 {
        let pivot =
            (bit..16).find(|&row| images[row] >> bit & 1 == 1).expect("values determine a polynomial");
        images.swap(bit, pivot);
        preimages.swap(bit, pivot);
        for row in (0..16).filter(|&row| row != bit) {
            if images[row] >> bit & 1 == 1 {
                images[row] ^= images[bit];
                preimages[row] ^= preimages[bit];
            }
        }
    }
    preimages
}

fn in_quarters(images: &[u16; 16]) -> [[Matrix; 2]; 2] {
    [0, 1].map(|from| {
        [0, 1].map(|to| {
            let row = |bit: usize| {
                (0..8).fold(0, |row: u8, column| {
                    row | ((images[8 * from + column] >> (8 * to + bit) & 1) as u8) << column
                })
            };
            u64::from_be_bytes(std::array::from_fn(row))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_images_are_images_of_products() {
        for a in 0..256 {
            for b in 0..256 {
                assert_eq!(multiply_bytes(byte(a), byte(b)), byte(multiply(a, b, 8)), "{a} × {b}");
            }
        }
    }

    #[test]
    fn inverse_maps_lead_back() {
        let images: [u16; 16] = std::array::from_fn(|bit| {
            (1 << bit) ^ (0x5a5a_u16 << 1).rotate_left(bit as u32) & ((1 << bit) - 1)
        });
        for (bit, preimage) in inverse(images).into_iter().enumerate() {
            let sum = (0..16).filter(|i| preimage >> i & 1 == 1).fold(0, |sum, i| sum ^ images[i]);
            assert_eq!(sum, 1 << bit);
        }
    }
}
