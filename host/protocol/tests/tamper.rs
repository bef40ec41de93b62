//! Somebody without the authentication keys on the classical channel: whatever happens to whichever message, the run ends
//! in an error that says what is wrong, and who was deceived delivers no key.

mod adversary;
mod pair;

use std::time::{Duration, Instant};

use adversary::{Change, Meddler, Records};
use pair::{Pair, Scenario, Side};
use qkdpp_protocol::profile::Method;
use qkdpp_protocol::wire::{Kind, Role};
use qkdpp_protocol::{Config, HashKey, Input, Profile, ProtocolError, Session, SessionError, Step};

/// A link whose block gives a key of a few hundred bits within milliseconds.
fn scenario(method: Method) -> Scenario {
    let (detections, qber) = match method {
        Method::Ldpc => (20_000, 0.01),
        _ => (8_000, 0.005),
    };
    let mut scenario = Scenario::bbm92(detections, qber).method(method);
    scenario.profile.slots_per_block = u64::from(detections) * 2;
    scenario.profile.slots_per_batch = detections;
    scenario
}

/// One undisturbed run, of the same records under another session.
struct Reference {
    scenario: Scenario,
    records: (Records, Records),
    sent: [Vec<Vec<u8>>; 2],
    /// Messages of a session with other nonces and seeds.
    others: [Vec<Vec<u8>>; 2],
    /// Everything secret of the run, as an error might print it.
    secrets: Vec<String>,
}

impl Reference {
    fn new(scenario: Scenario) -> Self {
        let records = scenario.records();
        let mut pair = adversary::pair(&scenario, &records);
        assert_eq!(pair.run_out(&mut |_, _, message| vec![message]), [None, None]);
        assert_eq!(pair.equal_keys().len(), 1, "{}", pair.alice.reports[0]);
        let secrets = secrets(&pair);
        let mut other = adversary::pair(&Scenario { seed: "another session", ..scenario.clone() }, &records);
        assert_eq!(other.run_out(&mut |_, _, message| vec![message]), [None, None]);
        Self {
            records,
            sent: [pair.alice.sent, pair.bob.sent],
            others: [other.alice.sent, other.bob.sent],
            secrets,
            scenario,
        }
    }

    fn sent_by(&self, role: Role) -> &[Vec<u8>] {
        &self.sent[usize::from(role.byte())]
    }

    /// Runs with `change` applied to message `at` of `from`, and checks everything that must hold.
    fn disturb(&self, change: Change, from: Role, at: usize) -> Result<(), String> {
        let kind = adversary::kind(&self.sent_by(from)[at], from);
        let mut pair = adversary::pair(&self.scenario, &self.records);
        let mut meddler = Meddler::new(change, from, at, &self.others[usize::from(from.byte())]);
        let stopped = pair.run_out(&mut |from, number, message| meddler.pass(from, number, message));
        let receiver = usize::from(from.peer().byte());
        let fault = |what: &str| {
            Err(format!("{change:?} of message {at} of {from:?}, {kind:?}: {what}; {stopped:?}"))
        };

        let Some(error) = &stopped[receiver] else { return fault("not noticed") };
        if !names_it(error, change, kind) {
            return fault("an error that says something else");
        }
        if stopped
            .iter()
            .flatten()
            .any(|error| matches!(error, SessionError::Driver(_) | SessionError::Stopped))
        {
            return fault("the driver is blamed");
        }
        let text =
            format!("{stopped:?} {}", stopped.iter().flatten().map(ToString::to_string).collect::<String>());
        if self.secrets.iter().any(|secret| text.contains(secret)) {
            return fault("the error tells a secret");
        }
        // Only what arrives again after the block's last message comes too late to keep the key back.
        let last = change == Change::Replay && kind == Kind::Final;
        let [alice, bob] = [&pair.alice, &pair.bob];
        if !([alice, bob][receiver].keys.is_empty() || last) {
            return fault("a key was delivered to who was deceived");
        }
        if alice.keys.iter().zip(&bob.keys).any(|(a, b)| a.expose() != b.expose()) {
            return fault("two different keys");
        }
        for (mut side, error) in [pair.alice, pair.bob].into_iter().zip(&stopped) {
            if error.is_some() && !is_stopped(&mut side, pair.now) {
                return fault("a stopped session goes on");
            }
        }
        Ok(())
    }
}

