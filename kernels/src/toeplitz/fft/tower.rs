//! The fields of the transform: towers of bit planes.
//!
//! ```text
//! GF(2) ⊂ GF(4) ⊂ GF(16) ⊂ GF(2^8) ⊂ GF(2^16) ⊂ GF(2^32)
//!       u_0     u_1      u_2       u_3        u_4              u_j² + u_j = α_j
//! ```
//!
//! Each field is the one before with a root u_j adjoined, so an element is a pair lo + hi·u_j of smaller elements,
//! down to single bits; a word holds one such bit of each of 64 elements. An addition is a XOR of words, a product
//! the ANDs and XORs of three products in the field before (Karatsuba).
//!
//! The *Cantor basis* v_0 = 1, v_i² + v_i = v_{i−1} fits the tower: v_{2^j} is u_j, α_j is v_{2^j − 1}, and the field
//! of 2^d elements is spanned by v_0..v_{d−1}. Source: Cantor, J. Combin. Theory A 50 (1989).

#![expect(
    clippy::inline_always,
    reason = "a product is one straight run of a thousand word operations, or it is slow"
)]

use zeroize::DefaultIsZeroes;

/// v_0..v_31, the Cantor basis of GF(2^32); bit p of an entry is the coordinate at the product of the u_j over the
/// ones j of p.
pub(in super::super) const CANTOR: [u32; 32] = [
    0x0000_0001,
    0x0000_0002,
    0x0000_0004,
    0x0000_000a,
    0x0000_0010,
    0x0000_0028,
    0x0000_004a,
    0x0000_00ac,
    0x0000_0100,
    0x0000_0280,
    0x0000_04aa,
    0x0000_0ac2,
    0x0000_10a6,
    0x0000_28f4,
    0x0000_4a90,
    0x0000_acc8,
    0x0001_0000,
    0x0002_80e4,
    0x0004_aa06,
    0x000a_c266,
    0x0010_a664,
    0x0028_f486,
    0x004a_90ac,
    0x00ac_c8c2,
    0x0100_aca2,
    0x0280_1018,
    0x04aa_3b4a,
    0x0ac2_84e2,
    0x10a6_0a8a,
    0x28f4_27c2,
    0x4a90_ab4e,
    0xacc8_241e,
];

/// 64 elements of a field of the tower.
pub(super) trait Field: DefaultIsZeroes {
    /// Number of planes: the field has 2^DEGREE elements.
    const DEGREE: usize;

    /// Factors made ready for many products.
    type Factor: Factor;

    /// Coordinate `index` (as in [`CANTOR`]) of the 64 elements.
    fn plane(&mut self, index: usize) -> &mut u64;

    /// Adds `other`, element by element.
    fn add(&mut self, other: &Self);

    /// Adds the product of `other` and `factor`, element by element.
    fn add_product(&mut self, other: &Self, factor: &Self::Factor);

    /// The elements as factors.
    fn factor(&self) -> Self::Factor;

    /// The product with the α of the extension above this field.
    fn times_alpha(&self) -> Self;
}

/// Factors add like the elements they were made from.
pub(super) trait Factor: Copy {
    fn add(&mut self, other: &Self);
}

/// lo + hi·u of 64 elements, where u² + u = α.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Extension<F> {
    pub(super) lo: F,
    pub(super) hi: F,
}

pub(super) type Gf4 = Extension<u64>;
pub(super) type Gf16 = Extension<Gf4>;
pub(super) type Gf2e8 = Extension<Gf16>;
pub(super) type Gf2e16 = Extension<Gf2e8>;
pub(super) type Gf2e32 = Extension<Gf2e16>;

impl<F: Field> DefaultIsZeroes for Extension<F> {}

impl Field for u64 {
    const DEGREE: usize = 1;
    type Factor = Self;

    #[inline(always)]
    fn plane(&mut self, _: usize) -> &mut u64 {
        self
    }

    #[inline(always)]
    fn add(&mut self, other: &Self) {
        *self ^= other;
    }

    #[inline(always)]
    fn add_product(&mut self, other: &Self, factor: &Self) {
        *self ^= other & factor;
    }

    fn factor(&self) -> Self {
        *self
    }

    fn times_alpha(&self) -> Self {
        *self
    }
}

impl<F: Field> Field for Extension<F> {
    const DEGREE: usize = 2 * F::DEGREE;
    type Factor = [F::Factor; 3];

    #[inline(always)]
    fn plane(&mut self, index: usize) -> &mut u64 {
        if index < F::DEGREE { self.lo.plane(index) } else { self.hi.plane(index - F::DEGREE) }
    }

    #[inline(always)]
    fn add(&mut self, other: &Self) {
        self.lo.add(&other.lo);
        self.hi.add(&other.hi);
    }

    /// (a + b·u)(c + d·u) = ac + b·αd + (ac + (a+b)(c+d))·u; the factor brings c, αd and c + d.
    #[inline(always)]
    fn add_product(&mut self, other: &Self, factor: &Self::Factor) {
        let mut low = F::default();
        low.add_product(&other.lo, &factor[0]);
        let mut sum = other.lo;
        sum.add(&other.hi);

        self.lo.add(&low);
        self.lo.add_product(&other.hi, &factor[1]);
        self.hi.add(&low);
        self.hi.add_product(&sum, &factor[2]);
    }

