//! What must hold whatever happened, counted from the messages on the wire and from what the two sides delivered. Nothing here
//! asks the code under test for a number it could have got wrong: messages are read by their offsets in WIRE.md, and the
//! key's length is computed again from the proof's formula.

use std::collections::HashMap;

use qkdpp_protocol::ledger::Leak;
use qkdpp_protocol::{BlockReport, Role};

use crate::formula;

/// Kinds of messages, WIRE.md §5.
mod kind {
    pub(super) const HELLO: u8 = 1;
    pub(super) const BASES: u8 = 3;
    pub(super) const SIFTING: u8 = 4;
    pub(super) const TEST_BITS: u8 = 5;
    pub(super) const PARITIES: u8 = 7;
    pub(super) const SYNDROMES: u8 = 8;
    pub(super) const DISCLOSURE: u8 = 10;
    pub(super) const VERIFY: u8 = 12;
}

const HEADER: usize = 76;
const TRAILER: usize = 24;

/// A block of a session: session id and number.
type BlockId = ([u8; 16], u64);

/// What crossed the wire for one block, as its senders sent it.
#[derive(Default)]
struct Traffic {
    bases_bytes: u64,
    matched: u64,
    test: [Vec<u8>; 2],
    test_bits: u64,
    /// Payload bits and messages of Alice's parities, syndromes and disclosed bits.
    parities: (u64, u64),
    syndromes: (u64, u64),
    disclosed: (u64, u64),
    tags: u64,
}

/// A key as one side delivered it.
struct Delivered {
    bytes: Vec<u8>,
    bits: usize,
    report: Option<BlockReport>,
}

/// Everything that was seen in one schedule.
#[derive(Default)]
pub(crate) struct Audit {
    /// By sender and number of the pad.
    tags: HashMap<(u8, u64), Vec<u8>>,
    /// By side and direction: the number after the last pad handed out.
    handed_out: [[u64; 2]; 2],
    traffic: HashMap<BlockId, Traffic>,
    keys: [HashMap<BlockId, Delivered>; 2],
    /// The session each side is in.
    session: [[u8; 16]; 2],
    /// Sessions in which a process died: a key that Bob released may have died with it.
    died: Vec<[u8; 16]>,
    /// Keys that both sides have.
    pub(crate) shared: u64,
    /// The first promise that was broken.
    broken: Option<String>,
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}

impl Audit {
    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some(what());
        }
    }

    /// The first promise that was broken.
    pub(crate) fn verdict(mut self) -> Result<(), String> {
        self.nobody_has_a_key_alone();
        self.broken.map_or(Ok(()), Err)
    }

    /// A message leaves `sender`.
    pub(crate) fn sent(&mut self, sender: Role, message: &[u8]) {
        let (kind, tagged) = (message[6], message[7] & 1 == 1);
        let end = message.len() - if tagged { TRAILER } else { 0 };
        if tagged {
            let pad = u64_at(message, end);
            let tag = message[end + 8..].to_vec();
            let earlier = self.tags.insert((sender.byte(), pad), tag);
            self.check(earlier.is_none(), || format!("pad {pad} of {sender:?} has hidden two tags"));
        }
        if kind == kind::HELLO {
            self.session[usize::from(sender.byte())] = [0; 16];
            return;
        }
        let session = std::array::from_fn(|index| message[8 + index]);
        self.session[usize::from(sender.byte())] = session;
        let traffic = self.traffic.entry((session, u64_at(message, 24))).or_default();
        traffic.count(sender, kind, &message[HEADER..end]);
    }

    /// The store of `side` hands out pads.
    pub(crate) fn reserved(&mut self, side: Role, sender: Role, from: u64, count: u32) {
        let next = &mut self.handed_out[usize::from(side.byte())][usize::from(sender.byte())];
        let least = std::mem::replace(next, from + u64::from(count));
        self.check(from >= least, || {
            format!("{side:?} got pad {from} for messages of {sender:?} after all below {least}")
        });
    }

    /// `side` delivers a key.
    pub(crate) fn key(&mut self, side: Role, block: u64, bytes: Vec<u8>, bits: usize) {
        let id = (self.session[usize::from(side.byte())], block);
        let other = self.keys[usize::from(side.peer().byte())].get(&id);
        let equal = other.map(|other| other.bytes == bytes && other.bits == bits);
        self.shared += u64::from(equal == Some(true));
        self.check(equal != Some(false), || format!("two different keys of block {}", id.1));
        let earlier = self.keys[usize::from(side.byte())].insert(id, Delivered { bytes, bits, report: None });
        self.check(earlier.is_none(), || format!("{side:?} delivered block {} twice", id.1));
        self.check(bits > 0, || format!("an empty key of block {}", id.1));
    }

    /// `side` reports the end of a block; if there is a key, it was delivered just before.
    pub(crate) fn report(&mut self, side: Role, report: BlockReport) {
        let id = (self.session[usize::from(side.byte())], report.block);
        let Some(key) = self.keys[usize::from(side.byte())].get(&id) else {
            let secret = report.ledger.secret;
            self.check(secret == 0, || format!("{side:?} reports {secret} secret bits without a key"));
            return;
        };
        let bits = key.bits;
        let Some(traffic) = self.traffic.get(&id) else {
            self.check(false, || format!("a key of block {} without messages", id.1));
            return;
        };
        let account = traffic.account(&report, bits);
        self.check(account.is_ok(), || format!("{side:?}, block {}: {}", id.1, account.unwrap_err()));
        if let Some(key) = self.keys[usize::from(side.byte())].get_mut(&id) {
            key.report = Some(report);
        }
    }

    /// The process of `side` died.
    pub(crate) fn died(&mut self, side: Role) {
        self.died.push(self.session[usize::from(side.byte())]);
    }

    /// Bob releases a key with his Final, Alice hers on its arrival. So Bob may be the only one, Alice never, except that a
    /// dying Bob may lose a key that he had released.
    fn nobody_has_a_key_alone(&mut self) {
        let [alice, bob] = &self.keys;
        let alone = alice.iter().find(|(id, _)| !bob.contains_key(*id) && !self.died.contains(&id.0));
        let alone = alone.map(|((_, block), _)| *block);
        self.check(alone.is_none(), || format!("Alice alone has the key of block {alone:?}"));
        let [alice, bob] = &self.keys;
        let ledgers = |id| Some((alice.get(id)?.report.as_ref()?, bob.get(id)?.report.as_ref()?));
        let differ = alice.keys().filter_map(ledgers).any(|(alice, bob)| alice.ledger != bob.ledger);
        self.check(!differ, || "one key, two ledgers".into());
    }
}

