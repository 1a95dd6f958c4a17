//! The Confluence site, in both versions of its API, and the automation rules of its spaces.
//! Shapes follow the published OpenAPI descriptions of Confluence Cloud; a test compares them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{CONFLUENCE_USERS, Estate, ORG_ADMINS, SITE_ADDRESS, Standing, Who};
use super::exchange::{Ask, Reply, encoded};
use super::org::account_status;
use super::spaces::{Holding, Level, Principal, Space};

/// Address of Confluence; links of pages count from here.
fn base() -> String {
    format!("{SITE_ADDRESS}/wiki")
}

pub(super) fn current_user(estate: &Estate, ask: &Ask) -> Reply {
    let mut row = user(estate, Who::Person(estate.reader));
    row["email"] = json!(estate.people[estate.reader].email);
    if ask.parameter("expand").unwrap_or_default().contains("operations") {
        row["operations"] = json!([
            {"operation": "administer", "targetType": "application"}, {"operation": "use", "targetType": "application"},
        ]);
    }
    Reply::ok(row)
}

pub(super) fn system_info(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({
        "cloudId": estate.cloud_id, "commitHash": "4be1a0c9d2f7", "baseUrl": base(), "edition": "STANDARD",
        "siteTitle": "Acme Confluence", "defaultLocale": "en_GB", "defaultTimeZone": "Europe/Berlin",
    }))
}

/// All groups of the organisation by name, or those that give some access to Confluence.
pub(super) fn groups(estate: &Estate, ask: &Ask) -> Reply {
    let wanted = |place: usize| match ask.parameter("accessType") {
        None => true,
        Some("user") => place == CONFLUENCE_USERS,
        Some(_) => place == ORG_ADMINS,
    };
    let access = ask.parameter("accessType");
    let found = estate.listing(&format!("groups of Confluence by {access:?}"), || {
        let mut found: Vec<usize> =
            estate.live_groups().map(|(place, _)| place).filter(|place| wanted(*place)).collect();
        found.sort_by(|a, b| estate.groups[*a].name.cmp(&estate.groups[*b].name));
        found
    });
    let kind = ask.parameter("accessType").map(|kind| format!("accessType={kind}&")).unwrap_or_default();
    start_page(ask, &format!("/rest/api/group?{kind}"), 200, &found, |place| {
        let group = &estate.groups[*place];
        json!({
            "type": "group", "name": group.name, "id": group.id, "usageType": "USERBASE_GROUP",
            "managedBy": if group.external { "EXTERNAL" } else { "ADMINS" },
            "_links": {"self": format!("{}/rest/api/group/by-id?id={}", base(), group.id)},
        })
    })
}

/// Members of a group. Suspended people are left out, and nothing tells so.
pub(super) fn group_members(estate: &Estate, ask: &Ask) -> Reply {
    let Some(group) = estate.group_of_id(ask.segment(0)) else {
        return Reply::refusal(Family::Confluence, 404, "There is no group with this id");
    };
    let shown = |at: &usize| match group.members[*at] {
        Who::Person(at) => estate.people[at].standing != Standing::Suspended,
        Who::App(_) | Who::Customer(_) => true,
    };
    let members = estate
        .listing(&format!("Confluence members of {}", group.id), || (0..group.members.len()).filter(shown).collect());
    let path = format!("/rest/api/group/{}/membersByGroupId?", group.id);
    start_page(ask, &path, 200, &members, |at| {
        let mut row = user(estate, group.members[*at]);
        if ask.parameter("expand").unwrap_or_default().contains("isExternalCollaborator") {
            row["isExternalCollaborator"] = json!(false);
        }
        row
    })
}

/// People with a seat in Confluence; with `sitePermissionTypeFilter=all`, all accounts but customers.
pub(super) fn users(estate: &Estate, ask: &Ask) -> Reply {
    let Some(cql) = ask.parameter("cql") else {
        return Reply::refusal(Family::Confluence, 400, "cql is missing");
    };
    let filter = ask.parameter("sitePermissionTypeFilter").unwrap_or("none");
    // Places among all accounts of the site.
    let found = estate.listing(&format!("accounts of Confluence by {filter}"), || match filter {
        "all" => (0..estate.on_site.len() + estate.apps.len()).collect(),
        "externalCollaborator" => Vec::new(),
        _ => (0..estate.on_site.len()).filter(|at| estate.people[estate.on_site[*at]].holds_seat(2)).collect(),
    });
    let path =
        format!("/rest/api/search/user?cql={}&sitePermissionTypeFilter={filter}&", encoded(cql).replace(' ', "%20"));
    let mut reply = start_page(ask, &path, 25, &found, |place| {
        let who = estate.site_account(*place).expect("internal: it was listed");
        let user = user(estate, who);
        let (title, id) = (user["displayName"].clone(), estate.account_id(who));
        json!({
            "user": user, "title": title, "excerpt": "", "url": format!("/people/{id}"), "breadcrumbs": [],
            "entityType": "user", "iconCssClass": "aui-icon aui-iconfont-user",
            "lastModified": moment(estate.people[estate.steward].added), "score": 0.0,
        })
    });
    if reply.status == 200 {
        reply.body["cqlQuery"] = json!(cql);
        reply.body["searchDuration"] = json!(12);
        reply.body["totalSize"] = json!(found.len());
    }
    reply
}

