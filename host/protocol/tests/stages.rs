//! Stages are types: programs that skip one, use one twice or make a key themselves do not compile. Each case in
//! `stages/` says what it tries, and the compiler's answer stands beside it.

#[test]
fn skipping_a_stage_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/stages/*.rs");
}
