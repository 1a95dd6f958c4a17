//! How far a review got, for machines: a versioned document with a shape of its own. Within a version, fields are only added.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::model::{NotSeen, ReviewStatus, ReviewerCount};
use crate::reports::RenderError;
use crate::reports::json::write_document;

/// One review as JSON.
///
/// # Errors
/// When the place it is written to refuses.
pub fn review_json(status: &ReviewStatus<'_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
    write_document(&V1Review::of(status), out)
}

/// All reviews as JSON.
///
/// # Errors
/// When the place it is written to refuses.
pub fn reviews_json(all: &[ReviewStatus<'_>], out: &mut dyn io::Write) -> Result<(), RenderError> {
    write_document(&V1Reviews { keyroll_reviews: 1, reviews: all.iter().map(V1Review::of).collect() }, out)
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[derive(Serialize)]
struct V1Reviews {
    keyroll_reviews: u32,
    reviews: Vec<V1Review>,
}

#[derive(Serialize)]
struct V1Review {
    keyroll_review: u32,
    name: String,
    snapshot: String,
    snapshot_digest: String,
    scanned_at: String,
    started_at: String,
    started_by: String,
    due: Option<String>,
    overdue: bool,
    complete: bool,
    scope: &'static str,
    limited_to: Vec<String>,
    accounts: usize,
    total: V1Count,
    reviewers: Vec<V1Reviewer>,
    revocations: Vec<V1Revocation>,
    self_reviews: Vec<V1SelfReview>,
    decisions_changed: usize,
    left_out: Vec<V1LeftOut>,
    not_seen: Vec<V1NotSeen>,
    statement: Vec<String>,
}

#[derive(Serialize)]
struct V1Count {
    rows: usize,
    open: usize,
    keep: usize,
    revoke: usize,
    change: usize,
}

#[derive(Serialize)]
struct V1Reviewer {
    asked: String,
    #[serde(flatten)]
    count: V1Count,
}

#[derive(Serialize)]
struct V1Revocation {
    row: String,
    account_id: String,
    account: String,
    place_id: String,
    place: String,
    level: &'static str,
    reviewer: String,
    decided_on: String,
    state: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct V1SelfReview {
    row: String,
    account_id: String,
    reviewer: String,
}

#[derive(Serialize)]
struct V1LeftOut {
    what: String,
    count: usize,
}

#[derive(Serialize)]
struct V1NotSeen {
    what: String,
    because: String,
    /// Null where nobody can say.
    accounts: Option<usize>,
    examples: Vec<String>,
}

impl V1Count {
    fn of(count: &ReviewerCount) -> Self {
        let ReviewerCount { rows, keep, revoke, change } = *count;
        Self { rows, open: count.open(), keep, revoke, change }
    }
}

impl V1NotSeen {
    fn of(gap: &NotSeen) -> Self {
        let NotSeen { what, because, accounts, examples } = gap.clone();
        Self { what, because, accounts: (accounts > 0).then_some(accounts), examples }
    }
}

impl V1Review {
    fn of(status: &ReviewStatus<'_>) -> Self {
        let review = status.review;
        let reviewers = status.reviewers.iter();
        Self {
            keyroll_review: 1,
            name: review.name.clone(),
            snapshot: review.snapshot.to_string(),
            snapshot_digest: review.digest.to_string(),
            scanned_at: time(review.taken_at),
            started_at: time(review.started_at),
            started_by: review.started_by.clone(),
            due: review.due.map(|due| due.to_string()),
            overdue: status.overdue,
            complete: status.is_complete(),
            scope: review.scope.name(),
            limited_to: review.only.clone(),
            accounts: review.accounts,
            total: V1Count::of(&status.total),
            reviewers: reviewers
                .map(|(asked, count)| V1Reviewer { asked: (*asked).to_owned(), count: V1Count::of(count) })
                .collect(),
            revocations: revocations(status),
            self_reviews: self_reviews(status),
            decisions_changed: status.changed,
            left_out: review
                .left_out
                .iter()
                .map(|one| V1LeftOut { what: one.what.clone(), count: one.count })
                .collect(),
            not_seen: review.not_seen.iter().map(V1NotSeen::of).collect(),
            statement: status.statement(),
        }
    }
}

fn revocations(status: &ReviewStatus<'_>) -> Vec<V1Revocation> {
    let told = status.revocations.iter().map(|one| V1Revocation {
        row: one.row.key.clone(),
        account_id: one.row.account.to_string(),
        account: one.row.account_name.clone(),
        place_id: one.row.container.to_string(),
        place: one.row.place.clone(),
        level: one.row.level.name(),
        reviewer: one.decision.reviewer.clone(),
        decided_on: one.decision.decided_on.to_string(),
        state: one.state.name(),
        detail: one.state.detail(),
    });
    told.collect()
}

fn self_reviews(status: &ReviewStatus<'_>) -> Vec<V1SelfReview> {
    let told = status.self_reviews.iter().map(|(row, decision)| V1SelfReview {
        row: row.key.clone(),
        account_id: row.account.to_string(),
        reviewer: decision.reviewer.clone(),
    });
    told.collect()
}
