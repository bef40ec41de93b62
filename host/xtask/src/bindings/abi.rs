//! [`check`]: what programs that were compiled before rely on.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{ABI, STRICT, failed, output, source, target, text};
use crate::run::{Failed, program};

/// What is exported is qkdpp_* and nothing else, as listed; what a compiled program has built in is as listed.
pub(super) fn check(prefix: &Path) -> Result<(), Failed> {
    compare("symbols.txt", &symbols(prefix)?)?;
    let layout = target("c/layout");
    let (source, include) = (text(&source("abi/layout.c")), format!("-I{}", text(&prefix.join("include"))));
    program("cc", &[&STRICT[..], &["-std=c11", &include, &source, "-o", &text(&layout)]].concat())?;
    compare("layout.txt", &output(&mut Command::new(layout))?)
}

/// The exported functions, each on a line.
fn symbols(prefix: &Path) -> Result<String, Failed> {
    let shared = prefix.join("lib/libqkdpp.so");
    let nm = ["--dynamic", "--defined-only", "--with-symbol-versions", "--format=posix"];
    let listed = output(Command::new("nm").args(nm).arg(&shared))?;
    let version = format!("@@QKDPP_{ABI}");
    let mut names = String::new();
    for line in listed.lines() {
        let (symbol, rest) = line.split_once(' ').unwrap_or((line, ""));
        // The version is listed as an absolute symbol, too.
        if rest.starts_with("A ") && symbol.trim_end_matches(&version).is_empty() || symbol == &version[2..] {
            continue;
        }
        match symbol.strip_suffix(&version).filter(|name| name.starts_with("qkdpp_")) {
            Some(name) => names = names + name + "\n",
            None => return Err(Failed(format!("{} exports {symbol}", text(&shared)))),
        }
    }
    Ok(names)
}

/// Compares with a committed file.
fn compare(name: &str, made: &str) -> Result<(), Failed> {
    let committed = source("abi").join(name);
    if fs::read_to_string(&committed).map_err(failed(&committed))? == made {
        return Ok(());
    }
    let new = target("c").join(name);
    fs::write(&new, made).map_err(failed(&new))?;
    Err(Failed(format!(
        "the binary interface has changed: compare {} with {}. What is new may be entered there; if something is gone or has \
         moved, QKDPP_ABI_VERSION goes up",
        text(&committed),
        text(&new)
    )))
}
