//! [`PyCode`]: quasi-cyclic LDPC codes, given or of the library's ladders.

use std::sync::Arc;

use numpy::{PyArray2, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use qkdpp_kernels::ldpc::{Code, family};

use crate::error;

/// A quasi-cyclic LDPC code: the base matrix (M x N, int32, -1 or a shift below z), lifted by z.
///
/// A frame has n = N * z bits, a syndrome m = M * z. kernels/SPEC.md, section 5.1.
#[pyclass(frozen, name = "Code", module = "qkdpp")]
pub(crate) struct PyCode {
    pub(crate) code: Arc<Code>,
    max_qber: Option<f64>,
}

#[pymethods]
impl PyCode {
    #[new]
    fn new(base: PyReadonlyArray2<'_, i32>, z: usize) -> PyResult<Self> {
        let code = Code::new(base.as_array().to_owned(), z).map_err(error::value)?;
        Ok(Self { code: Arc::new(code), max_qber: None })
    }

    /// The library's code of the lowest leak rate that is made for the error rate `qber`.
    ///
    /// `frame_bits` is 16384, 65536, 262144 or 1048576. Raises `ValueError` where there is none: above about 13 %, or NaN.
    #[staticmethod]
    #[pyo3(signature = (qber, frame_bits = 65536))]
    fn for_qber(qber: f64, frame_bits: usize) -> PyResult<Self> {
        let rung = family::for_qber(frame_bits, qber).ok_or_else(|| {
            let lengths = family::FRAME_BITS;
            error::value(format_args!(
                "there is no code for an error rate of {qber} and frames of {frame_bits} bits; frames have {lengths:?}"
            ))
        })?;
        Ok(Self { code: Arc::clone(&rung.code), max_qber: Some(rung.max_qber) })
    }

    /// The base matrix, shape (M, N), int32; a copy.
    #[getter]
    fn base<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<i32>> {
        self.code.base().to_pyarray(py)
    }

    /// The lifting factor.
    #[getter]
    fn z(&self) -> usize {
        self.code.z()
    }

    /// Bits of a frame.
    #[getter]
    fn n(&self) -> usize {
        self.code.variables()
    }

    /// Bits of a syndrome.
    #[getter]
    fn m(&self) -> usize {
        self.code.checks()
    }

    /// Largest error rate the library uses it for, where about 1 % of the frames fail; None for a code of your own.
    #[getter]
    fn max_qber(&self) -> Option<f64> {
        self.max_qber
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.code)
    }
}
