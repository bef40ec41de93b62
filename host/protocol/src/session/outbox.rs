//! What a block wants done: the requests it leaves for its session to number, tag and hand to the driver.

use qkdpp_kernels::Job;

use crate::monitor::Drift;
use crate::record::BlockRecord;
use crate::report::BlockReport;
use crate::stage::SecretKey;
use crate::wire::Kind;

/// What a job of a block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Task {
    /// Alice's entries of one batch that Bob detected.
    Batch(u32),
    /// Matched detections.
    Matched,
    /// Matched entries of the key.
    Key,
    /// Matched entries of the test.
    Test,
    /// Running parities of one Cascade pass.
    Pass(u32),
    /// Syndromes of all frames.
    Syndromes,
    /// Decoding of one frame.
    Decode(u32),
    /// Verification hashes.
    Tags,
    /// Privacy amplification.
    Amplify,
}

/// What random bytes of a block are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Draw {
    /// Seed of the test sample.
    Sample,
    /// Seed of permutations.
    Reconcile,
    /// Key of the verification hash.
    HashKey,
    /// Seed of privacy amplification.
    Amplify,
}

/// A request.
pub(crate) enum Action {
    Send(Kind, Vec<u8>),
    Compute(Task, Job),
    Draw(Draw, usize),
    /// Errors among key bits, for the next blocks' plans.
    Measured {
        errors: u64,
        bits: u64,
    },
    /// The drift charts with this block.
    Drifted(Drift),
    /// To be written before anything that follows.
    Record(Box<BlockRecord>),
    Key(SecretKey),
    Report(Box<BlockReport>),
}

/// Requests in the order in which they were made.
#[derive(Default)]
pub(crate) struct Outbox {
    actions: Vec<Action>,
}

impl Outbox {
    pub(crate) fn send(&mut self, kind: Kind, payload: Vec<u8>) {
        self.actions.push(Action::Send(kind, payload));
    }

    pub(crate) fn compute(&mut self, task: Task, job: Job) {
        self.actions.push(Action::Compute(task, job));
    }

    pub(crate) fn draw(&mut self, draw: Draw, bytes: usize) {
        self.actions.push(Action::Draw(draw, bytes));
    }

    pub(crate) fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Action> + '_ {
        self.actions.drain(..)
    }
}
