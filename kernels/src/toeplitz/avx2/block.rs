//! The last eight levels, block by block.
//!
//! So far the 16 bytes of half a register were coefficients with the same constants. The last four levels act on those
//! very bytes, so a block (the lowest 8 index bits, in all planes) is transposed before them: its 16 registers a plane
//! trade places with its 16 bytes. From then on a byte of a register is a node of its own, with a constant of its own,
//! which no table can follow. But that constant is β + γ, where β belongs to the whole register, and γ to
//! the place in it: the branch at index bit q has become v_{q−p} at the level of index bit p. The places are index bits 4
//! to 7, hence γ is in the span of v_1..v_7, in GF(2^8), where a product takes two lookups a plane:
//!
//! ```text
//! (β + γ)·f  =  β·f + Σ (v_{q−p}·f  in the places whose bit q is 1)      q = 4, 5, 6, 7
//! ```
//!
//! A branch must not be a plane. Where level 16 takes its index bit from 4 to 7, the places are the other three and bit 8.

use std::arch::x86_64::{_mm256_setzero_si256, _mm256_unpackhi_epi8, _mm256_unpacklo_epi8};

use zeroize::Zeroizing;

use super::super::fft::tower::byte_planes_at;
use super::basis::{divide_bytes, multiply_bytes, network};
use super::field::{Factor, Nibbles, V, add_product, and, nibbles, of_basis, register, xor};
use super::levels::{Planes, add_planes};

/// Registers of the largest block.
const BLOCK: usize = 64;

/// One level within a block.
struct Level {
    number: u32,
    /// Registers of each plane.
    len: usize,
    /// Branches that tell apart the nodes in the registers.
    branches: u32,
    /// How many of them are below the plane of level 16, if that one is among the index bits of the registers.
    below_plane: Option<u32>,
    /// The constant as it was used last.
    factor: Factor,
    /// The part of the constants that differs from place to place.
    places: Option<Places>,
}

/// The levels of a block.
pub(super) struct Block {
    row_len: usize,
    planes: usize,
    levels: Vec<Level>,
    /// The block, and a second one for level 16.
    scratch: [Zeroizing<Vec<V>>; 2],
}

/// The highest index bit of a block that is no plane.
fn top_bit(m: u32) -> u32 {
    if (4..8).contains(&(m - 16)) { 8 } else { 7 }
}

impl Block {
    /// For polynomials of 2^`m` bits.
    #[target_feature(enable = "avx2")]
    pub(super) fn new(m: u32) -> Self {
        let (top, row_len) = (top_bit(m), Self::row_len_of(m));
        let first = m - top;
        let (mut len, mut branches, mut below_plane) = (row_len, 0, None);
        let mut levels = Vec::new();
        for number in first..=m {
            let bit = m - number;
            if bit == 3 {
                (branches, below_plane) = (0, None);
            }
            let factor = Factor::with_upper_half(number - 5);
            let places = if bit < 4 { Some(Places::new(m, bit)) } else { None };
            levels.push(Level { number, len, branches, below_plane, factor, places });
            if number == 16 {
                (len, below_plane) = (len / 2, Some(0));
            } else {
                (branches, below_plane) = (branches + 1, below_plane.map(|below| below + 1));
            }
        }
        let scratch = [(); 2].map(|()| Zeroizing::new(vec![_mm256_setzero_si256(); BLOCK]));
        Self { row_len, planes: byte_planes_at(first), levels, scratch }
    }

    /// Registers of each plane of a block's node, for polynomials of 2^`m` bits.
    pub(super) fn row_len_of(m: u32) -> usize {
        1 << (top_bit(m) - 3)
    }

    /// Planes of a block's node, and registers of each of the four planes of its values.
    pub(super) fn planes_of(m: u32) -> (usize, usize) {
        let planes = byte_planes_at(m - top_bit(m));
        (planes, planes * Self::row_len_of(m) / 4)
    }

    /// Registers of each plane of a block's node.
    pub(super) fn row_len(&self) -> usize {
        self.row_len
    }

