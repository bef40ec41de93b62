//! The flat file with the hash keys and pads, in which used pads are overwritten in place.
//!
//! ```text
//! byte   0  magic "QKDPPKEY", format version u32, zero u32, pool id u128, N u64   + 8 check bytes
//! byte  48  k, b Alice→Bob                                                        + 8 check bytes
//! byte  88  k, b Bob→Alice                                                        + 8 check bytes
//! byte 128  N records of Alice→Bob, then N of Bob→Alice: pad (16 bytes)           + 8 check bytes
//! ```
//!
//! Integers are little-endian. The check bytes are the first 8 of BLAKE3(pool id ‖ place in the file ‖ bytes):
//! without them a damaged pad would show up only as a tag that does not verify, which looks like an attack. They
//! are erased with the pad. A record of zeros is an erased one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use qkdpp_kernels::wipe;
use zeroize::Zeroizing;

use super::{BLOCK_LEN, Direction, HashKeys, StoreError, private_file};

const MAGIC: &[u8; 8] = b"QKDPPKEY";
const VERSION: u32 = 1;
const CHECK_LEN: usize = 8;
const HEADER_LEN: usize = 40 + CHECK_LEN;
const KEYS_LEN: usize = 2 * BLOCK_LEN + CHECK_LEN;
const PADS_AT: usize = HEADER_LEN + 2 * KEYS_LEN;
/// Bytes of a pad and its check bytes.
pub(super) const RECORD_LEN: usize = BLOCK_LEN + CHECK_LEN;

/// Hash keys of both directions at the head of the pre-shared secret.
const SECRET_KEYS_LEN: usize = 4 * BLOCK_LEN;
/// Records scanned or erased at a time.
const CHUNK: u64 = 1024;

pub(super) struct SecretFile {
    file: File,
    path: PathBuf,
    pool_id: u128,
    pads_per_direction: u64,
    /// By `Direction::index`; on the heap, since a value that moves leaves a copy behind.
    hash_keys: Box<[HashKeys; 2]>,
    /// All records below this are zeros, by `Direction::index`. Behind the counters after a failed erasure.
    erased: [u64; 2],
}

impl SecretFile {
    /// Writes the file that belongs to the database `pool` from the pre-shared `secret`.
    #[inline(never)]
    pub(super) fn create(pool: &Path, secret: &[u8]) -> Result<Self, StoreError> {
        let pads_per_direction = pads_in(secret)?;
        let mut pool_id = [0; 16];
        getrandom::fill(&mut pool_id).map_err(StoreError::Random)?;
        let pool_id = u128::from_le_bytes(pool_id);

        let path = path_beside(pool);
        let mut file = private_file::create(&path)?;
        let image = image(pool_id, secret, pads_per_direction);
        file.write_all(&image).and_then(|()| file.sync_all()).map_err(|source| {
            private_file::discard(&path);
            StoreError::Io { action: "write", path: path.clone(), source }
        })?;
        let hash_keys = hash_keys_in(&image);
        Ok(Self {
            file,
            path,
            pool_id,
            pads_per_direction: pads_per_direction as u64,
            hash_keys,
            erased: [0; 2],
        })
    }

    /// Opens the file that belongs to the database `pool` with `pool_id`.
    #[inline(never)]
    pub(super) fn open(pool: &Path, pool_id: u128) -> Result<Self, StoreError> {
        let path = path_beside(pool);
        let mut file = private_file::open(&path)?;
        let failed = |source| StoreError::Io { action: "read", path: path.clone(), source };
        let got = file.metadata().map_err(failed)?.len();
        if got < PADS_AT as u64 {
            return Err(StoreError::Length { path, wanted: PADS_AT as u64, got });
        }
        let mut head = Zeroizing::new([0; PADS_AT]);
        file.read_exact(&mut *head).map_err(failed)?;

        let pads_per_direction = pads_in_header(&path, &head[..HEADER_LEN], pool_id)?;
        let wanted = pads_per_direction.saturating_mul(2 * RECORD_LEN as u64).saturating_add(PADS_AT as u64);
        if got != wanted {
            return Err(StoreError::Length { path, wanted, got });
        }
        for direction in Direction::BOTH {
            let at = keys_at(direction);
            if !is_intact(pool_id, at as u64, &head[at..at + KEYS_LEN]) {
                return Err(StoreError::Corrupted { path, what: format!("the hash keys {direction}") });
            }
        }
        let hash_keys = hash_keys_in(&*head);
        wipe::dead_stack();
        Ok(Self { file, path, pool_id, pads_per_direction, hash_keys, erased: [0; 2] })
    }

