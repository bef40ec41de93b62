//! [`Status`]: the numbers that every function returns, and [`Error`], which carries the message behind one.

use std::any::Any;
use std::ffi::{CStr, c_char};
use std::fmt::Display;

use qkdpp::backend::OpenError;
use qkdpp::{JournalError, LinkError, StoreError};
use qkdpp_channel::ConfigError;
use qkdpp_channel::record::RecordError;
use qkdpp_kernels::ShapeError;
use qkdpp_protocol::{ProtocolError, SessionError};

/// What became of a call. The tens say who must act: 0 the program that calls, 1 the operator of this side, 2 this side's
/// optics and electronics, 3 the peer or somebody in between, 4 the makers of this library. Numbers keep their meaning;
/// later versions may add some. qkdpp_last_error has the message.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is done.
    Ok = 0,
    /// A pointer that must not be NULL is.
    Null = 1,
    /// An argument has a value, a size or a shape that cannot be; nothing has changed.
    Argument = 2,
    /// Another thread, or a callback of this very call, uses the handle; nothing has changed.
    Busy = 3,
    /// It is not the time for this: no batch is wanted. Nothing has changed.
    NotDue = 4,
    /// The configuration cannot be used.
    Config = 10,
    /// There is no such backend, or its device cannot be used.
    Backend = 11,
    /// The authentication keys on disk failed, or are used up.
    KeyPool = 12,
    /// The ledger on disk failed.
    Ledger = 13,
    /// The random source failed, or did not pass its health tests.
    Entropy = 14,
    /// The ε budget of the profile is spent.
    Budget = 15,
    /// As many blocks in a row as the profile allows were discarded on alarms: look at the link.
    Alarms = 16,
    /// This side's raw record cannot be used.
    Record = 20,
    /// The peer, or somebody in between, did not keep to the protocol.
    Peer = 30,
    /// The library contradicted itself.
    Internal = 40,
    /// The library panicked; the handle that was used is of no use any more, and can only be freed.
    Panic = 41,
}

/// The name of a status, for example "QKDPP_STATUS_PEER", or "unknown". Static. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_status_name(status: i32) -> *const c_char {
    let known = NAMES.iter().find(|(known, _)| *known as i32 == status);
    known.map_or(c"unknown", |(_, name)| name).as_ptr()
}

const NAMES: [(Status, &CStr); 16] = [
    (Status::Ok, c"QKDPP_STATUS_OK"),
    (Status::Null, c"QKDPP_STATUS_NULL"),
    (Status::Argument, c"QKDPP_STATUS_ARGUMENT"),
    (Status::Busy, c"QKDPP_STATUS_BUSY"),
    (Status::NotDue, c"QKDPP_STATUS_NOT_DUE"),
    (Status::Config, c"QKDPP_STATUS_CONFIG"),
    (Status::Backend, c"QKDPP_STATUS_BACKEND"),
    (Status::KeyPool, c"QKDPP_STATUS_KEY_POOL"),
    (Status::Ledger, c"QKDPP_STATUS_LEDGER"),
    (Status::Entropy, c"QKDPP_STATUS_ENTROPY"),
    (Status::Budget, c"QKDPP_STATUS_BUDGET"),
    (Status::Alarms, c"QKDPP_STATUS_ALARMS"),
    (Status::Record, c"QKDPP_STATUS_RECORD"),
    (Status::Peer, c"QKDPP_STATUS_PEER"),
    (Status::Internal, c"QKDPP_STATUS_INTERNAL"),
    (Status::Panic, c"QKDPP_STATUS_PANIC"),
];

/// A call failed. The message names the thing and the numbers, and holds nothing secret.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    pub(crate) status: Status,
    pub(crate) message: String,
}

impl Error {
    pub(crate) fn new(status: Status, message: impl Display) -> Self {
        Self { status, message: message.to_string() }
    }

    pub(crate) fn argument(message: impl Display) -> Self {
        Self::new(Status::Argument, message)
    }

    /// From what a panic carries.
    pub(crate) fn panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::new(Status::Panic, format!("panic: {}", text.unwrap_or("without a message")))
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        let status = match &error {
            LinkError::Session(SessionError::Peer(_)) => Status::Peer,
            LinkError::Session(SessionError::Record(_)) => Status::Record,
            LinkError::Session(SessionError::Budget(_)) => Status::Budget,
            LinkError::Session(SessionError::Alarms { .. }) => Status::Alarms,
            LinkError::Session(SessionError::Stopped | SessionError::Driver(_)) => Status::Internal,
            LinkError::Profile(_) => Status::Config,
            LinkError::Store(_) => Status::KeyPool,
            LinkError::Entropy(_) => Status::Entropy,
            LinkError::Journal(_) => Status::Ledger,
        };
        Self::new(status, error)
    }
}

macro_rules! from {
    ($($error:ty => $status:ident,)*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::new(Status::$status, error)
            }
        })*
    };
}

from! {
    ShapeError => Argument,
    ConfigError => Config,
    OpenError => Backend,
    StoreError => KeyPool,
    JournalError => Ledger,
    RecordError => Record,
    ProtocolError => Peer,
    serde_json::Error => Internal,
}
