//! Sessions under arbitrary inputs: an honest beginning, then whatever the fuzzer makes of messages, jobs, pads and time,
//! with a third party who has no keys, or with a peer who has them and is dishonest.
//!
//! * Nothing panics; an error stops a session, and a stopped one delivers, asks and accepts nothing more.
//! * Without a dishonest peer, a key comes only after exactly the peer's messages up to its Final, and both sides' keys
//!   of a block are equal.
//!
//! Input: which link and who is dishonest (1 byte), turns that pass undisturbed (1), then operations.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use qkdpp_kernels::{Done, Fault, Job, JobId, Level};
use qkdpp_protocol::{Config, DrawId, Input, Pads, RawBatch, Role, SecretKey, Session, SessionError, Step};
use zeroize::Zeroizing;

use crate::forger::Forger;
use crate::input::Bytes;
use crate::link::{LINKS, Link, hash_key, mix, pad};

const ROLES: [Role; 2] = [Role::Alice, Role::Bob];
/// Byte of a header that holds the kind, and the kind of the message that decides a key.
const KIND_AT: usize = 6;
const FINAL: u8 = 15;
/// Operations of one input; more only cost time.
const OPERATIONS: usize = 200;

/// Checks one input.
///
/// # Panics
/// If a promise is broken.
pub fn run(data: &[u8]) {
    let mut input = Bytes(data);
    let (setting, undisturbed) = (input.u8(), input.u8());
    let dishonest = [None, None, Some(Role::Alice), Some(Role::Bob)][usize::from(setting >> 1 & 3)];
    let mut pair = Pair::new(&LINKS[usize::from(setting & 1)], dishonest);
    pair.run(usize::from(undisturbed) * 4);
    for _ in 0..OPERATIONS {
        if input.is_empty() {
            break;
        }
        pair.operate(&mut input);
        pair.check();
    }
}

fn at(role: Role) -> usize {
    usize::from(role.byte())
}

/// One side with its driver.
struct Side {
    session: Session,
    records: VecDeque<RawBatch>,
    jobs: VecDeque<(JobId, Job)>,
    inbox: VecDeque<Vec<u8>>,
    /// Messages as they left, and how many of the peer's have arrived in order and unchanged; `None` after another one.
    sent: Vec<Vec<u8>>,
    received: usize,
    intact: bool,
    keys: Vec<SecretKey>,
    draws: u64,
    stopped: bool,
}

/// Alice and Bob, a virtual clock, and the fuzzer in between.
pub(crate) struct Pair {
    sides: [Side; 2],
    dishonest: Option<(Role, Forger)>,
    now: Instant,
}

impl Pair {
    pub(crate) fn new(link: &Link, dishonest: Option<Role>) -> Self {
        let sides = ROLES.map(|role| Side::new(role, link));
        let mut pair =
            Self { sides, dishonest: dishonest.map(|role| (role, Forger::new(role))), now: Instant::now() };
        for role in ROLES {
            pair.drive(role, None, &mut Bytes(&[]));
        }
        pair
    }

    /// So many undisturbed turns, or until nothing happens any more.
    pub(crate) fn run(&mut self, turns: usize) {
        for _ in 0..turns {
            if !ROLES.map(|role| self.step(role, &mut Bytes(&[]))).contains(&true) {
                return;
            }
        }
    }

    /// Numbers of keys.
    pub(crate) fn keys(&self) -> [usize; 2] {
        [0, 1].map(|side| self.sides[side].keys.len())
    }

    /// All messages.
    pub(crate) fn sent(self) -> [Vec<Vec<u8>>; 2] {
        self.sides.map(|side| side.sent)
    }

    /// What is due at this side: a job, a message or a batch. Whether there was anything.
    fn step(&mut self, role: Role, input: &mut Bytes<'_>) -> bool {
        let side = &mut self.sides[at(role)];
        let next = if let Some((id, job)) = side.jobs.pop_front() {
            Input::Done(Done { id, result: Ok(Level::Portable.run(&job)) })
        } else if let Some(message) = side.inbox.pop_front() {
            Input::Message(message)
        } else if side.session.wants_pulses()
            && let Some(batch) = side.records.pop_front()
        {
            Input::Pulses(batch)
        } else {
            return false;
        };
        self.drive(role, Some(next), input);
        true
    }

