//! `qkdpp bench`: how fast the kernels are on this machine.

mod cases;
mod stopwatch;
mod workload;

use std::fmt;

use clap::ValueEnum;
use qkdpp::backend;
use qkdpp_kernels::{Backend, Cpu, Level};
use serde::Serialize;

use crate::error::Failure;

/// Measures the speed of each kernel on each backend of this machine, in less than a minute.
#[derive(clap::Args)]
#[command(after_help = "\
bits_per_second counts bits of key, on one thread: sift the bits of one plane, ldpc and cascade the key
bits of whole corrections by the CPU time of the slower side, toeplitz the bits hashed, with a fresh seed each time. Times are wall-clock medians but for ldpc and cascade, which are means over all frames.

Further fields: f (leak over n·h(QBER)), fer (share of frames not corrected), frames and failed_frames (how many were
tried and not corrected), rounds (mean messages each way per block, of 64 frames for cascade).

cpu:reference is written to be read, and sim:model and sim:rtl show how fast the simulation of the device is, not the
device; they get small shapes only.

Examples:
  qkdpp bench
  qkdpp bench toeplitz --backend cpu:portable --json")]
pub(crate) struct Arguments {
    /// Measure this kernel only
    kernel: Option<Kernel>,
    /// Measure this backend only: cpu:reference, cpu:portable, cpu:avx2, cpu:avx512, cpu:auto, sim:model or sim:rtl
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What can be measured. `cascade` is a protocol with its kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kernel {
    Sift,
    Parities,
    Syndrome,
    Ldpc,
    Cascade,
    Polyhash,
    Toeplitz,
}

/// One row of the answer.
#[derive(Debug, Serialize)]
pub(crate) struct Measurement {
    kernel: Kernel,
    case: String,
    backend: String,
    threads: usize,
    bits_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    f: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fer: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_frames: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rounds: Option<f64>,
}

impl Measurement {
    /// A row with nothing but the speed.
    fn new(kernel: Kernel, case: String, backend: String, bits_per_second: f64) -> Self {
        Self {
            kernel,
            case,
            backend,
            threads: 1,
            bits_per_second,
            f: None,
            fer: None,
            frames: None,
            failed_frames: None,
            rounds: None,
        }
    }
}

/// What is measured.
pub(crate) enum Measured {
    /// The CPU, in the caller's thread.
    Cpu(Level),
    /// A device of this name, without the CPU behind it.
    Device(String),
}

impl Measured {
    fn named(name: &str) -> Result<Self, Failure> {
        let device = |_| backend::open_device(name).map(|device| Self::Device(device.name()));
        name.parse().map(Self::Cpu).or_else(device).map_err(Failure::input)
    }

    fn open(&self) -> Result<Box<dyn Backend>, Failure> {
        match self {
            Self::Cpu(level) => Ok(Box::new(Cpu::inline(*level))),
            Self::Device(name) => backend::open_device(name).map_err(Failure::input),
        }
    }

    /// Whether it is made to be right and not to be fast.
    fn is_slow(&self) -> bool {
        !matches!(self, Self::Cpu(level) if *level != Level::Reference)
    }
}

/// Runs the command.
///
/// # Errors
/// If a case cannot be run.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let kernels = match arguments.kernel {
        Some(ref kernel) => std::slice::from_ref(kernel),
        None => Kernel::value_variants(),
    };
    let backends = match &arguments.backend {
        Some(name) => vec![Measured::named(name)?],
        None => Level::available().into_iter().map(Measured::Cpu).collect(),
    };
    let mut results = Vec::new();
    if !arguments.json {
        println!("{HEADER}");
    }
    for &kernel in kernels {
        for backend in &backends {
            let before = results.len();
            cases::measure(kernel, backend, &mut results)?;
            if !arguments.json {
                results[before..].iter().for_each(|row| println!("{row}"));
            }
        }
    }
    if arguments.json {
        #[derive(Serialize)]
        struct Answer {
            results: Vec<Measurement>,
        }
        println!("{}", serde_json::to_string(&Answer { results }).map_err(Failure::input)?);
    }
    Ok(())
}

const HEADER: &str = "kernel    backend        case                               Mb/s  f, fer, rounds";

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kernel = format!("{:?}", self.kernel).to_lowercase();
        let speed = 1e-6 * self.bits_per_second;
        write!(f, "{kernel:<9} {:<14} {:<30} {speed:>10.3}", self.backend, self.case)?;
        if let (Some(efficiency), Some(fer), Some(frames)) = (self.f, self.fer, self.frames) {
            write!(f, "  f {efficiency:.4}, fer {fer:.4} of {frames}")?;
        }
        if let Some(rounds) = self.rounds {
            write!(f, ", {rounds:.0} rounds")?;
        }
        Ok(())
    }
}
