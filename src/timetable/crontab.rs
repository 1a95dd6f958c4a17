//! A crontab line: when its job runs, by the clocks of a time zone.
//!
//! The `cron` crate finds matching times on a calendar without zones; it knows neither crontab(5)'s rule of the two day
//! fields nor what to do when the clocks are put forward or back. Both are done here.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::field::{Field, KINDS, WEEKDAYS};
use super::{TimetableError, Zone};

/// Nothing is computed outside of these days: the calendar of the `cron` crate goes from 1970 to 2100.
const CALENDAR: (i64, i64) = (-2 * 86_400, 4_133_980_800 + 2 * 86_400);

/// Short forms of whole lines.
const SHORT_FORMS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// When a job runs, as crontab(5) writes it: `30 2 * * 1-5`.
///
/// - If both the day of the month and the day of the week are restricted (neither begins with `*`), the job runs on days
///   that match either.
/// - Clocks put forward: a job whose time is skipped runs at the end of the gap, once even if several of its times are.
/// - Clocks put back: a time that comes twice counts at its first.
/// - If the hour begins with `*`, the job follows the real clock instead: skipped times are not made up for, and hours
///   that come twice run twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crontab {
    written: String,
    /// Their union is what matches; there are two if either of the day fields may match.
    calendars: Vec<cron::Schedule>,
    follows_real_clock: bool,
}

impl Crontab {
    /// The first run after a moment. `None` only beyond the year 2100.
    #[must_use]
    pub fn next_after(&self, at: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let at = within_calendar(at);
        if self.follows_real_clock { self.next_by_real_clock(at, zone) } else { self.next_by_wall(at, zone) }
    }

    /// The last run at or before a moment. `None` only before the year 1970.
    #[must_use]
    pub fn last_before_or_at(&self, at: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let at = within_calendar(at);
        if self.follows_real_clock { self.last_by_real_clock(at, zone) } else { self.last_by_wall(at, zone) }
    }

    /// The runs after one moment and at or before another, in order: the first `most` of them.
    #[must_use]
    pub fn between(
        &self,
        from_exclusive: DateTime<Utc>,
        to_inclusive: DateTime<Utc>,
        zone: &Zone,
        most: usize,
    ) -> Vec<DateTime<Utc>> {
        let next = |at: &DateTime<Utc>| self.next_after(*at, zone);
        let runs = std::iter::successors(next(&from_exclusive), next);
        runs.take_while(|run| *run <= to_inclusive).take(most).collect()
    }

    /// The clocks are followed as they are read: later times never have earlier moments, so the first match that is not
    /// over is the next. Matches are over although the clocks have yet to show them while an hour comes twice.
    fn next_by_wall(&self, at: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut wall = zone.wall(at);
        loop {
            wall = self.next_match(wall)?;
            let moment = zone.first_at(wall);
            if moment > at {
                return Some(moment);
            }
        }
    }

    fn last_by_wall(&self, at: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut wall = zone.latest_wall(at);
        loop {
            wall = self.last_match(wall)?;
            let moment = zone.first_at(wall);
            if moment <= at {
                return Some(moment);
            }
            wall -= TimeDelta::seconds(1);
        }
    }

    /// From one change of the clocks to the next, the time they show runs as evenly as the real one.
    fn next_by_real_clock(&self, at: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let (mut from, mut wall) = (at, zone.wall(at));
        loop {
            let moment = (self.next_match(wall)? - zone.offset(from)).and_utc();
            let Some(change) = zone.first_change(from, moment) else { return Some(moment) };
            (from, wall) = (change, zone.wall(change) - TimeDelta::seconds(1));
        }
    }

    fn last_by_real_clock(&self, at: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut until = at;
        loop {
            let moment = (self.last_match(zone.wall(until))? - zone.offset(until)).and_utc();
            let Some(change) = zone.last_change(moment, until) else { return Some(moment) };
            until = change - TimeDelta::seconds(1);
        }
    }

    /// The first time on the calendar after `wall`.
    fn next_match(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let matches = self.calendars.iter().filter_map(|calendar| calendar.after(&wall.and_utc()).next());
        matches.min().map(|time| time.naive_utc())
    }

