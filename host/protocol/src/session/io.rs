//! What goes into a session and what comes out.

use std::time::Instant;

use qkdpp_kernels::{Done, Job, JobId};
use zeroize::Zeroizing;

use crate::auth::{HashKey, Pads};
use crate::profile::Profile;
use crate::raw::RawBatch;
use crate::record::Record;
use crate::report::BlockReport;
use crate::stage::SecretKey;
use crate::wire::Role;

/// Names a request for random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DrawId(pub u64);

/// What happens to a session.
#[derive(Debug)]
pub enum Input {
    /// One whole message of the peer.
    Message(Vec<u8>),
    /// The next batch of this side's raw record.
    Pulses(RawBatch),
    /// A job of [`Step::Compute`] is done.
    Done(Done),
    /// The random bytes of [`Step::Draw`]: fresh, uniform, from a source with health tests.
    Drawn(DrawId, Zeroizing<Vec<u8>>),
    /// The pads of [`Step::Reserve`] or the one of [`Step::Peek`], for messages of the named sender.
    Pads(Role, Pads),
    /// The time of [`Step::Wait`] has come.
    Timeout,
}

/// What a session wants done.
#[derive(Debug)]
pub enum Step {
    /// Send these bytes to the peer, in this order.
    Send(Vec<u8>),
    /// Run this job.
    Compute(JobId, Job),
    /// Draw so many random bytes.
    Draw(DrawId, usize),
    /// Reserve `count` pads for messages of `sender`, numbered `from` on, durably, and hand them in.
    Reserve {
        /// Whose messages they authenticate.
        sender: Role,
        /// Number of the first.
        from: u64,
        /// How many.
        count: u32,
    },
    /// Read pad `number` for messages of `sender` and hand it in, without marking it as used: the peer names it in a Hello
    /// that is not authenticated yet. Hand in no pad if the store ends before it.
    Peek {
        /// Whose message it authenticates.
        sender: Role,
        /// Its number; not below the first unused one.
        number: u64,
    },
    /// Put on disk, before any later step, that the authentication keys have used up an ε of this much in their life. The
    /// total on disk never falls; if it cannot be written, the session must be aborted.
    Spend(f64),
    /// Put this on disk before any later step; if it cannot be written, the session must be aborted.
    Record(Record),
    /// A secret key; the peer has accepted the same.
    Key(SecretKey),
    /// A block has ended, with or without a key.
    Report(Box<BlockReport>),
    /// Nothing to do until the next input, or until this time.
    Wait(Option<Instant>),
}

/// What a session starts from.
pub struct Config {
    /// This side.
    pub role: Role,
    /// The shared parameters.
    pub profile: Profile,
    /// Hash key of Alice's messages.
    pub alice_key: HashKey,
    /// Hash key of Bob's messages.
    pub bob_key: HashKey,
    /// Number of the first unused pad for Alice's messages.
    pub alice_pad: u64,
    /// Number of the first unused pad for Bob's messages.
    pub bob_pad: u64,
    /// ε that earlier sessions with these authentication keys have used up: the last [`Step::Spend`].
    pub spent: f64,
}
