//! `confluence-cloud`.

use std::collections::BTreeSet;

use axum::body::Body as HttpBody;
use axum::http::Response;
use keyroll::model::{Body, EndpointState, Fact, Grant, GrantForm, Holder, Kind, Snapshot, Watermarks};
use keyroll::simulator::{Fault, Simulator};
use keyroll::sources::{Depth, Source};
use serde_json::{Value, json};

use super::{build, demo, entry, facts, gaps, of_kind, sealed, secret_file};
use crate::http::server::{Asked, Server, json as ok, status};

/// An answer written by hand: method and path, perhaps with `?` and a part of the query; status; body.
type Written = (&'static str, u16, Value);

/// Serves what was written by hand, the first that fits; 404 for all others.
async fn serve(answers: Vec<Written>) -> Server {
    Server::answering(move |asked| answer(&answers, &asked)).await
}

fn answer(answers: &[Written], asked: &Asked) -> Response<HttpBody> {
    let place = format!("{} {}", asked.method, asked.path.replace("%3A", ":"));
    let fits = |written: &&Written| match written.0.split_once('?') {
        Some((path, query)) => path == place && asked.query.contains(query),
        None => written.0 == place,
    };
    match answers.iter().find(fits) {
        Some((_, 200, body)) => ok(body),
        Some((_, code, body)) => status(*code, body),
        None => status(404, &json!({"errors": [{"status": 404, "code": "NOT_FOUND", "title": "no such thing"}]})),
    }
}

fn source(server: &Server, more: &str) -> Box<dyn Source> {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "any");
    let url = &server.url;
    let yaml =
        format!("base_url: {url}\nuser: a@b.example\ntoken: {token}\ncloud_id: 11f1\ngateway_url: {url}\n{more}");
    build("confluence-cloud", &yaml).unwrap()
}

async fn collect(server: &Server) -> Snapshot {
    sealed(source(server, "").look(Depth::Whole, &Watermarks::default()).await)
}

/// A list in the envelope of both versions of the API.
fn page(rows: Value) -> Value {
    json!({"results": rows, "_links": {"base": "https://acme.atlassian.net/wiki"}})
}

const PERMISSIONS: &str = "GET /wiki/api/v2/spaces/163842/permissions";
const ASSIGNMENTS: &str = "GET /wiki/api/v2/spaces/163842/role-assignments";

