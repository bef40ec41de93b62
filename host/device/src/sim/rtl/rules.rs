//! What AXI4 asks of a master, and the device contract on top: checked on every request and every beat.

use super::log::Log;
use crate::layout::BEAT;

/// AXI's code of a beat of 32 bytes.
const SIZE: u32 = BEAT.trailing_zeros();

/// AXI's code of incrementing bursts.
const INCREMENTING: u32 = 1;

/// No burst crosses a multiple of it.
const PAGE: u64 = 4096;

/// A request for a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) id: u32,
    pub(super) address: u64,
    /// Beats − 1, as on the bus.
    pub(super) len: u32,
    pub(super) size: u32,
    pub(super) burst: u32,
}

impl Request {
    pub(super) fn beats(&self) -> usize {
        self.len as usize + 1
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.beats() * BEAT) as u64
    }

    /// Records what is wrong with it.
    pub(super) fn check(&self, channel: &str, cycle: u64, log: &Log) {
        let in_page = self.address % PAGE + self.bytes() <= PAGE;
        let aligned = self.address.is_multiple_of(BEAT as u64);
        if self.size != SIZE || self.burst != INCREMENTING || !aligned || !in_page {
            log.breach(format!("cycle {cycle}: {channel} request {self:x?}"));
        }
    }
}

/// A channel that the core drives: once valid, the payload stays until it is taken.
pub(super) struct Steady<P> {
    channel: &'static str,
    waiting: Option<P>,
}

impl<P: PartialEq + Clone> Steady<P> {
    pub(super) fn new(channel: &'static str) -> Self {
        Self { channel, waiting: None }
    }

    /// What the channel shows in a cycle; returns it if it is taken.
    pub(super) fn see(&mut self, valid: bool, ready: bool, payload: P, cycle: u64, log: &Log) -> Option<P> {
        let shown = valid.then_some(payload);
        if self.waiting.is_some() && self.waiting != shown {
            log.breach(format!("cycle {cycle}: {} changed before it was taken", self.channel));
        }
        let taken = if ready { shown.clone() } else { None };
        self.waiting = if ready { None } else { shown };
        taken
    }

    /// After a reset of the core.
    pub(super) fn forget(&mut self) {
        self.waiting = None;
    }
}
