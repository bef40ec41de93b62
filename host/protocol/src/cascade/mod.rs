//! Cascade: error correction by asking for parities of ever smaller blocks.
//!
//! A *frame* of the sifted key is permuted anew in each *pass* and cut into blocks. Where Alice's and Bob's parities of
//! a block differ, it holds an odd number of errors, and halving it finds one. That error changes the parity of the
//! blocks that contain it in all other passes, where more errors then show: the cascade.
//!
//! ```text
//! pass 0   |x x x x|x x x x|x x x x|    blocks of the frame as it is
//! pass 1   |x x x x x x|x x x x x x|    blocks of the permuted frame; an error found here sends us back to pass 0
//! ```
//!
//! The usual description has Bob ask and Alice answer. Here both run the same [`Engine`]: which question comes next
//! follows from the parities that both sides have seen, so that each round both send nothing but parities of their
//! own key, at the same time, for the same list of questions. What Alice sends is the leakage; what Bob sends is the same
//! plus the error pattern, so that the profile must use a proof in which the positions of errors are public (Tupkary,
//! Lütkenhaus, arXiv:2307.00576), or count both directions.
//!
//! A frame takes many rounds, each a round trip of the link. All frames of a block share the rounds, every one at its own
//! pace, and many blocks can be in flight.
//!
//! ```text
//! schedule (variant.rs) + seed ─▶ tables ─┬─▶ sweep: pass 0 of 64 frames side by side
//!                                         └─▶ search: every frame at its own pace, on what frames.rs remembers
//! ```
//! A run needs the [`Tables`] of the block (from a published [`Variant`] for the expected QBER, and a seed), the own key, and for
//! each pass but the first the running parities of the own frames, which are a kernel's work (`qkdpp_kernels::parities`).

#![allow(
    clippy::inline_always,
    reason = "what is inlined is compiled for the instructions of the machine it runs on"
)]

mod engine;
mod error;
mod frames;
mod packed;
mod place;
mod row;
mod search;
mod short;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod variant;
mod weights;

pub use engine::Engine;
pub use error::CascadeError;
pub use tables::Tables;
pub use variant::{Schedule, Variant};
