//! `qkdpp ledger` on what a demo leaves.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixture::{BBM92, Folder, qkdpp};

/// A demo of `blocks` blocks; Alice's and Bob's ledger.
fn demo(folder: &Folder, blocks: &str) -> [String; 2] {
    let config = folder.write("bbm92.toml", BBM92);
    let run = qkdpp(&[
        "demo",
        "--config",
        &config,
        "--blocks",
        blocks,
        "--seed",
        "7",
        "--out",
        &folder.path("out"),
    ]);
    assert!(run.success, "{}", run.stderr);
    assert!(run.stdout.contains("alice.ledger"), "{}", run.stdout);
    ["out/alice.ledger", "out/bob.ledger"].map(|name| folder.path(name))
}

fn error(arguments: &[&str]) -> String {
    let run = qkdpp(arguments);
    assert!(!run.success, "{arguments:?}: {}", run.stdout);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run.stderr
}

#[test]
fn a_ledger_is_printed_and_replayed() {
    let folder = Folder::new();
    let ledgers = demo(&folder, "2");
    // A second run goes on in the same files, with other authentication keys.
    demo(&folder, "1");
    for (ledger, name) in ledgers.iter().zip(["Alice", "Bob"]) {
        for replay in [&["--replay"][..], &[]] {
            let run = qkdpp(&[&["ledger"], replay, &[ledger]].concat());
            assert!(run.success, "{}", run.stderr);
            let said = run.stdout.contains("replayed     3 blocks: every length, leak and ε follows");
            assert_eq!(said, !replay.is_empty(), "{}", run.stdout);
            assert_eq!(run.stdout.matches(&format!(", {name}, opened 20")).count(), 2, "{}", run.stdout);
            for column in
                ["leak bits", "ε secrecy", "ε correctness", "ε authentication", "ε used, session", "left"]
            {
                assert!(run.stdout.contains(column), "{column}: {}", run.stdout);
            }
            assert!(run.stdout.contains("5 entries, unbroken, ending in "), "{}", run.stdout);
        }
        let run = qkdpp(&["ledger", "--json", "--replay", ledger]);
        let summary: Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!((&summary["replayed"], &summary["torn_bytes"]), (&true.into(), &0.into()));
        let sessions = summary["sessions"].as_array().expect("sessions");
        assert_ne!(sessions[0]["authentication_keys"], sessions[1]["authentication_keys"]);
        let number = |value: &Value| value.as_f64().expect("a number");
        for (session, blocks) in sessions.iter().zip([2, 1]) {
            assert_eq!(session["blocks"].as_array().map(Vec::len), Some(blocks));
            assert_eq!(session["record"]["profile"]["name"], "bbm92");
            let sum: u64 = session["blocks"]
                .as_array()
                .expect("blocks")
                .iter()
                .map(|block| block["ledger"]["secret"].as_u64().expect("a number"))
                .sum();
            assert!(sum > 0 && session["secret_bits"] == sum);
            // ε_sec 1e-9 and ε_cor 1e-15 a block; the default budget of a session is 1e-6.
            let spent = number(&session["spent"]["session"]);
            assert!((spent / (blocks as f64 * (1e-9 + 1e-15)) - 1.0).abs() < 1e-12, "{spent:e}");
            assert!((number(&session["left"]["session"]) + spent - 1e-6).abs() < 1e-20);
        }
    }
}

#[test]
fn a_changed_ledger_is_refused() {
    let folder = Folder::new();
    let [ledger, _] = demo(&folder, "2");
    let honest = fs::read_to_string(&ledger).expect("text");
    let changed = |from: &str, to: &str| {
        assert!(honest.contains(from), "{from}");
        folder.write("forged.ledger", honest.replacen(from, to, 1))
    };
    // A byte changed: the chain breaks, replayed or not.
    let forged = changed("\"dropped\":0", "\"dropped\":1");
    for arguments in [&["ledger", &forged][..], &["ledger", "--replay", &forged]] {
        let error = error(arguments);
        assert!(error.contains("line 2 does not continue the chain"), "{error}");
    }
    // The whole chain made anew: the replay says what does not follow from what.
    let forged =
        folder.write("forged.ledger", rechained(&honest.replacen("\"dropped\":0", "\"dropped\":1", 1)));
    assert!(qkdpp(&["ledger", &forged]).success, "the chain alone holds");
    let error_of_block = error(&["ledger", "--replay", &forged]);
    assert!(error_of_block.contains("line 2: block 0: secret is recorded as "), "{error_of_block}");
    // Sessions of the same keys that start from less than was used before.
    let twice = folder.write("twice.ledger", rechained(&format!("{honest}{honest}")));
    let error_of_session = error(&["ledger", "--replay", &twice]);
    assert!(
        error_of_session.contains("line 4: session ") && error_of_session.contains("spent_before"),
        "{error_of_session}"
    );
    // A block without its session.
    let (_, blocks) = honest.split_once('\n').expect("lines");
    let orphan = folder.write("orphan.ledger", rechained(blocks));
    for arguments in [&["ledger", &orphan][..], &["ledger", "--replay", &orphan]] {
        assert!(error(arguments).contains("line 1: a block before any session"));
    }
    assert!(error(&["ledger", &folder.path("missing")]).contains("missing"));
}

/// The lines with the chain that someone would make who forges all of them.
fn rechained(text: &str) -> String {
    let mut before = [0; 32];
    let line = |line: &str| {
        let (_, entry) = line.split_once(",\"entry\":").expect("an entry");
        let entry = entry.strip_suffix('}').expect("its end");
        let mut hasher = blake3::Hasher::new_derive_key("qkdpp ledger entry 1");
        before = *hasher.update(&before).update(entry.as_bytes()).finalize().as_bytes();
        format!("{{\"chain\":\"{}\",\"entry\":{entry}}}\n", blake3::Hash::from_bytes(before))
    };
    text.lines().map(line).collect()
}

#[test]
fn a_torn_ledger_is_said_to_be() {
    let folder = Folder::new();
    let [ledger, _] = demo(&folder, "1");
    let honest = fs::read(&ledger).expect("a ledger");
    let torn = folder.write("torn.ledger", &honest[..honest.len() - 100]);
    let run = qkdpp(&["ledger", "--replay", &torn]);
    assert!(run.success && run.stdout.contains("bytes by a crash"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_spent_budget_ends_a_run_with_its_reason() {
    let folder = Folder::new();
    let config = format!("{BBM92}\n[profile.budget]\nsession = 2.5e-9\n");
    let config = folder.write("small.toml", config);
    let run = ["demo", "--config", &config, "--blocks", "4", "--seed", "7", "--out", &folder.path("out")];
    let error = error(&run);
    assert!(error.contains("the session's ε budget of 2.5e-9 is spent"), "{error}");
    assert!(error.contains("block 2") && error.contains("open a new session"), "{error}");
    // What was delivered before is on record.
    let run = qkdpp(&["ledger", "--replay", "--json", &folder.path("out/bob.ledger")]);
    let summary: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(summary["sessions"][0]["blocks"].as_array().map(Vec::len), Some(2), "{}", run.stderr);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = Folder::new();
    let [ledger, _] = demo(&folder, "1");
    let mut child = Command::new(env!("CARGO_BIN_EXE_qkdpp"))
        .args(["ledger", &ledger])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Closed before anything is written.
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("UTF-8");
    assert!(child.wait().expect("an end").success() && said.is_empty(), "{said}");
}
