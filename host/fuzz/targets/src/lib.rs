//! Fuzz targets: every reader of bytes that somebody else wrote, and a session between them.
//!
//! Each target is a function of bytes that panics when a promise is broken. cargo-fuzz runs them instrumented
//! (`fuzz_targets/`), `tests/corpus.rs` runs them on the committed corpus in plain `cargo test`, and `examples/seeds.rs`
//! makes the first inputs from honest sessions and the presets. README.md says how to fuzz.

pub mod code_file;
pub mod config;
mod forger;
mod input;
mod link;
pub mod record;
pub mod session;
pub mod wire;

/// The name of a target and of its corpus, and what is done with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("wire", wire::run),
    ("session", session::run),
    ("record", record::run),
    ("config", config::run),
    ("code_file", code_file::run),
];

pub use link::honest_messages;
