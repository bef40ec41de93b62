//! Where a side's pads are, and what survives when it dies: a model, or the real pool on disk. Both can run out of disk,
//! before or after the use of pads was committed.

use std::path::{Path, PathBuf};

use qkdpp::Pool;
use qkdpp::pool::Direction;
use qkdpp_protocol::{HashKey, Pads, Role};

use crate::random::Random;

/// Pads of each direction in a real pool.
const DURABLE_PADS: u64 = 12_000;

/// The disk of one side.
pub(crate) struct Store {
    kind: Kind,
    /// Reservations that fail from now on, before anything was written.
    pub(crate) full: u32,
    /// Reservations that fail after the commit.
    pub(crate) full_after_commit: u32,
    /// Planted bug, to see that it is found: the counters are lost with the process.
    pub(crate) forgetful: bool,
}

enum Kind {
    /// Numbers of the first unused pads, Alice's and Bob's.
    Model([u64; 2]),
    Durable(PathBuf, Option<Box<Pool>>),
}

/// The store refused.
pub(crate) struct Refused;

impl Store {
    pub(crate) fn model() -> Self {
        Self { kind: Kind::Model([0; 2]), full: 0, full_after_commit: 0, forgetful: false }
    }

    /// A new pool in `folder`.
    pub(crate) fn durable(folder: &Path, role: Role) -> Self {
        let path = folder.join(format!("{role:?}"));
        let pool = Pool::create(&path, &secret()).expect("a new pool");
        Self { kind: Kind::Durable(path, Some(Box::new(pool))), ..Self::model() }
    }

    /// The process dies and comes back.
    pub(crate) fn restart(&mut self) {
        match &mut self.kind {
            Kind::Model(next) if self.forgetful => *next = [0; 2],
            Kind::Model(_) => {}
            Kind::Durable(path, pool) => {
                // Only one pool can have the file open.
                drop(pool.take());
                *pool = Some(Box::new(Pool::open(path).expect("a pool")));
            }
        }
    }

    /// Number of the first unused pad for messages of `sender`.
    pub(crate) fn next(&self, sender: Role) -> u64 {
        match &self.kind {
            Kind::Model(next) => next[usize::from(sender.byte())],
            Kind::Durable(_, pool) => pool.as_ref().map_or(0, |pool| pool.next(direction(sender))),
        }
    }

    pub(crate) fn reserve(&mut self, sender: Role, from: u64, count: u32) -> Result<Pads, Refused> {
        if take(&mut self.full) {
            return Err(Refused);
        }
        let pads: Vec<u128> = match &mut self.kind {
            Kind::Model(next) => {
                let next = &mut next[usize::from(sender.byte())];
                if from < *next {
                    return Err(Refused);
                }
                *next = from + u64::from(count);
                (from..*next).map(|number| pad(sender, number)).collect()
            }
            Kind::Durable(_, pool) => {
                let pool = pool.as_mut().ok_or(Refused)?;
                let pads = pool.reserve(direction(sender), from, count).map_err(|_| Refused)?;
                pads.map(|pad| u128::from_le_bytes(*pad.into_bytes())).collect()
            }
        };
        if take(&mut self.full_after_commit) { Err(Refused) } else { Ok(Pads::new(from, pads)) }
    }

    /// One pad that stays unused; none beyond the end.
    pub(crate) fn peek(&mut self, sender: Role, number: u64) -> Result<Pads, Refused> {
        let pad = match &mut self.kind {
            Kind::Model(next) if number < next[usize::from(sender.byte())] => return Err(Refused),
            Kind::Model(_) => Some(pad(sender, number)),
            Kind::Durable(_, pool) => {
                let pool = pool.as_mut().ok_or(Refused)?;
                let pad = pool.peek(direction(sender), number).map_err(|_| Refused)?;
                pad.map(|pad| u128::from_le_bytes(*pad.into_bytes()))
            }
        };
        Ok(Pads::new(number, pad.into_iter().collect()))
    }

    /// Pads burnt by so many starts that nobody heard of; fewer where a real pool would be used up.
    pub(crate) fn burn_starts(&mut self, sender: Role, starts: u64) {
        let next = self.next(sender);
        let room = match self.kind {
            Kind::Model(_) => u64::MAX,
            Kind::Durable(..) => (DURABLE_PADS / 2).saturating_sub(next),
        };
        let burnt = (64 * starts).min(room);
        if burnt > 0 {
            let _ = self.reserve(sender, next + burnt - 1, 1);
        }
    }
}

fn take(left: &mut u32) -> bool {
    let some = *left > 0;
    *left -= u32::from(some);
    some
}

fn direction(sender: Role) -> Direction {
    match sender {
        Role::Alice => Direction::AliceToBob,
        Role::Bob => Direction::BobToAlice,
    }
}

/// The hash key for messages of `sender`.
pub(crate) fn hash_key(sender: Role) -> HashKey {
    let index = 2 * u64::from(sender.byte());
    HashKey::new(block(0, index), block(0, index + 1))
}

fn pad(sender: Role, number: u64) -> u128 {
    block(1 + u64::from(sender.byte()), number)
}

fn block(stream: u64, index: u64) -> u128 {
    let mut bytes = [0; 16];
    Random::new(stream, index).fill(&mut bytes);
    u128::from_le_bytes(bytes)
}

/// The same keys and pads as the model's, as a pool takes them.
fn secret() -> Vec<u8> {
    let keys = (0..4).map(|index| block(0, index));
    let pads = (0..DURABLE_PADS).flat_map(|number| [Role::Alice, Role::Bob].map(|role| pad(role, number)));
    keys.chain(pads).flat_map(u128::to_le_bytes).collect()
}
