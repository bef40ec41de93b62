//! The authenticated message channel of a session: framing, sequence numbers, tags, pads and the handshake.
//!
//! Messages leave in the order in which they were made; a tagged one waits until a pad is at hand. Received messages
//! wait likewise. Untagged messages are acted upon at once, but nothing is final before a tag has covered them: a key
//! needs the peer's tagged Final message, whose tag covers everything before it.
//!
//! ```text
//! Alice  Reserve ─▶ Hello ─────────────────┐                             ┌─▶ Peek ─▶ tag ok ─▶ Reserve ─▶ open
//! Bob                                      └─▶ Peek ─▶ tag ok ─▶ Reserve both ─▶ Hello, open
//! ```
//! Nobody without the keys makes a side burn pads: those of the peer are only looked at until its Hello has verified, and
//! Bob takes none of his own before.

use std::collections::VecDeque;

use sha3::{Digest, Sha3_256};

use super::{Config, Step};
use crate::auth::{Pads, Transcript, UNTAGGED_LIMIT};
use crate::error::{ProtocolError, SessionError};
use crate::profile::Profile;
use crate::wire::codec::Writer;
use crate::wire::message::{Hello, NONCE_LEN};
use crate::wire::{HEADER_LEN, Header, Kind, Role, TAGGED, TRAILER_LEN, hex};

/// Pads asked for at a time, and the stock below which more are asked for.
const PADS_AT_ONCE: u32 = 64;
const PADS_LOW: usize = 16;

/// A received message, in order and, if it is tagged, authenticated.
pub(super) struct Received {
    pub kind: Kind,
    pub block: u64,
    message: Vec<u8>,
    payload_len: usize,
}

impl Received {
    pub(super) fn payload(&self) -> &[u8] {
        &self.message[HEADER_LEN..HEADER_LEN + self.payload_len]
    }
}

/// One direction: its transcript, its next message and its pads.
struct Direction {
    transcript: Transcript,
    sequence: u64,
    next_pad: u64,
    requested: bool,
}

impl Direction {
    /// Whether the pad and the session id that `next` needs are there.
    fn can_leave(&self, next: &Outgoing, open: bool) -> bool {
        match next {
            Outgoing::Message(kind, ..) => {
                let tagged = kind.flags() & TAGGED != 0;
                (!tagged || self.transcript.pads() > 0) && (*kind == Kind::Hello || open)
            }
            Outgoing::Then(_) => true,
        }
    }

    /// The request for more pads, if they run low.
    fn request(&mut self, sender: Role) -> Option<Step> {
        if self.requested || self.transcript.pads() >= PADS_LOW {
            return None;
        }
        self.requested = true;
        let from = self.next_pad;
        self.next_pad += u64::from(PADS_AT_ONCE);
        Some(Step::Reserve { sender, from, count: PADS_AT_ONCE })
    }
}

/// What leaves in order: a step that a message decides, such as the release of a key, leaves after it.
enum Outgoing {
    Message(Kind, u64, Vec<u8>),
    Then(Step),
}

/// How far the peer's Hello has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeting {
    /// It is not here.
    Awaited,
    /// Its pad was asked for, which is not burnt yet.
    Peeking,
    /// Its tag has verified. It counts once its pad is burnt, so that it cannot be replayed.
    Burning,
    /// Over: pads of the peer are burnt as they come.
    Done,
}

pub(super) struct Channel {
    role: Role,
    profile: [u8; 32],
    session: Option<[u8; 16]>,
    ours: Option<Hello>,
    theirs: Option<Hello>,
    /// ε that this side knows to be used up with the authentication keys.
    spent: f64,
    send: Direction,
    receive: Direction,
    greeting: Greeting,
    untagged_limit: u64,
    outgoing: VecDeque<Outgoing>,
    incoming: VecDeque<Vec<u8>>,
    ready: Vec<Step>,
}

impl Channel {
    pub(super) fn new(config: &Config) -> Self {
        let direction = |sender: Role| {
            let (key, next_pad) = match sender {
                Role::Alice => (&config.alice_key, config.alice_pad),
                Role::Bob => (&config.bob_key, config.bob_pad),
            };
            Direction { transcript: Transcript::new(key.clone()), sequence: 0, next_pad, requested: false }
        };
        Self {
            role: config.role,
            profile: config.profile.hash(),
            session: None,
            ours: None,
            theirs: None,
            spent: config.spent,
            send: direction(config.role),
            receive: direction(config.role.peer()),
            greeting: Greeting::Awaited,
            untagged_limit: untagged_limit(&config.profile),
            outgoing: VecDeque::new(),
            incoming: VecDeque::new(),
            ready: Vec::new(),
        }
    }