/// A site with one space, in one of the three modes; `first` goes before what is written here.
fn site(mode: &str, mut first: Vec<Written>) -> Vec<Written> {
    let group = |id: &str, name: &str, by: &str| json!({"type": "group", "id": id, "name": name, "managedBy": by});
    let (users, admins) = (group("g-1", "confluence-users", "EXTERNAL"), group("g-2", "wiki-admins", "TEAM_MEMBERS"));
    first.extend([
        (
            "GET /wiki/rest/api/user/current",
            200,
            json!({"type": "known", "accountId": "712020:a", "accountType": "atlassian", "email": "ada@acme.example",
                "displayName": "Ada Muster", "publicName": "Ada", "operations": [
                    {"operation": "administer", "targetType": "application"},
                    {"operation": "use", "targetType": "application"}]}),
        ),
        (
            "GET /wiki/rest/api/settings/systemInfo",
            200,
            json!({"cloudId": "11f1", "commitHash": "x", "baseUrl": "https://acme.atlassian.net/wiki",
                "siteTitle": "Acme Wiki"}),
        ),
        ("GET /wiki/rest/api/group?accessType=user", 200, page(json!([users]))),
        ("GET /wiki/rest/api/group?accessType=admin", 200, page(json!([admins]))),
        ("GET /wiki/rest/api/group?accessType=site-admin", 200, page(json!([admins]))),
        ("GET /wiki/rest/api/group", 200, page(json!([users, group("g-3", "choir", "OPEN"), admins]))),
        (
            "GET /wiki/rest/api/group/g-1/membersByGroupId",
            200,
            json!({"results": [
                {"type": "known", "accountId": "712020:a", "accountType": "atlassian", "email": "ada@acme.example",
                 "displayName": "Ada Muster", "publicName": "Ada"},
                {"type": "known", "accountId": "712020:app", "accountType": "app", "email": "",
                 "publicName": "Diagrams", "displayName": null}],
                "start": 0, "limit": 200, "size": 2, "totalSize": 2, "_links": {}}),
        ),
        ("GET /wiki/rest/api/group/g-2/membersByGroupId", 200, json!({"results": [], "totalSize": 0})),
        ("GET /wiki/api/v2/space-role-mode", 200, json!({"mode": mode})),
        (
            "GET /wiki/api/v2/spaces?status=current",
            200,
            page(
                json!([{"id": "163842", "key": "PAY", "name": "Payments", "type": "collaboration", "status": "current",
                "authorId": "712020:gone", "createdAt": "2024-05-02T09:00:00.000Z", "homepageId": "1"}]),
            ),
        ),
        ("GET /wiki/api/v2/spaces?status=archived", 200, page(json!([]))),
        (
            PERMISSIONS,
            200,
            page(json!([
                {"id": "9001", "principal": {"type": "group", "id": "g-1"},
                 "operation": {"key": "read", "targetType": "space"}},
                {"id": "9002", "principal": {"type": "user", "id": "712020:b"},
                 "operation": {"key": "administer", "targetType": "space"}},
                {"id": "9003", "principal": {"type": "role", "id": "anonymous"},
                 "operation": {"key": "read", "targetType": "space"}}])),
        ),
        (
            "GET /wiki/api/v2/space-roles",
            200,
            page(json!([
                {"id": "r-1", "type": "SYSTEM", "name": "Admin",
                 "spacePermissions": ["read/space", "administer/space"]},
                {"id": "r-2", "type": "CUSTOM", "name": "Viewer", "spacePermissions": ["read/space"]}])),
        ),
        (
            ASSIGNMENTS,
            200,
            page(json!([
                {"principal": {"principalType": "USER", "principalId": "712020:b"}, "roleId": "r-1"},
                {"principal": {"principalType": "GROUP", "principalId": "g-1"}, "roleId": "r-2"},
                {"principal": {"principalType": "ACCESS_CLASS", "principalId": "anonymous-users"}, "roleId": "r-2"},
                {"principal": {"principalType": "ACCESS_CLASS", "principalId": "all-licensed-users"},
                 "roleId": "r-9"}])),
        ),
        (
            "POST /wiki/api/v2/users-bulk",
            200,
            page(json!([
                {"accountId": "712020:b", "accountType": "atlassian", "accountStatus": "inactive", "displayName": "Bo",
                 "email": ""},
                {"accountId": "712020:gone", "accountType": "unknown", "accountStatus": "closed",
                 "displayName": "Former user"}])),
        ),
        (
            "GET /wiki/rest/api/audit",
            200,
            page(json!([
                {"author": {"type": "user", "displayName": "Secret Author", "accountId": "712020:private"},
                 "remoteAddress": "203.0.113.9", "creationDate": 1_793_000_000_000_i64, "summary": "Space created",
                 "description": "", "category": "Spaces", "sysAdmin": false, "affectedObject": {},
                 "changedValues": [], "associatedObjects": []},
                {"creationDate": 1_792_900_000_000_i64, "summary": "earlier"}])),
        ),
        (
            "GET /automation/public/confluence/11f1/rest/v1/rule/summary",
            200,
            json!({"links": {"self": null, "next": null, "prev": null}, "data": [
                {"uuid": "0192e5ac", "name": "Archive old pages", "description": "", "state": "ENABLED",
                 "authorAccountId": "712020:a", "actorAccountId": "712020:app", "created": 1_743_568_964.174,
                 "updated": 1_743_568_964.174, "labels": ["tidy"],
                 "ruleScopeARIs": ["ari:cloud:confluence:11f1:space/2", "ari:cloud:confluence:11f1:space/163842"]},
                {"idUuid": "0192e5ad", "name": "Old shape", "state": "DISABLED", "labels": [7],
                 "ruleScope": {"resources": ["ari:cloud:confluence::site/11f1"]}}]}),
        ),
    ]);
    first
}

/// What was granted in spaces.
fn grants(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &Grant)> {
    of_kind(snapshot, Kind::Grant).filter_map(|resource| match &resource.body {
        Body::Grant(grant) if grant.form != GrantForm::ProductAccess => Some((resource.id.native(), grant)),
        _ => None,
    })
}

fn paths(server: &Server) -> BTreeSet<String> {
    server.asked().into_iter().map(|asked| asked.path.replace("%3A", ":")).collect()
}

/// Looks at the pretended site.
async fn collect_demo(simulator: &Simulator, more: &str) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", simulator.site_token());
    let (url, user, gateway) = (simulator.site_url(), simulator.site_user(), simulator.org_url());
    let yaml = format!("base_url: {url}\nuser: {user}\ntoken: {token}\ngateway_url: {gateway}\n{more}");
    sealed(build("confluence-cloud", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await)
}

