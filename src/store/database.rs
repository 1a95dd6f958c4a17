//! The database under the store: the store's questions are written once, in SQL that both kinds of database take, and what
//! they do differently is a [`Backend`]'s affair. Values go in as [`Value`]s for `?1`, `?2`, …, and come out of [`Row`]s.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::digest::Digest;
use crate::model::SnapshotId;

/// A kind of database.
pub(super) trait Backend: Debug + Send {
    /// What the store is called in messages.
    fn place(&self) -> &Path;

    /// Changes rows; gives back how many.
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, StoreError>;

    /// The same change with the values of each row; gives back how many rows were changed by all of them.
    fn execute_many(&self, sql: &str, rows: &mut dyn Iterator<Item = Vec<Value<'_>>>) -> Result<usize, StoreError>;

    /// Adds rows to a table, as fast as it can.
    fn insert_many(
        &self,
        table: &str,
        columns: &[&str],
        rows: &mut dyn Iterator<Item = Vec<Value<'_>>>,
    ) -> Result<(), StoreError>;

    /// Shows the rows of a short answer, until there are no more or one is the last that is wanted (`false`).
    fn all(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError>;

    /// Shows the rows of an answer one by one, until there are no more or one is the last that is wanted (`false`). However
    /// many there are, only some are held at a time; meanwhile other questions may be asked.
    fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError>;

    /// The first row of the answer for the values of each row, in their order.
    fn first_of_each(
        &self,
        sql: &str,
        rows: &mut dyn Iterator<Item = Vec<Value<'_>>>,
        take: &mut dyn FnMut(Option<&Row<'_>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Begins a transaction. Only one writes at a time; one that reads sees all of the store as it is at one moment.
    fn begin(&self, writes: bool) -> Result<(), StoreError>;

    /// Keeps what the transaction wrote.
    fn commit(&self) -> Result<(), StoreError>;

    /// Undoes what the transaction wrote, as far as the database has not done so itself.
    fn roll_back(&self);

    /// The columns that stand before the keys that we name in the key of every table.
    fn first_keys(&self) -> &'static [&'static str];

    /// The text at a path inside a column's JSON, as an expression.
    fn text_at(&self, column: &str, path: &[&str]) -> String;

    /// Both selections as one, in the order of a column by which each can be read, so that nothing has to be sorted.
    fn merged(&self, one: &str, other: &str, by: &str) -> String;

    /// What stands behind a table's name so that it is read in its own order.
    fn in_own_order(&self) -> &'static str;

    /// What stands behind a table's name so that the index of what stands now is used.
    fn by_now(&self, table: &str) -> String;

    /// Makes do with less memory, and gives back with how much it made do before.
    fn shrink(&self) -> Result<i32, StoreError>;

    /// Takes as much memory as before.
    fn grow(&self, before: i32);

    /// Where history lies in parts that can be dropped at once: drops those of which nothing is needed without some scans.
    /// Gives back how many rows of resources and findings went.
    fn drop_parts(&self, without: &[SnapshotId]) -> Result<usize, StoreError>;

    /// Makes room for a scan that is about to be written.
    fn make_room(&self, snapshot: i64) -> Result<(), StoreError>;

    /// Gives the room of what was removed back to the disk.
    fn compact(&self) -> Result<(), StoreError>;

    /// Takes the right to scan into the store, which is given up when the value is dropped.
    fn lock_for_scan(&self) -> Result<Box<dyn Any + Send>, StoreError>;

    /// Opens the place for what a scan under way has read.
    fn journal(&self) -> Result<Database, StoreError>;

    /// The file it lies in, if that is one of its own.
    fn journal_file(&self) -> Option<PathBuf>;

    /// Gives up a connection that is not needed for a while.
    fn rest(&self);

    /// Whether to try once more after an error that came `tried` times: the database is there again, and it did nothing.
    fn may_try_again(&self, error: &StoreError, tried: u32) -> bool;
}

/// A database of either kind.
#[derive(Debug)]
pub(super) struct Database(Box<dyn Backend>);

impl Database {
    pub(super) fn new(backend: impl Backend + 'static) -> Self {
        Self(Box::new(backend))
    }

    /// `INSERT` of a row that takes the place of the one with the same keys.
    pub(super) fn upsert(&self, table: &str, keys: &[&str], others: &[&str]) -> String {
        let columns = [keys, others].concat();
        let places: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
        let set: Vec<String> = others.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        let (columns, places, set) = (columns.join(", "), places.join(", "), set.join(", "));
        let keys = [self.0.first_keys(), keys].concat().join(", ");
        format!("INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT ({keys}) DO UPDATE SET {set}")
    }

    /// What it can do, and the other does otherwise.
    pub(super) fn backend(&self) -> &dyn Backend {
        &*self.0
    }

    pub(super) fn place(&self) -> &Path {
        self.0.place()
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        self.0.execute(sql, values)
    }

    pub(super) fn execute_many<'a>(
        &self,
        sql: &str,
        rows: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<usize, StoreError> {
        self.0.execute_many(sql, &mut rows.into_iter())
    }

    pub(super) fn insert_many<'a>(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<(), StoreError> {
        self.0.insert_many(table, columns, &mut rows.into_iter())
    }

    pub(super) fn first_of_each<'a>(
        &self,
        sql: &str,
        rows: impl IntoIterator<Item = Vec<Value<'a>>>,
        mut take: impl FnMut(Option<&Row<'_>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.first_of_each(sql, &mut rows.into_iter(), &mut take)
    }

    /// Shows the rows of an answer one by one, until one is refused.
    pub(super) fn each<E: From<StoreError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut refused = None;
        self.0.each(sql, values, &mut |row| {
            refused = take(row).err();
            Ok(refused.is_none())
        })?;
        refused.map_or(Ok(()), Err)
    }

    /// What is read of each row of an answer.
    pub(super) fn query<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.0.all(sql, values, &mut |row| {
            all.push(read(row)?);
            Ok(true)
        })?;
        Ok(all)
    }

