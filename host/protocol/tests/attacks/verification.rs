//! Tags cover every bit and every length, and all that leaks is charged.

use std::sync::Arc;

use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Bits, Job, Level, Output};
use qkdpp_protocol::ledger::Leak;
use qkdpp_protocol::profile::Method;
use qkdpp_protocol::wire::Kind;

use super::{honest, payloads, small};
use crate::pair::{Pair, Scenario, Side};

#[test]
fn attack_06_verification_is_charged_and_its_size_is_the_profiles() {
    for tag_bits in [64, 96, 128] {
        let mut scenario = small();
        scenario.profile.verification.tag_bits = tag_bits;
        scenario.profile.verification.segment_bits = 1000;
        let pair = honest(&scenario);
        for report in [&pair.alice.reports[0], &pair.bob.reports[0]] {
            let segments = report.ledger.sifted.div_ceil(1000);
            assert!(report.ledger.leaks.contains(&(Leak::VerificationTags, segments * u64::from(tag_bits))));
            // ⌈n/128⌉ + 1 blocks under each tag.
            let each = 9.0 * 2f64.powi(-(tag_bits as i32));
            assert!((report.ledger.verification / (each * segments as f64) - 1.0).abs() < 1e-9);
        }
    }
    let mut scenario = small();
    scenario.profile.verification.tag_bits = 31;
    assert!(scenario.profile.validate().is_err());
}

#[test]
fn attack_06_tags_too_short_for_the_proof_give_no_key() {
    let mut scenario = small();
    scenario.profile.verification.tag_bits = 32;
    let pair = honest(&scenario);
    for side in [&pair.alice, &pair.bob] {
        let reason = side.reports[0].no_key.as_deref().unwrap_or_default();
        assert!(side.keys.is_empty() && reason.contains("32 bits"), "{reason}");
    }
}

#[test]
fn attack_07_zeros_at_the_end_change_the_tag() {
    let hash = |level: Level, len| {
        let job = PolyHash::new(3 << 77 | 5, Arc::new(Bits::zeros(len)), usize::MAX).expect("a segment");
        level.run(&Job::PolyHash(job))
    };
    for level in [Level::Reference, Level::Portable] {
        for len in [1, 100, 127, 128] {
            assert_ne!(hash(level, len), hash(level, len + 1), "{level}, {len} bits");
        }
    }
}

/// A decoder that gets the first bit of a frame wrong.
fn faulty(job: &Job) -> Output {
    match Level::Portable.run(job) {
        Output::LdpcDecode(mut decoded) => {
            decoded.word.flip(0);
            Output::LdpcDecode(decoded)
        }
        other => other,
    }
}

#[test]
fn attack_18_a_bit_that_is_wrong_after_correction_never_gets_into_a_key() {
    let mut scenario = Scenario::bbm92(30_000, 0.005).method(Method::Ldpc);
    scenario.profile.slots_per_block = 60_000;
    let mut pair = Pair::new(&scenario);
    pair.bob.compute = faulty;
    assert_eq!(pair.run_out(&mut |_, _, message| vec![message]), [None, None]);
    assert!(pair.alice.keys.is_empty() && pair.bob.keys.is_empty(), "the only segment is wrong");
    let ledger = &pair.alice.reports[0].ledger;
    assert_eq!((ledger.dropped, ledger.secret), (ledger.sifted, 0));

    // With more segments only the wrong one is lost, and its leakage stays in the account.
    scenario.profile.verification.segment_bits = 1024;
    let mut pair = Pair::new(&scenario);
    pair.bob.compute = faulty;
    assert_eq!(pair.run_out(&mut |_, _, message| vec![message]), [None, None]);
    assert_eq!(pair.equal_keys().len(), 1, "{}", pair.alice.reports[0]);
    for side in [&pair.alice, &pair.bob] {
        let report = &side.reports[0];
        assert_eq!((report.ledger.dropped, report.failed), (1024, 1));
        assert!(
            report.ledger.leaks.contains(&(Leak::VerificationTags, 96 * report.ledger.sifted.div_ceil(1024)))
        );
    }
}

#[test]
fn attack_19_leakage_is_what_was_sent_and_the_profile_says_of_whom() {
    for both in [false, true] {
        let mut scenario = small();
        scenario.profile.reconciliation.count_both_directions = both;
        let pair = honest(&scenario);
        let report = &pair.alice.reports[0];
        assert_eq!(report.ledger.leaks, pair.bob.reports[0].ledger.leaks);
        let counted =
            |leak| report.ledger.leaks.iter().find(|(kind, _)| *kind == leak).map_or(0, |(_, bits)| *bits);
        // Each round's parities are filled up to whole bytes.
        let within = |bits: u64, side: &Side| {
            let sent =
                8 * payloads(side, Kind::Parities).iter().map(|payload| payload.len() as u64).sum::<u64>();
            bits <= sent && sent < bits + 8 * report.rounds
        };
        assert!(within(counted(Leak::CascadeParities), &pair.alice));
        let of_bob = counted(Leak::CascadeParitiesOfBob);
        assert!(if both { within(of_bob, &pair.bob) } else { of_bob == 0 });
    }
    let mut scenario = Scenario::bbm92(20_000, 0.01).method(Method::Ldpc);
    scenario.profile.slots_per_block = 40_000;
    let pair = honest(&scenario);
    let sent = 8 * payloads(&pair.alice, Kind::Syndromes)[0].len() as u64;
    assert!(pair.alice.reports[0].ledger.leaks.contains(&(Leak::Syndromes, sent)));
}
