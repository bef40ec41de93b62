//! The whole chain between two sessions: equal keys, an honest account, many blocks in flight.

mod pair;

use pair::{Pair, Scenario};
use qkdpp_protocol::ledger::Leak;
use qkdpp_protocol::profile::Method;
use qkdpp_protocol::wire::{Header, Kind, Role};

/// Bits of payload that `role` sent in messages of `kind`.
fn payload_bits(pair: &Pair, role: Role, kind: Kind) -> u64 {
    let sent = if role == Role::Alice { &pair.alice.sent } else { &pair.bob.sent };
    let payloads = sent.iter().filter_map(|message| {
        let (header, payload, _) = Header::parse(message, role).expect("own messages are well-formed");
        (header.kind == kind).then_some(payload.len() as u64 * 8)
    });
    payloads.sum()
}

fn both_accounts_agree(pair: &Pair) {
    assert_eq!(pair.alice.reports.len(), pair.bob.reports.len());
    for (a, b) in pair.alice.reports.iter().zip(&pair.bob.reports) {
        assert_eq!(a.ledger, b.ledger);
        assert_eq!((&a.n_key, &a.n_test, &a.m_test), (&b.n_key, &b.n_test, &b.m_test));
        assert_eq!((a.errors, a.detections, a.matched), (b.errors, b.detections, b.matched));
    }
}

#[test]
fn cascade_distils_equal_keys() {
    let mut pair = Pair::new(&Scenario::decoy(400_000, 0.015));
    pair.run().expect("no error");
    assert_eq!(pair.equal_keys().len(), 1, "{}", pair.alice.reports[0]);
    both_accounts_agree(&pair);
    let report = &pair.alice.reports[0];
    assert!((0.013..0.017).contains(&report.qber), "QBER {}", report.qber);
    assert!((1.0..1.08).contains(&report.f), "f {}", report.f);
    assert_eq!(report.choice, None, "the profile names the method");
    assert_eq!(report.failed, 0);
    assert!(report.ledger.secret > 10_000, "{report}");
}

#[test]
fn ldpc_distils_equal_keys() {
    let mut pair = Pair::new(&Scenario::decoy(400_000, 0.02).method(Method::Ldpc));
    pair.run().expect("no error");
    assert_eq!(pair.equal_keys().len(), 1);
    both_accounts_agree(&pair);
    let report = &pair.alice.reports[0];
    assert!((1.0..1.35).contains(&report.f), "f {}", report.f);
}

#[test]
fn auto_weighs_round_trips_and_both_sides_say_why() {
    for (round_trip_ms, method) in [(0.0, "cascade"), (1000.0, "ldpc")] {
        let mut scenario = Scenario::bbm92(60_000, 0.02).method(Method::Auto);
        scenario.profile.reconciliation.round_trip_ms = round_trip_ms;
        let mut pair = Pair::new(&scenario);
        pair.run().expect("no error");
        assert_eq!(pair.equal_keys().len(), 1);
        both_accounts_agree(&pair);
        let [alice, bob] = [&pair.alice.reports[0], &pair.bob.reports[0]];
        assert_eq!([alice.method, bob.method], [method; 2]);
        assert_eq!(alice.choice, bob.choice);
        let choice = alice.choice.as_ref().expect("auto chose");
        assert!(choice.contains(&format!("round trips of {round_trip_ms} ms")), "{choice}");
    }
}

#[test]
fn entangled_pairs_distil_equal_keys() {
    for method in [Method::Cascade, Method::Ldpc] {
        let mut pair = Pair::new(&Scenario::bbm92(200_000, 0.03).method(method));
        pair.run().expect("no error");
        assert_eq!(pair.equal_keys().len(), 1, "{method:?}");
        both_accounts_agree(&pair);
        let report = &pair.alice.reports[0];
        assert!(report.matched < report.detections, "slots without a coincidence must be dropped");
    }
}

#[test]
fn blocks_in_flight_do_not_mix() {
    let mut scenario = Scenario::bbm92(60_000, 0.01);
    scenario.blocks = 5;
    let mut pair = Pair::new(&scenario);
    pair.run().expect("no error");
    assert_eq!(pair.equal_keys().len(), 5);
    both_accounts_agree(&pair);
    let blocks: Vec<u64> = pair.alice.keys.iter().map(qkdpp_protocol::SecretKey::block).collect();
    let mut sorted = blocks.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [0, 1, 2, 3, 4]);
}

