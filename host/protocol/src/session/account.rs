//! The running account of a block: statistics, leakage, and the decision both sides take from them.

use std::ops::Range;
use std::sync::Arc;

use qkdpp_kernels::{Bits, Shared};

use super::BlockPlan;
use crate::error::SessionError;
use crate::ledger::{Decision, Ledger};
use crate::monitor::{Finding, Observed, withhold};
use crate::profile::{Method, Profile};
use crate::proof::{Counts, Evaluation};
use crate::raw::RawBatch;
use crate::reconcile::{self, Choice, Outcome, Reconciler};
use crate::record::{BlockRecord, Tally};
use crate::report::{BlockReport, entropy};
use crate::session::outbox::Outbox;
use crate::session::watching::reason;
use crate::wire::message::Reconcile;
use crate::wire::{Role, hex};

/// Detections of a block, before the key is known.
#[derive(Clone, Default)]
pub(crate) struct Detected {
    pub slots: u64,
    pub detections: u64,
    pub matched: u64,
    pub position_bytes: u64,
    pub double_clicks: u64,
    /// For the monitors.
    pub observed: Observed,
}

impl Detected {
    /// A block without detections so far.
    pub(crate) fn new(slots: u64) -> Self {
        Self { slots, observed: Observed { slots, ..Observed::default() }, ..Self::default() }
    }

    /// Counts Bob's `detections` in the next batch.
    pub(crate) fn batch(&mut self, slots: u32, detections: usize) {
        self.detections += detections as u64;
        self.observed.batches.push((slots, detections as u64));
    }

    /// Counts the clicks of this side's own receiver in the next batch.
    pub(crate) fn clicks(&mut self, batch: &RawBatch, profile: &Profile) {
        let settings = &profile.monitor;
        let receiver = self.observed.receiver.get_or_insert_default();
        receiver.add(batch, settings.dead_time_slots, settings.after_pulse_slots);
    }
}

pub(crate) struct Account {
    plan: BlockPlan,
    detected: Detected,
    /// Intensity planes of the key.
    intensity: [Shared; 2],
    counts: Counts,
    pub(crate) ledger: Ledger,
    method: Option<Method>,
    /// Why it was chosen, if it was.
    choice: Option<Choice>,
    frames: u64,
    failed: u64,
    rounds: u64,
    errors: u64,
    evaluation: Option<Evaluation>,
    findings: Vec<Finding>,
    no_key: Option<String>,
}

impl Account {
    /// `key` and `test` are the intensity planes of the sifted key and of the test bits, `test_errors` marks errors
    /// among the latter.
    pub(crate) fn new(
        plan: &BlockPlan,
        mut detected: Detected,
        key: [Bits; 2],
        test: &[Bits; 2],
        test_errors: &Bits,
    ) -> Self {
        let profile = &plan.profile;
        let classes = profile.intensity_classes();
        let all = |planes: &[Bits; 2]| by_intensity(&Bits::all_ones(planes[0].len()), planes, classes);
        let counts = Counts {
            mu: profile.intensities.clone(),
            p: profile.probabilities.clone(),
            n_key: all(&key),
            m_key: vec![0; classes],
            n_test: all(test),
            m_test: by_intensity(test_errors, test, classes),
            leak: 0.0,
            dropped_key: 0,
        };
        let ledger = Ledger::new(plan.block, key[0].len() as u64);
        detected.observed.sifted.n_key.clone_from(&counts.n_key);
        detected.observed.sifted.n_test.clone_from(&counts.n_test);
        detected.observed.sifted.m_test.clone_from(&counts.m_test);
        Self {
            plan: plan.clone(),
            detected,
            intensity: key.map(Arc::new),
            counts,
            ledger,
            method: None,
            choice: None,
            frames: 0,
            failed: 0,
            rounds: 0,
            errors: 0,
            evaluation: None,
            findings: Vec::new(),
            no_key: None,
        }
    }

    /// Error rate of the test bits.
    pub(crate) fn test_qber(&self) -> Option<f64> {
        let (n, m): (u64, u64) = (self.counts.n_test.iter().sum(), self.counts.m_test.iter().sum());
        (n >= 100).then(|| m as f64 / n as f64)
    }

    /// Starts error correction under Alice's `plan`.
    pub(crate) fn start(
        &mut self,
        role: Role,
        plan: &Reconcile,
        key: &Shared,
        out: &mut Outbox,
    ) -> Result<Reconciler, SessionError> {
        let (settings, blocks) = (self.plan.profile.reconciliation, self.plan.profile.blocks_in_flight);
        self.choice = reconcile::choice(&settings, plan, reconcile::bits_in_flight(key, blocks));
        Reconciler::start(role, settings, plan, (key, blocks), out)
    }

    pub(crate) fn reconciled(&mut self, method: Method, outcome: &Outcome) {
        self.method = Some(method);
        self.frames = outcome.frames;
        self.failed = outcome.failed_frames;
        self.rounds = outcome.rounds;
        for &(leak, bits) in &outcome.leaks {
            self.ledger.add(leak, bits);
        }
    }

