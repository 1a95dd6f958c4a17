//! Who alone may bring anything into the branches of a repository, by a push or by merging a pull request.
//!
//! What counts is every branch: a pipeline can run on any of them, as the file that describes it is part of the branch.
//! A restriction on `main` keeps nobody from pushing another branch with another pipeline, which reads the same
//! variables.

use std::collections::BTreeSet;

use super::endpoints::BRANCH_RESTRICTIONS;
use super::{BY_LINKS, Visit, wire};
use crate::model::{Body, Container, ContainerForm, Fact, Resource, ResourceId};
use crate::sources::pages::Values;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, id, sorted};

/// The kinds of restriction on what comes into a branch. Each holds for itself: who may not push may still merge a pull
/// request, which runs the pipeline of its target.
const WAYS_IN: [&str; 2] = ["push", "restrict_merges"];

impl Visit<'_> {
    pub(super) async fn branch_restrictions(&self, repositories: &Part) -> Part {
        let mut reading = self.gatherer.start(&BRANCH_RESTRICTIONS);
        reading.lean_on(&repositories.entry);
        let calls = self.for_each_repository(&BRANCH_RESTRICTIONS, repositories);
        let answers = reading.walk_each::<Values<wire::BranchRestriction>, _, _>(self.client(), calls, BY_LINKS).await;
        for answer in answers.into_iter().filter(|answer| answer.whole) {
            let only_pushers = self.only_pushers(answer.rows);
            if only_pushers.is_unknown() {
                reading.fall_short("a branch restriction does not tell whom it lets push or merge where".to_owned());
            }
            let body = Container { only_pushers, ..Container::unknown(ContainerForm::Repository) };
            reading.push(Some(Resource { body: Body::Container(body), ..answer.of.clone() }));
        }
        reading.finish()
    }

    /// Where restrictions cover every way into every branch, those that any of them lets in: a narrower one may let
    /// others into its branches. One that cannot be read may be any of them.
    fn only_pushers(&self, restrictions: Vec<wire::BranchRestriction>) -> Fact<Vec<ResourceId>> {
        let mut closed = BTreeSet::new();
        let mut pushers = Vec::new();
        for restriction in restrictions {
            let Fact::Known(kind) = &restriction.kind else { return Fact::Unknown };
            let Some(way) = WAYS_IN.into_iter().find(|way| way == kind) else { continue };
            let Some((covers_all, allowed)) = covers_every_branch(&restriction).zip(self.allowed(restriction)) else {
                return Fact::Unknown;
            };
            if covers_all {
                closed.insert(way);
            }
            pushers.extend(allowed);
        }
        if closed.len() == WAYS_IN.len() { Fact::Known(sorted(pushers)) } else { Fact::Absent }
    }

    /// The accounts and groups that a restriction lets in.
    fn allowed(&self, restriction: wire::BranchRestriction) -> Option<Vec<ResourceId>> {
        let (Fact::Known(users), Fact::Known(groups)) =
            (hidden_if_null(restriction.users), hidden_if_null(restriction.groups))
        else {
            return None;
        };
        let users = users.iter().map(|user| self.account_id(user));
        let groups = groups.into_iter().map(|group| Some(self.group_id(&id(group.slug)?)));
        users.chain(groups).collect()
    }
}

/// Whether a restriction is on every branch, if it tells. One on the branches of a branching model is on some.
fn covers_every_branch(restriction: &wire::BranchRestriction) -> Option<bool> {
    match (restriction.branch_match_kind.known().map(String::as_str), &restriction.pattern) {
        (Some("branching_model"), _) => Some(false),
        (Some("glob"), Fact::Known(pattern)) => Some(pattern == "*" || pattern == "**"),
        _ => None,
    }
}
