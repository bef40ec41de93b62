//! BBM92: a source of photon pairs between two receivers, each with a passive choice of basis and four detectors.
//!
//! A slot holds a Poissonian number of pairs; whatever can reach the detectors (both photons of a pair, one of them,
//! a dark count) is an independent Poisson process, so that slots without any of them are skipped in one draw.
//! The receivers then see their own slots: coincidences where both click, singles where one does.

use qkdpp_protocol::raw::RawBatch;

use crate::link::{Detector, EntangledPairs, Loss};
use crate::planes::{Side, code};
use crate::sampling::{Alias, Gaps, Random};

pub(crate) struct Bbm92 {
    clock_hz: f64,
    loss: Loss,
    source: EntangledPairs,
    detector: Detector,
    random: Random,
    /// Draws for the present stretch of constant loss.
    events: Events,
    /// First slot after that stretch.
    stretch_end: u64,
    /// Next slot with light or a dark count.
    next: u64,
    alice: Receiver,
    bob: Receiver,
}

impl Bbm92 {
    pub(crate) fn new(
        clock_hz: f64,
        loss: &Loss,
        source: &EntangledPairs,
        detector: &Detector,
        seed: u64,
    ) -> Self {
        let stretch = loss.stretch(0, clock_hz);
        let mut model = Self {
            clock_hz,
            events: Events::new(&rates(source, detector, stretch.transmittance)),
            stretch_end: stretch.end,
            loss: loss.clone(),
            source: source.clone(),
            detector: detector.clone(),
            random: Random::new(seed),
            next: 0,
            alice: Receiver::new(&source.detector),
            bob: Receiver::new(detector),
        };
        model.next = model.next_event(0);
        model
    }

    /// Alice's and Bob's records of the `slots` slots from `first_slot` on, where the last call ended.
    pub(crate) fn batch(&mut self, first_slot: u64, slots: u32) -> (RawBatch, RawBatch) {
        let end = first_slot + u64::from(slots);
        let (mut alice, mut bob) = (Side::default(), Side::default());
        loop {
            let slot = self.next.min(self.alice.after_pulse_slot()).min(self.bob.after_pulse_slot());
            if slot >= end {
                break;
            }
            let mut clicks = 0;
            if slot == self.next {
                clicks = self.events.draw(&mut self.random);
                self.next = self.next_event(slot + 1);
            }
            let offset = (slot - first_slot) as u32;
            if let Some(entry) = self.alice.gate(slot, clicks & 0xF, &mut self.random) {
                alice.push(offset, entry);
            }
            if let Some(entry) = self.bob.gate(slot, clicks >> 4, &mut self.random) {
                bob.push(offset, entry);
            }
        }
        (alice.into_batch(first_slot, slots), bob.into_batch(first_slot, slots))
    }

    /// First slot from `from` on with light or a dark count. At the end of a stretch of constant loss the draw starts
    /// again: the past of a geometric distribution does not matter.
    fn next_event(&mut self, mut from: u64) -> u64 {
        loop {
            if from >= self.stretch_end {
                let stretch = self.loss.stretch(from, self.clock_hz);
                self.events = Events::new(&rates(&self.source, &self.detector, stretch.transmittance));
                self.stretch_end = stretch.end;
            }
            let slot = from.saturating_add(self.events.gaps.gap(self.random.unit()));
            if slot < self.stretch_end || self.stretch_end == u64::MAX {
                return slot;
            }
            from = self.stretch_end;
        }
    }
}

/// Mean number per slot of each kind of event, by the detectors that it makes click: detector `2·basis + bit` of
/// Alice is bit 0 to 3 of the mask, that of Bob bit 4 to 7.
pub(crate) type Rates = [f64; 256];

pub(crate) fn rates(source: &EntangledPairs, bob: &Detector, transmittance: f64) -> Rates {
    let alice = &source.detector;
    let (eta_alice, eta_bob) = (alice.efficiency, bob.efficiency * transmittance);
    let mut rates = [0.0; 256];
    for a in 0..4 {
        for b in 0..4 {
            let share = basis_share(alice, a / 2) * basis_share(bob, b / 2) * bit_share(source, a, b);
            let pairs = source.pairs_per_slot * share;
            rates[1 << a | 16 << b] += pairs * eta_alice * eta_bob;
            rates[1 << a] += pairs * eta_alice * (1.0 - eta_bob);
            rates[16 << b] += pairs * (1.0 - eta_alice) * eta_bob;
        }
        rates[1 << a] -= libm::log1p(-alice.dark_count_probability);
        rates[16 << a] -= libm::log1p(-bob.dark_count_probability);
    }
    rates
}

fn basis_share(detector: &Detector, basis: usize) -> f64 {
    if basis == 0 { detector.key_basis_probability } else { 1.0 - detector.key_basis_probability }
}

/// Probability of the two bits, given the two bases.
fn bit_share(source: &EntangledPairs, a: usize, b: usize) -> f64 {
    let misalignment = [source.misalignment_key, source.misalignment_test][a / 2];
    match (a / 2 == b / 2, a == b) {
        (true, true) => (1.0 - misalignment) / 2.0,
        (true, false) => misalignment / 2.0,
        (false, _) => 0.25,
    }
}

