//! `qkdpp reconcile`: error correction between two files of sifted bits.

use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qkdpp::exchange::{self, Correction, Side, difference};
use qkdpp::{Entropy, Monitored};
use qkdpp_kernels::ldpc::family;
use qkdpp_kernels::{Backend, Bits, Shared};
use qkdpp_protocol::profile::{LdpcFrames, Method, Reconciliation};
use qkdpp_protocol::reconcile::{choice, plan};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::Failure;

/// Corrects the errors between two sifted keys and reports what it cost.
///
/// Runs both parties in one thread, each with a backend of its own; the seed is drawn from the operating system.
#[derive(clap::Args)]
#[command(after_help = "\
Files hold sifted bits, least significant bit first in each byte. Nothing is written.

JSON fields: method, choice (why auto took it, or null), bits, qber (share of bits that differ), qber_estimate (what the plan was made for), leak_bits, f
(leak_bits over bits·h(qber); null without errors), frames, failed_frames and failed_bits (given up), wrong_frames and
residual_errors (frames and bits that still differ without having been given up), equal (none does), rounds (exchanges
of messages), alice_bytes and bob_bytes (payload sent), alice_seconds and bob_seconds (CPU time of the protocol and its
kernels).

Examples:
  qkdpp reconcile --alice alice.bin --bob bob.bin --method cascade
  qkdpp reconcile --alice alice.bin --bob bob.bin --method cascade --profile record
  qkdpp reconcile --alice alice.bin --bob bob.bin --bits 100000 --method ldpc --qber 0.036 --json
  qkdpp reconcile --alice alice.bin --bob bob.bin --method ldpc --profile efficient
  qkdpp reconcile --alice alice.bin --bob bob.bin --method auto --round-trip-ms 100 --threads 2")]
