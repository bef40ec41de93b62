//! The wire format: what a reader accepts is what the writer writes for it, byte for byte. So there is one encoding of
//! everything, and nobody can say the same in other bytes.
//!
//! Input: which reader (1 byte), the number that the reader knows from elsewhere (2), then what it reads.

use qkdpp_protocol::wire::codec::{Reader, Writer};
use qkdpp_protocol::wire::message::{
    Amplify, Corrected, Detections, Reconcile, Sifting, Verify, decode_bits, encode_bits,
};
use qkdpp_protocol::wire::{HEADER_LEN, Header, Role, TRAILER_LEN, message_len, positions};

use crate::input::Bytes;

/// Checks one input.
///
/// # Panics
/// If a reader accepts something that its writer would not write.
pub fn run(data: &[u8]) {
    let mut input = Bytes(data);
    let (reader, known) = (input.u8(), usize::from(input.u16()));
    let bytes = input.0;
    let written = match reader % 10 {
        0 => whole_message(bytes, Role::Alice),
        1 => whole_message(bytes, Role::Bob),
        2 => detections(bytes),
        3 => Sifting::decode(bytes, known, reader >= 128, reader & 64 != 0).ok().map(|read| read.encode()),
        4 => Reconcile::decode(bytes).ok().map(|read| read.encode()),
        5 => Corrected::decode(bytes, known, reader >= 128).ok().map(|read| read.encode(known)),
        6 => {
            let tag_bits = 32 + u32::from(reader) / 10 * 4 % 97;
            Verify::decode(bytes, known % 64, tag_bits).ok().map(|read| read.encode(tag_bits))
        }
        7 => Amplify::decode(bytes).ok().map(|read| read.encode()),
        8 => decode_bits(bytes, known).ok().map(|bits| encode_bits(&bits)),
        _ => ascending(bytes, known),
    };
    if let Some(written) = written {
        assert!(written == bytes, "reader {} accepted {bytes:02x?}; written: {written:02x?}", reader % 10);
    }
}

/// Header, payload and trailer; the length that a stream reads must be that of the message.
fn whole_message(bytes: &[u8], from: Role) -> Option<Vec<u8>> {
    let len = bytes.first_chunk::<HEADER_LEN>().map(message_len);
    let (header, payload, trailer) = Header::parse(bytes, from).ok()?;
    assert_eq!(len, Some(Ok(bytes.len())), "the length that a stream would read");
    let mut message = header.frame(payload);
    if let Some(trailer) = trailer {
        message.extend(trailer.pad.to_le_bytes());
        message.extend(trailer.tag.to_le_bytes());
        assert_eq!(message.len(), HEADER_LEN + payload.len() + TRAILER_LEN);
    }
    Some(message)
}

/// For the batch that the bytes name, so that they are read to their end.
fn detections(bytes: &[u8]) -> Option<Vec<u8>> {
    let first = u64::from_le_bytes(*bytes.first_chunk()?);
    let slots = u32::from_le_bytes(*bytes.get(8..)?.first_chunk()?);
    let read = Detections::decode(bytes, first, slots).ok()?;
    Some(Detections::encode(read.first_slot, read.slots, &read.offsets))
}

fn ascending(bytes: &[u8], count: usize) -> Option<Vec<u8>> {
    let (limit, bytes) = bytes.split_first_chunk()?;
    let limit = u32::from_le_bytes(*limit);
    let read = positions::read(&mut Reader::new(bytes), count, limit).ok()?;
    let mut writer = Writer::default();
    writer.u32(limit);
    positions::write(&mut writer, &read, limit);
    Some(writer.finish())
}
