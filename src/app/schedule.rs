//! When scans are due: a crontab line with its zone and sources, what was missed, and what is late.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Run, SourceName};
use crate::timetable::{Crontab, Zone, jitter};

/// Missed moments that are counted one by one; beyond it there were “at least” so many.
const MOST_MISSED: usize = 1_000;

/// A group of sources and when it is scanned.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When.
    pub crontab: Crontab,
    /// By whose clocks.
    pub zone: Zone,
    /// The sources; none means all.
    pub sources: Vec<SourceName>,
    /// The longest time by which a scan is put off, so that not everybody begins at the full hour.
    pub jitter: Duration,
    /// How long a scan may take before it is stopped and stored as incomplete.
    pub deadline: Option<Duration>,
    /// How long after its moment a scan must have ended before somebody is told.
    pub late_after: Duration,
}

/// A scan that is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The moment on the schedule that it is for: the latest that has passed.
    pub at: DateTime<Utc>,
    /// Earlier moments for which nobody scanned.
    pub missed: usize,
    /// The first of those.
    pub first_missed: Option<DateTime<Utc>>,
}

impl Schedule {
    /// The next moment after this one, without jitter.
    #[must_use]
    pub fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.crontab.next_after(at, &self.zone)
    }

    /// When a scan for a moment begins: the same answer however often it is asked, after a restart too.
    #[must_use]
    pub fn start_of(&self, estate: &str, due: DateTime<Utc>) -> DateTime<Utc> {
        let delay = jitter(&format!("{estate}/{}", self.name), due, self.jitter);
        due + TimeDelta::from_std(delay).unwrap_or_default()
    }

    /// When a scan for a moment must have ended.
    #[must_use]
    pub fn late_at(&self, estate: &str, due: DateTime<Utc>) -> DateTime<Utc> {
        self.start_of(estate, due) + TimeDelta::from_std(self.late_after).unwrap_or(TimeDelta::MAX)
    }

    /// The scan that is due, if one is. However many moments have passed, it is one scan: the rest was missed. `since` is
    /// the moment of the last scan that ran to an end, or from which on the schedule counts.
    #[must_use]
    pub fn due(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<Due> {
        let at = self.crontab.last_before_or_at(now, &self.zone).filter(|at| *at > since)?;
        let missed = self.crontab.between(since, at - TimeDelta::milliseconds(1), &self.zone, MOST_MISSED);
        Some(Due { at, missed: missed.len(), first_missed: missed.first().copied() })
    }
}

/// The moment up to which a schedule has been served: that of its last run, unless that one was cut short and is to be
/// taken up again.
#[must_use]
pub fn served_up_to(last: Option<&Run>, otherwise: DateTime<Utc>) -> DateTime<Utc> {
    use crate::model::RunEnd;
    match last {
        None => otherwise,
        Some(run) => match run.end {
            Some(RunEnd::Interrupted | RunEnd::Vanished) => run.due_at - TimeDelta::milliseconds(1),
            Some(RunEnd::Complete | RunEnd::Incomplete | RunEnd::Failed) | None => run.due_at,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nightly() -> Schedule {
        Schedule {
            name: "nightly".to_owned(),
            crontab: "30 2 * * *".parse().unwrap(),
            zone: "Europe/Berlin".parse().unwrap(),
            sources: Vec::new(),
            jitter: Duration::from_secs(600),
            deadline: None,
            late_after: Duration::from_secs(3600),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn after_downtime_one_scan_is_due_and_the_rest_was_missed() {
        let schedule = nightly();
        let since = at("2026-11-20T01:30:00Z");
        assert_eq!(schedule.due(since, at("2026-11-21T01:29:59Z")), None);
        let due = schedule.due(since, at("2026-11-24T10:00:00Z")).unwrap();
        assert_eq!(due.at, at("2026-11-24T01:30:00Z"));
        assert_eq!((due.missed, due.first_missed), (3, Some(at("2026-11-21T01:30:00Z"))));
        assert_eq!(schedule.due(due.at, at("2026-11-24T10:00:00Z")), None, "once it ran it is not due again");
    }

    #[test]
    fn jitter_stays_within_its_bounds_and_is_the_same_after_a_restart() {
        let (schedule, due) = (nightly(), at("2026-11-21T01:30:00Z"));
        let start = schedule.start_of("acme", due);
        assert!(start >= due && start <= due + TimeDelta::minutes(10));
        assert_eq!(start, nightly().start_of("acme", due));
    }

    #[test]
    fn a_run_that_was_cut_short_is_due_again_and_one_that_failed_is_not() {
        use crate::model::RunEnd;
        let due = at("2026-11-21T01:30:00Z");
        let run = |end| Run {
            id: 1,
            schedule: "nightly".to_owned(),
            due_at: due,
            started_at: due,
            ended_at: None,
            end,
            snapshot: None,
            note: String::new(),
        };
        let now = at("2026-11-21T03:00:00Z");
        for (end, again) in [
            (Some(RunEnd::Interrupted), true),
            (Some(RunEnd::Vanished), true),
            (Some(RunEnd::Failed), false),
            (Some(RunEnd::Complete), false),
            (None, false),
        ] {
            let since = served_up_to(Some(&run(end)), now);
            assert_eq!(nightly().due(since, now).is_some(), again, "{end:?}");
        }
    }
}
