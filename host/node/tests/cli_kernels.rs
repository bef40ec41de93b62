//! The commands `reconcile`, `amplify` and `bench`, run as a user runs them.

mod desk;

use std::fs;
use std::path::{Path, PathBuf};

use desk::{Desk, assert_says};
use qkdpp_kernels::Level;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

fn h(x: f64) -> f64 {
    -x * x.log2() - (1.0 - x) * (1.0 - x).log2()
}

/// `bytes` random bytes and a copy with `errors` inverted bits.
fn pair(bytes: usize, errors: usize) -> (Vec<u8>, Vec<u8>) {
    let mut random = ChaCha12Rng::seed_from_u64(7);
    let mut alice = vec![0; bytes];
    random.fill_bytes(&mut alice);
    let mut bob = alice.clone();
    let mut left = errors;
    while left > 0 {
        let bit = random.next_u64() as usize % (8 * bytes);
        if (alice[bit / 8] ^ bob[bit / 8]) >> (bit % 8) & 1 == 0 {
            bob[bit / 8] ^= 1 << (bit % 8);
            left -= 1;
        }
    }
    (alice, bob)
}

/// A desk with `a.bin` and `b.bin`, 2^17 bits, 3276 errors (2.5 %).
fn desk_with_pair() -> Desk {
    let (alice, bob) = pair(1 << 14, 3276);
    let desk = Desk::new();
    desk.write("a.bin", alice);
    desk.write("b.bin", bob);
    desk
}

const RECONCILE: &str = "reconcile --alice a.bin --bob b.bin";

/// Runs a reconciliation, with a fresh seed each time, until the keys are equal: Cascade overlooks a pair of errors in
/// about one frame of a thousand, which in a link is the business of verification.
#[track_caller]
fn reconciled(desk: &Desk, line: &str) -> Value {
    let mut answers = (0..3).map(|_| desk.json(line));
    answers.find(|answer| answer["equal"] == true).unwrap_or_else(|| panic!("{line}: unequal three times"))
}

/// Equal keys, at a leakage between what Shannon demands and `most` times that, consistently reported.
#[track_caller]
fn assert_corrected(answer: &Value, bits: usize, errors: f64, most: f64) {
    let number = |name: &str| answer[name].as_f64().unwrap_or_else(|| panic!("no {name} in {answer}"));
    assert_eq!(answer["equal"], true, "{answer}");
    assert_eq!(answer["bits"], bits);
    assert!((number("qber") - errors / bits as f64).abs() < 1e-12, "{answer}");
    let f = number("leak_bits") / (bits as f64 * h(number("qber")));
    assert!((number("f") - f).abs() < 1e-9, "{answer}");
    assert!(f > 1.0 && f < most, "f = {f}: {answer}");
    for zero in ["failed_frames", "failed_bits", "wrong_frames", "residual_errors"] {
        assert_eq!(answer[zero], 0, "{zero}: {answer}");
    }
    assert!(number("frames") >= 1.0 && number("rounds") >= 1.0, "{answer}");
    assert!(8.0 * number("alice_bytes") >= number("leak_bits"), "what leaked was sent: {answer}");
    assert!(number("alice_seconds") > 0.0 && number("bob_seconds") > 0.0, "{answer}");
}

#[test]
fn both_methods_correct_a_synthetic_pair() {
    let desk = desk_with_pair();
    for (method, most) in [("cascade", 1.1), ("ldpc", 1.6)] {
        let answer = reconciled(&desk, &format!("{RECONCILE} --method {method} --json"));
        assert_corrected(&answer, 1 << 17, 3276.0, most);
        assert_eq!(answer["method"], method);
        assert_eq!(answer["qber_estimate"], answer["qber"], "measured where none is given");
    }
}

#[test]
fn auto_takes_a_method_and_says_why() {
    let desk = desk_with_pair();
    for (round_trip, method, limit) in [("0", "cascade", "cores"), ("1000", "ldpc", "round trips")] {
        let line = format!("{RECONCILE} --method auto --round-trip-ms {round_trip}");
        let answer = reconciled(&desk, &format!("{line} --json"));
        assert_corrected(&answer, 1 << 17, 3276.0, 1.6);
        assert_eq!(answer["method"], method);
        let choice = answer["choice"].as_str().expect("auto chose");
        assert_says(choice, &[&format!("round trips of {round_trip} ms"), &format!("limited by {limit}")]);
        assert_says(&desk.text(&line), &["chosen", choice]);
    }
    let named = reconciled(&desk, &format!("{RECONCILE} --method cascade --round-trip-ms 1000 --json"));
    assert_eq!((&named["method"], &named["choice"]), (&json!("cascade"), &json!(null)));
    assert_says(&desk.error(&format!("{RECONCILE} --method auto --round-trip-ms -1")), &["60000"]);
}

