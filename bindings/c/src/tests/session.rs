//! Alice and Bob through the C functions, with randomness from a callback and from a seed, on threads and without.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::path::Path;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};

use qkdpp::entropy::{Entropy, InsecureSeed};
use qkdpp_channel::record::Writer;
use qkdpp_channel::{Config, feed};
use qkdpp_protocol::Role;

use super::{CONFIG, c_path, fails, out, pool};
use crate::boundary::{Bytes, Callbacks, Text, last_error};
use crate::error::Status;
use crate::link::{
    Link, LinkConfig, Step, qkdpp_link_free, qkdpp_link_ledger, qkdpp_link_new, qkdpp_link_new_insecure,
    qkdpp_link_poll, qkdpp_link_push_batch, qkdpp_link_push_bytes, qkdpp_link_wait,
};
use crate::record::{Record, qkdpp_record_clock, qkdpp_record_free, qkdpp_record_next, qkdpp_record_open};

/// Writes what a simulated link gives to both sides in two blocks.
fn simulate(folder: &Path) {
    let config = Config::parse("test", CONFIG.to_str().expect("UTF-8").to_owned()).expect("a config");
    let link = config.link().expect("a link");
    let [mut alice, mut bob] = [(Role::Alice, "alice.qkdraw"), (Role::Bob, "bob.qkdraw")]
        .map(|(role, name)| Writer::create(&folder.join(name), role, link.clock_hz).expect("a record"));
    for batch in feed::simulated(link, &config.profile, None, 7, 2).expect("a model") {
        alice.write(batch.block, &batch.alice).expect("a batch");
        bob.write(batch.block, &batch.bob).expect("a batch");
    }
    alice.finish().expect("a record");
    bob.finish().expect("a record");
}

/// One side: a link, its record, and what it was given.
struct Side {
    link: *mut Link,
    record: *mut Record,
    record_ended: bool,
    keys: Vec<(u64, u64, Vec<u8>)>,
    reports: usize,
}

