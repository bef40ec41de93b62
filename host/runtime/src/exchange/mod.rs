//! Runs an error correction between two parties in one thread, each with a backend of its own, and accounts for each
//! side by itself: its CPU time, the bytes it sent and what it found.

use std::collections::VecDeque;
use std::fmt::Display;
use std::time::Duration;

use cpu_time::ThreadTime;
use qkdpp_kernels::{Backend, Busy, Done, Job, JobId, Shared};
use qkdpp_protocol::Role;
use qkdpp_protocol::profile::Reconciliation;
use qkdpp_protocol::reconcile::{Outcome, Party, Request};
use qkdpp_protocol::wire::Kind;
use qkdpp_protocol::wire::message::Reconcile;

mod correction;

pub use correction::{Correction, difference};

/// How long to wait for a job before looking at the other side again.
const PATIENCE: Duration = Duration::from_millis(10);

/// An error correction that stopped. The caller must act: its settings, or a backend without a fallback.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{role:?}: {reason}")]
pub struct ExchangeError {
    /// The side it happened on.
    pub role: Role,
    /// What happened.
    pub reason: String,
}

/// One side: its key and who computes for it.
pub struct Side<'a> {
    /// The sifted key.
    pub key: &'a Shared,
    /// The backend of this side alone, so that its CPU time can be told apart.
    pub backend: &'a mut dyn Backend,
}

/// What one side found and used.
pub struct Account {
    /// What error correction found.
    pub outcome: Outcome,
    /// CPU time of the protocol and of its jobs.
    pub cpu: Duration,
    /// Bytes of payload sent to the other side.
    pub bytes_sent: u64,
}

/// Corrects Bob's key towards Alice's under the `plan` both share; gives Alice's account and Bob's.
///
/// # Errors
/// If the settings do not allow the plan, or a backend faults.
pub fn run<'a>(
    settings: Reconciliation,
    plan: &Reconcile,
    alice: Side<'a>,
    bob: Side<'a>,
) -> Result<(Account, Account), ExchangeError> {
    let mut alice = Running::start(Role::Alice, settings, plan, alice)?;
    let mut bob = Running::start(Role::Bob, settings, plan, bob)?;
    loop {
        let moved = [alice.advance(&mut bob)?, bob.advance(&mut alice)?];
        if moved.contains(&true) {
            continue;
        }
        if alice.outcome.is_some() && bob.outcome.is_some() {
            break;
        }
        if alice.backend.in_flight() + bob.backend.in_flight() == 0 {
            return Err(
                alice.failure("no message and no job is left, but the error correction has not ended")
            );
        }
        alice.wait()?;
        bob.wait()?;
    }
    Ok((alice.account()?, bob.account()?))
}

struct Running<'a> {
    role: Role,
    party: Party,
    backend: &'a mut dyn Backend,
    /// CPU time the backend had spent before.
    cpu_before: Duration,
    /// Jobs the backend had no room for.
    queued: VecDeque<(JobId, Job)>,
    inbox: VecDeque<(Kind, Vec<u8>)>,
    outcome: Option<Outcome>,
    protocol_cpu: Duration,
    bytes_sent: u64,
}

impl<'a> Running<'a> {
    fn start(
        role: Role,
        settings: Reconciliation,
        plan: &Reconcile,
        side: Side<'a>,
    ) -> Result<Self, ExchangeError> {
        let Side { key, backend } = side;
        let start = ThreadTime::now();
        let party = Party::new(role, settings, plan, key);
        let protocol_cpu = start.elapsed();
        Ok(Self {
            role,
            party: party.map_err(|error| failure(role, &error))?,
            cpu_before: backend.cpu_time(),
            backend,
            queued: VecDeque::new(),
            inbox: VecDeque::new(),
            outcome: None,
            protocol_cpu,
            bytes_sent: 0,
        })
    }

    /// Takes what has come in and does what the party asks for; `false` if there was nothing to do.
    fn advance(&mut self, peer: &mut Self) -> Result<bool, ExchangeError> {
        let mut moved = false;
        while let Some(done) = self.backend.poll() {
            self.finished(done)?;
            moved = true;
        }
        while let Some((kind, payload)) = self.inbox.pop_front() {
            self.timed(|party| party.message(kind, &payload)).map_err(|error| self.failure(error))?;
            moved = true;
        }
        for request in self.timed(Party::requests) {
            match request {
                Request::Send(kind, payload) => {
                    self.bytes_sent += payload.len() as u64;
                    peer.inbox.push_back((kind, payload));
                }
                Request::Compute(id, job) => self.queued.push_back((id, job)),
            }
            moved = true;
        }
        self.submit();
        if self.outcome.is_none() {
            self.outcome = self.timed(Party::outcome);
        }
        Ok(moved)
    }

    fn submit(&mut self) {
        while let Some((id, job)) = self.queued.pop_front() {
            if let Err(Busy(job)) = self.backend.submit(id, job) {
                self.queued.push_front((id, job));
                return;
            }
        }
    }

    fn wait(&mut self) -> Result<(), ExchangeError> {
        if self.backend.in_flight() == 0 {
            return Ok(());
        }
        self.backend.wait(PATIENCE).map_or(Ok(()), |done| self.finished(done))
    }

    fn finished(&mut self, done: Done) -> Result<(), ExchangeError> {
        let output = done.result.map_err(|(fault, _)| self.failure(fault))?;
        self.timed(|party| party.done(done.id, output)).map_err(|error| self.failure(error))
    }

    fn timed<T>(&mut self, work: impl FnOnce(&mut Party) -> T) -> T {
        let start = ThreadTime::now();
        let result = work(&mut self.party);
        self.protocol_cpu += start.elapsed();
        result
    }

    fn account(self) -> Result<Account, ExchangeError> {
        let cpu = self.protocol_cpu + self.backend.cpu_time().saturating_sub(self.cpu_before);
        let missing = "the error correction ended without an outcome";
        let outcome = self.outcome.ok_or_else(|| failure(self.role, &missing))?;
        Ok(Account { outcome, cpu, bytes_sent: self.bytes_sent })
    }

    fn failure(&self, error: impl Display) -> ExchangeError {
        failure(self.role, &error)
    }
}

fn failure(role: Role, error: &dyn Display) -> ExchangeError {
    ExchangeError { role, reason: error.to_string() }
}