#[tokio::test]
async fn a_whole_site_is_read_in_each_mode_and_tells_the_same_rights() {
    let simulator = demo().await;
    let mut told: Vec<Rights> = Vec::new();
    for mode in ["PRE_ROLES", "ROLES_TRANSITION", "ROLES"] {
        simulator.set_space_mode(mode);
        let snapshot = collect_demo(&simulator, "").await;
        assert_eq!(gaps(&snapshot.ledger), [].into(), "{mode}");
        assert!(snapshot.ledger.iter().all(|entry| entry.unreadable.is_empty()), "{mode}");
        let tenants: BTreeSet<&str> = snapshot.resources.iter().map(|resource| resource.id.tenant()).collect();
        assert_eq!(tenants, ["atlassian", simulator.cloud_id()].into());
        told.push(rights(&snapshot));
    }
    assert!(told[0].len() > 100);
    assert!(told.iter().all(|each| *each == told[0]), "rights move from grants to roles, they do not change");
    assert_eq!(simulator.destroyed(), []);
}

/// Space, sort of holder, the holder where it is one, and what may be done.
type Rights = BTreeSet<(String, Holder, Option<String>, String)>;

/// Who may do what where, however it was given.
fn rights(snapshot: &Snapshot) -> Rights {
    let mut rights = Rights::new();
    for (_, grant) in grants(snapshot) {
        let who = grant.principal.known().or(grant.group.known()).map(ToString::to_string);
        for permit in grant.permits.known().unwrap() {
            let space = grant.container.known().unwrap().to_string();
            rights.insert((space, grant.holder, who.clone(), permit.clone()));
        }
    }
    rights
}

#[tokio::test]
async fn small_pages_show_the_same_site() {
    let simulator = demo().await;
    let whole = collect_demo(&simulator, "").await;
    let paged = collect_demo(&simulator, "page_size: 7\n").await;
    assert_eq!(gaps(&paged.ledger), [].into());
    assert!(entry(&paged.ledger, "members of groups").pages > 3);
    assert_eq!(whole.digest, paged.digest);
}

#[tokio::test]
async fn each_misbehaving_endpoint_is_told_in_its_own_entry() {
    let simulator = demo().await;
    for (fault, name, misbehaves, state) in [
        ("spaces", "spaces", Fault::OnPage(2, Box::new(Fault::CutConnection)), EndpointState::Partial),
        ("confluence-group-members", "members of groups", Fault::DropRows(1), EndpointState::Partial),
        ("space-role-assignments", "space role assignments", Fault::Status(403), EndpointState::Denied),
        ("space-permissions", "space permissions", Fault::WrongType, EndpointState::Partial),
        ("confluence-automation", "automation rules", Fault::Status(401), EndpointState::Denied),
        ("confluence-audit", "audit records", Fault::Status(500), EndpointState::Failed),
    ] {
        simulator.clear_faults();
        simulator.set_fault(fault, misbehaves.clone());
        let snapshot = collect_demo(&simulator, "page_size: 10\n").await;
        let found = entry(&snapshot.ledger, name);
        assert_eq!(found.state, state, "{name} with {misbehaves:?}: {}", found.reason);
    }
}