#[test]
fn the_ledger_holds_every_bit_that_left_alice() {
    let mut pair = Pair::new(&Scenario::bbm92(100_000, 0.02));
    pair.run().expect("no error");
    let ledger = &pair.alice.reports[0].ledger;
    let leaked =
        |leak: Leak| ledger.leaks.iter().find(|(kind, _)| *kind == leak).map_or(0, |(_, bits)| *bits);
    let rounds = pair.alice.reports[0].rounds;
    // Every message of parities is filled up to whole bytes.
    let sent = payload_bits(&pair, Role::Alice, Kind::Parities);
    assert!((sent - 7 * rounds..=sent).contains(&leaked(Leak::CascadeParities)));
    // The rest of the message is the hash key and the alarm.
    assert_eq!(leaked(Leak::VerificationTags), payload_bits(&pair, Role::Alice, Kind::Verify) - 128 - 8);

    let mut pair = Pair::new(&Scenario::bbm92(100_000, 0.02).method(Method::Ldpc));
    pair.run().expect("no error");
    let ledger = &pair.alice.reports[0].ledger;
    let leaked =
        |leak: Leak| ledger.leaks.iter().find(|(kind, _)| *kind == leak).map_or(0, |(_, bits)| *bits);
    let syndromes = payload_bits(&pair, Role::Alice, Kind::Syndromes);
    let further = payload_bits(&pair, Role::Alice, Kind::Disclosure);
    // Further messages bring parities, then bits; bits are filled up to whole bytes.
    assert!((syndromes..=syndromes + further).contains(&leaked(Leak::Syndromes)));
    let told = leaked(Leak::Syndromes) + leaked(Leak::Disclosure);
    assert!((syndromes + further.saturating_sub(7 * 10)..=syndromes + further).contains(&told));
}

#[test]
fn a_short_block_gives_no_key_and_says_why() {
    let mut pair = Pair::new(&Scenario::decoy(3_000, 0.02));
    pair.run().expect("no error");
    assert!(pair.alice.keys.is_empty() && pair.bob.keys.is_empty());
    both_accounts_agree(&pair);
    for report in [&pair.alice.reports[0], &pair.bob.reports[0]] {
        assert_eq!(report.ledger.secret, 0);
        assert!(report.no_key.is_some() && report.evaluation.is_some());
    }
}

#[test]
fn a_block_without_detections_ends() {
    let mut scenario = Scenario::decoy(3_000, 0.02);
    scenario.detections = 0;
    let mut pair = Pair::new(&scenario);
    pair.run().expect("no error");
    assert!(pair.alice.keys.is_empty() && pair.alice.reports.len() == 1 && pair.bob.reports.len() == 1);
    assert_eq!(pair.alice.session.open_blocks() + pair.bob.session.open_blocks(), 0);
}

#[test]
fn no_errors_still_leave_a_phase_error_bound() {
    let mut pair = Pair::new(&Scenario::bbm92(60_000, 0.0));
    pair.run().expect("no error");
    let report = &pair.alice.reports[0];
    assert_eq!(report.errors, 0);
    assert!(report.ledger.leak() > 0, "verification tags leak in any case");
    assert!(report.ledger.secret < report.ledger.sifted, "{report}");
}

#[test]
fn the_same_inputs_give_the_same_messages() {
    let run = || {
        let mut pair = Pair::new(&Scenario::bbm92(30_000, 0.02));
        pair.run().expect("no error");
        (pair.alice.sent, pair.bob.sent)
    };
    assert!(run() == run(), "a session must be replayable from its inputs");
}

#[test]
fn decoy_link_with_one_decoy_uses_the_positions_of_errors() {
    let mut scenario = Scenario::decoy(600_000, 0.01);
    scenario.profile.intensities = vec![0.5, 0.15];
    scenario.profile.probabilities = vec![0.7, 0.3];
    let proof = serde_json::json!({"name": "wiesemann-2026", "eps_sec": 1e-9, "eps_cor": 1e-12});
    scenario.profile.proof = serde_json::from_value(proof).expect("a proof");
    for method in [Method::Cascade, Method::Ldpc] {
        scenario.profile.reconciliation.method = method;
        let mut pair = Pair::new(&scenario);
        pair.run().expect("no error");
        both_accounts_agree(&pair);
        assert_eq!(pair.equal_keys().len(), 1, "{method:?}: {}", pair.alice.reports[0]);
    }
}
