//! What follows by itself: roles and permissions that a product sums up for an account go when nothing else gives them.
//! Where it cannot be told what gave them, they stay, and the question is left open.

use std::collections::BTreeSet;

use super::edit::{Edit, around, direct_groups};
use crate::model::{
    Body, Container, Fact, Grant, GrantForm, Group, Holder, Kind, Principal, PrincipalType, Product, Resource,
    ResourceId,
};

/// Permissions on a whole self-hosted product that make an administrator of it, with the word on the account where there
/// is one.
const ADMINISTERING: [(&str, Option<&str>); 6] = [
    ("ADMINISTER", None),
    ("SYSTEM_ADMIN", None),
    ("ADMIN", Some("bitbucket/admin")),
    ("SYS_ADMIN", Some("bitbucket/sys-admin")),
    ("application administer", Some("confluence/administer")),
    ("system administer", Some("confluence/system-administer")),
];

/// Works out what follows from all changes together.
pub(super) fn follow(edit: &mut Edit<'_, '_>) {
    groups_that_administer(edit);
    groups_that_open(edit);
    let accounts: Vec<ResourceId> =
        edit.trail.accounts.iter().filter(|id| edit.principal(id).is_some()).cloned().collect();
    for account in &accounts {
        platform_roles(edit, account);
        server_roles(edit, account);
        asked_singly(edit, account);
        out_of_confluence(edit, account);
        no_longer_billed(edit, account);
    }
    repositories(edit, &accounts);
}

/// The groups that an account was in to begin with.
fn groups_before(edit: &Edit<'_, '_>, account: &ResourceId) -> BTreeSet<ResourceId> {
    let Some(principal) = edit.inventory.principal(account) else { return BTreeSet::new() };
    around(direct_groups(principal).cloned().collect(), |id| match edit.inventory.get(id).map(|group| &group.body) {
        Some(Body::Group(group)) => Some(group),
        _ => None,
    })
}

/// Grants that were there to begin with and are gone.
fn gone_grants<'a>(edit: &Edit<'_, 'a>, holder: &ResourceId) -> Vec<&'a Resource> {
    edit.inventory.grants_of(holder).filter(|grant| edit.get(&grant.id).is_none()).collect()
}

/// Roles of the organisation and its products that came to an account through groups.
fn platform_roles(edit: &mut Edit<'_, '_>, account: &ResourceId) {
    let (before, now) = (groups_before(edit, account), edit.groups_of(account));
    let gives = |edit: &Edit<'_, '_>, groups: &BTreeSet<ResourceId>, role: &Grant, still: bool| {
        groups.iter().any(|group| {
            edit.inventory.grants_of(group).any(|given| match &given.body {
                Body::Grant(grant) => {
                    grant.form == GrantForm::PlatformRole
                        && grant.role == role.role
                        && grant.container == role.container
                        && (!still || edit.get(&given.id).is_some())
                }
                _ => false,
            })
        })
    };
    let mut lost_roles: BTreeSet<String> = BTreeSet::new();
    for grant in gone_grants(edit, account) {
        if let Body::Grant(Grant { form: GrantForm::PlatformRole, role, .. }) = &grant.body {
            lost_roles.insert(role.clone());
        }
    }
    for id in edit.grants_of(account) {
        let Some(grant) = edit.grant(&id).cloned() else { continue };
        let Fact::Known(ways) = &grant.via else { continue };
        let through_groups = ways.iter().any(|way| way != "direct");
        if grant.form != GrantForm::PlatformRole || !through_groups {
            continue;
        }
        let was = gives(edit, &before, &grant, false);
        if !was || gives(edit, &now, &grant, true) {
            continue;
        }
        if ways.iter().any(|way| way == "direct") {
            let direct = Fact::Known(vec!["direct".to_owned()]);
            edit.change(&id, |resource| {
                if let Body::Grant(grant) = &mut resource.body {
                    grant.via = direct;
                }
            });
        } else {
            lost_roles.insert(grant.role.clone());
            edit.remove(&id);
        }
    }
    for role in lost_roles {
        let kept = edit
            .grants_of(account)
            .iter()
            .any(|id| edit.grant(id).is_some_and(|grant| grant.form == GrantForm::PlatformRole && grant.role == role));
        if !kept {
            edit.change_principal(account, |principal| {
                if let Fact::Known(roles) = &mut principal.platform_roles {
                    roles.retain(|own| *own != role);
                }
            });
        }
    }
    roles_of_unknown_origin(edit, account, &before, &now);
}

