//! Which scan somebody means who asks how things stood: by its number, on a day, at a moment.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::AppError;
use crate::model::{SnapshotHead, SnapshotId};
use crate::store::Store;

/// A scan that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// The one with this number.
    Snapshot(SnapshotId),
    /// The last one that had ended when this day was over (UTC).
    Day(NaiveDate),
    /// The last one that had ended at this moment.
    Moment(DateTime<Utc>),
}

impl FromStr for AsOf {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        if let Some(number) = written.strip_prefix('s').and_then(|number| number.parse().ok()) {
            return Ok(Self::Snapshot(SnapshotId(number)));
        }
        if let Ok(day) = written.parse() {
            return Ok(Self::Day(day));
        }
        match DateTime::parse_from_rfc3339(written) {
            Ok(moment) => Ok(Self::Moment(moment.to_utc())),
            Err(_no_moment) => {
                Err("write a day (2026-11-20), a moment (2026-11-20T08:00:00Z) or a scan (s12)".to_owned())
            }
        }
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(id) => id.fmt(out),
            Self::Day(day) => day.fmt(out),
            Self::Moment(moment) => write!(out, "{}", moment.format("%Y-%m-%d %H:%M UTC")),
        }
    }
}

/// The scan that is meant. Of scans that are not kept any more, the one before them is.
///
/// # Errors
/// When there is no such scan, or none had ended by then, or the store cannot be read.
pub fn scan_as_of(store: &Store, as_of: AsOf) -> Result<SnapshotHead, AppError> {
    let head = match as_of {
        AsOf::Snapshot(id) => return store.head(id)?.ok_or(AppError::NoSuchSnapshot(id)),
        AsOf::Day(day) => store.latest_by(end_of(day))?,
        AsOf::Moment(moment) => store.latest_by(moment)?,
    };
    if let Some(head) = head {
        return Ok(head);
    }
    let first = store.heads(usize::MAX)?.pop().ok_or(AppError::NoScan)?;
    Err(AppError::BeforeFirstScan { as_of, first: first.id, ended_at: first.ended_at })
}

/// The last moment of a day.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN).and_utc();
    next - chrono::TimeDelta::milliseconds(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_named_by_number_day_or_moment() {
        assert_eq!("s12".parse(), Ok(AsOf::Snapshot(SnapshotId(12))));
        assert_eq!("2026-11-20".parse(), Ok(AsOf::Day("2026-11-20".parse().unwrap())));
        assert_eq!("2026-11-20T09:00:00+01:00".parse(), Ok(AsOf::Moment("2026-11-20T08:00:00Z".parse().unwrap())));
        for wrong in ["", "s", "12", "yesterday", "20.11.2026", "2026-11-31", "2026-11-20 08:00"] {
            assert!(wrong.parse::<AsOf>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_lasts_until_midnight() {
        assert_eq!(end_of("2026-12-31".parse().unwrap()).to_string(), "2026-12-31 23:59:59.999 UTC");
        let last = NaiveDate::MAX;
        assert!(end_of(last) < last.and_time(NaiveTime::MIN).and_utc(), "no day follows, and nothing breaks");
    }
}