    /// Number of errors that Bob corrected.
    pub(crate) fn corrected(&mut self, errors: u64) {
        self.errors = errors;
    }

    pub(crate) fn verified(&mut self, failed: usize) {
        self.ledger.verified(self.plan.profile.verification);
        self.failed += failed as u64;
    }

    /// Counts what was given up, and the key errors where the proof needs them. `errors` marks the known errors of the
    /// sifted key; in `dropped` parts every bit counts as an error.
    pub(crate) fn dropped(&mut self, dropped: &[Range<usize>], kept: usize, errors: Option<&Bits>) {
        let total = self.intensity[0].len();
        self.ledger.dropped = (total - kept) as u64;
        self.counts.dropped_key = self.ledger.dropped;
        if self.plan.profile.proof.needs_key_errors() {
            let mut marked = errors.cloned().unwrap_or_else(|| Bits::all_ones(total));
            for index in dropped.iter().cloned().flatten() {
                marked.set(index, true);
            }
            let classes = self.plan.profile.intensity_classes();
            self.counts.m_key = by_intensity(&marked, &self.intensity, classes);
        }
    }

    /// ℓ, from this side's own numbers.
    pub(crate) fn decide(&mut self) -> u64 {
        self.counts.leak = self.ledger.leak() as f64;
        let Decision { evaluation, no_key } =
            self.ledger.decide(&self.plan.profile, &self.plan.opened.spending, &self.counts);
        self.evaluation = Some(evaluation);
        self.no_key =
            if self.ledger.alarms.any() { Some(reason(self.ledger.alarms, &self.findings)) } else { no_key };
        self.ledger.secret
    }

    /// Hash of everything the two sides must agree on.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.ledger.digest(&Tally::of(&self.counts))
    }

    /// What stays of the block on disk.
    pub(crate) fn record(&self) -> BlockRecord {
        BlockRecord {
            session: hex(&self.plan.opened.session),
            tally: Tally::of(&self.counts),
            ledger: self.ledger.clone(),
            digest: hex(&self.digest()),
            no_key: self.no_key.clone(),
        }
    }

    pub(crate) fn errors(&self) -> u64 {
        self.errors
    }

    /// What the monitors look at.
    pub(crate) fn observed(&self) -> &Observed {
        &self.detected.observed
    }

    pub(crate) fn observed_mut(&mut self) -> &mut Observed {
        &mut self.detected.observed
    }

    /// Of the key bits that `errors` marks, how many there are per intensity.
    pub(crate) fn key_errors(&self, errors: &Bits) -> Vec<u64> {
        by_intensity(errors, &self.intensity, self.plan.profile.intensity_classes())
    }

    /// Takes what the monitors found.
    pub(crate) fn found(&mut self, findings: Vec<Finding>) {
        self.findings = findings;
    }

    pub(crate) fn report(&self) -> BlockReport {
        let kept = self.ledger.sifted - self.ledger.dropped;
        let qber = if kept == 0 { 0.0 } else { self.errors as f64 / kept as f64 };
        let cost = self.ledger.sifted as f64 * entropy(qber);
        let no_key = self.ledger.secret == 0 && self.evaluation.is_some() && !self.ledger.alarms.any();
        BlockReport {
            block: self.ledger.block,
            slots: self.detected.slots,
            detections: self.detected.detections,
            matched: self.detected.matched,
            position_bytes: self.detected.position_bytes,
            double_clicks: self.detected.double_clicks,
            n_key: self.counts.n_key.clone(),
            n_test: self.counts.n_test.clone(),
            m_test: self.counts.m_test.clone(),
            errors: self.errors,
            qber,
            method: match self.method {
                Some(Method::Ldpc) => "ldpc",
                Some(_) => "cascade",
                None => "",
            },
            choice: self.choice.map(|choice| choice.to_string()),
            frames: self.frames,
            failed: self.failed,
            rounds: self.rounds,
            f: if cost > 0.0 { self.ledger.correction_leak() as f64 / cost } else { 0.0 },
            ledger: self.ledger.clone(),
            evaluation: self.evaluation.clone(),
            detections_for_key: if no_key {
                self.plan.profile.proof.detections_for_key(&self.counts)
            } else {
                None
            },
            monitors: if self.ledger.secret > 0 { withhold(&self.findings) } else { self.findings.clone() },
            no_key: self.no_key.clone(),
        }
    }
}

/// Number of entries of `mask` with each intensity; `planes` hold the index, low bit first.
fn by_intensity(mask: &Bits, planes: &[impl AsRef<Bits>; 2], classes: usize) -> Vec<u64> {
    let mut counts = vec![0; classes];
    for ((&mask, &low), &high) in
        mask.words().iter().zip(planes[0].as_ref().words()).zip(planes[1].as_ref().words())
    {
        for (class, count) in counts.iter_mut().enumerate() {
            let low = if class & 1 == 0 { !low } else { low };
            let high = if class & 2 == 0 { !high } else { high };
            *count += u64::from((mask & low & high).count_ones());
        }
    }
    counts
}
