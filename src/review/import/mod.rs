//! What reviewers send back, held against what they were asked: every file whole, every mistake told, and nothing taken where
//! there is one.

mod columns;
mod day;
mod fixed;
mod row;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::document::sheet::Sheet;
use crate::model::{Review, ReviewDecision, ReviewRow};
use crate::problem::{Problem, Problems};
use crate::text::{join_and, plural};
use columns::Columns;
use row::Reader;

/// The most missing rows that are told by their keys.
const MOST_KEYS: usize = 5;

/// What a review knows of itself when files come back.
#[derive(Debug, Clone, Copy)]
pub struct Returned<'k> {
    /// The review.
    pub review: &'k Review,
    /// All of its rows.
    pub rows: &'k [ReviewRow],
    /// Every decision so far, in the order in which they were read in.
    pub decisions: &'k [ReviewDecision],
    /// True if files may be without some of the rows that their reviewer was asked about.
    pub partial: bool,
    /// When they are read in.
    pub now: DateTime<Utc>,
}

/// What the files come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// The decisions to be recorded: first ones, and those that are not as they were.
    pub decisions: Vec<ReviewDecision>,
    /// How many of them take the place of another one.
    pub changed: usize,
    /// Decisions that are as they were recorded before.
    pub unchanged: usize,
    /// Rows without a decision, in the files and so far.
    pub open: usize,
    /// Rows without a decision in the files that were decided before: they stay so.
    pub stay: usize,
}

/// Reads files that came back.
///
/// # Errors
/// Everything that is wrong with any of them.
pub fn import(returned: &Returned<'_>, sheets: &[Sheet]) -> Result<Imported, Problems> {
    let rows: BTreeMap<&str, &ReviewRow> = returned.rows.iter().map(|row| (row.key.as_str(), row)).collect();
    let in_force: BTreeMap<&str, &ReviewDecision> =
        returned.decisions.iter().map(|decision| (decision.row.as_str(), decision)).collect();
    let mut problems = Problems::default();
    let (mut imported, mut seen) = (Imported::default(), Seen::default());
    for (number, sheet) in sheets.iter().enumerate() {
        let Some(columns) = problems.take(Columns::of(sheet)) else {
            // Which rows are in a file without its columns nobody can tell: that some are missing is no second mistake.
            seen.unreadable = true;
            continue;
        };
        if let Some(other) = columns.of_another_review(sheet, &returned.review.name) {
            problems.push(other);
            seen.unreadable = true;
            continue;
        }
        if sheet.rows.is_empty() {
            let help = "save it once more with the rows in it, or leave it out";
            problems.push(Problem::at(&sheet.source, 0..0, "the file names its columns and has no rows").help(help));
        }
        let reader = Reader { returned, rows: &rows, sheets, sheet, number, columns: &columns };
        for line in &sheet.rows {
            let Some((row, decision)) = problems.take(reader.read(line, &mut seen)) else { continue };
            let before = in_force.get(row.key.as_str()).copied();
            problems.extend(imported.take(reader.outdated(line, before, decision), before));
        }
    }
    if !returned.partial && !seen.unreadable {
        problems.extend(missing(returned, sheets, &seen));
    }
    problems.or(imported)
}

/// The rows that were met, each with the file and the byte at which that was.
#[derive(Debug, Default)]
struct Seen {
    places: BTreeMap<String, (usize, usize)>,
    unreadable: bool,
}

impl Imported {
    /// Takes what one line says, or the mistake that it is.
    fn take(&mut self, decision: Result<Option<ReviewDecision>, Problem>, before: Option<&ReviewDecision>) -> Problems {
        match (decision, before) {
            (Err(problem), _) => return problem.into(),
            (Ok(None), None) => self.open += 1,
            (Ok(None), Some(_)) => self.stay += 1,
            (Ok(Some(decision)), Some(before)) if decision.says_the_same(before) => self.unchanged += 1,
            (Ok(Some(decision)), before) => {
                self.changed += usize::from(before.is_some());
                self.decisions.push(decision);
            }
        }
        Problems::default()
    }
}

/// Rows that a reviewer was asked about and that are in none of the files, where others of theirs are.
fn missing(returned: &Returned<'_>, sheets: &[Sheet], seen: &Seen) -> Problems {
    let mut problems = Problems::default();
    let asked = returned.rows.iter().filter(|row| seen.places.contains_key(&row.key)).map(|row| row.asked.as_str());
    for reviewer in asked.collect::<BTreeSet<&str>>() {
        let of_reviewer = || returned.rows.iter().filter(|row| row.asked == reviewer);
        let absent: Vec<&ReviewRow> = of_reviewer().filter(|row| !seen.places.contains_key(&row.key)).collect();
        let sheet = of_reviewer().filter_map(|row| seen.places.get(&row.key)).map(|(sheet, _)| *sheet).min();
        let (Some(sheet), false) = (sheet.and_then(|at| sheets.get(at)), absent.is_empty()) else { continue };
        let mut keys: Vec<String> = absent.iter().take(MOST_KEYS).map(|row| format!("`{}`", row.key)).collect();
        if absent.len() > MOST_KEYS {
            keys.push(plural(absent.len() - MOST_KEYS, "other", "others"));
        }
        let rows = plural(absent.len(), "row", "rows");
        let are = if absent.len() == 1 { "is" } else { "are" };
        let what = format!("{rows} of {reviewer} {are} missing: {}", join_and(&keys));
        let help = "hand in the whole file, or say with `--partial` that the rest comes later";
        problems.push(Problem::at(&sheet.source, 0..0, what).help(help));
    }
    problems
}
