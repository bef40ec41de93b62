//! Links on real key pools: no pad is used twice, nobody without the keys can burn many, and without pads there is no key.

use std::collections::BTreeSet;

use crate::link::stepped::Pair;
use crate::link::{Pools, profile};
use qkdpp::pool::Direction;
use qkdpp::{LinkError, OsEntropy, StoreError};
use qkdpp_protocol::wire::{Header, Kind, Role};
use qkdpp_protocol::{ProtocolError, SessionError};

/// Whether a list of pads, in the order of their use, has none twice.
fn ascend(pads: &[u64]) -> bool {
    pads.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn attack_11_consecutive_links_use_later_pads() {
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
fn attack_11_no_pad_is_used_twice_wherever_a_link_dies() {
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
fn attack_11_the_pad_of_a_wrong_tag_is_burnt() {
    let pools = Pools::new(200);
    let mut pair = Pair::on(&pools, 1);
    // Bob's bases, the first message after the greetings that has a tag.
    pair.hold = Some(Kind::Bases);
    pair.run(usize::MAX).expect("an honest run");
    let mut bases = pair.held.take().expect("bases");
    let pad = Header::parse(&bases, Role::Bob).expect("an honest message").2.expect("a tag").pad;
    *bases.last_mut().expect("a tag") ^= 1;
    let refused = pair.links[0].message(bases).expect_err("a wrong tag");
    let LinkError::Session(SessionError::Peer(error)) = refused else { panic!("{refused}") };
    assert!(matches!(error, ProtocolError::Tag { pad: burnt, .. } if burnt == pad), "{error}");
    drop(pair);
    assert!(pools.open(Role::Alice).next(Direction::BobToAlice) > pad, "the pad can be had again");
}

#[test]
fn attack_27_a_used_up_pool_ends_the_link() {
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

/// A message of `kind` as somebody without the keys would make it: the profile is public, pad and tag are made up.
fn forged(kind: Kind, pad: u64) -> Vec<u8> {
    let profile = profile().hash();
    let header = Header { from: Role::Alice, kind, session: [0; 16], block: 0, sequence: 0, profile };
    let mut message = header.frame(&[7; 16]);
    if kind.flags() != 0 {
        message.extend(pad.to_le_bytes());
        message.extend([9; 16]);
    }
    message
}

/// What a flood of `message` at Bob's burns of Alice's and of his own pads.
fn burnt_by(pools: &Pools, message: &[u8]) -> [u64; 2] {
    let next = |pool: qkdpp::Pool| [Direction::AliceToBob, Direction::BobToAlice].map(|way| pool.next(way));
    let before = next(pools.open(Role::Bob));
    let mut bob = pools.link(Role::Bob);
    assert!(bob.message(message.to_vec()).is_err(), "a forged message was accepted");
    for _ in 0..1000 {
        let refused = bob.message(message.to_vec());
        assert!(matches!(refused, Err(LinkError::Session(SessionError::Stopped))), "{refused:?}");
    }
    drop(bob);
    let after = next(pools.open(Role::Bob));
    [after[0] - before[0], after[1] - before[1]]
}

#[test]
fn attack_27_a_flood_burns_no_pads() {
    let pools = Pools::new(40_000);
    let next = pools.open(Role::Bob).next(Direction::AliceToBob);
    for kind in [Kind::Detections, Kind::Reconcile, Kind::Parities, Kind::Bases] {
        assert_eq!(burnt_by(&pools, &forged(kind, 0)), [0, 0], "{kind:?}");
    }
    for pad in [next, next + 1, next + 10_000, next + 40_000, u64::MAX] {
        assert_eq!(burnt_by(&pools, &forged(Kind::Hello, pad)), [0, 0], "pad {pad}");
    }
}
