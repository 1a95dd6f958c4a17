//! Personal access tokens. Jira and Confluence share the plugin and so its interface, which was never described:
//! paths and fields are those that public clients rely on.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::endpoints::Host;
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::super::names;
use super::super::random::Random;
use super::family;

#[derive(Debug, Clone)]
pub(crate) struct Pat {
    pub(crate) id: u64,
    pub(crate) label: String,
    /// Place of the account; `None` when it does not resolve any more.
    pub(crate) owner: Option<usize>,
    pub(crate) created: DateTime<Utc>,
    /// `None` never ends; the answer then tells the year 9999.
    pub(crate) expires: Option<DateTime<Utc>>,
    pub(crate) last_used: Option<DateTime<Utc>>,
}

/// More rows than this are not told at once.
const LARGEST_PAGE: usize = 100;

/// A token somebody uses on a machine of their own: 31 to 250 days old, made for a year, used of late.
pub(crate) fn own_pat(estate: &mut Estate, host: Host, owner: usize, random: &mut Random) -> Pat {
    let created = estate.now - TimeDelta::minutes(random.between(31, 250) * 1440 + random.between(0, 1439));
    let used = estate.now - TimeDelta::minutes(random.between(30, 30 * 1440));
    Pat {
        id: next_id(estate, host),
        label: random.pick(names::OWN_LABELS).to_owned(),
        owner: Some(owner),
        created,
        expires: Some(created + TimeDelta::days(365)),
        last_used: Some(used),
    }
}

/// Ids are unique in one product; here they are so in all of them, so that the answer sheet names one thing.
fn next_id(estate: &mut Estate, host: Host) -> u64 {
    let installation = estate.servers.installation_mut(host);
    installation.last_token += 1;
    let first = if host == Host::ConfluenceDc { 52_000 } else { 41_000 };
    first + installation.last_token
}

/// Hands out the ordinary tokens, and one to each reader. `owners` are people without a part.
pub(crate) fn issue(estate: &mut Estate, owners: &[usize], random: &mut Random) {
    for (host, wanted) in [(Host::JiraDc, owners.len() * 2), (Host::ConfluenceDc, owners.len() / 2)] {
        for owner in owners.iter().cycle().take(wanted) {
            let token = own_pat(estate, host, *owner, random);
            estate.servers.installation_mut(host).tokens.push(token);
        }
        for reader in estate.servers.readers {
            let mut token = own_pat(estate, host, reader, random);
            "access review".clone_into(&mut token.label);
            token.created = estate.now - TimeDelta::days(2);
            token.expires = Some(estate.now + TimeDelta::days(88));
            token.last_used = Some(estate.now - TimeDelta::minutes(3));
            estate.servers.installation_mut(host).tokens.push(token);
        }
    }
}

/// The caller's own tokens.
pub(super) fn own(estate: &Estate, ask: &Ask) -> Reply {
    let tokens = &estate.servers.installation(ask.caller.host).tokens;
    let mine = tokens.iter().filter(|token| token.owner.is_some() && token.owner == ask.caller.account);
    Reply::ok(mine.map(row).collect())
}

/// Everybody's tokens, page by page. Pages count from zero.
pub(super) fn search(estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    let installation = estate.servers.installation(host);
    if !installation.release.is_data_center() {
        return Reply::refusal(family(host), 403, "This feature requires a Data Center license.");
    }
    let number = |name: &str, usual: u64| match ask.body.get(name) {
        None | Some(Value::Null) => Some(usual),
        Some(value) => value.as_u64(),
    };
    let (page, limit) = (number("page", 0), number("limit", 100).filter(|limit| *limit > 0));
    let (Some(page), Some(limit)) = (page, limit) else {
        return Reply::refusal(family(host), 400, "page and limit must be numbers");
    };
    let mut found: Vec<&Pat> = installation.tokens.iter().filter(|token| is_wanted(estate, host, ask, token)).collect();
    match text(ask, "sortBy").unwrap_or("name") {
        "name" => found.sort_by_key(|token| (&token.label, token.id)),
        "createdAt" => found.sort_by_key(|token| (token.created, token.id)),
        "expiringAt" => found.sort_by_key(|token| (token.expires.is_none(), token.expires, token.id)),
        "lastAccessedAt" => found.sort_by_key(|token| (token.last_used, token.id)),
        "userKey" => found.sort_by_key(|token| (owner_key(estate, host, token), token.id)),
        other => return Reply::refusal(family(host), 400, &format!("sortBy cannot be {other}")),
    }
    if text(ask, "orderBy") == Some("desc") {
        found.reverse();
    }
    let size = usize::try_from(limit).unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
    let page = if ask.stuck { 0 } else { usize::try_from(page).unwrap_or(usize::MAX / LARGEST_PAGE) };
    let rows: Vec<Value> =
        found.into_iter().skip(page * size).take(size).map(|token| with_owner(estate, host, token)).collect();
    Reply { page: page + 1, ..Reply::ok(json!({"values": rows})) }
}

