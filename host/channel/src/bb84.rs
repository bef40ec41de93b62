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

use crate::attack::{Attack, Receiving};
use crate::gate::{Choice, Gate};
use crate::link::{Detector, Loss, WeakCoherent};
use crate::planes::{Side, code};
use crate::sampling::{Alias, Gaps, Random};

pub(crate) struct Bb84 {
    clock_hz: f64,
    loss: Loss,
    source: WeakCoherent,
    detector: Detector,
    attack: Option<Attack>,
    random: Random,
    present: Conditions,
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
        attack: Option<Attack>,
        seed: u64,
    ) -> Self {
        let mut model = Self {
            clock_hz,
            loss: loss.clone(),
            source: source.clone(),
            detector: detector.clone(),
            attack,
            present: Conditions::none(detector),
            random: Random::new(seed),
            next: Detection { slot: 0, after_pulse: false },
        };
        model.enter_stretch_of(0);
        let unit = model.random.unit();
        model.next = model.quiet_until_detection(0, unit);
        model
    }

    /// Alice's and Bob's records of the `slots` slots from `first_slot` on, where the last call ended.
    pub(crate) fn batch(&mut self, first_slot: u64, slots: u32) -> (RawBatch, RawBatch) {
        let end = first_slot + u64::from(slots);
        let expected = (f64::from(slots) * self.present.gates.click_probability * 1.1) as usize;
        let (mut alice, mut bob) = (Side::with_capacity(expected), Side::with_capacity(expected));
        while self.next.slot < end {
            let offset = (self.next.slot - first_slot) as u32;
            let (sent, seen) = self.present.gates.draw(self.next.after_pulse, self.random.word());
            self.next = if let Some(seen) = self.after_shift(seen) {
                alice.push(offset, sent);
                bob.push(offset, seen);
                self.after_detection()
            } else {
                let unit = self.random.unit();
                self.quiet_until_detection(self.next.slot + 1, unit)
            };
        }
        (alice.into_batch(first_slot, slots), bob.into_batch(first_slot, slots))
    }

    /// The detection after the one in `self.next`. One draw decides whether it is an after-pulse and, rescaled, where
    /// it is otherwise.
    fn after_detection(&mut self) -> Detection {
        let detector = &self.present.detector;
        let live_from = self.next.slot + 1 + u64::from(detector.dead_time_slots);
        let (unit, after_pulse) = (self.random.unit(), detector.after_pulse_probability);
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
            let slot = live_from.saturating_add(self.present.gates.gaps.gap(unit));
            if slot < self.present.end || self.present.end == u64::MAX {
                return Detection { slot, after_pulse: false };
            }
            live_from = self.present.end;
            unit = self.random.unit();
        }
    }

    fn enter_stretch_of(&mut self, slot: u64) {
        if slot < self.present.end {
            return;
        }
        let stretch = self.loss.stretch(slot, self.clock_hz);
        let (source, detector) = (&self.source, &self.detector);
        let (receiving, end) = match &self.attack {
            Some(attack) if slot >= attack.from_slot => {
                (Receiving::attacked(attack, source, detector, stretch.transmittance), stretch.end)
            }
            attack => {
                let begin = attack.map_or(u64::MAX, |attack| attack.from_slot);
                (Receiving::honest(source, detector, stretch.transmittance), stretch.end.min(begin))
            }
        };
        self.present = Conditions {
            gates: Gates::new(&receiving.choices),
            detector: receiving.detector,
            lost_ones: receiving.lost_ones,
            end,
        };
    }

    /// What is left of a click where the detector of ones has lost efficiency. To thin the clicks is exact where hardly
    /// any gate has more than one photon.
    fn after_shift(&mut self, seen: u8) -> Option<u8> {
        let lost = self.present.lost_ones;
        let ones_clicked = seen & (code::BIT | code::DOUBLE_CLICK) != 0;
        if lost == 0.0 || !ones_clicked || self.random.unit() >= lost {
            return Some(seen);
        }
        (seen & code::DOUBLE_CLICK != 0).then_some(seen & !(code::BIT | code::DOUBLE_CLICK))
    }
}

/// What the receiver does in a stretch of slots of the same loss and the same attack.
struct Conditions {
    gates: Gates,
    /// Dead time and after-pulses.
    detector: Detector,
    /// Share of clicks that the detector of ones loses.
    lost_ones: f64,
    /// First slot after the stretch.
    end: u64,
}

impl Conditions {
    /// Those of no slot.
    fn none(detector: &Detector) -> Self {
        Self { gates: Gates::new(&[]), detector: detector.clone(), lost_ones: 0.0, end: 0 }
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
