//! A device that fails in every way a seed can think of: no wrong result is accepted, nothing hangs, nothing reaches memory
//! that is not mapped, and with the CPU behind the device every job is done.

#[path = "../../../kernels/tests/cases/mod.rs"]
mod cases;

use std::time::Duration;

use cases::Case;
use qkdpp_device::entry::{Completion, SUBMISSION_BYTES};
use qkdpp_device::layout::Capabilities;
use qkdpp_device::regs;
use qkdpp_device::sim::faults::{ALWAYS, Plan, Struck};
use qkdpp_device::sim::memory::Memory;
use qkdpp_device::sim::model::default_capabilities;
use qkdpp_device::sim::{Idle, Model};
use qkdpp_device::transport::Transport;
use qkdpp_device::{Driver, Fpga, Options};
use qkdpp_kernels::{Backend, Cpu, Fallback, JobId, Level};

/// Runs with a seed of their own each.
const RUNS: u64 = 10_000;

/// Jobs of a run.
const JOBS: u64 = 6;

/// How long a job may take, in the time of the device or of this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Small jobs, so that thousands of runs take seconds.
fn small_cases() -> Vec<Case> {
    let mut cases: Vec<Case> = cases::KERNELS.iter().flat_map(cases::Kernel::cases).collect();
    cases.retain(|case| case.size < 1200);
    cases
}

/// A device with few lanes, which are quick to simulate.
fn small_device() -> Capabilities {
    Capabilities { ldpc_lanes: 16, toeplitz_tile: 128, ..default_capabilities() }
}

fn options() -> Options {
    Options { entries: 16, patience: Duration::from_millis(20), ..Options::new("faulty") }
}

/// Submits jobs and compares what comes back.
fn run(backend: &mut dyn Backend, cases: &[Case], seed: u64, jobs: u64) {
    submit(backend, cases, seed, jobs);
    collect(backend, cases, seed, jobs);
}