    /// Takes the polynomial on `node`, from register `at` on, to its values.
    #[target_feature(enable = "avx2")]
    pub(super) fn split(&mut self, data: &mut [V], planes: Planes, at: usize, node: u32) {
        let [block, spare] =
            self.scratch.each_mut().map(|scratch| &mut scratch[..self.planes * self.row_len]);
        for (row, distance) in block.chunks_exact_mut(self.row_len).zip(planes.distances) {
            row.copy_from_slice(&data[at + distance..][..self.row_len]);
        }
        for rows in block.as_chunks_mut().0 {
            divide_bytes(rows);
            network::<16, false>(rows);
        }
        for (depth, level) in self.levels.iter_mut().enumerate() {
            if level.is_first_in_places() {
                for rows in block.as_chunks_mut().0 {
                    transpose(rows);
                    network::<16, false>(rows);
                }
            }
            match (level.number, byte_planes_at(level.number)) {
                (16, _) => level.extend::<true>(block, spare, node << depth),
                (_, 2) => level.butterflies::<2, true>(block, node << depth),
                _ => level.butterflies::<4, true>(block, node << depth),
            }
        }
        for (row, distance) in block.chunks_exact(self.row_len).zip(planes.distances) {
            data[at + distance..][..self.row_len].copy_from_slice(row);
        }
    }

    /// The inverse of [`split`](Self::split).
    #[target_feature(enable = "avx2")]
    pub(super) fn join(&mut self, data: &mut [V], planes: Planes, at: usize, node: u32) {
        let [block, spare] =
            self.scratch.each_mut().map(|scratch| &mut scratch[..self.planes * self.row_len]);
        for (row, distance) in block.chunks_exact_mut(self.row_len).zip(planes.distances) {
            row.copy_from_slice(&data[at + distance..][..self.row_len]);
        }
        for (depth, level) in self.levels.iter_mut().enumerate().rev() {
            match (level.number, byte_planes_at(level.number)) {
                (16, _) => level.extend::<false>(block, spare, node << depth),
                (_, 2) => level.butterflies::<2, false>(block, node << depth),
                _ => level.butterflies::<4, false>(block, node << depth),
            }
            if level.is_first_in_places() {
                for rows in block.as_chunks_mut().0 {
                    network::<16, true>(rows);
                    transpose(rows);
                }
            }
        }
        for rows in block.as_chunks_mut().0 {
            network::<16, true>(rows);
            multiply_bytes(rows);
        }
        for (row, distance) in block.chunks_exact(self.row_len).zip(planes.distances) {
            data[at + distance..][..self.row_len].copy_from_slice(row);
        }
    }
}

impl Level {
    fn is_first_in_places(&self) -> bool {
        self.places.is_some() && self.branches == 0 && self.below_plane.is_none()
    }

    /// `ancestor`: the first node of the block at the level before.
    #[target_feature(enable = "avx2")]
    fn butterflies<const PLANES: usize, const SPLIT: bool>(&mut self, block: &mut [V], ancestor: u32) {
        let len = self.len;
        assert!(block.len() == PLANES * len, "a block has so many planes");
        let (half, places) = (len >> (self.branches + 1), self.places.as_ref());
        for index in 0..1 << self.branches {
            // In this order, one branch changes at a time.
            let index = index ^ index >> 1;
            let value = (ancestor | path(index, self.below_plane)) << 1;
            let factor = self.factor.at::<PLANES>(value);
            let first = 2 * half * index as usize;
            for low_at in first..first + half {
                // SAFETY: elements are below `len`, and the block has as many registers in each plane.
                let (mut low, mut high) = unsafe {
                    (load::<PLANES>(block, len, low_at), load::<PLANES>(block, len, low_at + half))
                };
                if !SPLIT {
                    add_planes(&mut high, &low);
                }
                add_products(&mut low, &high, factor, places);
                if SPLIT {
                    add_planes(&mut high, &low);
                }
                // SAFETY: as above.
                unsafe {
                    store(block, len, low_at, low);
                    store(block, len, low_at + half, high);
                }
            }
        }
    }

    /// Level 16: between two planes of `len` registers and four of half as many.
    #[target_feature(enable = "avx2")]
    fn extend<const SPLIT: bool>(&mut self, block: &mut [V], spare: &mut [V], ancestor: u32) {
        spare.copy_from_slice(block);
        let len = self.len;
        assert!(block.len() == 2 * len, "a block has two planes before this level");
        let (half, places) = (len >> (self.branches + 1), self.places.as_ref());
        for index in 0..1 << self.branches {
            let index = index ^ index >> 1;
            let value = (ancestor | path(index, self.below_plane)) << 1 ^ 1 << 16;
            let factor = self.factor.at::<2>(value);
            for offset in 0..half {
                let (low_at, at) = ((2 * index as usize) * half + offset, index as usize * half + offset);
                // SAFETY: `low_at` + `half` is below `len`, `at` below half of it, with two and four planes.
                unsafe {
                    if SPLIT {
                        let (mut low, high) =
                            (load::<2>(spare, len, low_at), load::<2>(spare, len, low_at + half));
                        add_products(&mut low, &high, factor, places);
                        store(block, len / 2, at, [low[0], low[1], high[0], high[1]]);
                    } else {
                        let [low_0, low_1, high_0, high_1] = load::<4>(spare, len / 2, at);
                        let (mut low, high) = ([low_0, low_1], [high_0, high_1]);
                        add_products(&mut low, &high, factor, places);
                        store(block, len, low_at, low);
                        store(block, len, low_at + half, high);
                    }
                }
            }
        }
    }
}

