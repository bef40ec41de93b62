//! The two directions: parts to the device ([`feed`](Driver::feed)), completions from it ([`reap`](Driver::reap)).

use super::flight::Part;
use super::pool::{Buffers, Empty};
use super::recovery::Trouble;
use super::stream::Encoder;
use super::{Driver, Task, work};
use crate::counters::Counter;
use crate::entry::{COMPLETION_BYTES, Completion, Submission};
use crate::layout::{BEAT, Shape, Status};
use crate::transport::{Dma, Transport};

/// Failed jobs in a row after which a device is no longer trusted.
const STRIKES: u32 = 3;

impl<T: Transport> Driver<T> {
    /// Submits parts as long as there is room in the queue and for buffers. Each is announced at once, so that the device
    /// works while the next is encoded.
    pub(super) fn feed(&mut self) -> Result<(), Trouble> {
        while let Some(&serial) = self.feeding.front() {
            let Some(task) = self.tasks.get(&serial).filter(|task| task.submitted < task.work.parts()) else {
                self.feeding.pop_front();
                continue;
            };
            if self.flight.is_full() {
                return Ok(());
            }
            let shape = task.work.shape(task.submitted);
            let bytes = (shape.input_beats * BEAT, shape.output_beats * BEAT);
            let buffers = match self.pool.take_both(&mut self.device.transport, bytes) {
                Ok(buffers) => buffers,
                // One comes back with a part in flight; in an empty pool there is room for any part.
                Err(Empty::Full) => return Ok(()),
                Err(Empty::System(error)) => {
                    // A device that is gone has no memory either.
                    self.inspect()?;
                    self.fail(serial, &format!("no DMA memory: {error}"))?;
                    continue;
                }
            };
            self.submit_part(serial, shape, buffers)?;
        }
        Ok(())
    }

    fn submit_part(
        &mut self,
        serial: u64,
        shape: Shape,
        mut buffers: Buffers<T::Dma>,
    ) -> Result<(), Trouble> {
        let Some(task) = self.tasks.get_mut(&serial) else { return Ok(()) };
        let index = task.submitted;
        let Buffers { input, output } = &mut buffers;
        let submission = Submission {
            kernel: shape.kernel as u32,
            tag: self.flight.next_tag(),
            input: input.dma.iova(),
            input_bytes: input.used as u32,
            output_bytes: output.as_ref().map_or(0, |output| output.used as u32),
            output: output.as_ref().map_or(0, |output| output.dma.iova()),
            parameters: shape.parameters,
        };
        let mut encoder = Encoder::new(&mut input.dma, input.used, crc32c::crc32c(&submission.to_bytes()));
        task.work.encode(index, &mut encoder);
        let crc = match encoder.finish() {
            Ok(crc) => crc,
            Err(wrong) => {
                self.pool.put_both(buffers);
                return self.fail(serial, &wrong.0);
            }
        };
        task.submitted += 1;
        let deadline =
            self.flight.deadline(&shape, &self.capabilities, self.device.now(), self.options.patience);
        let part = Part { task: Some(serial), index, shape, buffers, crc, deadline };
        self.flight.insert(part);
        self.counters.submissions.add(1);
        self.counters.bytes_in.add(submission.input_bytes.into());
        let tail = self.rings.push(&submission);
        self.device.doorbell(tail);
        Ok(())
    }

    /// Takes all completions that are there; whether there was one.
    pub(super) fn reap(&mut self) -> Result<bool, Trouble> {
        let mut found = false;
        while let Some(entry) = self.rings.pop() {
            found = true;
            self.take(&entry)?;
        }
        if found {
            self.device.consumed(self.rings.head());
        }
        Ok(found)
    }

    /// Whatever makes its checksums fail may have led the device astray before: only a reset makes sure of what it does and
    /// holds.
    fn take(&mut self, entry: &[u8; COMPLETION_BYTES]) -> Result<(), Trouble> {
        let completion = Completion::from_bytes(entry);
        if completion.status >= Status::ReadError as u8 {
            self.counters.stops.add(1);
            return Err(Trouble::new(format!("status {}", completion.status)));
        }
        let Some(part) = self.flight.take(completion.tag) else {
            self.counters.wrong.add(1);
            return Err(Trouble::new(format!(
                "a completion for tag {:#010x}, which is not due",
                completion.tag
            )));
        };
        if let Err(trouble) = self.verify(&part, entry) {
            self.scratch.clear();
            self.quarantine.push(part.buffers);
            return Err(trouble);
        }
        let verdict = self.join(&part, &completion);
        self.scratch.clear();
        self.pool.put_both(part.buffers);
        let Some(serial) = part.task else { return Ok(()) };
        match verdict {
            Ok(()) => self.joined(serial),
            Err(reason) => return self.fail(serial, &reason),
        }
        Ok(())
    }

    /// Takes the output of `part` out of DMA memory and checks what the completion says of it.
    fn verify(&mut self, part: &Part<T::Dma>, entry: &[u8; COMPLETION_BYTES]) -> Result<(), Trouble> {
        let refuse = |counter: &Counter, reason: String| {
            counter.add(1);
            Err(Trouble::new(reason))
        };
        let completion = Completion::from_bytes(entry);
        let bytes = completion.output_bytes as usize;
        if bytes > part.shape.output_beats * BEAT || !bytes.is_multiple_of(BEAT) {
            return refuse(&self.counters.wrong, format!("{bytes} bytes of output"));
        }
        let crc = part.buffers.output.as_ref().map_or(0, |output| self.scratch.fill(&output.dma, bytes));
        if completion.output_crc != Completion::checksum(entry, crc) {
            return refuse(&self.counters.output_crc, "output and completion have another checksum".into());
        }
        if completion.input_crc != part.crc {
            return refuse(&self.counters.input_crc, "the device read another submission or input".into());
        }
        Ok(())
    }

    /// Joins the output of `part` to that of its task.
    fn join(&mut self, part: &Part<T::Dma>, completion: &Completion) -> Result<(), String> {
        if completion.status != Status::Ok as u8 {
            self.counters.refused.add(1);
            return Err(format!("status {}", completion.status));
        }
        self.counters.bytes_out.add(completion.output_bytes.into());
        self.counters.cycles.add(completion.cycles.into());
        let Some(task) = part.task.and_then(|serial| self.tasks.get_mut(&serial)) else { return Ok(()) };
        let decoded = task.work.decode(part.index, completion.results, &mut self.scratch);
        decoded.and_then(|()| self.scratch.finish()).map_err(|wrong| {
            self.counters.wrong.add(1);
            wrong.0
        })
    }

    /// One more part of task `serial` is done.
    fn joined(&mut self, serial: u64) {
        self.health.strikes = 0;
        let Some(task) = self.tasks.get_mut(&serial) else { return };
        task.joined += 1;
        if task.joined == task.work.parts()
            && let Some(Task { id, work, .. }) = self.tasks.remove(&serial)
        {
            self.complete(id, work);
        }
    }

    /// Hands task `serial` back. What it should have left in the device for later tasks may not be there then, and a
    /// device that fails again and again is not trusted any more.
    fn fail(&mut self, serial: u64, reason: &str) -> Result<(), Trouble> {
        let Some(task) = self.tasks.remove(&serial) else { return Ok(()) };
        self.flight.orphan(serial);
        self.health.strikes += 1;
        let unsure = (0..task.work.parts()).any(|part| work::changes_resident(&task.work.shape(part)));
        self.fault(task, reason);
        if unsure || self.health.strikes >= STRIKES {
            return Err(Trouble::new(reason.to_owned()));
        }
        Ok(())
    }
}
