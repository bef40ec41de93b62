//! Which library this is.

use std::ffi::{CStr, c_char};

/// Version of the binary interface that this header describes. It changes with every change that a program compiled
/// before would notice; what is added leaves it as it is. The shared library is called libqkdpp.so.QKDPP_ABI_VERSION.
pub const QKDPP_ABI_VERSION: u32 = 1;

/// As C reads it.
const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("a version has no NUL"),
};

/// The library's semantic version, for example "0.1.0". Static. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The version of the binary interface that the library has. A program that loads the library itself compares it with
/// QKDPP_ABI_VERSION and must not go on if they differ. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_abi_version() -> u32 {
    QKDPP_ABI_VERSION
}
