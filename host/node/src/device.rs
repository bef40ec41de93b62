//! `qkdpp device`: bringing a card up, from the outside in.

use std::time::{Duration, Instant};

use qkdpp::backend;
use qkdpp::device::layout::{Capabilities, Kernel};
#[cfg(target_os = "linux")]
use qkdpp::device::pci::sysfs::Slot;
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Backend, Bits, Job, JobId, conformance};

use crate::error::Failure;

/// Looks at accelerators: which are there, what they can do, whether they work, how fast they are.
#[derive(clap::Args)]
#[command(after_help = "\
NAME is that of a backend: vfio:0000:01:00.0, vfio-user:/run/qkdpp.socket, sim:model or sim:rtl. ADDRESS is that of a PCI
function, such as 0000:01:00.0.

Bring-up of a card, in this order:
  qkdpp device list
  qkdpp device bind 0000:01:00.0           (as root)
  qkdpp device probe vfio:0000:01:00.0
  qkdpp device selftest vfio:0000:01:00.0
  qkdpp device bench vfio:0000:01:00.0")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// PCI functions, their drivers, and what keeps them from being used
    #[cfg(target_os = "linux")]
    List {
        /// All of them, not only accelerators and what is bound to vfio-pci
        #[arg(long)]
        all: bool,
    },
    /// Give a function to vfio-pci; needs root
    #[cfg(target_os = "linux")]
    Bind { address: String },
    /// Give a function back to the driver the kernel would choose; needs root
    #[cfg(target_os = "linux")]
    Unbind { address: String },
    /// What a device can do
    Probe { name: String },
    /// Run the conformance suite on a device: every output is compared with the reference
    Selftest {
        name: String,
        /// Only the first N jobs of the suite, for a device as slow as a simulation
        #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
        jobs: usize,
    },
    /// Time from a job to its output, and the rate of many
    Bench { name: String },
    /// Reset the whole function from outside
    Reset { name: String },
}

/// Vendors of the boards that bridges are known for.
#[cfg(target_os = "linux")]
const VENDORS: [u16; 2] = [0x10ee, 0x1172];

/// Jobs in flight together.
const TOGETHER: u64 = 32;

/// How long each measurement goes on, and how many samples are enough.
const MEASURE: Duration = Duration::from_secs(3);
const SAMPLES: usize = 10_000;

/// How long a job may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        #[cfg(target_os = "linux")]
        Command::List { all } => list(*all),
        #[cfg(target_os = "linux")]
        Command::Bind { address } => slot(address)?.bind().map_err(Failure::input),
        #[cfg(target_os = "linux")]
        Command::Unbind { address } => slot(address)?.unbind().map_err(Failure::input),
        Command::Probe { name } => probe(name),
        Command::Selftest { name, jobs } => selftest(name, *jobs),
        Command::Bench { name } => bench(name),
        Command::Reset { name } => backend::reset(name).map_err(Failure::input),
    }
}

#[cfg(target_os = "linux")]
fn slot(address: &str) -> Result<Slot, Failure> {
    Slot::new(address).map_err(Failure::input)
}

#[cfg(target_os = "linux")]
fn list(all: bool) -> Result<(), Failure> {
    let slots = Slot::list().map_err(|error| Failure::input(format!("/sys/bus/pci/devices: {error}")))?;
    let is_shown = |slot: &Slot| {
        let is_known = slot.identification().is_some_and(|(vendor, _)| VENDORS.contains(&vendor));
        all || is_known || slot.driver().as_deref() == Some("vfio-pci")
    };
    let shown: Vec<Slot> = slots.into_iter().filter(is_shown).collect();
    if shown.is_empty() {
        println!("no accelerator is on the PCI bus; --all lists everything that is");
    }
    for slot in shown {
        let (vendor, device) = slot.identification().unwrap_or_default();
        let verdict = slot.check().map_or_else(|error| error.to_string(), |()| "ready".to_owned());
        println!("{slot}  {vendor:04x}:{device:04x}  {verdict}");
    }
    Ok(())
}

fn open(name: &str) -> Result<(Box<dyn Backend>, Capabilities), Failure> {
    backend::open_known(name).map_err(Failure::input)
}

