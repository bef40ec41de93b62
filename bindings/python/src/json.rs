//! Between serde and Python's dicts, by way of JSON: floats keep all their bits, and a NaN is refused.

use pyo3::prelude::*;
use pyo3::types::{PyAnyMethods, PyDict};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error;

/// A Python object of `what`.
pub(crate) fn to_python<'py>(py: Python<'py>, what: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(what).map_err(error::value)?;
    py.import("json")?.call_method1("loads", (text,))
}

/// What `object` describes; errors call it `name`.
pub(crate) fn from_python<T: DeserializeOwned>(object: &Bound<'_, PyAny>, name: &str) -> PyResult<T> {
    let options = PyDict::new(object.py());
    options.set_item("allow_nan", false)?;
    // Lists of counts often come as numpy arrays.
    let to_list = object.py().import("operator")?.call_method1("methodcaller", ("tolist",))?;
    options.set_item("default", to_list)?;
    let text: String =
        object.py().import("json")?.call_method("dumps", (object,), Some(&options))?.extract()?;
    serde_json::from_str(&text).map_err(|error| error::value(format_args!("{name}: {error}")))
}
