//! The attack table of host/protocol/SECURITY.md against the sources: each row names a test, and each test named exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::run::{Failed, root};

const TABLE: &str = "host/protocol/SECURITY.md";
const ROWS: u32 = 28;

/// Checks the table.
pub(crate) fn check() -> Result<(), Failed> {
    let table = read(&root().join(TABLE))?;
    let mut tests = BTreeSet::new();
    for folder in ["kernels", "host", "bench"] {
        collect(&root().join(folder), &mut tests)?;
    }
    (1..=ROWS).try_for_each(|row| check_row(row, &table, &tests))
}

/// The line of `row` names a test with its number, and only tests that exist. A name may end with `*`.
fn check_row(row: u32, table: &str, tests: &BTreeSet<String>) -> Result<(), Failed> {
    let start = format!("| {row} |");
    let Some(line) = table.lines().find(|line| line.starts_with(&start)) else {
        return Err(Failed(format!("{TABLE} has no row {row}")));
    };
    let named: Vec<&str> = line.split('`').filter(|name| name.starts_with("attack_")).collect();
    let number = format!("attack_{row:02}_");
    if !named.iter().any(|name| name.starts_with(&number)) {
        return Err(Failed(format!("{TABLE}, row {row}: no test is named {number}…")));
    }
    let exists = |name: &str| match name.strip_suffix('*') {
        Some(prefix) => tests.iter().any(|test| test.starts_with(prefix)),
        None => tests.contains(name),
    };
    match named.iter().find(|name| !exists(name)) {
        Some(name) => Err(Failed(format!("{TABLE}, row {row}: there is no test {name}"))),
        None => Ok(()),
    }
}

/// Names of the functions `attack_…` below `folder`.
fn collect(folder: &Path, tests: &mut BTreeSet<String>) -> Result<(), Failed> {
    let failed = |error: std::io::Error| Failed(format!("{}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, tests)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&path)?;
            let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn attack_"));
            let end = |name: &str| name.find('(').map(|end| format!("attack_{}", &name[..end]));
            tests.extend(names.filter_map(end));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failed> {
    fs::read_to_string(path).map_err(|error| Failed(format!("{}: {error}", path.display())))
}
