//! The account behind a resource, and how far it reaches. Of a credential with an owner the owner's reach is told beside the
//! scopes, not what both leave together: scopes are often not revealed, and that must not hide what came to the owner.

use std::collections::BTreeMap;

use super::{EVERY, Facts, Item, LISTED};
use crate::inventory::Inventory;
use crate::inventory::access::{ANY, Bound, EachOnce, Permission, Power, Reach};
use crate::model::{Body, ContainerForm, Kind, Principal, Resource, ResourceId};
use crate::text::plural;

/// What may be done in a place, from the most to the least. What not only the account, but everybody may do is not told.
pub(super) const LEVELS: [&str; 3] = ["administers", "changes", "reads"];

/// Tells about an account: whether it is let in, its roles and groups, and its reach.
pub(super) fn behind(id: &ResourceId, inventory: &Inventory<'_>, facts: &mut Facts) {
    let Some(resource) = inventory.get(id) else {
        facts.untold("account", "the account behind it was not seen");
        return;
    };
    let Body::Principal(account) = &resource.body else { return };
    let let_in = |status: &&String| Principal::lets_in(status) != Some(false);
    if let Some(status) = facts.fact("account-status", &account.status).filter(let_in) {
        facts.say("account-status", status);
    }
    if let Some(roles) = facts.fact("role", &account.platform_roles) {
        facts.list("role", "roles", roles.iter().cloned().map(Item::plain));
    }
    let groups = [
        ("group", &account.groups, &account.groups_at_least),
        ("workspace-group", &account.workspace_groups, &account.workspace_groups_at_least),
    ];
    for (topic, all, at_least) in groups {
        let known = facts.fact(topic, all).or(at_least.known());
        facts.ids(topic, "groups", known.into_iter().flatten(), inventory);
    }
    grants(id, inventory, facts);
    reach(resource, inventory, facts);
    facts.gaps_of(inventory, |source| inventory.may_know_accounts_of(id.tenant(), source));
}

/// The grants that name an account or group themselves.
pub(super) fn grants(holder: &ResourceId, inventory: &Inventory<'_>, facts: &mut Facts) {
    let lines = inventory.grants_of(holder).filter_map(|resource| {
        let Body::Grant(grant) = &resource.body else { return None };
        let on = grant.container.known();
        let place = on.map_or("what nobody told", ResourceId::as_str);
        let name = on.and_then(|on| inventory.get(on)).map(|on| format!("{} on {}", grant.role, on.title()));
        Some(Item { name, ..Item::plain(format!("{} {} on {place}", grant.form.name(), grant.role)) })
    });
    facts.list("grant", "grants", lines);
}

/// Places by what may be done there, and of which sort they are.
type ByLevel<'a> = BTreeMap<(usize, String), Vec<(&'a ResourceId, Option<&'a Resource>)>>;

/// In which places an account, or a credential that is nobody's, may do what for certain.
pub(super) fn reach<'a>(subject: &'a Resource, inventory: &Inventory<'a>, facts: &mut Facts) {
    let reach = inventory.access().of(subject);
    let mut places: ByLevel<'a> = BTreeMap::new();
    let mut looked_at = EachOnce::new();
    let mut open = reach.boundless;
    for place in reach.places.iter().filter(|place| counts(place.container)) {
        let (level, doubtful) = *looked_at.of(&place.permissions, look);
        open |= doubtful;
        if let Some(level) = level {
            let sort = sort_of(place.container);
            places.entry((level, sort)).or_default().push((&place.container.id, Some(place.container)));
        }
    }
    for (id, one) in &reach.out_of_sight {
        let (level, doubtful) = look(std::slice::from_ref(one));
        open |= doubtful;
        if let Some(level) = level {
            places.entry((level, format!("place of {}", id.tenant()))).or_default().push((*id, None));
        }
    }
    let all = how_many(&places, inventory);
    for ((level, sort), found) in &places {
        let at_least: usize =
            places.iter().filter(|((other, of), _)| other <= level && of == sort).map(|(_, found)| found.len()).sum();
        if found.len() > LISTED && all.get(sort) == Some(&at_least) {
            facts.say(LEVELS[*level], format_args!("{EVERY}{sort}"));
        } else {
            let form = sort.split(" of ").next().unwrap_or_default();
            let item = |(id, seen): &(&ResourceId, Option<&Resource>)| Item {
                sort: format!("{form} "),
                id: id.to_string(),
                name: seen.map(|seen| seen.title().to_owned()),
            };
            facts.list(LEVELS[*level], sort, found.iter().map(item));
        }
    }
    if open {
        facts.untold("reach", doubts(&reach));
    }
}

/// Whether reaching a place is power. Filters and dashboards are shared anew every day, and show nobody what is not open to them
/// in a project.
fn counts(container: &Resource) -> bool {
    let Body::Container(container) = &container.body else { return true };
    !matches!(container.form, ContainerForm::Filter | ContainerForm::Dashboard)
}

/// The most that may be done for certain with some permissions, as a place in [`LEVELS`]; and whether there may be more.
fn look(permissions: &[Permission<'_>]) -> (Option<usize>, bool) {
    let own = permissions.iter().filter(|one| one.bound == Bound::Held && !one.of_everybody);
    let level = own.map(|one| match one.power {
        Power::Administer | Power::AdministerAll => 0,
        Power::Write | Power::Destroy => 1,
        Power::Read => 2,
    });
    let level = level.min();
    let more = |one: &Permission<'_>| {
        let held = permissions.iter().any(|other| other.bound == Bound::Held && other.power >= one.power);
        one.bound == Bound::Possible && (one.key == ANY || !held)
    };
    (level, permissions.iter().any(more))
}

/// `project of acme-jira`.
fn sort_of(container: &Resource) -> String {
    let form = container.body.form().unwrap_or("place");
    format!("{form} of {}", container.id.tenant())
}

/// How many places there are of each sort of which there are many.
fn how_many(places: &ByLevel<'_>, inventory: &Inventory<'_>) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    if places.values().any(|found| found.len() > LISTED) {
        for container in inventory.of_kind(Kind::Container) {
            *all.entry(sort_of(container)).or_default() += 1;
        }
    }
    all
}

fn doubts(reach: &Reach<'_>) -> String {
    match reach.doubts.as_slice() {
        [] => "it could not be ruled out that it reaches further".to_owned(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first}, and {} more", plural(more.len(), "reason", "reasons")),
    }
}
