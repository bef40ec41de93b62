//! [`Flight`]: the submissions that the device has and has not completed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pool::Buffers;
use crate::layout::{Capabilities, Kernel, Shape};

/// Kernels of DEVICE.md §6.
const KERNELS: usize = 6;

/// Cycles per second of the slowest device worth having.
const SLOWEST_HZ: u64 = 25_000_000;

/// Cycles a beat may take on the way in or out, on a bus that others use too.
const CYCLES_PER_BEAT: u64 = 64;

/// Cycles for a product of two blocks of a Toeplitz job.
const CYCLES_PER_TILE: u64 = 64;

/// Cycles for an entry of an LDPC table.
const CYCLES_PER_ENTRY: u64 = 8;

/// A submission.
pub(super) struct Part<D> {
    /// Its task; none if that has failed already.
    pub(super) task: Option<u64>,
    /// Its number among the parts of the task.
    pub(super) index: usize,
    pub(super) shape: Shape,
    pub(super) buffers: Buffers<D>,
    /// Checksum of the submission and the input.
    pub(super) crc: u32,
    pub(super) deadline: Instant,
}

/// Submissions by tag: slot and, so that no late answer meets a new job, a serial number. It comes again after many more
/// submissions than a queue has entries.
pub(super) struct Flight<D> {
    slots: Vec<Option<(u32, Part<D>)>>,
    free: Vec<u16>,
    serial: u16,
    /// Tags by kernel, in order of submission.
    order: [VecDeque<u32>; KERNELS],
    /// When the device should be through with all it has. Kernels work side by side, but one that is full holds up the
    /// others.
    busy_until: Option<Instant>,
}

impl<D> Flight<D> {
    /// None in flight, and never more than `most`.
    pub(super) fn new(most: u16) -> Self {
        Self {
            slots: (0..most).map(|_| None).collect(),
            free: (0..most).rev().collect(),
            serial: 0,
            order: Default::default(),
            busy_until: None,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.free.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// When a submission made `now` has to be completed, `patience` more than it should need.
    pub(super) fn deadline(
        &mut self,
        shape: &Shape,
        capabilities: &Capabilities,
        now: Instant,
        patience: Duration,
    ) -> Instant {
        let end = self.busy_until.map_or(now, |busy| busy.max(now)) + time_for(shape, capabilities);
        self.busy_until = Some(end);
        end + patience
    }

    /// The tag of the next submission, for which there must be room.
    pub(super) fn next_tag(&self) -> u32 {
        let slot = self.free.last().expect("the caller saw room");
        u32::from(self.serial.wrapping_add(1)) << 16 | u32::from(*slot)
    }

    /// Adds a submission, which gets [`next_tag`](Self::next_tag).
    pub(super) fn insert(&mut self, part: Part<D>) {
        let tag = self.next_tag();
        self.free.pop();
        self.serial = self.serial.wrapping_add(1);
        self.order[part.shape.kernel as usize].push_back(tag);
        self.slots[tag as usize & 0xffff] = Some((tag, part));
    }

    /// Takes out the submission `tag`, if it is the next one of its kernel.
    pub(super) fn take(&mut self, tag: u32) -> Option<Part<D>> {
        let slot = self.slots.get_mut(tag as usize & 0xffff)?;
        let (_, part) = slot.as_ref().filter(|(known, _)| *known == tag)?;
        let order = &mut self.order[part.shape.kernel as usize];
        if order.front() != Some(&tag) {
            return None;
        }
        order.pop_front();
        self.free.push(tag as u16);
        slot.take().map(|(_, part)| part)
    }

    /// The submissions of `task` stand alone from now on.
    pub(super) fn orphan(&mut self, task: u64) {
        for (_, part) in self.slots.iter_mut().flatten() {
            part.task = part.task.filter(|&of| of != task);
        }
    }

    /// The earliest deadline.
    pub(super) fn deadline_of_all(&self) -> Option<Instant> {
        self.slots.iter().flatten().map(|(_, part)| part.deadline).min()
    }

    /// Forgets all of them; their buffers are the caller's.
    pub(super) fn abandon(&mut self) -> Vec<Buffers<D>> {
        self.order.iter_mut().for_each(VecDeque::clear);
        self.busy_until = None;
        let parts = self.slots.iter_mut().filter_map(Option::take);
        let buffers = parts.map(|(_, part)| part.buffers).collect();
        self.free = (0..self.slots.len() as u16).rev().collect();
        buffers
    }
}

/// An upper bound of what a device needs for a submission once it is its turn.
fn time_for(shape: &Shape, capabilities: &Capabilities) -> Duration {
    let beats = (shape.input_beats + shape.output_beats) as u64;
    let [p0, p1, ..] = shape.parameters.map(u64::from);
    let work = match shape.kernel {
        Kernel::Toeplitz => p0.saturating_mul(p1).saturating_mul(CYCLES_PER_TILE),
        // Frames or iterations, each through the whole table.
        Kernel::Ldpc => p1.saturating_mul(capabilities.ldpc_entries as u64 * CYCLES_PER_ENTRY),
        Kernel::Echo | Kernel::Sift | Kernel::Parities | Kernel::PolyHash => 0,
    };
    let cycles = beats.saturating_mul(CYCLES_PER_BEAT).saturating_add(work);
    Duration::from_micros(cycles / (SLOWEST_HZ / 1_000_000))
}
