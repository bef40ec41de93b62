//! The driver over a socket: the same jobs, the same outputs, whatever happens to the server. On the model, which needs no
//! tools.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use qkdpp_device::counters::Counters;
use qkdpp_device::pci::{Notice, Pci, VfioUser};
use qkdpp_device::sim::Model;
use qkdpp_device::sim::memory::Memory;
use qkdpp_device::transport::{Dma, Transport, Wake};
use qkdpp_device::{Driver, Fpga, Options, regs};
use qkdpp_kernels::{Backend, Cpu, Fallback, Level, conformance};
use qkdpp_rtl_server::{Board, serve};
use tempfile::TempDir;

/// A server in a thread of its own.
struct Served {
    folder: TempDir,
    memory: Memory,
    go_on: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let board = Board::new(Model::sound(), 0);
        let (memory, go_on) = (board.memory().clone(), Arc::new(AtomicBool::new(true)));
        let (path, again) = (folder.path().join("socket"), Arc::clone(&go_on));
        let thread = thread::spawn(move || {
            serve(&path, &board, || again.load(Ordering::SeqCst)).expect("a socket");
        });
        let served = Self { folder, memory, go_on, thread: Some(thread) };
        while !served.path().exists() {
            thread::sleep(Duration::from_millis(1));
        }
        served
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn open(&self) -> Pci<VfioUser> {
        Pci::open(self.path(), Notice::Interrupts).expect("a server")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.go_on.store(false, Ordering::SeqCst);
        // A last client, so that the server looks.
        drop(Pci::<VfioUser>::open(self.path(), Notice::Interrupts));
        self.thread.take().map(JoinHandle::join);
    }
}

fn options() -> Options {
    Options::new("vfio-user")
}

#[test]
fn the_conformance_suite_over_a_socket() {
    let served = Served::new();
    let mut backend = Fpga::open(served.open(), options()).expect("a sound device");
    let compared = conformance::check_device(&mut backend, usize::MAX).expect("equal to the reference");
    assert!(compared.equal > 400, "{compared:?}");
    drop(backend);
    assert_eq!((served.memory.unmapped_accesses(), served.memory.regions()), (0, 0));
}

#[test]
fn polling_needs_no_interrupts() {
    let served = Served::new();
    let pci = Pci::<VfioUser>::open(served.path(), Notice::Polling).expect("a server");
    let mut backend = Driver::new(pci, options()).expect("a sound device");
    let compared = conformance::check_device(&mut backend, usize::MAX).expect("equal to the reference");
    assert!(compared.equal > 400, "{compared:?}");
    let counts = backend.monitor().expect("a driver counts")();
    let count = |name: &str| counts.iter().find(|(known, _)| *known == name).expect("a counter").1;
    assert_eq!((count("interrupts"), count("lost interrupts"), count("faulted")), (0, 0, 0));
}

#[test]
fn buffers_are_the_clients_memory_and_end_with_them() {
    let served = Served::new();
    let mut pci = served.open();
    assert_eq!(pci.read32(regs::ID), regs::ID_VALUE);
    let mut buffer = pci.alloc(10_000).expect("memory");
    assert_eq!((buffer.len(), served.memory.regions()), (12_288, 1));
    buffer.write(4000, b"to the device");
    let mut bytes = [0; 13];
    served.memory.read(buffer.iova() + 4000, &mut bytes).expect("mapped");
    assert_eq!(&bytes, b"to the device");
    served.memory.write(buffer.iova() + 9000, b"to the host", |_| true).expect("mapped");
    let mut bytes = [0; 11];
    buffer.read(9000, &mut bytes);
    assert_eq!(&bytes, b"to the host");
    let iova = buffer.iova();
    drop(buffer);
    assert!(served.memory.read(iova, &mut bytes).is_err(), "the device still reaches it");
}

#[test]
fn a_device_that_is_not_bus_master_reaches_nothing() {
    let served = Served::new();
    let mut pci = served.open();
    let buffer = pci.alloc(4096).expect("memory");
    served.memory.read(buffer.iova(), &mut [0; 32]).expect("bus master");
    served.memory.set_reachable(false);
    assert!(served.memory.read(buffer.iova(), &mut [0; 32]).is_err());
}

#[test]
fn a_nudge_ends_a_wait() {
    let served = Served::new();
    let mut pci = served.open();
    let nudge = pci.nudge();
    let other = thread::spawn(move || nudge());
    assert_eq!(pci.wait(Instant::now() + Duration::from_secs(60)).expect("a server"), Wake::Nudge);
    other.join().expect("no panic");
}

/// A server that ends in mid-work costs the device, and no job.
#[test]
fn jobs_survive_their_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let mut server = Command::new(env!("CARGO_BIN_EXE_qkdpp-rtl-server"))
        .arg("--model")
        .arg(&path)
        .spawn()
        .expect("the server's program");
    while !path.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    let pci = Pci::<VfioUser>::open(path, Notice::Interrupts).expect("a server");
    let fpga = Fpga::open(pci, options()).expect("a sound device");
    let counters = Arc::clone(fpga.counters());
    let mut backend = Fallback::new(fpga, Cpu::inline(Level::Portable));
    let watched = Arc::clone(&counters);
    let killer = thread::spawn(move || {
        while count(&watched, "completed") < 20 {
            thread::sleep(Duration::from_micros(100));
        }
        server.kill().expect("it runs");
        server.wait().expect("it ends");
    });
    let compared = conformance::check_device(&mut backend, usize::MAX).expect("equal to the reference");
    killer.join().expect("no panic");
    assert!(compared.equal > 400 && compared.unsupported == 0, "{compared:?}");
    assert!(count(&counters, "times lost") > 0, "the server was not missed: {:?}", counters.list());
}

fn count(counters: &Counters, name: &str) -> u64 {
    counters.list().into_iter().find(|(known, _)| *known == name).expect("a counter").1
}

#[test]
fn a_missing_server_is_named() {
    let missing = Path::new("/nowhere/socket");
    let error = Pci::<VfioUser>::open(missing.into(), Notice::Interrupts).err().expect("nobody there");
    assert!(error.to_string().contains("/nowhere/socket"), "{error}");
}
