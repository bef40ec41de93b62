//! Attacks on the link, each against a pair of sessions: after one block of the healthy link, which gives a key, Eve acts
//! on the next. The alarm has to come, or the key length to fall to 0, within that block of 10^8 pulses.
//!
//! The link is the preset `fibre-50km` with its own bands. What differs serves to have a key in so short a block: the
//! proof, and bases that are chosen 70 to 30, which the bands follow.

mod devices;
mod false_alarms;
mod link;
#[path = "../../../protocol/tests/pair/mod.rs"]
mod pair;
mod photons;
