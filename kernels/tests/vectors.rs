//! The test vectors of the independent oracle (testvectors/), on every level of the CPU backend.

mod cases;

use qkdpp_kernels::Level;
use serde_json::Value;
use sha3::{Digest, Sha3_256};

#[test]
fn every_level_gives_the_outputs_of_the_oracle() {
    for kernel in cases::KERNELS {
        for case in kernel.cases() {
            for level in Level::available() {
                assert!(level.run(&case.job) == case.output, "{level}: {}", case.name);
            }
        }
    }
}

#[test]
fn permutations() {
    cases::for_each_case("permutation", |name, case| {
        let permutation = cases::permutation(&case["input"]);
        match &case["output"]["pi"] {
            Value::Null => {
                let mut hash = Sha3_256::new();
                permutation.indices().iter().for_each(|index| hash.update(index.to_le_bytes()));
                assert_eq!(hash.finalize()[..], cases::hex(&case["output"]["sha3_256"])[..], "{name}");
            }
            pi => {
                let want: Vec<u32> = serde_json::from_value(pi.clone()).expect("a list of indices");
                assert_eq!(permutation.indices(), want, "{name}: hunts {}", case["hunts"]);
            }
        }
    });
}
