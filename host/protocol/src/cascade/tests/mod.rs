//! Both sides of a run, driven by hand.

mod agreement;
mod book;
mod efficiency;
mod malformed;

use std::sync::Arc;

use qkdpp_kernels::Bits;
use qkdpp_kernels::parities::Permutation;

use super::{Engine, Schedule, Tables};
use crate::wire::Role;

/// Alice's and Bob's engines, and what they start from.
struct Pair {
    tables: Arc<Tables>,
    alice: Engine,
    bob: Engine,
    alice_key: Bits,
    bob_key: Bits,
}

impl Pair {
    /// A run over as many frames as `errors` has, with a random key of Alice.
    fn new(schedule: &Schedule, errors: &Bits, random: &mut Random) -> Self {
        let alice_key = random.bits(errors.len());
        let mut bob_key = alice_key.clone();
        bob_key.xor_assign(errors);
        Self::of_keys(schedule, alice_key, bob_key, random)
    }

    fn of_keys(schedule: &Schedule, alice_key: Bits, bob_key: Bits, random: &mut Random) -> Self {
        let tables = Arc::new(Tables::new(schedule.clone(), &random.seed()).unwrap());
        let alice = engine(Role::Alice, &tables, &alice_key);
        let bob = engine(Role::Bob, &tables, &bob_key);
        Self { tables, alice, bob, alice_key, bob_key }
    }

    fn run(&mut self) {
        while !self.alice.is_finished() || !self.bob.is_finished() {
            let from_alice = self.alice.next_message().unwrap();
            let from_bob = self.bob.next_message().unwrap();
            self.alice.receive(&from_bob).unwrap();
            self.bob.receive(&from_alice).unwrap();
        }
    }

    fn corrected(&self) -> Bits {
        let mut corrected = self.bob_key.clone();
        corrected.xor_assign(&self.bob.located_errors());
        corrected
    }

    fn failed_frames(&self) -> usize {
        let (corrected, frame_bits) = (self.corrected(), self.alice_key.len() / self.alice.frames());
        (0..self.alice.frames())
            .map(|frame| frame * frame_bits..(frame + 1) * frame_bits)
            .filter(|range| corrected.slice(range.clone()) != self.alice_key.slice(range.clone()))
            .count()
    }
}

fn engine(role: Role, tables: &Arc<Tables>, key: &Bits) -> Engine {
    let parities =
        tables.permutations()[1..].iter().map(|permutation| running_parities(key, permutation)).collect();
    Engine::new(role, Arc::clone(tables), Arc::new(key.clone()), parities).unwrap()
}

/// The kernel contract's section 4, by the book.
fn running_parities(key: &Bits, permutation: &Permutation) -> Bits {
    let frame_bits = permutation.len();
    (0..key.len() / frame_bits)
        .flat_map(|frame| {
            permutation.indices().iter().scan(false, move |parity, &bit| {
                *parity ^= key.get(frame * frame_bits + bit as usize);
                Some(*parity)
            })
        })
        .collect()
}

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the tests replay from the seed they name.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn happens(&mut self, probability: f64) -> bool {
        (self.word() as f64) < probability * 2f64.powi(64)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.word() % limit as u64) as usize
    }

    fn bits(&mut self, len: usize) -> Bits {
        Bits::from_words((0..len.div_ceil(64)).map(|_| self.word()).collect(), len)
    }

    fn seed(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.word() as u8)
    }

    /// Errors of a binary symmetric channel.
    fn errors(&mut self, len: usize, qber: f64) -> Bits {
        (0..len).map(|_| self.happens(qber)).collect()
    }
}
