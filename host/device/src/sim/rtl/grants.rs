//! [`Grants`]: which memory the device may touch. It is what the submissions it has read name, until their completions
//! are written, and the queues themselves; everything else is a breach, mapped or not.

use std::ops::Range;

use super::log::Log;
use super::rules::Request;
use crate::entry::{COMPLETION_BYTES, Completion, SUBMISSION_BYTES, Submission};
use crate::regs;

/// One submission under way.
struct Grant {
    tag: u32,
    input: Range<u64>,
    output: Range<u64>,
}

/// A ring, from the registers.
#[derive(Default)]
struct Ring {
    base: [u32; 2],
    log2: u32,
}

impl Ring {
    fn range(&self, entry: usize) -> Range<u64> {
        let base = u64::from(self.base[1]) << 32 | u64::from(self.base[0]);
        base..base + ((entry as u64) << self.log2)
    }
}

/// What is granted now.
#[derive(Default)]
pub(super) struct Grants {
    submissions: Ring,
    completions: Ring,
    under_way: Vec<Grant>,
}

impl Grants {
    /// Learns where the queues are from what the driver writes to registers.
    pub(super) fn register(&mut self, offset: u32, value: u32) {
        match offset {
            regs::SQ_BASE_LO => self.submissions.base[0] = value,
            regs::SQ_BASE_HI => self.submissions.base[1] = value,
            regs::SQ_SIZE => self.submissions.log2 = value,
            regs::CQ_BASE_LO => self.completions.base[0] = value,
            regs::CQ_BASE_HI => self.completions.base[1] = value,
            regs::CQ_SIZE => self.completions.log2 = value,
            _ => {}
        }
    }

    /// Both rings.
    pub(super) fn rings(&self) -> [Range<u64>; 2] {
        [self.submissions.range(SUBMISSION_BYTES), self.completions.range(COMPLETION_BYTES)]
    }

    /// After a reset no submission is under way.
    pub(super) fn forget(&mut self) {
        self.under_way.clear();
    }

    /// A read that was answered with `bytes`.
    pub(super) fn reads(&mut self, request: &Request, bytes: &[u8], cycle: u64, log: &Log) {
        let range = range(request);
        if inside(&range, &self.rings()[0]) {
            let (entries, rest) = bytes.as_chunks::<SUBMISSION_BYTES>();
            if !rest.is_empty() || !request.address.is_multiple_of(SUBMISSION_BYTES as u64) {
                log.breach(format!("cycle {cycle}: reads half a submission at {:#x}", request.address));
            }
            self.under_way.extend(entries.iter().map(|entry| grant(&Submission::from_bytes(entry))));
        } else if !self.under_way.iter().any(|grant| inside(&range, &grant.input)) {
            log.breach(format!("cycle {cycle}: reads {range:#x?}, which no submission names"));
        }
    }

    /// A write, before it is done.
    pub(super) fn writes(&mut self, request: &Request, bytes: &[u8], cycle: u64, log: &Log) {
        let range = range(request);
        if inside(&range, &self.rings()[1]) {
            let Ok(entry) = bytes.try_into() else {
                return log
                    .breach(format!("cycle {cycle}: writes a completion in a burst of {}", request.beats()));
            };
            let tag = Completion::from_bytes(entry).tag;
            match self.under_way.iter().position(|grant| grant.tag == tag) {
                Some(at) => drop(self.under_way.remove(at)),
                None => log.breach(format!("cycle {cycle}: completes {tag:#x}, which is not under way")),
            }
        } else if !self.under_way.iter().any(|grant| inside(&range, &grant.output)) {
            log.breach(format!("cycle {cycle}: writes {range:#x?}, which no submission names"));
        }
    }
}

fn grant(submission: &Submission) -> Grant {
    let Submission { tag, input, input_bytes, output, output_bytes, .. } = *submission;
    Grant {
        tag,
        input: input..input.saturating_add(input_bytes.into()),
        output: output..output.saturating_add(output_bytes.into()),
    }
}

fn range(request: &Request) -> Range<u64> {
    request.address..request.address + request.bytes()
}

fn inside(inner: &Range<u64>, outer: &Range<u64>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
