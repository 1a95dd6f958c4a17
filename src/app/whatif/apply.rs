//! Each single change, as the product carries it out.

use chrono::{DateTime, TimeDelta, Utc};

use super::Suppose;
use super::edit::{Edit, direct_groups};
use super::people::{closed_word, is_open};
use crate::model::{
    Body, ContainerForm, Credential, CredentialForm, Fact, Grant, GrantForm, Holder, Kind, Principal, PrincipalType,
    Product, Resource, ResourceId, Supposed, Untold,
};

/// Carries out one change.
pub(super) fn apply(edit: &mut Edit<'_, '_>, change: &Suppose) {
    let about = match change {
        Suppose::Deactivated(id) | Suppose::Withdrawn(id) | Suppose::Revoked(id) | Suppose::Deleted(id) => id,
        Suppose::Left { member, .. } => member,
        Suppose::Expired { credential, .. } => credential,
    };
    if edit.get(about).is_none() {
        let idle = if edit.inventory.get(about).is_some() { "it is gone already" } else { "nobody saw it" };
        return supposed(edit, format!("{} is changed", edit.name(about)), about, Some(idle.to_owned()));
    }
    match change {
        Suppose::Deactivated(account) => deactivate(edit, account),
        Suppose::Left { member, group } => leave(edit, member, group),
        Suppose::Withdrawn(grant) => withdraw(edit, grant),
        Suppose::Revoked(credential) => revoke(edit, credential),
        Suppose::Expired { credential, on } => expire(edit, credential, *on),
        Suppose::Deleted(group) => delete(edit, group),
    }
}

fn supposed(edit: &mut Edit<'_, '_>, words: String, resource: &ResourceId, idle: Option<String>) {
    edit.trail.supposed.push(Supposed { words, resource: resource.clone(), idle });
}

fn deactivate(edit: &mut Edit<'_, '_>, account: &ResourceId) {
    let words = format!("{} is deactivated", edit.name(account));
    let Some(resource) = edit.get(account) else { return };
    let Body::Principal(principal) = &resource.body else { return };
    if let Some(word) = closed_word(principal) {
        let idle = format!("it is {word} already");
        return supposed(edit, words, account, Some(idle));
    }
    let is_app = principal.account_type == Fact::Known(PrincipalType::App);
    let is_service = principal.account_type == Fact::Known(PrincipalType::ServiceAccount);
    let was_open = is_open(principal) != Fact::Known(false);
    supposed(edit, words, account, None);
    let (now, in_cloud) = (edit.now, account.tenant() == ResourceId::CLOUD);
    edit.change_principal(account, |principal| shut(principal, in_cloud, now));
    if in_cloud {
        leave_workspaces(edit, account);
    }
    if was_open {
        edit.trail.deactivated.insert(account.clone());
    }
    edit.trail.accounts.insert(account.clone());
    if is_app {
        let question = format!("what becomes of the app behind {}", edit.name(account));
        edit.leave_open(
            question,
            "an app's account goes with the app; nobody wrote down what it does without it".into(),
        );
    }
    if is_service {
        let note = format!(
            "{} keeps its place in the quota of service accounts: that is free when the account is deleted",
            edit.name(account)
        );
        edit.trail.seat_notes.push(note);
    }
}

/// Takes away what a deactivated account has not. Its status stays unknown where nobody tells it: the next scan would not
/// know it either. Groups and grants stay.
fn shut(principal: &mut Principal, in_cloud: bool, now: DateTime<Utc>) {
    if !principal.status.is_unknown() {
        principal.status = Fact::Known("deactivated".to_owned());
    }
    if in_cloud && principal.deactivated_at == Fact::Absent {
        principal.deactivated_at = Fact::Known(now);
    }
    if principal.billable == Fact::Known(true) {
        principal.billable = Fact::Known(false);
    }
    if let Fact::Known(standings) = &mut principal.standings {
        // A workspace of Bitbucket Cloud has nobody among its members who is not active.
        standings.retain(|standing| !(in_cloud && standing.product == Product::Bitbucket));
        for standing in standings.iter_mut().filter(|standing| standing.active == Fact::Known(true)) {
            standing.active = Fact::Known(false);
        }
    }
}