/// Whether a session refuses whatever comes and asks for nothing.
fn is_stopped(side: &mut Side, now: Instant) -> bool {
    let inputs = [Input::Timeout, Input::Message(side.sent.first().cloned().unwrap_or_default())];
    let refused = inputs.map(|input| side.session.handle(now, input) == Err(SessionError::Stopped));
    refused == [true; 2]
        && matches!(side.session.poll(), Step::Wait(None))
        && !side.session.wants_pulses()
        && side.session.open_blocks() == 0
}

/// Key bits, hash keys and pads, as hexadecimal and decimal numbers and as lists of bytes.
fn secrets(pair: &Pair) -> Vec<String> {
    let key = pair.alice.keys[0].expose().to_bytes();
    let (words, _) = key.as_chunks::<8>();
    let mut numbers: Vec<u128> = words
        .iter()
        .flat_map(|&word| [u64::from_le_bytes(word), u64::from_be_bytes(word)])
        .map(u128::from)
        .collect();
    for role in [Role::Alice, Role::Bob] {
        numbers.extend(<[u128; 2]>::from(pair::hash_key_numbers(role)));
        numbers.extend((0..10).map(|number| pair::pad(role, number)));
    }
    let lists = words.iter().map(|word| format!("{word:?}").trim_matches(['[', ']']).to_owned());
    lists.chain(numbers.iter().flat_map(|number| [format!("{number:x}"), number.to_string()])).collect()
}

/// Whether the receiver's error names what was done to a message of `kind`.
fn names_it(error: &SessionError, change: Change, kind: Kind) -> bool {
    use ProtocolError as E;
    let SessionError::Peer(error) = error else {
        // Bob's detections are not tagged one by one, and Alice may look for a slot she has no record of.
        return matches!(error, SessionError::Record(_)) && kind == Kind::Detections;
    };
    let tagged = kind.flags() != 0;
    let first = kind == Kind::Hello;
    match change {
        Change::Header("magic") => matches!(error, E::Magic { .. }),
        Change::Header("version") => matches!(error, E::Version { .. }),
        Change::Header("sender") | Change::Reflect => matches!(error, E::Direction { .. }),
        Change::Header("kind") => {
            matches!(error, E::Kind(_) | E::Flags { .. } | E::Unexpected { .. } | E::Tag { .. })
        }
        Change::Header("flags") => matches!(error, E::Flags { .. }),
        Change::Header("session") => matches!(error, E::Session),
        Change::Header("sequence") => matches!(error, E::Sequence { .. }),
        Change::Header("profile") => matches!(error, E::Profile { .. }),
        Change::Header("length") => matches!(error, E::Truncated { .. } | E::Trailing { .. }),
        Change::Header(_) if tagged => matches!(error, E::Tag { .. }),
        Change::Header(_) => matches!(error, E::Tag { .. } | E::Unexpected { .. } | E::Field { .. }),
        Change::Payload(_) if tagged => matches!(error, E::Tag { .. }),
        // Somewhere in the rest of the block, at the next tag at the latest.
        Change::Payload(_) => true,
        Change::PadNumber => matches!(error, E::Pad { .. }) || (first && matches!(error, E::Tag { .. })),
        Change::Tag => matches!(error, E::Tag { .. }),
        Change::Cut | Change::CutAll => matches!(error, E::Truncated { .. }),
        Change::Append => matches!(error, E::Trailing { .. }),
        Change::Replay if first => matches!(error, E::Session),
        Change::Replay => matches!(error, E::Sequence { .. }),
        // Without the greeting, the session that the next message names is not known.
        Change::Drop | Change::Swap => match error {
            E::Session => first,
            error => matches!(error, E::Sequence { .. } | E::Silent { .. }),
        },
        // Another session's greeting can only be replayed here because the test uses its pads twice.
        Change::Splice => matches!(error, E::Session | E::Silent { .. }),
    }
}

