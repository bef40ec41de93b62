//! The cases of the committed test vectors (testvectors/) as jobs and outputs, for the tests of every crate that has a
//! backend.
#![allow(dead_code, unreachable_pub, reason = "several test programs share this, and each uses a part")]

use std::path::Path;
use std::sync::Arc;

use qkdpp_kernels::ldpc::{Code, Decoded, LdpcDecode, Syndrome};
use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Bits, Job, Output};
use serde_json::Value;

/// Version of SPEC.md these tests were written for.
const CONTRACT: u64 = 3;

/// A file of cases, and how to read one.
pub struct Kernel {
    /// The file without its ending.
    pub name: &'static str,
    job: fn(&Value) -> Job,
    output: fn(&Value) -> Output,
}

/// Every file with jobs.
pub const KERNELS: [Kernel; 6] = [
    Kernel { name: "sift", job: sift_job, output: sift_output },
    Kernel { name: "parities", job: parities_job, output: |output| Output::Parities(frames(output)) },
    Kernel { name: "syndrome", job: syndrome_job, output: |output| Output::Syndrome(frames(output)) },
    Kernel { name: "ldpc_decode", job: ldpc_decode_job, output: ldpc_decode_output },
    Kernel { name: "polyhash", job: polyhash_job, output: polyhash_output },
    Kernel { name: "toeplitz", job: toeplitz_job, output: |output| Output::Toeplitz(owned(&output["bits"])) },
];

/// A case: its name and the bug it hunts, the job, and what it must give.
pub struct Case {
    pub name: String,
    /// Characters of the input in its file.
    pub size: usize,
    pub job: Job,
    pub output: Output,
}

impl Kernel {
    /// All its cases.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for_each_case(self.name, |name, case| {
            cases.push(Case {
                name: format!("{}/{name}: hunts {}", self.name, case["hunts"]),
                size: case["input"].to_string().len(),
                job: (self.job)(&case["input"]),
                output: (self.output)(&case["output"]),
            });
        });
        cases
    }
}

/// Every case of the file `kernel`.json as it stands there.
pub fn for_each_case(kernel: &str, mut check: impl FnMut(&str, &Value)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|up| up.join(format!("testvectors/{kernel}.json")));
    let text = path.map(std::fs::read_to_string).find_map(Result::ok).expect("committed test vectors");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(file["contract"], CONTRACT, "{kernel}.json is for another version of SPEC.md");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty(), "{kernel}.json holds no case");
    for case in cases {
        check(case["name"].as_str().expect("a name"), case);
    }
}

pub fn hex(text: &Value) -> Vec<u8> {
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

pub fn permutation(input: &Value) -> Permutation {
    let n = number(&input["n"]);
    match &input["seed"] {
        Value::Null => Permutation::identity(n),
        seed => Permutation::new(&hex(seed).try_into().expect("32 bytes"), n),
    }
    .expect("a length above 0")
}

fn owned(value: &Value) -> Bits {
    (*bits(value)).clone()
}

fn frames(output: &Value) -> Bits {
    owned(&output["frames"])
}

fn sift_job(input: &Value) -> Job {
    Job::Sift(Sift::new(bits(&input["mask"]), planes(&input["planes"])).expect("a valid case"))
}

fn sift_output(output: &Value) -> Output {
    Output::Sift(planes(&output["planes"]).iter().map(|plane| (**plane).clone()).collect())
}

fn parities_job(input: &Value) -> Job {
    let permutation = Arc::new(permutation(input));
    Job::Parities(Parities::new(bits(&input["frames"]), permutation).expect("a valid case"))
}

fn syndrome_job(input: &Value) -> Job {
    Job::Syndrome(Syndrome::new(code(&input["code"]), bits(&input["frames"])).expect("a valid case"))
}

fn ldpc_decode_job(input: &Value) -> Job {
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
}

fn ldpc_decode_output(output: &Value) -> Output {
    Output::LdpcDecode(Decoded {
        word: owned(&output["word"]),
        iterations: number(&output["iterations"]) as u32,
        converged: output["converged"].as_bool().expect("a truth value"),
    })
}

fn element(value: &Value) -> u128 {
    u128::from_le_bytes(hex(value).try_into().expect("16 bytes"))
}

fn polyhash_job(input: &Value) -> Job {
    let (key, segment) = (element(&input["key"]), number(&input["segment"]));
    Job::PolyHash(PolyHash::new(key, bits(&input["message"]), segment).expect("a valid case"))
}

fn polyhash_output(output: &Value) -> Output {
    Output::PolyHash(output["tags"].as_array().expect("tags").iter().map(element).collect())
}

fn toeplitz_job(input: &Value) -> Job {
    let family = match input["family"].as_str() {
        Some("modified") => Family::Modified,
        _ => Family::Toeplitz,
    };
    let (key, seed) = (bits(&input["key"]), bits(&input["seed"]));
    Job::Toeplitz(Toeplitz::new(family, key, seed, number(&input["out_len"])).expect("a valid case"))
}
