//! Raw data: [`Batch`], as a program holds it in memory, and [`Record`], the file that link electronics write.

use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr;

use qkdpp_channel::record::Reader;
use qkdpp_kernels::Bits;
use qkdpp_protocol::RawBatch;
use qkdpp_protocol::raw::Entries;
use zeroize::Zeroizing;

use crate::boundary::{Exclusive, Text, array, call, required};
use crate::error::{Error, Status};
use crate::link::role;

/// What one side recorded in some consecutive slots, periods of the link's clock, which are numbered from 0 over the whole
/// session. There is an entry for each slot of which something is recorded; planes hold a bit for each entry, packed least
/// significant bit first into entries / 8 bytes, rounded up.
#[repr(C)]
pub struct Batch<'a> {
    /// First slot.
    first_slot: u64,
    /// Number of slots.
    slots: u32,
    /// Number of entries. Without offsets it is the number of slots.
    entries: u32,
    /// The slot of each entry less first_slot, strictly ascending. NULL: every slot has an entry, as at a modulator.
    offsets: *const u32,
    /// 0: key basis, 1: test basis.
    basis: *const u8,
    /// Bit sent, or bit detected; for a double click, the random bit that was drawn for it.
    bit: *const u8,
    /// Low bit of the intensity's index; 0 is the brightest. NULL: all 0, as at a detector.
    intensity_low: *const u8,
    /// High bit of the intensity's index. NULL: all 0.
    intensity_high: *const u8,
    /// More than one detector clicked. NULL: all 0, as at a source.
    double_click: *const u8,
    lent: std::marker::PhantomData<&'a [u8]>,
}

impl Batch<'_> {
    /// A copy, in which lengths and order were checked by nobody yet.
    pub(crate) fn to_raw(&self) -> Result<RawBatch, Error> {
        let Self { first_slot, slots, entries, .. } = *self;
        if self.offsets.is_null() && entries != slots {
            return Err(Error::argument(format!("without offsets, {slots} slots have {entries} entries")));
        }
        // SAFETY: C lends `entries` numbers there, or NULL, by the header's description of a batch.
        let offsets = unsafe { array("batch->offsets", self.offsets, entries as usize) }?;
        let plane = |what: &str, data: *const u8| -> Result<Option<Bits>, Error> {
            // SAFETY: C lends a bit for each entry there, or NULL, by the header's description of a batch.
            let bytes = unsafe { array(what, data, (entries as usize).div_ceil(8)) }?;
            Ok(bytes.map(|bytes| Bits::from_bytes(bytes, entries as usize)))
        };
        let zeros = |plane: Option<Bits>| plane.unwrap_or_else(|| Bits::zeros(entries as usize));
        let needed = |what, data| required(what, plane(what, data)?);
        Ok(RawBatch {
            first_slot,
            slots,
            entries: offsets.map_or(Entries::Every, |offsets| Entries::At(offsets.to_vec())),
            basis: needed("batch->basis", self.basis)?,
            bit: needed("batch->bit", self.bit)?,
            intensity: [
                zeros(plane("batch->intensity_low", self.intensity_low)?),
                zeros(plane("batch->intensity_high", self.intensity_high)?),
            ],
            double_click: zeros(plane("batch->double_click", self.double_click)?),
        })
    }
}

/// A record file that is being read.
pub struct Record(Exclusive<Reading>);

struct Reading {
    reader: Reader,
    /// The latest batch: offsets, and the planes in the order of the structure. Wiped when the next one is read.
    offsets: Option<Zeroizing<Vec<u32>>>,
    planes: [Zeroizing<Vec<u8>>; 5],
}

impl Reading {
    /// The next batch; its memory stays here.
    fn next(&mut self) -> Result<Option<Batch<'static>>, Error> {
        (self.offsets, self.planes) = Default::default();
        let Some((_, raw)) = self.reader.next_batch()? else { return Ok(None) };
        let entries = raw.len() as u32;
        let [low, high] = &raw.intensity;
        let planes = [&raw.basis, &raw.bit, low, high, &raw.double_click];
        self.planes = planes.map(|plane| Zeroizing::new(plane.to_bytes()));
        if let Entries::At(offsets) = raw.entries {
            self.offsets = Some(Zeroizing::new(offsets));
        }
        let [basis, bit, intensity_low, intensity_high, double_click] =
            self.planes.each_ref().map(|plane| plane.as_ptr());
        Ok(Some(Batch {
            first_slot: raw.first_slot,
            slots: raw.slots,
            entries,
            offsets: self.offsets.as_ref().map_or(ptr::null(), |offsets| offsets.as_ptr()),
            basis,
            bit,
            intensity_low,
            intensity_high,
            double_click,
            lent: std::marker::PhantomData,
        }))
    }
}

/// Opens the record file `path` of `role`, as `qkdpp simulate` and link electronics write it. It belongs to the caller, who
/// gives it back to qkdpp_record_free; *record is NULL if there is none. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_record_open(
    path: Text<'_>,
    role: u32,
    record: Option<&mut MaybeUninit<*mut Record>>,
) -> Status {
    call(|| {
        let record = required("record", record)?;
        record.write(ptr::null_mut());
        let reader = Reader::open(Path::new(path.get("path")?), self::role(role)?)?;
        let reading = Reading { reader, offsets: None, planes: Default::default() };
        record.write(Box::into_raw(Box::new(Record(Exclusive::new(reading)))));
        Ok(())
    })
}

/// Reads the next batch: *found is 1, and batch points into memory of the record, which keeps it until the next call with it;
/// or *found is 0 at the end, and batch is not written. Threads: one at a time for each record, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_record_next(
    record: Option<&Record>,
    batch: Option<&mut MaybeUninit<Batch<'static>>>,
    found: Option<&mut MaybeUninit<u32>>,
) -> Status {
    call(|| {
        let (batch, found) = (required("batch", batch)?, required("found", found)?);
        let next = required("record", record)?.0.get()?.next()?;
        found.write(next.is_some().into());
        if let Some(next) = next {
            batch.write(next);
        }
        Ok(())
    })
}

/// Slots per second (Hz) of the record. Threads: one at a time for each record, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_record_clock(
    record: Option<&Record>,
    hertz: Option<&mut MaybeUninit<f64>>,
) -> Status {
    call(|| {
        let hertz = required("hertz", hertz)?;
        hertz.write(required("record", record)?.0.get()?.reader.clock_hz());
        Ok(())
    })
}

/// Closes a record and wipes its latest batch. NULL does nothing. Threads: any, but no call with this record may run, and none
/// may follow.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_record_free(record: Option<Box<Record>>) {
    call(|| {
        drop(record);
        Ok(())
    });
}