/// A role that the account is known to have, that a group gave which it is not in any more, and of which nobody told how it
/// came about.
fn roles_of_unknown_origin(
    edit: &mut Edit<'_, '_>,
    account: &ResourceId,
    before: &BTreeSet<ResourceId>,
    now: &BTreeSet<ResourceId>,
) {
    let Some(Principal { platform_roles: Fact::Known(roles), .. }) = edit.principal(account) else { return };
    let given_by = |groups: &BTreeSet<ResourceId>, role: &str, still: bool| {
        groups.iter().any(|group| {
            edit.inventory.grants_of(group).any(|given| {
                matches!(&given.body, Body::Grant(grant) if grant.form == GrantForm::PlatformRole && grant.role == role)
                    && (!still || edit.get(&given.id).is_some())
            })
        })
    };
    let told = |role: &str| {
        edit.grants_of(account).iter().any(|id| {
            edit.grant(id).is_some_and(|grant| {
                grant.form == GrantForm::PlatformRole && grant.role == role && !grant.via.is_unknown()
            })
        })
    };
    let open: Vec<String> = roles
        .iter()
        .filter(|role| given_by(before, role, false) && !given_by(now, role, true))
        .filter(|role| !told(role))
        .cloned()
        .collect();
    for role in open {
        let question = format!("whether {} keeps the role {role}", edit.name(account));
        edit.leave_open(question, "nobody told whether it was given to the account itself, too".to_owned());
    }
}

/// Words on an account of a self-hosted product that follow from permissions given to it on the whole product.
fn server_roles(edit: &mut Edit<'_, '_>, account: &ResourceId) {
    for grant in gone_grants(edit, account) {
        let Body::Grant(Grant { form: GrantForm::GlobalPermission, role, .. }) = &grant.body else { continue };
        let word = ADMINISTERING.iter().find(|(key, _)| key == role).and_then(|(_, word)| *word);
        let Some(word) = word else { continue };
        edit.change_principal(account, |principal| {
            if let Fact::Known(roles) = &mut principal.platform_roles {
                roles.retain(|own| own != word);
                if roles.is_empty() {
                    principal.platform_roles = Fact::Absent;
                }
            }
        });
    }
}

/// Whether a group of a self-hosted product still makes administrators, and whose seats it takes.
fn groups_that_administer(edit: &mut Edit<'_, '_>) {
    let groups: Vec<&Resource> = edit.inventory.of_kind(Kind::Group).collect();
    for group in groups {
        let gone: Vec<&Resource> = gone_grants(edit, &group.id);
        let global =
            |grant: &&Resource| matches!(&grant.body, Body::Grant(grant) if grant.form == GrantForm::GlobalPermission);
        for grant in gone.into_iter().filter(global) {
            let Body::Grant(Grant { role, container: Fact::Known(container), .. }) = &grant.body else { continue };
            if ADMINISTERING.iter().any(|(key, _)| key == role) {
                stop_administering(edit, &group.id);
            }
            if role == "application use" {
                give_up_seats(edit, &group.id, |body| body.parent.known() == Some(container));
            }
        }
    }
}

fn administers_itself(edit: &Edit<'_, '_>, group: &ResourceId) -> bool {
    edit.grants_of(group).iter().any(|id| {
        edit.grant(id).is_some_and(|grant| {
            grant.form == GrantForm::GlobalPermission && ADMINISTERING.iter().any(|(key, _)| *key == grant.role)
        })
    })
}

