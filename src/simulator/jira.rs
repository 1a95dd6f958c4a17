//! The Jira site: accounts, groups, seats, projects, roles and permission schemes.
//! Shapes follow the published OpenAPI description of Jira Cloud; a test compares them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::endpoints::Family;
use super::estate::{
    AGENTS, Actor, Estate, Grant, Group, Holder, JIRA_ADMINS, JIRA_USERS, Project, ROLES, SITE_ADDRESS, Scheme, Who,
};
use super::exchange::{Ask, Reply, Window};
use super::permissions::CATALOGUE;

pub(super) fn tenant_info(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"cloudId": estate.cloud_id}))
}

pub(super) fn server_info(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({
        "baseUrl": SITE_ADDRESS, "displayUrl": SITE_ADDRESS, "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_289,
        "buildDate": "2026-11-18T09:12:44.000+0000", "serverTime": jira_moment(estate.now),
        "serverTimeZone": "Europe/Berlin", "scmInfo": "9f1c0b6a2d3e4f5061728394a5b6c7d8e9f00112",
        "serverTitle": "Acme Jira",
    }))
}

pub(super) fn myself(estate: &Estate, ask: &Ask) -> Reply {
    let mut row = account(estate, Who::Person(estate.reader));
    let person = &estate.people[estate.reader];
    row["emailAddress"] = json!(person.email);
    let expanded = ask.parameter("expand").unwrap_or_default();
    let groups: Vec<Value> = person.groups.iter().map(|group| group_name(&estate.groups[*group])).collect();
    let shown = if expanded.contains("groups") { groups.clone() } else { Vec::new() };
    row["groups"] = json!({"size": groups.len(), "items": shown});
    let seats = [(0, "jira-software", "Jira"), (1, "jira-servicedesk", "Jira Service Management")];
    let roles: Vec<Value> = seats
        .into_iter()
        .filter(|(product, ..)| person.holds_seat(*product))
        .map(|(_, key, name)| json!({"key": key, "name": name}))
        .collect();
    let shown = if expanded.contains("applicationRoles") { roles.clone() } else { Vec::new() };
    row["applicationRoles"] = json!({"size": roles.len(), "items": shown});
    row["locale"] = json!("en_GB");
    Reply::ok(row)
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

/// All accounts of the site: people, apps, customers. A bare list that ends with an empty one.
pub(super) fn users_search(estate: &Estate, ask: &Ask) -> Reply {
    let window = match ask.offset_window(50, 1000) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let rows = (window.start..window.start + window.limit).map_while(|place| estate.site_account(place));
    Reply::page_of(rows.map(|who| account(estate, who)).collect(), window)
}

fn account(estate: &Estate, who: Who) -> Value {
    let id = estate.account_id(who);
    let mut row = json!({
        "self": format!("{SITE_ADDRESS}/rest/api/3/user?accountId={id}"), "accountId": id,
        "active": estate.is_active(who), "avatarUrls": avatars(), "key": "", "name": "",
    });
    match who {
        Who::Person(at) => {
            let person = &estate.people[at];
            row["accountType"] = json!("atlassian");
            row["displayName"] = json!(person.name);
            row["timeZone"] = json!(person.time_zone);
            row["guest"] = json!(false);
            match (person.hides_email, at % 3) {
                (false, _) => row["emailAddress"] = json!(person.email),
                (true, 0) => row["emailAddress"] = json!(""),
                (true, 1) => row["emailAddress"] = Value::Null,
                (true, _) => {}
            }
        }
        Who::App(at) => {
            row["accountType"] = json!("app");
            row["appType"] = json!(estate.apps[at].app_type);
            row["displayName"] = json!(estate.apps[at].name);
        }
        Who::Customer(at) => {
            row["accountType"] = json!("customer");
            row["displayName"] = json!(estate.customers[at].name);
            row["emailAddress"] = json!(estate.customers[at].email);
        }
    }
    row
}

fn avatars() -> Value {
    let link = |size| format!("https://avatars.acme.example/{size}.png");
    json!({"16x16": link(16), "24x24": link(24), "32x32": link(32), "48x48": link(48)})
}

pub(super) fn group_bulk(estate: &Estate, ask: &Ask) -> Reply {
    let wanted = |place: usize, group: &Group| {
        let kind = match ask.parameter("accessType") {
            None => true,
            Some("site-admin") => false,
            Some("admin") => place == JIRA_ADMINS,
            Some(_) => group.access.iter().any(|(owner, role)| owner.starts_with("jira") && *role == "atlassian/user"),
        };
        let product =
            ask.parameter("applicationKey").is_none_or(|key| group.access.iter().any(|(owner, _)| *owner == key));
        let names: Vec<&str> =
            ask.query.iter().filter(|(key, _)| key == "groupName").map(|(_, name)| name.as_str()).collect();
        let ids: Vec<&str> = ask.query.iter().filter(|(key, _)| key == "groupId").map(|(_, id)| id.as_str()).collect();
        kind && product
            && (names.is_empty() || names.contains(&group.name.as_str()))
            && (ids.is_empty() || ids.contains(&group.id.as_str()))
    };
    let found: Vec<&Group> = estate
        .groups
        .iter()
        .enumerate()
        .filter(|(place, group)| wanted(*place, group))
        .map(|(_, group)| group)
        .collect();
    let row = |group: &&Group| json!({"name": group.name, "groupId": group.id});
    page_bean(ask, "/rest/api/3/group/bulk?", 50, &found, row)
}

pub(super) fn group_member(estate: &Estate, ask: &Ask) -> Reply {
    let group = match (ask.parameter("groupId"), ask.parameter("groupname")) {
        (Some(id), _) => estate.groups.iter().find(|group| group.id == id),
        (None, Some(name)) => estate.groups.iter().find(|group| group.name == name),
        (None, None) => return Reply::refusal(Family::Jira, 400, "'groupname' or 'groupId' must be provided"),
    };
    let Some(group) = group else {
        return Reply::refusal(Family::Jira, 404, "The group was not found.");
    };
    let inactive_too = ask.parameter("includeInactiveUsers") == Some("true");
    let path = format!("/rest/api/3/group/member?groupId={}&includeInactiveUsers={inactive_too}&", group.id);
    let row = |who: &Who| {
        let mut row = account(estate, *who);
        if let Some(row) = row.as_object_mut() {
            row.remove("appType");
            row.remove("guest");
        }
        row
    };
    if inactive_too {
        return page_bean(ask, &path, 50, &group.members, row);
    }
    let active: Vec<Who> = group.members.iter().copied().filter(|who| estate.is_active(*who)).collect();
    page_bean(ask, &path, 50, &active, row)
}

fn group_name(group: &Group) -> Value {
    json!({"name": group.name, "groupId": group.id, "self": format!("{SITE_ADDRESS}/rest/api/3/group?groupId={}", group.id)})
}

/// The seats of Jira and of Jira Service Management.
pub(super) fn application_roles(estate: &Estate, _ask: &Ask) -> Reply {
    let role = |product: usize, key: &str, name: &str, groups: &[usize], default: usize| {
        let (used, bought) = (estate.seats(product), estate.capacity[product]);
        let groups: Vec<&Group> = groups.iter().map(|at| &estate.groups[*at]).collect();
        let default = &estate.groups[default];
        json!({
            "key": key, "name": name, "groups": groups.iter().map(|group| &group.name).collect::<Vec<_>>(),
            "groupDetails": groups.iter().map(|group| group_name(group)).collect::<Vec<_>>(),
            "defaultGroups": [default.name], "defaultGroupsDetails": [group_name(default)],
            "selectedByDefault": product == 0, "defined": true, "numberOfSeats": bought,
            "remainingSeats": bought.saturating_sub(used), "userCount": used,
            "userCountDescription": format!("{used} users"), "hasUnlimitedSeats": false, "platform": false,
        })
    };
    Reply::ok(json!([
        role(0, "jira-software", "Jira Software", Estate::seat_groups(0), JIRA_USERS),
        role(1, "jira-servicedesk", "Jira Service Management", Estate::seat_groups(1), AGENTS),
    ]))
}

pub(super) fn license(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"applications": [
        {"id": "jira-core", "plan": "UNLICENSED"},
        {"id": "jira-servicedesk", "plan": "PAID"},
        {"id": "jira-software", "plan": "PAID"},
    ]}))
}

