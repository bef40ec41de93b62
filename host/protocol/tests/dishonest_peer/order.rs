//! Messages that are not due.

use std::sync::Arc;

use qkdpp_kernels::Bits;
use qkdpp_protocol::ProtocolError;
use qkdpp_protocol::reconcile::{Party, Request};
use qkdpp_protocol::wire::{Header, Kind, Role};

use super::{Link, is_unexpected};

#[test]
fn blocks_that_are_not_due() {
    let link = Link::cascade();
    for block in [4, 1 << 40, u64::MAX] {
        let error = link.cheat(Role::Bob, |kind, _, header, _| {
            if kind == Kind::Detections {
                header.block = block;
            }
        });
        is_unexpected(&error, Kind::Detections);
        // Alice's messages cannot open a block at Bob's.
        let error = link.cheat(Role::Alice, |kind, _, header, _| {
            if kind == Kind::Sifting {
                header.block = block;
            }
        });
        is_unexpected(&error, Kind::Sifting);
    }
}

#[test]
fn undecoded_frames_before_the_syndromes() {
    let link = Link::ldpc();
    let error = link.replace(Role::Bob, |forger, message, kind| {
        let honest = forger.pass(message, |_, _| ());
        if kind != Kind::TestBits {
            return vec![honest];
        }
        let (header, ..) = Header::parse(message, Role::Bob).expect("an honest message");
        vec![honest, forger.message(Header { kind: Kind::Undecoded, ..header }, &[0])]
    });
    is_unexpected(&error, Kind::Undecoded);
}

#[test]
fn undecoded_frames_before_the_syndromes_are_computed() {
    let link = Link::ldpc();
    let settings = link.scenario.profile.reconciliation;
    let plan = qkdpp_protocol::reconcile::plan(&settings, 0.01, 5_000, [7; 32]);
    let key = Arc::new(Bits::zeros(5_000));
    let mut alice = Party::new(Role::Alice, settings, &plan, &key).expect("an allowed plan");
    assert!(matches!(alice.requests()[..], [Request::Compute(..)]));
    assert!(alice.message(Kind::Undecoded, &[0]).is_err());
    assert!(alice.outcome().is_none(), "correction came to an end without a syndrome");
}

#[test]
fn disclosures_that_nobody_asked_for() {
    let link = Link::ldpc();
    let error = link.replace(Role::Alice, |forger, message, kind| {
        let honest = forger.pass(message, |_, _| ());
        if kind != Kind::Reconcile {
            return vec![honest];
        }
        let (header, ..) = Header::parse(message, Role::Alice).expect("an honest message");
        vec![honest, forger.message(Header { kind: Kind::Disclosure, ..header }, &[0])]
    });
    is_unexpected(&error, Kind::Disclosure);
}

#[test]
fn every_message_comes_once() {
    for (link, sender) in [
        (Link::cascade(), Role::Alice),
        (Link::cascade(), Role::Bob),
        (Link::ldpc(), Role::Alice),
        (Link::ldpc(), Role::Bob),
    ] {
        let mut honest = link.pair();
        honest.run().expect("an honest run");
        let sent = if sender == Role::Alice { &honest.alice.sent } else { &honest.bob.sent };
        let mut kinds: Vec<Kind> =
            sent.iter().map(|message| crate::adversary::kind(message, sender)).collect();
        kinds.dedup();
        // With the first Final the block has ended, and the key is out.
        kinds.retain(|kind| *kind != Kind::Final);
        for twice in kinds {
            let mut number = 0;
            let error = link.replace(sender, |forger, message, kind| {
                number += usize::from(kind == twice);
                let copies = if kind == twice && number == 1 { 2 } else { 1 };
                (0..copies).map(|_| forger.pass(message, |_, _| ())).collect()
            });
            match twice {
                // After the last batch none is due, before it the next one is.
                Kind::Detections => assert!(
                    matches!(error, ProtocolError::Field { .. } | ProtocolError::Unexpected { .. }),
                    "{error:?}"
                ),
                // One too many stands for the next one; where it fits there, the two sides lose each other.
                Kind::Parities | Kind::Undecoded => assert!(
                    matches!(
                        error,
                        ProtocolError::Parities(_)
                            | ProtocolError::Unexpected { .. }
                            | ProtocolError::Silent { .. }
                    ),
                    "{error:?}"
                ),
                Kind::Hello => assert_eq!(error, ProtocolError::Session),
                _ => is_unexpected(&error, twice),
            }
        }
    }
}

#[test]
fn attack_12_no_message_comes_early() {
    let link = Link::cascade();
    // What Alice sends, and what she would like to send in its place.
    for (due, early) in [
        (Kind::Sifting, Kind::Reconcile),
        (Kind::Reconcile, Kind::Verify),
        (Kind::Verify, Kind::Amplify),
        (Kind::Amplify, Kind::Final),
    ] {
        let error = link.cheat(Role::Alice, |kind, _, header, _| {
            if kind == due {
                header.kind = early;
            }
        });
        is_unexpected(&error, early);
    }
    for (due, early) in [
        (Kind::Bases, Kind::TestBits),
        (Kind::TestBits, Kind::Corrected),
        (Kind::Corrected, Kind::Verified),
        (Kind::Verified, Kind::Final),
    ] {
        let error = link.cheat(Role::Bob, |kind, _, header, _| {
            if kind == due {
                header.kind = early;
            }
        });
        is_unexpected(&error, early);
    }
}

#[test]
fn nobody_sends_what_the_other_side_has_to() {
    let link = Link::cascade();
    for kind in [Kind::Detections, Kind::Bases, Kind::TestBits, Kind::Corrected, Kind::Verified] {
        let error = link.cheat(Role::Alice, |due, _, header, _| {
            if due == Kind::Sifting {
                header.kind = kind;
            }
        });
        is_unexpected(&error, kind);
    }
    for kind in [Kind::Sifting, Kind::Reconcile, Kind::Verify, Kind::Amplify] {
        let error = link.cheat(Role::Bob, |due, _, header, _| {
            if due == Kind::TestBits {
                header.kind = kind;
            }
        });
        is_unexpected(&error, kind);
    }
}
