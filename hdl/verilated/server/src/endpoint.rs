//! [`Endpoint`]: what a client of the socket sees.

use std::fs::File;
use std::io;
use std::path::Path;

use qkdpp_device::transport::Transport;
use qkdpp_device::window::Window;
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_INFO_NORESIZE, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_BAR1_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_NUM_IRQS,
    VFIO_PCI_NUM_REGIONS, VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE, vfio_region_info,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, IrqInfo, Server, ServerBackend, ServerRegion};

use super::board::{Board, Device};
use super::config::{BAR_BYTES, Config, VECTORS};

/// Unit of mappings.
const PAGE: u64 = 4096;

/// A socket at `path`.
pub(crate) fn listen(path: &Path) -> io::Result<Server> {
    let regions = (0..VFIO_PCI_NUM_REGIONS).map(|index| {
        let size = match index {
            VFIO_PCI_BAR0_REGION_INDEX | VFIO_PCI_BAR1_REGION_INDEX => BAR_BYTES,
            VFIO_PCI_CONFIG_REGION_INDEX => 256,
            _ => 0,
        };
        let flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
        let argsz = size_of::<vfio_region_info>() as u32;
        let region_info = vfio_region_info {
            argsz,
            index,
            size,
            flags: if size > 0 { flags } else { 0 },
            ..Default::default()
        };
        ServerRegion { region_info, sparse_areas: Vec::new(), mmap_fd: None }
    });
    let irqs = (0..VFIO_PCI_NUM_IRQS).map(|index| {
        let count = if index == VFIO_PCI_MSIX_IRQ_INDEX { u32::from(VECTORS) } else { 0 };
        IrqInfo { index, flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, count }
    });
    let server = Server::new(path, true, irqs.collect(), regions.collect());
    server.map_err(|error| io::Error::other(format!("no socket at {}: {error}", path.display())))
}

/// The function, for one client.
pub struct Endpoint<D: Device> {
    board: Board<D>,
    config: Config,
    /// The MSI-X table, which the client interprets itself.
    table: Vec<u8>,
}

impl<D: Device> Endpoint<D> {
    /// For a client that has just come.
    pub fn new(board: Board<D>) -> Self {
        Self { board, config: Config::new(), table: vec![0; BAR_BYTES as usize] }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.config = Config::new();
        self.board.with(Transport::recover)
    }

    /// Accesses of four bytes at multiples of four are those of registers; no others reach the device.
    fn register_read(&mut self, offset: u64, data: &mut [u8]) {
        match (self.config.answers(), <&mut [u8; 4]>::try_from(data)) {
            (true, Ok(word)) => *word = self.board.with(|device| device.read32(offset as u32)).to_le_bytes(),
            (_, Ok(word)) => *word = [0xff; 4],
            (_, Err(_)) => {}
        }
    }

    fn register_write(&mut self, offset: u64, data: &[u8]) {
        if let (true, Ok(word)) = (self.config.answers(), data.try_into()) {
            self.board.with(|device| device.write32(offset as u32, u32::from_le_bytes(word)));
        }
    }
}

impl<D: Device> ServerBackend for Endpoint<D> {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        data.fill(0xff);
        match region {
            VFIO_PCI_CONFIG_REGION_INDEX => self.config.read(offset as usize, data),
            VFIO_PCI_BAR0_REGION_INDEX => self.register_read(offset, data),
            VFIO_PCI_BAR1_REGION_INDEX => {
                if let Some(bytes) = self.table.get(offset as usize..).and_then(|rest| rest.get(..data.len()))
                {
                    data.copy_from_slice(bytes);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        match region {
            VFIO_PCI_CONFIG_REGION_INDEX => {
                if self.config.write(offset as usize, data) {
                    return self.restart();
                }
                self.board.memory().set_reachable(self.config.is_master());
            }
            VFIO_PCI_BAR0_REGION_INDEX => self.register_write(offset, data),
            VFIO_PCI_BAR1_REGION_INDEX => {
                let at = offset as usize;
                if let Some(bytes) = self.table.get_mut(at..).and_then(|rest| rest.get_mut(..data.len())) {
                    bytes.copy_from_slice(data);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        file: Option<File>,
    ) -> io::Result<()> {
        // Memory that cannot be shared, such as ROMs of a virtual machine: accesses to it are refused when they come.
        let Some(file) = file else { return Ok(()) };
        if !offset.is_multiple_of(PAGE) || !flags.contains(DmaMapFlags::READ) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "memory that cannot be mapped"));
        }
        let writable = flags.contains(DmaMapFlags::WRITE);
        let window = Window::new(&file, offset, size as usize, writable)?;
        self.board.memory().map_foreign(address, window, writable);
        Ok(())
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        let all = flags.contains(DmaUnmapFlags::UNMAP_ALL);
        let range = if all { 0..u64::MAX } else { address..address.saturating_add(size) };
        self.board.memory().unmap_foreign(range);
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.restart()
    }

    fn set_irqs(&mut self, index: u32, flags: u32, start: u32, count: u32, fds: Vec<File>) -> io::Result<()> {
        if index != VFIO_PCI_MSIX_IRQ_INDEX {
            return Ok(());
        }
        if count == 0 {
            (0..usize::from(VECTORS)).for_each(|vector| self.board.set_vector(vector, None));
        }
        if flags & VFIO_IRQ_SET_DATA_EVENTFD != 0 {
            for (vector, file) in (start as usize..).zip(fds) {
                self.board.set_vector(vector, Some(file));
            }
        }
        Ok(())
    }
}

impl<D: Device> Drop for Endpoint<D> {
    /// What the client has lent is not touched any more.
    fn drop(&mut self) {
        self.board.memory().unmap_foreign(0..u64::MAX);
        (0..usize::from(VECTORS)).for_each(|vector| self.board.set_vector(vector, None));
        let _ = self.restart();
    }
}
