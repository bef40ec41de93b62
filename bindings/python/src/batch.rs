//! [`PyBatch`]: raw data of one side, for some consecutive slots.

use std::sync::Arc;

use numpy::ndarray::ArrayView1;
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use qkdpp_kernels::{Bits, Shared};
use qkdpp_protocol::RawBatch;
use qkdpp_protocol::raw::Entries;

use crate::bits::{BitsArgument, PyBits};
use crate::error;

/// The record of one side for `slots` consecutive slots: one bit per entry in every plane.
///
/// offsets: uint32 array, ascending, below `slots`: entry i is in slot first_slot + offsets[i]; None: every slot has an
/// entry, as a modulator's record has. basis: 0 key basis, 1 test basis. bit: sent or detected; for a double click the
/// random bit drawn for it. intensity: index of the intensity, 0 the brightest, as (low bits, high bits); None at
/// detectors. double_click: 1 where more than one detector clicked; None at a source.
#[pyclass(frozen, name = "Batch", module = "qkdpp")]
pub(crate) struct PyBatch {
    first_slot: u64,
    slots: u32,
    offsets: Option<Arc<Vec<u32>>>,
    /// Basis, bit, intensity low and high, double click.
    planes: [Shared; 5],
}

#[pymethods]
impl PyBatch {
    #[new]
    #[pyo3(signature = (first_slot, slots, offsets, basis, bit, *, intensity = None, double_click = None))]
    #[allow(clippy::too_many_arguments, reason = "keywords in Python")]
    fn new(
        first_slot: u64,
        slots: u32,
        offsets: Option<PyReadonlyArray1<'_, u32>>,
        basis: BitsArgument,
        bit: BitsArgument,
        intensity: Option<(BitsArgument, BitsArgument)>,
        double_click: Option<BitsArgument>,
    ) -> PyResult<Self> {
        let offsets = offsets.map(|offsets| Arc::new(offsets.as_array().to_vec()));
        let entries = offsets.as_ref().map_or(slots as usize, |offsets| offsets.len());
        if let Some(offsets) = &offsets {
            check_offsets(offsets, slots)?;
        }
        let zeros = || Arc::new(Bits::zeros(entries));
        let (low, high) = intensity.map_or_else(|| (zeros(), zeros()), |(low, high)| (low.0, high.0));
        let double_click = double_click.map_or_else(zeros, |BitsArgument(bits)| bits);
        let planes = [basis.0, bit.0, low, high, double_click];
        let names = ["basis", "bit", "intensity[0]", "intensity[1]", "double_click"];
        for (name, plane) in names.into_iter().zip(&planes) {
            if plane.len() != entries {
                let got = plane.len();
                return Err(error::value(format_args!(
                    "{name} has {got} bits, the batch has {entries} entries"
                )));
            }
        }
        Ok(Self { first_slot, slots, offsets, planes })
    }

    /// First slot covered.
    #[getter]
    fn first_slot(&self) -> u64 {
        self.first_slot
    }

    /// Slots covered.
    #[getter]
    fn slots(&self) -> u32 {
        self.slots
    }

    /// Slots of the entries, counted from first_slot: uint32, shape (entries,), a read-only view without a copy; None if
    /// every slot has an entry.
    #[getter]
    fn offsets<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyArray1<u32>>>> {
        let Some(offsets) = &slf.get().offsets else { return Ok(None) };
        let view = ArrayView1::from(offsets.as_slice());
        // SAFETY: the offsets stay where they are and are never written as long as the frozen object `slf`, which the array
        // holds as its base, holds them; and the array is made read-only before Python sees it.
        let array = unsafe { PyArray1::borrow_from_array(&view, slf.clone().into_any()) };
        array.try_readwrite()?.make_nonwriteable();
        Ok(Some(array))
    }

    /// Bases: 0 key, 1 test.
    #[getter]
    fn basis(&self) -> PyBits {
        self.plane(0)
    }

    /// Bits sent or detected.
    #[getter]
    fn bit(&self) -> PyBits {
        self.plane(1)
    }

    /// Intensity index, 0 the brightest: low and high bits.
    #[getter]
    fn intensity(&self) -> (PyBits, PyBits) {
        (self.plane(2), self.plane(3))
    }

    /// 1 where more than one detector clicked.
    #[getter]
    fn double_click(&self) -> PyBits {
        self.plane(4)
    }

    /// Number of entries.
    fn __len__(&self) -> usize {
        self.planes[0].len()
    }

    fn __repr__(&self) -> String {
        format!("Batch({} entries in {} slots from {})", self.__len__(), self.slots, self.first_slot)
    }
}

impl PyBatch {
    fn plane(&self, index: usize) -> PyBits {
        PyBits(Arc::clone(&self.planes[index]))
    }

    /// A copy for the session, which owns and wipes it.
    pub(crate) fn to_raw(&self) -> RawBatch {
        let [basis, bit, low, high, double_click] = self.planes.each_ref().map(|plane| (**plane).clone());
        let entries = self.offsets.as_ref().map_or(Entries::Every, |offsets| Entries::At(offsets.to_vec()));
        let Self { first_slot, slots, .. } = *self;
        RawBatch { first_slot, slots, entries, basis, bit, intensity: [low, high], double_click }
    }
}

impl From<RawBatch> for PyBatch {
    fn from(batch: RawBatch) -> Self {
        let RawBatch { first_slot, slots, entries, basis, bit, intensity: [low, high], double_click } = batch;
        let offsets = match entries {
            Entries::Every => None,
            Entries::At(offsets) => Some(Arc::new(offsets)),
        };
        Self { first_slot, slots, offsets, planes: [basis, bit, low, high, double_click].map(Arc::new) }
    }
}

/// `Ok` if the offsets ascend and lie within the batch; a session takes that for granted.
fn check_offsets(offsets: &[u32], slots: u32) -> PyResult<()> {
    if let Some(index) = (1..offsets.len()).find(|&index| offsets[index] <= offsets[index - 1]) {
        let (offset, before) = (offsets[index], offsets[index - 1]);
        return Err(error::value(format_args!("offsets[{index}] is {offset}, not above {before} before it")));
    }
    match offsets.last() {
        Some(&last) if last >= slots => {
            Err(error::value(format_args!("the last offset is {last}, the batch has {slots} slots")))
        }
        _ => Ok(()),
    }
}
