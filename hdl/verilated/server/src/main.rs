//! `qkdpp-rtl-server`: a simulated accelerator for QEMU's `vfio-user-pci` or for the backend `vfio-user:PATH`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{io, thread};

use clap::Parser;
use qkdpp_device::sim::faults::{ALWAYS, Plan};
use qkdpp_device::sim::model::default_capabilities;
use qkdpp_device::sim::{Idle, Model};
use qkdpp_rtl_server::{Board, Device, serve};

/// Serves a simulated accelerator as a PCI device on a vfio-user socket.
///
/// A line "leave" on the standard input takes the device off its bus: all its registers read as ones from then on.
#[derive(Parser)]
struct Arguments {
    /// The socket, which must not exist.
    socket: PathBuf,
    /// The register-level model in place of the RTL.
    #[arg(long)]
    model: bool,
    /// Everything takes this many times longer.
    #[arg(long, default_value_t = 0)]
    slow: u32,
    /// One interrupt in this many is lost; 0: none.
    #[arg(long, default_value_t = 0)]
    lose_interrupts: u32,
    /// End when the first client leaves.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let served = if arguments.model {
        run(Model::new(default_capabilities(), plan(&arguments), Idle::Sleep), &arguments)
    } else {
        rtl(&arguments)
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qkdpp-rtl-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What goes wrong.
fn plan(arguments: &Arguments) -> Plan {
    let interrupt_lost = ALWAYS.checked_div(arguments.lose_interrupts).unwrap_or(0);
    Plan { budget: u32::MAX, interrupt_lost, ..Plan::sound() }
}

fn run<D: Device>(device: D, arguments: &Arguments) -> std::io::Result<()> {
    let board = Board::new(device, arguments.slow);
    let memory = board.memory().clone();
    thread::spawn(move || {
        let leave = io::stdin().lines().map_while(Result::ok).any(|line| line == "leave");
        if leave {
            memory.with_faults(|faults| faults.die(u32::MAX));
        }
    });
    let path: &Path = &arguments.socket;
    serve(path, &board, || !arguments.once)?;
    println!("accesses outside mapped memory, refused: {}", board.memory().unmapped_accesses());
    Ok(())
}

#[cfg(feature = "rtl")]
fn rtl(arguments: &Arguments) -> std::io::Result<()> {
    use qkdpp_device::sim::Rtl;
    use qkdpp_device::sim::rtl::Timing;

    let rtl = Rtl::new(&Timing::calm(), plan(arguments), Idle::Sleep).map_err(std::io::Error::other)?;
    run(rtl, arguments)
}

#[cfg(not(feature = "rtl"))]
fn rtl(_: &Arguments) -> std::io::Result<()> {
    Err(std::io::Error::other("the RTL is not in this build: build it with --features rtl, or give --model"))
}
