//! The test vectors of the independent oracle (testvectors/), on every level of the CPU backend.

use std::path::Path;
use std::sync::Arc;

use qkdpp_kernels::ldpc::{Code, LdpcDecode, Syndrome};
use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Bits, Job, Level, Output};
use serde_json::Value;
use sha3::{Digest, Sha3_256};

/// Version of SPEC.md these tests were written for.
const CONTRACT: u64 = 1;

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("hex");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits"))
        .collect()
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a number") as usize
}

fn bits(value: &Value) -> Arc<Bits> {
    Arc::new(Bits::from_bytes(&hex(&value["hex"]), number(&value["len"])))
}

fn planes(value: &Value) -> Vec<Arc<Bits>> {
    value.as_array().expect("planes").iter().map(bits).collect()
}

fn code(value: &Value) -> Arc<Code> {
    let rows = value["base"].as_array().expect("rows");
    let entries: Vec<i32> = rows
        .iter()
        .flat_map(|row| {
            row.as_array().expect("a row").iter().map(|entry| entry.as_i64().expect("a shift") as i32)
        })
        .collect();
    let shape = (rows.len(), entries.len() / rows.len());
    let base = ndarray::Array2::from_shape_vec(shape, entries).expect("rows of equal length");
    Arc::new(Code::new(base, number(&value["z"])).expect("a code within the limits"))
}

fn permutation(input: &Value) -> Permutation {
    let n = number(&input["n"]);
    match &input["seed"] {
        Value::Null => Permutation::identity(n),
        seed => Permutation::new(&hex(seed).try_into().expect("32 bytes"), n),
    }
    .expect("a length above 0")
}

/// Runs `job` for every case of `kernel` on every level, and compares with what `want` makes of the case's output.
fn check(kernel: &str, job: impl Fn(&Value) -> Job, want: impl Fn(&Value) -> Output) {
    for_each_case(kernel, |name, case| {
        for level in Level::ALL {
            let output = level.run(&job(&case["input"]));
            assert!(output == want(&case["output"]), "{level}: {kernel}/{name}: hunts {}", case["hunts"]);
        }
    });
}

fn for_each_case(kernel: &str, mut check: impl FnMut(&str, &Value)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../testvectors/{kernel}.json"));
    let text = std::fs::read_to_string(&path).expect("committed test vectors");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(file["contract"], CONTRACT, "{kernel}.json is for another version of SPEC.md");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty(), "{kernel}.json holds no case");
    for case in cases {
        check(case["name"].as_str().expect("a name"), case);
    }
}

#[test]
fn sift() {
    check(
        "sift",
        |input| Job::Sift(Sift::new(bits(&input["mask"]), planes(&input["planes"])).expect("a valid case")),
        |output| Output::Sift(planes(&output["planes"]).iter().map(|plane| (**plane).clone()).collect()),
    );
}

#[test]
fn permutations() {
    for_each_case("permutation", |name, case| {
        let permutation = permutation(&case["input"]);
        match &case["output"]["pi"] {
            Value::Null => {
                let mut hash = Sha3_256::new();
                permutation.indices().iter().for_each(|index| hash.update(index.to_le_bytes()));
                assert_eq!(hash.finalize()[..], hex(&case["output"]["sha3_256"])[..], "{name}");
            }
            pi => {
                let want: Vec<u32> = serde_json::from_value(pi.clone()).expect("a list of indices");
                assert_eq!(permutation.indices(), want, "{name}: hunts {}", case["hunts"]);
            }
        }
    });
}

#[test]
fn parities() {
    check(
        "parities",
        |input| {
            let permutation = Arc::new(permutation(input));
            Job::Parities(Parities::new(bits(&input["frames"]), permutation).expect("a valid case"))
        },
        |output| Output::Parities((*bits(&output["frames"])).clone()),
    );
}

#[test]
fn syndrome() {
    check(
        "syndrome",
        |input| {
            Job::Syndrome(Syndrome::new(code(&input["code"]), bits(&input["frames"])).expect("a valid case"))
        },
        |output| Output::Syndrome((*bits(&output["frames"])).clone()),
    );
}

#[test]
fn ldpc_decode() {
    check(
        "ldpc_decode",
        |input| {
            let known = (!input["known"].is_null()).then(|| bits(&input["known"]));
            let job = LdpcDecode::new(
                code(&input["code"]),
                bits(&input["word"]),
                bits(&input["syndrome"]),
                known,
                number(&input["channel"]) as u8,
                number(&input["max_iterations"]) as u32,
            );
            Job::LdpcDecode(job.expect("a valid case"))
        },
        |output| {
            Output::LdpcDecode(qkdpp_kernels::ldpc::Decoded {
                word: (*bits(&output["word"])).clone(),
                iterations: number(&output["iterations"]) as u32,
                converged: output["converged"].as_bool().expect("a truth value"),
            })
        },
    );
}

fn element(value: &Value) -> u128 {
    u128::from_le_bytes(hex(value).try_into().expect("16 bytes"))
}

#[test]
fn polyhash() {
    check(
        "polyhash",
        |input| {
            let segment = number(&input["segment"]);
            Job::PolyHash(
                PolyHash::new(element(&input["key"]), bits(&input["message"]), segment)
                    .expect("a valid case"),
            )
        },
        |output| Output::PolyHash(output["tags"].as_array().expect("tags").iter().map(element).collect()),
    );
}

#[test]
fn toeplitz() {
    check(
        "toeplitz",
        |input| {
            let family = match input["family"].as_str() {
                Some("modified") => Family::Modified,
                _ => Family::Toeplitz,
            };
            let (key, seed) = (bits(&input["key"]), bits(&input["seed"]));
            Job::Toeplitz(Toeplitz::new(family, key, seed, number(&input["out_len"])).expect("a valid case"))
        },
        |output| Output::Toeplitz((*bits(&output["bits"])).clone()),
    );
}