/// The events of a slot that has any.
struct Events {
    gaps: Gaps,
    /// P(1), P(1) + P(2), … of the number of events, given that there is one.
    numbers: Vec<f64>,
    masks: Vec<u8>,
    kinds: Alias,
}

impl Events {
    fn new(rates: &Rates) -> Self {
        let (masks, weights): (Vec<u8>, Vec<f64>) =
            (0..=u8::MAX).zip(*rates).filter(|&(_, rate)| rate > 0.0).unzip();
        let total: f64 = weights.iter().sum();
        Self {
            gaps: Gaps::new(-total),
            numbers: zero_truncated_poisson(total),
            masks,
            kinds: Alias::new(&weights),
        }
    }

    /// The detectors that the slot's events make click.
    fn draw(&self, random: &mut Random) -> u8 {
        let unit = random.unit();
        let number = 1 + self.numbers.iter().take_while(|&&bound| unit > bound).count();
        (0..number).fold(0, |clicks, _| clicks | self.masks[self.kinds.pick(random.word())])
    }
}

/// Cumulative distribution of a Poissonian number of mean `mean` that is not zero, to within 1e-17 of 1.
fn zero_truncated_poisson(mean: f64) -> Vec<f64> {
    let mut term = mean / libm::expm1(mean);
    let (mut bounds, mut sum) = (Vec::new(), 0.0);
    for number in 2.. {
        sum += term;
        bounds.push(sum);
        term *= mean / f64::from(number);
        if term.is_nan() || f64::from(number) > mean && term < 1e-17 {
            break;
        }
    }
    bounds
}

/// Dead time and after-pulse of one side.
struct Receiver {
    dead_time_slots: u64,
    after_pulse_probability: f64,
    live_from: u64,
    /// Detector of an after-pulse that comes in slot `live_from`.
    after_pulse: Option<u8>,
}

impl Receiver {
    fn new(detector: &Detector) -> Self {
        Self {
            dead_time_slots: u64::from(detector.dead_time_slots),
            after_pulse_probability: detector.after_pulse_probability,
            live_from: 0,
            after_pulse: None,
        }
    }

    fn after_pulse_slot(&self) -> u64 {
        self.after_pulse.map_or(u64::MAX, |_| self.live_from)
    }

    /// The entry of `slot`, in which `clicks` detectors would click, unless the receiver is blind or saw nothing.
    fn gate(&mut self, slot: u64, mut clicks: u8, random: &mut Random) -> Option<u8> {
        if slot < self.live_from {
            return None;
        }
        if slot == self.live_from {
            clicks |= self.after_pulse.take().unwrap_or(0);
        }
        if clicks == 0 {
            return None;
        }
        let word = random.word();
        self.live_from = slot + 1 + self.dead_time_slots;
        if random.unit() < self.after_pulse_probability {
            self.after_pulse = Some(1 << (word >> 2 & 3));
        }
        Some(entry(clicks, word & 1 == 1, word >> 1 & 1 == 1))
    }
}

/// The entry for a set of detectors. Where several clicked, the bit is random, and so is the basis if both saw a
/// click: the receiver never drops a detection.
fn entry(clicks: u8, random_basis: bool, random_bit: bool) -> u8 {
    let test_basis = if clicks & 0b11 != 0 && clicks >> 2 != 0 { random_basis } else { clicks >> 2 != 0 };
    let double_click = clicks.count_ones() > 1;
    let bit = if double_click { random_bit } else { clicks & 0b1010 != 0 };
    (u8::from(test_basis) * code::BASIS)
        | (u8::from(bit) * code::BIT)
        | (u8::from(double_click) * code::DOUBLE_CLICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_of_every_set_of_detectors() {
        assert_eq!(entry(0b0001, true, true), 0);
        assert_eq!(entry(0b0010, true, false), code::BIT);
        assert_eq!(entry(0b0100, false, true), code::BASIS);
        assert_eq!(entry(0b1000, false, false), code::BASIS | code::BIT);
        assert_eq!(entry(0b0011, true, false), code::DOUBLE_CLICK);
        assert_eq!(entry(0b1100, false, true), code::BASIS | code::BIT | code::DOUBLE_CLICK);
        assert_eq!(entry(0b0110, true, false), code::BASIS | code::DOUBLE_CLICK);
        assert_eq!(entry(0b1001, false, true), code::BIT | code::DOUBLE_CLICK);
    }

    #[test]
    fn numbers_of_events_follow_the_truncated_distribution() {
        let bounds = zero_truncated_poisson(0.5);
        let norm = 1.0 - (-0.5f64).exp();
        assert!((bounds[0] - 0.5 * (-0.5f64).exp() / norm).abs() < 1e-15);
        assert!((bounds[1] - bounds[0] - 0.125 * (-0.5f64).exp() / norm).abs() < 1e-15);
        assert!((bounds.last().unwrap() - 1.0).abs() < 1e-14);
    }
}
