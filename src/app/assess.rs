//! From the store to all that is to be said about the latest scan.

use super::AppError;
use crate::model::Assessment;
use crate::store::Store;

/// How many scans the trend line shows.
const TREND_SCANS: usize = 30;

/// Everything the store knows about the latest scan.
///
/// # Errors
/// When there was no scan, or the store cannot be read.
pub fn assess(store: &Store) -> Result<Assessment, AppError> {
    let head = store.latest()?.ok_or(AppError::NoScan)?;
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
        acknowledgements: store.acknowledgements()?,
        undelivered: store.undelivered()?.into_iter().filter(|outgoing| outgoing.attempts > 0).collect(),
        trend: store.open_counts(TREND_SCANS)?,
        set_aside: None,
        head,
    })
}
