//! One side of a link as the pipeline drives it: its session, its record, and an account of where the time goes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use qkdpp_bench::Random;
use qkdpp_kernels::{Done, Job, JobId, Level};
use qkdpp_protocol::wire::{Header, Kind};
use qkdpp_protocol::{
    BlockReport, Config, HashKey, Input, Pads, Profile, RawBatch, Role, SecretKey, Session, Step,
};
use zeroize::Zeroizing;

use crate::allocations;

/// Stages of the chain, in their order.
pub(crate) const STAGES: [&str; 4] = ["sifting", "error correction", "verification", "amplification"];
const SIFTING: usize = 0;
const CORRECTION: usize = 1;
const VERIFICATION: usize = 2;
const AMPLIFICATION: usize = 3;

/// CPU time of one stage.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    /// In the session.
    pub(crate) session: Duration,
    /// In kernels.
    pub(crate) kernels: Duration,
}

pub(crate) struct Side {
    role: Role,
    session: Session,
    level: Level,
    random: Random,
    records: VecDeque<RawBatch>,
    inbox: VecDeque<Vec<u8>>,
    /// The stage that the session is busy with.
    stage: usize,
    pub(crate) spent: [Spent; STAGES.len()],
    pub(crate) bytes_sent: u64,
    pub(crate) messages_sent: u64,
    pub(crate) keys: Vec<SecretKey>,
    pub(crate) reports: Vec<BlockReport>,
}

impl Side {
    pub(crate) fn new(role: Role, profile: Profile, level: Level, records: Vec<RawBatch>) -> Self {
        let config = Config {
            role,
            profile,
            alice_key: HashKey::new(1, 2),
            bob_key: HashKey::new(3, 4),
            alice_pad: 0,
            bob_pad: 0,
            spent: 0.0,
        };
        Self {
            role,
            session: Session::new(config).expect("the profile is valid"),
            level,
            random: Random::new(u64::from(role.byte())),
            records: records.into(),
            inbox: VecDeque::new(),
            stage: SIFTING,
            spent: Default::default(),
            bytes_sent: 0,
            messages_sent: 0,
            keys: Vec::new(),
            reports: Vec::new(),
        }
    }

    /// Sifted key bits of all blocks.
    pub(crate) fn sifted_bits(&self) -> u64 {
        self.reports.iter().map(|report| report.ledger.sifted).sum()
    }

    /// Accounts of [`allocations`]: that of the session, and that of the kernels.
    pub(crate) fn accounts(&self) -> [usize; 2] {
        let first = 2 * usize::from(self.role.byte());
        [first, first + 1]
    }

    /// Hands the session what has come in, and does what it asks for until it waits.
    pub(crate) fn advance(&mut self, peer: &mut Self) {
        while let Some(message) = self.inbox.pop_front() {
            let (header, ..) = Header::parse(&message, self.role.peer()).expect("the peer sends messages");
            self.stage = stage_of_message(header.kind);
            self.handle(Input::Message(message));
        }
        if self.session.wants_pulses()
            && let Some(batch) = self.records.pop_front()
        {
            self.stage = SIFTING;
            self.handle(Input::Pulses(batch));
        }
        loop {
            match self.in_session(Session::poll) {
                Step::Send(message) => {
                    self.bytes_sent += message.len() as u64;
                    self.messages_sent += 1;
                    peer.inbox.push_back(message);
                }
                Step::Compute(id, job) => self.compute(id, &job),
                Step::Draw(id, len) => {
                    let mut bytes = Zeroizing::new(vec![0; len]);
                    self.random.fill(&mut bytes);
                    self.handle(Input::Drawn(id, bytes));
                }
                Step::Reserve { sender, from, count } => {
                    let pads = (from..from + u64::from(count)).map(|number| pad(sender, number)).collect();
                    self.handle(Input::Pads(sender, Pads::new(from, pads)));
                }
                Step::Peek { sender, number } => {
                    let pads = Pads::new(number, vec![pad(sender, number)]);
                    self.handle(Input::Pads(sender, pads));
                }
                // Nothing is kept: the benchmark has no disk.
                Step::Spend(_) | Step::Record(_) => {}
                Step::Key(key) => self.keys.push(key),
                Step::Report(report) => self.reports.push(*report),
                Step::Wait(_) => return,
            }
        }
    }

    fn compute(&mut self, id: JobId, job: &Job) {
        self.stage = stage_of_job(job);
        let start = ThreadTime::now();
        let output = allocations::charge(self.accounts()[1], || self.level.run(job));
        self.spent[self.stage].kernels += start.elapsed();
        self.handle(Input::Done(Done { id, result: Ok(output) }));
    }

    fn handle(&mut self, input: Input) {
        self.in_session(|session| session.handle(Instant::now(), input))
            .expect("both sides follow the protocol");
    }

    fn in_session<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T {
        let start = ThreadTime::now();
        let result = allocations::charge(self.accounts()[0], || work(&mut self.session));
        self.spent[self.stage].session += start.elapsed();
        result
    }
}

fn stage_of_message(kind: Kind) -> usize {
    match kind {
        Kind::Hello | Kind::Detections | Kind::Bases | Kind::Sifting | Kind::TestBits => SIFTING,
        Kind::Reconcile | Kind::Parities | Kind::Syndromes | Kind::Undecoded | Kind::Disclosure => CORRECTION,
        Kind::Corrected | Kind::Verify | Kind::Verified => VERIFICATION,
        Kind::Amplify | Kind::Final => AMPLIFICATION,
    }
}

fn stage_of_job(job: &Job) -> usize {
    match job {
        Job::Sift(_) => SIFTING,
        Job::Parities(_) | Job::Syndrome(_) | Job::LdpcDecode(_) => CORRECTION,
        Job::PolyHash(_) => VERIFICATION,
        Job::Toeplitz(_) => AMPLIFICATION,
    }
}

/// What a store of pads would hand out; both sides hold the same.
fn pad(sender: Role, number: u64) -> u128 {
    (u128::from(number) << 1 | u128::from(sender.byte()))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}
