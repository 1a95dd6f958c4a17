//! Quiet hours: from one time of the day to another, perhaps over midnight, perhaps only from some days on.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::field::{Field, KINDS};
use super::{TimetableError, Zone};

const MINUTES_A_DAY: u32 = 24 * 60;

/// A time of the day to the minute, written `22:00`. `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    minutes: u32,
}

/// Days of the week, written as in a crontab line: `mon-fri`, `sat,sun`, `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weekdays {
    /// By the numbers of crontab(5), Sunday as 0.
    numbers: BTreeSet<u32>,
}

/// A time of every day, or of some, in which nobody is to be disturbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    from: TimeOfDay,
    to: TimeOfDay,
    zone: Zone,
    days: Weekdays,
}

impl TimeOfDay {
    /// When the clocks of a zone show it on a day, or would if they were not put forward over it.
    #[must_use]
    pub fn on(self, day: NaiveDate, zone: &Zone) -> DateTime<Utc> {
        zone.first_at(self.wall(day))
    }

    fn wall(self, day: NaiveDate) -> NaiveDateTime {
        day.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(i64::from(self.minutes))
    }
}

impl Weekdays {
    /// All seven.
    #[must_use]
    pub fn all() -> Self {
        Self { numbers: (0..7).collect() }
    }

    /// Whether a day is one of them.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.numbers.contains(&day.weekday().num_days_from_sunday())
    }
}

impl QuietHours {
    /// Quiet from one time to another by the clocks of `zone`; to the next day's if that is not the later one. If `days`
    /// are given, only what begins on one of them is quiet.
    ///
    /// # Errors
    /// When it would never be quiet, or always.
    pub fn new(from: TimeOfDay, to: TimeOfDay, zone: Zone, days: Option<Weekdays>) -> Result<Self, TimetableError> {
        let days = days.unwrap_or_else(Weekdays::all);
        if from == to {
            return Err(TimetableError::new(format!(
                "quiet hours from {from} to {to} have no length; write two times, for a whole day `00:00` and `24:00`"
            )));
        }
        if from.minutes == MINUTES_A_DAY {
            return Err(TimetableError::new("quiet hours cannot begin at `24:00`; write `00:00`"));
        }
        if from.minutes == 0 && to.minutes == MINUTES_A_DAY && days == Weekdays::all() {
            return Err(TimetableError::new(
                "quiet hours of whole days need the days, such as `sat,sun`: otherwise it is always quiet",
            ));
        }
        Ok(Self { from, to, zone, days })
    }

    /// The end of the quiet time if `at` is inside, or `None`. Quiet times that follow each other without a break are one.
    #[must_use]
    pub fn until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut end = self.end_of_one(at)?;
        // Whole days may follow each other, but not for a whole week: then it would always be quiet.
        for _day in 0..7 {
            let Some(later) = self.end_of_one(end) else { break };
            end = later;
        }
        Some(end)
    }

    /// The end of the single quiet time that `at` is in: it began on the day that the clocks show, or the one before.
    fn end_of_one(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = self.zone.local(at).date_naive();
        // The dateline has been moved across places: there, the day before is two days back.
        let begun = (0..=2).filter_map(|back| today.checked_sub_days(Days::new(back)));
        let ends = begun.filter(|day| self.days.contains(*day)).filter_map(|day| {
            let last = if self.to > self.from { day } else { day.checked_add_days(Days::new(1))? };
            // Where the clocks are put back over it, it is as long as the clocks show a quiet time.
            let (from, to) = (self.from.on(day, &self.zone), self.zone.last_at(self.to.wall(last)));
            (from <= at && at < to).then_some(to)
        });
        ends.max()
    }
}

