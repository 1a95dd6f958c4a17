//! `atlassian-org`: policies, authentication policies, the audit log and what it costs to ask, against answers written
//! by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keyroll::drift;
use keyroll::model::{Collection, Earlier, EndpointState, Kind, LedgerEntry, ResourceId, Snapshot, Watermarks, What};
use keyroll::sources::Depth;
use serde_json::{Value, json};

use super::{Asked, build, entry, facts, gaps, of_kind, sealed, secret_file, serve_by};

const STREAM: &str = "GET /admin/v1/orgs/o1/events-stream";
const AUTH_POLICIES: &str = "POST /admin/control/v1/orgs/o1/users/auth-policies/bulk-fetch";

/// A small organisation whose answers are all whole, changed where a test wants it.
struct Pretended {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Pretended {
    /// What `special` does not answer is answered as usual.
    async fn new(special: impl Fn(&Asked) -> Option<(u16, Value)> + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        let url = serve_by(move |request| {
            log.lock().unwrap().push(request.clone());
            special(request).unwrap_or_else(|| usual(&request.line))
        })
        .await;
        Self { url, asked }
    }

    async fn look(&self, more: &str, since: &Watermarks) -> Collection {
        let folder = tempfile::tempdir().unwrap();
        let key = secret_file(folder.path(), "key", "any");
        let source = build("atlassian-org", &format!("base_url: {}\nkey: {key}\norg: o1\n{more}", self.url)).unwrap();
        source.look(Depth::Whole, since).await
    }

    async fn collect(&self) -> Snapshot {
        sealed(self.look("", &Watermarks::default()).await)
    }

