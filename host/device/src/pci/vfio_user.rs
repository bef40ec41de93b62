//! [`VfioUser`]: a device that another process serves on a socket, as QEMU would use it: the same driver without a kernel or
//! a virtual machine between. For tests of servers, not for secrets: the server maps the memory.

use std::fmt::Display;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::PathBuf;

use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
};
use vfio_user::Client;

use super::function::Function;
use super::memory::Pages;

/// What every register of a device that has left the bus reads as.
const GONE: u32 = u32::MAX;

/// The command register of the configuration space, and its bits: memory space, bus master.
const COMMAND: u64 = 4;
const ENABLE: u16 = 0b110;

/// A connection to a server. It serves one client.
pub struct VfioUser {
    client: Client,
    /// After an error the connection is out of step and nothing more is sent.
    lost: bool,
}

impl VfioUser {
    fn command(&mut self, value: u16) -> io::Result<()> {
        self.attempt(|client| {
            client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND, &value.to_le_bytes())
        })
    }

    fn attempt<V, E: Display>(&mut self, on: impl FnOnce(&mut Client) -> Result<V, E>) -> io::Result<V> {
        if self.lost {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the server is gone"));
        }
        on(&mut self.client).map_err(|error| {
            self.lost = true;
            io::Error::other(format!("vfio-user: {error}"))
        })
    }
}

impl Function for VfioUser {
    type Address = PathBuf;

    const PINS_MEMORY: bool = false;

    fn open(path: &PathBuf) -> io::Result<Self> {
        let client = Client::new(path).map_err(|error| {
            io::Error::other(format!("no vfio-user server answers at {}: {error}", path.display()))
        })?;
        let mut function = Self { client, lost: false };
        function.reset()?;
        Ok(function)
    }

    fn read32(&mut self, offset: u32) -> u32 {
        let mut bytes = [0; 4];
        let read =
            self.attempt(|client| client.region_read(VFIO_PCI_BAR0_REGION_INDEX, offset.into(), &mut bytes));
        read.map_or(GONE, |()| u32::from_le_bytes(bytes))
    }

    fn write32(&mut self, offset: u32, value: u32) {
        // The next read tells if the server is gone.
        let _ = self.attempt(|client| {
            client.region_write(VFIO_PCI_BAR0_REGION_INDEX, offset.into(), &value.to_le_bytes())
        });
    }

    fn iova_ranges(&self) -> Vec<Range<u64>> {
        // As wide as a common IOMMU, without the window of x86's interrupts.
        vec![0..0xfee0_0000, 0xfef0_0000..1 << 39]
    }

    fn map(&mut self, iova: u64, pages: &Pages) -> io::Result<()> {
        self.attempt(|client| client.dma_map(0, iova, pages.len() as u64, pages.fd().as_raw_fd()))
    }

    fn unmap(&mut self, iova: u64, len: usize) -> io::Result<()> {
        self.attempt(|client| client.dma_unmap(iova, len as u64))
    }

    fn interrupts(&mut self, vectors: Option<[BorrowedFd<'_>; 2]>) -> io::Result<()> {
        let fds: Vec<_> = vectors.iter().flatten().map(AsRawFd::as_raw_fd).collect();
        let flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
        self.attempt(|client| client.set_irqs(VFIO_PCI_MSIX_IRQ_INDEX, flags, 0, fds.len() as u32, &fds))
    }

    fn reset(&mut self) -> io::Result<()> {
        self.attempt(Client::reset)?;
        self.command(ENABLE)
    }
}

impl Drop for VfioUser {
    fn drop(&mut self) {
        // The server revokes everything when the socket is closed.
        let _ = self.command(0);
    }
}
