//! The API Access API: user tokens, organisation keys, service accounts and OAuth clients.
//! Next links are bare cursors here, except for service accounts, whose links are absolute.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{Estate, Expiry, MachineToken, ORG_ADDRESS, OauthClient, OrgKey, ServiceAccount, Token};
use super::exchange::{Ask, Reply, Window, encoded};

pub(super) fn tokens(estate: &Estate, ask: &Ask) -> Reply {
    cursor_page(ask, &estate.tokens, |token| user_token(estate, token))
}

pub(super) fn token_count(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!(estate.tokens.len()))
}

fn user_token(estate: &Estate, token: &Token) -> Value {
    let owner = &estate.people[token.owner];
    let mut row = json!({
        "id": token.id, "label": token.label, "status": if token.blocked { "BLOCKED" } else { "ALLOWED" },
        "createdAt": moment(token.created, &token.id),
        "user": {"id": owner.id, "orgId": estate.org_id, "name": owner.name, "email": owner.email},
    });
    match token.expires {
        Expiry::At(end) => row["expiresAt"] = json!(moment(end, &token.id)),
        Expiry::Null => row["expiresAt"] = Value::Null,
        Expiry::KeyMissing => {}
    }
    if let Some(last) = token.last_active {
        row["lastActiveAt"] = json!(moment(last, &token.id));
    }
    if let Some(scopes) = &token.scopes {
        row["scopes"] = json!(scopes);
    }
    row
}

pub(super) fn keys(estate: &Estate, ask: &Ask) -> Reply {
    cursor_page(ask, &estate.keys, |key| org_key(estate, key))
}

pub(super) fn key_count(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!(estate.keys.len()))
}

fn org_key(estate: &Estate, key: &OrgKey) -> Value {
    let creator = &estate.people[key.creator];
    let mut row = json!({
        "id": key.id, "label": key.label, "createdAt": moment(key.created, &key.id),
        "expiresAt": moment(key.expires, &key.id), "systemAccountId": key.system_account,
        "resource": estate.resource("platform"), "orgId": estate.org_id,
        "createdBy": {"id": creator.id, "name": creator.name, "email": creator.email},
        "targetResources": [estate.resource("platform")],
    });
    if let Some(last) = key.last_active {
        row["lastActiveAt"] = json!(moment(last, &key.id));
    }
    if let Some(scopes) = &key.scopes {
        row["scopes"] = json!(scopes);
    }
    row
}

pub(super) fn service_accounts(estate: &Estate, ask: &Ask) -> Reply {
    let route = format!("{ORG_ADDRESS}/admin/api-access/v1/orgs/{}/service-accounts", estate.org_id);
    service_account_page(estate, ask, &route, 100)
}

/// The route the console itself uses; more than 80 at a time is refused.
pub(super) fn managed_service_accounts(estate: &Estate, ask: &Ask) -> Reply {
    let limit = ask.parameter("limit").and_then(|limit| limit.parse::<usize>().ok());
    if limit.is_some_and(|limit| limit > 80) {
        return Reply::refusal(Family::OldAdmin, 400, "limit must not be greater than 80");
    }
    let route = format!("{ORG_ADDRESS}/admin/account-management/v1/orgs/{}/service-accounts", estate.org_id);
    service_account_page(estate, ask, &route, 80)
}

fn service_account_page(estate: &Estate, ask: &Ask, route: &str, most: usize) -> Reply {
    let window = match ask.cursor_window("limit", most, most) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let all = &estate.service_accounts;
    let items: Vec<Value> = window.cut(all).iter().map(|account| service_account(estate, account)).collect();
    let next =
        window.next(all.len()).map(|cursor| format!("{route}?cursor={}&limit={}", encoded(&cursor), window.limit));
    Reply::page_of(json!({"items": items, "total": all.len(), "links": {"next": next, "prev": null}}), window)
}

