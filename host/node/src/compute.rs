//! `--backend` and `--threads`.

use std::thread;

use qkdpp::backend;
use qkdpp_kernels::Backend;

use crate::error::Failure;

/// Who computes.
#[derive(clap::Args)]
pub(crate) struct Compute {
    /// Backend of the kernels: cpu:reference, cpu:portable, cpu:auto (the fastest of this machine), or a device with the CPU
    /// behind it: sim:model, sim:rtl, vfio:ADDRESS, vfio-user:PATH
    #[arg(long, value_name = "NAME", default_value_t = backend::default_name())]
    backend: String,
    /// Threads of each side's backend; by default half of this machine's cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Compute {
    /// Threads of one side.
    pub(crate) fn threads(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        self.threads.map_or_else(cores, usize::from)
    }

    /// A backend for one side.
    ///
    /// # Errors
    /// If there is none of that name.
    pub(crate) fn open(&self) -> Result<Box<dyn Backend>, Failure> {
        backend::open(&self.backend, self.threads()).map_err(Failure::input)
    }
}
