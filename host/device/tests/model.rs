//! The register-level model behind the driver, without a fallback: the conformance suite and the committed test vectors.

#[path = "../../../kernels/tests/cases/mod.rs"]
mod cases;

use qkdpp_device::sim::faults::Plan;
use qkdpp_device::sim::model::default_capabilities;
use qkdpp_device::sim::{Idle, Model};
use qkdpp_device::{Driver, Fpga, Options};
use qkdpp_kernels::{Backend, JobId, conformance};

fn fpga() -> Fpga<Model> {
    Fpga::open(Model::sound(), Options::new("sim:model")).expect("a sound device")
}

/// The same in the thread of the test, with time that passes at once.
fn driver(options: Options) -> Driver<Model> {
    let model = Model::new(default_capabilities(), Plan::sound(), Idle::Skip);
    Driver::new(model, options).expect("a sound device")
}

fn count(backend: &dyn Backend, name: &str) -> u64 {
    let counts = backend.monitor().expect("a driver counts")();
    counts.iter().find(|(known, _)| *known == name).expect("a counter").1
}

#[test]
fn conformance_on_a_thread() {
    let mut fpga = fpga();
    let compared = conformance::check_device(&mut fpga, usize::MAX).expect("equal to the reference");
    assert_eq!(compared.unsupported as u64, count(&fpga, "unsupported"), "{compared:?}");
    for never in
        ["refused", "input CRC errors", "output CRC errors", "contract violations", "deadlines passed"]
    {
        assert_eq!(count(&fpga, never), 0, "{never}");
    }
    assert_eq!((count(&fpga, "resets"), count(&fpga, "lost interrupts")), (1, 0));
    println!("{compared:?}");
}

#[test]
fn conformance_with_the_smallest_queues_and_little_memory() {
    let options = Options { entries: 2, dma_bytes: 1 << 18, ..Options::new("sim:model") };
    conformance::check_device(&mut driver(options), usize::MAX).expect("equal to the reference");
}

#[test]
fn test_vectors_of_the_oracle() {
    let mut fpga = fpga();
    for kernel in cases::KERNELS {
        for (id, case) in (0..).zip(kernel.cases()) {
            let output = conformance::run(&mut fpga, JobId(id), &case.name, case.job).expect("no fault");
            assert!(output == case.output, "{}", case.name);
        }
    }
}
