//! Files of LDPC codes: what is read is written and read again the same.

use qkdpp_kernels::ldpc::file::CodeFile;

/// Checks one input.
///
/// # Panics
/// If a code that was read differs from what is read of its text form.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(file) = CodeFile::parse(text) else { return };
    let again = CodeFile::parse(&file.to_string());
    assert!(again.as_ref() == Ok(&file), "read again: {again:?}");
}
