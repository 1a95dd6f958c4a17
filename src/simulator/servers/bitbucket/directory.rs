//! Users, groups, and who may do what on the whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::super::estate::Estate;
use super::super::super::exchange::{Ask, Reply};
use super::super::access::Rank;
use super::pages::{MOST_USERS, caller, moment, no_user, of, page, refusal, sparse_page};
use super::{ADDRESS, Bitbucket, Grant, Grantee};

/// A user as everybody sees them.
pub(super) fn user(bitbucket: &Bitbucket, at: usize) -> Value {
    let user = &bitbucket.users[at];
    let slug = Bitbucket::slug(user);
    let mut row = json!({
        "name": user.name, "active": user.active, "displayName": user.title, "id": user.id, "slug": slug,
        "type": if user.service { "SERVICE" } else { "NORMAL" },
        "links": {"self": [{"href": format!("{ADDRESS}/users/{slug}")}]},
    });
    if !user.email.is_empty() {
        row["emailAddress"] = json!(user.email);
    }
    row
}

/// A user as administration shows them; to somebody who does not administer, without the last log-in.
fn detailed_user(bitbucket: &Bitbucket, at: usize, rank: Rank) -> Value {
    let known = &bitbucket.users[at];
    let mut row = user(bitbucket, at);
    row["directoryName"] = json!(known.directory);
    row["deletable"] = json!(known.account.is_none() && !known.service);
    row["mutableDetails"] = json!(known.account.is_none());
    row["mutableGroups"] = json!(true);
    if let Some(seen) = known.seen.filter(|_| rank >= Rank::Administrator) {
        row["lastAuthenticationTimestamp"] = json!(moment(seen));
    }
    row
}

/// Whether a user answers to what is searched for.
fn fits(bitbucket: &Bitbucket, at: usize, ask: &Ask) -> bool {
    let user = &bitbucket.users[at];
    ask.parameter("filter").is_none_or(|wanted| {
        let wanted = wanted.to_lowercase();
        [&user.name, &user.title, &user.email].iter().any(|text| text.to_lowercase().contains(&wanted))
    })
}

pub(super) fn admin_users(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    sparse_page(estate, ask, MOST_USERS, bitbucket.users.len(), |at| {
        fits(bitbucket, at, ask).then(|| detailed_user(bitbucket, at, ask.caller.rank))
    })
}

/// Active users whom Bitbucket did not make for itself; with filters those who have a permission, in effect.
pub(super) fn users(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let mut wanted: Vec<BTreeSet<usize>> = Vec::new();
    if let Some(name) = ask.parameter("group") {
        let group = bitbucket.groups.iter().find(|group| group.name == name);
        wanted.push(group.into_iter().flat_map(|group| group.members.iter().copied()).collect());
    }
    for (root, permission) in ask.query.iter().filter(|(key, _)| is_filter(key)) {
        match holders(bitbucket, ask, root, permission) {
            Ok(holders) => wanted.push(holders),
            Err(refusal) => return refusal,
        }
    }
    sparse_page(estate, ask, MOST_USERS, bitbucket.users.len(), |at| {
        let shown = bitbucket.users[at].active && !bitbucket.users[at].service && fits(bitbucket, at, ask);
        (shown && wanted.iter().all(|users| users.contains(&at))).then(|| user(bitbucket, at))
    })
}

/// Whether a parameter names a permission: `permission`, `permission.1` and so on.
fn is_filter(key: &str) -> bool {
    let number = key.strip_prefix("permission");
    number.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.').is_some_and(|rest| rest.parse::<u8>().is_ok()))
}

