//! The ledger on disk: chained, torn by crashes and never silently, written by one link at a time.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use qkdpp::journal::{self, Content, Journal, JournalError};
use qkdpp_protocol::Record;
use qkdpp_protocol::record::{BlockRecord, SessionRecord};
use serde_json::json;
use tempfile::TempDir;

/// The entries of a session with blocks of made-up numbers: here only their bytes matter.
fn records(blocks: u64) -> Vec<Record> {
    let profile = json!({
        "name": "test", "protocol": "bbm92", "slots_per_block": 1000, "expected_qber": 0.01,
        "test": {"sample": {"fraction": 0.2}}, "proof": {"name": "tl-2017", "eps_sec": 1e-9, "eps_cor": 1e-12},
    });
    let session: SessionRecord = serde_json::from_value(json!({
        "session": "00", "role": "alice", "spent_before": 0.1, "profile_hash": "ab", "profile": profile,
    }))
    .expect("a session");
    let block = |number| -> BlockRecord {
        serde_json::from_value(json!({
            "session": "00", "digest": "cd", "no_key": null,
            "tally": {"n_key": [300 + number], "m_key": [0], "n_test": [70], "m_test": [1]},
            "ledger": {
                "block": number, "sifted": 300 + number, "leaks": [["syndromes", 17]], "dropped": 0, "secret": 9,
                "alarms": {"alice": false, "bob": false},
                "epsilon": {"secrecy": 1e-9, "correctness": 1e-12, "authentication": 3.3e-29},
                "verification": 1e-20, "spent": {"session": 1e-9, "authentication_keys": 0.1},
            },
        }))
        .expect("a block")
    };
    let blocks = (0..blocks).map(|number| Record::Block(Box::new(block(number))));
    [Record::Session(Box::new(session))].into_iter().chain(blocks).collect()
}

fn new_ledger(blocks: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger");
    let mut journal = Journal::open(&path).expect("a new ledger");
    for record in records(blocks) {
        journal.append(7, record).expect("room");
    }
    (folder, path)
}

/// What was entered, without times and torn bytes.
fn entered(path: &Path) -> Vec<Record> {
    let entries = journal::read(path).expect("an unbroken chain").entries.into_iter();
    entries
        .filter_map(|(_, entry)| match entry.content {
            Content::Session { record, authentication_keys } => {
                assert_eq!(authentication_keys, format!("{:032x}", 7));
                Some(Record::Session(record))
            }
            Content::Block(block) => Some(Record::Block(block)),
            Content::Torn { .. } => None,
        })
        .collect()
}

fn append(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).expect("a file").write_all(bytes).expect("room");
}

#[test]
fn what_was_entered_is_read_and_goes_on() {
    let (_folder, path) = new_ledger(3);
    assert_eq!(entered(&path), records(3));
    let head = journal::read(&path).expect("a ledger").head;
    let mut journal = Journal::open(&path).expect("the same ledger");
    assert_eq!(journal.head(), head);
    for record in records(2) {
        journal.append(7, record).expect("room");
    }
    let reading = journal::read(&path).expect("a ledger");
    assert_eq!((reading.entries.len(), reading.torn_bytes), (7, 0));
    assert_eq!(reading.head, journal.head());
    assert_ne!(reading.head, head);
    assert_eq!(entered(&path), [records(3), records(2)].concat());
    // Each line is JSON by itself, and the numbers of the lines are the file's.
    let text = fs::read_to_string(&path).expect("text");
    for (line, (number, _)) in text.lines().zip(&reading.entries) {
        assert!(serde_json::from_str::<serde_json::Value>(line).expect("JSON")["entry"].is_object());
        assert_eq!(text.lines().nth(*number as usize - 1), Some(line));
    }
}

