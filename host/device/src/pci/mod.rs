//! [`Pci`]: a card as a [`Transport`]: registers in BAR 0, memory that the IOMMU lets it reach, two MSI-X vectors.
//!
//! ```text
//! driver ── Transport ── Pci ─┬─ Function: Vfio (the kernel) or VfioUser (a socket) ── BAR 0, IOMMU, MSI-X, reset
//!                             ├─ Pages: locked, wiped memory        └ the only code with a card in its hands
//!                             ├─ Iovas: addresses that are free
//!                             └─ Events: what a thread can wait for
//! ```
//!
//! A page is given back to the system only after the IOMMU has stopped translating to it: on an error it is kept for
//! good, since a card that still has its address could write to whoever gets it next.

mod events;
mod function;
mod iova;
mod memory;
pub mod sysfs;
mod vfio;
mod vfio_user;
mod window;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use qkdpp_kernels::Waker;

pub use self::function::Function;
pub use self::vfio::Vfio;
pub use self::vfio_user::VfioUser;
pub use self::window::Window;

use self::events::Events;
use self::iova::Iovas;
use self::memory::Pages;
use crate::transport::{Dma, Transport, Wake};

/// What every register of a device that has left the bus reads as.
const GONE: u32 = u32::MAX;

/// How a thread learns of completions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notice {
    /// It sleeps until an interrupt.
    #[default]
    Interrupts,
    /// It looks all the time, which costs a core and saves the way through the kernel.
    Polling,
}

/// A card behind `F`.
pub struct Pci<F: Function> {
    address: F::Address,
    events: Events,
    shared: Arc<Mutex<Shared<F>>>,
}

/// What buffers need when they are dropped.
struct Shared<F> {
    /// None while the card is gone.
    function: Option<F>,
    iovas: Iovas,
    /// What the card can reach, by address; also what could not be revoked.
    mapped: BTreeMap<u64, Arc<Pages>>,
}

impl<F: Function> Pci<F> {
    /// Opens the card at `address`.
    ///
    /// # Errors
    /// If it cannot be had; the error says who must act.
    pub fn open(address: F::Address, notice: Notice) -> io::Result<Self> {
        let mut function = F::open(&address)?;
        let events = Events::new(notice)?;
        function.interrupts(events.vectors())?;
        let iovas = Iovas::new(&function.iova_ranges());
        let shared = Shared { function: Some(function), iovas, mapped: BTreeMap::new() };
        Ok(Self { address, events, shared: Arc::new(Mutex::new(shared)) })
    }

    /// Buffers that the card can reach now.
    pub fn buffers(&self) -> usize {
        lock(&self.shared).mapped.len()
    }
}

impl<F: Function> Shared<F> {
    fn map(&mut self, pages: &Arc<Pages>) -> io::Result<u64> {
        let function = self.function.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let none = || io::Error::new(io::ErrorKind::OutOfMemory, "no free I/O addresses");
        let iova = self.iovas.take(pages.len() as u64).ok_or_else(none)?;
        if let Err(error) = function.map(iova, pages) {
            self.iovas.give(iova, pages.len() as u64);
            return Err(error);
        }
        self.mapped.insert(iova, Arc::clone(pages));
        Ok(iova)
    }

    /// Takes the card's access away. Where that fails, the pages stay in `mapped` and are never used again.
    fn revoke(&mut self, iova: u64) {
        let Some(len) = self.mapped.get(&iova).map(|pages| pages.len()) else { return };
        let revoked = match &mut self.function {
            Some(function) => function.unmap(iova, len).is_ok(),
            None => true,
        };
        if revoked {
            self.mapped.remove(&iova);
            self.iovas.give(iova, len as u64);
        }
    }

    /// Opens the card anew; its buffers keep their addresses.
    fn reopen(&mut self, address: &F::Address, events: &Events) -> io::Result<()> {
        // With the function all its mappings are gone.
        self.function = None;
        let mut function = F::open(address)?;
        for (iova, pages) in &self.mapped {
            function.map(*iova, pages)?;
        }
        function.interrupts(events.vectors())?;
        self.function = Some(function);
        Ok(())
    }
}

impl<F: Function> Transport for Pci<F> {
    type Dma = Buffer<F>;

    fn read32(&mut self, offset: u32) -> u32 {
        lock(&self.shared).function.as_mut().map_or(GONE, |function| function.read32(offset))
    }

    fn write32(&mut self, offset: u32, value: u32) {
        window::publish();
        if let Some(function) = &mut lock(&self.shared).function {
            function.write32(offset, value);
        }
    }

    fn alloc(&mut self, bytes: usize) -> io::Result<Buffer<F>> {
        let pages = Arc::new(Pages::new(bytes, F::PINS_MEMORY)?);
        let iova = lock(&self.shared).map(&pages)?;
        Ok(Buffer { shared: Arc::clone(&self.shared), pages, iova })
    }

    fn wait(&mut self, deadline: Instant) -> io::Result<Wake> {
        self.events.wait(deadline)
    }

    fn nudge(&self) -> Waker {
        self.events.nudge()
    }

    fn recover(&mut self) -> io::Result<()> {
        let mut shared = lock(&self.shared);
        let back = shared.function.as_mut().is_some_and(|function| {
            function.reset().is_ok() && function.read32(crate::regs::ID) == crate::regs::ID_VALUE
        });
        if back { Ok(()) } else { shared.reopen(&self.address, &self.events) }
    }
}

/// Memory that the card can reach until this is dropped. It is wiped then.
pub struct Buffer<F: Function> {
    shared: Arc<Mutex<Shared<F>>>,
    pages: Arc<Pages>,
    iova: u64,
}

impl<F: Function> Dma for Buffer<F> {
    fn iova(&self) -> u64 {
        self.iova
    }

    fn len(&self) -> usize {
        self.pages.len()
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.pages.write(at, bytes);
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        self.pages.read(at, bytes);
    }
}

impl<F: Function> Drop for Buffer<F> {
    fn drop(&mut self) {
        lock(&self.shared).revoke(self.iova);
    }
}

fn lock<F>(shared: &Mutex<Shared<F>>) -> MutexGuard<'_, Shared<F>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
