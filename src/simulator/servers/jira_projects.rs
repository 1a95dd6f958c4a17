//! Jira: projects, roles and permission schemes, as answers.

use serde_json::{Map, Value, json};

use super::super::endpoints::{Family, Host};
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::super::jira::avatars;
use super::JIRA_ADDRESS;
use super::access::Rank;
use super::jira_users::short_user;
use super::work::{ROLES, RoleActor, ServerGrant, ServerProject, ServerScheme};

/// All projects the caller can see, in one piece.
pub(super) fn projects(estate: &Estate, ask: &Ask) -> Reply {
    let archived_too = ask.parameter("includeArchived") == Some("true");
    let expanded = ask.parameter("expand").unwrap_or_default();
    let seen = |project: &&ServerProject| {
        (archived_too || !project.archived) && (ask.caller.rank >= Rank::Administrator || !project.closed)
    };
    Reply::ok(
        estate.servers.projects.iter().filter(seen).map(|project| project_row(estate, project, expanded)).collect(),
    )
}

fn project_row(estate: &Estate, project: &ServerProject, expanded: &str) -> Value {
    let mut row = json!({
        "expand": "description,lead,url,projectKeys", "self": project_link(project, ""), "id": project.id.to_string(),
        "key": project.key, "name": project.name, "avatarUrls": avatars(), "projectTypeKey": project.kind,
        "archived": project.archived, "projectCategory": {"self": format!("{JIRA_ADDRESS}/rest/api/2/projectCategory/10000"),
            "id": "10000", "name": "Business lines", "description": ""},
    });
    if expanded.contains("lead") {
        row["lead"] = short_user(estate, project.lead);
    }
    if expanded.contains("description") {
        row["description"] = json!(format!("Work on {}", project.name.to_lowercase()));
    }
    if expanded.contains("projectKeys") {
        row["projectKeys"] = json!([project.key]);
    }
    row
}

fn project_link(project: &ServerProject, tail: &str) -> String {
    format!("{JIRA_ADDRESS}/rest/api/2/project/{}{tail}", project.id)
}

fn no_project(id_or_key: &str) -> Reply {
    Reply::refusal(Family::JiraDc, 404, &format!("No project could be found with key '{id_or_key}'."))
}

/// All roles, each with who is in it in every new project.
pub(super) fn roles(estate: &Estate, _ask: &Ask) -> Reply {
    let rows = ROLES.iter().enumerate().map(|(place, (id, name, description))| {
        json!({"self": format!("{JIRA_ADDRESS}/rest/api/2/role/{id}"), "id": id, "name": name,
            "description": description, "actors": first_actors(estate, place)})
    });
    Reply::ok(rows.collect())
}

/// The actors that a role of a new project begins with.
pub(super) fn default_actors(estate: &Estate, ask: &Ask) -> Reply {
    match ROLES.iter().position(|(id, ..)| id.to_string() == ask.segment(0)) {
        Some(place) => Reply::ok(json!({"actors": first_actors(estate, place)})),
        None => Reply::refusal(Family::JiraDc, 404, "Cannot find the project role."),
    }
}

fn first_actors(estate: &Estate, place: usize) -> Vec<Value> {
    let actors = estate.servers.default_actors[place].iter().enumerate();
    actors.map(|(number, actor)| role_actor(estate, ROLES[place].0 * 100, number, *actor)).collect()
}

pub(super) fn project_roles(estate: &Estate, ask: &Ask) -> Reply {
    let Some(project) = estate.servers.project(ask.segment(0), ask.caller.rank) else {
        return no_project(ask.segment(0));
    };
    let links: Map<String, Value> = ROLES
        .iter()
        .map(|(id, name, _)| ((*name).to_owned(), json!(project_link(project, &format!("/role/{id}")))))
        .collect();
    Reply::ok(Value::Object(links))
}

pub(super) fn project_role(estate: &Estate, ask: &Ask) -> Reply {
    let Some(project) = estate.servers.project(ask.segment(0), ask.caller.rank) else {
        return no_project(ask.segment(0));
    };
    let Some(place) = ROLES.iter().position(|(id, ..)| id.to_string() == ask.segment(1)) else {
        return Reply::refusal(Family::JiraDc, 404, "Cannot find the project role.");
    };
    let (id, name, description) = ROLES[place];
    let actors = project.actors[place].iter().enumerate();
    let actors: Vec<Value> =
        actors.map(|(number, actor)| role_actor(estate, project.id * 100 + id * 10, number, *actor)).collect();
    Reply::ok(json!({"self": project_link(project, &format!("/role/{id}")), "id": id, "name": name,
        "description": description, "actors": actors}))
}

