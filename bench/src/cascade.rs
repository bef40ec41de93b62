//! What Cascade leaks, how often it fails, and how fast a side is: the numbers of the bench `cascade` and of its sweep.
//!
//! Both sides run in one thread, so a side is timed in a second run of its own, on the messages that the peer sent in the first:
//! caches then belong to it as they do on its own machine.

use cpu_time::ThreadTime;
use qkdpp_kernels::{Bits, Level, Shared};
use qkdpp_protocol::Role;
use qkdpp_protocol::profile::{Method, Reconciliation};
use qkdpp_protocol::reconcile::{Outcome, Party, Request, plan};
use qkdpp_protocol::wire::Kind;
use qkdpp_protocol::wire::message::Reconcile;

use crate::{Random, entropy};

/// Bits of a block.
const BLOCK_BITS: usize = 1 << 23;
/// Blocks without which nothing can be said about an interval.
const LEAST_BLOCKS: usize = 4;
/// How far the error rate that a block is planned for may be from the channel's.
const ESTIMATE_ERROR: f64 = 0.05;

/// A variant with its frames.
#[derive(Clone, Copy)]
pub struct Setting {
    /// The name of both.
    pub name: &'static str,
    settings: Reconciliation,
}

impl Setting {
    /// Frames of 2^14 bits.
    pub fn fast() -> Self {
        Self {
            name: "fast",
            settings: Reconciliation { method: Method::Cascade, ..Reconciliation::default() },
        }
    }

    /// Frames of 2^16 bits.
    pub fn record() -> Self {
        Self { name: "record", settings: Self::fast().settings.of_record() }
    }

    /// Bits of a frame.
    pub fn frame_bits(&self) -> usize {
        self.settings.cascade_frame_bits as usize
    }
}

/// What came of many blocks.
#[derive(Default)]
pub struct Tally {
    /// Corrected frames, and those that still have errors.
    pub frames: u64,
    /// Frames that still have errors.
    pub failed: u64,
    /// Bits that each side has sent: parities of Alice, and as many of Bob.
    pub sent: u64,
    /// Exchanges of messages per block.
    pub rounds: f64,
    /// Leakage over the limit of the errors that occurred, block by block.
    f: Vec<f64>,
}

impl Tally {
    /// Leakage over the Shannon limit, with the half-width of its interval of 95 %.
    pub fn f(&self) -> (f64, f64) {
        let count = self.f.len() as f64;
        let mean = self.f.iter().sum::<f64>() / count;
        let variance = self.f.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        (mean, 1.96 * (variance / count).sqrt())
    }

    /// f with failed frames folded in: (1 − FER)·f + FER/h(Q).
    pub fn f_with_failures(&self, qber: f64) -> f64 {
        let failed = self.failed as f64 / self.frames as f64;
        (1.0 - failed) * self.f().0 + failed / entropy(qber)
    }

    /// The interval of 95 % of the share of failed frames (Wilson).
    pub fn failures(&self) -> (f64, f64) {
        let (n, z) = (self.frames as f64, 1.96);
        let p = self.failed as f64 / n;
        let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        ((centre - half).max(0.0), centre + half)
    }
}

/// Corrects at least `frames` frames with random keys and errors, and an error rate known to ±5 %.
pub fn tally(setting: &Setting, qber: f64, frames: usize, random: &mut Random) -> Tally {
    let mut tally = Tally::default();
    let blocks = (frames * setting.frame_bits()).div_ceil(BLOCK_BITS).max(LEAST_BLOCKS);
    for _ in 0..blocks {
        let block = Block::new(setting, BLOCK_BITS, qber, random);
        let (outcomes, _) = block.correct(setting);
        tally.add(setting, &block, &outcomes, blocks as f64);
    }
    tally
}

impl Tally {
    fn add(&mut self, setting: &Setting, block: &Block, outcomes: &[Outcome; 2], blocks: f64) {
        let occurred = difference(&block.keys[0], &block.keys[1]).count_ones() as f64 / BLOCK_BITS as f64;
        let sent: u64 = outcomes[0].leaks.iter().map(|(_, bits)| bits).sum();
        let mut corrected = Bits::clone(&block.keys[1]);
        if let Some(errors) = &outcomes[1].errors {
            corrected.xor_assign(errors);
        }
        let left = difference(&corrected, &block.keys[0]);
        let starts = (0..BLOCK_BITS).step_by(setting.frame_bits());
        let failed = starts.filter(|&start| left.slice(start..start + setting.frame_bits()).count_ones() > 0);
        self.failed += failed.count() as u64;
        self.frames += outcomes[0].frames;
        self.sent += sent;
        self.rounds += outcomes[0].rounds as f64 / blocks;
        self.f.push(sent as f64 / (BLOCK_BITS as f64 * entropy(occurred)));
    }
}

