//! What a scan under way has read, apart from what is kept: beside a store in a file it lies in a file of its own, so that
//! the store does not grow by what is of no use the day after, and a journal that is damaged is thrown away.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::database::{Database, Value, millis, moment, values};
use super::runs::STOPPED;
use super::sqlite::remove_journal;
use super::{JournalPage, JournalWalk, Store, StoreError};
use crate::digest::Digest;
use crate::model::SourceName;

/// The number under which the end of a walk is kept, behind all its pages.
const ENDING: i64 = i64::MAX;

/// What a scan under way has read. A power cut may take what was written last; nothing else is lost, and nothing is torn.
#[derive(Debug)]
pub struct Journal {
    database: Mutex<Database>,
    file: Option<PathBuf>,
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
        let file = self.database.backend().journal_file();
        let open = || {
            let journal = self.database.backend().journal()?;
            self.take_over(&journal, run, sources, since, shapes)?;
            Ok(journal)
        };
        let database = match (open(), &file) {
            (Err(StoreError::Damaged { .. }), Some(path)) => {
                tracing::warn!(path = %path.display(), "the journal is damaged: what a stopped scan had read is read again");
                remove_journal(path);
                open()?
            }
            (opened, _) => opened?,
        };
        Ok(Journal { database: Mutex::new(database), file, sources: sources.to_vec() })
    }

    fn take_over(
        &self,
        journal: &Database,
        run: i64,
        sources: &[SourceName],
        since: DateTime<Utc>,
        shapes: &str,
    ) -> Result<(), StoreError> {
        let sql = "SELECT started_at FROM runs WHERE id = ?1";
        let began_at: i64 = self.database.one(sql, &values![run], |row| row.get(0))?;
        let of_use = |run: i64, began_at: i64| {
            let known = "SELECT 1 FROM runs WHERE id = ?1 AND started_at = ?2 AND (snapshot IS NULL OR note = ?3)";
            let found = self.database.first(known, &values![run, began_at, STOPPED], |_| Ok(()))?;
            Ok::<_, StoreError>(found.is_some())
        };
        journal.writing(|journal| {
            let same: Option<String> = journal.first("SELECT name FROM journal_shapes", &[], |row| row.get(0))?;
            if same.as_deref() != Some(shapes) {
                for table in ["journal_pages", "journal_sources", "journal_shapes"] {
                    journal.execute(&format!("DELETE FROM {table}"), &[])?;
                }
                journal.execute("INSERT INTO journal_shapes (name) VALUES (?1)", &values![shapes])?;
            }
            journal.execute("DELETE FROM journal_pages WHERE read_at < ?1", &values![millis(since)])?;
            for source in sources {
                let owner = "SELECT run, began_at FROM journal_sources WHERE name = ?1";
                let owner = journal.first(owner, &values![source.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let kept = owner.map(|(run, began_at)| of_use(run, began_at)).transpose()?;
                if kept != Some(true) {
                    let sql = "DELETE FROM journal_pages WHERE source = ?1";
                    journal.execute(sql, &values![source.as_str()])?;
                }
                let taken = journal.upsert("journal_sources", &["name"], &["run", "began_at"]);
                journal.execute(&taken, &values![source.as_str(), run, began_at])?;
            }
            Ok(())
        })
    }
}

impl Journal {
    /// What is kept of a walk: its pages from the first on, up to the first that is missing.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn recall(&self, walk: Digest) -> Result<JournalWalk, StoreError> {
        let sql = "SELECT number, read_at, body FROM journal_pages WHERE walk = ?1 ORDER BY number";
        let rows = self.database().query(sql, &values![walk], |row| {
            Ok((row.get::<i64>(0)?, JournalPage { read_at: moment(row.get(1)?), body: row.get(2)? }))
        })?;
        let mut kept = JournalWalk::default();
        for (next, row) in (0..).zip(rows) {
            match row {
                (ENDING, page) => kept.ending = Some(page.body),
                (number, page) if number == next => kept.pages.push(page),
                (_behind_a_hole, _) => break,
            }
        }
        Ok(kept)
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
        self.execute("DELETE FROM journal_pages WHERE walk = ?1", &values![walk])
    }

    /// Removes what was read of the sources of this run, now that it is in a snapshot, and with the last page the file.
    ///
    /// # Errors
    /// If the file cannot be written. The next run removes what is left.
    pub fn remove(self) -> Result<(), StoreError> {
        for source in &self.sources {
            self.execute("DELETE FROM journal_pages WHERE source = ?1", &values![source.as_str()])?;
        }
        let empty: bool =
            self.database().one("SELECT NOT EXISTS (SELECT 1 FROM journal_pages)", &[], |row| row.get(0))?;
        let Self { database, file, .. } = self;
        drop(database);
        if let (true, Some(path)) = (empty, file) {
            remove_journal(&path);
        }
        Ok(())
    }

    fn write(&self, source: &str, walk: Digest, number: i64, page: &JournalPage) -> Result<(), StoreError> {
        let sql = self.database().upsert("journal_pages", &["walk", "number"], &["source", "read_at", "body"]);
        self.execute(&sql, &values![walk, number, source, millis(page.read_at), &page.body])
    }

    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<(), StoreError> {
        self.database().execute(sql, values).map(drop)
    }

    fn database(&self) -> MutexGuard<'_, Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
