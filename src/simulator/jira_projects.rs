//! The Jira site: projects, project roles, permission schemes, and who may do what.
//! Shapes follow the published OpenAPI description of Jira Cloud; a test compares them.

use serde_json::{Map, Value, json};

use super::endpoints::Family;
use super::estate::{Actor, Estate, Grant, Holder, JIRA_ADMINS, JIRA_USERS, Project, ROLES, SITE_ADDRESS, Scheme, Who};
use super::exchange::{Ask, Reply};
use super::jira::{account, avatars, moment, page_bean};
use super::permissions::CATALOGUE;

/// Live projects, unless `status` asks for others.
pub(super) fn project_search(estate: &Estate, ask: &Ask) -> Reply {
    let wanted: Vec<&str> =
        ask.query.iter().filter(|(key, _)| key == "status").map(|(_, status)| status.as_str()).collect();
    let found = match (wanted.is_empty() || wanted.contains(&"live"), wanted.contains(&"archived")) {
        (true, true) => estate.listing("projects", || (0..estate.projects.len()).collect()),
        (true, false) => estate.listed_projects(false),
        (false, true) => estate.listed_projects(true),
        (false, false) => [].into(),
    };
    let expanded = ask.parameter("expand").unwrap_or_default();
    let status: String = wanted.iter().map(|status| format!("status={status}&")).collect();
    page_bean(ask, &format!("/rest/api/3/project/search?{status}"), 100, &found, |place| {
        project_row(estate, &estate.projects[*place], expanded)
    })
}

fn project_row(estate: &Estate, project: &Project, expanded: &str) -> Value {
    let mut row = json!({
        "self": project_link(project, ""), "id": project.id.to_string(), "key": project.key, "name": project.name,
        "avatarUrls": avatars(), "projectTypeKey": project.kind, "simplified": project.team_managed,
        "style": if project.team_managed { "next-gen" } else { "classic" }, "isPrivate": false, "properties": {},
    });
    if project.team_managed {
        row["uuid"] = json!(project.uuid);
    }
    if project.archived {
        row["archived"] = json!(true);
        row["archivedDate"] = json!(moment(project.last_issue));
        row["archivedBy"] = account(estate, Who::Person(project.lead));
    }
    if expanded.contains("lead") {
        row["lead"] = account(estate, Who::Person(project.lead));
    }
    if expanded.contains("insight") {
        row["insight"] = json!({"totalIssueCount": project.issues, "lastIssueUpdateTime": moment(project.last_issue)});
    }
    if expanded.contains("description") {
        row["description"] = json!(format!("Work on {}", project.name));
    }
    row
}

fn project_link(project: &Project, tail: &str) -> String {
    format!("{SITE_ADDRESS}/rest/api/3/project/{}{tail}", project.id)
}

/// A project by id or key. Ids follow one another, so that the id tells the place.
fn find_project<'a>(estate: &'a Estate, id_or_key: &str) -> Option<&'a Project> {
    match id_or_key.parse::<usize>() {
        Ok(id) => estate.projects.get(id.checked_sub(10_000)?),
        Err(_not_a_number) => estate.projects.iter().find(|project| project.key == id_or_key),
    }
}

fn no_project(id_or_key: &str) -> Reply {
    Reply::refusal(Family::Jira, 404, &format!("No project could be found with key '{id_or_key}'."))
}

/// All roles, each with who is in it in every new project.
pub(super) fn roles(estate: &Estate, _ask: &Ask) -> Reply {
    let rows = ROLES.iter().zip(&estate.default_actors).map(|((id, name, description), actors)| {
        let actors: Vec<Value> = actors.iter().map(|actor| role_actor(estate, actor)).collect();
        json!({"self": format!("{SITE_ADDRESS}/rest/api/3/role/{id}"), "id": id, "name": name,
            "description": description, "actors": actors})
    });
    Reply::ok(rows.collect())
}

