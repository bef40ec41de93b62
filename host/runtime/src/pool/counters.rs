//! How far each direction's pads and the keys' ε budget are used, in a redb database. Nothing here is secret.

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
/// ε that all sessions with these keys have used up.
const SPENT: TableDefinition<(), f64> = TableDefinition::new("epsilon-spent");
/// The database is a few pages.
const CACHE_BYTES: usize = 1 << 20;

pub(super) struct Counters {
    database: Database,
    path: PathBuf,
    /// What the database holds; the database is locked, so nobody else can move it on.
    values: Values,
}

#[derive(Clone, Copy)]
struct Values {
    used: [u64; 2],
    spent: f64,
}

impl Counters {
    pub(super) fn create(path: &Path, pool_id: u128) -> Result<Self, StoreError> {
        let file = private_file::create(path)?;
        let initialise = || {
            let values = Values { used: [0; 2], spent: 0.0 };
            let mut counters = Self { database: database(file)?, path: path.into(), values };
            counters.commit(Some(pool_id), values)?;
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
        let (pool_id, values) = read(&database).map_err(failed)?;
        Ok((Self { database, path: path.into(), values }, pool_id))
    }

    /// The number of pads used in `direction`.
    pub(super) fn used(&self, direction: Direction) -> u64 {
        self.values.used[direction.index()]
    }

    /// Marks all pads of `direction` below `until` as used, on disk before this returns.
    pub(super) fn raise(&mut self, direction: Direction, until: u64) -> Result<(), StoreError> {
        let mut values = self.values;
        values.used[direction.index()] = until;
        self.commit(None, values).map_err(|error| failure("write", &self.path, error))
    }

    /// ε used up.
    pub(super) fn spent(&self) -> f64 {
        self.values.spent
    }

    /// Raises the ε used up to `total`, on disk before this returns.
    pub(super) fn spend(&mut self, total: f64) -> Result<(), StoreError> {
        let values = Values { spent: total, ..self.values };
        self.commit(None, values).map_err(|error| failure("write", &self.path, error))
    }

    fn commit(&mut self, pool_id: Option<u128>, values: Values) -> Result<(), Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        if let Some(id) = pool_id {
            transaction.open_table(POOL_ID)?.insert((), id)?;
        }
        {
            let mut table = transaction.open_table(USED)?;
            for direction in Direction::BOTH {
                table.insert(direction.index() as u8, values.used[direction.index()])?;
            }
        }
        transaction.open_table(SPENT)?.insert((), values.spent)?;
        transaction.commit()?;
        self.values = values;
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

/// The pool id, the number of pads used in each direction, and the ε used up.
fn read(database: &Database) -> Result<(u128, Values), Error> {
    let transaction = database.begin_read()?;
    let missing = |what: &str| Error::Corrupted(format!("no entry for {what}"));
    let pool_id = transaction.open_table(POOL_ID)?.get(())?.ok_or_else(|| missing("the pool id"))?.value();
    let table = transaction.open_table(USED)?;
    let mut used = [0; 2];
    for direction in Direction::BOTH {
        let entry = table.get(direction.index() as u8)?.ok_or_else(|| missing("pads used"))?;
        used[direction.index()] = entry.value();
    }
    let spent = transaction.open_table(SPENT)?.get(())?.ok_or_else(|| missing("ε spent"))?.value();
    if !spent.is_finite() || spent < 0.0 {
        return Err(Error::Corrupted(format!("ε spent is {spent}")));
    }
    Ok((pool_id, Values { used, spent }))
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
