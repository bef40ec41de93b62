//! A peer who holds the authentication keys and does not keep to the protocol: every count, length and order it sends is
//! checked against this side's own, and the victim delivers no key.

mod adversary;
mod pair;

use std::sync::Arc;

use adversary::{Forger, Records, run_forged, run_with_forger};
use pair::{Pair, Scenario};
use qkdpp_kernels::Bits;
use qkdpp_protocol::profile::Method;
use qkdpp_protocol::reconcile::{Party, Request};
use qkdpp_protocol::wire::message::{Amplify, Sifting, Verify};
use qkdpp_protocol::wire::{Header, Kind, Role};
use qkdpp_protocol::{ProtocolError, SessionError};

/// A link with a key of some hundred bits, several verification segments and two batches.
struct Link {
    scenario: Scenario,
    records: (Records, Records),
}

impl Link {
    fn new(scenario: Scenario) -> Self {
        let records = scenario.records();
        Self { scenario, records }
    }

    fn cascade() -> Self {
        let mut scenario = Scenario::bbm92(8_000, 0.005);
        scenario.profile.slots_per_block = 16_000;
        scenario.profile.slots_per_batch = 8_000;
        scenario.profile.verification.segment_bits = 1024;
        Self::new(scenario)
    }

    fn ldpc() -> Self {
        let mut scenario = Scenario::bbm92(20_000, 0.01).method(Method::Ldpc);
        scenario.profile.slots_per_block = 40_000;
        Self::new(scenario)
    }

    fn decoy() -> Self {
        let mut scenario = Scenario::decoy(2_000, 0.01);
        scenario.profile.slots_per_block = 4_000;
        Self::new(scenario)
    }

    fn pair(&self) -> Pair {
        adversary::pair(&self.scenario, &self.records)
    }

    /// Number of tags of the one block.
    fn segments(&self) -> usize {
        let mut pair = self.pair();
        pair.run().expect("an honest run");
        (pair.alice.reports[0].ledger.sifted as usize)
            .div_ceil(self.scenario.profile.verification.segment_bits as usize)
    }

    /// Runs with a dishonest `sender` whose messages `edit` changes, and returns the victim's error.
    fn cheat(&self, sender: Role, edit: impl FnMut(Kind, usize, &mut Header, &mut Vec<u8>)) -> ProtocolError {
        let mut pair = self.pair();
        let stopped = run_forged(&mut pair, sender, edit);
        victims_error(&pair, sender, stopped)
    }

    /// The same for the payload of the first message of `kind` alone.
    fn cheat_with(&self, sender: Role, kind: Kind, mut edit: impl FnMut(&mut Vec<u8>)) -> ProtocolError {
        self.cheat(sender, |this, number, _, payload| {
            if this == kind && number == 0 {
                edit(payload);
            }
        })
    }

    /// Runs with a `sender` who sends what `replace` makes of each message.
    fn replace(
        &self,
        sender: Role,
        replace: impl FnMut(&mut Forger, &[u8], Kind) -> Vec<Vec<u8>>,
    ) -> ProtocolError {
        let mut pair = self.pair();
        let stopped = run_with_forger(&mut pair, sender, replace);
        victims_error(&pair, sender, stopped)
    }
}

fn victims_error(pair: &Pair, sender: Role, stopped: [Option<SessionError>; 2]) -> ProtocolError {
    let [alice, bob] = stopped;
    let (error, keys) = match sender {
        Role::Alice => (bob, &pair.bob.keys),
        Role::Bob => (alice, &pair.alice.keys),
    };
    assert!(keys.is_empty(), "the victim delivered a key; {error:?}");
    match error {
        Some(SessionError::Peer(error)) => error,
        other => panic!("the peer is not blamed: {other:?}"),
    }
}

#[track_caller]
fn is_field(error: &ProtocolError, name: &str) {
    assert!(matches!(error, ProtocolError::Field { field, .. } if field.contains(name)), "{error:?}");
}

#[track_caller]
fn is_unexpected(error: &ProtocolError, due: Kind) {
    assert!(matches!(error, ProtocolError::Unexpected { kind, .. } if *kind == due), "{error:?}");
}

#[track_caller]
fn has_wrong_length(error: &ProtocolError) {
    assert!(matches!(error, ProtocolError::Truncated { .. } | ProtocolError::Trailing { .. }), "{error:?}");
}

#[track_caller]
fn is_disagreement(error: &ProtocolError, about: &str) {
    assert!(matches!(error, ProtocolError::Disagreement { what, .. } if what.contains(about)), "{error:?}");
}

