//! How rows are sorted: numbers as numbers, severities by rank, times by the calendar, names by their letters whether large or
//! small. What has no value comes last, whichever way the rest is sorted, and what nobody knows comes last of all.

use std::cmp::Reverse;
use std::str::FromStr;

use crate::model::{Fact, Severity};
use crate::reports::csv::{Cell, ColumnForm};

/// What a row is sorted by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// The least first.
    Rising(Sorted),
    /// The greatest first.
    Falling(Reverse<Sorted>),
    /// A list without entries.
    NoEntries,
    /// There is none, or the column does not apply.
    None,
    /// Nobody knows.
    Unknown,
}

/// A value that has a place among others of its column.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sorted {
    Number(i64),
    Severity(Severity),
    /// In small letters first, and as it is only where these are the same.
    Text(String, String),
}

/// The place of a cell among those of its column.
pub(super) fn key(cell: &Cell<'_>, form: ColumnForm, falling: bool) -> Key {
    let value = match cell.value(form) {
        Fact::Known(value) => value,
        Fact::Absent => return Key::None,
        Fact::Unknown => return Key::Unknown,
    };
    if value.as_array().is_some_and(Vec::is_empty) {
        return Key::NoEntries;
    }
    // Times and days are written so that their letters sort them; `no` comes before `yes`.
    let text = cell.told();
    let sorted = match (form, value.as_i64()) {
        (_, Some(number)) => Sorted::Number(number),
        (ColumnForm::Severity, None) if let Ok(severity) = Severity::from_str(text) => Sorted::Severity(severity),
        (_, None) => Sorted::Text(text.to_lowercase(), text.to_owned()),
    };
    if falling { Key::Falling(Reverse(sorted)) } else { Key::Rising(sorted) }
}
