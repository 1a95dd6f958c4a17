//! From the store to all that is to be said about one scan.

use super::AppError;
use crate::model::{Assessment, SnapshotId};
use crate::store::Store;

/// How many scans the trend line shows.
const TREND_SCANS: usize = 30;

/// Everything the store knows about a scan; about the latest one if none is named.
///
/// Findings are as they stand after the latest scan, whichever scan is asked for.
///
/// # Errors
/// When there is no such scan, or the store cannot be read.
pub fn assess(store: &Store, which: Option<SnapshotId>) -> Result<Assessment, AppError> {
    let head = match which {
        Some(id) => store.head(id)?.ok_or(AppError::NoSuchSnapshot(id))?,
        None => store.latest()?.ok_or(AppError::NoScan)?,
    };
    let id = head.id;
    let previous = match head.compared_with {
        Some(earlier) => store.head(earlier)?,
        None => None,
    };
    Ok(Assessment {
        previous,
        baseline: store.baseline()?,
        snapshot: store.snapshot(id)?.ok_or(AppError::NoSuchSnapshot(id))?,
        findings: store.findings()?,
        transitions: store.transitions(id)?,
        changes: store.changes(id)?,
        rules: store.rules(id)?,
        tallies: store.tallies(id)?,
        waivers: store.waiver_uses(id)?,
        trend: store.open_counts(TREND_SCANS)?,
        head,
    })
}
