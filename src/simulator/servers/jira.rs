//! Jira itself: what it is, and who asks.

use serde_json::{Value, json};

use super::super::endpoints::Host;
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::JIRA_ADDRESS;

pub(super) fn server_info(estate: &Estate, _ask: &Ask) -> Reply {
    let release = &estate.servers.jira.release;
    Reply::ok(json!({
        "baseUrl": JIRA_ADDRESS, "version": release.text(), "versionNumbers": release.numbers(),
        "deploymentType": "Server", "buildNumber": release.build(), "buildDate": "2026-03-11T00:00:00.000+0000",
        "databaseBuildNumber": release.build(), "serverTime": moment(estate.now),
        "scmInfo": "0ab4ce4b4d5a", "serverTitle": "Acme Jira",
    }))
}

/// A moment as Jira writes it.
pub(super) fn moment(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

pub(super) fn myself(estate: &Estate, ask: &Ask) -> Reply {
    let account = ask.caller.account.expect("internal: only who logged in comes here");
    Reply::ok(user(estate, account))
}

/// An account as users are shown.
pub(super) fn user(estate: &Estate, account: usize) -> Value {
    let account = &estate.servers.accounts[account];
    json!({
        "self": format!("{JIRA_ADDRESS}/rest/api/2/user?username={}", account.username),
        "key": account.key(Host::JiraDc), "name": account.username, "emailAddress": account.email,
        "displayName": account.name, "active": account.active, "deleted": false, "timeZone": account.time_zone,
    })
}
