//! Reads findings, the steps they took, and how many were open over time.

use std::cmp::Reverse;

use super::Store;
use super::snapshots::limit;
use crate::model::{Finding, FindingId, SnapshotId, Transition};
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

    /// The steps that findings took in a scan, in the order in which they were committed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn transitions(&self, snapshot: SnapshotId) -> Result<Vec<Transition>, StoreError> {
        self.list("SELECT body FROM transitions WHERE snapshot = ?1 ORDER BY number", [snapshot.0])
    }

    /// All steps that a finding ever took, oldest first. Empty if there is no such finding.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn history(&self, finding: &FindingId) -> Result<Vec<Transition>, StoreError> {
        self.list("SELECT body FROM transitions WHERE finding = ?1 ORDER BY snapshot, number", [finding.as_str()])
    }

    /// Open findings after each of the newest scans, oldest first: for a trend line.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn open_counts(&self, newest: usize) -> Result<Vec<usize>, StoreError> {
        // A number is JSON too.
        let mut counts =
            self.list("SELECT CAST(open_findings AS TEXT) FROM snapshots ORDER BY id DESC LIMIT ?1", [limit(newest)])?;
        counts.reverse();
        Ok(counts)
    }
}
