//! [`run`]: Alice and Bob as two endpoints in one process, from raw records to keys that are compared.
//!
//! ```text
//! records ─▶ serve(Alice) ◀──TCP──▶ wire ◀──TCP──▶ serve(Bob) ◀─ records
//!             own backend          watches           own backend
//!             own pool file      (kind, bytes)       own pool file
//! ```
//! Nothing is shared between the two but the wire and, before the start, the secret of their key pools. What a vendor
//! runs on two machines is the same [`serve()`] with the same [`Link`]; the wire in the middle sees what an eavesdropper
//! sees, and is where traffic and progress come from.

mod ended;
mod pools;
mod progress;
mod wire;

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use qkdpp::entropy::InsecureSeed;
use qkdpp::{Entropy, Journal, Link, LinkConfig, Monitored, OsEntropy, Pool, ServeError, serve};
use qkdpp_kernels::Backend;
use qkdpp_protocol::{Profile, RawBatch, Role};

use crate::compute::Backends;
use crate::error::Failure;
pub(crate) use ended::{Block, KeyDigest, Outcome};
use ended::{Side, compare};
use pools::Pools;
pub(crate) use progress::Progress;
pub(crate) use wire::Traffic;
use wire::Wire;

/// Randomness of a pair.
pub(crate) struct PairEntropy {
    /// Fills the pre-shared secret.
    pub(crate) shared: Box<dyn Entropy>,
    pub(crate) alice: Box<dyn Entropy>,
    pub(crate) bob: Box<dyn Entropy>,
}

impl PairEntropy {
    /// The operating system's generator for all. The links test what they are given; the secret is tested here.
    pub(crate) fn of_the_system() -> Result<Self, Failure> {
        let shared = Monitored::system().map_err(Failure::input)?;
        Ok(Self { shared: Box::new(shared), alice: Box::new(OsEntropy), bob: Box::new(OsEntropy) })
    }

    /// Repeatable randomness: the keys are no secret.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let seed = InsecureSeed::new(seed);
        let [alice, bob] = [Role::Alice, Role::Bob].map(|role| Box::new(seed.entropy(role)));
        Self { shared: Box::new(seed.pre_shared()), alice, bob }
    }
}

/// What the two endpoints are made of.
pub(crate) struct Setup<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) backends: Backends,
    pub(crate) entropy: PairEntropy,
    /// Where the key pools are made and removed again.
    pub(crate) folder: &'a Path,
    /// Where alice.ledger and bob.ledger are kept, if they are.
    pub(crate) ledgers: Option<&'a Path>,
    pub(crate) progress: &'a Progress,
}

/// Runs both endpoints until their records end.
///
/// # Errors
/// The failure that came first in the chain of causes, with the side it happened on.
pub(crate) fn run(
    setup: Setup<'_>,
    alice_records: impl Iterator<Item = Result<RawBatch, String>> + Send,
    bob_records: impl Iterator<Item = Result<RawBatch, String>> + Send,
) -> Result<Outcome, Failure> {
    let Setup { profile, backends, mut entropy, folder, ledgers, progress } = setup;
    let pools = Pools::create(folder, &mut *entropy.shared)?;
    let (alice_stream, alice_wire) = connect()?;
    let (bob_wire, bob_stream) = connect()?;
    let wire = Wire::new(&alice_wire, &bob_wire);
    let Backends { alice: for_alice, bob: for_bob, .. } = backends;
    let monitors = [&for_alice, &for_bob].map(Backend::monitor);
    let link = |role, backend, pool: Pool, entropy| {
        let journal = ledgers.map(|folder| journal(folder, role)).transpose()?;
        let config = LinkConfig { role, profile: profile.clone(), backend, pool, entropy, journal };
        Link::new(config).map_err(|error| failure(role, &error.into()))
    };
    let alice = link(Role::Alice, for_alice, pools.alice, entropy.alice)?;
    let bob = link(Role::Bob, for_bob, pools.bob, entropy.bob)?;

    let start = Instant::now();
    let (alice, bob) = thread::scope(|scope| {
        for sender in [Role::Alice, Role::Bob] {
            let wire = &wire;
            scope.spawn(move || wire.carry(sender, progress));
        }
        let alice = scope.spawn(|| side(alice, &alice_stream, alice_records, start, progress));
        let bob = scope.spawn(|| side(bob, &bob_stream, bob_records, start, progress));
        (join(alice), join(bob))
    });
    let elapsed = start.elapsed();
    progress.finish();
    let (alice, bob) = both(alice, bob)?;
    let outcome = compare(alice, bob, wire.traffic(), elapsed)?;
    let counts = monitors.map(|monitor| monitor.map(|counts| counts()).unwrap_or_default());
    Ok(Outcome { counts, ..outcome })
}

/// The ledger of one side, which goes on if there is one.
fn journal(folder: &Path, role: Role) -> Result<Journal, Failure> {
    let name = match role {
        Role::Alice => "alice.ledger",
        Role::Bob => "bob.ledger",
    };
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    Journal::open(folder.join(name)).map_err(Failure::input)
}

/// Serves one side to its end.
fn side(
    link: Link,
    stream: &TcpStream,
    records: impl Iterator<Item = Result<RawBatch, String>> + Send,
    start: Instant,
    progress: &Progress,
) -> Result<Side, ServeError> {
    let mut side = Side::default();
    let statistics = serve(link, stream, records, |event, _| {
        if let Some(report) = side.event(event, start.elapsed()) {
            progress.ended(report);
        }
    })?;
    side.statistics = statistics;
    Ok(side)
}

fn join<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Both ends of a TCP connection over the loopback interface.
fn connect() -> Result<(TcpStream, TcpStream), Failure> {
    let pair = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let near = TcpStream::connect(listener.local_addr()?)?;
        let (far, _) = listener.accept()?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        Ok((near, far))
    };
    pair()
        .map_err(|error: std::io::Error| Failure::input(format!("TCP over the loopback interface: {error}")))
}

/// Both sides, or the error that explains the other: a side whose peer is gone only says so.
fn both(alice: Result<Side, ServeError>, bob: Result<Side, ServeError>) -> Result<(Side, Side), Failure> {
    let is_consequence =
        |error: &ServeError| matches!(error, ServeError::Closed { .. } | ServeError::Connection(_));
    match (alice, bob) {
        (Ok(alice), Ok(bob)) => Ok((alice, bob)),
        (Err(alice), Err(bob)) if is_consequence(&alice) => Err(failure(Role::Bob, &bob)),
        (Err(alice), _) => Err(failure(Role::Alice, &alice)),
        (_, Err(bob)) => Err(failure(Role::Bob, &bob)),
    }
}

fn failure(role: Role, error: &ServeError) -> Failure {
    let side = match role {
        Role::Alice => "Alice",
        Role::Bob => "Bob",
    };
    Failure::Link { side, error: error.to_string() }
}
