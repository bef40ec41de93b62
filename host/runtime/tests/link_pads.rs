//! Links driven step by step on real key pools: no pad is used twice, and without pads or randomness there is no key.

mod link;

use std::collections::BTreeSet;
use std::time::Duration;

use link::{Pools, profile, records};
use qkdpp::pool::Direction;
use qkdpp::{Entropy, EntropyError, Event, Link, LinkError, OsEntropy, StoreError};
use qkdpp_protocol::RawBatch;
use qkdpp_protocol::wire::{Header, Role};

/// Two links, and what passed between them.
struct Pair {
    links: [Link; 2],
    records: [std::vec::IntoIter<RawBatch>; 2],
    /// Pad numbers in the order of use, Alice's and Bob's.
    pads: [Vec<u64>; 2],
    keys: [Vec<Vec<u8>>; 2],
}

impl Pair {
    fn new(links: [Link; 2], blocks: u64) -> Self {
        let records = records(blocks).map(Vec::into_iter);
        Self { links, records, pads: [Vec::new(), Vec::new()], keys: [Vec::new(), Vec::new()] }
    }

    fn on(pools: &Pools, blocks: u64) -> Self {
        Self::new([pools.link(Role::Alice), pools.link(Role::Bob)], blocks)
    }

    /// Lets each side do what it can, until both have nothing to do or `messages` have passed.
    fn run(&mut self, messages: usize) -> Result<(), (Role, LinkError)> {
        let mut passed = 0;
        loop {
            let mut idle = true;
            for (side, role) in [(0, Role::Alice), (1, Role::Bob)] {
                self.advance(side).map_err(|error| (role, error))?;
                while let Some(message) = self.links[side].next_message() {
                    idle = false;
                    let (_, _, trailer) = Header::parse(&message, role).expect("an honest message");
                    self.pads[side].extend(trailer.map(|trailer| trailer.pad));
                    passed += 1;
                    if passed == messages {
                        return Ok(());
                    }
                    self.links[1 - side].message(message).map_err(|error| (role.peer(), error))?;
                }
                idle &= self.links[side].open_jobs() == 0;
            }
            if idle {
                return Ok(());
            }
        }
    }

    fn advance(&mut self, side: usize) -> Result<(), LinkError> {
        let link = &mut self.links[side];
        if link.wants_pulses()
            && let Some(batch) = self.records[side].next()
        {
            link.pulses(batch)?;
        }
        if link.open_jobs() > 0 {
            link.wait(Duration::from_secs(1))?;
        }
        while let Some(event) = link.next_event() {
            if let Event::Key(key) = event {
                self.keys[side].push(key.expose().to_bytes());
            }
        }
        Ok(())
    }
}

/// Whether a list of pads, in the order of their use, has none twice.
fn ascend(pads: &[u64]) -> bool {
    pads.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn consecutive_links_use_later_pads() {
    let pools = Pools::new(300);
    let mut used = [Vec::new(), Vec::new()];
    for _ in 0..3 {
        let mut pair = Pair::on(&pools, 1);
        pair.run(usize::MAX).expect("an honest run");
        assert_eq!(pair.keys[0].len(), 1);
        assert!(pair.keys[0] == pair.keys[1], "different keys");
        for (all, pads) in used.iter_mut().zip(pair.pads) {
            assert!(!pads.is_empty());
            all.extend(pads);
        }
    }
    assert!(used.iter().all(|pads| ascend(pads)), "{used:?}");
}

#[test]
fn no_pad_is_used_twice_wherever_a_link_dies() {
    let pools = Pools::new(2_000);
    let mut used = [Vec::new(), Vec::new()];
    for messages in [0, 1, 2, 3, 7, 20, 60, 90, 120] {
        let mut pair = Pair::on(&pools, 1);
        pair.run(messages + 1).expect("no error before the links die");
        // A tag was made for every pad that passed, and perhaps for messages that never left.
        for (all, pads) in used.iter_mut().zip(&pair.pads) {
            all.extend(pads);
        }
        drop(pair);
        for (role, direction) in [(Role::Alice, Direction::AliceToBob), (Role::Bob, Direction::BobToAlice)] {
            let next = pools.open(role).next(direction);
            assert!(
                used[usize::from(role.byte())].iter().all(|pad| *pad < next),
                "{role:?} may use a pad again"
            );
        }
    }
    assert!(used.iter().all(|pads| ascend(pads)), "{used:?}");
    // And the two sides still find together.
    let mut pair = Pair::on(&pools, 1);
    pair.run(usize::MAX).expect("an honest run");
    assert!(pair.keys[0].len() == 1 && pair.keys[0] == pair.keys[1]);
}

#[test]
fn a_used_up_pool_ends_the_link() {
    let pools = Pools::new(70);
    let mut pair = Pair::on(&pools, 40);
    let (role, error) = pair.run(usize::MAX).expect_err("70 pads are too few for 40 blocks");
    assert!(matches!(error, LinkError::Store(StoreError::Exhausted { .. })), "{role:?}: {error}");
    let [alice, bob] = &pair.keys;
    assert!(alice.len() < 40 && alice.iter().zip(bob).all(|(a, b)| a == b), "different keys");
    assert!(pair.pads.iter().all(|pads| ascend(pads) && pads.iter().collect::<BTreeSet<_>>().len() <= 70));
    // The next link finds nothing left, and says so before it says anything to the peer.
    drop(pair);
    let refused =
        [Role::Alice, Role::Bob].map(|role| pools.link_with(role, profile(), Box::new(OsEntropy)).err());
    assert!(
        refused.iter().flatten().any(|error| matches!(error, LinkError::Store(StoreError::Exhausted { .. }))),
        "{refused:?}"
    );
}

/// The system's randomness, for so many requests.
struct Failing(usize);

impl Entropy for Failing {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| EntropyError("the health test failed".into()))?;
        OsEntropy.fill(bytes)
    }
}

#[test]
fn a_failing_random_source_ends_the_link() {
    // Alice draws: nonce, sample, reconciliation, hash key, amplification.
    for requests in 0..5 {
        let pools = Pools::new(200);
        let entropy = Box::new(Failing(requests));
        let error = match pools.link_with(Role::Alice, profile(), entropy) {
            Err(error) => error,
            Ok(alice) => {
                let mut pair = Pair::new([alice, pools.link(Role::Bob)], 1);
                let (role, error) = pair.run(usize::MAX).expect_err("an error of the source");
                assert_eq!(role, Role::Alice);
                assert!(pair.keys.iter().all(Vec::is_empty), "a key after {requests} requests");
                error
            }
        };
        assert!(matches!(error, LinkError::Entropy(_)), "{error}");
    }
}
