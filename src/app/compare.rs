//! Two scans held against each other: a scan and the one before it, or any two that somebody names.

use std::collections::BTreeMap;

use super::assess::findings_after;
use super::flapping::back_and_forth;
use super::{AppError, AsOf, scan_as_of};
use crate::drift;
use crate::model::{Baseline, Change, Coverage, Drift, Finding, FindingsBetween, Snapshot, SnapshotHead, Status, What};
use crate::store::Store;

/// Which scans are to be compared.
#[derive(Debug, Clone, Default)]
pub struct DriftRequest<'a> {
    /// The earlier one: a scan, a day, a moment, or the name of a baseline; what the later one was compared with, if left out.
    pub from: Option<&'a str>,
    /// The later one; the latest, if left out.
    pub to: Option<AsOf>,
    /// True if what moves by itself is wanted too.
    pub noise: bool,
    /// True if each change is wanted with the resource as it was, as far as the earlier scan is kept.
    pub looking_back: bool,
}

/// How a scan differs from an earlier one.
///
/// # Errors
/// When one of them does not exist or is not kept, when they come in the wrong order, or the store cannot be read.
pub fn drift_between(store: &Store, ask: &DriftRequest<'_>) -> Result<Drift, AppError> {
    let to = match ask.to {
        Some(as_of) => scan_as_of(store, as_of)?,
        None => store.latest()?.ok_or(AppError::NoScan)?,
    };
    let snapshot = store.snapshot(to.id)?.ok_or(AppError::NoSuchSnapshot(to.id))?;
    let (from, baseline) = match (ask.from, to.compared_with) {
        (Some(named), _) => {
            let (from, baseline) = scan_named(store, named)?;
            (Some(from), baseline)
        }
        (None, Some(before)) => (store.record(before)?, None),
        (None, None) => (None, None),
    };
    if let Some(from) = from.as_ref().filter(|from| from.id > to.id) {
        return Err(AppError::WrongOrder { from: from.id, to: to.id });
    }
    let before = match &from {
        Some(from) => store.snapshot(from.id)?,
        None => None,
    };
    let mut changes = match (&before, ask.from) {
        (Some(before), Some(_)) => drift::compare(before, &snapshot).changes,
        // What was told that night, whether or not the scan before is still kept.
        _ => store.changes(to.id)?,
    };
    if let Some(before) = before.as_ref().filter(|_| ask.looking_back) {
        put_before(&mut changes, before);
    }
    let moved = before.as_ref().filter(|_| ask.noise).map(|before| drift::moved_by_itself(before, &snapshot));
    let findings = match &from {
        Some(from) => findings_between(store, from, &to)?,
        None => None,
    };
    let gaps_before = before.as_ref().map(|before| Coverage(&before.ledger).gaps().count());
    let gaps_after = Coverage(&snapshot.ledger).gaps().count();
    let flapping = back_and_forth(store, &to)?.changes;
    Ok(Drift {
        from,
        baseline,
        to,
        snapshot,
        gaps_before,
        gaps_after,
        changes,
        left_out: 0,
        left_out_by: "",
        moved,
        flapping,
        findings,
    })
}

/// Puts beside each change of a scan what the resource was before, as far as the earlier scan is kept: it is not stored with the
/// change, and rules on changes judge by it.
///
/// # Errors
/// When the store cannot be read.
pub fn look_back(store: &Store, head: &SnapshotHead, changes: &mut [Change]) -> Result<(), AppError> {
    if let (Some(earlier), true) = (head.compared_with, changes.iter().any(has_past))
        && let Some(before) = store.snapshot(earlier)?
    {
        put_before(changes, &before);
    }
    Ok(())
}

fn put_before(changes: &mut [Change], earlier: &Snapshot) {
    for change in changes.iter_mut().filter(|change| has_past(change)) {
        let was = change.replaces.as_ref().unwrap_or(&change.resource);
        change.before = earlier.known(was).cloned().map(Box::new);
    }
}

fn has_past(change: &Change) -> bool {
    matches!(change.what, What::Changed | What::Rotated | What::Removed)
}

/// The scan that somebody names, by number, day, moment or baseline.
fn scan_named(store: &Store, named: &str) -> Result<(SnapshotHead, Option<Baseline>), AppError> {
    if let Ok(as_of) = named.parse() {
        return Ok((scan_as_of(store, as_of)?, None));
    }
    let baselines = store.baselines()?;
    match baselines.iter().rfind(|baseline| baseline.name == named) {
        Some(baseline) => {
            let head = store.head(baseline.snapshot)?.ok_or(AppError::NoSuchSnapshot(baseline.snapshot))?;
            Ok((head, Some(baseline.clone())))
        }
        None => {
            let known = baselines.into_iter().map(|baseline| baseline.name).collect();
            Err(AppError::NoSuchBaseline { name: named.to_owned(), known })
        }
    }
}

/// How findings differ between two scans; `None` if it is not known any more how they stood.
fn findings_between(
    store: &Store,
    from: &SnapshotHead,
    to: &SnapshotHead,
) -> Result<Option<FindingsBetween>, AppError> {
    let stood = |scan: &SnapshotHead| match findings_after(store, scan) {
        Ok(findings) => Ok(Some(findings)),
        Err(AppError::FindingsNotKept { .. }) => Ok(None),
        Err(error) => Err(error),
    };
    let (Some(before), Some(after)) = (stood(from)?, stood(to)?) else { return Ok(None) };
    let was: BTreeMap<_, &Finding> = before.iter().map(|finding| (&finding.id, finding)).collect();
    let was_open = |finding: &Finding| was.get(&finding.id).is_some_and(|was| was.status == Status::Open);
    let mut between = FindingsBetween::default();
    for finding in after {
        match (was_open(&finding), finding.status == Status::Open) {
            (false, true) => between.opened.push(finding),
            (true, false) => between.closed.push(finding),
            (true, true) | (false, false) => {}
        }
    }
    Ok(Some(between))
}
