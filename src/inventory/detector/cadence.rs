//! Use every night: how many days in a row a credential was used, up to the last scan. Days are those on which a use was
//! seen, and only the last use is ever seen: a day on which nobody saw one ends the run, so that a run is never longer
//! than it was.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::weights::weights;
use crate::model::{Credential, Fact};
use crate::text::plural;

/// Days in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// How many.
    pub days: usize,
    /// How many Saturdays with the Sunday behind them are among them.
    pub weekends: usize,
}

impl Run {
    /// “18 days in a row, 3 weekends”.
    #[must_use]
    pub fn words(self) -> String {
        let days = plural(self.days, "day", "days");
        if self.days == 1 {
            return days;
        }
        format!("{days} in a row, {}", plural(self.weekends, "weekend", "weekends"))
    }
}

/// What the days of use say about every night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Used every night for long enough.
    Nightly(Run),
    /// Not used every night: it rested, or is not that old.
    Not,
    /// So far every night, but nobody looked for long enough; none if nobody told when it was used.
    Short(Option<Run>),
}

/// The run of days up to the last scan; none if it ended before.
#[must_use]
pub fn run(used_on: &[NaiveDate], today: NaiveDate) -> Option<Run> {
    let last = *used_on.last()?;
    if (today - last).num_days() > weights().days_behind {
        return None;
    }
    let (mut first, mut days) = (last, 1);
    for day in used_on.iter().rev().skip(1) {
        if day.checked_add_days(Days::new(1)) != Some(first) {
            break;
        }
        (first, days) = (*day, days + 1);
    }
    let sundays = first.iter_days().take(days).skip(1).filter(|day| day.weekday() == Weekday::Sun);
    Some(Run { days, weekends: sundays.count() })
}

/// What is known of a credential's nights.
#[must_use]
pub fn cadence(credential: &Credential, today: NaiveDate) -> Cadence {
    let needed = weights().nights;
    let behind = weights().days_behind;
    match credential.last_used_at {
        Fact::Absent => return Cadence::Not,
        // It rests, whoever looked for however long.
        Fact::Known(last) if (today - last.date_naive()).num_days() > behind => return Cadence::Not,
        Fact::Known(_) => {}
        Fact::Unknown => return Cadence::Short(None),
    }
    let Fact::Known(used_on) = &credential.used_on else { return Cadence::Short(None) };
    let Some(run) = run(used_on, today) else { return Cadence::Not };
    if run.days >= needed {
        return Cadence::Nightly(run);
    }
    let rested = used_on.len() > run.days;
    let age = credential.created_at.known().map(|made| (today - made.date_naive()).num_days());
    let too_young = age.is_some_and(|age| usize::try_from(age).unwrap_or_default() < needed);
    if rested || too_young { Cadence::Not } else { Cadence::Short(Some(run)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CredentialForm;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(from: &str, count: usize) -> Vec<NaiveDate> {
        day(from).iter_days().take(count).collect()
    }

    fn token(used_on: Vec<NaiveDate>) -> Credential {
        let last = used_on.last().map(|last| last.and_hms_opt(23, 0, 0).unwrap().and_utc());
        Credential {
            last_used_at: Fact::from_option(last),
            used_on: Fact::Known(used_on),
            created_at: Fact::Known("2026-01-01T00:00:00Z".parse().unwrap()),
            ..Credential::unknown(CredentialForm::ApiToken)
        }
    }

    fn told(used_on: Vec<NaiveDate>, today: &str) -> Cadence {
        cadence(&token(used_on), day(today))
    }

    #[test]
    fn a_run_of_days_up_to_the_scan_is_nightly() {
        let eighteen = told(days("2026-11-02", 18), "2026-11-20");
        assert_eq!(eighteen, Cadence::Nightly(Run { days: 18, weekends: 2 }));
        assert_eq!(Run { days: 18, weekends: 3 }.words(), "18 days in a row, 3 weekends");
        assert_eq!(told(days("2026-11-02", 14), "2026-11-16"), Cadence::Nightly(Run { days: 14, weekends: 2 }));
        assert_eq!(told(days("2026-11-02", 14), "2026-11-17"), Cadence::Nightly(Run { days: 14, weekends: 2 }));
        assert_eq!(told(days("2026-11-02", 14), "2026-11-18"), Cadence::Not, "it rested for two days");
    }

    #[test]
    fn working_days_a_gap_and_a_short_run_are_no_signal() {
        let weekdays: Vec<NaiveDate> = days("2026-11-02", 33)
            .into_iter()
            .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
            .collect();
        assert_eq!(told(weekdays, "2026-12-04"), Cadence::Not);
        let mut gap = days("2026-11-02", 18);
        gap.remove(8);
        assert_eq!(told(gap, "2026-11-20"), Cadence::Not);
        let short = told(days("2026-11-02", 13), "2026-11-15");
        assert_eq!(short, Cadence::Short(Some(Run { days: 13, weekends: 1 })), "nobody looked before");
    }

    #[test]
    fn what_was_not_told_is_not_a_no() {
        let unknown = Credential::unknown(CredentialForm::ApiToken);
        assert_eq!(cadence(&unknown, day("2026-11-15")), Cadence::Short(None));
        let idle = Credential { last_used_at: Fact::Absent, ..unknown };
        assert_eq!(cadence(&idle, day("2026-11-15")), Cadence::Not);
        let mut young = token(days("2026-11-10", 5));
        young.created_at = Fact::Known("2026-11-10T08:00:00Z".parse().unwrap());
        assert_eq!(cadence(&young, day("2026-11-15")), Cadence::Not, "it is only five days old");
    }
}
