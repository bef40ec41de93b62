//! What a session leaves on disk is enough to derive every key's length and ε again, and nothing else passes.

mod pair;

use std::sync::LazyLock;

use pair::{Pair, Scenario};
use proptest::prelude::*;
use qkdpp_protocol::profile::Method;
use qkdpp_protocol::record::{BlockRecord, Difference, Record, Replay, SessionRecord};
use qkdpp_protocol::wire::{Header, Kind};
use serde_json::Value;

/// The entry of the session and those of its blocks.
fn split(written: &[Record]) -> (&SessionRecord, Vec<&BlockRecord>) {
    let [Record::Session(session), blocks @ ..] = written else { panic!("the session comes first") };
    (&**session, blocks.iter().map(block_of).collect())
}

fn block_of(record: &Record) -> &BlockRecord {
    match record {
        Record::Block(block) => block,
        Record::Session(_) => panic!("a session opens once"),
    }
}

/// Derives everything again, from what is left of the records after a journey through text.
fn replay(written: &[Record]) -> Result<usize, Difference> {
    let text: Vec<String> =
        written.iter().map(|record| serde_json::to_string(record).expect("a JSON form")).collect();
    let read: Vec<Record> =
        text.iter().map(|line| serde_json::from_str(line).expect("the same form")).collect();
    assert_eq!(read, written, "nothing is lost in the text");
    let (session, blocks) = split(&read);
    let mut replay = Replay::new(session)?;
    blocks.iter().try_for_each(|block| replay.block(block))?;
    Ok(blocks.len())
}

fn one_decoy(detections: u32) -> Scenario {
    let mut scenario = Scenario::decoy(detections, 0.01);
    scenario.profile.intensities = vec![0.5, 0.15];
    scenario.profile.probabilities = vec![0.7, 0.3];
    let proof = serde_json::json!({"name": "wiesemann-2026", "eps_sec": 1e-9, "eps_cor": 1e-12});
    scenario.profile.proof = serde_json::from_value(proof).expect("a proof");
    scenario
}

fn run(scenario: &Scenario) -> Pair {
    let mut pair = Pair::new(scenario);
    pair.run().expect("no error");
    pair
}

#[test]
fn records_are_derived_again() {
    let several = |mut scenario: Scenario| {
        scenario.blocks = 3;
        scenario
    };
    let mut dropping = several(Scenario::bbm92(60_000, 0.02).method(Method::Ldpc));
    dropping.profile.reconciliation.ldpc_disclosures = 0;
    dropping.profile.reconciliation.ldpc_iterations = 6;
    let mut none = Scenario::decoy(3_000, 0.02);
    none.detections = 0;
    let scenarios = [
        several(Scenario::bbm92(60_000, 0.01)),
        Scenario::decoy(400_000, 0.015),
        several(one_decoy(200_000)),
        one_decoy(600_000).method(Method::Ldpc),
        dropping,
        Scenario::decoy(3_000, 0.02),
        none,
    ];
    let (mut keys, mut dropped) = (0, 0);
    for scenario in &scenarios {
        let pair = run(scenario);
        for side in [&pair.alice, &pair.bob] {
            assert_eq!(
                replay(&side.written),
                Ok(scenario.blocks as usize),
                "{}",
                scenario.profile.proof.name()
            );
            let (session, blocks) = split(&side.written);
            assert_eq!(session.role, side.role);
            for report in &side.reports {
                let block =
                    blocks.iter().find(|block| block.ledger.block == report.block).expect("its entry");
                assert_eq!((&block.ledger, &block.no_key), (&report.ledger, &report.no_key));
                dropped += report.ledger.dropped;
            }
            keys += side.keys.len();
        }
        // Both sides keep the same, but for whose it is.
        let (ours, theirs) = (split(&pair.alice.written).1, split(&pair.bob.written).1);
        assert!(theirs.iter().all(|block| ours.contains(block)) && ours.len() == theirs.len());
    }
    assert!(keys > 10 && dropped > 0, "{keys} keys, {dropped} bits dropped: the scenarios are too kind");
}

#[test]
fn the_record_comes_before_the_last_word_and_before_the_key() {
    let pair = run(&Scenario::bbm92(8_000, 0.005));
    for side in [&pair.alice, &pair.bob] {
        let kind = |message| Header::parse(message, side.role).expect("an honest message").0.kind;
        let last = side.sent.len() - 1;
        assert_eq!((kind(&side.sent[last]), side.keys.len()), (Kind::Final, 1));
        // The session's entry and the block's.
        assert_eq!(
            (side.written_at[last], side.written_at_keys.as_slice()),
            (2, &[2][..]),
            "{:?}",
            side.role
        );
        assert_eq!(side.written.len(), 2);
    }
}

