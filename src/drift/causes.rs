//! What changes have in common. A group that a thousand accounts joined is one thing that happened, and so is a project that
//! came with its grants; told one by one, they bury everything else.
//!
//! A change is put under a cause only by what is in the two snapshots. It stays a change of its own: nothing is left out.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::model::{CauseKind, Change, ChangeCause, FieldChange, Kind, Resource, ResourceId, Snapshot, What};
use crate::text;

/// So many changes that are alike, or in one place, or of one holder, are told as one.
const SEVERAL: usize = 3;

/// Columns of the fields that alike changes are named by.
const NAME: usize = 120;

/// Writes down the cause of each change that has one.
pub(super) fn attribute(changes: &mut [Change], after: &Snapshot) {
    let night = Night::of(changes, after);
    let mut causes: Vec<Option<ChangeCause>> = changes.iter().map(|_| None).collect();
    for find in [Night::gaps, Night::company, Night::memberships, Night::grants, Night::alike] {
        for (at, cause) in find(&night, &causes) {
            if let Some(slot) = causes.get_mut(at) {
                *slot = Some(cause);
            }
        }
    }
    for (change, cause) in changes.iter_mut().zip(causes) {
        change.cause = cause;
    }
}

/// The changes of one comparison.
struct Night<'a> {
    changes: &'a [Change],
    /// The resource of each change, as it was if it is gone.
    resources: Vec<Option<&'a Resource>>,
    /// Where the change of a resource stands.
    at: HashMap<&'a ResourceId, usize>,
    after: &'a Snapshot,
}

/// The causes that were found, each with the position of its change.
type Found = Vec<(usize, ChangeCause)>;
type Causes = [Option<ChangeCause>];

impl<'a> Night<'a> {
    fn of(changes: &'a [Change], after: &'a Snapshot) -> Self {
        let resource = |change: &'a Change| match change.what {
            What::Removed => change.before.as_deref(),
            _ => after.get(&change.resource),
        };
        Self {
            changes,
            resources: changes.iter().map(resource).collect(),
            at: changes.iter().enumerate().map(|(at, change)| (&change.resource, at)).collect(),
            after,
        }
    }

    /// The changes that have no cause so far.
    fn left<'n>(&'n self, causes: &'n Causes) -> impl Iterator<Item = (usize, &'a Change)> + 'n {
        self.changes.iter().enumerate().filter(|(at, _)| causes.get(*at).is_some_and(Option::is_none))
    }

    fn resource(&self, at: usize) -> Option<&'a Resource> {
        self.resources.get(at).copied().flatten()
    }

    fn cause(&self, kind: CauseKind, resource: &ResourceId) -> ChangeCause {
        let changed = self.at.get(resource).and_then(|at| self.changes.get(*at)).map(|change| change.name.clone());
        let known = || self.after.known(resource).map(|resource| resource.name.clone());
        let name = changed.filter(|name| !name.is_empty()).or_else(known).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| resource.native().to_owned());
        ChangeCause { kind, resource: Some(resource.clone()), name }
    }

    /// What came into sight, or went out of it, for one and the same reason.
    fn gaps(&self, causes: &Causes) -> Found {
        let by_reason = |change: &'a Change| match (change.what, &change.reason) {
            (What::FirstSeen | What::NotObserved, Some(reason)) => Some((change.what, reason)),
            _ => None,
        };
        let several = clusters(self.left(causes), 2, by_reason);
        let cause = |reason: &String| ChangeCause { kind: CauseKind::Gap, resource: None, name: reason.clone() };
        several.into_iter().map(|(at, (_, reason))| (at, cause(reason))).collect()
    }

    /// What came or went with its place or its holder, and tokens that were switched with their account.
    fn company(&self, causes: &Causes) -> Found {
        let found = self.left(causes).filter_map(|(at, _)| {
            let root = self.root(at)?;
            let change = self.changes.get(root)?;
            Some((at, self.cause(CauseKind::With, &change.resource)))
        });
        found.collect()
    }

    /// The first of the changes that a change follows from, however many lie between them. Where things lie in a circle, the
    /// one with the smallest id.
    fn root(&self, at: usize) -> Option<usize> {
        let mut path = vec![at];
        let mut top = at;
        while let Some(next) = self.upstream(top) {
            if let Some(begin) = path.iter().position(|seen| *seen == next) {
                let circle = path.get(begin..).unwrap_or_default();
                top = circle.iter().copied().min_by_key(|at| self.changes.get(*at).map(|change| &change.resource))?;
                break;
            }
            path.push(next);
            top = next;
        }
        (top != at).then_some(top)
    }

    /// The change that one follows from directly.
    fn upstream(&self, at: usize) -> Option<usize> {
        let (change, resource) = (self.changes.get(at)?, self.resource(at)?);
        let mut around = resource.place().into_iter().chain(resource.holder());
        let follows = |other: &Change| match change.what {
            What::Added | What::Removed => other.what == change.what,
            What::Changed => other.what == What::Changed && is_switch(change) && touches(other, "status"),
            What::Rotated | What::FirstSeen | What::NotObserved => false,
        };
        around.find_map(|id| {
            let at = *self.at.get(id)?;
            self.changes.get(at).is_some_and(follows).then_some(at)
        })
    }

    /// Accounts whose memberships alone differ, under the group that most of them joined or left.
    fn memberships(&self, causes: &Causes) -> Found {
        let moves: Vec<(usize, BTreeSet<&str>)> = self
            .left(causes)
            .filter(|(_, change)| change.what == What::Changed && change.reason.is_none())
            .filter_map(|(at, change)| Some((at, joined_or_left(change)?)))
            .collect();
        let often = sizes(moves.iter().flat_map(|(_, groups)| groups.iter().copied()));
        let count = |group: &str| often.get(group).copied().unwrap_or(0);
        let of_most = moves.into_iter().filter_map(|(at, groups)| {
            let most = groups.into_iter().min_by_key(|group| (Reverse(count(group)), *group))?;
            Some((at, ResourceId::parse(most)?))
        });
        let of_most: Vec<(usize, ResourceId)> = of_most.collect();
        let sizes = sizes(of_most.iter().map(|(_, group)| group));
        // One account alone stands by itself, unless the group did not stay as it was.
        let is_one = |group: &ResourceId| sizes.get(group).is_some_and(|size| *size > 1) || self.at.contains_key(group);
        let found = of_most.iter().filter(|(_, group)| is_one(group));
        found.map(|(at, group)| (*at, self.cause(CauseKind::Membership, group))).collect()
    }

    /// Grants that one holder was given or lost in several places, or that several were given or lost in one place.
    fn grants(&self, causes: &Causes) -> Found {
        let of_grants = |(at, change): (usize, &'a Change)| {
            let counts = matches!(change.what, What::Added | What::Removed) && change.resource.kind() == Kind::Grant;
            Some((at, change.what, self.resource(at).filter(|_| counts)?))
        };
        let grants: Vec<(usize, What, &Resource)> = self.left(causes).filter_map(of_grants).collect();
        let holders = sizes(grants.iter().filter_map(|(_, what, grant)| Some((*what, grant.holder()?))));
        let places = sizes(grants.iter().filter_map(|(_, what, grant)| Some((*what, grant.place()?))));
        let of_the_larger = |(at, what, grant): &(usize, What, &'a Resource)| {
            let of = |kind, sizes: &HashMap<(What, &ResourceId), usize>, id: Option<&'a ResourceId>| {
                id.map(|id| (sizes.get(&(*what, id)).copied().unwrap_or(0), (*what, kind, id)))
            };
            let place = of(CauseKind::Place, &places, grant.place());
            let holder = of(CauseKind::Holder, &holders, grant.holder());
            // Of two that are as large, what one holder was given says more than what happened in one place.
            let (size, key) = place.into_iter().chain(holder).max_by_key(|(size, _)| *size)?;
            (size >= SEVERAL).then_some((*at, key))
        };
        let wanted: Vec<_> = grants.iter().filter_map(of_the_larger).collect();
        // Some of a cause may have gone to another: one that is left alone stands by itself.
        let several = clusters(wanted.into_iter(), 2, Some);
        several.into_iter().map(|(at, (_, kind, id))| (at, self.cause(kind, id))).collect()
    }

    /// The same fields, from the same values to the same.
    fn alike(&self, causes: &Causes) -> Found {
        let key = |change: &'a Change| match change.what {
            What::Changed if change.reason.is_none() => {
                Some((change.resource.kind(), serde_json::to_string(&change.fields).ok()?))
            }
            _ => None,
        };
        let several = clusters(self.left(causes), SEVERAL, key);
        let found = several.into_iter().filter_map(|(at, _)| {
            let fields = self.changes.get(at)?.fields.iter().map(in_short).collect::<Vec<_>>().join("; ");
            Some((at, ChangeCause { kind: CauseKind::Alike, resource: None, name: text::shorten(&fields, NAME) }))
        });
        found.collect()
    }
}

