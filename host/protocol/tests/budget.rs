//! The ε budget between two sessions: charged for every block, durable before anything leaves, refused by both at once.

#![allow(clippy::float_cmp, reason = "both sides must have the same numbers, to the last bit")]

mod pair;

use pair::{Pair, Scenario};
use qkdpp_protocol::auth::EPSILON_PER_TAG;
use qkdpp_protocol::budget::Spending;
use qkdpp_protocol::wire::{Header, Kind};
use qkdpp_protocol::{BudgetError, Role, SessionError};

/// A link with a key of some hundred bits per block.
fn small(blocks: u64) -> Scenario {
    let mut scenario = Scenario::bbm92(8_000, 0.005);
    scenario.profile.slots_per_block = 16_000;
    scenario.profile.slots_per_batch = 6_000;
    scenario.blocks = blocks;
    scenario
}

fn honest(pair: &mut Pair) -> [Option<SessionError>; 2] {
    pair.run_out(&mut |_, _, message| vec![message])
}

/// The refusal that stopped a side.
fn refusal(stopped: Option<&SessionError>) -> &BudgetError {
    match stopped {
        Some(SessionError::Budget(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_ends_with_the_last_block_that_its_budget_holds() {
    for blocks in [1, 3, 6] {
        let mut scenario = small(blocks + 1);
        let allowed = Spending::new(&scenario.profile, 0.0).through(blocks - 1).session;
        scenario.profile.budget.session = allowed;
        let mut pair = Pair::new(&scenario);
        let stopped = honest(&mut pair);
        assert_eq!(pair.equal_keys().len() as u64, blocks, "the blocks before are delivered");
        for error in stopped.iter().map(|stopped| refusal(stopped.as_ref())) {
            assert!(
                matches!(error, BudgetError::Session { block, budget, used, wanted }
                    if *block == blocks && *budget == allowed && *used == allowed && *wanted > allowed),
                "{error}"
            );
            assert!(error.to_string().contains("open a new session"), "{error}");
        }
        // As many blocks as there may be is no error, and with the least less there is one fewer.
        let mut exact = Pair::new(&Scenario { blocks, ..scenario.clone() });
        assert_eq!(honest(&mut exact), [None, None]);
        assert_eq!(exact.equal_keys().len() as u64, blocks);
        if blocks > 1 {
            scenario.profile.budget.session = allowed.next_down();
            let mut pair = Pair::new(&scenario);
            assert!(
                honest(&mut pair)
                    .iter()
                    .map(|stopped| refusal(stopped.as_ref()))
                    .all(|error| error.to_string().contains("block"))
            );
            assert_eq!(pair.equal_keys().len() as u64, blocks - 1);
        }
    }
}

#[test]
fn sides_that_know_of_different_totals_refuse_the_same_block() {
    // The keys are good for four blocks more, says one side; the other, which crashed, knows of less.
    for behind in [Role::Alice, Role::Bob] {
        let mut scenario = small(6);
        let spent = 5e-6;
        scenario.profile.budget.authentication_keys =
            Spending::new(&scenario.profile, spent).through(3).authentication_keys;
        let known = [Role::Alice, Role::Bob].map(|role| if role == behind { 1e-7 } else { spent });
        let mut pair = Pair::after(known, &scenario);
        let stopped = honest(&mut pair);
        assert_eq!(pair.equal_keys().len(), 4, "{behind:?}");
        let [alice, bob] = stopped.each_ref().map(|stopped| refusal(stopped.as_ref()));
        assert_eq!(alice, bob, "both refuse, with the same numbers");
        assert!(matches!(alice, BudgetError::AuthenticationKeys { block: 4, .. }), "{alice}");
        assert!(alice.to_string().contains("load new authentication keys on both sides"), "{alice}");
        // From now on both know.
        assert_eq!(pair.alice.spent, pair.bob.spent);
        assert_eq!(pair.alice.spent, scenario.profile.budget.authentication_keys);
    }
}

#[test]
fn keys_without_budget_open_no_block() {
    let scenario = small(1);
    let mut pair = Pair::after([scenario.profile.budget.authentication_keys, 0.0], &scenario);
    for error in honest(&mut pair).iter().map(|stopped| refusal(stopped.as_ref())) {
        assert!(matches!(error, BudgetError::AuthenticationKeys { block: 0, .. }), "{error}");
    }
    assert_eq!((pair.alice.sent.len(), pair.bob.sent.len()), (1, 1), "nothing but the greetings");
    assert!(pair.alice.keys.is_empty() && pair.alice.reports.is_empty());
}

#[test]
fn every_block_is_charged_before_anything_of_it_leaves() {
    let scenario = small(5);
    let mut pair = Pair::new(&scenario);
    assert_eq!(honest(&mut pair), [None, None]);
    assert_eq!(pair.equal_keys().len(), 5);
    let spending = Spending::new(&scenario.profile, 0.0);
    for side in [&pair.alice, &pair.bob] {
        assert_eq!(side.sent.len(), side.spent_at.len());
        for (message, spent) in side.sent.iter().zip(&side.spent_at) {
            let (header, ..) = Header::parse(message, side.role).expect("an honest message");
            let charged =
                if header.kind == Kind::Hello { spending.opening() } else { spending.through(header.block) };
            assert!(*spent >= charged.authentication_keys, "{:?} of block {}", header.kind, header.block);
        }
        assert_eq!(side.spent, spending.through(4).authentication_keys, "and no more than the five");
    }
}

#[test]
fn a_block_without_a_key_is_charged_too() {
    let mut scenario = small(2);
    scenario.detections = 500;
    let mut pair = Pair::new(&scenario);
    assert_eq!(honest(&mut pair), [None, None]);
    assert!(pair.alice.keys.is_empty() && pair.alice.reports.len() == 2);
    let all = Spending::new(&scenario.profile, 0.0).through(1);
    for side in [&pair.alice, &pair.bob] {
        assert_eq!(side.spent, all.authentication_keys);
        assert!(side.reports.iter().all(|report| report.ledger.epsilon.is_none()));
        assert_eq!(
            side.reports.iter().map(|report| report.ledger.spent.session).fold(0.0, f64::max),
            all.session
        );
    }
}

#[test]
fn a_keys_statement_covers_every_tag_until_its_delivery() {
    let scenario = small(3);
    let mut pair = Pair::new(&scenario);
    assert_eq!(honest(&mut pair), [None, None]);
    let (tags, blocks) = (pair.alice.session.tags_sent() + pair.bob.session.tags_sent(), 3);
    assert_eq!(tags, 2 + 9 * blocks, "the tags of a session, as they are charged");
    let spent = Spending::new(&scenario.profile, 0.0).through(blocks - 1);
    let promised = scenario.profile.proof.epsilon();
    let least = blocks as f64 * (promised.secret + promised.correct) + tags as f64 * EPSILON_PER_TAG;
    assert!(spent.session >= least && spent.session < least * (1.0 + 1e-12));
    for (ours, theirs) in pair.alice.keys.iter().zip(&pair.bob.keys) {
        assert_eq!(ours.epsilon(), theirs.epsilon());
        let epsilon = ours.epsilon();
        assert_eq!((epsilon.secrecy, epsilon.correctness), (promised.secret, promised.correct));
        assert!(epsilon.authentication >= tags as f64 * EPSILON_PER_TAG, "three blocks in flight");
        assert!(epsilon.total() > epsilon.secrecy + epsilon.correctness);
    }
}

#[test]
fn a_budget_that_holds_no_block_is_no_profile() {
    let with = |change: fn(&mut qkdpp_protocol::Profile)| {
        let mut profile = small(1).profile;
        change(&mut profile);
        profile.validate().map_err(|error| error.to_string())
    };
    assert_eq!(with(|_| ()), Ok(()));
    for (field, change) in [
        ("budget.session", (|profile| profile.budget.session = 1e-9) as fn(&mut qkdpp_protocol::Profile)),
        ("budget.session", |profile| profile.budget.session = f64::NAN),
        ("budget.session", |profile| profile.budget.session = 1.0),
        ("budget.authentication_keys", |profile| profile.budget.authentication_keys = 1e-7),
        ("budget.authentication_keys", |profile| profile.budget.authentication_keys = f64::INFINITY),
    ] {
        let error = with(change).expect_err(field);
        assert!(error.contains(field), "{error}");
    }
}
