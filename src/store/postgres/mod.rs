//! The store in a PostgreSQL database, version 13 or newer. The tables are those of a store in a file, each with a column that
//! says whose row it is; `session` keeps a connection and how what the server says is understood, `line` encrypts it,
//! `migrate` gives the database its shape, and `queue` shares jobs among machines.
//!
//! One writes at a time for each tenant, as in a file: every transaction that writes begins with a lock that ends with it. So
//! what holds there holds here.

mod line;
mod migrate;
pub(super) mod queue;
mod session;

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use futures::future::try_join_all;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row as Answer, Statement};

use self::session::{Session, wait_for};
use super::StoreError;
use super::database::{Backend, Database, Row, Value};
use super::location::Address;
use crate::digest::Digest;
use crate::model::SnapshotId;

/// How many rows are fetched, looked up or written together.
const SHARE: usize = 1_024;

/// How much text is sent together.
const BYTES: usize = 4 << 20;

/// How often something is tried again that the server did not do: half a minute in all, as long as a standby may need to take
/// the place of a server that is gone.
const TRIES: u32 = 8;

/// A session with a database.
#[derive(Debug)]
pub(super) struct Postgres(Session);

impl Postgres {
    /// Opens the store of an address, and makes it if there is none and the role may.
    pub(super) fn create_or_open(address: &Address) -> Result<Self, StoreError> {
        Self::settled(address, true)
    }

    /// Opens a store that exists.
    pub(super) fn open(address: &Address) -> Result<Self, StoreError> {
        Self::settled(address, false)
    }

    fn settled(address: &Address, may_create: bool) -> Result<Self, StoreError> {
        let store = Self(Session::begin(address)?);
        store.refuse_role_without_bounds()?;
        migrate::settle(&store, may_create)?;
        Ok(store)
    }

