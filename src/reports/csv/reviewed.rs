//! The access review: what was asked, what was decided, and what became of what was to be taken away.

use super::ColumnForm::{Day, Id, Number, Text, Time, Word, YesNo};
use super::cell::Cell;
use super::{Column, CsvTable, column, put_rows};
use crate::model::ReviewedAccess;
use crate::reports::RenderError;

pub(super) const ACCESS_REVIEW: CsvTable = CsvTable {
    name: "access_review",
    about: "Every access of the last review, and of earlier ones that are not complete, with the decision in force; no row \
            where no review was begun",
    columns: &COLUMNS,
    rows: |assessment, _, put| {
        let reviewed = assessment.reviewed.as_ref().ok_or(RenderError::NotRead("the access reviews"))?;
        put_rows(&COLUMNS, reviewed.iter().map(row), put)
    },
    tells_findings: false,
};

static COLUMNS: [Column; 24] = [
    column("review", Id, "The review"),
    column("row", Id, "The key of the row; with the review it names it"),
    column("snapshot_id", Id, "The scan that the review is made from"),
    column("due", Day, "The last day for decisions; empty if none was named"),
    column("asked", Text, "Who is asked; unassigned if nobody answers for it"),
    column("account_id", Id, "The account"),
    column("account", Text, "Its name"),
    column("sort", Word, "machine, person, or person from outside"),
    column("place_id", Id, "Where the access is"),
    column("place", Text, "Its name"),
    column("level", Word, "reads, changes, deletes, decides, or administers (a whole product)"),
    column("permission", Text, "The gravest permission there, as the product calls it; * stands for any"),
    column("sureness", Word, "certain, or possible: it could not be ruled out"),
    column("doubt", Text, "Why it is not certain, or why there may be more; empty if neither"),
    column("suggestion", Word, "keep, look or revoke"),
    column("decision", Word, "keep, revoke or change; open while nobody decided"),
    column("reviewer", Text, "Who decided"),
    column("decided_on", Day, "On which day, as they wrote it"),
    column("recorded_at", Time, "When it was read in"),
    column("self_review", YesNo, "Whether they decided on their own access"),
    column("comment", Text, "What they wrote beside it"),
    column(
        "revocation",
        Word,
        "What became of a revocation: done (the access is gone), not-done, cannot-be-told, waits-for-a-scan, or replaced by \
         a later review; empty if nothing was to be taken away",
    ),
    column("revocation_detail", Text, "What is still there, why it cannot be told, or by which review it was replaced"),
    column(
        "gaps",
        Number,
        "How many things the review cannot speak of, since nobody saw them; keyroll review status tells which",
    ),
];

fn row(one: &ReviewedAccess) -> [Cell<'_>; 24] {
    let ReviewedAccess { review, row, decision, revocation } = one;
    let decision = decision.as_ref();
    [
        Cell::own(review.name.as_str()),
        Cell::own(row.key.as_str()),
        Cell::own(review.snapshot.to_string()),
        Cell::optional(review.due, |day| Cell::own(day.to_string())),
        Cell::foreign(&row.asked),
        Cell::foreign(row.account.as_str()),
        Cell::foreign(&row.account_name),
        Cell::own(row.sort.as_str()),
        Cell::foreign(row.container.as_str()),
        Cell::foreign(&row.place),
        Cell::own(row.level.name()),
        Cell::foreign(&row.permission),
        Cell::own(row.sureness.name()),
        Cell::foreign(&row.doubt),
        Cell::own(row.suggestion.name()),
        Cell::own(decision.map_or("open", |one| one.decision.name())),
        Cell::optional(decision, |one| Cell::foreign(&one.reviewer)),
        Cell::optional(decision, |one| Cell::own(one.decided_on.to_string())),
        Cell::optional(decision, |one| Cell::time(one.recorded_at)),
        Cell::optional(decision, |one| Cell::yes_no(one.self_review)),
        Cell::optional(decision, |one| Cell::foreign(&one.comment)),
        Cell::optional(revocation.as_ref(), |state| Cell::own(state.name())),
        Cell::optional(revocation.as_ref(), |state| Cell::foreign_owned(&state.detail())),
        Cell::number(review.not_seen.len()),
    ]
}
