//! What a device costs the host: jobs through the driver to the register-level model and back.
//!
//! A hash of 128 bits is a job of two beats in and one out: nearly all of its time is the driver's and the model's.
//! `submit` stops where the device has been told of the job; `round` goes on until its output is there. `inline` is the
//! driver in the caller's thread, the other has a thread of its own. Rates are jobs per second.
//!
//! At the end: the share of its time in which a device is idle while a host keeps it supplied with jobs of one kind, driver and caller
//! in one thread. The model's time for a job is that of its transfers over a bus of 256 bits at 250 MHz, however long the kernel
//! itself would need.

mod paced;

use std::time::{Duration, Instant};

use criterion::Throughput;
use qkdpp_bench::{Random, criterion};
use qkdpp_device::sim::faults::Plan;
use qkdpp_device::sim::model::default_capabilities;
use qkdpp_device::sim::{Idle, Model};
use qkdpp_device::{Driver, Fpga, Options};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Backend, Job, JobId};

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
    println!("\ndevice-idle share, {BATCH} jobs in flight");
    for bits in [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20] {
        let job = PolyHash::new(random.key(), random.bits(bits), bits);
        let job = Job::PolyHash(job.expect("the segment is not empty"));
        println!("polyhash/n={bits:<8} {:6.2} %", 100.0 * idle_share(&job));
    }
}

/// Keeps a device supplied with copies of `job`.
fn idle_share(job: &Job) -> f64 {
    const JOBS: u64 = 3000;
    let paced = Paced::new(Model::new(default_capabilities(), Plan::sound(), Idle::Skip));
    let mut driver = Driver::new(paced, Options::new("sim:model")).expect("a sound device");
    let mut run = |jobs: u64| {
        let mut submitted = 0;
        for done in 0..jobs {
            while submitted < jobs.min(done + BATCH) {
                driver.submit(JobId(submitted), job.clone()).expect("room for a few jobs");
                submitted += 1;
            }
            driver.wait(Duration::from_secs(10)).expect("a job comes back").result.expect("a sound device");
        }
        driver.transport().times()
    };
    let [before, after] = [run(JOBS / 10), run(JOBS)].map(|times| times.map(|time| time.as_secs_f64()));
    (after[1] - before[1]) / (after[0] - before[0])
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
