//! Records of raw data on disk: host/channel/RECORDS.md.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use qkdpp_channel::record::{Reader, Writer};

use crate::batch::PyBatch;
use crate::error;
use crate::link::role;

/// Reads the record of one side: an iterator of (block, Batch).
///
/// role: "alice" or "bob". Damage is a ValueError that names the file, the place and the numbers; nothing of a damaged
/// batch is delivered.
#[pyclass(frozen, name = "RecordReader", module = "qkdpp")]
pub(crate) struct PyRecordReader(Mutex<Reader>);

#[pymethods]
impl PyRecordReader {
    #[new]
    #[pyo3(signature = (path, role))]
    fn new(path: PathBuf, #[pyo3(from_py_with = role)] role: qkdpp_protocol::Role) -> PyResult<Self> {
        Ok(Self(Mutex::new(Reader::open(&path, role).map_err(|error| error::record(&error))?)))
    }

    /// Slots per second (Hz), as the writer stated.
    #[getter]
    fn clock_hz(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clock_hz()
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<(u64, PyBatch)>> {
        let next = py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).next_batch());
        Ok(next.map_err(|error| error::record(&error))?.map(|(block, batch)| (block, batch.into())))
    }
}

/// Writes the record of one side, as link electronics do; a context manager.
///
/// The file is readable by its owner only. Leaving the block without an exception ends the record; a record that was not
/// ended is called truncated by its readers.
#[pyclass(frozen, name = "RecordWriter", module = "qkdpp")]
pub(crate) struct PyRecordWriter(Mutex<Option<Writer>>);

#[pymethods]
impl PyRecordWriter {
    #[new]
    #[pyo3(signature = (path, role, clock_hz))]
    fn new(
        path: PathBuf,
        #[pyo3(from_py_with = role)] role: qkdpp_protocol::Role,
        clock_hz: f64,
    ) -> PyResult<Self> {
        let writer = Writer::create(&path, role, clock_hz).map_err(|error| error::record(&error))?;
        Ok(Self(Mutex::new(Some(writer))))
    }

    /// Appends a batch of the block numbered `block`; neither blocks nor slots go backwards.
    fn write(&self, py: Python<'_>, block: u64, batch: &PyBatch) -> PyResult<()> {
        py.detach(|| {
            let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let writer = writer.as_mut().ok_or_else(|| error::value("the record has ended"))?;
            writer.write(block, &batch.to_raw()).map_err(|error| error::record(&error))
        })
    }

    /// Writes the end and flushes to the disk.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let writer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            let writer = writer.ok_or_else(|| error::value("the record has ended"))?;
            writer.finish().map_err(|error| error::record(&error))
        })
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (exception_type, exception, traceback))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exception_type: &Bound<'_, PyAny>,
        exception: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (exception, traceback);
        if exception_type.is_none() { self.finish(py) } else { Ok(()) }
    }
}