    fn factor(&self) -> Self::Factor {
        let mut sum = self.lo;
        sum.add(&self.hi);
        [self.lo.factor(), self.hi.times_alpha().factor(), sum.factor()]
    }

    /// Multiplication by a constant is linear: each plane is added where the image of its basis element has ones.
    fn times_alpha(&self) -> Self {
        let (mut planes, mut product) = (*self, Self::default());
        for (index, mut image) in Self::ALPHA_TIMES_BASIS[..Self::DEGREE].iter().copied().enumerate() {
            let plane = *planes.plane(index);
            while image != 0 {
                *product.plane(image.trailing_zeros() as usize) ^= plane;
                image &= image - 1;
            }
        }
        product
    }
}

impl<F: Field> Extension<F> {
    /// The α of the extension above this field, times each element of the basis of planes.
    const ALPHA_TIMES_BASIS: [u32; 32] = {
        let degree = 2 * F::DEGREE;
        let mut images = [0; 32];
        let mut index = 0;
        while index < degree {
            images[index] = multiply(1 << index, CANTOR[degree - 1], degree);
            index += 1;
        }
        images
    };
}

impl Factor for u64 {
    #[inline(always)]
    fn add(&mut self, other: &Self) {
        *self ^= other;
    }
}

impl<F: Factor> Factor for [F; 3] {
    #[inline(always)]
    fn add(&mut self, other: &Self) {
        for (part, other) in self.iter_mut().zip(other) {
            part.add(other);
        }
    }
}

/// The product of two single elements of the field of 2^degree elements; for tables, not for secrets.
pub(in super::super) const fn multiply(a: u32, b: u32, degree: usize) -> u32 {
    if degree == 1 {
        return a & b;
    }
    let half = degree / 2;
    let mask = (1 << half) - 1;
    let (a_lo, a_hi, b_lo, b_hi) = (a & mask, a >> half, b & mask, b >> half);
    let low = multiply(a_lo, b_lo, half);
    let high = multiply(multiply(a_hi, b_hi, half), CANTOR[half - 1], half);
    let both = multiply(a_lo ^ a_hi, b_lo ^ b_hi, half);
    (low ^ high) | (low ^ both) << half
}

/// Elements of GF(2^8) that a product with a constant of GF(2^32) multiplies with, by Karatsuba's formula: (a + b·u)(c + d·u) from
/// a·c, b·(d·α) and (a + b)(c + d), where u² = u + α. For a constant of GF(2^16) the first three do, for one of GF(2^8) the first.
#[cfg(target_arch = "x86_64")]
pub(in super::super) fn bytes_of_factor(constant: u32) -> [u32; 9] {
    let bytes = |pair: u32| {
        let (low, high) = (pair & 0xff, pair >> 8);
        [low, multiply(high, CANTOR[7], 8), low ^ high]
    };
    let (low, high) = (constant & 0xffff, constant >> 16);
    let mut all = [0; 9];
    let pairs = [low, multiply(high, CANTOR[15], 16), low ^ high];
    for (target, byte) in all.iter_mut().zip(pairs.map(bytes).as_flattened()) {
        *target = *byte;
    }
    all
}

/// Planes of bytes that an element has at a level.
#[cfg(target_arch = "x86_64")]
pub(in super::super) fn byte_planes_at(level: u32) -> usize {
    match level {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}

/// The element with the coordinates `coordinates`, in those of the 64 places where `places` has ones.
pub(super) fn element_at<F: Field>(coordinates: u32, places: u64) -> F {
    let mut element = F::default();
    for index in (0..F::DEGREE).filter(|index| coordinates >> index & 1 == 1) {
        *element.plane(index) = places;
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cantor_basis_satisfies_its_equations() {
        for i in 1..32 {
            assert_eq!(multiply(CANTOR[i], CANTOR[i], 32) ^ CANTOR[i], CANTOR[i - 1], "v_{i}");
        }
        for j in 0..5 {
            assert_eq!(CANTOR[1 << j], 1 << (1 << j), "v_{} is u_{j}", 1 << j);
        }
    }

    #[test]
    fn the_tower_is_a_field() {
        // x^(2^32) = x for every x, and x^(2^16) ≠ x outside the subfield.
        let square_often = |x, times| (0..times).fold(x, |x, _| multiply(x, x, 32));
        for x in [0x8000_0000, 0x1234_5678, 0xffff_ffff] {
            assert_eq!(square_often(x, 32), x);
            assert_ne!(square_often(x, 16), x);
        }
    }

    #[test]
    fn products_of_planes_are_products_of_elements() {
        let a: [u32; 64] = std::array::from_fn(|i| (i as u32 + 1).wrapping_mul(0x9e37_79b9));
        let b: [u32; 64] = std::array::from_fn(|i| (i as u32 + 7).wrapping_mul(0x85eb_ca6b).rotate_left(11));
        let planes = |elements: [u32; 64]| {
            elements.iter().enumerate().fold(Gf2e32::default(), |mut sum, (place, &element)| {
                sum.add(&element_at(element, 1 << place));
                sum
            })
        };
        let mut product = Gf2e32::default();
        product.add_product(&planes(a), &planes(b).factor());
        assert_eq!(product, planes(std::array::from_fn(|i| multiply(a[i], b[i], 32))));
    }
}