    /// Brings the store and the queue beside it into shape, as the role that owns them.
    pub(super) fn migrate(address: &Address) -> Result<(), StoreError> {
        let store = Self::settled(address, true)?;
        let mut owner = None;
        let sql = "SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'keyroll_queue'";
        store.all(sql, &[], &mut |row| {
            owner = Some(row.get::<String>(0)?);
            Ok(true)
        })?;
        let Some(owner) = owner else {
            let what = "the schema `keyroll_queue` is missing: run what `keyroll store roles` prints once more";
            return Err(StoreError::Refused { path: store.place().into(), what: what.to_owned() });
        };
        let mut may_be_owner = false;
        store.all(
            "SELECT pg_has_role(current_user, CAST(?1 AS name), 'MEMBER')",
            &[Value::from(owner.as_str())],
            &mut |row| {
                may_be_owner = row.get(0)?;
                Ok(true)
            },
        )?;
        if !may_be_owner {
            // There may be nothing to do.
            return queue::Queue::open(address, 1).map(drop);
        }
        // The library would make the schema where this table is missing, which the owner need not be able to.
        let first = "CREATE TABLE IF NOT EXISTS keyroll_queue.migrations (
            id int PRIMARY KEY, ts timestamptz NOT NULL DEFAULT now(), breaking boolean NOT NULL DEFAULT false)";
        store.as_owner(&owner, first)?;
        queue::Queue::migrate(address, &owner)?;
        store.as_owner(&owner, "SELECT hand_out_rights_to_queue()")
    }

    fn as_owner(&self, owner: &str, sql: &str) -> Result<(), StoreError> {
        self.0.begin_transaction(&format!("BEGIN; SET LOCAL ROLE {}", quoted(owner)))?;
        let done = self.0.batch(sql).and_then(|()| self.0.end_transaction());
        if done.is_err() {
            self.roll_back();
        }
        done
    }

    /// Opens a store, and waits for a server that is away.
    pub(super) fn open_patiently(address: &Address) -> Result<Self, StoreError> {
        patiently(|| Self::open(address))
    }

    /// Opens a store that another is being copied into.
    pub(super) fn open_unfinished(address: &Address) -> Result<Self, StoreError> {
        let store = Self(Session::begin(address)?);
        store.refuse_role_without_bounds()?;
        migrate::settle_shape(&store, true)?;
        Ok(store)
    }

    /// A role that row-level security does not bind would read the rows of all tenants as its own.
    fn refuse_role_without_bounds(&self) -> Result<(), StoreError> {
        let sql = "SELECT rolname::text FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)";
        let mut unbound = None;
        self.all(sql, &[], &mut |row| {
            unbound = Some(row.get::<String>(0)?);
            Ok(true)
        })?;
        unbound.map_or(Ok(()), |role| {
            let what = format!(
                "role `{role}` is bound by no row-level security: connect as one that `keyroll store roles` makes"
            );
            Err(StoreError::Refused { path: self.place().into(), what })
        })
    }

    /// Does something that may be done twice, and does it again if the server went away meanwhile. What belongs to a transaction
    /// goes with that.
    fn again<T>(&self, work: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut tried = 0;
        loop {
            match work() {
                Err(error) if !self.0.is_in_transaction() && self.may_try_again(&error, tried) => tried += 1,
                done => return done,
            }
        }
    }

    /// The number by which the server knows a lock of this tenant.
    fn key(&self, of: &str) -> i64 {
        let digest = Digest::of_bytes(format!("keyroll {of} {}", self.0.address().tenant).as_bytes());
        i64::from_be_bytes(digest.as_bytes().first_chunk().copied().unwrap_or_default())
    }

    fn show(
        &self,
        answers: &[Answer],
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        for answer in answers {
            if !take(&Row::of_postgres(answer, self.place()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends a statement once for each row, without waiting for one before the next is sent.
    fn at_once(&self, sql: &str, rows: &[Vec<Value<'_>>]) -> Result<Vec<Vec<Answer>>, StoreError> {
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let (client, statement) = self.0.statement(sql, &sorts(first))?;
        let asked = rows.iter().map(|row| ask(&client, &statement, row));
        self.0.run(try_join_all(asked))
    }
}

/// A name as it stands in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn ask(
    client: &Client,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<Vec<Answer>, tokio_postgres::Error> {
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
    client.query(statement, &values).await
}

async fn tell(client: &Client, statement: &Statement, values: &[Value<'_>]) -> Result<u64, tokio_postgres::Error> {
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
    client.execute(statement, &values).await
}

fn sorts(values: &[Value<'_>]) -> Vec<Type> {
    values.iter().map(sort).collect()
}

fn sort(value: &Value<'_>) -> Type {
    match value {
        Value::Int(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    }
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Rows from an iterator, as many as are sent together. Empty when there are no more.
fn share<'a>(rows: &mut dyn Iterator<Item = Vec<Value<'a>>>) -> Vec<Vec<Value<'a>>> {
    let (mut share, mut bytes) = (Vec::new(), 0);
    while share.len() < SHARE
        && bytes < BYTES
        && let Some(row) = rows.next()
    {
        bytes += row.iter().map(size).sum::<usize>();
        share.push(row);
    }
    share
}

fn size(value: &Value<'_>) -> usize {
    match value {
        Value::Text(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        _ => 8,
    }
}

impl Backend for Postgres {
    fn place(&self) -> &Path {
        self.0.place()
    }

    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        self.again(|| {
            let (client, statement) = self.0.statement(sql, &sorts(values))?;
            self.0.run(tell(&client, &statement, values)).map(count)
        })
    }

    fn execute_many(&self, sql: &str, rows: &mut dyn Iterator<Item = Vec<Value<'_>>>) -> Result<usize, StoreError> {
        let mut changed = 0;
        loop {
            let share = share(rows);
            let Some(first) = share.first() else { return Ok(changed) };
            let (client, statement) = self.0.statement(sql, &sorts(first))?;
            let told = share.iter().map(|row| tell(&client, &statement, row));
            changed += self.0.run(try_join_all(told))?.into_iter().map(count).sum::<usize>();
        }
    }

    /// A share of rows goes over as one array for each column.
    fn insert_many(
        &self,
        table: &str,
        columns: &[&str],
        rows: &mut dyn Iterator<Item = Vec<Value<'_>>>,
    ) -> Result<(), StoreError> {
        loop {
            let share = share(rows);
            let Some(first) = share.first() else { return Ok(()) };
            let sorts: Vec<Type> = first.iter().map(array_of).collect();
            let places: Vec<String> =
                (1..).zip(&sorts).map(|(number, sort)| format!("?{number}::{}[]", element(sort))).collect();
            let (columns, places) = (columns.join(", "), places.join(", "));
            let sql = format!("INSERT INTO {table} ({columns}) SELECT * FROM unnest({places})");
            let (client, statement) = self.0.statement(&sql, &sorts)?;
            let arrays: Vec<Column<'_>> = (0..sorts.len()).map(|at| Column(&share, at)).collect();
            let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as _).collect();
            self.0.run(client.execute(&statement, &values))?;
        }
    }

    fn all(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let answers = self.again(|| {
            let (client, statement) = self.0.statement(sql, &sorts(values))?;
            self.0.run(ask(&client, &statement, values))
        })?;
        self.show(&answers, take).map(|_went_on| ())
    }

    /// Through a cursor, which lives in a transaction.
    fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        if !self.0.is_in_transaction() {
            self.again(|| self.begin(false))?;
            let shown = self.each(sql, values, take);
            // It only read: how it ends makes no difference.
            self.roll_back();
            return shown;
        }
        let cursor = self.0.open_cursor(sql);
        let declare = format!("DECLARE {cursor} NO SCROLL CURSOR FOR {sql}");
        let (client, statement) = self.0.statement(&declare, &sorts(values))?;
        self.0.run(tell(&client, &statement, values))?;
        let (client, fetch) = self.0.statement(&format!("FETCH FORWARD {SHARE} FROM {cursor}"), &[])?;
        loop {
            let answers = self.0.run(ask(&client, &fetch, &[]))?;
            if !self.show(&answers, take)? || answers.len() < SHARE {
                break;
            }
        }
        self.0.run(client.batch_execute(&format!("CLOSE {cursor}")))?;
        self.0.close_cursor();
        Ok(())
    }

    fn first_of_each(
        &self,
        sql: &str,
        rows: &mut dyn Iterator<Item = Vec<Value<'_>>>,
        take: &mut dyn FnMut(Option<&Row<'_>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        loop {
            let share = share(rows);
            if share.is_empty() {
                return Ok(());
            }
            for answers in self.at_once(sql, &share)? {
                take(answers.first().map(|answer| Row::of_postgres(answer, self.place())).as_ref())?;
            }
        }
    }

    fn begin(&self, writes: bool) -> Result<(), StoreError> {
        if !writes && self.0.is_in_transaction() {
            self.0.read_within();
            return Ok(());
        }
        let begin = match writes {
            // The lock comes first, so that whatever is read after it is what the writer before left.
            true => format!("BEGIN; SELECT pg_advisory_xact_lock({})", self.key("writes")),
            false => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
        };
        self.0.begin_transaction(&begin)
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.0.end_transaction()
    }

    fn roll_back(&self) {
        self.0.undo_transaction();
    }

    fn first_keys(&self) -> &'static [&'static str] {
        &["tenant"]
    }

    fn text_at(&self, column: &str, path: &[&str]) -> String {
        format!("({column}::json #>> '{{{}}}')", path.join(","))
    }

    /// That each has an order of its own, the server has to be told.
    fn merged(&self, one: &str, other: &str, by: &str) -> String {
        format!("({one} ORDER BY {by}) UNION ALL ({other} ORDER BY {by}) ORDER BY {by}")
    }

    fn in_own_order(&self) -> &'static str {
        ""
    }

    fn by_now(&self, _table: &str) -> String {
        String::new()
    }

    fn shrink(&self) -> Result<i32, StoreError> {
        Ok(0)
    }

    fn grow(&self, _before: i32) {}

    fn drop_parts(&self, without: &[SnapshotId]) -> Result<usize, StoreError> {
        let numbers: Vec<String> = without.iter().map(|scan| scan.0.to_string()).collect();
        let numbers = Value::from(format!("{{{}}}", numbers.join(",")));
        let mut went = 0;
        self.all("SELECT drop_parts(CAST(?1 AS bigint[]))", &[numbers], &mut |row| {
            went = usize::try_from(row.get::<i64>(0)?).unwrap_or_default();
            Ok(true)
        })?;
        Ok(went)
    }

    fn make_room(&self, snapshot: i64) -> Result<(), StoreError> {
        self.all("SELECT make_room(?1)::text", &[snapshot.into()], &mut |_| Ok(true))
    }

    /// What was removed in parts is gone from the disk already, and what was removed row by row the server uses again.
    fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn lock_for_scan(&self) -> Result<Box<dyn Any + Send>, StoreError> {
        let under_way = || StoreError::ScanUnderWay { path: self.place().into() };
        if self.0.may_scan.load(Ordering::Relaxed) {
            return Err(under_way());
        }
        let key = self.key("scan");
        let (client, statement) = self.0.statement("SELECT pg_try_advisory_lock(?1)", &[Type::INT8])?;
        let answer = self.0.run(client.query_one(&statement, &[&key]))?;
        if !answer.get::<_, bool>(0) {
            return Err(under_way());
        }
        self.0.may_scan.store(true, Ordering::Relaxed);
        Ok(Box::new(Held { client, key, may_scan: Arc::clone(&self.0.may_scan) }))
    }

    /// In the same database, over a connection of its own.
    fn journal(&self) -> Result<Database, StoreError> {
        Ok(Database::new(Self(Session::begin(self.0.address())?)))
    }

    fn journal_file(&self) -> Option<PathBuf> {
        None
    }

    fn rest(&self) {
        self.0.rest();
    }

    fn may_try_again(&self, error: &StoreError, tried: u32) -> bool {
        may_try_again(error, tried)
    }
}

/// Does something that may be done twice, and waits for a server that is away.
fn patiently<T>(work: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut tried = 0;
    loop {
        match work() {
            Err(error) if may_try_again(&error, tried) => tried += 1,
            done => return done,
        }
    }
}

/// True if what was interrupted may go through now: after a pause, which is longer each time.
#[expect(clippy::disallowed_methods, reason = "the calls of a store block")]
fn may_try_again(error: &StoreError, tried: u32) -> bool {
    let StoreError::Interrupted { path, source } = error else { return false };
    if tried >= TRIES {
        return false;
    }
    tracing::warn!(store = %path.display(), error = %source, "the store was interrupted and is tried again");
    std::thread::sleep(Duration::from_millis(250 << tried.min(5)));
    true
}

/// The right to scan, which the server keeps for as long as the session lives.
struct Held {
    client: Arc<Client>,
    key: i64,
    may_scan: Arc<AtomicBool>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.may_scan.store(false, Ordering::Relaxed);
        // A session that is gone has let go of it.
        drop(wait_for(self.client.execute("SELECT pg_advisory_unlock($1)", &[&self.key])));
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, _sort: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Int(number) => number.to_sql(&Type::INT8, out),
            Value::Text(text) => text.as_deref().to_sql(&Type::TEXT, out),
            Value::Bytes(bytes) => bytes.as_deref().to_sql(&Type::BYTEA, out),
        }
    }

    fn accepts(sort: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(sort)
    }

    to_sql_checked!();
}

/// One column of rows, as an array.
#[derive(Debug)]
struct Column<'a>(&'a [Vec<Value<'a>>], usize);

impl ToSql for Column<'_> {
    fn to_sql(&self, sort: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let values: Vec<&Value<'_>> = self.0.iter().filter_map(|row| row.get(self.1)).collect();
        values.to_sql(sort, out)
    }

    fn accepts(sort: &Type) -> bool {
        [Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::BYTEA_ARRAY].contains(sort)
    }

    to_sql_checked!();
}

fn array_of(value: &Value<'_>) -> Type {
    match value {
        Value::Int(_) => Type::INT8_ARRAY,
        Value::Text(_) => Type::TEXT_ARRAY,
        Value::Bytes(_) => Type::BYTEA_ARRAY,
    }
}

/// What the elements of an array are called.
fn element(array: &Type) -> &'static str {
    match *array {
        Type::INT8_ARRAY => "bigint",
        Type::BYTEA_ARRAY => "bytea",
        _ => "text",
    }
}
