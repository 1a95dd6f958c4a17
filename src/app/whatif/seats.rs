//! Seats that are free afterwards: of every application and product of which it was told whose seats it has.

use std::collections::BTreeSet;

use super::edit::{Edit, around, direct_groups};
use super::follow::product_and_site;
use super::people::is_open;
use crate::model::{
    Body, Container, ContainerForm, Fact, FreedSeats, Grant, GrantForm, Group, Kind, Principal, PrincipalType,
    Resource, ResourceId,
};

/// Roles on a product that take no seat.
const FREE_ROLES: [&str; 4] =
    ["atlassian/guest", "atlassian/user-access-admin", "atlassian/customer", "atlassian/stakeholder"];

/// Who takes the seats of an application or product.
#[derive(Debug, Default, PartialEq, Eq)]
struct Takers {
    groups: BTreeSet<ResourceId>,
    accounts: BTreeSet<ResourceId>,
}

/// Counts the seats that are free, and takes them off the seats in use.
pub(super) fn count(edit: &mut Edit<'_, '_>) {
    let containers: Vec<&Resource> = edit.inventory.of_kind(Kind::Container).collect();
    for resource in containers {
        let Body::Container(container) = &resource.body else { continue };
        if !matches!(container.form, ContainerForm::Application | ContainerForm::Product) {
            continue;
        }
        let Some(before) = takers(edit, resource, container, false) else {
            untold(edit, resource, container);
            continue;
        };
        let after = takers(edit, resource, container, true).unwrap_or_default();
        let mut affected: BTreeSet<ResourceId> = edit.trail.accounts.clone();
        let gone: Vec<&ResourceId> = before.groups.difference(&after.groups).collect();
        for group in &gone {
            affected.extend(edit.everybody_in(group));
        }
        if !gone.is_empty() {
            affected.extend(of_unknown_groups(edit));
        }
        let (mut freed, mut perhaps) = (0, 0);
        for account in &affected {
            match (seat(edit, account, &before, false), seat(edit, account, &after, true)) {
                (Fact::Known(true), Fact::Known(false)) => freed += 1,
                (Fact::Known(true), Fact::Unknown) | (Fact::Unknown, Fact::Known(false)) => perhaps += 1,
                _ => {}
            }
        }
        if freed + perhaps == 0 {
            continue;
        }
        let (used, total) = (container.seats_used, container.seats_total);
        edit.change(&resource.id, |resource| {
            if let Body::Container(Container { seats_used, .. }) = &mut resource.body {
                *seats_used = match (*seats_used, i64::try_from(freed)) {
                    (Fact::Known(used), Ok(freed)) if perhaps == 0 => Fact::Known((used - freed).max(0)),
                    (Fact::Absent, _) => Fact::Absent,
                    _ => Fact::Unknown,
                };
            }
        });
        if !is_told_twice(edit, resource, container) {
            let name = name(edit, resource, container);
            edit.trail.freed.push(FreedSeats { container: resource.id.clone(), name, freed, perhaps, used, total });
        }
    }
    edit.trail.freed.sort_by(|left, right| (&left.name, &left.container).cmp(&(&right.name, &right.container)));
}

/// Whose seats it has; `None` where nobody told.
fn takers(edit: &Edit<'_, '_>, resource: &Resource, container: &Container, now: bool) -> Option<Takers> {
    let current = if now { edit.get(&resource.id) } else { Some(resource) };
    if container.form == ContainerForm::Application {
        let Some(Body::Container(Container { licence_groups, .. })) = current.map(|one| &one.body) else { return None };
        return match licence_groups {
            Fact::Known(groups) => Some(Takers { groups: groups.iter().cloned().collect(), ..Takers::default() }),
            Fact::Absent | Fact::Unknown => None,
        };
    }
    let mut takers = Takers::default();
    for grant in edit.inventory.grants_on(&resource.id) {
        if now && edit.get(&grant.id).is_none() {
            continue;
        }
        let Body::Grant(Grant { form: GrantForm::PlatformRole, role, principal, group, via, .. }) = &grant.body else {
            continue;
        };
        if FREE_ROLES.contains(&role.as_str()) {
            continue;
        }
        takers.groups.extend(group.known().cloned());
        // What came to an account through a group, the group tells.
        let direct = via.known().is_none_or(|ways| ways.iter().any(|way| way == "direct"));
        takers.accounts.extend(principal.known().filter(|_| direct).cloned());
    }
    // Somebody has the seats that are taken: where no role tells who, it is told elsewhere.
    let told = takers != Takers::default() || container.seats_used == Fact::Known(0);
    (now || told).then_some(takers)
}