fn role_actor(estate: &Estate, first: u64, number: usize, actor: RoleActor) -> Value {
    let id = first + u64::try_from(number).expect("internal: few actors");
    let (kind, name, shown) = match actor {
        RoleActor::Account(place) => {
            let account = &estate.servers.accounts[place];
            ("atlassian-user-role-actor", &account.username, &account.name)
        }
        RoleActor::Group(place) => {
            let group = &estate.servers.groups[place];
            ("atlassian-group-role-actor", &group.name, &group.name)
        }
    };
    json!({"id": id, "displayName": shown, "type": kind, "name": name,
        "avatarUrl": "https://avatars.acme.example/16.png"})
}

/// All schemes at once; with their grants when anything is expanded.
pub(super) fn schemes(estate: &Estate, ask: &Ask) -> Reply {
    let rows: Vec<Value> = estate.servers.schemes.iter().map(|found| scheme(estate, ask, found)).collect();
    Reply::ok(json!({"permissionSchemes": rows}))
}

pub(super) fn one_scheme(estate: &Estate, ask: &Ask) -> Reply {
    match found_scheme(estate, ask) {
        Some(found) => Reply::ok(scheme(estate, ask, found)),
        None => Reply::refusal(Family::JiraDc, 404, "The permission scheme was not found."),
    }
}

pub(super) fn scheme_grants(estate: &Estate, ask: &Ask) -> Reply {
    let Some(found) = found_scheme(estate, ask) else {
        return Reply::refusal(Family::JiraDc, 404, "The permission scheme was not found.");
    };
    let rows: Vec<Value> = found.grants.iter().map(|one| grant(estate, found, one)).collect();
    Reply::ok(json!({"permissions": rows, "expand": "user,group,projectRole,field,all"}))
}

pub(super) fn project_scheme(estate: &Estate, ask: &Ask) -> Reply {
    match estate.servers.project(ask.segment(0), ask.caller.rank) {
        Some(project) => Reply::ok(scheme(estate, ask, &estate.servers.schemes[project.scheme])),
        None => no_project(ask.segment(0)),
    }
}

fn found_scheme<'a>(estate: &'a Estate, ask: &Ask) -> Option<&'a ServerScheme> {
    estate.servers.schemes.iter().find(|scheme| scheme.id.to_string() == ask.segment(0))
}

fn scheme(estate: &Estate, ask: &Ask, scheme: &ServerScheme) -> Value {
    let mut row = json!({
        "expand": "permissions,user,group,projectRole,field,all", "id": scheme.id, "name": scheme.name,
        "description": scheme.description, "self": format!("{JIRA_ADDRESS}/rest/api/2/permissionscheme/{}", scheme.id),
    });
    if ask.parameter("expand").is_some_and(|expand| !expand.is_empty()) {
        row["permissions"] = scheme.grants.iter().map(|one| grant(estate, scheme, one)).collect();
    }
    row
}

fn grant(estate: &Estate, scheme: &ServerScheme, grant: &ServerGrant) -> Value {
    let mut holder = json!({"type": grant.holder});
    if let Some(parameter) = &grant.parameter {
        holder["parameter"] = json!(parameter);
        match grant.holder {
            "group" => {
                let link = format!("{JIRA_ADDRESS}/rest/api/2/group?groupname={}", parameter.replace(' ', "+"));
                holder["group"] = json!({"name": parameter, "self": link});
                holder["expand"] = json!("group");
            }
            "projectRole" => {
                let role = ROLES.iter().find(|(id, ..)| id.to_string() == *parameter);
                let (id, name, description) = role.expect("internal: grants name roles that exist");
                let link = format!("{JIRA_ADDRESS}/rest/api/2/role/{id}");
                holder["projectRole"] = json!({"self": link, "id": id, "name": name, "description": description});
                holder["expand"] = json!("projectRole");
            }
            "user" => {
                let key = estate.servers.accounts.iter().position(|account| account.key(Host::JiraDc) == *parameter);
                if let Some(place) = key {
                    holder["user"] = short_user(estate, place);
                    holder["expand"] = json!("user");
                }
            }
            _ => {}
        }
    }
    json!({"id": grant.id, "permission": grant.permission, "holder": holder,
        "self": format!("{JIRA_ADDRESS}/rest/api/2/permissionscheme/{}/permission/{}", scheme.id, grant.id)})
}
