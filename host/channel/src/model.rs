//! [`Model`]: a quantum channel that makes raw data batch by batch.

use qkdpp_protocol::raw::RawBatch;

use crate::attack::Attack;
use crate::bb84::Bb84;
use crate::bbm92::Bbm92;
use crate::link::{Link, LinkError, Source};

/// A running link. The same link and seed give the same records, however they are cut into batches.
///
/// ```
/// use qkdpp_channel::{Link, Model, preset};
///
/// let link = Link::from_toml(preset("fibre-50km").unwrap())?;
/// let mut model = Model::new(&link, 1)?;
/// let (alice, bob) = model.next_batch(1_000_000);
/// assert_eq!(alice.entries, bob.entries);
/// # Ok::<_, qkdpp_channel::LinkError>(())
/// ```
pub struct Model {
    next_slot: u64,
    channel: Channel,
}

enum Channel {
    Bb84(Box<Bb84>),
    Bbm92(Box<Bbm92>),
}

impl Model {
    /// Starts `link` at slot 0; `seed` fixes all randomness.
    ///
    /// # Errors
    /// If the link is not valid.
    pub fn new(link: &Link, seed: u64) -> Result<Self, LinkError> {
        Self::start(link, None, seed)
    }

    /// The same under `attack`, from its first slot on.
    ///
    /// # Errors
    /// If the link is not valid, or its source is one of pairs, for which no attack is modelled.
    pub fn attacked(link: &Link, attack: Attack, seed: u64) -> Result<Self, LinkError> {
        Self::start(link, Some(attack), seed)
    }

    fn start(link: &Link, attack: Option<Attack>, seed: u64) -> Result<Self, LinkError> {
        link.validate()?;
        let Link { clock_hz, loss, detector, .. } = link;
        let channel = match &link.source {
            Source::WeakCoherent(source) => {
                Channel::Bb84(Box::new(Bb84::new(*clock_hz, loss, source, detector, attack, seed)))
            }
            Source::EntangledPairs(_) if attack.is_some() => {
                let attack = attack.map_or("", |attack| attack.kind.name());
                return Err(LinkError::NoAttackModel { attack });
            }
            Source::EntangledPairs(source) => {
                Channel::Bbm92(Box::new(Bbm92::new(*clock_hz, loss, source, detector, seed)))
            }
        };
        Ok(Self { next_slot: 0, channel })
    }

    /// The records of Alice and of Bob for the next `slots` slots.
    ///
    /// With weak coherent pulses Alice's record has entries in the slots Bob detected, the only ones anybody asks
    /// for; with entangled pairs each side has those in which it detected something itself.
    pub fn next_batch(&mut self, slots: u32) -> (RawBatch, RawBatch) {
        let first_slot = self.next_slot;
        self.next_slot += u64::from(slots);
        match &mut self.channel {
            Channel::Bb84(channel) => channel.batch(first_slot, slots),
            Channel::Bbm92(channel) => channel.batch(first_slot, slots),
        }
    }
}
