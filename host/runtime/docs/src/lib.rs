//! The Rust blocks of the book as tests of documentation; chapters/ is the text. The blocks of other languages are run by
//! tests/chapters, and what tests/ holds beside it compares the text with the sources.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use qkdpp_channel::record::Writer;
use qkdpp_channel::{Config, feed};
use qkdpp_protocol::Role;
use tempfile::TempDir;

/// The folder in which the reader of "Your detector to a key" stands when the programs are written: first.toml and run1/ are
/// there. The process works in it from here on.
///
/// # Panics
/// If a file cannot be written, or the chapter holds no such config.
pub fn first_key_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    env::set_current_dir(folder.path()).expect("it can be entered");
    let (_, text) = include_str!("../chapters/first-key.md").split_once("```toml\n").expect("the config");
    let (text, _) = text.split_once("```").expect("its end");
    fs::write("first.toml", text).expect("the folder is writable");
    fs::create_dir("run1").expect("the folder is writable");
    let config = Config::load("first.toml").expect("the config is valid");
    let link = config.link.as_ref().expect("it has optics");
    let writer = |role, name| Writer::create(Path::new(name), role, link.clock_hz).expect("a new record");
    let mut alice = writer(Role::Alice, "run1/alice.qkdraw");
    let mut bob = writer(Role::Bob, "run1/bob.qkdraw");
    for batch in feed::simulated(link, &config.profile, None, 1, 2).expect("the link is valid") {
        alice.write(batch.block, &batch.alice).expect("the record is written");
        bob.write(batch.block, &batch.bob).expect("the record is written");
    }
    alice.finish().expect("the record is written");
    bob.finish().expect("the record is written");
    folder
}

/// Compares keys that a program of that chapter has written with those of `qkdpp distill` from the same records and seed.
/// Where `qkdpp` was not built it says so; with `QKDPP_BOOK=all` in the environment that is a failure.
///
/// # Panics
/// If the keys differ, or the program fails.
pub fn same_as_program(file: &str) {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target"), PathBuf::from);
    let program = target.join("debug/qkdpp");
    if !program.exists() {
        assert!(env::var_os("QKDPP_BOOK").is_none(), "{} is missing", program.display());
        eprintln!("SKIPPED: {} is not built, so the keys were not compared with its", program.display());
        return;
    }
    let arguments = "distill --alice run1/alice.qkdraw --bob run1/bob.qkdraw --config first.toml --seed 5 --keys program.txt";
    let status = Command::new(program).args(arguments.split(' ')).env_remove("QKDPP_BACKEND").status();
    assert!(status.expect("the program starts").success());
    let [ours, program] = [file, "program.txt"].map(|name| fs::read(name).expect("a file of keys"));
    assert!(!ours.is_empty() && ours == program, "{file} is not what the program writes");
}

macro_rules! chapters {
    ($($name:ident $file:literal)*) => {
        $(#[cfg(doctest)] #[doc = include_str!(concat!("../chapters/", $file))] pub struct $name;)*
    };
}

chapters! {
    Introduction "introduction.md"
    Concept "concept.md"
    FirstKey "first-key.md"
    Configuration "configuration.md"
    Epsilon "epsilon.md"
    Tuning "tuning.md"
    Fpga "fpga.md"
    Troubleshooting "troubleshooting.md"
}
