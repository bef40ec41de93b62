//! [`Board`]: the simulated device and the thread in which its time passes.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use qkdpp_device::sim::memory::Memory;
use qkdpp_device::transport::{Transport, Wake};

use super::config::VECTORS;

/// How long the device runs before others may have it, in its own time.
const SLICE: Duration = Duration::from_millis(2);

/// A simulated device whose memory a server can fill.
pub trait Device: Transport + 'static {
    /// What it reaches.
    fn host_memory(&self) -> &Memory;
}

impl Device for qkdpp_device::sim::Model {
    fn host_memory(&self) -> &Memory {
        self.memory()
    }
}

#[cfg(feature = "rtl")]
impl Device for qkdpp_device::sim::Rtl {
    fn host_memory(&self) -> &Memory {
        self.memory()
    }
}

/// Clones are the same board.
pub struct Board<D>(Arc<Inner<D>>);

impl<D> Clone for Board<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<D> {
    device: Mutex<D>,
    memory: Memory,
    nudge: qkdpp_kernels::Waker,
    /// Those who want the device; its own thread lets them go first.
    waiting: AtomicUsize,
    vectors: Mutex<[Option<File>; VECTORS as usize]>,
    /// How much longer than needed everything takes.
    slowness: u32,
}

impl<D: Device> Board<D> {
    /// Starts the thread. What takes a second takes `slowness` seconds more.
    pub fn new(device: D, slowness: u32) -> Self {
        let memory = device.host_memory().clone();
        let nudge = device.nudge();
        let inner = Inner {
            device: Mutex::new(device),
            memory,
            nudge,
            waiting: AtomicUsize::new(0),
            vectors: Mutex::default(),
            slowness,
        };
        let board = Self(Arc::new(inner));
        let weak = Arc::downgrade(&board.0);
        thread::spawn(move || run(&weak));
        board
    }

    /// What the device reaches, with the faults of its bus.
    pub fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// Runs `on` with the device.
    pub(crate) fn with<R>(&self, on: impl FnOnce(&mut D) -> R) -> R {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        (self.0.nudge)();
        let mut device = self.0.device.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        on(&mut device)
    }

    /// Sends vector `vector` to `file`.
    pub(crate) fn set_vector(&self, vector: usize, file: Option<File>) {
        let mut vectors = self.0.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = vectors.get_mut(vector) {
            *slot = file;
        }
    }
}

impl<D: Device> Inner<D> {
    fn signal(&self, vector: usize) {
        let vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut file) = vectors[vector].as_ref() {
            // An eventfd that is full has been signalled.
            let _ = file.write(&1_u64.to_ne_bytes());
        }
    }

    /// Lets the device work for a while.
    fn slice(&self) {
        while self.waiting.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
        let began = std::time::Instant::now();
        let wake = {
            let mut device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
            let deadline = device.now() + SLICE;
            device.wait(deadline)
        };
        match wake {
            Ok(Wake::Completion) => self.signal(0),
            Ok(Wake::Error) => self.signal(1),
            Ok(Wake::Nudge | Wake::TimedOut | Wake::Poll) => {}
            // It has contradicted itself, said so, and is gone.
            Err(_) => thread::sleep(SLICE),
        }
        thread::sleep(began.elapsed() * self.slowness);
    }
}

/// Until the board is dropped.
fn run<D: Device>(board: &Weak<Inner<D>>) {
    while let Some(board) = board.upgrade() {
        board.slice();
    }
}
