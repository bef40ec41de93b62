//! A peer that sends something else than its parities.

use super::{Pair, Random, engine};
use std::sync::Arc;

use crate::cascade::{CascadeError, Tables, Variant};
use crate::wire::Role;

/// Three frames of 100 bits; 13 blocks of 8 bits each in the first pass.
fn pair() -> Pair {
    let mut random = Random(10);
    let schedule = Variant::Opt7.schedule(0.125, 100);
    let errors = random.errors(300, 0.1);
    Pair::new(&schedule, &errors, &mut random)
}

#[test]
fn the_length_must_be_that_of_the_questions() {
    for got in [0, 1, 4, 6, 1000] {
        let mut alice = pair().alice;
        let error = CascadeError::MessageLength { round: 1, parities: 39, want: 5, got };
        assert_eq!(alice.receive(&vec![0; got]), Err(error));
        assert!(!alice.is_finished());
        assert_eq!(alice.receive(&[0; 5]), Err(error), "the run is over");
    }
}

#[test]
fn padding_must_be_zero() {
    let mut alice = pair().alice;
    let error = CascadeError::Padding { round: 1, used: 7, last: 0x80 };
    assert_eq!(alice.receive(&[0, 0, 0, 0, 0x80]), Err(error));
    assert!(!alice.is_finished());

    let mut alice = pair().alice;
    assert_eq!(alice.receive(&[0xff, 0xff, 0xff, 0xff, 0x7f]), Ok(()));
}

#[test]
fn nothing_is_expected_after_the_last_round() {
    let mut pair = pair();
    pair.run();
    let located = pair.alice.located_errors();
    let error = CascadeError::Finished { rounds: pair.alice.rounds(), got: 2 };
    assert_eq!(pair.alice.receive(&[0; 2]), Err(error));
    assert!(pair.alice.located_errors() == located);
    assert!(!pair.alice.is_finished());
}

#[test]
fn a_message_is_handed_out_once() {
    let mut alice = pair().alice;
    assert_eq!(alice.next_message().map(|message| message.len()), Some(5));
    assert_eq!(alice.next_message(), None);
    assert!(!alice.is_finished());
}

/// Random answers belong to no error pattern; the run ends all the same, and never in a panic.
#[test]
fn a_peer_that_answers_at_random_cannot_keep_the_run_going() {
    let (mut contradicted, mut finished) = (0, 0);
    for variant in Variant::ALL {
        for seed in 0..200 {
            let mut random = Random(seed);
            let frame_bits = 1 + random.below(120);
            let frames = 1 + random.below(3);
            let schedule = variant.schedule(0.1, frame_bits);
            let most_questions = (frames * frame_bits * (schedule.passes() + 8)) as u64;
            let tables = Arc::new(Tables::new(schedule, &random.seed()).unwrap());
            let mut alice = engine(Role::Alice, &tables, &random.bits(frames * frame_bits));
            let mut asked = 0;
            let outcome = loop {
                if alice.next_message().is_none() {
                    break Ok(());
                }
                let parities = alice.parities_exchanged() - asked;
                asked += parities;
                assert!(
                    asked <= most_questions,
                    "{variant:?}: {asked} questions to {frames} × {frame_bits} bits"
                );
                let answers = random.bits(parities as usize).to_bytes();
                if let Err(error) = alice.receive(&answers) {
                    break Err(error);
                }
            };
            match outcome {
                Ok(()) => finished += 1,
                Err(CascadeError::Contradiction { frame, bit, .. }) => {
                    assert!(frame < frames && bit < frame_bits);
                    contradicted += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(contradicted > 300 && finished > 0, "{contradicted} contradictions, {finished} finished");
}