#[tokio::test]
async fn every_fact_of_a_hand_written_site_is_told_as_it_was() {
    let server = serve(site("ROLES_TRANSITION", Vec::new())).await;
    let snapshot = collect(&server).await;
    let unread: Vec<&str> = snapshot.ledger.iter().filter(|e| e.is_gap()).map(|e| e.reason.as_str()).collect();
    assert_eq!(unread, Vec::<&str>::new());
    assert_eq!(snapshot.ledger.len(), 14);
    let standing = |active: bool, email: bool| {
        let told = json!({"product": "confluence", "source": "acme", "active": active, "shows_email": email});
        json!([told])
    };
    for (id, expected) in [
        ("11f1/container/confluence", json!({"form": "site", "url": "https://acme.atlassian.net/wiki"})),
        (
            "11f1/container/space:163842",
            json!({"form": "space", "parent": "11f1/container/confluence", "key": "PAY", "category": "collaboration",
                "status": "current", "owner": "atlassian/principal/712020:gone", "created_at": "2024-05-02T09:00:00Z",
                "url": "https://acme.atlassian.net/wiki/spaces/PAY"}),
        ),
        (
            "atlassian/principal/712020:a",
            json!({"account_type": "person", "email": "ada@acme.example", "standings": standing(true, true),
                "groups_at_least": ["atlassian/group/g-1"]}),
        ),
        (
            "atlassian/principal/712020:app",
            json!({"account_type": "app", "standings": [
                {"product": "confluence", "source": "acme", "active": null, "shows_email": false}],
                "groups_at_least": ["atlassian/group/g-1"]}),
        ),
        ("atlassian/principal/712020:b", json!({"account_type": "person", "standings": standing(false, false)})),
        ("atlassian/principal/712020:gone", json!({"standings": standing(false, false)})),
        ("atlassian/group/g-1", json!({"managed_by": "external", "confluence_access": ["user"], "inside": null})),
        (
            "11f1/grant/product-access:confluence/site-admin/g-2",
            json!({"form": "product-access", "role": "site-admin", "holder": "group", "group": "atlassian/group/g-2",
                "container": "11f1/container/confluence"}),
        ),
        (
            "atlassian/group/g-2",
            json!({"managed_by": "team-members", "confluence_access": ["admin", "site-admin"], "inside": null}),
        ),
        ("atlassian/group/g-3", json!({"managed_by": "open", "confluence_access": [], "inside": null})),
        ("11f1/setting/space-role-mode", json!({"key": "space-role-mode", "value": "roles-transition"})),
        ("11f1/setting/confluence-audit-log", json!({"key": "audit-log", "value": "readable"})),
        (
            "11f1/grant/space:163842/9001",
            json!({"form": "space-permission", "role": "read space", "holder": "group", "permits": ["read space"],
                "group": "atlassian/group/g-1", "container": "11f1/container/space:163842"}),
        ),
        (
            "11f1/grant/space:163842/9002",
            json!({"form": "space-permission", "role": "administer space", "holder": "principal",
                "permits": ["administer space"], "principal": "atlassian/principal/712020:b",
                "container": "11f1/container/space:163842"}),
        ),
        (
            "11f1/grant/space:163842/9003",
            json!({"form": "space-permission", "role": "read space", "holder": "anyone", "permits": ["read space"],
                "container": "11f1/container/space:163842"}),
        ),
        (
            "11f1/grant/space:163842/r-1/user:712020:b",
            json!({"form": "space-role", "role": "Admin", "holder": "principal",
                "permits": ["administer space", "read space"], "principal": "atlassian/principal/712020:b",
                "container": "11f1/container/space:163842"}),
        ),
        (
            "11f1/grant/space:163842/r-2/access-class:anonymous-users",
            json!({"form": "space-role", "role": "Viewer", "holder": "anyone", "permits": ["read space"],
                "container": "11f1/container/space:163842"}),
        ),
        (
            "11f1/grant/space:163842/r-9/access-class:all-licensed-users",
            json!({"form": "space-role", "role": "r-9", "holder": "application-role", "holder_detail": "confluence",
                "container": "11f1/container/space:163842"}),
        ),
        (
            "11f1/automation/confluence:0192e5ac",
            json!({"container": "11f1/container/confluence", "status": "enabled", "description": null,
                "author": "atlassian/principal/712020:a", "actor": "atlassian/principal/712020:app",
                "limited_to": ["space/163842", "space/2"], "created_at": "2025-04-02T04:42:44.174Z",
                "changed_at": "2025-04-02T04:42:44.174Z"}),
        ),
        (
            "11f1/automation/confluence:0192e5ad",
            json!({"container": "11f1/container/confluence", "status": "disabled", "limited_to": ["site/11f1"]}),
        ),
    ] {
        assert_eq!(facts(&snapshot, id), expected, "{id}");
    }
    assert_eq!(snapshot.resources.len(), 23);
    let named = |native: &str| of_kind(&snapshot, Kind::Grant).find(|one| one.id.native() == native).unwrap();
    assert_eq!(named("space:163842/9001").name, "read space for a group");
    assert_eq!(named("space:163842/9003").name, "read space for anyone");
}

#[tokio::test]
async fn only_groups_that_open_confluence_are_asked_for_members() {
    let server = serve(site("ROLES", Vec::new())).await;
    collect(&server).await;
    let asked = paths(&server);
    assert!(asked.contains("/wiki/rest/api/group/g-1/membersByGroupId"));
    assert!(!asked.contains("/wiki/rest/api/group/g-3/membersByGroupId"));
}

#[tokio::test]
async fn each_mode_is_read_where_its_rights_are_and_the_rest_is_no_gap() {
    for (mode, form, silent) in [
        ("PRE_ROLES", GrantForm::SpacePermission, vec!["space roles", "space role assignments"]),
        ("ROLES", GrantForm::SpaceRole, vec!["space permissions"]),
        ("ROLES_TRANSITION", GrantForm::SpaceRole, vec![]),
    ] {
        let server = serve(site(mode, Vec::new())).await;
        let snapshot = collect(&server).await;
        assert_eq!(gaps(&snapshot.ledger), [].into(), "{mode}");
        assert!(grants(&snapshot).any(|(_, grant)| grant.form == form), "{mode}");
        for name in ["space permissions", "space roles", "space role assignments"] {
            let found = entry(&snapshot.ledger, name);
            assert_eq!(found.requests, u32::from(!silent.contains(&name)), "{mode}: {name}");
            assert_eq!(found.reason, "");
        }
        let both: BTreeSet<GrantForm> = grants(&snapshot).map(|(_, grant)| grant.form).collect();
        assert_eq!(both.len(), 1 + usize::from(silent.is_empty()), "{mode}");
    }
}

