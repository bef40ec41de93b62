//! A block ends once, for both sides.

use qkdpp_protocol::wire::{Header, Kind, Role};
use qkdpp_protocol::{Input, ProtocolError, SessionError};

use super::{honest, small};
use crate::adversary::{run_forged, run_with_forger};
use crate::pair::Pair;

#[test]
fn attack_16_an_aborted_block_is_gone() {
    let mut pair = Pair::new(&small());
    let mut corrected = None;
    let stopped = run_forged(&mut pair, Role::Alice, |kind, _, _, payload| {
        if kind == Kind::Verify {
            corrected = Some(payload.clone());
            payload.pop();
        }
    });
    assert!(matches!(stopped[1], Some(SessionError::Peer(ProtocolError::Truncated { .. }))), "{stopped:?}");
    assert!(corrected.is_some() && pair.bob.keys.is_empty() && pair.alice.keys.is_empty());
    // No second attempt: every message of the block, once more, as it should have been.
    for message in pair.alice.sent.clone() {
        let again = pair.bob.session.handle(pair.now, Input::Message(message));
        assert_eq!(again, Err(SessionError::Stopped));
    }
    assert_eq!(pair.bob.session.open_blocks(), 0);
}

#[test]
fn attack_17_without_the_last_message_only_one_side_may_have_a_key() {
    let reference = honest(&small());
    for (from, sent) in [(Role::Alice, reference.alice.sent.len()), (Role::Bob, reference.bob.sent.len())] {
        let mut pair = Pair::new(&small());
        let stopped = pair.run_out(&mut |role, number, message| {
            if role == from && number + 1 == sent { Vec::new() } else { vec![message] }
        });
        // Alice accepts first. Without her word Bob has nothing; without his answer she has nothing and says so.
        assert!(pair.alice.keys.is_empty(), "{from:?}");
        assert_eq!(pair.bob.keys.len(), usize::from(from == Role::Bob));
        assert!(
            matches!(stopped[0], Some(SessionError::Peer(ProtocolError::Silent { blocks: 1, .. }))),
            "{stopped:?}"
        );
    }
}

#[test]
fn attack_21_a_block_without_a_key_is_not_evaluated_again() {
    // Too few detections: no key. Then Alice tries again: another length, other tags, another plan, another sample.
    let mut scenario = small();
    scenario.detections = 2_000;
    for again in [Kind::Amplify, Kind::Verify, Kind::Reconcile, Kind::Sifting, Kind::Final] {
        let mut pair = Pair::new(&scenario);
        let stopped = run_with_forger(&mut pair, Role::Alice, |forger, message, kind| {
            let honest = forger.pass(message, |_, _| ());
            if kind != Kind::Amplify {
                return vec![honest];
            }
            let (header, payload, _) = Header::parse(message, Role::Alice).expect("an honest message");
            assert_eq!(payload, [0; 16], "no key");
            vec![honest, forger.message(Header { kind: again, ..header }, &[0; 16])]
        });
        let refused = ProtocolError::Unexpected { kind: again, block: 0, state: "its end" };
        assert_eq!(stopped[1], Some(SessionError::Peer(refused)));
        assert!(pair.alice.keys.is_empty() && pair.bob.keys.is_empty());
    }
}
