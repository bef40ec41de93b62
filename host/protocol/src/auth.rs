//! Wegman–Carter authentication of the transcript: information-theoretic, one pad of 128 bits per tag.
//!
//! ```text
//! tag = poly_k(all bytes of this direction since its last tag, and their number) ⊕ b ⊕ pad
//! ```
//! over GF(2^128) (SPEC §6). The hash key (k, b) is kept for the lifetime of the pool; with the fixed b the family is
//! ε-almost strongly universal, which recycling it requires (Portmann, IEEE Trans. Inf. Theory 60, 4383). Each pad
//! encrypts one tag and is burnt whether the tag verifies or not; only that of a Hello is not burnt by a forgery
//! (WIRE.md §2). Failure probability per tag: (w + 1)/2^128 for w blocks of 128 bits, and w is bounded
//! ([`EPSILON_PER_TAG`]).

use std::collections::VecDeque;
use std::fmt;

use qkdpp_kernels::{polyhash, wipe};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::ProtocolError;
use crate::wire::{MAX_PAYLOAD, Trailer};

/// Bytes of messages accepted without a tag: a few of the largest.
pub const UNTAGGED_LIMIT: u64 = 4 * MAX_PAYLOAD as u64;

/// Probability that a forged tag is accepted, at most. A forger chooses the length, up to [`UNTAGGED_LIMIT`]; the pad's
/// number and the length block are hashed with it.
pub const EPSILON_PER_TAG: f64 = (UNTAGGED_LIMIT / 16 + 2) as f64 / (1u128 << 127) as f64 / 2.0;

/// The hash key of one direction. On the heap, since a value that moves leaves a copy behind.
#[derive(Clone)]
pub struct HashKey {
    /// k, then b.
    halves: Box<[u128; 2]>,
}

impl HashKey {
    /// From 256 pre-shared secret bits.
    pub fn new(k: u128, b: u128) -> Self {
        Self { halves: Box::new([k, b]) }
    }
}

impl Drop for HashKey {
    fn drop(&mut self) {
        self.halves.zeroize();
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(secret)")
    }
}

/// One-time pads with ascending numbers, which the store will never hand out again. Each is wiped when it is taken.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Pads {
    first: u64,
    words: Vec<u128>,
    taken: usize,
}

impl Pads {
    /// Pads from a store, the first one numbered `first`.
    pub fn new(first: u64, pads: Vec<u128>) -> Self {
        Self { first, words: pads, taken: 0 }
    }

    fn left(&self) -> usize {
        self.words.len() - self.taken
    }

    /// The next pad and its number.
    fn take(&mut self) -> Option<(u64, u128)> {
        let pad = self.words.get_mut(self.taken)?;
        let number = self.first + self.taken as u64;
        self.taken += 1;
        Some((number, std::mem::take(pad)))
    }
}

impl fmt::Debug for Pads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pads({} from {})", self.left(), self.first + self.taken as u64)
    }
}

/// One direction's running transcript and the pads at hand. Both ends of a direction hold the same.
pub(crate) struct Transcript {
    key: HashKey,
    stream: polyhash::Stream,
    untagged: u64,
    pads: VecDeque<Pads>,
    tags: u64,
}

/// The pad a tag needs is not at hand: it has to be reserved first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoPad;

impl Transcript {
    pub(crate) fn new(key: HashKey) -> Self {
        let stream = new_stream(&key);
        wipe::dead_stack();
        Self { key, stream, untagged: 0, pads: VecDeque::new(), tags: 0 }
    }

    /// Adds the bytes of a message.
    pub(crate) fn absorb(&mut self, bytes: &[u8]) {
        self.stream.update(bytes);
        self.untagged += bytes.len() as u64;
    }

    /// Bytes absorbed since the last tag.
    pub(crate) fn untagged(&self) -> u64 {
        self.untagged
    }

    /// Tags made or checked.
    pub(crate) fn tags(&self) -> u64 {
        self.tags
    }

    pub(crate) fn supply(&mut self, pads: Pads) {
        self.pads.push_back(pads);
    }

    /// Pads left.
    pub(crate) fn pads(&self) -> usize {
        self.pads.iter().map(Pads::left).sum()
    }

    /// Wipes the pads.
    pub(crate) fn forget_pads(&mut self) {
        self.pads.clear();
    }

    fn next_pad(&mut self) -> Option<(u64, u128)> {
        while let Some(pads) = self.pads.front_mut() {
            if let Some(pad) = pads.take() {
                return Some(pad);
            }
            self.pads.pop_front();
        }
        None
    }

    /// Tags the transcript and starts a new one.
    pub(crate) fn seal(&mut self) -> Result<Trailer, NoPad> {
        let sealed = self.next_tag();
        wipe::dead_stack();
        sealed.ok_or(NoPad)
    }

    /// Drops the next pad, which has to be `number`.
    pub(crate) fn burn(&mut self, number: u64) -> bool {
        let burnt = self.next_pad().is_some_and(|(next, _)| next == number);
        wipe::dead_stack();
        burnt
    }

    /// Checks the peer's tag; its pad is not at hand again either way.
    pub(crate) fn check(&mut self, trailer: Trailer, sequence: u64) -> Result<(), ProtocolError> {
        let ours = self.next_tag();
        wipe::dead_stack();
        match ours {
            Some(ours) if ours.pad == trailer.pad => {
                let pad = ours.pad;
                let equal = polyhash::equal(ours.tag, trailer.tag);
                if equal { Ok(()) } else { Err(ProtocolError::Tag { pad, sequence }) }
            }
            ours => {
                let want = ours.map_or(0, |ours| ours.pad);
                Err(ProtocolError::Pad { want, got: trailer.pad })
            }
        }
    }

    /// The tag under the next pad, which is burnt. A function of its own, so that its stack can be wiped.
    #[inline(never)]
    fn next_tag(&mut self) -> Option<Trailer> {
        let (number, pad) = self.next_pad()?;
        self.stream.update(&number.to_le_bytes());
        let stream = std::mem::replace(&mut self.stream, new_stream(&self.key));
        self.untagged = 0;
        self.tags += 1;
        Some(Trailer { pad: number, tag: stream.finish() ^ self.key.halves[1] ^ pad })
    }
}

/// A stream under k.
#[inline(never)]
fn new_stream(key: &HashKey) -> polyhash::Stream {
    polyhash::Stream::new(key.halves[0])
}