/// Every change of every message; of the many rounds of Cascade, which are all alike, a few changes of each.
fn every_change_of_every_message(method: Method) {
    let reference = Reference::new(scenario(method));
    let all = Change::all();
    let (mut runs, mut faults) = (0, Vec::new());
    for from in [Role::Alice, Role::Bob] {
        for (at, message) in reference.sent_by(from).iter().enumerate() {
            let kind = adversary::kind(message, from);
            let alike = kind == Kind::Parities;
            for (index, &change) in all.iter().enumerate().filter(|(_, change)| change.applies_to(message)) {
                // The very first message cannot be replaced by an earlier one of the receiver.
                let possible = change != Change::Reflect || from == Role::Bob || at > 0;
                if possible && (!alike || (index + at).is_multiple_of(7)) {
                    faults.extend(reference.disturb(change, from, at).err());
                    runs += 1;
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} of {runs} runs:\n{}", faults.len(), faults.join("\n"));
    assert!(runs > 300, "only {runs} runs");
}

#[test]
fn attack_09_every_change_of_every_message_is_noticed_with_cascade() {
    every_change_of_every_message(Method::Cascade);
}

#[test]
fn attack_09_every_change_of_every_message_is_noticed_with_ldpc() {
    every_change_of_every_message(Method::Ldpc);
}

#[test]
fn several_blocks_in_flight_do_not_hide_a_change() {
    let mut scenario = scenario(Method::Cascade);
    scenario.blocks = 3;
    let records = scenario.records();
    let mut honest = adversary::pair(&scenario, &records);
    assert_eq!(honest.run_out(&mut |_, _, message| vec![message]), [None, None]);
    let messages = honest.bob.sent.len();
    assert_eq!(honest.equal_keys().len(), 3);
    for at in (0..messages).step_by(messages / 20) {
        let mut pair = adversary::pair(&scenario, &records);
        let mut meddler = Meddler::new(Change::Payload(1), Role::Bob, at, &[]);
        let stopped = pair.run_out(&mut |from, number, message| meddler.pass(from, number, message));
        assert!(matches!(stopped[0], Some(SessionError::Peer(_))), "{at}: {stopped:?}");
        for (a, b) in pair.alice.keys.iter().zip(&pair.bob.keys) {
            assert_eq!(a.block(), b.block());
            assert!(a.expose() == b.expose(), "{at}");
        }
    }
}

/// Two sides, of which Bob starts from `config`.
fn with_bob(config: Config) -> [Option<SessionError>; 2] {
    let scenario = scenario(Method::Cascade);
    let mut pair = Pair::new(&scenario);
    pair.bob.session = Session::new(config).expect("a valid profile");
    let stopped = pair.run_out(&mut |_, _, message| vec![message]);
    assert!(pair.alice.keys.is_empty() && pair.bob.keys.is_empty());
    stopped
}

fn bobs_config(profile: Profile) -> Config {
    let key = |role| {
        let (k, b) = pair::hash_key_numbers(role);
        HashKey::new(k, b)
    };
    Config {
        role: Role::Bob,
        profile,
        alice_key: key(Role::Alice),
        bob_key: key(Role::Bob),
        alice_pad: 0,
        bob_pad: 0,
        spent: 0.0,
    }
}

#[test]
fn any_other_parameter_in_the_peers_profile_is_refused_at_once() {
    let ours = scenario(Method::Cascade).profile;
    let edits: [fn(&mut Profile); 14] = [
        |profile| profile.name.push('s'),
        |profile| profile.slots_per_block += 1,
        |profile| profile.slots_per_batch -= 1,
        |profile| profile.expected_qber = profile.expected_qber.next_up(),
        |profile| profile.test = qkdpp_protocol::profile::Test::Sample { fraction: 0.21 },
        |profile| profile.reconciliation.method = Method::Auto,
        |profile| profile.reconciliation.round_trip_ms += 1.0,
        |profile| profile.reconciliation.cores += 1,
        |profile| profile.reconciliation.count_both_directions = true,
        |profile| profile.reconciliation.cascade_frame_bits += 1,
        |profile| profile.verification.tag_bits -= 1,
        |profile| profile.amplification.family = qkdpp_protocol::profile::HashFamily::Toeplitz,
        |profile| profile.blocks_in_flight += 1,
        |profile| profile.silence_seconds += 1,
    ];
    for (index, edit) in edits.iter().enumerate() {
        let mut theirs = ours.clone();
        edit(&mut theirs);
        let [alice, bob] = with_bob(bobs_config(theirs));
        assert!(
            matches!(bob, Some(SessionError::Peer(ProtocolError::Profile { .. }))),
            "edit {index}: {bob:?}"
        );
        // Bob does not answer.
        assert!(
            matches!(alice, Some(SessionError::Peer(ProtocolError::Silent { .. }))),
            "edit {index}: {alice:?}"
        );
    }
}

#[test]
fn attack_09_other_authentication_keys_are_noticed_in_the_handshake() {
    for role in [Role::Alice, Role::Bob] {
        let (k, b) = pair::hash_key_numbers(role);
        for wrong in [HashKey::new(k ^ 1, b), HashKey::new(k, b ^ 1)] {
            let mut config = bobs_config(scenario(Method::Cascade).profile);
            match role {
                Role::Alice => config.alice_key = wrong,
                Role::Bob => config.bob_key = wrong,
            }
            let stopped = with_bob(config);
            let receiver = usize::from(role.peer().byte());
            assert!(
                matches!(
                    stopped[receiver],
                    Some(SessionError::Peer(ProtocolError::Tag { pad: 0, sequence: 0 }))
                ),
                "{stopped:?}"
            );
        }
    }
}

#[test]
fn attack_10_pads_that_one_side_has_burnt_are_refused() {
    let config = Config { alice_pad: 5, ..bobs_config(scenario(Method::Cascade).profile) };
    let [_, bob] = with_bob(config);
    let want = ProtocolError::Pad { want: 5, got: 0 };
    assert_eq!(bob, Some(SessionError::Peer(want)));
}

#[test]
fn pads_that_the_sender_has_burnt_are_skipped() {
    let scenario = scenario(Method::Cascade);
    let mut pair = Pair::new(&scenario);
    // Bob died with pads reserved for his own messages, and Alice never saw them used.
    let config = Config { bob_pad: 300, ..bobs_config(scenario.profile.clone()) };
    pair.bob.session = Session::new(config).expect("a valid profile");
    assert_eq!(pair.run_out(&mut |_, _, message| vec![message]), [None, None]);
    assert_eq!(pair.equal_keys().len(), 1);
}

#[test]
fn a_dead_peer_is_given_up() {
    let scenario = scenario(Method::Cascade);
    for alive in [0, 1, 3, 20] {
        let mut pair = Pair::new(&scenario);
        let stopped = pair.run_out(&mut |from, number, message| match from {
            Role::Bob if number >= alive => Vec::new(),
            _ => vec![message],
        });
        let Some(SessionError::Peer(ProtocolError::Silent { seconds, .. })) = stopped[0] else {
            panic!("after {alive} messages: {stopped:?}")
        };
        assert_eq!(seconds, u64::from(pair::SILENCE));
        assert!(pair.alice.keys.is_empty());
    }
}

#[test]
fn own_detections_are_no_silence_of_the_peer() {
    let scenario = scenario(Method::Cascade);
    let mut pair = Pair::new(&scenario);
    let rest = pair.bob.records.split_off(1);
    pair.run().expect("half a block");
    // Alice has nothing to say until Bob has all detections of the block.
    pair.now += Duration::from_secs(u64::from(pair::SILENCE) - 1);
    pair.bob.session.handle(pair.now, Input::Pulses(rest[0].clone())).expect("the second batch");
    assert_eq!(pair.silence(Role::Bob, 2), Ok(()), "the peer is blamed for the time the own detectors took");
    let silent = pair.silence(Role::Bob, pair::SILENCE.into());
    assert!(matches!(silent, Err(SessionError::Peer(ProtocolError::Silent { .. }))), "{silent:?}");
}

#[test]
fn nothing_public_prints_a_secret() {
    let reference = Reference::new(scenario(Method::Cascade));
    let mut pair = adversary::pair(&reference.scenario, &reference.records);
    pair.run_out(&mut |_, _, message| vec![message]);
    let (k, b) = pair::hash_key_numbers(Role::Alice);
    let pads = qkdpp_protocol::Pads::new(0, (0..10).map(|number| pair::pad(Role::Alice, number)).collect());
    let config = bobs_config(reference.scenario.profile);
    let printed = format!(
        "{:?} {:?} {:?} {:?} {:?} {} {:?}",
        pair.alice.keys[0],
        HashKey::new(k, b),
        pads,
        pair.alice.reports[0],
        pair.bob.reports[0].ledger,
        pair.bob.reports[0],
        config.alice_key,
    );
    let found = reference.secrets.iter().find(|secret| printed.contains(*secret));
    assert_eq!(found, None, "{printed}");
}
