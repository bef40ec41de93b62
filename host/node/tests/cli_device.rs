//! `qkdpp device` on the simulated device, and what it says where there is none.

use std::process::{Command, Output};

fn qkdpp(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qkdpp")).args(arguments).output().expect("the program runs")
}

fn printed(arguments: &[&str]) -> String {
    let run = qkdpp(arguments);
    assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).expect("text")
}

fn refused(arguments: &[&str]) -> String {
    let run = qkdpp(arguments);
    assert!(!run.status.success(), "{arguments:?} succeeded");
    String::from_utf8(run.stderr).expect("text")
}

#[test]
fn the_simulated_device_shows_what_it_can_do_and_passes() {
    let probe = printed(&["device", "probe", "sim:model"]);
    for kernel in ["sift", "parities", "ldpc", "polyhash", "toeplitz"] {
        assert!(probe.contains(kernel), "{kernel}: {probe}");
    }
    let selftest = printed(&["device", "selftest", "sim:model"]);
    assert!(selftest.contains("outputs equal to the reference"), "{selftest}");
    assert!(!selftest.contains("faulted"), "{selftest}");
    printed(&["device", "reset", "sim:model"]);
}

#[test]
fn what_is_missing_is_named() {
    for (arguments, expected) in [
        (["device", "probe", "cpu:auto"], "no backend is called"),
        (["device", "probe", "vfio:0000:ff:1f.7"], "0000:ff:1f.7"),
        (["device", "bind", "card"], "no PCI address"),
        (["device", "selftest", "vfio-user:/nowhere/socket"], "/nowhere/socket"),
        (["device", "bench", "sim:model?fast"], "no setting"),
    ] {
        let error = refused(&arguments);
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
