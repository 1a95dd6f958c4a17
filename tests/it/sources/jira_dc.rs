//! `jira-dc`, against answers written by hand from what is known of the product.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body as Text, to_bytes};
use axum::extract::{Query, Request, State};
use axum::http::Response;
use keyroll::model::{Body, EndpointState, Fact, Kind, LedgerEntry, Snapshot, Watermarks};
use keyroll::sources::Depth;
use serde_json::{Value, json};

use super::{Asked, build, demo, entry, facts, gaps, of_kind, sealed, secret_file};

/// What the server answers.
#[derive(Clone, Debug)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

fn as_json(status: u16, body: &Value) -> Reply {
    Reply { status, headers: vec![("content-type", "application/json")], body: body.to_string() }
}

fn refused(status: u16) -> Reply {
    as_json(status, &json!({"errorMessages": ["You are not permitted to do that."], "errors": {}}))
}

fn page(status: u16, title: &str) -> Reply {
    let body = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>password</body></html>");
    Reply { status, headers: vec![("content-type", "text/html;charset=UTF-8")], body }
}

fn dead_link() -> Reply {
    page(404, "Oops, you&#39;ve found a dead link. - Jira")
}

/// A pretended Jira: what it answers, and what it was asked.
struct Jira {
    url: String,
    asked: Log,
}

type Answer = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;
type Log = Arc<Mutex<Vec<(Asked, BTreeMap<String, String>)>>>;

impl Jira {
    async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        async fn handle(State((answer, log)): State<(Answer, Log)>, request: Request) -> Response<Text> {
            let line = format!("{} {}", request.method(), request.uri().path());
            let query = Query::<BTreeMap<String, String>>::try_from_uri(request.uri()).unwrap().0;
            let headers = request.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
            let asked = Asked { line, query, body: serde_json::from_slice(&body).unwrap_or(Value::Null) };
            let reply = answer(&asked);
            log.lock().unwrap().push((asked, headers));
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            response.body(Text::from(reply.body)).unwrap()
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jira", listener.local_addr().unwrap());
        let asked = Log::default();
        let state = (Arc::new(answer) as Answer, Arc::clone(&asked));
        let router = Router::new().fallback(handle).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked }
    }

    /// One that answers by this table, and with a dead link to everything else.
    async fn of(answers: BTreeMap<&'static str, Reply>) -> Self {
        Self::start(move |asked| by(&answers, asked)).await
    }

    fn requests(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(asked, _)| asked.line.clone()).collect()
    }

    async fn look(&self, more: &str) -> Snapshot {
        self.look_on(more, &Watermarks::default()).await
    }

    async fn look_on(&self, more: &str, since: &Watermarks) -> Snapshot {
        sealed(self.source(more).look(Depth::Whole, since).await)
    }

    fn source(&self, more: &str) -> Box<dyn keyroll::sources::Source> {
        let folder = tempfile::tempdir().unwrap();
        let token = secret_file(folder.path(), "token", "pat-of-the-scanner");
        let login = if more.contains("user:") { String::new() } else { format!("token: {token}\n") };
        let more = more.replace("{secret}", &token);
        build("jira-dc", &format!("base_url: {}\ninstance: jira-x\n{login}{more}", self.url)).unwrap()
    }
}

fn by(answers: &BTreeMap<&'static str, Reply>, asked: &Asked) -> Reply {
    let line = asked.line.replacen(" /jira", " ", 1);
    answers.get(line.as_str()).cloned().unwrap_or_else(dead_link)
}

fn user(number: u32, name: &str, more: Value) -> Value {
    let mut user = json!({
        "self": format!("https://jira.example.com/rest/api/2/user?username={name}"), "key": format!("JIRAUSER{number}"),
        "name": name, "emailAddress": format!("{name}@example.com"), "displayName": name, "active": true,
        "deleted": false, "timeZone": "Europe/Zurich", "lastLoginTime": "2026-11-20T16:37:01+0100"});
    user.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    user
}

fn members(users: &[Value]) -> Value {
    json!({"self": "x", "maxResults": 50, "startAt": 0, "total": users.len(), "isLast": true, "values": users})
}

fn switch(three: bool, two: bool, impersonation: bool) -> Value {
    json!({"enabled": three, "twoLoEnabled": two, "twoLoImpersonationEnabled": impersonation})
}

const DEEP: &str = "mode: deep\n";

