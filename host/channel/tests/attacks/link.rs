//! A pair of sessions on the model of a link.

use std::collections::VecDeque;
use std::time::Instant;

use qkdpp_channel::{Link, Model, Source, preset};
use qkdpp_protocol::monitor::{Band, Finding, Monitor, Verdict};
use qkdpp_protocol::profile::Profile;
use qkdpp_protocol::proof::Proof;
use qkdpp_protocol::{BlockReport, RawBatch, Role, SessionError};
use serde::Deserialize;

use crate::pair::{Pair, Side};

/// Slots of a block.
pub(crate) const SLOTS: u64 = 100_000_000;

/// Probability of the key basis, on both sides.
pub(crate) const KEY_BASIS: f64 = 0.7;

/// The link and its profile, with short blocks.
pub(crate) fn fibre() -> (Link, Profile) {
    #[derive(Deserialize)]
    struct Config {
        profile: Profile,
    }
    let text = preset("fibre-50km").expect("the default preset");
    let Config { mut profile } = toml::from_str(text).expect("a profile");
    let proof = serde_json::json!({"name": "lim-2014", "eps_sec": 1e-9, "eps_cor": 1e-12});
    profile.proof = serde_json::from_value::<Proof>(proof).expect("a proof");
    (profile.slots_per_block, profile.slots_per_batch) = (SLOTS, (SLOTS / 4) as u32);
    let mut link = Link::from_toml(text).expect("a link");
    let Source::WeakCoherent(source) = &mut link.source else { panic!("a weak-coherent source") };
    (source.key_basis_probability, link.detector.key_basis_probability) = (KEY_BASIS, KEY_BASIS);
    let monitor = &mut profile.monitor;
    monitor.key_basis = Some(Band { low: KEY_BASIS - 0.01, high: KEY_BASIS + 0.01 });
    // More detections are in different bases, where half of the photon pairs click twice.
    monitor.double_clicks = Some(Band { low: 5e-4, high: 1.1e-3 });
    let same_basis = |key: f64| key * key + (1.0 - key) * (1.0 - key);
    for gain in &mut monitor.gains {
        let scale = same_basis(KEY_BASIS) / same_basis(0.87);
        *gain = Band { low: gain.low * scale, high: gain.high * scale };
    }
    (link, profile)
}

/// What both sides are left with.
pub(crate) struct Run {
    pub(crate) pair: Pair,
    pub(crate) stopped: [Option<SessionError>; 2],
}

impl Run {
    /// `blocks` blocks of the link, under `attack` if there is one.
    pub(crate) fn new(attack: Option<&str>, blocks: u64) -> Self {
        let (link, profile) = fibre();
        Self::with(&link, &profile, attack, blocks)
    }

    pub(crate) fn with(link: &Link, profile: &Profile, attack: Option<&str>, blocks: u64) -> Self {
        let model = match attack {
            Some(attack) => Model::attacked(link, attack.parse().expect("an attack"), 1),
            None => Model::new(link, 1),
        };
        let mut model = model.expect("a link that can be");
        let (mut alice, mut bob) = (VecDeque::new(), VecDeque::new());
        for _ in 0..blocks * profile.slots_per_block / u64::from(profile.slots_per_batch) {
            let (sent, seen): (RawBatch, RawBatch) = model.next_batch(profile.slots_per_batch);
            alice.push_back(sent);
            bob.push_back(seen);
        }
        let side = |role, records| Side::new(role, profile, records, "attacks");
        let mut pair =
            Pair { alice: side(Role::Alice, alice), bob: side(Role::Bob, bob), now: Instant::now() };
        let stopped = pair.run_out(&mut |_, _, message| vec![message]);
        Self { pair, stopped }
    }

    /// Alice's and Bob's account of a block.
    pub(crate) fn reports(&self, block: usize) -> [&BlockReport; 2] {
        [&self.pair.alice.reports[block], &self.pair.bob.reports[block]]
    }

    /// The monitors that raised an alarm over a block on either side.
    pub(crate) fn alarms(&self, block: usize) -> Vec<Monitor> {
        let mut alarms = Vec::new();
        for monitor in self.reports(block).into_iter().flat_map(|report| raised(&report.monitors)) {
            if !alarms.contains(&monitor) {
                alarms.push(monitor);
            }
        }
        alarms
    }

    /// Both sides agree that the first block gives a key, and that the second one does not, for these alarms at least.
    pub(crate) fn assert_second_block_is_discarded(&self, expected: &[Monitor]) {
        assert_eq!(self.stopped, [None, None]);
        assert_eq!(self.alarms(0), [], "the healthy block: {}", self.reports(0)[1]);
        let keys = self.pair.equal_keys();
        assert_eq!(keys.len(), 1, "one key, of the healthy block");
        assert_eq!(self.pair.bob.keys[0].block(), 0);
        let alarms = self.alarms(1);
        println!("{}: {alarms:?}", self.reports(1)[1]);
        for monitor in expected {
            assert!(alarms.contains(monitor), "{monitor} has not noticed; {alarms:?}");
        }
        for report in self.reports(1) {
            assert_eq!(report.ledger.secret, 0);
            assert_eq!(report.ledger.alarms, self.reports(1)[0].ledger.alarms, "both know of all alarms");
            assert!(expected.is_empty() || report.ledger.alarms.any());
        }
    }
}

/// The monitors that raised an alarm.
pub(crate) fn raised(findings: &[Finding]) -> impl Iterator<Item = Monitor> + '_ {
    findings.iter().filter(|finding| finding.verdict == Verdict::Alarm).map(|finding| finding.monitor)
}
