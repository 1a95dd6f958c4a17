//! Projects and repositories, who may do what in them, and which are not searched for secrets.

use serde_json::{Value, json};

use super::super::super::estate::Estate;
use super::super::super::exchange::{Ask, Reply};
use super::super::access::Rank;
use super::directory::{granted_groups, granted_users, user};
use super::pages::{
    MOST_PLACES, MOST_USERS, caller, forbidden, no_project, of, own_project, own_repository, page, refusal, sparse_page,
};
use super::{ADDRESS, Bitbucket, Grant, Grantee};

/// A project as it is shown.
pub(super) fn project(bitbucket: &Bitbucket, at: usize) -> Value {
    let project = &bitbucket.projects[at];
    let place = match project.owner {
        Some(owner) => format!("users/{}", Bitbucket::slug(&bitbucket.users[owner])),
        None => format!("projects/{}", project.key),
    };
    let mut row = json!({
        "key": project.key, "id": project.id, "name": project.name, "public": project.public,
        "type": if project.owner.is_some() { "PERSONAL" } else { "NORMAL" },
        "links": {"self": [{"href": format!("{ADDRESS}/{place}")}]},
    });
    if project.owner.is_none() {
        row["description"] = json!(format!("Work on {}", project.name));
    }
    row
}

/// A repository as it is shown. Before version 8 nothing could be archived.
pub(super) fn repository(bitbucket: &Bitbucket, at: usize) -> Value {
    let repository = &bitbucket.repositories[at];
    let key = &bitbucket.projects[repository.project].key;
    let mut row = json!({
        "slug": repository.slug, "id": repository.id, "name": repository.name, "hierarchyId": format!("{:020x}", repository.id),
        "scmId": "git", "state": "AVAILABLE", "statusMessage": "Available", "forkable": true,
        "project": project(bitbucket, repository.project), "public": repository.public,
        "links": {
            "clone": [{"href": format!("{ADDRESS}/scm/{}/{}.git", key.to_lowercase(), repository.slug), "name": "http"}],
            "self": [{"href": format!("{ADDRESS}/projects/{key}/repos/{}/browse", repository.slug)}],
        },
    });
    if bitbucket.installation.release.since(8, 0) {
        row["archived"] = json!(repository.archived);
    }
    if let Some(origin) = repository.origin {
        row["origin"] = self::repository(bitbucket, origin);
    }
    row
}

fn sees_all(ask: &Ask) -> bool {
    ask.caller.rank >= Rank::Administrator
}

pub(super) fn projects(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let me = caller(estate, ask);
    let wanted = ask.parameter("name").unwrap_or_default().to_lowercase();
    sparse_page(estate, ask, MOST_PLACES, bitbucket.projects.len(), |at| {
        let fits = bitbucket.projects[at].name.to_lowercase().contains(&wanted);
        (fits && (sees_all(ask) || bitbucket.sees_project(me, at))).then(|| project(bitbucket, at))
    })
}

pub(super) fn one_project(estate: &Estate, ask: &Ask) -> Reply {
    let Some(at) = of(estate).find_project(ask.segment(0)) else { return no_project(ask.segment(0)) };
    if !sees_all(ask) && !of(estate).sees_project(caller(estate, ask), at) {
        return forbidden();
    }
    Reply::ok(project(of(estate), at))
}

/// Repositories of all projects: those that are in use, unless `archived` asks for others.
pub(super) fn repositories(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let me = caller(estate, ask);
    let archived = ask.parameter("archived").unwrap_or("ACTIVE");
    let open = ask.parameter("visibility");
    if !["ACTIVE", "ARCHIVED", "ALL"].contains(&archived) || open.is_some_and(|it| !["public", "private"].contains(&it))
    {
        return refusal(400, "A filter has no such value", "com.atlassian.bitbucket.rest.BadRequestException");
    }
    // An old version does not know the filter, and leaves nothing out.
    let knows_archives = bitbucket.installation.release.since(8, 0);
    sparse_page(estate, ask, MOST_PLACES, bitbucket.repositories.len(), |at| {
        let one = &bitbucket.repositories[at];
        let state = !knows_archives || archived == "ALL" || (archived == "ARCHIVED") == one.archived;
        let public = one.public || bitbucket.projects[one.project].public;
        let open = open.is_none_or(|wanted| (wanted == "public") == public);
        (state && open && (sees_all(ask) || bitbucket.sees_repository(me, at))).then(|| repository(bitbucket, at))
    })
}