/// An account that is not active drops out of the members of a Bitbucket workspace, and out of all lists made from them.
/// What was given to it outright stays as it is: nobody wrote down that it goes.
fn leave_workspaces(edit: &mut Edit<'_, '_>, account: &ResourceId) {
    let standings = edit.inventory.principal(account).and_then(|principal| principal.standings.known());
    let is_member = standings.into_iter().flatten().any(|standing| standing.product == Product::Bitbucket);
    if is_member {
        edit.trail.untold.push(Untold {
            question: format!("whether Bitbucket drops {} from the members at once", edit.name(account)),
            because: vec!["its lists show active members alone, as far as anybody wrote down".to_owned()],
            accepted: true,
        });
    }
    for id in edit.grants_of(account) {
        let of_members =
            |grant: &Grant| matches!(grant.form, GrantForm::WorkspaceRole | GrantForm::EffectiveRepositoryPermission);
        if edit.grant(&id).is_some_and(of_members) {
            edit.remove(&id);
        }
    }
    let Some(principal) = edit.principal(account) else { return };
    let lists = [&principal.workspace_groups, &principal.workspace_groups_at_least];
    let groups: Vec<ResourceId> = lists.into_iter().filter_map(Fact::known).flatten().cloned().collect();
    for group in &groups {
        one_less(edit, group);
    }
    edit.change_principal(account, |principal| {
        for list in [&mut principal.workspace_groups, &mut principal.workspace_groups_at_least] {
            // A workspace that does not show it tells none of its groups either.
            if list.known().is_some() {
                *list = Fact::Unknown;
            }
        }
    });
}

fn one_less(edit: &mut Edit<'_, '_>, group: &ResourceId) {
    edit.change_group(group, |group| {
        if let Fact::Known(count) = &mut group.member_count {
            *count = (*count - 1).max(0);
        }
    });
}

fn leave(edit: &mut Edit<'_, '_>, member: &ResourceId, group: &ResourceId) {
    let words = format!("{} leaves {}", edit.name(member), edit.name(group));
    if edit.get(group).is_none() && !is_named(edit, member, group) {
        return supposed(edit, words, member, Some("that group is gone already".to_owned()));
    }
    if member.kind() == Kind::Group {
        return leave_outer(edit, member, group, words);
    }
    let Some(principal) = edit.principal(member) else { return };
    if direct_groups(principal).any(|own| own == group) {
        supposed(edit, words, member, None);
        take_out(edit, member, group);
        one_less(edit, group);
        return;
    }
    let inner = inner_way(edit, member, group);
    let told = groups_told(principal, group, member);
    let idle = match inner {
        Some(inner) => {
            format!("it is not a direct member: it comes through {}, which is inside that group", edit.name(&inner))
        }
        None if told => "it is not a member".to_owned(),
        None => {
            let question = format!("what {} would lose by leaving {}", edit.name(member), edit.name(group));
            edit.leave_open(question, "not all groups of the account were told".to_owned());
            "nobody saw it in that group, though it may be a member".to_owned()
        }
    };
    supposed(edit, words, member, Some(idle));
}

/// True if an account was seen in a group that no list shows.
fn is_named(edit: &Edit<'_, '_>, member: &ResourceId, group: &ResourceId) -> bool {
    edit.principal(member).is_some_and(|principal| direct_groups(principal).any(|own| own == group))
}

/// True if an account is in no group but those that were seen.
fn groups_told(principal: &Principal, group: &ResourceId, member: &ResourceId) -> bool {
    let list = if group.tenant() == member.tenant() { &principal.groups } else { &principal.workspace_groups };
    !list.is_unknown()
}

