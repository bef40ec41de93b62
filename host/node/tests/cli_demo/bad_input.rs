//! Whatever is wrong: one line that names the thing and the numbers, and a failure.

use std::fs;

use crate::fixture::{BBM92, DECOY, Folder, qkdpp};

/// The one line a failing run prints.
fn error(arguments: &[&str]) -> String {
    let run = qkdpp(arguments);
    assert!(!run.success, "{arguments:?} succeeded: {}", run.stdout);
    assert_eq!(run.stderr.lines().count(), 1, "{arguments:?}: {}", run.stderr);
    run.stderr.trim_end().strip_prefix("qkdpp: ").expect("the program's name").to_owned()
}

fn demo_error(config: &str) -> String {
    let folder = Folder::new();
    let path = folder.write("link.toml", config);
    let out = folder.path("out");
    let error = error(&["demo", "--config", &path, "--blocks", "1", "--out", &out]);
    assert!(!fs::exists(&out).unwrap(), "nothing is made before the config is checked");
    error.strip_prefix(&format!("{path}: ")).expect("names the file").to_owned()
}

fn replaced(good: &str, bad: &str) -> String {
    assert!(DECOY.contains(good), "{good}");
    demo_error(&DECOY.replacen(good, bad, 1))
}

#[test]
fn a_bad_config_is_named_with_line_or_value() {
    let unknown = replaced("[profile]", "[profile]\nslots = 7");
    assert!(unknown.starts_with("line 21: unknown field `slots`"), "{unknown}");
    assert!(replaced("[profile]", "[publisht]\nqber = 1\n[profile]").contains("unknown field `publisht`"));
    assert_eq!(
        replaced("efficiency = 0.4", "efficiency = nan"),
        "link.detector.efficiency = NaN; it must lie in [0, 1]"
    );
    assert_eq!(
        replaced("clock_hz = 1e9", "clock_hz = -1e9"),
        "link.clock_hz = -1000000000; it must lie in [1, 1000000000000]"
    );
    assert!(replaced("slots_per_block = 10_000_000", "slots_per_block = -5").contains("-5"));
    let qber = replaced("expected_qber = 0.005", "expected_qber = 0.5");
    assert!(qber.starts_with("profile: expected_qber is 0.5") && qber.contains("0.25"), "{qber}");
    assert_eq!(
        replaced("intensities = [0.5, 0.1]", "intensities = [0.6, 0.1]"),
        "link.source.weak-coherent.intensities are [0.6, 0.1], but profile.intensities are [0.5, 0.1]"
    );
    assert!(demo_error("not toml").starts_with("line 1: "));
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    let folder = Folder::new();
    let out = folder.path("out");
    let preset = error(&["demo", "--config", "fibre-51km", "--out", &out]);
    assert!(
        preset.contains("\"fibre-51km\"") && preset.contains("fibre-50km, lim-2014, metro-312mhz"),
        "{preset}"
    );
    let file = error(&["demo", "--config", "no/such.toml", "--out", &out]);
    assert!(file.starts_with("no/such.toml: No such file"), "{file}");
    let backend = error(&["demo", "--backend", "gpu:any", "--out", &out]);
    assert!(backend.contains("\"gpu:any\"") && backend.contains("cpu:portable"), "{backend}");
    let link = error(&["demo", "--config", "sifted-pair", "--out", &out]);
    assert!(link.contains("no [link] table"), "{link}");
    assert!(!fs::exists(out).unwrap());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    let (config, file) = (folder.write("link.toml", DECOY), folder.write("file", ""));
    for arguments in [
        &["demo", "--config", &config, "--blocks", "1", "--out", &file][..],
        &["simulate", "--config", &config, "--seed", "1", "--blocks", "1", "--out", &file],
    ] {
        let error = error(arguments);
        assert!(error.starts_with(&file), "{error}");
    }
}

/// A file on a full disk: whatever is written to it fails.
#[cfg(target_os = "linux")]
fn on_full_disk(folder: &Folder, name: &str) -> String {
    let path = folder.path(name);
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    path
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let folder = Folder::new();
    let config = folder.write("link.toml", BBM92);
    let out = folder.path("");
    let record = on_full_disk(&folder, "alice.qkdraw");
    let error_of = |arguments: &[&str]| {
        error(&[arguments, &["--config", &config, "--blocks", "1", "--out", &out]].concat())
    };
    let full = error_of(&["simulate", "--seed", "1"]);
    assert!(full.starts_with(&record) && full.contains("No space left"), "{full}");
    let report = on_full_disk(&folder, "report.html");
    let full = error_of(&["demo"]);
    assert!(full.starts_with(&report) && full.contains("No space left"), "{full}");
}

/// Records of both sides of two blocks and their config.
fn records(folder: &Folder) -> [String; 3] {
    let config = folder.write("link.toml", BBM92);
    let out = folder.path("records");
    let run = qkdpp(&["simulate", "--config", &config, "--seed", "3", "--blocks", "2", "--out", &out]);
    assert!(run.success, "{}", run.stderr);
    [folder.path("records/alice.qkdraw"), folder.path("records/bob.qkdraw"), config]
}

