//! How far a review got: what was decided, what became of the revocations, what is late; and a statement for the auditor that
//! never claims more than was seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Review, ReviewDecision, ReviewRow};
use crate::text::{plural, thousands};

/// What became of a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationState {
    /// The access is gone.
    Done,
    /// It is still there: the gravest permission with its shortest chain.
    NotDone(String),
    /// It cannot be told, and why.
    Untold(String),
    /// No scan has begun since.
    Waiting,
    /// A later review decided on the same access.
    Replaced(String),
}

impl RevocationState {
    /// The word used in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone(_) => "not-done",
            Self::Untold(_) => "cannot-be-told",
            Self::Waiting => "waits-for-a-scan",
            Self::Replaced(_) => "replaced",
        }
    }

    /// What is to be said of it beside the word.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Done | Self::Waiting => String::new(),
            Self::NotDone(still) => format!("still {still}"),
            Self::Untold(why) => why.clone(),
            Self::Replaced(review) => format!("review {review} decided on it later"),
        }
    }
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation<'s> {
    /// The row.
    pub row: &'s ReviewRow,
    /// The decision.
    pub decision: &'s ReviewDecision,
    /// What became of it.
    pub state: RevocationState,
}

/// One access of a review, with the decision that was in force at a moment, and what had become of it by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedAccess {
    /// The review.
    pub review: Review,
    /// The access.
    pub row: ReviewRow,
    /// What was decided; `None` while it is open.
    pub decision: Option<ReviewDecision>,
    /// What became of the revocation, if it is one.
    pub revocation: Option<RevocationState>,
}

/// How far one reviewer got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewerCount {
    /// Rows they were asked about.
    pub rows: usize,
    /// Decided: to keep.
    pub keep: usize,
    /// To revoke.
    pub revoke: usize,
    /// To change.
    pub change: usize,
}

impl ReviewerCount {
    /// Rows that are decided.
    #[must_use]
    pub fn decided(&self) -> usize {
        self.keep + self.revoke + self.change
    }

    /// Rows that wait.
    #[must_use]
    pub fn open(&self) -> usize {
        self.rows - self.decided()
    }
}

/// How far a review got.
#[derive(Debug, Clone)]
pub struct ReviewStatus<'s> {
    /// The review.
    pub review: &'s Review,
    /// Each row with the decision that is in force, in the order of the files.
    pub rows: Vec<(&'s ReviewRow, Option<&'s ReviewDecision>)>,
    /// Who was asked, in order.
    pub reviewers: BTreeMap<&'s str, ReviewerCount>,
    /// All of them together.
    pub total: ReviewerCount,
    /// The revocations, in the order of the rows.
    pub revocations: Vec<Revocation<'s>>,
    /// Rows on which somebody decided on their own access.
    pub self_reviews: Vec<(&'s ReviewRow, &'s ReviewDecision)>,
    /// Decisions that took the place of another one.
    pub changed: usize,
    /// True if something is open though the last day is over.
    pub overdue: bool,
}

impl ReviewStatus<'_> {
    /// How many revocations are in a state.
    #[must_use]
    pub fn count(&self, state: &str) -> usize {
        self.revocations.iter().filter(|left| left.state.name() == state).count()
    }

    /// True if every row is decided, and every revocation is done or replaced.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let settled =
            |left: &Revocation<'_>| matches!(left.state, RevocationState::Done | RevocationState::Replaced(_));
        self.total.open() == 0 && self.revocations.iter().all(settled)
    }

    /// True if something could not be seen, be it when the review began or when a revocation was looked for.
    #[must_use]
    pub fn leaves_questions(&self) -> bool {
        !self.review.not_seen.is_empty() || self.count("cannot-be-told") > 0
    }

    /// What an auditor may be told, in sentences.
    #[must_use]
    pub fn statement(&self) -> Vec<String> {
        let Review { snapshot, digest, taken_at, scope, only, not_seen, left_out, accounts, .. } = self.review;
        let seen = plural(self.total.rows, "access", "accesses");
        let of = plural(*accounts, "account", "accounts");
        let mut said = vec![format!(
            "The review is about {}: {seen} of {of}, as the scan of {} UTC saw them (snapshot {snapshot}, SHA-256 {digest}).",
            scope.name(),
            taken_at.format("%Y-%m-%d %H:%M")
        )];
        if !only.is_empty() {
            said.push(format!("It is limited to what {} answer for.", only.join(", ")));
        }
        said.push(match self.total.open() {
            _ if self.total.rows == 0 => "No access in this scope was seen: there was nothing to decide.".to_owned(),
            0 => "Every one of these is decided.".to_owned(),
            open => format!("Decided: {}; not decided: {}.", thousands(self.total.decided()), thousands(open)),
        });
        if !self.revocations.is_empty() {
            said.push(self.of_revocations());
        }
        let notes: BTreeSet<&str> = self.self_reviews.iter().map(|(_, decision)| decision.reviewer.as_str()).collect();
        if !notes.is_empty() {
            let rows = plural(self.self_reviews.len(), "access is", "accesses are");
            said.push(format!(
                "{rows} decided by whose access it is: {}.",
                notes.into_iter().collect::<Vec<_>>().join(", ")
            ));
        }
        if !left_out.is_empty() {
            let parts: Vec<String> =
                left_out.iter().map(|one| format!("{} ({})", one.what, thousands(one.count))).collect();
            said.push(format!("Left out on purpose: {}.", parts.join("; ")));
        }
        said.push(match not_seen.len() {
            0 => "Nothing that the scan was to read stayed unseen.".to_owned(),
            count => format!(
                "It says nothing about what the scan could not see: {}, listed below and in the file beside the rows.",
                plural(count, "gap", "gaps")
            ),
        });
        said
    }

    fn of_revocations(&self) -> String {
        let ordered = plural(self.revocations.len(), "revocation was", "revocations were");
        let parts = [
            ("done", "done"),
            ("not-done", "not done"),
            ("cannot-be-told", "cannot be told"),
            ("waits-for-a-scan", "wait for a scan"),
            ("replaced", "replaced by a later review"),
        ];
        let counted = parts.iter().map(|(state, words)| (self.count(state), words));
        let told: Vec<String> =
            counted.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
        format!("{ordered} ordered: {}.", told.join(", "))
    }
}
