#![doc = include_str!("../README.md")]
//! # In this crate
//! Nothing here reads a clock, a socket or a random source, and nothing computes on bulk data: a [`Session`] takes
//! [`Input`]s and asks for [`Step`]s, and whoever drives it does the rest. Start with [`session`] for the flow,
//! [`stage`] for what a key has been through, [`proof`] for its length, [`ledger`] for what leaked, [`budget`] for what
//! all keys promise together, [`monitor`] for what raises an alarm, and `WIRE.md` for the bytes on the classical channel.
#![forbid(unsafe_code)]

pub mod auth;
pub mod budget;
pub mod cascade;
pub mod error;
pub mod ledger;
pub mod monitor;
pub mod profile;
pub mod proof;
pub mod raw;
pub mod reconcile;
pub mod record;
pub mod report;
pub mod session;
pub mod stage;
pub mod wire;

pub use auth::{HashKey, Pads};
pub use budget::{BudgetError, KeyEpsilon};
pub use error::{ProtocolError, RecordError, SessionError};
pub use profile::Profile;
pub use raw::RawBatch;
pub use record::Record;
pub use report::BlockReport;
pub use session::{Config, DrawId, Input, Session, Step};
pub use stage::SecretKey;
pub use wire::Role;
