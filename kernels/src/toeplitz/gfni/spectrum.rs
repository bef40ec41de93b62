//! A polynomial by its values, and their products.

use std::marker::PhantomData;

use super::super::fft;
use super::super::fft::tower::CANTOR;
use super::super::product::in_parts;
use super::constants::{FACTORS, byte};
use super::layout::Layout;
use super::levels::{Planes, add_product, splat};
use super::machine::Machine;
use super::{basis, bits, tree};
use crate::wipe::Scratch;

/// Parts of the values that are multiplied side by side.
const PARTS: usize = 16;

/// A binary polynomial modulo M = s_m(x) + 1, by its values at a root of each irreducible factor of M; wiped when dropped.
pub(in super::super) struct Spectrum<M: Machine> {
    layout: Layout,
    values: Scratch,
    machine: PhantomData<M>,
}

impl<M: Machine> Spectrum<M> {
    /// The smallest m: below, there are too few address bits for the places of a register's bytes.
    pub(in super::super) const LEAST: u32 = 12 + M::LOG_BYTES;

    /// As [`Arithmetic::spectrum`](super::super::product::Arithmetic::spectrum).
    pub(in super::super) fn of(machine: M, words: &mut [u64], used: usize) -> Self {
        let layout = Layout::new::<M>(words.len().ilog2() + 6);
        let mut spectrum = Self { layout, values: Scratch::new(words.len()), machine: PhantomData };
        let values = spectrum.values();
        basis::from_powers(machine, &mut words[..basis::converted(used)], used);
        bits::split(machine, words, used, values);
        tree::split(machine, layout, values);
        spectrum
    }

    fn values(&mut self) -> &mut [M::V] {
        // SAFETY: registers are bytes without any structure.
        unsafe { self.values.cast() }
    }

    /// As [`Arithmetic::polynomial`](super::super::product::Arithmetic::polynomial).
    pub(in super::super) fn into_polynomial(mut self, machine: M, words: &mut [u64], wanted: usize) {
        let (layout, len) = (self.layout, self.values.len());
        let values = self.values();
        tree::join(machine, layout, values);
        bits::join(machine, values, words);
        basis::to_powers(machine, words, wanted);
        if words.len() < len {
            fft::add_wrapped(words);
        }
    }

    /// Multiplies by a polynomial modulo M, and adds another one.
    pub(in super::super) fn multiply(&mut self, machine: M, other: &Self, summand: Option<&Self>) {
        let register = M::BYTES / 8;
        let [second, third] = self.layout.planes_of_values().map(|distance| distance * register);
        // All planes of a value are in one part.
        let part = self.values.len() / PARTS;
        let summands = summand.map(|sum| sum.values.chunks_exact(part));
        let mut summands = summands.into_iter().flatten();
        let parts = self.values.chunks_exact_mut(part).zip(other.values.chunks_exact(part));
        let mut parts: Vec<_> = parts.map(|parts| (parts, summands.next())).collect();
        in_parts(&mut parts, 1, |parts| {
            let ((values, others), summands) = &mut parts[0];
            machine.run(
                #[inline(always)]
                || {
                    let products = Products::new(machine);
                    for first in (0..part).step_by(register) {
                        if first & (second | third) == 0 {
                            let at = [first, first | second, first | third, first | second | third];
                            products.multiply(values, others, at);
                        }
                    }
                    for (sum, summand) in values.iter_mut().zip(summands.iter().flat_map(|sum| sum.iter())) {
                        *sum ^= summand;
                    }
                },
            );
        });
    }
}

/// Products of elements of GF(2^32), by Karatsuba's formula down to bytes.
struct Products<M: Machine> {
    machine: M,
    /// v_7: u_3² = u_3 + v_7.
    v_7: M::V,
    /// v_15: u_4² = u_4 + v_15.
    v_15: [M::V; 9],
}

impl<M: Machine> Products<M> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn new(machine: M) -> Self {
        Self {
            machine,
            v_7: machine.splat(byte(CANTOR[7])),
            v_15: splat::<M, 2>(machine, &FACTORS.of(1 << 15)),
        }
    }

    /// Multiplies the element whose planes begin at these words.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn multiply(&self, words: &mut [u64], others: &[u64], at: [usize; 4]) {
        let machine = self.machine;
        let [mut a, mut b] = [[self.v_7; 4]; 2];
        for (plane, at) in at.into_iter().enumerate() {
            (a[plane], b[plane]) = (machine.load(&words[at..]), machine.load(&others[at..]));
        }
        for (product, at) in self.product(&a, &b).into_iter().zip(at) {
            machine.store(&mut words[at..], product);
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn product(&self, a: &Planes<M>, b: &Planes<M>) -> Planes<M> {
        let machine = self.machine;
        let [p0, p1] = self.of_pairs([a[0], a[1]], [b[0], b[1]]);
        let [q0, q1] = self.of_pairs([a[2], a[3]], [b[2], b[3]]);
        let [r0, r1] = self.of_pairs(
            [machine.add(a[0], a[2]), machine.add(a[1], a[3])],
            [machine.add(b[0], b[2]), machine.add(b[1], b[3])],
        );
        let mut product = [p0, p1, machine.add(p0, r0), machine.add(p1, r1)];
        add_product::<M, 2>(machine, &mut product, &[q0, q1, q0, q1], &self.v_15);
        product
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled for the registers of its caller")]
    fn of_pairs(&self, a: [M::V; 2], b: [M::V; 2]) -> [M::V; 2] {
        let machine = self.machine;
        let low = machine.multiply(a[0], b[0]);
        let high = machine.multiply(machine.multiply(a[1], b[1]), self.v_7);
        let both = machine.multiply(machine.add(a[0], a[1]), machine.add(b[0], b[1]));
        [machine.add(low, high), machine.add(low, both)]
    }
}
