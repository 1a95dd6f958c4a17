//! Tables in files on this machine: exports, and lists that people keep. Whatever is wrong with a file is told with the
//! line and the column, all of it at once; a cell that nobody asked for is dropped while the file is parsed.
//!
//! A file that is no table at all (another encoding, a web page, another delimiter, a column that is missing) is refused
//! as a whole. A row that cannot be read is a [`Mistake`] of its own: what that means for the rest, the reader decides.

mod cells;
mod dates;
mod delimited;
mod json;
mod text;

use std::ops::Range;

use serde_json::Value;

use crate::document::delimited::Broken;
use crate::text::{did_you_mean, harmless, join_and, shorten};

pub(super) use cells::{flag, names_a_secret, number, plain, words};
pub(super) use dates::DateForm;
pub(super) use text::{LocalFile, open};

/// How the rows of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    /// A line with the names of the columns, then a line for each row.
    Csv {
        /// What stands between two cells.
        delimiter: u8,
    },
    /// One JSON document.
    Json {
        /// Where its list of rows is: keys from the outside in; none if the document is the list.
        rows: Vec<String>,
    },
    /// One JSON object a line.
    Ndjson,
}

/// A column that is asked for. In JSON it is a key, or several with dots between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// True if a file without it is refused.
    pub(super) needed: bool,
}

/// A row that could be taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Where it is, for messages: “line 7”.
    pub(super) place: String,
    /// Its bytes in the text of the file.
    pub(super) span: Range<usize>,
    /// The cells of the columns that were asked for, in their order; `None` where the row has no such key.
    pub(super) cells: Vec<Option<Value>>,
}

/// Something that is wrong with a file or one of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Where it is: “line 7”; empty if it is the file as a whole.
    pub(super) place: String,
    /// The bytes that are meant.
    pub(super) span: Range<usize>,
    /// The column, if it is in one.
    pub(super) column: Option<String>,
    /// What is wrong.
    pub(super) what: String,
    /// What would be right.
    pub(super) help: Option<String>,
}

impl From<Broken> for Mistake {
    fn from(broken: Broken) -> Self {
        Self::at(broken.place, broken.span, broken.what).help(broken.help)
    }
}

/// The rows of a file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Those that could be taken apart.
    pub(super) rows: Vec<Row>,
    /// One for every other.
    pub(super) mistakes: Vec<Mistake>,
}

impl Mistake {
    /// A mistake of the whole file.
    pub(super) fn of_file(what: impl Into<String>) -> Self {
        Self { place: String::new(), span: 0..0, column: None, what: what.into(), help: None }
    }

    /// A mistake at a place in the file.
    pub(super) fn at(place: impl Into<String>, span: Range<usize>, what: impl Into<String>) -> Self {
        Self { place: place.into(), span, column: None, what: what.into(), help: None }
    }

    /// A mistake in one cell of a row.
    pub(super) fn in_cell(row: &Row, column: &str, what: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), ..Self::at(row.place.clone(), row.span.clone(), what) }
    }

    /// Says what would be right.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The mistake in one line: “line 7, column `expires`: `soon` is no date (…)”.
    pub(super) fn in_words(&self) -> String {
        let column = self.column.as_ref().map(|name| format!("column `{}`", shown(name)));
        let place: Vec<String> =
            Some(self.place.clone()).filter(|place| !place.is_empty()).into_iter().chain(column).collect();
        let mut text = place.join(", ");
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&self.what);
        if let Some(help) = &self.help {
            text.push_str(&format!(" ({help})"));
        }
        text
    }
}

/// Takes a file apart.
///
/// # Errors
/// Why it is refused as a whole.
pub(super) fn read(file: &LocalFile, format: &Format, columns: &[Column]) -> Result<Table, Vec<Mistake>> {
    match format {
        Format::Csv { delimiter } => delimited::read(&file.text, *delimiter, columns),
        Format::Json { rows } => json::read(&file.text, rows, columns),
        Format::Ndjson => json::read_lines(&file.text, columns),
    }
}

/// A cell as messages show it: short, harmless, and not at all where it reads like a secret.
pub(super) fn shown(cell: &str) -> String {
    let is_inside =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '+' | '/' | '=' | '.');
    let telling = cell.split(|letter| !is_inside(letter)).any(|word| {
        let letters = word.chars().any(|letter| letter.is_ascii_alphabetic());
        let digits = word.chars().filter(char::is_ascii_digit).count();
        // A time such as 2026-11-22T02:00:00.000Z has letters too, but few of them.
        word.len() >= 16 && letters && digits > 0 && word.chars().filter(char::is_ascii_alphabetic).count() > 2
    });
    if telling { "…".to_owned() } else { shorten(&harmless(cell), 40) }
}

/// The mistake of a column that is not there. `names` are those that are.
fn missing_column(wanted: &str, names: &[&str]) -> Mistake {
    let mistake = Mistake { column: Some(wanted.to_owned()), ..Mistake::of_file("is missing") };
    let folded: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let near = did_you_mean(&wanted.to_lowercase(), folded.iter().map(String::as_str))
        .and_then(|near| names.iter().find(|name| name.to_lowercase() == near));
    match near {
        Some(near) => mistake.help(format!("did you mean `{}`?", shown(near))),
        None => {
            let mut there: Vec<String> = names.iter().take(12).map(|name| format!("`{}`", shown(name))).collect();
            if names.len() > there.len() {
                there.push(format!("{} more", names.len() - there.len()));
            }
            mistake.help(format!("there are {}", join_and(&there)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_like_a_secret_is_not_shown() {
        for secret in ["glpat-Xy12abCD34efGH56", "ATATT3xFfGF0abcdef123456", "xoxb-1234567890-abcdef"] {
            assert_eq!(shown(secret), "…");
        }
        for harmless in ["2026-11-22T02:00:00.000Z", "22.11.2026 14:00", "JIRAUSER10100", "never"] {
            assert_eq!(shown(harmless), harmless);
        }
    }
}
