//! What ends when, whose it is, and what it would break: month by month, from what is in the snapshot.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::inventory::Inventory;
use crate::model::{Assessment, Body, Credential, Fact, Kind, Resource};
use crate::reports::say;

/// How far ahead the page looks.
const DAYS: i64 = 366;
/// How recent a use must be to call a credential in use.
const IN_USE: TimeDelta = TimeDelta::days(30);
/// Credentials of one month before the rest is counted.
const SHOWN: usize = 200;

/// What ends within a year.
#[derive(Debug, Serialize)]
pub(super) struct Calendar {
    months: Vec<Month>,
    /// How many end later, never, or do not tell when.
    later: usize,
    never: usize,
    not_told: usize,
    /// False if there may be credentials that nobody saw.
    whole: bool,
}

#[derive(Debug, Serialize)]
struct Month {
    name: String,
    entries: Vec<Entry>,
    more: usize,
}

#[derive(Debug, Serialize)]
struct Entry {
    day: String,
    left: String,
    /// True within a week, or if it is over.
    soon: bool,
    what: String,
    name: String,
    owner: String,
    used: String,
    /// True if something was seen to use it lately, or nobody could tell.
    breaks: bool,
}

pub(super) fn calendar(assessment: &Assessment, inventory: &Inventory<'_>) -> Calendar {
    let now = assessment.head.started_at;
    let mut ending: Vec<(DateTime<Utc>, &Resource, &Credential, bool)> = Vec::new();
    let (mut later, mut never, mut not_told) = (0, 0, 0);
    let seen = inventory.of_kind(Kind::Credential).map(|resource| (resource, true));
    let carried = assessment.snapshot.carried.iter().filter(|one| inventory.get(&one.id).is_none());
    for (resource, observed) in seen.chain(carried.map(|resource| (resource, false))) {
        let Body::Credential(credential) = &resource.body else { continue };
        match credential.expires_at {
            _ if credential.status.known().is_some_and(|status| status != "active") => {}
            Fact::Known(end) if end < now - TimeDelta::days(1) => {}
            Fact::Known(end) if end <= now + TimeDelta::days(DAYS) => {
                ending.push((end, resource, credential, observed))
            }
            Fact::Known(_) => later += 1,
            Fact::Absent => never += 1,
            Fact::Unknown => not_told += 1,
        }
    }
    ending.sort_by_key(|(end, resource, ..)| (*end, &resource.id));
    let mut months: BTreeMap<String, Month> = BTreeMap::new();
    for (end, resource, credential, observed) in ending {
        let month = months.entry(end.format("%Y-%m").to_string()).or_insert_with(|| Month {
            name: end.format("%B %Y").to_string(),
            entries: Vec::new(),
            more: 0,
        });
        if month.entries.len() < SHOWN {
            month.entries.push(entry(now, end, resource, credential, observed, inventory));
        } else {
            month.more += 1;
        }
    }
    Calendar {
        months: months.into_values().collect(),
        later,
        never,
        not_told,
        whole: inventory.seen_whole(Kind::Credential),
    }
}

fn entry(
    now: DateTime<Utc>,
    end: DateTime<Utc>,
    resource: &Resource,
    credential: &Credential,
    observed: bool,
    inventory: &Inventory<'_>,
) -> Entry {
    let (used, breaks) = match credential.last_used_at {
        Fact::Known(at) => (format!("used {}", say::ago(now, at)), now - at <= IN_USE),
        Fact::Absent => ("never used".to_owned(), false),
        Fact::Unknown => ("use not known".to_owned(), true),
    };
    let out_of_sight = if observed { "" } else { "; out of sight in this scan, told as last seen" };
    Entry {
        day: say::day(end),
        left: if end <= now { "ended".to_owned() } else { say::days_until(now, end.date_naive()) },
        soon: end <= now + TimeDelta::days(7),
        what: credential.form.title().to_owned(),
        name: resource.title().to_owned(),
        owner: owner(credential, inventory),
        used: format!("{used}{out_of_sight}"),
        breaks,
    }
}

/// Whose it is, with what is wrong with that account.
fn owner(credential: &Credential, inventory: &Inventory<'_>) -> String {
    let (how, id) = match (&credential.owner, &credential.created_by) {
        (Fact::Known(owner), _) => ("", owner),
        (_, Fact::Known(maker)) => ("made by ", maker),
        (Fact::Absent, _) => return "nobody's".to_owned(),
        (Fact::Unknown, _) => return "not known".to_owned(),
    };
    let name = inventory.name(id);
    let state = match inventory.principal(id) {
        None => Some("not seen".to_owned()),
        Some(principal) => match principal.status.known() {
            Some(status) if status == "active" => None,
            Some(status) => Some(status.clone()),
            None => Some("state not known".to_owned()),
        },
    };
    state.map_or_else(|| format!("{how}{name}"), |state| format!("{how}{name} ({state})"))
}