    /// What is read of the first row of an answer; `None` if it has none.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        self.0.all(sql, values, &mut |row| {
            first = Some(read(row)?);
            Ok(false)
        })?;
        Ok(first)
    }

    /// What is read of the one row that an answer always has.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let missing = || StoreError::Damaged { path: self.place().into(), what: "a row is missing".to_owned() };
        self.first(sql, values, read)?.ok_or_else(missing)
    }

    /// Every row's first column, which is JSON.
    pub(super) fn list<T: DeserializeOwned>(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>, StoreError> {
        self.query(sql, values, |row| row.json(0))
    }

    /// Writes all of it, or nothing. Should the database not have done it, and be there again, it is done once more.
    pub(super) fn writing<T>(&self, mut work: impl FnMut(&Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut tried = 0;
        loop {
            let done = self.0.begin(true).and_then(|()| self.within(&mut work));
            match done {
                Err(error) if self.0.may_try_again(&error, tried) => tried += 1,
                done => return done,
            }
        }
    }

    /// Reads all of it as it is at one moment, whatever another process writes meanwhile. It begins anew with another connection
    /// where the one is gone, and does not once it has read something.
    pub(super) fn reading<T, E: From<StoreError>>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        let mut tried = 0;
        while let Err(error) = self.0.begin(false) {
            if !self.0.may_try_again(&error, tried) {
                return Err(error.into());
            }
            tried += 1;
        }
        self.within(work)
    }

    /// Does something within the transaction that has begun, and ends it.
    fn within<T, E: From<StoreError>>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        // A panic in between must not leave the transaction open: the store may be used by others after it.
        let mut open = Open { backend: &*self.0, is_open: true };
        let done = work(self)?;
        self.0.commit()?;
        open.is_open = false;
        Ok(done)
    }

    /// Makes do with less memory for a while: who walks through a table once comes by no page again.
    pub(super) fn with_less_memory(&self) -> Result<LessMemory<'_>, StoreError> {
        Ok(LessMemory { before: self.0.shrink()?, backend: &*self.0 })
    }
}

/// A transaction that is undone unless it is committed.
struct Open<'a> {
    backend: &'a dyn Backend,
    is_open: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.backend.roll_back();
        }
    }
}

/// As long as it is there, the database makes do with less memory.
#[derive(Debug)]
pub(super) struct LessMemory<'a> {
    backend: &'a dyn Backend,
    before: i32,
}

impl Drop for LessMemory<'_> {
    fn drop(&mut self) {
        self.backend.grow(self.before);
    }
}

/// A value for a place in a statement. What is not there has a sort too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Int(Option<i64>),
    Text(Option<Cow<'a, str>>),
    Bytes(Option<Cow<'a, [u8]>>),
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::store::database::Value::from($value)),*] };
}
pub(super) use values;

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(Some(number.into()))
    }
}

