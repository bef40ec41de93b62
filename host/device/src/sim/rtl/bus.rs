//! The port through which the simulated bus reaches the host's memory, and what both of its halves share.

use super::grants::Grants;
use super::log::Log;
use super::rules::Request;
use crate::sim::memory::{BusError, Memory};

/// AXI's answer of a slave that failed.
pub(super) const SLAVE_ERROR: u32 = 2;

/// AXI's answer where there is no slave.
pub(super) const DECODE_ERROR: u32 = 3;

/// A cycle that does not come.
pub(super) const NEVER: u64 = u64::MAX;

/// Memory, and who may touch what.
pub(super) struct Port {
    pub(super) memory: Memory,
    pub(super) grants: Grants,
    pub(super) log: Log,
}

impl Port {
    /// Answers a read.
    pub(super) fn read(&mut self, request: &Request, bytes: &mut [u8], cycle: u64) -> Result<(), BusError> {
        let answer = self.memory.read(request.address, bytes);
        self.grants.reads(request, bytes, cycle, &self.log);
        answer
    }

    /// Does a write.
    pub(super) fn write(&mut self, request: &Request, bytes: &[u8], cycle: u64) -> Result<(), BusError> {
        self.grants.writes(request, bytes, cycle, &self.log);
        self.memory.write(request.address, bytes, |_| true)
    }

    /// Cycles that the next answer takes beyond what the timing says.
    pub(super) fn latency(&self) -> u32 {
        self.memory.with_faults(crate::sim::faults::Faults::latency)
    }
}

/// Answers under way, as (identifier, cycle when due) in the order of their requests.
pub(super) struct Answers<I>(pub(super) I);

impl<I: Iterator<Item = (u32, u64)>> Answers<I> {
    /// Those that may come next: the first of each identifier; with their places and cycles.
    fn heads(self) -> impl Iterator<Item = (usize, u64)> {
        let mut seen = 0_u64;
        self.0.enumerate().filter_map(move |(place, (id, due))| {
            let bit = 1 << (id % 64);
            let is_first = seen & bit == 0;
            seen |= bit;
            is_first.then_some((place, due))
        })
    }

    /// The first cycle in which there is something to answer.
    pub(super) fn due(self) -> u64 {
        self.heads().map(|(_, due)| due).min().unwrap_or(NEVER)
    }

    /// The place of one that may be given in cycle `now`; of several, the `pick`th, counted round and round.
    pub(super) fn pick(self, now: u64, pick: usize) -> Option<usize> {
        let ready: Vec<usize> = self.heads().filter(|(_, due)| *due <= now).map(|(place, _)| place).collect();
        (!ready.is_empty()).then(|| ready[pick % ready.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_one_identifier_keep_their_order() {
        let answers = || Answers([(1, 50), (2, 10), (1, 5), (3, 5)].into_iter());
        assert_eq!(answers().pick(9, 0), Some(3));
        assert_eq!(answers().pick(10, 0), Some(1));
        assert_eq!(answers().pick(10, 1), Some(3));
        assert_eq!(answers().pick(50, 3), Some(0));
        assert_eq!(answers().pick(4, 0), None);
        assert_eq!(answers().due(), 5);
        assert_eq!(Answers([(1, NEVER), (1, 5)].into_iter()).due(), NEVER);
    }
}
