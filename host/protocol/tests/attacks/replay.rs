//! What somebody recorded earlier, or on the other direction, is refused wherever it is put in.

use qkdpp_protocol::wire::{Kind, Role};
use qkdpp_protocol::{ProtocolError, SessionError};

use super::{honest, small};
use crate::adversary::{self, Records};
use crate::pair::Scenario;

/// Messages of `sent`; of the rounds of Cascade, which are all alike, the first alone.
fn corpus(sent: &[Vec<u8>], from: Role) -> Vec<Vec<u8>> {
    let mut rounds = 0;
    let chosen = sent.iter().filter(|message| {
        rounds += usize::from(adversary::kind(message, from) == Kind::Parities);
        adversary::kind(message, from) != Kind::Parities || rounds == 1
    });
    chosen.cloned().collect()
}

/// Runs with `extra` before message `at` of `from`, and returns the receiver's error; it has no key.
fn inserted(
    scenario: &Scenario,
    records: &(Records, Records),
    from: Role,
    at: usize,
    extra: &[u8],
) -> ProtocolError {
    let mut pair = adversary::pair(scenario, records);
    let [alice, bob] = pair.run_out(&mut |role, number, message| {
        if role == from && number == at { vec![extra.to_vec(), message] } else { vec![message] }
    });
    let (error, keys) = match from {
        Role::Alice => (bob, &pair.bob.keys),
        Role::Bob => (alice, &pair.alice.keys),
    };
    assert!(keys.is_empty(), "a key in spite of a message before number {at} of {from:?}");
    match error {
        Some(SessionError::Peer(error)) => error,
        other => panic!("before message {at} of {from:?}: {other:?}"),
    }
}

#[test]
fn attack_10_no_recorded_message_is_accepted_again() {
    use ProtocolError as E;
    // The old session had the same pads, keys and records: only its nonces and seeds were others.
    let scenario = small();
    let records = scenario.records();
    let mut old = adversary::pair(&Scenario { seed: "an old session", ..scenario.clone() }, &records);
    assert_eq!(old.run_out(&mut |_, _, message| vec![message]), [None, None]);
    let now = honest(&scenario);
    let mut runs = 0;
    for (from, old, reflected, own) in [
        (Role::Alice, &old.alice.sent, &now.bob.sent, &now.alice.sent),
        (Role::Bob, &old.bob.sent, &now.alice.sent, &now.bob.sent),
    ] {
        for at in [0, 1, own.len() / 2, own.len() - 1] {
            let refused = |message: &Vec<u8>| inserted(&scenario, &records, from, at, message);
            for message in corpus(old, from) {
                let error = refused(&message);
                assert!(matches!(error, E::Session), "of an old session, before {at} of {from:?}: {error}");
                runs += 1;
            }
            for message in corpus(reflected, from.peer()) {
                let error = refused(&message);
                assert!(matches!(error, E::Direction { .. }), "reflected, before {at} of {from:?}: {error}");
                runs += 1;
            }
            for message in corpus(&own[..at], from) {
                let error = refused(&message);
                let hello = adversary::kind(&message, from) == Kind::Hello;
                let named = matches!(error, E::Sequence { .. }) || (hello && error == E::Session);
                assert!(named, "once more, before {at} of {from:?}: {error}");
                runs += 1;
            }
        }
    }
    assert!(runs > 100, "only {runs} runs");
}