fn user(estate: &Estate, who: Who) -> Value {
    let id = estate.account_id(who);
    let (kind, name, email, zone) = match who {
        Who::Person(at) => {
            let person = &estate.people[at];
            let email = if person.hides_email { "" } else { &person.email };
            ("atlassian", &person.name, email, Some(person.time_zone))
        }
        Who::App(at) => ("app", &estate.apps[at].name, "", None),
        Who::Customer(at) => ("", &estate.customers[at].name, "", None),
    };
    json!({
        "type": "known", "accountId": id, "accountType": kind, "email": email, "publicName": name, "displayName": name,
        "timeZone": zone, "isGuest": false, "externalCollaborator": false,
        "profilePicture": {"path": "/wiki/aa-avatar/p", "width": 48, "height": 48, "isDefault": false},
        "_expandable": {"operations": "", "personalSpace": ""},
        "_links": {"self": format!("{}/rest/api/user?accountId={id}", base())},
    })
}

/// Accounts by id, up to 250; ids that nobody has are left out.
pub(super) fn users_bulk(estate: &Estate, ask: &Ask) -> Reply {
    let Some(wanted) = ask.list("accountIds").filter(|ids| (1..=250).contains(&ids.len())) else {
        return Reply::refusal(Family::ConfluenceV2, 400, "accountIds must list 1 to 250 account ids");
    };
    let rows: Vec<Value> = wanted.into_iter().filter_map(|id| bulk_user(estate, id)).collect();
    Reply::ok(json!({"results": rows, "_links": {"base": base()}}))
}

fn bulk_user(estate: &Estate, id: &str) -> Option<Value> {
    let (kind, status, name) = if let Some(at) = estate.find_person(id) {
        let person = &estate.people[at];
        let status = match account_status(person.standing) {
            known @ ("active" | "inactive" | "closed") => known,
            _ => "unknown",
        };
        ("atlassian", status, &person.name)
    } else if let Some(app) = estate.apps.iter().find(|app| app.id == id) {
        ("app", if app.active { "active" } else { "inactive" }, &app.name)
    } else {
        ("customer", "active", &estate.customers.iter().find(|customer| customer.id == id)?.name)
    };
    let mut row = json!({
        "accountId": id, "accountType": kind, "accountStatus": status, "displayName": name, "publicName": name,
        "email": "", "isExternalCollaborator": false, "profilePicture": {"path": "/wiki/aa-avatar/p", "isDefault": false},
    });
    if let Some(person) = estate.find_person(id).map(|at| &estate.people[at]) {
        row["timeZone"] = json!(person.time_zone);
        if !person.hides_email {
            row["email"] = json!(person.email);
        }
    }
    let key = format!("~{}", id.replace([':', '-'], ""));
    if let Some(place) = estate.space_of_key(&key) {
        row["personalSpaceId"] = json!(estate.wiki.spaces[place].id.to_string());
    }
    Some(row)
}

/// Spaces, current and archived ones alike unless `status` or `type` ask for some.
pub(super) fn spaces(estate: &Estate, ask: &Ask) -> Reply {
    let status = |space: &Space| if space.archived { "archived" } else { "current" };
    let fits = |space: &Space| {
        ask.parameter("status").is_none_or(|wanted| wanted == status(space))
            && ask.parameter("type").is_none_or(|wanted| wanted == space.kind)
    };
    let asked = ["status", "type"].map(|name| ask.parameter(name));
    let found = estate.listing(&format!("spaces by {asked:?}"), || {
        (0..estate.wiki.spaces.len()).filter(|place| fits(&estate.wiki.spaces[*place])).collect()
    });
    let filters: String =
        ["status", "type"].into_iter().filter_map(|name| Some(format!("{name}={}&", ask.parameter(name)?))).collect();
    v2_page(ask, &format!("/wiki/api/v2/spaces?{filters}"), &found, |place| {
        let space = &estate.wiki.spaces[*place];
        json!({
            "id": space.id.to_string(), "key": space.key, "name": space.name, "type": space.kind,
            "status": status(space), "authorId": estate.people[space.author].id, "createdAt": moment(space.created),
            "currentActiveAlias": space.key, "homepageId": (space.id + 101).to_string(),
            "_links": {"webui": format!("/spaces/{}", space.key)},
        })
    })
}