    /// The last time on the calendar that is not after `wall`.
    fn last_match(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let behind = (wall + TimeDelta::seconds(1)).and_utc();
        let matches = self.calendars.iter().filter_map(|calendar| calendar.after(&behind).next_back());
        matches.max().map(|time| time.naive_utc())
    }
}

impl FromStr for Crontab {
    type Err = TimetableError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let written = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = if written.starts_with('@') { in_full(&written)? } else { &written };
        let texts: [&str; 5] = line.split(' ').collect::<Vec<_>>().try_into().map_err(wrong_number)?;
        let mut fields = Vec::new();
        for (kind, text) in KINDS.iter().zip(texts) {
            fields.push(Field::read(kind, text).map_err(TimetableError::new)?);
        }
        let follows_real_clock = fields.get(1).is_some_and(|hour| hour.starred);
        let calendars = calendars(&fields)?;
        let crontab = Self { written, calendars, follows_real_clock };
        match crontab.next_match(DateTime::UNIX_EPOCH.naive_utc()) {
            Some(_) => Ok(crontab),
            None => Err(TimetableError::new(
                "it never runs: none of these months has such a day; choose an earlier day of the month",
            )),
        }
    }
}

impl fmt::Display for Crontab {
    /// As it was written, with single blanks.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written)
    }
}

fn within_calendar(at: DateTime<Utc>) -> DateTime<Utc> {
    let limit = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(at);
    at.clamp(limit(CALENDAR.0), limit(CALENDAR.1))
}

fn in_full(short: &str) -> Result<&'static str, TimetableError> {
    let known = SHORT_FORMS.iter().find(|(name, _)| name.eq_ignore_ascii_case(short));
    known.map(|(_, line)| *line).ok_or_else(|| {
        let names: Vec<String> = SHORT_FORMS.iter().map(|(name, _)| format!("`{name}`")).collect();
        TimetableError::new(format!("`{short}` is no short form of a schedule; write one of {}", names.join(", ")))
    })
}

fn wrong_number(texts: Vec<&str>) -> TimetableError {
    const RIGHT: &str = "minute, hour, day of the month, month, day of the week, such as `30 2 * * *`";
    TimetableError::new(match texts.len() {
        1 if texts.iter().all(|text| text.is_empty()) => format!("the schedule is empty; write five fields: {RIGHT}"),
        6 | 7 => {
            format!("there are {} fields, a crontab line has no seconds or years; write five: {RIGHT}", texts.len())
        }
        1 => format!("there is one field, a crontab line has five: {RIGHT}"),
        count => format!("there are {count} fields, a crontab line has five: {RIGHT}"),
    })
}

/// The calendars of a line. The crate joins its day fields with “and” and numbers weekdays from 1 = Sunday, so it gets
/// names, and the “or” is made of two calendars.
fn calendars(fields: &[Field]) -> Result<Vec<cron::Schedule>, TimetableError> {
    let [minute, hour, day, month, weekday] = fields else { return Ok(Vec::new()) };
    let numbers = |field: &Field| join(field.numbers.iter().map(u32::to_string));
    let names: BTreeSet<usize> = weekday.numbers.iter().filter_map(|number| usize::try_from(number % 7).ok()).collect();
    let weekdays = match names.len() {
        7 => "*".to_owned(),
        _ => join(names.iter().filter_map(|number| WEEKDAYS.get(*number)).map(|name| (*name).to_owned())),
    };
    let time = format!("0 {} {}", numbers(minute), numbers(hour));
    let (day, month, either) = (numbers(day), numbers(month), !day.starred && !weekday.starred);
    let lines = if either {
        vec![format!("{time} {day} {month} *"), format!("{time} * {month} {weekdays}")]
    } else {
        vec![format!("{time} {day} {month} {weekdays}")]
    };
    let parsed = lines.iter().map(|line| line.parse());
    parsed.collect::<Result<_, cron::error::Error>>().map_err(|error| TimetableError::new(error.to_string()))
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
