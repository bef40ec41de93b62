//! Failures that have broken real QKD systems, each with the test that shows that it cannot happen here.
//! SECURITY.md has the whole table.

#[path = "../adversary/mod.rs"]
mod adversary;
mod amplification;
mod decision;
#[path = "../pair/mod.rs"]
mod pair;
mod replay;
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
