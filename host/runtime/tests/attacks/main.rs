//! Failures that have broken real QKD systems, where the pool of pads, the randomness and the delivery of keys are concerned.
//! host/protocol/SECURITY.md has the whole table.

#[path = "../link/mod.rs"]
mod link;

mod delivery;
mod pads;
mod randomness;
