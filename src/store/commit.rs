//! Writes one scan: all of it, or none.

use serde::Serialize;

use super::database::{Database, json, values};
use super::snapshots::seal;
use super::{ScanRecord, Store, StoreError, findings, outbox, resources, runs};
use crate::digest::Digest;
use crate::model::{Baseline, SnapshotHead, SnapshotId, Transition};

impl Store {
    /// Keeps a scan: all of it in one transaction, so that whatever happens, the next one finds it whole or not at all.
    /// Gives back the number of its snapshot. Waits a while for another process that is writing.
    ///
    /// # Errors
    /// `Overtaken` if another scan was committed since this one read the store, `Locked` if another process does not
    /// let go of it, or whatever keeps it from being written. Nothing is kept then.
    ///
    /// # Panics
    /// If the snapshot is not sorted, or has an id twice: mistakes of ours, and nothing is kept then either.
    pub fn commit(&mut self, scan: &ScanRecord<'_>) -> Result<SnapshotId, StoreError> {
        let next = scan.after.map_or(1, |SnapshotId(number)| number + 1);
        self.database.backend().make_room(next)?;
        let mut was_tried = false;
        self.database.writing(|database| {
            let is_again = std::mem::replace(&mut was_tried, true);
            let previous = latest_id(database)?;
            if previous == scan.after {
                write(database, previous, SnapshotId(next), scan)?;
            } else if !(is_again && previous == Some(SnapshotId(next)) && is_kept(database, SnapshotId(next), scan)?) {
                return Err(StoreError::Overtaken { path: database.place().into() });
            }
            Ok(SnapshotId(next))
        })
    }

    /// Accepts a snapshot as the one to compare with, from now on. Earlier baselines are kept as a record.
    ///
    /// # Errors
    /// `NoSnapshot` if there is no such snapshot, or whatever keeps it from being written.
    pub fn set_baseline(&mut self, baseline: &Baseline) -> Result<(), StoreError> {
        if self.head(baseline.snapshot)?.is_none() {
            return Err(StoreError::NoSnapshot { path: self.place().into(), snapshot: baseline.snapshot });
        }
        self.database.writing(|database| {
            let sql = "INSERT INTO baselines (number, snapshot, body)
                VALUES ((SELECT coalesce(max(number), 0) + 1 FROM baselines), ?1, ?2)";
            database.execute(sql, &values![baseline.snapshot.0, json(baseline)])
        })?;
        Ok(())
    }
}

fn latest_id(database: &Database) -> Result<Option<SnapshotId>, StoreError> {
    database.first("SELECT id FROM snapshots ORDER BY id DESC LIMIT 1", &[], |row| row.get(0).map(SnapshotId))
}

/// True if the store has just this scan under a number: it was written, and the word of that was lost on the way.
fn is_kept(database: &Database, id: SnapshotId, scan: &ScanRecord<'_>) -> Result<bool, StoreError> {
    let kept =
        database.first("SELECT body FROM snapshots WHERE id = ?1", &values![id.0], |row| row.get::<String>(0))?;
    Ok(kept == Some(head(id, scan)))
}

/// The record of a scan as it is kept.
fn head(id: SnapshotId, scan: &ScanRecord<'_>) -> String {
    json(&SnapshotHead { id, digest: scan.snapshot.digest, ..scan.head.clone() })
}

fn write(
    database: &Database,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    scan: &ScanRecord<'_>,
) -> Result<(), StoreError> {
    let carried_digests: Vec<Digest> = scan.snapshot.carried.iter().map(Digest::of).collect();
    resources::record(database, previous, id, scan.snapshot, &carried_digests)?;
    findings::record(database, previous, id, scan.findings)?;
    let rules = keep_rules(database, scan)?;
    write_head(database, id, scan, &carried_digests, rules)?;
    write_list(database, "ledger", id, &scan.snapshot.ledger)?;
    write_list(database, "changes", id, scan.changes)?;
    write_list(database, "tallies", id, scan.tallies)?;
    write_list(database, "waiver_uses", id, scan.waivers)?;
    write_transitions(database, id, scan.transitions)?;
    outbox::write(database, scan.dispatch)?;
    if let Some(expiries) = scan.expiries {
        outbox::write_expiries(database, expiries())?;
    }
    if let Some(run) = scan.run {
        runs::end_with_scan(database, run, id, scan.head)?;
    }
    Ok(())
}

fn write_head(
    database: &Database,
    id: SnapshotId,
    scan: &ScanRecord<'_>,
    carried_digests: &[Digest],
    rules: Digest,
) -> Result<(), StoreError> {
    let head = head(id, scan);
    let ledger: Vec<String> = scan.snapshot.ledger.iter().map(json).collect();
    let seal = seal(&head, &ledger, carried_digests);
    database.execute(
        "INSERT INTO snapshots (id, open_findings, seal, body, rule_list)
         VALUES (?1, (SELECT count(*) FROM findings WHERE status = 'open'), ?2, ?3, ?4)",
        &values![id.0, seal, head, rules],
    )?;
    Ok(())
}

/// Keeps the rules that judged, unless they are those that judged before.
fn keep_rules(database: &Database, scan: &ScanRecord<'_>) -> Result<Digest, StoreError> {
    let body = json(scan.rules);
    let digest = Digest::of_bytes(body.as_bytes());
    database.execute(
        "INSERT INTO rule_lists (digest, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &values![digest, body],
    )?;
    Ok(digest)
}

/// Writes one row for each value into one of the tables that go with a snapshot, numbered in their order.
fn write_list<T: Serialize>(
    database: &Database,
    table: &'static str,
    snapshot: SnapshotId,
    values: impl IntoIterator<Item = T>,
) -> Result<(), StoreError> {
    let rows = (0_i64..).zip(values).map(|(number, value)| values![snapshot.0, number, json(&value)].into());
    database.insert_many(table, &["snapshot", "number", "body"], rows)
}

fn write_transitions(database: &Database, snapshot: SnapshotId, steps: &[Transition]) -> Result<(), StoreError> {
    let rows = (0_i64..).zip(steps);
    let rows = rows.map(|(number, step)| values![snapshot.0, number, step.finding.as_str(), json(step)].into());
    database.insert_many("transitions", &["snapshot", "number", "finding", "body"], rows)
}