/// Everybody who has a permission in effect: directly, by a group, by default, or by a higher one.
fn holders(bitbucket: &Bitbucket, ask: &Ask, root: &str, permission: &str) -> Result<BTreeSet<usize>, Reply> {
    let named = |what: &str| ask.parameter(&format!("{root}.{what}"));
    let bad = || refusal(400, "The permission filter is not valid", "com.atlassian.bitbucket.rest.BadRequestException");
    let global = ["LICENSED_USER", "PROJECT_CREATE", "ADMIN", "SYS_ADMIN"];
    if let Some(place) = global.iter().position(|known| *known == permission) {
        return Ok(bitbucket.holders(&global[place..]));
    }
    let mut found = bitbucket.holders(&["ADMIN", "SYS_ADMIN"]);
    let on_project = ["PROJECT_READ", "PROJECT_WRITE", "PROJECT_ADMIN"];
    let on_repository = ["REPO_READ", "REPO_WRITE", "REPO_ADMIN"];
    let level = |names: &[&str], name: &str| names.iter().position(|known| *known == name);
    let id_is = |id: u64, given: Option<&str>| given.is_some_and(|given| id.to_string() == given);
    let wanted = level(&on_project, permission).or(level(&on_repository, permission)).ok_or_else(bad)?;
    let repository = bitbucket.repositories.iter().find(|one| id_is(one.id, named("repositoryId")));
    let repository = repository.or_else(|| {
        let place = bitbucket.find_repository(named("projectKey")?, named("repositorySlug")?)?;
        bitbucket.repositories.get(place)
    });
    let project = match repository {
        Some(repository) => Some(&bitbucket.projects[repository.project]),
        None => bitbucket.projects.iter().find(|one| {
            id_is(one.id, named("projectId"))
                || named("projectKey").is_some_and(|key| one.key.eq_ignore_ascii_case(key))
        }),
    };
    let project = project.ok_or_else(bad)?;
    let mut add = |grants: &[Grant], names: &[&str]| {
        for grant in grants.iter().filter(|grant| level(names, grant.permission).is_some_and(|has| has >= wanted)) {
            found.extend(bitbucket.reached(grant.to));
        }
    };
    add(&project.grants, &on_project);
    if let Some(repository) = repository {
        add(&repository.grants, &on_repository);
    }
    found.extend(project.owner);
    if project.default_permission.and_then(|name| level(&on_project, name)).is_some_and(|has| has >= wanted) {
        found.extend(bitbucket.holders(&global));
    }
    Ok(found)
}

/// One user, by slug.
pub(super) fn one_user(estate: &Estate, ask: &Ask) -> Reply {
    match of(estate).find_user(ask.segment(0)) {
        Some(at) => Reply::ok(user(of(estate), at)),
        None => no_user(ask.segment(0)),
    }
}

pub(super) fn groups(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let wanted = ask.parameter("filter").unwrap_or_default().to_lowercase();
    sparse_page(estate, ask, MOST_USERS, bitbucket.groups.len(), |at| {
        let name = &bitbucket.groups[at].name;
        name.to_lowercase().contains(&wanted).then(|| json!({"name": name, "deletable": at > 3}))
    })
}

pub(super) fn group_members(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let Some(name) = ask.parameter("context") else {
        return refusal(400, "The context is missing", "com.atlassian.bitbucket.rest.BadRequestException");
    };
    let Some(group) = bitbucket.groups.iter().find(|group| group.name == name) else {
        let exception = "com.atlassian.bitbucket.user.NoSuchGroupException";
        return refusal(404, &format!("The group {name} does not exist."), exception);
    };
    sparse_page(estate, ask, MOST_USERS, group.members.len(), |place| {
        let member = group.members[place];
        fits(bitbucket, member, ask).then(|| detailed_user(bitbucket, member, ask.caller.rank))
    })
}

/// The groups of a user. The description says otherwise; see the notes.
pub(super) fn user_groups(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let Some(name) = ask.parameter("context") else {
        return refusal(400, "The context is missing", "com.atlassian.bitbucket.rest.BadRequestException");
    };
    let Some(user) = bitbucket.users.iter().position(|user| user.name.eq_ignore_ascii_case(name)) else {
        return no_user(name);
    };
    let mine: Vec<&String> =
        bitbucket.groups.iter().filter(|group| group.members.contains(&user)).map(|group| &group.name).collect();
    page(estate, ask, MOST_USERS, &mine, |name| json!({"name": name, "deletable": true}))
}

