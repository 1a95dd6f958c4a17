//! The Bitbucket workspace: its members, groups, projects, and what belongs to no single repository.
//! Shapes follow the published OpenAPI description of Bitbucket Cloud; a test compares them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::Estate;
use super::exchange::{Ask, Reply};
use super::repositories::{
    DeployKey, Grant, Grantee, Hook, Member, Project, Runner, SshKey, Team, Variable, WORKSPACE,
};

/// Public address of Bitbucket; links in answers name it, as real ones do.
pub(super) const ADDRESS: &str = "https://api.bitbucket.org";

/// Paths that reached across workspaces once.
pub(super) const WITHDRAWN: [&str; 4] =
    ["/2.0/repositories", "/2.0/workspaces", "/2.0/user/permissions/workspaces", "/2.0/user/permissions/repositories"];

/// The one workspace, which the caller administers.
pub(super) fn user_workspaces(estate: &Estate, ask: &Ask) -> Reply {
    let uuid = &estate.workspace.uuid;
    let row = json!({"type": "workspace_access", "administrator": true, "workspace": {
        "type": "workspace_base", "uuid": uuid, "slug": WORKSPACE, "links": links("/workspaces/acme"),
    }});
    let wanted = if ask.parameter("administrator") == Some("false") { Vec::new() } else { vec![row] };
    page(ask, "/2.0/user/workspaces", &wanted, Value::clone)
}

pub(super) fn own_permission(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(membership(estate, &estate.workspace.members[0], true))
}

pub(super) fn workspace(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(workspace_row(estate))
}

fn workspace_row(estate: &Estate) -> Value {
    json!({
        "type": "workspace", "uuid": estate.workspace.uuid, "slug": WORKSPACE, "name": "Acme", "is_private": true,
        "is_privacy_enforced": false, "forking_mode": "internal_only", "created_on": moment(estate.workspace.created),
        "links": links("/workspaces/acme"),
    })
}

/// Members; with `q=user.email IN (…)` only those, with their addresses if `fields` asks for them.
pub(super) fn members(estate: &Estate, ask: &Ask) -> Reply {
    let addresses: Option<Vec<&str>> = ask
        .parameter("q")
        .filter(|question| question.contains("user.email"))
        .map(|question| question.split('"').skip(1).step_by(2).collect());
    if addresses.as_ref().is_some_and(|addresses| addresses.len() > 90) {
        return refusal(400, "No more than 90 addresses at a time");
    }
    let fits = |member: &&Member| addresses.as_ref().is_none_or(|wanted| wanted.contains(&member.email.as_str()));
    let found: Vec<&Member> = estate.workspace.shown().filter(fits).collect();
    let told = addresses.is_some() && ask.parameter("fields").is_some_and(|fields| fields.contains("user.email"));
    page(ask, "/2.0/workspaces/acme/members", &found, |member| {
        let mut row = membership(estate, member, false);
        if told {
            row["user"]["email"] = json!(member.email);
        }
        row
    })
}

pub(super) fn permissions(estate: &Estate, ask: &Ask) -> Reply {
    let fits = |member: &&Member| match ask.parameter("q") {
        Some(question) if question.starts_with("permission") => question.contains(role(member)),
        _ => true,
    };
    let found: Vec<&Member> = estate.workspace.shown().filter(fits).collect();
    page(ask, "/2.0/workspaces/acme/permissions", &found, |member| membership(estate, member, true))
}

fn role(member: &Member) -> &'static str {
    if member.owner { "owner" } else { "member" }
}

fn membership(estate: &Estate, member: &Member, with_permission: bool) -> Value {
    let mut row = json!({
        "type": "workspace_membership", "user": user(member), "workspace": workspace_row(estate),
        "links": links(&format!("/workspaces/acme/members/{}", member.uuid)),
    });
    if with_permission {
        row["permission"] = json!(role(member));
    }
    row
}

pub(super) fn user(member: &Member) -> Value {
    json!({
        "type": "user", "uuid": member.uuid, "account_id": member.account, "display_name": member.name,
        "nickname": member.name.split(' ').next(), "account_status": "active", "created_on": moment(member.since),
        "links": links(&format!("/users/{}", member.uuid)),
    })
}

/// The highest permission of everybody on every repository.
pub(super) fn repository_permissions(estate: &Estate, ask: &Ask) -> Reply {
    let workspace = &estate.workspace;
    page(ask, "/2.0/workspaces/acme/permissions/repositories", &workspace.effective, |(place, member, permission)| {
        let repository = &workspace.repositories[*place];
        json!({
            "type": "repository_permission", "permission": permission, "user": user(&workspace.members[*member]),
            "repository": {"type": "repository", "uuid": repository.uuid, "name": repository.slug,
                "full_name": format!("{WORKSPACE}/{}", repository.slug)},
        })
    })
}

pub(super) fn projects(estate: &Estate, ask: &Ask) -> Reply {
    page(ask, "/2.0/workspaces/acme/projects", &estate.workspace.projects, |project| project_row(estate, project))
}