pub(crate) struct Arguments {
    /// File with Alice's sifted bits, the reference
    #[arg(long, value_name = "FILE")]
    alice: PathBuf,
    /// File with Bob's sifted bits, which are corrected
    #[arg(long, value_name = "FILE")]
    bob: PathBuf,
    /// Use the first N bits only [default: all, 8 for each byte]
    #[arg(long, value_name = "N")]
    bits: Option<usize>,
    /// How errors are corrected: cascade leaks least, ldpc needs few messages, auto takes the one that gives more secret bits per
    /// second with --round-trip-ms and --threads
    #[arg(long)]
    method: MethodName,
    /// What counts: fast, bits per second; record, the least leakage that cascade can have, in frames of 2^16 bits; efficient and
    /// longest, less leakage of ldpc, in frames of up to 2^18 and 2^20 bits
    #[arg(long, value_name = "NAME", default_value = "fast")]
    profile: ProfileName,
    /// Error rate to plan for, 0.0001 to 0.25 [default: measured by comparing the files, which a link cannot do]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    qber: Option<f64>,
    /// Round trip of the channel in milliseconds, for auto: about 0.01 for a kilometre of fibre
    #[arg(long, value_name = "MS", default_value_t = 1.0, value_parser = round_trip, allow_negative_numbers = true)]
    round_trip_ms: f64,
    /// Threads for each side's kernels; with 1 they run in the thread of the protocol
    #[arg(long, value_name = "T", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Backend of the kernels: cpu:reference, cpu:portable, cpu:avx2, cpu:avx512, cpu:auto (the fastest of this machine), or a simulated device
    /// with the CPU behind it: sim:model, sim:rtl
    #[arg(long, value_name = "NAME", default_value_t = qkdpp::backend::default_name())]
    backend: String,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum MethodName {
    Cascade,
    Ldpc,
    Auto,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ProfileName {
    Fast,
    Record,
    Efficient,
    Longest,
}

fn settings(method: MethodName, profile: ProfileName) -> Result<Reconciliation, Failure> {
    let cascade = Reconciliation { method: Method::Cascade, ..Reconciliation::default() };
    let ldpc = Reconciliation { method: Method::Ldpc, ..Reconciliation::default() };
    let auto = Reconciliation { method: Method::Auto, ..Reconciliation::default() };
    match (method, profile) {
        (MethodName::Cascade, ProfileName::Fast) => Ok(cascade),
        (MethodName::Cascade, ProfileName::Record) => Ok(cascade.of_record()),
        (MethodName::Ldpc, ProfileName::Fast) => Ok(ldpc),
        (MethodName::Ldpc, ProfileName::Efficient) => {
            Ok(Reconciliation { ldpc: LdpcFrames::Efficient, ..ldpc })
        }
        (MethodName::Ldpc, ProfileName::Longest) => Ok(Reconciliation { ldpc: LdpcFrames::Longest, ..ldpc }),
        (MethodName::Auto, ProfileName::Fast) => Ok(auto),
        (MethodName::Auto, ProfileName::Record) => Ok(auto.of_record()),
        (MethodName::Auto, ProfileName::Efficient) => {
            Ok(Reconciliation { ldpc: LdpcFrames::Efficient, ..auto })
        }
        (MethodName::Auto, ProfileName::Longest) => Ok(Reconciliation { ldpc: LdpcFrames::Longest, ..auto }),
        (MethodName::Cascade, ProfileName::Efficient | ProfileName::Longest) => Err(Failure::Input(
            "--profile efficient and longest are ldpc's; cascade has fast and record".to_owned(),
        )),
        (MethodName::Ldpc, ProfileName::Record) => Err(Failure::Input(
            "--profile record is cascade's; ldpc has fast, efficient and longest".to_owned(),
        )),
    }
}

/// Milliseconds that a profile allows.
fn round_trip(text: &str) -> Result<f64, String> {
    let range = 0.0..=60_000.0;
    let value = text.parse().ok().filter(|value| range.contains(value));
    value.ok_or_else(|| format!("it must be a number from 0 to {}", range.end()))
}

/// Error rates that reconciliation makes plans for.
const QBER_RANGE: RangeInclusive<f64> = 1e-4..=0.25;

/// Runs the command.
///
/// # Errors
/// If a file or an argument cannot be used.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (alice, bob) = read_pair(arguments)?;
    let qber = difference(&alice, &bob).count_ones() as f64 / alice.len() as f64;
    let qber_estimate = estimate(arguments.qber, qber)?;
    let settings = Reconciliation {
        round_trip_ms: arguments.round_trip_ms,
        cores: arguments.threads.into(),
        ..settings(arguments.method, arguments.profile)?
    };
    if settings.method != Method::Cascade {
        // Read once per program, so no part of what a block costs.
        for &frame_bits in settings.ldpc.frame_bits() {
            family::ladder(frame_bits);
        }
    }
    let mut seed = [0; 32];
    Monitored::system().and_then(|mut system| system.fill(&mut seed)).map_err(Failure::input)?;

    let open = || backend(&arguments.backend, arguments.threads);
    let mut backends = [open()?, open()?];
    let [of_alice, of_bob] = &mut backends;
    let bits = alice.len() as u64;
    let plan = plan(&settings, qber_estimate, bits, seed);
    let choice = choice(&settings, &plan, bits);
    let accounts = exchange::run(
        settings,
        &plan,
        Side { key: &alice, backend: of_alice },
        Side { key: &bob, backend: of_bob },
    )?;

    let report = Report {
        method: choice.map_or(settings.method, |choice| choice.method()),
        choice: choice.map(|choice| choice.to_string()),
        backend: backends[0].name(),
        threads: arguments.threads,
        bits: alice.len(),
        qber,
        qber_estimate,
        qber_measured: arguments.qber.is_none(),
        correction: Correction::new(&alice, &bob, &accounts),
    };
    if arguments.json {
        println!("{}", serde_json::to_string(&report).map_err(Failure::input)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// The first `--bits` bits of both files.
fn read_pair(arguments: &Arguments) -> Result<(Shared, Shared), Failure> {
    let (alice, bob) = (read(&arguments.alice)?, read(&arguments.bob)?);
    if alice.len() != bob.len() {
        return Err(Failure::Input(format!(
            "{} has {} bytes, but {} has {}",
            arguments.alice.display(),
            alice.len(),
            arguments.bob.display(),
            bob.len()
        )));
    }
    let available = 8 * alice.len();
    let bits = arguments.bits.unwrap_or(available);
    if bits == 0 || bits > available {
        let path = arguments.alice.display();
        return Err(Failure::Input(format!("{bits} bits are asked for, {path} has {available}")));
    }
    Ok((Arc::new(Bits::from_bytes(&alice, bits)), Arc::new(Bits::from_bytes(&bob, bits))))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    fs::read(path).map(Zeroizing::new).map_err(Failure::file(path))
}

/// The error rate to plan for.
fn estimate(given: Option<f64>, measured: f64) -> Result<f64, Failure> {
    let (low, high) = (*QBER_RANGE.start(), *QBER_RANGE.end());
    match given {
        None => Ok(measured.clamp(low, high)),
        Some(qber) if QBER_RANGE.contains(&qber) => Ok(qber),
        Some(qber) => Err(Failure::Input(format!("--qber is {qber}, it must be between {low} and {high}"))),
    }
}

/// The backend `name` for one side. One thread is the thread of the protocol itself: two sides then do not compete for
/// cores, and their CPU times are clean.
fn backend(name: &str, threads: u16) -> Result<Box<dyn Backend>, Failure> {
    let opened = match threads {
        1 => qkdpp::backend::open_inline(name),
        _ => qkdpp::backend::open(name, threads.into()),
    };
    opened.map_err(Failure::input)
}

#[derive(Serialize)]
struct Report {
    method: Method,
    /// Why `auto` took it.
    choice: Option<String>,
    backend: String,
    threads: u16,
    bits: usize,
    qber: f64,
    qber_estimate: f64,
    /// Whether the estimate is the true error rate, read off both files.
    qber_measured: bool,
    #[serde(flatten)]
    correction: Correction,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Correction { frames, failed_frames, failed_bits, leak_bits, .. } = self.correction;
        let Correction { wrong_frames, residual_errors, rounds, alice_bytes, bob_bytes, .. } =
            self.correction;
        let source = if self.qber_measured { "measured by comparing the files" } else { "given" };
        let efficiency = self.correction.f.map_or("no errors".to_owned(), |f| format!("f {f:.4}"));
        let equal = if self.correction.equal { "yes" } else { "NO" };
        let mut line = |name: &str, value: String| writeln!(f, "{name:<18}{value}");
        line("method", format!("{} on {}", method_name(self.method), self.backend))?;
        if let Some(choice) = &self.choice {
            line("chosen", choice.clone())?;
        }
        line("bits", format!("{} in {frames} frames", self.bits))?;
        line("QBER", format!("{:.4} %", 100.0 * self.qber))?;
        line("QBER planned for", format!("{:.4} %, {source}", 100.0 * self.qber_estimate))?;
        line("leakage", format!("{leak_bits} bits, {efficiency}"))?;
        line("given up", format!("{failed_frames} frames, {failed_bits} bits"))?;
        line("wrong", format!("{wrong_frames} frames, {residual_errors} bits"))?;
        line("equal", equal.to_owned())?;
        line("exchanges", format!("{rounds}"))?;
        line("sent by Alice", format!("{alice_bytes} bytes"))?;
        line("sent by Bob", format!("{bob_bytes} bytes"))?;
        line("CPU of Alice", self.speed(self.correction.alice_seconds))?;
        line("CPU of Bob", self.speed(self.correction.bob_seconds))
    }
}

impl Report {
    fn speed(&self, seconds: f64) -> String {
        format!("{:.2} ms, {:.2} Mb/s", 1e3 * seconds, 1e-6 * self.bits as f64 / seconds)
    }
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Cascade => "Cascade",
        Method::Ldpc => "LDPC",
        Method::Auto => unreachable!("a plan has one of the others"),
    }
}
