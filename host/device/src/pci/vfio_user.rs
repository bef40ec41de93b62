//! [`VfioUser`]: a device that another process serves on a socket, as QEMU would use it: the same driver without a kernel or
//! a virtual machine between. For tests of servers, not for secrets: the server maps the memory.

use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use vfio_bindings::bindings::vfio::{
    VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
};

use super::GONE;
use super::function::Function;
use super::memory::Held;
use super::socket::Socket;

/// The command register of the configuration space, and its bits: memory space, bus master.
const COMMAND: u64 = 4;
const ENABLE: u16 = 0b110;

/// A connection to a server. It serves one client.
pub struct VfioUser {
    socket: Socket,
}

impl VfioUser {
    fn command(&mut self, value: u16) -> io::Result<()> {
        self.socket.write(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND, &value.to_le_bytes())
    }
}

impl Function for VfioUser {
    type Address = PathBuf;

    const PINS_MEMORY: bool = false;

    fn open(path: &PathBuf) -> io::Result<Self> {
        let socket = Socket::connect(path).map_err(|error| {
            io::Error::other(format!("no vfio-user server answers at {}: {error}", path.display()))
        })?;
        let mut function = Self { socket };
        function.reset()?;
        Ok(function)
    }

    fn read32(&mut self, offset: u32) -> u32 {
        self.socket.read32(VFIO_PCI_BAR0_REGION_INDEX, offset.into()).unwrap_or(GONE)
    }

    fn write32(&mut self, offset: u32, value: u32) {
        // The next read tells if the server is gone.
        let _ = self.socket.write(VFIO_PCI_BAR0_REGION_INDEX, offset.into(), &value.to_le_bytes());
    }

    fn iova_ranges(&self) -> Vec<Range<u64>> {
        // As wide as a common IOMMU, without the window of x86's interrupts.
        vec![0..0xfee0_0000, 0xfef0_0000..1 << 39]
    }

    fn map(&mut self, iova: u64, pages: &Held) -> io::Result<()> {
        // The server maps the same file: what it does with it never touches this process's mapping, which may go first.
        self.socket.map(iova, pages.len(), pages.fd())
    }

    fn unmap(&mut self, iova: u64, len: usize) -> io::Result<()> {
        self.socket.unmap(iova, len)
    }

    fn interrupts(&mut self, vectors: Option<[BorrowedFd<'_>; 2]>) -> io::Result<()> {
        for (vector, event) in (0..).zip(vectors.into_iter().flatten()) {
            self.socket.set_vector(VFIO_PCI_MSIX_IRQ_INDEX, vector, event)?;
        }
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.socket.reset()?;
        self.command(ENABLE)
    }
}

impl Drop for VfioUser {
    fn drop(&mut self) {
        // The server revokes everything when the socket is closed.
        let _ = self.command(0);
    }
}
