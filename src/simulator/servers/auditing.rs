//! The audit log, which both products share: newest first, page by page, and without ids.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::endpoints::{Family, Host};
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::super::random::Random;
use super::confluence::page;
use super::{ServerEstate, address, family};

#[derive(Debug, Clone)]
pub(crate) struct LogEntry {
    /// A number that the answer does not tell, save in cursors.
    number: u64,
    at: DateTime<Utc>,
    author: usize,
    action: Action,
    /// Name, type and id of what it was about.
    about: [String; 3],
}

/// What was done: category and action, each with its key and its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Action {
    category: [&'static str; 2],
    action: [&'static str; 2],
}

pub(crate) const LOGGED_IN: Action = Action {
    category: ["jira.auditing.category.security", "security"],
    action: ["jira.auditing.user.login.successful", "User login successful"],
};
pub(crate) const SCHEME_UPDATED: Action = Action {
    category: ["jira.auditing.category.permissions", "permissions"],
    action: ["jira.auditing.permission.scheme.updated", "Permission scheme updated"],
};
pub(crate) const USER_UPDATED: Action = Action {
    category: ["jira.auditing.category.usermanagement", "user management"],
    action: ["jira.auditing.user.updated", "User updated"],
};
pub(crate) const TOKEN_CREATED: Action = Action {
    category: ["jira.auditing.category.security", "security"],
    action: ["personal.access.tokens.audit.log.summary.token.created", "Personal access token created"],
};
pub(crate) const TOKEN_DELETED: Action = Action {
    category: ["jira.auditing.category.security", "security"],
    action: ["personal.access.tokens.audit.log.summary.token.deleted", "Personal access token deleted"],
};
pub(crate) const PERMISSION_ADDED: Action = Action {
    category: ["jira.auditing.category.permissions", "permissions"],
    action: ["jira.auditing.global.permission.added", "Global permission added"],
};

/// Writes an entry down.
pub(crate) fn record(
    servers: &mut ServerEstate,
    host: Host,
    at: DateTime<Utc>,
    author: usize,
    action: Action,
    about: [&str; 3],
) {
    let entries = &mut servers.installation_mut(host).log;
    let number = 90_001 + u64::try_from(entries.len()).expect("internal: few entries");
    entries.push(LogEntry { number, at, author, action, about: about.map(str::to_owned) });
}

/// Writes what an ordinary month brings: people log in, and administrators do their work.
pub(crate) fn write(servers: &mut ServerEstate, people: &[usize], now: DateTime<Utc>, random: &mut Random) {
    for (host, wanted) in [(Host::JiraDc, 240), (Host::ConfluenceDc, 60)] {
        let mut at = now - TimeDelta::days(30);
        let step = 29 * 1440 / i64::from(wanted);
        for number in 0..wanted {
            at += TimeDelta::minutes(random.between(1, step));
            if number % 20 == 7 {
                let about = ["Default Permission Scheme", "SCHEME", "0"];
                record(servers, host, at, servers.readers[0], SCHEME_UPDATED, about);
            } else {
                let who = random.pick(people);
                let (name, key) = (servers.accounts[who].name.clone(), servers.accounts[who].key(host));
                record(servers, host, at, who, LOGGED_IN, [&name, "USER", &key]);
            }
        }
    }
}

pub(super) fn events(estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    let bad = |what: &str| Reply::refusal(family(host), 400, &format!("{what} cannot be read"));
    let mut edges = [None, None];
    for (edge, name) in edges.iter_mut().zip(["from", "to"]) {
        if let Some(text) = ask.parameter(name) {
            match text.parse::<DateTime<Utc>>() {
                Ok(at) => *edge = Some(at),
                Err(_not_a_moment) => return bad(name),
            }
        }
    }
    let [from, to] = edges;
    let wanted = |entry: &&LogEntry| from.is_none_or(|from| entry.at >= from) && to.is_none_or(|to| entry.at <= to);
    let mut found: Vec<&LogEntry> = estate.servers.installation(host).log.iter().filter(wanted).collect();
    found.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.number)));
    let limit = ask.parameter("limit").map_or(Ok(200), str::parse::<usize>);
    let offset = ask.parameter("offset").map_or(Ok(0), str::parse::<usize>);
    let (Ok(limit), Ok(mut start)) = (limit, offset) else { return bad("limit or offset") };
    let limit = limit.clamp(1, 1000);
    if let Some(cursor) = ask.parameter("pageCursor") {
        let numbers = cursor.split_once(',').map(|(at, number)| (at.parse::<i64>(), number.parse::<u64>()));
        let Some((Ok(at), Ok(number))) = numbers else { return bad("pageCursor") };
        let before = |entry: &&&LogEntry| (entry.at.timestamp_millis(), entry.number) >= (at, number);
        start = found.iter().take_while(before).count();
    }
    let start = if ask.stuck { 0 } else { start.min(found.len()) };
    let end = (start + limit).min(found.len());
    let last = end == found.len() && !ask.stuck;
    let mut paging = json!({"lastPage": last, "size": end - start});
    if let Some(entry) = found.get(end.saturating_sub(1)).filter(|_| !last) {
        let cursor = format!("{},{}", entry.at.timestamp_millis(), entry.number);
        let path = format!(
            "{}/rest/auditing/1.0/events?limit={limit}&pageCursor={}",
            address(host),
            cursor.replace(',', "%2C")
        );
        paging["nextPageLink"] = json!(path);
        paging["nextPageCursor"] = json!(cursor);
    }
    let rows: Vec<Value> = found[start..end].iter().map(|entry| row(estate, host, entry)).collect();
    Reply { page: start / limit + 1, ..Reply::ok(json!({"entities": rows, "pagingInfo": paging})) }
}

