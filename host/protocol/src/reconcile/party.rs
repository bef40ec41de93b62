//! [`Party`]: error correction on its own, without the rest of a session, for tools and benches.

use qkdpp_kernels::{Job, JobId, Output, Shared};

use super::{Outcome, Reconciler};
use crate::error::SessionError;
use crate::profile::Reconciliation;
use crate::session::outbox::{Action, Outbox, Task};
use crate::wire::message::Reconcile;
use crate::wire::{Kind, Role};

/// What a party wants done.
#[derive(Debug)]
pub enum Request {
    /// Hand this payload to the other party.
    Send(Kind, Vec<u8>),
    /// Run this job and hand back its output.
    Compute(JobId, Job),
}

/// One side of an error correction, driven by its owner.
pub struct Party {
    reconciler: Reconciler,
    out: Outbox,
    tasks: Vec<Task>,
}

impl Party {
    /// Starts on `key`, the only one in flight, with the `plan` both parties share.
    ///
    /// # Errors
    /// If the settings do not allow the plan.
    pub fn new(
        role: Role,
        settings: Reconciliation,
        plan: &Reconcile,
        key: &Shared,
    ) -> Result<Self, SessionError> {
        let mut out = Outbox::default();
        let reconciler = Reconciler::start(role, settings, plan, (key, 1), &mut out)?;
        Ok(Self { reconciler, out, tasks: Vec::new() })
    }

    /// Everything the party wants done now, in order.
    pub fn requests(&mut self) -> Vec<Request> {
        let tasks = &mut self.tasks;
        let request = |action| match action {
            Action::Send(kind, payload) => Some(Request::Send(kind, payload)),
            Action::Compute(task, job) => {
                tasks.push(task);
                Some(Request::Compute(JobId(tasks.len() as u64 - 1), job))
            }
            _ => None,
        };
        self.out.drain().filter_map(request).collect()
    }

    /// Takes a payload of the other party.
    ///
    /// # Errors
    /// If it is malformed or not due.
    pub fn message(&mut self, kind: Kind, payload: &[u8]) -> Result<(), SessionError> {
        if self.reconciler.message(kind, payload, &mut self.out)? {
            Ok(())
        } else {
            Err(super::misplaced("a message"))
        }
    }

    /// Takes the output of a job.
    ///
    /// # Errors
    /// If there was no such job.
    pub fn done(&mut self, id: JobId, output: Output) -> Result<(), SessionError> {
        let task = *self.tasks.get(id.0 as usize).ok_or_else(|| super::misplaced("a finished job"))?;
        self.reconciler.done(task, output, &mut self.out)
    }

    /// The outcome, once it is there; taken once.
    pub fn outcome(&mut self) -> Option<Outcome> {
        self.reconciler.outcome()
    }
}
