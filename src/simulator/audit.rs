//! The audit log of the organisation: the catalogue of its actions, and the stream of its events.
//! What happened is told in `history`; here is how it is shown.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{Estate, ORG_ADDRESS, SITE_ADDRESS};
use super::exchange::{Ask, Reply, encoded};
use super::org_plan::{OrgPlan, refuse_without_guard};

/// The catalogue: id, name, group, and whether it is work in a product, which only the largest plan records.
pub(super) const ACTIONS: &[(&str, &str, &str, bool)] = &[
    ("api_key_created", "Created API key", "API keys", false),
    ("api_token_created", "Created API token", "API tokens", false),
    ("api_token_revoked", "Revoked API token", "API tokens", false),
    ("audit_log_exported", "Exported audit log", "Audit log", false),
    ("auth_policy_updated", "Changed authentication policy", "Authentication policies", false),
    ("group_created", "Created group", "Groups", false),
    ("group_deleted", "Deleted group", "Groups", false),
    ("jira_issue_viewed", "Viewed issue", "Jira", true),
    ("service_account_created", "Created service account", "Service accounts", false),
    ("user_added_to_group", "Added user to group", "Groups", false),
    ("user_created", "Created user", "Users", false),
    ("user_granted_role", "Granted role", "Roles", false),
    ("user_logged_in_as_user", "Logged in as user", "Users", false),
    ("user_login", "Logged in", "Users", false),
    ("user_removed_from_group", "Removed user from group", "Groups", false),
    ("user_revoked_role", "Revoked role", "Roles", false),
];

const USUAL_LIMIT: usize = 200;
const MOST: usize = 500;

#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) at: DateTime<Utc>,
    /// When it came into the stream, which is ordered by this.
    pub(super) processed: DateTime<Utc>,
    pub(super) action: &'static str,
    pub(super) actor: Party,
    pub(super) auth: Option<Auth>,
    /// The person for whom the actor acts.
    pub(super) for_whom: Option<Party>,
    /// The resource identifier of the app through which the actor acts.
    pub(super) app: Option<String>,
    /// What it was done to.
    pub(super) subjects: Vec<Subject>,
}

/// Somebody in an event. What is no person has no address.
#[derive(Debug, Clone)]
pub(super) struct Party {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
}

/// The credential that was shown: its type, and id and label where it has them.
#[derive(Debug, Clone)]
pub(super) struct Auth {
    pub(super) kind: &'static str,
    pub(super) token: Option<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) name: String,
}

pub(super) fn event_actions(estate: &Estate, _ask: &Ask) -> Reply {
    if let Some(refusal) = refuse_without_guard(estate) {
        return refusal;
    }
    let rows = ACTIONS.iter().map(|(id, name, group, _)| {
        json!({"id": id, "type": "event-actions", "attributes": {"displayName": name, "groupDisplayName": group}})
    });
    Reply::ok(json!({"data": rows.collect::<Vec<_>>()}))
}

/// Events in the order in which they were processed. A cursor is a place in the whole log, and stays good when
/// there is nothing behind it yet: what comes later is found there.
pub(super) fn events_stream(estate: &Estate, ask: &Ask) -> Reply {
    if let Some(refusal) = refuse_without_guard(estate) {
        return refusal;
    }
    let stretch = match Stretch::of(ask, estate.events.len()) {
        Ok(stretch) => stretch,
        Err(text) => return Reply::refusal(Family::Admin, 400, text),
    };
    let mut rows = Vec::new();
    let mut next = stretch.start;
    while rows.len() < stretch.limit {
        let Some(event) = stretch.place(next).and_then(|place| estate.events.get(place)) else {
            break;
        };
        next = if stretch.newest_first { next - 1 } else { next + 1 };
        if stretch.holds(event) && is_recorded(estate.org_plan, event) {
            rows.push(row(estate, event));
        }
    }
    let link = format!("{ORG_ADDRESS}/admin/v1/orgs/{}/events-stream", estate.org_id);
    let cursor = cursor_at(next);
    let body = json!({
        "data": rows, "meta": {"next": cursor, "page_size": stretch.limit},
        "links": {"self": link, "next": format!("{link}?cursor={}&limit={}", encoded(&cursor), stretch.limit)},
    });
    Reply { status: 200, body, page: stretch.passed(estate.events.len()) / stretch.limit + 1, html: None }
}

/// Which part of the stream is asked for.
struct Stretch {
    /// Oldest first: the place to begin with. Newest first: the place behind it.
    start: usize,
    limit: usize,
    newest_first: bool,
    from: Option<i64>,
    to: Option<i64>,
}

