//! [`LinkConfig`]: what a link is made of, as C says it, and making one.

use std::path::PathBuf;

use qkdpp::entropy::InsecureSeed;
use qkdpp::{Entropy, Journal, Link, LinkConfig as Parts, OsEntropy, Pool, backend};
use qkdpp_channel::Config;
use qkdpp_kernels::Backend;
use qkdpp_protocol::Role;

use crate::boundary::{Callbacks, Text, Wake, check_size};
use crate::error::Error;

/// qkdpp_link_new, qkdpp_record_open: Alice, the source; in entanglement-based links, the side whose bits are the reference.
pub const QKDPP_ALICE: u32 = 0;
/// qkdpp_link_new, qkdpp_record_open: Bob, the receiver, who corrects his key.
pub const QKDPP_BOB: u32 = 1;

/// What a link is made of. Texts are copied.
#[repr(C)]
pub struct LinkConfig<'a> {
    /// sizeof(qkdpp_link_config).
    size: usize,
    /// The text of a config file, in TOML: the same as `qkdpp distill --config` reads. Its table [profile] must be the same on
    /// both sides.
    config: Text<'a>,
    /// Path of the key pool with the authentication keys that this side shares with the peer; qkdpp_pool_create makes one. Only
    /// one link at a time can have it open.
    pool: Text<'a>,
    /// Path of the ledger on disk, which is made if it is not there and goes on if it is; every block is entered before its key
    /// is handed out. NULL: no record is kept.
    ledger: Text<'a>,
    /// Who computes, by the same names as `qkdpp --backend`: cpu:reference, cpu:portable, cpu:avx2, cpu:avx512, cpu:auto, sim:model, vfio:ADDRESS,
    /// vfio-user:PATH. NULL: the name in the environment variable QKDPP_BACKEND, or cpu:auto.
    backend: Text<'a>,
    /// Threads of the CPU backend, at most 1024. 0: none, it computes within calls with the link.
    threads: usize,
}

/// What came of it.
pub(super) struct Opened {
    pub(super) link: Link,
    pub(super) ledger: Option<PathBuf>,
    pub(super) wake: Wake,
}

impl LinkConfig<'_> {
    /// Opens everything. With a seed, all randomness follows from it.
    pub(super) fn open(
        &self,
        role: u32,
        callbacks: Option<&Callbacks>,
        seed: Option<InsecureSeed>,
    ) -> Result<Opened, Error> {
        check_size::<Self>("config", self.size)?;
        let callbacks = Callbacks::of(callbacks)?;
        let role = self::role(role)?;
        let text = self.config.get("config->config")?;
        let mut profile = Config::parse("config->config", text.to_owned())?.profile;
        let entropy: Box<dyn Entropy> = match (seed, callbacks.and_then(|callbacks| callbacks.entropy())) {
            (None, None) => Box::new(OsEntropy),
            (None, Some(source)) => Box::new(source),
            (Some(seed), None) => {
                profile = seed.in_order(profile);
                Box::new(seed.entropy(role))
            }
            (Some(_), Some(_)) => {
                return Err(Error::argument("callbacks->entropy is set, but a seed takes its place"));
            }
        };
        let backend = open_backend(self.backend, self.threads)?;
        let pool = Pool::open(self.pool.get("config->pool")?)?;
        let ledger = self.ledger.optional("config->ledger")?.map(PathBuf::from);
        let journal = ledger.as_ref().map(Journal::open).transpose()?;
        let mut link = Link::new(Parts { role, profile, backend, pool, entropy, journal })?;
        let wake = Wake::new(callbacks);
        let bell = wake.clone();
        link.set_waker(std::sync::Arc::new(move || bell.call()));
        Ok(Opened { link, ledger, wake })
    }
}

/// A side by its number.
pub(crate) fn role(role: u32) -> Result<Role, Error> {
    match role {
        QKDPP_ALICE => Ok(Role::Alice),
        QKDPP_BOB => Ok(Role::Bob),
        _ => Err(Error::argument(format!("role is {role}, it must be QKDPP_ALICE (0) or QKDPP_BOB (1)"))),
    }
}

/// Threads that make sense on any machine of today.
const MAX_THREADS: usize = 1024;

/// The backend called `name`, or the default one.
pub(crate) fn open_backend(name: Text<'_>, threads: usize) -> Result<Box<dyn Backend>, Error> {
    let name = name.optional("the backend's name")?.map_or_else(backend::default_name, str::to_owned);
    match threads {
        0 => Ok(backend::open_inline(&name)?),
        1..=MAX_THREADS => Ok(backend::open(&name, threads)?),
        _ => Err(Error::argument(format!("threads is {threads}, at most {MAX_THREADS} are possible"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<'a> LinkConfig<'a> {
        pub(crate) fn new(config: Text<'a>, pool: Text<'a>, ledger: Text<'a>) -> Self {
            Self {
                size: size_of::<Self>(),
                config,
                pool,
                ledger,
                backend: Text::from(c"cpu:auto"),
                threads: 0,
            }
        }

        pub(crate) fn with_size(self, size: usize) -> Self {
            Self { size, ..self }
        }

        pub(crate) fn with_backend(self, backend: Text<'a>, threads: usize) -> Self {
            Self { backend, threads, ..self }
        }
    }
}
