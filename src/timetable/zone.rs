//! A time zone, and what its clocks show: the only place that knows when they are put forward or back.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};

use super::TimetableError;

/// The step in which changes of the clocks are looked for. No zone has ever had two of them this close together.
const STEP: TimeDelta = TimeDelta::hours(1);

/// A time zone of the IANA database, such as `Europe/Berlin`. The default is UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// Its name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The same moment as the zone's clocks show it.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        at.with_timezone(&self.0).fixed_offset()
    }

    /// The first moment at which the zone's clocks show `wall`. If they never do, because they are put forward over it,
    /// the moment at which that happens.
    #[must_use]
    pub fn first_at(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        match self.0.from_local_datetime(&wall) {
            MappedLocalTime::Single(moment) => moment.to_utc(),
            MappedLocalTime::Ambiguous(one, other) => one.min(other).to_utc(),
            MappedLocalTime::None => self.end_of_gap(wall),
        }
    }

    /// The last moment at which the zone's clocks show `wall`: another one than the first only where they are put back
    /// over it.
    #[must_use]
    pub fn last_at(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        match self.0.from_local_datetime(&wall) {
            MappedLocalTime::Single(moment) => moment.to_utc(),
            MappedLocalTime::Ambiguous(one, other) => one.max(other).to_utc(),
            MappedLocalTime::None => self.end_of_gap(wall),
        }
    }

    /// What the clocks show, to the second.
    pub(super) fn wall(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let wall = self.local(at).naive_local();
        wall.with_nanosecond(0).unwrap_or(wall)
    }

    /// The latest time that the clocks have shown by `at`: more than they show while an hour runs a second time.
    pub(super) fn latest_wall(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let wall = self.wall(at);
        let seconds_ago = at - self.first_at(wall);
        if seconds_ago < TimeDelta::seconds(1) { wall } else { at.naive_utc() + self.offset_before(wall) }
    }

    /// How far the clocks are ahead of UTC.
    pub(super) fn offset(&self, at: DateTime<Utc>) -> FixedOffset {
        self.0.offset_from_utc_datetime(&at.naive_utc()).fix()
    }

    /// The first moment after `from`, and not after `until`, at which the clocks are put forward or back.
    pub(super) fn first_change(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut near = whole_seconds(from);
        while near < until {
            let far = (near + STEP).min(until);
            let before = self.offset(near);
            if self.offset(far) != before {
                return Some(earliest(near, far, |moment| self.offset(moment) != before));
            }
            near = far;
        }
        None
    }

    /// The last moment after `since`, and not after `until`, at which the clocks are put forward or back.
    pub(super) fn last_change(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut near = whole_seconds(until);
        while near > since {
            let far = (near - STEP).max(since);
            let after = self.offset(near);
            if self.offset(far) != after {
                return Some(earliest(far, near, |moment| self.offset(moment) == after));
            }
            near = far;
        }
        None
    }

    fn end_of_gap(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        let known = GapInfo::new(&wall, &self.0).and_then(|gap| gap.end).map(|end| end.to_utc());
        known.unwrap_or_else(|| (wall - self.offset_before(wall)).and_utc())
    }

    /// The offset that was in force before the clocks were changed around `wall`.
    fn offset_before(&self, wall: NaiveDateTime) -> FixedOffset {
        match self.0.from_local_datetime(&wall) {
            MappedLocalTime::Single(moment) => moment.offset().fix(),
            MappedLocalTime::Ambiguous(one, other) => one.min(other).offset().fix(),
            MappedLocalTime::None => self.offset((wall - TimeDelta::days(2)).and_utc()),
        }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for Zone {
    type Err = TimetableError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_unknown: chrono_tz::ParseError| {
            let hint = similar(text).map_or_else(
                || "write a name of the IANA database, such as `Europe/Berlin` or `UTC`".to_owned(),
                |name| format!("did you mean `{name}`?"),
            );
            TimetableError::new(format!("unknown time zone; {hint}"))
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The zone that was probably meant: one whose city it is, or one that is spelt almost like it.
fn similar(text: &str) -> Option<&'static str> {
    let plain = text.trim().to_lowercase().replace([' ', '-'], "_");
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |name: &&str| name.to_lowercase().rsplit('/').next() == Some(plain.as_str());
    names().find(|name| name.to_lowercase() == plain).or_else(|| names().find(city)).or_else(|| {
        let allowed = (plain.chars().count() / 4).min(3);
        names()
            .map(|name| (strsim::damerau_levenshtein(&plain, &name.to_lowercase()), name))
            .filter(|(distance, _)| *distance <= allowed)
            .min()
            .map(|(_, name)| name)
    })
}

fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_nanosecond(0).unwrap_or(at)
}

/// The first second after `low`, and not after `high`, that `is` true of; it must be true of `high`, and of all that
/// follow the first.
fn earliest(mut low: DateTime<Utc>, mut high: DateTime<Utc>, is: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    while high - low > TimeDelta::seconds(1) {
        let middle = whole_seconds(low + (high - low) / 2);
        if is(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_unknown_zone_is_told_with_the_one_that_was_meant() {
        let told = |text: &str| text.parse::<Zone>().unwrap_err().to_string();
        assert_eq!(told("Europe/Berln"), "unknown time zone; did you mean `Europe/Berlin`?");
        assert_eq!(told("europe/berlin"), "unknown time zone; did you mean `Europe/Berlin`?");
        assert_eq!(told("new york"), "unknown time zone; did you mean `America/New_York`?");
        assert!(told("local").contains("such as `Europe/Berlin`"));
        assert!(told("").contains("such as `Europe/Berlin`"));
        assert_eq!(Zone::default().name(), "UTC");
    }

    #[test]
    fn times_that_do_not_exist_or_come_twice_have_a_moment() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let wall = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        assert_eq!(berlin.first_at(wall("2026-03-29T02:30:00")), utc("2026-03-29T01:00:00Z"));
        assert_eq!(berlin.last_at(wall("2026-03-29T02:30:00")), utc("2026-03-29T01:00:00Z"));
        assert_eq!(berlin.first_at(wall("2026-10-25T02:30:00")), utc("2026-10-25T00:30:00Z"));
        assert_eq!(berlin.last_at(wall("2026-10-25T02:30:00")), utc("2026-10-25T01:30:00Z"));
        assert_eq!(berlin.local(utc("2026-07-01T12:00:00Z")).to_rfc3339(), "2026-07-01T14:00:00+02:00");
        assert_eq!(berlin.latest_wall(utc("2026-10-25T01:10:00Z")), wall("2026-10-25T03:10:00"));
        let apia: Zone = "Pacific/Apia".parse().unwrap();
        assert_eq!(apia.first_at(wall("2011-12-30T12:00:00")), utc("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn changes_of_the_clocks_are_found_from_both_sides() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let (spring, autumn) = (utc("2026-03-29T01:00:00Z"), utc("2026-10-25T01:00:00Z"));
        assert_eq!(berlin.first_change(utc("2026-01-01T00:00:00.5Z"), utc("2027-01-01T00:00:00Z")), Some(spring));
        assert_eq!(berlin.first_change(spring, utc("2027-01-01T00:00:00Z")), Some(autumn));
        assert_eq!(berlin.last_change(utc("2026-01-01T00:00:00Z"), utc("2027-01-01T00:00:00Z")), Some(autumn));
        assert_eq!(berlin.last_change(utc("2026-01-01T00:00:00Z"), autumn), Some(autumn));
        assert_eq!(berlin.last_change(autumn, utc("2027-01-01T00:00:00Z")), None);
        assert_eq!(berlin.first_change(utc("2026-04-01T00:00:00Z"), utc("2026-05-01T00:00:00Z")), None);
    }
}