/// All repositories of a project, archived ones too.
pub(super) fn project_repositories(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let Some(project) = bitbucket.find_project(ask.segment(0)) else { return no_project(ask.segment(0)) };
    let me = caller(estate, ask);
    sparse_page(estate, ask, MOST_PLACES, bitbucket.repositories.len(), |at| {
        let fits = bitbucket.repositories[at].project == project;
        (fits && (sees_all(ask) || bitbucket.sees_repository(me, at))).then(|| repository(bitbucket, at))
    })
}

pub(super) fn project_users(estate: &Estate, ask: &Ask) -> Reply {
    match own_project(estate, ask) {
        Ok(project) => granted_users(estate, ask, &of(estate).projects[project].grants),
        Err(refusal) => refusal,
    }
}

pub(super) fn project_groups(estate: &Estate, ask: &Ask) -> Reply {
    match own_project(estate, ask) {
        Ok(project) => granted_groups(estate, ask, &of(estate).projects[project].grants),
        Err(refusal) => refusal,
    }
}

/// Whether everybody who is logged in has exactly this permission.
pub(super) fn default_permission(estate: &Estate, ask: &Ask) -> Reply {
    let project = match own_project(estate, ask) {
        Ok(project) => project,
        Err(refusal) => return refusal,
    };
    let wanted = ask.segment(1);
    if !["PROJECT_READ", "PROJECT_WRITE", "PROJECT_ADMIN", "REPO_CREATE"].contains(&wanted) {
        return refusal(400, "There is no such permission", "com.atlassian.bitbucket.rest.BadRequestException");
    }
    Reply::ok(json!({"permitted": of(estate).projects[project].default_permission == Some(wanted)}))
}

/// Direct and implied permissions: those of the project, and global ones.
pub(super) fn project_search(estate: &Estate, ask: &Ask) -> Reply {
    match own_project(estate, ask) {
        Ok(project) => searched(estate, ask, &[&of(estate).projects[project].grants, &of(estate).global]),
        Err(refusal) => refusal,
    }
}

pub(super) fn repository_users(estate: &Estate, ask: &Ask) -> Reply {
    match own_repository(estate, ask) {
        Ok(repository) => granted_users(estate, ask, &of(estate).repositories[repository].grants),
        Err(refusal) => refusal,
    }
}

pub(super) fn repository_groups(estate: &Estate, ask: &Ask) -> Reply {
    match own_repository(estate, ask) {
        Ok(repository) => granted_groups(estate, ask, &of(estate).repositories[repository].grants),
        Err(refusal) => refusal,
    }
}

pub(super) fn repository_search(estate: &Estate, ask: &Ask) -> Reply {
    let at = match own_repository(estate, ask) {
        Ok(repository) => repository,
        Err(refusal) => return refusal,
    };
    let repository = &of(estate).repositories[at];
    let project = &of(estate).projects[repository.project];
    searched(estate, ask, &[&repository.grants, &project.grants, &of(estate).global])
}

fn searched(estate: &Estate, ask: &Ask, levels: &[&Vec<Grant>]) -> Reply {
    let bitbucket = of(estate);
    let wanted: Vec<&str> =
        ask.query.iter().filter(|(key, _)| key == "permission").map(|(_, value)| value.as_str()).collect();
    let all: Vec<&Grant> = levels.iter().flat_map(|grants| grants.iter()).collect();
    sparse_page(estate, ask, MOST_USERS, all.len(), |place| {
        let grant = all[place];
        if !wanted.is_empty() && !wanted.contains(&grant.permission) {
            return None;
        }
        let (sort, whom) = match grant.to {
            Grantee::User(at) => ("user", user(bitbucket, at)),
            Grantee::Group(at) => ("group", json!({"name": bitbucket.groups[at].name})),
        };
        let kind = ask.parameter("type").is_none_or(|kind| kind.eq_ignore_ascii_case(sort));
        kind.then(|| json!({sort: whom, "permission": grant.permission}))
    })
}

/// Repositories that are not searched for secrets.
pub(super) fn exempt(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let exempt: Vec<usize> =
        (0..bitbucket.repositories.len()).filter(|at| bitbucket.repositories[*at].exempt).collect();
    page(estate, ask, MOST_PLACES, &exempt, |at| repository(bitbucket, *at))
}

/// Rules of the firm's own for what looks like a secret.
pub(super) fn scanning_rules(estate: &Estate, ask: &Ask) -> Reply {
    let rules = [json!({
        "id": 7, "name": "Own tokens", "lineRegex": "acme_[0-9a-f]{32}", "scope": {"resourceId": 0, "type": "GLOBAL"},
    })];
    page(estate, ask, MOST_PLACES, &rules, Value::clone)
}
