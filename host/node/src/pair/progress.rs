//! One line per open block on the terminal: its stage, its bytes on the wire, its time. Nothing where nobody looks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use qkdpp_protocol::BlockReport;
use qkdpp_protocol::wire::Kind;

use crate::report::units;

/// Shows what happens to the blocks of a pair.
pub(crate) struct Progress {
    bars: MultiProgress,
    /// Detection messages of a block.
    batches: u64,
    open: Mutex<BTreeMap<u64, Open>>,
}

/// A block on the screen.
struct Open {
    bar: ProgressBar,
    batches: u64,
    bytes: u64,
    messages: u64,
    /// Whether one side has ended it.
    ended: bool,
}

impl Progress {
    /// Shows blocks of `batches` batches on the standard error output, if that is a terminal and not `hidden`.
    pub(crate) fn new(hidden: bool, batches: u64) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { bars: MultiProgress::with_draw_target(target), batches, open: Mutex::default() }
    }

    /// A message for `block` crossed the wire.
    pub(super) fn message(&self, block: u64, kind: Kind, bytes: u64) {
        if self.bars.is_hidden() || kind == Kind::Hello {
            return;
        }
        let mut open = self.open();
        let state = open.entry(block).or_insert_with(|| self.open_block(block));
        state.batches += u64::from(kind == Kind::Detections);
        state.bytes += bytes;
        state.messages += 1;
        let stage = match stage(kind) {
            "detections" => format!("detections {}/{}", state.batches, self.batches),
            stage => stage.to_owned(),
        };
        let (bytes, messages) = (units::bytes(state.bytes), state.messages);
        state.bar.set_message(format!("{stage:<22}{bytes:>10} in {messages:>5} messages"));
    }

    /// One side has ended a block; the line of a block that both have ended stays.
    pub(super) fn ended(&self, report: &BlockReport) {
        let mut open = self.open();
        let Some(state) = open.get_mut(&report.block) else { return };
        if !state.ended {
            state.ended = true;
            return;
        }
        let Some(Open { bar, bytes, .. }) = open.remove(&report.block) else { return };
        let result = match &report.no_key {
            None => format!("{} secret bits", units::count(report.ledger.secret)),
            Some(_) => "no key".to_owned(),
        };
        bar.set_style(style("  block {prefix} {msg} {elapsed:>6}"));
        bar.finish_with_message(format!("{result:<22}{:>10}{:>18}", units::bytes(bytes), ""));
    }

    /// Leaves a clear screen for the table.
    pub(super) fn finish(&self) {
        self.open().clear();
        // A terminal that cannot be cleared keeps the lines.
        let _ = self.bars.clear();
    }

    fn open_block(&self, block: u64) -> Open {
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(style("{spinner} block {prefix} {msg} {elapsed:>6}"));
        bar.set_prefix(format!("{block:>4}"));
        bar.enable_steady_tick(Duration::from_millis(100));
        Open { bar, batches: 0, bytes: 0, messages: 0, ended: false }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed")
}

/// What a block is at when a message of this kind is under way.
fn stage(kind: Kind) -> &'static str {
    match kind {
        Kind::Hello | Kind::Detections => "detections",
        Kind::Bases | Kind::Sifting | Kind::TestBits => "sifting",
        Kind::Reconcile
        | Kind::Parities
        | Kind::Syndromes
        | Kind::Undecoded
        | Kind::Disclosure
        | Kind::Corrected => "error correction",
        Kind::Verify | Kind::Verified => "verification",
        Kind::Amplify => "privacy amplification",
        Kind::Final => "final decision",
    }
}
