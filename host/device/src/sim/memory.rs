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
use crate::window::Window;

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
    regions: BTreeMap<u64, Bytes>,
    next: u64,
    rings: [Range<u64>; 2],
    faults: Faults,
    /// What corrupted submissions name.
    misled: Vec<Range<u64>>,
    unmapped: u64,
    /// Whether anything of it can be reached: the device is a bus master.
    reachable: bool,
}

/// What a region consists of.
enum Bytes {
    /// Memory of its own.
    Own(Zeroizing<Vec<u8>>),
    /// That of another process, and whether the device may write to it.
    Foreign(Window, bool),
}

impl Bytes {
    fn len(&self) -> usize {
        match self {
            Self::Own(bytes) => bytes.len(),
            Self::Foreign(window, _) => window.len(),
        }
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        match self {
            Self::Own(own) => bytes.copy_from_slice(&own[at..at + bytes.len()]),
            Self::Foreign(window, _) => window.read(at, bytes),
        }
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        match self {
            Self::Own(own) => own[at..at + bytes.len()].copy_from_slice(bytes),
            Self::Foreign(window, _) => window.write(at, bytes),
        }
    }

    fn is_writable(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Foreign(_, true))
    }
}

impl Memory {
    /// No memory yet, behind a bus with `faults`.
    pub fn new(faults: Faults) -> Self {
        let rings = [0..0, 0..0];
        let (regions, misled) = (BTreeMap::new(), Vec::new());
        let inner = Inner { regions, next: FIRST, rings, faults, misled, unmapped: 0, reachable: true };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Maps `bytes` bytes, rounded up to pages, all zero.
    pub fn map(&self, bytes: usize) -> Region {
        let len = bytes.next_multiple_of(PAGE).max(PAGE);
        let mut inner = self.lock();
        let iova = inner.next;
        inner.next += (len + PAGE) as u64;
        inner.regions.insert(iova, Bytes::Own(Zeroizing::new(vec![0; len])));
        drop(inner);
        Region { memory: self.clone(), iova, len }
    }

    /// Lets the device reach `window` at `iova`. For servers of devices, whose clients bring their own memory.
    pub fn map_foreign(&self, iova: u64, window: Window, writable: bool) {
        self.lock().regions.insert(iova, Bytes::Foreign(window, writable));
    }

    /// Ends that for all that begins in `iovas`.
    pub fn unmap_foreign(&self, iovas: Range<u64>) {
        self.lock().regions.retain(|iova, _| !iovas.contains(iova));
    }

    /// Whether the device is allowed to reach memory at all.
    pub fn set_reachable(&self, reachable: bool) {
        self.lock().reachable = reachable;
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
        let (region, at) = inner.mapped(iova, bytes.len())?;
        region.read(at, bytes);
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
        let (region, _) = inner.mapped(iova, bytes.len())?;
        if !region.is_writable() {
            inner.unmapped += 1;
            return Err(BusError::Refused);
        }
        let mut bytes = Zeroizing::new(bytes.to_vec());
        match inner.faults.write(completion) {
            Fate::Error => return Err(BusError::Refused),
            Fate::Lost => return Err(BusError::Silent),
            Fate::Dropped => return Ok(()),
            Fate::Corrupted => inner.faults.corrupt(&mut bytes),
            Fate::Done => {}
        }
        let (region, at) = inner.mapped(iova, bytes.len())?;
        if (0..bytes.len()).all(&enable) {
            region.write(at, &bytes);
        } else {
            for index in (0..bytes.len()).filter(|&index| enable(index)) {
                region.write(at + index, &bytes[index..=index]);
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
    /// The region with the `len` bytes from `iova` on, and where they are in it.
    fn mapped(&mut self, iova: u64, len: usize) -> Result<(&mut Bytes, usize), BusError> {
        let region = self.regions.range_mut(..=iova).next_back().filter(|_| self.reachable);
        let found = region.and_then(|(start, bytes)| {
            let at = (iova - start) as usize;
            let fits = at.checked_add(len).is_some_and(|end| end <= bytes.len());
            fits.then_some((bytes, at))
        });
        if found.is_none() && !self.misled.iter().any(|range| range.contains(&iova)) {
            self.unmapped += 1;
        }
        found.ok_or(BusError::Refused)
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
    fn with<T>(&self, on: impl FnOnce(&mut Bytes) -> T) -> T {
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
        self.with(|region| region.write(at, bytes));
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        self.with(|region| region.read(at, bytes));
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        self.memory.lock().regions.remove(&self.iova);
    }
}
