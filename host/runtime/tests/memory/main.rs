//! What of a session's secrets can still be read in the memory of its process once it is over.
//!
//! ```text
//! this test ──── starts ───▶ child: the same session, dropped (or stopped by an error), then waits
//!   runs the session by itself and notes its secrets
//!   reads /proc/<child>/mem: every writable region, every byte offset, eight bytes at a time
//! ```
//! The two sessions are the same to the last bit: one pre-shared secret, one seeded source, one block. The child is this test
//! program again, running its `child_` test with `CHILD` set, so no secret is in its memory but by the session.
//!
//! Of key bits, from raw to amplified, not one word of eight bytes may be left. Hash keys and pads pass through registers as
//! numbers of sixteen bytes; no whole one may be left, but a half can survive in the padding of a value that the compiler
//! copied.
#![cfg(target_os = "linux")]

#[path = "../link/mod.rs"]
mod link;

mod noted;
mod scan;
mod session;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use noted::Secrets;
use qkdpp_protocol::profile::Method;
use scan::{Found, scan};
use session::{Ending, session};

/// What the child shall do: a method, an ending, and the folder of its pools.
const CHILD: &str = "QKDPP_TEST_MEMORY";

#[test]
fn child_runs_a_session() {
    let Some(task) = std::env::var_os(CHILD) else { return };
    let task = task.into_string().expect("the parent wrote it");
    let [method, ending, folder] = task.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let method = if method == "ldpc" { Method::Ldpc } else { Method::Cascade };
    let ending = [Ending::Finished, Ending::Aborted, Ending::KeyKept]
        .into_iter()
        .find(|known| format!("{known:?}") == ending)
        .expect("an ending");
    let kept = session(method, ending, folder.as_ref(), [link::under_test::open(), link::under_test::open()]);
    println!("\nREADY");
    std::io::stdout().flush().expect("a parent that listens");
    // Until the parent has read this process's memory.
    let _ = std::io::stdin().read(&mut [0]);
    drop(kept);
}

/// A child that has run its session and waits; ended with this value.
struct Waiting(Child);

impl Waiting {
    fn start(method: Method, ending: Ending, folder: &std::path::Path) -> Self {
        let name = if method == Method::Ldpc { "ldpc" } else { "cascade" };
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "child_runs_a_session", "--nocapture"])
            .env(CHILD, format!("{name} {ending:?} {}", folder.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let ready = output.lines().map_while(Result::ok).any(|line| line == "READY");
        assert!(ready, "the child's session failed");
        Self(child)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Secrets of a session, and what of them is in the memory of a process that has run it.
fn left_behind(method: Method, ending: Ending) -> (Secrets, Vec<Found>) {
    let [noted_in, run_in] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    for folder in [&noted_in, &run_in] {
        session::make_pools(folder.path());
    }
    let mut secrets = Secrets::of(method, ending, noted_in.path());
    if ending == Ending::Aborted {
        // The pool is still open, and with it the keys that it lives with.
        secrets.forget("hash key");
    }
    let child = Waiting::start(method, ending, run_in.path());
    let found = scan(child.0.id(), &secrets);
    (secrets, found)
}

#[track_caller]
fn assert_nothing_left(found: &[Found]) {
    let (numbers, key_bits): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.is_number());
    assert!(key_bits.is_empty(), "{key_bits:#?}");
    let whole = |pair: &&[&Found]| pair[1].address - pair[0].address <= 8;
    assert!(!numbers.windows(2).any(|pair| whole(&pair)), "{numbers:#?}");
    if !numbers.is_empty() {
        eprintln!("halves of numbers that are left: {numbers:?}");
    }
}

#[test]
fn attack_16_a_finished_session_leaves_nothing_in_memory() {
    for method in [Method::Cascade, Method::Ldpc] {
        let (secrets, found) = left_behind(method, Ending::Finished);
        // The block is too short for a key by LDPC; its bits are secret all the same.
        let kinds = ["sifted bits", "pad", "hash key", "key"];
        for kind in &kinds[..if method == Method::Ldpc { 3 } else { 4 }] {
            assert!(secrets.count(kind) > 3, "{method:?}: {} words of {kind}", secrets.count(kind));
        }
        assert_nothing_left(&found);
    }
}

#[test]
fn attack_16_an_aborted_block_leaves_nothing_in_memory() {
    let (secrets, found) = left_behind(Method::Cascade, Ending::Aborted);
    assert!(secrets.count("sifted bits") > 3 && secrets.count("key") == 0);
    assert_nothing_left(&found);
}

#[test]
fn a_key_that_is_kept_is_found() {
    let (secrets, found) = left_behind(Method::Cascade, Ending::KeyKept);
    let of_key = found.iter().filter(|found| found.what == "key").count();
    // Alice's and Bob's.
    assert_eq!(of_key, 2 * secrets.count("key"), "{found:#?}");
}