fn distill_error(alice: &str, bob: &str, config: &str) -> String {
    error(&["distill", "--alice", alice, "--bob", bob, "--config", config])
}

#[test]
fn a_damaged_record_is_named() {
    let folder = Folder::new();
    let [alice, bob, config] = records(&folder);
    let bytes = fs::read(&bob).unwrap();

    let truncated = folder.write("truncated", &bytes[..bytes.len() / 2]);
    let error = distill_error(&alice, &truncated, &config);
    assert!(error.starts_with(&format!("Bob: record: {truncated}: truncated at byte")), "{error}");

    let mut flipped = bytes.clone();
    flipped[bytes.len() / 3] ^= 1;
    let corrupt = folder.write("corrupt", &flipped);
    let error = distill_error(&alice, &corrupt, &config);
    assert!(error.contains(&corrupt) && error.contains("is damaged"), "{error}");

    let error = distill_error(&bob, &bob, &config);
    assert_eq!(error, format!("{bob}: a record of Bob; wanted one of Alice"));
    let error = distill_error(&folder.path("missing"), &bob, &config);
    assert_eq!(error, format!("{}: No such file or directory (os error 2)", folder.path("missing")));
}

#[test]
fn records_must_fit_each_other_and_the_profile() {
    let folder = Folder::new();
    let [alice, bob, config] = records(&folder);

    let longer = folder.path("longer");
    let run = qkdpp(&["simulate", "--config", &config, "--seed", "3", "--blocks", "3", "--out", &longer]);
    assert!(run.success, "{}", run.stderr);
    let three = folder.path("longer/bob.qkdraw");
    let error = distill_error(&alice, &three, &config);
    assert!(error.ends_with("record: Alice's record has 2 blocks, Bob's has more"), "{error}");
    let error = distill_error(&folder.path("longer/alice.qkdraw"), &bob, &config);
    assert!(error.ends_with("record: Bob's record has 2 blocks, Alice's has more"), "{error}");

    let cut = folder
        .write("cut.toml", BBM92.replace("slots_per_batch = 12_000_000", "slots_per_batch = 9_000_000"));
    let error = distill_error(&alice, &bob, &cut);
    assert!(error.contains("0+12000000") && error.contains("0+9000000"), "{error}");

    let large = BBM92.replace("slots_per_block = 20_000_000", "slots_per_block = 60_000_000");
    let large = folder
        .write("large.toml", large.replace("slots_per_batch = 12_000_000", "slots_per_batch = 20_000_000"));
    let whole = folder
        .write("whole.toml", BBM92.replace("slots_per_batch = 12_000_000", "slots_per_batch = 20_000_000"));
    let run = qkdpp(&["simulate", "--config", &whole, "--seed", "3", "--blocks", "2", "--out", &longer]);
    assert!(run.success, "{}", run.stderr);
    let error = distill_error(&folder.path("longer/alice.qkdraw"), &folder.path("longer/bob.qkdraw"), &large);
    assert!(error.ends_with("ends within block 0: 40000000 of 60000000 slots"), "{error}");

    let clock = folder.write("clock.toml", BBM92.replace("clock_hz = 1e8", "clock_hz = 2e8"));
    let error = distill_error(&alice, &bob, &clock);
    assert!(error.contains("100000000 Hz") && error.contains("200000000 Hz"), "{error}");
}

#[test]
fn imported_records_must_be_what_they_are_taken_for() {
    let folder = Folder::new();
    let (short, long) = (folder.write("short.bin", [0x5A; 1000]), folder.write("long.bin", [0x5A; 1001]));
    let error = distill_error(&short, &long, "sifted-pair");
    assert!(error.contains("1000 bytes") && error.contains("1001"), "{error}");
    let too_many =
        ["distill", "--alice", &short, "--bob", &long, "--config", "sifted-pair", "--bits", "8001"];
    assert!(crate::bad_input::error(&too_many).contains("wanted 8001 bits, got 8000"));

    let secret = folder.write("secret.bin", "SECRETKEYBITS".repeat(20));
    let error = distill_error(&secret, &secret, "fibre-50km");
    assert!(error.contains("protocol bbm92, and fibre-50km has decoy-bb84"), "{error}");
    assert!(!error.contains("SECRET") && !error.contains("53, 45") && !error.contains("83, 69"), "{error}");

    let header = "qubit_id,tx_state,tx_basis,decoy_level,rx_state,rx_basis,matching_basis\n";
    let csv = folder.write("record.csv", format!("{header}0,0,0,1,0,0,True\n"));
    let error = distill_error(&csv, &csv, "three-state-one-decoy");
    assert!(error.contains("line 2: decoy_level is \"1\""), "{error}");
    let error = distill_error(&csv, &secret, "three-state-one-decoy");
    assert!(error.contains("a CSV record of both sides"), "{error}");
    let error = distill_error(&csv, &csv, "fibre-50km");
    assert!(error.contains("has 2 intensities, the profile fibre-50km has 3"), "{error}");
}
