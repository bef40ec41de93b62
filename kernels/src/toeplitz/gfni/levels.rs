//! Butterflies on registers, one level or two at a time.

#![allow(clippy::inline_always, reason = "everything is compiled for the registers of its caller")]

use super::constants::Factor;
use super::machine::Machine;

/// An element in up to four planes, or the bytes of a factor.
pub(super) type Planes<M> = [<M as Machine>::V; 4];

/// A factor in registers.
pub(super) type Factors<M> = [<M as Machine>::V; 9];

/// Registers of a factor for so many planes.
const fn registers(planes: usize) -> usize {
    match planes {
        1 => 1,
        2 => 3,
        _ => 9,
    }
}

/// The same factor everywhere.
#[inline(always)]
pub(super) fn splat<M: Machine, const PLANES: usize>(machine: M, factor: &Factor) -> Factors<M> {
    let mut factors = [machine.splat(0); 9];
    for (register, &byte) in factors.iter_mut().zip(factor).take(registers(PLANES)) {
        *register = machine.splat(byte);
    }
    factors
}

/// The factor of a constant plus an element of GF(2^8), given as eight bytes: only the lowest byte of the constant changes.
#[inline(always)]
pub(super) fn plus_byte<M: Machine, const PLANES: usize>(
    machine: M,
    factors: &Factors<M>,
    byte: u64,
) -> Factors<M> {
    let (mut sum, byte) = (*factors, machine.splat_word(byte));
    let changed: &[usize] = match PLANES {
        1 => &[0],
        2 => &[0, 2],
        _ => &[0, 2, 6, 8],
    };
    for &index in changed {
        sum[index] = machine.add(sum[index], byte);
    }
    sum
}

/// Adds a product.
#[inline(always)]
pub(super) fn add_product<M: Machine, const PLANES: usize>(
    machine: M,
    sum: &mut Planes<M>,
    f: &Planes<M>,
    factors: &Factors<M>,
) {
    let pair = |low, high, first: usize| {
        let products = [(low, first), (high, first + 1), (machine.add(low, high), first + 2)];
        products.map(|(f, index)| machine.multiply(f, factors[index]))
    };
    match PLANES {
        1 => sum[0] = machine.add(sum[0], machine.multiply(f[0], factors[0])),
        2 => {
            let [low, high, both] = pair(f[0], f[1], 0);
            sum[0] = machine.add3(sum[0], low, high);
            sum[1] = machine.add3(sum[1], low, both);
        }
        _ => {
            let [low, high, both] = pair(f[0], f[1], 0);
            let (p0, p1) = (machine.add(low, high), machine.add(low, both));
            let [low, high, both] = pair(f[2], f[3], 3);
            sum[0] = machine.add(machine.add3(sum[0], low, high), p0);
            sum[1] = machine.add(machine.add3(sum[1], low, both), p1);
            let [low, high, both] = pair(machine.add(f[0], f[2]), machine.add(f[1], f[3]), 6);
            sum[2] = machine.add(machine.add3(sum[2], low, high), p0);
            sum[3] = machine.add(machine.add3(sum[3], low, both), p1);
        }
    }
}

/// What is done to pairs of elements.
pub(super) const SPLIT: u8 = 0;
/// The inverse.
pub(super) const JOIN: u8 = 1;
/// The product of an extension, and of its inverse.
pub(super) const EXTEND: u8 = 2;

/// A level of one node: pairs elements of its first and its second half.
#[inline(always)]
pub(super) fn butterflies<M: Machine, const PLANES: usize, const STEP: u8>(
    machine: M,
    elements: &mut [Planes<M>],
    factors: &Factors<M>,
) {
    let (low, high) = elements.split_at_mut(elements.len() / 2);
    for (low, high) in low.iter_mut().zip(high) {
        butterfly::<M, PLANES, STEP>(machine, low, high, factors);
    }
}

#[inline(always)]
fn butterfly<M: Machine, const PLANES: usize, const STEP: u8>(
    machine: M,
    low: &mut Planes<M>,
    high: &mut Planes<M>,
    factors: &Factors<M>,
) {
    if STEP == JOIN {
        add::<M, PLANES>(machine, high, low);
    }
    add_product::<M, PLANES>(machine, low, high, factors);
    if STEP == SPLIT {
        add::<M, PLANES>(machine, high, low);
    }
}

