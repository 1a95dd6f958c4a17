//! One line of a returned file: which row it is, whether it still asks the same, and what was decided.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use super::columns::Columns;
use super::day::day;
use super::fixed::differing;
use super::{Returned, Seen};
use crate::document::Located;
use crate::document::sheet::{Sheet, SheetRow};
use crate::model::{Decision, ReviewDecision, ReviewRow};
use crate::problem::{Problem, Problems};
use crate::review::key::is_key;
use crate::text::{did_you_mean, harmless, shorten, unmarked};

/// The first and the last place on earth where a day begins, in hours from UTC.
const EARLIEST_DAY: i64 = 14;
const LATEST_DAY: i64 = 12;
/// Columns of a text in a message.
const LONGEST: usize = 40;

/// Reads the lines of one file.
pub(super) struct Reader<'r> {
    pub(super) returned: &'r Returned<'r>,
    pub(super) rows: &'r BTreeMap<&'r str, &'r ReviewRow>,
    /// All files that are read together.
    pub(super) sheets: &'r [Sheet],
    /// The one that is read now.
    pub(super) sheet: &'r Sheet,
    /// Its place among them.
    pub(super) number: usize,
    pub(super) columns: &'r Columns,
}

impl<'r> Reader<'r> {
    /// The row that a line is about, and what was decided, if anything was.
    pub(super) fn read(
        &self,
        line: &SheetRow,
        seen: &mut Seen,
    ) -> Result<(&'r ReviewRow, Option<ReviewDecision>), Problems> {
        let row = self.row(line)?;
        let mut problems = Problems::default();
        let place = self.columns.cell(line, "row").span.clone();
        match seen.places.get(&row.key) {
            Some(first) => problems.push(
                self.problem(place, format!("row `{}` comes twice: {} has it too", row.key, self.line_of(*first)))
                    .help("one decision is on one row: take one of the lines away"),
            ),
            None => {
                seen.places.insert(row.key.clone(), (self.number, place.start));
            }
        }
        let cell = |name: &str| self.columns.cell(line, name).value.clone();
        for (name, asked, help) in differing(row, &self.returned.review.name, cell) {
            let found = self.columns.cell(line, name);
            let what = match (name, found.value.as_str()) {
                ("review", other) => {
                    format!("the line is of review `{}`, and `{asked}` is read in", shown(other))
                }
                (name, "") => format!("`{name}` is empty; the review asked about `{asked}`"),
                (name, other) => format!("`{name}` was changed: it says `{}`, the review `{asked}`", shown(other)),
            };
            problems.push(self.problem(found.span.clone(), what).help(help));
        }
        let decision = problems.take(self.decision(line, row)).flatten();
        problems.or((row, decision))
    }

    /// “q4-ada.csv:7”.
    fn line_of(&self, (sheet, byte): (usize, usize)) -> String {
        let source = self.sheets.get(sheet).map_or(&self.sheet.source, |sheet| &sheet.source);
        let (line, _) = Problem::at(source, byte..byte, "").line_and_column().unwrap_or_default();
        format!("{}:{line}", source.name)
    }

    fn problem(&self, span: std::ops::Range<usize>, what: String) -> Problem {
        Problem::at(&self.sheet.source, span, what)
    }