#[tokio::test]
async fn where_the_mode_is_not_known_both_ways_are_read() {
    let mode = "GET /wiki/api/v2/space-role-mode";
    for (first, state) in [
        ((mode, 403, json!({"errors": [{"title": "no"}]})), EndpointState::Denied),
        ((mode, 404, json!({"errors": [{"title": "no"}]})), EndpointState::NotOffered),
        ((mode, 200, json!({"mode": "ROLES_AND_MORE"})), EndpointState::Partial),
        ((mode, 200, json!({"mode": 7})), EndpointState::Partial),
    ] {
        let server = serve(site("ROLES", vec![first.clone()])).await;
        let snapshot = collect(&server).await;
        let found = entry(&snapshot.ledger, "space role mode");
        assert_eq!(found.state, state, "{first:?}: {}", found.reason);
        assert!(found.reason.contains("permissions and roles are both read"), "{}", found.reason);
        let forms: BTreeSet<GrantForm> = grants(&snapshot).map(|(_, grant)| grant.form).collect();
        assert_eq!(forms, [GrantForm::SpacePermission, GrantForm::SpaceRole].into(), "{first:?}");
    }
}

#[tokio::test]
async fn odd_rows_cost_a_field_and_never_a_page() {
    let odd = vec![
        (
            PERMISSIONS,
            200,
            page(json!([
                {"id": 9001, "principal": {"type": "group", "id": "g-1"}, "operation": {"key": ["read"]}},
                {"id": "9002", "principal": "Ada", "operation": {"key": "read", "targetType": "space"}},
                {"id": "9003", "principal": {"type": "user", "id": null},
                 "operation": {"key": "read", "targetType": "space"}},
                {"id": "9004", "principal": {"type": "starship", "id": "x"},
                 "operation": {"key": "use", "targetType": "application"}},
                {"principal": {"type": "user", "id": "712020:b"}},
                "no object"])),
        ),
        (
            "GET /wiki/api/v2/spaces?status=current",
            200,
            page(json!([{"id": 163_842, "key": ["PAY"], "name": null, "createdAt": "soon"}, {"key": "LOST"}])),
        ),
    ];
    let server = serve(site("PRE_ROLES", odd)).await;
    let snapshot = collect(&server).await;
    let spaces = entry(&snapshot.ledger, "spaces");
    assert_eq!(spaces.state, EndpointState::Partial);
    assert_eq!(spaces.reason, "1 row could not be read");
    assert_eq!(spaces.unreadable, ["`163842`: createdAt", "`163842`: key"]);
    assert_eq!(
        facts(&snapshot, "11f1/container/space:163842"),
        json!({"form": "space", "parent": "11f1/container/confluence", "status": "current"})
    );
    let permissions = entry(&snapshot.ledger, "space permissions");
    assert_eq!(permissions.state, EndpointState::Partial);
    for part in ["2 rows could not be read", "some grants name nobody", "do not say what they permit"] {
        assert!(permissions.reason.contains(part), "{}", permissions.reason);
    }
    let seen: Vec<(&str, Holder, &str)> =
        grants(&snapshot).map(|(id, grant)| (id, grant.holder, grant.role.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("space:163842/9001", Holder::Group, "an unknown permission"),
            ("space:163842/9002", Holder::Other, "read space"),
            ("space:163842/9003", Holder::Other, "read space"),
            ("space:163842/9004", Holder::Other, "use application"),
        ]
    );
    let starship = grants(&snapshot).find(|(id, _)| *id == "space:163842/9004").unwrap().1;
    assert_eq!(starship.holder_detail, Fact::Known("starship x".to_owned()));
}