/// Everything in a value that is no list or table, as a path.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(value, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, &format!("{path}/{index}"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// Another value of the same kind.
fn changed(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "alice" => "bob".into(),
        Value::String(text) if text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let other = if text.starts_with('0') { "1" } else { "0" };
            format!("{other}{}", &text[1..]).into()
        }
        Value::String(text) => format!("{text}x").into(),
        Value::Number(number) => match number.as_u64() {
            Some(integer) => (integer + 1).into(),
            None => number.as_f64().expect("a number").next_up().into(),
        },
        Value::Null => "no key".into(),
        Value::Bool(value) => (!value).into(),
        other => panic!("{other}"),
    }
}

#[test]
fn no_field_of_a_block_can_be_changed() {
    let mut scenario = one_decoy(600_000);
    scenario.blocks = 2;
    let pair = run(&scenario);
    let (session, blocks) = split(&pair.alice.written);
    for block in blocks {
        let honest = serde_json::to_value(block).expect("a JSON form");
        let mut fields = Vec::new();
        leaves(&honest, "", &mut fields);
        assert!(fields.len() > 20, "{fields:?}");
        for field in fields {
            let mut forged = honest.clone();
            let value = forged.pointer_mut(&field).expect("a field");
            *value = changed(value);
            // A kind of leak that does not exist is no record at all.
            let Ok(forged) = serde_json::from_value::<BlockRecord>(forged) else { continue };
            let refused = Replay::new(session).expect("a session").block(&forged);
            let difference = refused.expect_err(&field).to_string();
            assert!(difference.starts_with("block "), "{field}: {difference}");
        }
        let mut replay = Replay::new(session).expect("a session");
        assert_eq!(replay.block(block), Ok(()));
        assert_eq!(replay.block(block).expect_err("twice").field, "the number of entries");
    }
}

#[test]
fn a_sessions_entry_is_bound_to_its_blocks() {
    let mut scenario = Scenario::bbm92(8_000, 0.005);
    scenario.blocks = 1;
    let pair = run(&scenario);
    let (session, blocks) = split(&pair.alice.written);
    let refused = |change: fn(&mut SessionRecord)| {
        let mut forged = session.clone();
        change(&mut forged);
        let checked = Replay::new(&forged).and_then(|mut replay| replay.block(blocks[0]));
        checked.expect_err("a forged session").field
    };
    assert_eq!(refused(|session| session.profile.expected_qber = 0.2), "profile_hash");
    assert_eq!(refused(|session| session.profile_hash.replace_range(..1, "x")), "profile_hash");
    assert_eq!(refused(|session| session.profile.blocks_in_flight = 0), "profile");
    assert_eq!(refused(|session| session.session.replace_range(..1, "x")), "session");
    assert_eq!(refused(|session| session.spent_before = 1e-9), "spent");
}

#[test]
fn a_block_beyond_the_budget_has_no_key() {
    let mut scenario = Scenario::bbm92(60_000, 0.01);
    scenario.blocks = 2;
    let pair = run(&scenario);
    let (session, blocks) = split(&pair.alice.written);
    let mut poorer = session.clone();
    poorer.spent_before = scenario.profile.budget.authentication_keys;
    let difference = Replay::new(&poorer).expect("a session").block(blocks[0]).expect_err("a key too many");
    assert_eq!((difference.field, difference.derived.as_str()), ("secret", "0"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn whatever_a_session_writes_is_derived_again(
        detections in 500u32..12_000,
        qber in 0.0..0.08f64,
        blocks in 1u64..4,
        decoys in any::<bool>(),
        ldpc in any::<bool>(),
        spent in prop_oneof![Just(0.0), 0.0..9.999e-6f64],
    ) {
        let kind = if decoys { Scenario::decoy } else { Scenario::bbm92 };
        let mut scenario = kind(detections, qber).method(if ldpc { Method::Ldpc } else { Method::Cascade });
        scenario.blocks = blocks;
        scenario.profile.verification.segment_bits = 1 << 10;
        let mut pair = Pair::after([spent, 0.0], &scenario);
        let stopped = pair.run_out(&mut |_, _, message| vec![message]);
        prop_assert_eq!(stopped, [None, None]);
        prop_assert_eq!(replay(&pair.alice.written), Ok(blocks as usize));
        prop_assert_eq!(replay(&pair.bob.written), Ok(blocks as usize));
    }

    /// Numbers that no session writes are refused, and nothing overflows.
    #[test]
    fn any_numbers_are_answered(numbers in proptest::collection::vec(any::<u64>(), 8)) {
        static WRITTEN: LazyLock<Vec<Record>> = LazyLock::new(|| run(&Scenario::bbm92(2_000, 0.01)).alice.written);
        let (session, blocks) = split(&WRITTEN);
        let mut forged = blocks[0].clone();
        forged.ledger.block = numbers[0];
        for (list, number) in [&mut forged.tally.n_key, &mut forged.tally.m_key, &mut forged.tally.n_test, &mut forged.tally.m_test]
            .into_iter()
            .zip(&numbers[1..])
        {
            list[0] = *number;
        }
        forged.ledger.leaks[0].1 = numbers[5];
        forged.ledger.dropped = numbers[6];
        forged.ledger.secret = numbers[7];
        prop_assert!(Replay::new(session).expect("a session").block(&forged).is_err());
    }
}
