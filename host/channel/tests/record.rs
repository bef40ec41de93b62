//! Records: what is written is read; every kind of damage has its one clear error.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use qkdpp_channel::record::{Reader, RecordError, Writer};
use qkdpp_kernels::Bits;
use qkdpp_protocol::Role;
use qkdpp_protocol::raw::{Entries, RawBatch};
use tempfile::TempDir;

/// Head and digest of a frame, in bytes.
const FRAME: usize = 72;

fn batch(first_slot: u64, slots: u32, offsets: Option<Vec<u32>>, seed: usize) -> RawBatch {
    let len = offsets.as_ref().map_or(slots as usize, Vec::len);
    let plane =
        |plane: usize| (0..len).map(|i| (i * 7 + i / 3 + plane + seed).is_multiple_of(plane + 2)).collect();
    RawBatch {
        first_slot,
        slots,
        entries: offsets.map_or(Entries::Every, Entries::At),
        basis: plane(0),
        bit: plane(1),
        intensity: [plane(2), Bits::zeros(len)],
        double_click: plane(3),
    }
}

fn batches() -> Vec<(u64, RawBatch)> {
    vec![
        (0, batch(0, 1000, Some((0..400).map(|i| 2 * i + i % 2).collect()), 1)),
        (0, batch(1000, 0, Some(vec![]), 2)),
        (3, batch(5000, 129, None, 3)),
        (3, batch(6000, u32::MAX, Some(vec![0, 77, u32::MAX - 1]), 4)),
    ]
}

struct Record {
    folder: TempDir,
}

impl Record {
    fn new(batches: &[(u64, RawBatch)]) -> Self {
        let record = Self { folder: tempfile::tempdir().unwrap() };
        let mut writer = Writer::create(&record.path(), Role::Bob, 1e9).unwrap();
        for (block, batch) in batches {
            writer.write(*block, batch).unwrap();
        }
        writer.finish().unwrap();
        record
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("bob.raw")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    /// Reads `bytes` as a record of Bob: the batches before the first error, and the error.
    fn read(&self, bytes: &[u8]) -> (usize, Result<(), RecordError>) {
        fs::write(self.path(), bytes).unwrap();
        let mut reader = match Reader::open(&self.path(), Role::Bob) {
            Ok(reader) => reader,
            Err(error) => return (0, Err(error)),
        };
        let mut read = 0;
        loop {
            match reader.next_batch() {
                Ok(Some(_)) => read += 1,
                Ok(None) => return (read, Ok(())),
                Err(error) => return (read, Err(error)),
            }
        }
    }

    /// The message for `bytes`, without the path.
    fn message(&self, bytes: &[u8]) -> String {
        let message = self.read(bytes).1.unwrap_err().to_string();
        let path = format!("{}: ", self.path().display());
        message.strip_prefix(&path).unwrap_or_else(|| panic!("{message} does not name the file")).to_owned()
    }
}

/// Bytes with a changed head of the frame at `frame`, whose digest is made to fit.
fn forge(mut bytes: Vec<u8>, frame: usize, payload: usize, at: usize, new: &[u8]) -> Vec<u8> {
    bytes[frame + at..frame + at + new.len()].copy_from_slice(new);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[frame..frame + 40]).update(&bytes[frame + FRAME..frame + FRAME + payload]);
    bytes[frame + 40..frame + FRAME].copy_from_slice(hasher.finalize().as_bytes());
    bytes
}