impl FromStr for TimeOfDay {
    type Err = TimetableError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |part: &str, digits: &[usize]| {
            let sound = digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| sound)
        };
        let parts = text.trim().split_once(':').map(|(hour, minute)| (number(hour, &[1, 2]), number(minute, &[2])));
        match parts {
            Some((Some(hour), Some(minute))) if minute < 60 && hour * 60 + minute <= MINUTES_A_DAY => {
                Ok(Self { minutes: hour * 60 + minute })
            }
            Some((Some(_), Some(_))) => Err(TimetableError::new("no clock shows this; write `00:00` to `24:00`")),
            _ => Err(TimetableError::new("not a time of the day; write hours and minutes, such as `22:00`")),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl FromStr for Weekdays {
    type Err = TimetableError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let [.., kind] = &KINDS;
        let field = Field::read(kind, &text).map_err(TimetableError::new)?;
        Ok(Self { numbers: field.numbers.iter().map(|number| number % 7).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, zone: &str, days: Option<&str>) -> Result<QuietHours, TimetableError> {
        let days = days.map(|days| days.parse().unwrap());
        QuietHours::new(from.parse().unwrap(), to.parse().unwrap(), zone.parse().unwrap(), days)
    }

    fn until(hours: &QuietHours, at: &str) -> Option<String> {
        hours.until(at.parse().unwrap()).map(|end| end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_window_over_midnight_is_one_and_its_end_is_outside() {
        let night = quiet("22:00", "6:30", "Europe/Berlin", None).unwrap();
        assert_eq!(until(&night, "2026-11-22T20:59:59Z"), None);
        assert_eq!(until(&night, "2026-11-22T21:00:00Z"), some("2026-11-23T05:30:00Z"));
        assert_eq!(until(&night, "2026-11-23T05:29:59Z"), some("2026-11-23T05:30:00Z"));
        assert_eq!(until(&night, "2026-11-23T05:30:00Z"), None);
    }

    #[test]
    fn days_count_where_the_window_begins_and_whole_days_join() {
        let friday = quiet("22:00", "06:00", "UTC", Some("fri")).unwrap();
        assert_eq!(until(&friday, "2026-11-21T03:00:00Z"), some("2026-11-21T06:00:00Z"));
        assert_eq!(until(&friday, "2026-11-20T03:00:00Z"), None);
        let weekend = quiet("00:00", "24:00", "UTC", Some("sat, Sun")).unwrap();
        assert_eq!(until(&weekend, "2026-11-21T03:00:00Z"), some("2026-11-23T00:00:00Z"));
        assert_eq!(until(&weekend, "2026-11-23T00:00:00Z"), None);
    }

    #[test]
    fn the_clocks_may_be_put_forward_or_back_inside() {
        let early = quiet("01:00", "02:30", "Europe/Berlin", None).unwrap();
        assert_eq!(until(&early, "2026-03-29T00:30:00Z"), some("2026-03-29T01:00:00Z"), "02:30 does not exist");
        assert_eq!(until(&early, "2026-10-25T00:45:00Z"), some("2026-10-25T01:30:00Z"), "02:30 comes twice");
        assert_eq!(until(&early, "2026-10-25T01:30:00Z"), None);
        let gone = quiet("02:10", "02:50", "Europe/Berlin", None).unwrap();
        assert_eq!(until(&gone, "2026-03-29T01:00:00Z"), None, "this night has no such time");
        let cairo = quiet("23:00", "00:30", "Africa/Cairo", None).unwrap();
        assert_eq!(until(&cairo, "2026-04-23T21:30:00Z"), some("2026-04-23T22:00:00Z"), "midnight does not exist");
    }

    #[test]
    fn what_cannot_be_quiet_hours_is_told() {
        let told = |from, to, days| quiet(from, to, "UTC", days).unwrap_err().to_string();
        assert!(told("22:00", "22:00", None).contains("have no length"));
        assert!(told("00:00", "24:00", None).contains("always quiet"));
        assert!(told("24:00", "06:00", None).contains("write `00:00`"));
        let wrong = |text: &str| text.parse::<TimeOfDay>().unwrap_err().to_string();
        assert_eq!(wrong("24:01"), "no clock shows this; write `00:00` to `24:00`");
        assert_eq!(wrong("10:60"), "no clock shows this; write `00:00` to `24:00`");
        for text in ["22", "22:0", "10pm", "+1:00", ""] {
            assert_eq!(wrong(text), "not a time of the day; write hours and minutes, such as `22:00`", "{text}");
        }
        let days = "weekend".parse::<Weekdays>().unwrap_err().to_string();
        assert!(days.starts_with("the day of the week `weekend` is not understood"), "{days}");
    }
}