#[test]
fn threads_estimates_and_backends_can_be_chosen() {
    let desk = desk_with_pair();
    let answer = reconciled(&desk, &format!("{RECONCILE} --method cascade --qber 0.03 --threads 2 --json"));
    assert_corrected(&answer, 1 << 17, 3276.0, 1.15);
    assert_eq!((&answer["qber_estimate"], &answer["threads"]), (&json!(0.03), &json!(2)));
    let reference =
        reconciled(&desk, &format!("{RECONCILE} --method cascade --backend cpu:reference --json"));
    assert_corrected(&reference, 1 << 17, 3276.0, 1.1);
    assert_eq!(reference["backend"], "cpu:reference");
}

#[test]
fn the_first_bits_alone_can_be_corrected() {
    let (alice, mut bob) = pair(4096, 0);
    bob[10] ^= 0b0001_0000; // bit 84
    bob[11] ^= 0b0000_0100; // bit 90
    let desk = Desk::new();
    desk.write("a.bin", alice);
    desk.write("b.bin", bob);
    for (bits, errors) in [(84, 0.0), (85, 1.0), (90, 1.0), (91, 2.0), (32768, 2.0)] {
        let answer =
            reconciled(&desk, &format!("{RECONCILE} --method cascade --bits {bits} --qber 0.02 --json"));
        assert_eq!(answer["bits"], bits);
        assert!((answer["qber"].as_f64().unwrap() - errors / f64::from(bits)).abs() < 1e-12, "{answer}");
        assert_eq!(answer["equal"], true, "{answer}");
        assert_eq!(answer["f"].is_null(), errors == 0.0, "{answer}");
    }
}

#[test]
fn frames_that_are_given_up_are_counted_apart() {
    // Ten times the errors that the code was chosen for.
    let (alice, bob) = pair(1 << 13, 6554);
    let desk = Desk::new();
    desk.write("a.bin", alice);
    desk.write("b.bin", bob);
    let answer = desk.json(&format!("{RECONCILE} --method ldpc --qber 0.01 --json"));
    assert_eq!(answer["failed_frames"], answer["frames"], "{answer}");
    assert_eq!((&answer["failed_bits"], &answer["residual_errors"]), (&json!(1 << 16), &json!(0)));
    assert_eq!(answer["equal"], false, "nothing was kept that could be equal");
}

#[test]
fn both_methods_correct_the_real_pair() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("QKDPP_REAL_RECORDS").map_or(root.join("../shared/real"), PathBuf::from);
    let files = ["sifted-alice.bin", "sifted-bob.bin"].map(|name| folder.join(name));
    if !files.iter().all(|file| file.exists()) {
        eprintln!("SKIPPED: no real records in {}", folder.display());
        return;
    }
    let desk = Desk::new();
    let [alice, bob] = files.map(|file| fs::read(file).unwrap());
    let differ: u32 = alice.iter().zip(&bob).map(|(a, b)| (a ^ b).count_ones()).sum();
    desk.write("a.bin", alice);
    desk.write("b.bin", bob);
    for (method, most) in [("cascade", 1.1), ("ldpc", 1.6)] {
        let answer = reconciled(&desk, &format!("{RECONCILE} --method {method} --json"));
        assert_corrected(&answer, 105_976, f64::from(differ), most);
        assert!((answer["qber"].as_f64().unwrap() - 0.036).abs() < 1e-4, "as published: {answer}");
    }
}

#[test]
fn the_plain_report_names_its_numbers() {
    let text = desk_with_pair().text(&format!("{RECONCILE} --method cascade"));
    assert_says(
        &text,
        &["131072", "2.4994 %", "measured by comparing the files", "Mb/s", "equal", "yes", " f 1."],
    );
}

