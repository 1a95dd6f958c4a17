//! One thing that happened, as a headline and what follows from it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::clusters::Cluster;
use crate::inventory::Inventory;
use crate::model::{Body, CauseKind, Change, Fact, FlappingChange, Kind, Resource, ResourceId, What};
use crate::reports::layout::{Block, Ink, Words, dotted, words};
use crate::reports::{say, values};
use crate::text;

/// Fields of one change that are told.
const FIELDS: usize = 3;
/// Names that are told before the rest is counted.
const NAMES: usize = 5;

/// Writes clusters as blocks.
pub(in crate::reports) struct Writer<'a> {
    inventory: &'a Inventory<'a>,
    /// How many accounts were seen in each group that is asked about.
    members: BTreeMap<ResourceId, usize>,
}

impl<'a> Writer<'a> {
    /// A writer for these clusters.
    pub(in crate::reports) fn new(inventory: &'a Inventory<'a>, clusters: &[Cluster<'_>]) -> Self {
        let groups = clusters.iter().filter_map(|cluster| group_of(cluster.head?, inventory));
        let mut members: BTreeMap<ResourceId, usize> = groups.map(|group| (group.clone(), 0)).collect();
        if !members.is_empty() {
            for account in inventory.of_kind(Kind::Principal) {
                let Body::Principal(principal) = &account.body else { continue };
                let groups = principal.groups.known().or(principal.groups_at_least.known());
                for group in groups.into_iter().chain(principal.workspace_groups.known()).flatten() {
                    if let Some(count) = members.get_mut(group) {
                        *count += 1;
                    }
                }
            }
        }
        Self { inventory, members }
    }

    /// A headline with what follows below it.
    pub(in crate::reports) fn block(&self, cluster: &Cluster<'_>) -> Block {
        let (label, head) = match (cluster.head, cluster.cause) {
            (Some(change), _) => (change.what.name(), self.change(change)),
            (None, Some(cause)) => match (&cause.resource, cluster.effects.first()) {
                (Some(root), _) => ("changed", vec![words(Ink::Plain, &say::named(root.kind(), &cause.name))]),
                (None, Some(first)) => (first.what.name(), self.in_common(first, cluster)),
                (None, None) => ("changed", Vec::new()),
            },
            (None, None) => ("changed", Vec::new()),
        };
        let mut head = head;
        if cluster.flaps {
            head = dotted([head, vec![words(Ink::Dim, "back and forth")]].concat());
        }
        let details = self.effects(cluster).into_iter().map(|line| vec![words(Ink::Dim, &line)]).collect();
        Block { label: Some(words(Ink::Plain, label)), head, details, ..Block::default() }
    }

    /// One change in a line.
    fn change(&self, change: &Change) -> Vec<Words> {
        let mut parts = vec![words(Ink::Plain, &say::named(change.resource.kind(), name(change)))];
        parts.extend(self.owner(change).map(|owner| words(Ink::Plain, &format!("of {owner}"))));
        let fields = change.fields.iter().take(FIELDS);
        parts.extend(fields.map(|field| words(Ink::Dim, &values::change(field, self.inventory))));
        if change.fields.len() > FIELDS {
            let more = text::plural(change.fields.len() - FIELDS, "more field", "more fields");
            parts.push(words(Ink::Dim, &more));
        }
        let said = match (change.what, &change.reason, &change.replaces) {
            (What::NotObserved, Some(reason), _) => words(Ink::Warn, &format!("may still be there: {reason}")),
            (What::FirstSeen, Some(reason), _) => words(Ink::Warn, &format!("may be old: {reason}")),
            (_, Some(_), _) => words(Ink::Warn, say::IN_DOUBT),
            (_, None, Some(old)) if change.fields.is_empty() => words(Ink::Dim, &format!("replaces {}", old.native())),
            (_, None, _) => words(Ink::Plain, ""),
        };
        parts.push(said);
        dotted(parts)
    }

    /// Whose a credential is, where that is known: labels are seldom the only ones of their sort.
    fn owner(&self, change: &Change) -> Option<&str> {
        let now = self.inventory.get(&change.resource).or(change.before.as_deref())?;
        match &now.body {
            Body::Credential(credential) => self.inventory.get(credential.owner.known()?).map(Resource::title),
            _ => None,
        }
    }

    /// What changes have in common that follow from no resource.
    fn in_common(&self, first: &Change, cluster: &Cluster<'_>) -> Vec<Words> {
        let count = counted(&cluster.effects);
        let fields = first.fields.iter().take(FIELDS);
        let mut parts = vec![words(Ink::Plain, &count)];
        parts.extend(fields.map(|field| words(Ink::Dim, &values::change(field, self.inventory))));
        if let Some(reason) = &first.reason {
            let doubt = if first.what == What::FirstSeen { "may be old" } else { "may still be there" };
            parts.push(words(Ink::Warn, &format!("{doubt}: {reason}")));
        }
        dotted(parts)
    }

    fn effects(&self, cluster: &Cluster<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((group, count)) = cluster
            .head
            .and_then(|head| group_of(head, self.inventory))
            .and_then(|id| Some((id, self.members.get(id)?)))
        {
            lines.push(reaches(group, *count, cluster.head.map(|head| head.what), self.inventory));
        }
        let of = |kind: CauseKind| -> Vec<&Change> {
            let fits = |change: &&&Change| change.cause.as_ref().is_some_and(|cause| cause.kind == kind);
            cluster.effects.iter().filter(fits).copied().collect()
        };
        let with = of(CauseKind::With);
        if !with.is_empty() {
            let verb =
                if with.iter().all(|change| change.what == What::Changed) { "switched with it" } else { "with it" };
            lines.push(format!("{verb}: {}", named_each(&with)));
        }
        if let Some(root) = cluster.cause.and_then(|cause| cause.resource.as_ref()) {
            let (joined, left): (Vec<&Change>, Vec<&Change>) =
                of(CauseKind::Membership).into_iter().partition(|change| is_in(root, change));
            for (who, verb) in [(joined, "joined"), (left, "left")] {
                if !who.is_empty() {
                    let count = text::plural(who.len(), "account", "accounts");
                    lines.push(format!("{count} {verb}: {}", names(&who)));
                }
            }
        }
        for kind in [CauseKind::Holder, CauseKind::Place] {
            let (given, taken): (Vec<&Change>, Vec<&Change>) =
                of(kind).into_iter().partition(|change| change.what == What::Added);
            for (grants, verb) in [(given, "given"), (taken, "taken away")] {
                if !grants.is_empty() {
                    let count = text::plural(grants.len(), "grant", "grants");
                    lines.push(format!("{count} {verb}: {}", names(&grants)));
                }
            }
        }
        for kind in [CauseKind::Alike, CauseKind::Gap] {
            let alike = of(kind);
            if !alike.is_empty() {
                lines.push(names(&alike));
            }
        }
        lines
    }
}

/// What goes back and forth, in one line: webhook “ci” · enabled · 5 turns since 12 Nov.
pub(in crate::reports) fn flapping(one: &FlappingChange) -> Vec<Words> {
    let name = if one.name.is_empty() { one.resource.native() } else { &one.name };
    let what = one.field.as_deref().unwrap_or("comes and goes");
    dotted([
        words(Ink::Plain, &say::named(one.resource.kind(), name)),
        words(Ink::Plain, what),
        words(Ink::Dim, &say::turns(one.flapping)),
    ])
}

/// The group that a grant came to or went from.
fn group_of<'a>(change: &'a Change, inventory: &Inventory<'a>) -> Option<&'a ResourceId> {
    let grant = match change.what {
        What::Added => inventory.get(&change.resource)?,
        What::Removed => change.before.as_deref()?,
        _ => return None,
    };
    match &grant.body {
        Body::Grant(grant) => grant.group.known(),
        _ => None,
    }
}

/// “reaches 1,204 accounts in jira-admins”: at least so many, unless the list of members was read whole.
fn reaches(group: &ResourceId, count: usize, what: Option<What>, inventory: &Inventory<'_>) -> String {
    let told = inventory.get(group).is_some_and(|group| match &group.body {
        Body::Group(group) => group.members_told == Fact::Known(true),
        _ => false,
    });
    let verb = if what == Some(What::Removed) { "reached" } else { "reaches" };
    let name = inventory.name(group);
    match (told, count) {
        (true, count) => format!("{verb} {} in {name}", text::plural(count, "account", "accounts")),
        (false, 0) => format!("{verb} the members of {name}; who they are was not told"),
        (false, count) => format!("{verb} at least {} in {name}", text::plural(count, "account", "accounts")),
    }
}

/// True if an account is in a group after a change of its memberships.
fn is_in(group: &ResourceId, change: &Change) -> bool {
    let has = |value: &Option<Value>| match value {
        Some(Value::Array(entries)) => entries.iter().any(|entry| entry.as_str() == Some(group.as_str())),
        _ => false,
    };
    change.fields.iter().any(|field| has(&field.after))
}

fn name(change: &Change) -> &str {
    if change.name.is_empty() { change.resource.native() } else { &change.name }
}

/// “Ada, Ben, Cy and 37 more”.
fn names(changes: &[&Change]) -> String {
    let told: Vec<String> =
        changes.iter().take(NAMES).map(|change| format!("“{}”", text::shorten(name(change), 40))).collect();
    match changes.len().checked_sub(NAMES).filter(|more| *more > 0) {
        Some(more) => format!("{} and {} more", told.join(", "), text::thousands(more)),
        None => told.join(", "),
    }
}

/// “12 grants, 2 webhooks”.
fn counted(changes: &[&Change]) -> String {
    let parts: Vec<String> = by_kind(changes).into_iter().map(|(kind, of)| count(kind, of.len())).collect();
    parts.join(", ")
}

/// “1 credential “ci”, 12 grants”: the names of the few.
fn named_each(changes: &[&Change]) -> String {
    let say = |(kind, of): (Kind, Vec<&Change>)| match of.as_slice() {
        few if few.len() <= 3 => format!("{} {}", count(kind, few.len()), names(few)),
        many => count(kind, many.len()),
    };
    by_kind(changes).into_iter().map(say).collect::<Vec<_>>().join(", ")
}

fn by_kind<'a>(changes: &[&'a Change]) -> BTreeMap<Kind, Vec<&'a Change>> {
    let mut kinds: BTreeMap<Kind, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        kinds.entry(change.resource.kind()).or_default().push(change);
    }
    kinds
}

fn count(kind: Kind, count: usize) -> String {
    let one = if kind == Kind::Principal { "account" } else { kind.name() };
    text::plural(count, one, kind.plural())
}
