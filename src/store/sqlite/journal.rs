//! What a scan under way has read, in a file of its own beside the store: so the store does not grow by what is of no use
//! the day after, and a journal that is damaged is thrown away.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::runs::STOPPED;
use super::{FLAGS, PATIENCE, Store, fault, millis, moment};
use crate::digest::Digest;
use crate::model::SourceName;
use crate::store::{JournalPage, JournalWalk, StoreError};

/// A source belongs to the run that reads it.
const SHAPE: &str = "
    CREATE TABLE IF NOT EXISTS shapes (name TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS sources (
        name TEXT PRIMARY KEY, run INTEGER NOT NULL, began_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS pages (
        walk BLOB NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL, read_at INTEGER NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (walk, number)
    ) STRICT, WITHOUT ROWID;";

/// The number under which the end of a walk is kept, behind all its pages.
const ENDING: i64 = i64::MAX;

/// What a scan under way has read. A power cut may take what was written last; nothing else is lost, and nothing is torn.
#[derive(Debug)]
pub struct Journal {
    connection: Mutex<Connection>,
    path: PathBuf,
    sources: Vec<SourceName>,
}

impl Store {
    /// Opens the journal for a run that reads these sources. What an earlier run had read of them is kept if that run
    /// left no snapshot, or was stopped at its deadline; if it was read since a moment; and if a program wrote it whose
    /// rows have the same `shapes`. The rest is removed.
    ///
    /// # Errors
    /// If the file cannot be made or written. One that is damaged is made anew.
    pub fn open_journal(
        &self,
        run: i64,
        sources: &[SourceName],
        since: DateTime<Utc>,
        shapes: &str,
    ) -> Result<Journal, StoreError> {
        let path = if self.is_in_memory() { self.path.clone() } else { beside(&self.path) };
        let open = || self.open_and_take_over(&path, run, sources, since, shapes).map_err(|error| fault(&path, error));
        let connection = match open() {
            Err(StoreError::Damaged { .. }) => {
                tracing::warn!(path = %path.display(), "the journal is damaged: what a stopped scan had read is read again");
                remove(&path);
                open()?
            }
            opened => opened?,
        };
        Ok(Journal { connection: Mutex::new(connection), path, sources: sources.to_vec() })
    }

    fn open_and_take_over(
        &self,
        path: &Path,
        run: i64,
        sources: &[SourceName],
        since: DateTime<Utc>,
        shapes: &str,
    ) -> rusqlite::Result<Connection> {
        let mut connection = if self.is_in_memory() { Connection::open_in_memory()? } else { open(path)? };
        let began_at: i64 =
            self.connection.query_row("SELECT started_at FROM runs WHERE id = ?1", [run], |row| row.get(0))?;
        let of_use = |run: i64, began_at: i64| {
            let known = "SELECT 1 FROM runs WHERE id = ?1 AND started_at = ?2 AND (snapshot IS NULL OR note = ?3)";
            let found = self.connection.query_row(known, params![run, began_at, STOPPED], |_| Ok(())).optional();
            found.map(|found| found.is_some())
        };
        let change = connection.transaction()?;
        let same: Option<String> = change.query_row("SELECT name FROM shapes", [], |row| row.get(0)).optional()?;
        if same.as_deref() != Some(shapes) {
            change.execute_batch("DELETE FROM pages; DELETE FROM sources; DELETE FROM shapes;")?;
            change.execute("INSERT INTO shapes VALUES (?1)", [shapes])?;
        }
        change.execute("DELETE FROM pages WHERE read_at < ?1", [millis(since)])?;
        for source in sources {
            let owner = "SELECT run, began_at FROM sources WHERE name = ?1";
            let owner = change.query_row(owner, [source.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let kept = owner.map(|(run, began_at)| of_use(run, began_at)).transpose()?;
            if kept != Some(true) {
                change.execute("DELETE FROM pages WHERE source = ?1", [source.as_str()])?;
            }
            let taken = "INSERT OR REPLACE INTO sources (name, run, began_at) VALUES (?1, ?2, ?3)";
            change.execute(taken, params![source.as_str(), run, began_at])?;
        }
        change.commit()?;
        Ok(connection)
    }

    fn is_in_memory(&self) -> bool {
        self.path.as_os_str() == ":memory:"
    }
}

impl Journal {
    /// What is kept of a walk: its pages from the first on, up to the first that is missing.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn recall(&self, walk: Digest) -> Result<JournalWalk, StoreError> {
        let read = || {
            let connection = self.connection();
            let sql = "SELECT number, read_at, body FROM pages WHERE walk = ?1 ORDER BY number";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([walk.as_bytes()], |row| {
                Ok((row.get::<_, i64>(0)?, JournalPage { read_at: moment(row.get(1)?), body: row.get(2)? }))
            })?;
            let mut kept = JournalWalk::default();
            for (next, row) in (0..).zip(rows) {
                match row? {
                    (ENDING, page) => kept.ending = Some(page.body),
                    (number, page) if number == next => kept.pages.push(page),
                    (_behind_a_hole, _) => break,
                }
            }
            Ok(kept)
        };
        read().map_err(|error| fault(&self.path, error))
    }

    /// Keeps a page of a walk, the first being 0.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep(&self, source: &str, walk: Digest, number: u32, page: &JournalPage) -> Result<(), StoreError> {
        self.write(source, walk, number.into(), page)
    }

    /// Keeps that a walk came to its end, and how.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn conclude(&self, source: &str, walk: Digest, ending: &JournalPage) -> Result<(), StoreError> {
        self.write(source, walk, ENDING, ending)
    }

    /// Keeps nothing of a walk any more.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn forget(&self, walk: Digest) -> Result<(), StoreError> {
        self.execute("DELETE FROM pages WHERE walk = ?1", [walk.as_bytes()])
    }

    /// Removes what was read of the sources of this run, now that it is in a snapshot, and with the last page the file.
    ///
    /// # Errors
    /// If the file cannot be written. The next run removes what is left.
    pub fn remove(self) -> Result<(), StoreError> {
        for source in &self.sources {
            self.execute("DELETE FROM pages WHERE source = ?1", [source.as_str()])?;
        }
        let empty: bool = self
            .connection()
            .query_row("SELECT NOT EXISTS (SELECT 1 FROM pages)", [], |row| row.get(0))
            .map_err(|error| fault(&self.path, error))?;
        let Self { connection, path, .. } = self;
        drop(connection);
        if empty {
            remove(&path);
        }
        Ok(())
    }

    fn write(&self, source: &str, walk: Digest, number: i64, page: &JournalPage) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO pages (walk, number, source, read_at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![walk.as_bytes(), number, source, millis(page.read_at), page.body],
        )
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        let written = self.connection().prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        written.map(drop).map_err(|error| fault(&self.path, error))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file, for its owner alone; SQLite gives the log beside it the same rights. It is not waited for the disk with every
/// page: what a power cut takes is asked for again.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // What keeps the file from being made, the database says better.
    drop(options.open(path));
    let connection = Connection::open_with_flags(path, FLAGS)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;")?;
    connection.execute_batch(SHAPE)?;
    Ok(connection)
}

fn beside(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push("-scan.journal");
    path.into()
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), error = %error, "the journal cannot be removed");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