/// Whether an account takes a seat.
fn seat(edit: &Edit<'_, '_>, account: &ResourceId, takers: &Takers, now: bool) -> Fact<bool> {
    let principal = if now { edit.principal(account) } else { edit.inventory.principal(account) };
    let Some(principal) = principal else { return Fact::Unknown };
    // Where nobody tells the status, that the account was deactivated is known all the same.
    let open = if now && edit.trail.deactivated.contains(account) { Fact::Known(false) } else { is_open(principal) };
    let machine = matches!(
        principal.account_type,
        Fact::Known(
            PrincipalType::App | PrincipalType::ServiceAccount | PrincipalType::Agent | PrincipalType::Customer
        )
    );
    if open == Fact::Known(false) || machine {
        return Fact::Known(false);
    }
    let groups = around(direct_groups(principal).cloned().collect(), |id| group_of(edit, id, now));
    let takes = takers.accounts.contains(account) || groups.iter().any(|group| takers.groups.contains(group));
    // Who is not in a group of which all members were told is not in it.
    let told =
        |group: &ResourceId| group_of(edit, group, now).is_some_and(|group| group.members_told == Fact::Known(true));
    let may_take = principal.groups.is_unknown() && !takers.groups.iter().all(told);
    match (takes, may_take, open) {
        (true, _, Fact::Known(true)) => Fact::Known(true),
        (true, ..) | (false, true, _) => Fact::Unknown,
        (false, false, _) => Fact::Known(false),
    }
}

/// The accounts of which not all groups are known.
fn of_unknown_groups(edit: &Edit<'_, '_>) -> Vec<ResourceId> {
    let unknown = |one: &&Resource| matches!(&one.body, Body::Principal(principal) if principal.groups.is_unknown());
    edit.inventory.of_kind(Kind::Principal).filter(unknown).map(|one| one.id.clone()).collect()
}

fn group_of<'e>(edit: &'e Edit<'_, '_>, id: &ResourceId, now: bool) -> Option<&'e Group> {
    match (now, edit.inventory.get(id).map(|group| &group.body)) {
        (true, _) => edit.group(id),
        (false, Some(Body::Group(group))) => Some(group),
        (false, _) => None,
    }
}

/// Says that seats may be free in a product that did not tell whose they are.
fn untold(edit: &mut Edit<'_, '_>, resource: &Resource, container: &Container) {
    let of_product = |principal: &Principal, account: &ResourceId| {
        let at_home = edit.inventory.knows_accounts_of(account.tenant(), resource);
        at_home && principal.account_type != Fact::Known(PrincipalType::Customer)
    };
    let moved = edit.trail.deactivated.iter().chain(&edit.trail.left);
    let may_hold = moved
        .filter_map(|account| Some((account, edit.inventory.principal(account)?)))
        .any(|(account, principal)| of_product(principal, account));
    if !may_hold || container.seats_used.is_unknown() {
        return;
    }
    edit.change(&resource.id, |resource| {
        if let Body::Container(Container { seats_used, .. }) = &mut resource.body {
            *seats_used = Fact::Unknown;
        }
    });
    if !is_told_twice(edit, resource, container) {
        let question = format!("how many seats of {} would be free", name(edit, resource, container));
        edit.leave_open(question, "nobody told which groups take them".to_owned());
    }
}

/// Jira tells the seats of its applications itself; the organisation tells them once more.
fn is_told_twice(edit: &Edit<'_, '_>, resource: &Resource, container: &Container) -> bool {
    let Some((product, site)) = product_and_site(&resource.id) else { return false };
    container.form == ContainerForm::Product
        && edit.inventory.of_kind(Kind::Container).any(|other| match &other.body {
            Body::Container(body) => {
                body.form == ContainerForm::Application
                    && other.id.tenant() == site
                    && body.key.known().is_some_and(|key| *key == product)
            }
            _ => false,
        })
}

/// “Jira Software on Acme”.
fn name(edit: &Edit<'_, '_>, resource: &Resource, container: &Container) -> String {
    let parent = container.parent.known().filter(|_| container.form == ContainerForm::Application);
    match (parent.and_then(|parent| edit.inventory.get(parent)), container.key.known()) {
        (Some(parent), _) => format!("{} on {}", resource.title(), parent.title()),
        (None, Some(key)) if key != resource.title() => format!("{} ({key})", resource.title()),
        (None, _) => resource.title().to_owned(),
    }
}
