//! The handshake against who has no keys, and between sides whose pads are not equally far used.

mod adversary;
mod pair;

use pair::{Pair, Scenario, pad};
use qkdpp_protocol::wire::{Header, Kind, Role};
use qkdpp_protocol::{Config, HashKey, Input, Pads, ProtocolError, Session, SessionError, Step};

fn scenario() -> Scenario {
    let mut scenario = Scenario::bbm92(8_000, 0.005);
    scenario.profile.slots_per_block = 16_000;
    scenario.profile.slots_per_batch = 8_000;
    scenario
}

fn config(role: Role, alice_pad: u64, bob_pad: u64) -> Config {
    let key = |role| {
        let (k, b) = pair::hash_key_numbers(role);
        HashKey::new(k, b)
    };
    Config {
        role,
        profile: scenario().profile,
        alice_key: key(Role::Alice),
        bob_key: key(Role::Bob),
        alice_pad,
        bob_pad,
        spent: 0.0,
    }
}

/// Answers draws, keeps no record; the first other step.
fn next_step(session: &mut Session, pair: &Pair) -> Step {
    loop {
        match session.poll() {
            Step::Draw(id, len) => {
                let nonce = zeroize::Zeroizing::new(vec![1; len]);
                session.handle(pair.now, Input::Drawn(id, nonce)).expect("a nonce");
            }
            Step::Spend(_) | Step::Record(_) => {}
            step => return step,
        }
    }
}

/// A Hello of Alice that names pad `number` and was tagged by somebody who guesses.
fn forged(number: u64) -> Vec<u8> {
    let profile = scenario().profile.hash();
    let header =
        Header { from: Role::Alice, kind: Kind::Hello, session: [0; 16], block: 0, sequence: 0, profile };
    let mut message = header.frame(&[3; 16]);
    message.extend(number.to_le_bytes());
    message.extend([5; 16]);
    message
}

#[test]
fn a_forged_hello_burns_no_pad() {
    for number in [7, 8, 100, 1 << 40, u64::MAX] {
        let pair = Pair::new(&scenario());
        let mut bob = Session::new(config(Role::Bob, 7, 0)).expect("a valid profile");
        bob.handle(pair.now, Input::Message(forged(number))).expect("nothing to check it with yet");
        let step = next_step(&mut bob, &pair);
        let Step::Peek { sender: Role::Alice, number: asked } = step else {
            panic!("{step:?} for pad {number}")
        };
        assert_eq!(asked, number);
        let pads = Pads::new(number, vec![pad(Role::Alice, number)]);
        let refused = bob.handle(pair.now, Input::Pads(Role::Alice, pads));
        assert_eq!(refused, Err(SessionError::Peer(ProtocolError::Tag { pad: number, sequence: 0 })));
        assert!(matches!(bob.poll(), Step::Wait(None)), "something was reserved or sent");
    }
}

#[test]
fn pads_beyond_the_pool_and_burnt_ones_are_refused() {
    let pair = Pair::new(&scenario());
    let mut bob = Session::new(config(Role::Bob, 7, 0)).expect("a valid profile");
    let refused = bob.handle(pair.now, Input::Message(forged(6)));
    assert_eq!(refused, Err(SessionError::Peer(ProtocolError::Pad { want: 7, got: 6 })));

    let mut bob = Session::new(config(Role::Bob, 7, 0)).expect("a valid profile");
    bob.handle(pair.now, Input::Message(forged(1 << 50))).expect("nothing to check it with yet");
    let refused = bob.handle(pair.now, Input::Pads(Role::Alice, Pads::new(1 << 50, Vec::new())));
    assert_eq!(refused, Err(SessionError::Peer(ProtocolError::Pad { want: 7, got: 1 << 50 })));
}

#[test]
fn a_hello_counts_only_once_its_pad_is_burnt() {
    let mut pair = Pair::new(&scenario());
    let mut hello = Vec::new();
    let _ = pair.run_out(&mut |from, _, message| {
        if from == Role::Alice {
            hello = message;
        }
        Vec::new()
    });
    let mut bob = Session::new(config(Role::Bob, 0, 0)).expect("a valid profile");
    bob.handle(pair.now, Input::Message(hello)).expect("a Hello");
    assert!(matches!(next_step(&mut bob, &pair), Step::Peek { sender: Role::Alice, number: 0 }));
    let pads = |count| Pads::new(0, (0..count).map(|number| pad(Role::Alice, number)).collect());
    bob.handle(pair.now, Input::Pads(Role::Alice, pads(1))).expect("the right pad");
    let step = next_step(&mut bob, &pair);
    assert!(matches!(step, Step::Reserve { sender: Role::Alice, from: 0, .. }), "{step:?}");
    assert!(matches!(bob.poll(), Step::Wait(_)), "Bob answered before the pad was burnt");
    bob.handle(pair.now, Input::Pads(Role::Alice, pads(64))).expect("the pads");
    let step = next_step(&mut bob, &pair);
    assert!(matches!(step, Step::Reserve { sender: Role::Bob, from: 0, .. }), "{step:?}");
}

#[test]
fn any_number_of_unheard_starts_is_skipped() {
    for [alice_ahead, bob_ahead] in [[64, 0], [0, 64], [5_000, 0], [0, 5_000], [70_000, 40_000_000]] {
        let mut pair = Pair::new(&scenario());
        for side in [&mut pair.alice, &mut pair.bob] {
            let own = match side.role {
                Role::Alice => config(Role::Alice, alice_ahead, 0),
                Role::Bob => config(Role::Bob, 0, bob_ahead),
            };
            side.session = Session::new(own).expect("a valid profile");
            side.pads_left = 1 << 30;
        }
        assert_eq!(pair.run_out(&mut |_, _, message| vec![message]), [None, None]);
        assert_eq!(pair.equal_keys().len(), 1);
    }
}