fn row(estate: &Estate, host: Host, entry: &LogEntry) -> Value {
    let author = &estate.servers.accounts[entry.author];
    let id = if host == Host::ConfluenceDc { author.key(host) } else { author.number.to_string() };
    let [name, kind, about] = &entry.about;
    let Action { category: [category_key, category], action: [action_key, action] } = entry.action;
    json!({
        "timestamp": entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "author": {"name": author.name, "type": "ApplicationUser", "id": id,
            "uri": format!("{}/secure/ViewProfile.jspa?name={}", address(host), author.username)},
        "type": {"categoryI18nKey": category_key, "category": category, "actionI18nKey": action_key, "action": action},
        "affectedObjects": [{"name": name, "type": kind, "uri": null, "id": about}], "changedValues": [],
        "source": "203.0.113.7", "system": address(host), "node": "node1", "method": "Browser", "extraAttributes": [],
    })
}

/// The older log of Confluence, with moments as numbers.
pub(super) fn old_wiki_log(estate: &Estate, ask: &Ask) -> Reply {
    let number = |name: &str| ask.parameter(name).map(str::parse::<i64>).transpose();
    let (Ok(from), Ok(to)) = (number("startDate"), number("endDate")) else {
        return Reply::refusal(Family::ConfluenceDc, 400, "startDate and endDate must be numbers");
    };
    let entries: Vec<&LogEntry> = estate
        .servers
        .confluence
        .log
        .iter()
        .rev()
        .filter(|entry| {
            let at = entry.at.timestamp_millis();
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
        })
        .collect();
    page(ask, "/rest/api/audit", 100, 1000, &entries, |entry| {
        let author = &estate.servers.accounts[entry.author];
        json!({
            "author": {"type": "user", "displayName": author.name, "username": author.username,
                "userKey": author.key(Host::ConfluenceDc)},
            "remoteAddress": "203.0.113.7", "creationDate": entry.at.timestamp_millis(),
            "summary": entry.action.action[1], "description": "", "category": entry.action.category[1],
            "sysAdmin": false, "affectedObject": {"name": entry.about[0], "objectType": entry.about[1]},
            "changedValues": [], "associatedObjects": [],
        })
    })
}
