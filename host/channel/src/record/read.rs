//! Reading a record through a mapping of the file.

use std::fs::File;
use std::path::{Path, PathBuf};

use qkdpp_kernels::Bits;
use qkdpp_protocol::Role;
use qkdpp_protocol::raw::{Entries, RawBatch};
use zeroize::Zeroizing;

use super::RecordError;
use super::frame::{
    BATCH_MAGIC, BatchHead, END_MAGIC, EndHead, FILE_MAGIC, FRAME, FileHead, HEAD, PLANES, VERSION, digest,
    layout,
};
use super::map::MappedFile;

/// Reads a record batch by batch.
pub struct Reader {
    path: PathBuf,
    map: MappedFile,
    clock_hz: f64,
    /// Where the next frame begins.
    offset: usize,
    /// Copy of the frame being read; reused, and wiped when dropped.
    frame: Zeroizing<Vec<u8>>,
    read: EndHead,
    /// Least block and slot that may follow.
    next_block: u64,
    next_slot: u64,
    ended: bool,
}

impl Reader {
    /// Opens the record `path` of `role`.
    ///
    /// # Errors
    /// If the file cannot be read, is not a record, is damaged, is of a later version or is the other side's.
    pub fn open(path: &Path, role: Role) -> Result<Self, RecordError> {
        let io = |source| RecordError::Io { file: path.to_owned(), action: "open", source };
        let map = File::open(path).and_then(|file| MappedFile::new(&file)).map_err(io)?;
        let mut reader = Self {
            path: path.to_owned(),
            map,
            clock_hz: 0.0,
            offset: 0,
            frame: Zeroizing::new(Vec::new()),
            read: EndHead::default(),
            next_block: 0,
            next_slot: 0,
            ended: false,
        };
        reader.read_file_head(role)?;
        Ok(reader)
    }

    /// Slots per second (Hz), as the writer stated.
    pub fn clock_hz(&self) -> f64 {
        self.clock_hz
    }

    /// The next batch and the block it belongs to; `None` after the last.
    ///
    /// # Errors
    /// If the record is damaged here; batches before are not affected.
    pub fn next_batch(&mut self) -> Result<Option<(u64, RawBatch)>, RecordError> {
        if self.ended {
            return Ok(None);
        }
        let head = self.copy_head("batch or end frame")?;
        if head.starts_with(END_MAGIC.as_bytes()) {
            return self.read_end(&head).map(|()| None);
        }
        self.check_magic(&head, "batch", BATCH_MAGIC)?;
        let batch = BatchHead::from_bytes(&head);
        self.copy_payload(&head, "batch", batch.payload_bytes())?;
        self.check_batch_head(batch)?;
        let raw = self.parse_batch(batch)?;
        self.offset += self.frame.len();
        (self.next_block, self.next_slot) = (batch.block, batch.first_slot + u64::from(batch.slots));
        self.read.batches += 1;
        self.read.entries += u64::from(batch.entries);
        Ok(Some((batch.block, raw)))
    }

    fn read_file_head(&mut self, role: Role) -> Result<(), RecordError> {
        let head = self.copy_head("file header")?;
        self.check_magic(&head, "record", FILE_MAGIC)?;
        let file = FileHead::from_bytes(&head);
        // Before the digest: a later version may place it elsewhere.
        if file.version != VERSION {
            return Err(RecordError::Version { file: self.path.clone(), got: file.version, newest: VERSION });
        }
        self.copy_payload(&head, "file header", 0)?;
        let got = match file.role {
            0 => Role::Alice,
            1 => Role::Bob,
            other => return Err(self.field("role", u64::from(other), "0 is Alice, 1 is Bob".to_owned())),
        };
        if got != role {
            return Err(RecordError::Role { file: self.path.clone(), wanted: role, got });
        }
        self.clock_hz = file.clock_hz;
        self.offset = FRAME;
        Ok(())
    }

    fn read_end(&mut self, head: &[u8; HEAD]) -> Result<(), RecordError> {
        self.copy_payload(head, "end frame", 0)?;
        let end = EndHead::from_bytes(head);
        if end.batches != self.read.batches {
            return Err(self.field("number of batches", end.batches, format!("read {}", self.read.batches)));
        }
        if end.entries != self.read.entries {
            return Err(self.field("number of entries", end.entries, format!("read {}", self.read.entries)));
        }
        self.offset += FRAME;
        if self.offset != self.map.len() {
            return Err(RecordError::Trailing {
                file: self.path.clone(),
                offset: self.offset as u64,
                got: (self.map.len() - self.offset) as u64,
            });
        }
        self.ended = true;
        Ok(())
    }

    /// Copies head and digest of the frame at `self.offset`; returns the head.
    fn copy_head(&mut self, what: &'static str) -> Result<[u8; HEAD], RecordError> {
        self.frame.clear();
        self.copy(what, FRAME)?;
        let mut head = [0; HEAD];
        head.copy_from_slice(&self.frame[..HEAD]);
        Ok(head)
    }

