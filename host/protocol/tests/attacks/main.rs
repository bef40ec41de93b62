//! Failures that have broken real QKD systems, each with the test that shows that it cannot happen here.
//!
//! | # | failure | here |
//! |-|-|-|
//! | 1 | hash matrix expanded from a short seed | `attack_01_*` |
//! | 2 | corrected data delivered as key | `stages.rs` |
//! | 3 | counts and lengths taken from the peer | `attack_03_*`, `dishonest_peer/` |
//! | 4 | no errors, so no loss | `attack_04_*` |
//! | 5 | asymptotic rate with a margin | `attack_05_*` |
//! | 6 | verification chosen by the peer, or not charged | `attack_06_*`, `dishonest_peer/` |
//! | 7 | hash without length | `attack_07_*` |
//! | 9, 10 | no authentication; replay, reflection | `tamper.rs` |
//! | 12 | seed used twice or announced early | `attack_12_*`, `dishonest_peer/` |
//! | 13 | bases before all detections | `attack_13_*` |
//! | 14 | biased permutation or sample | `attack_14_*`, `qkdpp_kernels::parities` |
//! | 15 | double clicks dropped | `attack_15_*` |
//! | 16 | data of an aborted block used | `attack_16_*` |
//! | 17 | one side aborts | `attack_17_*` |
//! | 18 | delivery before verification | `attack_18_*`, `stages.rs` |
//! | 19 | leakage of one direction, unstated | `attack_19_*` |
//! | 20, 22 | wrong statistics, rounding up | `proof_*.rs` |
//! | 21 | evaluated again until there is a key | `attack_21_*` |
//! | 25 | detectors that are blinded, shifted, or not what the proof assumes | `attack_25_*` of qkdpp-channel, `monitor` |

#[path = "../adversary/mod.rs"]
mod adversary;
mod amplification;
mod decision;
#[path = "../pair/mod.rs"]
mod pair;
mod sifting;
mod verification;

use pair::{Pair, Scenario, Side};
use qkdpp_protocol::wire::{Header, Kind};

/// A link with a key of some hundred bits.
fn small() -> Scenario {
    let mut scenario = Scenario::bbm92(8_000, 0.005);
    scenario.profile.slots_per_block = 16_000;
    scenario.profile.slots_per_batch = 6_000;
    scenario
}

fn honest(scenario: &Scenario) -> Pair {
    let mut pair = Pair::new(scenario);
    assert_eq!(pair.run_out(&mut |_, _, message| vec![message]), [None, None]);
    pair
}

/// Payloads that `side` sent in messages of `kind`.
fn payloads(side: &Side, kind: Kind) -> Vec<Vec<u8>> {
    let parsed =
        side.sent.iter().map(|message| Header::parse(message, side.role).expect("an honest message"));
    parsed.filter(|(header, ..)| header.kind == kind).map(|(_, payload, _)| payload.to_vec()).collect()
}
