//! The Jira site: the site itself, its accounts, groups and seats.
//! Shapes follow the published OpenAPI description of Jira Cloud; a test compares them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{AGENTS, Estate, Group, JIRA_ADMINS, JIRA_USERS, SITE_ADDRESS, Who};
use super::exchange::{Ask, Reply, Window};

pub(super) fn tenant_info(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"cloudId": estate.cloud_id}))
}

pub(super) fn server_info(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({
        "baseUrl": SITE_ADDRESS, "displayUrl": SITE_ADDRESS, "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_289,
        "buildDate": "2026-11-18T09:12:44.000+0000", "serverTime": moment(estate.now),
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

/// All accounts of the site: people, apps, customers. A bare list that ends with an empty one.
pub(super) fn users_search(estate: &Estate, ask: &Ask) -> Reply {
    let window = match ask.offset_window(50, 1000) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let rows = (window.start..window.start + window.limit).map_while(|place| estate.site_account(place));
    Reply::page_of(rows.map(|who| account(estate, who)).collect(), window)
}

pub(super) fn account(estate: &Estate, who: Who) -> Value {
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

pub(super) fn avatars() -> Value {
    let link = |size| format!("https://avatars.acme.example/{size}.png");
    json!({"16x16": link(16), "24x24": link(24), "32x32": link(32), "48x48": link(48)})
}

pub(super) fn group_bulk(estate: &Estate, ask: &Ask) -> Reply {
    let wanted = |place: usize, group: &Group| {
        let kind = match ask.parameter("accessType") {
            None => true,
            Some("site-admin") => false,
            Some("admin") => place == JIRA_ADMINS,
            Some(_) => opens_jira(group),
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
    let asked: Vec<&(String, String)> =
        ask.query.iter().filter(|(key, _)| key != "startAt" && key != "maxResults").collect();
    let found = estate.listing(&format!("groups by {asked:?}"), || {
        estate.live_groups().filter(|(place, group)| wanted(*place, group)).map(|(place, _)| place).collect()
    });
    let row = |place: &usize| json!({"name": estate.groups[*place].name, "groupId": estate.groups[*place].id});
    page_bean(ask, "/rest/api/3/group/bulk?", 50, &found, row)
}

/// Whether a group lets its members into a product of Jira.
pub(super) fn opens_jira(group: &Group) -> bool {
    group.access.iter().any(|(owner, role)| owner.starts_with("jira") && *role == "atlassian/user")
}

pub(super) fn group_member(estate: &Estate, ask: &Ask) -> Reply {
    let group = match (ask.parameter("groupId"), ask.parameter("groupname")) {
        (Some(id), _) => estate.group_of_id(id),
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
    let active = estate.listing(&format!("active members of {}", group.id), || {
        (0..group.members.len()).filter(|at| estate.is_active(group.members[*at])).collect()
    });
    page_bean(ask, &path, 50, &active, |at| row(&group.members[*at]))
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
    let mut roles = vec![role(0, "jira-software", "Jira Software", Estate::seat_groups(0), JIRA_USERS)];
    if estate.capacity[1] > 0 {
        roles.push(role(1, "jira-servicedesk", "Jira Service Management", Estate::seat_groups(1), AGENTS));
    }
    Reply::ok(Value::Array(roles))
}

pub(super) fn license(estate: &Estate, _ask: &Ask) -> Reply {
    let service_desk = if estate.capacity[1] > 0 { "PAID" } else { "UNLICENSED" };
    Reply::ok(json!({"applications": [
        {"id": "jira-core", "plan": "UNLICENSED"},
        {"id": "jira-servicedesk", "plan": service_desk},
        {"id": "jira-software", "plan": "PAID"},
    ]}))
}

pub(super) fn license_count(estate: &Estate, _ask: &Ask) -> Reply {
    let count = estate.people.iter().filter(|person| person.holds_seat(0) || person.holds_seat(1)).count();
    Reply::ok(json!({"key": "license.totalApproximateUserCount", "value": count.to_string()}))
}

/// A page in Jira's usual wrapping. `path` ends where the paging parameters begin.
pub(super) fn page_bean<T>(ask: &Ask, path: &str, most: usize, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
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
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
