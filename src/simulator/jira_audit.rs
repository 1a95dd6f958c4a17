//! The Jira site: its own audit records, newest first.
//! Shapes follow the published OpenAPI description of Jira Cloud; a test compares them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{Estate, FIRST_TEAM};
use super::exchange::{Ask, Reply};
use super::jira::moment;
use super::random::Random;
use super::webhooks::any_admin;

/// How many records an estate has at first, and over how many days.
const ORDINARY: usize = 150;
const DAYS: i64 = 60;

#[derive(Debug, Clone)]
pub(super) struct AuditRecord {
    id: u64,
    at: DateTime<Utc>,
    author: usize,
    deed: Deed,
}

/// What an administrator did.
#[derive(Debug, Clone)]
enum Deed {
    /// A person, and the group they joined.
    JoinedGroup(usize, usize),
    /// A permission scheme.
    SchemeUpdated(usize),
    /// A project, and who became an actor of a role.
    RoleChanged(usize, usize),
    WebhookUpdated(usize),
}

/// Writes the last sixty days, oldest first.
pub(super) fn write(estate: &mut Estate, random: &mut Random, steady: &[usize]) {
    let span = DAYS * 86_400 / i64::try_from(ORDINARY).expect("internal: few records");
    for number in 0..ORDINARY {
        let passed = span * i64::try_from(ORDINARY - number).expect("internal: few records");
        let at = estate.now - TimeDelta::seconds(passed - random.between(0, span / 2));
        let person = random.pick(steady);
        let deed = match random.below(10) {
            0..5 => Deed::JoinedGroup(person, FIRST_TEAM + random.below(estate.groups.len() - FIRST_TEAM)),
            5..7 => Deed::SchemeUpdated(random.below(estate.schemes.len())),
            7..9 => Deed::RoleChanged(random.below(estate.projects.len()), person),
            _ => Deed::WebhookUpdated(random.below(estate.webhooks.len())),
        };
        record(estate, random, at, deed);
    }
}

fn record(estate: &mut Estate, random: &mut Random, at: DateTime<Utc>, deed: Deed) {
    let id = 20_001 + u64::try_from(estate.records.len()).expect("internal: few records");
    let author = any_admin(estate, random);
    estate.records.push(AuditRecord { id, at, author, deed });
}

/// Writes down that somebody joined a group tonight.
pub(super) fn record_membership(estate: &mut Estate, random: &mut Random, at: DateTime<Utc>, native: [&str; 2]) {
    let group = estate.groups.iter().position(|group| group.id == native[1]);
    if let Some((person, group)) = estate.find_person(native[0]).zip(group) {
        record(estate, random, at, Deed::JoinedGroup(person, group));
    }
}

/// Writes down that a webhook was changed tonight.
pub(super) fn record_webhook(estate: &mut Estate, random: &mut Random, at: DateTime<Utc>, webhook: usize) {
    record(estate, random, at, Deed::WebhookUpdated(webhook));
}

pub(super) fn records(estate: &Estate, ask: &Ask) -> Reply {
    let (Ok(offset), Ok(limit)) = (number(ask, "offset", 0), number(ask, "limit", 1000)) else {
        return Reply::refusal(Family::Jira, 400, "offset and limit must be numbers");
    };
    let (Ok(from), Ok(to)) = (time(ask, "from"), time(ask, "to")) else {
        return Reply::refusal(Family::Jira, 400, "from and to must be dates with a time");
    };
    let offset = if ask.stuck { 0 } else { offset };
    let limit = limit.clamp(1, 1000);
    let words: Vec<String> =
        ask.parameter("filter").unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
    let found: Vec<Value> = estate
        .records
        .iter()
        .rev()
        .filter(|record| from.is_none_or(|from| from <= record.at) && to.is_none_or(|to| record.at <= to))
        .map(|record| row(estate, record))
        .filter(|row| {
            let text = row.to_string().to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect();
    let total = if ask.stuck { found.len() + limit } else { found.len() };
    let rows: Vec<&Value> = found.iter().skip(offset).take(limit).collect();
    let body = json!({"offset": offset, "limit": limit, "total": total, "records": rows});
    Reply { status: 200, body, page: offset / limit + 1, html: None }
}

fn number(ask: &Ask, name: &str, usual: usize) -> Result<usize, std::num::ParseIntError> {
    ask.parameter(name).map_or(Ok(usual), str::parse)
}

/// A moment, with the offset written with or without a colon.
fn time(ask: &Ask, name: &str) -> Result<Option<DateTime<Utc>>, chrono::ParseError> {
    let Some(text) = ask.parameter(name) else { return Ok(None) };
    let parsed = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%FT%T%.f%z"))?;
    Ok(Some(parsed.to_utc()))
}

fn row(estate: &Estate, record: &AuditRecord) -> Value {
    let person = |at: usize| {
        let person = &estate.people[at];
        json!({"id": person.id, "name": person.id, "typeName": "USER", "parentId": "10000",
            "parentName": "com.atlassian.crowd.directory.IdentityPlatformRemoteDirectory"})
    };
    let change =
        |field: &str, from: &str, to: &str| json!([{"fieldName": field, "changedFrom": from, "changedTo": to}]);
    let (summary, category, object, changes, others) = match &record.deed {
        Deed::JoinedGroup(who, group) => {
            let group = &estate.groups[*group];
            let object = json!({"id": group.id, "name": group.name, "typeName": "GROUP", "parentId": "10000",
                "parentName": "com.atlassian.crowd.directory.IdentityPlatformRemoteDirectory"});
            ("User added to group", "group management", object, json!([]), json!([person(*who)]))
        }
        Deed::SchemeUpdated(scheme) => {
            let scheme = &estate.schemes[*scheme];
            let object = json!({"id": scheme.id.to_string(), "name": scheme.name, "typeName": "SCHEME"});
            let changes = change("Permission", "", "Manage watchers");
            ("Permission scheme updated", "permissions", object, changes, json!([]))
        }
        Deed::RoleChanged(project, who) => {
            let project = &estate.projects[*project];
            let object = json!({"id": project.id.to_string(), "name": project.name, "typeName": "PROJECT"});
            let changes = change("Users", "", &estate.people[*who].id);
            ("Project roles changed", "projects", object, changes, json!([person(*who)]))
        }
        Deed::WebhookUpdated(webhook) => {
            let webhook = &estate.webhooks[*webhook];
            let object = json!({"id": webhook.id.to_string(), "name": webhook.name, "typeName": "WEBHOOK"});
            ("Webhook updated", "webhooks", object, json!([]), json!([]))
        }
    };
    let author = &estate.people[record.author];
    json!({
        "id": record.id, "summary": summary, "category": category, "created": moment(record.at), "eventSource": "",
        "remoteAddress": "203.0.113.9", "authorKey": format!("ug:{}", author.id), "authorAccountId": author.id,
        "objectItem": object, "changedValues": changes, "associatedItems": others,
    })
}
