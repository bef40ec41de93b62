//! One side: a session, the driver that does what it asks for, and the ways in which both can die.

use std::collections::VecDeque;
use std::time::Instant;

use qkdpp_kernels::{Done, Fault, Job, JobId, Level};
use qkdpp_protocol::{Config, Input, RawBatch, Role, Session, Step};
use zeroize::Zeroizing;

use crate::audit::Audit;
use crate::link::Link;
use crate::random::Random;
use crate::store::{Store, hash_key};

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All blocks of the record are done.
    Complete,
    /// The session or its driver gave an error.
    Failed,
    /// The process died.
    Died,
}

/// Planted, to see that the audit finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The counters of pads are lost with the process.
    Forgetful,
    /// The ledger lacks a bit of every kind of leak.
    ShortLedger,
    /// Bob's key has a wrong bit.
    WrongKey,
}

/// What came of an input.
#[derive(Default)]
pub(crate) struct Turn {
    /// Messages that left; those decided before an error leave, too.
    pub(crate) messages: Vec<Vec<u8>>,
    /// Set if the session is over.
    pub(crate) end: Option<End>,
}

/// What lives and dies with the process.
struct Running {
    session: Session,
    records: VecDeque<RawBatch>,
    jobs: Vec<(JobId, Job)>,
    deadline: Option<Instant>,
}

pub(crate) struct Side {
    pub(crate) role: Role,
    pub(crate) store: Store,
    /// ε that the keys have used up: on disk, as the store.
    spent: f64,
    running: Option<Running>,
    random: Random,
    /// The process dies after so many further steps.
    pub(crate) steps_to_live: Option<u64>,
    pub(crate) bug: Option<Bug>,
    /// Jobs that fail from now on.
    pub(crate) faulty_jobs: u32,
}

impl Side {
    pub(crate) fn new(role: Role, store: Store, random: Random) -> Self {
        Self {
            role,
            store,
            spent: 0.0,
            running: None,
            random,
            steps_to_live: None,
            bug: None,
            faulty_jobs: 0,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Opens a session; its messages are returned.
    pub(crate) fn start(&mut self, link: &Link, blocks: u64, now: Instant, audit: &mut Audit) -> Turn {
        let session = Session::new(Config {
            role: self.role,
            profile: link.profile.clone(),
            alice_key: hash_key(Role::Alice),
            bob_key: hash_key(Role::Bob),
            alice_pad: self.store.next(Role::Alice),
            bob_pad: self.store.next(Role::Bob),
            spent: self.spent,
        });
        let session = session.expect("a valid profile");
        let batches = &link.records[usize::from(self.role.byte())][..2 * blocks as usize];
        let records = batches.iter().cloned().collect();
        self.running = Some(Running { session, records, jobs: Vec::new(), deadline: None });
        self.drive(None, now, audit)
    }

    /// Everything volatile is gone.
    pub(crate) fn kill(&mut self, audit: &mut Audit) {
        audit.died(self.role);
        self.running = None;
        self.steps_to_live = None;
        self.store.restart();
    }

    pub(crate) fn close(&mut self) {
        self.running = None;
    }

    pub(crate) fn has_job(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.jobs.is_empty())
    }

    pub(crate) fn wants_batch(&self) -> bool {
        let wants = |running: &Running| running.session.wants_pulses() && !running.records.is_empty();
        self.running.as_ref().is_some_and(wants)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.running.as_ref()?.deadline
    }

    /// Finishes any one of the jobs, or fails it.
    pub(crate) fn finish_job(&mut self, now: Instant, audit: &mut Audit) -> Turn {
        let Some(running) = &mut self.running else { return Turn::default() };
        let chosen = self.random.below(running.jobs.len() as u64) as usize;
        let (id, job) = running.jobs.swap_remove(chosen);
        let result = if self.faulty_jobs > 0 {
            self.faulty_jobs -= 1;
            Err((Fault::Device { backend: "faulty".into(), reason: "a planned fault".into() }, job))
        } else {
            Ok(Level::Portable.run(&job))
        };
        self.drive(Some(Input::Done(Done { id, result })), now, audit)
    }

    pub(crate) fn next_batch(&mut self, now: Instant, audit: &mut Audit) -> Turn {
        let batch = self.running.as_mut().and_then(|running| running.records.pop_front());
        self.drive(batch.map(Input::Pulses), now, audit)
    }

    /// Hands in `input` and does everything the session asks for.
    pub(crate) fn drive(&mut self, input: Option<Input>, now: Instant, audit: &mut Audit) -> Turn {
        let mut messages = Vec::new();
        let end = self.steps(input, now, &mut messages, audit);
        match end {
            Some(End::Died) => self.kill(audit),
            Some(End::Failed | End::Complete) => self.running = None,
            None => {}
        }
        Turn { messages, end }
    }

    fn steps(
        &mut self,
        input: Option<Input>,
        now: Instant,
        messages: &mut Vec<Vec<u8>>,
        audit: &mut Audit,
    ) -> Option<End> {
        let Self { role, store, spent, running, random, steps_to_live, bug, .. } = self;
        let Running { session, records, jobs, deadline } = running.as_mut()?;
        // As in `Link`: what a session decided before an error stands, after any other failure nothing more is done.
        let failed = input.is_some_and(|input| session.handle(now, input).is_err());
        loop {
            if let Some(left) = steps_to_live {
                if *left == 0 {
                    return Some(End::Died);
                }
                *left -= 1;
            }
            let step = session.poll();
            let input = match step {
                Step::Send(message) => {
                    audit.sent(*role, &message);
                    messages.push(message);
                    continue;
                }
                Step::Spend(total) => {
                    *spent = spent.max(total);
                    continue;
                }
                Step::Record(_) => continue,
                Step::Key(key) => {
                    let mut bytes = key.expose().to_bytes();
                    bytes[0] ^= u8::from(*bug == Some(Bug::WrongKey) && *role == Role::Bob);
                    audit.key(*role, key.block(), bytes, key.len());
                    continue;
                }
                Step::Report(mut report) => {
                    if *bug == Some(Bug::ShortLedger) {
                        report.ledger.leaks.iter_mut().for_each(|(_, bits)| *bits -= 1);
                    }
                    audit.report(*role, *report);
                    continue;
                }
                Step::Compute(id, job) => {
                    jobs.push((id, job));
                    continue;
                }
                Step::Draw(id, len) => {
                    let mut bytes = Zeroizing::new(vec![0; len]);
                    random.fill(&mut bytes);
                    Input::Drawn(id, bytes)
                }
                Step::Reserve { sender, from, count } => {
                    let Ok(pads) = store.reserve(sender, from, count) else { return Some(End::Failed) };
                    audit.reserved(*role, sender, from, count);
                    Input::Pads(sender, pads)
                }
                Step::Peek { sender, number } => {
                    let Ok(pads) = store.peek(sender, number) else { return Some(End::Failed) };
                    Input::Pads(sender, pads)
                }
                Step::Wait(until) => {
                    *deadline = until;
                    if failed {
                        return Some(End::Failed);
                    }
                    let complete = records.is_empty() && session.open_blocks() == 0;
                    return complete.then_some(End::Complete);
                }
            };
            if session.handle(now, input).is_err() {
                return Some(End::Failed);
            }
        }
    }
}
