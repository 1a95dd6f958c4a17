//! The store in one SQLite file: how the file is made, opened and locked, and how the database's errors become ours.
//!
//! `inspect` looks at a file before anything may touch it, `migrate` gives it its shape, `journal` opens the file beside it.

mod inspect;
mod journal;
mod lock;
mod migrate;

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};

use self::inspect::{Standing, inspect};
pub(super) use self::journal::remove as remove_journal;
use self::migrate::migrate;
use super::StoreError;
use super::database::{Backend, Database, Row, Value};
use crate::model::SnapshotId;

/// How long to wait for another process that writes: a commit of a large estate takes seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of the file is held in memory, in KiB.
const CACHE: i32 = 65_536;

/// How much of it by whoever walks through a table once.
const SMALL_CACHE: i32 = 8192;

/// How many statements are kept as they were prepared.
const STATEMENTS: usize = 64;

/// No file is made by opening it. And not `SQLITE_OPEN_URI`: a path is a path, even if it begins with `file:`.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// One connection to one file.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

/// What lies at a path.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A store of an older shape.
    Older,
    /// A store that can be read and written.
    Ready(Sqlite),
}

impl Sqlite {
    /// Opens the store at `path`, and makes it if there is none: readable and writable by its owner alone.
    pub(super) fn create_or_open(path: &Path) -> Result<Self, StoreError> {
        if inspect(path)? == Standing::Missing {
            Self::create(path)?;
        }
        Self::connect(path, PATIENCE)
    }

    /// Opens a store that exists.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        match inspect(path)? {
            Standing::Missing => Err(StoreError::Missing { path: path.into() }),
            Standing::Store => Self::connect(path, PATIENCE),
        }
    }

    /// Finds out what lies at a path and whether it could be written to. Nothing of it is changed.
    pub(super) fn examine(path: &Path) -> Result<Found, StoreError> {
        if inspect(path)? == Standing::Missing {
            return Ok(Found::Nothing);
        }
        let named = |error| fault(path, error);
        let connection = Self::open_to_write(path)?;
        connection.busy_timeout(PATIENCE).map_err(named)?;
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(named)?;
        if migrate::version_of(&connection).map_err(named)? < migrate::VERSION {
            return Ok(Found::Older);
        }
        Self::prepare(connection, path, PATIENCE).map(Found::Ready)
    }

    /// A store that is gone when it is dropped.
    pub(super) fn open_in_memory() -> Result<Self, StoreError> {
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
        Self::prepare(Self::open_to_write(path)?, path, patience)
    }

    fn open_to_write(path: &Path) -> Result<Connection, StoreError> {
        let connection = Connection::open_with_flags(path, FLAGS).map_err(|error| fault(path, error))?;
        if connection.is_readonly(rusqlite::MAIN_DB).map_err(|error| fault(path, error))? {
            return Err(StoreError::NoAccess { path: path.into() });
        }
        Ok(connection)
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
        Ok(Self::over(connection, path))
    }

    fn over(connection: Connection, path: &Path) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { connection, path: path.into() }
    }

    fn is_in_memory(&self) -> bool {
        self.path.as_os_str() == ":memory:"
    }

    fn fault(&self, error: rusqlite::Error) -> StoreError {
        fault(&self.path, error)
    }
}

