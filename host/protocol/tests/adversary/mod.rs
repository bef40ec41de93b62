//! Adversaries on the classical channel: [`Change`] is what somebody without keys can do to a message, [`Forger`] a peer
//! who holds the authentication keys and does not keep to the protocol.
#![allow(dead_code, unreachable_pub, reason = "several test programs share this, and each uses a part")]

use std::sync::Arc;

use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Bits, Job, Level, Output};
use qkdpp_protocol::wire::message::decode_bits;
use qkdpp_protocol::wire::{HEADER_LEN, Header, Kind, Role, TAGGED, TRAILER_LEN};

use crate::pair::{Pair, Scenario, Side, hash_key_numbers, pad};

/// Fields of the header and where they stand, WIRE.md §1.
pub const FIELDS: [(&str, usize); 10] = [
    ("magic", 0),
    ("version", 4),
    ("sender", 5),
    ("kind", 6),
    ("flags", 7),
    ("session", 8),
    ("block", 24),
    ("sequence", 32),
    ("profile", 40),
    ("length", 72),
];

/// What happens to one message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A bit of the named field is flipped.
    Header(&'static str),
    /// A bit of the payload is flipped: 0 in its first, 1 in its middle, 2 in its last byte.
    Payload(usize),
    /// A bit of the pad's number is flipped.
    PadNumber,
    /// A bit of the tag is flipped.
    Tag,
    /// The last byte is missing.
    Cut,
    /// Everything is missing.
    CutAll,
    /// A byte follows.
    Append,
    /// The message arrives twice.
    Replay,
    /// It never arrives.
    Drop,
    /// It arrives after the next one.
    Swap,
    /// The receiver's own last message arrives instead.
    Reflect,
    /// The message with the same number of another session arrives instead.
    Splice,
}

impl Change {
    /// Every change.
    pub fn all() -> Vec<Self> {
        let fields = FIELDS.iter().map(|&(name, _)| Self::Header(name));
        let payload = (0..3).map(Self::Payload);
        let whole = [
            Self::PadNumber,
            Self::Tag,
            Self::Cut,
            Self::CutAll,
            Self::Append,
            Self::Replay,
            Self::Drop,
            Self::Swap,
            Self::Reflect,
            Self::Splice,
        ];
        fields.chain(payload).chain(whole).collect()
    }

    /// Whether `message` has the part that is to be changed.
    pub fn applies_to(self, message: &[u8]) -> bool {
        match self {
            Self::Payload(_) => !payload(message).is_empty(),
            Self::PadNumber | Self::Tag => is_tagged(message),
            _ => true,
        }
    }
}

/// Kind byte of a message.
pub fn kind(message: &[u8], from: Role) -> Kind {
    Header::parse(message, from).expect("an honest message").0.kind
}

fn is_tagged(message: &[u8]) -> bool {
    message[7] & TAGGED != 0
}

fn payload(message: &[u8]) -> std::ops::Range<usize> {
    HEADER_LEN..message.len() - if is_tagged(message) { TRAILER_LEN } else { 0 }
}

/// Applies `change` to message number `at` of `from`.
pub struct Meddler<'a> {
    pub change: Change,
    pub from: Role,
    pub at: usize,
    /// Messages of the same side in another session.
    pub others: &'a [Vec<u8>],
    held: Option<Vec<u8>>,
    /// The last message of the other side.
    answer: Vec<u8>,
}

impl<'a> Meddler<'a> {
    pub fn new(change: Change, from: Role, at: usize, others: &'a [Vec<u8>]) -> Self {
        Self { change, from, at, others, held: None, answer: Vec::new() }
    }

    /// What arrives instead of `message`.
    pub fn pass(&mut self, from: Role, number: usize, mut message: Vec<u8>) -> Vec<Vec<u8>> {
        if from != self.from {
            self.answer.clone_from(&message);
            return vec![message];
        }
        if number != self.at {
            return std::iter::once(message).chain(self.held.take()).collect();
        }
        let payload = payload(&message);
        let trailer = payload.end;
        match self.change {
            Change::Header(name) => {
                let (_, offset) =
                    FIELDS.iter().find(|(field, _)| *field == name).expect("a field of the header");
                message[*offset] ^= 1;
            }
            Change::Payload(place) => message[payload.start + place * (payload.len() - 1) / 2] ^= 1,
            Change::PadNumber => message[trailer] ^= 1,
            Change::Tag => message[trailer + 8] ^= 1,
            Change::Cut => message.truncate(message.len() - 1),
            Change::CutAll => message.clear(),
            Change::Append => message.push(0),
            Change::Replay => return vec![message.clone(), message],
            Change::Drop => return Vec::new(),
            Change::Swap => {
                self.held = Some(message);
                return Vec::new();
            }
            Change::Reflect => return vec![self.answer.clone()],
            Change::Splice => return vec![self.others[number.min(self.others.len() - 1)].clone()],
        }
        vec![message]
    }
}

