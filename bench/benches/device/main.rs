//! What a device costs the host: jobs through the driver to the register-level model and back.
//!
//! A hash of 128 bits is a job of two beats in and one out: nearly all of its time is the driver's and the model's.
//! `submit` stops where the device has been told of the job; `round` goes on until its output is there. `inline` is the
//! driver in the caller's thread, the other has a thread of its own. Rates are jobs per second.
//!
//! At the end, while one thread keeps a device supplied with jobs of one kind: what a job costs the host, from its submission to
//! its output in the caller's hands, and the share of its time in which the device is idle. Both count the thread's CPU
//! time without the model's. The model's time for a job is that of its transfers and of the RTL's engine, at 250 MHz.

mod paced;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Throughput;
use qkdpp_bench::{Random, criterion};
use qkdpp_device::sim::faults::Plan;
use qkdpp_device::sim::model::default_capabilities;
use qkdpp_device::sim::{Idle, Model};
use qkdpp_device::{Driver, Fpga, Options};
use qkdpp_kernels::ldpc::{LdpcDecode, Syndrome, family, rule};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Backend, Job, JobId, Level, Output};

use paced::Paced;

/// Jobs in flight at once.
const BATCH: u64 = 32;

fn main() {
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("device");
    group.throughput(Throughput::Elements(BATCH));
    let mut random = Random::new(6);
    for bits in [1 << 7, 1 << 16] {
        let job = PolyHash::new(random.key(), random.bits(bits), bits);
        let job = Job::PolyHash(job.expect("the segment is not empty"));
        let case = format!("polyhash/n={bits}/jobs={BATCH}");
        let model = Model::new(default_capabilities(), Plan::sound(), Idle::Skip);
        let mut driver = Driver::new(model, Options::new("sim:model")).expect("a sound device");
        let mut fpga = Fpga::open(Model::sound(), Options::new("sim:model")).expect("a sound device");
        group.bench_function(format!("submit/{case}/inline/sim:model"), |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| round(&mut driver, &job)[0]).sum());
        });
        group.bench_function(format!("round/{case}/inline/sim:model"), |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| round(&mut driver, &job)[1]).sum());
        });
        group.bench_function(format!("round/{case}/sim:model"), |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| round(&mut fpga, &job)[1]).sum());
        });
    }
    group.finish();
    criterion.final_summary();
    println!(
        "\n{BATCH} jobs in flight on sim:model: CPU time of the host for a job, idle share of the device"
    );
    for (name, count, job) in load(&mut random) {
        let (cost, idle) = share(&job, count);
        println!("{name:40} {:8.2} µs {:6.2} %", cost * 1e6, idle * 100.0);
    }
}

/// Kinds of jobs, and how many of them to run.
fn load(random: &mut Random) -> Vec<(String, u64, Job)> {
    let mut jobs = Vec::new();
    for bits in [1 << 7, 1 << 12, 1 << 18] {
        let job = PolyHash::new(random.key(), random.bits(bits), bits).expect("the segment is not empty");
        jobs.push((format!("polyhash/n={bits}"), 3000, Job::PolyHash(job)));
    }
    for (n, out, count) in [(1 << 17, 1 << 15, 300), (1 << 20, 1 << 17, 40)] {
        let seed = random.bits(Family::Modified.seed_len(n, out));
        let job = Toeplitz::new(Family::Modified, random.bits(n), seed, out).expect("lengths of the family");
        jobs.push((format!("toeplitz/modified/n={n}/l={out}"), count, Job::Toeplitz(job)));
    }
    let (n, qber) = (1 << 16, 0.02);
    let rung = family::ladder(n).iter().find(|rung| rung.max_qber >= qber).expect("a code for this QBER");
    let (key, code) = (random.bits(n), Arc::clone(&rung.code));
    let syndrome = Job::Syndrome(Syndrome::new(Arc::clone(&code), Arc::clone(&key)).expect("one frame"));
    if let Output::Syndrome(syndrome) = Level::auto().run(&syndrome) {
        let (word, channel) = (random.noisy(&key, qber), rule::channel_magnitude(qber));
        let job = LdpcDecode::new(code, word, Arc::new(syndrome), None, channel, 50);
        jobs.push((
            format!("ldpc/decode/n={n}/Q={qber}"),
            300,
            Job::LdpcDecode(job.expect("lengths of the code")),
        ));
    }
    jobs
}

/// Keeps a device supplied with copies of `job`: seconds of the host for one, and the share in which the device is idle.
fn share(job: &Job, count: u64) -> (f64, f64) {
    let paced = Paced::new(Model::new(default_capabilities(), Plan::sound(), Idle::Skip));
    let mut driver = Driver::new(paced, Options::new("sim:model")).expect("a sound device");
    let mut run = |count: u64| {
        let mut submitted = 0;
        for done in 0..count {
            while submitted < count.min(done + BATCH) {
                driver.submit(JobId(submitted), job.clone()).expect("room for a few jobs");
                submitted += 1;
            }
            driver.wait(Duration::from_secs(10)).expect("a job comes back").result.expect("a sound device");
        }
        driver.transport().times().map(|time| time.as_secs_f64())
    };
    let [before, after] = [run(count / 10), run(count)];
    let [passed, idled, host] = std::array::from_fn(|of| after[of] - before[of]);
    (host / count as f64, idled / passed)
}

/// Runs [`BATCH`] jobs; the time until all were submitted, and until all were done.
fn round(backend: &mut dyn Backend, job: &Job) -> [Duration; 2] {
    let jobs: Vec<Job> = (0..BATCH).map(|_| job.clone()).collect();
    let start = Instant::now();
    for (id, job) in (0..).zip(jobs) {
        backend.submit(JobId(id), job).expect("room for a few jobs");
    }
    let submitted = start.elapsed();
    for _ in 0..BATCH {
        let done = backend.wait(Duration::from_secs(10)).expect("a job comes back");
        assert!(done.result.is_ok(), "a sound device does its jobs");
    }
    [submitted, start.elapsed()]
}
