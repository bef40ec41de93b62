//! What can go wrong in a session, split by who must act.

use qkdpp_kernels::ShapeError;

use crate::budget::BudgetError;
use crate::wire::Kind;

/// A session stopped. Whatever it held is wiped; nothing of the unfinished blocks is delivered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// The peer, or somebody in between, did not keep to the protocol.
    #[error("peer: {0}")]
    Peer(#[from] ProtocolError),
    /// This side's own raw record does not fit the profile or the peer's detections.
    #[error("own record: {0}")]
    Record(#[from] RecordError),
    /// The profile's ε budget is spent: the operator must act.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// Too many blocks in a row were discarded on alarms: somebody must look at the link.
    #[error(
        "{blocks} blocks in a row were discarded on alarms, as many as the profile allows: look at the link"
    )]
    Alarms {
        /// Blocks in a row.
        blocks: u32,
    },
    /// The session had stopped before.
    #[error("the session has stopped; open a new one")]
    Stopped,
    /// This side's driver answered a request that was never made, or with another size.
    #[error("driver: {0}")]
    Driver(String),
}

/// The peer's message cannot be accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProtocolError {
    /// Shorter than its header says, or than a header.
    #[error("message of {got} bytes, {want} are needed")]
    Truncated {
        /// Bytes needed.
        want: u64,
        /// Bytes received.
        got: u64,
    },
    /// Longer than its header says.
    #[error("{extra} bytes after the end of a message")]
    Trailing {
        /// Bytes too many.
        extra: u64,
    },
    /// Not a message of this protocol.
    #[error("the message starts with {got:02x?}, not with the magic of qkdpp")]
    Magic {
        /// The first bytes.
        got: [u8; 4],
    },
    /// Another version of the wire format.
    #[error("wire version {got}, this side speaks {want}")]
    Version {
        /// This side's version.
        want: u8,
        /// The peer's version.
        got: u8,
    },
    /// A kind of message nobody knows.
    #[error("message kind {0} does not exist")]
    Kind(u8),
    /// This side's own message came back, or flags are set that do not exist.
    #[error("direction {got}, expected {want}: a reflected message")]
    Direction {
        /// The peer's direction.
        want: u8,
        /// The direction in the header.
        got: u8,
    },
    /// Unknown flags.
    #[error("flags {got:#04x} for a {kind:?} message, expected {want:#04x}")]
    Flags {
        /// Kind of the message.
        kind: Kind,
        /// Flags of this kind.
        want: u8,
        /// Flags in the header.
        got: u8,
    },
    /// A message of another session.
    #[error("the message belongs to another session")]
    Session,
    /// The peer runs another profile.
    #[error("the peer's profile has the hash {theirs}, this side's {ours}: both must load the same profile")]
    Profile {
        /// Start of this side's hash, hex.
        ours: String,
        /// Start of the peer's hash, hex.
        theirs: String,
    },
    /// A message was lost, repeated or reordered.
    #[error("message number {got}, expected {want}: lost, repeated or reordered")]
    Sequence {
        /// Next number.
        want: u64,
        /// Number in the header.
        got: u64,
    },
    /// The pad number of a tag is not acceptable.
    #[error(
        "tag with pad {got}, expected {want} (or a later one of the pool, after a restart): replayed, or the key pools differ"
    )]
    Pad {
        /// Next pad.
        want: u64,
        /// Pad named.
        got: u64,
    },
    /// The tag is wrong: the transcript was changed, or the authentication keys differ.
    #[error("wrong tag (pad {pad}) on the transcript up to message {sequence}")]
    Tag {
        /// Pad used; it is burnt.
        pad: u64,
        /// Number of the tagged message.
        sequence: u64,
    },
    /// Too much was received without a tag.
    #[error("{got} bytes without a tag, {limit} are allowed")]
    Untagged {
        /// Bytes received since the last tag.
        got: u64,
        /// Limit.
        limit: u64,
    },
    /// A message that does not belong here.
    #[error("{kind:?} for block {block} is not due: the block is at {state}")]
    Unexpected {
        /// Kind of the message.
        kind: Kind,
        /// Block it names.
        block: u64,
        /// Where the block is.
        state: &'static str,
    },
    /// A field has a value or length that cannot be.
    #[error("{field} is {got}, it must be {want}")]
    Field {
        /// The field.
        field: &'static str,
        /// Allowed value or range.
        want: String,
        /// Value received.
        got: u64,
    },
    /// A Cascade message that the engine refused.
    #[error("parities: {0}")]
    Parities(String),
    /// Both sides computed something that must be equal, and it is not.
    #[error("block {block}: {what} differs: {ours} here, {theirs} at the peer")]
    Disagreement {
        /// The block.
        block: u64,
        /// What was compared.
        what: &'static str,
        /// This side's value.
        ours: String,
        /// The peer's value.
        theirs: String,
    },
    /// The peer sent nothing for too long.
    #[error("no message from the peer for {seconds} s with {blocks} blocks open")]
    Silent {
        /// How long.
        seconds: u64,
        /// Blocks in flight.
        blocks: usize,
    },
}

/// This side's raw record cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// A batch does not follow the one before it, or is not cut as the profile says.
    #[error(
        "batch of slots {got}+{slots}, expected {want}+{want_slots}: batches follow each other and are cut by the profile"
    )]
    Cut {
        /// First slot expected.
        want: u64,
        /// Slots expected.
        want_slots: u32,
        /// First slot given.
        got: u64,
        /// Slots given.
        slots: u32,
    },
    /// A plane has another length than the batch has entries.
    #[error("plane {plane} has {got} bits for {want} entries")]
    Plane {
        /// Which plane.
        plane: &'static str,
        /// Entries.
        want: usize,
        /// Bits.
        got: usize,
    },
    /// Entries out of order or beyond the batch.
    #[error("entry {index} is at offset {offset}: offsets ascend and are below {slots}")]
    Offset {
        /// Index of the entry.
        index: usize,
        /// Its offset.
        offset: u32,
        /// Slots of the batch.
        slots: u32,
    },
    /// The source has no record of a slot the peer detected.
    #[error("Bob detected slot {slot}, of which Alice's record holds nothing")]
    Missing {
        /// The slot.
        slot: u64,
    },
    /// More intensities in the record than in the profile.
    #[error("the record names intensity {got}, the profile has {count}")]
    Intensity {
        /// Index found.
        got: usize,
        /// Intensities in the profile.
        count: usize,
    },
    /// Too many blocks are open.
    #[error("{open} blocks are open, the profile allows {limit}: wait until one ends")]
    Full {
        /// Open blocks.
        open: usize,
        /// Limit.
        limit: usize,
    },
}

impl From<ShapeError> for SessionError {
    fn from(error: ShapeError) -> Self {
        Self::Driver(error.to_string())
    }
}
