//! [`PyBits`]: a bit string whose memory is Rust's and which numpy looks at without a copy.

use std::sync::Arc;

use numpy::ndarray::ArrayView1;
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice};
use qkdpp_kernels::bits::words_for;
use qkdpp_kernels::{Bits, Shared};
use zeroize::Zeroizing;

use crate::error;

/// A view of the words is a view of the bytes.
const _: () =
    assert!(cfg!(target_endian = "little"), "the module's byte views assume a little-endian machine");

/// A bit string, packed least significant bit first into 64-bit words; immutable.
///
/// Keys, masks, seeds and syndromes are `Bits`. The memory belongs to the library and is wiped when the last
/// holder is gone. `words` and `packed` are views of it, without a copy; arrays that are copied out of it
/// (`to_numpy`) are not wiped, so copy secrets only where you must.
///
/// Bit i is bit i % 64 of word i // 64 and bit i % 8 of byte i // 8, as `numpy.packbits(…, bitorder="little")`
/// has it; bits past the end are 0.
#[pyclass(frozen, name = "Bits", module = "qkdpp")]
pub(crate) struct PyBits(pub(crate) Shared);

impl From<Bits> for PyBits {
    fn from(bits: Bits) -> Self {
        Self(Arc::new(bits))
    }
}

#[pymethods]
impl PyBits {
    /// The bits of a one-dimensional bool array, one per element; any strides, copied once.
    #[new]
    fn new(bits: &Bound<'_, PyAny>) -> PyResult<Self> {
        bits.extract().map(|BitsArgument(bits)| Self(bits))
    }

    /// The first `length` bits of packed uint64 words; by default 64 for each word. Copied once.
    #[staticmethod]
    #[pyo3(signature = (words, length = None))]
    fn from_words(words: PyReadonlyArray1<'_, u64>, length: Option<usize>) -> PyResult<Self> {
        let available = 64 * words.len();
        let length = check_length(length, available)?;
        let words = words.as_array();
        Ok(Bits::from_words(words.iter().take(words_for(length)).copied().collect(), length).into())
    }

    /// The first `length` bits of packed bytes (`bytes` or a uint8 array); by default 8 for each. Copied once.
    #[staticmethod]
    #[pyo3(signature = (packed, length = None))]
    fn from_packed(packed: &Bound<'_, PyAny>, length: Option<usize>) -> PyResult<Self> {
        if let Ok(bytes) = packed.cast::<PyBytes>() {
            return Self::from_bytes(bytes.as_bytes(), length);
        }
        let array: PyReadonlyArray1<'_, u8> = packed
            .extract()
            .map_err(|_| PyTypeError::new_err("packed bits are bytes or a one-dimensional array of uint8"))?;
        if let Ok(bytes) = array.as_slice() {
            return Self::from_bytes(bytes, length);
        }
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(array.as_array().iter().copied().collect());
        Self::from_bytes(&bytes, length)
    }

    /// The bits of all `parts`, one after the other.
    #[staticmethod]
    fn concat(parts: Vec<BitsArgument>) -> Self {
        let parts: Vec<Shared> = parts.into_iter().map(|BitsArgument(bits)| bits).collect();
        Bits::concat(parts.iter().map(AsRef::as_ref)).into()
    }

    /// The packed words, shape (ceil(n / 64),), uint64: a read-only view, without a copy.
    #[getter]
    fn words<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let words = ArrayView1::from(slf.get().0.words());
        // SAFETY: the words stay where they are and are never written as long as the frozen object `slf`, which the array
        // holds as its base, holds the shared bits; and the array is made read-only before Python sees it.
        let array = unsafe { PyArray1::borrow_from_array(&words, slf.clone().into_any()) };
        array.try_readwrite()?.make_nonwriteable();
        Ok(array)
    }

    /// The packed bytes, shape (ceil(n / 8),), uint8: a read-only view, without a copy.
    #[getter]
    fn packed<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let bytes = slf.get().0.len().div_ceil(8);
        let view = Self::words(slf)?.call_method1("view", ("uint8",))?;
        view.get_item(PySlice::new(slf.py(), 0, bytes as isize, 1))
    }

    /// A copy as a bool array of shape (n,), one bit per element.
    fn to_numpy<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<bool>> {
        PyArray1::from_iter(py, self.0.iter())
    }

    /// The number of ones.
    fn count_ones(&self) -> usize {
        self.0.count_ones()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// A bit by its index, or the bits of a slice of step 1.
    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let length = self.0.len();
        if let Ok(slice) = index.cast::<PySlice>() {
            let indices = slice.indices(length as isize)?;
            if indices.step != 1 {
                return Err(error::value(format_args!("a slice of Bits has step 1, not {}", indices.step)));
            }
            let (start, stop) = (indices.start as usize, indices.stop.max(indices.start) as usize);
            return Ok(Bound::new(py, Self::from(self.0.slice(start..stop)))?.into_any());
        }
        let index: isize = index.extract()?;
        let from_start = if index < 0 { index + length as isize } else { index };
        match usize::try_from(from_start) {
            Ok(at) if at < length => Ok(self.0.get(at).into_pyobject(py)?.to_owned().into_any()),
            _ => Err(PyIndexError::new_err(format!("bit {index} of {length}"))),
        }
    }

    fn __xor__(&self, other: &Self) -> PyResult<Self> {
        if self.0.len() != other.0.len() {
            let (left, right) = (self.0.len(), other.0.len());
            return Err(error::value(format_args!("XOR of {left} bits and {right} bits")));
        }
        let mut sum = (*self.0).clone();
        sum.xor_assign(&other.0);
        Ok(sum.into())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl PyBits {
    fn from_bytes(bytes: &[u8], length: Option<usize>) -> PyResult<Self> {
        let length = check_length(length, 8 * bytes.len())?;
        Ok(Bits::from_bytes(bytes, length).into())
    }
}

fn check_length(length: Option<usize>, available: usize) -> PyResult<usize> {
    match length {
        Some(length) if length > available => {
            Err(error::value(format_args!("{length} bits are asked for, the array has {available}")))
        }
        length => Ok(length.unwrap_or(available)),
    }
}

/// An argument that is a bit string: `Bits`, which is passed on without a copy, or a bool array, which is packed.
pub(crate) struct BitsArgument(pub(crate) Shared);

impl<'py> FromPyObject<'_, 'py> for BitsArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bits) = object.cast::<PyBits>() {
            return Ok(Self(Arc::clone(&bits.get().0)));
        }
        if let Ok(array) = object.extract::<PyReadonlyArray1<'py, bool>>() {
            return Ok(Self(Arc::new(array.as_array().iter().copied().collect())));
        }
        let found = match object.cast::<PyUntypedArray>() {
            Ok(array) => format!("an array of {} in {} dimensions", array.dtype(), array.ndim()),
            Err(_) => object.get_type().name()?.to_string(),
        };
        Err(PyTypeError::new_err(format!(
            "bits are a Bits or a one-dimensional bool array, not {found}; Bits.from_packed and Bits.from_words take \
             packed bits"
        )))
    }
}
