//! How far each direction's pads are used, in a redb database. Nothing here is secret.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Database, Durability, Error, ReadableDatabase, TableDefinition};

use super::{Direction, StoreError, private_file};

/// The random id that this database and its file of pads have in common.
const POOL_ID: TableDefinition<(), u128> = TableDefinition::new("pool-id");
/// By `Direction::index`: the number of pads used, which is the number of the next unused one.
const USED: TableDefinition<u8, u64> = TableDefinition::new("pads-used");
/// The database is a few pages.
const CACHE_BYTES: usize = 1 << 20;

pub(super) struct Counters {
    database: Database,
    path: PathBuf,
    /// What the database holds; the database is locked, so nobody else can move it on.
    used: [u64; 2],
}

impl Counters {
    pub(super) fn create(path: &Path, pool_id: u128) -> Result<Self, StoreError> {
        let file = private_file::create(path)?;
        let initialise = || {
            let mut counters = Self { database: database(file)?, path: path.into(), used: [0; 2] };
            counters.commit(Some(pool_id), [0; 2])?;
            Ok(counters)
        };
        initialise().map_err(|error| {
            private_file::discard(path);
            failure("write", path, error)
        })
    }

    /// Opens the database at `path` and returns the pool id with it.
    pub(super) fn open(path: &Path) -> Result<(Self, u128), StoreError> {
        let file = private_file::open(path)?;
        // redb would make an empty file a new database.
        let length =
            file.metadata().map_err(|source| StoreError::Io { action: "open", path: path.into(), source })?;
        if length.len() == 0 {
            return Err(StoreError::NotAPool { path: path.into(), why: "it is empty".into() });
        }
        let failed = |error| failure("open", path, error);
        let database = database(file).map_err(failed)?;
        let (pool_id, used) = read(&database).map_err(failed)?;
        Ok((Self { database, path: path.into(), used }, pool_id))
    }

    /// The number of pads used in `direction`.
    pub(super) fn used(&self, direction: Direction) -> u64 {
        self.used[direction.index()]
    }

    /// Marks all pads of `direction` below `until` as used, on disk before this returns.
    pub(super) fn raise(&mut self, direction: Direction, until: u64) -> Result<(), StoreError> {
        let mut used = self.used;
        used[direction.index()] = until;
        self.commit(None, used).map_err(|error| failure("write", &self.path, error))
    }

    fn commit(&mut self, pool_id: Option<u128>, used: [u64; 2]) -> Result<(), Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        if let Some(id) = pool_id {
            transaction.open_table(POOL_ID)?.insert((), id)?;
        }
        {
            let mut table = transaction.open_table(USED)?;
            for direction in Direction::BOTH {
                table.insert(direction.index() as u8, used[direction.index()])?;
            }
        }
        transaction.commit()?;
        self.used = used;
        Ok(())
    }
}

/// Locks `file` and opens it, or makes an empty one a database. Every page's checksum is verified.
fn database(file: File) -> Result<Database, Error> {
    let backend = FileBackend::new(file)?;
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    Ok(builder.create_with_backend(backend)?)
}

/// The pool id and the number of pads used in each direction.
fn read(database: &Database) -> Result<(u128, [u64; 2]), Error> {
    let transaction = database.begin_read()?;
    let missing = |what: &str| Error::Corrupted(format!("no entry for {what}"));
    let pool_id = transaction.open_table(POOL_ID)?.get(())?.ok_or_else(|| missing("the pool id"))?.value();
    let table = transaction.open_table(USED)?;
    let mut used = [0; 2];
    for direction in Direction::BOTH {
        let entry = table.get(direction.index() as u8)?.ok_or_else(|| missing("pads used"))?;
        used[direction.index()] = entry.value();
    }
    Ok((pool_id, used))
}

/// Sorts redb's errors by what the operator has to do about them.
fn failure(action: &'static str, path: &Path, error: Error) -> StoreError {
    let path = path.into();
    match error {
        Error::DatabaseAlreadyOpen => StoreError::InUse { path },
        Error::Corrupted(what) => StoreError::Corrupted { path, what },
        Error::TableDoesNotExist(_)
        | Error::TableTypeMismatch { .. }
        | Error::TableIsMultimap(_)
        | Error::UpgradeRequired(_) => StoreError::NotAPool { path, why: error.to_string() },
        // A foreign file, or one that is too short for a database's header.
        Error::Io(source)
            if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            StoreError::NotAPool { path, why: source.to_string() }
        }
        Error::Io(source) => StoreError::Io { action, path, source },
        source => StoreError::Database { action, path, source: source.into() },
    }
}
