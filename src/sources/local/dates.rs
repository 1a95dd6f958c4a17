//! Moments in files. One form is stated for a column, and a cell in another form is a mistake: a day and a month that
//! change places make a date of their own, and nobody would notice.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde_json::Value;

use super::cells::plain;
use super::shown;
use crate::timetable::Zone;

/// How moments are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum DateForm {
    /// As in RFC 3339, with an offset; a space may stand for the T, and the offset may be short: `+00`.
    Rfc3339,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMs,
    /// As a pattern of `strftime` says; without an offset in it, as the clocks of the zone show.
    Pattern {
        /// The pattern.
        pattern: String,
        /// Where these clocks are.
        zone: Zone,
    },
}

/// What is told of a form that is none.
const FORMS: &str = "write `rfc3339`, `epoch`, `epoch_ms`, or a pattern such as `%Y-%m-%d %H:%M:%S`";

impl DateForm {
    /// The form that somebody wrote down.
    pub(in crate::sources) fn named(text: &str, zone: Zone) -> Result<Self, String> {
        match text {
            "rfc3339" => return Ok(Self::Rfc3339),
            "epoch" => return Ok(Self::Epoch),
            "epoch_ms" => return Ok(Self::EpochMs),
            _ => {}
        }
        let proper = text.contains('%') && StrftimeItems::new(text).all(|item| !matches!(item, Item::Error));
        // Without a year, a month and a day there is no moment: a sample is written and read again.
        let sample =
            NaiveDate::from_ymd_opt(2027, 10, 25).and_then(|day| day.and_hms_opt(13, 14, 15)).unwrap_or_default();
        let form = Self::Pattern { pattern: text.to_owned(), zone };
        let written = || {
            let mut written = String::new();
            let sample = sample.and_utc().fixed_offset();
            std::fmt::write(&mut written, format_args!("{}", sample.format(text))).ok().map(|()| written)
        };
        let same_day = |moment: DateTime<Utc>| (moment.date_naive() - sample.date()).num_days().abs() <= 1;
        match proper.then(written).flatten().map(|written| form.moment(&Value::String(written))) {
            Some(Ok(moment)) if same_day(moment) => Ok(form),
            Some(Ok(_) | Err(_)) => Err("the pattern must tell the year, the month and the day".to_owned()),
            None => Err(FORMS.to_owned()),
        }
    }

    /// The moment in a cell.
    pub(in crate::sources) fn moment(&self, value: &Value) -> Result<DateTime<Utc>, String> {
        const EARLIEST: i32 = 1990;
        const LATEST: i32 = 9999;
        let text = plain(value)?;
        let moment = match self {
            Self::Rfc3339 => rfc3339(&text),
            Self::Epoch => since_epoch(&text, 1_000_000),
            Self::EpochMs => since_epoch(&text, 1_000),
            Self::Pattern { pattern, zone } => by_pattern(&text, pattern, *zone),
        };
        let moment = moment.ok_or_else(|| format!("`{}` is no date in the form `{}`", shown(&text), self.name()))?;
        if !(EARLIEST..=LATEST).contains(&moment.year()) {
            return Err(format!(
                "`{}` would be the year {} in the form `{}`",
                shown(&text),
                moment.year(),
                self.name()
            ));
        }
        Ok(moment)
    }

    fn name(&self) -> &str {
        match self {
            Self::Rfc3339 => "rfc3339",
            Self::Epoch => "epoch",
            Self::EpochMs => "epoch_ms",
            Self::Pattern { pattern, .. } => pattern,
        }
    }
}

fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    let forms =
        ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M:%S%.fZ"];
    let with_offset =
        forms.iter().take(2).find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|at| at.to_utc());
    let in_utc = || forms.iter().skip(2).find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    with_offset.or_else(|| in_utc().map(|at| at.and_utc()))
}

fn by_pattern(text: &str, pattern: &str, zone: Zone) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_str(text, pattern) {
        return Some(moment.to_utc());
    }
    let wall = NaiveDateTime::parse_from_str(text, pattern);
    let day = || NaiveDate::parse_from_str(text, pattern).map(|day| day.and_time(NaiveTime::MIN));
    wall.or_else(|_no_time| day()).ok().map(|wall| zone.first_at(wall))
}

/// Databases write seconds with a fraction, and some tools large numbers with one that is zero.
fn since_epoch(text: &str, to_microseconds: i64) -> Option<DateTime<Utc>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    DateTime::from_timestamp_micros(whole.checked_mul(to_microseconds)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(form: &str, cell: Value) -> Result<String, String> {
        let form = DateForm::named(form, "Europe/Berlin".parse().unwrap())?;
        form.moment(&cell).map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    #[test]
    fn each_form_reads_its_own() {
        for (form, cell, expected) in [
            ("rfc3339", json!("2026-03-02T09:14:07.000+00:00"), "2026-03-02T09:14:07Z"),
            ("rfc3339", json!("2026-03-02 10:14:07+01"), "2026-03-02T09:14:07Z"),
            ("rfc3339", json!("2026-03-02T09:14:07Z"), "2026-03-02T09:14:07Z"),
            ("epoch", json!("1772442847.25"), "2026-03-02T09:14:07Z"),
            ("epoch_ms", json!(1_772_442_847_000_i64), "2026-03-02T09:14:07Z"),
            ("%d.%m.%Y", json!("02.03.2026"), "2026-03-01T23:00:00Z"),
            ("%d/%b/%y %I:%M %p", json!("02/Mar/26 10:14 AM"), "2026-03-02T09:14:00Z"),
            ("%Y-%m-%d %H:%M:%S %z", json!("2026-03-02 09:14:07 +0000"), "2026-03-02T09:14:07Z"),
            ("%d.%m.%Y %H:%M", json!("29.03.2026 02:30"), "2026-03-29T01:00:00Z"),
        ] {
            assert_eq!(read(form, cell.clone()).unwrap(), expected, "{form} {cell}");
        }
    }

    #[test]
    fn another_form_is_a_mistake_and_no_guess() {
        for (form, cell) in [
            ("rfc3339", json!("2026-03-02")),
            ("rfc3339", json!("2026-03-02T09:14:07")),
            ("%d.%m.%Y", json!("2026-03-02")),
            ("%d/%m/%Y", json!("03/22/2026")),
            ("%d/%m/%Y", json!("22/03/26")),
            ("epoch", json!(1_772_442_847_000_i64)),
            ("epoch_ms", json!(1_772_442_847)),
            ("epoch", json!("soon")),
            ("%Y-%m-%d", json!(["2026-03-02"])),
        ] {
            assert!(read(form, cell.clone()).is_err(), "{form} {cell}: {:?}", read(form, cell.clone()));
        }
    }

    #[test]
    fn a_form_that_tells_no_day_is_none() {
        for form in ["iso", "%Q", "%H:%M", "%Y-%m", "%d.%m."] {
            assert!(DateForm::named(form, Zone::UTC).is_err(), "{form}");
        }
    }
}
