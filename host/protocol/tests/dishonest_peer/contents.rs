//! Counts, lengths and values that are not this side's own.

use qkdpp_kernels::Bits;
use qkdpp_protocol::ProtocolError;
use qkdpp_protocol::wire::message::{Amplify, Sifting, Verify};
use qkdpp_protocol::wire::{Kind, Role};

use super::{Link, has_wrong_length, is_disagreement, is_field, run_forged};

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
    for slots in [0, 7_999, 8_001, u32::MAX.into()] {
        is_field(&set(8, slots, 4), "slots of a batch");
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
fn attack_03_sifting_answers_of_another_size() {
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
fn attack_03_another_number_of_corrected_errors() {
    for errors in [0_u64, 1] {
        let error = Link::cascade().cheat_with(Role::Bob, Kind::Corrected, |payload| {
            payload[..8].copy_from_slice(&errors.to_le_bytes());
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
fn attack_06_fewer_or_more_verification_tags() {
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
        &link.cheat_with(Role::Alice, Kind::Verify, |payload| payload.truncate(17 + 4 * segments)),
    );
    has_wrong_length(&link.cheat_with(Role::Bob, Kind::Verified, |payload| payload.push(0)));
    is_field(&link.cheat_with(Role::Bob, Kind::Verified, |payload| payload[0] |= 0x80), "padding");
}

#[test]
fn an_alarm_that_nobody_raised_ends_in_no_key() {
    for (link, who, kind, at) in [
        (Link::cascade(), Role::Bob, Kind::Corrected, 8),
        (Link::ldpc(), Role::Bob, Kind::Corrected, 8),
        (Link::cascade(), Role::Alice, Kind::Verify, 16),
    ] {
        is_field(&link.cheat_with(who, kind, |payload| payload[at] = 2), "the alarm");
        // The honest side gives the key up; where it is Bob, Alice's length is not his.
        let mut pair = link.pair();
        run_forged(&mut pair, who, |of, _, _, payload| {
            if of == kind {
                payload[at] = 1;
            }
        });
        assert!(pair.alice.keys.is_empty() && pair.bob.keys.is_empty(), "{who:?}");
        let honest = if who == Role::Bob { &pair.alice } else { &pair.bob };
        let reason = honest.reports.first().and_then(|report| report.no_key.as_deref());
        let expected = if who == Role::Bob { "an alarm of Bob's monitors" } else { "" };
        assert!(reason.unwrap_or_default().contains(expected), "{who:?}: {reason:?}");
    }
}

#[test]
fn attack_03_another_key_length_or_seed() {
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
fn attack_03_another_ledger() {
    for sender in [Role::Alice, Role::Bob] {
        let link = Link::cascade();
        is_disagreement(&link.cheat_with(sender, Kind::Final, |payload| payload[31] ^= 1), "ledger");
        is_field(&link.cheat_with(sender, Kind::Final, |payload| payload.truncate(31)), "digest");
        is_field(&link.cheat_with(sender, Kind::Final, Vec::clear), "digest");
    }
}