impl Side {
    fn new(
        folder: &Path,
        role: u32,
        open: impl FnOnce(&LinkConfig<'_>) -> *mut Link,
        threads: usize,
    ) -> Self {
        let name = ["alice", "bob"][role as usize];
        let pool = pool(&folder.join(format!("{name}.pool")));
        let ledger = c_path(&folder.join(format!("{name}.ledger")));
        let config = LinkConfig::new(Text::from(CONFIG), Text::from(&*pool), Text::from(&*ledger));
        let link = open(&config.with_backend(Text::from(c"cpu:auto"), threads));
        let path = c_path(&folder.join(format!("../{name}.qkdraw")));
        let record = out(|record| qkdpp_record_open(Text::from(&*path), role, record));
        Self { link, record, record_ended: false, keys: Vec::new(), reports: 0 }
    }

    fn link(&self) -> &Link {
        // SAFETY: alive until this side is dropped.
        unsafe { &*self.link }
    }

    fn record(&self) -> &Record {
        // SAFETY: alive until this side is dropped.
        unsafe { &*self.record }
    }

    /// Reads Bob's record from its start.
    fn read_again(&mut self, folder: &Path) {
        let path = c_path(&folder.join("bob.qkdraw"));
        let again = out(|record| qkdpp_record_open(Text::from(&*path), 1, record));
        // SAFETY: made by qkdpp_record_open, and not used any more.
        qkdpp_record_free(Some(unsafe { Box::from_raw(std::mem::replace(&mut self.record, again)) }));
    }

    fn push_batch(&mut self) {
        let mut batch = std::mem::MaybeUninit::uninit();
        let found = out(|found| qkdpp_record_next(Some(self.record()), Some(&mut batch), found));
        self.record_ended = found == 0;
        if !self.record_ended {
            // SAFETY: written if one was found, and the record's until its next call.
            let batch = unsafe { batch.assume_init_ref() };
            assert_eq!(qkdpp_link_push_batch(Some(self.link()), Some(batch)), Status::Ok, "{}", last_error());
        }
    }

    /// Polls until the link waits; messages are given to `peer` in pieces. Whether it has reached the end.
    fn run(&mut self, peer: &Link) -> bool {
        loop {
            let step: Step = out(|step| qkdpp_link_poll(Some(self.link()), step));
            let data = match step.size {
                0 => &[],
                // SAFETY: lent until the next call with this link, which comes after its last use.
                size => unsafe { slice::from_raw_parts(step.data, size) },
            };
            match step.kind {
                1 => data.chunks(1000).for_each(|piece| {
                    assert_eq!(
                        qkdpp_link_push_bytes(Some(peer), Bytes::from(piece)),
                        Status::Ok,
                        "{}",
                        last_error()
                    );
                }),
                2 => {
                    assert!(step.epsilon > 0.0 && step.epsilon < 1e-8);
                    assert_eq!(data.len() as u64, step.bits.div_ceil(8));
                    self.keys.push((step.block, step.bits, data.to_vec()));
                }
                3 => {
                    self.reports += 1;
                    let report: serde_json::Value = serde_json::from_slice(data).expect("JSON");
                    assert_eq!(report["block"], step.block);
                    assert_eq!(report["ledger"]["secret"], self.keys.last().expect("a key").1);
                }
                5 if step.wants_batch == 1 && !self.record_ended => self.push_batch(),
                5 => return self.record_ended && step.open_blocks == 0,
                other => panic!("step {other}"),
            }
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // SAFETY: made by the functions that this belongs to, and freed once.
        let (link, record) = unsafe { (Box::from_raw(self.link), Box::from_raw(self.record)) };
        qkdpp_link_free(Some(link));
        qkdpp_record_free(Some(record));
    }
}

/// Runs both sides to their end.
fn run(alice: &mut Side, bob: &mut Side) {
    for _ in 0..100_000 {
        let ended = [alice.run(bob.link()), bob.run(alice.link())];
        if ended == [true, true] {
            // Blocks overlap, so they may end in any order.
            alice.keys.sort();
            bob.keys.sort();
            assert_eq!(alice.keys, bob.keys);
            assert_eq!(alice.keys.iter().map(|key| key.0).collect::<Vec<_>>(), [0, 1]);
            assert_eq!([alice.reports, bob.reports], [2, 2]);
            return;
        }
        for side in [&*alice, &*bob] {
            assert_eq!(qkdpp_link_wait(Some(side.link()), 1), Status::Ok, "{}", last_error());
        }
    }
    panic!("the links do not end");
}

fn seeded(folder: &Path, name: &str, seed: u64, threads: usize) -> Vec<(u64, u64, Vec<u8>)> {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a folder");
    let side = |role| {
        let open = |config: &LinkConfig<'_>| {
            out(|link| qkdpp_link_new_insecure(Some(config), role, None, seed, link))
        };
        Side::new(&folder, role, open, threads)
    };
    let (mut alice, mut bob) = (side(0), side(1));
    run(&mut alice, &mut bob);
    std::mem::take(&mut alice.keys)
}

#[test]
fn a_seed_gives_the_keys_that_the_rust_library_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    simulate(folder.path());
    let keys = seeded(folder.path(), "a", 7, 0);
    assert_eq!(keys, seeded(folder.path(), "b", 7, 2), "with threads");
    assert_ne!(keys, seeded(folder.path(), "c", 8, 0), "with another seed");
    assert_eq!(keys, rust_keys(folder.path(), 7));
}

