//! Keeps findings as they stand and as they stood; the steps they took, and how many were open over time.

use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension, params};

use super::snapshots::limit;
use super::{Json, Store, json};
use crate::model::{Finding, FindingId, ResourceId, SnapshotHead, SnapshotId, Transition};
use crate::store::StoreError;

impl Store {
    /// Every finding as it stands after the latest scan, the worst first, then by rule and resource.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn findings(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings: Vec<Finding> = self.list("SELECT body FROM findings ORDER BY rule, resource", [])?;
        findings.sort_by_key(|finding| Reverse(finding.severity));
        Ok(findings)
    }

    /// Every finding as it stood after an earlier scan, in the order of [`Store::findings`]; `None` if that is not known
    /// any more, because an earlier keyroll kept only how findings stand now.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn findings_after(&self, scan: &SnapshotHead) -> Result<Option<Vec<Finding>>, StoreError> {
        if scan.id < self.findings_kept_since()? {
            return Ok(None);
        }
        let mut findings: Vec<Finding> = self.list(
            "SELECT body FROM (
                 SELECT rule, resource, body FROM findings WHERE first_snapshot <= ?1
                 UNION ALL
                 SELECT rule, resource, body FROM past_findings WHERE ?1 BETWEEN first_snapshot AND last_snapshot)
             ORDER BY rule, resource",
            [scan.id.0],
        )?;
        for finding in &mut findings {
            finding.last_seen = finding.last_seen.min(scan.ended_at);
        }
        findings.sort_by_key(|finding| Reverse(finding.severity));
        Ok(Some(findings))
    }

    /// The first scan after which it is known how findings stood.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn findings_kept_since(&self) -> Result<SnapshotId, StoreError> {
        let since = self.connection.query_row("SELECT since FROM findings_kept", [], |row| row.get(0));
        since.map(SnapshotId).map_err(|error| self.fault(error))
    }

    /// The steps that findings took in a scan, in the order in which they were committed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn transitions(&self, snapshot: SnapshotId) -> Result<Vec<Transition>, StoreError> {
        self.list("SELECT body FROM transitions WHERE snapshot = ?1 ORDER BY number", [snapshot.0])
    }

    /// The steps that findings took from one scan to another, in the order of scans. Scans that were removed leave theirs.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn transitions_between(&self, first: SnapshotId, last: SnapshotId) -> Result<Vec<Transition>, StoreError> {
        self.list(
            "SELECT body FROM transitions WHERE snapshot BETWEEN ?1 AND ?2 ORDER BY snapshot, number",
            [first.0, last.0],
        )
    }

    /// All steps that findings about one resource ever took, with the scan that saw each, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn history_about(&self, resource: &ResourceId) -> Result<Vec<(SnapshotId, Transition)>, StoreError> {
        self.list(
            "SELECT '[' || snapshot || ',' || body || ']' FROM transitions
             WHERE finding IN (SELECT id FROM findings WHERE resource = ?1) ORDER BY snapshot, number",
            [resource.as_str()],
        )
    }

    /// All steps that a finding ever took, oldest first. Empty if there is no such finding.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn history(&self, finding: &FindingId) -> Result<Vec<Transition>, StoreError> {
        self.list("SELECT body FROM transitions WHERE finding = ?1 ORDER BY snapshot, number", [finding.as_str()])
    }

    /// Open findings after each of the newest scans up to one, oldest first: for a trend line.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn open_counts(&self, up_to: SnapshotId, newest: usize) -> Result<Vec<usize>, StoreError> {
        // A number is JSON too.
        let mut counts = self.list(
            "SELECT CAST(open_findings AS TEXT) FROM (
                 SELECT id, open_findings FROM snapshots UNION ALL SELECT id, open_findings FROM removed_snapshots)
             WHERE id <= ?1 ORDER BY id DESC LIMIT ?2",
            [up_to.0, limit(newest)],
        )?;
        counts.reverse();
        Ok(counts)
    }
}

/// Writes how findings stand after a scan. One that is as it was costs no write; one that is other than it was leaves a
/// row of how it stood, unless all that moved is when it was last seen.
pub(super) fn record(
    connection: &Connection,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    findings: &[Finding],
) -> rusqlite::Result<()> {
    let mut standing =
        connection.prepare("SELECT body, first_snapshot FROM findings WHERE rule = ?1 AND resource = ?2")?;
    let mut keep = connection.prepare(
        "INSERT INTO past_findings (rule, resource, first_snapshot, last_snapshot, body)
         SELECT rule, resource, first_snapshot, ?3, body FROM findings WHERE rule = ?1 AND resource = ?2",
    )?;
    let mut write = connection.prepare(
        "INSERT INTO findings (rule, resource, id, status, body, first_snapshot) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (rule, resource) DO UPDATE
         SET status = excluded.status, body = excluded.body, first_snapshot = excluded.first_snapshot",
    )?;
    for finding in findings {
        let (rule, resource) = (finding.rule.as_str(), finding.resource.as_str());
        let stood: Option<(Json<Finding>, i64)> =
            standing.query_row([rule, resource], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let first = match stood {
            Some((Json(stood), _)) if stood == *finding => continue,
            Some((Json(mut stood), first)) => {
                stood.last_seen = finding.last_seen;
                if stood == *finding {
                    first
                } else {
                    keep.execute(params![rule, resource, previous.map(|previous| previous.0)])?;
                    id.0
                }
            }
            None => id.0,
        };
        write.execute(params![rule, resource, finding.id.as_str(), finding.status.name(), json(finding), first])?;
    }
    Ok(())
}
