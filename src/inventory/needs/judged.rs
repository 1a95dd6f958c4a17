//! The comparison of each integration in words, worked out once for all that ask.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use super::words::label;
use super::{Comparison, Excess, Inventory, Lack, compare, remedy};
use crate::model::{Body, Container, Fact, Integration, Kind, Resource, ResourceId};

/// The comparisons, by integration.
pub type AllJudged = HashMap<ResourceId, OnceLock<Arc<Judged>>>;

/// One integration held against its needs: lists that are known once something is in them, and known to be empty only if
/// everything that could add to them was in sight.
#[derive(Debug, Default)]
pub struct Judged {
    /// Needs that are not met, as “PAY: LINK_ISSUES”.
    pub missing: Fact<Vec<String>>,
    /// What it has and does not need where it works, in the same form.
    pub beyond: Fact<Vec<String>>,
    /// Places that it reaches and is not declared for.
    pub outside: Fact<Vec<String>>,
    /// Whole products that it administers and does not need to, as “ADMINISTER on Jira”.
    pub administers: Fact<Vec<String>>,
    /// What to take away, one step each; known where something is known to be too much.
    pub remedy: Fact<Vec<String>>,
    /// How to grant what is missing, one step each.
    pub grants: Fact<Vec<String>>,
    /// How many others would lose something by the remedy.
    pub others: Fact<i64>,
}

impl<'a> Inventory<'a> {
    /// What an integration may do held against what it needs, in words.
    #[must_use]
    pub fn judged(&self, integration: &'a Resource) -> Arc<Judged> {
        let all = self.prepared().judged.get_or_init(|| {
            self.of_kind(Kind::Integration).map(|integration| (integration.id.clone(), OnceLock::new())).collect()
        });
        // How one was before has the id of what is there now.
        let seen = self.snapshot().get(&integration.id).is_some_and(|seen| std::ptr::eq(seen, integration));
        match all.get(&integration.id).filter(|_| seen) {
            Some(judged) => Arc::clone(judged.get_or_init(|| Arc::new(judge(self, integration)))),
            None => Arc::new(judge(self, integration)),
        }
    }
}

fn judge<'a>(inventory: &Inventory<'a>, integration: &'a Resource) -> Judged {
    let comparison = compare(inventory, integration);
    let Comparison { places_told, needs_told, .. } = comparison;
    // Where one of the two is not limited, there is nothing to hold against the other.
    let is_limited = match &integration.body {
        Body::Integration(
            Integration { containers: Fact::Absent, .. } | Integration { permissions: Fact::Absent, .. },
        ) => true,
        _ => places_told && needs_told,
    };
    let told = |found: BTreeSet<String>, is_asked: bool, is_open: bool| match (found.is_empty(), is_asked && !is_open) {
        (true, false) => Fact::Unknown,
        _ => Fact::Known(found.into_iter().collect::<Vec<_>>()),
    };
    let each = |excess: &[Excess<'a>], words: fn(&Resource, &str) -> String| {
        let one =
            |one: &Excess<'a>| -> Vec<String> { one.permissions.iter().map(|key| words(one.container, key)).collect() };
        excess.iter().flat_map(one).collect::<BTreeSet<String>>()
    };
    let beyond = each(&comparison.beyond, |container, key| format!("{}: {key}", label(container)));
    let mut administers = each(&comparison.administers, |container, key| format!("{key} on {}", container.title()));
    administers.extend(comparison.administers_unseen.iter().map(|(_, id, key)| format!("{key} on {}", id.native())));
    let remedy = remedy(inventory, &comparison);
    let missing = comparison.missing.iter().map(in_words).collect();
    let excess_told = places_told
        && needs_told
        && !(comparison.beyond_open || comparison.outside_open || comparison.administers_open);
    let none_known = remedy.steps.is_empty() && !excess_told;
    Judged {
        missing: told(missing, is_limited, comparison.missing_open),
        beyond: told(beyond, is_limited, comparison.beyond_open),
        outside: told(outermost(inventory, &comparison), places_told, comparison.outside_open),
        administers: told(administers, needs_told, comparison.administers_open),
        remedy: if none_known { Fact::Unknown } else { Fact::Known(remedy.steps) },
        grants: if remedy.grants.is_empty() && (comparison.missing_open || !is_limited) {
            Fact::Unknown
        } else {
            Fact::Known(remedy.grants)
        },
        others: match (none_known, remedy.others) {
            (false, Some(others)) => Fact::Known(i64::try_from(others).unwrap_or(i64::MAX)),
            _ => Fact::Unknown,
        },
    }
}

fn in_words(lack: &Lack<'_>) -> String {
    match lack.permission {
        Some(permission) => format!("{}: {permission}", lack.label),
        None => format!("{}: any, since it has no account there", lack.label),
    }
}

/// Of what lies in each other the outermost: a project of repositories stands for all in it.
fn outermost(inventory: &Inventory<'_>, comparison: &Comparison<'_>) -> BTreeSet<String> {
    let outside: BTreeSet<&ResourceId> = comparison.outside.iter().map(|excess| &excess.container.id).collect();
    let lies_in_one = |resource: &Resource| {
        let mut at = resource;
        for _ in 0..4 {
            let Body::Container(Container { parent: Fact::Known(parent), .. }) = &at.body else { return false };
            if outside.contains(parent) {
                return true;
            }
            let Some(outer) = inventory.get(parent) else { return false };
            at = outer;
        }
        false
    };
    let outermost = comparison.outside.iter().filter(|excess| !lies_in_one(excess.container));
    outermost.map(|excess| label(excess.container)).collect()
}
