//! The levels from the sixth on, between bytes and values.
//!
//! The bytes of a node lie in a row of registers; a level splits the row in the middle. The index bits of levels 8 and 16
//! become planes, which stay where they are: a node has its planes at fixed distances. Depth comes first, so that smaller
//! nodes stay in the cache; from [`CACHED`] registers on, one level after the other is faster. The last levels belong to
//! [`block`](super::block).

use super::super::fft::tower::byte_planes_at;
use super::super::product::both;
use super::block::Block;
use super::field::{Factor, V, add_product, nibbles, xor};

/// Nodes of so many registers (16 KiB) are finished level by level.
const CACHED: usize = 512;

/// The first level here.
const FIRST: u32 = 6;

/// Where the planes of a node are, in registers from its first one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    pub(super) distances: [usize; 4],
}

impl Planes {
    /// For polynomials of 2^`m` bits: index bit p, except the lowest four, is bit p − 4 of a register's number.
    fn new(m: u32) -> Self {
        // The planes of level 16 lie within a block if the block is larger.
        let (third, ninth) = (if m < 20 { 0 } else { 1 << (m - 20) }, 1 << (m - 12));
        Self { distances: [0, ninth, third, ninth + third] }
    }

    /// All planes of the element at `data`.
    ///
    /// # Safety
    /// They must exist.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    unsafe fn load<const PLANES: usize>(self, data: *const V) -> [V; PLANES] {
        // SAFETY: as the caller promises.
        std::array::from_fn(|plane| unsafe { *data.add(self.distances[plane]) })
    }

    /// Stores what [`load`](Self::load) loads.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    unsafe fn store<const PLANES: usize>(self, data: *mut V, planes: [V; PLANES]) {
        for (plane, distance) in planes.into_iter().zip(self.distances) {
            // SAFETY: as the caller promises.
            unsafe { *data.add(distance) = plane };
        }
    }
}

/// What is done to pairs of elements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Split,
    Join,
    /// The product of an extension, and of its inverse.
    Extend,
}

/// Elements in a row: a node.
#[derive(Clone, Copy)]
struct Row {
    /// Number of the first register.
    at: usize,
    /// Registers of each plane.
    len: usize,
    /// Name of the node at the level before.
    node: u32,
}

/// What the levels need besides the data.
pub(super) struct Levels {
    planes: Planes,
    /// The constant of each level from the sixth on, as it was used last.
    factors: Vec<Factor>,
    block: Block,
}

impl Levels {
    #[target_feature(enable = "avx2")]
    fn new(m: u32) -> Self {
        // Level 5 is in the halves of registers: its branch 1 has become v_{k−5} in the constants of level k.
        let mut factors = Vec::new();
        for level in FIRST..=m {
            factors.push(Factor::with_upper_half(level - 5));
        }
        Self { planes: Planes::new(m), factors, block: Block::new(m) }
    }

    /// The four registers of every 32 values, for polynomials of 2^`m` bits.
    pub(super) fn elements(m: u32) -> impl Iterator<Item = [usize; 4]> {
        let (distances, row_len) = (Planes::new(m).distances, Block::row_len_of(m));
        let (planes, len) = Block::planes_of(m);
        let in_rows = distances[..planes].iter().fold(0, |bits, distance| bits | distance);
        let firsts = (0..1_usize << (m - 8)).step_by(row_len).filter(move |first| first & in_rows == 0);
        firsts.flat_map(move |first| {
            (0..len).map(move |index| {
                std::array::from_fn(|plane| {
                    let at = plane * len + index;
                    first + distances[at / row_len] + at % row_len
                })
            })
        })
    }

    #[target_feature(enable = "avx2")]
    fn split_row(&mut self, data: &mut [V], row: Row, level: u32) {
        if row.len == self.block.row_len() {
            return self.block.split(data, self.planes, row.at, row.node);
        }
        let levels = self.at_once(row, level);
        for depth in 0..levels {
            self.level(Step::Split, data, row, (level + depth, depth));
        }
        for row in rows(row, levels, level) {
            self.split_row(data, row, level + levels);
        }
    }

    #[target_feature(enable = "avx2")]
    fn join_row(&mut self, data: &mut [V], row: Row, level: u32) {
        if row.len == self.block.row_len() {
            return self.block.join(data, self.planes, row.at, row.node);
        }
        let levels = self.at_once(row, level);
        for row in rows(row, levels, level) {
            self.join_row(data, row, level + levels);
        }
        for depth in (0..levels).rev() {
            self.level(Step::Join, data, row, (level + depth, depth));
        }
    }

