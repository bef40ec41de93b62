//! The levels of the transform and their multipliers.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::tower::{CANTOR, Extension, Factor, Field, Gf2e8, Gf2e16, Gf2e32, Gf16, element_at};
use super::transform::LOG_LENS;

/// The levels whose branches tell apart the 64 places of a word from level [`FIRST_ROW_LEVEL`] on: the branch of
/// `PLACE_LEVELS[i]` is bit i of the place. They are the levels up to 10 that are no powers of two.
const PLACE_LEVELS: [u32; 6] = [10, 9, 7, 6, 5, 3];

/// The first level at which a word holds 64 nodes.
pub(super) const FIRST_ROW_LEVEL: u32 = 11;

/// Multipliers of the butterflies in one field. They are public, and made once.
pub(super) struct Multipliers<F: Field> {
    /// v_i in all places.
    basis: Vec<F::Factor>,
    /// v_1 + … + v_{i+1}: the change from a multiplier to the next one of a level, when the number of the first ends
    /// in i ones.
    steps: Vec<F::Factor>,
    /// For each level from [`FIRST_ROW_LEVEL`] on, the part of the multiplier that differs from place to place.
    places: Vec<F::Factor>,
}

impl<F: Field> Multipliers<F> {
    fn new() -> Self {
        let basis: Vec<_> =
            CANTOR[..F::DEGREE].iter().map(|&v| element_at::<F>(v, u64::MAX).factor()).collect();
        let mut sum = F::default().factor();
        let steps = basis[1..].iter().map(|v| {
            sum.add(v);
            sum
        });
        let steps = steps.collect();
        let last_level = LOG_LENS.end().min(&(F::DEGREE as u32));
        let places = (FIRST_ROW_LEVEL..=*last_level).map(place_multipliers::<F>).collect();
        Self { basis, steps, places }
    }

    /// The value Σ b_i·v_i of a node at `level`, where the b_i are the bits of `node`, and from [`FIRST_ROW_LEVEL`] on
    /// those of the places besides.
    fn of_node(&self, level: u32, node: u32) -> F::Factor {
        let mut sum = match level.checked_sub(FIRST_ROW_LEVEL) {
            Some(row_level) => self.places[row_level as usize],
            None => F::default().factor(),
        };
        for (_, v) in self.basis.iter().enumerate().filter(|(i, _)| node >> i & 1 == 1) {
            sum.add(v);
        }
        sum
    }
}

/// A branch at level r has become v_{level−r} in the value of a node at `level`.
fn place_multipliers<F: Field>(level: u32) -> F::Factor {
    let mut sum = F::default();
    for (bit, r) in PLACE_LEVELS.iter().enumerate() {
        let places =
            (0..64).filter(|place| place >> bit & 1 == 1).fold(0, |places, place| places | 1 << place);
        sum.add(&element_at(CANTOR[(level - r) as usize], places));
    }
    sum.factor()
}

/// A field with the multipliers of its levels.
pub(super) trait Leveled: Field + 'static {
    fn multipliers() -> &'static Multipliers<Self>;
}

macro_rules! leveled {
    ($($field:ty),*) => {$(
        impl Leveled for $field {
            fn multipliers() -> &'static Multipliers<Self> {
                static MULTIPLIERS: LazyLock<Multipliers<$field>> = LazyLock::new(Multipliers::new);
                &MULTIPLIERS
            }
        }
    )*};
}

leveled!(Gf16, Gf2e8, Gf2e16, Gf2e32);

/// Takes the polynomial on `node` through all of `levels`, to the descendants of the node.
pub(super) fn split<F: Leveled>(data: &mut [F], levels: RangeInclusive<u32>, node: u32) {
    for level in levels.clone() {
        butterflies(data, level, level - levels.start(), node, |low, high, c| {
            low.add_product(high, c);
            high.add(low);
        });
    }
}

/// The inverse of [`split`].
pub(super) fn join<F: Leveled>(data: &mut [F], levels: RangeInclusive<u32>, node: u32) {
    for level in levels.clone().rev() {
        butterflies(data, level, level - levels.start(), node, |low, high, c| {
            high.add(low);
            low.add_product(high, c);
        });
    }
}

/// One level: a butterfly for each pair of elements of the nodes that are `depth` levels below `ancestor`. Their first
/// children, the multipliers, are 2^(depth+1)·ancestor, … + 2, … + 4, …
fn butterflies<F: Leveled>(
    data: &mut [F],
    level: u32,
    depth: u32,
    ancestor: u32,
    butterfly: impl Fn(&mut F, &mut F, &F::Factor),
) {
    let multipliers = F::multipliers();
    let mut multiplier = multipliers.of_node(level, ancestor << (depth + 1));
    for (index, block) in data.chunks_exact_mut(data.len() >> depth).enumerate() {
        let (low, high) = block.split_at_mut(block.len() / 2);
        for (low, high) in low.iter_mut().zip(high) {
            butterfly(low, high, &multiplier);
        }
        if let Some(step) = multipliers.steps.get(index.trailing_ones() as usize) {
            multiplier.add(step);
        }
    }
}

/// Takes a polynomial to `node`, its node's first child at a `level` that is a power of two: the halves become the
/// coordinates of larger elements, after a product with the multiplier less v_level.
pub(super) fn extend<F: Leveled>(data: &[F], extended: &mut [Extension<F>], level: u32, node: u32) {
    let multiplier = F::multipliers().of_node(level, node ^ 1 << level);
    let (low, high) = data.split_at(extended.len());
    for (element, (lo, hi)) in extended.iter_mut().zip(low.iter().zip(high)) {
        *element = Extension { lo: *lo, hi: *hi };
        element.lo.add_product(hi, &multiplier);
    }
}

/// The inverse of [`extend`].
pub(super) fn restrict<F: Leveled>(extended: &[Extension<F>], data: &mut [F], level: u32, node: u32) {
    let multiplier = F::multipliers().of_node(level, node ^ 1 << level);
    let (low, high) = data.split_at_mut(extended.len());
    for (element, (lo, hi)) in extended.iter().zip(low.iter_mut().zip(high)) {
        Extension { lo: *lo, hi: *hi } = *element;
        lo.add_product(hi, &multiplier);
    }
}
