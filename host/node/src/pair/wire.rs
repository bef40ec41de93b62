//! The classical channel between the endpoints, watched in the middle as by an eavesdropper who changes nothing.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, PoisonError};

use qkdpp::serve::read_message;
use qkdpp_protocol::Role;
use qkdpp_protocol::wire::{Header, Kind};
use serde::Serialize;

use super::Progress;

/// Messages of one kind, both directions.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KindTraffic {
    /// The kind, as in WIRE.md.
    pub(crate) kind: String,
    pub(crate) messages: u64,
    /// Headers and tags included.
    pub(crate) bytes: u64,
}

/// Everything that crossed the wire, in the order in which a block sees the kinds of messages.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Traffic {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) kinds: Vec<KindTraffic>,
}

/// A wire with one end at either endpoint.
pub(super) struct Wire<'a> {
    alice: &'a TcpStream,
    bob: &'a TcpStream,
    seen: Mutex<BTreeMap<u8, KindTraffic>>,
}

impl<'a> Wire<'a> {
    pub(super) fn new(alice: &'a TcpStream, bob: &'a TcpStream) -> Self {
        Self { alice, bob, seen: Mutex::default() }
    }

    /// Carries the messages of `sender` to the other side until it closes or cannot be understood.
    pub(super) fn carry(&self, sender: Role, progress: &Progress) {
        let (from, to) = match sender {
            Role::Alice => (self.alice, self.bob),
            Role::Bob => (self.bob, self.alice),
        };
        while let Ok(Some(message)) = read_message(&mut { from }) {
            if let Ok((header, ..)) = Header::parse(&message, sender) {
                self.count(header.kind, message.len() as u64);
                progress.message(header.block, header.kind, message.len() as u64);
            }
            if { to }.write_all(&message).is_err() {
                // The receiver is gone: the sender learns it like from any connection.
                let _ = from.shutdown(Shutdown::Both);
                break;
            }
        }
        // An end that is already closed needs no closing.
        let _ = to.shutdown(Shutdown::Write);
    }

    pub(super) fn traffic(&self) -> Traffic {
        let kinds: Vec<KindTraffic> =
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        Traffic {
            messages: kinds.iter().map(|kind| kind.messages).sum(),
            bytes: kinds.iter().map(|kind| kind.bytes).sum(),
            kinds,
        }
    }

    fn count(&self, kind: Kind, bytes: u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = seen.entry(kind.byte()).or_insert_with(|| KindTraffic {
            kind: format!("{kind:?}"),
            messages: 0,
            bytes: 0,
        });
        of_kind.messages += 1;
        of_kind.bytes += bytes;
    }
}
