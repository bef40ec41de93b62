//! Writing a record, one batch at a time.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use qkdpp_kernels::Bits;
use qkdpp_protocol::Role;
use qkdpp_protocol::raw::{Entries, RawBatch};
use zeroize::Zeroizing;

use super::RecordError;
use super::frame::{BatchHead, EndHead, FRAME, FileHead, HEAD, digest, layout};

/// Writes a record. Without [`finish`](Self::finish) the file has no end frame, and readers will call it truncated.
pub struct Writer {
    path: PathBuf,
    file: File,
    /// One frame; reused, and wiped when dropped.
    frame: Zeroizing<Vec<u8>>,
    written: EndHead,
}

impl Writer {
    /// Creates or overwrites `path`, readable by its owner only: raw bits are secret.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn create(path: &Path, role: Role, clock_hz: f64) -> Result<Self, RecordError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| RecordError::Io {
            file: path.to_owned(),
            action: "create",
            source,
        })?;
        let mut writer = Self {
            path: path.to_owned(),
            file,
            frame: Zeroizing::new(Vec::new()),
            written: EndHead::default(),
        };
        writer.write_frame(&FileHead::new(role, clock_hz).to_bytes())?;
        Ok(writer)
    }

    /// Appends a batch that belongs to block `block`; neither blocks nor slots go backwards.
    ///
    /// # Errors
    /// [`RecordError::Batch`] if a plane has not one bit per entry, [`RecordError::Io`].
    pub fn write(&mut self, block: u64, batch: &RawBatch) -> Result<(), RecordError> {
        check(batch)?;
        let mut head = BatchHead {
            block,
            first_slot: batch.first_slot,
            slots: batch.slots,
            entries: batch.len() as u32,
            layout: 0,
        };
        self.frame.clear();
        self.frame.resize(FRAME, 0);
        if let Entries::At(offsets) = &batch.entries {
            head.layout |= layout::OFFSETS;
            append(&mut self.frame, offsets, u32::to_le_bytes);
            self.frame.resize(FRAME + head.offset_bytes(), 0);
        }
        for (plane, (_, bits)) in planes(batch).into_iter().enumerate() {
            if bits.words().iter().any(|&word| word != 0) {
                head.layout |= 1 << (layout::FIRST_PLANE + plane as u32);
                append(&mut self.frame, bits.words(), u64::to_le_bytes);
            }
        }
        self.write_frame(&head.to_bytes())?;
        self.written.batches += 1;
        self.written.entries += u64::from(head.entries);
        Ok(())
    }

    /// Writes the end frame and flushes to the disk.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn finish(mut self) -> Result<(), RecordError> {
        self.frame.clear();
        self.write_frame(&self.written.to_bytes())?;
        self.file.sync_all().map_err(|source| RecordError::Io {
            file: self.path.clone(),
            action: "flush",
            source,
        })
    }

    /// Puts `head` and digest before the payload that `self.frame` holds, and writes the frame in one go.
    fn write_frame(&mut self, head: &[u8; HEAD]) -> Result<(), RecordError> {
        if self.frame.is_empty() {
            self.frame.resize(FRAME, 0);
        }
        let digest = digest(head, &self.frame[FRAME..]);
        self.frame[..HEAD].copy_from_slice(head);
        self.frame[HEAD..FRAME].copy_from_slice(&digest);
        self.file.write_all(&self.frame).map_err(|source| RecordError::Io {
            file: self.path.clone(),
            action: "write",
            source,
        })
    }
}

/// Appends the bytes of all `values`.
fn append<T: Copy, const N: usize>(frame: &mut Vec<u8>, values: &[T], bytes: impl Fn(T) -> [u8; N]) {
    let start = frame.len();
    frame.resize(start + N * values.len(), 0);
    let (places, _) = frame[start..].as_chunks_mut::<N>();
    for (place, &value) in places.iter_mut().zip(values) {
        *place = bytes(value);
    }
}

/// The planes in the order of the format.
fn planes(batch: &RawBatch) -> [(&'static str, &Bits); 5] {
    [
        ("basis", &batch.basis),
        ("bit", &batch.bit),
        ("intensity[0]", &batch.intensity[0]),
        ("intensity[1]", &batch.intensity[1]),
        ("double_click", &batch.double_click),
    ]
}

fn check(batch: &RawBatch) -> Result<(), RecordError> {
    for (what, bits) in planes(batch) {
        if bits.len() != batch.len() {
            return Err(RecordError::Batch {
                first_slot: batch.first_slot,
                what,
                wanted: batch.len() as u64,
                got: bits.len() as u64,
            });
        }
    }
    Ok(())
}
