//! Thousands of short runs on a bus that fails in every way a seed can think of: no wrong result is accepted, nothing hangs,
//! no submission's memory is left, and with the CPU behind the device every job is done.

use std::env;
use std::ops::Range;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use qkdpp_device::sim::faults::{Faults, Plan, Struck};
use qkdpp_device::sim::rtl::Timing;
use qkdpp_device::sim::{Idle, Rtl};
use qkdpp_device::transport::Transport;
use qkdpp_device::{Driver, Fpga, Options, regs};
use qkdpp_kernels::{Backend, Cpu, Fallback, JobId, Level};

use crate::board::{Board, count};
use crate::cases::{self, Case};

/// Runs with a seed of their own each, if the environment's `QKDPP_RTL_RUNS` does not ask for more.
const RUNS: u64 = 120;

/// Runs after which a board is thrown away.
const RUNS_ON_A_BOARD: u64 = 3;

/// Jobs of a run.
const JOBS: u64 = 4;

/// How long a job may take, in the time of the device or of this machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Small jobs that the RTL can do.
fn small_cases() -> Vec<Case> {
    let (mut driver, board) = Board::driven(&Timing::calm(), options());
    let mut cases: Vec<Case> = cases::KERNELS.iter().flat_map(cases::Kernel::cases).collect();
    cases.retain(|case| format!("{:?}", case.job).len() < 400);
    cases.retain(|case| {
        let before = board.log.traffic().cycles;
        driver.submit(JobId(0), case.job.clone()).expect("room");
        let done = driver.wait(PATIENCE).expect("in time");
        done.result.is_ok() && board.log.traffic().cycles - before < 3000
    });
    cases
}

fn options() -> Options {
    Options { entries: 8, patience: Duration::from_millis(120), ..Options::new("faulty") }
}

/// Time that passes quickly, so that deadlines cost few cycles.
fn timing(seed: u64) -> Timing {
    Timing { nanoseconds: 5_000, ..Timing::rough(seed) }
}

/// Submits jobs and compares what comes back.
fn run(backend: &mut dyn Backend, cases: &[Case], seed: u64, jobs: u64) {
    let pick = |id: JobId| {
        let mixed = (seed << 8 | id.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &cases[(mixed >> 32) as usize % cases.len()]
    };
    for id in (0..jobs).map(JobId) {
        backend.submit(id, pick(id).job.clone()).expect("room for a few jobs");
    }
    let mut done = vec![false; jobs as usize];
    while backend.in_flight() > 0 {
        let finished = backend.wait(PATIENCE).unwrap_or_else(|| panic!("seed {seed}: a job never came back"));
        let case = pick(finished.id);
        match finished.result {
            Ok(output) => {
                assert!(output == case.output, "seed {seed}: accepted a wrong output of {}", case.name);
            }
            Err((fault, _)) => panic!("seed {seed}: {}: {fault}", case.name),
        }
        let again = std::mem::replace(&mut done[finished.id.0 as usize], true);
        assert!(!again, "seed {seed}: a job came back twice");
    }
    assert!(done.into_iter().all(|done| done), "seed {seed}: a job is lost");
}

/// What all runs together have met.
#[derive(Default)]
struct Tally {
    runs: u64,
    refused: u64,
    struck: Vec<Struck>,
    counts: Vec<(&'static str, u64)>,
}

impl Tally {
    fn add(&mut self, counts: Vec<(&'static str, u64)>) {
        if self.counts.is_empty() {
            self.counts = counts;
        } else {
            self.counts.iter_mut().zip(counts).for_each(|((_, sum), (_, count))| *sum += count);
        }
    }

    fn struck(&self, kind: impl Fn(&Struck) -> u64) -> u64 {
        self.struck.iter().map(kind).sum()
    }
}

/// The runs of one board.
fn board(seeds: Range<u64>, cases: &[Case], tally: &Mutex<Tally>) {
    let seed = seeds.start;
    // Every fourth device fails before it has proved itself.
    let early = (seed / RUNS_ON_A_BOARD).is_multiple_of(4);
    let plan = |seed: u64| Plan::random(seed, 1 + (seed % 7) as u32);
    let (rtl, board) = Board::new(&timing(seed), if early { plan(seed) } else { Plan::sound() });
    let driver = Driver::new(rtl, options());
    board.check();
    let Ok(mut driver) = driver else {
        assert!(early, "seed {seed}: a sound device was refused");
        let mut tally = tally.lock().expect("no panic");
        tally.runs += 1;
        tally.refused += 1;
        return tally.struck.push(board.struck());
    };
    if seed % 2 == 1 {
        // Shorter than some answers take: they meet a core that has given them up.
        driver.transport().write32(regs::BUS_TIMEOUT, 700);
    }
    let mut backend = Fallback::new(driver, Cpu::inline(Level::Portable));
    for seed in seeds {
        if !early {
            board.memory.with_faults(|faults| *faults = Faults::new(plan(seed)));
        }
        run(&mut backend, cases, seed, JOBS);
        board.check();
        tally.lock().expect("no panic").struck.push(board.struck());
        tally.lock().expect("no panic").runs += 1;
        if early {
            break;
        }
    }
    let counts = backend.monitor().expect("a driver counts")();
    drop(backend);
    board.close();
    tally.lock().expect("no panic").add(counts);
}

#[test]
fn nothing_wrong_is_accepted_and_nothing_hangs() {
    let runs = env::var("QKDPP_RTL_RUNS").map_or(RUNS, |runs| runs.parse().expect("a number of runs"));
    let cases = small_cases();
    let boards = Mutex::new((0..runs).step_by(RUNS_ON_A_BOARD as usize));
    let tally = Mutex::new(Tally::default());
    let next = || boards.lock().expect("no panic").next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    board(seed..seed + RUNS_ON_A_BOARD, &cases, &tally);
                }
            });
        }
    });
    let tally = tally.into_inner().expect("no panic");
    let kinds = [
        ("errors", tally.struck(|struck| struck.errors)),
        ("lost answers", tally.struck(|struck| struck.lost)),
        ("corrupted data", tally.struck(|struck| struck.corrupted)),
        ("dropped writes", tally.struck(|struck| struck.dropped)),
        ("lost interrupts", tally.struck(|struck| struck.interrupts)),
        ("deaths", tally.struck(|struck| struck.deaths)),
    ];
    println!("{} runs, {} refused at open: {kinds:?}\n{:?}", tally.runs, tally.refused, tally.counts);
    for (kind, struck) in kinds {
        assert!(struck * 36 > runs, "{kind} hardly struck: {struck} in {runs} runs");
    }
}

#[test]
fn a_device_that_dies_in_mid_work_costs_nothing_but_itself() {
    let cases = small_cases();
    let rtl = Rtl::new(&timing(1), Plan::sound(), Idle::Sleep).expect("a sound reset");
    let (log, memory) = (rtl.log().clone(), rtl.memory().clone());
    let fpga = Fpga::open(rtl, options()).expect("a sound device");
    let mut backend = Fallback::new(fpga, Cpu::inline(Level::Portable));
    run(&mut backend, &cases, 1, 20);
    let reaper = thread::spawn({
        let memory = memory.clone();
        move || {
            thread::sleep(Duration::from_millis(3));
            memory.with_faults(|faults| faults.die(u32::MAX));
        }
    });
    run(&mut backend, &cases, 2, 100);
    reaper.join().expect("no panic");
    run(&mut backend, &cases, 3, 20);
    assert!(count(&backend, "times lost") > 0);
    drop(backend);
    assert_eq!((log.breaches(), memory.unmapped_accesses(), memory.regions()), (Vec::new(), 0, 0));
}
