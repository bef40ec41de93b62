//! The commands `reconcile`, `amplify`, `keyrate` and `bench`, run as a user runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder for the files of one test, and the program run in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs `qkdpp` with the words of `line`.
    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_qkdpp"))
            .current_dir(self.0.path())
            .env_remove("QKDPP_BACKEND")
            .args(line.split_whitespace())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn text(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.text(line)).unwrap()
    }

    /// The error message of a command that must fail, say so in one place, and answer nothing.
    #[track_caller]
    fn error(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(!output.status.success(), "{line} succeeded");
        assert!(output.stdout.is_empty(), "{line} answered something");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!message.contains("panicked"), "{message}");
        message
    }
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

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
        for backend in ["cpu:reference", "cpu:portable", "cpu:auto"] {
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
    assert_eq!(fs::read_dir(desk.0.path()).unwrap().count(), 3, "nothing is left beside the output");
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

/// Counts of 1e7 detections over 100 km (Lim et al. 2014), with the numbers in `parameters` beside them.
fn ten_million(parameters: &Value) -> String {
    let mut object = json!({
        "mu": [0.43, 0.20, 2e-4], "p": [0.41, 0.45, 0.14],
        "n_key": [6_608_097, 3_384_576, 7328], "m_key": [167_603, 90_969, 3166],
        "n_test": [147_545, 75_571, 164], "m_test": [3742, 2031, 71],
        "leak": 2_027_967.373,
    });
    object.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
    object.to_string()
}

#[test]
fn keyrate_reproduces_the_published_key_length() {
    let desk = Desk::new();
    let parameters = json!({ "eps_sec": 1e-10, "eps_cor": 1e-15, "sampling": "as-published" });
    desk.write("counts.json", ten_million(&parameters));
    let answer = desk.json("keyrate --proof lim-2014 --input counts.json --json");
    assert_eq!(answer["ell"], 2_388_087);
    assert_eq!(answer["rigorous"], false);
    let bounds = &answer["bounds"];
    for (name, want) in [("tau0", 0.775_109_570_5), ("s_K1", 6_444_306.36), ("v_T1", 5_904.410_257)] {
        let got = bounds[name].as_f64().unwrap_or_else(|| panic!("no {name} in {bounds}"));
        assert!((got - want).abs() / want < 1e-8, "{name} = {got}, not {want}");
    }
    let text = desk.text("keyrate --proof lim-2014 --input counts.json");
    assert_says(&text, &["2388087 bits", "s_K1", "not proved"]);
}

#[test]
fn keyrate_evaluates_proofs_with_other_epsilons() {
    let desk = Desk::new();
    let epsilons = ["eps_d", "eps_a", "eps_b", "eps_c", "eps_pa", "eps_ev"];
    let mut counts = json!({
        "mu": [0.455, 0.155, 2e-4], "p": [0.77, 0.17, 0.06],
        "n_key": [929_502_847, 70_274_831, 222_322], "m_key": [23_507_809, 1_946_283, 96_044],
        "n_test": [4_492_150, 339_628, 1074], "m_test": [113_610, 9406, 464],
        "leak": 1.16 * 1e9 * h(25_550_136.0 / 1e9),
    });
    for epsilon in epsilons {
        counts[epsilon] = json!(1e-12);
    }
    desk.write("counts.json", counts.to_string());
    let answer = desk.json("keyrate --proof eur-variable-2024 --input counts.json --json");
    assert_eq!(answer["ell"], 184_109_713);
    assert_eq!(answer["no_key"], Value::Null);
}

/// A single-photon block of 1e5 key bits and 1e4 test bits at 2 %.
fn single_photons(leak: f64) -> Value {
    json!({
        "n_key": [100_000], "m_key": [2000], "n_test": [10_000], "m_test": [200], "leak": leak,
        "eps_sec": 1e-10, "eps_cor": 1e-15,
    })
}

#[test]
fn keyrate_needs_no_intensities_for_single_photons() {
    let desk = Desk::new();
    desk.write("counts.json", single_photons(1.16 * 1e5 * h(0.02)).to_string());
    for (proof, ell) in [("tl-2017", 46_466), ("tlgr-2012", 46_206)] {
        let answer = desk.json(&format!("keyrate --proof {proof} --input counts.json --json"));
        assert_eq!(answer["ell"], ell);
    }
}

#[test]
fn keyrate_says_why_there_is_no_key() {
    let desk = Desk::new();
    desk.write("counts.json", single_photons(90_000.0).to_string());
    let answer = desk.json("keyrate --proof tl-2017 --input counts.json --json");
    assert_eq!(answer["ell"], 0);
    assert_says(answer["no_key"].as_str().unwrap(), &["entropy", "90000.0 were disclosed"]);
    let text = desk.text("keyrate --proof tl-2017 --input counts.json");
    assert_says(&text, &["ell", "0 bits", "no key", "no number of detections"]);
}

#[test]
fn keyrate_names_what_it_cannot_use() {
    let desk = Desk::new();
    let good = single_photons(16_000.0);
    let with = |key: &str, value: Value| {
        let mut counts = good.clone();
        counts[key] = value;
        desk.write("counts.json", counts.to_string());
        desk.error("keyrate --proof tl-2017 --input counts.json")
    };
    assert_says(&with("epsilon", json!(1e-9)), &["counts.json", "unknown field `epsilon`"]);
    assert_says(&with("name", json!("tlgr-2012")), &["unknown field `name`"]);
    assert_says(&with("m_key", json!([100_001])), &["m_key[0]", "100001", "at most"]);
    assert_says(&with("n_key", json!([-5])), &["-5"]);
    assert_says(&with("leak", json!(-1)), &["leak is -1"]);
    assert_says(&with("eps_sec", json!(0)), &["eps_sec is 0", "more than 0"]);
    assert_says(&with("mu", json!([0.5])), &["length of mu is 1"]);
    assert_says(&with("sampling", json!("kl")), &["unknown field `sampling`"]);

    let mut without = good.clone();
    without.as_object_mut().unwrap().remove("leak");
    desk.write("counts.json", without.to_string());
    assert_says(&desk.error("keyrate --proof tl-2017 --input counts.json"), &["missing field `leak`"]);
    desk.write("counts.json", good.to_string());
    assert_says(&desk.error("keyrate --proof tl-2018 --input counts.json"), &["tl-2018", "tl-2017"]);
    assert_says(&desk.error("keyrate --proof lim-2014 --input counts.json"), &["missing field `mu`"]);
    assert_says(&desk.error("keyrate --proof tl-2017 --input none.json"), &["none.json", "No such file"]);
    desk.write("counts.json", "[1, 2]");
    assert_says(&desk.error("keyrate --proof tl-2017 --input counts.json"), &["counts.json", "map"]);
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
    assert_eq!(results.len(), 3, "1, 2 and 5 %");
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
    for command in ["reconcile", "amplify", "keyrate", "bench"] {
        assert_says(&desk.text(&format!("{command} --help")), &["Example", &format!("qkdpp {command}")]);
    }
}
