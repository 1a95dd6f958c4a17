//! When scans began and how they ended.

use super::database::{Database, Row, Value, limit, millis, moment, values};
use super::{RunRecord, Store, StoreError};
use crate::model::{Run, RunEnd, SnapshotHead, SnapshotId};
use chrono::{DateTime, Utc};

/// What is noted of a run that left a snapshot and is to be taken up all the same.
pub(super) const STOPPED: &str = "it was stopped at its deadline";

/// What is noted of a run under way that several machines share: no one of them is missed when it is gone.
pub(super) const SHARED: &str = "several machines share it";

pub(super) const COLUMNS: &str = "id, schedule, due_at, started_at, ended_at, outcome, snapshot, note";

impl Store {
    /// Writes down that a run begins, and gives back its number.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn begin_run(&mut self, schedule: &str, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<i64, StoreError> {
        self.database.writing(|database| {
            database.one(
                "INSERT INTO runs (id, schedule, due_at, started_at, note)
                 VALUES ((SELECT coalesce(max(id), 0) + 1 FROM runs), ?1, ?2, ?3, '') RETURNING id",
                &values![schedule, millis(due_at), millis(now)],
                |row| row.get(0),
            )
        })
    }

    /// Writes down how a run ended that stored no snapshot. One that has ended already stays as it is.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn end_run(&mut self, id: i64, end: RunEnd, note: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.database.execute(
            "UPDATE runs SET ended_at = ?2, outcome = ?3, note = ?4 WHERE id = ?1 AND outcome IS NULL",
            &values![id, millis(now), end.name(), note],
        )?;
        Ok(())
    }

    /// The runs of one process that never said how they ended, oldest first. Those that machines share are not among them.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn runs_under_way(&self) -> Result<Vec<Run>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM runs WHERE outcome IS NULL AND note <> ?1 ORDER BY id");
        self.runs(&sql, &values![SHARED])
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn latest_runs(&self, newest: usize) -> Result<Vec<Run>, StoreError> {
        self.runs(&format!("SELECT {COLUMNS} FROM runs ORDER BY id DESC LIMIT ?1"), &values![limit(newest)])
    }

    /// The run of a schedule for its latest moment, however it went; `None` if it never ran.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn last_run(&self, schedule: &str) -> Result<Option<Run>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM runs WHERE schedule = ?1 ORDER BY due_at DESC, id DESC LIMIT 1");
        Ok(self.runs(&sql, &values![schedule])?.pop())
    }

    /// The latest run of a schedule that stored a snapshot; `None` if none ever did.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn last_stored_run(&self, schedule: &str) -> Result<Option<Run>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM runs WHERE schedule = ?1 AND snapshot IS NOT NULL
             ORDER BY due_at DESC, id DESC LIMIT 1"
        );
        Ok(self.runs(&sql, &values![schedule])?.pop())
    }

    /// Writes down from when on a schedule counts, unless that is known already.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn begin_schedule(&mut self, schedule: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.database.execute(
            "INSERT INTO schedules (name, began_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            &values![schedule, millis(now)],
        )?;
        Ok(())
    }

    /// From when on a schedule counts; `None` if nobody has seen it yet.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn schedule_began(&self, schedule: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT began_at FROM schedules WHERE name = ?1";
        self.database.first(sql, &values![schedule], |row| row.get(0).map(moment))
    }

    fn runs(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Run>, StoreError> {
        self.database.query(sql, values, run)
    }
}

/// Ends a run in the transaction of its scan: from then on nobody goes on from what it read, unless it was stopped.
pub(super) fn end_with_scan(
    database: &Database,
    run: RunRecord,
    snapshot: SnapshotId,
    head: &SnapshotHead,
) -> Result<(), StoreError> {
    let end = if head.complete { RunEnd::Complete } else { RunEnd::Incomplete };
    let note = if run.stopped { STOPPED } else { "" };
    database.execute(
        "UPDATE runs SET ended_at = ?2, outcome = ?3, snapshot = ?4, note = ?5 WHERE id = ?1",
        &values![run.id, millis(head.ended_at), end.name(), snapshot.0, note],
    )?;
    Ok(())
}

pub(super) fn run(row: &Row<'_>) -> Result<Run, StoreError> {
    let outcome: Option<String> = row.get(5)?;
    Ok(Run {
        id: row.get(0)?,
        schedule: row.get(1)?,
        due_at: moment(row.get(2)?),
        started_at: moment(row.get(3)?),
        ended_at: row.get::<Option<i64>>(4)?.map(moment),
        end: outcome.and_then(|outcome| RunEnd::ALL.into_iter().find(|end| end.name() == outcome)),
        snapshot: row.get::<Option<i64>>(6)?.map(SnapshotId),
        note: row.get(7)?,
    })
}
