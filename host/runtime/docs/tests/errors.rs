//! The chapter on errors knows every error there is: the variants are read from the sources, the numbers from the C header.

use std::fs;
use std::path::Path;

const CHAPTER: &str = include_str!("../chapters/troubleshooting.md");
/// Where the errors are that reach whoever links the library.
const ENUMS: [(&str, &str); 14] = [
    ("host/protocol/src/error.rs", "SessionError"),
    ("host/protocol/src/error.rs", "ProtocolError"),
    ("host/protocol/src/error.rs", "RecordError"),
    ("host/protocol/src/budget.rs", "BudgetError"),
    ("host/runtime/src/link.rs", "LinkError"),
    ("host/runtime/src/serve.rs", "ServeError"),
    ("host/runtime/src/pool/error.rs", "StoreError"),
    ("host/runtime/src/entropy/mod.rs", "EntropyError"),
    ("host/runtime/src/journal/error.rs", "JournalError"),
    ("host/runtime/src/backend.rs", "OpenError"),
    ("kernels/src/backend.rs", "Fault"),
    ("host/channel/src/record/mod.rs", "RecordError"),
    ("host/channel/src/config.rs", "ConfigError"),
    ("host/protocol/src/monitor/mod.rs", "Monitor"),
];

fn source(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the variants: what begins a line of the enum's body with a capital letter.
fn variants(text: &str, name: &str) -> Vec<String> {
    let (_, body) =
        text.split_once(&format!("pub enum {name} {{\n")).unwrap_or_else(|| panic!("no enum {name}"));
    let (body, _) = body.split_once("\n}").expect("its end");
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    names
        .map(|line| line.split(|end: char| !end.is_alphanumeric()).next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn every_error_has_its_line() {
    let mut count = 0;
    for (path, name) in ENUMS {
        for variant in variants(&source(path), name) {
            let wanted = if name == "Monitor" { shown(&variant) } else { format!("{name}::{variant}") };
            assert!(
                CHAPTER.contains(&format!("`{wanted}`")),
                "troubleshooting.md says nothing of `{wanted}`"
            );
            count += 1;
        }
    }
    assert!(count > 60, "only {count} errors were found");
}

/// A monitor as reports name it: `GainRatios` is "gain ratios", but after-pulses have a hyphen.
fn shown(variant: &str) -> String {
    if variant == "AfterPulses" {
        return "after-pulses".to_owned();
    }
    let mut words = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[test]
fn every_number_of_the_c_interface_has_its_line() {
    let header = source("bindings/c/include/qkdpp.h");
    let numbers = header.lines().filter_map(|line| {
        let (name, number) = line.trim().strip_suffix(',')?.split_once(" = ")?;
        name.starts_with("QKDPP_STATUS_").then_some((name, number))
    });
    let mut count = 0;
    for (name, number) in numbers {
        let line = format!("| {number} | `{name}` |");
        assert!(CHAPTER.contains(&line), "troubleshooting.md has no line that begins with {line}");
        count += 1;
    }
    assert!(count >= 10, "only {count} numbers were found");
}

/// Names of the C interface in the text, which no compiler sees.
#[test]
fn every_name_of_the_c_interface_is_in_its_header() {
    let header = source("bindings/c/include/qkdpp.h");
    let kinds = ["qkdpp_link", "qkdpp_pool", "qkdpp_record", "qkdpp_last", "qkdpp_status", "QKDPP_"];
    let mut count = 0;
    for chapter in [CHAPTER, include_str!("../chapters/first-key.md")] {
        for name in chapter.split(|end: char| !end.is_alphanumeric() && end != '_') {
            if kinds.iter().any(|kind| name.starts_with(kind)) {
                assert!(header.contains(name), "the header has no {name}");
                count += 1;
            }
        }
    }
    assert!(count > 30, "only {count} names were found");
}

#[test]
fn links_lead_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("chapters");
    for entry in fs::read_dir(&folder).expect("the chapters") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a chapter");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let aim = if file.is_empty() { path.clone() } else { folder.join(file) };
            let there = fs::read_to_string(&aim).unwrap_or_else(|_| panic!("{}: {target}", path.display()));
            let found =
                anchor.is_empty() || there.lines().any(|line| heading(line).as_deref() == Some(anchor));
            assert!(found, "{}: no heading for {target}", path.display());
        }
    }
}

/// The anchor that mdBook gives a heading.
fn heading(line: &str) -> Option<String> {
    let title = line.trim_start_matches('#');
    let kept = title.trim().chars().filter(|&c| c.is_alphanumeric() || "_- ".contains(c));
    (title.len() < line.len())
        .then(|| kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect())
}
