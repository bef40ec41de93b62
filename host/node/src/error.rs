//! Why a command failed, for the person at the terminal.

use std::io;
use std::path::{Path, PathBuf};

use qkdpp::exchange::ExchangeError;
use qkdpp_channel::ConfigError;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file could not be read or written.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// Input that cannot be used; names it and the numbers.
    #[error("{0}")]
    Input(String),
    /// The link or the session stopped.
    #[error("{side}: {error}")]
    Link {
        /// Which side.
        side: &'static str,
        /// Why.
        error: String,
    },
    /// Alice and Bob were given different keys, or only one of them was given a key.
    #[error("block {block}: the keys of Alice and Bob differ")]
    KeysDiffer {
        /// The block.
        block: u64,
    },
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        Self::input(error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::File { path, error } => Self::File { path, error },
            ConfigError::Invalid(reason) => Self::Input(reason),
        }
    }
}

impl Failure {
    /// Wraps an error of the operating system on `path`.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::File { path: path.to_owned(), error }
    }

    /// Wraps any error in the input.
    pub(crate) fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }
}
