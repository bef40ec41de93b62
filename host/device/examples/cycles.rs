//! Cycles that the RTL takes for the jobs of each kernel, for hdl/REPORT.md:
//!
//! ```text
//! QKDPP_RTL_CONFIG=default cargo run --release -p qkdpp-device --features rtl --example cycles -- [rows.json]
//! ```
//! Host memory answers after 250 cycles. Jobs of a row are submitted together; *cycles* are from the first doorbell to the
//! last completion, queues and memory included. *in* and *out* are the shares of them in which the kernel waited for input and
//! for room for its output, *busy* those in which it had a job and did not wait, from the device's performance counters.

use std::sync::Arc;
use std::time::{Duration, Instant};

use qkdpp_device::regs::{self, counter_values};
use qkdpp_device::sim::faults::Plan;
use qkdpp_device::sim::rtl::{Log, Timing};
use qkdpp_device::sim::{Idle, Rtl};
use qkdpp_device::transport::Transport;
use qkdpp_device::{Driver, Options, layout};
use qkdpp_kernels::ldpc::{LdpcDecode, Syndrome, family, rule};
use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Backend, Bits, Fault, Job, JobId, Level, Output, Shared};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

fn main() {
    let timing = Timing { latency: 250, ..Timing::calm() };
    let rtl = Rtl::new(&timing, Plan::sound(), Idle::Skip).expect("a sound reset");
    let log = rtl.log().clone();
    let driver = Driver::new(rtl, Options::new("sim:rtl")).expect("a sound device");
    println!("configuration {}: {:?}\n", qkdpp_rtl::CONFIGURATION, driver.capabilities());
    println!("| kernel | job | cycles | bits per cycle | busy | in | out |");
    println!("|-|-|-|-|-|-|-|");
    let random = ChaCha12Rng::seed_from_u64(7);
    let mut table = Table { driver, log, random, cycles: 0, took: Duration::ZERO, rows: Vec::new() };
    table.sift();
    table.parities();
    table.ldpc();
    table.polyhash();
    table.toeplitz();
    let speed = table.cycles as f64 / table.took.as_secs_f64() / 1e3;
    println!("\n{} cycles simulated at {speed:.0} thousand a second", table.cycles);
    assert_eq!(table.log.breaches(), [""; 0]);
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, format!("{:#}\n", Value::from(table.rows))).expect("a writable file");
    }
}

/// The rows so far.
struct Table {
    driver: Driver<Rtl>,
    log: Log,
    random: ChaCha12Rng,
    cycles: u64,
    took: Duration,
    rows: Vec<Value>,
}

/// A kernel's counters.
#[derive(Clone, Copy)]
struct Counters {
    busy: u64,
    input: u64,
    output: u64,
}

impl Table {
    fn sift(&mut self) {
        let slots = 1 << 19;
        let job = Sift::new(self.bits(slots), (0..3).map(|_| self.bits(slots)).collect());
        let job = Job::Sift(job.expect("equal lengths"));
        self.row(layout::Kernel::Sift, &format!("n={slots}, 3 planes; slots"), slots, vec![job]);
    }

    fn parities(&mut self) {
        for (n, frames) in [(1 << 12, 512), (1 << 14, 256)] {
            let permutation = Permutation::new(&[7; 32], n).expect("a length above 0");
            let job = Parities::new(self.bits(n * frames), Arc::new(permutation)).expect("whole frames");
            let shape = format!("n={n}, {frames} frames");
            self.row(layout::Kernel::Parities, &shape, n * frames, vec![Job::Parities(job)]);
        }
    }

    fn ldpc(&mut self) {
        for n in [1 << 14, 1 << 16] {
            for (qber, margin) in [(0.02, 0), (0.02, 1), (0.02, 2), (0.05, 1)] {
                let ladder = family::ladder(n);
                let lowest = ladder.iter().position(|rung| rung.max_qber >= qber).expect("a code");
                let code = Arc::clone(&ladder[(lowest + margin).min(ladder.len() - 1)].code);
                let (frames, m) = (8, code.checks());
                if margin == 0 {
                    let job = Syndrome::new(Arc::clone(&code), self.bits(frames * n)).expect("whole frames");
                    let shape = format!("syndrome n={n}, m={m}, {frames} frames");
                    self.row(layout::Kernel::Ldpc, &shape, frames * n, vec![Job::Syndrome(job)]);
                }
                let (mut jobs, mut iterations) = (Vec::new(), 0);
                for _ in 0..frames {
                    let key = self.bits(n);
                    let syndrome = Syndrome::new(Arc::clone(&code), Arc::clone(&key)).expect("one frame");
                    let Output::Syndrome(syndrome) = Level::auto().run(&Job::Syndrome(syndrome)) else {
                        continue;
                    };
                    let (word, channel) = (self.noisy(&key, qber), rule::channel_magnitude(qber));
                    let job = LdpcDecode::new(Arc::clone(&code), word, Arc::new(syndrome), None, channel, 50);
                    let job = Job::LdpcDecode(job.expect("lengths of the code"));
                    if let Output::LdpcDecode(decoded) = Level::auto().run(&job) {
                        iterations += decoded.iterations;
                    }
                    jobs.push(job);
                }
                let mean = f64::from(iterations) / frames as f64;
                let shape =
                    format!("decode n={n}, m={m}, QBER {qber}, {mean:.1} iterations, {frames} frames");
                self.row(layout::Kernel::Ldpc, &shape, frames * n, jobs);
            }
        }
    }