/// Those of which at least so many have the same key, each with it.
fn clusters<T, K: Eq + std::hash::Hash + Clone>(
    all: impl Iterator<Item = (usize, T)>,
    least: usize,
    key: impl Fn(T) -> Option<K>,
) -> Vec<(usize, K)> {
    let keyed: Vec<(usize, K)> = all.filter_map(|(at, one)| Some((at, key(one)?))).collect();
    let sizes = sizes(keyed.iter().map(|(_, key)| key.clone()));
    keyed.into_iter().filter(|(_, key)| sizes.get(key).is_some_and(|size| *size >= least)).collect()
}

/// How often each of them is there.
fn sizes<K: Eq + std::hash::Hash>(all: impl Iterator<Item = K>) -> HashMap<K, usize> {
    let mut sizes = HashMap::new();
    for one in all {
        *sizes.entry(one).or_default() += 1;
    }
    sizes
}

/// True if nothing but a switch differs.
fn is_switch(change: &Change) -> bool {
    const SWITCHES: [&str; 3] = ["enabled", "status", "working"];
    !change.fields.is_empty() && change.fields.iter().all(|field| SWITCHES.contains(&field.field.as_str()))
}

fn touches(change: &Change, field: &str) -> bool {
    change.fields.iter().any(|changed| changed.field == field)
}

/// The groups that an account joined or left; `None` if anything else differs, or it is not known of all of them.
fn joined_or_left(change: &Change) -> Option<BTreeSet<&str>> {
    const MEMBERSHIPS: [&str; 2] = ["groups", "workspace_groups"];
    let mut groups = BTreeSet::new();
    for field in &change.fields {
        let (Some(before), Some(after)) = (ids(field.before.as_ref()), ids(field.after.as_ref())) else { return None };
        if !MEMBERSHIPS.contains(&field.field.as_str()) {
            return None;
        }
        groups.extend(before.symmetric_difference(&after));
    }
    Some(groups)
}

/// The entries of a list; those of “none” are none.
fn ids(value: Option<&Value>) -> Option<BTreeSet<&str>> {
    match value? {
        Value::Null => Some(BTreeSet::new()),
        Value::Array(entries) => entries.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// `mfa: true → false`, as JSON has the values.
fn in_short(field: &FieldChange) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    format!("{}: {} → {}", field.field, side(&field.before), side(&field.after))
}
