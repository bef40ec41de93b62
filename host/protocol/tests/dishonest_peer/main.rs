//! A peer who holds the authentication keys and does not keep to the protocol: every count, length and order it sends is
//! checked against this side's own, and the victim delivers no key.

#[path = "../adversary/mod.rs"]
mod adversary;
mod contents;
mod order;
#[path = "../pair/mod.rs"]
mod pair;

use adversary::{Forger, Records, run_forged, run_with_forger};
use pair::{Pair, Scenario};
use qkdpp_protocol::profile::Method;
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
