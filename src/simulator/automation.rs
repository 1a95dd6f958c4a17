//! The Automation API of the Jira site, which lives on the organisation's host: summaries of rules.
//! The next page is told as a query string alone.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{Estate, Who};
use super::exchange::{Ask, Reply, encoded};
use super::random::Random;

#[derive(Debug, Clone)]
pub(super) struct AutomationRule {
    pub(super) id: String,
    name: String,
    pub(super) enabled: bool,
    pub(super) author: usize,
    pub(super) actor: Who,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    /// The project it works in; none for the whole site.
    project: Option<usize>,
    /// Whether it is shown as the interface showed rules at first, without its actor.
    pub(super) early: bool,
}

impl AutomationRule {
    /// Switches it on if it is off, and off if it is on.
    pub(super) fn switch(&mut self, at: DateTime<Utc>) {
        (self.enabled, self.updated) = (!self.enabled, at);
    }
}

/// The account of the app that runs rules.
const APP: Who = Who::App(0);

const ORDINARY: &[&str] = &[
    "Close stale issues",
    "Assign new bugs to triage",
    "Remind about due dates",
    "Copy priority to subtasks",
    "Announce releases",
    "Label customer requests",
    "Reopen on comment",
    "Sum up estimates",
    "Move done work to the archive",
    "Welcome new reporters",
    "Escalate incidents",
    "Set the fix version",
    "Check the definition of done",
    "Weekly digest",
    "Link duplicates",
];

/// Writes the ordinary rules: people who stay wrote them, and the app runs them.
pub(super) fn write(estate: &mut Estate, random: &mut Random, steady: &[usize]) {
    for name in ORDINARY {
        let author = random.pick(steady);
        let project = random.below(estate.projects.len());
        add(estate, random, name, author).project = (project > 2).then_some(project);
    }
}

/// Adds an enabled rule of the whole site, which the app runs.
pub(super) fn add<'a>(
    estate: &'a mut Estate,
    random: &mut Random,
    name: &str,
    author: usize,
) -> &'a mut AutomationRule {
    let created = estate.now - TimeDelta::milliseconds(random.between(90, 900) * 86_400_000 + random.between(0, 9999));
    estate.rules.push(AutomationRule {
        id: random.uuid(),
        name: name.to_owned(),
        enabled: true,
        author,
        actor: APP,
        created,
        updated: created + TimeDelta::days(random.between(0, 80)),
        project: None,
        early: false,
    });
    estate.rules.last_mut().expect("internal: one was just added")
}

pub(super) fn rules(estate: &Estate, ask: &Ask) -> Reply {
    let estate = match &estate.sandbox {
        Some(sandbox) if ask.segment(0) == estate.sandbox_id => sandbox,
        _ => estate,
    };
    if ask.segment(0) != estate.cloud_id {
        return Reply::refusal(Family::OldAdmin, 404, "there is no such site, or it has no rules");
    }
    let limit = ask.parameter("limit").map_or(Ok(50), str::parse);
    if !limit.is_ok_and(|limit: usize| (1..=100).contains(&limit)) {
        return Reply::refusal(Family::OldAdmin, 400, "limit must be a number from 1 to 100");
    }
    let window = match ask.cursor_window("limit", 50, 100) {
        Ok(window) => window,
        Err(_refusal) => return Reply::refusal(Family::OldAdmin, 400, "the cursor is not valid"),
    };
    let link = |cursor: &str| format!("?cursor={}&limit={}", encoded(cursor), window.limit);
    let this = ask.parameter("cursor").map_or_else(|| format!("?limit={}", window.limit), link);
    let next = window.next(estate.rules.len()).map(|cursor| link(&cursor));
    let rows: Vec<Value> = window.cut(&estate.rules).iter().map(|rule| row(estate, rule)).collect();
    Reply::page_of(json!({"links": {"self": this, "next": next, "prev": null}, "data": rows}), window)
}

fn row(estate: &Estate, rule: &AutomationRule) -> Value {
    let scope = match rule.project {
        Some(project) => format!("ari:cloud:jira:{}:project/{}", estate.cloud_id, estate.projects[project].id),
        None => format!("ari:cloud:jira::site/{}", estate.cloud_id),
    };
    let author = &estate.people[rule.author].id;
    let mut row = json!({
        "name": rule.name, "description": "", "state": if rule.enabled { "ENABLED" } else { "DISABLED" },
        "authorAccountId": author, "created": seconds(rule.created), "updated": seconds(rule.updated),
    });
    if rule.early {
        row["idUuid"] = json!(rule.id);
        row["labels"] = json!([7]);
        row["ruleScope"] = json!({"resources": [scope]});
    } else {
        row["uuid"] = json!(rule.id);
        row["labels"] = json!(["housekeeping"]);
        row["ruleScopeARIs"] = json!([scope]);
        row["actorAccountId"] = json!(estate.account_id(rule.actor));
    }
    row
}

/// Seconds since the epoch, with milliseconds as a fraction.
fn seconds(at: DateTime<Utc>) -> Value {
    let text = format!("{}.{:03}", at.timestamp(), at.timestamp_subsec_millis());
    serde_json::from_str(&text).expect("internal: digits with a point are a number")
}
