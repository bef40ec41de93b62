//! The links whose sessions are fuzzed: one tiny block, whose key needs a large ε.

use std::sync::LazyLock;

use qkdpp_kernels::Bits;
use qkdpp_protocol::budget::Budget;
use qkdpp_protocol::profile::{Amplification, Method, Profile, Protocol, Reconciliation, Test, Verification};
use qkdpp_protocol::proof::{Proof, Tl2017};
use qkdpp_protocol::raw::{Entries, RawBatch};
use qkdpp_protocol::{HashKey, Role};

use crate::session::Pair;

/// A profile, and what Alice and Bob recorded.
pub(crate) struct Link {
    pub(crate) profile: Profile,
    pub(crate) records: [Vec<RawBatch>; 2],
}

/// Cascade; LDPC, whose block is too short for a key.
pub(crate) static LINKS: LazyLock<[Link; 2]> =
    LazyLock::new(|| [Method::Cascade, Method::Ldpc].map(|method| link(method, 1_600)));

fn link(method: Method, slots: u32) -> Link {
    let profile = Profile {
        name: "fuzz".into(),
        protocol: Protocol::Bbm92,
        slots_per_block: slots.into(),
        slots_per_batch: slots / 2,
        intensities: Vec::new(),
        probabilities: Vec::new(),
        expected_qber: 0.01,
        test: Test::Sample { fraction: 0.5 },
        proof: Proof::Tl2017(Tl2017 { eps_sec: 0.1, eps_cor: 1e-3 }),
        reconciliation: Reconciliation { method, ldpc_iterations: 4, ..Reconciliation::default() },
        verification: Verification { segment_bits: 256, tag_bits: 32 },
        amplification: Amplification::default(),
        budget: Budget { session: 0.99, authentication_keys: 0.99 },
        monitor: qkdpp_protocol::monitor::Settings::default(),
        blocks_in_flight: 2,
        silence_seconds: 60,
    };
    let mut state = 1;
    let records = [0, slots / 2].map(|first| batch(first, slots / 2, &mut state));
    let (alice, bob) = records.into_iter().unzip();
    Link { profile, records: [alice, bob] }
}

/// Every slot is detected; one bit in 128 is wrong.
fn batch(first_slot: u32, slots: u32, state: &mut u64) -> (RawBatch, RawBatch) {
    let (mut alice, mut bob) = (Vec::new(), Vec::new());
    for _ in 0..slots {
        let word = mix(state);
        let flag = |bit: u32| word >> bit & 1 == 1;
        let (basis, other, bit) = (flag(0), flag(1), flag(2));
        let received = if basis == other { bit ^ (word >> 57 == 0) } else { flag(3) };
        alice.push((basis, bit));
        bob.push((other, received));
    }
    (record(first_slot, &alice), record(first_slot, &bob))
}

fn record(first_slot: u32, entries: &[(bool, bool)]) -> RawBatch {
    let zeros = || Bits::zeros(entries.len());
    RawBatch {
        first_slot: first_slot.into(),
        slots: entries.len() as u32,
        entries: Entries::At((0..entries.len() as u32).collect()),
        basis: entries.iter().map(|entry| entry.0).collect(),
        bit: entries.iter().map(|entry| entry.1).collect(),
        intensity: [zeros(), zeros()],
        double_click: zeros(),
    }
}

/// The next number of SplitMix64.
pub(crate) fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The hash key (k, b) both sides hold for messages of `sender`.
pub(crate) fn hash_key_numbers(sender: Role) -> (u128, u128) {
    ((u128::from(sender.byte()) + 7) << 90, 3 << 70)
}

pub(crate) fn hash_key(sender: Role) -> HashKey {
    let (k, b) = hash_key_numbers(sender);
    HashKey::new(k, b)
}

/// The one-time pad both sides hold.
pub(crate) fn pad(sender: Role, number: u64) -> u128 {
    let mut state = number ^ u64::from(sender.byte()) << 63;
    u128::from(mix(&mut state)) << 64 | u128::from(mix(&mut state))
}

/// Everything that Alice and Bob send in an undisturbed session, with Cascade or with LDPC.
///
/// # Panics
/// If Cascade's session gives no key.
pub fn honest_messages(ldpc: bool) -> [Vec<Vec<u8>>; 2] {
    let mut pair = Pair::new(&LINKS[usize::from(ldpc)], None);
    pair.run(usize::MAX);
    assert!(ldpc || pair.keys() == [1, 1], "an honest session gives a key");
    pair.sent()
}