    /// The questions of one kind, taken out of the log.
    fn take(&self, line: &str) -> Vec<Asked> {
        let mut asked = self.asked.lock().unwrap();
        let (taken, rest) = std::mem::take(&mut *asked).into_iter().partition(|request| request.line == line);
        *asked = rest;
        taken
    }
}

fn usual(line: &str) -> (u16, Value) {
    let whole = match line {
        "GET /admin/v1/orgs" => json!({"data": [{"id": "o1", "attributes": {"name": "Acme"}}]}),
        "POST /admin/v2/orgs/o1/directories/-/users/search" => json!({"data": [
            {"accountId": "712020:a", "claimStatus": "managed", "email": "ada@acme.example", "platformRoles": []},
            {"accountId": "712020:b", "claimStatus": "managed", "email": "bo@acme.example", "platformRoles": []},
            {"accountId": "712020:x", "claimStatus": "unmanaged", "platformRoles": []}]}),
        "GET /admin/api-access/v1/orgs/o1/api-tokens" => json!({"data": [
            {"id": "t1", "label": "jenkins", "user": {"id": "712020:a"}},
            {"id": "t2", "label": "idle", "user": {"id": "712020:b"}}]}),
        "GET /admin/api-access/v1/orgs/o1/api-keys" => json!({"data": [{"id": "k1", "label": "siem"}]}),
        "GET /admin/v1/orgs/o1/event-actions" => json!({"data": [
            {"id": "user_login", "type": "event-actions", "attributes": {"displayName": "Logged in"}},
            {"id": "user_logged_in_as_user", "attributes": {"displayName": "Logged in as user"}},
            {"id": "group_created", "attributes": {"displayName": "Created group", "groupDisplayName": "Groups"}}]}),
        STREAM => json!({"data": [], "meta": {"next": "end"}}),
        AUTH_POLICIES => json!([
            {"email": "ada@acme.example", "accountId": "712020:a", "policyId": "p-1", "policyName": "Everybody"},
            {"email": "bo@acme.example", "accountId": "712020:b", "policyId": "p-1", "policyName": "Everybody"}]),
        path if path.ends_with("/count") => return (404, json!({"code": 404, "message": "no counter"})),
        _ => json!({"data": []}),
    };
    (200, whole)
}

fn refused(status: u16, title: &str, detail: &str) -> (u16, Value) {
    (status, json!({"errors": [{"status": status.to_string(), "title": title, "detail": detail}]}))
}

fn event(at: &str, action: &str, actor: Value) -> Value {
    json!({"id": format!("e-{at}"), "type": "events", "attributes": {"time": format!("2026-11-{at}Z"), "action": action,
        "actor": actor, "location": {"ip": "203.0.113.9", "city": "Berlin"}, "unheardOf": {"a": 1},
        "context": [{"id": "g", "type": "groups", "attributes": {"name": "jira-admins"}}]},
        "message": {"content": "Ada did something", "format": "simple"}})
}

/// A stream of one page, whose cursor then waits for news.
fn one_page(request: &Asked, page: &Value) -> Option<(u16, Value)> {
    (request.line == STREAM && request.parameter("cursor").is_none()).then(|| {
        (200, json!({"data": page, "meta": {"next": "c1", "page_size": 500}, "links": {"next": "ignored?x=1"}}))
    })
}

fn marked(ledger: &[LedgerEntry], mark: &str) -> Watermarks {
    let mut entry = entry(ledger, "audit events").clone();
    entry.watermark = Some(mark.to_owned());
    Watermarks::of(&[entry])
}

#[tokio::test]
async fn the_audit_log_tells_log_ins_the_use_of_tokens_and_acting_apps_and_nothing_else_is_kept() {
    let ada = json!({"id": "712020:a", "name": "Ada", "email": "ada@acme.example"});
    let with = |auth: Value, more: Value| {
        let mut actor = ada.clone();
        actor["auth"] = auth;
        actor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        actor
    };
    let app = json!({"id": "ari:cloud:ecosystem::app/7", "type": "apps", "attributes": {"name": "Reporter"}});
    let page = json!([
        event("03T08:00:00", "user_login", ada.clone()),
        event("01T08:00:00", "user_login", ada.clone()),
        event("09T08:00:00", "user_logged_in_as_user", ada.clone()),
        event("09T09:00:00", "user_login", json!({"id": "712020:stranger"})),
        event("05T08:00:00", "x", with(json!({"authType": "api-token", "tokenId": "t1", "tokenLabel": "jenkins"}),
            json!({"onBehalfOf": {"id": "712020:b"}}))),
        event("06T08:00:00", "x", json!({"id": "712020:b", "auth": {"authType": "brand-new-type", "tokenId": "t1"},
            "onBehalfOf": {"id": "712020:a"}})),
        event("06T09:00:00", "x", with(json!({"authType": "api-token", "tokenId": "unlisted"}), json!({}))),
        event("07T08:00:00", "x", with(json!({"authType": "container-token", "tokenId": "k1"}), json!({}))),
        event("08T08:00:00", "x", with(json!({"authType": "auth-token-for-3LO"}),
            json!({"app": app, "onBehalfOf": {"id": "712020:b"}}))),
        event("04T08:00:00", "x", with(json!({"authType": "connect-token"}), json!({"app": {"id": app["id"]}}))),
        event("04T09:00:00", "x", json!({"id": "557058:app", "name": "Exporter", "app": {"id": "app-9"},
            "auth": {"authType": "auth-token-for-2LO"}})),
        event("04T10:00:00", "x", with(json!({"authType": "auth-token-for-3LO"}), json!({"app": {"id": "app-10"}}))),
        // Odd rows: a wrong type deep inside, nothing inside, no actor.
        event("10T08:00:00", "x", json!({"id": ["odd"], "app": {"id": "app-8"}, "auth": {"authType": "connect-token"}})),
        {"id": "e-bare"},
        {"id": "e-nobody", "attributes": {"action": "x", "actor": null, "time": "2026-11-01T00:00:00Z"}},
    ]);
    let pretended = Pretended::new(move |request| one_page(request, &page)).await;
    let snapshot = pretended.collect().await;
    let events = entry(&snapshot.ledger, "audit events");
    assert_eq!((events.state, events.rows, events.pages), (EndpointState::Partial, 15, 2));
    assert_eq!(events.reason, "1 event does not tell who did what and when");
    assert_eq!(events.unreadable, ["`e-10T08:00:00`: attributes.actor.id"]);

    assert_eq!(facts(&snapshot, "atlassian/principal/712020:a")["last_login_at"], json!("2026-11-03T08:00:00Z"));
    assert_eq!(facts(&snapshot, "atlassian/principal/712020:b").get("last_login_at"), None);
    let token = facts(&snapshot, "o1/credential/t1");
    assert_eq!(token["last_used_by"], json!("atlassian/principal/712020:b"));
    assert_eq!(token["acts_for"], json!(["atlassian/principal/712020:a", "atlassian/principal/712020:b"]));
    assert_eq!(
        (&token["auth_type"], &token["owner"]),
        (&json!("brand-new-type"), &json!("atlassian/principal/712020:a"))
    );
    assert_eq!(facts(&snapshot, "o1/credential/k1")["last_used_by"], json!("atlassian/principal/712020:a"));
    assert_eq!(facts(&snapshot, "o1/credential/t2").get("last_used_by"), None);
    assert_eq!(
        facts(&snapshot, "o1/app/acting:ari:cloud:ecosystem::app/7"),
        json!({"form": "acting-app", "acts_for": ["atlassian/principal/712020:b"], "auth_type": "auth-token-for-3LO",
            "last_used_at": "2026-11-08T08:00:00Z"})
    );
    // The name of an actor that is no account is the app's; a person's name is never taken for one.
    assert_eq!(snapshot.get(&ResourceId::parse("o1/app/acting:app-9").unwrap()).unwrap().name, "Exporter");
    assert_eq!(snapshot.get(&ResourceId::parse("o1/app/acting:app-10").unwrap()).unwrap().name, "");
    assert_eq!(facts(&snapshot, "o1/app/acting:app-8")["last_used_at"], json!("2026-11-10T08:00:00Z"));
    let names: Vec<&str> = of_kind(&snapshot, Kind::App).map(|app| app.name.as_str()).collect();
    assert_eq!(names, ["", "", "Exporter", "Reporter"]);

    assert_eq!(of_kind(&snapshot, Kind::Principal).count(), 3, "an event makes no account");
    assert_eq!(of_kind(&snapshot, Kind::Credential).count(), 3, "an event makes no credential");
    for resource in &snapshot.resources {
        let told = resource.seen_by.iter().any(|sighting| &*sighting.endpoint == "audit events");
        assert_eq!(told, resource.kind() == Kind::App, "{}", resource.id);
    }
    let kept = format!("{:?}", snapshot.resources);
    for private in ["203.0.113.9", "Berlin", "did something", "jira-admins", "stranger", "unheardOf"] {
        assert!(!kept.contains(private), "{private} is kept");
    }
}

#[tokio::test]
async fn a_second_scan_reads_on_where_the_first_one_stopped() {
    let pretended = Pretended::new(|request| {
        let rows = match (request.line == STREAM, request.parameter("cursor")) {
            (false, _) => return None,
            (true, None) => json!([event("03T08:00:00", "user_login", json!({"id": "712020:a"}))]),
            (true, Some("c1+/==")) => json!([event("04T08:00:00", "user_login", json!({"id": "712020:b"}))]),
            (true, Some(_)) => json!([]),
        };
        let next = if request.parameter("cursor").is_none() { "c1+/==" } else { "c2" };
        Some((200, json!({"data": rows, "meta": {"next": next}})))
    })
    .await;
    let first = sealed(pretended.look("page_size: 50\n", &Watermarks::default()).await);
    let asked = pretended.take(STREAM);
    let queries: Vec<&BTreeMap<String, String>> = asked.iter().map(|request| &request.query).collect();
    // Thirty days before the morning of the test.
    assert_eq!(asked[0].parameter("from"), Some("1792740600000"), "{queries:?}");
    assert_eq!(asked[0].parameter("limit"), Some("50"));
    assert_eq!(entry(&first.ledger, "audit events").watermark.as_deref(), Some("2026-11-22T07:30:00Z c2"));

    let second = sealed(pretended.look("", &Watermarks::of(&first.ledger)).await);
    let asked = pretended.take(STREAM);
    assert_eq!(asked.len(), 1, "nothing is read twice");
    assert_eq!((asked[0].parameter("cursor"), asked[0].parameter("from")), (Some("c2"), None));
    assert_eq!(entry(&second.ledger, "audit events").state, EndpointState::Complete);
    assert_eq!(entry(&second.ledger, "audit events").watermark.as_deref(), Some("2026-11-22T07:30:00Z c2"));

    // A mark that was kept without its moment, and a cursor that needs writing down with care.
    let third = sealed(pretended.look("", &marked(&first.ledger, "c1+/==")).await);
    let asked = pretended.take(STREAM);
    assert_eq!(asked.iter().map(|each| each.parameter("cursor").unwrap()).collect::<Vec<_>>(), ["c1+/==", "c2"]);
    assert_eq!(facts(&third, "atlassian/principal/712020:b")["last_login_at"], json!("2026-11-04T08:00:00Z"));
    assert_eq!(facts(&third, "atlassian/principal/712020:a").get("last_login_at"), None);
}

#[tokio::test]
async fn a_cursor_that_comes_as_a_link_is_kept_bare() {
    let pretended = Pretended::new(|request| {
        let rows = match request.parameter("cursor") {
            _ if request.line != STREAM => return None,
            None => json!([event("03T08:00:00", "user_login", json!({"id": "712020:a"}))]),
            Some(_) => json!([]),
        };
        let link = "https://api.atlassian.com/admin/v1/orgs/o1/events-stream?limit=500&cursor=a%2Bb";
        let links = if rows == json!([]) { json!({}) } else { json!({"next": link}) };
        Some((200, json!({"data": rows, "links": links})))
    })
    .await;
    let snapshot = pretended.collect().await;
    assert_eq!(entry(&snapshot.ledger, "audit events").watermark.as_deref(), Some("2026-11-22T07:30:00Z a+b"));
    assert_eq!(pretended.take(STREAM)[1].parameter("cursor"), Some("a+b"));
}

#[tokio::test]
async fn a_cursor_that_is_refused_is_read_around_and_the_hole_is_told() {
    let pretended = Pretended::new(|request| {
        let stale = request.line == STREAM && request.parameter("cursor") == Some("stale");
        stale.then(|| refused(400, "Bad Request", "the cursor is not valid"))
    })
    .await;
    let first = pretended.collect().await;
    for (mark, days, hole) in [
        ("2026-11-20T02:00:00Z stale", 30, false),
        ("2026-10-01T02:00:00Z stale", 30, true),
        ("2026-10-01T02:00:00Z stale", 90, false),
        ("2026-10-23T12:00:00Z stale", 30, true),
        ("stale", 180, true),
    ] {
        pretended.take(STREAM);
        let since = marked(&first.ledger, mark);
        let again = pretended.look(&format!("audit_days: {days}\n"), &since).await;
        let events = entry(&again.ledger, "audit events");
        assert_eq!(events.is_gap(), hole, "{mark}, {days} days: {}", events.reason);
        assert_eq!(events.reason.contains("may be missed (`audit_days`)"), hole, "{}", events.reason);
        assert_eq!(events.watermark.as_deref(), Some("2026-11-22T07:30:00Z end"));
        assert_eq!(pretended.take(STREAM).len(), 2);
    }
}

#[tokio::test]
async fn a_mark_stays_where_the_log_or_what_it_speaks_of_could_not_be_read() {
    for broken in [STREAM, "POST /admin/v2/orgs/o1/directories/-/users/search"] {
        let pretended = Pretended::new(move |request| (request.line == broken).then(|| (500, json!({})))).await;
        let mut night = pretended.look("", &Watermarks::default()).await;
        assert_eq!(entry(&night.ledger, "audit events").watermark, None, "{broken}");
        let since = marked(&night.ledger, "2026-11-20T02:00:00Z c7");
        since.keep(&mut night.ledger);
        assert_eq!(entry(&night.ledger, "audit events").watermark.as_deref(), Some("2026-11-20T02:00:00Z c7"));
    }
    // A mark that is older than the log itself: what lies between is lost.
    let pretended = Pretended::new(|_| None).await;
    let whole = pretended.collect().await;
    let night = pretended.look("", &marked(&whole.ledger, "2026-01-20T02:00:00Z c7")).await;
    let events = entry(&night.ledger, "audit events");
    assert_eq!(events.state, EndpointState::Partial);
    assert!(events.reason.contains("the log keeps 180 days"), "{}", events.reason);
    // A page that breaks behind the first one: what came is used, the mark stands behind it, and its moment does not move.
    let pretended = Pretended::new(|request| match (request.line == STREAM, request.parameter("cursor")) {
        (true, Some("c7")) => Some((
            200,
            json!({"data": [event("21T02:00:00", "user_login", json!({"id": "712020:a"}))],
            "meta": {"next": "c8"}}),
        )),
        (true, _) => Some((500, json!({}))),
        (false, _) => None,
    })
    .await;
    let whole = Pretended::new(|_| None).await.collect().await;
    let night = pretended.look("", &marked(&whole.ledger, "2026-11-20T02:00:00Z c7")).await;
    let events = entry(&night.ledger, "audit events");
    assert_eq!(events.state, EndpointState::Partial);
    assert_eq!(events.watermark.as_deref(), Some("2026-11-20T02:00:00Z c8"));
    assert_eq!(facts(&sealed(night), "atlassian/principal/712020:a")["last_login_at"], json!("2026-11-21T02:00:00Z"));
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_said() {
    let log_in = json!([event("03T08:00:00", "user_login", json!({"id": "712020:a"}))]);
    let nameless = json!([event("03T08:00:00", "x", json!({"id": "a", "auth": {"authType": "auth-token-for-2LO"}}))]);
    let actions = "GET /admin/v1/orgs/o1/event-actions";
    for (answer, page, told) in [
        (
            refused(403, "Forbidden", "no scope"),
            &log_in,
            "not every log-in is recognised: audit event actions is denied",
        ),
        ((200, json!({"data": []})), &log_in, "no log-in is recognised: none of the actions is called one"),
        (usual(actions), &nameless, "in 1 event an app acts through OAuth and is not named"),
    ] {
        let page = page.clone();
        let special = move |request: &Asked| {
            if request.line == actions { Some(answer.clone()) } else { one_page(request, &page) }
        };
        let snapshot = Pretended::new(special).await.collect().await;
        let events = entry(&snapshot.ledger, "audit events");
        assert_eq!((events.state, events.reason.as_str()), (EndpointState::Partial, told));
        assert_eq!(facts(&snapshot, "atlassian/principal/712020:a").get("last_login_at"), None);
    }
}

#[tokio::test]
async fn a_refusal_that_speaks_of_a_plan_names_it_and_a_plain_one_stays_a_refusal() {
    let lines = [
        ("GET /admin/v1/orgs/o1/policies", "policies", "Atlassian Guard"),
        (AUTH_POLICIES, "authentication policies of accounts", "Atlassian Guard"),
        ("GET /admin/v1/orgs/o1/event-actions", "audit event actions", "Guard Standard"),
        (STREAM, "audit events", "Guard Standard"),
    ];
    for (status, title, detail, state) in [
        (403, "Forbidden", "This organization needs an Atlassian Guard subscription.", EndpointState::NotOffered),
        (403, "Paid plan required", "Not part of the free plan.", EndpointState::NotOffered),
        (404, "Not found", "Upgrade your plan to use this.", EndpointState::NotOffered),
        (403, "Forbidden", "The key lacks a scope.", EndpointState::Denied),
    ] {
        let all = lines.map(|(line, ..)| line);
        let special =
            move |request: &Asked| all.contains(&request.line.as_str()).then(|| refused(status, title, detail));
        let snapshot = Pretended::new(special).await.collect().await;
        assert_eq!(gaps(&snapshot.ledger), lines.map(|(_, name, _)| (name, state)).into(), "{detail}");
        for (_, name, plan) in lines {
            let found = entry(&snapshot.ledger, name);
            let named = found.reason.starts_with(&format!("needs {plan}: "));
            assert_eq!(named, state == EndpointState::NotOffered, "{}", found.reason);
            assert!(found.reason.ends_with(detail), "{}", found.reason);
            assert_eq!(found.rows, 0);
        }
    }
}

#[tokio::test]
async fn a_credential_of_the_wrong_kind_is_told_which_one_is_needed_where() {
    let pretended = Pretended::new(|_| Some((401, json!({"code": 401, "message": "Unauthorized"})))).await;
    let night = pretended.look("", &Watermarks::default()).await;
    for name in ["organisation", "accounts", "user API tokens", "policies", "audit events"] {
        let found = entry(&night.ledger, name);
        assert_eq!(found.state, EndpointState::Denied);
        for words in ["refused with 401", "an API key of the organisation is needed", "a person's API token works only"]
        {
            assert!(found.reason.contains(words), "{name}: {}", found.reason);
        }
    }
}

#[tokio::test]
async fn the_consoles_listing_says_that_a_key_with_scopes_does_not_do() {
    let pretended = Pretended::new(|request| match request.line.as_str() {
        "GET /admin/api-access/v1/orgs/o1/service-accounts" => Some((404, json!({"message": "no route"}))),
        "GET /admin/account-management/v1/orgs/o1/service-accounts" => Some((403, json!({"message": "Forbidden"}))),
        _ => None,
    })
    .await;
    let night = pretended.look("", &Watermarks::default()).await;
    let found = entry(&night.ledger, "service accounts");
    assert_eq!(found.state, EndpointState::NotOffered);
    assert!(found.reason.contains("it takes a key without scopes (`unscoped_key`)"), "{}", found.reason);

    let folder = tempfile::tempdir().unwrap();
    let key = secret_file(folder.path(), "unscoped", "scoped all the same");
    let night = pretended.look(&format!("unscoped_key: {key}\n"), &Watermarks::default()).await;
    let found = entry(&night.ledger, "service accounts");
    assert_eq!(found.state, EndpointState::Denied);
    assert!(found.reason.ends_with("takes a key that was made without scopes"), "{}", found.reason);
}

#[tokio::test]
async fn the_plan_is_what_the_configuration_says_and_unknown_otherwise() {
    let pretended = Pretended::new(|_| None).await;
    let plain = pretended.collect().await;
    assert_eq!(facts(&plain, "o1/container/organisation").get("plan"), None);
    let told = sealed(pretended.look("plan: guard-standard\n", &Watermarks::default()).await);
    assert_eq!(facts(&told, "o1/container/organisation")["plan"], json!("guard-standard"));
    let problems = |yaml: &str| build("atlassian-org", yaml).err().unwrap().0.iter().map(ToString::to_string).collect();
    let shown: Vec<String> = problems("key: env:HOME\nplan: guard-standart\naudit_days: 181\n");
    assert_eq!(
        shown,
        [
            "keyroll.yaml:3:13: `audit_days` is 181, expected 1 to 180",
            "keyroll.yaml:2:7: `plan` cannot be `guard-standart` (did you mean `guard-standard`?)",
        ]
    );
    let shown: Vec<String> = problems("key: env:HOME\nplan: gold\n");
    assert!(shown[0].ends_with("(expected one of: free, standard, guard-standard, enterprise)"), "{shown:?}");
}

#[tokio::test]
async fn policies_are_read_page_by_page_and_odd_ones_as_far_as_they_go() {
    let pretended = Pretended::new(|request| {
        if request.line != "GET /admin/v1/orgs/o1/policies" {
            return None;
        }
        let (rows, next) = match request.parameter("cursor") {
            None => (
                json!([
                    {"id": "p1", "attributes": {"type": "ip-allowlist", "name": "HQ", "status": "applying"}},
                    {"id": "p2", "attributes": {"type": "data-security", "name": 5, "status": "Enabled", "new": true}},
                ]),
                json!("second"),
            ),
            Some(cursor) => {
                assert_eq!(cursor, "second");
                (json!([{"id": "p3"}, {"attributes": {"name": "nobody's"}}]), Value::Null)
            }
        };
        Some((200, json!({"data": rows, "meta": {"next": next, "page_size": 2}, "links": {}})))
    })
    .await;
    let snapshot = pretended.collect().await;
    assert_eq!(
        facts(&snapshot, "o1/setting/policy:p1"),
        json!({"key": "policy", "value": "applying", "detail": "ip-allowlist"})
    );
    assert_eq!(
        facts(&snapshot, "o1/setting/policy:p2"),
        json!({"key": "policy", "value": "enabled", "detail": "data-security"})
    );
    assert_eq!(facts(&snapshot, "o1/setting/policy:p3"), json!({"key": "policy"}));
    let policies = entry(&snapshot.ledger, "policies");
    assert_eq!((policies.state, policies.rows), (EndpointState::Partial, 4));
    assert_eq!(policies.reason, "1 row could not be read");
    assert_eq!(policies.unreadable, ["`p2`: attributes.name"]);
}

#[tokio::test]
async fn authentication_policies_are_asked_for_fifty_accounts_at_once() {
    let accounts: Vec<Value> = (0..120)
        .map(|n| {
            json!({"accountId": format!("712020:{n:03}"), "claimStatus": "managed", "platformRoles": [],
            "email": format!("P{n}@acme.example")})
        })
        .collect();
    let pretended = Pretended::new(move |request| match request.line.as_str() {
        "POST /admin/v2/orgs/o1/directories/-/users/search" if request.body.get("roleIds").is_none() => {
            Some((200, json!({"data": accounts})))
        }
        AUTH_POLICIES => {
            let ids = request.body["accountIds"].as_array().unwrap();
            let rows: Vec<Value> = ids
                .iter()
                .filter_map(|id| match id.as_str()?.trim_start_matches("712020:").parse::<u32>().ok()? {
                    3 => None,
                    n if n % 2 == 0 => Some(json!({"email": format!("p{n}@ACME.example"), "policyId": "p-even"})),
                    n => Some(json!({"accountId": id, "policy": {"name": "Odd"}, "email": format!("{n}?"), "new": 1})),
                })
                .chain([json!({"email": "somebody@else.example", "policyName": "Elsewhere"})])
                .collect();
            Some((200, json!({"data": rows})))
        }
        _ => None,
    })
    .await;
    let snapshot = pretended.collect().await;
    let asked: Vec<usize> =
        pretended.take(AUTH_POLICIES).iter().map(|each| each.body["accountIds"].as_array().unwrap().len()).collect();
    assert_eq!(asked.iter().sum::<usize>(), 120);
    assert!(asked.len() == 3 && asked.iter().all(|size| *size <= 50), "{asked:?}");
    assert_eq!(facts(&snapshot, "atlassian/principal/712020:008")["auth_policy"], json!("p-even"));
    assert_eq!(facts(&snapshot, "atlassian/principal/712020:009")["auth_policy"], json!("Odd"));
    assert_eq!(facts(&snapshot, "atlassian/principal/712020:003").get("auth_policy"), None);
    let found = entry(&snapshot.ledger, "authentication policies of accounts");
    assert_eq!(found.state, EndpointState::Partial);
    assert_eq!(
        found.reason,
        "3 rows are of no account that was asked for; the answers tell no policy of 1 of 120 managed accounts"
    );
    let silent = snapshot.resources.iter().flat_map(|resource| &resource.seen_by);
    assert!(silent.into_iter().all(|sighting| &*sighting.endpoint != "authentication policies of accounts"));
}

#[tokio::test]
async fn groups_that_open_nothing_are_not_asked_for_their_roles() {
    for search_works in [true, false] {
        let pretended = Pretended::new(move |request| match request.line.as_str() {
            "POST /admin/v2/orgs/o1/directories/-/groups/search" if request.body.get("roleIds").is_some() => {
                Some(if search_works { (200, json!({"data": [{"id": "g-admins"}]})) } else { (400, json!({})) })
            }
            "POST /admin/v2/orgs/o1/directories/-/groups/search" => {
                assert_eq!(
                    (&request.body["limit"], &request.body["expand"][1]),
                    (&json!(100), &json!("counts.resources"))
                );
                Some((
                    200,
                    json!({"data": [
                    {"id": "g-none", "counts": {"users": 3, "resources": 0}},
                    {"id": "g-some", "counts": {"users": 3, "resources": 2}},
                    {"id": "g-admins", "counts": {"users": 1, "resources": 0}},
                    {"id": "g-silent"}]}),
                ))
            }
            _ => None,
        })
        .await;
        let snapshot = pretended.collect().await;
        let asked = |group: &str| {
            let line = format!("GET /admin/v2/orgs/o1/directories/-/groups/{group}/role-assignments");
            pretended.take(&line).len()
        };
        let spared = usize::from(!search_works);
        assert_eq!(["g-none", "g-some", "g-admins", "g-silent"].map(asked), [spared, 1, 1, 1]);
        assert_eq!(gaps(&snapshot.ledger), [].into(), "{:?}", snapshot.ledger);
    }
}

#[tokio::test]
async fn what_events_told_one_night_stays_known_and_what_is_gone_stays_gone() {
    let ada = json!({"id": "712020:a"});
    let used = |token: &str| json!({"id": "712020:b", "auth": {"authType": "api-token", "tokenId": token}});
    let app = json!({"id": "712020:a", "app": {"id": "app-7", "attributes": {"name": "Reporter"}}});
    let first_page = json!([
        event("03T08:00:00", "user_login", ada),
        event("03T09:00:00", "x", used("t1")),
        event("03T10:00:00", "x", used("t2")),
        event("04T08:00:00", "x", app),
    ]);
    let night = Arc::new(Mutex::new(1));
    let tonight = Arc::clone(&night);
    let pretended = Pretended::new(move |request| {
        let night = *tonight.lock().unwrap();
        match (request.line.as_str(), night) {
            (STREAM, 3) => Some((500, json!({}))),
            (STREAM, _) => one_page(request, &first_page),
            // The second token is revoked after the first night.
            ("GET /admin/api-access/v1/orgs/o1/api-tokens", 2..) => {
                Some((200, json!({"data": [{"id": "t1", "label": "jenkins", "user": {"id": "712020:a"}}]})))
            }
            _ => None,
        }
    })
    .await;
    // A night as a scan goes through it, without rules and store.
    let pass = async |number: u32, before: Option<&Snapshot>, forget_before: &str| {
        *night.lock().unwrap() = number;
        let since = before.map(|before| Watermarks::of(&before.ledger)).unwrap_or_default();
        let mut collection = pretended.look("", &since).await;
        since.keep(&mut collection.ledger);
        let mut snapshot = sealed(collection);
        let Some(before) = before else {
            snapshot.note_first_uses();
            return (snapshot, Vec::new());
        };
        let earlier = Earlier::of(before, &mut snapshot, forget_before.parse().unwrap());
        let comparison = drift::compare_with_earlier(&earlier, &snapshot);
        assert_eq!(comparison, drift::compare(before, &snapshot), "the whole of the night before says the same");
        snapshot.carried = comparison.carried;
        let told = comparison.changes.into_iter().map(|change| (change.resource.native().to_owned(), change.what));
        (snapshot, told.collect::<Vec<_>>())
    };
    let long_ago = "2026-05-26T00:00:00Z";
    let (first, _) = pass(1, None, long_ago).await;
    let (second, changes) = pass(2, Some(&first), long_ago).await;
    assert_eq!(changes, [("t2".to_owned(), What::Removed)]);
    let known = ["atlassian/principal/712020:a", "o1/credential/t1", "o1/app/acting:app-7"];
    for id in known {
        assert_eq!(facts(&first, id), facts(&second, id));
    }
    assert_eq!(facts(&second, known[0])["last_login_at"], json!("2026-11-03T08:00:00Z"));
    assert!(second.resources.iter().all(|resource| resource.id.native() != "t2"), "it was revoked");

    pretended.take(STREAM);
    let (third, changes) = pass(3, Some(&second), long_ago).await;
    assert_eq!(changes, [("acting:app-7".to_owned(), What::NotObserved)], "the log was out of sight");
    let (fourth, changes) = pass(4, Some(&third), long_ago).await;
    assert_eq!(changes, []);
    assert_eq!(facts(&fourth, known[2]), facts(&first, known[2]));
    let cursors: Vec<_> =
        pretended.take(STREAM).iter().map(|each| each.parameter("cursor").map(str::to_owned)).collect();
    assert!(cursors.iter().all(|cursor| cursor.as_deref() == Some("end")), "the mark outlived the night: {cursors:?}");

    let (fifth, changes) = pass(5, Some(&fourth), "2026-11-05T00:00:00Z").await;
    assert_eq!(changes, [("acting:app-7".to_owned(), What::Removed)], "it has been silent for too long");
    assert_eq!(facts(&fifth, known[0])["last_login_at"], json!("2026-11-03T08:00:00Z"));
}
