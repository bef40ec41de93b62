//! Decoy-state BB84 with weak coherent pulses, drawn from detection to detection.
//!
//! Between two detections nothing is recorded, so nothing is drawn: the number of quiet gates is geometric, and
//! Alice's and Bob's choices are drawn given that the gate detected something.
//! ```text
//! detection ─▶ dead time ─▶ first live gate ─▶ quiet gates, geometric ─▶ detection
//!                            └ after-pulse with probability p_ap ───────▶ detection
//! ```
//! The cost is one geometric and one alias draw per detection, whatever the loss.

use qkdpp_protocol::raw::RawBatch;

use crate::gate::{Choice, Gate, choices};
use crate::link::{Detector, Loss, WeakCoherent};
use crate::planes::{Side, code};
use crate::sampling::{Alias, Gaps, Random};

pub(crate) struct Bb84 {
    clock_hz: f64,
    loss: Loss,
    source: WeakCoherent,
    detector: Detector,
    random: Random,
    /// Draws for the present stretch of constant loss.
    gates: Gates,
    /// First slot after that stretch.
    stretch_end: u64,
    next: Detection,
}

/// The detection that comes next.
#[derive(Clone, Copy)]
struct Detection {
    slot: u64,
    after_pulse: bool,
}

impl Bb84 {
    pub(crate) fn new(
        clock_hz: f64,
        loss: &Loss,
        source: &WeakCoherent,
        detector: &Detector,
        seed: u64,
    ) -> Self {
        let stretch = loss.stretch(0, clock_hz);
        let mut model = Self {
            clock_hz,
            gates: Gates::new(&choices(source, detector, stretch.transmittance)),
            stretch_end: stretch.end,
            loss: loss.clone(),
            source: source.clone(),
            detector: detector.clone(),
            random: Random::new(seed),
            next: Detection { slot: 0, after_pulse: false },
        };
        let unit = model.random.unit();
        model.next = model.quiet_until_detection(0, unit);
        model
    }

    /// Alice's and Bob's records of the `slots` slots from `first_slot` on, where the last call ended.
    pub(crate) fn batch(&mut self, first_slot: u64, slots: u32) -> (RawBatch, RawBatch) {
        let end = first_slot + u64::from(slots);
        let expected = (f64::from(slots) * self.gates.click_probability * 1.1) as usize;
        let (mut alice, mut bob) = (Side::with_capacity(expected), Side::with_capacity(expected));
        while self.next.slot < end {
            let offset = (self.next.slot - first_slot) as u32;
            let (sent, seen) = self.gates.draw(self.next.after_pulse, self.random.word());
            alice.push(offset, sent);
            bob.push(offset, seen);
            self.next = self.after_detection();
        }
        (alice.into_batch(first_slot, slots), bob.into_batch(first_slot, slots))
    }

    /// The detection after the one in `self.next`. One draw decides whether it is an after-pulse and, rescaled, where
    /// it is otherwise.
    fn after_detection(&mut self) -> Detection {
        let live_from = self.next.slot + 1 + u64::from(self.detector.dead_time_slots);
        let (unit, after_pulse) = (self.random.unit(), self.detector.after_pulse_probability);
        if unit < after_pulse {
            self.enter_stretch_of(live_from);
            return Detection { slot: live_from, after_pulse: true };
        }
        self.quiet_until_detection(live_from, (unit - after_pulse) / (1.0 - after_pulse))
    }

    /// The first ordinary detection from `live_from` on. At the end of a stretch of constant loss the draw starts
    /// again: the past of a geometric distribution does not matter.
    fn quiet_until_detection(&mut self, mut live_from: u64, mut unit: f64) -> Detection {
        loop {
            self.enter_stretch_of(live_from);
            let slot = live_from.saturating_add(self.gates.gaps.gap(unit));
            if slot < self.stretch_end || self.stretch_end == u64::MAX {
                return Detection { slot, after_pulse: false };
            }
            live_from = self.stretch_end;
            unit = self.random.unit();
        }
    }

    fn enter_stretch_of(&mut self, slot: u64) {
        if slot >= self.stretch_end {
            let stretch = self.loss.stretch(slot, self.clock_hz);
            self.gates = Gates::new(&choices(&self.source, &self.detector, stretch.transmittance));
            self.stretch_end = stretch.end;
        }
    }
}

/// What a gate with a detection may hold, and how likely it is.
struct Gates {
    click_probability: f64,
    gaps: Gaps,
    /// Alice's and Bob's entry for each case, with the bit relative to Alice's.
    cases: Vec<(u8, u8)>,
    ordinary: Alias,
    after_pulse: Alias,
}

impl Gates {
    fn new(choices: &[Choice]) -> Self {
        let click_probability: f64 =
            choices.iter().map(|choice| choice.probability * choice.gate.click()).sum();
        let weights = |gate: fn(Gate) -> Gate| -> Vec<f64> {
            let weigh = |choice: &Choice| {
                let gate = gate(choice.gate);
                [gate.right, gate.wrong, gate.both].map(|outcome| choice.probability * outcome)
            };
            choices.iter().flat_map(weigh).collect()
        };
        Self {
            click_probability,
            gaps: Gaps::new(libm::log1p(-click_probability.min(1.0))),
            cases: choices.iter().flat_map(entries).collect(),
            ordinary: Alias::new(&weights(|gate| gate)),
            after_pulse: Alias::new(&weights(Gate::with_after_pulse)),
        }
    }

    /// Alice's and Bob's entry. Bits of `word` that the table leaves free give Alice's bit and that of a double click.
    fn draw(&self, after_pulse: bool, word: u64) -> (u8, u8) {
        let table = if after_pulse { &self.after_pulse } else { &self.ordinary };
        let (alice, bob) = self.cases[table.pick(word)];
        let sent = (word >> 6) as u8 & 1;
        let of_double_click = (word >> 7) as u8 & u8::from(bob & code::DOUBLE_CLICK != 0);
        (alice ^ (sent * code::BIT), bob ^ ((sent ^ of_double_click) * code::BIT))
    }
}

/// The entries of a choice's outcomes: right, wrong, both.
fn entries(choice: &Choice) -> [(u8, u8); 3] {
    let alice = (choice.alice * code::BASIS) | ((choice.intensity as u8) << code::INTENSITY_SHIFT);
    let bob = choice.bob * code::BASIS;
    [0, code::BIT, code::DOUBLE_CLICK].map(|outcome| (alice, bob | outcome))
}
