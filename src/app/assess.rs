//! From the store to all that is to be said about a scan: the latest one, or how it stood after an earlier one.

use std::collections::BTreeMap;

use super::AppError;
use super::flapping::back_and_forth;
use super::posture::{Judged, postures};
use crate::model::{Assessment, Census, Finding, RuleCensus, RuleId, SnapshotHead};
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
    let findings = store.findings()?;
    let undelivered = store.undelivered()?.into_iter().filter(|outgoing| outgoing.attempts > 0).collect();
    let assessment = gather(store, head, findings)?;
    Ok(Assessment { undelivered, ..assessment })
}

/// Everything the store knows of how it stood after a scan: findings, waivers, baseline and trend as they were then. What
/// could not be delivered is a matter of today, and left out.
///
/// # Errors
/// When it is not known any more how findings stood then, or the store cannot be read.
pub fn assess_after(store: &Store, scan: SnapshotHead) -> Result<Assessment, AppError> {
    if store.latest()?.is_some_and(|latest| latest.id == scan.id) {
        return assess(store);
    }
    let findings = findings_after(store, &scan)?;
    gather(store, scan, findings)
}

/// Every finding as it stood after a scan.
pub(super) fn findings_after(store: &Store, scan: &SnapshotHead) -> Result<Vec<Finding>, AppError> {
    match store.findings_after(scan)? {
        Some(findings) => Ok(findings),
        None => Err(AppError::FindingsNotKept { scan: scan.id, since: store.findings_kept_since()? }),
    }
}

/// All but what could not be delivered.
fn gather(store: &Store, head: SnapshotHead, findings: Vec<Finding>) -> Result<Assessment, AppError> {
    let flapping = back_and_forth(store, &head)?;
    let transitions = store.transitions(head.id)?;
    with_postures(Assessment {
        findings,
        transitions,
        flapping: flapping.changes,
        flapping_findings: flapping.findings,
        ..frame(store, head)?
    })
}

/// All that does not grow with the findings: those, their steps, what goes back and forth and postures are left out.
pub(super) fn frame(store: &Store, head: SnapshotHead) -> Result<Assessment, AppError> {
    let id = head.id;
    let previous = match head.compared_with {
        Some(earlier) => store.record(earlier)?,
        None => None,
    };
    let mut acknowledgements = store.acknowledgements()?;
    let mut baseline = store.baseline()?;
    if store.latest()?.is_some_and(|latest| latest.id != id) {
        acknowledgements.retain(|acknowledgement| acknowledgement.at <= head.ended_at);
        baseline = store.baselines()?.into_iter().rfind(|baseline| baseline.accepted_at <= head.ended_at);
    }
    let (rules, tallies) = (store.rules(id)?, store.tallies(id)?);
    Ok(Assessment {
        previous,
        postures: Vec::new(),
        baseline,
        snapshot: store.snapshot(id)?.ok_or(AppError::NoSuchSnapshot(id))?,
        findings: Vec::new(),
        transitions: Vec::new(),
        changes: store.changes(id)?,
        rules,
        tallies,
        waivers: store.waiver_uses(id)?,
        acknowledgements,
        undelivered: Vec::new(),
        trend: store.open_counts(id, TREND_SCANS)?,
        flapping: Vec::new(),
        flapping_findings: BTreeMap::new(),
        reviewed: None,
        set_aside: None,
        head,
    })
}

/// The same as if no waiver had been written: see [`Assessment::without_waivers`]. Controls are met or not accordingly.
///
/// # Errors
/// When a shipped catalogue cannot be read.
pub fn without_waivers(assessment: Assessment) -> Result<Assessment, AppError> {
    with_postures(assessment.without_waivers())
}

/// The same, with the postures that follow from its findings and tallies.
pub(super) fn with_postures(assessment: Assessment) -> Result<Assessment, AppError> {
    with_postures_of(&Census::of(&assessment.findings).rules, assessment)
}

/// The same where the findings were counted already.
pub(super) fn with_postures_of(
    found: &BTreeMap<RuleId, RuleCensus>,
    assessment: Assessment,
) -> Result<Assessment, AppError> {
    let Assessment { head, rules, tallies, .. } = &assessment;
    let judged = Judged { rules, off: &head.rules_off, tallies, found };
    let postures = postures(&read_frameworks(&builtin::frameworks())?, judged);
    Ok(Assessment { postures, ..assessment })
}