impl Traffic {
    fn count(&mut self, sender: Role, kind: u8, payload: &[u8]) {
        let bits = 8 * payload.len() as u64;
        let add = |sum: &mut (u64, u64)| *sum = (sum.0 + bits, sum.1 + 1);
        match (sender, kind) {
            (Role::Bob, kind::BASES) => self.bases_bytes = payload.len() as u64,
            (Role::Alice, kind::SIFTING) => {
                // One bit per detection, the seed, then the test bits.
                let (matched, rest) = payload.split_at(self.bases_bytes as usize);
                self.matched = matched.iter().map(|byte| u64::from(byte.count_ones())).sum();
                self.test_bits = u64_at(rest, 32);
                self.test[0] = rest[40..].to_vec();
            }
            (Role::Bob, kind::TEST_BITS) => self.test[1] = payload.to_vec(),
            (Role::Alice, kind::PARITIES) => add(&mut self.parities),
            (Role::Alice, kind::SYNDROMES) => add(&mut self.syndromes),
            (Role::Alice, kind::DISCLOSURE) => add(&mut self.disclosed),
            // Hash key, alarm, tags.
            (Role::Alice, kind::VERIFY) => self.tags = bits - 128 - 8,
            _ => {}
        }
    }

    /// Whether `report` leaves nothing out, and the key is no longer than the proof allows.
    fn account(&self, report: &BlockReport, key_bits: usize) -> Result<(), String> {
        let ledger = &report.ledger;
        let leaked = |kind| ledger.leaks.iter().filter(|leak| leak.0 == kind).map(|leak| leak.1).sum::<u64>();
        // A message of bits is filled up to whole bytes.
        let counts = [
            (Leak::CascadeParities, self.parities),
            (Leak::Syndromes, self.syndromes),
            (Leak::Disclosure, self.disclosed),
        ];
        for (kind, (bits, messages)) in counts {
            let (least, got) = (bits.saturating_sub(7 * messages), leaked(kind));
            if !(least..=bits).contains(&got) {
                return Err(format!("{kind:?}: {got} bits in the ledger, {least} to {bits} on the wire"));
            }
        }
        let segments = self.tags / formula::TAG_BITS;
        let differing = self.test[0].iter().zip(&self.test[1]).map(|(a, b)| u64::from((a ^ b).count_ones()));
        let (errors, sifted) = (differing.sum::<u64>(), self.matched - self.test_bits);
        for (what, got, want) in [
            ("bits of tags", leaked(Leak::VerificationTags), self.tags),
            ("verdicts", leaked(Leak::Verdicts), segments),
            ("sifted bits", ledger.sifted, sifted),
            ("test bits", report.n_test.iter().sum(), self.test_bits),
            ("test errors", report.m_test.iter().sum(), errors),
            ("secret bits", ledger.secret, key_bits as u64),
        ] {
            if got != want {
                return Err(format!("{what}: {got} in the ledger, {want} on the wire"));
            }
        }
        let epsilon = ledger.epsilon.map_or(0.0, |epsilon| epsilon.total());
        formula::check(ledger, self.test_bits, errors, segments, epsilon)
    }
}