/// A group stops making administrators when neither it nor one around it may administer; so do those inside it.
fn stop_administering(edit: &mut Edit<'_, '_>, group: &ResourceId) {
    let mut round = vec![group.clone()];
    while let Some(group) = round.pop() {
        let Some(Group { administers: Fact::Known(true), .. }) = edit.group(&group) else { continue };
        let outer = around([group.clone()].into(), |id| edit.group(id));
        if outer.iter().any(|one| administers_itself(edit, one)) {
            continue;
        }
        if edit.group(&group).is_some_and(|group| group.inside.is_unknown()) {
            let question = format!("whether {} still makes administrators", edit.name(&group));
            edit.leave_open(question, "which groups it is inside of was not told".to_owned());
        }
        let told = edit.group(&group).is_some_and(|group| !group.inside.is_unknown());
        edit.change_group(&group, |group| group.administers = if told { Fact::Known(false) } else { Fact::Unknown });
        round.extend(edit.inside(&group));
    }
}

fn give_up_seats(edit: &mut Edit<'_, '_>, group: &ResourceId, of: impl Fn(&Container) -> bool) {
    let applications: Vec<ResourceId> = edit
        .inventory
        .of_kind(Kind::Container)
        .filter(|one| matches!(&one.body, Body::Container(body) if of(body)))
        .map(|one| one.id.clone())
        .collect();
    for application in applications {
        edit.change(&application, |resource| {
            if let Body::Container(Container { licence_groups: Fact::Known(groups), .. }) = &mut resource.body {
                groups.retain(|one| one != group);
            }
        });
    }
}

/// What a group opens in a product of the cloud follows from its role on that product. Where it has roles on several sites,
/// what it opens altogether is not taken apart.
fn groups_that_open(edit: &mut Edit<'_, '_>) {
    let groups: Vec<&Resource> = edit.inventory.of_kind(Kind::Group).collect();
    for group in groups {
        for gone in gone_grants(edit, &group.id) {
            let Body::Grant(Grant { form: GrantForm::PlatformRole, role, container: Fact::Known(container), .. }) =
                &gone.body
            else {
                continue;
            };
            let Some((product, site)) = product_and_site(container) else { continue };
            let word = match role.as_str() {
                "atlassian/user" => "user",
                "atlassian/admin" => "admin",
                _ => continue,
            };
            let family = |product: &str| if product.starts_with("jira") { "jira" } else { "confluence" }.to_owned();
            let elsewhere = edit.grants_of(&group.id).iter().any(|id| {
                edit.grant(id).is_some_and(|grant| {
                    let other = grant.container.known().and_then(product_and_site);
                    grant.role == *role && other.is_some_and(|(other, _)| family(&other) == family(&product))
                })
            });
            if elsewhere {
                let question = format!("what {} opens without “{}”", group.title(), gone.title());
                edit.leave_open(question, "it has the same role on another product or site".to_owned());
                continue;
            }
            let is_jira = family(&product) == "jira";
            edit.change_group(&group.id, |group| {
                let access = if is_jira { &mut group.jira_access } else { &mut group.confluence_access };
                if let Fact::Known(words) = access {
                    words.retain(|own| own != word);
                }
            });
            let opened: Vec<ResourceId> = edit
                .grants_of(&group.id)
                .into_iter()
                .filter(|id| {
                    edit.grant(id).is_some_and(|grant| {
                        let here = grant.container.known().is_some_and(|on| on.tenant() == site);
                        grant.form == GrantForm::ProductAccess && grant.role == word && here
                    })
                })
                .collect();
            opened.iter().for_each(|id| edit.remove(id));
            let tenant = site;
            let key = Fact::Known(product);
            let applications = edit.inventory.of_kind(Kind::Container).filter(|one| one.id.tenant() == tenant);
            let applications: Vec<ResourceId> = applications
                .filter(|one| matches!(&one.body, Body::Container(body) if body.key == key))
                .map(|one| one.id.clone())
                .collect();
            give_up_seats_of(edit, &group.id, &applications);
        }
    }
}

