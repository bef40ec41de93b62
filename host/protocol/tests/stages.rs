//! Stages are types: programs that skip one, use one twice or make a key themselves do not compile. Each case in
//! `stages/` says what it tries, and the compiler's answer stands beside it, in the words of one version of the compiler.

use std::process::Command;

/// The compiler whose words stand in `stages/*.stderr`.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn attack_02_skipping_a_stage_does_not_compile() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().expect("the compiler tells its version");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if !version.starts_with(COMPILER) {
        eprintln!("SKIPPED: the expected messages are those of {COMPILER}x, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/stages/*.rs");
}
