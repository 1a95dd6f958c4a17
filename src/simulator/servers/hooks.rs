//! Webhooks that administrators made. Confluence tells them page by page, as described; Jira has an old form and, from
//! version 10, a new one at another path, neither of them described.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::endpoints::Host;
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::super::random::Random;
use super::confluence::page;
use super::{JIRA_ADDRESS, ServerEstate};

#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) enabled: bool,
    pub(crate) verifies: bool,
    /// Signs what is sent.
    pub(crate) secret: Option<String>,
    pub(crate) updated_by: usize,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) filter: String,
}

/// Adds a webhook that is switched on.
pub(crate) fn add<'a>(
    servers: &'a mut ServerEstate,
    random: &mut Random,
    host: Host,
    (name, url): (&str, &str),
    now: DateTime<Utc>,
) -> &'a mut Hook {
    let updated_by = servers.readers[1];
    let hooks = &mut servers.installation_mut(host).hooks;
    let first = if host == Host::ConfluenceDc { 771 } else { 671 };
    hooks.push(Hook {
        id: first + u64::try_from(hooks.len()).expect("internal: few webhooks"),
        name: name.to_owned(),
        url: url.to_owned(),
        enabled: true,
        verifies: true,
        secret: None,
        updated_by,
        updated: now - TimeDelta::minutes(random.between(60 * 1440, 500 * 1440)),
        filter: "project = PLAT".to_owned(),
    });
    hooks.last_mut().expect("internal: one was just added")
}

/// Sets the ordinary webhooks. What signs them is told in the answers, as real ones do.
pub(crate) fn set(servers: &mut ServerEstate, random: &mut Random, now: DateTime<Utc>) {
    for (host, name, url) in [
        (Host::JiraDc, "Build trigger", "https://builds.acme.example/jira"),
        (Host::JiraDc, "Kiplot PAY", "https://acme.kiplot.com/webhooks/jira/PAY"),
        (Host::JiraDc, "Kiplot OPS", "https://acme.kiplot.com/webhooks/jira/OPS"),
        (Host::ConfluenceDc, "Search index", "https://intranet.acme.example/hooks/wiki"),
    ] {
        let secret = format!("planted-signing-secret-{:016x}", random.next());
        servers.secrets.push(secret.clone());
        let hook = add(servers, random, host, (name, url), now);
        hook.secret = Some(secret);
        if let Some(project) = name.strip_prefix("Kiplot ") {
            hook.filter = format!("project = {project}");
        }
    }
}

/// The form up to version 9.
pub(super) fn old_list(estate: &Estate, _ask: &Ask) -> Reply {
    let rows = estate.servers.jira.hooks.iter().map(|hook| {
        let admin = &estate.servers.accounts[hook.updated_by];
        json!({
            "name": hook.name, "url": hook.url, "excludeBody": false,
            "filters": {"issue-related-events-section": hook.filter},
            "events": ["jira:issue_created", "jira:issue_updated"], "enabled": hook.enabled,
            "self": format!("{JIRA_ADDRESS}/rest/webhooks/1.0/webhook/{}", hook.id),
            "lastUpdatedUser": admin.key(Host::JiraDc), "lastUpdatedDisplayName": admin.name,
            "lastUpdated": hook.updated.timestamp_millis(),
        })
    });
    Reply::ok(rows.collect())
}

/// The form from version 10 on.
pub(super) fn new_list(estate: &Estate, _ask: &Ask) -> Reply {
    let events = ["jira:issue_created", "jira:issue_updated"];
    Reply::ok(estate.servers.jira.hooks.iter().map(|hook| shared_row(hook, &events)).collect())
}

pub(super) fn wiki_list(estate: &Estate, ask: &Ask) -> Reply {
    let events = ["page_created", "page_updated"];
    page(ask, "/rest/api/webhooks", 100, 200, &estate.servers.confluence.hooks, |hook| {
        let mut row = shared_row(hook, &events);
        if ask.parameter("statistics") == Some("true") {
            row["statistics"] = json!({});
        }
        row
    })
}

fn shared_row(hook: &Hook, events: &[&str]) -> Value {
    let mut row = json!({
        "id": hook.id, "name": hook.name, "url": hook.url, "active": hook.enabled, "events": events,
        "configuration": {}, "scopeType": "global", "sslVerificationRequired": hook.verifies,
        "createdDate": hook.updated.timestamp_millis(), "updatedDate": hook.updated.timestamp_millis(),
    });
    if let Some(secret) = &hook.secret {
        row["configuration"] = json!({"secret": secret});
        row["credentials"] = json!({"username": "hook", "password": secret});
    } else if hook.filter.starts_with("project") {
        row["configuration"] = json!({"FILTERS": hook.filter});
    }
    row
}