fn no_space() -> Reply {
    Reply::refusal(Family::ConfluenceV2, 404, "There is no such space, or you may not view it")
}

/// Grants of a space, as far as the mode keeps rights there.
pub(super) fn space_permissions(estate: &Estate, ask: &Ask) -> Reply {
    let Some(space) = estate.wiki.find(ask.segment(0)) else { return no_space() };
    let granted = |(_, holding): &(u64, &Holding)| estate.wiki.in_grants(holding.told) && is_there(estate, holding);
    let rows: Vec<Value> = (0..)
        .zip(&space.holders)
        .filter(granted)
        .flat_map(|(place, holding)| grants(estate, space, place, *holding))
        .collect();
    v2_page(ask, &format!("/wiki/api/v2/spaces/{}/permissions?", space.id), &rows, Value::clone)
}

/// Whoever is gone holds nothing; the ids of what others hold stay.
fn is_there(estate: &Estate, holding: &Holding) -> bool {
    !matches!(holding.who, Principal::Group(at) if estate.deleted_groups.contains(&at))
}

/// One row for each thing that may be done.
fn grants(estate: &Estate, space: &Space, place: u64, holding: Holding) -> Vec<Value> {
    let (kind, id) = match holding.who {
        Principal::Account(who) => ("user", estate.account_id(who)),
        Principal::Group(at) => ("group", estate.groups[at].id.as_str()),
        Principal::Class(name) => ("role", name),
    };
    let operations = (0_u64..).zip(holding.level.operations());
    operations
        .map(|(number, (operation, target))| {
            json!({
                "id": (space.id * 1000 + place * 20 + number).to_string(), "principal": {"type": kind, "id": id},
                "operation": {"key": operation, "targetType": target},
            })
        })
        .collect()
}

pub(super) fn space_role_mode(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"mode": estate.wiki.mode}))
}

/// The roles; none before Confluence begins to move to them.
pub(super) fn space_roles(estate: &Estate, ask: &Ask) -> Reply {
    let named = [
        (Level::Viewer, "Viewer", "Can read"),
        (Level::Collaborator, "Collaborator", "Can read and write"),
        (Level::Manager, "Manager", "Can also delete what others wrote"),
        (Level::Admin, "Admin", "Can do everything in the space"),
    ];
    let roles: Vec<Value> = named
        .into_iter()
        .zip(&estate.wiki.roles)
        .filter(|_| estate.wiki.mode != "PRE_ROLES")
        .map(|((level, name, description), id)| {
            let rights = level.operations().iter().map(|(operation, target)| format!("{operation}/{target}"));
            json!({"id": id, "type": "SYSTEM", "name": name, "description": description,
                "spacePermissions": rights.collect::<Vec<_>>()})
        })
        .collect();
    v2_page(ask, "/wiki/api/v2/space-roles?", &roles, Value::clone)
}

/// Role assignments of a space, as far as the mode keeps rights there.
pub(super) fn space_role_assignments(estate: &Estate, ask: &Ask) -> Reply {
    let Some(space) = estate.wiki.find(ask.segment(0)) else { return no_space() };
    let fits = |row: &Value| {
        let wanted =
            |name: &str, at: &str| ask.parameter(name).is_none_or(|text| row.pointer(at) == Some(&json!(text)));
        wanted("principal-type", "/principal/principalType")
            && wanted("principal-id", "/principal/principalId")
            && wanted("role-id", "/roleId")
    };
    let rows: Vec<Value> = space
        .holders
        .iter()
        .filter(|holding| estate.wiki.in_roles(holding.told) && is_there(estate, holding))
        .map(|holding| {
            let (kind, id) = match holding.who {
                Principal::Account(who) => ("USER", estate.account_id(who)),
                Principal::Group(at) => ("GROUP", estate.groups[at].id.as_str()),
                Principal::Class(name) => ("ACCESS_CLASS", name),
            };
            let role = Level::ALL.iter().zip(&estate.wiki.roles).find(|(level, _)| **level == holding.level);
            json!({"principal": {"principalType": kind, "principalId": id}, "roleId": role.map(|(_, id)| id)})
        })
        .filter(fits)
        .collect();
    v2_page(ask, &format!("/wiki/api/v2/spaces/{}/role-assignments?", space.id), &rows, Value::clone)
}

