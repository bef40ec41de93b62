//! The links that are disturbed: as small as blocks with a key can be, so that a block takes a millisecond.

use std::sync::LazyLock;

use qkdpp_kernels::Bits;
use qkdpp_protocol::budget::Budget;
use qkdpp_protocol::profile::{Amplification, Method, Profile, Protocol, Reconciliation, Test, Verification};
use qkdpp_protocol::proof::{Proof, Tl2017};
use qkdpp_protocol::raw::{Entries, RawBatch};

use crate::random::Random;

/// ε of the keys: large, or the blocks would have to be.
pub(crate) const EPS_SEC: f64 = 1e-3;
pub(crate) const EPS_COR: f64 = 1e-6;
/// Bits under one verification tag.
pub(crate) const SEGMENT_BITS: u32 = 512;
/// Blocks in a record at most; each has two batches.
pub(crate) const BLOCKS: u64 = 2;

/// A profile and what both sides recorded under it.
pub(crate) struct Link {
    pub(crate) profile: Profile,
    pub(crate) records: [Vec<RawBatch>; 2],
}

/// Cascade, LDPC (whose shortest code is far longer than these blocks need).
static LINKS: LazyLock<[Link; 2]> =
    LazyLock::new(|| [link(Method::Cascade, 3_200, 50), link(Method::Ldpc, 24_000, 50)]);

/// The link of a schedule: mostly the fast one.
pub(crate) fn choose(random: &mut Random) -> &'static Link {
    &LINKS[usize::from(random.once_in(100))]
}

/// Every slot is detected by both sides, with errors in so many of 10,000.
fn link(method: Method, slots: u32, errors: u64) -> Link {
    let profile = Profile {
        name: "faults".into(),
        protocol: Protocol::Bbm92,
        slots_per_block: slots.into(),
        slots_per_batch: slots / 2,
        intensities: Vec::new(),
        probabilities: Vec::new(),
        expected_qber: 0.01,
        test: Test::Sample { fraction: 0.5 },
        proof: Proof::Tl2017(Tl2017 { eps_sec: EPS_SEC, eps_cor: EPS_COR }),
        reconciliation: Reconciliation { method, ..Reconciliation::default() },
        verification: Verification { segment_bits: SEGMENT_BITS, tag_bits: 48 },
        amplification: Amplification::default(),
        budget: Budget { session: 0.99, authentication_keys: 0.99 },
        monitor: qkdpp_protocol::monitor::Settings::default(),
        blocks_in_flight: 2,
        silence_seconds: 60,
    };
    let mut random = Random::new(u64::from(slots), 0);
    let mut records = [Vec::new(), Vec::new()];
    for batch in 0..2 * BLOCKS {
        let first_slot = batch * u64::from(slots / 2);
        let (alice, bob) = detections(slots / 2, errors, &mut random);
        records[0].push(record(first_slot, slots / 2, &alice));
        records[1].push(record(first_slot, slots / 2, &bob));
    }
    Link { profile, records }
}

/// Basis and bit of each detection, of Alice and of Bob.
type Detections = Vec<(bool, bool)>;

fn detections(slots: u32, errors: u64, random: &mut Random) -> (Detections, Detections) {
    let entry = |_| {
        let [basis, other, bit, coin] = [(); 4].map(|()| random.once_in(2));
        let received = if basis == other { bit ^ random.per_myriad(errors) } else { coin };
        ((basis, bit), (other, received))
    };
    (0..slots).map(entry).unzip()
}

fn record(first_slot: u64, slots: u32, entries: &[(bool, bool)]) -> RawBatch {
    let zeros = || Bits::zeros(entries.len());
    RawBatch {
        first_slot,
        slots,
        entries: Entries::At((0..slots).collect()),
        basis: entries.iter().map(|entry| entry.0).collect(),
        bit: entries.iter().map(|entry| entry.1).collect(),
        intensity: [zeros(), zeros()],
        double_click: zeros(),
    }
}
