//! What several machines read of one run, until one of them judges it. Only a store on a server has it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::database::{Database, Row, Value, json, millis, values};
use super::runs::SHARED;
use super::{Store, StoreError};
use crate::model::{Collection, LedgerEntry, Resource, Run, RunEnd, SnapshotId, SourceName};

/// Resources that are kept in one piece.
const PIECE: usize = 500;

/// A run that several machines share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRun {
    /// The run.
    pub run: Run,
    /// The latest scan when it began: the one it will be compared with.
    pub after: Option<SnapshotId>,
    /// What it was begun with: whoever has another configuration, other rules or another program adds nothing to it.
    pub mark: String,
    /// The sources that are to be read.
    pub sources: Vec<SourceName>,
    /// The time until it is judged, whatever has been read by then. It goes by the server's clock, which is the same for all.
    pub left: Duration,
}

/// A run that is to be shared.
#[derive(Debug, Clone, Copy)]
pub struct NewShared<'a> {
    /// The schedule.
    pub schedule: &'a str,
    /// The moment that it is for.
    pub due_at: DateTime<Utc>,
    /// See [`SharedRun`].
    pub mark: &'a str,
    /// See [`SharedRun`].
    pub sources: &'a [SourceName],
    /// The time after which it is judged.
    pub time: Duration,
}

/// What one source showed to the machine that read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The source.
    pub source: SourceName,
    /// What it saw.
    pub collection: Collection,
    /// True if it was stopped because the time was over.
    pub stopped: bool,
}

/// All of a share but its resources.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    authority: u8,
    ledger: Vec<LedgerEntry>,
    stopped: bool,
}

/// The milliseconds since 1970 by the server's clock.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";

