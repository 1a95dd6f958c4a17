//! Bitbucket repositories: what they are, who may do what on them, and what belongs to them.
//! Shapes follow the published OpenAPI description of Bitbucket Cloud; a test compares them.

use serde_json::{Value, json};

use super::bitbucket::{
    ADDRESS, deploy_key, group, groups_page, hook, moment, old_group, old_owner, owner, page, project_row, refusal,
    user, users_page, variable,
};
use super::estate::Estate;
use super::exchange::{Ask, Reply};
use super::repositories::{ADMINISTRATORS, Grantee, Repository, WORKSPACE};

pub(super) fn repositories(estate: &Estate, ask: &Ask) -> Reply {
    let all = &estate.workspace.repositories;
    page(ask, "/2.0/repositories/acme", all, |repository| repository_row(estate, repository))
}

fn repository_row(estate: &Estate, repository: &Repository) -> Value {
    let project = &estate.workspace.projects[repository.project];
    json!({
        "type": "repository", "uuid": repository.uuid, "full_name": format!("{WORKSPACE}/{}", repository.slug),
        "name": repository.slug, "slug": repository.slug, "is_private": repository.private, "scm": "git",
        "description": "", "language": "", "size": 48_213, "has_issues": false, "has_wiki": false,
        "fork_policy": if repository.private { "no_public_forks" } else { "allow_forks" },
        "created_on": moment(repository.created), "updated_on": moment(repository.updated),
        "owner": owner(estate), "project": project_row(estate, project),
        "mainbranch": {"type": "branch", "name": "main"},
        "links": {"self": {"href": format!("{ADDRESS}{}", path_of(repository, ""))},
            "html": {"href": format!("https://bitbucket.org/{WORKSPACE}/{}", repository.slug)}},
    })
}

fn path_of(repository: &Repository, tail: &str) -> String {
    format!("/2.0/repositories/{WORKSPACE}/{}{tail}", repository.slug)
}

/// Finds the repository that is asked about, and has it answered.
fn about(estate: &Estate, ask: &Ask, answer: impl FnOnce(&Repository) -> Reply) -> Reply {
    match estate.repository_called(ask.segment(1)) {
        Some(repository) => answer(repository),
        None => refusal(404, "You may not have access to this repository, or it no longer exists in this workspace"),
    }
}

pub(super) fn users(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        let path = path_of(repository, "/permissions-config/users");
        users_page(estate, ask, &path, "repository", &repository.grants, &repository_row(estate, repository))
    })
}

pub(super) fn groups(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        let path = path_of(repository, "/permissions-config/groups");
        groups_page(estate, ask, &path, "repository", &repository.grants, &repository_row(estate, repository))
    })
}

pub(super) fn variables(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        page(ask, &path_of(repository, "/pipelines_config/variables"), &repository.variables, variable)
    })
}

pub(super) fn environments(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        page(ask, &path_of(repository, "/environments"), &repository.environments, |environment| {
            let rank = if environment.name == "Production" { 2 } else { 1 };
            json!({"type": "deployment_environment", "uuid": environment.uuid, "name": environment.name,
                "environment_type": {"type": "deployment_environment_type", "name": environment.name, "rank": rank}})
        })
    })
}

pub(super) fn environment_variables(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        let Some(environment) = repository.environments.iter().find(|one| one.uuid == ask.segment(2)) else {
            return refusal(404, "There is no such deployment environment in the repository");
        };
        let tail = format!("/deployments_config/environments/{}/variables", environment.uuid);
        page(ask, &path_of(repository, &tail), &environment.variables, variable)
    })
}

/// Whether pipelines run. It is not found where nobody ever set it.
pub(super) fn pipelines_config(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| match repository.pipelines {
        None => refusal(404, "Pipelines are not configured for this repository"),
        Some(enabled) => Reply::ok(json!({
            "type": "repository_pipelines_configuration", "enabled": enabled,
            "repository": repository_row(estate, repository),
        })),
    })
}

pub(super) fn deploy_keys(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        let path = path_of(repository, "/deploy-keys");
        page(ask, &path, &repository.deploy_keys, |key| {
            let mut row = deploy_key(key, "deploy_key", &path);
            row["repository"] = repository_row(estate, repository);
            row["owner"] = user(&estate.workspace.members[1]);
            row
        })
    })
}

pub(super) fn hooks(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        let subject = repository_row(estate, repository);
        page(ask, &path_of(repository, "/hooks"), &repository.hooks, |one| hook(one, "repository", &subject))
    })
}

/// Nobody but administrators pushes or merges to the restricted branches, and nobody deletes or rewrites them.
pub(super) fn branch_restrictions(estate: &Estate, ask: &Ask) -> Reply {
    about(estate, ask, |repository| {
        let path = path_of(repository, "/branch-restrictions");
        let kinds: &[&str] =
            if repository.restricted.is_some() { &["push", "restrict_merges", "force", "delete"] } else { &[] };
        let first = repository.created.timestamp() % 1_000_000 * 10;
        let numbered: Vec<(i64, &str)> = (first..).zip(kinds.iter().copied()).collect();
        page(ask, &path, &numbered, |(id, kind)| {
            let administrators = group(&estate.workspace.groups[ADMINISTRATORS]);
            let let_in = if ["push", "restrict_merges"].contains(kind) { vec![administrators] } else { Vec::new() };
            json!({
                "type": "branchrestriction", "id": id, "kind": kind, "branch_match_kind": "glob",
                "pattern": repository.restricted,
                "users": [], "groups": let_in, "links": {"self": {"href": format!("{ADDRESS}{path}/{id}")}},
            })
        })
    })
}

/// Grants to groups on all repositories, in the old version of the API: a bare list without pages.
pub(super) fn group_privileges(estate: &Estate, _ask: &Ask) -> Reply {
    let all = estate.workspace.repositories.iter().flat_map(|repository| {
        repository.grants.iter().filter_map(move |grant| match grant.to {
            Grantee::Team(at) => Some((repository, &estate.workspace.groups[at], grant.permission)),
            Grantee::Member(_) => None,
        })
    });
    Reply::ok(
        all.map(|(repository, team, privilege)| {
            json!({
                "repo": format!("{WORKSPACE}/{}", repository.slug), "privilege": privilege,
                "group": old_group(estate, team),
                "repository": {"owner": old_owner(estate), "name": repository.slug, "slug": repository.slug},
            })
        })
        .collect(),
    )
}