/// The group inside of this one through which an account is in it.
fn inner_way(edit: &Edit<'_, '_>, member: &ResourceId, group: &ResourceId) -> Option<ResourceId> {
    let principal = edit.principal(member)?;
    let mut direct = direct_groups(principal);
    direct.find(|own| super::edit::around([(*own).clone()].into(), |id| edit.group(id)).contains(group)).cloned()
}

/// A group is no longer inside of another.
fn leave_outer(edit: &mut Edit<'_, '_>, inner: &ResourceId, outer: &ResourceId, words: String) {
    let is_inside = edit.group(inner).and_then(|group| group.inside.known()).is_some_and(|own| own.contains(outer));
    if !is_inside {
        let unknown = edit.group(inner).is_some_and(|group| group.inside.is_unknown());
        let idle = if unknown {
            let question = format!("what the members of {} would lose", edit.name(inner));
            edit.leave_open(question, "which groups it is inside of was not told".to_owned());
            "nobody saw it inside that group, though it may be"
        } else {
            "it is not inside that group"
        };
        return supposed(edit, words, inner, Some(idle.to_owned()));
    }
    supposed(edit, words, inner, None);
    let members = edit.everybody_in(inner);
    edit.trail.left.extend(members.iter().cloned());
    edit.trail.accounts.extend(members);
    members_unknown(edit, inner);
    edit.change_group(inner, |group| {
        if let Fact::Known(own) = &mut group.inside {
            own.retain(|one| one != outer);
        }
    });
}

/// Takes an account out of the groups it was seen in.
fn take_out(edit: &mut Edit<'_, '_>, account: &ResourceId, group: &ResourceId) {
    edit.change_principal(account, |principal| {
        for list in [
            &mut principal.groups,
            &mut principal.groups_at_least,
            &mut principal.workspace_groups,
            &mut principal.workspace_groups_at_least,
        ] {
            if let Fact::Known(groups) = list {
                groups.retain(|one| one != group);
            }
        }
    });
    edit.trail.left.insert(account.clone());
    edit.trail.accounts.insert(account.clone());
}

/// Says so where a group may have members that nobody saw in it.
fn members_unknown(edit: &mut Edit<'_, '_>, group: &ResourceId) {
    let counted = edit.group(group).map(|group| (group.members_told, group.member_count));
    let seen = edit.everybody_in(group).len();
    let all_known = |edit: &Edit<'_, '_>| {
        let mut accounts = edit.inventory.of_kind(Kind::Principal);
        accounts.all(|account| match &account.body {
            Body::Principal(principal) => groups_told(principal, group, &account.id),
            _ => true,
        })
    };
    let whole = match counted {
        Some((Fact::Known(true), _)) => true,
        Some((_, Fact::Known(count))) if usize::try_from(count).is_ok_and(|count| count <= seen) => true,
        _ => all_known(edit) && edit.inventory.seen_whole(Kind::Principal),
    };
    if !whole {
        let question = format!("who else is in {}", edit.name(group));
        let because = format!("its list of members was not read whole; {seen} were seen");
        edit.leave_open(question, because);
    }
}

fn revoke(edit: &mut Edit<'_, '_>, credential: &ResourceId) {
    let Some(resource) = edit.get(credential) else { return };
    let words = format!("{} is revoked", in_words(resource));
    supposed(edit, words, credential, None);
    edit.remove(credential);
    edit.trail.revoked.insert(credential.clone());
    edit.trail.expired.remove(credential);
}

