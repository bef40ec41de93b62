//! [`Log`]: what the simulated bus has seen, readable while the driver owns the transport: traffic, and every breach of
//! AXI or of the device contract.

use std::sync::{Arc, Mutex, MutexGuard};

/// Breaches beyond this many are only counted.
const KEPT: usize = 20;

/// Clones are the same log.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    traffic: Traffic,
    breaches: Vec<String>,
    more: u64,
}

/// Numbers since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Clock cycles.
    pub cycles: u64,
    /// Beats that the device read.
    pub read_beats: u64,
    /// Beats that the device wrote.
    pub write_beats: u64,
    /// Read requests.
    pub reads: u64,
    /// Write requests.
    pub writes: u64,
}

impl Log {
    /// The traffic so far.
    pub fn traffic(&self) -> Traffic {
        self.lock().traffic
    }

    /// What the RTL has done that it must not: failed assertions, broken rules of AXI, accesses to memory that no
    /// submission named.
    pub fn breaches(&self) -> Vec<String> {
        let entries = self.lock();
        let more = (entries.more > 0).then(|| format!("and {} more", entries.more));
        entries.breaches.iter().cloned().chain(more).collect()
    }

    pub(super) fn breach(&self, what: String) {
        let mut entries = self.lock();
        if entries.breaches.len() < KEPT {
            entries.breaches.push(what);
        } else {
            entries.more += 1;
        }
    }

    /// The last breach: the RTL has stopped. Kept in any case.
    pub(super) fn fatal(&self, what: String) {
        self.lock().breaches.insert(0, what);
    }

    pub(super) fn count(&self, on: impl FnOnce(&mut Traffic)) {
        on(&mut self.lock().traffic);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
