//! Products in the fields of the transform by table lookups, 32 bytes at a time.
//!
//! An element of GF(2^8) is a byte here, in the tower's coordinates; a larger one is two or four bytes, each in a register
//! of its own (*planes*: coordinates at 1, u_3, u_4, u_3·u_4). Multiplication by a constant is linear, so a product with a
//! byte is the sum of two lookups, one for each nibble of the other factor, and `vpshufb` makes 32 lookups at once in a
//! table that stays in a register. Planes are joined by Karatsuba's formula, three products in the field before for each
//! in the next. All 16 bytes of half a register have the same constant; the halves may have different ones.

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srli_epi16, _mm256_xor_si256,
};
use std::sync::LazyLock;

use super::super::fft::tower::{CANTOR, bytes_of_factor, multiply};

/// A register: 32 bytes.
pub(super) type V = __m256i;

/// Tables of a constant: for each byte that the formula multiplies with, the products with low and with high nibbles. One
/// byte in GF(2^8), three in GF(2^16), nine in GF(2^32); the first ones mean the same in all fields.
type Tables = [V; 18];

/// The tables of v_0..v_31.
static BASIS: LazyLock<Box<[Tables]>> = LazyLock::new(|| CANTOR.iter().map(|&v| tables(v)).collect());

fn tables(constant: u32) -> Tables {
    let mut tables = [register([0; 32]); 18];
    for (pair, factor) in tables.as_chunks_mut::<2>().0.iter_mut().zip(bytes_of_factor(constant)) {
        let images: [u32; 8] = std::array::from_fn(|bit| multiply(factor, 1 << bit, 8));
        for (images, table) in images.chunks_exact(4).zip(pair) {
            let product = |nibble: usize| {
                (0..4).filter(|bit| nibble >> bit & 1 == 1).fold(0, |sum, bit| sum ^ images[bit] as u8)
            };
            *table = register(std::array::from_fn(|index| product(index % 16)));
        }
    }
    tables
}

/// A register with these bytes.
pub(super) fn register(bytes: [u8; 32]) -> V {
    // SAFETY: both are 32 bytes without any structure.
    unsafe { std::mem::transmute::<[u8; 32], V>(bytes) }
}

/// The tables of v_i.
pub(super) fn of_basis(i: u32) -> &'static Tables {
    &BASIS[i as usize]
}

/// A constant of the transform, as its tables. Constants are public.
#[derive(Clone)]
pub(super) struct Factor {
    tables: Tables,
    value: u32,
}

impl Factor {
    /// 0.
    pub(super) fn zero() -> Self {
        Self { tables: [register([0; 32]); 18], value: 0 }
    }

    /// 0 in the lower halves of registers, v_i in the upper ones.
    #[target_feature(enable = "avx2")]
    pub(super) fn with_upper_half(i: u32) -> Self {
        let mut upper = [u8::MAX; 32];
        upper[..16].fill(0);
        let mut tables = *of_basis(i);
        for table in &mut tables {
            *table = and(*table, register(upper));
        }
        Self { tables, value: 0 }
    }

    /// What it was made with, plus Σ b_i·v_i with the bits b_i of `value`. A factor is used with one number of planes only.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn at<const PLANES: usize>(&mut self, value: u32) -> &Self {
        let mut changed = self.value ^ value;
        self.value = value;
        while changed != 0 {
            let index = changed.trailing_zeros();
            let basis = of_basis(index);
            if index < 8 {
                // In GF(2^8), the bytes of the formula are the constant itself or 0.
                for pair in IN_BYTE.into_iter().filter(|&pair| 2 * pair < tables_for(PLANES)) {
                    self.tables[2 * pair] = xor(self.tables[2 * pair], basis[0]);
                    self.tables[2 * pair + 1] = xor(self.tables[2 * pair + 1], basis[1]);
                }
            } else {
                for (table, change) in self.tables[..tables_for(PLANES)].iter_mut().zip(basis) {
                    *table = xor(*table, *change);
                }
            }
            changed &= changed - 1;
        }
        self
    }
}

/// Of the nine bytes, those that a constant in GF(2^8) leaves as it is.
const IN_BYTE: [usize; 4] = [0, 2, 6, 8];

/// Tables that a product of so many planes looks into.
const fn tables_for(planes: usize) -> usize {
    match planes {
        1 => 2,
        2 => 6,
        _ => 18,
    }
}

/// The nibbles of 32 bytes, each in a byte of its own.
#[derive(Clone, Copy)]
pub(super) struct Nibbles {
    pub(super) low: V,
    pub(super) high: V,
}

impl Nibbles {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn of(bytes: V) -> Self {
        let mask = _mm256_set1_epi8(0x0f);
        Self { low: and(bytes, mask), high: and(_mm256_srli_epi16::<4>(bytes), mask) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn plus(self, other: Self) -> Self {
        Self { low: xor(self.low, other.low), high: xor(self.high, other.high) }
    }

    /// The products with the byte that the two tables belong to.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn times(self, low: V, high: V) -> V {
        xor(_mm256_shuffle_epi8(low, self.low), _mm256_shuffle_epi8(high, self.high))
    }
}

/// The nibbles of all planes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn nibbles<const PLANES: usize>(planes: &[V; PLANES]) -> [Nibbles; PLANES] {
    let zero = _mm256_setzero_si256();
    let mut nibbles = [Nibbles { low: zero, high: zero }; PLANES];
    for (nibbles, plane) in nibbles.iter_mut().zip(planes) {
        *nibbles = Nibbles::of(*plane);
    }
    nibbles
}

/// Adds the product with a constant; `other` is split in nibbles already.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_product<const PLANES: usize>(
    sum: &mut [V; PLANES],
    other: &[Nibbles; PLANES],
    factor: &Factor,
) {
    let tables = &factor.tables;
    match PLANES {
        1 => sum[0] = xor(sum[0], other[0].times(tables[0], tables[1])),
        2 => {
            let product = of_pair(other[0], other[1], tables, 0);
            sum[0] = xor(sum[0], product[0]);
            sum[1] = xor(sum[1], product[1]);
        }
        _ => {
            let low = of_pair(other[0], other[1], tables, 0);
            let high = of_pair(other[2], other[3], tables, 6);
            let both = of_pair(other[0].plus(other[2]), other[1].plus(other[3]), tables, 12);
            sum[0] = xor(sum[0], xor(low[0], high[0]));
            sum[1] = xor(sum[1], xor(low[1], high[1]));
            sum[2] = xor(sum[2], xor(low[0], both[0]));
            sum[3] = xor(sum[3], xor(low[1], both[1]));
        }
    }
}

/// The product in GF(2^16) with the constant whose six tables begin at `first`.
#[inline]
#[target_feature(enable = "avx2")]
fn of_pair(lo: Nibbles, hi: Nibbles, tables: &Tables, first: usize) -> [V; 2] {
    let low = lo.times(tables[first], tables[first + 1]);
    let high = hi.times(tables[first + 2], tables[first + 3]);
    let both = lo.plus(hi).times(tables[first + 4], tables[first + 5]);
    [xor(low, high), xor(low, both)]
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn xor(a: V, b: V) -> V {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn and(a: V, b: V) -> V {
    _mm256_and_si256(a, b)
}
