//! Jira: accounts, groups and seats. Shapes follow the published description, and where that is known to be wrong,
//! what real sites answer.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::endpoints::{Family, Host};
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::super::jira::avatars;
use super::JIRA_ADDRESS;
use super::access::Rank;
use super::accounts::ServerGroup;

/// From this place on a listing by cursor is told in one piece.
const STREAM_PAGE: usize = 2000;
/// How many groups a picker shows unless told otherwise.
const PICKED: usize = 20;

/// An account as users are shown.
pub(super) fn user(estate: &Estate, place: usize) -> Value {
    let account = &estate.servers.accounts[place];
    let mut row = json!({
        "self": format!("{JIRA_ADDRESS}/rest/api/2/user?username={}", account.username),
        "key": account.key(Host::JiraDc), "name": account.username, "emailAddress": account.email,
        "avatarUrls": avatars(), "displayName": account.name, "active": account.active, "deleted": false,
        "timeZone": account.time_zone, "locale": "en_US",
    });
    if estate.servers.jira.release.since(10, 3)
        && let Some(seen) = account.last_login
    {
        row["lastLoginTime"] = json!(login_moment(seen));
    }
    row
}

/// An account with the lists that can be asked for.
fn full_user(estate: &Estate, place: usize, expanded: &str) -> Value {
    let mut row = user(estate, place);
    let groups: Vec<&ServerGroup> =
        of_jira(estate).filter(|(_, group)| group.members.contains(&place)).map(|(_, group)| group).collect();
    let applications: Vec<&str> = ["jira-software", "jira-servicedesk"]
        .into_iter()
        .filter(|key| groups.iter().any(|group| group.seats.contains(key)))
        .collect();
    row["groups"] = json!({"size": groups.len(), "items": []});
    row["applicationRoles"] = json!({"size": applications.len(), "items": []});
    row["expand"] = json!("groups,applicationRoles");
    if expanded.contains("groups") {
        let item = |group: &&ServerGroup| json!({"name": group.name, "self": group_link(&group.name)});
        row["groups"]["items"] = groups.iter().map(item).collect();
    }
    if expanded.contains("applicationRoles") {
        let item = |key: &&str| json!({"key": key, "name": application_name(key)});
        row["applicationRoles"]["items"] = applications.iter().map(item).collect();
    }
    row
}

fn group_link(name: &str) -> String {
    let name = name.replace('&', "%26").replace('/', "%2F").replace(' ', "+");
    format!("{JIRA_ADDRESS}/rest/api/2/group?groupname={name}")
}

/// An account inside another answer.
pub(super) fn short_user(estate: &Estate, place: usize) -> Value {
    let mut row = user(estate, place);
    if let Some(row) = row.as_object_mut() {
        row.retain(|key, _| !matches!(key.as_str(), "deleted" | "locale" | "lastLoginTime"));
    }
    row
}

/// When somebody logged in: without milliseconds, unlike all other moments.
fn login_moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

pub(super) fn myself(estate: &Estate, ask: &Ask) -> Reply {
    let account = ask.caller.account.expect("internal: only who logged in comes here");
    Reply::ok(full_user(estate, account, ask.parameter("expand").unwrap_or_default()))
}

pub(super) fn one_user(estate: &Estate, ask: &Ask) -> Reply {
    let (key, name) = (ask.parameter("key"), ask.parameter("username"));
    let found = estate.servers.accounts.iter().position(|account| {
        key.is_some_and(|key| account.key(Host::JiraDc) == key) || name.is_some_and(|name| account.username == name)
    });
    match found {
        Some(place) => Reply::ok(full_user(estate, place, ask.parameter("expand").unwrap_or_default())),
        None => Reply::refusal(Family::JiraDc, 404, "The user does not exist."),
    }
}

/// All accounts by cursor. A cursor that makes no sense is no mistake: the stream is then at its end.
pub(super) fn user_list(estate: &Estate, ask: &Ask) -> Reply {
    let accounts = &estate.servers.accounts;
    let size = ask.parameter("maxResults").and_then(|size| size.parse::<usize>().ok()).unwrap_or(STREAM_PAGE);
    let size = size.clamp(1, STREAM_PAGE);
    let start = match ask.parameter("cursor").filter(|_| !ask.stuck) {
        None => 0,
        // Numbers follow one another.
        Some(cursor) => cursor
            .parse::<u64>()
            .ok()
            .and_then(|number| accounts.binary_search_by_key(&number, |one| one.number).ok())
            .unwrap_or(accounts.len()),
    };
    let end = (start + size).min(accounts.len());
    let link = |cursor: &str| format!("{JIRA_ADDRESS}/rest/api/2/user/list?maxResults={size}{cursor}");
    let cursor = accounts.get(start).filter(|_| start > 0).map(|account| format!("&cursor={}", account.number));
    let next = accounts.get(end).or(accounts.last().filter(|_| ask.stuck)).map(|account| account.number.to_string());
    let mut body = json!({
        "self": link(&cursor.unwrap_or_default()), "maxResults": size, "isLast": next.is_none(),
        "values": (start..end).map(|place| user(estate, place)).collect::<Vec<_>>(),
    });
    if let Some(next) = next {
        body["nextPage"] = json!(link(&format!("&cursor={next}")));
        body["nextCursor"] = json!(next);
    }
    Reply { page: start / size + 1, ..Reply::ok(body) }
}