impl Backend for Sqlite {
    fn place(&self) -> &Path {
        &self.path
    }

    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        let done =
            self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params_from_iter(values)));
        done.map_err(|error| self.fault(error))
    }

    fn execute_many(&self, sql: &str, rows: &mut dyn Iterator<Item = Vec<Value<'_>>>) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.fault(error))?;
        rows.map(|row| statement.execute(params_from_iter(row)).map_err(|error| self.fault(error))).sum()
    }

    fn insert_many(
        &self,
        table: &str,
        columns: &[&str],
        rows: &mut dyn Iterator<Item = Vec<Value<'_>>>,
    ) -> Result<(), StoreError> {
        let places: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "));
        self.execute_many(&sql, rows).map(|_count| ())
    }

    fn all(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.each(sql, values, take)
    }

    fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.fault(error))?;
        let mut rows = statement.query(params_from_iter(values)).map_err(|error| self.fault(error))?;
        while let Some(row) = rows.next().map_err(|error| self.fault(error))? {
            if !take(&Row::of_sqlite(row, &self.path))? {
                break;
            }
        }
        Ok(())
    }

    fn first_of_each(
        &self,
        sql: &str,
        rows: &mut dyn Iterator<Item = Vec<Value<'_>>>,
        take: &mut dyn FnMut(Option<&Row<'_>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.fault(error))?;
        for values in rows {
            let mut found = statement.query(params_from_iter(values)).map_err(|error| self.fault(error))?;
            let row = found.next().map_err(|error| self.fault(error))?;
            take(row.map(|row| Row::of_sqlite(row, &self.path)).as_ref())?;
        }
        Ok(())
    }

    fn begin(&self, writes: bool) -> Result<(), StoreError> {
        let begin = if writes { "BEGIN IMMEDIATE" } else { "BEGIN DEFERRED" };
        self.connection.execute_batch(begin).map_err(|error| self.fault(error))
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT").map_err(|error| self.fault(error))
    }

    fn roll_back(&self) {
        // After some errors the database has done so already, and after others there is nothing that could be done.
        drop(self.connection.execute_batch("ROLLBACK"));
    }

    fn first_keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn text_at(&self, column: &str, path: &[&str]) -> String {
        format!("({column} ->> '$.{}')", path.join("."))
    }

    fn merged(&self, one: &str, other: &str, by: &str) -> String {
        format!("{one} UNION ALL {other} ORDER BY {by}")
    }

    fn in_own_order(&self) -> &'static str {
        "NOT INDEXED"
    }

    fn by_now(&self, table: &str) -> String {
        format!("INDEXED BY {table}_now")
    }

    fn shrink(&self) -> Result<i32, StoreError> {
        let before = self.connection.pragma_query_value(None, "cache_size", |row| row.get(0));
        before
            .and_then(|before: i32| set_cache(&self.connection, SMALL_CACHE).map(|()| -before))
            .map_err(|error| self.fault(error))
    }

    fn grow(&self, before: i32) {
        // A store that keeps its small cache is slower and nothing else.
        drop(set_cache(&self.connection, before));
    }

    fn drop_parts(&self, _without: &[SnapshotId]) -> Result<usize, StoreError> {
        Ok(0)
    }

    fn make_room(&self, _snapshot: i64) -> Result<(), StoreError> {
        Ok(())
    }

    fn compact(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").map_err(|error| self.fault(error))
    }

    fn lock_for_scan(&self) -> Result<Box<dyn Any + Send>, StoreError> {
        if self.is_in_memory() {
            return Ok(Box::new(()));
        }
        Ok(Box::new(lock::lock_beside(&self.path)?))
    }

    fn journal(&self) -> Result<Database, StoreError> {
        Ok(Database::new(match self.journal_file() {
            Some(path) => journal::open(&path)?,
            None => journal::in_memory()?,
        }))
    }

    fn journal_file(&self) -> Option<PathBuf> {
        (!self.is_in_memory()).then(|| journal::beside(&self.path))
    }

    fn rest(&self) {}

    fn may_try_again(&self, _error: &StoreError, _tried: u32) -> bool {
        false
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Int(Some(number)) => ToSqlOutput::Owned(Owned::Integer(*number)),
            Value::Text(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(Some(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) => ToSqlOutput::Owned(Owned::Null),
        })
    }
}

/// Sets how many KiB of the file are held in memory, and with how many a sort makes do before it goes to disk.
fn set_cache(connection: &Connection, kibibytes: i32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -kibibytes)
}

/// What an error of the database means for the store.
pub(super) fn fault(path: &Path, error: rusqlite::Error) -> StoreError {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::resources::snapshot_sql;

    #[test]
    fn a_locked_store_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyroll.db");
        drop(Sqlite::create_or_open(&path).unwrap());
        let other = Connection::open(&path).unwrap();
        other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
        let error = Sqlite::connect(&path, Duration::ZERO).unwrap_err();
        assert!(matches!(&error, StoreError::Locked { path: named } if *named == path), "{error}");
    }

    #[test]
    fn opening_a_snapshot_walks_each_table_once_without_sorting() {
        let store = Sqlite::open_in_memory().unwrap();
        let sql = snapshot_sql(&store);
        let mut plan = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan.query_map([1], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        for scan in ["SCAN resources", "SCAN carried"] {
            assert!(steps.contains(&scan.to_owned()), "{steps:?}");
        }
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }
}
