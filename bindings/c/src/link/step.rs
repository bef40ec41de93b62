//! [`Step`]: what a link asks of whoever drives it.

use std::ptr;

/// qkdpp_step.kind: data is a message, or several, for the peer, in this order.
pub const QKDPP_STEP_SEND: u32 = 1;
/// qkdpp_step.kind: data is a secret key, which the peer holds, too. Copy it where keys belong; the library wipes its own.
pub const QKDPP_STEP_KEY: u32 = 2;
/// qkdpp_step.kind: a block has ended; data is its account, a JSON object as text, with its ledger of leaked bits and ε, and
/// why there is no key if there is none.
pub const QKDPP_STEP_REPORT: u32 = 3;
/// qkdpp_step.kind: a block has ended without a key, since a monitor of either side raised an alarm; data is its account, as
/// for QKDPP_STEP_REPORT, of which this stands in place. Somebody should look at the link.
pub const QKDPP_STEP_ALARM: u32 = 4;
/// qkdpp_step.kind: there is nothing to do until bytes of the peer, a batch, a wake or the timeout come.
pub const QKDPP_STEP_WAIT: u32 = 5;

/// What a link asks for next, as qkdpp_link_poll says. Members that do not belong to the kind are 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Step {
    /// QKDPP_STEP_SEND and so on. Ignore kinds that you do not know.
    pub(crate) kind: u32,
    /// WAIT: 1 if a batch of this side's record is wanted (qkdpp_link_push_batch), else 0.
    pub(crate) wants_batch: u32,
    /// SEND, KEY, REPORT, ALARM: the bytes. They belong to the link, which keeps them until the next call with it, and then
    /// wipes them.
    pub(crate) data: *const u8,
    /// SEND, KEY, REPORT, ALARM: how many bytes.
    pub(crate) size: usize,
    /// KEY: number of bits; bit i is bit i % 8, from the least significant, of byte i / 8.
    pub(crate) bits: u64,
    /// KEY, REPORT, ALARM: number of the block. A key's name, for both sides, is its session and block.
    pub(crate) block: u64,
    /// KEY: an upper bound on the probability that the key is not a perfect one (composable security).
    pub(crate) epsilon: f64,
    /// WAIT: first slot of the batch that is due next.
    pub(crate) first_slot: u64,
    /// WAIT: slots of that batch.
    pub(crate) slots: u64,
    /// WAIT: blocks that are open. A record that has ended and no open block: the link has done its work.
    pub(crate) open_blocks: u64,
    /// WAIT: poll again at the latest after so many milliseconds; -1 if there is no hurry.
    pub(crate) timeout_ms: i64,
}

impl Step {
    pub(super) const NOTHING: Self = Self {
        kind: QKDPP_STEP_WAIT,
        wants_batch: 0,
        data: ptr::null(),
        size: 0,
        bits: 0,
        block: 0,
        epsilon: 0.0,
        first_slot: 0,
        slots: 0,
        open_blocks: 0,
        timeout_ms: -1,
    };

    /// A step with bytes that are lent.
    pub(super) fn with(kind: u32, data: &[u8]) -> Self {
        Self { kind, data: data.as_ptr(), size: data.len(), ..Self::NOTHING }
    }
}
