//! What must never go wrong on a real bus, tried on a card behind VFIO: accesses that the IOMMU refuses, by a client of its
//! own on pci-driver that shares no code with the driver but the layout of the entries; and a reset in mid-job, by the driver.
//! `cargo xtask pcie-test` runs it in a virtual machine whose card is the Verilated core.
//!
//! Usage: `qkdpp-pcie-guest ADDRESS`, with the card bound to vfio-pci.

use std::fs::File;
use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use memmap2::{MmapOptions, MmapRaw};
use pci_driver::backends::vfio::VfioPciDevice;
use pci_driver::device::PciDevice;
use pci_driver::regions::{MappedOwningPciRegion, PciRegion, Permissions};
use qkdpp_device::entry::{COMPLETION_BYTES, Completion, SUBMISSION_BYTES, Submission};
use qkdpp_device::layout::{BEAT, Status};
use qkdpp_device::pci::sysfs::Slot;
use qkdpp_device::pci::{Notice, Pci, Vfio};
use qkdpp_device::transport::Transport;
use qkdpp_device::{Driver, Options, regs};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Backend, Bits, Fault, Job, JobId, Level};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

/// Where the client maps its memory, above 4 GiB: rings and input, what may be written, what may only be read.
const BASE: u64 = 0x2_0000_0000;
const OUTPUT: u64 = BASE + 0x10_0000;
const READ_ONLY: u64 = BASE + 0x20_0000;
const NOWHERE: u64 = BASE + 0x30_0000;

/// Bytes of each.
const LEN: usize = 4096;

/// Places in the first mapping.
const COMPLETIONS: usize = 1024;
const INPUT: usize = 2048;

/// Bytes of a job.
const BYTES: u32 = 8 * BEAT as u32;

/// The tag of all its jobs.
const TAG: u32 = 0x5eed;

/// Entries of each ring.
const ENTRIES: u32 = 4;

/// How long anything may take on a simulated card.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("usage: qkdpp-pcie-guest ADDRESS");
        return ExitCode::FAILURE;
    };
    match run(&address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(address: &str) -> io::Result<()> {
    let slot = Slot::new(address).map_err(io::Error::other)?;
    let client = Client::open(&slot)?;
    let input = BASE + INPUT as u64;
    client.copy("a copy through the IOMMU")?;
    client.refusal("a read of an unmapped address", NOWHERE, OUTPUT, Status::ReadError, NOWHERE)?;
    client.copy("a copy after it")?;
    client.refusal("a write to an unmapped address", input, NOWHERE, Status::WriteError, NOWHERE)?;
    client.copy("a copy after it")?;
    client.refusal(
        "a write to memory mapped for reading",
        input,
        READ_ONLY,
        Status::WriteError,
        READ_ONLY,
    )?;
    client.copy("a copy after it")?;
    if client.windows[2].bytes() != [0x55; LEN] {
        return Err(io::Error::other("memory mapped for reading has changed"));
    }
    drop(client);
    reset_in_mid_job(slot)
}

/// The client's view of one of its mappings. Only this thread and the card touch it.
struct Memory(MmapRaw);

impl Memory {
    fn new(fill: u8) -> io::Result<Self> {
        let file = File::from(memfd_create("client", MemfdFlags::CLOEXEC)?);
        ftruncate(&file, LEN as u64)?;
        let memory = Self(MmapOptions::new().len(LEN).map_raw(&file)?);
        memory.write(0, &[fill; LEN]);
        Ok(memory)
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= LEN);
        for (index, byte) in bytes.iter().enumerate() {
            // SAFETY: within the mapping, as asserted, which is writable; `main` is the only thread, and what the card does at
            // the same time is outside the program.
            unsafe { self.0.as_mut_ptr().add(at + index).write_volatile(*byte) };
        }
    }

    fn bytes(&self) -> [u8; LEN] {
        // SAFETY: within the mapping, which is LEN bytes long; for the rest as in `write`.
        std::array::from_fn(|at| unsafe { self.0.as_ptr().add(at).read_volatile() })
    }
}

/// The smallest driver there can be.
struct Client {
    registers: MappedOwningPciRegion,
    device: VfioPciDevice,
    /// Rings and input; output; read-only. Dropped after the device.
    windows: [Memory; 3],
}

impl Client {
    fn open(slot: &Slot) -> io::Result<Self> {
        let windows = [Memory::new(0)?, Memory::new(0)?, Memory::new(0x55)?];
        let device = VfioPciDevice::open(slot.path())?;
        device.reset()?;
        device.config().command().memory_space_enable().write(true)?;
        device.config().command().bus_master_enable().write(true)?;
        let bar = device.bar(0).ok_or_else(|| io::Error::other("no BAR 0"))?;
        let registers = bar.map(..0x1000, Permissions::ReadWrite)?;
        for (window, (iova, permissions)) in windows.iter().zip([
            (BASE, Permissions::ReadWrite),
            (OUTPUT, Permissions::ReadWrite),
            (READ_ONLY, Permissions::Read),
        ]) {
            // SAFETY: the windows are dropped after the device, here (declared before it) as in `Self` (declared after it), and
            // only touched by volatile accesses through raw pointers.
            unsafe { device.iommu().map(iova, LEN, window.0.as_mut_ptr(), permissions)? };
        }
        Ok(Self { registers, device, windows })
    }

    fn read(&self, register: u32) -> io::Result<u32> {
        self.registers.read_le_u32(register.into())
    }

    fn write(&self, register: u32, value: u32) -> io::Result<()> {
        self.registers.write_le_u32(register.into(), value)
    }