/// The audit log: that spaces were made, the latest first.
pub(super) fn audit(estate: &Estate, ask: &Ask) -> Reply {
    let limit = |name: &str| ask.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let (from, to) = (limit("startDate").unwrap_or(i64::MIN), limit("endDate").unwrap_or(i64::MAX));
    let made = estate.listing(&format!("spaces made from {from} to {to}"), || {
        let spaces = &estate.wiki.spaces;
        let fits = |place: &usize| (from..=to).contains(&spaces[*place].created.timestamp_millis());
        let mut made: Vec<usize> = (0..spaces.len()).filter(fits).collect();
        made.sort_by_key(|place| std::cmp::Reverse(spaces[*place].created));
        made
    });
    let mut reply = start_page(ask, "/rest/api/audit?", 1000, &made, |place| {
        let space = &estate.wiki.spaces[*place];
        let author = &estate.people[space.author];
        json!({
            "author": {"type": "user", "displayName": author.name, "accountId": author.id, "accountType": "atlassian",
                "publicName": author.name, "isGuest": false},
            "remoteAddress": "203.0.113.9", "creationDate": space.created.timestamp_millis(),
            "summary": "Space created", "description": "", "category": "Spaces", "sysAdmin": false,
            "affectedObject": {"name": space.name, "objectType": "Space"}, "changedValues": [], "associatedObjects": [],
        })
    });
    if let Some(body) = reply.body.as_object_mut() {
        body.remove("totalSize");
    }
    reply
}

/// Automation rules of Confluence, at the gateway. The link to the next page is a query only.
pub(super) fn automation(estate: &Estate, ask: &Ask) -> Reply {
    if ask.segment(0) != estate.cloud_id {
        return Reply::refusal(Family::OldAdmin, 404, "there is no such site, or you may not see it");
    }
    let window = match ask.cursor_window("limit", 50, 100) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let rules = &estate.wiki.rules;
    let actor = estate.apps.iter().find(|app| app.name.starts_with("Automation"));
    let rows: Vec<Value> = window
        .cut(rules)
        .iter()
        .map(|rule| {
            let made = json!(f64::from(i32::try_from(rule.created.timestamp()).unwrap_or_default()) + 0.25);
            json!({
                "uuid": rule.id, "name": rule.name, "description": "", "state": "ENABLED",
                "authorAccountId": estate.people[rule.author].id, "actorAccountId": actor.map(|app| &app.id),
                "created": made, "updated": made, "labels": [],
                "ruleScopeARIs": [format!("ari:cloud:confluence:{}:space/{}", estate.cloud_id, rule.space)],
            })
        })
        .collect();
    let next = window.next(rules.len()).map(|cursor| format!("?cursor={}&limit={}", encoded(&cursor), window.limit));
    Reply::page_of(json!({"data": rows, "links": {"self": null, "next": next, "prev": null}}), window)
}

/// A page of the first version. `path` counts from the base and ends where the paging parameters begin; so do links.
fn start_page<T>(ask: &Ask, path: &str, usual: usize, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let window = match ask.start_window(usual, usual.max(200)) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let rows: Vec<Value> = window.cut(all).iter().map(row).collect();
    let mut links = json!({"base": base(), "context": "/wiki", "self": format!("{}{path}", base())});
    if !window.is_last(all.len()) {
        links["next"] = json!(format!("{path}limit={}&start={}", window.limit, window.start + window.limit));
    }
    let mut body = json!({
        "start": window.start, "limit": window.limit, "size": rows.len(), "results": rows, "_links": links,
    });
    if ask.parameter("shouldReturnTotalSize") == Some("true") {
        body["totalSize"] = json!(all.len());
    }
    Reply::page_of(body, window)
}

/// A page of the second version. `path` ends where the paging parameters begin.
fn v2_page<T>(ask: &Ask, path: &str, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let window = match ask.v2_window() {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let mut links = json!({"base": base()});
    if let Some(cursor) = window.next(all.len()) {
        links["next"] = json!(format!("{path}limit={}&cursor={}", window.limit, encoded(&cursor)));
    }
    let rows: Vec<Value> = window.cut(all).iter().map(row).collect();
    Reply::page_of(json!({"results": rows, "_links": links}), window)
}

/// A moment as Confluence writes it.
fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