fn give_up_seats_of(edit: &mut Edit<'_, '_>, group: &ResourceId, applications: &[ResourceId]) {
    for application in applications {
        edit.change(application, |resource| {
            if let Body::Container(Container { licence_groups: Fact::Known(groups), .. }) = &mut resource.body {
                groups.retain(|one| one != group);
            }
        });
    }
}

/// Product and site of `product:ari:cloud:jira-software::site/<id>`.
pub(super) fn product_and_site(container: &ResourceId) -> Option<(String, String)> {
    let (product, site) = container.native().split("ari:cloud:").nth(1)?.split_once("::site/")?;
    Some((product.to_owned(), site.to_owned()))
}

/// Jira tells global permissions of machines, and of members of groups that administer: of these when it is asked for them
/// one by one. Who is in no such group any more administers no more, and is not asked.
fn asked_singly(edit: &mut Edit<'_, '_>, account: &ResourceId) {
    if account.tenant() != ResourceId::CLOUD {
        return;
    }
    let administers = |group: Option<&Group>| {
        let access = group.and_then(|group| group.jira_access.known());
        access.is_some_and(|words| words.iter().any(|word| word == "admin" || word == "site-admin"))
    };
    let before = groups_before(edit, account);
    let was = before.iter().any(|id| match edit.inventory.get(id).map(|group| &group.body) {
        Some(Body::Group(group)) => administers(Some(group)),
        _ => false,
    });
    let is = edit.groups_of(account).iter().any(|id| administers(edit.group(id)));
    if !was || is {
        return;
    }
    let is_machine = edit.principal(account).is_some_and(|principal| {
        matches!(
            principal.account_type,
            Fact::Known(PrincipalType::App | PrincipalType::ServiceAccount | PrincipalType::Agent)
        )
    });
    let by_role = edit.principal(account).is_some_and(|principal| {
        principal.platform_roles.known().is_some_and(|roles| !roles.is_empty()) || principal.platform_roles.is_unknown()
    });
    for id in edit.grants_of(account) {
        let sum = edit.grant(&id).is_some_and(|grant| {
            let administers = matches!(grant.role.as_str(), "ADMINISTER" | "SYSTEM_ADMIN");
            grant.form == GrantForm::GlobalPermission
                && grant.holder == Holder::Principal
                && (administers || !is_machine)
        });
        if !sum {
            continue;
        }
        if by_role {
            let question = format!("whether {} keeps “{}”", edit.name(account), edit.name(&id));
            edit.leave_open(question, "it may have it by its role in the organisation as well".to_owned());
        }
        edit.remove(&id);
    }
}

/// Confluence shows the members of groups that open it, without a word on whether they may log in: who is in none of them
/// any more is not shown.
fn out_of_confluence(edit: &mut Edit<'_, '_>, account: &ResourceId) {
    let opens = |group: Option<&Group>| {
        group.and_then(|group| group.confluence_access.known()).is_some_and(|words| !words.is_empty())
    };
    let before = groups_before(edit, account);
    let was = before.iter().any(|id| match edit.inventory.get(id).map(|group| &group.body) {
        Some(Body::Group(group)) => opens(Some(group)),
        _ => false,
    });
    if !was || edit.groups_of(account).iter().any(|id| opens(edit.group(id))) {
        return;
    }
    edit.change_principal(account, |principal| {
        if let Fact::Known(standings) = &mut principal.standings {
            standings.retain(|one| one.product != Product::Confluence || one.active != Fact::Absent);
        }
    });
}

