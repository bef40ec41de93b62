//! [`Progress`]: the pause that long work makes between its steps, to show how far it is and to notice Ctrl-C.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBool;

/// Who is told how far a piece of work is.
pub(crate) struct Progress<'py> {
    py: Python<'py>,
    callback: Option<Bound<'py, PyAny>>,
    total: u64,
}

impl<'py> Progress<'py> {
    /// For `total` steps called `unit`. `wanted`: a callable of (done, total), `False` for nothing, `None` for a line on the
    /// terminal.
    pub(crate) fn new(
        py: Python<'py>,
        wanted: Option<Bound<'py, PyAny>>,
        unit: &str,
        total: u64,
    ) -> PyResult<Self> {
        let callback = match wanted {
            None => Some(py.import("qkdpp._progress")?.call_method1("line", (unit,))?),
            Some(callback) if callback.is_callable() => Some(callback),
            Some(other) if other.is(PyBool::new(py, false)) => None,
            Some(other) => {
                let found = other.get_type();
                return Err(PyTypeError::new_err(format!(
                    "progress is a callable of (done, total), False or None, not {found}"
                )));
            }
        };
        Ok(Self { py, callback, total })
    }

    /// `done` steps are done.
    ///
    /// # Errors
    /// `KeyboardInterrupt` if Ctrl-C was pressed meanwhile, or what the callable raised.
    pub(crate) fn at(&self, done: u64) -> PyResult<()> {
        if let Some(callback) = &self.callback {
            callback.call1((done, self.total))?;
        }
        self.py.check_signals()
    }
}
