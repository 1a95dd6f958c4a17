//! The instance itself: version, licence, nodes, log-in, links to others, apps, and the audit log.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::super::endpoints::Family;
use super::super::super::estate::Estate;
use super::super::super::exchange::{Ask, Reply};
use super::pages::{moment, of, page, refusal};
use super::{ADDRESS, Event};

pub(super) fn application_properties(estate: &Estate, _ask: &Ask) -> Reply {
    let release = &of(estate).installation.release;
    Reply::ok(json!({
        "version": release.text(), "buildNumber": release.build().to_string(),
        "buildDate": "1741687200000", "displayName": "Bitbucket",
    }))
}

pub(super) fn licence(estate: &Estate, _ask: &Ask) -> Reply {
    let licence = &of(estate).licence;
    let left = (licence.ends - estate.now).num_days();
    Reply::ok(json!({
        "creationDate": moment(licence.bought), "purchaseDate": moment(licence.bought),
        "expiryDate": moment(licence.ends), "maintenanceExpiryDate": moment(licence.ends),
        "numberOfDaysBeforeExpiry": left, "numberOfDaysBeforeMaintenanceExpiry": left,
        "gracePeriodEndDate": moment(licence.ends + TimeDelta::days(14)),
        "numberOfDaysBeforeGracePeriodExpiry": left + 14, "maximumNumberOfUsers": licence.most_users,
        "unlimitedNumberOfUsers": false, "serverId": licence.server, "supportEntitlementNumber": "SEN-00000000",
        "license": licence.text, "status": {"serverId": licence.server, "currentNumberOfUsers": of(estate).licensed()},
    }))
}

pub(super) fn cluster(estate: &Estate, _ask: &Ask) -> Reply {
    let version = of(estate).installation.release.text();
    let node = |number: u8| {
        json!({"id": format!("node-{number}"), "name": format!("git-{number}"), "local": number == 1,
            "buildVersion": version, "address": {"address": format!("git-{number}.acme.example"), "port": 5701}})
    };
    Reply::ok(json!({"localNode": node(1), "nodes": [node(1), node(2)], "running": true}))
}

pub(super) fn basic_auth(estate: &Estate, _ask: &Ask) -> Reply {
    let installation = &of(estate).installation;
    Reply::ok(json!({
        "block-requests": installation.blocks_basic, "allowed-paths": [], "allowed-users": installation.basic_for,
        "show-warning-message": false,
    }))
}

pub(super) fn single_sign_on(estate: &Estate, _ask: &Ask) -> Reply {
    let updated = (estate.now - TimeDelta::days(200)).to_rfc3339_opts(SecondsFormat::Millis, true);
    Reply::ok(json!({
        "show-login-form": false, "show-login-form-for-jsm": false, "enable-authentication-fallback": false,
        "discovery-refresh-cron": "0 0 1 * * ?", "last-updated": updated,
    }))
}