/// Jira 10.3 as its administrator sees it, with a secret planted wherever the product sends one.
fn instance() -> BTreeMap<&'static str, Reply> {
    let ada = || user(10100, "ada", json!({}));
    let bot = || user(10321, "svc-jenkins", json!({"lastLoginTime": null, "emailAddress": "svc at example dot com"}));
    let gone = || user(10400, "old", json!({"active": false, "deleted": true}));
    let plugin = |key: &str, own: bool| {
        json!({"enabled": true, "userInstalled": own, "key": key, "name": "ScriptRunner", "version": "8.34.0",
            "vendor": {"name": "Adaptavist"}})
    };
    let answers = [
        ("GET /rest/api/2/myself", ada()),
        (
            "GET /rest/api/2/mypermissions",
            json!({"permissions": {"ADMINISTER": {"havePermission": true}, "USER_PICKER": {"havePermission": true}}}),
        ),
        (
            "GET /rest/api/2/serverInfo",
            json!({"baseUrl": "https://jira.example.com/jira", "version": "10.3.5", "versionNumbers": [10, 3, 5],
                "deploymentType": "Server", "buildDate": "2025-03-11T00:00:00.000+0000", "serverTitle": "Jira of Acme"}),
        ),
        (
            "GET /rest/api/2/cluster/nodes",
            json!([
                {"nodeId": "n1", "state": "ACTIVE", "alive": true, "nodeVersion": "10.3.5", "ip": "203.0.113.7"},
                {"nodeId": "n2", "state": "ACTIVE", "alive": true, "nodeVersion": "10.3.5"},
                {"nodeId": "n0", "state": "OFFLINE", "alive": false, "nodeVersion": "9.12.1"}]),
        ),
        ("GET /rest/api/2/user/list", json!({"maxResults": 2000, "isLast": true, "values": [ada(), bot(), gone()]})),
        (
            "GET /rest/api/2/user/duplicated/list",
            json!({"ada": [{"directoryName": "LDAP", "active": true}, {"directoryName": "internal", "active": true}],
                "old": [{"directoryName": "LDAP", "active": false}, {"directoryName": "internal", "active": true}]}),
        ),
        (
            "GET /rest/api/2/groups/picker",
            json!({"header": "Showing 2 of 2", "total": 2, "groups": [
                {"name": "jira-administrators", "html": "<b>x</b>",
                 "labels": [{"text": "Admin", "title": "x", "type": "ADMIN"}, {"type": "PLANET"}]},
                {"name": "jira users/all", "labels": [{"type": "SINGLE"}]}]}),
        ),
        ("GET /rest/api/2/group/member", members(&[ada(), bot()])),
        (
            "GET /rest/api/2/applicationrole",
            json!([
                {"key": "jira-software", "name": "Jira Software", "groups": ["jira users/all"],
                 "defaultGroups": ["jira users/all"], "numberOfSeats": 500, "remainingSeats": 12, "userCount": 488,
                 "hasUnlimitedSeats": false},
                {"key": "jira-core", "name": "Jira Core", "groups": [], "defaultGroups": [], "numberOfSeats": -1,
                 "userCount": 3, "hasUnlimitedSeats": true}]),
        ),
        (
            "GET /rest/plugins/applications/1.0/installed/jira-software/license",
            json!({"valid": true, "evaluation": false, "maximumNumberOfUsers": 500, "licenseType": "COMMERCIAL",
                "expiryDate": 1_798_675_200_000_i64, "expiryDateString": "31/Dec/26", "organizationName": "PLANTED org",
                "dataCenter": true, "subscription": true, "rawLicense": "AAAB-PLANTED", "expired": false,
                "supportEntitlementNumber": "SEN-PLANTED"}),
        ),
        (
            "GET /rest/plugins/applications/1.0/installed/jira-core/license",
            json!({"valid": true, "maximumNumberOfUsers": -1, "dataCenter": true, "subscription": false}),
        ),
        (
            "GET /rest/api/2/application-properties/advanced-settings",
            json!([{"id": "jira.home", "key": "jira.home", "value": "/var/PLANTED"},
                {"id": "jira.mode", "key": "jira.mode", "value": "Public"}]),
        ),
        (
            "GET /rest/basicauth/latest/config",
            json!({"block-requests": true, "allowed-paths": ["/rest/greenhopper/*"], "allowed-users": ["svc-jenkins"],
                "show-warning-message": false}),
        ),
        (
            "GET /rest/api/2/project",
            json!([{"id": "10000", "key": "PAY", "name": "Payments", "projectTypeKey": "software", "archived": false,
                    "lead": {"key": "JIRAUSER10100", "name": "ada"}},
                {"id": "10001", "key": "OLD", "name": "Old", "projectTypeKey": "business", "archived": true}]),
        ),
        (
            "GET /rest/api/2/role",
            json!([{"id": 10002, "name": "Administrators", "actors": [
                {"id": 7, "displayName": "Jenkins", "type": "atlassian-user-role-actor", "name": "svc-jenkins"},
                {"id": 8, "displayName": "x", "type": "atlassian-group-role-actor", "name": "jira-administrators"}]}]),
        ),
        (
            "GET /rest/api/2/project/10000/role/10002",
            json!({"id": 10002, "name": "Administrators", "actors": [
                {"id": 1, "displayName": "Jenkins", "type": "atlassian-user-role-actor", "name": "svc-jenkins"},
                {"id": 2, "displayName": "x", "type": "atlassian-group-role-actor", "name": "jira-administrators"},
                {"id": 3, "displayName": "Nobody", "type": "atlassian-user-role-actor", "name": "nobody"},
                {"id": 4, "displayName": "?", "type": "atlassian-planet-role-actor", "name": "moon"}]}),
        ),
        (
            "GET /rest/api/2/project/10000/role",
            json!({"Administrators": "https://jira.example.com/rest/api/2/project/10000/role/10002"}),
        ),
        ("GET /rest/api/2/project/10001/role/10002", json!({"id": 10002, "name": "Administrators", "actors": []})),
        (
            "GET /rest/api/2/permissionscheme",
            json!({"permissionSchemes": [{"id": 0, "name": "Default Permission Scheme", "permissions": [
                {"id": 1, "permission": "BROWSE_PROJECTS", "holder": {"type": "anyone"}},
                {"id": 2, "permission": "CREATE_ISSUES", "holder": {"type": "applicationRole"}},
                {"id": 3, "permission": "EDIT_ISSUES", "holder": {"type": "group", "parameter": "jira users/all",
                    "group": {"name": "jira users/all"}}},
                {"id": 4, "permission": "DELETE_ISSUES", "holder": {"type": "user", "parameter": "svc-jenkins",
                    "user": {"key": "JIRAUSER10321", "name": "svc-jenkins"}}},
                {"id": 5, "permission": "DELETE_ISSUES", "holder": {"type": "user", "parameter": "ada"}},
                {"id": 6, "permission": "ADMINISTER_PROJECTS", "holder": {"type": "projectRole", "parameter": "10002"}},
                {"id": 7, "permission": "EDIT_ISSUES", "holder": {"type": "planet", "parameter": "x"}}]}]}),
        ),
        ("GET /rest/api/2/project/10000/permissionscheme", json!({"id": 0, "name": "Default Permission Scheme"})),
        ("GET /rest/api/2/project/10001/permissionscheme", json!({"id": 0, "name": "Default Permission Scheme"})),
        (
            "GET /rest/pat/latest/tokens",
            json!([{"id": 40, "name": "keyroll", "createdAt": "2026-11-01T00:00:00.000+00:00",
                "expiringAt": "2026-12-01T00:00:00.000+00:00", "lastAccessedAt": "2026-11-22T07:00:00.000+00:00"}]),
        ),
        (
            "GET /rest/oauth2/latest/client",
            json!([{"id": "c-1", "clientId": "public", "clientSecret": "PLANTED-client-secret", "name": "Reporting portal",
                "redirects": ["https://bi.example.com/cb?token=PLANTED"], "userKey": "JIRAUSER10100", "scope": "SYSTEM_ADMIN"}]),
        ),
        (
            "GET /rest/applinks/3.0/applinks",
            json!([{"id": "4c1f", "name": "Confluence", "displayUrl": "https://wiki.example.com/PLANTED",
                "rpcUrl": "http://wiki.example.com:8090/PLANTED", "type": "confluence", "primary": true, "system": false}]),
        ),
        (
            "GET /rest/applinks/3.0/status/4c1f",
            json!({"link": {"id": "4c1f"}, "working": false, "localAuthentication": {
                "incoming": switch(true, true, true), "outgoing": switch(true, false, false)}}),
        ),
        (
            "GET /rest/jira-webhook/1.0/webhooks",
            json!([{"id": 7, "name": "https://ci.example.com/hook?token=PLANTED",
                "url": "https://ci.example.com/hook?token=PLANTED", "active": true, "events": ["jira:issue_updated"],
                "configuration": {"secret": "PLANTED-secret"}, "sslVerificationRequired": false,
                "credentials": {"username": "x", "password": "PLANTED"}, "lastUpdatedUser": "JIRAUSER10100",
                "updatedDate": 1_700_000_000_000_i64}]),
        ),
        (
            "GET /rest/plugins/1.0/",
            json!({"plugins": [plugin("com.onresolve", true), plugin("com.atlassian.x", false)]}),
        ),
        (
            "GET /rest/auditing/1.0/events",
            json!({"entities": [event("2026-11-22T06:00:00.000Z", "JIRAUSER10321", "jira.auditing.user.login")],
                "pagingInfo": {"lastPage": true, "size": 1}}),
        ),
    ];
    let mut answers: BTreeMap<_, _> = answers.into_iter().map(|(line, body)| (line, as_json(200, &body))).collect();
    answers.insert(TOKEN_SEARCH, as_json(200, &json!({"values": []})));
    answers
}

const TOKEN_SEARCH: &str = "POST /rest/pat/latest/tokens/search";

fn event(at: &str, author: &str, key: &str) -> Value {
    json!({"timestamp": at, "author": {"name": "x", "type": "user", "id": author, "uri": "https://jira.example.com/x?name=z"},
        "type": {"categoryI18nKey": "c", "actionI18nKey": key, "action": "PLANTED"}, "affectedObjects": [],
        "changedValues": [{"key": "password", "from": "PLANTED", "to": "PLANTED"}], "source": "203.0.113.7",
        "method": "Browser", "extraAttributes": []})
}

fn token(number: u32, expiring: &str, more: Value) -> Value {
    let mut token = json!({"id": number, "name": format!("token {number}"), "createdAt": "2026-03-02T09:14:07.000+00:00",
        "expiringAt": expiring, "rawToken": "PLANTED",
        "userProfileResource": {"userKey": "JIRAUSER10321", "username": "svc-jenkins", "email": "x@example.com"}});
    token.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    token
}

/// A search for tokens that answers page by page.
fn token_pages(asked: &Asked, tokens: &[Value]) -> Reply {
    let number = |name: &str| usize::try_from(asked.body[name].as_u64().unwrap()).unwrap();
    let (page, limit) = (number("page"), number("limit"));
    let rows: Vec<&Value> = tokens.iter().skip(page * limit).take(limit).collect();
    as_json(200, &json!({"values": rows}))
}

fn numbers(range: std::ops::Range<u32>) -> Vec<Value> {
    range.map(|number| token(number, "2027-01-01T00:00:00.000+00:00", json!({}))).collect()
}

/// The gaps that no version of Jira can close by itself.
fn always() -> BTreeMap<&'static str, EndpointState> {
    let offered = EndpointState::NotOffered;
    [("OAuth 1.0 consumers", offered), ("global permissions", offered)].into()
}

fn with<'a>(
    mut gaps: BTreeMap<&'a str, EndpointState>,
    more: &[(&'a str, EndpointState)],
) -> BTreeMap<&'a str, EndpointState> {
    gaps.extend(more.iter().copied());
    gaps
}