/// People who own a token and whose name has a text in it.
pub(super) fn owners(estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    let installation = estate.servers.installation(host);
    if !installation.release.is_data_center() {
        return Reply::refusal(family(host), 403, "This feature requires a Data Center license.");
    }
    let wanted = ask.parameter("contains").unwrap_or_default().to_lowercase();
    let limit = ask.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
    let mut owners: Vec<usize> = installation.tokens.iter().filter_map(|token| token.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let fits = |owner: &usize| {
        let account = &estate.servers.accounts[*owner];
        account.username.contains(&wanted) || account.name.to_lowercase().contains(&wanted)
    };
    Reply::ok(owners.into_iter().filter(fits).take(limit).map(|owner| profile(estate, host, owner)).collect())
}

fn text<'a>(ask: &'a Ask, name: &str) -> Option<&'a str> {
    ask.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn is_wanted(estate: &Estate, host: Host, ask: &Ask, token: &Pat) -> bool {
    let named = text(ask, "name").is_none_or(|part| token.label.to_lowercase().contains(&part.to_lowercase()));
    let keys = ask.list("userKeys").unwrap_or_default();
    let owned = keys.is_empty() || owner_key(estate, host, token).is_some_and(|key| keys.contains(&key.as_str()));
    let used = ask.body.get("isUsed").and_then(Value::as_bool).is_none_or(|used| token.last_used.is_some() == used);
    let within = |name: &str, at: Option<DateTime<Utc>>| {
        let limit = |end: &str| text(ask, &format!("{name}{end}")).and_then(|text| text.parse::<DateTime<Utc>>().ok());
        limit("From").is_none_or(|from| at.is_some_and(|at| at >= from))
            && limit("To").is_none_or(|to| at.is_some_and(|at| at <= to))
    };
    let dated = within("tokenCreatedDate", Some(token.created))
        && within("tokenExpiryDate", Some(token.expires.unwrap_or(DateTime::<Utc>::MAX_UTC)))
        && within("lastAuthenticatedDate", token.last_used);
    named && owned && used && dated
}

fn owner_key(estate: &Estate, host: Host, token: &Pat) -> Option<String> {
    token.owner.map(|owner| estate.servers.accounts[owner].key(host))
}

fn row(token: &Pat) -> Value {
    let end = token.expires.map_or_else(|| "9999-12-31T23:59:59.000+00:00".to_owned(), moment);
    let mut row = json!({"id": token.id, "name": token.label, "createdAt": moment(token.created), "expiringAt": end});
    if let Some(used) = token.last_used {
        row["lastAccessedAt"] = json!(moment(used));
    }
    row
}

fn with_owner(estate: &Estate, host: Host, token: &Pat) -> Value {
    let mut row = row(token);
    if let Some(owner) = token.owner {
        row["userProfileResource"] = profile(estate, host, owner);
    }
    row
}

fn profile(estate: &Estate, host: Host, owner: usize) -> Value {
    let account = &estate.servers.accounts[owner];
    json!({"userKey": account.key(host), "username": account.username, "fullName": account.name, "email": account.email})
}

/// A moment as the plugin writes it.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string()
}
