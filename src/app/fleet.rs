//! How a tenant of a fleet stands, by what its store says.

use chrono::{DateTime, Utc};

use super::overdue::overdue;
use super::{AppError, Schedule};
use crate::model::{Coverage, Delay, FindingCounts, LedgerEntry, Overdue, TenantStatus};
use crate::store::Store;

/// How a tenant stands.
///
/// # Errors
/// If the store cannot be read.
pub fn tenant_status(
    store: &Store,
    estate: &str,
    schedules: &[Schedule],
    now: DateTime<Utc>,
) -> Result<TenantStatus, AppError> {
    let heads = store.heads(usize::MAX)?;
    let latest = heads.first().cloned();
    let ledger = latest.as_ref().map(|head| store.ledger(head.id)).transpose()?.unwrap_or_default();
    let gaps: Vec<&LedgerEntry> = Coverage(&ledger).gaps().collect();
    let declared = gaps.iter().filter(|gap| gap.declared.is_some()).count();
    let mut findings = FindingCounts::default();
    if let Some(latest) = &latest {
        let kept = store.finding_stream(latest, |finding| findings.add(finding))?.is_some();
        if !kept {
            findings = FindingCounts::of(&store.findings()?);
        }
    }
    let overdue = overdue(store, estate, latest.as_ref(), schedules, now)?;
    Ok(TenantStatus {
        estate: estate.to_owned(),
        complete: heads.into_iter().find(|head| head.complete),
        gaps: gaps.len() - declared,
        declared,
        latest,
        findings,
        schedules: schedules.len(),
        overdue,
    })
}

/// How a tenant stands that has no store yet.
#[must_use]
pub fn never_scanned(estate: &str, schedules: &[Schedule]) -> TenantStatus {
    let never = |schedule: &Schedule| Overdue { schedule: schedule.name.clone(), what: Delay::NeverBegun };
    TenantStatus {
        estate: estate.to_owned(),
        latest: None,
        complete: None,
        gaps: 0,
        declared: 0,
        findings: FindingCounts::default(),
        schedules: schedules.len(),
        overdue: schedules.iter().map(never).collect(),
    }
}