fn probe(name: &str) -> Result<(), Failure> {
    let (_, can) = open(name)?;
    println!("{name} answers and has passed its self-test");
    let has = |kernel: Kernel| can.kernels >> kernel as u32 & 1 == 1;
    for (kernel, sizes) in [
        (Kernel::Sift, format!("{} planes", can.sift_planes)),
        (Kernel::Parities, format!("frames of up to {} bits", can.parities_bits)),
        (
            Kernel::Ldpc,
            format!(
                "{} lanes, {} edges a cycle, {} columns, {} rows, {} entries",
                can.ldpc_lanes, can.ldpc_edges_per_cycle, can.ldpc_columns, can.ldpc_rows, can.ldpc_entries
            ),
        ),
        (Kernel::PolyHash, String::new()),
        (
            Kernel::Toeplitz,
            format!(
                "tiles of {} bits, {} blocks of seed, {} of output",
                can.toeplitz_tile, can.toeplitz_seed_blocks, can.toeplitz_out_blocks
            ),
        ),
    ] {
        let sizes = if has(kernel) { sizes } else { "absent: such jobs run on the CPU".to_owned() };
        println!("  {:9} {sizes}", format!("{kernel:?}").to_lowercase());
    }
    Ok(())
}

fn selftest(name: &str, jobs: usize) -> Result<(), Failure> {
    let (mut device, _) = open(name)?;
    let start = Instant::now();
    let compared = conformance::check_device(&mut device, jobs)
        .map_err(|wrong| Failure::input(format!("{name}: {wrong}")))?;
    println!(
        "{name}: {} outputs equal to the reference, {} jobs larger than the device, in {:.1} s",
        compared.equal,
        compared.unsupported,
        start.elapsed().as_secs_f64()
    );
    counters(&*device);
    Ok(())
}

fn bench(name: &str) -> Result<(), Failure> {
    let (mut device, _) = open(name)?;
    for bits in [1 << 7, 1 << 16] {
        let text = Bits::from_words(vec![0x5555_5555_5555_5555; bits / 64], bits);
        let job = PolyHash::new(3, text.into(), bits).map_err(Failure::input)?;
        let job = Job::PolyHash(job);
        let alone = sample(&mut *device, &job, 1)?;
        let [median, late] =
            [alone.len() / 2, alone.len() * 99 / 100].map(|at| alone[at].as_secs_f64() * 1e6);
        let together = sample(&mut *device, &job, TOGETHER)?;
        let rate = TOGETHER as f64 / together[together.len() / 2].as_secs_f64();
        println!(
            "polyhash of {bits} bits: median {median:.1} us from job to output, 99 % within {late:.1} us ({samples} jobs); \
             {rate:.0} jobs/s with {TOGETHER} in flight",
            samples = alone.len()
        );
    }
    counters(&*device);
    Ok(())
}

/// Times of `count` jobs together, in order of length.
fn sample(device: &mut dyn Backend, job: &Job, count: u64) -> Result<Vec<Duration>, Failure> {
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || (start.elapsed() < MEASURE && times.len() < SAMPLES) {
        times.push(time(device, job, count)?);
    }
    times.sort();
    Ok(times)
}

/// Time until `count` jobs together are done.
fn time(device: &mut dyn Backend, job: &Job, count: u64) -> Result<Duration, Failure> {
    let jobs: Vec<Job> = (0..count).map(|_| job.clone()).collect();
    let start = Instant::now();
    for (id, job) in (0..).map(JobId).zip(jobs) {
        device.submit(id, job).map_err(|_| Failure::input("the device takes no more jobs"))?;
    }
    for _ in 0..count {
        let done = device.wait(PATIENCE).ok_or_else(|| Failure::input("a job does not come back"))?;
        if let Err((fault, _)) = done.result {
            return Err(Failure::input(fault));
        }
    }
    Ok(start.elapsed())
}

/// What the driver has counted, zeros left out.
fn counters(device: &dyn Backend) {
    let counts = device.monitor().map(|monitor| monitor()).unwrap_or_default();
    let shown: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    println!("counters: {}", shown.join(", "));
}