#[inline(always)]
fn add<M: Machine, const PLANES: usize>(machine: M, sum: &mut Planes<M>, other: &Planes<M>) {
    for (sum, other) in sum.iter_mut().zip(other).take(PLANES) {
        *sum = machine.add(*sum, *other);
    }
}

/// Elements of up to four planes, each in a register: the first plane's, and the others so far from it.
pub(super) struct Rows<'a, M: Machine> {
    pub(super) machine: M,
    pub(super) data: &'a mut [M::V],
    pub(super) distances: [usize; 4],
}

impl<M: Machine> Rows<'_, M> {
    /// # Safety
    /// All planes of the element must be in the data.
    #[inline(always)]
    unsafe fn load<const PLANES: usize>(&self, at: usize) -> Planes<M> {
        let mut element = [self.machine.splat(0); 4];
        for (plane, distance) in element.iter_mut().zip(self.distances).take(PLANES) {
            // SAFETY: as the caller promises.
            *plane = unsafe { *self.data.get_unchecked(at + distance) };
        }
        element
    }

    /// # Safety
    /// As for [`load`](Self::load).
    #[inline(always)]
    unsafe fn store<const PLANES: usize>(&mut self, at: usize, element: &Planes<M>) {
        for (plane, distance) in element.iter().zip(self.distances).take(PLANES) {
            // SAFETY: as the caller promises.
            unsafe { *self.data.get_unchecked_mut(at + distance) = *plane };
        }
    }

    fn check(&self, planes: usize, end: usize) {
        assert!(end + self.distances[planes - 1] <= self.data.len(), "the row ends within the data");
    }

    /// One level of the row of 2·`half` elements from `at` on.
    #[inline(always)]
    pub(super) fn level<const PLANES: usize, const STEP: u8>(
        &mut self,
        at: usize,
        half: usize,
        factors: &Factors<M>,
    ) {
        self.check(PLANES, at + 2 * half);
        for at in at..at + half {
            // SAFETY: the last plane of the last element is in the data, as checked.
            unsafe {
                let (mut low, mut high) = (self.load::<PLANES>(at), self.load::<PLANES>(at + half));
                butterfly::<M, PLANES, STEP>(self.machine, &mut low, &mut high, factors);
                self.store::<PLANES>(at, &low);
                if STEP != EXTEND {
                    self.store::<PLANES>(at + half, &high);
                }
            }
        }
    }

    /// Two levels of the row of 4·`quarter` elements from `at` on: with the first of `factors`, then with the second one for
    /// the first half and the third one for the other half. The second level may be an extension.
    #[inline(always)]
    pub(super) fn two_levels<const PLANES: usize, const STEP: u8, const SECOND: u8>(
        &mut self,
        at: usize,
        quarter: usize,
        factors: &[Factors<M>; 3],
    ) {
        self.check(PLANES, at + 4 * quarter);
        let machine = self.machine;
        for at in at..at + quarter {
            let places = [at, at + quarter, at + 2 * quarter, at + 3 * quarter];
            // SAFETY: the last plane of the last element is in the data, as checked.
            unsafe {
                let mut a = self.load::<PLANES>(places[0]);
                let mut b = self.load::<PLANES>(places[1]);
                let mut c = self.load::<PLANES>(places[2]);
                let mut d = self.load::<PLANES>(places[3]);
                if STEP == SPLIT {
                    butterfly::<M, PLANES, STEP>(machine, &mut a, &mut c, &factors[0]);
                    butterfly::<M, PLANES, STEP>(machine, &mut b, &mut d, &factors[0]);
                    butterfly::<M, PLANES, SECOND>(machine, &mut a, &mut b, &factors[1]);
                    butterfly::<M, PLANES, SECOND>(machine, &mut c, &mut d, &factors[2]);
                } else {
                    butterfly::<M, PLANES, SECOND>(machine, &mut a, &mut b, &factors[1]);
                    butterfly::<M, PLANES, SECOND>(machine, &mut c, &mut d, &factors[2]);
                    butterfly::<M, PLANES, STEP>(machine, &mut a, &mut c, &factors[0]);
                    butterfly::<M, PLANES, STEP>(machine, &mut b, &mut d, &factors[0]);
                }
                self.store::<PLANES>(places[0], &a);
                self.store::<PLANES>(places[1], &b);
                self.store::<PLANES>(places[2], &c);
                self.store::<PLANES>(places[3], &d);
            }
        }
    }
}
