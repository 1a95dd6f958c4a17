//! When scans are due: whether that ever comes, and whether a scan has the time it needs.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::{Forecast, Schedule};
use crate::model::{Area, Check, SourceName};
use crate::store::Store;
use crate::timetable::Span;

/// What is to be said of the schedules.
pub(super) fn examine(
    schedules: &[Schedule],
    store: Option<&Store>,
    sources: &[&SourceName],
    now: DateTime<Utc>,
) -> Vec<Check> {
    if schedules.is_empty() {
        let found = "none: nobody scans by itself, unless crontab or a timer runs `keyroll scan` \
                     (`schedules:` and `keyroll daemon` do it too)";
        return vec![Check::known(Area::Schedules, "schedules", found)];
    }
    schedules.iter().flat_map(|schedule| of(schedule, forecast(schedule, store, sources), now)).collect()
}

/// How long the last scan of the same sources took.
fn forecast(schedule: &Schedule, store: Option<&Store>, sources: &[&SourceName]) -> Option<TimeDelta> {
    let store = store?;
    let head = store.latest().ok().flatten()?;
    let ledger = store.ledger(head.id).ok()?;
    let meant: Vec<SourceName> = match schedule.sources.as_slice() {
        [] => sources.iter().map(|source| (*source).clone()).collect(),
        named => named.to_vec(),
    };
    Forecast::of(head.started_at, &ledger, &meant)?.time
}

fn of(schedule: &Schedule, takes: Option<TimeDelta>, now: DateTime<Utc>) -> Vec<Check> {
    let about = schedule.name.as_str();
    let Some(next) = schedule.next_after(now) else {
        let remedy = "mend its `cron:` (minute, hour, day of the month, month, weekday)";
        return vec![Check::broken(Area::Schedules, about, "its moment never comes", remedy)];
    };
    let mut checks = vec![Check::well(
        Area::Schedules,
        about,
        format!("the next scan begins at {}", next.format("%Y-%m-%d %H:%M UTC")),
    )];
    let Some(takes) = takes else { return checks };
    let last = format!("the last scan read for {}", span(takes));
    let longer = |limit: Option<Duration>| {
        limit.and_then(|limit| TimeDelta::from_std(limit).ok()).filter(|limit| takes > *limit)
    };
    if let Some(deadline) = longer(schedule.deadline) {
        let found = format!("its deadline of {} is too short: {last}, so that it will end incomplete", span(deadline));
        checks.push(Check::weak(Area::Schedules, about, found, "raise `deadline:`, or scan fewer sources at a time"));
    }
    if let Some(late) = longer(Some(schedule.late_after)) {
        let found = format!("somebody is told that it is late after {}, and {last}", span(late));
        checks.push(Check::weak(Area::Schedules, about, found, "raise `late_after:`"));
    }
    if let Some(after) = schedule.next_after(next).filter(|after| *after - next < takes) {
        let found = format!("its moments are {} apart, and {last}: scans would meet", span(after - next));
        checks.push(Check::weak(Area::Schedules, about, found, "let more time pass between them in `cron:`"));
    }
    checks
}

fn span(of: TimeDelta) -> String {
    Span(of.to_std().unwrap_or_default()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Health;

    fn healths(deadline: u64, late_after: u64, takes: Option<i64>) -> Vec<Health> {
        let schedule = Schedule {
            name: "hourly".to_owned(),
            crontab: "30 * * * *".parse().unwrap(),
            zone: "UTC".parse().unwrap(),
            sources: Vec::new(),
            jitter: Duration::ZERO,
            deadline: Some(Duration::from_secs(deadline)),
            late_after: Duration::from_secs(late_after),
        };
        let now = "2026-11-22T02:00:00Z".parse().unwrap();
        of(&schedule, takes.map(TimeDelta::minutes), now).iter().map(|check| check.health).collect()
    }

    #[test]
    fn a_schedule_has_the_time_that_the_last_scan_took() {
        assert_eq!(healths(3_000, 7_200, None), [Health::Well]);
        assert_eq!(healths(3_000, 7_200, Some(20)), [Health::Well]);
        assert_eq!(healths(600, 7_200, Some(20)), [Health::Well, Health::Weak], "too short a deadline");
        assert_eq!(healths(9_000, 7_200, Some(90)), [Health::Well, Health::Weak], "the next one meets it");
        assert_eq!(healths(3_000, 600, Some(20)), [Health::Well, Health::Weak], "told as late every time");
    }

    #[test]
    fn a_moment_that_never_comes_is_told() {
        let never: Vec<Health> = {
            let schedule = Schedule {
                name: "never".to_owned(),
                crontab: "0 2 * * *".parse().unwrap(),
                zone: "UTC".parse().unwrap(),
                sources: Vec::new(),
                jitter: Duration::ZERO,
                deadline: None,
                late_after: Duration::from_secs(60),
            };
            of(&schedule, None, "2100-12-31T03:00:00Z".parse().unwrap()).iter().map(|check| check.health).collect()
        };
        assert_eq!(never, [Health::Broken]);
    }
}
