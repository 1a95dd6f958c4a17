//! Takes scans out of the store that nobody needs any more. What the scans that stay are made of stays.

use super::database::{Database, values};
use super::{Store, StoreError};
use crate::model::SnapshotId;

impl Store {
    /// Removes scans, with all that only they have but their records: all of them, or none. Gives back how many rows of resources went with
    /// them. The file keeps its size until [`Store::compact`].
    ///
    /// # Errors
    /// `Needed` if one of them is the latest, or a baseline; or whatever keeps it from being written. Nothing is removed then.
    pub fn remove(&mut self, scans: &[SnapshotId]) -> Result<usize, StoreError> {
        self.database.writing(|database| {
            if let Some(needed) = needed(database, scans)? {
                return Err(StoreError::Needed { path: database.place().into(), snapshot: needed });
            }
            remove(database, scans)
        })
    }

    /// Gives the room of what was removed back to the disk. Takes as long as copying the store.
    ///
    /// # Errors
    /// If the disk has no room for a copy, or another process is at work.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.database.backend().compact()
    }
}

/// The first of the scans that must stay whatever anybody wants.
fn needed(database: &Database, scans: &[SnapshotId]) -> Result<Option<SnapshotId>, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM baselines WHERE snapshot = ?1) OR ?1 = (SELECT max(id) FROM snapshots)";
    for scan in scans {
        if database.one(sql, &values![scan.0], |row| row.get(0))? {
            return Ok(Some(*scan));
        }
    }
    Ok(None)
}

fn remove(database: &Database, scans: &[SnapshotId]) -> Result<usize, StoreError> {
    let all = || scans.iter().map(|scan| values![scan.0].into());
    database.execute_many(
        "INSERT INTO removed_snapshots (id, open_findings, body)
         SELECT id, open_findings, body FROM snapshots WHERE id = ?1",
        all(),
    )?;
    let mut removed = database.backend().drop_parts(scans)?;
    // What a scan says about itself goes with its head.
    database.execute_many("DELETE FROM snapshots WHERE id = ?1", all())?;
    database.execute(
        "DELETE FROM rule_lists WHERE NOT EXISTS (SELECT 1 FROM snapshots WHERE rule_list = rule_lists.digest)",
        &[],
    )?;
    for table in ["resources", "carried", "past_findings"] {
        // A row stays if any scan that is kept lies on its stretch.
        removed += database.execute(
            &format!(
                "DELETE FROM {table} WHERE last_snapshot IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM snapshots WHERE id BETWEEN {table}.first_snapshot AND {table}.last_snapshot)"
            ),
            &[],
        )?;
    }
    Ok(removed)
}
