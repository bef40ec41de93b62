//! [`Vfio`]: a card behind the kernel's VFIO, by the crate pci-driver.
//!
//! The kernel pins what is mapped, programs the IOMMU, and resets the card and revokes every mapping when the process ends,
//! however it ends. Pinned pages are nobody else's until then, whatever happens to their mapping here.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};

use pci_driver::backends::vfio::VfioPciDevice;
use pci_driver::device::PciDevice;
use pci_driver::regions::{PciRegion, Permissions};

use super::GONE;
use super::function::Function;
use super::memory::Held;
use super::sysfs::Slot;

/// Bytes of BAR 0 with registers.
const REGISTERS: u64 = 4096;

/// An open card. Its parts are dropped in this order: the registers are mapped from the device's file, and closing that
/// revokes what the card could still reach.
pub struct Vfio {
    registers: Box<dyn PciRegion>,
    device: VfioPciDevice,
    /// What the card can reach, by address.
    held: BTreeMap<u64, Held>,
}

impl Vfio {
    /// Lets it answer to accesses and reach memory. A reset may have forgotten both.
    fn enable(&self) -> io::Result<()> {
        let command = self.device.config().command();
        command.memory_space_enable().write(true)?;
        command.bus_master_enable().write(true)
    }
}

impl Function for Vfio {
    type Address = Slot;

    const PINS_MEMORY: bool = true;

    fn open(slot: &Slot) -> io::Result<Self> {
        slot.check().map_err(io::Error::other)?;
        let device = VfioPciDevice::open(slot.path()).map_err(|error| slot.explain(&error))?;
        let bar = device.bar(0).filter(|bar| bar.len() >= REGISTERS);
        let bar = bar.ok_or_else(|| io::Error::other(format!("{slot} has no BAR 0 of {REGISTERS} bytes")))?;
        let registers: Box<dyn PciRegion> = if bar.is_mappable() {
            Box::new(bar.map(..REGISTERS, Permissions::ReadWrite)?)
        } else {
            Box::new(bar)
        };
        let vfio = Self { registers, device, held: BTreeMap::new() };
        // What another driver has left behind ends here. A card without a reset of its own is reset by the core's.
        let _ = vfio.device.reset();
        vfio.enable()?;
        Ok(vfio)
    }

    fn read32(&mut self, offset: u32) -> u32 {
        self.registers.read_le_u32(offset.into()).unwrap_or(GONE)
    }

    fn write32(&mut self, offset: u32, value: u32) {
        // A card that is gone takes no writes; the next read tells.
        let _ = self.registers.write_le_u32(offset.into(), value);
    }

    fn iova_ranges(&self) -> Vec<Range<u64>> {
        // pci-driver passes the kernel's last address on as the end.
        let iommu = self.device.iommu();
        iommu.valid_iova_ranges().iter().map(|range| range.start..range.end.saturating_add(1)).collect()
    }

    fn map(&mut self, iova: u64, pages: &Held) -> io::Result<()> {
        // SAFETY: the card may now read and change these pages at any time. They are whole pages of a mapping that stays
        // where it is as long as `held` has it: until `unmap` has succeeded, or the device is closed, which is before `held`
        // is dropped. Nobody can be surprised by a change: the mapping is reached through a `Window` alone, which never makes
        // references to it and takes any bytes that it finds. An `iova` that is mapped already is refused by the kernel.
        unsafe { self.device.iommu().map(iova, pages.len(), pages.address(), Permissions::ReadWrite)? };
        self.held.insert(iova, pages.clone());
        Ok(())
    }

    fn unmap(&mut self, iova: u64, len: usize) -> io::Result<()> {
        // The kernel refuses ranges that end in the middle of a mapping: what begins at `iova` has gone as a whole.
        self.device.iommu().unmap(iova, len)?;
        self.held.remove(&iova);
        Ok(())
    }

    fn interrupts(&mut self, vectors: Option<[BorrowedFd<'_>; 2]>) -> io::Result<()> {
        let interrupts = self.device.interrupts();
        match vectors {
            Some(vectors) => interrupts.msi_x().enable(&vectors.map(|fd| fd.as_raw_fd())),
            // An open card has none, and the kernel refuses to take away what is not there.
            None => Ok(()),
        }
    }

    fn reset(&mut self) -> io::Result<()> {
        self.device.reset()?;
        self.enable()
    }
}

impl Drop for Vfio {
    fn drop(&mut self) {
        // The kernel does so, too, and revokes all mappings, when the last file of the device is closed.
        let _ = self.device.config().command().bus_master_enable().write(false);
    }
}