    /// Copies the payload after the head and checks the digest over the copies.
    fn copy_payload(
        &mut self,
        head: &[u8; HEAD],
        what: &'static str,
        bytes: usize,
    ) -> Result<(), RecordError> {
        self.copy(what, bytes)?;
        if digest(head, &self.frame[FRAME..]) == self.frame[HEAD..FRAME] {
            return Ok(());
        }
        Err(RecordError::Digest {
            file: self.path.clone(),
            offset: self.offset as u64,
            what,
            bytes: self.frame.len() as u64,
        })
    }

    /// Copies the next `bytes` of the frame.
    fn copy(&mut self, what: &'static str, bytes: usize) -> Result<(), RecordError> {
        let start = self.offset + self.frame.len();
        let left = self.map.len() - start;
        if bytes > left {
            return Err(RecordError::Truncated {
                file: self.path.clone(),
                offset: start as u64,
                what,
                wanted: bytes as u64,
                got: left as u64,
            });
        }
        self.map.append_to(&mut self.frame, start, bytes);
        Ok(())
    }

    fn check_magic(
        &self,
        head: &[u8; HEAD],
        what: &'static str,
        wanted: &'static str,
    ) -> Result<(), RecordError> {
        if head[..8] == *wanted.as_bytes() {
            return Ok(());
        }
        Err(RecordError::Magic { file: self.path.clone(), offset: self.offset as u64, what, wanted })
    }

    fn check_batch_head(&self, batch: BatchHead) -> Result<(), RecordError> {
        let BatchHead { block, first_slot, slots, entries, layout } = batch;
        if layout >> (layout::FIRST_PLANE + PLANES) != 0 {
            return Err(self.field("layout", u64::from(layout), "bits 0 to 5 are known".to_owned()));
        }
        let every = layout & layout::OFFSETS == 0;
        if entries > slots || every && entries != slots {
            return Err(self.field(
                "number of entries",
                u64::from(entries),
                format!("there are {slots} slots"),
            ));
        }
        if block < self.next_block {
            return Err(self.field("block", block, format!("the one before is {}", self.next_block)));
        }
        if first_slot < self.next_slot {
            return Err(self.field(
                "first slot",
                first_slot,
                format!("the batch before ends at {}", self.next_slot),
            ));
        }
        if first_slot.checked_add(u64::from(slots)).is_none() {
            return Err(self.field("first slot", first_slot, format!("{slots} slots do not follow it")));
        }
        Ok(())
    }

    /// Takes the payload of `self.frame` apart.
    fn parse_batch(&self, batch: BatchHead) -> Result<RawBatch, RecordError> {
        let (offsets, mut rest) = self.frame[FRAME..].split_at(batch.offset_bytes());
        let entries = if batch.layout & layout::OFFSETS == 0 {
            Entries::Every
        } else {
            Entries::At(self.parse_offsets(batch, offsets)?)
        };
        let mut planes = (0..PLANES).map(|plane| {
            let bits = batch.entries as usize;
            if !batch.has_plane(plane) {
                return Ok(Bits::zeros(bits));
            }
            let (bytes, after) = rest.split_at(batch.plane_bytes());
            rest = after;
            let plane = Bits::from_bytes(bytes, bits);
            match plane.words().last() {
                Some(last) if last.to_le_bytes() != bytes[bytes.len() - 8..] => {
                    Err(self.field("tail of a plane", 1, format!("bits past entry {bits} must be 0")))
                }
                _ => Ok(plane),
            }
        });
        let mut next = || planes.next().expect("five planes");
        Ok(RawBatch {
            first_slot: batch.first_slot,
            slots: batch.slots,
            entries,
            basis: next()?,
            bit: next()?,
            intensity: [next()?, next()?],
            double_click: next()?,
        })
    }

    fn parse_offsets(&self, batch: BatchHead, bytes: &[u8]) -> Result<Vec<u32>, RecordError> {
        let (words, _) = bytes.as_chunks::<4>();
        let offsets: Vec<u32> =
            words[..batch.entries as usize].iter().map(|&word| u32::from_le_bytes(word)).collect();
        if let Some(pair) = offsets.windows(2).find(|pair| pair[0] >= pair[1]) {
            let wanted = format!("it must be above {}, the one before", pair[0]);
            return Err(self.field("offset", u64::from(pair[1]), wanted));
        }
        match offsets.last() {
            Some(&last) if last >= batch.slots => {
                Err(self.field("offset", u64::from(last), format!("there are {} slots", batch.slots)))
            }
            _ => Ok(offsets),
        }
    }

    fn field(&self, field: &'static str, got: u64, wanted: String) -> RecordError {
        RecordError::Field { file: self.path.clone(), offset: self.offset as u64, field, got, wanted }
    }
}