pub(super) fn directories(_estate: &Estate, ask: &Ask) -> Reply {
    let mut rows = vec![
        json!({"name": "Active Directory", "type": "Microsoft Active Directory", "description": "", "active": true}),
        json!({"name": "Bitbucket Internal Directory", "type": "Internal", "description": "", "active": true}),
    ];
    if ask.parameter("includeInactive") == Some("true") {
        rows.push(json!({"name": "Old LDAP", "type": "OpenLDAP", "description": "Before the merger", "active": false}));
    }
    Reply::ok(Value::Array(rows))
}

pub(super) fn global_users(estate: &Estate, ask: &Ask) -> Reply {
    granted_users(estate, ask, &of(estate).global)
}

pub(super) fn global_groups(estate: &Estate, ask: &Ask) -> Reply {
    granted_groups(estate, ask, &of(estate).global)
}

/// Grants to users, one row for each with the highest permission.
pub(super) fn granted_users(estate: &Estate, ask: &Ask, grants: &[Grant]) -> Reply {
    let bitbucket = of(estate);
    let mut named: Vec<(usize, &str)> = Vec::new();
    for grant in grants {
        if let Grantee::User(user) = grant.to {
            named.push((user, grant.permission));
        }
    }
    let named = highest(named);
    sparse_page(estate, ask, MOST_USERS, named.len(), |place| {
        let (at, permission) = named[place];
        fits(bitbucket, at, ask).then(|| json!({"user": user(bitbucket, at), "permission": permission}))
    })
}

/// Grants to groups, likewise.
pub(super) fn granted_groups(estate: &Estate, ask: &Ask, grants: &[Grant]) -> Reply {
    let bitbucket = of(estate);
    let mut named: Vec<(usize, &str)> = Vec::new();
    for grant in grants {
        if let Grantee::Group(group) = grant.to {
            named.push((group, grant.permission));
        }
    }
    let named = highest(named);
    let wanted = ask.parameter("filter").unwrap_or_default().to_lowercase();
    sparse_page(estate, ask, MOST_USERS, named.len(), |place| {
        let (at, permission) = named[place];
        let name = &bitbucket.groups[at].name;
        let fits = name.to_lowercase().contains(&wanted);
        fits.then(|| json!({"group": {"name": name}, "permission": permission}))
    })
}

/// All permissions, the least first.
const LADDER: [&str; 11] = [
    "REPO_READ",
    "REPO_WRITE",
    "REPO_ADMIN",
    "PROJECT_READ",
    "PROJECT_WRITE",
    "REPO_CREATE",
    "PROJECT_ADMIN",
    "LICENSED_USER",
    "PROJECT_CREATE",
    "ADMIN",
    "SYS_ADMIN",
];

fn highest(named: Vec<(usize, &str)>) -> Vec<(usize, &str)> {
    let height = |name: &str| LADDER.iter().position(|known| *known == name);
    let mut kept: Vec<(usize, &str)> = Vec::new();
    for (at, permission) in named {
        match kept.iter_mut().find(|(known, _)| *known == at) {
            Some((_, known)) if height(known) < height(permission) => *known = permission,
            Some(_) => {}
            None => kept.push((at, permission)),
        }
    }
    kept
}

/// Limits on how fast somebody may ask.
pub(super) fn rate_limits(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"enabled": true, "defaultSettings": {"capacity": 100, "fillRate": 10}}))
}

pub(super) fn rate_limit_users(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let exempt = bitbucket.users.iter().position(|user| user.title == "Build runner");
    let exempt: Vec<usize> = exempt.into_iter().collect();
    page(estate, ask, MOST_USERS, &exempt, |at| json!({"user": user(bitbucket, *at), "whitelisted": true}))
}

pub(super) fn rate_limit_history(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let slowed = [caller(estate, ask)];
    let at = moment(estate.now) - 86_400_000;
    page(
        estate,
        ask,
        MOST_USERS,
        &slowed,
        |user_at| json!({"user": user(bitbucket, *user_at), "lastRejectTime": at, "rejectCount": 12}),
    )
}
