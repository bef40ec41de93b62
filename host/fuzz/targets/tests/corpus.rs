//! The committed corpus through every target, without cargo-fuzz.

use std::fs;
use std::path::Path;

use qkdpp_fuzz_targets::TARGETS;

/// Bytes of all inputs together: a corpus is kept small by `cargo fuzz cmin`.
const LIMIT: usize = 200_000;

#[test]
fn every_input_of_the_corpus_keeps_every_promise() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let mut bytes = 0;
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(corpus.join(name)).expect("a folder for each target") {
            let path = entry.expect("a file").path();
            let input = fs::read(&path).expect("a file");
            eprintln!("{}", path.display());
            target(&input);
            (inputs, bytes) = (inputs + 1, bytes + input.len());
        }
        assert!(inputs >= 5, "{inputs} inputs for {name}");
    }
    assert!(bytes <= LIMIT, "{bytes} bytes of corpus");
}