fn difference(alice: &Bits, bob: &Bits) -> Bits {
    let mut difference = alice.clone();
    difference.xor_assign(bob);
    difference
}

/// Bits of sifted key per second of a core, for Alice and for Bob: the medians of a few blocks.
pub fn rates(setting: &Setting, qber: f64, blocks: usize, random: &mut Random) -> [f64; 2] {
    let mut seconds = [const { Vec::new() }; 2];
    for _ in 0..blocks {
        let block = Block::new(setting, BLOCK_BITS, qber, random);
        let (_, sent) = block.correct(setting);
        for side in [0, 1] {
            seconds[side].push(block.replay(setting, side, &sent[1 - side]));
        }
    }
    seconds.map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        BLOCK_BITS as f64 / seconds[seconds.len() / 2]
    })
}

const ROLES: [Role; 2] = [Role::Alice, Role::Bob];

/// What a side has sent.
type Sent = Vec<(Kind, Vec<u8>)>;

/// The keys of both sides, and the plan to correct Bob's.
pub(crate) struct Block {
    keys: [Shared; 2],
    plan: Reconcile,
}

impl Block {
    pub(crate) fn new(setting: &Setting, bits: usize, qber: f64, random: &mut Random) -> Self {
        let alice = random.bits(bits);
        let bob = random.noisy(&alice, qber);
        let share = (random.key() % 2001) as f64 / 1000.0 - 1.0;
        let estimate = qber * (1.0 + ESTIMATE_ERROR * share);
        let plan = plan(&setting.settings, estimate, bits as u64, random.seed());
        Self { keys: [alice, bob], plan }
    }

    pub(crate) fn party(&self, setting: &Setting, side: usize) -> Party {
        Party::new(ROLES[side], setting.settings, &self.plan, &self.keys[side])
            .expect("the settings allow the plan")
    }

    /// Both sides to their end, with what each has sent.
    fn correct(&self, setting: &Setting) -> ([Outcome; 2], [Sent; 2]) {
        let mut parties = [self.party(setting, 0), self.party(setting, 1)];
        let mut outcomes = [None, None];
        let mut sent = [const { Vec::new() }; 2];
        while outcomes.iter().any(Option::is_none) {
            for side in [0, 1] {
                for request in parties[side].requests() {
                    let taken = match request {
                        Request::Send(kind, payload) => {
                            let taken = parties[1 - side].message(kind, &payload);
                            sent[side].push((kind, payload));
                            taken
                        }
                        Request::Compute(id, job) => parties[side].done(id, Level::auto().run(&job)),
                    };
                    taken.expect("the parties follow the protocol");
                }
                outcomes[side] = outcomes[side].take().or_else(|| parties[side].outcome());
            }
        }
        (outcomes.map(|outcome| outcome.expect("both have ended")), sent)
    }

    /// One side to its end, on the messages of the other: its seconds of CPU time.
    fn replay(&self, setting: &Setting, side: usize, received: &[(Kind, Vec<u8>)]) -> f64 {
        let start = ThreadTime::now();
        let mut party = self.party(setting, side);
        work(&mut party, |_, _| ());
        for (kind, payload) in received {
            party.message(*kind, payload).expect("a message that was sent");
            work(&mut party, |_, _| ());
        }
        let outcome = party.outcome();
        let seconds = start.elapsed().as_secs_f64();
        assert!(outcome.is_some(), "the peer's messages lead to the end");
        seconds
    }
}

/// Runs a party's jobs until it has none; `send` gets its messages.
pub(crate) fn work(party: &mut Party, mut send: impl FnMut(Kind, Vec<u8>)) {
    loop {
        let requests = party.requests();
        if requests.is_empty() {
            return;
        }
        for request in requests {
            match request {
                Request::Send(kind, payload) => send(kind, payload),
                Request::Compute(id, job) => party.done(id, Level::auto().run(&job)).expect("its own job"),
            }
        }
    }
}
