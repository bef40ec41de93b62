//! The conformance suite and the oracle's test vectors, without a fallback: what the RTL computes is what SPEC.md says.

use std::time::Duration;

use qkdpp_device::sim::Rtl;
use qkdpp_device::sim::rtl::Timing;
use qkdpp_device::{Driver, Options};
use qkdpp_kernels::{Backend, Fault, JobId, conformance};

use crate::board::{Board, count, options};
use crate::cases::KERNELS;

/// What must not happen on a sound device.
const NEVER: [&str; 7] = [
    "faulted",
    "refused",
    "input CRC errors",
    "output CRC errors",
    "contract violations",
    "deadlines passed",
    "lost interrupts",
];

fn check_counts(driver: &Driver<Rtl>) {
    for never in NEVER {
        assert_eq!(count(driver, never), 0, "{never}");
    }
    assert_eq!(count(driver, "resets"), 1);
}

#[test]
fn suite_on_a_calm_bus() {
    let (mut driver, board) = Board::driven(&Timing::calm(), Options::new("sim:rtl"));
    let compared = conformance::check_device(&mut driver, usize::MAX);
    board.check();
    let compared = compared.expect("equal to the reference");
    println!("{compared:?}, {:?}", board.log.traffic());
    assert_eq!(compared.unsupported as u64, count(&driver, "unsupported"), "{compared:?}");
    check_counts(&driver);
    drop(driver);
    board.close();
}

#[test]
fn suite_on_a_rough_bus_with_small_queues() {
    let timing = Timing { latency: 40, pause: 7, reorder: true, ..Timing::rough(7) };
    let (mut driver, board) = Board::driven(&timing, Options { entries: 4, ..options() });
    let compared = conformance::check_device(&mut driver, usize::MAX);
    board.check();
    let compared = compared.expect("equal to the reference");
    println!("{compared:?}, {:?}", board.log.traffic());
    check_counts(&driver);
    drop(driver);
    board.close();
}

/// Every vector that fits the configuration, each on several buses; all of a kernel's are under way together.
#[test]
fn test_vectors_of_the_oracle() {
    let (mut compared, mut unsupported) = (0, 0);
    for seed in 0..6 {
        let (mut driver, board) = Board::driven(&Timing::rough(seed), options());
        for kernel in KERNELS {
            let cases = kernel.cases();
            for (id, case) in (0..).zip(&cases) {
                driver.submit(JobId(id), case.job.clone()).expect("room");
            }
            while driver.in_flight() > 0 {
                let done = driver.wait(Duration::from_secs(60)).expect("in time");
                board.check();
                let case = &cases[done.id.0 as usize];
                match done.result {
                    Ok(output) => {
                        assert!(output == case.output, "{} on {:?}", case.name, Timing::rough(seed));
                        compared += 1;
                    }
                    Err((Fault::Unsupported { .. }, _)) => unsupported += 1,
                    Err((fault, _)) => panic!("{}: {fault}", case.name),
                }
            }
        }
        check_counts(&driver);
        drop(driver);
        board.close();
    }
    println!("{compared} compared, {unsupported} unsupported");
    assert!(compared > 0);
}
