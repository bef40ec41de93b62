//! The conformance suite, the test vectors of the oracle and the whole chain between two sessions, on the backend under
//! test (`QKDPP_BACKEND`) and on the model of the device. Without a fallback where the backend is a device.

#[path = "../../../kernels/tests/cases/mod.rs"]
mod cases;
#[path = "../../protocol/tests/pair/mod.rs"]
mod pair;
mod under_test;

use std::cell::RefCell;
use std::collections::BTreeSet;

use pair::{Pair, Scenario};
use qkdpp::backend;
use qkdpp_kernels::{Backend, Job, JobId, Output, conformance};
use qkdpp_protocol::profile::Method;

/// The backends that these tests run on.
fn names() -> BTreeSet<String> {
    BTreeSet::from(["sim:model".to_owned(), under_test::name()])
}

/// A backend without anything behind it.
fn alone(name: &str) -> Box<dyn Backend> {
    let cpu = name.starts_with("cpu:");
    if cpu { backend::open(name, 2) } else { backend::open_device(name) }.expect("a backend")
}

#[test]
fn they_conform() {
    for name in names() {
        let compared =
            conformance::check_device(&mut alone(&name), usize::MAX).expect("equal to the reference");
        assert!(compared.equal > 400, "{name}: {compared:?}");
    }
}

#[test]
fn they_give_the_outputs_of_the_oracle() {
    for name in names() {
        let mut backend = alone(&name);
        for (id, case) in (0..).zip(cases::KERNELS.iter().flat_map(cases::Kernel::cases)) {
            let output = conformance::run(&mut backend, JobId(id), &case.name, case.job).expect("no fault");
            assert!(output == case.output, "{name}: {}", case.name);
        }
    }
}

thread_local! {
    /// Who computes for the sessions of this thread.
    static COMPUTE: RefCell<Option<Box<dyn Backend>>> = const { RefCell::new(None) };
}

fn compute(job: &Job) -> Output {
    COMPUTE.with_borrow_mut(|backend| {
        let backend = backend.as_mut().expect("the test set it");
        conformance::run(backend, JobId(0), "a job of the session", job.clone()).expect("no fault")
    })
}

/// Everything both sides sent, and their keys' lengths, with `name` computing for them.
fn run(scenario: &Scenario, name: Option<&str>) -> (Vec<Vec<u8>>, Vec<usize>) {
    let mut pair = Pair::new(scenario);
    if let Some(name) = name {
        COMPUTE.set(Some(backend::open_inline(name).expect("a backend")));
        (pair.alice.compute, pair.bob.compute) = (compute, compute);
    }
    pair.run().expect("no error");
    let lengths = pair.equal_keys().iter().map(|key| key.len()).collect();
    let mut sent = pair.alice.sent;
    sent.extend(pair.bob.sent);
    (sent, lengths)
}

#[test]
fn sessions_send_the_same_messages_whoever_computes() {
    for scenario in [Scenario::decoy(120_000, 0.02), Scenario::bbm92(60_000, 0.02)] {
        for method in [Method::Cascade, Method::Ldpc] {
            let scenario = scenario.clone().method(method);
            let expected = run(&scenario, None);
            assert!(!expected.0.is_empty());
            for name in names() {
                assert!(run(&scenario, Some(&name)) == expected, "{name}: {method:?}");
            }
        }
    }
    COMPUTE.set(None);
}