    /// Removes the file when the database beside it could not be made.
    pub(super) fn discard(&self) {
        private_file::discard(&self.path);
    }

    pub(super) fn pool_id(&self) -> u128 {
        self.pool_id
    }

    pub(super) fn pads_per_direction(&self) -> u64 {
        self.pads_per_direction
    }

    pub(super) fn hash_keys(&self, direction: Direction) -> &HashKeys {
        &self.hash_keys[direction.index()]
    }

    /// The records of the pads `range`, all intact. `next` is the first that the counters call unused.
    pub(super) fn read_pads(
        &mut self,
        direction: Direction,
        next: u64,
        range: Range<u64>,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let records = self.read_records(direction, range.clone())?;
        for (record, index) in records.chunks_exact(RECORD_LEN).zip(range) {
            if is_erased(record) {
                return Err(StoreError::CountersBehind { path: self.path.clone(), direction, index, next });
            }
            if !is_intact(self.pool_id, self.record_at(direction, index), record) {
                let what = format!("pad {index} {direction}");
                return Err(StoreError::Corrupted { path: self.path.clone(), what });
            }
        }
        Ok(records)
    }

    /// Overwrites the pads of `direction` below `until` with zeros, on disk before this returns.
    pub(super) fn erase_below(&mut self, direction: Direction, until: u64) -> Result<(), StoreError> {
        static ZEROS: [u8; CHUNK as usize * RECORD_LEN] = [0; CHUNK as usize * RECORD_LEN];
        let first = self.erased[direction.index()];
        let at = self.record_at(direction, first);
        let write = |file: &mut File| {
            file.seek(SeekFrom::Start(at))?;
            let mut records = until - first;
            while records > 0 {
                let chunk = records.min(CHUNK);
                file.write_all(&ZEROS[..chunk as usize * RECORD_LEN])?;
                records -= chunk;
            }
            file.sync_data()
        };
        write(&mut self.file).map_err(|source| self.io("erase used pads in", source))?;
        self.erased[direction.index()] = until;
        Ok(())
    }

    /// Erases what of the `used` pads a crash left in the file: all from the first record that is not zeros.
    pub(super) fn resume_erasure(&mut self, direction: Direction, used: u64) -> Result<(), StoreError> {
        let mut erased = 0;
        while erased < used {
            let chunk = erased..used.min(erased + CHUNK);
            let records = self.read_records(direction, chunk.clone())?;
            let zeros =
                records.chunks_exact(RECORD_LEN).take_while(|record| is_erased(record)).count() as u64;
            erased += zeros;
            if erased < chunk.end {
                break;
            }
        }
        self.erased[direction.index()] = erased;
        self.erase_below(direction, used)
    }

    fn read_records(
        &mut self,
        direction: Direction,
        range: Range<u64>,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let mut records = Zeroizing::new(vec![0; (range.end - range.start) as usize * RECORD_LEN]);
        let at = self.record_at(direction, range.start);
        let mut read = |file: &mut File| {
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut records)
        };
        read(&mut self.file).map_err(|source| self.io("read", source))?;
        Ok(records)
    }

    /// Where the record of pad `index` begins. The length check of `open` bounds the product.
    fn record_at(&self, direction: Direction, index: u64) -> u64 {
        PADS_AT as u64 + (direction.index() as u64 * self.pads_per_direction + index) * RECORD_LEN as u64
    }

    fn io(&self, action: &'static str, source: io::Error) -> StoreError {
        StoreError::Io { action, path: self.path.clone(), source }
    }
}

/// `path` + `.pads`.
fn path_beside(pool: &Path) -> PathBuf {
    let mut path = pool.as_os_str().to_owned();
    path.push(".pads");
    path.into()
}

