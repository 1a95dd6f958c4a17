//! Takes scans out of the store that nobody needs any more. What the scans that stay are made of stays.

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Store, fault};
use crate::model::SnapshotId;
use crate::store::StoreError;

impl Store {
    /// Removes scans, with all that only they have but their records: all of them, or none. Gives back how many rows of resources went with
    /// them. The file keeps its size until [`Store::compact`].
    ///
    /// # Errors
    /// `Needed` if one of them is the latest, or a baseline; or whatever keeps it from being written. Nothing is removed then.
    pub fn remove(&mut self, scans: &[SnapshotId]) -> Result<usize, StoreError> {
        let Self { connection, path } = self;
        let named = |error| fault(path, error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(named)?;
        if let Some(needed) = needed(&transaction, scans).map_err(named)? {
            return Err(StoreError::Needed { path: path.clone(), snapshot: needed });
        }
        let removed = remove(&transaction, scans).map_err(named)?;
        transaction.commit().map_err(named)?;
        Ok(removed)
    }

    /// Gives the room of what was removed back to the disk. Takes as long as copying the store.
    ///
    /// # Errors
    /// If the disk has no room for a copy, or another process is at work.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").map_err(|error| self.fault(error))
    }
}

/// The first of the scans that must stay whatever anybody wants.
fn needed(connection: &Connection, scans: &[SnapshotId]) -> rusqlite::Result<Option<SnapshotId>> {
    let mut needed = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM baselines WHERE snapshot = ?1) OR ?1 = (SELECT max(id) FROM snapshots)",
    )?;
    for scan in scans {
        if needed.query_row([scan.0], |row| row.get(0))? {
            return Ok(Some(*scan));
        }
    }
    Ok(None)
}

fn remove(connection: &Connection, scans: &[SnapshotId]) -> rusqlite::Result<usize> {
    let mut record = connection.prepare(
        "INSERT INTO removed_snapshots (id, open_findings, body)
         SELECT id, open_findings, body FROM snapshots WHERE id = ?1",
    )?;
    // What a scan says about itself goes with its head.
    let mut head = connection.prepare("DELETE FROM snapshots WHERE id = ?1")?;
    for scan in scans {
        record.execute([scan.0])?;
        head.execute([scan.0])?;
    }
    connection.execute(
        "DELETE FROM rule_lists WHERE NOT EXISTS (SELECT 1 FROM snapshots WHERE rule_list = rule_lists.digest)",
        params![],
    )?;
    let mut removed = 0;
    for table in ["resources", "carried", "past_findings"] {
        // A row stays if any scan that is kept lies on its stretch.
        removed += connection.execute(
            &format!(
                "DELETE FROM {table} WHERE last_snapshot IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM snapshots WHERE id BETWEEN {table}.first_snapshot AND {table}.last_snapshot)"
            ),
            params![],
        )?;
    }
    Ok(removed)
}
