//! Jira itself: what it is, how it is set, and what the caller may do.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::super::endpoints::Family;
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::JIRA_ADDRESS;
use super::access::Rank;

pub(super) fn server_info(estate: &Estate, _ask: &Ask) -> Reply {
    let release = &estate.servers.jira.release;
    Reply::ok(json!({
        "baseUrl": JIRA_ADDRESS, "version": release.text(), "versionNumbers": release.numbers(),
        // Data Center calls itself so as well.
        "deploymentType": "Server",
        "buildNumber": release.build(), "buildDate": "2026-03-11T00:00:00.000+0000",
        "databaseBuildNumber": release.build(), "serverTime": moment(estate.now),
        "scmInfo": "0ab4ce4b4d5a3c2f", "serverTitle": "Acme Jira",
    }))
}

/// A moment as Jira writes it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// Nodes of the cluster; an installation without a cluster has no such thing.
pub(super) fn cluster_nodes(estate: &Estate, _ask: &Ask) -> Reply {
    let jira = &estate.servers.jira;
    if !jira.release.is_data_center() {
        return Reply::refusal(Family::JiraDc, 405, "This operation requires a Data Center license.");
    }
    let rows = jira.nodes.iter().map(|node| {
        json!({
            "nodeId": node.name, "state": "ACTIVE", "alive": true, "ip": node.address, "cacheListenerPort": 40_001,
            "nodeBuildNumber": node.release.build(), "nodeVersion": node.release.text(),
            "lastStateChangeTimestamp": (estate.now - TimeDelta::days(9)).timestamp_millis(),
        })
    });
    Reply::ok(rows.collect())
}

/// Settings: key, value, name, type, and whether the page of advanced settings shows it.
const SETTINGS: &[(&str, &str, &str, &str, bool)] = &[
    ("jira.baseurl", JIRA_ADDRESS, "Base URL", "string", false),
    ("jira.title", "Acme Jira", "Title", "string", false),
    ("jira.mode", "", "Mode", "string", true),
    ("jira.home", "/var/atlassian/application-data/jira", "Home directory", "string", true),
    ("jira.option.captcha.on.signup", "true", "CAPTCHA on signup", "boolean", true),
    ("jira.option.user.externalmanagement", "false", "External user management", "boolean", true),
    ("jira.option.emailvisible", "show", "User e-mail visibility", "enum", true),
    ("jira.option.globalsharing", "false", "Public sharing", "boolean", true),
    ("jira.maximum.authentication.attempts.allowed", "3", "Maximum authentication attempts", "number", true),
    ("jira.ajax.autocomplete.limit", "20", "Rows in pickers", "uint", true),
];

fn setting(estate: &Estate, row: &(&str, &str, &str, &str, bool)) -> Value {
    let (key, value, name, kind, _) = row;
    let mode = if estate.servers.public_signup { "public" } else { "private" };
    let value = if *key == "jira.mode" { mode } else { value };
    json!({"id": key, "key": key, "value": value, "name": name, "desc": "", "type": kind, "defaultValue": ""})
}

pub(super) fn advanced_settings(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(SETTINGS.iter().filter(|(.., advanced)| *advanced).map(|row| setting(estate, row)).collect())
}

pub(super) fn application_properties(estate: &Estate, ask: &Ask) -> Reply {
    match ask.parameter("key") {
        None => Reply::ok(SETTINGS.iter().map(|row| setting(estate, row)).collect()),
        Some(wanted) => match SETTINGS.iter().find(|(key, ..)| *key == wanted) {
            Some(row) => Reply::ok(setting(estate, row)),
            None => Reply::refusal(Family::JiraDc, 404, "There is no such property."),
        },
    }
}

/// Permissions: key, name, whether it is global.
pub(super) const CATALOGUE: &[(&str, &str, bool)] = &[
    ("ADMINISTER", "Jira Administrators", true),
    ("BULK_CHANGE", "Bulk Change", true),
    ("CREATE_SHARED_OBJECTS", "Create Shared Objects", true),
    ("MANAGE_GROUP_FILTER_SUBSCRIPTIONS", "Manage Group Filter Subscriptions", true),
    ("SYSTEM_ADMIN", "Jira System Administrators", true),
    ("USER_PICKER", "Browse Users", true),
    ("ADD_COMMENTS", "Add Comments", false),
    ("ADMINISTER_PROJECTS", "Administer Projects", false),
    ("ASSIGNABLE_USER", "Assignable User", false),
    ("ASSIGN_ISSUES", "Assign Issues", false),
    ("BROWSE_PROJECTS", "Browse Projects", false),
    ("CREATE_ISSUES", "Create Issues", false),
    ("DELETE_ALL_COMMENTS", "Delete All Comments", false),
    ("DELETE_ISSUES", "Delete Issues", false),
    ("EDIT_ISSUES", "Edit Issues", false),
    ("LINK_ISSUES", "Link Issues", false),
    ("MANAGE_SPRINTS_PERMISSION", "Manage Sprints", false),
    ("MODIFY_REPORTER", "Modify Reporter", false),
    ("SCHEDULE_ISSUES", "Schedule Issues", false),
    ("TRANSITION_ISSUES", "Transition Issues", false),
    ("WORK_ON_ISSUES", "Work On Issues", false),
];

fn permission(place: usize) -> Value {
    let (key, name, global) = CATALOGUE[place];
    let kind = if global { "GLOBAL" } else { "PROJECT" };
    let description = format!("Ability to {}.", name.to_lowercase());
    json!({"id": (place + 1).to_string(), "key": key, "name": name, "type": kind, "description": description})
}

pub(super) fn permissions(_estate: &Estate, _ask: &Ask) -> Reply {
    let all: Map<String, Value> =
        CATALOGUE.iter().enumerate().map(|(place, (key, ..))| ((*key).to_owned(), permission(place))).collect();
    Reply::ok(json!({"permissions": all}))
}

/// What the caller may do: globally, or in the project that is asked for.
pub(super) fn my_permissions(estate: &Estate, ask: &Ask) -> Reply {
    let wanted = ask.parameter("projectKey").or(ask.parameter("projectId"));
    let project = wanted.map(|wanted| estate.servers.project(wanted, ask.caller.rank));
    if matches!(project, Some(None)) {
        return Reply::refusal(Family::JiraDc, 404, "No project could be found.");
    }
    let account = ask.caller.account.expect("internal: only who logged in comes here");
    let mut all = Map::new();
    for (place, (key, _, global)) in CATALOGUE.iter().enumerate() {
        let has = match (*key, project.flatten()) {
            ("SYSTEM_ADMIN", _) => ask.caller.rank >= Rank::SystemAdministrator,
            ("ADMINISTER", _) => ask.caller.rank >= Rank::Administrator,
            (_, _) if *global => true,
            (_, Some(project)) => estate.servers.is_granted(account, project, key),
            (_, None) => estate.servers.projects.iter().any(|one| estate.servers.is_granted(account, one, key)),
        };
        let mut row = permission(place);
        row["havePermission"] = json!(has);
        all.insert((*key).to_owned(), row);
    }
    Reply::ok(json!({"permissions": all}))
}
