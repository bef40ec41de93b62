//! Carry-less multiplication: products of binary polynomials of degree < 64, by integer multiplication "with holes".
//!
//! An integer product differs from the carry-less one only by its carries. Here each operand is cut into four classes
//! of bits that lie four apart, so that the product of two classes has its sums four bits apart too. A sum has at
//! most 15 terms (the second operand is multiplied without its top four bits, which leaves it 15 bits in each class),
//! 15 fits in four bits, and so no carry reaches the next sum: its lowest bit is the XOR that is wanted. XORing
//! products that end in the same class keeps those lowest bits right, and a mask removes the others.
//!
//! Running time and memory accesses do not depend on the operands, on machines whose integer multiplication has this
//! property (all 64-bit x86, and ARM from Cortex-A on). The method is Thomas Pornin's (BearSSL, "constant-time
//! GHASH").

/// Every fourth bit of a product.
const CLASS: u128 = 0x1111_1111_1111_1111_1111_1111_1111_1111;

/// The product of two binary polynomials of degree < 64; bit i is the coefficient of x^i.
#[inline]
pub(crate) fn clmul(a: u64, b: u64) -> u128 {
    let a_class = classes(a);
    let b_class = classes(b & (u64::MAX >> 4));
    let mut product = 0;
    for class in 0..4 {
        let sums = (0..4).fold(0, |sums, i| sums ^ wide(a_class[i], b_class[(4 + class - i) % 4]));
        product |= sums & (CLASS << class);
    }
    for i in 60..64 {
        product ^= u128::from(a & (b >> i & 1).wrapping_neg()) << i;
    }
    product
}

fn classes(a: u64) -> [u64; 4] {
    [0, 1, 2, 3].map(|class| a & (CLASS as u64) << class)
}

fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_shift_and_add(a: u64, b: u64) -> u128 {
        (0..64).filter(|i| b >> i & 1 == 1).fold(0, |sum, i| sum ^ u128::from(a) << i)
    }

    #[test]
    fn agrees_with_shift_and_add() {
        let mut operands = vec![0, 1, u64::MAX, u64::MAX << 1, u64::MAX >> 1, 0x1111_1111_1111_1111, 1 << 63];
        operands.extend((1..60).map(|i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(i as u32)));
        for &a in &operands {
            for &b in &operands {
                assert_eq!(clmul(a, b), by_shift_and_add(a, b), "{a:016x} · {b:016x}");
            }
        }
    }
}
