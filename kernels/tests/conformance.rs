//! Every CPU level, and a fallback from a device that fails, passes the conformance suite.

use std::sync::Arc;
use std::time::Duration;

use qkdpp_kernels::{Backend, Busy, Cpu, Done, Fallback, Fault, Job, JobId, Level, Waker, conformance};

#[test]
fn portable_on_threads() {
    let compared =
        conformance::check(&mut Cpu::with_threads(Level::Portable, 2)).expect("equal to the reference");
    assert!(compared > 400, "the suite shrank to {compared} jobs");
}

#[test]
fn portable_inline() {
    conformance::check(&mut Cpu::inline(Level::Portable)).expect("equal to the reference");
}

#[test]
fn levels_of_this_machine_inline_and_on_threads() {
    for level in Level::available().into_iter().skip_while(|&level| level != Level::Portable).skip(1) {
        conformance::check(&mut Cpu::inline(level)).expect("equal to the reference");
        conformance::check(&mut Cpu::with_threads(level, 2)).expect("equal to the reference");
    }
}

/// A device that finishes only every third job.
struct Flaky {
    cpu: Cpu,
    faulted: Vec<Done>,
    submitted: u64,
}

impl Backend for Flaky {
    fn name(&self) -> String {
        "flaky".into()
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        self.submitted += 1;
        if self.submitted.is_multiple_of(3) {
            return self.cpu.submit(id, job);
        }
        let fault = Fault::Device { backend: self.name(), reason: "the completion never came".into() };
        self.faulted.push(Done { id, result: Err((fault, job)) });
        Ok(())
    }

    fn poll(&mut self) -> Option<Done> {
        self.faulted.pop().or_else(|| self.cpu.poll())
    }

    fn wait(&mut self, timeout: Duration) -> Option<Done> {
        self.faulted.pop().or_else(|| self.cpu.wait(timeout))
    }

    fn in_flight(&self) -> usize {
        self.faulted.len() + self.cpu.in_flight()
    }

    fn cpu_time(&self) -> Duration {
        self.cpu.cpu_time()
    }

    fn set_waker(&mut self, waker: Waker) {
        self.cpu.set_waker(waker);
    }
}

#[test]
fn no_job_fails_because_of_a_device() {
    let flaky = Flaky { cpu: Cpu::inline(Level::Portable), faulted: Vec::new(), submitted: 0 };
    let mut fallback = Fallback::new(flaky, Cpu::with_threads(Level::Portable, 2));
    let compared = conformance::check(&mut fallback).expect("equal to the reference");
    assert!(fallback.faults() as usize > compared / 2, "the device did not fault");
    assert_eq!(fallback.in_flight(), 0);
}

/// A device that hands the first job back at once and is never done with any other.
#[derive(Default)]
struct Stuck {
    first: Option<Done>,
    submitted: usize,
}

impl Backend for Stuck {
    fn name(&self) -> String {
        "stuck".into()
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        self.submitted += 1;
        if self.submitted == 1 {
            let fault = Fault::Unsupported { backend: self.name(), reason: "a matter of principle".into() };
            self.first = Some(Done { id, result: Err((fault, job)) });
        }
        Ok(())
    }

    fn poll(&mut self) -> Option<Done> {
        self.first.take()
    }

    fn wait(&mut self, timeout: Duration) -> Option<Done> {
        self.poll().or_else(|| {
            std::thread::sleep(timeout);
            None
        })
    }

    fn in_flight(&self) -> usize {
        self.submitted - usize::from(self.first.is_none())
    }

    fn cpu_time(&self) -> Duration {
        Duration::ZERO
    }

    fn set_waker(&mut self, _waker: Waker) {}
}

#[test]
fn a_slow_device_does_not_hold_up_what_the_cpu_does_for_it() {
    let mut fallback = Fallback::new(Stuck::default(), Cpu::with_threads(Level::Portable, 1));
    let mask = Arc::new(qkdpp_kernels::Bits::zeros(10));
    let job = qkdpp_kernels::sift::Sift::new(Arc::clone(&mask), vec![mask]).expect("equal lengths");
    for id in [1, 2] {
        fallback.submit(JobId(id), Job::Sift(job.clone())).expect("room");
    }
    let done = fallback.wait(Duration::from_secs(60)).expect("the CPU has done the first job");
    assert!(done.id == JobId(1) && done.result.is_ok());
    assert_eq!(fallback.in_flight(), 1);
    let counts = fallback.monitor().expect("a fallback counts")();
    assert_eq!(counts, [("fallbacks, unsupported", 1), ("fallbacks, device", 0)]);
}

#[test]
fn a_waker_is_told_about_finished_jobs() {
    let (tell, told) = std::sync::mpsc::channel();
    let mut cpu = Cpu::with_threads(Level::Portable, 1);
    cpu.set_waker(Arc::new(move || {
        let _ = tell.send(());
    }));
    let mask = Arc::new(qkdpp_kernels::Bits::zeros(10));
    let job = qkdpp_kernels::sift::Sift::new(Arc::clone(&mask), vec![mask]).expect("equal lengths");
    cpu.submit(JobId(7), Job::Sift(job)).expect("room in an empty queue");
    told.recv_timeout(Duration::from_secs(30)).expect("the waker was called");
    assert_eq!(cpu.poll().map(|done| done.id), Some(JobId(7)));
}
