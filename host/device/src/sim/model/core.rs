//! [`Core`]: the queues and the life of a submission in the device, DEVICE.md §2 to §4.
//!
//! ```text
//! fetch ─▶ one queue per kernel ─▶ read ─▶ run and write ─▶ post
//! ```
//! One step does one of these for one submission. Which one is drawn, so that jobs of different kernels overtake each
//! other.

use std::collections::VecDeque;

use zeroize::{Zeroize, Zeroizing};

use super::registers::{ErrorLog, QUEUE, Registers};
use super::{Finished, Kernel, kernels};
use crate::entry::{COMPLETION_BYTES, Completion, SUBMISSION_BYTES, Submission};
use crate::layout::{BEAT, Capabilities, Status};
use crate::regs::{self, counter_values, status};
use crate::sim::faults::Random;
use crate::sim::memory::{BusError, Memory};

/// A beat.
type Beat = [u64; 4];

/// Jobs that a kernel has at once.
const QUEUE_DEPTH: usize = 8;

/// A burst never crosses such a boundary.
const BOUNDARY: u64 = 4096;

/// Bytes of most buffers.
const LIKELY_BYTES: usize = 1 << 24;

/// Cycles from a reset to the end of scrubbing.
const SCRUB_CYCLES: u64 = 4096;

/// A submission in the device.
struct Active {
    submission: Submission,
    stage: Stage,
    completion: Completion,
}

/// What comes next for it.
enum Stage {
    Read,
    Run(Vec<Beat>),
    Post,
}

impl Drop for Active {
    fn drop(&mut self) {
        if let Stage::Run(input) = &mut self.stage {
            input.as_flattened_mut().zeroize();
        }
    }
}

/// What a step can do.
#[derive(Clone, Copy)]
enum Action {
    Fetch,
    Advance(usize),
}

/// A transaction that went wrong.
struct Failure(BusError, u64, Status);

/// Everything behind the register block.
pub(super) struct Core {
    pub(super) capabilities: Capabilities,
    pub(super) registers: Registers,
    pub(super) memory: Memory,
    /// In cycles.
    pub(super) now: u64,
    kernels: Vec<Box<dyn Kernel>>,
    queues: Vec<VecDeque<Active>>,
    /// A submission for a kernel that is full, with the kernel.
    held: Option<(usize, Active)>,
    random: Random,
    /// Transactions that the bus will never answer.
    unanswered: u32,
    ready_at: u64,
    phase: bool,
}

impl Core {
    /// After power-up.
    pub(super) fn new(capabilities: Capabilities, memory: Memory, seed: u64) -> Self {
        let kernels = kernels(&capabilities);
        let queues = kernels.iter().map(|_| VecDeque::new()).collect();
        Self {
            capabilities,
            registers: Registers::new(),
            memory,
            now: 0,
            kernels,
            queues,
            held: None,
            random: Random::new(seed),
            unanswered: 0,
            ready_at: 0,
            phase: true,
        }
    }

    /// As after power-up, with transactions forgotten.
    pub(super) fn power_up(&mut self) {
        self.registers = Registers::new();
        self.forget_jobs();
        self.unanswered = 0;
        self.ready_at = self.now;
    }

    pub(super) fn read(&mut self, offset: u32) -> u32 {
        self.settle();
        self.registers.read(offset, &self.capabilities)
    }

    pub(super) fn write(&mut self, offset: u32, value: u32) {
        self.settle();
        if offset != regs::CONTROL {
            let fixed = self.registers.is(status::ENABLED) || self.has_job();
            self.registers.write(offset, value, self.now, fixed);
            let (sq, cq) = (self.registers.submissions, self.registers.completions);
            let range = |base: u64, entries: u32, bytes| base..base + u64::from(entries) * bytes as u64;
            let submissions = range(sq.base, sq.entries(), SUBMISSION_BYTES);
            self.memory.set_rings(submissions, range(cq.base, cq.entries(), COMPLETION_BYTES));
        } else if value & regs::control::RESET != 0 {
            self.registers.reset();
            self.forget_jobs();
            self.ready_at = self.now + SCRUB_CYCLES;
        } else {
            let can = self.registers.is(status::READY) && !self.registers.is(status::HALTED);
            self.registers.set(status::ENABLED, can && value & regs::control::ENABLE != 0);
        }
    }

    /// Brings the status up to date.
    fn settle(&mut self) {
        if !self.registers.is(status::READY) {
            let draining = self.unanswered > 0;
            self.registers.set(status::DRAINING, draining);
            self.registers.set(status::READY, !draining && self.now >= self.ready_at);
        }
        let idle = !self.has_job() && self.unanswered == 0 && self.registers.is(status::READY);
        self.registers.set(status::IDLE, idle);
        self.registers.coalesce(self.now);
        self.registers.counters[counter_values::CYCLES as usize] = self.now;
    }

    fn has_job(&self) -> bool {
        self.held.is_some() || !self.queues.iter().all(VecDeque::is_empty)
    }

