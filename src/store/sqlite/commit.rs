//! Writes one scan: all of it, or none.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;

use super::snapshots::seal;
use super::{Store, fault, findings, json, outbox, resources, runs};
use crate::digest::Digest;
use crate::model::{Baseline, SnapshotHead, SnapshotId, Transition};
use crate::store::{ScanRecord, StoreError};

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
        let Self { connection, path } = self;
        let named = |error| fault(path, error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(named)?;
        let previous = latest_id(&transaction).map_err(named)?;
        if previous != scan.after {
            return Err(StoreError::Overtaken { path: path.clone() });
        }
        let id = SnapshotId(previous.map_or(1, |SnapshotId(number)| number + 1));
        write(&transaction, previous, id, scan).and_then(|()| transaction.commit()).map_err(named)?;
        Ok(id)
    }

    /// Accepts a snapshot as the one to compare with, from now on. Earlier baselines are kept as a record.
    ///
    /// # Errors
    /// `NoSnapshot` if there is no such snapshot, or whatever keeps it from being written.
    pub fn set_baseline(&mut self, baseline: &Baseline) -> Result<(), StoreError> {
        if self.head(baseline.snapshot)?.is_none() {
            return Err(StoreError::NoSnapshot { path: self.path.clone(), snapshot: baseline.snapshot });
        }
        self.connection
            .execute(
                "INSERT INTO baselines (snapshot, body) VALUES (?1, ?2)",
                params![baseline.snapshot.0, json(baseline)],
            )
            .map_err(|error| self.fault(error))?;
        Ok(())
    }
}

fn latest_id(connection: &Connection) -> rusqlite::Result<Option<SnapshotId>> {
    connection
        .query_row("SELECT id FROM snapshots ORDER BY id DESC LIMIT 1", [], |row| row.get(0).map(SnapshotId))
        .optional()
}

fn write(
    connection: &Connection,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    scan: &ScanRecord<'_>,
) -> rusqlite::Result<()> {
    let carried_digests: Vec<Digest> = scan.snapshot.carried.iter().map(Digest::of).collect();
    resources::record(connection, previous, id, scan.snapshot, &carried_digests)?;
    findings::record(connection, previous, id, scan.findings)?;
    let rules = keep_rules(connection, scan)?;
    write_head(connection, id, scan, &carried_digests, rules)?;
    write_list(connection, "ledger", id, &scan.snapshot.ledger)?;
    write_list(connection, "changes", id, scan.changes)?;
    write_list(connection, "tallies", id, scan.tallies)?;
    write_list(connection, "waiver_uses", id, scan.waivers)?;
    write_transitions(connection, id, scan.transitions)?;
    outbox::write(connection, scan.dispatch)?;
    if let Some(expiries) = scan.expiries {
        outbox::write_expiries(connection, expiries())?;
    }
    if let Some(run) = scan.run {
        runs::end_with_scan(connection, run, id, scan.head)?;
    }
    Ok(())
}

fn write_head(
    connection: &Connection,
    id: SnapshotId,
    scan: &ScanRecord<'_>,
    carried_digests: &[Digest],
    rules: Digest,
) -> rusqlite::Result<()> {
    let head = json(&SnapshotHead { id, digest: scan.snapshot.digest, ..scan.head.clone() });
    let ledger: Vec<String> = scan.snapshot.ledger.iter().map(json).collect();
    let seal = seal(&head, &ledger, carried_digests);
    connection.execute(
        "INSERT INTO snapshots (id, open_findings, seal, body, rule_list)
         VALUES (?1, (SELECT count(*) FROM findings WHERE status = 'open'), ?2, ?3, ?4)",
        params![id.0, seal.as_bytes(), head, rules.as_bytes()],
    )?;
    Ok(())
}

/// Keeps the rules that judged, unless they are those that judged before.
fn keep_rules(connection: &Connection, scan: &ScanRecord<'_>) -> rusqlite::Result<Digest> {
    let body = json(scan.rules);
    let digest = Digest::of_bytes(body.as_bytes());
    connection.execute(
        "INSERT INTO rule_lists (digest, body) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
        params![digest.as_bytes(), body],
    )?;
    Ok(digest)
}

/// Writes one row for each value into one of the tables that go with a snapshot, numbered in their order.
fn write_list<T: Serialize>(
    connection: &Connection,
    table: &'static str,
    snapshot: SnapshotId,
    values: impl IntoIterator<Item = T>,
) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare(&format!("INSERT INTO {table} (snapshot, number, body) VALUES (?1, ?2, ?3)"))?;
    for (number, value) in (0_i64..).zip(values) {
        insert.execute(params![snapshot.0, number, json(&value)])?;
    }
    Ok(())
}

fn write_transitions(connection: &Connection, snapshot: SnapshotId, steps: &[Transition]) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare("INSERT INTO transitions (snapshot, number, finding, body) VALUES (?1, ?2, ?3, ?4)")?;
    for (number, step) in (0_i64..).zip(steps) {
        insert.execute(params![snapshot.0, number, step.finding.as_str(), json(step)])?;
    }
    Ok(())
}
