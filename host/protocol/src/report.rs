//! [`BlockReport`]: what happened to a block, in numbers; nothing secret.

use std::fmt;

use serde::Serialize;

use crate::ledger::Ledger;
use crate::monitor::Finding;
use crate::proof::Evaluation;

/// The account of a finished block, with or without a key.
#[derive(Clone, Debug, Serialize)]
pub struct BlockReport {
    /// The block.
    pub block: u64,
    /// Slots it covers.
    pub slots: u64,
    /// Bob's detections.
    pub detections: u64,
    /// Detections that both sides have, in the same basis.
    pub matched: u64,
    /// Bytes in which the positions of the detections travelled.
    pub position_bytes: u64,
    /// Double clicks among this side's entries; each was given a random bit and kept.
    pub double_clicks: u64,
    /// Detections per intensity in the key.
    pub n_key: Vec<u64>,
    /// Detections per intensity in the test.
    pub n_test: Vec<u64>,
    /// Test errors per intensity.
    pub m_test: Vec<u64>,
    /// Errors that were corrected in the key.
    pub errors: u64,
    /// Error rate of the key, over the bits that were kept.
    pub qber: f64,
    /// Name of the method of error correction; empty if there was none.
    pub method: &'static str,
    /// Why `auto` took that method; `None` where the profile names one.
    pub choice: Option<String>,
    /// Frames.
    pub frames: u64,
    /// Frames and segments that were given up.
    pub failed: u64,
    /// Exchanges of error correction.
    pub rounds: u64,
    /// leak/(n·h(QBER)), without verification; 0 if there were no errors.
    pub f: f64,
    /// The ledger.
    pub ledger: Ledger,
    /// The proof's answer, if the block came so far.
    pub evaluation: Option<Evaluation>,
    /// Factor by which the statistics would have to grow for a key; only where there was none.
    pub detections_for_key: Option<f64>,
    /// What this side's monitors found. Of a block with a key, numbers that tell about the key are withheld.
    pub monitors: Vec<Finding>,
    /// Why there is no key.
    pub no_key: Option<String>,
}

impl BlockReport {
    /// Bits per detection that the positions took, and the least possible for random positions, h(p)/p.
    pub fn position_cost(&self) -> (f64, f64) {
        let p = self.detections as f64 / self.slots as f64;
        let floor = if p > 0.0 && p < 1.0 { entropy(p) / p } else { 0.0 };
        (8.0 * self.position_bytes as f64 / (self.detections.max(1) as f64), floor)
    }
}

/// h(x) in bits; 0 at the ends. Both sides choose the same code by it, on any platform: hence libm.
pub fn entropy(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 { 0.0 } else { -x * libm::log2(x) - (1.0 - x) * libm::log2(1.0 - x) }
}

impl fmt::Display for BlockReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sifted: u64 = self.n_key.iter().sum();
        write!(
            f,
            "block {}: {} detections, {sifted} sifted, QBER {:.3} %, f {:.4}, {} secret bits",
            self.block,
            self.detections,
            100.0 * self.qber,
            self.f,
            self.ledger.secret
        )?;
        self.no_key.iter().try_for_each(|reason| write!(f, " ({reason})"))
    }
}