fn service_account(estate: &Estate, account: &ServiceAccount) -> Value {
    let app = &estate.apps[account.app];
    json!({
        "atlassianId": app.id, "id": account.id, "email": account.email, "displayName": app.name,
        "picture": "https://avatars.acme.example/s.png", "container": estate.resource("platform"),
        "updatedAt": account.updated.timestamp_millis(), "status": "ACTIVE",
        "createdById": estate.people[account.creator].id, "description": account.description,
    })
}

pub(super) fn service_account_tokens(estate: &Estate, ask: &Ask) -> Reply {
    let all: Vec<(&ServiceAccount, &MachineToken)> = estate
        .service_accounts
        .iter()
        .flat_map(|account| account.tokens.iter().map(move |token| (account, token)))
        .collect();
    cursor_page(ask, &all, |(account, token)| machine_token(account, token))
}

pub(super) fn one_service_account_tokens(estate: &Estate, ask: &Ask) -> Reply {
    let Some(account) = estate.service_accounts.iter().find(|account| account.id == ask.segment(1)) else {
        return Reply::refusal(Family::Admin, 404, "there is no such service account");
    };
    cursor_page(ask, &account.tokens, |token| machine_token(account, token))
}

fn machine_token(account: &ServiceAccount, token: &MachineToken) -> Value {
    let mut row = json!({
        "id": token.id, "label": token.label, "status": "ALLOWED", "serviceAccountId": account.id,
        "createdAt": moment(token.created, &token.id), "expiresAt": moment(token.expires, &token.id),
    });
    if let Some(last) = token.last_active {
        row["lastActiveAt"] = json!(moment(last, &token.id));
    }
    row
}

/// How many tokens each of the named service accounts has.
pub(super) fn service_account_counts(estate: &Estate, ask: &Ask) -> Reply {
    let Some(wanted) = ask.body.as_array().filter(|ids| ids.len() <= 100) else {
        return Reply::refusal(Family::Admin, 400, "the body must be a list of up to 100 service account ids");
    };
    let rows: Vec<Value> = estate
        .service_accounts
        .iter()
        .filter(|account| wanted.iter().any(|id| *id == account.id.as_str()))
        .map(|account| json!({"serviceAccountId": account.id, "count": account.tokens.len()}))
        .collect();
    Reply::ok(json!({"data": rows}))
}

pub(super) fn service_account_clients(estate: &Estate, ask: &Ask) -> Reply {
    let all: Vec<(&ServiceAccount, &OauthClient)> = estate
        .service_accounts
        .iter()
        .flat_map(|account| account.clients.iter().map(move |client| (account, client)))
        .collect();
    cursor_page(ask, &all, |(account, client)| {
        let mut row = oauth_client(client);
        row["serviceAccountId"] = json!(account.id);
        row
    })
}

pub(super) fn org_clients(estate: &Estate, ask: &Ask) -> Reply {
    cursor_page(ask, &estate.clients, oauth_client)
}

fn oauth_client(client: &OauthClient) -> Value {
    let made = client.created.timestamp_millis();
    json!({"clientId": client.id, "name": client.name, "createdAt": made, "updatedAt": made, "status": "ACTIVE"})
}

/// A page with a bare cursor to the next one; the last page has no `next`.
fn cursor_page<T>(ask: &Ask, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let window: Window = match ask.cursor_window("pageSize", 50, 1000) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let rows: Vec<Value> = window.cut(all).iter().map(row).collect();
    let mut links = json!({"self": null, "prev": null});
    if let Some(cursor) = window.next(all.len()) {
        links["next"] = json!(cursor);
    }
    Reply::page_of(json!({"data": rows, "links": links}), window)
}

/// A moment as this API writes it, in any of its three forms: which one depends on the id.
fn moment(at: DateTime<Utc>, id: &str) -> String {
    match id.bytes().next() {
        Some(b'0'..=b'4') => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        Some(b'5'..=b'9') => at.to_rfc3339_opts(SecondsFormat::Millis, true),
        _ => at.to_rfc3339_opts(SecondsFormat::Secs, false),
    }
}
