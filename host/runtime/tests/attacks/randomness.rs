//! A random source that fails ends the link: no key, nothing retried, nothing stretched.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::link::stepped::Pair;
use crate::link::{Pools, profile};
use qkdpp::{Entropy, EntropyError, LinkError, OsEntropy};
use qkdpp_protocol::SessionError;
use qkdpp_protocol::wire::Role;

/// How a source fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// An error.
    Error,
    /// Zeros.
    Stuck,
    /// Seven ones of eight.
    Biased,
    /// The same 16 bytes for ever: the hard-coded seed.
    Repeated,
    /// Every request is answered from the beginning again: a state that was restored or copied.
    Restarted,
}

const FAULTS: [Fault; 5] = [Fault::Error, Fault::Stuck, Fault::Biased, Fault::Repeated, Fault::Restarted];

/// The system's randomness for `sound` requests, then a fault.
struct Failing {
    fault: Fault,
    sound: usize,
    requests: Arc<AtomicUsize>,
    start: Vec<u8>,
}

impl Failing {
    fn new(fault: Fault, sound: usize) -> (Self, Arc<AtomicUsize>) {
        let mut start = vec![0; 1 << 16];
        OsEntropy.fill(&mut start).expect("a generator");
        let requests = Arc::new(AtomicUsize::new(0));
        (Self { fault, sound, requests: Arc::clone(&requests), start }, requests)
    }
}

impl Entropy for Failing {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if self.requests.fetch_add(1, Ordering::Relaxed) < self.sound {
            return OsEntropy.fill(bytes);
        }
        match self.fault {
            Fault::Error => return Err(EntropyError::Source("unplugged".into())),
            Fault::Stuck => bytes.fill(0),
            Fault::Biased => bytes.fill(0b1110_1111),
            Fault::Repeated => {
                bytes.iter_mut().zip(self.start[..16].iter().cycle()).for_each(|(byte, same)| *byte = *same);
            }
            Fault::Restarted => bytes.copy_from_slice(&self.start[..bytes.len()]),
        }
        Ok(())
    }
}

#[test]
fn attack_08_a_failing_random_source_ends_the_link() {
    // Alice draws for: start-up test, nonce, sample, reconciliation, hash key, amplification.
    for fault in FAULTS {
        for sound in 0..5 {
            let (entropy, requests) = Failing::new(fault, sound);
            let pools = Pools::new(200);
            let error = match pools.link_with(Role::Alice, profile(), Box::new(entropy)) {
                Err(error) => error,
                Ok(alice) => {
                    let mut pair = Pair::new([alice, pools.link(Role::Bob)], 1);
                    let (role, error) = pair.run(usize::MAX).expect_err("an error of the source");
                    assert_eq!(role, Role::Alice, "{error}");
                    assert!(pair.keys.iter().all(Vec::is_empty), "a key, {fault:?} after {sound} requests");
                    assert_eq!(pair.links[0].next_message(), None, "the link goes on");
                    let asked = requests.load(Ordering::Relaxed);
                    let refused = pair.links[0].message(Vec::new());
                    assert!(matches!(refused, Err(LinkError::Session(SessionError::Stopped))), "{refused:?}");
                    assert_eq!(requests.load(Ordering::Relaxed), asked, "the source was asked once more");
                    error
                }
            };
            let LinkError::Entropy(error) = error else { panic!("{fault:?} after {sound}: {error}") };
            assert_eq!(fault == Fault::Error, error == EntropyError::Source("unplugged".into()), "{error}");
        }
    }
}

#[test]
fn attack_08_a_bad_seed_of_amplification_makes_no_key() {
    // One request alone does not show that the source began again.
    for fault in FAULTS.into_iter().filter(|&fault| fault != Fault::Restarted) {
        let (entropy, _) = Failing::new(fault, 5);
        let pools = Pools::new(200);
        let alice = pools.link_with(Role::Alice, profile(), Box::new(entropy)).expect("a sound start");
        let mut pair = Pair::new([alice, pools.link(Role::Bob)], 1);
        let (role, error) = pair.run(usize::MAX).expect_err("an error of the source");
        assert!(role == Role::Alice && matches!(error, LinkError::Entropy(_)), "{fault:?}: {error}");
        assert!(pair.keys.iter().all(Vec::is_empty));
    }
}