pub(super) fn project_roles(estate: &Estate, ask: &Ask) -> Reply {
    let Some(project) = find_project(estate, ask.segment(0)) else {
        return no_project(ask.segment(0));
    };
    let links: Map<String, Value> = ROLES
        .iter()
        .map(|(id, name, _)| ((*name).to_owned(), json!(project_link(project, &format!("/role/{id}")))))
        .collect();
    Reply::ok(Value::Object(links))
}

pub(super) fn project_role(estate: &Estate, ask: &Ask) -> Reply {
    let Some(project) = find_project(estate, ask.segment(0)) else {
        return no_project(ask.segment(0));
    };
    let Some(place) = ROLES.iter().position(|(id, ..)| id.to_string() == ask.segment(1)) else {
        return Reply::refusal(Family::Jira, 404, "Cannot find the project role.");
    };
    let (id, name, description) = ROLES[place];
    let only_active = ask.parameter("excludeInactiveUsers") == Some("true");
    let shown = |actor: &&Actor| match actor.who {
        Holder::Account(who) => !only_active || estate.is_active(who),
        Holder::Group(_) => true,
    };
    let actors: Vec<Value> =
        project.actors[place].iter().filter(shown).map(|actor| role_actor(estate, actor)).collect();
    Reply::ok(json!({"self": project_link(project, &format!("/role/{id}")), "id": id, "name": name,
        "description": description, "actors": actors}))
}

fn role_actor(estate: &Estate, actor: &Actor) -> Value {
    match actor.who {
        Holder::Account(who) => {
            let shown = account(estate, who);
            json!({"id": actor.id, "type": "atlassian-user-role-actor", "displayName": shown["displayName"],
                "actorUser": {"accountId": shown["accountId"]}})
        }
        Holder::Group(at) => {
            let group = &estate.groups[at];
            json!({"id": actor.id, "type": "atlassian-group-role-actor", "displayName": group.name, "name": group.name,
                "actorGroup": {"name": group.name, "displayName": group.name, "groupId": group.id}})
        }
    }
}

/// Company-managed schemes only, with their grants when anything is expanded.
pub(super) fn schemes(estate: &Estate, ask: &Ask) -> Reply {
    let with_grants = ask.parameter("expand").is_some_and(|expand| !expand.is_empty());
    let company = estate.schemes.iter().filter(|scheme| scheme.owner.is_none());
    let rows: Vec<Value> = company.map(|found| scheme(estate, found, with_grants)).collect();
    Reply::ok(json!({"permissionSchemes": rows}))
}

pub(super) fn project_scheme(estate: &Estate, ask: &Ask) -> Reply {
    let Some(project) = find_project(estate, ask.segment(0)) else {
        return no_project(ask.segment(0));
    };
    let with_grants = ask.parameter("expand").is_some_and(|expand| !expand.is_empty());
    Reply::ok(scheme(estate, &estate.schemes[project.scheme], with_grants))
}

pub(super) fn scheme_grants(estate: &Estate, ask: &Ask) -> Reply {
    // Ids follow one another, so that the id tells the place.
    let place = ask.segment(0).parse::<usize>().ok().and_then(|id| id.checked_sub(10_000));
    let Some(found) = place.and_then(|place| estate.schemes.get(place)) else {
        return Reply::refusal(Family::Jira, 404, "The permission scheme was not found.");
    };
    let rows: Vec<Value> = found.grants.iter().map(|one| grant(found, one)).collect();
    Reply::ok(json!({"permissions": rows, "expand": "user,group,projectRole,field,all"}))
}

fn scheme(estate: &Estate, scheme: &Scheme, with_grants: bool) -> Value {
    let mut row = json!({
        "expand": "permissions,user,group,projectRole,field,all", "id": scheme.id, "name": scheme.name,
        "description": scheme.description, "self": format!("{SITE_ADDRESS}/rest/api/3/permissionscheme/{}", scheme.id),
    });
    if let Some(owner) = scheme.owner {
        let project = &estate.projects[owner];
        row["scope"] = json!({"type": "PROJECT",
            "project": {"id": project.id.to_string(), "key": project.key, "name": project.name}});
    }
    if with_grants {
        row["permissions"] = scheme.grants.iter().map(|one| grant(scheme, one)).collect();
    }
    row
}

