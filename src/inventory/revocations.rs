//! What reviews decided to take away, held against what a snapshot shows: gone, still there, or not to be told. There is one
//! comparison, for rules and for the status of a review.
//!
//! What everybody has was not the account's own, and nobody could take it from one of them. What depends on the single issue
//! comes with the issue. An account that could be used when it was reviewed and is closed now has lost all of it; should
//! somebody let it in again, what was not taken away is back, and counts as not done again.

use std::collections::BTreeMap;

use super::access::{Bound, Permission, Reach};
use super::{Inventory, may_be_used};
use crate::model::{DecidedAccess, Decision, Fact, Kind, Resource, ResourceId, ReviewRow};

/// The accesses that reviews decided to take away, by account.
#[derive(Debug, Default)]
pub struct Revocations(BTreeMap<ResourceId, Vec<DecidedAccess>>);

impl Revocations {
    /// Those among decisions that are in force, one for each account and place.
    #[must_use]
    pub fn of(decided: Vec<DecidedAccess>) -> Self {
        let mut by_account: BTreeMap<ResourceId, Vec<DecidedAccess>> = BTreeMap::new();
        for one in decided.into_iter().filter(|one| one.decision.decision == Decision::Revoke) {
            by_account.entry(one.row.account.clone()).or_default().push(one);
        }
        Self(by_account)
    }

    /// Those of one account.
    #[must_use]
    pub fn of_account(&self, account: &ResourceId) -> &[DecidedAccess] {
        self.0.get(account).map_or(&[], Vec::as_slice)
    }
}

/// What became of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The access is gone.
    Done,
    /// It is still there: the gravest permission of its own with the shortest chain to it.
    NotDone(String),
    /// It cannot be told, and why.
    Untold(String),
}

impl<'a> Inventory<'a> {
    /// The same snapshot, asked by somebody who knows what reviews decided.
    #[must_use]
    pub fn after_reviews(self, revocations: &'a Revocations) -> Self {
        Self { revocations: Some(revocations), ..self }
    }

    /// The revocations of an account with what became of each; `None` if nobody said what reviews decided.
    #[must_use]
    pub fn revocations_of(&self, account: &ResourceId) -> Option<Vec<(&'a DecidedAccess, &Progress)>> {
        let revocations = self.revocations?;
        let all = self.prepared.revocations.get_or_init(|| {
            let accounts = revocations.0.iter();
            accounts
                .map(|(id, decided)| (id.clone(), decided.iter().map(|one| self.progress(&one.row)).collect()))
                .collect()
        });
        let found = all.get(account).map_or(&[][..], Vec::as_slice);
        Some(revocations.of_account(account).iter().zip(found).collect())
    }

    /// Whether an access that a review asked about is still there.
    #[must_use]
    pub fn progress(&self, row: &ReviewRow) -> Progress {
        let Some(account) = self.get(&row.account) else {
            return self.unless_carried(&row.account, &row.account_name);
        };
        if row.active == Fact::Known(true) && may_be_used(account) == Fact::Known(false) {
            return Progress::Done;
        }
        let reach = self.access().of_account(account);
        match self.get(&row.container) {
            Some(container) => self.in_place(account, container, &reach),
            None => self.in_unseen_place(row, &reach),
        }
    }

    fn in_place(&self, account: &'a Resource, container: &'a Resource, reach: &Reach<'a>) -> Progress {
        let place = reach.on(container);
        let own = || {
            place
                .into_iter()
                .flat_map(|place| place.permissions.iter().filter(|one: &&Permission<'_>| !one.of_everybody))
        };
        if let Some(held) = own().filter(|one| one.bound == Bound::Held).max_by_key(|one| one.power) {
            let chain = self.access().shortest(account, held.key, container);
            let by = chain.map_or_else(String::new, |chain| format!(" by {}", chain.words));
            return Progress::NotDone(format!("{}{by}", held.key));
        }
        if let Some(possible) = own().find(|one| one.is_possible()) {
            let doubt = possible.doubt.and_then(|doubt| reach.doubts.get(usize::from(doubt)));
            return Progress::Untold(doubt.map_or_else(|| "it could not be ruled out".to_owned(), Clone::clone));
        }
        if reach.boundless { Progress::Untold(reach.doubts.join("; ")) } else { Progress::Done }
    }

    /// A place that is not in sight: it may be gone, or merely not be shown, while what is granted on it is.
    fn in_unseen_place(&self, row: &ReviewRow, reach: &Reach<'a>) -> Progress {
        let mut granted =
            reach.out_of_sight.iter().filter(|(id, one)| **id == row.container && !one.of_everybody).peekable();
        if granted.peek().is_some() {
            return match granted.find(|(_, one)| one.bound == Bound::Held) {
                Some((_, one)) => Progress::NotDone(format!("{} by a grant on {}", one.key, row.place)),
                None => Progress::Untold(format!("what is granted on {} was not told in full", row.place)),
            };
        }
        if reach.boundless {
            return Progress::Untold(reach.doubts.join("; "));
        }
        let gap = self.coverage().gaps_of(Kind::Grant).next();
        match gap.filter(|_| !row.place_seen) {
            Some(gap) => Progress::Untold(gap.gap_text()),
            None => self.unless_carried(&row.container, &row.place),
        }
    }

    /// What is not there is gone, unless it is only out of sight.
    fn unless_carried(&self, id: &ResourceId, name: &str) -> Progress {
        let carried = &self.snapshot.carried;
        match carried.binary_search_by(|resource| resource.id.cmp(id)).ok().and_then(|at| carried.get(at)) {
            Some(hidden) => {
                let why = self.coverage().why_unseen(&hidden.seen_by);
                let why = why.unwrap_or_else(|| "what shows it may be hiding it".to_owned());
                Progress::Untold(format!("{name} was not in sight: {why}"))
            }
            None => Progress::Done,
        }
    }
}