impl From<bool> for Value<'_> {
    fn from(yes: bool) -> Self {
        Self::Int(Some(yes.into()))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text.as_str().into()))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::from))
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::Text(text.as_deref().map(Cow::from))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Some(bytes.into()))
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(Some(bytes.into()))
    }
}

impl From<Digest> for Value<'_> {
    fn from(digest: Digest) -> Self {
        Self::Bytes(Some(digest.as_bytes().to_vec().into()))
    }
}

impl From<Option<Digest>> for Value<'_> {
    fn from(digest: Option<Digest>) -> Self {
        Self::Bytes(digest.map(|digest| digest.as_bytes().to_vec().into()))
    }
}

/// A row of an answer.
pub(super) struct Row<'a> {
    cells: Cells<'a>,
    place: &'a Path,
}

enum Cells<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    #[cfg(feature = "postgres")]
    Postgres(&'a tokio_postgres::Row),
}

/// What both databases can hand out.
#[cfg(not(feature = "postgres"))]
pub(super) trait Cell: FromSql {}
#[cfg(not(feature = "postgres"))]
impl<T: FromSql> Cell for T {}

/// What both databases can hand out.
#[cfg(feature = "postgres")]
pub(super) trait Cell: FromSql + for<'a> tokio_postgres::types::FromSql<'a> {}
#[cfg(feature = "postgres")]
impl<T: FromSql + for<'a> tokio_postgres::types::FromSql<'a>> Cell for T {}

impl<'a> Row<'a> {
    pub(super) fn of_sqlite(row: &'a rusqlite::Row<'a>, place: &'a Path) -> Self {
        Self { cells: Cells::Sqlite(row), place }
    }

    #[cfg(feature = "postgres")]
    pub(super) fn of_postgres(row: &'a tokio_postgres::Row, place: &'a Path) -> Self {
        Self { cells: Cells::Postgres(row), place }
    }

    /// A column's value.
    pub(super) fn get<T: Cell>(&self, column: usize) -> Result<T, StoreError> {
        match self.cells {
            Cells::Sqlite(row) => row.get(column).map_err(|error| super::sqlite::fault(self.place, error)),
            #[cfg(feature = "postgres")]
            Cells::Postgres(row) => row.try_get(column).map_err(|error| self.damaged(&error.to_string())),
        }
    }

    /// A column's text, where it lies.
    pub(super) fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self.cells {
            Cells::Sqlite(row) => {
                let text = row.get_ref(column).and_then(|cell| cell.as_str().map_err(rusqlite::Error::from));
                text.map_err(|error| super::sqlite::fault(self.place, error))
            }
            #[cfg(feature = "postgres")]
            Cells::Postgres(row) => row.try_get(column).map_err(|error| self.damaged(&error.to_string())),
        }
    }

    /// What a column's JSON says.
    pub(super) fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?).map_err(|error| self.damaged(&error.to_string()))
    }

    /// A column's digest.
    pub(super) fn digest(&self, column: usize) -> Result<Digest, StoreError> {
        self.get(column).map(|Sum(digest)| digest)
    }

    /// A column's digest, if it has one.
    pub(super) fn maybe_digest(&self, column: usize) -> Result<Option<Digest>, StoreError> {
        Ok(self.get::<Option<Sum>>(column)?.map(|Sum(digest)| digest))
    }

    /// That what is in the row makes no sense.
    pub(super) fn damaged(&self, what: &str) -> StoreError {
        StoreError::Damaged { path: self.place.into(), what: what.to_owned() }
    }
}

/// A digest as it lies in a database.
struct Sum(Digest);

impl FromSql for Sum {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let whole = bytes
            .try_into()
            .map_err(|_other| FromSqlError::InvalidBlobSize { expected_size: 32, blob_size: bytes.len() })?;
        Ok(Self(Digest::from_bytes(whole)))
    }
}

#[cfg(feature = "postgres")]
impl<'a> tokio_postgres::types::FromSql<'a> for Sum {
    fn from_sql(
        _sort: &tokio_postgres::types::Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Digest::from_bytes(raw.try_into()?)))
    }

    fn accepts(sort: &tokio_postgres::types::Type) -> bool {
        *sort == tokio_postgres::types::Type::BYTEA
    }
}

/// A moment as it lies in the database: milliseconds since 1970.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A moment as it was, from the database.
pub(super) fn moment(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// A limit that SQL understands.
pub(super) fn limit(newest: usize) -> i64 {
    i64::try_from(newest).unwrap_or(i64::MAX)
}

/// The JSON of a value.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("internal: our own types can be written as JSON")
}
