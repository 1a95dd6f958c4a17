//! Where each column of a returned file is. Columns may have changed places; one that is missing, or that holds something
//! nobody would read, is a mistake.

use crate::document::Located;
use crate::document::sheet::{Sheet, SheetRow};
use crate::model::ReviewRow;
use crate::problem::{Problem, Problems};
use crate::text::{did_you_mean, harmless, shorten};

/// Columns of a text in a message.
const LONGEST: usize = 40;

/// The columns that say what a row is about, in the order of [`ReviewRow::fixed`].
pub(super) const FIXED: [&str; 11] =
    ["review", "row", "asked", "account", "account_id", "sort", "place", "place_id", "level", "permission", "sureness"];

/// The places of the columns in a file.
#[derive(Debug)]
pub(super) struct Columns(Vec<(&'static str, usize)>);

impl Columns {
    /// Finds the columns of a file.
    pub(super) fn of(sheet: &Sheet) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut places = Vec::new();
        for wanted in needed() {
            let found: Vec<usize> = (0..sheet.head.len()).filter(|at| is_called(sheet, *at, wanted)).collect();
            match found.as_slice() {
                [at] => places.push((wanted, *at)),
                [] => problems.push(missing(sheet, wanted)),
                [_, again, ..] => problems.push(twice(sheet, *again, wanted)),
            }
        }
        let unread = (0..sheet.head.len()).filter(|at| !known().any(|name| is_called(sheet, *at, name)));
        problems.extend(Problems(unread.filter_map(|at| unread_column(sheet, at)).collect()));
        problems.or(Self(places))
    }

    /// The mistake of a file that is another review's from the first line to the last: told once.
    pub(super) fn of_another_review(&self, sheet: &Sheet, review: &str) -> Option<Problem> {
        let named = |row: &SheetRow| self.cell(row, "review").value.clone();
        let other = sheet.rows.first().map(named).filter(|other| other != review && !other.is_empty())?;
        let all = sheet.rows.len() > 1 && sheet.rows.iter().all(|row| self.cell(row, "review").value == other);
        let span = sheet.rows.first().map_or(0..0, |row| self.cell(row, "review").span.clone());
        let other = shorten(&harmless(&other), LONGEST);
        let what = format!("the file is of review `{other}`, and `{review}` is read in");
        all.then(|| Problem::at(&sheet.source, span, what).help("name the review that the file is of"))
    }

    /// The cell of a column.
    pub(super) fn cell<'s>(&self, row: &'s SheetRow, name: &str) -> &'s Located<String> {
        let place = self.0.iter().find(|(column, _)| *column == name).map(|(_, at)| *at);
        place
            .and_then(|at| row.cells.get(at))
            .expect("internal: every needed column was found, and every row is as wide")
    }
}

fn needed() -> impl Iterator<Item = &'static str> {
    FIXED.into_iter().chain(ReviewRow::FILLED)
}

fn known() -> impl Iterator<Item = &'static str> {
    needed().chain(ReviewRow::TOLD)
}

fn is_called(sheet: &Sheet, at: usize, name: &str) -> bool {
    sheet.head.get(at).is_some_and(|head| head.value.eq_ignore_ascii_case(name))
}

fn missing(sheet: &Sheet, wanted: &str) -> Problem {
    let strange = sheet.head.iter().filter(|head| !known().any(|name| head.value.eq_ignore_ascii_case(name)));
    let strange: Vec<&Located<String>> = strange.filter(|head| !head.value.is_empty()).collect();
    let near = did_you_mean(wanted, strange.iter().map(|head| head.value.as_str()));
    match near.and_then(|near| strange.iter().find(|head| head.value == near)) {
        Some(head) => Problem::at(&sheet.source, head.span.clone(), format!("column `{wanted}` is missing"))
            .help(format!("is it this one? then call it `{wanted}` again")),
        None => Problem::at(&sheet.source, 0..0, format!("column `{wanted}` is missing"))
            .help("put it back as the review wrote it: the first line names all columns"),
    }
}

fn twice(sheet: &Sheet, at: usize, name: &str) -> Problem {
    let span = sheet.head.get(at).map_or(0..0, |head| head.span.clone());
    let what = format!("column `{name}` is there twice");
    Problem::at(&sheet.source, span, what).help("which one is meant nobody can tell: take one away")
}

/// A column that is not the review's, with something in it.
fn unread_column(sheet: &Sheet, at: usize) -> Option<Problem> {
    let filled = sheet.rows.iter().filter_map(|row| row.cells.get(at)).find(|cell| !cell.value.is_empty())?;
    let head = sheet.head.get(at)?;
    let (span, what) = match head.value.as_str() {
        "" => (filled.span.clone(), "this cell is in a column without a name".to_owned()),
        name => (head.span.clone(), format!("column `{name}` is none of the review's, and nobody would read it")),
    };
    Some(Problem::at(&sheet.source, span, what).help("what is to be kept belongs into `comment`; take the column away"))
}
