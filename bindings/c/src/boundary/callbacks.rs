//! [`Callbacks`]: functions that C gives a link, and what keeps their promises.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use qkdpp::{Entropy, EntropyError};

use super::check_size;
use crate::error::Error;

/// Functions that a link calls. They must not unwind (no C++ exception, no longjmp), and must not use the link.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Callbacks {
    /// sizeof(qkdpp_callbacks).
    size: usize,
    /// Handed to each of them; the library does nothing else with it. It must outlive the link.
    context: *mut c_void,
    /// Fills data with size uniform random bytes of full entropy, for example from a quantum random number generator, and
    /// returns 0; anything else stops the link. The library runs the health tests of SP 800-90B on what it gets. Called
    /// within calls with the link, in their thread. NULL: the operating system's generator.
    entropy: Option<unsafe extern "C" fn(context: *mut c_void, data: *mut u8, size: usize) -> i32>,
    /// Called, from any thread, also within calls with the link, when qkdpp_link_poll has something to do: a job has
    /// finished. It should only wake whoever polls, for example by writing to an eventfd. Never called once qkdpp_link_free
    /// has returned. NULL: nobody is told.
    wake: Option<unsafe extern "C" fn(context: *mut c_void)>,
}

// SAFETY: the header demands that `wake` may be called from any thread, and `entropy` in whatever thread uses the link, with
// this context; the library does not follow the pointer itself.
unsafe impl Send for Callbacks {}

impl Callbacks {
    /// Checks what was given.
    pub(crate) fn of(callbacks: Option<&Self>) -> Result<Option<Self>, Error> {
        callbacks
            .map(|callbacks| check_size::<Self>("callbacks", callbacks.size).map(|()| *callbacks))
            .transpose()
    }

    /// The random source, if there is one.
    pub(crate) fn entropy(&self) -> Option<CallerEntropy> {
        self.entropy.is_some().then_some(CallerEntropy(*self))
    }
}

/// The program's own random source.
pub(crate) struct CallerEntropy(Callbacks);

impl Entropy for CallerEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let Callbacks { context, entropy, .. } = self.0;
        let Some(entropy) = entropy else { return Err(EntropyError::Source("there is none".to_owned())) };
        // SAFETY: the header says what this function is called with: its context, and room for as many bytes as we say.
        match unsafe { entropy(context, bytes.as_mut_ptr(), bytes.len()) } {
            0 => Ok(()),
            code => Err(EntropyError::Source(format!("the callback entropy returned {code}"))),
        }
    }
}

/// Who is woken. Shared with the backend's threads, which may outlive the link for a moment.
#[derive(Clone)]
pub(crate) struct Wake(Arc<Mutex<Option<Callbacks>>>);

impl Wake {
    pub(crate) fn new(callbacks: Option<Callbacks>) -> Self {
        Self(Arc::new(Mutex::new(callbacks)))
    }

    /// Calls the program, unless the link is gone.
    pub(crate) fn call(&self) {
        let callbacks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Callbacks { context, wake: Some(wake), .. }) = *callbacks {
            // SAFETY: the header says that it is called with its context from any thread, until the link has been freed; the
            // lock is held, so `silence` waits for this call.
            unsafe { wake(context) }
        }
    }

    /// Waits for a call that is under way, and lets no more happen.
    pub(crate) fn silence(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Callbacks {
        pub(crate) fn new(
            context: *mut c_void,
            entropy: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32>,
            wake: Option<unsafe extern "C" fn(*mut c_void)>,
        ) -> Self {
            Self { size: size_of::<Self>(), context, entropy, wake }
        }

        pub(crate) fn with_size(self, size: usize) -> Self {
            Self { size, ..self }
        }
    }

    unsafe extern "C" fn count(context: *mut c_void) {
        // SAFETY: the context of the test below.
        unsafe { *context.cast::<u32>() += 1 };
    }

    #[test]
    fn nobody_is_woken_after_the_silence() {
        let mut calls = 0_u32;
        let wake = Wake::new(Some(Callbacks::new((&raw mut calls).cast(), None, Some(count))));
        let of_a_thread = wake.clone();
        of_a_thread.call();
        of_a_thread.call();
        wake.silence();
        of_a_thread.call();
        assert_eq!(calls, 2);
    }
}