/// Lets a credential end. Only its own time moves: it is judged as it will be on the day after, used until then as it is now.
fn expire(edit: &mut Edit<'_, '_>, credential: &ResourceId, on: Option<DateTime<Utc>>) {
    let (now, Some(resource)) = (edit.now, edit.get(credential)) else { return };
    let words = format!("{} ends", in_words(resource));
    let Body::Credential(body) = &resource.body else { return };
    let end = match (on, &body.expires_at) {
        (Some(on), _) => on,
        (None, Fact::Known(end)) => *end,
        (None, Fact::Absent) => return supposed(edit, words, credential, Some("it never ends by itself".to_owned())),
        (None, Fact::Unknown) => {
            return supposed(edit, words, credential, Some("nobody told when it ends".to_owned()));
        }
    };
    let words = format!("{words} on {}", end.format("%Y-%m-%d"));
    if matches!(body.expires_at, Fact::Known(own) if own <= now) {
        return supposed(edit, words, credential, Some("it has ended already".to_owned()));
    }
    supposed(edit, words, credential, None);
    // The day after its end: that day itself is still its own.
    let judged = end + TimeDelta::days(1);
    let ahead = (judged - now).max(TimeDelta::zero());
    edit.change(credential, |resource| {
        if let Body::Credential(Credential { created_at, expires_at, .. }) = &mut resource.body {
            *expires_at = Fact::Known(end - ahead);
            if let Fact::Known(made) = created_at {
                *made -= ahead;
            }
        }
    });
    edit.trail.expired.insert(credential.clone(), end);
}

fn in_words(resource: &Resource) -> String {
    match &resource.body {
        Body::Credential(credential) => format!("{} “{}”", credential.form.title(), resource.title()),
        _ => format!("“{}”", resource.title()),
    }
}

fn delete(edit: &mut Edit<'_, '_>, group: &ResourceId) {
    let words = format!("the group {} is deleted", edit.name(group));
    supposed(edit, words, group, None);
    members_unknown(edit, group);
    let affected = edit.everybody_in(group);
    for account in &affected {
        if edit.principal(account).is_some_and(|principal| direct_groups(principal).any(|own| own == group)) {
            take_out(edit, account, group);
        }
    }
    edit.trail.left.extend(affected.iter().cloned());
    edit.trail.accounts.extend(affected);
    for inner in edit.inside(group) {
        edit.change_group(&inner, |inner| {
            if let Fact::Known(outer) = &mut inner.inside {
                outer.retain(|one| one != group);
            }
        });
    }
    for grant in edit.grants_of(group) {
        edit.remove(&grant);
    }
    let containers: Vec<ResourceId> = edit.inventory.of_kind(Kind::Container).map(|one| one.id.clone()).collect();
    for container in containers {
        let names = |list: &Fact<Vec<ResourceId>>| list.known().is_some_and(|groups| groups.contains(group));
        let named = match edit.get(&container).map(|resource| &resource.body) {
            Some(Body::Container(body)) => {
                names(&body.licence_groups) || names(&body.default_groups) || names(&body.only_pushers)
            }
            _ => false,
        };
        if named {
            edit.change(&container, |resource| {
                let Body::Container(body) = &mut resource.body else { return };
                for list in [&mut body.licence_groups, &mut body.default_groups, &mut body.only_pushers] {
                    if let Fact::Known(groups) = list {
                        groups.retain(|one| one != group);
                    }
                }
            });
        }
    }
    edit.remove(group);
    edit.trail.deleted.insert(group.clone());
}

fn withdraw(edit: &mut Edit<'_, '_>, id: &ResourceId) {
    let Some(resource) = edit.get(id).cloned() else { return };
    let Body::Grant(grant) = &resource.body else { return };
    let place = grant.container.known().map(|container| format!(" on {}", edit.name(container))).unwrap_or_default();
    let words = format!("“{}”{place} is taken away", resource.title());
    if let Some(idle) = sum_of_others(grant, edit) {
        return supposed(edit, words, id, Some(idle));
    }
    supposed(edit, words, id, None);
    edit.remove(id);
    match (grant.holder, &grant.principal, &grant.group) {
        (Holder::Principal, Fact::Known(account), _) => {
            edit.trail.accounts.insert(account.clone());
        }
        (Holder::Group, _, Fact::Known(group)) => {
            let members = edit.everybody_in(group);
            edit.trail.accounts.extend(members);
            members_unknown(edit, group);
        }
        (Holder::PortalCustomers, ..) => {
            edit.trail.everybody_loses.push(format!("{} for portal customers{place}", grant.role))
        }
        (Holder::ProjectRole, ..) => through_role(edit, grant, &place),
        _ => everybody(edit, grant, &place),
    }
}

