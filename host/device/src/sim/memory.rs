//! [`Memory`]: the host's memory as a simulated device sees it. What no [`Region`] maps is refused and counted.
//!
//! ```text
//! driver ── Region (a Dma) ──▶ Memory ◀── Memory::read, write ── device
//!                                 └ faults: errors, corrupted bits, answers that never come
//! ```

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use zeroize::Zeroizing;

use super::faults::{Fate, Faults};
use crate::entry::{SUBMISSION_BYTES, Submission};
use crate::transport::Dma;

/// Pages of the simulated IOMMU.
const PAGE: usize = 4096;

/// The first address: above 4 GiB, so that the high halves of addresses matter.
const FIRST: u64 = 0x0000_0012_3456_0000;

/// How the bus answers, if not as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusError {
    /// With an error.
    Refused,
    /// Never.
    Silent,
}

/// The memory and its bus. Clones are the same memory.
#[derive(Clone)]
pub struct Memory(Arc<Mutex<Inner>>);

struct Inner {
    /// By address, with a page that nothing maps after each.
    regions: BTreeMap<u64, Zeroizing<Vec<u8>>>,
    next: u64,
    rings: [Range<u64>; 2],
    faults: Faults,
    /// What corrupted submissions name.
    misled: Vec<Range<u64>>,
    unmapped: u64,
}

impl Memory {
    /// No memory yet, behind a bus with `faults`.
    pub fn new(faults: Faults) -> Self {
        let rings = [0..0, 0..0];
        let (regions, misled) = (BTreeMap::new(), Vec::new());
        let inner = Inner { regions, next: FIRST, rings, faults, misled, unmapped: 0 };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Maps `bytes` bytes, rounded up to pages, all zero.
    pub fn map(&self, bytes: usize) -> Region {
        let len = bytes.next_multiple_of(PAGE).max(PAGE);
        let mut inner = self.lock();
        let iova = inner.next;
        inner.next += (len + PAGE) as u64;
        inner.regions.insert(iova, Zeroizing::new(vec![0; len]));
        drop(inner);
        Region { memory: self.clone(), iova, len }
    }

    /// Says where the rings are, so that entries are told from data.
    pub fn set_rings(&self, submission: Range<u64>, completion: Range<u64>) {
        self.lock().rings = [submission, completion];
    }

    /// The device reads.
    ///
    /// # Errors
    /// If nothing is mapped there, or a fault strikes.
    pub fn read(&self, iova: u64, bytes: &mut [u8]) -> Result<(), BusError> {
        let mut inner = self.lock();
        let submission = inner.rings[0].contains(&iova);
        bytes.copy_from_slice(inner.mapped(iova, bytes.len())?);
        match inner.faults.read(submission) {
            Fate::Error => Err(BusError::Refused),
            Fate::Lost => Err(BusError::Silent),
            Fate::Corrupted => {
                inner.faults.corrupt(bytes);
                if submission {
                    inner.mislead(bytes);
                }
                Ok(())
            }
            Fate::Done | Fate::Dropped => Ok(()),
        }
    }

    /// The device writes those of `bytes` whose bit of `enable` is set.
    ///
    /// # Errors
    /// If nothing is mapped there, or a fault strikes.
    pub fn write(&self, iova: u64, bytes: &[u8], enable: impl Fn(usize) -> bool) -> Result<(), BusError> {
        let mut inner = self.lock();
        let completion = inner.rings[1].contains(&iova);
        inner.mapped(iova, bytes.len())?;
        let fate = inner.faults.write(completion);
        let mut bytes = Zeroizing::new(bytes.to_vec());
        match fate {
            Fate::Error => return Err(BusError::Refused),
            Fate::Lost => return Err(BusError::Silent),
            Fate::Dropped => return Ok(()),
            Fate::Corrupted => inner.faults.corrupt(&mut bytes),
            Fate::Done => {}
        }
        for (at, (to, from)) in inner.mapped(iova, bytes.len())?.iter_mut().zip(&*bytes).enumerate() {
            if enable(at) {
                *to = *from;
            }
        }
        Ok(())
    }

    /// Accesses of the device to memory that was not mapped and that no corrupted submission has named: there must be none.
    pub fn unmapped_accesses(&self) -> u64 {
        self.lock().unmapped
    }

    /// Regions that are mapped now.
    pub fn regions(&self) -> usize {
        self.lock().regions.len()
    }

    /// Runs `on` with the faults, which the bus shares with registers and interrupts.
    pub fn with_faults<T>(&self, on: impl FnOnce(&mut Faults) -> T) -> T {
        on(&mut self.lock().faults)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    /// The `len` bytes from `iova` on, which must lie in one region.
    fn mapped(&mut self, iova: u64, len: usize) -> Result<&mut [u8], BusError> {
        let region = self.regions.range_mut(..=iova).next_back();
        let bytes = region.and_then(|(start, bytes)| {
            let at = (iova - start) as usize;
            bytes.get_mut(at..at.checked_add(len)?)
        });
        if bytes.is_none() && !self.misled.iter().any(|range| range.contains(&iova)) {
            self.unmapped += 1;
        }
        bytes.ok_or(BusError::Refused)
    }

    /// A submission has reached the device as these bytes.
    fn mislead(&mut self, bytes: &[u8]) {
        for entry in bytes.as_chunks::<SUBMISSION_BYTES>().0 {
            let Submission { input, input_bytes, output, output_bytes, .. } = Submission::from_bytes(entry);
            for (start, bytes) in [(input, input_bytes), (output, output_bytes)] {
                self.misled.push(start..start.saturating_add(bytes.into()));
            }
        }
    }
}

/// Mapped memory, from the driver's side. It is wiped and no longer mapped when it is dropped.
pub struct Region {
    memory: Memory,
    iova: u64,
    len: usize,
}

impl Region {
    fn with<T>(&self, on: impl FnOnce(&mut [u8]) -> T) -> T {
        let mut inner = self.memory.lock();
        on(inner.regions.get_mut(&self.iova).expect("a region is mapped as long as it lives"))
    }
}

impl Dma for Region {
    fn iova(&self) -> u64 {
        self.iova
    }

    fn len(&self) -> usize {
        self.len
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.with(|region| region[at..at + bytes.len()].copy_from_slice(bytes));
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        self.with(|region| bytes.copy_from_slice(&region[at..at + bytes.len()]));
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        self.memory.lock().regions.remove(&self.iova);
    }
}