/// The case that a run has for its job `id`.
fn pick(cases: &[Case], seed: u64, id: u64) -> &Case {
    let mixed = (seed << 8 | id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    &cases[(mixed >> 32) as usize % cases.len()]
}

fn submit(backend: &mut dyn Backend, cases: &[Case], seed: u64, jobs: u64) {
    for id in 0..jobs {
        backend.submit(JobId(id), pick(cases, seed, id).job.clone()).expect("room for a few jobs");
    }
}

fn collect(backend: &mut dyn Backend, cases: &[Case], seed: u64, jobs: u64) {
    let mut done = vec![false; jobs as usize];
    while backend.in_flight() > 0 {
        let finished = backend.wait(PATIENCE).unwrap_or_else(|| panic!("seed {seed}: a job never came back"));
        let case = pick(cases, seed, finished.id.0);
        match finished.result {
            Ok(output) => {
                assert!(output == case.output, "seed {seed}: accepted a wrong output of {}", case.name);
            }
            Err((fault, _)) => panic!("seed {seed}: {}: {fault}", case.name),
        }
        assert!(
            !std::mem::replace(&mut done[finished.id.0 as usize], true),
            "seed {seed}: a job came back twice"
        );
    }
    assert!(done.into_iter().all(|done| done), "seed {seed}: a job is lost");
}

fn struck(memory: &Memory) -> Struck {
    memory.with_faults(|faults| faults.struck())
}

fn count(counts: &[(&'static str, u64)], name: &str) -> u64 {
    counts.iter().find(|(known, _)| *known == name).expect("a counter").1
}

#[test]
fn campaign() {
    let cases = small_cases();
    let (mut total, mut refused, mut sums) = (Struck::default(), 0, Vec::new());
    for seed in 0..RUNS {
        let plan = Plan::random(seed, 1 + (seed % 7) as u32);
        // Every fourth device fails before it has proved itself.
        let early = seed % 4 == 0;
        let first = if early { plan.clone() } else { Plan::sound() };
        let model = Model::new(small_device(), first, Idle::Skip);
        let memory = model.memory().clone();
        let Ok(mut driver) = Driver::new(model, options()) else {
            assert!(early, "seed {seed}: a sound device was refused");
            refused += 1;
            continue;
        };
        if !early {
            driver.transport().memory().with_faults(|faults| faults.begin(plan));
        }
        let mut backend = Fallback::new(driver, Cpu::inline(Level::Portable));
        run(&mut backend, &cases, seed, JOBS);
        let counts = backend.monitor().expect("a driver counts")();
        drop(backend);
        assert_eq!(memory.unmapped_accesses(), 0, "seed {seed}: a DMA outside of all buffers");
        assert_eq!(memory.regions(), 0, "seed {seed}: memory is still mapped");
        total = sum(total, struck(&memory));
        sums.resize(counts.len(), 0);
        counts.iter().zip(&mut sums).for_each(|((_, count), sum)| *sum += count);
        if seed + 1 == RUNS {
            let names = counts.iter().map(|(name, _)| *name);
            let shown: Vec<_> = names.zip(&sums).map(|(name, sum)| format!("{name}: {sum}")).collect();
            println!("{total:?}, refused at open: {refused}\n{}", shown.join(", "));
            let counts: Vec<_> = counts.iter().zip(&sums).map(|((name, _), sum)| (*name, *sum)).collect();
            for kind in [
                "completed",
                "faulted",
                "input CRC errors",
                "output CRC errors",
                "bus and parity errors",
                "deadlines passed",
                "times lost",
                "lost interrupts",
                "resets",
            ] {
                assert!(count(&counts, kind) > 100, "{kind} were hardly tried");
            }
        }
    }
    let Struck { errors, lost, corrupted, submissions, completions, dropped, interrupts, deaths, parity } =
        total;
    let data = corrupted - submissions - completions;
    let least = [errors, lost, data, dropped, interrupts, deaths, parity].into_iter().min();
    assert!(least > Some(500), "a kind of fault hardly struck: {total:?}");
    assert!(submissions.min(completions) > 300, "entries hardly changed: {total:?}");
}

fn sum(a: Struck, b: Struck) -> Struck {
    Struck {
        errors: a.errors + b.errors,
        lost: a.lost + b.lost,
        corrupted: a.corrupted + b.corrupted,
        submissions: a.submissions + b.submissions,
        completions: a.completions + b.completions,
        dropped: a.dropped + b.dropped,
        interrupts: a.interrupts + b.interrupts,
        deaths: a.deaths + b.deaths,
        parity: a.parity + b.parity,
    }
}

#[test]
fn campaign_on_threads() {
    let cases = small_cases();
    for seed in RUNS..RUNS + 60 {
        let model = Model::new(small_device(), Plan::sound(), Idle::Sleep);
        let memory = model.memory().clone();
        let fpga = Fpga::open(model, options()).expect("a sound device");
        memory.with_faults(|faults| faults.begin(Plan::random(seed, 4)));
        let mut backend = Fallback::new(fpga, Cpu::with_threads(Level::Portable, 1));
        run(&mut backend, &cases, seed, 3 * JOBS);
        drop(backend);
        assert_eq!((memory.unmapped_accesses(), memory.regions()), (0, 0), "seed {seed}");
    }
}

#[test]
fn a_device_that_dies_for_good_costs_nothing_but_itself() {
    let cases = small_cases();
    let model = Model::new(small_device(), Plan::sound(), Idle::Sleep);
    let memory = model.memory().clone();
    let fpga = Fpga::open(model, options()).expect("a sound device");
    let mut backend = Fallback::new(fpga, Cpu::inline(Level::Portable));
    run(&mut backend, &cases, 1, 20);
    memory.with_faults(|faults| faults.die(u32::MAX));
    run(&mut backend, &cases, 2, 20);
    let counts = backend.monitor().expect("a driver counts")();
    assert!(count(&counts, "times lost") > 0 && count(&counts, "fallbacks, device") > 0, "{counts:?}");
}

#[test]
fn a_device_that_comes_back_is_used_again() {
    let cases = small_cases();
    let model = Model::new(small_device(), Plan::sound(), Idle::Skip);
    let memory = model.memory().clone();
    let driver = Driver::new(model, options()).expect("a sound device");
    let mut backend = Fallback::new(driver, Cpu::inline(Level::Portable));
    memory.with_faults(|faults| faults.die(3));
    run(&mut backend, &cases, 3, 4);
    let completed = |backend: &dyn Backend| count(&backend.monitor().expect("counts")(), "completed");
    let before = completed(&backend);
    run(&mut backend, &cases, 4, 10);
    assert!(completed(&backend) > before, "the device is not used any more");
}

#[test]
fn a_device_that_always_lies_is_put_out_of_use() {
    let cases = small_cases();
    for lie in [
        Plan { read_corrupted: ALWAYS, budget: u32::MAX, ..Plan::sound() },
        Plan { write_corrupted: ALWAYS, budget: u32::MAX, ..Plan::sound() },
        Plan { write_dropped: ALWAYS, budget: u32::MAX, ..Plan::sound() },
    ] {
        let model = Model::new(small_device(), Plan::sound(), Idle::Skip);
        let memory = model.memory().clone();
        let driver = Driver::new(model, options()).expect("a sound device");
        memory.with_faults(|faults| faults.begin(lie.clone()));
        let mut backend = Fallback::new(driver, Cpu::inline(Level::Portable));
        for seed in 0..20 {
            run(&mut backend, &cases, seed, 4);
        }
        let counts = backend.monitor().expect("a driver counts")();
        assert!(count(&counts, "self-tests failed") > 0, "{lie:?}: {counts:?}");
        let open = Driver::new(Model::new(small_device(), lie, Idle::Skip), options());
        assert!(open.is_err(), "a device that lies was opened");
    }
}

#[test]
fn a_completion_that_nobody_asked_for_restarts_the_device() {
    let cases = small_cases();
    let model = Model::new(small_device(), Plan::sound(), Idle::Skip);
    let mut driver = Driver::new(model, options()).expect("a sound device");
    let ring = address(&mut driver, [regs::CQ_BASE_LO, regs::CQ_BASE_HI]);
    let at = driver.transport().read32(regs::CQ_HEAD);
    let entry = Completion { tag: 77, phase: true, ..Completion::default() }.sealed(0);
    let memory = driver.transport().memory().clone();
    memory.write(ring + u64::from(at) * 32, &entry.to_bytes(), |_| true).expect("mapped");
    let mut backend = Fallback::new(driver, Cpu::inline(Level::Portable));
    run(&mut backend, &cases, 5, 4);
    let counts = backend.monitor().expect("a driver counts")();
    assert_eq!((count(&counts, "contract violations"), count(&counts, "resets")), (1, 2));
}

/// The address that two registers hold.
fn address(driver: &mut Driver<Model>, [low, high]: [u32; 2]) -> u64 {
    let mut read = |register| u64::from(driver.transport().read32(register));
    read(low) | read(high) << 32
}

#[test]
fn no_bit_of_a_submission_can_change_unnoticed() {
    let cases = small_cases();
    for bit in 0..8 * SUBMISSION_BYTES {
        let model = Model::new(small_device(), Plan::sound(), Idle::Skip);
        let memory = model.memory().clone();
        let mut driver = Driver::new(model, options()).expect("a sound device");
        let ring = address(&mut driver, [regs::SQ_BASE_LO, regs::SQ_BASE_HI]);
        let first = u64::from(driver.transport().read32(regs::SQ_HEAD));
        let monitor = driver.monitor().expect("a driver counts");
        let before = count(&monitor(), "submissions");
        let mut backend = Fallback::new(driver, Cpu::inline(Level::Portable));
        let seed = bit as u64;
        submit(&mut backend, &cases, seed, JOBS);
        // The device has read none of them yet.
        let submissions = count(&monitor(), "submissions") - before;
        let entry = (first + seed % submissions) % u64::from(options().entries);
        let at = ring + entry * SUBMISSION_BYTES as u64 + seed / 8;
        let mut byte = [0];
        memory.read(at, &mut byte).expect("mapped");
        memory.write(at, &[byte[0] ^ 1 << (bit % 8)], |_| true).expect("mapped");
        collect(&mut backend, &cases, seed, JOBS);
        assert_eq!(count(&monitor(), "resets"), 2, "bit {bit}: {:?}", monitor());
        // Whatever the device has kept of it is not used.
        run(&mut backend, &cases, seed + 1, JOBS);
    }
}

#[test]
fn buffers_are_wiped_and_given_back() {
    let cases = small_cases();
    let model = Model::new(small_device(), Plan::sound(), Idle::Skip);
    let memory = model.memory().clone();
    let mut driver = Driver::new(model, options()).expect("a sound device");
    for case in cases.iter().take(3) {
        driver.submit(JobId(0), case.job.clone()).expect("room");
    }
    // Dropped in the middle of its work.
    drop(driver);
    assert_eq!((memory.unmapped_accesses(), memory.regions()), (0, 0));
}