#[tokio::test]
async fn a_whole_instance_is_read_as_it_is() {
    let jira = Jira::of(instance()).await;
    let snapshot = jira.look(DEEP).await;
    let ledger = &snapshot.ledger;
    assert_eq!(gaps(ledger), always(), "{ledger:#?}");
    assert!(ledger.iter().all(|entry| entry.unreadable.is_empty()), "{ledger:#?}");
    assert_eq!(ledger.len(), 28);
    let tenants: BTreeSet<&str> = snapshot.resources.iter().map(|resource| resource.id.tenant()).collect();
    assert_eq!(tenants, ["jira-x"].into());
    let (ada, bot) = ("jira-x/principal/JIRAUSER10100", "jira-x/principal/JIRAUSER10321");
    let (admins, all) = ("jira-x/group/jira-administrators", "jira-x/group/jira users/all");
    let container = "jira-x/container/instance";
    for (id, expected) in [
        (
            container,
            json!({"form": "instance", "parent": null, "key": "jira", "version": "10.3.5", "plan": "data-center",
                "url": "https://jira.example.com/jira"}),
        ),
        (
            "jira-x/container/application:jira-software",
            json!({"form": "application", "parent": container, "key": "jira-software", "status": "valid",
                "seats_used": 488, "seats_total": 500, "plan": "COMMERCIAL", "licence_groups": [all],
                "default_groups": [all], "expires_at": "2026-12-31T00:00:00Z"}),
        ),
        (
            "jira-x/container/application:jira-core",
            json!({"form": "application", "parent": container, "key": "jira-core", "status": "valid", "seats_used": 3,
                "seats_total": null, "licence_groups": [], "default_groups": [], "expires_at": null}),
        ),
        (
            "jira-x/container/project:10000",
            json!({"form": "project", "parent": container, "key": "PAY", "status": "live", "category": "software",
                "url": "https://jira.example.com/jira/browse/PAY", "lead": ada, "team_managed": false,
                "permission_scheme": "jira-x/container/permission-scheme:0"}),
        ),
        (
            "jira-x/credential/personal-access-token:40",
            json!({"form": "personal-access-token", "owner": ada, "status": "active", "scopes": null,
                "created_at": "2026-11-01T00:00:00Z", "expires_at": "2026-12-01T00:00:00Z",
                "last_used_at": "2026-11-22T07:00:00Z", "container": container, "impersonates": false}),
        ),
        (
            "jira-x/credential/oauth2-client:c-1",
            json!({"form": "incoming-link", "owner": null, "created_by": ada, "status": "active", "expires_at": null,
                "scopes": ["SYSTEM_ADMIN"], "container": container, "impersonates": false,
                "hosts": ["https://bi.example.com"]}),
        ),
        (
            "jira-x/app/link:4c1f",
            json!({"form": "application-link", "container": container, "key": "confluence", "working": false,
                "vendor": null, "version": null, "address": "http://wiki.example.com:8090",
                "access": ["incoming-impersonation", "incoming-three-legged", "incoming-two-legged",
                    "outgoing-three-legged"]}),
        ),
        (
            "jira-x/webhook/webhook:7",
            json!({"container": container, "address": "https://ci.example.com", "secret_in_url": true, "signed": true,
                "verifies_certificate": false, "enabled": true, "events": ["jira:issue_updated"], "changed_by": ada,
                "changed_at": "2023-11-14T22:13:20Z"}),
        ),
        (
            "jira-x/setting/basic-auth",
            json!({"key": "basic-auth", "value": "blocked", "container": container,
                "exceptions": ["/rest/greenhopper/*", "svc-jenkins"]}),
        ),
        ("jira-x/setting/public-signup", json!({"key": "public-signup", "value": "public", "container": container})),
        (
            "jira-x/setting/cluster",
            json!({"key": "cluster", "value": "one-version", "detail": "10.3.5", "container": container}),
        ),
        (
            "jira-x/setting/duplicated-users",
            json!({"key": "duplicated-users", "value": "some", "exceptions": ["ada"], "container": container}),
        ),
        ("jira-x/setting/audit-log", json!({"key": "audit-log", "value": "readable", "container": container})),
        (
            "jira-x/grant/project-role:10000/10002/user:JIRAUSER10321",
            json!({"form": "project-role", "role": "Administrators", "holder": "principal", "principal": bot,
                "container": "jira-x/container/project:10000"}),
        ),
        (
            "jira-x/grant/project-role:10000/10002/group:jira-administrators",
            json!({"form": "project-role", "role": "Administrators", "holder": "group", "group": admins,
                "container": "jira-x/container/project:10000"}),
        ),
        (
            "jira-x/grant/default-role:10002/user:JIRAUSER10321",
            json!({"form": "project-role", "role": "Administrators", "holder": "principal", "principal": bot,
                "container": container}),
        ),
        (
            "jira-x/grant/default-role:10002/group:jira-administrators",
            json!({"form": "project-role", "role": "Administrators", "holder": "group", "group": admins,
                "container": container}),
        ),
        (
            "jira-x/grant/project-role:10000/10002/user:nobody",
            json!({"form": "project-role", "role": "Administrators", "holder": "principal", "holder_detail": "nobody",
                "container": "jira-x/container/project:10000"}),
        ),
        (
            "jira-x/grant/project-role:10000/10002/other:moon",
            json!({"form": "project-role", "role": "Administrators", "holder": "other",
                "holder_detail": "atlassian-planet-role-actor", "container": "jira-x/container/project:10000"}),
        ),
        ("jira-x/grant/permission-scheme:0/1", scheme_grant("BROWSE_PROJECTS", json!({"holder": "anyone"}))),
        ("jira-x/grant/permission-scheme:0/2", scheme_grant("CREATE_ISSUES", json!({"holder": "logged-in"}))),
        (
            "jira-x/grant/permission-scheme:0/3",
            scheme_grant("EDIT_ISSUES", json!({"holder": "group", "group": all, "holder_detail": "jira users/all"})),
        ),
        (
            "jira-x/grant/permission-scheme:0/4",
            scheme_grant("DELETE_ISSUES", json!({"holder": "principal", "principal": bot})),
        ),
        (
            "jira-x/grant/permission-scheme:0/5",
            scheme_grant("DELETE_ISSUES", json!({"holder": "principal", "principal": ada})),
        ),
        (
            "jira-x/grant/permission-scheme:0/7",
            scheme_grant("EDIT_ISSUES", json!({"holder": "other", "holder_detail": "planet"})),
        ),
    ] {
        assert_eq!(facts(&snapshot, id), expected, "{id}");
    }
    let group = facts(&snapshot, admins);
    assert_eq!(
        (&group["administers"], &group["member_count"], &group["jira_access"]),
        (&json!(true), &json!(2), &Value::Null)
    );
    assert_eq!(
        (&group["inside"], &group["members_told"]),
        (&Value::Null, &json!(true)),
        "nested members are counted in"
    );
    assert_eq!(facts(&snapshot, all)["administers"], json!(false));
    let bot = facts(&snapshot, bot);
    assert_eq!(bot["username"], "svc-jenkins");
    assert_eq!(bot["groups"], json!([all, admins]));
    assert_eq!(bot["last_login_at"], "2026-11-22T06:00:00Z", "told by the audit log, for the listing is silent");
    assert!(bot.get("email").is_none(), "an address in words is hidden: {bot}");
    assert_eq!((&bot["status"], &bot["managed"], &bot["mfa"]), (&json!("active"), &json!(true), &Value::Null));
    let gone = facts(&snapshot, "jira-x/principal/JIRAUSER10400");
    assert_eq!((&gone["status"], &gone["groups"]), (&json!("deleted"), &json!([])));
    assert_eq!(gone["standings"][0]["active"], json!(false));
    nothing_planted(&snapshot);
}

fn scheme_grant(permission: &str, more: Value) -> Value {
    let mut grant =
        json!({"form": "permission", "role": permission, "container": "jira-x/container/permission-scheme:0"});
    grant.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    grant
}

/// No secret that the product sent is anywhere in what is kept, be it a resource, a name or the ledger.
fn nothing_planted(snapshot: &Snapshot) {
    let kept = format!("{}{}", json!(snapshot.resources), json!(snapshot.ledger));
    assert!(!kept.contains("PLANTED") && !kept.contains("pat-of-the-scanner"), "{kept}");
}

#[tokio::test]
async fn requests_look_like_those_of_a_program_and_keep_the_context_path() {
    let jira = Jira::of(instance()).await;
    jira.look(DEEP).await;
    for (asked, headers) in jira.asked.lock().unwrap().iter() {
        assert!(asked.line.contains(" /jira/rest/"), "{}", asked.line);
        assert_eq!(headers["authorization"], "Bearer pat-of-the-scanner");
        assert!(headers["user-agent"].starts_with("keyroll/"));
        for browser in ["cookie", "referer", "origin"] {
            assert!(!headers.contains_key(browser), "{} with {browser}", asked.line);
        }
        let expected = asked.line.starts_with("POST").then_some("no-check");
        assert_eq!(headers.get("x-atlassian-token").map(String::as_str), expected, "{}", asked.line);
        let accept = if asked.line.ends_with("/plugins/1.0/") {
            "application/vnd.atl.plugins.installed+json"
        } else if asked.line.contains("/license") {
            "application/vnd.atl.plugins+json, application/json"
        } else {
            "application/json"
        };
        assert_eq!(headers["accept"], accept, "{}", asked.line);
    }
    let posts: Vec<String> = jira.requests().into_iter().filter(|line| !line.starts_with("GET")).collect();
    assert_eq!(posts, ["POST /jira/rest/pat/latest/tokens/search"], "the one read that is written as a POST");
}

#[tokio::test]
async fn the_credential_can_be_a_user_with_a_password_or_travel_in_another_header() {
    let jira = Jira::of(instance()).await;
    jira.look("user: ada\npassword: {secret}\n").await;
    jira.look("token_header: X-Jira-Authorization\n").await;
    let asked = jira.asked.lock().unwrap();
    let own: Vec<_> = asked.iter().filter(|(asked, _)| asked.line.ends_with("/myself")).collect();
    assert!(own[0].1["authorization"].starts_with("Basic "));
    assert_eq!(own[1].1["x-jira-authorization"], "Bearer pat-of-the-scanner");
    assert!(!own[1].1.contains_key("authorization"));
    let apps: Vec<_> = asked.iter().filter(|(asked, _)| asked.line.ends_with("/plugins/1.0/")).collect();
    assert_eq!(apps[0].0.parameter("os_authType"), Some("basic"));
    assert_eq!(apps[1].0.parameter("os_authType"), None);
}

