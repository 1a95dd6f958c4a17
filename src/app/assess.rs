//! From the store to all that is to be said about the latest scan.

use super::AppError;
use super::posture::{Judged, postures};
use crate::model::Assessment;
use crate::rules::{builtin, read_frameworks};
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
    let (rules, tallies, findings) = (store.rules(id)?, store.tallies(id)?, store.findings()?);
    let judged = Judged { rules: &rules, off: &head.rules_off, tallies: &tallies, findings: &findings };
    Ok(Assessment {
        previous,
        postures: postures(&read_frameworks(&builtin::frameworks())?, judged),
        baseline: store.baseline()?,
        snapshot: store.snapshot(id)?.ok_or(AppError::NoSuchSnapshot(id))?,
        findings,
        transitions: store.transitions(id)?,
        changes: store.changes(id)?,
        rules,
        tallies,
        waivers: store.waiver_uses(id)?,
        acknowledgements: store.acknowledgements()?,
        undelivered: store.undelivered()?.into_iter().filter(|outgoing| outgoing.attempts > 0).collect(),
        trend: store.open_counts(TREND_SCANS)?,
        head,
    })
}
