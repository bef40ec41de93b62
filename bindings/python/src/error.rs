//! Exceptions, split by who must act, and the conversions into them.
//!
//! Bad arguments and shapes are `ValueError`, files `OSError`; what stops a link has a class of its own per party.

use std::fmt::Display;
use std::io;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use qkdpp::{JournalError, LinkError, StoreError};
use qkdpp_channel::ConfigError;
use qkdpp_channel::record::RecordError;
use qkdpp_protocol::SessionError;

create_exception!(qkdpp, LinkStopped, PyException, "A link stopped; it delivers nothing more.");
create_exception!(
    qkdpp,
    PeerError,
    LinkStopped,
    "The peer, or somebody in between, did not keep to the protocol."
);
create_exception!(
    qkdpp,
    RawDataError,
    LinkStopped,
    "This side's own raw record does not fit the profile or the peer's detections."
);
create_exception!(
    qkdpp,
    OperatorError,
    LinkStopped,
    "Authentication keys, budget, ledger, random source or alarms: the operator must act."
);

/// Wraps what is wrong with an argument.
pub(crate) fn value(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Wraps an error of the system on a file, so that Python sees its number.
fn os(error: &io::Error, shown: String) -> PyErr {
    match error.raw_os_error() {
        // Python makes FileNotFoundError and the like of the number.
        Some(number) => PyOSError::new_err((number, shown)),
        None => PyOSError::new_err(shown),
    }
}

/// Wraps an error in a config.
pub(crate) fn config(error: &ConfigError) -> PyErr {
    match error {
        ConfigError::File { error: system, .. } => os(system, error.to_string()),
        ConfigError::Invalid(reason) => value(reason),
    }
}

/// Wraps an error in a record.
pub(crate) fn record(error: &RecordError) -> PyErr {
    match error {
        RecordError::Io { source, .. } => os(source, error.to_string()),
        _ => value(error),
    }
}

/// Wraps an error of a key pool.
pub(crate) fn store(error: &StoreError) -> PyErr {
    match error {
        StoreError::SecretTooShort { .. } | StoreError::ZeroBlock { .. } => value(error),
        _ => OperatorError::new_err(error.to_string()),
    }
}

/// Wraps an error of a ledger.
pub(crate) fn journal(error: &JournalError) -> PyErr {
    OperatorError::new_err(error.to_string())
}

/// Wraps what stopped a link.
pub(crate) fn link(error: &LinkError) -> PyErr {
    let shown = error.to_string();
    match error {
        LinkError::Profile(_) => value(shown),
        LinkError::Session(SessionError::Peer(_)) => PeerError::new_err(shown),
        LinkError::Session(SessionError::Record(_)) => RawDataError::new_err(shown),
        LinkError::Session(SessionError::Stopped | SessionError::Driver(_)) => LinkStopped::new_err(shown),
        LinkError::Session(SessionError::Budget(_) | SessionError::Alarms { .. })
        | LinkError::Store(_)
        | LinkError::Entropy(_)
        | LinkError::Journal(_) => OperatorError::new_err(shown),
    }
}