#[test]
fn reconcile_names_what_it_cannot_use() {
    let desk = desk_with_pair();
    desk.write("short.bin", [0; 100]);
    desk.write("empty.bin", []);
    let error = |line: &str| desk.error(&format!("reconcile --method cascade {line}"));
    assert_says(&error("--alice a.bin --bob short.bin"), &["a.bin", "16384", "short.bin", "100"]);
    assert_says(&error("--alice a.bin --bob none.bin"), &["none.bin", "No such file"]);
    assert_says(&error("--alice a.bin --bob b.bin --bits 131073"), &["131073", "131072", "a.bin"]);
    assert_says(&error("--alice a.bin --bob b.bin --bits 0"), &["0 bits"]);
    assert_says(&error("--alice empty.bin --bob empty.bin"), &["0 bits", "empty.bin"]);
    for qber in ["0", "-0.1", "0.3", "NaN", "inf"] {
        let message = error(&format!("--alice a.bin --bob b.bin --qber {qber}"));
        assert_says(&message, &["--qber", qber, "0.0001", "0.25"]);
    }
    assert_says(&error("--alice a.bin --bob b.bin --backend gpu"), &["gpu", "cpu:portable"]);
    assert_says(&error("--alice a.bin --bob b.bin --threads 0"), &["--threads"]);
}

/// Packs a string of 0 and 1, first character first, least significant bit first.
fn packed(bits: &str) -> Vec<u8> {
    let byte = |chunk: &[u8]| chunk.iter().rev().fold(0, |byte, &bit| byte << 1 | (bit - b'0'));
    bits.as_bytes().chunks(8).map(byte).collect()
}

const AMPLIFY: &str = "amplify --input x.bin --seed s.bin --output y.bin";

#[test]
fn amplify_gives_the_known_answers() {
    let desk = Desk::new();
    desk.write("x.bin", packed("1011001110001111"));
    let cases = [("toeplitz", "110100111010001011101", "100101"), ("modified", "110100111010001", "001101")];
    for (family, seed, want) in cases {
        desk.write("s.bin", packed(seed));
        for backend in Level::names().split(", ") {
            let shape = format!("--family {family} --in-bits 16 --out-bits 6 --backend {backend}");
            assert_eq!(desk.text(&format!("{AMPLIFY} {shape}")), "");
            assert_eq!(fs::read(desk.path("y.bin")).unwrap(), packed(want), "{shape}");
        }
    }
}

/// Both families against the formula, entry by entry: T[i][j] = s[i−j+d−1], with d the columns of T.
#[test]
fn amplify_is_the_matrix_product() {
    let (n, l) = (1003, 411);
    let mut random = ChaCha12Rng::seed_from_u64(3);
    let mut bits = |len: usize| -> Vec<bool> { (0..len).map(|_| random.next_u32() & 1 == 1).collect() };
    let text = |bits: &[bool]| bits.iter().map(|&bit| if bit { '1' } else { '0' }).collect::<String>();
    let desk = Desk::new();
    for (family, columns, seed_len) in [("toeplitz", n, n + l - 1), ("modified", n - l, n - 1)] {
        let (x, seed) = (bits(n), bits(seed_len));
        let row = |i: usize| (0..columns).fold(false, |sum, j| sum ^ (seed[i + columns - 1 - j] & x[j]));
        let y: Vec<bool> = (0..l).map(|i| row(i) ^ (columns < n && x[columns + i])).collect();
        desk.write("x.bin", packed(&text(&x)));
        desk.write("s.bin", packed(&text(&seed)));
        desk.text(&format!("{AMPLIFY} --family {family} --in-bits {n} --out-bits {l}"));
        assert_eq!(fs::read(desk.path("y.bin")).unwrap(), packed(&text(&y)), "{family}");
    }
}

