//! Works out how far a review got: which decision on each row is in force, and what the latest scan saw of each revocation.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::inventory::{Inventory, Progress};
use crate::model::{
    DecidedAccess, Decision, Review, ReviewDecision, ReviewRow, ReviewStatus, ReviewerCount, Revocation,
    RevocationState, SnapshotHead,
};

/// What a status is made from.
#[derive(Clone, Copy)]
pub struct Standing<'s> {
    /// The review.
    pub review: &'s Review,
    /// Its rows.
    pub rows: &'s [ReviewRow],
    /// Every decision so far, in the order in which they were read in.
    pub decisions: &'s [ReviewDecision],
    /// The decisions of all reviews that are in force.
    pub in_force: &'s [DecidedAccess],
    /// The latest scan, with what it saw; none if the store holds none.
    pub latest: Option<(&'s SnapshotHead, &'s Inventory<'s>)>,
    /// The present.
    pub now: DateTime<Utc>,
}

/// Works out how far a review got.
#[must_use]
pub fn status<'s>(standing: &Standing<'s>) -> ReviewStatus<'s> {
    let Standing { review, rows, decisions, now, .. } = *standing;
    let in_force: BTreeMap<&str, &ReviewDecision> = decisions.iter().map(|one| (one.row.as_str(), one)).collect();
    let mut status = ReviewStatus {
        review,
        rows: rows.iter().map(|row| (row, in_force.get(row.key.as_str()).copied())).collect(),
        reviewers: BTreeMap::new(),
        total: ReviewerCount::default(),
        revocations: Vec::new(),
        self_reviews: Vec::new(),
        changed: decisions.len() - in_force.len(),
        overdue: false,
    };
    let replaced = replaced(standing);
    for (row, decision) in &status.rows {
        for count in [status.reviewers.entry(row.asked.as_str()).or_default(), &mut status.total] {
            count.rows += 1;
            match decision.map(|one| one.decision) {
                Some(Decision::Keep) => count.keep += 1,
                Some(Decision::Revoke) => count.revoke += 1,
                Some(Decision::Change) => count.change += 1,
                None => {}
            }
        }
        let Some(decision) = decision else { continue };
        if decision.self_review {
            status.self_reviews.push((row, decision));
        }
        if decision.decision == Decision::Revoke {
            let state = state(standing, row, decision, &replaced);
            status.revocations.push(Revocation { row, decision, state });
        }
    }
    status.overdue = status.total.open() > 0 && review.due.is_some_and(|due| due < now.date_naive());
    status
}

/// By row, the review that decided later on the same access.
fn replaced<'s>(standing: &Standing<'s>) -> BTreeMap<(&'s str, &'s str), &'s str> {
    let others = standing.in_force.iter().filter(|one| one.review != standing.review.name);
    others.map(|one| ((one.row.account.as_str(), one.row.container.as_str()), one.review.as_str())).collect()
}

fn state(
    standing: &Standing<'_>,
    row: &ReviewRow,
    decision: &ReviewDecision,
    replaced: &BTreeMap<(&str, &str), &str>,
) -> RevocationState {
    if let Some(review) = replaced.get(&(row.account.as_str(), row.container.as_str())) {
        return RevocationState::Replaced((*review).to_owned());
    }
    match standing.latest {
        Some((head, inventory)) if decision.recorded_at <= head.started_at => match inventory.progress(row) {
            Progress::Done => RevocationState::Done,
            Progress::NotDone(still) => RevocationState::NotDone(still),
            Progress::Untold(why) => RevocationState::Untold(why),
        },
        _ => RevocationState::Waiting,
    }
}
