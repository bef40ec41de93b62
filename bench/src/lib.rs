//! What the benches share: settings of criterion, the backends to compare, and random input.
//!
//! ```text
//! cargo bench                                          all of them
//! cargo bench -p qkdpp-bench --bench toeplitz          one kernel
//! cargo bench -p qkdpp-bench --bench toeplitz -- modified/n=1048576
//! ```
//! A name has the shape of the job and ends with the backend, which runs in one thread. Rates are bits of key per second;
//! each bench file says which bits it counts.

pub mod cascade;
pub mod evolution;
pub mod stream;
pub mod toeplitz;

use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput};
use qkdpp_kernels::{Bits, Job, Level, Shared};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// Criterion with few samples, so that all benches together take minutes; the command line may ask for more.
pub fn criterion() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args()
}

/// Every backend of this machine with its own sizes: the reference, which is written to be read, gets `small` ones.
pub fn backends<'a, T>(small: &'a [T], real: &'a [T]) -> impl Iterator<Item = (Level, &'a [T])> {
    Level::available()
        .into_iter()
        .map(move |level| (level, if level == Level::Reference { small } else { real }))
}

/// Measures jobs of `bits` bits, each made by `next` outside the time that counts.
pub fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    case: &str,
    level: Level,
    bits: usize,
    mut next: impl FnMut() -> Job,
) {
    group.throughput(Throughput::Bits(bits as u64));
    group.bench_function(format!("{case}/{level}"), |bencher| {
        bencher.iter_batched(&mut next, |job| level.run(&job), BatchSize::LargeInput);
    });
}

/// Reproducible random input.
pub struct Random(ChaCha12Rng);

impl Random {
    /// The same stream in every run.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    /// `len` uniform bits.
    pub fn bits(&mut self, len: usize) -> Shared {
        let words = (0..len.div_ceil(64)).map(|_| self.0.next_u64()).collect();
        Arc::new(Bits::from_words(words, len))
    }

    /// A copy of `bits` with each bit inverted with probability `qber`.
    pub fn noisy(&mut self, bits: &Bits, qber: f64) -> Shared {
        let below = (qber * 2f64.powi(32)) as u32;
        let mut noisy = bits.clone();
        for index in 0..bits.len() {
            if self.0.next_u32() < below {
                noisy.flip(index);
            }
        }
        Arc::new(noisy)
    }

    /// Fills `bytes` with uniform bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// A seed of 32 bytes.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        seed
    }

    /// 128 uniform bits.
    pub fn key(&mut self) -> u128 {
        u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64())
    }
}

/// h(x) in bits, for 0 < x < 1.
pub fn entropy(x: f64) -> f64 {
    -x * x.log2() - (1.0 - x) * (1.0 - x).log2()
}

/// The x below 1/2 with h(x) = `wanted`, from 0 to 1.
pub fn inverse_entropy(wanted: f64) -> f64 {
    let halved = (0..50).fold((0.0, 0.5), |(low, high), _| {
        let middle = f64::midpoint(low, high);
        if entropy(middle) < wanted { (middle, high) } else { (low, middle) }
    });
    halved.0
}

/// The name of this machine's processor, as its operating system gives it.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{}, {cores} cores, {}", name.unwrap_or(std::env::consts::ARCH), Level::auto())
}

/// The most memory that this process has had so far, as its operating system tells it.
pub fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let megabytes = peak.and_then(|peak| peak.parse::<u64>().ok()).map(|kilobytes| kilobytes / 1000);
    megabytes.map_or("unknown memory".into(), |megabytes| format!("{megabytes} MB"))
}
