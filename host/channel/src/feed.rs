//! The model's records, cut as a profile wants them: blocks of a fixed number of slots, in batches.

use std::iter;

use qkdpp_protocol::{Profile, RawBatch};

use crate::attack::Attack;
use crate::link::{Link, LinkError};
use crate::model::Model;

/// One batch of both sides and the block it belongs to.
pub struct Batch {
    /// The block, from 0.
    pub block: u64,
    /// Alice's side.
    pub alice: RawBatch,
    /// Bob's side.
    pub bob: RawBatch,
}

/// The first `blocks` blocks of `link`, under `attack` if there is one; the same seed gives the same records.
///
/// # Errors
/// If the link is not valid, or there is no model of the attack on it.
pub fn simulated(
    link: &Link,
    profile: &Profile,
    attack: Option<Attack>,
    seed: u64,
    blocks: u64,
) -> Result<impl Iterator<Item = Batch> + Send + use<>, LinkError> {
    let model = match attack {
        Some(attack) => Model::attacked(link, attack, seed),
        None => Model::new(link, seed),
    };
    let mut model = model?;
    let (per_block, per_batch) = (profile.slots_per_block, u64::from(profile.slots_per_batch));
    let cuts = (0..blocks).flat_map(move |block| {
        let mut left = per_block;
        iter::from_fn(move || {
            let slots = left.min(per_batch);
            left -= slots;
            (slots > 0).then_some((block, slots as u32))
        })
    });
    Ok(cuts.map(move |(block, slots)| {
        let (alice, bob) = model.next_batch(slots);
        Batch { block, alice, bob }
    }))
}

/// Batches of a block.
pub fn batches_per_block(profile: &Profile) -> u64 {
    profile.slots_per_block.div_ceil(profile.slots_per_batch.into())
}
