//! A simulated accelerator as a PCI device behind a vfio-user socket.
//!
//! ```text
//! QEMU, or VfioUser ── socket ── Endpoint ─┬─ configuration space, MSI-X     (config)
//!                                          ├─ BAR 0 ── registers ─┐
//!                                          └─ DMA windows ─────── Board: the device, run by a thread of its own
//! ```
//! The device reaches the memory that its client has mapped for it and nothing else; every other access is refused by the
//! bus and counted. One client at a time; when it leaves, its memory is forgotten and the device reset.

mod board;
mod config;
mod endpoint;

use std::io;
use std::path::Path;

pub use board::{Board, Device};
pub use endpoint::Endpoint;

/// Serves `board` on a socket at `path`, one client after the other, until `go_on` says no after one has left.
///
/// # Errors
/// If there can be no socket at `path`.
pub fn serve<D: Device>(path: &Path, board: &Board<D>, mut go_on: impl FnMut() -> bool) -> io::Result<()> {
    let server = endpoint::listen(path)?;
    loop {
        let mut endpoint = Endpoint::new(board.clone());
        if let Err(error) = server.run(&mut endpoint) {
            eprintln!("qkdpp-rtl-server: the client broke off: {error}");
        }
        drop(endpoint);
        if !go_on() {
            return Ok(());
        }
    }
}