pub(super) fn project_row(estate: &Estate, project: &Project) -> Value {
    let open = estate.listing("projects with public repositories", || {
        estate.workspace.repositories.iter().filter(|one| !one.private).map(|one| one.project).collect()
    });
    let public = open.iter().any(|place| estate.workspace.projects[*place].key == project.key);
    json!({
        "type": "project", "uuid": project.uuid, "key": project.key, "name": project.name, "description": "",
        "is_private": true, "has_publicly_visible_repos": public, "owner": owner(estate),
        "created_on": moment(estate.workspace.created), "updated_on": moment(estate.workspace.created),
        "links": {"html": {"href": format!("https://bitbucket.org/acme/workspace/projects/{}", project.key)}},
    })
}

/// The workspace as an account.
pub(super) fn owner(estate: &Estate) -> Value {
    json!({
        "type": "team", "uuid": estate.workspace.uuid, "display_name": "Acme",
        "links": {"avatar": {"href": "https://bitbucket.org/workspaces/acme/avatar"}},
    })
}

fn find_project<'a>(estate: &'a Estate, ask: &Ask) -> Result<&'a Project, Reply> {
    let found = estate.workspace.projects.iter().find(|project| project.key == ask.segment(1));
    found.ok_or_else(|| refusal(404, "There is no project of this key in the workspace"))
}

pub(super) fn project_users(estate: &Estate, ask: &Ask) -> Reply {
    let project = match find_project(estate, ask) {
        Ok(project) => project,
        Err(refusal) => return refusal,
    };
    let path = format!("/2.0/workspaces/acme/projects/{}/permissions-config/users", project.key);
    users_page(estate, ask, &path, "project", &project.grants, &project_row(estate, project))
}

pub(super) fn project_groups(estate: &Estate, ask: &Ask) -> Reply {
    let project = match find_project(estate, ask) {
        Ok(project) => project,
        Err(refusal) => return refusal,
    };
    let path = format!("/2.0/workspaces/acme/projects/{}/permissions-config/groups", project.key);
    groups_page(estate, ask, &path, "project", &project.grants, &project_row(estate, project))
}

/// Explicit grants to accounts, of a project or a repository: `sort` says which, `on` is its row.
pub(super) fn users_page(estate: &Estate, ask: &Ask, path: &str, sort: &str, grants: &[Grant], on: &Value) -> Reply {
    let named = grants.iter().filter_map(|grant| match grant.to {
        Grantee::Member(at) => Some((&estate.workspace.members[at], grant.permission)),
        Grantee::Team(_) => None,
    });
    page(ask, path, &named.collect::<Vec<_>>(), |(member, permission)| {
        json!({
            "type": format!("{sort}_user_permission"), "permission": permission, "user": user(member), sort: on,
            "links": {"self": {"href": format!("{ADDRESS}{path}/{}", member.account)}},
        })
    })
}

/// Explicit grants to groups, likewise.
pub(super) fn groups_page(estate: &Estate, ask: &Ask, path: &str, sort: &str, grants: &[Grant], on: &Value) -> Reply {
    let named = grants.iter().filter_map(|grant| match grant.to {
        Grantee::Team(at) => Some((&estate.workspace.groups[at], grant.permission)),
        Grantee::Member(_) => None,
    });
    page(ask, path, &named.collect::<Vec<_>>(), |(team, permission)| {
        json!({
            "type": format!("{sort}_group_permission"), "permission": permission, "group": group(team), sort: on,
            "links": {"self": {"href": format!("{ADDRESS}{path}/{}", team.slug)}},
        })
    })
}

pub(super) fn group(team: &Team) -> Value {
    let full = format!("{WORKSPACE}:{}", team.slug);
    json!({"type": "group", "name": team.name, "slug": team.slug, "full_slug": full})
}

pub(super) fn project_deploy_keys(estate: &Estate, ask: &Ask) -> Reply {
    let project = match find_project(estate, ask) {
        Ok(project) => project,
        Err(refusal) => return refusal,
    };
    let path = format!("/2.0/workspaces/acme/projects/{}/deploy-keys", project.key);
    page(ask, &path, &project.deploy_keys, |key| {
        let mut row = deploy_key(key, "project_deploy_key", &path);
        row["project"] = project_row(estate, project);
        row["created_by"] = user(&estate.workspace.members[0]);
        row
    })
}

pub(super) fn deploy_key(key: &DeployKey, kind: &str, path: &str) -> Value {
    json!({
        "type": kind, "id": key.id, "key": key.text, "label": key.label, "comment": "ci@build.acme.example",
        "added_on": moment(key.added), "last_used": key.last_used.map(moment),
        "links": {"self": {"href": format!("{ADDRESS}{path}/{}", key.id)}},
    })
}

pub(super) fn variables(estate: &Estate, ask: &Ask) -> Reply {
    page(ask, "/2.0/workspaces/acme/pipelines-config/variables", &estate.workspace.variables, variable)
}

/// A variable. The value of a secured one is not told.
pub(super) fn variable(variable: &Variable) -> Value {
    let mut row = json!({
        "type": "pipeline_variable", "uuid": variable.uuid, "key": variable.key, "secured": variable.value.is_none(),
    });
    if let Some(value) = &variable.value {
        row["value"] = json!(value);
    }
    row
}

