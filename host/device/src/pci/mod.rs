//! [`Pci`]: a card as a [`Transport`]: registers in BAR 0, memory that the IOMMU lets it reach, two MSI-X vectors.
//!
//! ```text
//! driver ── Transport ── Pci ─┬─ Function: Vfio (the kernel) or VfioUser (a socket) ── BAR 0, IOMMU, MSI-X, reset
//!                             ├─ Pages: locked, wiped memory        └ the only code with a card in its hands
//!                             ├─ Iovas: addresses that are free
//!                             └─ Events: what a thread can wait for
//! ```
//!
//! A page is given back to the system only after the IOMMU has stopped translating to it: where that fails it is kept until
//! the card is closed, since a card that still has its address could write to whoever gets it next.

mod events;
mod function;
mod iova;
mod memory;
mod order;
mod socket;
pub mod sysfs;
mod vfio;
mod vfio_user;

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use qkdpp_kernels::Waker;

pub use self::function::Function;
pub use self::vfio::Vfio;
pub use self::vfio_user::VfioUser;

use self::events::Events;
use self::iova::Iovas;
use self::memory::{Held, Pages};
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
    /// What the card can reach, by address.
    mapped: BTreeMap<u64, Held>,
    /// Addresses of what nobody has any more and could not be revoked.
    stuck: Vec<u64>,
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
        let shared = Shared { function: Some(function), iovas, mapped: BTreeMap::new(), stuck: Vec::new() };
        Ok(Self { address, events, shared: Arc::new(Mutex::new(shared)) })
    }

    /// Buffers that the card can reach now.
    pub fn buffers(&self) -> usize {
        lock(&self.shared).mapped.len()
    }
}

impl<F: Function> Shared<F> {
    fn map(&mut self, pages: Held) -> io::Result<u64> {
        let function = self.function.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let none = || io::Error::new(io::ErrorKind::OutOfMemory, "no free I/O addresses");
        let iova = self.iovas.take(pages.len() as u64).ok_or_else(none)?;
        if let Err(error) = function.map(iova, &pages) {
            self.iovas.give(iova, pages.len() as u64);
            return Err(error);
        }
        self.mapped.insert(iova, pages);
        Ok(iova)
    }

    /// Takes the card's access away. Where that fails, pages and addresses are not used again before it is closed.
    fn revoke(&mut self, iova: u64) {
        let Some(len) = self.mapped.get(&iova).map(Held::len) else { return };
        let revoked = match &mut self.function {
            Some(function) => function.unmap(iova, len).is_ok(),
            None => true,
        };
        if revoked {
            self.forget(iova);
        } else {
            self.stuck.push(iova);
        }
    }

    fn forget(&mut self, iova: u64) {
        if let Some(pages) = self.mapped.remove(&iova) {
            self.iovas.give(iova, pages.len() as u64);
        }
    }

    /// Opens the card anew; its buffers keep their addresses.
    fn reopen(&mut self, address: &F::Address, events: &Events) -> io::Result<()> {
        // With the function all its mappings are gone.
        self.function = None;
        for iova in mem::take(&mut self.stuck) {
            self.forget(iova);
        }
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
        let value = lock(&self.shared).function.as_mut().map_or(GONE, |function| function.read32(offset));
        order::observe();
        value
    }

    fn write32(&mut self, offset: u32, value: u32) {
        order::publish();
        if let Some(function) = &mut lock(&self.shared).function {
            function.write32(offset, value);
        }
    }

    fn alloc(&mut self, bytes: usize) -> io::Result<Buffer<F>> {
        let pages = Pages::new(bytes, F::PINS_MEMORY)?;
        let iova = lock(&self.shared).map(pages.hold())?;
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
    pages: Pages,
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
        order::observe();
    }
}

impl<F: Function> Drop for Buffer<F> {
    /// The card loses the memory before it is wiped and given back.
    fn drop(&mut self) {
        lock(&self.shared).revoke(self.iova);
    }
}

