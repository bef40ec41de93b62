//! [`Exclusive`]: what a handle holds, for one call at a time.

use std::sync::{Mutex, MutexGuard, TryLockError};

use crate::error::{Error, Status};

/// The inside of a handle. A second call at the same time, from another thread or from a callback, is refused instead of
/// waiting: a callback would wait for itself. After a panic nothing is handed out any more.
pub(crate) struct Exclusive<T>(Mutex<T>);

/// Handles move between threads as C likes.
impl<T: Send> Exclusive<T> {
    pub(crate) fn new(inside: T) -> Self {
        Self(Mutex::new(inside))
    }

    /// The inside, until the guard is dropped.
    pub(crate) fn get(&self) -> Result<MutexGuard<'_, T>, Error> {
        self.0.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::new(
                Status::Busy,
                "another thread, or the call that this callback belongs to, uses the handle",
            ),
            TryLockError::Poisoned(_) => {
                Error::new(Status::Panic, "the library panicked in an earlier call with this handle: free it")
            }
        })
    }
}