    fn forget_jobs(&mut self) {
        // A reset scrubs what kernels keep between jobs.
        self.kernels = kernels(&self.capabilities);
        self.queues.iter_mut().for_each(VecDeque::clear);
        self.held = None;
        self.phase = true;
    }

    /// Does one thing; false if there is nothing to do.
    pub(super) fn step(&mut self) -> bool {
        self.settle();
        if self.registers.is(status::HALTED) || !self.registers.is(status::READY) {
            return false;
        }
        let queues = &self.queues;
        if let Some((kernel, active)) = self.held.take_if(|(kernel, _)| queues[*kernel].len() < QUEUE_DEPTH) {
            self.queues[kernel].push_back(active);
        }
        let mut actions: Vec<Action> =
            (0..self.queues.len()).filter(|&kernel| self.can_advance(kernel)).map(Action::Advance).collect();
        if self.registers.is(status::ENABLED) && !self.registers.submissions.is_empty() && self.held.is_none()
        {
            actions.push(Action::Fetch);
        }
        if actions.is_empty() {
            return false;
        }
        match actions[self.random.below(actions.len() as u64) as usize] {
            Action::Fetch => self.fetch(),
            Action::Advance(kernel) => self.advance(kernel),
        }
        true
    }

    fn can_advance(&self, kernel: usize) -> bool {
        let posting = self.queues[kernel].front().map(|active| matches!(active.stage, Stage::Post));
        posting.is_some_and(|posting| !posting || !self.registers.completions.is_full())
    }

    fn fetch(&mut self) {
        let ring = self.registers.submissions;
        let mut bytes = [0; SUBMISSION_BYTES];
        let at = ring.base + u64::from(ring.head) * SUBMISSION_BYTES as u64;
        if let Err(failure) = self.burst_in(at, &mut bytes) {
            return self.stop(&failure, QUEUE, None);
        }
        self.registers.submissions.head = ring.next(ring.head);
        let submission = Submission::from_bytes(&bytes);
        let good = self.is_good(&submission);
        let status = if good { Status::Ok } else { Status::BadDescriptor } as u8;
        let input_crc = crc32c::crc32c(&bytes);
        let completion = Completion { tag: submission.tag, status, input_crc, ..Completion::default() };
        let stage = if good { Stage::Read } else { Stage::Post };
        // Where nobody is responsible, the first kernel's queue is as good as any.
        let kernel = (submission.kernel & 0xff) as usize;
        let queue = if kernel < self.queues.len() { kernel } else { 0 };
        self.held = Some((queue, Active { submission, stage, completion }));
    }

    fn is_good(&self, submission: &Submission) -> bool {
        let Submission { kernel, input, input_bytes, output, output_bytes, .. } = *submission;
        let aligned = input | output | u64::from(input_bytes) | u64::from(output_bytes);
        (kernel as usize) < self.kernels.len()
            && self.capabilities.kernels >> kernel & 1 == 1
            && aligned.is_multiple_of(BEAT as u64)
            && input_bytes > 0
            && input.checked_add((input_bytes - 1).into()).is_some()
            && output.checked_add(output_bytes.saturating_sub(1).into()).is_some()
    }

    fn advance(&mut self, kernel: usize) {
        let Some(mut active) = self.queues[kernel].pop_front() else { return };
        let start = self.now;
        let done = match std::mem::replace(&mut active.stage, Stage::Post) {
            Stage::Read => self.input(&mut active),
            Stage::Run(input) => self.run(kernel, input, &mut active),
            Stage::Post => {
                self.count(kernel, counter_values::JOBS, 1);
                return self.post(active.completion);
            }
        };
        let cycles = self.now - start;
        self.count(kernel, counter_values::BUSY, cycles);
        active.completion.cycles = active.completion.cycles.saturating_add(cycles as u32);
        match done {
            Ok(()) => self.queues[kernel].push_front(active),
            Err(failure) => self.stop(&failure, kernel as u32, Some(active.completion)),
        }
    }

    fn input(&mut self, active: &mut Active) -> Result<(), Failure> {
        let Submission { input, input_bytes, .. } = active.submission;
        // An entry that has changed on its way may speak of gigabytes that are not there.
        let mut bytes = Zeroizing::new(Vec::with_capacity((input_bytes as usize).min(LIKELY_BYTES)));
        self.transfer(input, input_bytes as usize, |core, at, range| {
            bytes.resize(range.end, 0);
            core.burst_in(at, &mut bytes[range])
        })?;
        active.completion.input_crc = crc32c::crc32c_append(active.completion.input_crc, &bytes);
        active.stage = Stage::Run(beats(&bytes));
        self.registers.counters[counter_values::READ_BEATS as usize] += (bytes.len() / BEAT) as u64;
        Ok(())
    }