fn lock<F>(shared: &Mutex<Shared<F>>) -> MutexGuard<'_, Shared<F>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::os::fd::BorrowedFd;

    use super::*;

    const RANGE: Range<u64> = 0x1000..0x5000;

    /// What happens to every card that is opened with it.
    #[derive(Clone, Debug, Default)]
    struct Bench(Arc<Mutex<Seen>>);

    #[derive(Debug, Default)]
    struct Seen {
        mapped: BTreeMap<u64, usize>,
        unmap_fails: bool,
        open_fails: bool,
    }

    struct Card(Bench);

    impl Bench {
        fn seen(&self) -> MutexGuard<'_, Seen> {
            self.0.lock().expect("no panic")
        }

        fn open(&self) -> Pci<Card> {
            Pci::open(self.clone(), Notice::Polling).expect("a card")
        }
    }

    impl Function for Card {
        type Address = Bench;

        const PINS_MEMORY: bool = true;

        fn open(bench: &Bench) -> io::Result<Self> {
            if bench.seen().open_fails {
                Err(io::ErrorKind::NotFound.into())
            } else {
                Ok(Self(bench.clone()))
            }
        }

        fn read32(&mut self, _: u32) -> u32 {
            GONE
        }

        fn write32(&mut self, _: u32, _: u32) {}

        fn iova_ranges(&self) -> Vec<Range<u64>> {
            vec![RANGE]
        }

        fn map(&mut self, iova: u64, pages: &Held) -> io::Result<()> {
            let before = self.0.seen().mapped.insert(iova, pages.len());
            assert_eq!(before, None, "mapped twice");
            Ok(())
        }

        fn unmap(&mut self, iova: u64, len: usize) -> io::Result<()> {
            let mut seen = self.0.seen();
            if seen.unmap_fails {
                return Err(io::ErrorKind::Other.into());
            }
            assert_eq!(seen.mapped.remove(&iova), Some(len));
            Ok(())
        }

        fn interrupts(&mut self, _: Option<[BorrowedFd<'_>; 2]>) -> io::Result<()> {
            Ok(())
        }

        fn reset(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Drop for Card {
        fn drop(&mut self) {
            self.0.seen().mapped.clear();
        }
    }

    #[test]
    fn what_cannot_be_revoked_is_not_used_again_before_the_card_is_closed() {
        let bench = Bench::default();
        let mut pci = bench.open();
        let [stuck, kept] = [8192, 4096].map(|bytes| pci.alloc(bytes).expect("room"));
        let addresses = [stuck.iova(), kept.iova()];
        bench.seen().unmap_fails = true;
        drop(stuck);
        assert_eq!(pci.buffers(), 2, "the card still reaches the first");
        let other = pci.alloc(4096).expect("one page is left");
        assert!(!addresses.contains(&other.iova()));
        assert!(pci.alloc(4096).is_err(), "the first's addresses are not free");
        bench.seen().unmap_fails = false;
        pci.recover().expect("it opens");
        assert_eq!(pci.buffers(), 2);
        let mapped: Vec<u64> = bench.seen().mapped.keys().copied().collect();
        assert_eq!(mapped, [kept.iova(), other.iova()], "buffers keep their addresses");
        assert_eq!(pci.alloc(8192).expect("they are free now").iova(), addresses[0]);
    }

    #[test]
    fn buffers_outlive_the_card_and_the_transport() {
        let bench = Bench::default();
        let mut pci = bench.open();
        let mut buffers: Vec<_> = (0..4).map(|_| pci.alloc(4096).expect("room")).collect();
        bench.seen().open_fails = true;
        assert!(pci.recover().is_err(), "it is gone");
        assert_eq!((pci.read32(0), bench.seen().mapped.len()), (GONE, 0));
        assert!(pci.alloc(4096).is_err(), "nobody to map it for");
        buffers.pop();
        assert_eq!(pci.buffers(), 3);
        bench.seen().open_fails = false;
        pci.recover().expect("it is back");
        assert_eq!(bench.seen().mapped.len(), 3);
        drop(pci);
        for mut buffer in buffers {
            buffer.write(4090, &[1; 6]);
            let mut bytes = [0; 6];
            buffer.read(4090, &mut bytes);
            assert_eq!(bytes, [1; 6]);
        }
        assert!(bench.seen().mapped.is_empty());
    }
}
