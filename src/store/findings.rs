//! Keeps findings as they stand and as they stood; the steps they took, and how many were open over time.

use std::cmp::Reverse;

use super::database::{Database, Value, json, limit, values};
use super::{Store, StoreError};
use crate::model::{Finding, FindingId, ResourceId, SnapshotHead, SnapshotId, Transition};

impl Store {
    /// Every finding as it stands after the latest scan, the worst first, then by rule and resource.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn findings(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings: Vec<Finding> =
            self.database.list("SELECT body FROM findings ORDER BY rule, resource", &[])?;
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
        let mut findings: Vec<Finding> = self.database.list(
            "SELECT body FROM (
                 SELECT rule, resource, body FROM findings WHERE first_snapshot <= ?1
                 UNION ALL
                 SELECT rule, resource, body FROM past_findings WHERE ?1 BETWEEN first_snapshot AND last_snapshot) AS stood
             ORDER BY rule, resource",
            &values![scan.id.0],
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
        self.database.one("SELECT coalesce(max(since), 0) FROM findings_kept", &[], |row| row.get(0).map(SnapshotId))
    }

    /// The steps that findings took in a scan, in the order in which they were committed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn transitions(&self, snapshot: SnapshotId) -> Result<Vec<Transition>, StoreError> {
        self.database.list("SELECT body FROM transitions WHERE snapshot = ?1 ORDER BY number", &values![snapshot.0])
    }

    /// The steps that findings took from one scan to another, in the order of scans. Scans that were removed leave theirs.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn transitions_between(&self, first: SnapshotId, last: SnapshotId) -> Result<Vec<Transition>, StoreError> {
        self.database.list(
            "SELECT body FROM transitions WHERE snapshot BETWEEN ?1 AND ?2 ORDER BY snapshot, number",
            &values![first.0, last.0],
        )
    }

    /// All steps that findings about one resource ever took, with the scan that saw each, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn history_about(&self, resource: &ResourceId) -> Result<Vec<(SnapshotId, Transition)>, StoreError> {
        self.database.list(
            "SELECT '[' || snapshot || ',' || body || ']' FROM transitions
             WHERE finding IN (SELECT id FROM findings WHERE resource = ?1) ORDER BY snapshot, number",
            &values![resource.as_str()],
        )
    }

    /// All steps that a finding ever took, oldest first. Empty if there is no such finding.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn history(&self, finding: &FindingId) -> Result<Vec<Transition>, StoreError> {
        self.database.list(
            "SELECT body FROM transitions WHERE finding = ?1 ORDER BY snapshot, number",
            &values![finding.as_str()],
        )
    }

    /// Open findings after each of the newest scans up to one, oldest first: for a trend line.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn open_counts(&self, up_to: SnapshotId, newest: usize) -> Result<Vec<usize>, StoreError> {
        // A number is JSON too.
        let mut counts = self.database.list(
            "SELECT CAST(open_findings AS TEXT) FROM (
                 SELECT id, open_findings FROM snapshots UNION ALL SELECT id, open_findings FROM removed_snapshots) AS scans
             WHERE id <= ?1 ORDER BY id DESC LIMIT ?2",
            &values![up_to.0, limit(newest)],
        )?;
        counts.reverse();
        Ok(counts)
    }
}

/// How many findings are looked up together.
const SHARE: usize = 1_024;

/// Writes how findings stand after a scan. One that is as it was costs no write; one that is other than it was leaves a
/// row of how it stood, unless all that moved is when it was last seen.
pub(super) fn record(
    database: &Database,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    findings: &[Finding],
) -> Result<(), StoreError> {
    let keep = "INSERT INTO past_findings (rule, resource, first_snapshot, last_snapshot, body)
         SELECT rule, resource, first_snapshot, ?3, body FROM findings WHERE rule = ?1 AND resource = ?2";
    let write = database.upsert("findings", &["rule", "resource"], &["id", "status", "body", "first_snapshot"]);
    for share in findings.chunks(SHARE) {
        let (mut kept, mut written): (Vec<Vec<Value<'_>>>, Vec<Vec<Value<'_>>>) = (Vec::new(), Vec::new());
        for (finding, stood) in share.iter().zip(standing(database, share)?) {
            let (rule, resource) = (finding.rule.as_str(), finding.resource.as_str());
            let first = match stood {
                Some((stood, _)) if stood == *finding => continue,
                Some((mut stood, first)) => {
                    stood.last_seen = finding.last_seen;
                    if stood == *finding {
                        first
                    } else {
                        kept.push(values![rule, resource, previous.map(|previous| previous.0)].into());
                        id.0
                    }
                }
                None => id.0,
            };
            let (status, body) = (finding.status.name(), json(finding));
            written.push(values![rule, resource, finding.id.as_str(), status, body, first].into());
        }
        database.execute_many(keep, kept)?;
        database.execute_many(&write, written)?;
    }
    Ok(())
}

/// How each of some findings stands in the store, and since which scan; `None` for those that are new.
fn standing(database: &Database, findings: &[Finding]) -> Result<Vec<Option<(Finding, i64)>>, StoreError> {
    let sql = "SELECT body, first_snapshot FROM findings WHERE rule = ?1 AND resource = ?2";
    let keys = findings.iter().map(|finding| values![finding.rule.as_str(), finding.resource.as_str()].into());
    let mut all = Vec::with_capacity(findings.len());
    database.first_of_each(sql, keys, |row| {
        all.push(row.map(|row| Ok::<_, StoreError>((row.json(0)?, row.get(1)?))).transpose()?);
        Ok(())
    })?;
    Ok(all)
}
