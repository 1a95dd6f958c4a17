//! The store on SQLite: how the file is made, opened and locked, and how the database's errors become ours.
//!
//! `inspect` looks at a file before anything may touch it, `migrate` gives it its shape, `commit` writes a scan,
//! `resources` keeps what stays the same once, `snapshots`, `findings` and, night after night, `timeline` read; `stream` reads
//! findings one by one. `outbox`
//! keeps what is to be told, `reviews` what people decide on access, `runs` when scans began and ended; `lock` keeps two of
//! them apart, `journal` keeps what one under way has read, and `prune` takes out what nobody needs.

mod commit;
mod findings;
mod inspect;
mod journal;
mod lock;
mod migrate;
mod outbox;
mod prune;
mod resources;
mod reviews;
mod runs;
mod snapshots;
mod stream;
mod timeline;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::inspect::{Standing, inspect};
pub use self::journal::Journal;
pub use self::lock::ScanLock;
use self::migrate::migrate;
pub use self::stream::FindingStream;
pub use self::timeline::Timeline;
use crate::store::StoreError;

/// How long to wait for another process that writes: a commit of a large estate takes seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of the file is held in memory, in KiB.
const CACHE: i32 = 65_536;

/// No file is made by opening it. And not `SQLITE_OPEN_URI`: a path is a path, even if it begins with `file:`.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Scans, findings and baselines in one SQLite file. One connection: send it to the thread that works with it.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the store at `path`, and makes it if there is none: readable and writable by its owner alone.
    ///
    /// # Errors
    /// If the file cannot be made, is not a store of ours, is newer, damaged or emptied (it is then left untouched), or
    /// is in use for too long.
    pub fn create_or_open(path: &Path) -> Result<Self, StoreError> {
        if inspect(path)? == Standing::Missing {
            Self::create(path)?;
        }
        Self::connect(path, PATIENCE)
    }

    /// Opens a store that exists.
    ///
    /// # Errors
    /// `Missing` if it does not exist; otherwise as for [`Store::create_or_open`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        match inspect(path)? {
            Standing::Missing => Err(StoreError::Missing { path: path.into() }),
            Standing::Store => Self::connect(path, PATIENCE),
        }
    }

    /// A store that is gone when it is dropped: for tests and trials.
    ///
    /// # Errors
    /// If memory is short.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        let path = Path::new(":memory:");
        Self::prepare(Connection::open_in_memory().map_err(|error| fault(path, error))?, path, PATIENCE)
    }

    /// Makes a store without scans for its owner alone; SQLite gives the files it lays beside it the same rights. It is
    /// made under another name and appears whole, so that an empty file can only be one that was emptied. If another
    /// process was faster, its store is as good.
    fn create(path: &Path) -> Result<(), StoreError> {
        let refused = |source| StoreError::Io { path: path.into(), doing: "create", source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = tempfile::Builder::new().prefix(".keyroll-").tempfile_in(folder).map_err(refused)?.into_temp_path();
        let connection = Connection::open_with_flags(&draft, FLAGS).map_err(|error| fault(path, error))?;
        drop(Self::prepare(connection, path, PATIENCE)?);
        match draft.persist_noclobber(path) {
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other.map_err(|failed| refused(failed.error)),
        }
    }

    fn connect(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(path, FLAGS).map_err(|error| fault(path, error))?;
        if connection.is_readonly(rusqlite::MAIN_DB).map_err(|error| fault(path, error))? {
            return Err(StoreError::NoAccess { path: path.into() });
        }
        Self::prepare(connection, path, patience)
    }

    /// Sets the connection up and brings the database into shape.
    ///
    /// The write-ahead log lets reports read while a scan commits. `synchronous = FULL` makes a commit wait until the
    /// disk has it: with `NORMAL` a power cut may take back the last scan after its alerts went out, and they would go
    /// out again. One scan a night can afford the wait.
    fn prepare(mut connection: Connection, path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let named = |error| fault(path, error);
        connection.busy_timeout(patience).map_err(named)?;
        connection
            .execute_batch(
                "PRAGMA page_size = 8192; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;
                 PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
            )
            .and_then(|()| set_cache(&connection, CACHE))
            .map_err(named)?;
        // A new store gets its shape before it gets a log, so that its very first bytes say whose it is.
        migrate(&mut connection, path)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).map_err(named)?;
        Ok(Self { connection, path: path.into() })
    }

    /// Every row's first column, which is JSON.
    fn list<T: DeserializeOwned>(&self, sql: &str, params: impl Params) -> Result<Vec<T>, StoreError> {
        let list = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params, |row| row.get(0).map(|Json(value)| value))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        list().map_err(|error| self.fault(error))
    }

    fn fault(&self, error: rusqlite::Error) -> StoreError {
        fault(&self.path, error)
    }
}

/// Sets how many KiB of the file are held in memory, and with how many a sort makes do before it goes to disk.
fn set_cache(connection: &Connection, kibibytes: i32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -kibibytes)
}

/// Who walks through a table once comes by no page again: meanwhile, less of the file is held in memory.
struct SmallCache<'a> {
    connection: &'a Connection,
    before: i32,
}

impl<'a> SmallCache<'a> {
    const KIBIBYTES: i32 = 8192;

    fn of(connection: &'a Connection) -> rusqlite::Result<Self> {
        let before: i32 = connection.pragma_query_value(None, "cache_size", |row| row.get(0))?;
        set_cache(connection, Self::KIBIBYTES)?;
        Ok(Self { connection, before: -before })
    }
}

impl Drop for SmallCache<'_> {
    fn drop(&mut self) {
        // A store that keeps its small cache is slower and nothing else.
        drop(set_cache(self.connection, self.before));
    }
}

/// What an error of the database means for the store.
fn fault(path: &Path, error: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            StoreError::NoAccess { path }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path, what: error.to_string() }
        }
        Some(_) => StoreError::Database { path, source: error.into() },
        None => match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
                StoreError::Damaged { path, what: error.to_string() }
            }
            other => StoreError::Database { path, source: other.into() },
        },
    }
}

/// A value that lies in the database as JSON.
struct Json<T>(T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(|error| FromSqlError::Other(error.into()))
    }
}

/// A moment as it lies in the database: milliseconds since 1970.
fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A moment as it was, from the database.
fn moment(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The JSON of a value.
fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("internal: our own types can be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_store_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyroll.db");
        drop(Store::create_or_open(&path).unwrap());
        let other = Connection::open(&path).unwrap();
        other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
        let error = Store::connect(&path, Duration::ZERO).unwrap_err();
        assert!(matches!(&error, StoreError::Locked { path: named } if *named == path), "{error}");
    }
}