#[test]
fn what_is_written_is_read() {
    let batches = batches();
    let record = Record::new(&batches);
    let mut reader = Reader::open(&record.path(), Role::Bob).unwrap();
    assert!((reader.clock_hz() - 1e9).abs() < f64::EPSILON);
    for wanted in batches {
        assert_eq!(reader.next_batch().unwrap(), Some(wanted));
    }
    assert_eq!(reader.next_batch().unwrap(), None);
    assert_eq!(reader.next_batch().unwrap(), None, "and stays at its end");
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    // RECORDS.md, "Example".
    let batch = RawBatch {
        first_slot: 256,
        slots: 100,
        entries: Entries::At(vec![3, 98, 99]),
        basis: [false, true, false].into_iter().collect(),
        bit: [true, true, false].into_iter().collect(),
        intensity: [Bits::zeros(3), Bits::zeros(3)],
        double_click: Bits::zeros(3),
    };
    let bytes = Record::new(&[(5, batch)]).bytes();
    assert_eq!(bytes.len(), 72 + (72 + 16 + 8 + 8) + 72);
    assert_eq!(&bytes[..12], b"QKDPPRAW\x01\0\x01\0");
    assert_eq!(&bytes[16..24], 1e9f64.to_le_bytes());
    assert_eq!(&bytes[72..80], b"QKDPPBAT");
    assert_eq!(
        &bytes[80..112],
        [
            5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 3, 0, 0, 0, 0b111, 0, 0, 0, 0, 0,
            0, 0
        ]
    );
    assert_eq!(&bytes[144..160], [3, 0, 0, 0, 98, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(&bytes[160..176], [0b010, 0, 0, 0, 0, 0, 0, 0, 0b011, 0, 0, 0, 0, 0, 0, 0]);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[72..112]).update(&bytes[144..176]);
    assert_eq!(&bytes[112..144], hasher.finalize().as_bytes());
    assert_eq!(&bytes[176..192], b"QKDPPEND\x01\0\0\0\0\0\0\0");
    assert_eq!(bytes[192], 3);
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    let record = Record::new(&batches());
    let bytes = record.bytes();
    for length in 0..bytes.len() {
        let error = record.read(&bytes[..length]).1.unwrap_err();
        let RecordError::Truncated { offset, wanted, got, .. } = error else {
            panic!("cut to {length} bytes: {error}")
        };
        assert_eq!(offset + got, length as u64);
        assert!(got < wanted);
    }
    assert_eq!(record.message(&[]), "truncated at byte 0: file header takes 72 bytes, got 0");
    assert_eq!(
        record.message(&bytes[..bytes.len() - FRAME]),
        format!("truncated at byte {}: batch or end frame takes 72 bytes, got 0", bytes.len() - FRAME)
    );
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_its_batch_not_delivered() {
    let batches = batches();
    let record = Record::new(&batches);
    let bytes = record.bytes();
    // Every frame but the first begins where one ends.
    let ends: Vec<usize> = (FRAME..bytes.len()).filter(|&at| bytes[at..].starts_with(b"QKDPP")).collect();
    assert_eq!(ends.len(), batches.len() + 1);
    for at in (0..bytes.len()).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let (read, result) = record.read(&flipped);
        assert!(result.is_err(), "byte {at}");
        let intact = ends.iter().filter(|&&end| end <= at).count().saturating_sub(1);
        assert_eq!(read, intact.min(batches.len()), "byte {at}: {}", result.unwrap_err());
    }
    let mut flipped = bytes;
    flipped[FRAME + FRAME + 5] ^= 1;
    assert_eq!(
        record.message(&flipped),
        "batch at byte 72 is damaged: the digest of its 1896 bytes is not the one stored"
    );
}

#[test]
fn other_files_versions_and_sides_are_refused() {
    let record = Record::new(&batches());
    let bytes = record.bytes();
    let mut other = bytes.clone();
    other[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
    assert_eq!(record.message(&other), "at byte 0: record begins with \"QKDPPRAW\", something else is there");
    let newer = forge(bytes.clone(), 0, 0, 8, &[2]);
    assert_eq!(record.message(&newer), "version 2 of the record format; this program reads version 1");
    let eve = forge(bytes.clone(), 0, 0, 10, &[2]);
    assert_eq!(record.message(&eve), "at byte 0: role is 2; 0 is Alice, 1 is Bob");
    fs::write(record.path(), &bytes).unwrap();
    let error = Reader::open(&record.path(), Role::Alice).err().unwrap().to_string();
    assert!(error.ends_with("a record of Bob; wanted one of Alice"), "{error}");
    let error = Reader::open(&record.folder.path().join("none"), Role::Bob).err().unwrap().to_string();
    assert!(error.contains("none: cannot open: No such file"), "{error}");
}

#[test]
fn fields_that_no_writer_produces_are_refused() {
    let record = Record::new(&[(7, batch(10, 20, Some(vec![4, 9, 19]), 1))]);
    let bytes = record.bytes();
    // Payload: offsets (16 bytes), then basis, bit, intensity, double click.
    let payload = bytes.len() - 3 * FRAME;
    let forged = |at, new: &[u8]| record.message(&forge(bytes.clone(), FRAME, payload, at, new));
    assert_eq!(forged(28, &[4]), "at byte 72: offset is 0; it must be above 19, the one before");
    assert_eq!(forged(24, &[2]), "at byte 72: number of entries is 3; there are 2 slots");
    assert_eq!(forged(24, &[19]), "at byte 72: offset is 19; there are 19 slots");
    assert_eq!(
        forged(16, &[0xFF; 8]),
        format!("at byte 72: first slot is {}; 20 slots do not follow it", u64::MAX)
    );
    assert_eq!(forged(72 + 4, &[4]), "at byte 72: offset is 4; it must be above 4, the one before");
    assert_eq!(forged(72 + 16, &[0b1000]), "at byte 72: tail of a plane is 1; bits past entry 3 must be 0");
    assert!(forged(33, &[1]).starts_with("at byte 72: layout is "), "{}", forged(33, &[1]));

    let twice = [bytes[..FRAME + FRAME + payload].to_vec(), bytes[FRAME..].to_vec()].concat();
    assert_eq!(
        record.message(&twice),
        format!("at byte {}: first slot is 10; the batch before ends at 30", 2 * FRAME + payload)
    );
    let end = 2 * FRAME + payload;
    let lost = [&bytes[..FRAME], &bytes[end..]].concat();
    assert_eq!(record.message(&lost), "at byte 72: number of batches is 1; read 0");
    let longer = [&bytes[..], b"x"].concat();
    assert_eq!(
        record.message(&longer),
        format!("1 bytes follow the end frame, which ends at byte {}", bytes.len())
    );
}

#[test]
fn the_writer_refuses_a_batch_that_does_not_hold_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(&folder.path().join("alice.raw"), Role::Alice, 1e9).unwrap();
    let mut broken = batch(0, 20, Some(vec![1, 2, 3]), 1);
    broken.bit = Bits::zeros(2);
    assert_eq!(
        writer.write(0, &broken).unwrap_err().to_string(),
        "batch at slot 0: bit has 2 entries instead of 3"
    );
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_a_record() {
    use std::os::unix::fs::PermissionsExt;
    let record = Record::new(&[]);
    assert_eq!(fs::metadata(record.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_batch_survives(
        first_slot in 0..u64::MAX / 2,
        flags in proptest::collection::vec((any::<bool>(), any::<[bool; 5]>()), 0..300),
        every in any::<bool>(),
    ) {
        let kept: Vec<_> = flags.iter().enumerate().filter(|(_, (kept, _))| *kept || every).collect();
        let plane = |plane: usize| kept.iter().map(|(_, (_, bits))| bits[plane]).collect::<Bits>();
        let offsets = kept.iter().map(|&(slot, _)| slot as u32).collect();
        let batch = RawBatch {
            first_slot,
            slots: flags.len() as u32,
            entries: if every { Entries::Every } else { Entries::At(offsets) },
            basis: plane(0),
            bit: plane(1),
            intensity: [plane(2), plane(3)],
            double_click: plane(4),
        };
        let record = Record::new(&[(9, batch.clone())]);
        let mut reader = Reader::open(&record.path(), Role::Bob).unwrap();
        prop_assert_eq!(reader.next_batch().unwrap(), Some((9, batch)));
        prop_assert_eq!(reader.next_batch().unwrap(), None);
    }
}
