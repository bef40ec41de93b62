//! The kernels as plain functions: each validates its input, runs one job on a backend, and writes the result into the
//! caller's memory. What they compute, bit for bit, is kernels/SPEC.md.

pub(crate) mod hashing;
pub(crate) mod ldpc;
pub(crate) mod sifting;

use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

use qkdpp_kernels::{Backend as Runs, Job, JobId, Output};

use crate::boundary::{Exclusive, Text, call, required};
use crate::error::{Error, Status};
use crate::link::open_backend;

/// Who computes kernels.
pub struct Backend(Exclusive<Box<dyn Runs>>);

impl Backend {
    /// Runs one job to its end.
    fn run(backend: Option<&Self>, job: Job) -> Result<Output, Error> {
        let mut backend = required("backend", backend)?.0.get()?;
        let busy = |_| Error::new(Status::Internal, "an idle backend took no job");
        backend.submit(JobId(0), job).map_err(busy)?;
        loop {
            if let Some(done) = backend.wait(Duration::from_secs(1)) {
                return done.result.map_err(|(fault, _)| Error::new(Status::Backend, fault));
            }
        }
    }
}

/// A backend answered another kernel.
fn mixed_up(_: Output) -> Error {
    Error::new(Status::Internal, "the backend answered another kernel")
}

/// Opens the backend called name for kernels, by the same names as `qkdpp --backend`; qkdpp_link_config.backend says which,
/// also what NULL means, and threads as there. A device has the CPU behind it. The backend belongs to the caller, who gives it
/// back to qkdpp_backend_free; *backend is NULL if there is none. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_backend_open(
    name: Text<'_>,
    threads: usize,
    backend: Option<&mut MaybeUninit<*mut Backend>>,
) -> Status {
    call(|| {
        let backend = required("backend", backend)?;
        backend.write(ptr::null_mut());
        let opened = Backend(Exclusive::new(open_backend(name, threads)?));
        backend.write(Box::into_raw(Box::new(opened)));
        Ok(())
    })
}

/// Closes a backend. NULL does nothing. Threads: any, but no call with this backend may run, and none may follow.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_backend_free(backend: Option<Box<Backend>>) {
    call(|| {
        drop(backend);
        Ok(())
    });
}
