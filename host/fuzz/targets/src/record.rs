//! Files of raw data: damage is refused, and what is accepted can be written and read again the same.
//!
//! Input: which reader (1 byte), then the file. Since no fuzzer finds a BLAKE3 digest, one choice puts the right digests in.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use qkdpp_channel::csv;
use qkdpp_channel::record::{Reader, RecordError, Writer};
use qkdpp_protocol::Role;
use qkdpp_protocol::raw::{Entries, RawBatch};
use tempfile::TempDir;

/// Bytes of a head, and where the digest after it ends.
const HEAD: usize = 40;
const FRAME: usize = 72;

/// Checks one input.
///
/// # Panics
/// If a reader accepts a record that does not hold together.
pub fn run(data: &[u8]) {
    let Some((&reader, content)) = data.split_first() else { return };
    let role = if reader & 4 == 0 { Role::Alice } else { Role::Bob };
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    match reader % 3 {
        0 => binary(&folder, content, role),
        1 => binary(&folder, &sealed(content), role),
        _ => {
            let path = write(&folder, content);
            if let Ok((alice, bob)) = csv::read(&path) {
                holds_together(&alice);
                holds_together(&bob);
                assert_eq!((alice.len(), alice.slots), (bob.len(), bob.slots));
            }
        }
    }
}

fn write(folder: &TempDir, content: &[u8]) -> std::path::PathBuf {
    let path = folder.path().join("record");
    File::create(&path).and_then(|mut file| file.write_all(content)).expect("a file");
    path
}

fn binary(folder: &TempDir, content: &[u8], role: Role) {
    let path = write(folder, content);
    let Ok(mut reader) = Reader::open(&path, role) else { return };
    let Ok(batches) = all(&mut reader) else { return };
    for (_, batch) in &batches {
        holds_together(batch);
    }
    let again = folder.path().join("again");
    let mut writer = Writer::create(&again, role, reader.clock_hz()).expect("a file");
    for (block, batch) in &batches {
        writer.write(*block, batch).expect("a batch that was read");
    }
    writer.finish().expect("a file");
    assert!(read(&again, role) == batches, "written and read again");
}

fn read(path: &Path, role: Role) -> Vec<(u64, RawBatch)> {
    let mut reader = Reader::open(path, role).expect("what was written");
    all(&mut reader).expect("what was written")
}

fn all(reader: &mut Reader) -> Result<Vec<(u64, RawBatch)>, RecordError> {
    let mut batches = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        batches.push(batch);
    }
    Ok(batches)
}

fn holds_together(batch: &RawBatch) {
    let planes = [&batch.basis, &batch.bit, &batch.intensity[0], &batch.intensity[1], &batch.double_click];
    assert!(planes.iter().all(|plane| plane.len() == batch.len()), "planes of other lengths");
    if let Entries::At(offsets) = &batch.entries {
        assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]), "offsets descend");
        assert!(offsets.last().is_none_or(|last| *last < batch.slots), "an offset beyond the batch");
    }
}

/// The same frames with digests that fit, as far as frames can be told; RECORDS.md.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut file = content.to_vec();
    let mut at = 0;
    while let Some(frame) = file.get_mut(at..).filter(|rest| rest.len() >= FRAME) {
        let payload = if frame.starts_with(b"QKDPPBAT") { payload_bytes(frame) } else { 0 };
        let end = FRAME.saturating_add(payload);
        let Some(frame) = frame.get_mut(..end) else { break };
        let digest =
            *blake3::Hasher::new().update(&frame[..HEAD]).update(&frame[FRAME..]).finalize().as_bytes();
        frame[HEAD..FRAME].copy_from_slice(&digest);
        at += end;
    }
    file
}

/// Bytes of a batch's payload.
fn payload_bytes(head: &[u8]) -> usize {
    let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|index| head[at + index]));
    let (entries, layout) = (u32_at(28) as usize, u32_at(32));
    let planes = (layout >> 1 & 31).count_ones() as usize;
    let offsets = if layout & 1 == 0 { 0 } else { (4 * entries).next_multiple_of(8) };
    offsets + planes * entries.div_ceil(64) * 8
}
