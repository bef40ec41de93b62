//! The wire format: what crosses the classical channel, byte for byte. `WIRE.md` in this crate is its specification.
//!
//! [`Header`] frames a message, [`codec`] reads and writes fields within strict bounds, [`message`] has one type per
//! kind of payload, [`positions`] the compressed detection positions.

pub mod codec;
pub mod message;
pub mod positions;

use serde::{Deserialize, Serialize};

use crate::error::ProtocolError;
use codec::{Reader, Writer};

/// Version of the wire format.
pub const VERSION: u8 = 1;
/// First bytes of every message.
pub const MAGIC: [u8; 4] = *b"QKDP";
/// Bytes of a header.
pub const HEADER_LEN: usize = 76;
/// Bytes of the pad number and tag after a tagged message.
pub const TRAILER_LEN: usize = 24;
/// Largest payload in bytes.
pub const MAX_PAYLOAD: u32 = 1 << 30;
/// Bytes of a whole Hello, the first message of either side.
pub const HELLO_LEN: usize = HEADER_LEN + message::HELLO_PAYLOAD_LEN + TRAILER_LEN;
/// Flag: the message ends with a tag.
pub const TAGGED: u8 = 1;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The source; in entanglement-based links, the side whose bits are the reference.
    Alice,
    /// The receiver, who corrects his key.
    Bob,
}

impl Role {
    /// The other side.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }

    /// The byte that stands for messages of this side.
    pub fn byte(self) -> u8 {
        match self {
            Self::Alice => 0,
            Self::Bob => 1,
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $flags:expr;)*) => {
        /// Kinds of messages, in the order in which a block sees them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// The byte in the header.
            pub fn byte(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            /// The flags every message of this kind has: the peer cannot choose what is tagged.
            pub fn flags(self) -> u8 {
                match self { $(Self::$name => $flags,)* }
            }

            fn from_byte(byte: u8) -> Result<Self, ProtocolError> {
                match byte { $($code => Ok(Self::$name),)* _ => Err(ProtocolError::Kind(byte)) }
            }
        }
    };
}

kinds! {
    /// Both ways, first: nonce.
    Hello = 1, TAGGED;
    /// Bob: positions of his detections in one batch.
    Detections = 2, 0;
    /// Bob: his bases, after all detections of the block.
    Bases = 3, TAGGED;
    /// Alice: which detections match, intensities, her test bits.
    Sifting = 4, TAGGED;
    /// Bob: his test bits.
    TestBits = 5, TAGGED;
    /// Alice: method, error-rate estimate and seed of the reconciliation.
    Reconcile = 6, 0;
    /// Both ways: parities of one Cascade round.
    Parities = 7, 0;
    /// Alice: syndromes of all frames.
    Syndromes = 8, 0;
    /// Bob: frames that did not decode.
    Undecoded = 9, 0;
    /// Alice: bits of those frames.
    Disclosure = 10, 0;
    /// Bob: done correcting; number of errors, positions where the proof needs them.
    Corrected = 11, TAGGED;
    /// Alice: hash key and tags of the segments.
    Verify = 12, TAGGED;
    /// Bob: segments whose tags agree.
    Verified = 13, TAGGED;
    /// Alice: key length and amplification seed.
    Amplify = 14, TAGGED;
    /// Both ways: digest of the block's ledger; accepts the key.
    Final = 15, TAGGED;
}

/// Bytes of the message that starts with `header`, header and trailer included: what a stream has to read.
///
/// # Errors
/// If it does not start like a message, or is longer than any may be. Everything else is checked by [`Header::parse`].
pub fn message_len(header: &[u8; HEADER_LEN]) -> Result<usize, ProtocolError> {
    check_start(&mut Reader::new(header))?;
    let payload = payload_len(Reader::new(&header[PAYLOAD_LEN_AT..]).u32()?)?;
    let tagged = header[FLAGS_AT] & TAGGED != 0;
    Ok(HEADER_LEN + payload + if tagged { TRAILER_LEN } else { 0 })
}

/// Reads magic and version.
fn check_start(reader: &mut Reader<'_>) -> Result<(), ProtocolError> {
    let got = reader.array()?;
    if got != MAGIC {
        return Err(ProtocolError::Magic { got });
    }
    match reader.u8()? {
        VERSION => Ok(()),
        got => Err(ProtocolError::Version { want: VERSION, got }),
    }
}

/// Where the flags and the payload's length stand in a header.
const FLAGS_AT: usize = 7;
const PAYLOAD_LEN_AT: usize = HEADER_LEN - 4;

fn payload_len(len: u32) -> Result<usize, ProtocolError> {
    if len > MAX_PAYLOAD {
        let want = format!("at most {MAX_PAYLOAD}");
        return Err(ProtocolError::Field { field: "the payload's length", want, got: len.into() });
    }
    Ok(len as usize)
}

/// What stands before every payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Sender.
    pub from: Role,
    /// Kind of payload.
    pub kind: Kind,
    /// Session id; zero in Hello.
    pub session: [u8; 16],
    /// Block; zero in Hello.
    pub block: u64,
    /// Number of the message in its direction, from 0, without gaps.
    pub sequence: u64,
    /// Hash of the profile both sides must share.
    pub profile: [u8; 32],
}

impl Header {
    /// Header and payload; the trailer of a tagged message is not included.
    pub fn frame(&self, payload: &[u8]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(HEADER_LEN + payload.len() + TRAILER_LEN);
        writer.bytes(&MAGIC);
        writer.u8(VERSION);
        writer.u8(self.from.byte());
        writer.u8(self.kind.byte());
        writer.u8(self.kind.flags());
        writer.bytes(&self.session);
        writer.u64(self.block);
        writer.u64(self.sequence);
        writer.bytes(&self.profile);
        writer.u32(payload.len() as u32);
        writer.bytes(payload);
        writer.finish()
    }

    /// Splits a message from `from` into header, payload and trailer.
    ///
    /// # Errors
    /// If the message is not exactly one well-formed message of that side.
    pub fn parse(message: &[u8], from: Role) -> Result<(Self, &[u8], Option<Trailer>), ProtocolError> {
        let mut reader = Reader::new(message);
        check_start(&mut reader)?;
        let direction = reader.u8()?;
        if direction != from.byte() {
            return Err(ProtocolError::Direction { want: from.byte(), got: direction });
        }
        let kind = Kind::from_byte(reader.u8()?)?;
        let flags = reader.u8()?;
        if flags != kind.flags() {
            return Err(ProtocolError::Flags { kind, want: kind.flags(), got: flags });
        }
        let session = reader.array()?;
        let (block, sequence, profile) = (reader.u64()?, reader.u64()?, reader.array()?);
        let len = payload_len(reader.u32()?)?;
        let payload = reader.bytes(len)?;
        let trailer = if flags & TAGGED == 0 {
            None
        } else {
            Some(Trailer { pad: reader.u64()?, tag: u128::from_le_bytes(reader.array()?) })
        };
        reader.end()?;
        Ok((Self { from, kind, session, block, sequence, profile }, payload, trailer))
    }
}

/// Pad number and tag at the end of a tagged message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Number of the one-time pad.
    pub pad: u64,
    /// The tag.
    pub tag: u128,
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
