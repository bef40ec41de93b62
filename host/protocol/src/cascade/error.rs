//! [`CascadeError`]: what a peer can get wrong.

/// A message that cannot come from a peer running the same protocol on the same schedule; the block must be aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CascadeError {
    /// A message has the wrong length.
    #[error("the message of Cascade round {round} has {got} bytes, its {parities} parities take {want}")]
    MessageLength {
        /// Round, from 1.
        round: u64,
        /// Parities that each side sends in this round.
        parities: usize,
        /// Bytes they take.
        want: usize,
        /// Bytes received.
        got: usize,
    },
    /// Bits past the last parity are set.
    #[error(
        "the message of Cascade round {round} ends in {last:#04x}, but only {used} bits of that byte are parities"
    )]
    Padding {
        /// Round, from 1.
        round: u64,
        /// Parities in the last byte, 1..=7.
        used: usize,
        /// The last byte.
        last: u8,
    },
    /// A message came although there is nothing more to ask.
    #[error("a message of {got} bytes came after the last of {rounds} Cascade rounds")]
    Finished {
        /// Rounds of the whole run.
        rounds: u64,
        /// Bytes received.
        got: usize,
    },
    /// No error pattern has the parities received so far.
    #[error("the parities up to Cascade round {round} contradict each other at bit {bit} of frame {frame}")]
    Contradiction {
        /// Round, from 1.
        round: u64,
        /// Frame in the block.
        frame: usize,
        /// Position in the frame.
        bit: usize,
    },
}