impl Store {
    /// Writes down that a run begins which several machines share; `None` if one for that moment or a later one has begun
    /// already, or one is under way.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn begin_shared_run(
        &mut self,
        new: NewShared<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<SharedRun>, StoreError> {
        let NewShared { schedule, due_at, mark, sources, time } = new;
        let begun = self.database.writing(|database| {
            let under_way = "SELECT 1 FROM runs WHERE (schedule = ?1 AND due_at > ?2)
                OR (outcome IS NULL AND note = ?3) LIMIT 1";
            if database.first(under_way, &values![schedule, millis(due_at), SHARED], |_| Ok(()))?.is_some() {
                return Ok(None);
            }
            let run: i64 = database.one(
                "INSERT INTO runs (id, schedule, due_at, started_at, note)
                 VALUES ((SELECT coalesce(max(id), 0) + 1 FROM runs), ?1, ?2, ?3, ?4) RETURNING id",
                &values![schedule, millis(due_at), millis(now), SHARED],
                |row| row.get(0),
            )?;
            let judged = format!(
                "INSERT INTO shared_runs (run, after, mark, judge_at, sources)
                 VALUES (?1, (SELECT max(id) FROM snapshots), ?2, {NOW} + ?3, ?4)"
            );
            let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4);
            database.execute(&judged, &values![run, mark, time, json(sources)])?;
            Ok(Some(run))
        })?;
        begun.map_or(Ok(None), |run| self.shared_run(run))
    }

    /// A run that machines share; `None` if it is over, or is none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn shared_run(&self, run: i64) -> Result<Option<SharedRun>, StoreError> {
        Ok(self.shared("AND id = ?1", &values![run])?.pop())
    }

    /// The runs under way that machines share, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn shared_runs(&self) -> Result<Vec<SharedRun>, StoreError> {
        self.shared("", &[])
    }

    fn shared(&self, which: &str, values: &[Value<'_>]) -> Result<Vec<SharedRun>, StoreError> {
        let sql = format!(
            "SELECT {}, after, mark, greatest(0, judge_at - {NOW}), sources
             FROM runs JOIN shared_runs ON run = id WHERE outcome IS NULL {which} ORDER BY id",
            super::runs::COLUMNS
        );
        self.database.query(&sql, values, |row| {
            Ok(SharedRun {
                run: super::runs::run(row)?,
                after: row.get::<Option<i64>>(8)?.map(SnapshotId),
                mark: row.get(9)?,
                left: Duration::from_millis(row.get::<i64>(10)?.unsigned_abs()),
                sources: row.json(11)?,
            })
        })
    }

    /// How a run stands, whoever makes it; `None` if there is none with that number.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn run(&self, id: i64) -> Result<Option<Run>, StoreError> {
        let sql = format!("SELECT {} FROM runs WHERE id = ?1", super::runs::COLUMNS);
        self.database.first(&sql, &values![id], super::runs::run)
    }

    /// Keeps what a source showed, instead of what was kept of it before. Gives back the sources that are still to be read;
    /// `None` if the run is over, and nothing was kept.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn keep_share(&mut self, run: i64, share: &Share) -> Result<Option<Vec<SourceName>>, StoreError> {
        let Share { source, collection, stopped } = share;
        self.database.writing(|database| {
            let wanted = "SELECT sources FROM runs JOIN shared_runs ON run = id WHERE id = ?1 AND outcome IS NULL";
            let wanted = database.first(wanted, &values![run], |row| row.json::<Vec<SourceName>>(0))?;
            let Some(wanted) = wanted.filter(|wanted| wanted.contains(source)) else { return Ok(None) };
            let sql = "DELETE FROM shares WHERE run = ?1 AND source = ?2";
            database.execute(sql, &values![run, source.as_str()])?;
            let head = Head { authority: collection.authority, ledger: collection.ledger.clone(), stopped: *stopped };
            let pieces = collection.resources.chunks(PIECE).map(json);
            let rows = (0_i64..).zip(std::iter::once(json(&head)).chain(pieces));
            let rows = rows.map(|(number, body)| values![run, source.as_str(), number, body].into());
            database.insert_many("shares", &["run", "source", "number", "body"], rows)?;
            let read = read_sources(database, run)?;
            Ok(Some(wanted.into_iter().filter(|source| !read.contains(source)).collect()))
        })
    }

    /// The sources of which a run has its share.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn shared_sources(&self, run: i64) -> Result<Vec<SourceName>, StoreError> {
        read_sources(&self.database, run)
    }

    /// What was read of a run, by the names of the sources.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn shares(&self, run: i64) -> Result<Vec<Share>, StoreError> {
        self.database.reading(|database| {
            let mut shares: Vec<Share> = Vec::new();
            let sql = "SELECT source, number, body FROM shares WHERE run = ?1 ORDER BY source, number";
            database.each(sql, &values![run], |row| {
                if row.get::<i64>(1)? == 0 {
                    shares.push(begun_share(row)?);
                    return Ok(());
                }
                let mut resources: Vec<Resource> = row.json(2)?;
                resources.iter_mut().for_each(Resource::tighten);
                if let Some(share) = shares.last_mut() {
                    share.collection.resources.append(&mut resources);
                }
                Ok::<_, StoreError>(())
            })?;
            Ok(shares)
        })
    }

    /// Forgets what was read of runs that are over, and ends one first if it is named with how and why.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn end_shared(&mut self, end: Option<(i64, RunEnd, &str)>, now: DateTime<Utc>) -> Result<(), StoreError> {
        if let Some((run, end, note)) = end {
            self.end_run(run, end, note, now)?;
        }
        let over = "DELETE FROM shared_runs WHERE run IN (SELECT id FROM runs WHERE outcome IS NOT NULL)";
        self.database.execute(over, &[])?;
        Ok(())
    }

    /// What was learned of the limit of a host; `None` if nothing was.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn budget(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.database.first("SELECT body FROM budgets WHERE name = ?1", &values![name], |row| row.get(0))
    }

    /// Keeps what was learned of the limit of a host.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn keep_budget(&mut self, name: &str, learned: &str) -> Result<(), StoreError> {
        let sql = self.database.upsert("budgets", &["name"], &["body"]);
        self.database.execute(&sql, &values![name, learned]).map(drop)
    }

    /// Closes the connection to a server until the store is asked again: for whoever keeps many stores and seldom asks.
    pub fn rest(&self) {
        self.database.backend().rest();
    }
}

fn begun_share(row: &Row<'_>) -> Result<Share, StoreError> {
    let Head { authority, ledger, stopped } = row.json(2)?;
    let source: String = row.get(0)?;
    let collection = Collection { authority, ledger, resources: Vec::new() };
    Ok(Share { source: source.as_str().into(), collection, stopped })
}

fn read_sources(database: &Database, run: i64) -> Result<Vec<SourceName>, StoreError> {
    let sql = "SELECT source FROM shares WHERE run = ?1 AND number = 0 ORDER BY source";
    database.query(sql, &values![run], |row| Ok(row.get::<String>(0)?.as_str().into()))
}
