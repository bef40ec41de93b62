//! [`Status`]: what a link is doing and what it has left, in numbers that an operator may see. Nothing in it is secret.

use qkdpp_protocol::Role;
use serde::Serialize;

/// A link at one moment; [`Link::status`](crate::Link::status).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// This side.
    pub role: Role,
    /// Whether it has stopped, for whatever reason: it delivers nothing new.
    pub stopped: bool,
    /// Name of what computes.
    pub backend: String,
    /// Whether the next batch of this side's record may be handed in.
    pub wants_pulses: bool,
    /// The slot at which that batch starts.
    pub next_slot: u64,
    /// Blocks that are open.
    pub open_blocks: usize,
    /// Jobs that are computed or wait to be.
    pub open_jobs: usize,
    /// Authentication pads that are left for messages of Alice.
    pub pads_left_of_alice: u64,
    /// Authentication pads that are left for messages of Bob.
    pub pads_left_of_bob: u64,
    /// ε that all sessions with these authentication keys have used.
    pub epsilon_spent: f64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Jobs computed.
    pub jobs: u64,
    /// Tags sent.
    pub tags_sent: u64,
    /// CPU time of the session and of its jobs on this machine, in seconds.
    pub cpu_seconds: f64,
}