/// The same in Rust: `serve` over TCP, from the same files.
fn rust_keys(folder: &Path, seed: u64) -> Vec<(u64, u64, Vec<u8>)> {
    use std::net::{TcpListener, TcpStream};

    use qkdpp::{Event, LinkConfig as Parts, Pool, backend, serve};
    use qkdpp_channel::record::Reader;

    let text = CONFIG.to_str().expect("UTF-8").to_owned();
    let seed = InsecureSeed::new(seed);
    let profile = seed.in_order(Config::parse("test", text).expect("a config").profile);
    let mut secret = vec![0; 64 + 32 * 1000];
    seed.pre_shared().fill(&mut secret).expect("a generator");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let near = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
    let (far, _) = listener.accept().expect("a connection");
    let (profile, secret) = (&profile, &secret);
    std::thread::scope(|scope| {
        let sides = [(Role::Alice, "alice", near), (Role::Bob, "bob", far)].map(|(role, name, stream)| {
            scope.spawn(move || {
                let link = qkdpp::Link::new(Parts {
                    role,
                    profile: profile.clone(),
                    backend: backend::open_inline("cpu:portable").expect("a backend"),
                    pool: Pool::create(folder.join(format!("{name}.rust")), secret).expect("a pool"),
                    entropy: Box::new(seed.entropy(role)),
                    journal: None,
                });
                let path = folder.join(format!("{name}.qkdraw"));
                let mut reader = Reader::open(&path, role).expect("a record");
                let batches = std::iter::from_fn(|| {
                    reader.next_batch().transpose().map(|next| next.map(|(_, raw)| raw))
                });
                let mut keys = Vec::new();
                serve(link.expect("a link"), &stream, batches, |event, _| {
                    if let Event::Key(key) = event {
                        keys.push((key.block(), key.len() as u64, key.with_bytes(<[u8]>::to_vec)));
                    }
                })
                .expect("an orderly end");
                keys
            })
        });
        let [alice, bob] = sides.map(|side| side.join().expect("no panic"));
        assert_eq!(alice, bob);
        bob
    })
}

thread_local! {
    static STREAM: RefCell<Option<qkdpp::entropy::InsecureEntropy>> = const { RefCell::new(None) };
}

unsafe extern "C" fn entropy(_: *mut c_void, data: *mut u8, size: usize) -> i32 {
    // SAFETY: room for `size` bytes, by the header.
    let bytes = unsafe { slice::from_raw_parts_mut(data, size) };
    STREAM.with(|stream| {
        let mut stream = stream.borrow_mut();
        stream.get_or_insert_with(|| InsecureSeed::new(99).pre_shared()).fill(bytes).map_or(1, |()| 0)
    })
}

/// Counts how often it is called.
unsafe extern "C" fn wake(context: *mut c_void) {
    // SAFETY: the context of the test, which lives longer than its links.
    unsafe { &*context.cast::<AtomicU64>() }.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn callbacks_give_randomness_and_are_woken() {
    let folder = tempfile::tempdir().expect("a folder");
    simulate(folder.path());
    let inner = folder.path().join("callbacks");
    std::fs::create_dir(&inner).expect("a folder");
    let wakes = AtomicU64::new(0);
    let callbacks = Callbacks::new((&raw const wakes).cast_mut().cast(), Some(entropy), Some(wake));
    let side = |role| {
        let open =
            |config: &LinkConfig<'_>| out(|link| qkdpp_link_new(Some(config), role, Some(&callbacks), link));
        Side::new(&inner, role, open, 1)
    };
    let (mut alice, mut bob) = (side(0), side(1));
    let hertz = out(|hertz| qkdpp_record_clock(Some(alice.record()), hertz));
    assert_eq!(hertz.to_bits(), 1e8_f64.to_bits());
    let mut batch = std::mem::MaybeUninit::uninit();
    out(|found| qkdpp_record_next(Some(bob.record()), Some(&mut batch), found));
    // SAFETY: one was found.
    let early = unsafe { batch.assume_init_ref() };
    fails(qkdpp_link_push_batch(Some(bob.link()), Some(early)), Status::NotDue, "wants_batch");
    bob.read_again(folder.path());
    run(&mut alice, &mut bob);
    assert!(wakes.load(Ordering::Relaxed) > 0);
    let json = out(|json| qkdpp_link_ledger(Some(alice.link()), json));
    // SAFETY: lent by the link until its next text.
    let ledger: serde_json::Value =
        serde_json::from_str(unsafe { CStr::from_ptr(json) }.to_str().expect("UTF-8")).expect("JSON");
    assert_eq!(ledger["entries"].as_array().expect("entries").len(), 3, "a session and two blocks");
}