/// The identity provider that people log in with, with the secret that Bitbucket shows it.
pub(super) fn identity_providers(estate: &Estate, ask: &Ask) -> Reply {
    let updated = (estate.now - TimeDelta::days(200)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let provider = json!({
        "id": 1, "name": "Company log-in", "enabled": true, "sso-type": "OIDC", "idp-type": "GENERIC",
        "issuer-url": "https://login.acme.example", "client-id": "bitbucket", "last-updated": updated,
        "client-secret": of(estate).login_secret, "jit-configuration": {"user-provisioning-enabled": false},
    });
    let mut reply = page(estate, ask, 50, &[provider], Value::clone);
    // This plugin calls its rows otherwise.
    if let Some(rows) = reply.body.as_object_mut().and_then(|body| body.remove("values")) {
        reply.body["results"] = rows;
    }
    reply
}

/// Links to other applications of the firm.
const LINKS: [(&str, &str, &str, &str); 2] = [
    ("6c1f0d3a-2b4e-3f5a-9c7d-1e2f3a4b5c6d", "Jira", "jira", "https://jira.acme.example"),
    ("0a9b8c7d-6e5f-3d4c-8b2a-190817263544", "Builds", "bamboo", "https://builds.acme.example"),
];

pub(super) fn application_links(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(LINKS.iter().map(link).collect())
}

fn link((id, name, kind, address): &(&str, &str, &str, &str)) -> Value {
    json!({"id": id, "name": name, "displayUrl": address, "rpcUrl": address, "type": kind, "primary": true,
        "system": false})
}

/// Whether a link works, and who may act over it: as themselves only.
pub(super) fn link_status(_estate: &Estate, ask: &Ask) -> Reply {
    let Some(found) = LINKS.iter().find(|(id, ..)| *id == ask.segment(0)) else {
        return Reply::refusal(Family::BitbucketDc, 404, "There is no such application link");
    };
    let way = json!({"enabled": true, "twoLoEnabled": false, "twoLoImpersonationEnabled": false});
    Reply::ok(json!({
        "link": link(found), "working": true, "localAuthentication": {"incoming": way, "outgoing": way},
        "remoteAuthentication": {"incoming": way, "outgoing": way},
    }))
}

/// Clients of the OAuth 2.0 provider, with their secrets.
pub(super) fn oauth_clients(estate: &Estate, _ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let rows = bitbucket.clients.iter().map(|client| {
        json!({
            "id": client.id, "clientId": client.client_id, "clientSecret": client.secret, "name": client.name,
            "redirects": [client.redirect], "userKey": bitbucket.users[client.user].id.to_string(),
            "scope": client.scope,
        })
    });
    Reply::ok(rows.collect())
}

/// Installed apps. Asked for plain JSON, the plugin manager does not answer.
pub(super) fn installed_apps(_estate: &Estate, ask: &Ask) -> Reply {
    if !ask.accept.contains("vnd.atl.plugins") {
        return Reply::refusal(Family::BitbucketDc, 406, "Only application/vnd.atl.plugins.installed+json is offered");
    }
    let app = |key: &str, name: &str, version: &str, user_installed: bool| {
        json!({
            "key": key, "name": name, "version": version, "enabled": true, "userInstalled": user_installed,
            "optional": true, "static": false, "unloadable": false, "description": name, "usesLicensing": user_installed,
            "vendor": {"name": if user_installed { "Example Apps" } else { "Atlassian" }},
            "links": {"self": format!("/rest/plugins/1.0/{key}-key")},
        })
    };
    Reply::ok(json!({"plugins": [
        app("com.atlassian.bitbucket.server.bitbucket-rest", "Bitbucket REST", "8.19.9", false),
        app("com.example.apps.workzone", "Workflow zone", "8.4.2", true),
        app("com.example.apps.include-code-quality", "Code quality", "6.1.0", true),
    ], "links": {"self": "/rest/plugins/1.0/"}}))
}

/// The audit log at its usual address.
pub(super) fn audit(estate: &Estate, ask: &Ask) -> Reply {
    events(estate, ask, "/rest/auditing/1.0/events")
}

/// The audit log at its other address.
pub(super) fn moved_audit(estate: &Estate, ask: &Ask) -> Reply {
    events(estate, ask, "/rest/audit/latest/events")
}

/// Events, newest first, between two moments; the cursor names the last event of the page before.
fn events(estate: &Estate, ask: &Ask, path: &str) -> Reply {
    let bitbucket = of(estate);
    let bad = |text| refusal(400, text, "com.atlassian.bitbucket.rest.BadRequestException");
    let moment_of = |name: &str| ask.parameter(name).map(str::parse::<DateTime<Utc>>).transpose();
    let (Ok(from), Ok(to)) = (moment_of("from"), moment_of("to")) else { return bad("from and to must be moments") };
    let Ok(limit) = ask.parameter("limit").map_or(Ok(100), str::parse::<usize>) else {
        return bad("limit must be a number");
    };
    let limit = limit.clamp(1, 1000);
    let inside =
        |event: &&(usize, &Event)| from.is_none_or(|from| from <= event.1.at) && to.is_none_or(|to| event.1.at <= to);
    let mut found: Vec<(usize, &Event)> = bitbucket.events.iter().enumerate().filter(|event| inside(&event)).collect();
    found.sort_by_key(|(place, event)| std::cmp::Reverse((event.at, *place)));
    let cursor = |(place, event): &(usize, &Event)| format!("{},{}", moment(event.at), 1000 + place);
    let start = match ask.parameter("pageCursor").filter(|_| !ask.stuck) {
        None => 0,
        Some(given) => match found.iter().position(|event| cursor(event) == given) {
            Some(place) => place + 1,
            None => return bad("the cursor is not valid"),
        },
    };
    let shown = &found[start..(start + limit).min(found.len())];
    let last = start + shown.len() >= found.len() && !ask.stuck;
    let mut paging = json!({"lastPage": last, "size": shown.len()});
    if let Some(end) = shown.last().filter(|_| !last) {
        let next = cursor(end);
        paging["nextPageLink"] =
            json!(format!("{ADDRESS}{path}?limit={limit}&pageCursor={}", next.replace(',', "%2C")));
        paging["nextPageCursor"] = json!(next);
    }
    let rows: Vec<Value> = shown.iter().map(|(_, event)| row(estate, event)).collect();
    Reply { page: start / limit + 1, ..Reply::ok(json!({"entities": rows, "pagingInfo": paging})) }
}

fn row(estate: &Estate, event: &Event) -> Value {
    let author = &of(estate).users[event.author];
    let [category_key, category, action_key, action] = event.action;
    let (name, kind, id) = &event.on;
    json!({
        "timestamp": event.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "author": {"name": author.title, "type": "NORMAL", "id": author.id.to_string(),
            "uri": format!("{ADDRESS}/users/{}", super::Bitbucket::slug(author))},
        "type": {"categoryI18nKey": category_key, "category": category, "actionI18nKey": action_key, "action": action},
        "affectedObjects": [{"name": name, "type": kind, "uri": null, "id": id}],
        "changedValues": [], "source": "192.0.2.7", "system": ADDRESS, "node": "node-1", "method": "Browser",
        "extraAttributes": [],
    })
}
