//! Copies a store into a new one of either kind: row by row, table by table, each held against its digest when it has arrived.
//! What was broken off goes on where it stopped, and until it is whole the new store is used for nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use super::database::{Database, Row, Value, values};
use super::sqlite::Sqlite;
use super::{Location, Store, StoreError};
use crate::digest::Digest;

/// How many rows arrive together, or not at all.
const SHARE: usize = 2_000;

/// What lies in a column.
#[derive(Clone, Copy)]
enum Sort {
    Int,
    Text,
    Bytes,
}
use Sort::{Bytes, Int, Text};

/// A table: its columns, and how many of them, from the first on, put its rows in order.
struct Table {
    name: &'static str,
    keys: usize,
    columns: &'static [(&'static str, Sort)],
}

const fn table(name: &'static str, keys: usize, columns: &'static [(&'static str, Sort)]) -> Table {
    Table { name, keys, columns }
}

const NUMBERED: &[(&str, Sort)] = &[("snapshot", Int), ("number", Int), ("body", Text)];
const STANDING: &[(&str, Sort)] =
    &[("id", Text), ("first_snapshot", Int), ("last_snapshot", Int), ("digest", Bytes), ("body", Text)];

/// Every table, those that others refer to first. What a scan under way has read is not among them: it is read again.
const TABLES: [Table; 27] = [
    table("rule_lists", 1, &[("digest", Bytes), ("body", Text)]),
    table(
        "snapshots",
        1,
        &[("id", Int), ("open_findings", Int), ("seal", Bytes), ("body", Text), ("rule_list", Bytes)],
    ),
    table("removed_snapshots", 1, &[("id", Int), ("open_findings", Int), ("body", Text)]),
    table("resources", 2, STANDING),
    table("carried", 2, STANDING),
    table("ledger", 2, NUMBERED),
    table("changes", 2, NUMBERED),
    table("rules", 2, NUMBERED),
    table("tallies", 2, NUMBERED),
    table("waiver_uses", 2, NUMBERED),
    table(
        "findings",
        2,
        &[("rule", Text), ("resource", Text), ("id", Text), ("status", Text), ("body", Text), ("first_snapshot", Int)],
    ),
    table(
        "past_findings",
        3,
        &[("rule", Text), ("resource", Text), ("first_snapshot", Int), ("last_snapshot", Int), ("body", Text)],
    ),
    table("findings_kept", 1, &[("since", Int)]),
    table("transitions", 2, &[("snapshot", Int), ("number", Int), ("finding", Text), ("body", Text)]),
    table("baselines", 1, &[("number", Int), ("snapshot", Int), ("body", Text)]),
    table(
        "notices",
        1,
        &[
            ("number", Int),
            ("id", Text),
            ("channel", Text),
            ("cause", Text),
            ("state", Text),
            ("folded", Text),
            ("digest", Text),
            ("created_at", Int),
            ("due_at", Int),
            ("attempts", Int),
            ("tried_at", Int),
            ("error", Text),
            ("body", Text),
        ],
    ),
    table("threads", 2, &[("channel", Text), ("cause", Text), ("settled", Int), ("body", Text)]),
    table("causes", 1, &[("finding", Text), ("cause", Text)]),
    table("acknowledgements", 1, &[("finding", Text), ("body", Text)]),
    table("expiries", 1, &[("id", Text), ("body", Text)]),
    table("told", 1, &[("mark", Text), ("at", Int)]),
    table("schedules", 1, &[("name", Text), ("began_at", Int)]),
    table(
        "runs",
        1,
        &[
            ("id", Int),
            ("schedule", Text),
            ("due_at", Int),
            ("started_at", Int),
            ("ended_at", Int),
            ("outcome", Text),
            ("snapshot", Int),
            ("note", Text),
        ],
    ),
    table("breakers", 1, &[("channel", Text), ("failures", Int), ("open_until", Int)]),
    table("reviews", 1, &[("name", Text), ("snapshot", Int), ("started_at", Int), ("body", Text)]),
    table("review_rows", 2, &[("review", Text), ("number", Int), ("row", Text), ("asked", Text), ("body", Text)]),
    table(
        "review_decisions",
        1,
        &[("number", Int), ("review", Text), ("row", Text), ("recorded_at", Int), ("body", Text)],
    ),
];

/// What came of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// How many rows the new store has, each just as it was.
    pub rows: usize,
    /// How many of them had arrived before this time.
    pub before: usize,
    /// The digest of all of them, which both stores have.
    pub digest: Digest,
}

/// Copies a store into a new one. No scan may be under way. `arrived` is told of each share of rows: their table, and how many
/// of it there are by now.
///
/// # Errors
/// `NotEmpty` if there is a store with something in it already; `ScanUnderWay`; `Altered` if a row is not what it was when it
/// has arrived; or if one of the stores cannot be read or written. What has arrived stays, and the next try goes on from there.
pub fn copy(
    from: &Location,
    to: &Location,
    mut arrived: impl FnMut(&'static str, usize),
) -> Result<Copied, StoreError> {
    let from = Store::open(from)?;
    let _lock = from.lock_for_scan()?;
    let target = Target::open(to)?;
    let copied = from.database.reading(|from| {
        let latest: i64 = from.one("SELECT coalesce(max(id), 0) FROM snapshots", &[], |row| row.get(0))?;
        // Rows end with any scan there ever was.
        for scan in (0..=latest + 100).step_by(100) {
            target.database.backend().make_room(scan)?;
        }
        match bring_over(from, &target.database, &mut arrived)? {
            Some(copied) => Ok::<_, StoreError>(copied),
            // What is there is of a store that was another then.
            None => {
                target.empty()?;
                let again = bring_over(from, &target.database, &mut arrived)?;
                again.ok_or_else(|| StoreError::Differs { path: target.database.place().into(), table: "copying" })
            }
        }
    })?;
    target.finish()?;
    Ok(copied)
}

/// Brings over what is missing of all tables; `None` if what had arrived is not how they begin.
fn bring_over(
    from: &Database,
    to: &Database,
    arrived: &mut impl FnMut(&'static str, usize),
) -> Result<Option<Copied>, StoreError> {
    let mut all = Copied { rows: 0, before: 0, digest: Digest::of_bytes(b"") };
    for table in &TABLES {
        let known = "SELECT rows_done, said FROM copying WHERE name = ?1";
        let known: Option<(i64, String)> =
            to.first(known, &values![table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (before, said) = known.unwrap_or_else(|| (0, Digest::of_bytes(b"").to_string()));
        let before = usize::try_from(before).unwrap_or_default();
        let mut so_far = Chain::default();
        let mut share: Vec<Vec<Value<'static>>> = Vec::new();
        let mut is_another = false;
        from.each::<StoreError>(&table.select(), &[], |row| {
            if so_far.rows == before && so_far.digest.to_string() != said {
                is_another = true;
            }
            let row = table.read(row)?;
            so_far.add(&row);
            if so_far.rows <= before || is_another {
                return Ok(());
            }
            share.push(row);
            if share.len() == SHARE {
                table.write(to, &mut share, &so_far)?;
                arrived(table.name, so_far.rows);
            }
            Ok(())
        })?;
        if is_another || so_far.rows < before || (so_far.rows == before && so_far.digest.to_string() != said) {
            return Ok(None);
        }
        if so_far.rows > before {
            table.write(to, &mut share, &so_far)?;
            arrived(table.name, so_far.rows);
        }
        let mut there = Chain::default();
        to.each::<StoreError>(&table.select(), &[], |row| {
            there.add(&table.read(row)?);
            Ok(())
        })?;
        if (there.rows, there.digest) != (so_far.rows, so_far.digest) {
            return Err(StoreError::Differs { path: to.place().into(), table: table.name });
        }
        all.rows += so_far.rows;
        all.before += before;
        all.digest = Digest::of(&(all.digest, table.name, so_far.digest));
    }
    Ok(Some(all))
}

impl Table {
    fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }

    fn select(&self) -> String {
        let names = self.names();
        format!("SELECT {} FROM {} ORDER BY {}", names.join(", "), self.name, names[..self.keys].join(", "))
    }

    fn read(&self, row: &Row<'_>) -> Result<Vec<Value<'static>>, StoreError> {
        let read = |(at, (_, sort)): (usize, &(&str, Sort))| {
            Ok(match sort {
                Int => Value::Int(row.get(at)?),
                Text => Value::Text(row.get::<Option<String>>(at)?.map(Into::into)),
                Bytes => Value::Bytes(row.get::<Option<Vec<u8>>>(at)?.map(Into::into)),
            })
        };
        self.columns.iter().enumerate().map(read).collect()
    }

    /// Writes a share of rows, and how far the table has come with it, both or neither.
    fn write(&self, to: &Database, share: &mut Vec<Vec<Value<'static>>>, so_far: &Chain) -> Result<(), StoreError> {
        let rows = std::mem::take(share);
        to.writing(|to| {
            to.insert_many(self.name, &self.names(), rows.iter().cloned())?;
            let sql = to.upsert("copying", &["name"], &["rows_done", "said"]);
            let done = i64::try_from(so_far.rows).unwrap_or(i64::MAX);
            to.execute(&sql, &values![self.name, done, so_far.digest.to_string()])?;
            Ok(())
        })
    }
}

/// The digest of rows one after the other.
struct Chain {
    rows: usize,
    digest: Digest,
}

impl Default for Chain {
    fn default() -> Self {
        Self { rows: 0, digest: Digest::of_bytes(b"") }
    }
}

impl Chain {
    fn add(&mut self, row: &[Value<'_>]) {
        let mut bytes = self.digest.as_bytes().to_vec();
        for value in row {
            let (sort, own): (u8, Option<&[u8]>) = match value {
                Value::Int(Some(number)) => {
                    bytes.push(b'i');
                    bytes.extend(number.to_be_bytes());
                    continue;
                }
                Value::Int(None) => (b'i', None),
                Value::Text(text) => (b't', text.as_deref().map(str::as_bytes)),
                Value::Bytes(own) => (b'b', own.as_deref()),
            };
            bytes.push(sort);
            // How long each is belongs to it: else two rows might look alike.
            bytes.extend(own.map_or(u64::MAX, |own| own.len() as u64).to_be_bytes());
            bytes.extend(own.unwrap_or_default());
        }
        self.digest = Digest::of_bytes(&bytes);
        self.rows += 1;
    }
}

/// The new store, while it is not whole. A file has another name until then.
struct Target {
    database: Database,
    draft: Option<(PathBuf, PathBuf)>,
}

impl Target {
    fn open(to: &Location) -> Result<Self, StoreError> {
        let target = match to {
            Location::File(path) => Self::open_file(path)?,
            #[cfg(feature = "postgres")]
            Location::Postgres(address) => {
                Self { database: Database::new(super::postgres::Postgres::open_unfinished(address)?), draft: None }
            }
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(address) => return Err(super::not_built_in(address)),
        };
        let database = &target.database;
        let goes_on: bool = database.one("SELECT EXISTS (SELECT 1 FROM copying)", &[], |row| row.get(0))?;
        if !goes_on {
            for table in TABLES.iter().filter(|table| table.name != "findings_kept") {
                let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
                if database.one(&sql, &[], |row| row.get(0))? {
                    return Err(StoreError::NotEmpty { path: database.place().into() });
                }
            }
            target.empty()?;
        }
        Ok(target)
    }

    fn open_file(path: &Path) -> Result<Self, StoreError> {
        if path.exists() {
            return Err(StoreError::NotEmpty { path: path.into() });
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(".copying");
        let draft = PathBuf::from(draft);
        let database = Database::new(Sqlite::create_or_open(&draft)?);
        let shape = "CREATE TABLE IF NOT EXISTS copying (
            name TEXT NOT NULL PRIMARY KEY, rows_done INTEGER NOT NULL, said TEXT NOT NULL) STRICT";
        database.execute(shape, &[])?;
        Ok(Self { database, draft: Some((draft, path.to_owned())) })
    }

    /// Begins from the start.
    fn empty(&self) -> Result<(), StoreError> {
        self.database.writing(|database| {
            for table in TABLES.iter().rev() {
                database.execute(&format!("DELETE FROM {}", table.name), &[])?;
            }
            database.execute("DELETE FROM copying", &[])?;
            let begun = "INSERT INTO copying (name, rows_done, said) VALUES ('', 0, '')";
            database.execute(begun, &[]).map(drop)
        })
    }

    /// From now on it is a store like any other.
    fn finish(self) -> Result<(), StoreError> {
        self.database.execute("DELETE FROM copying", &[])?;
        let Some((draft, path)) = self.draft else { return Ok(()) };
        self.database.execute("DROP TABLE copying", &[])?;
        drop(self.database);
        let failed = |source| StoreError::Io { path: path.clone(), doing: "create", source };
        fs::rename(&draft, &path).map_err(failed)
    }
}