/// Who is in no group has access to no product by one, and does not count towards Guard; a role of its own may still give
/// access.
fn no_longer_billed(edit: &mut Edit<'_, '_>, account: &ResourceId) {
    let Some(Principal { billable: Fact::Known(true), groups: Fact::Known(groups), .. }) = edit.principal(account)
    else {
        return;
    };
    if !groups.is_empty() || groups_before(edit, account).is_empty() {
        return;
    }
    let holds_role = |id: &ResourceId| edit.grant(id).is_some_and(|grant| grant.form == GrantForm::PlatformRole);
    let own = edit.grants_of(account).iter().any(holds_role);
    let billable = if own { Fact::Unknown } else { Fact::Known(false) };
    edit.change_principal(account, |principal| principal.billable = billable);
}

/// What Bitbucket sums up for an account on a repository.
fn repositories(edit: &mut Edit<'_, '_>, accounts: &[ResourceId]) {
    for account in accounts.iter().filter(|account| account.tenant() == ResourceId::CLOUD) {
        let (before, now) = (groups_before(edit, account), edit.groups_of(account));
        for id in edit.grants_of(account) {
            let Some(grant) = edit.grant(&id).cloned() else { continue };
            let (GrantForm::EffectiveRepositoryPermission, Fact::Known(repository)) = (grant.form, &grant.container)
            else {
                continue;
            };
            let had = given_on(edit, account, &before, repository, false);
            let has = given_on(edit, account, &now, repository, true);
            if had == has {
                continue;
            }
            if had != rank(&grant.role) {
                let question = format!("what {} may still do in {}", edit.name(account), edit.name(repository));
                let because = format!("Bitbucket says {}, and no grant that was read explains it", grant.role);
                edit.leave_open(question, because);
                continue;
            }
            match word(has) {
                None => edit.remove(&id),
                Some(word) => {
                    let name = format!("{word} for {}", edit.name(account));
                    edit.change(&id, |resource| {
                        resource.name = name;
                        if let Body::Grant(grant) = &mut resource.body {
                            word.clone_into(&mut grant.role);
                        }
                    });
                }
            }
        }
    }
}

/// The highest permission that grants give an account on a repository.
fn given_on(
    edit: &Edit<'_, '_>,
    account: &ResourceId,
    groups: &BTreeSet<ResourceId>,
    repository: &ResourceId,
    still: bool,
) -> u8 {
    let parent = match edit.inventory.get(repository).map(|resource| &resource.body) {
        Some(Body::Container(Container { parent: Fact::Known(parent), .. })) => Some(parent),
        _ => None,
    };
    let workspace = parent.and_then(|parent| match edit.inventory.get(parent).map(|resource| &resource.body) {
        Some(Body::Container(Container { parent: Fact::Known(outer), .. })) => Some(outer),
        _ => None,
    });
    let places = [Some(repository), parent, workspace].into_iter().flatten();
    let grants = places.flat_map(|place| edit.inventory.grants_on(place));
    let ranks = grants.filter(|grant| !still || edit.get(&grant.id).is_some()).filter_map(|grant| {
        let Body::Grant(grant) = &grant.body else { return None };
        let holds =
            grant.principal.known() == Some(account) || grant.group.known().is_some_and(|group| groups.contains(group));
        match grant.form {
            GrantForm::WorkspaceRole if holds => Some(if grant.role == "owner" { 3 } else { 0 }),
            GrantForm::RepositoryPermission | GrantForm::RepositoryProjectPermission if holds => {
                Some(rank(&grant.role))
            }
            _ => None,
        }
    });
    ranks.max().unwrap_or(0)
}

fn rank(role: &str) -> u8 {
    match role {
        "admin" => 3,
        "write" | "create-repo" => 2,
        "read" => 1,
        _ => 0,
    }
}

fn word(rank: u8) -> Option<&'static str> {
    match rank {
        3 => Some("admin"),
        2 => Some("write"),
        1 => Some("read"),
        _ => None,
    }
}