#[test]
fn the_chain_is_the_documented_one() {
    let (_folder, path) = new_ledger(1);
    let mut before = [0; 32];
    for line in fs::read_to_string(&path).expect("text").lines() {
        let (chain, entry) = line.split_once(",\"entry\":").expect("an entry");
        let hex =
            chain.strip_prefix("{\"chain\":\"").and_then(|rest| rest.strip_suffix('"')).expect("a chain");
        let mut hasher = blake3::Hasher::new_derive_key("qkdpp ledger entry 1");
        hasher.update(&before).update(entry.strip_suffix('}').expect("its end").as_bytes());
        before = *hasher.finalize().as_bytes();
        assert_eq!(hex, blake3::Hash::from_bytes(before).to_string());
    }
}

#[test]
fn no_byte_can_be_changed() {
    let (_folder, path) = new_ledger(2);
    let honest = fs::read(&path).expect("a ledger");
    let last_line = honest[..honest.len() - 1].iter().rposition(|&byte| byte == b'\n').expect("lines") + 1;
    let mut torn = 0;
    for at in 0..honest.len() {
        let mut forged = honest.clone();
        forged[at] ^= 1;
        fs::write(&path, &forged).expect("room");
        match journal::read(&path) {
            Err(JournalError::Damaged { .. }) => {}
            // The last line, or the end of the one before it, may also have become none: that is what a crash looks like, and
            // is said.
            Ok(reading) => {
                assert!(
                    at + 1 >= last_line && (reading.torn_bytes > 0 || at + 1 == honest.len()),
                    "byte {at}"
                );
                torn += 1;
            }
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert!(torn > 0 && torn < 500, "{torn}");
}

#[test]
fn no_entry_can_be_left_out_or_moved() {
    let (_folder, path) = new_ledger(3);
    let text = fs::read_to_string(&path).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let refused = |lines: &[&str]| {
        fs::write(&path, lines.join("\n") + "\n").expect("room");
        match journal::read(&path) {
            Err(JournalError::Damaged { line, .. }) => line,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&[lines[1], lines[2], lines[3]]), 1);
    assert_eq!(refused(&[lines[0], lines[2], lines[3]]), 2);
    assert_eq!(refused(&[lines[0], lines[1], lines[1], lines[2]]), 3);
    assert_eq!(refused(&[lines[0], lines[2], lines[1], lines[3]]), 2);
    assert_eq!(refused(&[lines[0], "no entry", lines[1]]), 2);
    assert!(
        matches!(Journal::open(&path), Err(JournalError::Damaged { line: 2, .. })),
        "nor is it gone on with"
    );
    // The end cannot be missed from within: the chain's last value, noted elsewhere, tells.
    fs::write(&path, lines[..3].join("\n") + "\n").expect("room");
    assert_ne!(journal::read(&path).expect("a shorter ledger").head, lines[3][10..74]);
}

#[test]
fn a_torn_entry_is_said_and_stays() {
    let whole = {
        let (_folder, path) = new_ledger(3);
        fs::read(&path).expect("a ledger")
    };
    let last_line = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').expect("lines") + 1;
    for length in last_line + 1..whole.len() - 1 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger");
        fs::write(&path, &whole[..length]).expect("room");
        let torn = (length - last_line) as u64;
        let reading = journal::read(&path).expect("a torn ledger");
        assert_eq!((reading.entries.len(), reading.torn_bytes), (3, torn));
        if length % 97 != 0 {
            continue;
        }
        let mut journal = Journal::open(&path).expect("a torn ledger");
        journal.append(7, records(1).remove(1)).expect("room");
        let reading = journal::read(&path).expect("a mended ledger");
        let said = reading.entries.iter().find_map(|(_, entry)| match entry.content {
            Content::Torn { bytes, .. } => Some(bytes),
            _ => None,
        });
        assert_eq!((said, reading.torn_bytes, reading.entries.len()), (Some(torn), 0, 5));
        assert!(fs::read(&path).expect("a ledger").starts_with(&whole[..length]), "nothing is taken away");
        // And what was torn cannot be changed afterwards, or be left out.
        let mended = fs::read(&path).expect("a ledger");
        let mut forged = mended.clone();
        forged[last_line] ^= 1;
        fs::write(&path, &forged).expect("room");
        assert!(matches!(journal::read(&path), Err(JournalError::Damaged { line: 4, .. })));
        fs::write(&path, [&mended[..last_line], &mended[length + 1..]].concat()).expect("room");
        assert!(matches!(journal::read(&path), Err(JournalError::Damaged { line: 4, .. })));
    }
}

#[test]
fn crashes_while_mending_are_mended() {
    let (_folder, path) = new_ledger(1);
    append(&path, b"{\"chain\":\"01");
    drop(Journal::open(&path).expect("mended"));
    let mended = fs::read(&path).expect("a ledger");
    let torn_entry = mended[..mended.len() - 1].iter().rposition(|&byte| byte == b'\n').expect("lines") + 1;
    // The entry that says so is torn as well; zeros are what a file system may leave.
    for tail in [&mended[torn_entry..torn_entry + 40], &[0; 700], b"\n\n"] {
        fs::write(&path, [&mended[..torn_entry], tail].concat()).expect("room");
        assert!(journal::read(&path).expect("a torn ledger").torn_bytes > 12);
        drop(Journal::open(&path).expect("mended"));
        assert_eq!(journal::read(&path).expect("a mended ledger").torn_bytes, 0);
        assert_eq!(entered(&path), records(1));
    }
    // An entry that only lacks the end of its line is whole.
    let (_folder, path) = new_ledger(2);
    let whole = fs::read(&path).expect("a ledger");
    fs::write(&path, &whole[..whole.len() - 1]).expect("room");
    drop(Journal::open(&path).expect("a ledger"));
    assert_eq!(fs::read(&path).expect("a ledger"), whole);
}

#[test]
fn one_link_writes_a_ledger() {
    let (_folder, path) = new_ledger(1);
    let journal = Journal::open(&path).expect("a ledger");
    assert!(matches!(Journal::open(&path), Err(JournalError::InUse { path: p }) if p == path));
    assert!(journal::read(&path).is_ok(), "anyone may read it");
    drop(journal);
    assert!(Journal::open(&path).is_ok());
}

#[test]
fn other_files_are_no_ledgers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, "[link]\nclock_hz = 1e9\n").expect("room");
    // What is no entry is kept, and said.
    assert_eq!(journal::read(&path).expect("a file").torn_bytes, 21);
    let missing = folder.path().join("missing");
    let error = journal::read(&missing).expect_err("no file").to_string();
    assert!(error.contains("missing") && error.starts_with("cannot open"), "{error}");
    assert!(!missing.exists());
    let error = Journal::open(folder.path()).expect_err("a folder").to_string();
    assert!(error.starts_with("cannot open"), "{error}");
}

const CHILD: &str = "QKDPP_TEST_CHILD_LEDGER";

/// Runs in a child whose files may not grow for ever.
#[test]
fn child_fills_the_disk() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let mut journal = Journal::open(path).expect("a ledger");
    let block = || records(1).remove(1);
    let failed = (0..1000).find_map(|_| journal.append(7, block()).err()).expect("a full disk");
    assert!(matches!(failed, JournalError::Io { action: "write", .. }), "{failed}");
    // What follows would not continue the chain.
    assert!(matches!(journal.append(7, block()), Err(JournalError::Failed { .. })));
}

#[test]
fn on_a_full_disk_the_entry_is_refused_and_the_ledger_goes_on_later() {
    let (_folder, path) = new_ledger(1);
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16 && exec \"$@\"", "sh"])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "child_fills_the_disk", "--nocapture"])
        .env(CHILD, &path)
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let full = journal::read(&path).expect("a ledger");
    assert!(full.torn_bytes > 0 && full.entries.len() > 5, "{} entries", full.entries.len());
    drop(Journal::open(&path).expect("room again"));
    let mended = journal::read(&path).expect("a ledger");
    assert_eq!((mended.torn_bytes, mended.entries.len()), (0, full.entries.len() + 1));
}