    fn row(&self, line: &SheetRow) -> Result<&'r ReviewRow, Problem> {
        let Located { value: key, span } = self.columns.cell(line, "row");
        if let Some(row) = self.rows.get(key.as_str()) {
            return Ok(row);
        }
        let review = &self.returned.review.name;
        let (what, help) = match key.as_str() {
            "" => ("the line has no row key".to_owned(), "put the key back from the file that the review wrote"),
            key if is_key(key) => (
                format!("row `{key}` is not of review `{review}`"),
                "see that the file is of this review, and that no line came in from another",
            ),
            key => (
                format!("`{}` is no row key as the review wrote it", shown(key)),
                "copy the key from the file that the review wrote: its last three signs tell a slip",
            ),
        };
        Err(self.problem(span.clone(), what).help(help))
    }

    /// What a line decides; nothing if all that the reviewer fills is empty.
    fn decision(&self, line: &SheetRow, row: &ReviewRow) -> Result<Option<ReviewDecision>, Problems> {
        let [decision, reviewer, decided_on, comment] = ReviewRow::FILLED.map(|name| self.columns.cell(line, name));
        if [decision, reviewer, decided_on, comment].iter().all(|cell| cell.value.is_empty()) {
            return Ok(None);
        }
        let mut problems = Problems::default();
        let word = problems.take(self.word(decision).map_err(Problems::from));
        let who = problems.take(self.reviewer(reviewer, row).map_err(Problems::from));
        let day = problems.take(self.day(decided_on).map_err(Problems::from));
        if word == Some(Decision::Change) && comment.value.is_empty() {
            let what = "`change` without a comment does not say what is to change".to_owned();
            problems.push(self.problem(comment.span.clone(), what).help("write it into `comment`"));
        }
        let (Some(decision), Some((reviewer, self_review)), Some(decided_on)) = (word, who, day) else {
            return Err(problems);
        };
        problems.or(Some(ReviewDecision {
            row: row.key.clone(),
            decision,
            reviewer,
            decided_on,
            comment: unmarked(&comment.value).to_owned(),
            self_review,
            recorded_at: self.returned.now,
            file: self.sheet.source.name.to_string(),
        }))
    }

    fn word(&self, cell: &Located<String>) -> Result<Decision, Problem> {
        let written = cell.value.to_ascii_lowercase();
        if let Some(decision) = Decision::ALL.into_iter().find(|decision| decision.name() == written) {
            return Ok(decision);
        }
        if written.is_empty() {
            let what = "the line is filled, and says no decision".to_owned();
            let help = "write keep, revoke or change into `decision`, or empty the other columns of the reviewer";
            return Err(self.problem(cell.span.clone(), what).help(help));
        }
        let problem = self.problem(cell.span.clone(), format!("`{}` is no decision", shown(&cell.value)));
        Err(match did_you_mean(&written, Decision::ALL.map(Decision::name)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("it is keep, revoke or change, in these words whatever the language of the reviewer"),
        })
    }

    /// Who decided, and whether on their own access.
    fn reviewer(&self, cell: &Located<String>, row: &ReviewRow) -> Result<(String, bool), Problem> {
        let reviewer = unmarked(&cell.value).trim();
        if reviewer.is_empty() {
            let what = "a decision without a reviewer is nobody's".to_owned();
            return Err(self.problem(cell.span.clone(), what).help("write who decided into `reviewer`"));
        }
        let own = is_of(row, reviewer);
        if own && self.returned.review.refuses_self_review {
            let what = format!("{} decides on their own access", shown(reviewer));
            let help = "this review was begun with `--refuse-self-review`: have somebody else decide";
            return Err(self.problem(cell.span.clone(), what).help(help));
        }
        Ok((reviewer.to_owned(), own))
    }

    /// The day: not before the review began, and not one that has begun nowhere yet.
    fn day(&self, cell: &Located<String>) -> Result<NaiveDate, Problem> {
        let problem = |what: String| self.problem(cell.span.clone(), what);
        if cell.value.is_empty() {
            return Err(problem("a decision without a day".to_owned()).help("write it into `decided_on`: `2026-11-26`"));
        }
        let day = day(&cell.value).map_err(|(what, help)| problem(what).help(help))?;
        let Returned { review, now, .. } = self.returned;
        if day > (*now + TimeDelta::hours(EARLIEST_DAY)).date_naive() {
            return Err(problem(format!("{day} is still to come")).help("write the day on which it was decided"));
        }
        let began = (review.started_at - TimeDelta::hours(LATEST_DAY)).date_naive();
        if day < began {
            let what = format!("{day} is before the review began, on {}", review.started_at.date_naive());
            return Err(problem(what).help("what was decided earlier was decided on something else: decide again"));
        }
        Ok(day)
    }

    /// A decision, unless a later one is recorded: then the file is an old one.
    pub(super) fn outdated(
        &self,
        line: &SheetRow,
        before: Option<&ReviewDecision>,
        decision: Option<ReviewDecision>,
    ) -> Result<Option<ReviewDecision>, Problem> {
        let (Some(before), Some(new)) = (before, &decision) else { return Ok(decision) };
        if before.says_the_same(new) || before.decided_on <= new.decided_on {
            return Ok(decision);
        }
        let span = self.columns.cell(line, "decided_on").span.clone();
        let what = format!(
            "{} decided `{}` on {}, which is later",
            shown(&before.reviewer),
            before.decision.name(),
            before.decided_on
        );
        Err(self.problem(span, what).help("is this an older file? to decide anew, write the day of the new decision"))
    }
}

/// True if a reviewer, as they write themselves, is the account of a row: “Ada Muster”, or “Ada Muster <ada@acme.example>”.
fn is_of(row: &ReviewRow, reviewer: &str) -> bool {
    let whole = reviewer.to_lowercase();
    let parts = whole.split(['<', '>', '(', ')']).map(str::trim).filter(|part| !part.is_empty());
    std::iter::once(whole.trim()).chain(parts).any(|name| row.known_as.iter().any(|own| own == name))
}

fn shown(text: &str) -> String {
    shorten(&harmless(text), LONGEST)
}