fn grant(scheme: &Scheme, grant: &Grant) -> Value {
    let mut holder = json!({"type": grant.holder});
    if let Some(parameter) = &grant.parameter {
        holder["parameter"] = json!(parameter);
    }
    if let Some(value) = &grant.value {
        holder["value"] = json!(value);
    }
    json!({"id": grant.id, "permission": grant.permission, "holder": holder,
        "self": format!("{SITE_ADDRESS}/rest/api/3/permissionscheme/{}/permission/{}", scheme.id, grant.id)})
}

/// What the reader may do: everything on the site.
pub(super) fn my_permissions(_estate: &Estate, ask: &Ask) -> Reply {
    let Some(wanted) = ask.parameter("permissions").filter(|wanted| !wanted.is_empty()) else {
        return Reply::refusal(Family::Jira, 400, "The 'permissions' query parameter is required.");
    };
    let mut found = Map::new();
    for key in wanted.split(',') {
        let Some(place) = CATALOGUE.iter().position(|(known, ..)| *known == key) else {
            return Reply::refusal(Family::Jira, 400, &format!("Unrecognized permission: {key}"));
        };
        let mut row = permission(place);
        row["id"] = json!(place.to_string());
        row["havePermission"] = json!(key != "SYSTEM_ADMIN");
        found.insert(key.to_owned(), row);
    }
    Reply::ok(json!({"permissions": found}))
}

pub(super) fn permissions(_estate: &Estate, _ask: &Ask) -> Reply {
    let all: Map<String, Value> =
        CATALOGUE.iter().enumerate().map(|(place, (key, ..))| ((*key).to_owned(), permission(place))).collect();
    Reply::ok(json!({"permissions": all}))
}

fn permission(place: usize) -> Value {
    let (key, name, global) = CATALOGUE[place];
    let kind = if global { "GLOBAL" } else { "PROJECT" };
    json!({"key": key, "name": name, "type": kind, "description": format!("Ability to {}.", name.to_lowercase())})
}

/// The global permissions of one account, and those it has on projects (as project lead only).
pub(super) fn permissions_check(estate: &Estate, ask: &Ask) -> Reply {
    let account_id = ask.body.get("accountId").and_then(Value::as_str);
    let person = match account_id {
        None => Some(estate.reader),
        Some(id) => estate.find_person(id),
    };
    let admin = person.is_some_and(|at| {
        let person = &estate.people[at];
        person.groups.contains(&JIRA_ADMINS) || !person.platform_roles.is_empty()
    });
    let member = person.is_some_and(|at| estate.people[at].groups.contains(&JIRA_USERS));
    let global: Vec<&str> = ask
        .list("globalPermissions")
        .unwrap_or_default()
        .into_iter()
        .filter(|key| match *key {
            "ADMINISTER" => admin,
            "SYSTEM_ADMIN" => false,
            known => member && CATALOGUE.iter().any(|(key, _, global)| *global && *key == known),
        })
        .collect();
    let rows = ask.body.get("projectPermissions").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut granted = Vec::new();
    for row in &rows {
        let projects: Vec<u64> = row["projects"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        let led: Vec<u64> = projects
            .into_iter()
            .filter(|id| admin || find_project(estate, &id.to_string()).is_some_and(|at| Some(at.lead) == person))
            .collect();
        for key in row["permissions"].as_array().into_iter().flatten() {
            granted.push(json!({"permission": key, "projects": led, "issues": []}));
        }
    }
    Reply::ok(json!({"globalPermissions": global, "projectPermissions": granted}))
}
