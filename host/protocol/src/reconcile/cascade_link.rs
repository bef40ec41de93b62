//! Cascade on a block: one Parities job per pass on each side, then rounds of parities both ways.
//!
//! Both sides run the same [`Engine`] on public information and send at the same time, so that a round costs one trip
//! over the link, not two.

use std::sync::Arc;

use qkdpp_kernels::parities::Parities;
use qkdpp_kernels::{Bits, Job, Output, Shared};

use super::{Outcome, even_frames, misplaced};
use crate::cascade::{CascadeError, Engine, Tables};
use crate::error::{ProtocolError, SessionError};
use crate::ledger::Leak;
use crate::profile::Reconciliation;
use crate::session::outbox::{Outbox, Task};
use crate::wire::Kind;
use crate::wire::Role;
use crate::wire::message::Reconcile;

pub(crate) struct CascadeLink {
    role: Role,
    count_both_directions: bool,
    key_len: usize,
    frames: usize,
    stage: Stage,
}

enum Stage {
    /// Waiting for the running parities of every pass. The peer may be faster by one message.
    Preparing {
        tables: Arc<Tables>,
        key: Shared,
        parities: Vec<Option<Bits>>,
        early: Option<Vec<u8>>,
    },
    Running(Box<Engine>),
    Taken,
}

impl CascadeLink {
    pub(crate) fn start(
        role: Role,
        settings: Reconciliation,
        plan: &Reconcile,
        key: &Shared,
        out: &mut Outbox,
    ) -> Result<Self, SessionError> {
        let (frames, frame_bits) = even_frames(key.len(), settings.cascade_frame_bits as usize);
        let schedule = settings.cascade.schedule(f64::from(plan.qber_ppm) * 1e-6, frame_bits);
        let tables = Arc::new(Tables::new(schedule, &plan.seed)?);
        let padded = match frames * frame_bits - key.len() {
            0 => Arc::clone(key),
            missing => Arc::new(Bits::concat([&**key, &Bits::zeros(missing)])),
        };
        let further = &tables.permutations()[1..];
        for (pass, permutation) in (1..).zip(further) {
            let job = Parities::new(Arc::clone(&padded), Arc::clone(permutation))?;
            out.compute(Task::Pass(pass), Job::Parities(job));
        }
        let parities = vec![None; further.len()];
        Ok(Self {
            role,
            count_both_directions: settings.count_both_directions,
            key_len: key.len(),
            frames,
            stage: Stage::Preparing { tables, key: padded, parities, early: None },
        })
    }

    pub(crate) fn message(&mut self, payload: &[u8], out: &mut Outbox) -> Result<bool, SessionError> {
        match &mut self.stage {
            Stage::Preparing { early, .. } if early.is_none() => {
                *early = Some(payload.to_vec());
                Ok(true)
            }
            Stage::Running(engine) if !engine.is_finished() => {
                advance(engine, payload, out)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    pub(crate) fn done(&mut self, task: Task, output: Output, out: &mut Outbox) -> Result<(), SessionError> {
        let (Stage::Preparing { parities, .. }, Task::Pass(pass), Output::Parities(bits)) =
            (&mut self.stage, task, output)
        else {
            return Err(misplaced("a finished job"));
        };
        parities[pass as usize - 1] = Some(bits);
        if parities.iter().all(Option::is_some) {
            self.run(out)?;
        }
        Ok(())
    }

    fn run(&mut self, out: &mut Outbox) -> Result<(), SessionError> {
        let Stage::Preparing { tables, key, parities, early } =
            std::mem::replace(&mut self.stage, Stage::Taken)
        else {
            return Err(misplaced("a start"));
        };
        let parities = parities.into_iter().flatten().collect();
        let mut engine = Engine::new(self.role, tables, key, parities)?;
        send_next(&mut engine, out);
        if let Some(payload) = early {
            advance(&mut engine, &payload, out)?;
        }
        self.stage = Stage::Running(Box::new(engine));
        Ok(())
    }

    pub(crate) fn outcome(&mut self) -> Option<Outcome> {
        if !matches!(&self.stage, Stage::Running(engine) if engine.is_finished()) {
            return None;
        }
        let Stage::Running(engine) = std::mem::replace(&mut self.stage, Stage::Taken) else { return None };
        let mut leaks = vec![(Leak::CascadeParities, engine.parities_exchanged())];
        if self.count_both_directions {
            leaks.push((Leak::CascadeParitiesOfBob, engine.parities_exchanged()));
        }
        let errors = engine.located_errors();
        let padded = errors.len() > self.key_len;
        Some(Outcome {
            errors: Some(if padded { errors.slice(0..self.key_len) } else { errors }),
            errors_are_shared: true,
            undecoded: Vec::new(),
            leaks,
            frames: self.frames as u64,
            failed_frames: 0,
            rounds: engine.rounds(),
        })
    }
}

fn send_next(engine: &mut Engine, out: &mut Outbox) {
    if let Some(payload) = engine.next_message() {
        out.send(Kind::Parities, payload);
    }
}

fn advance(engine: &mut Engine, payload: &[u8], out: &mut Outbox) -> Result<(), SessionError> {
    engine.receive(payload).map_err(|error| SessionError::Peer(peer_error(&error)))?;
    send_next(engine, out);
    Ok(())
}

fn peer_error(error: &CascadeError) -> ProtocolError {
    ProtocolError::Parities(error.to_string())
}