/// Pads per direction in a pre-shared secret that is long enough and was filled.
fn pads_in(secret: &[u8]) -> Result<usize, StoreError> {
    let wanted = SECRET_KEYS_LEN + 2 * BLOCK_LEN;
    if secret.len() < wanted {
        return Err(StoreError::SecretTooShort { wanted, got: secret.len() });
    }
    if let Some(block) = secret.chunks_exact(BLOCK_LEN).position(|block| block == [0; BLOCK_LEN]) {
        return Err(StoreError::ZeroBlock { offset: block * BLOCK_LEN });
    }
    Ok((secret.len() - SECRET_KEYS_LEN) / (2 * BLOCK_LEN))
}

/// The whole file, in the order of the module's head.
fn image(pool_id: u128, secret: &[u8], pads_per_direction: usize) -> Zeroizing<Vec<u8>> {
    // The full capacity at once: a vector that grows leaves copies of the secret behind.
    let mut image = Zeroizing::new(Vec::with_capacity(PADS_AT + 2 * pads_per_direction * RECORD_LEN));
    let mut push = |bytes: &[u8]| {
        let at = image.len() as u64;
        image.extend_from_slice(bytes);
        image.extend_from_slice(&check(pool_id, at, bytes));
    };
    let mut header = Vec::with_capacity(HEADER_LEN);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&pool_id.to_le_bytes());
    header.extend_from_slice(&(pads_per_direction as u64).to_le_bytes());
    push(&header);

    let (keys, pads) = secret.split_at(SECRET_KEYS_LEN);
    keys.chunks_exact(2 * BLOCK_LEN).for_each(&mut push);
    for direction in Direction::BOTH {
        let blocks = pads.chunks_exact(BLOCK_LEN).skip(direction.index()).step_by(2);
        blocks.take(pads_per_direction).for_each(&mut push);
    }
    image
}

/// Checks the header of the file at `path` and returns its number of pads per direction.
fn pads_in_header(path: &Path, header: &[u8], pool_id: u128) -> Result<u64, StoreError> {
    let not_a_pool = |why: String| StoreError::NotAPool { path: path.into(), why };
    let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| header[at + i]));
    if &header[..8] != MAGIC {
        return Err(not_a_pool("it does not begin with QKDPPKEY".into()));
    }
    // Version and the zero word after it.
    if u64_at(8) != u64::from(VERSION) {
        return Err(not_a_pool(format!("format version {} instead of {VERSION}", u64_at(8))));
    }
    let id_in_file = u128::from(u64_at(24)) << 64 | u128::from(u64_at(16));
    if !is_intact(id_in_file, 0, header) {
        return Err(StoreError::Corrupted { path: path.into(), what: "the header".into() });
    }
    if id_in_file != pool_id {
        return Err(StoreError::Mismatch { path: path.into() });
    }
    Ok(u64_at(32))
}

fn keys_at(direction: Direction) -> usize {
    HEADER_LEN + direction.index() * KEYS_LEN
}

#[inline(never)]
#[expect(clippy::unnecessary_box_returns, reason = "returned by value, the keys would stay on the stack")]
fn hash_keys_in(file: &[u8]) -> Box<[HashKeys; 2]> {
    let mut hash_keys = Box::<[HashKeys; 2]>::default();
    for (keys, direction) in hash_keys.iter_mut().zip(Direction::BOTH) {
        let (k, b) = file[keys_at(direction)..][..2 * BLOCK_LEN].split_at(BLOCK_LEN);
        keys.k.copy_from_slice(k);
        keys.b.copy_from_slice(b);
    }
    hash_keys
}

fn is_erased(record: &[u8]) -> bool {
    record.iter().all(|&byte| byte == 0)
}

/// Whether `record`, read at byte `at`, ends with the check bytes of what is before them.
fn is_intact(pool_id: u128, at: u64, record: &[u8]) -> bool {
    let (bytes, found) = record.split_at(record.len() - CHECK_LEN);
    check(pool_id, at, bytes) == found
}

#[inline(never)]
fn check(pool_id: u128, at: u64, bytes: &[u8]) -> [u8; CHECK_LEN] {
    let mut hasher = Zeroizing::new(blake3::Hasher::new());
    hasher.update(&pool_id.to_le_bytes()).update(&at.to_le_bytes()).update(bytes);
    let digest = hasher.finalize();
    std::array::from_fn(|i| digest.as_bytes()[i])
}