#[test]
fn a_forger_who_changes_nothing_is_an_honest_peer() {
    let link = Link::cascade();
    for sender in [Role::Alice, Role::Bob] {
        let mut pair = link.pair();
        assert_eq!(run_forged(&mut pair, sender, |_, _, _, _| ()), [None, None]);
        assert_eq!(pair.equal_keys().len(), 1, "{}", pair.alice.reports[0]);
    }
}

#[test]
fn detections_out_of_the_batch() {
    let link = Link::cascade();
    let set = |at: usize, value: u64, bytes: usize| {
        link.cheat_with(Role::Bob, Kind::Detections, |payload| {
            payload[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        })
    };
    is_field(&set(0, 1, 8), "first slot");
    is_field(&set(0, u64::MAX, 8), "first slot");
    is_field(&set(8, 0, 4), "number of positions");
    is_field(&set(8, u32::MAX.into(), 4), "Rice parameter");
    for slots in [7_999, 8_001] {
        assert!(matches!(set(8, slots, 4), ProtocolError::Field { .. }));
    }
    for count in [0, 1, 8_000, u32::MAX.into()] {
        let error = set(12, count, 4);
        assert!(
            matches!(
                error,
                ProtocolError::Truncated { .. }
                    | ProtocolError::Trailing { .. }
                    | ProtocolError::Field { .. }
            ),
            "{count}: {error:?}"
        );
    }
}

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
fn sifting_answers_of_another_size() {
    let link = Link::cascade();
    let mut honest = link.pair();
    honest.run().expect("an honest run");
    let detections = honest.alice.reports[0].detections as usize;
    let edit = |change: fn(&mut Sifting)| {
        link.cheat_with(Role::Alice, Kind::Sifting, |payload| {
            let mut sifting = Sifting::decode(payload, detections, false, true).expect("an honest message");
            change(&mut sifting);
            *payload = sifting.encode();
        })
    };
    is_field(&edit(|sifting| sifting.test = sifting.test.slice(1..sifting.test.len())), "test bits");
    is_field(
        &edit(|sifting| sifting.test = Bits::concat(&[sifting.test.clone(), Bits::zeros(1)])),
        "test bits",
    );
    is_field(&edit(|sifting| sifting.test = Bits::default()), "test bits");
    is_field(&edit(|sifting| sifting.matched = Bits::zeros(sifting.matched.len())), "test bits");
    let count_at = detections.div_ceil(8) + 32;
    let error =
        link.cheat_with(Role::Alice, Kind::Sifting, |payload| payload[count_at..count_at + 8].fill(0xff));
    is_field(&error, "test bits");
}

#[test]
fn an_intensity_that_the_profile_does_not_have() {
    let link = Link::decoy();
    let mut honest = link.pair();
    honest.run().expect("an honest run");
    let detections = honest.alice.reports[0].detections as usize;
    let error = link.cheat_with(Role::Alice, Kind::Sifting, |payload| {
        let mut sifting = Sifting::decode(payload, detections, true, false).expect("an honest message");
        sifting.intensity.as_mut().expect("a decoy link").iter_mut().for_each(|plane| plane.set(5, true));
        *payload = sifting.encode();
    });
    is_field(&error, "intensity");
}

#[test]
fn test_bits_of_another_number() {
    let link = Link::cascade();
    has_wrong_length(
        &link.cheat_with(Role::Bob, Kind::TestBits, |payload| payload.truncate(payload.len() - 1)),
    );
    has_wrong_length(&link.cheat_with(Role::Bob, Kind::TestBits, |payload| payload.push(0)));
    has_wrong_length(&link.cheat_with(Role::Bob, Kind::TestBits, Vec::clear));
}

#[test]
fn plans_that_the_profile_does_not_allow() {
    for (link, methods) in [(Link::cascade(), [1, 2, 255]), (Link::ldpc(), [0, 2, 255])] {
        for method in methods {
            is_field(&link.cheat_with(Role::Alice, Kind::Reconcile, |payload| payload[0] = method), "method");
        }
        for qber in [0, 99, 250_001, u32::MAX] {
            let error = link.cheat_with(Role::Alice, Kind::Reconcile, |payload| {
                payload[1..5].copy_from_slice(&qber.to_le_bytes());
            });
            is_field(&error, "error-rate");
        }
        has_wrong_length(&link.cheat_with(Role::Alice, Kind::Reconcile, |payload| payload.push(0)));
    }
}

#[test]
fn parities_of_another_number() {
    let link = Link::cascade();
    for sender in [Role::Alice, Role::Bob] {
        for edit in [|payload: &mut Vec<u8>| payload.push(0), Vec::clear] {
            let error = link.cheat_with(sender, Kind::Parities, edit);
            assert!(matches!(error, ProtocolError::Parities(_)), "{error:?}");
        }
    }
}

#[test]
fn syndromes_and_undecoded_frames_of_another_number() {
    let link = Link::ldpc();
    for edit in [|payload: &mut Vec<u8>| payload.push(0), Vec::clear] {
        has_wrong_length(&link.cheat_with(Role::Alice, Kind::Syndromes, edit));
        has_wrong_length(&link.cheat_with(Role::Bob, Kind::Undecoded, edit));
    }
    is_field(&link.cheat_with(Role::Bob, Kind::Undecoded, |payload| payload[0] |= 0x80), "padding");
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
    let plan = qkdpp_protocol::reconcile::plan(&settings, 0.01, [7; 32]);
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
fn another_number_of_corrected_errors() {
    for errors in [0_u64, 1] {
        let error = Link::cascade().cheat_with(Role::Bob, Kind::Corrected, |payload| {
            payload.copy_from_slice(&errors.to_le_bytes());
        });
        is_disagreement(&error, "corrected errors");
    }
    for link in [Link::cascade(), Link::ldpc()] {
        is_field(
            &link.cheat_with(Role::Bob, Kind::Corrected, |payload| payload.fill(0xff)),
            "corrected errors",
        );
        has_wrong_length(&link.cheat_with(Role::Bob, Kind::Corrected, |payload| payload.push(0)));
    }
}

#[test]
fn fewer_or_more_verification_tags() {
    let link = Link::cascade();
    let (segments, tag_bits) = (link.segments(), link.scenario.profile.verification.tag_bits);
    assert!(segments > 2, "the test needs several segments");
    let edit = |change: fn(&mut Verify)| {
        link.cheat_with(Role::Alice, Kind::Verify, |payload| {
            let mut verify = Verify::decode(payload, segments, tag_bits).expect("an honest message");
            change(&mut verify);
            *payload = verify.encode(tag_bits);
        })
    };
    has_wrong_length(&edit(|verify| verify.tags.clear()));
    has_wrong_length(&edit(|verify| verify.tags.truncate(1)));
    has_wrong_length(&edit(|verify| verify.tags.push(0)));
    has_wrong_length(
        &link.cheat_with(Role::Alice, Kind::Verify, |payload| payload.truncate(16 + 4 * segments)),
    );
    has_wrong_length(&link.cheat_with(Role::Bob, Kind::Verified, |payload| payload.push(0)));
    is_field(&link.cheat_with(Role::Bob, Kind::Verified, |payload| payload[0] |= 0x80), "padding");
}

#[test]
fn another_key_length_or_seed() {
    let link = Link::cascade();
    let edit = |change: fn(&mut Amplify)| {
        link.cheat_with(Role::Alice, Kind::Amplify, |payload| {
            let mut amplify = Amplify::decode(payload).expect("an honest message");
            assert!(amplify.secret_bits > 0);
            change(&mut amplify);
            *payload = amplify.encode();
        })
    };
    is_disagreement(&edit(|amplify| amplify.secret_bits += 1), "secret bits");
    is_disagreement(&edit(|amplify| amplify.secret_bits -= 1), "secret bits");
    is_disagreement(&edit(|amplify| amplify.secret_bits = u64::MAX), "secret bits");
    is_disagreement(
        &edit(|amplify| (amplify.secret_bits, amplify.seed) = (0, Bits::default())),
        "secret bits",
    );
    is_field(&edit(|amplify| amplify.seed = amplify.seed.slice(0..amplify.seed.len() - 1)), "seed");
    is_field(&edit(|amplify| amplify.seed = Bits::concat(&[amplify.seed.clone(), Bits::zeros(1)])), "seed");
    is_field(&edit(|amplify| amplify.seed = amplify.seed.slice(0..32)), "seed");
    is_field(&edit(|amplify| amplify.seed = Bits::default()), "seed");
    is_field(&link.cheat_with(Role::Alice, Kind::Amplify, |payload| payload[8..16].fill(0xff)), "seed");
}

#[test]
fn another_ledger() {
    for sender in [Role::Alice, Role::Bob] {
        let link = Link::cascade();
        is_disagreement(&link.cheat_with(sender, Kind::Final, |payload| payload[31] ^= 1), "ledger");
        is_field(&link.cheat_with(sender, Kind::Final, |payload| payload.truncate(31)), "digest");
        is_field(&link.cheat_with(sender, Kind::Final, Vec::clear), "digest");
    }
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
        let mut kinds: Vec<Kind> = sent.iter().map(|message| adversary::kind(message, sender)).collect();
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
                // One too many stands for the next one; where it fits there, the two sides lose each other.
                Kind::Detections => is_field(&error, "first slot"),
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
fn no_message_comes_early() {
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