    /// Waits until `register` has one of `bits`.
    fn until(&self, register: u32, bits: u32) -> io::Result<u32> {
        let end = Instant::now() + PATIENCE;
        loop {
            let value = self.read(register)?;
            if value & bits != 0 {
                return Ok(value);
            }
            if Instant::now() > end {
                return Err(io::Error::other(format!("register {register:#x} stays {value:#x}")));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn start(&self) -> io::Result<()> {
        self.write(regs::CONTROL, regs::control::RESET)?;
        self.until(regs::STATUS, regs::status::READY)?;
        self.windows[0].write(0, &[0; INPUT]);
        let completions = BASE + COMPLETIONS as u64;
        for (register, value) in [
            (regs::SQ_BASE_LO, BASE as u32),
            (regs::SQ_BASE_HI, (BASE >> 32) as u32),
            (regs::SQ_SIZE, ENTRIES.trailing_zeros()),
            (regs::CQ_BASE_LO, completions as u32),
            (regs::CQ_BASE_HI, (completions >> 32) as u32),
            (regs::CQ_SIZE, ENTRIES.trailing_zeros()),
            (regs::CONTROL, regs::control::ENABLE),
        ] {
            self.write(register, value)?;
        }
        Ok(())
    }

    /// Gives the echo kernel a job, on a device after a reset; returns the job's input.
    fn submit(&self, input: u64, output: u64) -> io::Result<Vec<u8>> {
        self.start()?;
        let text: Vec<u8> = (0..BYTES).map(|at| (at * 7 + 3) as u8).collect();
        self.windows[0].write(INPUT, &text);
        let submission = Submission {
            tag: TAG,
            input,
            input_bytes: BYTES,
            output,
            output_bytes: BYTES,
            ..Submission::default()
        };
        let entry: [u8; SUBMISSION_BYTES] = submission.to_bytes();
        self.windows[0].write(0, &entry);
        self.write(regs::SQ_TAIL, 1)?;
        Ok(text)
    }

    /// A copy, which must succeed.
    fn copy(&self, name: &str) -> io::Result<()> {
        let text = self.submit(BASE + INPUT as u64, OUTPUT)?;
        self.until(regs::CQ_TAIL, !0)?;
        let ring = self.windows[0].bytes();
        let entry = ring[COMPLETIONS..][..COMPLETION_BYTES].try_into().expect("as many bytes");
        let completion = Completion::from_bytes(entry);
        let good =
            (completion.tag, completion.status, completion.output_bytes) == (TAG, 0, text.len() as u32);
        let checksum = Completion::checksum(entry, crc32c::crc32c(&text)) == completion.output_crc;
        if !good || !checksum || self.windows[1].bytes()[..text.len()] != text {
            return Err(io::Error::other(format!("{name}: {completion:?}")));
        }
        self.windows[1].write(0, &[0; LEN]);
        println!("ok: {name}");
        Ok(())
    }

    /// A copy that must stop the card with `status`, at a beat of the buffer at `address`.
    fn refusal(&self, name: &str, input: u64, output: u64, status: Status, address: u64) -> io::Result<()> {
        self.submit(input, output)?;
        self.until(regs::STATUS, regs::status::HALTED)?;
        let code = self.read(regs::ERROR)? & regs::error::CODE;
        let [low, high] = [self.read(regs::ERROR_ADDR_LO)?, self.read(regs::ERROR_ADDR_HI)?];
        let found = u64::from(high) << 32 | u64::from(low);
        let buffer = address..address + u64::from(BYTES);
        if code != status as u32 || !buffer.contains(&found) {
            return Err(io::Error::other(format!("{name}: halted with status {code} at {found:#x}")));
        }
        println!("ok: {name} is refused at {found:#x} and stops the card");
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.device.reset();
    }
}

/// The function is reset under the driver: jobs come back right or as faults, whole, and the next ones are done.
fn reset_in_mid_job(slot: Slot) -> io::Result<()> {
    // What the reset has swallowed is missed after that time.
    let options = Options { patience: PATIENCE / 10, ..Options::new("vfio") };
    let pci = Pci::<Vfio>::open(slot, Notice::Interrupts)?;
    let mut driver = Driver::new(pci, options).map_err(io::Error::other)?;
    // So long that the card is still at the first jobs when the last is submitted.
    let bits = 1 << 18;
    let text = Bits::from_words((0..bits as u64 / 64).map(|word| word.wrapping_mul(0x9e37)).collect(), bits);
    let job = Job::PolyHash(PolyHash::new(7, text.into(), bits).map_err(io::Error::other)?);
    let expected = Level::Portable.run(&job);
    let (mut right, mut back) = (0, 0);
    for round in 0..3 {
        for id in 0..8 {
            driver.submit(JobId(id), job.clone()).map_err(|_| io::Error::other("no room"))?;
        }
        if round == 1 {
            driver.transport().recover()?;
        }
        for _ in 0..8 {
            match driver.wait(PATIENCE).ok_or_else(|| io::Error::other("a job is lost"))?.result {
                Ok(output) if output == expected => right += 1,
                Ok(_) => return Err(io::Error::other("a wrong output was accepted")),
                Err((Fault::Device { .. }, Job::PolyHash(_))) if round == 1 => back += 1,
                Err((fault, _)) => {
                    return Err(io::Error::other(format!("round {round}, {back} jobs handed back: {fault}")));
                }
            }
        }
    }
    println!("ok: a reset in mid-job: {right} right outputs, {back} jobs handed back");
    if right < 16 || right + back != 24 {
        return Err(io::Error::other("jobs are missing"));
    }
    Ok(())
}