pub(super) fn license_count(estate: &Estate, _ask: &Ask) -> Reply {
    let count = estate.people.iter().filter(|person| person.holds_seat(0) || person.holds_seat(1)).count();
    Reply::ok(json!({"key": "license.totalApproximateUserCount", "value": count.to_string()}))
}

/// Live projects, unless `status` asks for others.
pub(super) fn project_search(estate: &Estate, ask: &Ask) -> Reply {
    let wanted: Vec<&str> =
        ask.query.iter().filter(|(key, _)| key == "status").map(|(_, status)| status.as_str()).collect();
    let state = |project: &Project| if project.archived { "archived" } else { "live" };
    let fits = |project: &&Project| {
        if wanted.is_empty() { !project.archived } else { wanted.contains(&state(project)) }
    };
    let found: Vec<&Project> = estate.projects.iter().filter(fits).collect();
    let expanded = ask.parameter("expand").unwrap_or_default();
    let status: String = wanted.iter().map(|status| format!("status={status}&")).collect();
    page_bean(ask, &format!("/rest/api/3/project/search?{status}"), 100, &found, |project| {
        project_row(estate, project, expanded)
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
        row["entityId"] = json!(project.uuid);
    }
    if project.archived {
        row["archived"] = json!(true);
        row["archivedDate"] = json!(jira_moment(project.last_issue));
        row["archivedBy"] = account(estate, Who::Person(project.lead));
    }
    if expanded.contains("lead") {
        row["lead"] = account(estate, Who::Person(project.lead));
    }
    if expanded.contains("insight") {
        row["insight"] =
            json!({"totalIssueCount": project.issues, "lastIssueUpdateTime": jira_moment(project.last_issue)});
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

pub(super) fn roles(_estate: &Estate, _ask: &Ask) -> Reply {
    let rows = ROLES.iter().map(|(id, name, description)| {
        json!({"self": format!("{SITE_ADDRESS}/rest/api/3/role/{id}"), "id": id, "name": name,
            "description": description, "actors": []})
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
    let Some(found) = estate.schemes.iter().find(|scheme| scheme.id.to_string() == ask.segment(0)) else {
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

/// A page in Jira's usual wrapping. `path` ends where the paging parameters begin.
fn page_bean<T>(ask: &Ask, path: &str, most: usize, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let window: Window = match ask.offset_window(50, most) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let link = |start: usize| format!("{SITE_ADDRESS}{path}startAt={start}&maxResults={}", window.limit);
    let last = window.is_last(all.len());
    let mut body = json!({
        "self": link(window.start), "startAt": window.start, "maxResults": window.limit, "total": all.len(),
        "isLast": last, "values": window.cut(all).iter().map(row).collect::<Vec<_>>(),
    });
    if !last {
        body["nextPage"] = json!(link(window.start + window.limit));
    }
    Reply::page_of(body, window)
}

/// A moment as Jira writes it: milliseconds, and no colon in the offset.
fn jira_moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