/// A fresh pair on records drawn before.
pub fn pair(scenario: &Scenario, records: &(Records, Records)) -> Pair {
    let side = |role, records: &Records| Side::new(role, &scenario.profile, records.clone(), scenario.seed);
    Pair {
        alice: side(Role::Alice, &records.0),
        bob: side(Role::Bob, &records.1),
        now: std::time::Instant::now(),
    }
}

/// Raw batches of one side.
pub type Records = std::collections::VecDeque<qkdpp_protocol::RawBatch>;

/// A dishonest peer: passes on the messages of one side, changed as it likes, under tags that verify. The tags are
/// computed by the book from WIRE.md §2, not by the code under test.
pub struct Forger {
    sender: Role,
    sequence: u64,
    pad: u64,
    transcript: Vec<u8>,
}

impl Forger {
    pub fn new(sender: Role) -> Self {
        Self { sender, sequence: 0, pad: 0, transcript: Vec::new() }
    }

    /// `message` with the changes that `edit` makes to its header and payload.
    pub fn pass(&mut self, message: &[u8], edit: impl FnOnce(&mut Header, &mut Vec<u8>)) -> Vec<u8> {
        let (mut header, payload, _) = Header::parse(message, self.sender).expect("an honest message");
        let mut payload = payload.to_vec();
        edit(&mut header, &mut payload);
        self.message(header, &payload)
    }

    /// A message of its own, numbered and tagged as the next one.
    pub fn message(&mut self, mut header: Header, payload: &[u8]) -> Vec<u8> {
        header.sequence = self.sequence;
        self.sequence += 1;
        let mut message = header.frame(payload);
        self.transcript.extend(&message);
        if header.kind.flags() & TAGGED != 0 {
            self.transcript.extend(self.pad.to_le_bytes());
            let (k, b) = hash_key_numbers(self.sender);
            let tag = poly_hash(k, &std::mem::take(&mut self.transcript)) ^ b ^ pad(self.sender, self.pad);
            message.extend(self.pad.to_le_bytes());
            message.extend(tag.to_le_bytes());
            self.pad += 1;
        }
        message
    }
}

/// The polynomial hash of SPEC §6 by the reference implementation.
fn poly_hash(key: u128, bytes: &[u8]) -> u128 {
    let bits = decode_bits(bytes, bytes.len() * 8).expect("whole bytes");
    let job = PolyHash::new(key, Arc::<Bits>::new(bits), usize::MAX).expect("one segment");
    let Output::PolyHash(hashes) = Level::Reference.run(&Job::PolyHash(job)) else { unreachable!("a hash") };
    hashes[0]
}

/// Runs with a dishonest `sender`: `edit` sees the kind and, counted from 0 within the kind, the number of each of his
/// messages, and may change it.
pub fn run_forged(
    pair: &mut Pair,
    sender: Role,
    mut edit: impl FnMut(Kind, usize, &mut Header, &mut Vec<u8>),
) -> [Option<qkdpp_protocol::SessionError>; 2] {
    let mut seen = Vec::new();
    run_with_forger(pair, sender, |forger, message, kind| {
        let number = seen.iter().filter(|known| **known == kind).count();
        seen.push(kind);
        vec![forger.pass(message, |header, payload| edit(kind, number, header, payload))]
    })
}

/// Runs with a dishonest `sender`, who sends whatever `replace` makes of each of his messages.
pub fn run_with_forger(
    pair: &mut Pair,
    sender: Role,
    mut replace: impl FnMut(&mut Forger, &[u8], Kind) -> Vec<Vec<u8>>,
) -> [Option<qkdpp_protocol::SessionError>; 2] {
    let mut forger = Forger::new(sender);
    pair.run_out(&mut |from, _, message| {
        if from == sender { replace(&mut forger, &message, kind(&message, sender)) } else { vec![message] }
    })
}