    fn polyhash(&mut self) {
        let n = 1 << 20;
        for segment in [n, 1 << 14] {
            let job = PolyHash::new(5 << 90 | 3, self.bits(n), segment).expect("a segment");
            let shape = format!("n={n}, segments of {segment}");
            self.row(layout::Kernel::PolyHash, &shape, n, vec![Job::PolyHash(job)]);
        }
    }

    fn toeplitz(&mut self) {
        for (n, ratio) in [(1 << 17, 0.25), (1 << 20, 0.1), (1 << 20, 0.25)] {
            let out = (n as f64 * ratio) as usize;
            let seed = self.bits(Family::Modified.seed_len(n, out));
            let job =
                Toeplitz::new(Family::Modified, self.bits(n), seed, out).expect("lengths of the family");
            let shape = format!("modified n={n}, ℓ={out}; bits of n");
            self.row(layout::Kernel::Toeplitz, &shape, n, vec![Job::Toeplitz(job)]);
        }
    }

    /// Runs `jobs`, which have `bits` bits together.
    fn row(&mut self, kernel: layout::Kernel, shape: &str, bits: usize, jobs: Vec<Job>) {
        let before = (self.counters(kernel), self.log.traffic().cycles);
        let start = Instant::now();
        let count = jobs.len();
        for (id, job) in (0..).zip(jobs) {
            assert!(self.driver.submit(JobId(id), job).is_ok(), "no room for {count} jobs");
        }
        for _ in 0..count {
            let done = self.driver.wait(Duration::from_secs(3600)).expect("no lost job");
            match done.result {
                Ok(_) => {}
                Err((Fault::Unsupported { reason, .. }, _)) => {
                    return println!("| {kernel:?} | {shape} | {reason} | | | |");
                }
                Err((fault, _)) => panic!("{kernel:?} {shape}: {fault}"),
            }
        }
        let cycles = self.log.traffic().cycles - before.1;
        self.cycles += cycles;
        self.took += start.elapsed();
        let after = self.counters(kernel);
        let share = |now: u64, then: u64| (now - then) as f64 / cycles as f64;
        let input = share(after.input, before.0.input);
        let output = share(after.output, before.0.output);
        let busy = share(after.busy, before.0.busy) - input - output;
        let rate = bits as f64 / cycles as f64;
        let [busy_percent, input, output] = [busy, input, output].map(|share| 100.0 * share);
        println!(
            "| {kernel:?} | {shape} | {cycles} | {rate:.2} | {busy_percent:.1} % | {input:.1} % | {output:.1} % |"
        );
        self.rows.push(json!({
            "kernel": format!("{kernel:?}").to_lowercase(),
            "job": shape,
            "configuration": qkdpp_rtl::CONFIGURATION,
            "bits": bits,
            "cycles": cycles,
            "busy": busy,
        }));
    }

    fn counters(&mut self, kernel: layout::Kernel) -> Counters {
        let transport = self.driver.transport();
        let mut counter = |which: u32| {
            transport.write32(regs::COUNTER_SELECT, 4 * kernel as u32 + which);
            let low = transport.read32(regs::COUNTER_LO);
            u64::from(transport.read32(regs::COUNTER_HI)) << 32 | u64::from(low)
        };
        Counters {
            busy: counter(counter_values::BUSY),
            input: counter(counter_values::STALL_INPUT),
            output: counter(counter_values::STALL_OUTPUT),
        }
    }

    fn bits(&mut self, len: usize) -> Shared {
        let words = (0..len.div_ceil(64)).map(|_| self.random.next_u64()).collect();
        Arc::new(Bits::from_words(words, len))
    }

    /// A copy of `bits` with errors at the rate `qber`.
    fn noisy(&mut self, bits: &Bits, qber: f64) -> Shared {
        let mut noisy = bits.clone();
        for index in 0..bits.len() {
            if f64::from(self.random.next_u32()) < qber * 2f64.powi(32) {
                noisy.flip(index);
            }
        }
        Arc::new(noisy)
    }
}
