//! The header is made from this crate, and is what is committed; what it promises is what Rust compiled.

use std::fs;
use std::path::Path;

use crate::version::{QKDPP_ABI_VERSION, qkdpp_abi_version};

fn manifest(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(manifest(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// With QKDPP_WRITE_HEADER in the environment it is written instead: `cargo xtask c-header`.
#[test]
fn the_header_is_up_to_date() {
    let config = cbindgen::Config::from_file(manifest("cbindgen.toml")).expect("a configuration");
    let made =
        cbindgen::Builder::new().with_crate(manifest("")).with_config(config).generate().expect("a header");
    let mut header = Vec::new();
    made.write(&mut header);
    let header = String::from_utf8(header).expect("UTF-8");
    if std::env::var_os("QKDPP_WRITE_HEADER").is_some() {
        fs::write(manifest("include/qkdpp.h"), &header).expect("the header is written");
    }
    assert!(header == read("include/qkdpp.h"), "include/qkdpp.h is not what src says: cargo xtask c-header");
}

/// Every function of the header is in the list of symbols, and the other way round.
#[test]
fn the_list_of_symbols_is_that_of_the_header() {
    let header = read("include/qkdpp.h");
    let mut functions: Vec<&str> = header
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '('))
        .filter_map(|word| word.split_once('(').map(|(name, _)| name))
        .filter(|name| name.starts_with("qkdpp_"))
        .collect();
    functions.sort_unstable();
    functions.dedup();
    assert_eq!(functions, read("abi/symbols.txt").lines().collect::<Vec<_>>());
}

#[test]
fn the_version_of_the_interface_stands_in_one_number() {
    assert_eq!(qkdpp_abi_version(), QKDPP_ABI_VERSION);
    let name = format!("libqkdpp.so.{QKDPP_ABI_VERSION}\"");
    assert!(read("build.rs").contains(&name));
    assert!(read("abi/qkdpp.map").starts_with(&format!("QKDPP_{QKDPP_ABI_VERSION} {{")));
}
