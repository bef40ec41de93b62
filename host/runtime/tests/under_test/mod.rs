//! The backend under test: what `QKDPP_BACKEND` names, `cpu:portable` by default. A device has the CPU behind it.

#![allow(dead_code, reason = "several test programs share this, and each uses a part")]

use qkdpp::backend;
use qkdpp_kernels::Backend;

/// Its name.
pub(crate) fn name() -> String {
    std::env::var(backend::VARIABLE).unwrap_or_else(|_| "cpu:portable".to_owned())
}

/// A new one, with one thread.
pub(crate) fn open() -> Box<dyn Backend> {
    backend::open(&name(), 1).expect("the backend under test")
}