#[test]
fn the_amplified_key_is_private_and_replaces_an_old_file() {
    let desk = Desk::new();
    desk.write("x.bin", [0xff, 0xff]);
    desk.write("s.bin", [0xff, 0x7f]);
    desk.write("y.bin", [0; 1000]);
    desk.text(&format!("{AMPLIFY} --family modified --in-bits 16 --out-bits 6"));
    assert_eq!(fs::read(desk.path("y.bin")).unwrap().len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(desk.path("y.bin")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(desk.path(".")).unwrap().count(), 3, "nothing is left beside the output");
}

#[test]
fn amplify_names_what_it_cannot_use() {
    let desk = Desk::new();
    desk.write("x.bin", [0x01, 0x02]);
    desk.write("s.bin", [0x01, 0x02]);
    let error = |line: &str| {
        let message = desk.error(&format!("{AMPLIFY} --family modified {line}"));
        assert!(!desk.path("y.bin").exists(), "{line} wrote something");
        message
    };
    assert_says(&error("--in-bits 17 --out-bits 6"), &["x.bin has 2 bytes", "17 bits", "exactly 3"]);
    assert_says(&error("--in-bits 8 --out-bits 6"), &["x.bin has 2 bytes", "8 bits", "exactly 1"]);
    assert_says(&error("--in-bits 9 --out-bits 6"), &["x.bin", "bit 9", "must be 0"]);
    assert_says(&error("--in-bits 16 --out-bits 0"), &["--out-bits is 0", "1 and 16"]);
    assert_says(&error("--in-bits 16 --out-bits 17"), &["--out-bits is 17", "1 and 16"]);
    assert_says(&error("--in-bits 0 --out-bits 1"), &["--in-bits is 0"]);
    assert_says(&error("--in-bits 99999999999999999 --out-bits 1"), &["--in-bits is 99999999999999999"]);
    assert_says(&error("--in-bits 16 --out-bits 6 --backend fpga"), &["fpga"]);
    desk.write("s.bin", [0; 3]);
    assert_says(&error("--in-bits 16 --out-bits 6"), &["s.bin has 3 bytes", "15 bits", "exactly 2"]);
    desk.write("s.bin", [0; 2]);
    let line =
        "amplify --family modified --in-bits 16 --out-bits 6 --input x.bin --seed s.bin --output no/y.bin";
    assert_says(&desk.error(line), &["no/y.bin", "No such file"]);
}

#[test]
fn reconcile_has_the_profiles_of_each_method() {
    let desk = Desk::new();
    let (alice, bob) = pair(1 << 14, 3000);
    desk.write("a.bin", alice);
    desk.write("b.bin", bob);
    let run = |rest: &str| desk.json(&format!("reconcile --alice a.bin --bob b.bin --json {rest}"));
    let [fast, record] =
        ["fast", "record"].map(|profile| run(&format!("--method cascade --profile {profile}")));
    assert_eq!((&fast["equal"], &record["equal"]), (&json!(true), &json!(true)));
    assert_eq!((&fast["frames"], &record["frames"]), (&json!(8), &json!(2)));
    assert!(record["f"].as_f64() < fast["f"].as_f64(), "{record} {fast}");
    for profile in ["efficient", "longest"] {
        assert_eq!(run(&format!("--method ldpc --profile {profile}"))["equal"], json!(true));
    }
    let error = |rest: &str| desk.error(&format!("reconcile --alice a.bin --bob b.bin {rest}"));
    assert_says(&error("--method cascade --profile efficient"), &["efficient", "fast and record"]);
    assert_says(&error("--method ldpc --profile record"), &["record", "fast, efficient and longest"]);
}

#[test]
fn bench_measures_one_kernel_on_one_backend() {
    let desk = Desk::new();
    let answer = desk.json("bench polyhash --backend cpu:portable --json");
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    let row = &results[0];
    assert_eq!((&row["kernel"], &row["backend"]), (&json!("polyhash"), &json!("cpu:portable")));
    assert_eq!((&row["case"], &row["threads"]), (&json!("n=1048576"), &json!(1)));
    assert!(row["bits_per_second"].as_f64().unwrap() > 1e6, "{row}");
    assert!(row.get("f").is_none(), "{row}");
}

#[test]
fn bench_tells_what_an_error_correction_achieved() {
    let desk = Desk::new();
    let answer = desk.json("bench cascade --backend cpu:portable --json");
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 10, "fast and record at 1, 2, 3, 5 and 8 %");
    for row in results {
        let number = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("no {name} in {row}"));
        assert!(number("f") > 1.0 && number("f") < 1.1, "{row}");
        assert!((number("fer") - number("failed_frames") / number("frames")).abs() < 1e-12, "{row}");
        assert!(number("frames") >= 64.0 && number("rounds") > 1.0, "{row}");
    }
}

#[test]
fn bench_names_what_it_does_not_know() {
    let desk = Desk::new();
    assert_says(&desk.error("bench fft"), &["fft", "toeplitz"]);
    assert_says(&desk.error("bench sift --backend gpu"), &["gpu", "cpu:portable"]);
}

#[test]
fn every_command_explains_itself() {
    let desk = Desk::new();
    for command in ["reconcile", "amplify", "bench"] {
        assert_says(&desk.text(&format!("{command} --help")), &["Example", &format!("qkdpp {command}")]);
    }
}
