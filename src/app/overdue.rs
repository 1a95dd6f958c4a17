//! Scans that should be there and are not: one that did not begin, did not end, or failed.

use chrono::{DateTime, TimeDelta, Utc};

use super::{AppError, Schedule, served_up_to};
use crate::model::{Delay, Overdue, Run, RunEnd, SnapshotHead};
use crate::store::Store;

/// Why there should be a scan that is newer than the latest: what whoever asks about that one has to know. A schedule that nobody ever
/// looked at says so only after one of its moments has passed: somebody may scan by hand.
///
/// # Errors
/// If the store cannot be read.
pub fn newer_expected(
    store: &Store,
    estate: &str,
    latest: &SnapshotHead,
    schedules: &[Schedule],
    now: DateTime<Utc>,
) -> Result<Vec<Overdue>, AppError> {
    let passed = |schedule: &Schedule| {
        schedule.next_after(latest.ended_at).is_some_and(|due| now > schedule.late_at(estate, due))
    };
    let mut overdue = overdue(store, estate, Some(latest), schedules, now)?;
    overdue.retain(|one| {
        one.what != Delay::NeverBegun || schedules.iter().any(|known| known.name == one.schedule && passed(known))
    });
    Ok(overdue)
}

/// What should have happened and did not, on each schedule and by hand.
pub(super) fn overdue(
    store: &Store,
    estate: &str,
    latest: Option<&SnapshotHead>,
    schedules: &[Schedule],
    now: DateTime<Utc>,
) -> Result<Vec<Overdue>, AppError> {
    let mut overdue = Vec::new();
    for schedule in schedules {
        let delay = delay(store, estate, schedule, now)?;
        overdue.extend(delay.map(|what| Overdue { schedule: schedule.name.clone(), what }));
    }
    let by_hand = delay_by_hand(store, latest, now)?;
    overdue.extend(by_hand.map(|what| Overdue { schedule: Run::BY_HAND.to_owned(), what }));
    Ok(overdue)
}

/// What is amiss on a schedule. A scan that failed counts for its moment, so that it is not due again; it is told until the next one,
/// or until somebody made a complete one by hand.
fn delay(store: &Store, estate: &str, schedule: &Schedule, now: DateTime<Utc>) -> Result<Option<Delay>, AppError> {
    let Some(began) = store.schedule_began(&schedule.name)? else { return Ok(Some(Delay::NeverBegun)) };
    let last = store.last_run(&schedule.name)?;
    let is_late = |due_at| now > schedule.late_at(estate, due_at);
    let due = schedule.due(served_up_to(last.as_ref(), began), now).filter(|due| is_late(due.at));
    if let Some(due) = due {
        return Ok(Some(Delay::NotBegun(due.at)));
    }
    let Some(run) = last else { return Ok(None) };
    Ok(match run.end {
        None if is_late(run.due_at) => Some(Delay::NotEnded(run.due_at, run.started_at)),
        Some(RunEnd::Failed) => {
            let by_hand = store.last_run(Run::BY_HAND)?;
            let made_up = |later: Run| later.end == Some(RunEnd::Complete) && later.started_at > run.started_at;
            (!by_hand.is_some_and(made_up)).then_some(Delay::Failed(run.due_at, run.note))
        }
        _ => None,
    })
}

/// After so long a scan that somebody began should have ended.
const LONGEST_BY_HAND: TimeDelta = TimeDelta::hours(6);

/// What is amiss with the last scan that somebody began, as cron does, where none was stored since.
fn delay_by_hand(store: &Store, latest: Option<&SnapshotHead>, now: DateTime<Utc>) -> Result<Option<Delay>, AppError> {
    let last = store.last_run(Run::BY_HAND)?;
    let Some(run) = last.filter(|run| latest.is_none_or(|latest| latest.started_at < run.started_at)) else {
        return Ok(None);
    };
    Ok(match run.end {
        None if now - run.started_at > LONGEST_BY_HAND => Some(Delay::NotEnded(run.due_at, run.started_at)),
        Some(RunEnd::Failed | RunEnd::Interrupted | RunEnd::Vanished) => Some(Delay::Failed(run.due_at, run.note)),
        None | Some(RunEnd::Complete | RunEnd::Incomplete) => None,
    })
}
