//! `--keys`: the keys of a seeded run as text, to be compared with those of other programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::Failure;
use crate::pair::Block;

/// Writes a line for each block with a key: `block 0: 1234 bits 01ef…`, bytes least significant bit first.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write(path: &Path, blocks: &[Block]) -> Result<(), Failure> {
    let mut text = String::new();
    for key in blocks.iter().filter_map(|block| block.key.as_ref()) {
        let _ = write!(text, "block {}: {} bits ", key.block(), key.len());
        key.with_bytes(|bytes| bytes.iter().for_each(|byte| _ = write!(text, "{byte:02x}")));
        text.push('\n');
    }
    fs::write(path, text).map_err(Failure::file(path))
}