    /// The number of levels from `level` on that a row goes through before its parts go on one by one.
    fn at_once(&self, row: Row, level: u32) -> u32 {
        if level.is_power_of_two() || byte_planes_at(level) * row.len > CACHED {
            return 1;
        }
        let to_block = (row.len / self.block.row_len()).ilog2();
        to_block.min(level.next_power_of_two() - level)
    }

    /// One level for all nodes that are `depth` levels below `row`.
    #[target_feature(enable = "avx2")]
    fn level(&mut self, step: Step, data: &mut [V], row: Row, (level, depth): (u32, u32)) {
        let step = if level.is_power_of_two() { Step::Extend } else { step };
        let factor = &mut self.factors[(level - FIRST) as usize];
        for index in 0..1 << depth {
            // In this order, one branch changes at a time.
            let index = index ^ index >> 1;
            let half = row.len >> (depth + 1);
            let value = (row.node << depth | index as u32) << 1;
            let value = if level.is_power_of_two() { value ^ 1 << level } else { value };
            let at = row.at + 2 * half * index;
            match byte_planes_at(level) {
                1 => butterflies::<1>(step, data, self.planes, (at, half), factor.at::<1>(value)),
                2 => butterflies::<2>(step, data, self.planes, (at, half), factor.at::<2>(value)),
                _ => butterflies::<4>(step, data, self.planes, (at, half), factor.at::<4>(value)),
            }
        }
    }
}

/// From bytes to values.
#[target_feature(enable = "avx2")]
pub(super) fn split(data: &mut [V]) {
    for_both_branches(data, |levels, data, row| levels.split_row(data, row, FIRST));
}

/// The inverse of [`split`].
#[target_feature(enable = "avx2")]
pub(super) fn join(data: &mut [V]) {
    for_both_branches(data, |levels, data, row| levels.join_row(data, row, FIRST));
}

/// Calls `work` for the first node of level 5, in the lower halves of registers, on either branch of level 3.
#[target_feature(enable = "avx2")]
fn for_both_branches(data: &mut [V], work: impl Fn(&mut Levels, &mut [V], Row) + Sync) {
    let m = data.len().ilog2() + 8;
    let (first, second) = data.split_at_mut(data.len() / 2);
    let branch = |data: &mut [V], node| work(&mut Levels::new(m), data, Row { at: 0, len: data.len(), node });
    both(|| branch(first, 1 << 5), || branch(second, 1 << 5 | 1 << 2));
}

/// The nodes that `levels` levels from `level` on lead to: all of them, or the first child only where the field grows.
fn rows(row: Row, levels: u32, level: u32) -> impl Iterator<Item = Row> {
    let len = row.len >> levels;
    let count = if level.is_power_of_two() { 1 } else { 1 << levels };
    (0..count).map(move |index| Row {
        at: row.at + index * len,
        len,
        node: row.node << levels | index as u32,
    })
}

/// `half` pairs, from register `at` on.
#[target_feature(enable = "avx2")]
fn butterflies<const PLANES: usize>(
    step: Step,
    data: &mut [V],
    planes: Planes,
    (at, half): (usize, usize),
    factor: &Factor,
) {
    match step {
        Step::Split => pairs::<PLANES>(data, planes, (at, half), |low, high| {
            add_product(low, &nibbles(high), factor);
            add_planes(high, low);
        }),
        Step::Join => pairs::<PLANES>(data, planes, (at, half), |low, high| {
            add_planes(high, low);
            add_product(low, &nibbles(high), factor);
        }),
        Step::Extend => pairs::<PLANES>(data, planes, (at, half), |low, high| {
            add_product(low, &nibbles(high), factor);
        }),
    }
}

/// Calls `step` with both elements of each pair.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
fn pairs<const PLANES: usize>(
    data: &mut [V],
    planes: Planes,
    (at, half): (usize, usize),
    step: impl Fn(&mut [V; PLANES], &mut [V; PLANES]),
) {
    assert!(at + 2 * half + planes.distances[PLANES - 1] <= data.len(), "the row ends within the data");
    let low = data[at..].as_mut_ptr();
    for index in 0..half {
        // SAFETY: the last plane of the last element is within the data, as asserted.
        unsafe {
            let (low_at, high_at) = (low.add(index), low.add(index + half));
            let (mut low, mut high) = (planes.load(low_at), planes.load(high_at));
            step(&mut low, &mut high);
            planes.store(low_at, low);
            planes.store(high_at, high);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_planes<const PLANES: usize>(sum: &mut [V; PLANES], other: &[V; PLANES]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum = xor(*sum, *other);
    }
}
