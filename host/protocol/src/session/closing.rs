//! Steps both sides of a block take alike: opening its account, dropping what did not verify, accepting, delivering.

use qkdpp_kernels::Bits;

use super::BlockPlan;
use super::account::{Account, Detected};
use super::outbox::{Action, Outbox};
use crate::error::{ProtocolError, SessionError};
use crate::ledger::Ledger;
use crate::monitor::BitTable;
use crate::stage::{Amplified, Corrected, PeerAccepts, Verified};
use crate::wire::{Kind, Role, hex};

/// The sifted key bits and the account of a block, from `side`'s key planes and test planes (bit, intensity low and high).
pub(super) fn open_account(
    plan: &BlockPlan,
    side: Role,
    detected: &Detected,
    key: Vec<Bits>,
    test: Vec<Bits>,
    test_errors: &Bits,
) -> Result<(Bits, Account), SessionError> {
    let [bits, low, high]: [Bits; 3] = key.try_into().map_err(|_| misplaced("sifted planes"))?;
    let [test_bits, test_low, test_high]: [Bits; 3] =
        test.try_into().map_err(|_| misplaced("sifted planes"))?;
    let (key, test) = ([low, high], [test_low, test_high]);
    let mut account = Account::new(plan, detected.clone(), key, &test, test_errors);
    account.observed_mut().sifted.table = BitTable::new(side, &test_bits, test_errors);
    Ok((bits, account))
}

/// Drops the segments whose tags differ and enters them into the account.
pub(super) fn drop_unequal(
    corrected: Corrected,
    equal: &Bits,
    errors: Option<&Bits>,
    plan: &BlockPlan,
    account: &mut Account,
) -> Verified {
    let segment = plan.profile.verification.segment_bits as usize;
    account.verified(equal.len() - equal.count_ones());
    let verified = corrected.keep_equal(equal, segment);
    account.dropped(verified.dropped(), verified.len(), errors);
    verified
}

/// Whether the peer's final message accepts the ledger this side has.
pub(super) fn peer_accepts(
    account: &Account,
    payload: &[u8],
    block: u64,
) -> Result<PeerAccepts, SessionError> {
    let ours = account.digest();
    let theirs: [u8; 32] = payload.try_into().map_err(|_| ProtocolError::Field {
        field: "the length of a ledger digest",
        want: "32".into(),
        got: payload.len() as u64,
    })?;
    PeerAccepts::check(&ours, &theirs).ok_or_else(|| {
        SessionError::Peer(ProtocolError::Disagreement {
            block,
            what: "the ledger's digest",
            ours: hex(&ours[..4]),
            theirs: hex(&theirs[..4]),
        })
    })
}

/// Asks for the block's record to be written; what is pushed after it waits for that.
pub(super) fn record(account: &Account, out: &mut Outbox) {
    out.push(Action::Record(Box::new(account.record())));
}

/// Releases the key. The ledger both sides accepted has its statement.
pub(super) fn deliver(
    amplified: Amplified,
    accepted: &PeerAccepts,
    account: &Account,
    out: &mut Outbox,
) -> Result<(), SessionError> {
    let Ledger { block, epsilon, .. } = account.ledger;
    let epsilon = epsilon.ok_or_else(|| misplaced("a key that nothing is promised about"))?;
    out.push(Action::Key(amplified.deliver(accepted, block, epsilon)));
    out.push(Action::Report(Box::new(account.report())));
    Ok(())
}

pub(super) fn end_without_key(account: &Account, out: &mut Outbox) {
    record(account, out);
    out.push(Action::Report(Box::new(account.report())));
}

pub(super) fn unexpected(kind: Kind, block: u64, state: &'static str) -> SessionError {
    SessionError::Peer(ProtocolError::Unexpected { kind, block, state })
}

pub(super) fn misplaced(what: &str) -> SessionError {
    SessionError::Driver(format!("{what}: nothing of the kind was asked for"))
}