    /// Whether both nonces are known and authenticated.
    pub(super) fn is_open(&self) -> bool {
        self.session.is_some()
    }

    /// The session's id and the ε used up before it: the larger total of the two sides, so that both start from the same.
    /// `None` until the handshake is done.
    pub(super) fn opened(&self) -> Option<([u8; 16], f64)> {
        let (ours, theirs) = (self.ours?, self.theirs?);
        Some((self.session?, ours.spent.max(theirs.spent)))
    }

    /// Whether everything that was decided has left.
    pub(super) fn is_idle(&self) -> bool {
        self.outgoing.is_empty()
    }

    pub(super) fn tags_sent(&self) -> u64 {
        self.send.transcript.tags()
    }

    /// Starts the handshake with this side's nonce.
    pub(super) fn hello(&mut self, nonce: [u8; NONCE_LEN]) {
        let hello = Hello { nonce, spent: self.spent };
        self.ours = Some(hello);
        self.outgoing.push_front(Outgoing::Message(Kind::Hello, 0, hello.encode()));
        self.agree();
    }

    pub(super) fn send(&mut self, kind: Kind, block: u64, payload: Vec<u8>) {
        self.outgoing.push_back(Outgoing::Message(kind, block, payload));
    }

    /// Lets `step` leave after all messages so far.
    pub(super) fn then(&mut self, step: Step) {
        self.outgoing.push_back(Outgoing::Then(step));
    }

    /// Drops all messages and wipes the pads; the pads are burnt.
    pub(super) fn abandon(&mut self) {
        self.outgoing.clear();
        self.incoming.clear();
        self.ready.clear();
        self.send.transcript.forget_pads();
        self.receive.transcript.forget_pads();
    }

    pub(super) fn supply(&mut self, sender: Role, pads: Pads) {
        let direction = if sender == self.role { &mut self.send } else { &mut self.receive };
        direction.requested = false;
        direction.transcript.supply(pads);
    }

    pub(super) fn push(&mut self, message: Vec<u8>) {
        self.incoming.push_back(message);
    }

    /// Messages that can leave and requests for pads.
    pub(super) fn steps(&mut self) -> Vec<Step> {
        while let Some(next) = self.outgoing.pop_front() {
            if !self.send.can_leave(&next, self.is_open()) {
                self.outgoing.push_front(next);
                break;
            }
            let step = match next {
                Outgoing::Message(kind, block, payload) => Step::Send(self.seal(kind, block, &payload)),
                Outgoing::Then(step) => step,
            };
            self.ready.push(step);
        }
        if self.role == Role::Alice || self.greeting == Greeting::Done {
            self.ready.extend(self.send.request(self.role));
        }
        if self.greeting == Greeting::Done {
            self.ready.extend(self.receive.request(self.role.peer()));
        }
        std::mem::take(&mut self.ready)
    }

    /// Frames a message, and tags it if its kind is tagged; a pad must be at hand then.
    fn seal(&mut self, kind: Kind, block: u64, payload: &[u8]) -> Vec<u8> {
        let session = if kind == Kind::Hello { [0; 16] } else { self.session.unwrap_or_default() };
        let header = Header {
            from: self.role,
            kind,
            session,
            block,
            sequence: self.send.sequence,
            profile: self.profile,
        };
        self.send.sequence += 1;
        let mut message = header.frame(payload);
        self.send.transcript.absorb(&message);
        if kind.flags() & TAGGED != 0
            && let Ok(trailer) = self.send.transcript.seal()
        {
            let mut writer = Writer::with_capacity(TRAILER_LEN);
            writer.u64(trailer.pad);
            writer.bytes(&trailer.tag.to_le_bytes());
            message.extend_from_slice(&writer.finish());
        }
        message
    }

    /// The next message after Hello, if it is there and its pad too.
    pub(super) fn receive(&mut self) -> Result<Option<Received>, SessionError> {
        if self.greeting != Greeting::Done {
            self.greet()?;
        }
        let Some(message) = self.incoming.front().filter(|_| self.greeting == Greeting::Done) else {
            return Ok(None);
        };
        let (header, payload, trailer) = Header::parse(message, self.role.peer())?;
        self.check_header(&header)?;
        if trailer.is_some() && self.receive.transcript.pads() == 0 {
            return Ok(None);
        }
        self.receive.transcript.absorb(&message[..HEADER_LEN + payload.len()]);
        let (got, limit) = (self.receive.transcript.untagged(), self.untagged_limit);
        if got > limit {
            return Err(SessionError::Peer(ProtocolError::Untagged { got, limit }));
        }
        if let Some(trailer) = trailer {
            self.receive.transcript.check(trailer, header.sequence)?;
        }
        self.receive.sequence += 1;
        let payload_len = payload.len();
        let message = self.incoming.pop_front().unwrap_or_default();
        Ok(Some(Received { kind: header.kind, block: header.block, message, payload_len }))
    }

