//! [`Incoming`]: the peer's byte stream, put together to messages.

use qkdpp_protocol::ProtocolError;
use qkdpp_protocol::wire::{HEADER_LEN, HELLO_LEN, message_len};

/// Bytes that arrived and are no whole message yet. Memory grows with what arrives, not with what a header promises.
#[derive(Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// How many of them have been taken.
    taken: usize,
    /// Whether a message was taken before: who is not authenticated yet gets no more room than a Hello needs.
    greeted: bool,
}

impl Incoming {
    /// Adds what has arrived, however the stream was cut.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..std::mem::take(&mut self.taken));
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if it is here.
    ///
    /// # Errors
    /// If the stream holds something else, or a first message that is longer than one can be.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, ProtocolError> {
        let rest = &self.bytes[self.taken..];
        let Some(header) = rest.first_chunk::<HEADER_LEN>() else { return Ok(None) };
        let len = message_len(header)?;
        if !self.greeted && len > HELLO_LEN {
            let (field, want) = ("the length of a first message", format!("at most {HELLO_LEN}"));
            return Err(ProtocolError::Field { field, want, got: len as u64 });
        }
        let Some(message) = rest.get(..len) else { return Ok(None) };
        let message = message.to_vec();
        self.taken += len;
        self.greeted = true;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use qkdpp_protocol::Role;
    use qkdpp_protocol::wire::{Header, Kind};

    use super::*;

    fn message(kind: Kind, len: usize) -> Vec<u8> {
        let header =
            Header { from: Role::Alice, kind, session: [0; 16], block: 0, sequence: 0, profile: [0; 32] };
        header.frame(&vec![7; len])
    }

    fn all(incoming: &mut Incoming) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| incoming.next().expect("messages")).collect()
    }

    #[test]
    fn messages_come_out_whole_however_the_stream_is_cut() {
        let sent =
            [message(Kind::Detections, 10), message(Kind::Detections, 0), message(Kind::Detections, 300)];
        let stream = sent.concat();
        for piece in [1, 3, HEADER_LEN, 100, stream.len()] {
            let mut incoming = Incoming { greeted: true, ..Incoming::default() };
            let received: Vec<_> = stream
                .chunks(piece)
                .flat_map(|piece| {
                    incoming.push(piece);
                    all(&mut incoming)
                })
                .collect();
            assert_eq!(received, sent, "pieces of {piece} bytes");
            incoming.push(&[]);
            assert!(incoming.bytes.is_empty(), "nothing is left");
        }
    }

    #[test]
    fn a_stranger_gets_no_room() {
        let mut incoming = Incoming::default();
        incoming.push(&message(Kind::Detections, 1 << 20)[..HEADER_LEN]);
        let error = incoming.next().expect_err("too long for a Hello");
        assert!(error.to_string().contains("the length of a first message"), "{error}");
        let mut incoming = Incoming::default();
        incoming.push(&[b'G'; HEADER_LEN]);
        assert!(matches!(incoming.next(), Err(ProtocolError::Magic { .. })));
    }
}
