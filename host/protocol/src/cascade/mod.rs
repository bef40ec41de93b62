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
//! follows from the parities that both sides have seen, so that each round both send nothing but the parities of their
//! own key, at the same time, for the same list of questions. What Alice sends is the leakage; what Bob sends is the same
//! plus the error pattern, so that the profile must use a proof in which the positions of errors are public (Tupkary,
//! Lütkenhaus, arXiv:2307.00576), or count both directions.
//!
//! A frame takes many rounds, each a round trip of the link. All frames of a block share the rounds, every one at its own
//! pace, and many blocks can be in flight.
//!
//! A run needs a [`Schedule`] (from a published [`Variant`] and the expected QBER), the [`permutations`] of the block,
//! and for each pass the running parities of the own frames, which are a kernel's work (`qkdpp_kernels::parities`).

mod engine;
mod error;
mod knowledge;
mod rows;
#[cfg(test)]
mod tests;
mod variant;

use std::sync::Arc;

use qkdpp_kernels::ShapeError;
use qkdpp_kernels::parities::Permutation;
use sha3::{Digest, Sha3_256};

pub use engine::Engine;
pub use error::CascadeError;
pub use variant::{Schedule, Variant};

const PASS_SEED_DOMAIN: &[u8] = b"qkdpp cascade pass 1";

/// The permutations of all passes of a block: the identity for pass 0, whose errors are spread well enough by the
/// channel, and one from [`pass_seed`] for each further pass.
///
/// The failures of a bad set repeat in every frame that uses it, so each block takes a fresh `block_seed`. It is public
/// and need not be secret, but unknown until the quantum phase of the block is over.
///
/// # Errors
/// If `frame_bits` is no length of a permutation: 0, or more than 2^32.
pub fn permutations(
    block_seed: &[u8; 32],
    frame_bits: usize,
    passes: usize,
) -> Result<Vec<Arc<Permutation>>, ShapeError> {
    let permutation = |pass| match pass {
        0 => Permutation::identity(frame_bits),
        _ => Permutation::new(&pass_seed(block_seed, pass), frame_bits),
    };
    (0..passes).map(|pass| permutation(pass).map(Arc::new)).collect()
}

/// The seed of a pass's permutation: SHA3-256(`"qkdpp cascade pass 1"` ‖ `block_seed` ‖ LE64(`pass`)).
pub fn pass_seed(block_seed: &[u8; 32], pass: usize) -> [u8; 32] {
    let mut hash = Sha3_256::new();
    hash.update(PASS_SEED_DOMAIN);
    hash.update(block_seed);
    hash.update((pass as u64).to_le_bytes());
    hash.finalize().into()
}
