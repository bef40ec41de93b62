//! Two links with small blocks on key pools in a folder of their own.
#![allow(dead_code, reason = "several test programs share this, and each uses a part")]

pub(crate) mod stepped;
#[path = "../under_test/mod.rs"]
pub(crate) mod under_test;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use qkdpp::{
    Entropy, Event, Journal, Link, LinkConfig, LinkError, OsEntropy, Pool, ServeError, Statistics, serve,
};
use qkdpp_kernels::{Backend, Bits};
use qkdpp_protocol::profile::{Amplification, Profile, Protocol, Reconciliation, Test, Verification};
use qkdpp_protocol::proof::{Proof, Tl2017};
use qkdpp_protocol::raw::{Entries, RawBatch};
use qkdpp_protocol::wire::Role;
use tempfile::TempDir;

/// Slots of a block; about every second one is detected.
pub(crate) const SLOTS: u32 = 16_000;

/// A link of entangled pairs whose blocks give some hundred secret bits.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "test".into(),
        protocol: Protocol::Bbm92,
        slots_per_block: SLOTS.into(),
        slots_per_batch: SLOTS / 2,
        intensities: Vec::new(),
        probabilities: Vec::new(),
        expected_qber: 0.01,
        test: Test::Sample { fraction: 0.2 },
        proof: Proof::Tl2017(Tl2017 { eps_sec: 1e-9, eps_cor: 1e-12 }),
        reconciliation: Reconciliation::default(),
        verification: Verification::default(),
        amplification: Amplification::default(),
        budget: qkdpp_protocol::budget::Budget::default(),
        blocks_in_flight: 4,
        silence_seconds: 60,
        monitor: qkdpp_protocol::monitor::Settings::default(),
    }
}

/// xorshift64*: reproducible, and good enough for optics.
struct Optics(u64);

impl Optics {
    fn chance(&mut self, probability: f64) -> bool {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        ((word >> 11) as f64) < probability * 2f64.powi(53)
    }
}

/// What both sides recorded in `blocks` blocks, with an error rate of 0.5 %.
pub(crate) fn records(blocks: u64) -> [Vec<RawBatch>; 2] {
    let mut optics = Optics(0x9e37_79b9_7f4a_7c15);
    let (mut alice, mut bob) = (Vec::new(), Vec::new());
    for batch in 0..2 * blocks {
        let offsets: Vec<u32> = (0..SLOTS / 2).filter(|_| optics.chance(0.5)).collect();
        let mut planes = [const { Vec::new() }; 4];
        for _ in &offsets {
            let (basis, bit, other) = (optics.chance(0.5), optics.chance(0.5), optics.chance(0.5));
            let flipped = if basis == other { optics.chance(0.005) } else { optics.chance(0.5) };
            for (plane, value) in planes.iter_mut().zip([basis, bit, other, bit ^ flipped]) {
                plane.push(value);
            }
        }
        let [basis, bit, other, received] = planes.map(|plane| plane.into_iter().collect::<Bits>());
        let first_slot = batch * u64::from(SLOTS / 2);
        alice.push(record(first_slot, SLOTS / 2, offsets.clone(), basis, bit));
        bob.push(record(first_slot, SLOTS / 2, offsets, other, received));
    }
    [alice, bob]
}

pub(crate) fn record(first_slot: u64, slots: u32, offsets: Vec<u32>, basis: Bits, bit: Bits) -> RawBatch {
    let zeros = || Bits::zeros(offsets.len());
    let (intensity, double_click) = ([zeros(), zeros()], zeros());
    RawBatch { first_slot, slots, entries: Entries::At(offsets), basis, bit, intensity, double_click }
}

/// The key pools of Alice and Bob.
pub(crate) struct Pools {
    folder: PathBuf,
    /// Removes it.
    _folder: Option<TempDir>,
}

impl Pools {
    /// Both hold the same secret of `pads` pads per direction.
    pub(crate) fn new(pads: u64) -> Self {
        Self::holding(pads, [0, 0])
    }

    /// Those in a folder that others have made.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder, _folder: None }
    }

    fn holding(pads: u64, versions: [u64; 2]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pools = Self { folder: folder.path().to_owned(), _folder: Some(folder) };
        for (role, version) in [Role::Alice, Role::Bob].into_iter().zip(versions) {
            Pool::create(pools.path(role), &secret(pads, version)).expect("a new pool");
        }
        pools
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Bob holds another secret.
    pub(crate) fn differing(pads: u64) -> Self {
        Self::holding(pads, [0, 1])
    }

    pub(crate) fn open(&self, role: Role) -> Pool {
        Pool::open(self.path(role)).expect("a pool")
    }

    pub(crate) fn journal(&self, role: Role) -> Journal {
        Journal::open(self.journal_path(role)).expect("a ledger")
    }

    pub(crate) fn journal_path(&self, role: Role) -> PathBuf {
        self.path(role).with_extension("ledger")
    }

    fn path(&self, role: Role) -> PathBuf {
        self.folder.join(format!("{role:?}"))
    }

    pub(crate) fn link(&self, role: Role) -> Link {
        self.link_with(role, profile(), Box::new(OsEntropy)).expect("a link")
    }

    pub(crate) fn link_with(
        &self,
        role: Role,
        profile: Profile,
        entropy: Box<dyn Entropy>,
    ) -> Result<Link, LinkError> {
        let (backend, pool, journal) = (under_test::open(), self.open(role), Some(self.journal(role)));
        Link::new(LinkConfig { role, profile, backend, pool, entropy, journal })
    }
}

/// A link of these parts.
pub(crate) fn link_on(
    role: Role,
    profile: Profile,
    backend: Box<dyn Backend>,
    pool: Pool,
    entropy: Box<dyn Entropy>,
) -> Result<Link, LinkError> {
    Link::new(LinkConfig { role, profile, backend, pool, entropy, journal: None })
}

/// Hash keys and pads, each 16 characters that are there once.
fn secret(pads: u64, version: u64) -> Vec<u8> {
    (0..4 + 2 * pads).flat_map(|index| format!("{version}{index:015x}").into_bytes()).collect()
}

/// Two ends of a connection.
pub(crate) fn connected() -> [TcpStream; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its number");
    let near = TcpStream::connect(address).expect("a connection");
    let (far, _) = listener.accept().expect("a connection");
    [near, far]
}

/// How one side's link ended.
pub(crate) struct Ended {
    pub(crate) result: Result<Statistics, ServeError>,
    /// Block and bytes of every key.
    pub(crate) keys: Vec<(u64, Vec<u8>)>,
    pub(crate) reports: usize,
}

/// Serves a link to its end.
pub(crate) fn run<E: std::fmt::Display>(
    link: Link,
    stream: &TcpStream,
    records: impl Iterator<Item = Result<RawBatch, E>> + Send,
) -> Ended {
    let (mut keys, mut reports) = (Vec::new(), 0);
    let result = serve(link, stream, records, |event, _| match event {
        Event::Key(key) => keys.push((key.block(), key.expose().to_bytes())),
        Event::Report(_) => reports += 1,
    });
    Ended { result, keys, reports }
}

/// A record without errors.
pub(crate) fn intact(records: Vec<RawBatch>) -> impl Iterator<Item = Result<RawBatch, String>> + Send {
    records.into_iter().map(Ok)
}

/// Runs `work` in a thread of its own, and fails if it takes longer than `limit`.
pub(crate) fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    result.recv_timeout(limit).unwrap_or_else(|error| panic!("after {limit:?}: {error}"))
}