/// Accounts whose user name, name or address has the text in it. What lies behind the cap is never told.
pub(super) fn user_search(estate: &Estate, ask: &Ask) -> Reply {
    let Some(wanted) = ask.parameter("username") else {
        return Reply::refusal(Family::JiraDc, 400, "The username query parameter was not provided.");
    };
    let window = match ask.offset_window(50, 1000) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let wanted = wanted.to_lowercase();
    let (active, inactive) =
        (ask.parameter("includeActive") != Some("false"), ask.parameter("includeInactive") == Some("true"));
    let found = estate.listing(&format!("server accounts by {wanted}, {active}, {inactive}"), || {
        let mut found: Vec<usize> = (0..estate.servers.accounts.len())
            .filter(|place| {
                let account = &estate.servers.accounts[*place];
                let texts = [&account.username, &account.name, &account.email];
                let shown = if account.active { active } else { inactive };
                shown && texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
            })
            .collect();
        found.sort_by_key(|place| &estate.servers.accounts[*place].username);
        if let Some(cap) = estate.servers.user_cap() {
            found.truncate(cap);
        }
        found
    });
    Reply::page_of(window.cut(&found).iter().map(|place| user(estate, *place)).collect(), window)
}

/// Accounts that are in more than one directory.
pub(super) fn duplicated_users(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({}))
}

pub(super) fn duplicated_count(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"count": 0}))
}

/// The groups that Jira uses, with their places.
pub(super) fn of_jira(estate: &Estate) -> impl Iterator<Item = (usize, &ServerGroup)> {
    estate.servers.groups.iter().enumerate().filter(|(_, group)| group.is_used_by(Host::JiraDc))
}

/// Groups whose name has the text in it. Nothing tells what is left out, save the total.
pub(super) fn groups_picker(estate: &Estate, ask: &Ask) -> Reply {
    let wanted = ask.parameter("query").unwrap_or_default().to_lowercase();
    let excluded: Vec<&str> =
        ask.query.iter().filter(|(key, _)| key == "exclude").map(|(_, name)| name.as_str()).collect();
    let mut found: Vec<&ServerGroup> = of_jira(estate)
        .map(|(_, group)| group)
        .filter(|group| group.name.to_lowercase().contains(&wanted) && !excluded.contains(&group.name.as_str()))
        .collect();
    found.sort_by_key(|group| &group.name);
    let limit = ask.parameter("maxResults").and_then(|limit| limit.parse().ok()).unwrap_or(PICKED);
    let total = found.len();
    found.truncate(limit);
    Reply::ok(json!({
        "header": format!("Showing {} of {total} matching groups", found.len()), "total": total,
        "groups": found.iter().map(|group| picked(group)).collect::<Vec<_>>(),
    }))
}

fn picked(group: &ServerGroup) -> Value {
    let mut labels = Vec::new();
    if group.power(Host::JiraDc) >= Rank::Administrator {
        labels.push(json!({"text": "Admin", "type": "ADMIN",
            "title": "Users added to this group will be given administrative access"}));
    }
    if let [application] = group.jira_seats()[..] {
        let name = application_name(application);
        labels.push(json!({"text": name, "type": "SINGLE",
            "title": format!("Users added to this group will be given access to {name}")}));
    }
    let html = group.name.replace('&', "&amp;");
    json!({"name": group.name, "html": html, "labels": labels})
}

fn application_name(key: &str) -> &'static str {
    match key {
        "jira-servicedesk" => "Jira Service Management",
        _ => "Jira Software",
    }
}

/// Members of a group, fifty at a time at most.
pub(super) fn group_member(estate: &Estate, ask: &Ask) -> Reply {
    let name = ask.parameter("groupname").unwrap_or_default();
    if name.is_empty() {
        return Reply::refusal(Family::JiraDc, 400, "The groupname is empty.");
    }
    let Some((_, group)) = of_jira(estate).find(|(_, group)| group.name == name) else {
        return Reply::refusal(Family::JiraDc, 404, &format!("The group named '{name}' does not exist."));
    };
    let window = match ask.offset_window(50, 50) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let inactive_too = ask.parameter("includeInactiveUsers") == Some("true");
    let members = estate.listing(&format!("members of the Jira server's {name}, {inactive_too}"), || {
        let shown = |place: &usize| inactive_too || estate.servers.accounts[*place].active;
        group.members.iter().copied().filter(shown).collect()
    });
    let link = |start: usize| {
        let own = group_link(name).replace("/group?", "/group/member?");
        format!("{own}&includeInactiveUsers={inactive_too}&maxResults={}&startAt={start}", window.limit)
    };
    let last = window.is_last(members.len());
    let mut body = json!({
        "self": link(window.start), "maxResults": window.limit, "startAt": window.start, "total": members.len(),
        "isLast": last,
        "values": window.cut(&members).iter().map(|place| short_user(estate, *place)).collect::<Vec<_>>(),
    });
    if !last {
        body["nextPage"] = json!(link(window.start + window.limit));
    }
    Reply::page_of(body, window)
}

/// Seats of each application.
pub(super) fn application_roles(estate: &Estate, _ask: &Ask) -> Reply {
    let licences = &estate.servers.jira.licences;
    Reply::ok(
        licences
            .iter()
            .map(|licence| {
                let key = licence.application;
                let groups = of_jira(estate).map(|(_, group)| group).filter(|group| group.seats.contains(&key));
                let groups: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
                let used = estate.servers.seats_used(key);
                json!({
                    "key": key, "name": application_name(key), "groups": groups, "defaultGroups": groups.get(..1),
                    "selectedByDefault": key == "jira-software", "defined": true, "numberOfSeats": licence.seats,
                    "remainingSeats": licence.seats.saturating_sub(used), "userCount": used,
                    "userCountDescription": format!("{used} developers"), "hasUnlimitedSeats": false, "platform": false,
                })
            })
            .collect(),
    )
}