    /// One operation of the fuzzer.
    fn operate(&mut self, input: &mut Bytes<'_>) {
        let operation = input.u8();
        let role = ROLES[usize::from(operation & 1)];
        let side = &mut self.sides[at(role)];
        match operation >> 1 & 15 {
            0 => {
                let turns = usize::from(input.u8());
                for _ in 0..turns {
                    if !ROLES.map(|role| self.step(role, input)).contains(&true) {
                        break;
                    }
                }
            }
            1 | 2 => {
                self.step(role, input);
            }
            3 => {
                let place = usize::from(input.u16());
                let change = input.u8();
                if let Some(message) = side.inbox.front_mut()
                    && !message.is_empty()
                {
                    let place = place % message.len();
                    message[place] ^= change;
                }
            }
            4 => drop(side.inbox.pop_front()),
            5 => side.inbox.extend(side.inbox.front().cloned().into_iter().collect::<Vec<_>>()),
            6 if side.inbox.len() > 1 => side.inbox.swap(0, 1),
            7 => {
                let len = usize::from(input.u16());
                side.inbox.iter_mut().take(1).for_each(|message| message.truncate(len));
            }
            8 => {
                let len = usize::from(input.u16());
                let message = input.take(len);
                side.inbox.push_front(message);
            }
            9 => {
                // An older message, of either side.
                let (from, number) = (ROLES[usize::from(input.u8() & 1)], usize::from(input.u16()));
                let sent = &self.sides[at(from)].sent;
                let old = sent.get(number % sent.len().max(1)).cloned();
                self.sides[at(role)].inbox.extend(old);
            }
            10 => {
                self.now += Duration::from_secs(input.u8().into());
                self.drive(role, Some(Input::Timeout), input);
            }
            11 => {
                if let Some((id, job)) = side.jobs.pop_front() {
                    let fault = Fault::Device { backend: "fuzz".into(), reason: "a planned fault".into() };
                    self.drive(role, Some(Input::Done(Done { id, result: Err((fault, job)) })), input);
                }
            }
            12 => {
                let (id, len) = (DrawId(input.u8().into()), usize::from(input.u8()));
                let bytes = Zeroizing::new(input.take(len));
                self.drive(role, Some(Input::Drawn(id, bytes)), input);
            }
            13 => {
                let (sender, from) = (ROLES[usize::from(input.u8() & 1)], u64::from(input.u16()));
                let pads = Pads::new(
                    from,
                    (0..u64::from(input.u8())).map(|number| pad(sender, from + number)).collect(),
                );
                self.drive(role, Some(Input::Pads(sender, pads)), input);
            }
            14 => {
                if let Some(mut batch) = side.records.pop_front() {
                    batch.first_slot ^= u64::from(input.u8());
                    batch.slots ^= u32::from(input.u8());
                    let len = batch.basis.len() ^ usize::from(input.u8());
                    batch.basis = qkdpp_kernels::Bits::zeros(len);
                    self.drive(role, Some(Input::Pulses(batch)), input);
                }
            }
            _ => {
                let other = side.jobs.len() > 1;
                if other {
                    side.jobs.rotate_left(1);
                }
            }
        }
    }

    /// Hands in `next` and does what the session asks for.
    fn drive(&mut self, role: Role, next: Option<Input>, input: &mut Bytes<'_>) {
        let [alice, bob] = &mut self.sides;
        let (side, peer) = if role == Role::Alice { (alice, bob) } else { (bob, alice) };
        if let Some(next) = next {
            if let Input::Message(message) = &next {
                side.intact &= peer.sent.get(side.received) == Some(message);
                side.received += usize::from(side.intact);
            }
            side.handle(self.now, next);
        }
        while let Some(message) = side.poll(role, self.now) {
            side.sent.push(message.clone());
            match &mut self.dishonest {
                Some((cheat, forger)) if *cheat == role => peer.inbox.extend(forger.pass(&message, input)),
                _ => peer.inbox.push_back(message),
            }
        }
    }

    fn check(&mut self) {
        for side in &mut self.sides {
            if side.stopped {
                let refused = side.session.handle(self.now, Input::Timeout);
                assert_eq!(refused, Err(SessionError::Stopped));
                assert!(
                    matches!(side.session.poll(), Step::Wait(None)),
                    "a stopped session asks for something"
                );
                assert_eq!(side.session.open_blocks(), 0);
            }
        }
        if self.dishonest.is_some() {
            return;
        }
        let [alice, bob] = &self.sides;
        for (side, peer) in [(alice, bob), (bob, alice)] {
            for key in &side.keys {
                let decided = |message: &Vec<u8>| {
                    message[KIND_AT] == FINAL && message[24..32] == key.block().to_le_bytes()
                };
                assert!(peer.sent[..side.received].iter().any(decided), "a key without the peer's Final");
            }
        }
        for key in &alice.keys {
            let other = bob.keys.iter().find(|other| other.block() == key.block());
            assert!(other.is_some_and(|other| other.expose() == key.expose()), "Alice's key is not Bob's");
        }
    }
}

impl Side {
    fn new(role: Role, link: &Link) -> Self {
        let session = Session::new(Config {
            role,
            profile: link.profile.clone(),
            alice_key: hash_key(Role::Alice),
            bob_key: hash_key(Role::Bob),
            alice_pad: 0,
            bob_pad: 0,
            spent: 0.0,
        });
        Self {
            session: session.expect("a valid profile"),
            records: link.records[at(role)].iter().cloned().collect(),
            jobs: VecDeque::new(),
            inbox: VecDeque::new(),
            sent: Vec::new(),
            received: 0,
            intact: true,
            keys: Vec::new(),
            draws: 0,
            stopped: false,
        }
    }

    fn handle(&mut self, now: Instant, input: Input) {
        let result = self.session.handle(now, input);
        assert!(!self.stopped || result == Err(SessionError::Stopped), "{result:?} from a stopped session");
        self.stopped |= result.is_err();
    }

    /// Does what the session asks for, up to the next message.
    fn poll(&mut self, role: Role, now: Instant) -> Option<Vec<u8>> {
        loop {
            match self.session.poll() {
                Step::Send(message) => return Some(message),
                Step::Compute(id, job) => self.jobs.push_back((id, job)),
                Step::Draw(id, len) => {
                    self.draws += 1;
                    let mut state = self.draws << 1 | u64::from(role.byte());
                    let bytes = (0..len).map(|_| mix(&mut state) as u8).collect();
                    self.handle(now, Input::Drawn(id, Zeroizing::new(bytes)));
                }
                Step::Reserve { sender, from, count } => {
                    let pads = (from..from.saturating_add(count.into())).map(|number| pad(sender, number));
                    self.handle(now, Input::Pads(sender, Pads::new(from, pads.collect())));
                }
                Step::Peek { sender, number } => {
                    self.handle(now, Input::Pads(sender, Pads::new(number, vec![pad(sender, number)])));
                }
                Step::Key(key) => self.keys.push(key),
                Step::Spend(_) | Step::Record(_) | Step::Report(_) => {}
                Step::Wait(_) => return None,
            }
        }
    }
}