pub(super) fn hooks(estate: &Estate, ask: &Ask) -> Reply {
    let subject = workspace_row(estate);
    page(ask, "/2.0/workspaces/acme/hooks", &estate.workspace.hooks, |one| hook(one, "workspace", &subject))
}

pub(super) fn hook(hook: &Hook, sort: &str, subject: &Value) -> Value {
    json!({
        "type": "webhook_subscription", "uuid": hook.uuid, "url": hook.url, "description": hook.description,
        "subject_type": sort, "subject": subject, "active": hook.active, "created_at": moment(hook.created),
        "events": ["repo:push", "pullrequest:created"], "secret_set": hook.secret_set,
        "skip_cert_verification": hook.skips_verification,
    })
}

pub(super) fn runners(estate: &Estate, ask: &Ask) -> Reply {
    page(ask, "/2.0/workspaces/acme/pipelines-config/runners", &estate.workspace.runners, runner)
}

fn runner(runner: &Runner) -> Value {
    let mut row = json!({
        "type": "pipeline_runner", "uuid": runner.uuid, "name": runner.name, "labels": ["self.hosted", "linux"],
        "created_on": moment(runner.created), "updated_on": moment(runner.created),
        "state": {"type": "pipeline_runner_state", "status": if runner.online { "ONLINE" } else { "OFFLINE" },
            "version": {"type": "pipeline_runner_version", "version": "3.20.0", "current": "3.20.0"},
            "updated_on": moment(runner.created)},
        "oauth_client": {"type": "pipeline_runner_oauth_client", "id": runner.client,
            "token_endpoint": "https://auth.atlassian.com/oauth/token", "audience": "api.atlassian.com"},
    });
    if let Some(secret) = &runner.secret {
        row["oauth_client"]["secret"] = json!(secret);
    }
    row
}

/// SSH keys of the caller. Those of anybody else are refused.
pub(super) fn ssh_keys(estate: &Estate, ask: &Ask) -> Reply {
    let caller = &estate.workspace.members[0];
    if ask.segment(0) != caller.account && ask.segment(0) != caller.uuid {
        return refusal(403, "You may not see the SSH keys of this account");
    }
    let path = format!("/2.0/users/{}/ssh-keys", caller.uuid);
    page(ask, &path, &estate.workspace.ssh_keys, |key| ssh_key(key, caller))
}

fn ssh_key(key: &SshKey, caller: &Member) -> Value {
    json!({
        "type": "ssh_key", "uuid": key.uuid, "key": key.text, "label": key.label, "comment": "",
        "created_on": moment(key.created), "last_used": key.last_used.map(moment),
        "expires_on": key.expires.map(moment), "fingerprint": format!("SHA256:{}", key.text.chars().skip(40).collect::<String>()),
        "owner": user(caller), "links": links(&format!("/users/{}/ssh-keys/{}", caller.uuid, key.uuid)),
    })
}

/// Groups with their members, in the old version of the API: a bare list without pages.
pub(super) fn groups(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(estate.workspace.groups.iter().map(|team| old_group(estate, team)).collect())
}

pub(super) fn old_group(estate: &Estate, team: &Team) -> Value {
    let shown = team.members.iter().filter(|at| !estate.workspace.departed.contains(at));
    let members = shown.map(|at| old_account(&estate.workspace.members[*at]));
    json!({
        "name": team.name, "slug": team.slug, "permission": team.permission, "auto_add": false,
        "email_forwarding_disabled": false, "owner": old_owner(estate), "members": members.collect::<Vec<_>>(),
    })
}

fn old_account(member: &Member) -> Value {
    json!({
        "account_id": member.account, "uuid": member.uuid, "display_name": member.name,
        "nickname": member.name.split(' ').next(), "is_team": false, "is_staff": false,
        "avatar": "https://avatars.acme.example/b.png",
    })
}

pub(super) fn old_owner(estate: &Estate) -> Value {
    json!({
        "account_id": null, "uuid": estate.workspace.uuid, "display_name": "Acme", "nickname": WORKSPACE,
        "is_team": true, "avatar": "https://avatars.acme.example/b.png",
    })
}

pub(super) fn refusal(status: u16, text: &str) -> Reply {
    Reply::refusal(Family::Bitbucket, status, text)
}

fn links(path: &str) -> Value {
    json!({"self": {"href": format!("{ADDRESS}/2.0{path}")}})
}

/// A page in Bitbucket's wrapping.
pub(super) fn page<T>(ask: &Ask, path: &str, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let window = match ask.page_window() {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let number = window.start / window.limit + 1;
    let values: Vec<Value> = window.cut(all).iter().map(row).collect();
    let mut body = json!({"values": values, "page": number, "pagelen": window.limit, "size": all.len()});
    if !window.is_last(all.len()) {
        body["next"] = json!(format!("{ADDRESS}{path}?pagelen={}&page={}", window.limit, number + 1));
    }
    Reply::page_of(body, window)
}

/// A moment as Bitbucket writes it: microseconds, and an offset.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