    /// Takes the peer's Hello as far as the pads at hand allow.
    fn greet(&mut self) -> Result<(), SessionError> {
        let Some(message) = self.incoming.front().filter(|_| !self.receive.requested) else { return Ok(()) };
        let peer = self.role.peer();
        let (header, payload, trailer) = Header::parse(message, peer)?;
        if self.greeting == Greeting::Awaited {
            self.check_header(&header)?;
        }
        let Some(trailer) = trailer else { return Ok(()) };
        let (want, got) = (self.receive.next_pad, trailer.pad);
        match self.greeting {
            Greeting::Awaited if got < want => Err(SessionError::Peer(ProtocolError::Pad { want, got })),
            Greeting::Awaited => {
                self.greeting = Greeting::Peeking;
                self.receive.requested = true;
                self.ready.push(Step::Peek { sender: peer, number: got });
                Ok(())
            }
            // The pool ends before it.
            Greeting::Peeking if self.receive.transcript.pads() == 0 => {
                Err(SessionError::Peer(ProtocolError::Pad { want, got }))
            }
            Greeting::Peeking => {
                self.receive.transcript.absorb(&message[..HEADER_LEN + payload.len()]);
                self.receive.transcript.check(trailer, header.sequence)?;
                self.receive.transcript.forget_pads();
                self.receive.next_pad = got;
                self.ready.extend(self.receive.request(peer));
                self.greeting = Greeting::Burning;
                Ok(())
            }
            Greeting::Burning => {
                if !self.receive.transcript.burn(got) {
                    return Err(SessionError::Driver(format!("pad {got} was asked for, others came")));
                }
                let nonce = payload.to_vec();
                self.incoming.pop_front();
                self.receive.sequence += 1;
                self.greeting = Greeting::Done;
                Ok(self.greeted(&nonce)?)
            }
            Greeting::Done => Ok(()),
        }
    }

    fn check_header(&self, header: &Header) -> Result<(), ProtocolError> {
        if header.profile != self.profile {
            let (ours, theirs) = (hex(&self.profile[..4]), hex(&header.profile[..4]));
            return Err(ProtocolError::Profile { ours, theirs });
        }
        let first = self.receive.sequence == 0;
        let session = if first { Some([0; 16]) } else { self.session };
        if Some(header.session) != session {
            return Err(ProtocolError::Session);
        }
        if header.sequence != self.receive.sequence {
            return Err(ProtocolError::Sequence { want: self.receive.sequence, got: header.sequence });
        }
        if (header.kind == Kind::Hello) != first {
            let state = if first { "the handshake" } else { "open" };
            return Err(ProtocolError::Unexpected { kind: header.kind, block: header.block, state });
        }
        Ok(())
    }

    fn greeted(&mut self, payload: &[u8]) -> Result<(), ProtocolError> {
        self.theirs = Some(Hello::decode(payload)?);
        self.agree();
        Ok(())
    }

    /// The session's id, once both nonces are known.
    fn agree(&mut self) {
        let (Some(ours), Some(theirs)) = (self.ours, self.theirs) else { return };
        let (alice, bob) = match self.role {
            Role::Alice => (ours, theirs),
            Role::Bob => (theirs, ours),
        };
        let mut hash = Sha3_256::new();
        hash.update(b"qkdpp session 1");
        hash.update(alice.nonce);
        hash.update(bob.nonce);
        hash.update(self.profile);
        self.session = hash.finalize()[..16].try_into().ok();
    }
}

/// Bytes of one direction that may wait for a tag, headers included: a byte for each slot of the blocks in flight is more
/// than positions, parities and syndromes ever take, and `HEADERS` covers the many small messages of error correction.
fn untagged_limit(profile: &Profile) -> u64 {
    const HEADERS: u64 = 1 << 20;
    let batches = profile.slots_per_block.div_ceil(u64::from(profile.slots_per_batch));
    let block = profile.slots_per_block + batches * 128 + HEADERS;
    UNTAGGED_LIMIT.min(block.saturating_mul(profile.blocks_in_flight.into()))
}
