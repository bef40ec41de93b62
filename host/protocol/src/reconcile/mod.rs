//! Error correction of one block, whichever method was chosen: frames, messages and jobs, and what leaked.

mod cascade_link;
mod choice;
mod ldpc_link;
mod ldpc_plan;
mod party;

use std::ops::Range;

use qkdpp_kernels::{Bits, Output, Shared};

use crate::error::{ProtocolError, SessionError};
use crate::ledger::Leak;
use crate::profile::{Method, Reconciliation};
use crate::session::outbox::{Outbox, Task};
use crate::wire::message::Reconcile;
use crate::wire::{Kind, Role};
use cascade_link::CascadeLink;
pub use choice::Choice;
use ldpc_link::LdpcLink;
pub use party::{Party, Request};

/// Largest and smallest error rates that plans are made for.
const QBER_RANGE: (f64, f64) = (1e-4, 0.25);

/// The plan that Alice announces: the method, for an error rate of about `qber`, and a fresh seed. With so many bits of key on
/// their way through error correction at once.
pub fn plan(settings: &Reconciliation, qber: f64, bits_in_flight: u64, seed: [u8; 32]) -> Reconcile {
    let qber = qber.clamp(QBER_RANGE.0, QBER_RANGE.1);
    let plan = Reconcile { method: 0, qber_ppm: (qber * 1e6).round() as u32, seed };
    Reconcile { method: u8::from(method(settings, &plan, bits_in_flight) == Method::Ldpc), ..plan }
}

/// The method of `settings`, or the one that `auto` chooses for the plan's error rate.
fn method(settings: &Reconciliation, plan: &Reconcile, bits_in_flight: u64) -> Method {
    match choice(settings, plan, bits_in_flight) {
        Some(choice) => choice.method(),
        None => settings.method,
    }
}

/// Bits of as many keys as there may be blocks in flight.
pub(crate) fn bits_in_flight(key: &Bits, blocks: u32) -> u64 {
    key.len() as u64 * u64::from(blocks)
}

/// What `auto` chooses for the plan's error rate; `None` for settings that name a method.
pub fn choice(settings: &Reconciliation, plan: &Reconcile, bits_in_flight: u64) -> Option<Choice> {
    let chosen = || Choice::new(settings, 1e-6 * f64::from(plan.qber_ppm), bits_in_flight);
    (settings.method == Method::Auto).then(chosen)
}

/// What error correction found.
pub struct Outcome {
    /// Positions of the errors in the sifted key that this side knows; `None` where only Bob does (LDPC, Alice).
    pub errors: Option<Bits>,
    /// Whether both sides know those positions.
    pub errors_are_shared: bool,
    /// Parts of the key that were given up.
    pub undecoded: Vec<Range<usize>>,
    /// What leaked.
    pub leaks: Vec<(Leak, u64)>,
    /// Frames.
    pub frames: u64,
    /// Frames given up.
    pub failed_frames: u64,
    /// Exchanges between the two sides.
    pub rounds: u64,
}

/// The running error correction of one block on one side.
pub(crate) enum Reconciler {
    Cascade(CascadeLink),
    Ldpc(Box<LdpcLink>),
}

impl Reconciler {
    /// Starts on `key`, one of so many `blocks` in flight, under Alice's `plan`.
    pub(crate) fn start(
        role: Role,
        settings: Reconciliation,
        plan: &Reconcile,
        (key, blocks): (&Shared, u32),
        out: &mut Outbox,
    ) -> Result<Self, SessionError> {
        let method = method(&settings, plan, bits_in_flight(key, blocks));
        if plan.method != u8::from(method == Method::Ldpc) {
            return Err(SessionError::Peer(ProtocolError::Field {
                field: "the reconciliation method",
                want: format!("the one of the profile's method {:?}, {method:?}", settings.method),
                got: plan.method.into(),
            }));
        }
        Ok(match plan.method {
            0 => Self::Cascade(CascadeLink::start(role, settings, plan, key, out)?),
            _ => Self::Ldpc(Box::new(LdpcLink::start(role, settings, plan, key, out)?)),
        })
    }

    /// Name of the method.
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Cascade(_) => Method::Cascade,
            Self::Ldpc(_) => Method::Ldpc,
        }
    }

    /// Takes a message of the method; `false` if this kind is not due.
    pub(crate) fn message(
        &mut self,
        kind: Kind,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<bool, SessionError> {
        match (self, kind) {
            (Self::Cascade(link), Kind::Parities) => link.message(payload, out),
            (Self::Ldpc(link), _) => link.message(kind, payload, out),
            _ => Ok(false),
        }
    }

    /// Takes the result of a job.
    pub(crate) fn done(&mut self, task: Task, output: Output, out: &mut Outbox) -> Result<(), SessionError> {
        match self {
            Self::Cascade(link) => link.done(task, output, out),
            Self::Ldpc(link) => link.done(task, output, out),
        }
    }

    /// The outcome, once it is there; taken once.
    pub(crate) fn outcome(&mut self) -> Option<Outcome> {
        match self {
            Self::Cascade(link) => link.outcome(),
            Self::Ldpc(link) => link.outcome(),
        }
    }
}

/// The number and length of frames of at most `limit` bits that waste the least on a key of `len` bits.
fn even_frames(len: usize, limit: usize) -> (usize, usize) {
    let frames = len.div_ceil(limit).max(1);
    (frames, len.div_ceil(frames).max(1))
}

fn misplaced(what: &str) -> SessionError {
    SessionError::Driver(format!("{what} does not belong to the error correction that runs"))
}
