//! When the monitors look, and what follows: each side judges the block by its own counts, and enters its alarm.

use qkdpp_kernels::Bits;

use super::BlockContext;
use super::account::Account;
use super::outbox::{Action, Outbox};
use crate::ledger::Alarms;
use crate::monitor::{self, Finding, Sample, Verdict};
use crate::profile::Profile;
use crate::wire::Role;

/// Judges the block by all that `side` has counted and, with the blocks before it, by the drift charts. The alarm, if
/// there is one, is in the ledger afterwards.
pub(super) fn watch(
    account: &mut Account,
    side: Role,
    profile: &Profile,
    context: &BlockContext,
    out: &mut Outbox,
) {
    let mut findings = monitor::watch(profile, account.observed());
    if let Some(settings) = &profile.monitor.drift {
        let observed = account.observed();
        let sample = Sample {
            slots: observed.slots,
            detections: observed.batches.iter().map(|(_, detections)| detections).sum(),
            sifted: account.ledger.sifted,
            errors: account.errors(),
        };
        let (drift, of_drift) = context.drift.after(settings, &sample);
        findings.extend(of_drift);
        out.push(Action::Drifted(drift));
    }
    account.ledger.alarms.enter(side, findings.iter().any(is_alarm));
    account.found(findings);
}

/// Counts the errors of the key by Alice's and Bob's bits, for a side that knows where they are.
pub(super) fn count_errors(account: &mut Account, side: Role, own: &Bits, errors: &Bits) {
    let table = monitor::BitTable::new(side, own, errors);
    let m_key = account.key_errors(errors);
    account.observed_mut().corrected = Some(monitor::Corrected { m_key, table });
}

/// Why a block was discarded, for this side's report.
pub(super) fn reason(alarms: Alarms, findings: &[Finding]) -> String {
    let whose = match (alarms.alice, alarms.bob) {
        (true, true) => "both sides'",
        (true, false) => "Alice's",
        (false, _) => "Bob's",
    };
    let raised: Vec<String> =
        findings.iter().filter(|finding| is_alarm(finding)).map(Finding::to_string).collect();
    let own = if raised.is_empty() { String::new() } else { format!(" ({})", raised.join("; ")) };
    format!("discarded on an alarm of {whose} monitors{own}")
}

fn is_alarm(finding: &Finding) -> bool {
    finding.verdict == Verdict::Alarm
}
