#![doc = include_str!("../README.md")]
//! # In this crate
//! ```text
//! Link (config, presets) ─┬─▶ Model ──────▶ (Alice's RawBatch, Bob's RawBatch)
//!                         └─▶ Expectation ─▶ gains, error rates, sifted rate in closed form
//!                         (Attack: what Eve makes of it)
//! Config (a file or a preset) ─▶ Link, Profile;  keyrate ─▶ what a block of such a link gives
//! record::Reader, csv, sifted ─────────────▶ RawBatch
//! ```
//! Everything ends in [`RawBatch`](qkdpp_protocol::raw::RawBatch), which is what a session of
//! `qkdpp-protocol` takes: it cannot tell a model from a laboratory.

mod attack;
mod bb84;
mod bbm92;
mod config;
pub mod csv;
mod expected;
pub mod feed;
mod gate;
pub mod keyrate;
mod link;
mod model;
mod planes;
mod presets;
pub mod record;
mod sampling;
pub mod sifted;

pub use attack::{Attack, AttackError, AttackKind};
pub use config::{Config, ConfigError, protocol_name};
pub use expected::{Expectation, Level};
pub use link::{Detector, EntangledPairs, Link, LinkError, Loss, PassPoint, Source, WeakCoherent};
pub use model::Model;
pub use presets::{PRESETS, Published, RECORDED, preset};
