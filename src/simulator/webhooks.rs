//! The Jira site: webhooks that administrators made. The list is older than the published description and
//! not part of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::estate::{Estate, JIRA_ADMINS, SITE_ADDRESS, Who};
use super::exchange::{Ask, Reply};
use super::random::Random;

#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) enabled: bool,
    /// Who changed it last.
    pub(super) updated_by: usize,
    pub(super) updated: DateTime<Utc>,
    events: Vec<&'static str>,
    jql: String,
}

const ORDINARY: &[(&str, &str)] = &[
    ("Chat messages", "https://hooks.chat.example/jira/incoming"),
    ("Status page", "https://status.acme.example/api/jira-events"),
    ("Build trigger", "https://builds.acme.example/jira"),
    ("Asset register", "https://assets.acme.example/hooks/jira"),
    ("Billing sync", "https://billing.acme.example/jira/webhook"),
];

/// Sets the ordinary webhooks, all of them by administrators who stay.
pub(super) fn set(estate: &mut Estate, random: &mut Random) {
    for (name, url) in ORDINARY {
        let admin = any_admin(estate, random);
        add(estate, random, name, url, admin);
    }
}

/// A person who administers Jira and stays.
pub(super) fn any_admin(estate: &Estate, random: &mut Random) -> usize {
    let people = estate.groups[JIRA_ADMINS].members.iter().filter_map(|who| match who {
        Who::Person(at) if estate.is_active(*who) && estate.reserved.contains(at) => Some(*at),
        _ => None,
    });
    let people: Vec<usize> = people.collect();
    random.pick(&people)
}

/// Adds a webhook that is switched on.
pub(super) fn add<'a>(
    estate: &'a mut Estate,
    random: &mut Random,
    name: &str,
    url: &str,
    updated_by: usize,
) -> &'a mut Webhook {
    let project = &estate.projects[random.below(estate.projects.len())];
    let webhook = Webhook {
        id: 101 + u64::try_from(estate.webhooks.len()).expect("internal: few webhooks"),
        name: name.to_owned(),
        url: url.to_owned(),
        enabled: true,
        updated_by,
        updated: estate.now - TimeDelta::minutes(random.between(60 * 1440, 500 * 1440)),
        events: vec!["jira:issue_created", "jira:issue_updated", "comment_created"],
        jql: format!("project = {}", project.key),
    };
    estate.webhooks.push(webhook);
    estate.webhooks.last_mut().expect("internal: one was just added")
}

pub(super) fn webhooks(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(estate.webhooks.iter().map(|webhook| row(estate, webhook)).collect())
}

fn row(estate: &Estate, webhook: &Webhook) -> Value {
    let person = &estate.people[webhook.updated_by];
    json!({
        "name": webhook.name, "url": webhook.url, "events": webhook.events,
        "filters": {"issue-related-events-section": webhook.jql}, "enabled": webhook.enabled,
        "lastUpdatedUser": person.id, "lastUpdatedDisplayName": person.name,
        "lastUpdated": webhook.updated.timestamp_millis(),
        "self": format!("{SITE_ADDRESS}/rest/webhooks/1.0/webhook/{}", webhook.id),
    })
}
