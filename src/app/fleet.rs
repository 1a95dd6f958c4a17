//! How a tenant of a fleet stands, by what its store says.

use chrono::{DateTime, Utc};

use super::{AppError, Schedule, served_up_to};
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
    let mut overdue = Vec::new();
    for schedule in schedules {
        let delay = delay(store, estate, schedule, now)?;
        overdue.extend(delay.map(|what| Overdue { schedule: schedule.name.clone(), what }));
    }
    Ok(TenantStatus {
        estate: estate.to_owned(),
        complete: heads.into_iter().find(|head| head.complete),
        gaps: gaps.len() - declared,
        declared,
        latest,
        findings,
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
        overdue: schedules.iter().map(never).collect(),
    }
}

/// What is amiss on a schedule.
fn delay(store: &Store, estate: &str, schedule: &Schedule, now: DateTime<Utc>) -> Result<Option<Delay>, AppError> {
    let Some(began) = store.schedule_began(&schedule.name)? else { return Ok(Some(Delay::NeverBegun)) };
    let last = store.last_run(&schedule.name)?;
    let is_late = |due_at| now > schedule.late_at(estate, due_at);
    let not_ended = last.as_ref().filter(|run| run.end.is_none() && is_late(run.due_at));
    if let Some(run) = not_ended {
        return Ok(Some(Delay::NotEnded(run.due_at, run.started_at)));
    }
    let due = schedule.due(served_up_to(last.as_ref(), began), now);
    Ok(due.filter(|due| is_late(due.at)).map(|due| Delay::NotBegun(due.at)))
}
