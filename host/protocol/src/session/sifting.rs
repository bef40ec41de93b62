//! Sifting, the part both sides share: from matched detections to key bits and test bits.
//!
//! ```text
//! detections ──matched──▶ basis, bit, intensity ──test?──▶ test bits (announced)
//!                                               └─else──▶ key bits
//! ```

use std::sync::Arc;

use qkdpp_kernels::parities::Permutation;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::{Bits, Job, Output, Shared};

use crate::error::{RecordError, SessionError};
use crate::profile::{Profile, Test};
use crate::raw::{Entries, RawBatch};
use crate::session::outbox::{Outbox, Task};

/// Key and test parts of the matched detections, arriving in either order.
#[derive(Default)]
pub(crate) struct Split {
    key: Option<Vec<Bits>>,
    test: Option<Vec<Bits>>,
}

impl Split {
    /// Requests the split of `planes` by `test`.
    pub(crate) fn start(test: Bits, planes: &[Shared], out: &mut Outbox) -> Result<Self, SessionError> {
        let mut key = test.clone();
        key.xor_assign(&Bits::all_ones(test.len()));
        out.compute(Task::Key, Job::Sift(Sift::new(Arc::new(key), planes.to_vec())?));
        out.compute(Task::Test, Job::Sift(Sift::new(Arc::new(test), planes.to_vec())?));
        Ok(Self::default())
    }

    pub(crate) fn done(&mut self, task: Task, output: Output) -> Result<(), SessionError> {
        let slot = match task {
            Task::Key => &mut self.key,
            Task::Test => &mut self.test,
            _ => return Err(SessionError::Driver(format!("{task:?} is no job of sifting"))),
        };
        *slot = Some(sifted(output, 3)?);
        Ok(())
    }

    /// Key planes and test planes, once both are there.
    pub(crate) fn take(&mut self) -> Option<(Vec<Bits>, Vec<Bits>)> {
        if self.key.is_some() && self.test.is_some() { self.key.take().zip(self.test.take()) } else { None }
    }
}

/// The `count` planes of a finished Sift job.
pub(crate) fn sifted(output: Output, count: usize) -> Result<Vec<Bits>, SessionError> {
    match output {
        Output::Sift(planes) if planes.len() == count => Ok(planes),
        _ => Err(SessionError::Driver("a Sift job returned something else".into())),
    }
}

/// Which of `basis.len()` matched detections are test bits.
pub(crate) fn test_mask(
    profile: &Profile,
    basis: &Bits,
    sample_seed: Option<&[u8; 32]>,
) -> Result<Bits, SessionError> {
    match (profile.test, sample_seed) {
        (Test::Sample { fraction }, Some(seed)) if !basis.is_empty() => {
            let count = (fraction * basis.len() as f64).ceil() as usize;
            let order = Permutation::new(seed, basis.len())?;
            let mut mask = Bits::zeros(basis.len());
            for &index in &order.indices()[..count.min(basis.len())] {
                mask.set(index as usize, true);
            }
            Ok(mask)
        }
        (Test::Sample { .. }, _) => Ok(Bits::zeros(basis.len())),
        (Test::Basis, _) => Ok(basis.clone()),
    }
}

/// Checks that a batch covers exactly the slots that are due and that its planes fit its entries.
pub(crate) fn check_batch(
    batch: &RawBatch,
    first_slot: u64,
    slots: u32,
    classes: usize,
) -> Result<(), RecordError> {
    if batch.first_slot != first_slot || batch.slots != slots {
        let (got, got_slots) = (batch.first_slot, batch.slots);
        return Err(RecordError::Cut { want: first_slot, want_slots: slots, got, slots: got_slots });
    }
    let want = batch.len();
    let planes = [
        ("basis", &batch.basis),
        ("bit", &batch.bit),
        ("intensity low", &batch.intensity[0]),
        ("intensity high", &batch.intensity[1]),
        ("double click", &batch.double_click),
    ];
    for (plane, bits) in planes {
        if bits.len() != want {
            return Err(RecordError::Plane { plane, want, got: bits.len() });
        }
    }
    if let Entries::At(offsets) = &batch.entries {
        let mut least = 0;
        for (index, &offset) in offsets.iter().enumerate() {
            if offset < least || offset >= slots {
                return Err(RecordError::Offset { index, offset, slots });
            }
            least = offset + 1;
        }
    }
    match wrong_intensity(&batch.intensity, classes) {
        Some(got) => Err(RecordError::Intensity { got, count: classes }),
        None => Ok(()),
    }
}

/// An intensity index that `classes` intensities do not have.
pub(crate) fn wrong_intensity(planes: &[Bits; 2], classes: usize) -> Option<usize> {
    let mut words = planes[0].words().iter().zip(planes[1].words());
    match classes {
        1 => words.any(|(low, high)| low | high != 0).then_some(1),
        2 => words.any(|(_, high)| *high != 0).then_some(2),
        3 => words.any(|(low, high)| low & high != 0).then_some(3),
        _ => None,
    }
}

/// Which of the detections Alice has an entry for, and which of her entries were detected.
pub(crate) struct Lookup {
    pub found: Bits,
    pub entries: Bits,
}

impl Lookup {
    pub(crate) fn new(batch: &RawBatch, detections: &[u32]) -> Self {
        let mut entries = Bits::zeros(batch.len());
        match &batch.entries {
            Entries::Every => {
                for &offset in detections {
                    entries.set(offset as usize, true);
                }
                Self { found: Bits::all_ones(detections.len()), entries }
            }
            // The record of a model holds just the slots that were detected.
            Entries::At(offsets) if offsets == detections => {
                Self { found: Bits::all_ones(detections.len()), entries: Bits::all_ones(offsets.len()) }
            }
            Entries::At(offsets) => {
                let mut found = Bits::zeros(detections.len());
                let mut index = 0;
                for (detection, offset) in detections.iter().enumerate() {
                    while offsets.get(index).is_some_and(|entry| entry < offset) {
                        index += 1;
                    }
                    if offsets.get(index) == Some(offset) {
                        found.set(detection, true);
                        entries.set(index, true);
                    }
                }
                Self { found, entries }
            }
        }
    }
}

/// Puts `values`, one per one of `mask`, at the places of the ones.
pub(crate) fn expand(mask: &Bits, values: &Bits) -> Bits {
    if mask.len() == values.len() {
        return values.clone();
    }
    let mut expanded = Bits::zeros(mask.len());
    for (index, place) in mask.ones().enumerate() {
        if values.get(index) {
            expanded.set(place, true);
        }
    }
    expanded
}

/// The bits of `plane` at the ones of `mask`.
pub(crate) fn compact(mask: &Bits, plane: &Bits) -> Bits {
    if mask.count_ones() == mask.len() {
        return plane.clone();
    }
    mask.ones().map(|index| plane.get(index)).collect()
}
