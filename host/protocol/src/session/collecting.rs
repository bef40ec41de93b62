//! Alice's record against Bob's detections, batch by batch, until all of a block is there.
//!
//! ```text
//! own batch ──┐
//!             ├─ entries that Bob detected ─ J Sift ─▶ planes ─┐
//! detections ─┘                                                ├─▶ which are in the same basis ─ J Sift ─▶ matched planes
//! Bob's bases, after the last batch ───────────────────────────┘
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::{Bits, Job, Output};

use super::BlockPlan;
use super::account::Detected;
use super::closing::unexpected;
use super::outbox::{Outbox, Task};
use super::sifting::{Lookup, check_batch, compact, expand, sifted};
use crate::error::{RecordError, SessionError};
use crate::profile::Protocol;
use crate::raw::RawBatch;
use crate::wire::Kind;
use crate::wire::message::{Detections, decode_bits};

/// Batches of the block as they come in from both sides.
#[derive(Default)]
pub(super) struct Collecting {
    own: VecDeque<RawBatch>,
    own_count: u32,
    detections: VecDeque<Detections>,
    detections_count: u32,
    looked_up: Vec<LookedUp>,
    /// Bob's bases, once he has announced all detections.
    bases: Option<Bits>,
}

/// One batch: which of the detections Alice has an entry for, and her planes (basis, bit, intensity) for those.
struct LookedUp {
    found: Bits,
    planes: Option<Vec<Bits>>,
}

impl Collecting {
    /// Takes Alice's own next batch.
    pub(super) fn record(
        &mut self,
        batch: RawBatch,
        plan: &BlockPlan,
        detected: &mut Detected,
        out: &mut Outbox,
    ) -> Result<(), SessionError> {
        let (first, slots) = plan.batch(self.own_count);
        check_batch(&batch, first, slots, plan.profile.intensity_classes())?;
        detected.double_clicks += batch.double_click.count_ones() as u64;
        if plan.profile.protocol == Protocol::Bbm92 {
            detected.clicks(&batch, &plan.profile);
        }
        self.own_count += 1;
        self.own.push_back(batch);
        self.look_up(plan, out)
    }

    /// Takes Bob's detections of the next batch.
    pub(super) fn detections(
        &mut self,
        payload: &[u8],
        plan: &BlockPlan,
        detected: &mut Detected,
        out: &mut Outbox,
    ) -> Result<(), SessionError> {
        let (first, slots) = plan.batch(self.detections_count);
        if slots == 0 {
            return Err(unexpected(Kind::Detections, plan.block, "bases"));
        }
        let detections = Detections::decode(payload, first, slots)?;
        detected.batch(slots, detections.offsets.len());
        detected.position_bytes += payload.len() as u64;
        self.detections_count += 1;
        self.detections.push_back(detections);
        self.look_up(plan, out)
    }

    /// Takes Bob's bases: one for each detection, after all of them.
    pub(super) fn bases(
        &mut self,
        payload: &[u8],
        plan: &BlockPlan,
        detected: &Detected,
    ) -> Result<(), SessionError> {
        if self.detections_count < plan.batches() || self.bases.is_some() {
            return Err(unexpected(Kind::Bases, plan.block, "detections"));
        }
        self.bases = Some(decode_bits(payload, detected.detections as usize)?);
        Ok(())
    }

    /// Takes the planes of a batch that was looked up.
    pub(super) fn looked_up(&mut self, index: u32, output: Output) -> Result<(), SessionError> {
        self.looked_up[index as usize].planes = Some(sifted(output, 4)?);
        Ok(())
    }

    /// Compacts Alice's record to Bob's detections, as soon as both are there.
    fn look_up(&mut self, plan: &BlockPlan, out: &mut Outbox) -> Result<(), SessionError> {
        while let (Some(own), Some(detections)) = (self.own.front(), self.detections.front()) {
            let lookup = Lookup::new(own, &detections.offsets);
            if plan.profile.protocol == Protocol::DecoyBb84
                && let Some(missing) = (0..lookup.found.len()).find(|&index| !lookup.found.get(index))
            {
                let slot = own.first_slot + u64::from(detections.offsets[missing]);
                return Err(SessionError::Record(RecordError::Missing { slot }));
            }
            self.detections.pop_front();
            if let Some(RawBatch { basis, bit, intensity: [low, high], .. }) = self.own.pop_front() {
                let planes = [basis, bit, low, high].map(Arc::new).to_vec();
                let task = Task::Batch(self.looked_up.len() as u32);
                out.compute(task, Job::Sift(Sift::new(Arc::new(lookup.entries), planes)?));
                self.looked_up.push(LookedUp { found: lookup.found, planes: None });
            }
        }
        Ok(())
    }

    /// Once all batches are looked up and Bob's bases are known: asks for the planes of the detections in the same basis,
    /// and tells which those are.
    pub(super) fn matched(
        &mut self,
        plan: &BlockPlan,
        out: &mut Outbox,
    ) -> Result<Option<Bits>, SessionError> {
        let complete = self.looked_up.len() as u32 == plan.batches()
            && self.looked_up.iter().all(|batch| batch.planes.is_some());
        let Some(bases) = self.bases.take_if(|_| complete) else { return Ok(None) };
        let found = Bits::concat(self.looked_up.iter().map(|batch| &batch.found).collect::<Vec<_>>());
        let [basis, bit, low, high] = [0, 1, 2, 3].map(|which| self.plane(which));
        let mut same = compact(&found, &bases);
        same.xor_assign(&basis);
        same.xor_assign(&Bits::all_ones(basis.len()));
        let matched = expand(&found, &same);
        let planes = [basis, bit, low, high].map(Arc::new).to_vec();
        out.compute(Task::Matched, Job::Sift(Sift::new(Arc::new(same), planes)?));
        Ok(Some(matched))
    }

    /// One plane over all batches.
    fn plane(&self, which: usize) -> Bits {
        let parts: Vec<&Bits> =
            self.looked_up.iter().filter_map(|batch| batch.planes.as_ref()?.get(which)).collect();
        Bits::concat(parts)
    }
}
