//! Where C ends and Rust begins: everything that holds for all exported functions.
//!
//! | concern | dealt with by |
//! |-|-|
//! | panics, error codes, the message of the last error | [`call`] |
//! | NULL where something must be | [`required`] |
//! | text, bytes and bits that C lends | [`Text`], [`Bytes`], [`Bits`], [`MutBits`] |
//! | structures that may grow | [`check_size`] |
//! | one handle in two threads, or in its own callback | [`Exclusive`] |
//! | functions that C gives | [`Callbacks`] |

mod borrowed;
mod callbacks;
mod exclusive;

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{self, AssertUnwindSafe};

pub(crate) use borrowed::{Bits, Bytes, MutBits, Text, array};
pub(crate) use callbacks::{Callbacks, Wake};
pub(crate) use exclusive::Exclusive;

use crate::error::{Error, Status};

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Runs the body of an exported function: no panic leaves it, and its error becomes a number and this thread's message.
pub(crate) fn call(body: impl FnOnce() -> Result<(), Error>) -> Status {
    // Whoever is caught in the middle of a change is poisoned (`Exclusive`), so nothing torn is seen afterwards.
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    let Err(error) = outcome.unwrap_or_else(|payload| Err(Error::panic(&*payload))) else {
        return Status::Ok;
    };
    let Error { status, message } = error;
    // A thread that is ending has no messages any more, and nobody to read them.
    let _ = LAST_ERROR.try_with(|last| *last.borrow_mut() = c_string(message));
    status
}

/// The message of the latest call in this thread that failed; "" if none has. It names the thing, the numbers and, by the
/// status, who must act; nothing in it is secret. It belongs to the library and stays as it is until another call fails in
/// this thread. Threads: any, each has its own.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_last_error() -> *const c_char {
    LAST_ERROR.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Text for C, whatever is in it.
pub(crate) fn c_string(text: String) -> CString {
    CString::new(text).unwrap_or_else(|error| {
        let mut bytes = error.into_vec();
        bytes.retain(|byte| *byte != 0);
        CString::new(bytes).unwrap_or_default()
    })
}

/// The argument `what`, which must not be NULL.
pub(crate) fn required<T>(what: &str, argument: Option<T>) -> Result<T, Error> {
    argument.ok_or_else(|| Error::new(Status::Null, format!("{what} is NULL")))
}

/// Checks the first member of a structure, by which a later library will know which one it was given.
pub(crate) fn check_size<T>(what: &str, size: usize) -> Result<(), Error> {
    let want = size_of::<T>();
    if size == want {
        return Ok(());
    }
    Err(Error::argument(format!(
        "{what}->size is {size}, this library knows {want}: set it to sizeof, and use the library's own header"
    )))
}

/// This thread's message.
#[cfg(test)]
pub(crate) fn last_error() -> String {
    LAST_ERROR.with(|last| last.borrow().clone().into_string().expect("UTF-8"))
}
