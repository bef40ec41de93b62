//! `--backend` and `--threads`.

use std::thread;

use qkdpp::backend;
use qkdpp_kernels::Backend;

use crate::error::Failure;

/// Who computes.
#[derive(clap::Args)]
pub(crate) struct Compute {
    /// Backend of the kernels: cpu:reference, cpu:portable, cpu:avx2, cpu:avx512, cpu:auto (the fastest of this machine), or a device with the CPU
    /// behind it: sim:model, sim:rtl, vfio:ADDRESS, vfio-user:PATH
    #[arg(long, value_name = "NAME", default_value_t = backend::default_name())]
    backend: String,
    /// Threads of each side's backend; by default half of this machine's cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Who computes for both sides of a link.
#[derive(clap::Args)]
pub(crate) struct BothSides {
    #[command(flatten)]
    compute: Compute,
    /// Backend of Bob's kernels, if it is not that of Alice's: a card serves one side at a time
    #[arg(long, value_name = "NAME")]
    bob_backend: Option<String>,
}

impl BothSides {
    /// Threads of one side.
    pub(crate) fn threads(&self) -> usize {
        self.compute.threads()
    }

    /// Alice's and Bob's backend.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be used.
    pub(crate) fn open(&self) -> Result<Backends, Failure> {
        let alice = self.compute.open()?;
        let bob = self.compute.open_named(self.bob_backend.as_ref().unwrap_or(&self.compute.backend))?;
        let name = match &self.bob_backend {
            None => alice.name(),
            Some(_) => format!("{}; Bob: {}", alice.name(), bob.name()),
        };
        Ok(Backends { name, alice, bob })
    }
}

/// What computes for both sides of a link.
pub(crate) struct Backends {
    /// As shown.
    pub(crate) name: String,
    pub(crate) alice: Box<dyn Backend>,
    pub(crate) bob: Box<dyn Backend>,
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
        self.open_named(&self.backend)
    }

    fn open_named(&self, name: &str) -> Result<Box<dyn Backend>, Failure> {
        backend::open(name, self.threads()).map_err(Failure::input)
    }
}
