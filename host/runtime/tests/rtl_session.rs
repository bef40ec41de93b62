//! Whole sessions whose jobs run on the RTL, which dies or goes wrong in the middle: the CPU takes over, both sides send
//! what they send without a device, and only the counters know.
#![cfg(feature = "rtl")]

#[path = "../../protocol/tests/pair/mod.rs"]
mod pair;

use std::cell::RefCell;
use std::time::Duration;

use pair::{Pair, Scenario};
use qkdpp_device::sim::faults::{ALWAYS, Faults, Plan};
use qkdpp_device::sim::memory::Memory;
use qkdpp_device::sim::rtl::{Log, Timing};
use qkdpp_device::sim::{Idle, Rtl};
use qkdpp_device::{Driver, Options};
use qkdpp_kernels::{Backend, Cpu, Fallback, Job, JobId, Level, Output, conformance};
use qkdpp_protocol::profile::Method;

/// Done to the device in the middle of a session.
type Trouble = fn(&mut Faults);

/// Jobs of a session before the trouble.
const JOBS_BEFORE: u32 = 6;

/// Who computes for both sessions, and what it has met.
struct Compute {
    backend: Box<dyn Backend>,
    memory: Memory,
    log: Log,
    jobs: u32,
    trouble: Option<Trouble>,
}

thread_local! {
    /// For the sessions of this thread.
    static COMPUTE: RefCell<Option<Compute>> = const { RefCell::new(None) };
}

impl Compute {
    fn new(trouble: Option<Trouble>) -> Self {
        let timing = Timing { nanoseconds: 4000, ..Timing::rough(11) };
        let rtl = Rtl::new(&timing, Plan::sound(), Idle::Skip).expect("a sound reset");
        let (memory, log) = (rtl.memory().clone(), rtl.log().clone());
        let options = Options { patience: Duration::from_millis(100), ..Options::new("sim:rtl") };
        let driver = Driver::new(rtl, options).expect("a sound device");
        let backend = Box::new(Fallback::new(driver, Cpu::inline(Level::auto())));
        Self { backend, memory, log, jobs: 0, trouble }
    }

    fn run(&mut self, job: &Job) -> Output {
        if self.jobs == JOBS_BEFORE
            && let Some(trouble) = self.trouble
        {
            self.memory.with_faults(trouble);
        }
        self.jobs += 1;
        conformance::run(&mut *self.backend, JobId(0), "a job of the session", job.clone()).expect("no fault")
    }

    fn count(&self, name: &str) -> u64 {
        let counts = self.backend.monitor().expect("a driver counts")();
        counts.iter().find(|(known, _)| *known == name).expect("a counter").1
    }
}

fn compute(job: &Job) -> Output {
    COMPUTE.with_borrow_mut(|compute| compute.as_mut().expect("the test set it").run(job))
}

/// Everything both sides sent, and their keys' lengths.
fn run(scenario: &Scenario, on_rtl: bool) -> (Vec<Vec<u8>>, Vec<usize>) {
    let mut pair = Pair::new(scenario);
    if on_rtl {
        (pair.alice.compute, pair.bob.compute) = (compute, compute);
    }
    pair.run().expect("no error");
    let lengths = pair.equal_keys().iter().map(|key| key.len()).collect();
    let mut sent = pair.alice.sent;
    sent.extend(pair.bob.sent);
    (sent, lengths)
}

/// Runs without and with the device, and compares; returns what the device has met.
fn compare(trouble: Option<Trouble>) -> Compute {
    let scenario = Scenario::bbm92(30_000, 0.02).method(Method::Ldpc);
    let expected = run(&scenario, false);
    COMPUTE.set(Some(Compute::new(trouble)));
    assert!(run(&scenario, true) == expected, "the sides sent something else");
    let compute = COMPUTE.take().expect("set above");
    assert_eq!((compute.log.breaches(), compute.memory.unmapped_accesses()), (Vec::new(), 0));
    assert!(compute.jobs > JOBS_BEFORE && compute.count("completed") > 0);
    compute
}

#[test]
fn a_sound_device() {
    let compute = compare(None);
    assert_eq!((compute.count("faulted"), compute.count("lost interrupts")), (0, 0));
}

#[test]
fn a_device_that_dies() {
    let compute = compare(Some(|faults| faults.die(u32::MAX)));
    assert!(compute.count("times lost") > 0);
}

#[test]
fn a_device_that_corrupts_what_it_reads_and_writes() {
    let compute = compare(Some(|faults| {
        let (read_corrupted, write_corrupted) = (ALWAYS / 8, ALWAYS / 8);
        *faults = Faults::new(Plan { budget: 40, read_corrupted, write_corrupted, ..Plan::sound() });
    }));
    assert!(compute.count("input CRC errors") + compute.count("output CRC errors") > 0);
}
