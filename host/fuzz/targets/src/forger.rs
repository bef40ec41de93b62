//! A peer who holds the authentication keys and does not keep to the protocol.

use std::sync::Arc;

use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Bits, Job, Level, Output};
use qkdpp_protocol::Role;
use qkdpp_protocol::wire::{HEADER_LEN, Header, TAGGED};

use crate::input::Bytes;
use crate::link::{hash_key_numbers, pad};

/// Passes on the messages of one side, changed as the fuzzer likes, under tags that verify (WIRE.md §2).
pub(crate) struct Forger {
    sender: Role,
    sequence: u64,
    pad: u64,
    transcript: Vec<u8>,
}

impl Forger {
    pub(crate) fn new(sender: Role) -> Self {
        Self { sender, sequence: 0, pad: 0, transcript: Vec::new() }
    }

    /// What arrives instead of `message`: 0, 1 or 2 messages.
    pub(crate) fn pass(&mut self, message: &[u8], input: &mut Bytes<'_>) -> Vec<Vec<u8>> {
        let (mut header, payload, _) = Header::parse(message, self.sender).expect("an honest message");
        let mut payload = payload.to_vec();
        match input.u8() {
            1 => return Vec::new(),
            2 => {
                let first = self.tagged(&header, &payload);
                return vec![first, self.tagged(&header, &payload)];
            }
            3 => {
                let (at, change) = (usize::from(input.u16()), input.u8());
                let at = at % payload.len().max(1);
                payload.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= change);
            }
            4 => payload.truncate(usize::from(input.u16())),
            5 => {
                let len = usize::from(input.u16());
                payload.extend(input.take(len));
            }
            6 => {
                let len = usize::from(input.u16());
                payload = input.take(len);
            }
            7 => header.block = u64::from(input.u8()),
            8 => {
                // Any kind: the byte of a header that parses.
                let mut other = message[..HEADER_LEN].to_vec();
                other[6] = input.u8() % 16;
                other[7] = input.u8() & 1;
                other[72..].fill(0);
                other.extend([0; 24]);
                let end = other.len() - if other[7] == 1 { 0 } else { 24 };
                if let Ok((other, ..)) = Header::parse(&other[..end], self.sender) {
                    header.kind = other.kind;
                }
            }
            _ => {}
        }
        vec![self.tagged(&header, &payload)]
    }

    fn tagged(&mut self, header: &Header, payload: &[u8]) -> Vec<u8> {
        let header = Header { sequence: self.sequence, ..header.clone() };
        self.sequence += 1;
        let mut message = header.frame(payload);
        self.transcript.extend(&message);
        if header.kind.flags() & TAGGED != 0 {
            self.transcript.extend(self.pad.to_le_bytes());
            let (k, b) = hash_key_numbers(self.sender);
            let tag = poly_hash(k, &std::mem::take(&mut self.transcript)) ^ b ^ pad(self.sender, self.pad);
            message.extend(self.pad.to_le_bytes());
            message.extend(tag.to_le_bytes());
            self.pad += 1;
        }
        message
    }
}

fn poly_hash(key: u128, bytes: &[u8]) -> u128 {
    let bits = Arc::new(Bits::from_bytes(bytes, 8 * bytes.len()));
    let job = PolyHash::new(key, bits, usize::MAX).expect("one segment");
    let Output::PolyHash(hashes) = Level::Portable.run(&Job::PolyHash(job)) else { return 0 };
    hashes[0]
}