#[tokio::test]
async fn links_without_the_prefix_lead_on_in_both_versions_of_the_api() {
    let more = |next: &str, rows: Value| json!({"results": rows, "_links": {"next": next, "context": "/wiki"}});
    let space = |id: &str| json!({"id": id, "key": format!("S{id}"), "name": "A space", "type": "global"});
    let pages = |prefix: &str| -> Vec<(String, u16, Value)> {
        [
            ("rest/api/group?start=200", page(json!([{"id": "g-9", "name": "last"}]))),
            (
                "rest/api/group?limit=200",
                more("/rest/api/group?limit=200&start=200", json!([{"id": "g-1", "name": "first"}])),
            ),
            ("api/v2/spaces?cursor=a%2Bb%3D", page(json!([space("3")]))),
            ("api/v2/spaces?status=archived", page(json!([]))),
            (
                "api/v2/spaces?status=current",
                more("/wiki/api/v2/spaces?limit=250&cursor=a%2Bb%3D", json!([space("2")])),
            ),
        ]
        .into_iter()
        .map(|(path, body)| (format!("GET {prefix}/wiki/{path}"), 200, body))
        .collect()
    };
    for (prefix, more) in [("", ""), ("/ex/confluence/11f1", "gateway: true\n")] {
        let answers: Vec<Written> =
            pages(prefix).into_iter().map(|(at, code, body)| (&*Box::leak(at.into_boxed_str()), code, body)).collect();
        let server = serve(answers).await;
        let snapshot = sealed(source(&server, more).look(Depth::Whole, &Watermarks::default()).await);
        let groups = entry(&snapshot.ledger, "groups");
        assert_eq!((groups.state, groups.rows, groups.requests), (EndpointState::Complete, 2, 2), "{}", groups.reason);
        let spaces = entry(&snapshot.ledger, "spaces");
        assert_eq!((spaces.rows, spaces.requests), (2, 3), "{}", spaces.reason);
        assert!(of_kind(&snapshot, Kind::Container).any(|one| one.id.native() == "space:3"));
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_is_partial() {
    let broken = vec![
        ("GET /wiki/api/v2/spaces/163842/permissions?cursor=x", 500, json!({})),
        (
            PERMISSIONS,
            200,
            json!({"results": [{"id": "1", "principal": {"type": "group", "id": "g-1"},
                "operation": {"key": "read", "targetType": "space"}}],
                "_links": {"next": "/wiki/api/v2/spaces/163842/permissions?cursor=x"}}),
        ),
        ("GET /wiki/rest/api/group/g-1/membersByGroupId", 200, json!({"results": [], "totalSize": 2})),
    ];
    let server = serve(site("PRE_ROLES", broken)).await;
    let snapshot = collect(&server).await;
    assert_eq!(entry(&snapshot.ledger, "space permissions").state, EndpointState::Partial);
    let members = entry(&snapshot.ledger, "members of groups");
    assert_eq!(members.state, EndpointState::Partial);
    assert!(members.reason.contains("the server counts 2, 0 arrived"), "{}", members.reason);
}

#[tokio::test]
async fn what_the_site_does_not_tell_about_itself_blocks_nothing() {
    let refused = ("GET /wiki/rest/api/settings/systemInfo", 403, json!({"statusCode": 403, "message": "scope"}));
    let server = serve(site("ROLES", vec![refused])).await;
    let snapshot = collect(&server).await;
    assert_eq!(gaps(&snapshot.ledger), [("site", EndpointState::Denied)].into());
    let space = facts(&snapshot, "11f1/container/space:163842");
    assert_eq!(space["parent"], json!("11f1/container/confluence"));
    assert_eq!(space["url"], json!(format!("{}/wiki/spaces/PAY", server.url)));
}

#[tokio::test]
async fn a_site_that_tells_nothing_of_itself_is_not_read_whole() {
    let empty = ("GET /wiki/rest/api/settings/systemInfo", 200, json!({}));
    let server = serve(site("ROLES", vec![empty])).await;
    let snapshot = collect(&server).await;
    let site = entry(&snapshot.ledger, "site");
    assert!(site.state == EndpointState::Partial && site.reason.contains("neither its id"), "{}", site.reason);
}

#[tokio::test]
async fn a_site_that_is_another_than_configured_says_so() {
    let other = ("GET /wiki/rest/api/settings/systemInfo", 200, json!({"cloudId": "22e2", "siteTitle": "Other"}));
    let server = serve(site("ROLES", vec![other])).await;
    let snapshot = collect(&server).await;
    let site = entry(&snapshot.ledger, "site");
    assert_eq!(site.state, EndpointState::Partial);
    assert!(site.reason.contains("22e2"), "{}", site.reason);
}

#[tokio::test]
async fn spaces_are_all_there_for_an_administrator_only() {
    let own = "GET /wiki/rest/api/user/current";
    for (body, words) in [
        (
            json!({"accountId": "712020:a", "operations": [{"operation": "use", "targetType": "application"}]}),
            "does not administer Confluence; only the spaces that it may view are there, 1 in all",
        ),
        (json!({"accountId": "712020:a"}), "whether the account administers Confluence is not known"),
        (
            json!({"accountId": "712020:a", "operations": "all"}),
            "whether the account administers Confluence is not known",
        ),
    ] {
        let server = serve(site("ROLES", vec![(own, 200, body.clone())])).await;
        let snapshot = collect(&server).await;
        let spaces = entry(&snapshot.ledger, "spaces");
        assert_eq!((spaces.state, spaces.rows), (EndpointState::Partial, 1), "{body}");
        assert!(spaces.reason.contains(words), "{}", spaces.reason);
    }
    let nothing = ("GET /wiki/api/v2/spaces", 200, page(json!([])));
    let snapshot = collect(&serve(site("ROLES", vec![nothing])).await).await;
    assert_eq!(entry(&snapshot.ledger, "spaces").reason, "the account may view no space");
}

#[tokio::test]
async fn somebody_whom_confluence_does_not_know_is_no_account() {
    let own = ("GET /wiki/rest/api/user/current", 200, json!({"type": "anonymous", "displayName": "Anonymous"}));
    let snapshot = collect(&serve(site("ROLES", vec![own])).await).await;
    let found = entry(&snapshot.ledger, "own account");
    assert_eq!(found.state, EndpointState::Partial);
    assert!(found.reason.contains("anybody on the web"), "{}", found.reason);
    assert_eq!(entry(&snapshot.ledger, "spaces").state, EndpointState::Partial);
}

#[tokio::test]
async fn what_groups_open_is_unknown_as_soon_as_one_sort_of_access_was_not_read() {
    let refused = ("GET /wiki/rest/api/group?accessType=site-admin", 403, json!({"message": "no"}));
    let server = serve(site("ROLES", vec![refused])).await;
    let snapshot = collect(&server).await;
    assert_eq!(entry(&snapshot.ledger, "access of groups").state, EndpointState::Partial);
    assert_eq!(entry(&snapshot.ledger, "members of groups").state, EndpointState::Partial);
    for group in of_kind(&snapshot, Kind::Group) {
        let Body::Group(body) = &group.body else { panic!("a group") };
        assert_eq!(body.confluence_access, Fact::Unknown, "{}", group.id);
        assert_eq!(body.member_count, Fact::Unknown);
    }
    let asked = paths(&server);
    assert!(asked.contains("/wiki/rest/api/group/g-2/membersByGroupId"), "it came up for one sort of access");
    assert!(!asked.contains("/wiki/rest/api/group/g-3/membersByGroupId"));
}

#[tokio::test]
async fn an_account_that_confluence_does_not_show_leaves_its_list_partial() {
    let empty = ("POST /wiki/api/v2/users-bulk", 200, page(json!([])));
    let server = serve(site("ROLES", vec![empty])).await;
    let snapshot = collect(&server).await;
    let named = entry(&snapshot.ledger, "accounts named by spaces");
    assert_eq!((named.state, named.requests), (EndpointState::Partial, 1));
    assert_eq!(named.reason, "Confluence does not show 2 accounts");
    let body = server.asked().into_iter().find(|asked| asked.method == "POST").unwrap().body;
    assert_eq!(body, json!({"accountIds": ["712020:b", "712020:gone"]}).to_string());
}

#[tokio::test]
async fn of_the_audit_log_nothing_but_its_reach_is_kept() {
    let server = serve(site("ROLES", Vec::new())).await;
    let snapshot = sealed(source(&server, "audit_days: 2\n").look(Depth::Whole, &Watermarks::default()).await);
    let asked = server.asked().into_iter().find(|asked| asked.path == "/wiki/rest/api/audit").unwrap();
    assert_eq!(asked.parameters()["startDate"], "1795159800000", "two days before the morning of the test");
    let kept = serde_json::to_string(&snapshot.resources).unwrap() + &serde_json::to_string(&snapshot.ledger).unwrap();
    for private in ["Secret Author", "712020:private", "203.0.113.9", "Space created"] {
        assert!(!kept.contains(private), "{private}");
    }
    let refused = ("GET /wiki/rest/api/audit", 403, json!({"message": "administrators only"}));
    let snapshot = collect(&serve(site("ROLES", vec![refused])).await).await;
    assert_eq!(gaps(&snapshot.ledger), [("audit records", EndpointState::Denied)].into());
    assert!(of_kind(&snapshot, Kind::Setting).all(|setting| setting.id.native() == "space-role-mode"));
}

#[tokio::test]
async fn an_oauth_client_is_not_let_in_to_automation_and_does_not_try() {
    let server =
        serve(site("ROLES", vec![("POST /token", 200, json!({"access_token": "t", "expires_in": 3600}))])).await;
    let folder = tempfile::tempdir().unwrap();
    let secret = secret_file(folder.path(), "secret", "s");
    let url = &server.url;
    let yaml = format!(
        "base_url: {url}\nclient_id: c\nclient_secret: {secret}\ntoken_url: {url}/token\ngateway: true\n\
         gateway_url: {url}\ncloud_id: 11f1\n"
    );
    let source = build("confluence-cloud", &yaml).unwrap();
    let snapshot = sealed(source.look(Depth::Whole, &Watermarks::default()).await);
    let rules = entry(&snapshot.ledger, "automation rules");
    assert_eq!((rules.state, rules.requests), (EndpointState::Denied, 0));
    assert!(rules.reason.contains("an OAuth client logs in"), "{}", rules.reason);
}

#[tokio::test]
async fn a_credential_that_is_not_accepted_is_told_which_one_is() {
    let server = Server::answering(|_| status(401, &json!({"statusCode": 401, "message": "who are you"}))).await;
    let snapshot = collect(&server).await;
    assert_eq!(snapshot.resources.len(), 0);
    let own = entry(&snapshot.ledger, "own account");
    assert_eq!(own.state, EndpointState::Denied);
    assert!(own.reason.contains("API token without scopes"), "{}", own.reason);
}

#[tokio::test]
async fn a_site_without_confluence_is_no_empty_confluence() {
    let html = "<!DOCTYPE html><html><title>Oops</title><body>Your site does not have Confluence</body></html>";
    let web = Server::answering(move |_| web_page(html)).await;
    let missing = Server::answering(|_| status(404, &json!({"message": "dead link"}))).await;
    for server in [web, missing] {
        let snapshot = collect(&server).await;
        assert_eq!(snapshot.resources.len(), 0);
        for name in ["own account", "site"] {
            let found = entry(&snapshot.ledger, name);
            assert_eq!(found.state, EndpointState::Failed, "{name}");
            assert!(found.reason.contains("check `base_url`"), "{}", found.reason);
        }
        let complete: Vec<&str> =
            snapshot.ledger.iter().filter(|entry| !entry.is_gap()).map(|entry| &*entry.endpoint).collect();
        assert_eq!(complete, ["cloud id"]);
    }
}

fn web_page(html: &'static str) -> Response<HttpBody> {
    Response::builder().header("content-type", "text/html").body(HttpBody::from(html)).unwrap()
}

#[tokio::test]
async fn where_everything_is_refused_nothing_counts_as_seen() {
    let server = Server::answering(|_| status(403, &json!({"statusCode": 403, "message": "not for you"}))).await;
    let snapshot = collect(&server).await;
    assert_eq!(snapshot.resources.len(), 0);
    for found in snapshot.ledger.iter().filter(|entry| &*entry.endpoint != "cloud id") {
        assert!(
            matches!(found.state, EndpointState::Denied | EndpointState::Failed) && !found.reason.is_empty(),
            "{}: {:?} {}",
            found.endpoint,
            found.state,
            found.reason
        );
    }
    assert!(server.asked().len() < 20, "nothing is asked in vain for spaces that are not known");
}

#[tokio::test]
async fn a_probe_asks_first_pages_only() {
    let server = serve(site("ROLES_TRANSITION", Vec::new())).await;
    let ledger = source(&server, "").probe().await;
    assert_eq!(ledger.len(), 14);
    assert!(server.asked().len() <= 13, "{} requests", server.asked().len());
}

#[tokio::test]
async fn what_is_left_out_is_a_gap_and_asked_for_nowhere() {
    let server = serve(site("ROLES_TRANSITION", Vec::new())).await;
    let source = source(&server, "skip: [spaces, automation rules]\n");
    let snapshot = sealed(source.look(Depth::Whole, &Watermarks::default()).await);
    for name in ["spaces", "automation rules", "space permissions", "space role assignments"] {
        let found = entry(&snapshot.ledger, name);
        assert_eq!((found.state, found.requests), (EndpointState::Skipped, 0), "{name}");
    }
}

#[test]
fn the_address_of_the_wiki_is_not_that_of_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "t");
    let yaml = format!("base_url: https://acme.atlassian.net/wiki\nuser: a@b.example\ntoken: {token}\n");
    let problems = build("confluence-cloud", &yaml).err().unwrap();
    assert_eq!(problems.0.len(), 1);
    assert!(problems.0[0].to_string().contains("write `https://acme.atlassian.net`"), "{}", problems.0[0]);
}
