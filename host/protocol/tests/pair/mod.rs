//! Alice and Bob in one thread: two sessions, a backend that computes at once, a virtual clock and a network that a test
//! can tamper with.
#![allow(dead_code, unreachable_pub, reason = "several test programs share this, and each uses a part")]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use qkdpp_kernels::{Bits, Done, Job, JobId, Level, Output};
use qkdpp_protocol::profile::{Method, Profile, Protocol, Test};
use qkdpp_protocol::proof::Proof;
use qkdpp_protocol::raw::{Entries, RawBatch};
use qkdpp_protocol::{
    BlockReport, Config, HashKey, Input, Pads, Record, Role, SecretKey, Session, SessionError, Step,
};
use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};
use zeroize::Zeroizing;

/// A reproducible stream of random numbers.
pub struct Random(<Shake256 as ExtendableOutput>::Reader);

impl Random {
    pub fn new(seed: &str) -> Self {
        let mut hash = Shake256::default();
        hash.update(seed.as_bytes());
        Self(hash.finalize_xof())
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.read(bytes);
    }

    pub fn word(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Uniform in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 * 2f64.powi(-53)
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// A link to test with.
#[derive(Clone)]
pub struct Scenario {
    pub profile: Profile,
    /// Detections in a block.
    pub detections: u32,
    pub qber: f64,
    pub blocks: u64,
    pub seed: &'static str,
}

impl Scenario {
    /// Decoy BB84 with two decoys; the statistics of a good link, scaled to `detections`.
    pub fn decoy(detections: u32, qber: f64) -> Self {
        let proof = serde_json::json!({"name": "lim-2014", "eps_sec": 1e-9, "eps_cor": 1e-12});
        Self {
            profile: Profile {
                name: "test".into(),
                protocol: Protocol::DecoyBb84,
                slots_per_block: u64::from(detections) * 50,
                slots_per_batch: detections * 20,
                intensities: vec![0.48, 0.12, 0.0002],
                probabilities: vec![0.2, 0.55, 0.25],
                expected_qber: qber.max(1e-3),
                test: Test::Basis,
                proof: serde_json::from_value::<Proof>(proof).expect("a proof"),
                reconciliation: qkdpp_protocol::profile::Reconciliation::default(),
                verification: qkdpp_protocol::profile::Verification::default(),
                amplification: qkdpp_protocol::profile::Amplification::default(),
                budget: qkdpp_protocol::budget::Budget::default(),
                blocks_in_flight: 4,
                silence_seconds: SILENCE,
                monitor: qkdpp_protocol::monitor::Settings::default(),
            },
            detections,
            qber,
            blocks: 1,
            seed: "scenario",
        }
    }

    /// Entangled pairs, a random sample as the test.
    pub fn bbm92(detections: u32, qber: f64) -> Self {
        let mut scenario = Self::decoy(detections, qber);
        let proof = serde_json::json!({"name": "tl-2017", "eps_sec": 1e-9, "eps_cor": 1e-12});
        scenario.profile.protocol = Protocol::Bbm92;
        scenario.profile.intensities.clear();
        scenario.profile.probabilities.clear();
        scenario.profile.test = Test::Sample { fraction: 0.2 };
        scenario.profile.proof = serde_json::from_value::<Proof>(proof).expect("a proof");
        scenario
    }

    pub fn method(mut self, method: Method) -> Self {
        self.profile.reconciliation.method = method;
        self
    }

    /// The records of both sides, cut as the profile says.
    pub fn records(&self) -> (VecDeque<RawBatch>, VecDeque<RawBatch>) {
        let mut random = Random::new(self.seed);
        let (mut alice, mut bob) = (VecDeque::new(), VecDeque::new());
        let profile = &self.profile;
        for block in 0..self.blocks {
            let mut start = 0;
            while start < profile.slots_per_block {
                let slots = (profile.slots_per_block - start).min(profile.slots_per_batch.into());
                let first = block * profile.slots_per_block + start;
                let (a, b) = self.batch(first, slots as u32, &mut random);
                alice.push_back(a);
                bob.push_back(b);
                start += slots;
            }
        }
        (alice, bob)
    }

    fn batch(&self, first_slot: u64, slots: u32, random: &mut Random) -> (RawBatch, RawBatch) {
        let probability = f64::from(self.detections) / self.profile.slots_per_block as f64;
        // Detections per intensity are proportional to p·μ, with some dark counts in the vacuum.
        let weights: Vec<f64> = self
            .profile
            .intensities
            .iter()
            .zip(&self.profile.probabilities)
            .map(|(mu, p)| p * (mu + 2e-5))
            .collect();
        let total: f64 = weights.iter().sum();
        let entangled = self.profile.protocol == Protocol::Bbm92;
        let (mut at_alice, mut at_bob) = (Vec::new(), Vec::new());
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for offset in (0..slots).filter(|_| random.chance(probability)).collect::<Vec<_>>() {
            let basis = random.chance(if entangled { 0.5 } else { 0.3 });
            let bit = random.chance(0.5);
            let mut point = random.unit() * total;
            let intensity = weights.iter().position(|w| {
                point -= w;
                point < 0.0
            });
            let bobs_basis = random.chance(if entangled { 0.5 } else { 0.3 });
            let flipped = if basis == bobs_basis { random.chance(self.qber) } else { random.chance(0.5) };
            // In an entangled link each side misses some of the pairs.
            let (alice_sees, bob_sees) =
                if entangled { (random.chance(0.9), random.chance(0.9)) } else { (true, true) };
            if alice_sees {
                at_alice.push(offset);
                a.push((basis, bit, intensity.unwrap_or(0)));
            }
            if bob_sees {
                at_bob.push(offset);
                b.push((bobs_basis, bit ^ flipped, 0));
            }
        }
        (record(first_slot, slots, at_alice, &a), record(first_slot, slots, at_bob, &b))
    }
}

fn record(first_slot: u64, slots: u32, offsets: Vec<u32>, entries: &[(bool, bool, usize)]) -> RawBatch {
    RawBatch {
        first_slot,
        slots,
        entries: Entries::At(offsets),
        basis: entries.iter().map(|entry| entry.0).collect(),
        bit: entries.iter().map(|entry| entry.1).collect(),
        intensity: [
            entries.iter().map(|entry| entry.2 & 1 == 1).collect(),
            entries.iter().map(|entry| entry.2 & 2 == 2).collect(),
        ],
        double_click: Bits::zeros(entries.len()),
    }
}

/// One side with everything around it.
pub struct Side {
    pub session: Session,
    pub role: Role,
    pub records: VecDeque<RawBatch>,
    pub inbox: VecDeque<Vec<u8>>,
    pub keys: Vec<SecretKey>,
    pub reports: Vec<BlockReport>,
    pub sent: Vec<Vec<u8>>,
    /// What is on disk: the durable record, and the ε that the authentication keys have used up.
    pub written: Vec<Record>,
    pub spent: f64,
    /// `spent`, and the number of entries, when each message was sent; the number of entries when each key came.
    pub spent_at: Vec<f64>,
    pub written_at: Vec<usize>,
    pub written_at_keys: Vec<usize>,
    /// The backend; a test may put a faulty one here.
    pub compute: fn(&Job) -> Output,
    jobs: VecDeque<(JobId, Job)>,
    random: Random,
    pub pads_left: u64,
}

/// Seconds after which a silent peer is given up.
pub const SILENCE: u32 = 60;

/// Pads each direction holds.
pub const PADS: u64 = 1000;

impl Side {
    pub fn new(role: Role, profile: &Profile, records: VecDeque<RawBatch>, seed: &str) -> Self {
        Self::after(0.0, role, profile, records, seed)
    }

    /// With authentication keys that earlier sessions have used.
    pub fn after(spent: f64, role: Role, profile: &Profile, records: VecDeque<RawBatch>, seed: &str) -> Self {
        let session = Session::new(Config {
            role,
            profile: profile.clone(),
            alice_key: hash_key(Role::Alice),
            bob_key: hash_key(Role::Bob),
            alice_pad: 0,
            bob_pad: 0,
            spent,
        });
        Self {
            session: session.expect("a valid profile"),
            role,
            records,
            inbox: VecDeque::new(),
            keys: Vec::new(),
            reports: Vec::new(),
            sent: Vec::new(),
            written: Vec::new(),
            spent,
            spent_at: Vec::new(),
            written_at: Vec::new(),
            written_at_keys: Vec::new(),
            compute: |job| Level::Portable.run(job),
            jobs: VecDeque::new(),
            random: Random::new(&format!("{seed} {role:?}")),
            pads_left: PADS,
        }
    }

    /// Does everything the session asks for; messages for the peer are returned.
    fn settle(&mut self, now: Instant) -> Result<Vec<Vec<u8>>, SessionError> {
        let mut messages = Vec::new();
        loop {
            match self.session.poll() {
                Step::Send(message) => {
                    self.spent_at.push(self.spent);
                    self.written_at.push(self.written.len());
                    messages.push(message);
                }
                Step::Compute(id, job) => self.jobs.push_back((id, job)),
                Step::Draw(id, len) => {
                    let mut bytes = Zeroizing::new(vec![0; len]);
                    self.random.fill(&mut bytes);
                    self.session.handle(now, Input::Drawn(id, bytes))?;
                }
                Step::Reserve { sender, from, count } => {
                    assert!(from + u64::from(count) <= self.pads_left, "the test's pads are used up");
                    let pads = (from..from + u64::from(count)).map(|number| pad(sender, number)).collect();
                    self.session.handle(now, Input::Pads(sender, Pads::new(from, pads)))?;
                }
                Step::Peek { sender, number } => {
                    let pads = (number < self.pads_left).then(|| pad(sender, number)).into_iter().collect();
                    self.session.handle(now, Input::Pads(sender, Pads::new(number, pads)))?;
                }
                Step::Spend(total) => {
                    assert!(
                        total >= self.spent,
                        "{total:e} after {:e}: what is used up stays so",
                        self.spent
                    );
                    self.spent = total;
                }
                Step::Record(record) => self.written.push(record),
                Step::Key(key) => {
                    self.written_at_keys.push(self.written.len());
                    self.keys.push(key);
                }
                Step::Report(report) => self.reports.push(*report),
                Step::Wait(_) => return Ok(messages),
            }
        }
    }

    /// One step: a message, a job or a batch, whatever comes first. `None` when there is nothing to do.
    fn step(&mut self, now: Instant) -> Option<Result<Vec<Vec<u8>>, SessionError>> {
        let input = if let Some((id, job)) = self.jobs.pop_front() {
            Input::Done(Done { id, result: Ok((self.compute)(&job)) })
        } else if let Some(message) = self.inbox.pop_front() {
            Input::Message(message)
        } else if self.session.wants_pulses() && !self.records.is_empty() {
            Input::Pulses(self.records.pop_front()?)
        } else {
            return None;
        };
        let handled = self.session.handle(now, input);
        let settled = self.settle(now);
        Some(handled.and(settled))
    }
}

/// The hash key (k, b) both pools hold for messages of `sender`.
pub fn hash_key_numbers(sender: Role) -> (u128, u128) {
    match sender {
        Role::Alice => (11 << 100 | 7, 3 << 90),
        Role::Bob => (13 << 99 | 5, 9 << 80),
    }
}

fn hash_key(sender: Role) -> HashKey {
    let (k, b) = hash_key_numbers(sender);
    HashKey::new(k, b)
}

/// The pad both pools hold.
pub fn pad(sender: Role, number: u64) -> u128 {
    let mut bytes = [0; 16];
    Random::new(&format!("pad {sender:?} {number}")).fill(&mut bytes);
    u128::from_le_bytes(bytes)
}

/// What a test does to a message on its way: deliver these instead.
pub type Tamper<'a> = dyn FnMut(Role, usize, Vec<u8>) -> Vec<Vec<u8>> + 'a;

pub struct Pair {
    pub alice: Side,
    pub bob: Side,
    pub now: Instant,
}

impl Pair {
    pub fn new(scenario: &Scenario) -> Self {
        Self::after([0.0; 2], scenario)
    }

    /// With authentication keys of which Alice and Bob know so much to be used up.
    pub fn after(spent: [f64; 2], scenario: &Scenario) -> Self {
        let (alice, bob) = scenario.records();
        let side = |role, records| {
            let spent = spent[usize::from(Role::byte(role))];
            Side::after(spent, role, &scenario.profile, records, scenario.seed)
        };
        Self { alice: side(Role::Alice, alice), bob: side(Role::Bob, bob), now: Instant::now() }
    }

    /// Runs until nothing happens any more.
    pub fn run(&mut self) -> Result<(), (Role, SessionError)> {
        self.run_tampered(&mut |_, _, message| vec![message])
    }

    /// Runs with `tamper` between the two: it sees the sender, the number of the message and the message.
    pub fn run_tampered(&mut self, tamper: &mut Tamper<'_>) -> Result<(), (Role, SessionError)> {
        let now = self.now;
        for role in [Role::Alice, Role::Bob] {
            let (side, peer) = self.facing(role);
            let first = side.settle(now).map_err(|error| (side.role, error))?;
            deliver(side, peer, first, tamper);
        }
        loop {
            let mut idle = true;
            for role in [Role::Alice, Role::Bob] {
                let (side, peer) = self.facing(role);
                if let Some(result) = side.step(now) {
                    idle = false;
                    let messages = result.map_err(|error| (side.role, error))?;
                    deliver(side, peer, messages, tamper);
                }
            }
            if idle {
                return Ok(());
            }
        }
    }

    /// Runs to the bitter end: a side that fails takes nothing more, the other goes on until nothing happens any more, and
    /// then waits as long as the profile allows. What stopped Alice and Bob, if anything did.
    pub fn run_out(&mut self, tamper: &mut Tamper<'_>) -> [Option<SessionError>; 2] {
        const ROLES: [Role; 2] = [Role::Alice, Role::Bob];
        let (now, mut stopped) = (self.now, [None, None]);
        for role in ROLES {
            let (side, peer) = self.facing(role);
            let first = side.settle(now).expect("a session starts without its peer");
            deliver(side, peer, first, tamper);
        }
        let mut idle = false;
        while !std::mem::replace(&mut idle, true) {
            for (role, stopped) in ROLES.into_iter().zip(&mut stopped) {
                let (side, peer) = self.facing(role);
                if stopped.is_some() {
                    continue;
                }
                let Some(result) = side.step(now) else { continue };
                idle = false;
                match result {
                    Ok(messages) => deliver(side, peer, messages, tamper),
                    Err(error) => *stopped = Some(error),
                }
            }
        }
        for (role, stopped) in ROLES.into_iter().zip(&mut stopped) {
            *stopped = stopped.take().or_else(|| self.silence(role, SILENCE.into()).err());
        }
        stopped
    }

    fn facing(&mut self, role: Role) -> (&mut Side, &mut Side) {
        match role {
            Role::Alice => (&mut self.alice, &mut self.bob),
            Role::Bob => (&mut self.bob, &mut self.alice),
        }
    }

    /// Lets `seconds` pass for `role` without a message.
    pub fn silence(&mut self, role: Role, seconds: u64) -> Result<(), SessionError> {
        let later = self.now + Duration::from_secs(seconds);
        self.facing(role).0.session.handle(later, Input::Timeout)
    }

    /// Both sides' keys, which must be the same.
    pub fn equal_keys(&self) -> Vec<&Bits> {
        assert_eq!(self.alice.keys.len(), self.bob.keys.len(), "one side delivered more keys");
        for (a, b) in self.alice.keys.iter().zip(&self.bob.keys) {
            assert_eq!(a.block(), b.block());
            assert!(a.expose() == b.expose(), "keys of block {} differ", a.block());
            assert!(!a.is_empty());
        }
        self.alice.keys.iter().map(SecretKey::expose).collect()
    }
}

fn deliver(side: &mut Side, peer: &mut Side, messages: Vec<Vec<u8>>, tamper: &mut Tamper<'_>) {
    for message in messages {
        side.sent.push(message.clone());
        peer.inbox.extend(tamper(side.role, side.sent.len() - 1, message));
    }
}