/// What a product sums up for an account is nothing that could be taken away by itself.
fn sum_of_others(grant: &Grant, edit: &Edit<'_, '_>) -> Option<String> {
    let site = grant.container.known().and_then(|id| edit.get(id)).map(|resource| &resource.body);
    let on_site = matches!(site, Some(Body::Container(container)) if container.form == ContainerForm::Site);
    let via_group = grant.via.known().is_some_and(|ways| !ways.is_empty() && !ways.iter().any(|way| way == "direct"));
    match grant.form {
        GrantForm::EffectiveRepositoryPermission => {
            Some("Bitbucket sums it up from other grants: take away the one that gives it".to_owned())
        }
        GrantForm::GlobalPermission if on_site && grant.holder == Holder::Principal => {
            Some("Jira sums it up from groups: take the account out of the group that gives it".to_owned())
        }
        GrantForm::PlatformRole if via_group => {
            Some("it comes through a group: take the account out of that group".to_owned())
        }
        GrantForm::ProductAccess => {
            Some("it follows from what the group opens: take the role on the product away".to_owned())
        }
        _ => None,
    }
}

/// A permission that a scheme gives to a role: whoever has a place in that role, in any project of the scheme.
fn through_role(edit: &mut Edit<'_, '_>, grant: &Grant, place: &str) {
    let (Fact::Known(scheme), Fact::Known(role)) = (&grant.container, &grant.holder_detail) else {
        return everybody(edit, grant, place);
    };
    let mut holders = Vec::new();
    for project in edit.inventory.of_kind(Kind::Container) {
        let uses = matches!(&project.body, Body::Container(body) if body.permission_scheme.known() == Some(scheme));
        if !uses {
            continue;
        }
        for held in edit.inventory.grants_on(&project.id) {
            let Body::Grant(body) = &held.body else { continue };
            let is_it = held.id.native().strip_prefix("project-role:").and_then(|rest| rest.split('/').nth(1));
            if body.form == GrantForm::ProjectRole && is_it == Some(role) {
                holders.extend(body.principal.known().or(body.group.known()).cloned());
            }
        }
    }
    for holder in holders {
        let members = if holder.kind() == Kind::Group { edit.everybody_in(&holder) } else { [holder].into() };
        edit.trail.accounts.extend(members);
    }
}

/// A grant to everybody: who loses it is not listed one by one. Accounts that integrations run on are looked at all the
/// same.
fn everybody(edit: &mut Edit<'_, '_>, grant: &Grant, place: &str) {
    let whom = match grant.holder {
        Holder::Anyone => "anybody on the web",
        Holder::LoggedIn => "everybody who is logged in",
        Holder::ApplicationRole => "everybody with a seat",
        Holder::Conditional => "whoever the issue names",
        _ => "whoever it names",
    };
    edit.trail.everybody_loses.push(format!("{} for {whom}{place}", grant.role));
    let mut machines = Vec::new();
    for resource in edit.inventory.of_kind(Kind::Integration) {
        machines.extend(super::people::accounts_of(edit.inventory, resource).into_iter().map(|one| one.id.clone()));
    }
    for resource in edit.inventory.of_kind(Kind::Credential) {
        if let Body::Credential(Credential {
            form, owner: Fact::Known(owner), last_used_at: Fact::Known(last), ..
        }) = &resource.body
        {
            let counts = !matches!(form, CredentialForm::SshKey | CredentialForm::DeployKey);
            if counts && (edit.now - *last).num_days() <= 35 {
                machines.push(owner.clone());
            }
        }
    }
    edit.trail.accounts.extend(machines);
}
