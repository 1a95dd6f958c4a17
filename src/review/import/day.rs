//! Days as reviewers mean them. One way of writing is read; whatever a spreadsheet made of it is recognised and named, and
//! never guessed: a day and a month that change places make a day of their own.

use chrono::{NaiveDate, TimeDelta};

/// How a day is written.
const FORM: &str = "write it as `2026-11-26`, and give the column the format of text";

/// The day in a cell.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn day(written: &str) -> Result<NaiveDate, (String, String)> {
    if let Some(day) = iso(written) {
        return Ok(day);
    }
    let what = format!("`{written}` is no day");
    Err(if let Some(day) = serial(written) {
        (format!("`{written}` is how a spreadsheet counts days"), format!("does it mean {day}? {FORM}"))
    } else {
        match meanings(written).as_slice() {
            [] => (what, FORM.to_owned()),
            [one] => (format!("{what} in the form that is read"), format!("does it mean {one}? {FORM}")),
            [one, other, ..] => {
                let help = format!("it may mean {one} or {other}, and nobody can tell: {FORM}");
                (format!("{what} in the form that is read"), help)
            }
        }
    })
}

/// `2026-11-26` and nothing else.
fn iso(written: &str) -> Option<NaiveDate> {
    let as_written = |day: &NaiveDate| day.format("%Y-%m-%d").to_string() == written;
    NaiveDate::parse_from_str(written, "%Y-%m-%d").ok().filter(as_written)
}

/// Days since the end of 1899, perhaps with a time of day behind the point: from 2009 to 2064, so that no year and no
/// other number passes for one.
fn serial(written: &str) -> Option<NaiveDate> {
    const SERIALS: std::ops::Range<i64> = 40_000..60_000;
    let (days, time) = written.split_once(['.', ',']).unwrap_or((written, ""));
    let days: i64 = days.parse().ok().filter(|days| SERIALS.contains(days))?;
    let first = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    time.bytes().all(|digit| digit.is_ascii_digit()).then(|| first + TimeDelta::days(days))
}

/// The days that it may mean, written in another way.
fn meanings(written: &str) -> Vec<NaiveDate> {
    // A time of day behind it changes nothing.
    let day = written.split([' ', 'T']).next().unwrap_or_default();
    let forms = [
        "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%y", "%d/%m/%y",
        "%d.%m.%y",
    ];
    let sane = |day: &NaiveDate| (2000..2100).contains(&chrono::Datelike::year(day));
    let whole = ["%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y"];
    let parsed = forms.iter().filter_map(|form| NaiveDate::parse_from_str(day, form).ok());
    let parsed = parsed.chain(whole.iter().filter_map(|form| NaiveDate::parse_from_str(written, form).ok()));
    let mut found: Vec<NaiveDate> = parsed.filter(sane).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_is_read() {
        assert_eq!(day("2026-11-26").unwrap().to_string(), "2026-11-26");
        for other in ["2026-11-31", "26-11-26", "2026-1-5", "2026-11-26 ", "+2026-11-26", "", "today", "20261126"] {
            assert!(day(other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_spreadsheets_make_of_it_is_named_and_never_guessed() {
        let told = |written: &str| day(written).map_err(|(what, help)| format!("{what} ({help})")).unwrap_err();
        assert!(told("46352").contains("counts days (does it mean 2026-11-26?"), "{}", told("46352"));
        assert!(told("46352.5").contains("2026-11-26"));
        for one in
            ["11/26/2026", "26/11/2026", "26.11.2026", "11/26/26", "26-Nov-26", "2026-11-26T10:00:00Z", "2026/11/26"]
        {
            assert!(told(one).contains("does it mean 2026-11-26?"), "{}", told(one));
        }
        assert!(told("05/11/2026").contains("2026-05-11 or 2026-11-05"), "{}", told("05/11/2026"));
        assert!(told("2026").contains("`2026` is no day (write it"), "{}", told("2026"));
    }
}
