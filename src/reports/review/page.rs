//! How far a review got, for a terminal; and the list of all reviews.

use crate::model::{NotSeen, Review, ReviewStatus, RevocationState};
use crate::reports::layout::{Ink, Look, Page, words};
use crate::reports::table::{Cell, Head, Table};
use crate::text::{join_and, plural, thousands};

/// The most revocations and gaps that are told one by one; the files have all of them.
const MOST: usize = 30;

/// One review.
#[must_use]
pub fn review_page(status: &ReviewStatus<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    head(&mut page, status);
    page.heading("WHO IS ASKED", "");
    let mut text = page.into_text();
    text.push_str(&reviewers(status).render(look));
    let mut page = Page::new(look);
    revocations(&mut page, status);
    page.heading("FOR THE AUDITOR", "");
    for sentence in status.statement() {
        page.paragraph(2, &[words(Ink::Plain, &sentence)]);
    }
    not_seen(&mut page, &status.review.not_seen);
    text.push_str(&page.into_text());
    text
}

fn head(page: &mut Page, status: &ReviewStatus<'_>) {
    let Review { name, started_at, started_by, due, .. } = status.review;
    let of = plural(status.total.rows, "access", "accesses");
    let said = format!("{} of {of} decided.", thousands(status.total.decided()));
    page.paragraph(0, &[words(Ink::Strong, &format!("Review {name}:")), words(Ink::Plain, &said)]);
    let begun = format!("Begun by {started_by} on {}.", started_at.format("%Y-%m-%d"));
    let late = match (due, status.overdue) {
        (Some(due), true) => words(Ink::Bad, &format!("Overdue: decisions were due by {due}.")),
        (Some(due), false) => words(Ink::Plain, &format!("Decisions are due by {due}.")),
        (None, _) => words(Ink::Plain, ""),
    };
    page.paragraph(0, &[words(Ink::Dim, &begun), late]);
}

fn reviewers(status: &ReviewStatus<'_>) -> Table {
    let heads = [
        Head::flow("asked"),
        Head::number("rows"),
        Head::number("open"),
        Head::number("keep"),
        Head::number("revoke"),
        Head::number("change"),
    ];
    let mut table = Table::new(&heads, "Nobody: the scan saw no access in this scope.");
    for (asked, count) in &status.reviewers {
        let ink = if count.open() > 0 { Ink::Warn } else { Ink::Plain };
        let numbers = [count.rows, count.open(), count.keep, count.revoke, count.change].map(thousands);
        let mut cells = vec![Cell::new(asked)];
        cells.extend(numbers.iter().enumerate().map(|(at, number)| match at {
            1 => Cell::inked(ink, number),
            _ => Cell::new(number),
        }));
        table.row(cells);
    }
    table
}

fn revocations(page: &mut Page, status: &ReviewStatus<'_>) {
    if status.revocations.is_empty() {
        return;
    }
    page.heading("TO BE TAKEN AWAY", &format!("({})", thousands(status.revocations.len())));
    for one in status.revocations.iter().take(MOST) {
        let (ink, label) = match &one.state {
            RevocationState::Done => (Ink::Good, "done"),
            RevocationState::NotDone(_) => (Ink::Bad, "not done"),
            RevocationState::Untold(_) => (Ink::Warn, "cannot be told"),
            RevocationState::Waiting => (Ink::Dim, "waits for a scan"),
            RevocationState::Replaced(_) => (Ink::Dim, "replaced"),
        };
        let what = format!("{}, {}: {}", one.row.account_name, one.row.place, one.row.level.name());
        let who = format!("({} on {})", one.decision.reviewer, one.decision.decided_on);
        page.paragraph(2, &[words(ink, &format!("{label}:")), words(Ink::Plain, &what), words(Ink::Dim, &who)]);
        let detail = one.state.detail();
        if !detail.is_empty() {
            page.paragraph(6, &[words(Ink::Dim, &detail)]);
        }
    }
    more(page, status.revocations.len());
}

fn not_seen(page: &mut Page, gaps: &[NotSeen]) {
    if gaps.is_empty() {
        return;
    }
    page.heading("NOT SEEN WHEN IT BEGAN", &format!("({})", thousands(gaps.len())));
    for gap in gaps.iter().take(MOST) {
        page.paragraph(2, &[words(Ink::Warn, &format!("{}:", gap.what)), words(Ink::Plain, &gap.because)]);
        if gap.accounts > 0 {
            let mut names = gap.examples.clone();
            if gap.accounts > names.len() {
                names.push(plural(gap.accounts - names.len(), "other", "others"));
            }
            page.paragraph(6, &[words(Ink::Dim, &join_and(&names))]);
        }
    }
    more(page, gaps.len());
}

fn more(page: &mut Page, count: usize) {
    if count > MOST {
        page.paragraph(2, &[words(Ink::Dim, &format!("… and {} more (--format json)", thousands(count - MOST)))]);
    }
}

/// All reviews.
#[must_use]
pub fn reviews_table(reviews: &[ReviewStatus<'_>], look: Look) -> String {
    let heads = [
        Head::whole("review"),
        Head::whole("snapshot"),
        Head::whole("begun"),
        Head::flow("by").shown_from(80),
        Head::whole("due"),
        Head::number("rows"),
        Head::number("open"),
        Head::number("not done"),
        Head::number("not seen"),
    ];
    let mut table = Table::new(&heads, "There are no reviews: `keyroll review start NAME --by YOU` begins one.");
    for one in reviews {
        let review = one.review;
        table.row(vec![
            Cell::new(&review.name),
            Cell::new(&review.snapshot.to_string()),
            Cell::new(&review.started_at.format("%Y-%m-%d").to_string()),
            Cell::new(&review.started_by),
            Cell::inked(
                if one.overdue { Ink::Bad } else { Ink::Plain },
                &review.due.map_or_else(String::new, |due| due.to_string()),
            ),
            Cell::new(&thousands(one.total.rows)),
            Cell::inked(if one.total.open() > 0 { Ink::Warn } else { Ink::Plain }, &thousands(one.total.open())),
            Cell::new(&thousands(one.count("not-done"))),
            Cell::new(&thousands(review.not_seen.len())),
        ]);
    }
    table.render(look)
}