    fn run(&mut self, kernel: usize, mut input: Vec<Beat>, active: &mut Active) -> Result<(), Failure> {
        let room = active.submission.output_bytes as usize / BEAT;
        let mut output = Vec::with_capacity(room.min(LIKELY_BYTES / BEAT));
        let Finished { status: mut ended, results } =
            self.kernels[kernel].run(&active.submission.parameters, &input, &mut output);
        if ended == Status::Ok {
            self.now +=
                self.kernels[kernel].engine_cycles(&active.submission.parameters, input.len(), results);
        }
        input.as_flattened_mut().zeroize();
        if self.memory.with_faults(crate::sim::faults::Faults::parity) {
            return Err(Failure(BusError::Refused, 0, Status::Parity));
        }
        if output.len() > room {
            output[room..].as_flattened_mut().zeroize();
            output.truncate(room);
            if ended == Status::Ok {
                ended = Status::OutputOverflow;
            }
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(output.len() * BEAT));
        bytes.extend(output.iter().flatten().flat_map(|word| word.to_le_bytes()));
        output.as_flattened_mut().zeroize();
        self.transfer(active.submission.output, bytes.len(), |core, at, range| {
            core.burst_out(at, &bytes[range])
        })?;
        active.completion.status = ended as u8;
        active.completion.results = results;
        active.completion.output_bytes = bytes.len() as u32;
        active.completion.output_crc = crc32c::crc32c(&bytes);
        self.registers.counters[counter_values::WRITE_BEATS as usize] += (bytes.len() / BEAT) as u64;
        Ok(())
    }

    /// `completion` has the checksum of the output where that of both belongs.
    fn post(&mut self, mut completion: Completion) {
        completion.phase = self.phase;
        completion = completion.sealed(completion.output_crc);
        let ring = self.registers.completions;
        let at = ring.base + u64::from(ring.tail) * COMPLETION_BYTES as u64;
        if let Err(failure) = self.burst_out(at, &completion.to_bytes()) {
            return self.stop(&failure, QUEUE, None);
        }
        self.registers.completions.tail = ring.next(ring.tail);
        self.phase ^= self.registers.completions.tail == 0;
        self.registers.posted(self.now);
    }

    /// Stops for a failed transaction or memory; the job concerned is told, if that still works.
    fn stop(&mut self, failure: &Failure, kernel: u32, concerned: Option<Completion>) {
        let Failure(answer, address, status) = *failure;
        let code = if answer == BusError::Silent {
            self.unanswered += 1;
            self.now += u64::from(self.registers.bus_timeout);
            Status::Timeout
        } else {
            status
        };
        let can_tell = answer != BusError::Silent && !self.registers.completions.is_full();
        if let Some(Completion { tag, .. }) = concerned.filter(|_| can_tell) {
            let told = Completion { tag, status: code as u8, phase: self.phase, ..Completion::default() };
            let completion = told.sealed(0);
            let ring = self.registers.completions;
            let at = ring.base + u64::from(ring.tail) * COMPLETION_BYTES as u64;
            if self.burst_out(at, &completion.to_bytes()).is_ok() {
                self.registers.completions.tail = ring.next(ring.tail);
                self.registers.posted(self.now);
            }
        }
        let tag = concerned.map_or(0, |completion| completion.tag);
        self.registers.halt(ErrorLog { code: code as u32, kernel, tag, address });
        self.queues.iter_mut().for_each(VecDeque::clear);
        self.held = None;
    }

    /// Cuts `len` bytes from `iova` on into bursts.
    fn transfer(
        &mut self,
        iova: u64,
        len: usize,
        mut burst: impl FnMut(&mut Self, u64, std::ops::Range<usize>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut at = 0;
        while at < len {
            let address = iova.wrapping_add(at as u64);
            let next = (at + (BOUNDARY - address % BOUNDARY) as usize).min(len);
            burst(self, address, at..next)?;
            at = next;
        }
        Ok(())
    }

    fn burst_in(&mut self, iova: u64, bytes: &mut [u8]) -> Result<(), Failure> {
        self.pass_time(bytes.len());
        self.memory.read(iova, bytes).map_err(|error| Failure(error, iova, Status::ReadError))
    }

    fn burst_out(&mut self, iova: u64, bytes: &[u8]) -> Result<(), Failure> {
        self.pass_time(bytes.len());
        self.memory.write(iova, bytes, |_| true).map_err(|error| Failure(error, iova, Status::WriteError))
    }

    fn pass_time(&mut self, bytes: usize) {
        let latency = self.memory.with_faults(crate::sim::faults::Faults::latency);
        self.now += u64::from(latency) + (bytes / BEAT) as u64;
    }

    fn count(&mut self, kernel: usize, counter: u32, more: u64) {
        self.registers.counters[4 * kernel + counter as usize] += more;
    }
}

fn beats(bytes: &[u8]) -> Vec<Beat> {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word.copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    bytes
        .chunks_exact(BEAT)
        .map(|beat| std::array::from_fn(|index| word(&beat[8 * index..8 * index + 8])))
        .collect()
}
