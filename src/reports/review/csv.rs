//! The files of a review: one row for each access to decide on, and one for each thing that nobody could see. The columns that
//! an import compares come first, as [`ReviewRow::fixed`] has them; those that the reviewer fills stand at the end.

use std::io;

use crate::model::{NotSeen, Review, ReviewDecision, ReviewRow};
use crate::reports::RenderError;
use crate::reports::csv::{Cell, Column, ColumnForm, column, describe, write_rows};

static COLUMNS: [Column; 24] = [
    column("review", ColumnForm::Id, "The review"),
    column("row", ColumnForm::Id, "The key of the row; its last three signs tell a slip"),
    column("asked", ColumnForm::Text, "Who is asked; unassigned if nobody answers for it"),
    column("account", ColumnForm::Text, "The account's name"),
    column("account_id", ColumnForm::Id, "The account"),
    column("sort", ColumnForm::Word, "machine, person, or person from outside"),
    column("place", ColumnForm::Text, "Where the access is"),
    column("place_id", ColumnForm::Id, "The place"),
    column("level", ColumnForm::Word, "reads, changes, deletes, decides, or administers (a whole product)"),
    column("permission", ColumnForm::Text, "The gravest permission there, as the product calls it; * stands for any"),
    column("sureness", ColumnForm::Word, "certain, or possible: it could not be ruled out"),
    column("active", ColumnForm::YesNo, "Whether anything lets the account in"),
    column("doubt", ColumnForm::Text, "Why it is not certain, or why there may be more; empty if neither"),
    column("chain", ColumnForm::Text, "The shortest chain to the gravest permission; empty if there is none"),
    column("other_chains", ColumnForm::Number, "How many other chains give it"),
    column("credentials", ColumnForm::List, "What acts for the account and is not known to have ended"),
    column("last_used", ColumnForm::Day, "When the account was last seen in use; none if it never was"),
    column("suggestion", ColumnForm::Word, "keep, look or revoke"),
    column("why", ColumnForm::List, "What the suggestion is for"),
    column("status", ColumnForm::Word, "open, or decided as the columns behind it tell"),
    column("decision", ColumnForm::Word, "For the reviewer: keep, revoke or change"),
    column("reviewer", ColumnForm::Text, "For the reviewer: who decides"),
    column("decided_on", ColumnForm::Day, "For the reviewer: the day, as 2026-11-26"),
    column("comment", ColumnForm::Text, "For the reviewer: why; with change, what is to change"),
];

/// Rows of reviews with the decisions that are in force, as the file that reviewers fill.
///
/// # Errors
/// When the place it is written to refuses.
pub fn review_csv<'a>(
    rows: impl Iterator<Item = (&'a Review, &'a ReviewRow, Option<&'a ReviewDecision>)>,
    out: &mut dyn io::Write,
) -> Result<(), RenderError> {
    write_rows(&COLUMNS, rows.map(|(review, row, decision)| cells(review, row, decision)), out)
}

fn cells<'a>(review: &'a Review, row: &'a ReviewRow, decision: Option<&'a ReviewDecision>) -> [Cell<'a>; 24] {
    [
        Cell::own(review.name.as_str()),
        Cell::own(row.key.as_str()),
        Cell::foreign(&row.asked),
        Cell::foreign(&row.account_name),
        Cell::foreign(row.account.as_str()),
        Cell::own(row.sort.as_str()),
        Cell::foreign(&row.place),
        Cell::foreign(row.container.as_str()),
        Cell::own(row.level.name()),
        Cell::foreign(&row.permission),
        Cell::own(row.sureness.name()),
        Cell::fact_yes_no(&row.active),
        Cell::foreign(&row.doubt),
        Cell::foreign(&row.chain),
        Cell::number(row.other_chains),
        Cell::list_or_blank(row.credentials.iter()),
        Cell::fact(&row.last_used, |at| Cell::own(at.date_naive().to_string())),
        Cell::own(row.suggestion.name()),
        Cell::list_or_blank(row.reasons.iter()),
        Cell::own(if decision.is_some() { "decided" } else { "open" }),
        Cell::optional(decision, |one| Cell::own(one.decision.name())),
        Cell::optional(decision, |one| Cell::foreign(&one.reviewer)),
        Cell::optional(decision, |one| Cell::own(one.decided_on.to_string())),
        Cell::optional(decision, |one| Cell::foreign(&one.comment)),
    ]
}

static NOT_SEEN: [Column; 5] = [
    column("review", ColumnForm::Id, "The review"),
    column("not_seen", ColumnForm::Text, "What nobody could see or tell"),
    column("because", ColumnForm::Text, "Why"),
    column("accounts", ColumnForm::Number, "How many accounts it leaves open; empty where nobody can say"),
    column("examples", ColumnForm::List, "Some of them"),
];

/// What a review cannot speak of.
///
/// # Errors
/// When the place it is written to refuses.
pub fn review_not_seen_csv(review: &Review, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let row = |one: &NotSeen| {
        [
            Cell::own(review.name.clone()),
            Cell::foreign_owned(&one.what),
            Cell::foreign_owned(&one.because),
            Cell::optional((one.accounts > 0).then_some(one.accounts), Cell::number),
            Cell::list_or_blank(one.examples.iter()),
        ]
    };
    write_rows(&NOT_SEEN, review.not_seen.iter().map(row), out)
}

/// What each column of the files of a review means.
///
/// # Errors
/// When the place it is written to refuses.
pub fn review_columns_csv(out: &mut dyn io::Write) -> Result<(), RenderError> {
    describe([("review", &COLUMNS[..]), ("not-seen", &NOT_SEEN[..])].into_iter(), out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_columns_that_an_import_reads() {
        let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        let (fixed, told) = names.split_at(11);
        assert_eq!(told, [&ReviewRow::TOLD[..], &ReviewRow::FILLED[..]].concat());
        assert_eq!(fixed.first(), Some(&"review"));
    }
}