/// Node number `index` in the registers of a block: its branches, and a 0 for the plane of level 16.
fn path(index: u32, below_plane: Option<u32>) -> u32 {
    match below_plane {
        None => index,
        Some(below) => index >> below << (below + 1) | index & ((1 << below) - 1),
    }
}

/// The planes of element `at`, each `len` registers after the one before.
///
/// # Safety
/// They must lie within the block.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load<const PLANES: usize>(block: &[V], len: usize, at: usize) -> [V; PLANES] {
    let mut planes = [_mm256_setzero_si256(); PLANES];
    for (index, plane) in planes.iter_mut().enumerate() {
        // SAFETY: as the caller promises.
        *plane = unsafe { *block.get_unchecked(index * len + at) };
    }
    planes
}

/// Stores what [`load`] loads.
///
/// # Safety
/// As there.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store<const PLANES: usize>(block: &mut [V], len: usize, at: usize, planes: [V; PLANES]) {
    for (index, plane) in planes.into_iter().enumerate() {
        // SAFETY: as the caller promises.
        unsafe { *block.get_unchecked_mut(index * len + at) = plane };
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_products<const PLANES: usize>(
    sum: &mut [V; PLANES],
    other: &[V; PLANES],
    factor: &Factor,
    places: Option<&Places>,
) {
    let nibbles = nibbles(other);
    add_product(sum, &nibbles, factor);
    if let Some(places) = places {
        places.add_products(sum, other, &nibbles);
    }
}

/// A branch that has become places.
struct Branch {
    /// Tables of its v.
    tables: [V; 2],
    /// Where it is 1.
    places: V,
}

/// What the branches that have become places add to the constants of a level.
struct Places {
    branches: [Branch; 4],
    /// The last branch has v_8 = u_3, and u_3² = u_3 + v_7: the tables are those of v_7.
    has_u3: bool,
}

impl Places {
    /// At the level of index bit `bit`.
    #[target_feature(enable = "avx2")]
    fn new(m: u32, bit: u32) -> Self {
        let mut index_bits = (4..).filter(|&index_bit| index_bit != m - 16);
        let mut has_u3 = false;
        let branches = std::array::from_fn(|number| {
            let distance = index_bits.next().expect("without end") - bit;
            has_u3 |= distance == 8;
            let v = of_basis(if distance == 8 { 7 } else { distance });
            let places = std::array::from_fn(|place| if place >> number & 1 == 1 { u8::MAX } else { 0 });
            Branch { tables: [v[0], v[1]], places: register(places) }
        });
        Self { branches, has_u3 }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add_products<const PLANES: usize>(
        &self,
        sum: &mut [V; PLANES],
        other: &[V; PLANES],
        nibbles: &[Nibbles; PLANES],
    ) {
        let (last, others) = self.branches.split_last().expect("four branches");
        for branch in others {
            branch.add_products(sum, nibbles);
        }
        if !self.has_u3 {
            return last.add_products(sum, nibbles);
        }
        // (a + b·u_3)·u_3 = v_7·b + (a + b)·u_3
        for low in (0..PLANES).step_by(2) {
            let product = nibbles[low + 1].times(last.tables[0], last.tables[1]);
            sum[low] = xor(sum[low], and(product, last.places));
            sum[low + 1] = xor(sum[low + 1], and(xor(other[low], other[low + 1]), last.places));
        }
    }
}

impl Branch {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add_products<const PLANES: usize>(&self, sum: &mut [V; PLANES], nibbles: &[Nibbles; PLANES]) {
        for (sum, nibbles) in sum.iter_mut().zip(nibbles) {
            *sum = xor(*sum, and(nibbles.times(self.tables[0], self.tables[1]), self.places));
        }
    }
}

/// Exchanges, in both halves, byte j of register i with byte i of register j.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(rows: &mut [V; 16]) {
    // A place is an address of eight bits, the register's number above the byte's; each round moves its highest bit to the
    // bottom.
    *rows = rotated(&rotated(&rotated(&rotated(rows))));
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotated(rows: &[V; 16]) -> [V; 16] {
    let mut rotated = [_mm256_setzero_si256(); 16];
    for index in 0..8 {
        rotated[2 * index] = _mm256_unpacklo_epi8(rows[index], rows[index + 8]);
        rotated[2 * index + 1] = _mm256_unpackhi_epi8(rows[index], rows[index + 8]);
    }
    rotated
}
