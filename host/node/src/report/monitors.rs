//! What the monitors found, over all blocks of a run: one row per check.

use qkdpp_protocol::monitor::{Finding, Verdict};

use super::{BlockRow, units};

/// One check in all blocks.
pub(super) struct Row {
    what: String,
    /// Least and greatest value, of the blocks that show it.
    measured: Option<(f64, f64)>,
    allowed: (f64, f64),
    worst: Verdict,
    /// Blocks with the worst verdict, and all that were checked.
    blocks: (usize, usize),
}

impl Row {
    fn new(finding: &Finding) -> Self {
        Self {
            what: finding.to_string(),
            measured: None,
            allowed: (finding.allowed.low, finding.allowed.high),
            worst: Verdict::Fine,
            blocks: (0, 0),
        }
    }

    fn add(&mut self, finding: &Finding) {
        if let Some(value) = finding.measured {
            self.measured =
                Some(self.measured.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
            self.allowed = (finding.allowed.low, finding.allowed.high);
        }
        if finding.verdict > self.worst {
            (self.worst, self.blocks.0) = (finding.verdict, 0);
        }
        self.blocks.0 += usize::from(finding.verdict == self.worst);
        self.blocks.1 += 1;
    }

    /// Whether it was not fine in every block.
    pub(super) fn is_notable(&self) -> bool {
        self.worst > Verdict::Fine
    }

    /// What was measured, the values, the allowed ones, the verdict.
    pub(super) fn cells(&self) -> [String; 4] {
        let range = |(low, high): (f64, f64)| {
            if low.to_bits() == high.to_bits() {
                units::significant(low)
            } else {
                format!("{} – {}", units::significant(low), units::significant(high))
            }
        };
        let (with, all) = self.blocks;
        let verdict = if self.is_notable() {
            format!("{} in {with} of {all} blocks", self.worst)
        } else {
            self.worst.to_string()
        };
        let measured = self.measured.map_or_else(|| "not shown".to_owned(), range);
        [self.what.clone(), measured, range(self.allowed), verdict]
    }
}

/// One row for each check, in the order in which they are made.
pub(super) fn rows(blocks: &[BlockRow]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for finding in blocks.iter().flat_map(|block| &block.report.monitors) {
        let name = finding.to_string();
        let known = rows.iter().position(|row| row.what == name);
        let index = known.unwrap_or_else(|| {
            rows.push(Row::new(finding));
            rows.len() - 1
        });
        rows[index].add(finding);
    }
    rows
}

/// In one line.
pub(super) fn in_short(blocks: &[BlockRow]) -> String {
    let alarmed = blocks.iter().filter(|block| block.report.ledger.alarms.any()).count();
    let checks = rows(blocks).len();
    let discarded = match alarmed {
        0 => "no alarm".to_owned(),
        alarmed => format!("{alarmed} of {} blocks discarded on an alarm", blocks.len()),
    };
    format!("{checks} checks of Bob's on every block: {discarded}")
}
