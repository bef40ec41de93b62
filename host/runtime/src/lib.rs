#![doc = include_str!("../README.md")]
//! # In this crate
//! A [`Link`] joins a protocol session with a backend for its computations, the pool of authentication keys, a source of
//! randomness and the ledger on disk ([`Journal`]). It can be driven step by step, without threads or sockets of its own ([`Link::message`],
//! [`Link::pulses`], [`Link::next_message`], [`Link::next_event`]), or by [`serve()`], which runs it over a byte stream
//! such as a TCP connection until its records end.

pub mod backend;
pub mod entropy;
pub mod exchange;
pub mod journal;
pub mod link;
pub mod pool;
pub mod serve;
pub mod status;

/// The driver of accelerators, for bring-up.
pub use qkdpp_device as device;

pub use entropy::{Entropy, EntropyError, Monitored, OsEntropy};
pub use journal::{Journal, JournalError};
pub use link::{Event, Link, LinkConfig, LinkError, Statistics};
pub use pool::{Pool, StoreError};
pub use serve::{ServeError, serve};
pub use status::Status;