#[tokio::test]
async fn standard_mode_skips_what_takes_a_system_administrator_and_says_so() {
    let jira = Jira::of(instance()).await;
    let snapshot = jira.look("").await;
    let skipped = [("OAuth 2.0 clients", EndpointState::Skipped), ("personal access tokens", EndpointState::Skipped)];
    assert_eq!(gaps(&snapshot.ledger), with(always(), &skipped));
    for (endpoint, _) in skipped {
        let entry = entry(&snapshot.ledger, endpoint);
        assert_eq!((entry.requests, entry.right.as_str()), (0, "Jira System Administrator"));
        assert!(entry.reason.contains("Jira System Administrator") && entry.reason.contains("`mode: deep`"));
    }
    assert_eq!(
        facts(&snapshot, "jira-x/credential/personal-access-token:40")["owner"],
        "jira-x/principal/JIRAUSER10100"
    );
}

#[tokio::test]
async fn tokens_of_everybody_are_read_page_by_page() {
    let mut tokens = numbers(100..310);
    tokens.push(token(1, "9999-12-31T23:59:59.000+00:00", json!({"userProfileResource": null})));
    tokens.push(token(2, "2026-11-01T00:00:00.000+00:00", json!({"lastAccessedAt": null})));
    tokens.push(token(3, "soon", json!({"name": {"odd": true}})));
    let mut orphan = token(4, "2201-01-01T00:00:00.000+00:00", json!({}));
    orphan.as_object_mut().unwrap().remove("userProfileResource");
    orphan.as_object_mut().unwrap().remove("expiringAt");
    tokens.push(orphan);
    let count = u64::try_from(tokens.len()).unwrap();
    let answers = instance();
    let jira = Jira::start(move |asked| match asked.line.as_str() {
        "POST /jira/rest/pat/latest/tokens/search" => token_pages(asked, &tokens),
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let entry = entry(&snapshot.ledger, "personal access tokens");
    assert_eq!((entry.state, entry.rows, entry.pages), (EndpointState::Complete, count, 4), "{entry:?}");
    assert_eq!(entry.unreadable.len(), 2, "{:?}", entry.unreadable);
    let token = |number: u32| facts(&snapshot, &format!("jira-x/credential/personal-access-token:{number}"));
    assert_eq!((&token(1)["expires_at"], &token(1)["owner"]), (&Value::Null, &Value::Null));
    assert!(token(1).get("expires_at").is_some() && token(1).get("owner").is_some(), "absent is not unknown");
    assert_eq!((&token(2)["status"], &token(2)["last_used_at"]), (&json!("expired"), &Value::Null));
    assert!(token(3).get("expires_at").is_none() && token(3).get("status").is_none(), "unread is no promise");
    assert_eq!((&token(4)["expires_at"], &token(4)["owner"]), (&Value::Null, &Value::Null));
    assert_eq!(token(309)["owner"], "jira-x/principal/JIRAUSER10321");
    nothing_planted(&snapshot);
}

#[tokio::test]
async fn a_search_for_tokens_that_does_not_count_pages_is_no_whole_one() {
    let answers = instance();
    let jira = Jira::start(move |asked| match asked.line.as_str() {
        "POST /jira/rest/pat/latest/tokens/search" => as_json(200, &json!({"values": numbers(1..101)})),
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let entry = entry(&snapshot.ledger, "personal access tokens");
    assert_eq!((entry.state, entry.rows), (EndpointState::Partial, 100));
    assert!(entry.reason.contains("begins like an earlier one"), "{}", entry.reason);
    assert_eq!(entry.requests, 2, "it is asked no further");
}

#[tokio::test]
async fn a_server_that_grants_smaller_pages_of_tokens_is_read_to_its_end() {
    let (answers, tokens) = (instance(), numbers(1..131));
    let jira = Jira::start(move |asked| match asked.line.as_str() {
        "POST /jira/rest/pat/latest/tokens/search" => {
            let mut asked = asked.clone();
            asked.body["limit"] = json!(50);
            token_pages(&asked, &tokens)
        }
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let entry = entry(&snapshot.ledger, "personal access tokens");
    assert_eq!((entry.state, entry.rows), (EndpointState::Complete, 130));
}

#[tokio::test]
async fn a_refused_search_leaves_the_own_tokens_and_a_gap() {
    for (reply, state) in [
        (refused(403), EndpointState::Denied),
        (refused(401), EndpointState::Denied),
        (dead_link(), EndpointState::NotOffered),
        (refused(404), EndpointState::Denied),
        (
            as_json(404, &json!({"message": "null for uri: http://x/rest/pat", "status-code": 404})),
            EndpointState::NotOffered,
        ),
    ] {
        let mut answers = instance();
        answers.insert(TOKEN_SEARCH, reply.clone());
        let snapshot = Jira::of(answers).await.look(DEEP).await;
        let found = entry(&snapshot.ledger, "personal access tokens");
        assert_eq!(found.state, state, "{reply:?}: {}", found.reason);
        assert!(!found.reason.is_empty() && !found.right.is_empty());
        if reply.status == 403 {
            assert!(
                found.reason.contains("own tokens") && found.reason.contains("Data Center licence"),
                "{}",
                found.reason
            );
        }
        assert_eq!(entry(&snapshot.ledger, "own personal access tokens").state, EndpointState::Complete);
        let tokens = of_kind(&snapshot, Kind::Credential).filter(|each| each.id.native().contains("access-token"));
        assert_eq!(tokens.count(), 1);
    }
}

/// Every endpoint but those that are asked for in another place when they are not there.
#[tokio::test]
async fn a_refusal_and_a_version_without_the_thing_are_told_apart_everywhere() {
    for (line, endpoint) in [
        ("GET /rest/api/2/cluster/nodes", "cluster nodes"),
        ("GET /rest/api/2/user/duplicated/list", "duplicated users"),
        ("GET /rest/basicauth/latest/config", "basic authentication"),
        ("GET /rest/oauth2/latest/client", "OAuth 2.0 clients"),
        ("GET /rest/applinks/3.0/applinks", "application links"),
        ("GET /rest/applinks/3.0/status/4c1f", "status of application links"),
        ("GET /rest/plugins/1.0/", "installed apps"),
        ("GET /rest/auditing/1.0/events", "audit events"),
        ("GET /rest/pat/latest/tokens", "own personal access tokens"),
    ] {
        for (reply, state) in [
            (refused(403), EndpointState::Denied),
            (page(403, "Forbidden"), EndpointState::Denied),
            (page(401, "Unauthorized (401)"), EndpointState::Denied),
            (dead_link(), EndpointState::NotOffered),
            (refused(404), EndpointState::Denied),
            (refused(500), EndpointState::Failed),
            (page(200, "Log in - Jira"), EndpointState::Failed),
        ] {
            let mut answers = instance();
            answers.insert(line, reply.clone());
            let snapshot = Jira::of(answers).await.look(DEEP).await;
            let found = entry(&snapshot.ledger, endpoint);
            assert_eq!(found.state, state, "{endpoint} with {reply:?}: {}", found.reason);
            if reply.status == 200 {
                assert!(found.reason.contains("login page"), "{}", found.reason);
            }
        }
    }
}

#[tokio::test]
async fn a_login_page_before_everything_is_told_as_such() {
    let jira = Jira::start(|_| page(200, "Log in with single sign-on")).await;
    let snapshot = jira.look(DEEP).await;
    assert!(snapshot.resources.is_empty());
    for entry in &snapshot.ledger {
        assert!(entry.is_gap() || entry.endpoint.contains("service accounts"), "{entry:?}");
    }
    for endpoint in ["own account", "instance", "accounts", "personal access tokens"] {
        let found = entry(&snapshot.ledger, endpoint);
        assert_eq!(found.state, EndpointState::Failed);
        assert!(found.reason.contains("login page"), "{endpoint}: {}", found.reason);
    }
}

#[tokio::test]
async fn a_redirect_to_a_login_page_is_one_too() {
    let mut answers = instance();
    let headers = vec![("location", "/jira/login.jsp?permissionViolation=true")];
    answers.insert("GET /rest/api/2/applicationrole", Reply { status: 302, headers, body: String::new() });
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    let found = entry(&snapshot.ledger, "applications");
    assert_eq!(found.state, EndpointState::Failed);
    assert!(found.reason.contains("login page"), "{}", found.reason);
}

#[tokio::test]
async fn a_locked_account_is_asked_with_no_further() {
    let headers = vec![
        ("content-type", "text/html"),
        ("x-authentication-denied-reason", "CAPTCHA_CHALLENGE; login-url=https://jira.example.com/login.jsp"),
    ];
    let locked = Reply { status: 403, headers, body: "<html><title>Forbidden (403)</title></html>".to_owned() };
    let jira = Jira::start(move |_| locked.clone()).await;
    let snapshot = jira.look("mode: deep\nuser: ada\npassword: {secret}\n").await;
    assert_eq!(jira.requests(), ["GET /jira/rest/api/2/myself"]);
    for each in snapshot.ledger.iter().filter(|entry| !entry.right.contains("REST")) {
        assert!(each.is_gap(), "{each:?}");
    }
    for endpoint in ["own account", "accounts", "groups", "personal access tokens"] {
        let found = entry(&snapshot.ledger, endpoint);
        assert_eq!(found.state, EndpointState::Denied, "{endpoint}");
        assert!(found.reason.contains("locked by a CAPTCHA") && found.reason.contains("browser"), "{}", found.reason);
    }
    // In the midst of a visit it ends there as well.
    let mut answers = instance();
    answers.insert("GET /rest/api/2/serverInfo", Reply { status: 403, headers: vec![CAPTCHA], body: String::new() });
    let jira = Jira::of(answers).await;
    jira.look(DEEP).await;
    assert_eq!(jira.requests().len(), 3, "{:?}", jira.requests());
}

const CAPTCHA: (&str, &str) =
    ("x-authentication-denied-reason", "CAPTCHA_CHALLENGE; login-url=https://j.example/login.jsp");

#[tokio::test]
async fn a_credential_that_is_not_accepted_is_not_tried_again_and_again() {
    let jira = Jira::start(|_| page(401, "Unauthorized (401)")).await;
    let snapshot = jira.look(DEEP).await;
    assert_eq!(jira.requests(), ["GET /jira/rest/api/2/myself"]);
    let own = entry(&snapshot.ledger, "own account");
    assert_eq!(own.state, EndpointState::Denied);
    assert!(own.reason.contains("personal access token"), "{}", own.reason);
    let accounts = entry(&snapshot.ledger, "accounts");
    assert_eq!((accounts.state, accounts.requests), (EndpointState::Failed, 0));
    assert!(accounts.reason.contains("the credential was not accepted"), "{}", accounts.reason);
}

#[tokio::test]
async fn the_rate_limit_of_a_node_is_waited_for_and_then_told() {
    let limited = |wait: &'static str| Reply {
        status: 429,
        headers: vec![
            ("x-ratelimit-limit", "10"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-fillrate", "10"),
            ("x-ratelimit-interval-seconds", "1"),
            ("retry-after", wait),
        ],
        body: r#"{"message":"Rate limit exceeded."}"#.to_owned(),
    };
    let once = Mutex::new(true);
    let answers = instance();
    let jira = Jira::start(move |asked| {
        let first = asked.line.ends_with("/applicationrole") && std::mem::take(&mut *once.lock().unwrap());
        if first { limited("0") } else { by(&answers, asked) }
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let found = entry(&snapshot.ledger, "applications");
    assert_eq!((found.state, found.retries), (EndpointState::Complete, 1), "{found:?}");
    let mut answers = instance();
    answers.insert("GET /rest/api/2/applicationrole", limited("3600"));
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    let found = entry(&snapshot.ledger, "applications");
    assert_eq!(found.state, EndpointState::Failed);
    assert!(found.reason.contains("throttled") && found.reason.contains("3600 s"), "{}", found.reason);
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_another_is_never_an_empty_list() {
    for (line, endpoint) in [
        ("GET /rest/api/2/user/list", "accounts"),
        ("GET /rest/api/2/groups/picker", "groups"),
        ("GET /rest/api/2/project", "projects"),
        ("GET /rest/api/2/permissionscheme", "permission schemes"),
        ("GET /rest/jira-webhook/1.0/webhooks", "webhooks"),
        ("GET /rest/oauth2/latest/client", "OAuth 2.0 clients"),
        ("GET /rest/applinks/3.0/applinks", "application links"),
        (TOKEN_SEARCH, "personal access tokens"),
        ("GET /rest/auditing/1.0/events", "audit events"),
        ("GET /rest/plugins/1.0/", "installed apps"),
    ] {
        for body in ["{\"values\": [", "{}", "null", "\"PLANTED\"", "[1, \"PLANTED\"]"] {
            let mut answers = instance();
            let reply = Reply { body: body.to_owned(), ..as_json(200, &Value::Null) };
            answers.insert(line, reply);
            let snapshot = Jira::of(answers).await.look(DEEP).await;
            assert!(entry(&snapshot.ledger, endpoint).is_gap(), "{endpoint} with {body}");
            nothing_planted(&snapshot);
        }
    }
}

#[tokio::test]
async fn users_come_page_by_page_with_cursors() {
    let answers = instance();
    let jira = Jira::start(move |asked| match (asked.line.as_str(), asked.parameter("cursor")) {
        ("GET /jira/rest/api/2/user/list", None) => {
            as_json(200, &json!({"isLast": false, "nextCursor": "10512", "values": [user(10100, "ada", json!({}))]}))
        }
        ("GET /jira/rest/api/2/user/list", Some("10512")) => {
            as_json(200, &json!({"isLast": true, "values": [user(10700, "zoe", json!({"lastLoginTime": null}))]}))
        }
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let found = entry(&snapshot.ledger, "accounts");
    assert_eq!(
        (found.state, found.rows, found.path.as_str()),
        (EndpointState::Complete, 2, "GET /rest/api/2/user/list")
    );
    let zoe = facts(&snapshot, "jira-x/principal/JIRAUSER10700");
    assert!(zoe.get("last_login_at").is_none(), "silence is not “never”: {zoe}");
}

/// A search that is prefix by prefix over names, addresses and what people are called, and shows `cap` hits at the most.
fn search(asked: &Asked, users: &[Value], cap: usize) -> Reply {
    let piece = asked.parameter("username").unwrap_or_default();
    let number = |name: &str| asked.parameter(name).unwrap().parse::<usize>().unwrap();
    let meets = |user: &&Value| {
        let words = ["name", "emailAddress"].map(|field| user[field].as_str().unwrap_or_default().to_lowercase());
        piece == "." || words.iter().any(|word| word.starts_with(piece))
    };
    let reachable = users.iter().filter(meets).take(cap);
    let rows: Vec<&Value> = reachable.skip(number("startAt")).take(number("maxResults").min(cap)).collect();
    as_json(200, &json!(rows))
}

/// A Jira without the listing of users, whose search shows `cap` of these at the most. Those that `grouped` tells are
/// in every group.
async fn searched(users: Vec<Value>, cap: usize, grouped: Vec<Value>) -> (Jira, Snapshot) {
    let mut answers = instance();
    answers.remove("GET /rest/api/2/user/list");
    answers.insert("GET /rest/api/2/group/member", as_json(200, &members(&grouped)));
    let jira = Jira::start(move |asked| match asked.line.as_str() {
        "GET /jira/rest/api/2/user/search" => search(asked, &users, cap),
        "GET /jira/rest/api/2/user" => {
            let name = asked.parameter("username").unwrap();
            let one = users.iter().find(|user| user["name"] == name);
            one.map_or_else(|| refused(404), |user| as_json(200, user))
        }
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    (jira, snapshot)
}

fn crowd(names: impl Iterator<Item = String>) -> Vec<Value> {
    (20_000..)
        .zip(names)
        .map(|(number, name)| user(number, &name, json!({"emailAddress": "", "displayName": name})))
        .collect()
}

fn accounts_in(snapshot: &Snapshot) -> usize {
    of_kind(snapshot, Kind::Principal).filter(|account| account.id.native().starts_with("JIRAUSER2")).count()
}

#[tokio::test]
async fn without_the_listing_a_search_that_hides_nobody_is_enough() {
    let users = crowd((0..37).map(|number| format!("user{number}")));
    let (jira, snapshot) = searched(users.clone(), 1000, users[..3].to_vec()).await;
    let found = entry(&snapshot.ledger, "accounts");
    assert_eq!(found.state, EndpointState::Complete, "{}", found.reason);
    assert_eq!(found.path, "GET /rest/api/2/user/search");
    assert_eq!(accounts_in(&snapshot), 37);
    assert_eq!(found.statuses[&404], 1, "the listing was tried");
    assert_eq!(jira.requests().iter().filter(|line| line.ends_with("/user/search")).count(), 2);
}

#[tokio::test]
async fn a_capped_search_is_split_until_the_union_is_proven() {
    for cap in [100, 1000] {
        let letters = ["a", "b", "svc-", "svc-a", "zo_", "9", "ü"];
        let mut names: BTreeSet<String> =
            letters.iter().flat_map(|letter| (0..cap + 7).map(move |number| format!("{letter}{number:04}"))).collect();
        // Whose whole name is a piece that meets the cap themselves.
        names.extend(["a", "svc-", "a0"].map(str::to_owned));
        let users = crowd(names.into_iter());
        let count = users.len();
        let witness =
            users.iter().filter(|user| user["name"].as_str().unwrap().starts_with('ü')).take(2).cloned().collect();
        let (_, snapshot) = searched(users, cap, witness).await;
        let found = entry(&snapshot.ledger, "accounts");
        assert_eq!(found.state, EndpointState::Complete, "cap {cap}: {}", found.reason);
        assert_eq!(found.path, "GET /rest/api/2/user/search?username={}", "the ledger tells which way was gone");
        assert_eq!(accounts_in(&snapshot), count, "cap {cap}");
    }
}

#[tokio::test]
async fn a_cap_that_cannot_be_beaten_is_partial() {
    // The same hundred, whatever is asked for.
    let users = crowd((0..300).map(|number| format!("user{number:03}")));
    let mut answers = instance();
    answers.remove("GET /rest/api/2/user/list");
    answers.insert("GET /rest/api/2/group/member", as_json(200, &members(&[])));
    let jira = Jira::start(move |asked| match asked.line.as_str() {
        "GET /jira/rest/api/2/user/search" => {
            let start: usize = asked.parameter("startAt").unwrap().parse().unwrap();
            as_json(200, &json!(users.iter().take(100).skip(start).collect::<Vec<_>>()))
        }
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let found = entry(&snapshot.ledger, "accounts");
    assert_eq!(found.state, EndpointState::Partial);
    assert!(found.reason.contains("whatever is asked for"), "{}", found.reason);
    assert!(found.requests < 200, "{} requests", found.requests);
    // Names that are alike for longer than pieces get.
    let users = crowd((0..150).map(|number| format!("{}{number:03}", "x".repeat(30))));
    let (_, snapshot) = searched(users, 100, Vec::new()).await;
    let found = entry(&snapshot.ledger, "accounts");
    assert_eq!(found.state, EndpointState::Partial);
    assert!(found.reason.contains("more users than the search shows begin with"), "{}", found.reason);
}

#[tokio::test]
async fn a_search_that_does_not_heed_where_a_page_begins_does_not_go_round_for_ever() {
    let users = crowd((0..30).map(|number| format!("user{number:03}")));
    let mut answers = instance();
    answers.remove("GET /rest/api/2/user/list");
    answers.insert("GET /rest/api/2/group/member", as_json(200, &members(&[])));
    let jira = Jira::start(move |asked| match asked.line.as_str() {
        "GET /jira/rest/api/2/user/search" => as_json(200, &json!(users)),
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let found = entry(&snapshot.ledger, "accounts");
    assert_eq!(found.state, EndpointState::Partial);
    assert!(found.requests < 200, "{} requests", found.requests);
}

#[tokio::test]
async fn roles_that_jira_does_not_tell_are_named_by_the_projects() {
    let mut answers = instance();
    answers.insert("GET /rest/api/2/role", refused(403));
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    assert_eq!(entry(&snapshot.ledger, "default members of project roles").state, EndpointState::Denied);
    let found = entry(&snapshot.ledger, "project roles");
    assert_eq!(found.state, EndpointState::Partial, "the other project does not name its roles: {}", found.reason);
    assert!(snapshot.resources.iter().any(|each| each.id.native() == "project-role:10000/10002/user:JIRAUSER10321"));
}

#[tokio::test]
async fn a_member_of_a_role_is_no_other_one_while_the_accounts_cannot_be_listed() {
    let mut answers = instance();
    for path in ["GET /rest/api/2/user/list", "GET /rest/api/2/user/search"] {
        answers.insert(path, refused(500));
    }
    answers.insert("GET /rest/api/2/group/member", as_json(200, &members(&[user(10100, "ada", json!({}))])));
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    for endpoint in ["project roles", "default members of project roles"] {
        let found = entry(&snapshot.ledger, endpoint);
        assert_eq!(found.state, EndpointState::Partial, "{endpoint}");
        assert!(found.reason.contains("told by names alone"), "{endpoint}: {}", found.reason);
    }
    let by_name = |one: &&keyroll::model::Resource| one.id.native().ends_with("user:svc-jenkins");
    assert_eq!(snapshot.resources.iter().filter(by_name).count(), 0, "its key is not known tonight");
    assert!(snapshot.resources.iter().any(|one| one.id.native() == "default-role:10002/group:jira-administrators"));
}

#[tokio::test]
async fn a_member_whom_the_search_does_not_find_shows_that_it_hides_some() {
    let users = crowd((0..5).map(|number| format!("user{number}")));
    let hidden = user(29_999, "hidden", json!({}));
    let (_, snapshot) = searched(users.clone(), 1000, vec![users[0].clone(), hidden]).await;
    let found = entry(&snapshot.ledger, "accounts");
    assert_eq!(found.state, EndpointState::Partial);
    assert!(found.reason.contains("1 member of a group was not found"), "{}", found.reason);
    assert_eq!(accounts_in(&snapshot), 6, "and is known all the same");
}

#[tokio::test]
async fn those_who_may_not_browse_users_cannot_call_an_empty_search_all() {
    let mut answers = instance();
    answers.remove("GET /rest/api/2/user/list");
    let none = json!({"permissions": {"USER_PICKER": {"havePermission": false}}});
    answers.insert("GET /rest/api/2/mypermissions", as_json(200, &none));
    answers.insert("GET /rest/api/2/user/search", as_json(200, &json!([])));
    answers.insert("GET /rest/api/2/groups/picker", as_json(200, &json!({"total": 0, "groups": []})));
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    for endpoint in ["accounts", "groups"] {
        let found = entry(&snapshot.ledger, endpoint);
        assert_eq!(found.state, EndpointState::Partial, "{endpoint}");
        assert!(found.reason.contains("Browse users"), "{}", found.reason);
    }
}

#[tokio::test]
async fn groups_that_are_not_all_there_or_carry_no_labels_are_partial() {
    let group = |name: &str, labels: Value| json!({"name": name, "labels": labels});
    let admin = || json!([{"type": "ADMIN"}]);
    for (picked, reason) in [
        (json!({"total": 25, "groups": [group("a", admin())]}), "the server counts 25, 1 arrived"),
        (json!({"total": 1, "groups": [group("a", json!([]))]}), "no group is labelled"),
        (json!({"total": 1, "groups": [{"name": "a"}]}), "no group is labelled"),
    ] {
        let mut answers = instance();
        answers.insert("GET /rest/api/2/groups/picker", as_json(200, &picked));
        let snapshot = Jira::of(answers).await.look(DEEP).await;
        let found = entry(&snapshot.ledger, "groups");
        assert_eq!(found.state, EndpointState::Partial, "{picked}");
        assert!(found.reason.contains(reason), "{}", found.reason);
        let group = facts(&snapshot, "jira-x/group/a");
        assert_eq!(group.get("administers").is_some(), reason.contains("25"), "{group}");
    }
}

#[tokio::test]
async fn members_come_in_pages_and_one_unread_group_leaves_all_groups_unknown() {
    let answers = instance();
    let jira = Jira::start(move |asked| {
        if asked.line != "GET /jira/rest/api/2/group/member" {
            return by(&answers, asked);
        }
        if asked.parameter("groupname") == Some("jira users/all") {
            return refused(403);
        }
        let start: u32 = asked.parameter("startAt").unwrap().parse().unwrap();
        let end = (start + 50).min(120);
        let users: Vec<Value> =
            (start..end).map(|number| user(30_000 + number, &format!("u{number}"), json!({}))).collect();
        as_json(200, &json!({"startAt": start, "maxResults": 50, "total": 120, "isLast": end == 120, "values": users}))
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let found = entry(&snapshot.ledger, "members of groups");
    assert_eq!((found.state, found.rows), (EndpointState::Partial, 120), "{}", found.reason);
    assert_eq!(facts(&snapshot, "jira-x/group/jira-administrators")["member_count"], 120);
    for account in of_kind(&snapshot, Kind::Principal) {
        let Body::Principal(principal) = &account.body else { panic!("a principal") };
        assert_eq!(principal.groups, Fact::Unknown);
        let seen = account.id.native().starts_with("JIRAUSER30");
        let at_least = principal.groups_at_least.known().map(|groups| json!(groups));
        assert_eq!(at_least, seen.then(|| json!(["jira-x/group/jira-administrators"])), "{}", account.id);
    }
    let told = |group: &str| facts(&snapshot, &format!("jira-x/group/{group}"))["members_told"].clone();
    assert_eq!((told("jira-administrators"), told("jira users/all")), (json!(true), json!(false)));
}

#[tokio::test]
async fn older_versions_have_their_webhooks_elsewhere_and_a_server_licence_has_no_cluster() {
    let mut answers = instance();
    let info = json!({"baseUrl": "https://jira.example.com", "version": "8.14.0", "deploymentType": "Server"});
    answers.insert("GET /rest/api/2/serverInfo", as_json(200, &info));
    answers.remove("GET /rest/jira-webhook/1.0/webhooks");
    let old = json!([{"name": "ci", "url": "http://ci.example.com/hook?token=PLANTED", "excludeBody": false,
        "filters": {"issue-related-events-section": "project = PAY"}, "events": ["jira:issue_updated"], "enabled": true,
        "self": "https://jira.example.com/rest/webhooks/1.0/webhook/72", "lastUpdatedUser": "ada",
        "lastUpdatedDisplayName": "Ann Admin", "lastUpdated": 1_700_000_000_000_i64}]);
    answers.insert("GET /rest/webhooks/1.0/webhook", as_json(200, &old));
    answers.insert("GET /rest/api/2/cluster/nodes", refused(405));
    for app in ["jira-software", "jira-core"] {
        let line = if app == "jira-core" {
            "GET /rest/plugins/applications/1.0/installed/jira-core/license"
        } else {
            "GET /rest/plugins/applications/1.0/installed/jira-software/license"
        };
        answers.insert(line, as_json(200, &json!({"valid": true, "dataCenter": false, "subscription": false})));
    }
    let jira = Jira::of(answers).await;
    let snapshot = jira.look(DEEP).await;
    assert_eq!(gaps(&snapshot.ledger), always());
    let instance = facts(&snapshot, "jira-x/container/instance");
    assert_eq!((&instance["plan"], &instance["version"]), (&json!("server"), &json!("8.14.0")));
    let hook = facts(&snapshot, "jira-x/webhook/webhook:72");
    assert_eq!((&hook["address"], &hook["secret_in_url"]), (&json!("http://ci.example.com"), &json!(true)));
    assert_eq!(hook["changed_by"], "jira-x/principal/JIRAUSER10100", "a name is found as well as a key");
    assert!(!jira.requests().iter().any(|line| line.contains("jira-webhook")), "the likelier place is asked first");
    nothing_planted(&snapshot);
}

#[tokio::test]
async fn a_licence_that_tells_nothing_is_not_read_whole() {
    let mut answers = instance();
    let line = "GET /rest/plugins/applications/1.0/installed/jira-software/license";
    answers.insert(line, as_json(200, &json!({})));
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    let entry = entry(&snapshot.ledger, "licences");
    assert!(entry.state == EndpointState::Partial && entry.reason.contains("neither whether"), "{}", entry.reason);
}

#[tokio::test]
async fn webhooks_are_looked_for_in_the_other_place_and_missed_in_both_only_once() {
    let mut answers = instance();
    let hooks = answers.remove("GET /rest/jira-webhook/1.0/webhooks").unwrap();
    let snapshot = Jira::of(answers.clone()).await.look(DEEP).await;
    assert_eq!(entry(&snapshot.ledger, "webhooks").state, EndpointState::NotOffered);
    answers.insert("GET /rest/webhooks/1.0/webhook", hooks);
    let snapshot = Jira::of(answers.clone()).await.look(DEEP).await;
    let found = entry(&snapshot.ledger, "webhooks");
    assert_eq!((found.state, found.path.as_str()), (EndpointState::Complete, "GET /rest/webhooks/1.0/webhook"));
    // A refusal is no reason to look elsewhere.
    answers.insert("GET /rest/jira-webhook/1.0/webhooks", refused(403));
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    assert_eq!(entry(&snapshot.ledger, "webhooks").state, EndpointState::Denied);
}

#[tokio::test]
async fn webhooks_in_pages_are_read_to_the_last() {
    let answers = instance();
    let jira = Jira::start(move |asked| {
        if asked.line != "GET /jira/rest/jira-webhook/1.0/webhooks" {
            return by(&answers, asked);
        }
        let start: u32 = asked.parameter("start").unwrap().parse().unwrap();
        let rows: Vec<Value> = (start..(start + 100).min(150)).map(|id| json!({"id": id, "name": "x"})).collect();
        as_json(200, &json!({"values": rows, "isLastPage": start + 100 >= 150}))
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let found = entry(&snapshot.ledger, "webhooks");
    assert_eq!((found.state, found.rows), (EndpointState::Complete, 150));
}

#[tokio::test]
async fn mixed_versions_of_nodes_are_told_and_an_unknown_one_settles_nothing() {
    let node = |version: Value| json!({"nodeId": "n", "state": "ACTIVE", "nodeVersion": version});
    for (nodes, value) in [
        (json!([node(json!("10.3.5")), node(json!("10.3.6"))]), json!("mixed-versions")),
        (json!([node(json!("10.3.5")), node(Value::Null)]), Value::Null),
    ] {
        let mut answers = instance();
        answers.insert("GET /rest/api/2/cluster/nodes", as_json(200, &nodes));
        let snapshot = Jira::of(answers).await.look(DEEP).await;
        assert_eq!(facts(&snapshot, "jira-x/setting/cluster").get("value").cloned().unwrap_or_default(), value);
    }
}

#[tokio::test]
async fn what_no_version_tells_is_a_gap_that_names_the_way_out() {
    let mut answers = instance();
    let info = json!({"baseUrl": "https://jira.example.com", "version": "11.2.1", "deploymentType": "Server"});
    answers.insert("GET /rest/api/2/serverInfo", as_json(200, &info));
    let jira = Jira::of(answers).await;
    let snapshot = jira.look(DEEP).await;
    let accounts = ("service accounts", EndpointState::NotOffered);
    assert_eq!(
        gaps(&snapshot.ledger),
        with(always(), &[accounts]),
        "Jira 11 has service accounts, and lists them nowhere"
    );
    for (endpoint, key) in
        [("global permissions", "`global_permissions_from`"), ("OAuth 1.0 consumers", "`oauth_consumers_from`")]
    {
        let found = entry(&snapshot.ledger, endpoint);
        assert!(found.reason.contains("`file`") && found.reason.contains(key), "{}", found.reason);
        assert_eq!(found.requests, 0);
    }
    let ledger = jira.look("global_permissions_from: sql\noauth_consumers_from: sql\n").await.ledger;
    assert!(ledger.iter().all(|entry| !always().contains_key(&*entry.endpoint)), "the file answers for them");
}

#[tokio::test]
async fn links_are_not_asked_how_they_stand_where_that_is_switched_off() {
    let jira = Jira::of(instance()).await;
    let snapshot = jira.look("mode: deep\nlink_status: false\n").await;
    let found = entry(&snapshot.ledger, "status of application links");
    assert_eq!((found.state, found.requests), (EndpointState::Skipped, 0));
    let link = facts(&snapshot, "jira-x/app/link:4c1f");
    assert!(link.get("working").is_none() && link.get("access").is_none(), "{link}");
}

#[tokio::test]
async fn a_link_that_does_not_tell_how_it_lets_others_in_is_not_harmless() {
    let half = json!({"working": true, "localAuthentication": {"incoming": {"enabled": false}, "outgoing": switch(false, false, false)}});
    let legacy = json!({"working": true, "error": {"category": "DEPRECATED", "type": "LEGACY_UPDATE"}, "localAuthentication":
        {"incoming": switch(false, false, false), "outgoing": switch(false, false, false)}});
    for status in [half, legacy, json!({"working": true})] {
        let mut answers = instance();
        answers.insert("GET /rest/applinks/3.0/status/4c1f", as_json(200, &status));
        let snapshot = Jira::of(answers).await.look(DEEP).await;
        assert_eq!(entry(&snapshot.ledger, "status of application links").state, EndpointState::Partial, "{status}");
        let link = facts(&snapshot, "jira-x/app/link:4c1f");
        assert_eq!((&link["working"], link.get("access")), (&json!(true), None), "{status}");
    }
}

#[tokio::test]
async fn audit_events_are_read_page_by_page_and_on_from_where_the_scan_before_stopped() {
    let answers = instance();
    let jira = Jira::start(move |asked| {
        if asked.line != "GET /jira/rest/auditing/1.0/events" {
            return by(&answers, asked);
        }
        let login = "jira.auditing.user.login";
        match asked.parameter("pageCursor") {
            None => as_json(
                200,
                &json!({"entities": [event("2026-11-22T06:00:00.000Z", "JIRAUSER10321", login),
                        event("2026-11-22T05:00:00.000Z", "JIRAUSER10100", "jira.auditing.user.login.failed")],
                    "pagingInfo": {"lastPage": false, "nextPageCursor": "1770113472345,98231", "size": 2}}),
            ),
            Some(_) => as_json(
                200,
                &json!({"entities": [event("2026-11-22T05:00:00.000Z", "JIRAUSER10321", login),
                        event("2026-11-22T04:00:00.000Z", "nobody", login)], "pagingInfo": {"lastPage": true, "size": 2}}),
            ),
        }
    })
    .await;
    let first = jira.look(DEEP).await;
    let found = entry(&first.ledger, "audit events");
    assert_eq!((found.state, found.pages, found.rows), (EndpointState::Complete, 2, 4), "{}", found.reason);
    assert_eq!(found.watermark.as_deref(), Some("2026-11-22T06:00:00.000Z"));
    assert_eq!(facts(&first, "jira-x/principal/JIRAUSER10321")["last_login_at"], "2026-11-22T06:00:00Z");
    assert_eq!(facts(&first, "jira-x/principal/JIRAUSER10100")["last_login_at"], "2026-11-20T15:37:01Z");
    jira.look_on(DEEP, &Watermarks::of(&first.ledger)).await;
    let asked = jira.asked.lock().unwrap();
    let audits = asked.iter().filter(|(asked, _)| asked.line.ends_with("/events"));
    let from: Vec<_> = audits.map(|(asked, _)| (asked.parameter("from"), asked.parameter("pageCursor"))).collect();
    let (begin, overlap) = (Some("2026-10-23T07:30:00.000Z"), Some("2026-11-22T05:50:00.000Z"));
    let cursor = Some("1770113472345,98231");
    assert_eq!(from, [(begin, None), (begin, cursor), (overlap, None), (overlap, cursor)]);
}

#[tokio::test]
async fn an_audit_log_that_breaks_off_keeps_no_new_place_to_read_on() {
    let answers = instance();
    let jira = Jira::start(move |asked| match (asked.line.as_str(), asked.parameter("pageCursor")) {
        ("GET /jira/rest/auditing/1.0/events", None) => as_json(
            200,
            &json!({"entities": [event("2026-11-22T06:00:00.000Z", "a", "x")],
                "pagingInfo": {"lastPage": false, "nextPageCursor": "1,1"}}),
        ),
        ("GET /jira/rest/auditing/1.0/events", Some(_)) => refused(403),
        _ => by(&answers, asked),
    })
    .await;
    let snapshot = jira.look(DEEP).await;
    let found = entry(&snapshot.ledger, "audit events");
    assert_eq!((found.state, found.watermark.as_deref()), (EndpointState::Partial, None));
}

#[tokio::test]
async fn public_signup_is_looked_for_where_the_version_has_it() {
    let mut answers = instance();
    let settings = "GET /rest/api/2/application-properties/advanced-settings";
    answers.insert(settings, as_json(200, &json!([{"key": "jira.home", "value": "/PLANTED"}])));
    let one = json!({"id": "jira.mode", "key": "jira.mode", "value": "private", "name": "Mode"});
    for body in [one.clone(), json!([one])] {
        answers.insert("GET /rest/api/2/application-properties", as_json(200, &body));
        let snapshot = Jira::of(answers.clone()).await.look(DEEP).await;
        assert_eq!(facts(&snapshot, "jira-x/setting/public-signup")["value"], "private");
        assert_eq!(entry(&snapshot.ledger, "advanced settings").state, EndpointState::Complete);
        nothing_planted(&snapshot);
    }
    answers.insert("GET /rest/api/2/application-properties", as_json(200, &json!([])));
    let snapshot = Jira::of(answers).await.look(DEEP).await;
    let found = entry(&snapshot.ledger, "advanced settings");
    assert_eq!(found.state, EndpointState::Partial);
    assert!(found.reason.contains("jira.mode"), "{}", found.reason);
}

#[tokio::test]
async fn a_site_of_the_cloud_is_told_as_such() {
    let mut answers = instance();
    let info = json!({"baseUrl": "https://acme.atlassian.net", "version": "1001.0.0", "deploymentType": "Cloud"});
    answers.insert("GET /rest/api/2/serverInfo", as_json(200, &info));
    let jira = Jira::of(answers).await;
    let snapshot = jira.look(DEEP).await;
    for endpoint in ["instance", "accounts", "projects"] {
        let found = entry(&snapshot.ledger, endpoint);
        assert_eq!(found.state, EndpointState::Failed, "{endpoint}");
        assert!(found.reason.contains("`jira-cloud`"), "{}", found.reason);
    }
    assert_eq!(jira.requests().len(), 3);
}

#[tokio::test]
async fn a_wrong_address_is_told_with_the_context_path_in_mind() {
    let snapshot = Jira::start(|_| dead_link()).await.look(DEEP).await;
    let found = entry(&snapshot.ledger, "instance");
    assert_eq!(found.state, EndpointState::Failed);
    assert!(found.reason.contains("context path"), "{}", found.reason);
}

#[tokio::test]
async fn a_probe_asks_first_pages_only() {
    let jira = Jira::of(instance()).await;
    let ledger: Vec<LedgerEntry> = jira.source(DEEP).probe().await;
    assert_eq!(gaps(&ledger), always());
    assert!(jira.requests().len() <= 28, "{:?}", jira.requests());
}

#[test]
fn mistakes_of_a_self_hosted_product_are_told_at_once() {
    let told = |yaml: &str| -> Vec<String> {
        let problems = build("jira-dc", yaml).err().map(|problems| problems.0).unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "t");
    let base = format!("base_url: https://jira.example.com/jira\ntoken: {token}\n");
    assert_eq!(told(&base), [""; 0]);
    for (more, expected) in [
        ("mode: sudo\n", "expected `standard` or `deep`"),
        ("instance: a/b\n", "`instance` cannot be `a/b`"),
        ("instance: atlassian\n", "`instance` cannot be `atlassian`"),
        ("user: ada\n", "there are two ways to log in"),
        ("password: env:HOME\n", "unknown key `password`"),
        ("token_header: 'a b'\n", "no proper name"),
        ("skip: [tokens]\n", "unknown endpoint `tokens`"),
    ] {
        let told = told(&format!("{base}{more}"));
        assert!(told.len() == 1 && told[0].contains(expected), "{more}: {told:?}");
    }
    let told_of = |url: &str| told(&format!("base_url: {url}\ntoken: {token}\n"));
    let page = told_of("https://www.example.com/jira/secure/Dashboard.jspa");
    assert!(page[0].contains("write `https://www.example.com/jira`"), "{page:?}");
    assert!(told("base_url: https://j.example\n")[0].contains("`token` is missing"));
    assert!(told("base_url: https://j.example\npassword: env:HOME\n")[0].contains("`user` is missing"));
}

/// The pretended Jira, which was written without knowing how it is read.
async fn pretended(version: &str, more: &str) -> Snapshot {
    pretended_with(version, None, more).await
}

/// The same, with a cap on its search for users.
async fn pretended_with(version: &str, cap: Option<usize>, more: &str) -> Snapshot {
    let simulator = demo().await;
    simulator.set_jira_dc_version(version);
    if cap.is_some() {
        simulator.set_jira_dc_user_cap(cap);
    }
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", simulator.jira_dc_token());
    let yaml = format!("base_url: {}\ninstance: jira-x\ntoken: {token}\n{more}", simulator.jira_dc_url());
    let snapshot = sealed(build("jira-dc", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await);
    assert_eq!(simulator.destroyed(), []);
    let kept = json!(snapshot.resources).to_string();
    assert!(
        simulator.planted_secrets().iter().all(|secret| !kept.contains(secret.as_str())),
        "{version} shows a secret"
    );
    snapshot
}

#[tokio::test]
async fn every_version_shows_the_same_accounts_and_tokens_whatever_way_it_has() {
    let whole = pretended("10.3", DEEP).await;
    let natives = |snapshot: &Snapshot, kind: Kind| -> BTreeSet<String> {
        of_kind(snapshot, kind).map(|each| each.id.native().to_owned()).collect()
    };
    assert!(natives(&whole, Kind::Principal).len() > 50 && natives(&whole, Kind::Credential).len() > 10);
    for (version, cap) in [("8.20", None), ("9.12", None), ("9.12", Some(20)), ("10.0", Some(100)), ("11.2", None)] {
        let snapshot = pretended_with(version, cap, DEEP).await;
        let accounts = entry(&snapshot.ledger, "accounts");
        assert_eq!(accounts.state, EndpointState::Complete, "{version}: {}", accounts.reason);
        assert_eq!(natives(&snapshot, Kind::Principal), natives(&whole, Kind::Principal), "{version}");
        for entry in &snapshot.ledger {
            assert_ne!(entry.state, EndpointState::Failed, "{version}: {entry:?}");
            assert_ne!(entry.state, EndpointState::Denied, "{version}: {entry:?}");
        }
    }
}

#[tokio::test]
async fn the_pretended_jira_is_read_whole() {
    let snapshot = pretended("10.3", DEEP).await;
    assert_eq!(gaps(&snapshot.ledger), always(), "{:#?}", snapshot.ledger.iter().filter(|entry| entry.is_gap()));
    let paged = pretended("10.3", "mode: deep\npage_size: 7\n").await;
    assert_eq!(gaps(&paged.ledger), always());
    assert_eq!(paged.digest, snapshot.digest, "small pages show the same");
}