impl Stretch {
    fn of(ask: &Ask, length: usize) -> Result<Self, &'static str> {
        let limit = match ask.parameter("limit").map(str::parse) {
            None => USUAL_LIMIT,
            Some(Ok(limit)) if (1..=MOST).contains(&limit) => limit,
            Some(_) => return Err("limit must be a number from 1 to 500"),
        };
        let newest_first = match ask.parameter("sortOrder") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err("sortOrder must be asc or desc"),
        };
        let moment = |name: &str| match ask.parameter(name).map(str::parse) {
            None => Ok(None),
            Some(Ok(millis)) => Ok(Some(millis)),
            Some(Err(_)) => Err("from and to must be milliseconds since the epoch"),
        };
        let first = if newest_first { length } else { 0 };
        let start = match ask.parameter("cursor") {
            None => first,
            Some(cursor) => place_of(cursor).filter(|place| *place <= length).ok_or("the cursor is not valid")?,
        };
        let start = if ask.stuck { first } else { start };
        Ok(Self { start, limit, newest_first, from: moment("from")?, to: moment("to")? })
    }

    /// The place in the log that `next` stands for.
    fn place(&self, next: usize) -> Option<usize> {
        if self.newest_first { next.checked_sub(1) } else { Some(next) }
    }

    fn holds(&self, event: &Event) -> bool {
        let processed = event.processed.timestamp_millis();
        self.from.is_none_or(|from| from <= processed) && self.to.is_none_or(|to| processed <= to)
    }

    /// How many events were passed before this page.
    fn passed(&self, length: usize) -> usize {
        if self.newest_first { length - self.start } else { self.start }
    }
}

/// Atlassian Guard Standard records what administrators do, but neither work in products nor the use of tokens.
fn is_recorded(plan: OrgPlan, event: &Event) -> bool {
    let in_product = ACTIONS.iter().any(|(id, .., in_product)| *id == event.action && *in_product);
    plan == OrgPlan::Enterprise || !(in_product || event.auth.is_some())
}

fn cursor_at(place: usize) -> String {
    format!("c3RyZWFt+{:x}/==", place ^ 0x3C3C3)
}

fn place_of(cursor: &str) -> Option<usize> {
    let digits = cursor.strip_prefix("c3RyZWFt+")?.strip_suffix("/==")?;
    Some(usize::from_str_radix(digits, 16).ok()? ^ 0x3C3C3)
}

fn row(estate: &Estate, event: &Event) -> Value {
    let (name, about) = (&event.actor.name, event.subjects.first().map_or("", |subject| subject.name.as_str()));
    let action = ACTIONS.iter().find(|(id, ..)| *id == event.action).map_or(event.action, |(_, name, ..)| name);
    let link = format!("{ORG_ADDRESS}/admin/v1/orgs/{}/events/{}", estate.org_id, event.id);
    json!({
        "id": event.id, "type": "events",
        "attributes": {
            "time": moment(event.at), "processedAt": moment(event.processed), "action": event.action,
            "actor": actor(event), "context": event.subjects.iter().map(context).collect::<Vec<_>>(),
            "container": [{"id": estate.cloud_id, "type": "sites", "links": {"alt": SITE_ADDRESS},
                "attributes": {"siteName": "acme", "siteHostName": SITE_ADDRESS}}],
            "location": {"ip": "203.0.113.9", "geo": "52.5,13.4", "countryName": "Germany", "regionName": "Berlin",
                "city": "Berlin"},
        },
        "links": {"self": link},
        "message": {"content": format!("{name}: {action} {about}").trim_end(), "format": "simple"},
    })
}

fn actor(event: &Event) -> Value {
    let mut row = party(&event.actor);
    if let Some(auth) = &event.auth {
        row["auth"] = json!({"authType": auth.kind});
        if let Some((id, label)) = &auth.token {
            row["auth"]["tokenId"] = json!(id);
            row["auth"]["tokenLabel"] = json!(label);
        }
    }
    if let Some(person) = &event.for_whom {
        row["onBehalfOf"] = party(person);
    }
    if let Some(app) = &event.app {
        row["app"] = json!({"id": app, "type": "apps", "attributes": {}});
    }
    let link = format!("{ORG_ADDRESS}/users/{}/manage/profile", event.actor.id);
    row["links"] = json!({"self": link, "alt": link});
    row
}

fn party(party: &Party) -> Value {
    let mut row = json!({"id": party.id, "name": party.name});
    if let Some(email) = &party.email {
        row["email"] = json!(email);
    }
    row
}

fn context(subject: &Subject) -> Value {
    json!({"id": subject.id, "type": subject.kind, "attributes": {"name": subject.name}, "links": {}})
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
