//! `bitbucket-cloud`, against answers written from the description of its API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router};
use keyroll::model::{Body, Collection, EndpointState, Kind, LedgerEntry, Snapshot, Watermarks};
use keyroll::simulator::{Fault, Simulator};
use keyroll::sources::{Depth, Source};
use serde_json::{Value, json};

use super::{build, demo, entry, facts, gaps, of_kind, sealed, secret_file};

const WS: &str = "/2.0/workspaces/acme";
const PAY: &str = "/2.0/repositories/acme/{r-pay}";
const OLD: &str = "/2.0/repositories/acme/{r-old}";
const PRJ: &str = "/2.0/workspaces/acme/projects/CORE";

/// Answers by path, or by path and page for those behind the first.
#[derive(Clone)]
struct Workspace {
    answers: BTreeMap<String, (u16, Value)>,
    /// Sent with every 429.
    retry_after: Option<&'static str>,
    asked: Arc<Mutex<Vec<String>>>,
}

fn listed(rows: Value) -> Value {
    json!({"pagelen": 100, "page": 1, "size": rows.as_array().unwrap().len(), "values": rows})
}

fn person(account: &str) -> Value {
    json!({"type": "user", "display_name": account.to_uppercase(), "uuid": format!("{{u-{account}}}"),
        "account_id": format!("712020:{account}"), "account_status": "active", "has_2fa_enabled": null})
}

/// The same person in answers that leave out Atlassian's own id.
fn by_uuid(account: &str) -> Value {
    json!({"type": "user", "display_name": account.to_uppercase(), "uuid": format!("{{u-{account}}}")})
}

impl Workspace {
    /// Two repositories in a project: pipelines run in one, and were never set up in the other.
    fn acme() -> Self {
        let mut acme = Self { answers: BTreeMap::new(), retry_after: None, asked: Arc::default() };
        let links = json!({"html": {"href": "https://bitbucket.org/acme/"}});
        acme.put(
            WS,
            json!({"type": "workspace", "uuid": "{ws-1}", "slug": "acme", "name": "Acme", "is_private": true,
            "created_on": "2019-01-02T03:04:05.678901+00:00", "links": links}),
        );
        acme.put(
            "/2.0/user/workspaces/acme/permission",
            json!({"type": "workspace_membership", "permission": "owner", "user": by_uuid("ada"), "workspace": {}}),
        );
        acme.list(
            "/2.0/workspaces/acme/members",
            json!([{"user": person("ada")}, {"user": person("bob")},
            {"user": {"type": "app_user", "uuid": "{u-app}", "display_name": "Mirror"}}]),
        );
        acme.list(
            "/2.0/workspaces/acme/permissions",
            json!([
            {"type": "workspace_membership", "permission": "owner", "user": by_uuid("ada")},
            {"type": "workspace_membership", "permission": "member", "user": by_uuid("bob")}]),
        );
        acme.put(
            "/1.0/groups/acme",
            json!([
            {"name": "Developers", "slug": "developers", "permission": "write", "auto_add": false,
             "members": [person("bob")], "owner": {"uuid": "{ws-1}"}},
            {"name": "Nobody", "slug": "nobody", "permission": null, "auto_add": false, "members": []}]),
        );
        acme.list(
            "/2.0/workspaces/acme/projects",
            json!([{"type": "project", "uuid": "{p-1}", "key": "CORE", "name": "Core", "is_private": true}]),
        );
        acme.list(
            "/2.0/repositories/acme",
            json!([
            {"type": "repository", "uuid": "{r-pay}", "slug": "pay", "full_name": "acme/pay", "name": "Pay",
             "is_private": true, "project": {"uuid": "{p-1}", "key": "CORE"},
             "created_on": "2024-05-06T07:08:09.000000+00:00",
             "links": {"html": {"href": "https://bitbucket.org/acme/pay"}}},
            {"type": "repository", "uuid": "{r-old}", "full_name": "acme/old", "is_private": false}]),
        );
        acme.list(
            "/2.0/workspaces/acme/permissions/repositories",
            json!([
            {"type": "repository_permission", "permission": "admin", "user": by_uuid("ada"),
             "repository": {"uuid": "{r-pay}", "full_name": "acme/pay"}},
            {"type": "repository_permission", "permission": "write", "user": by_uuid("bob"),
             "repository": {"uuid": "{r-pay}", "full_name": "acme/pay"}}]),
        );
        acme.list(
            &format!("{WS}/pipelines-config/variables"),
            json!([{"type": "pipeline_variable", "uuid": "{v-ws}", "key": "NPM_TOKEN", "secured": true}]),
        );
        acme.list(
            &format!("{WS}/hooks"),
            json!([{"uuid": "{h-ws}", "description": "Audit", "active": true,
            "url": "https://hooks.example.com/T0/planted-path", "secret_set": false, "events": ["repo:push"],
            "skip_cert_verification": true, "created_at": "2026-01-01T00:00:00.000000+00:00"}]),
        );
        acme.list(
            &format!("{PRJ}/permissions-config/users"),
            json!([{"permission": "create-repo", "user": person("bob")}]),
        );
        acme.list(
            &format!("{PRJ}/permissions-config/groups"),
            json!([{"permission": "none", "group": {"slug": "nobody", "name": "Nobody"}}]),
        );
        acme.list(
            &format!("{PRJ}/deploy-keys"),
            json!([{"id": 5, "key": "ssh-ed25519 AAAASAME", "label": "",
            "comment": "ci@core", "created_on": "2025-01-01T00:00:00+00:00", "last_used": null,
            "created_by": person("ada")}]),
        );
        for repository in [PAY, OLD] {
            for rest in [
                "permissions-config/users",
                "permissions-config/groups",
                "branch-restrictions",
                "deploy-keys",
                "hooks",
                "pipelines_config/variables",
                "environments",
            ] {
                acme.list(&format!("{repository}/{rest}"), json!([]));
            }
        }
        acme.put(
            &format!("{PAY}/pipelines_config"),
            json!({"type": "repository_pipelines_configuration", "enabled": true}),
        );
        acme.refuse(&format!("{OLD}/pipelines_config"), 404, "there is no configuration");
        acme.refuse(&format!("{OLD}/pipelines_config/variables"), 404, "there is no configuration");
        acme.refuse(&format!("{OLD}/environments"), 404, "there is no configuration");
        acme.list(&format!("{PAY}/permissions-config/users"), json!([{"permission": "admin", "user": person("ada")}]));
        acme.list(
            &format!("{PAY}/permissions-config/groups"),
            json!([{"permission": "write", "group": {"slug": "developers", "name": "Developers"}}]),
        );
        acme.list(
            &format!("{PAY}/branch-restrictions"),
            json!([
            {"id": 1, "kind": "push", "branch_match_kind": "glob", "pattern": "**", "users": [person("ada")],
             "groups": [{"slug": "developers"}]},
            {"id": 2, "kind": "push", "branch_match_kind": "glob", "pattern": "main", "users": [], "groups": []},
            {"id": 3, "kind": "restrict_merges", "branch_match_kind": "glob", "pattern": "**",
             "users": [person("ada")], "groups": []}]),
        );
        acme.list(
            &format!("{PAY}/pipelines_config/variables"),
            json!([{"type": "pipeline_variable", "uuid": "{v-1}", "key": "JIRA_TOKEN", "secured": false}]),
        );
        acme.list(
            &format!("{PAY}/environments"),
            json!([
            {"uuid": "{e-prod}", "name": "Production", "restrictions": {"admin_only": true}},
            {"uuid": "{e-test}", "name": "Test"}]),
        );
        acme.list(
            &format!("{PAY}/deployments_config/environments/{{e-prod}}/variables"),
            json!([{"uuid": "{v-2}", "key": "DB_PASSWORD", "secured": true}]),
        );
        acme.list(
            &format!("{PAY}/deployments_config/environments/{{e-test}}/variables"),
            json!([{"uuid": "{v-3}", "key": "DB_PASSWORD", "secured": null}]),
        );
        acme.list(
            &format!("{PAY}/deploy-keys"),
            json!([{"id": 123, "key": "ssh-ed25519 AAAASAME me@here",
            "label": "jenkins", "added_on": "2018-08-15T23:50:59.993890+00:00", "owner": by_uuid("bob")}]),
        );
        acme.list(
            &format!("{PAY}/hooks"),
            json!([{"uuid": "{h-1}", "description": null, "active": false,
            "url": "http://me:planted-password@ci.example.com:8080/job?token=planted-token", "secret_set": true,
            "events": ["repo:push", "pullrequest:created"]}]),
        );
        acme.list(
            "/2.0/users/712020:ada/ssh-keys",
            json!([{"uuid": "{k-1}", "key": "ssh-ed25519 AAAAOWN ada@x",
            "label": "laptop", "created_on": "2018-03-14T13:17:05.196003+00:00", "expires_on": null,
            "last_used": "2018-03-20T13:18:05.196003+00:00"}]),
        );
        acme.refuse("/2.0/users/712020:bob/ssh-keys", 403, "these are not yours");
        acme.refuse("/2.0/users/{u-app}/ssh-keys", 403, "these are not yours");
        acme
    }

    fn put(&mut self, path: &str, body: Value) {
        self.answers.insert(path.to_owned(), (200, body));
    }

    fn list(&mut self, path: &str, rows: Value) {
        self.put(path, listed(rows));
    }

    fn refuse(&mut self, path: &str, status: u16, message: &str) {
        self.answers.insert(path.to_owned(), (status, json!({"type": "error", "error": {"message": message}})));
    }

    async fn serve(&self) -> String {
        async fn answer(State(workspace): State<Workspace>, request: Request) -> (StatusCode, HeaderMap, Json<Value>) {
            let path = request.uri().path().replace("%3A", ":").replace("%7B", "{").replace("%7D", "}");
            let pairs = request.uri().query().unwrap_or("").split('&');
            let page = pairs.filter_map(|pair| pair.strip_prefix("page=")).next().map(|page| format!("?page={page}"));
            let asked = format!("{path}{}", page.unwrap_or_default());
            workspace.asked.lock().unwrap().push(asked.clone());
            let none = (404, json!({"type": "error", "error": {"message": "no such thing"}}));
            let (status, body) = workspace.answers.get(&asked).cloned().unwrap_or(none);
            let mut headers = HeaderMap::new();
            if let Some(pause) = workspace.retry_after.filter(|_| status == 429) {
                headers.insert("retry-after", pause.parse().unwrap());
            }
            (StatusCode::from_u16(status).unwrap(), headers, Json(body))
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    async fn source(&self, credential: &str, more: &str) -> Box<dyn Source> {
        let folder = tempfile::tempdir().unwrap();
        let token = secret_file(folder.path(), "token", "any");
        let base = self.serve().await;
        let yaml = format!("base_url: {base}\nworkspace: acme\n{credential}: {token}\n{more}");
        build("bitbucket-cloud", &yaml).unwrap()
    }

    async fn look(&self) -> Collection {
        let source = self.source("token", "user: ada@acme.example\n").await;
        source.look(Depth::Whole, &Watermarks::default()).await
    }

    async fn seen(&self) -> Snapshot {
        sealed(self.look().await)
    }

    fn asked(&self, needle: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.contains(needle)).count()
    }
}

fn found<'a>(snapshot: &'a Snapshot, endpoint: &str) -> &'a LedgerEntry {
    entry(&snapshot.ledger, endpoint)
}

fn has(snapshot: &Snapshot, id: &str) -> bool {
    snapshot.resources.iter().any(|resource| resource.id.as_str() == id)
}

/// Gaps beside the one that everybody has.
fn other_gaps(snapshot: &Snapshot) -> BTreeMap<&str, EndpointState> {
    let mut all = gaps(&snapshot.ledger);
    assert_eq!(all.remove("SSH keys"), Some(EndpointState::NotOffered));
    all
}

#[tokio::test]
async fn a_whole_workspace_is_read_and_only_the_keys_of_others_are_missing() {
    let acme = Workspace::acme();
    let snapshot = acme.seen().await;
    assert_eq!(other_gaps(&snapshot), [].into(), "{:#?}", snapshot.ledger);
    assert_eq!(found(&snapshot, "SSH keys").reason, "Bitbucket shows the SSH keys of the asking account only");
    assert_eq!(snapshot.ledger.len(), 23);
    assert!(snapshot.ledger.iter().all(|entry| entry.unreadable.is_empty() && entry.requests > 0));
    assert_eq!(acme.asked("/ssh-keys"), 2, "one other account is enough to know");
}

#[tokio::test]
async fn every_fact_of_the_workspace_is_told_as_it_was() {
    let snapshot = Workspace::acme().seen().await;
    let standing = |active: Option<bool>| {
        let mut standing = json!([{"product": "bitbucket", "source": "acme", "shows_email": null}]);
        if let Some(active) = active {
            standing[0]["active"] = json!(active);
        }
        standing
    };
    let digest = facts(&snapshot, "ws-1/credential/deploy-key:repository:r-pay/123")["fingerprint"].clone();
    assert_eq!(digest.as_str().unwrap().len(), 64);
    for (id, expected) in [
        (
            "ws-1/container/workspace",
            json!({"form": "workspace", "key": "acme", "url": "https://bitbucket.org/acme/",
            "public": false, "created_at": "2019-01-02T03:04:05.678901Z"}),
        ),
        (
            "atlassian/principal/712020:bob",
            json!({"account_type": "person", "standings": standing(Some(true)),
            "workspace_groups": ["ws-1/group/developers"]}),
        ),
        (
            "atlassian/principal/712020:ada",
            json!({"account_type": "person", "standings": standing(Some(true)), "workspace_groups": []}),
        ),
        ("ws-1/principal/u-app", json!({"account_type": "app", "standings": standing(None), "workspace_groups": []})),
        ("ws-1/group/developers", json!({"member_count": 1, "inside": null, "members_told": true})),
        ("ws-1/group/nobody", json!({"member_count": 0, "inside": null, "members_told": true})),
        (
            "ws-1/container/project:p-1",
            json!({"form": "repository-project", "parent": "ws-1/container/workspace",
            "key": "CORE", "public": false}),
        ),
        (
            "ws-1/container/repository:r-pay",
            json!({"form": "repository", "parent": "ws-1/container/project:p-1",
            "key": "pay", "url": "https://bitbucket.org/acme/pay", "public": false, "pipelines_enabled": true,
            "only_pushers": ["atlassian/principal/712020:ada", "ws-1/group/developers"],
            "created_at": "2024-05-06T07:08:09Z"}),
        ),
        (
            "ws-1/container/repository:r-old",
            json!({"form": "repository", "key": "old", "public": true,
            "pipelines_enabled": false, "only_pushers": null}),
        ),
        (
            "ws-1/grant/workspace-role:712020:ada",
            json!({"form": "workspace-role", "role": "owner",
            "holder": "principal", "principal": "atlassian/principal/712020:ada",
            "container": "ws-1/container/workspace"}),
        ),
        (
            "ws-1/grant/project:p-1/user:712020:bob",
            json!({"form": "repository-project-permission",
            "role": "create-repo", "holder": "principal", "principal": "atlassian/principal/712020:bob",
            "container": "ws-1/container/project:p-1"}),
        ),
        (
            "ws-1/grant/repository:r-pay/group:developers",
            json!({"form": "repository-permission", "role": "write",
            "holder": "group", "group": "ws-1/group/developers", "container": "ws-1/container/repository:r-pay"}),
        ),
        (
            "ws-1/grant/effective:r-pay/712020:bob",
            json!({"form": "effective-repository-permission", "role": "write",
            "holder": "principal", "principal": "atlassian/principal/712020:bob",
            "container": "ws-1/container/repository:r-pay"}),
        ),
        (
            "ws-1/variable/workspace/v-ws",
            json!({"level": "workspace", "container": "ws-1/container/workspace",
            "environment": null, "secured": true, "admin_only": false}),
        ),
        (
            "ws-1/variable/repository:r-pay/v-1",
            json!({"level": "repository",
            "container": "ws-1/container/repository:r-pay", "environment": null, "secured": false,
            "admin_only": false}),
        ),
        (
            "ws-1/variable/repository:r-pay/e-prod/v-2",
            json!({"level": "deployment",
            "container": "ws-1/container/repository:r-pay", "environment": "Production", "secured": true,
            "admin_only": true}),
        ),
        (
            "ws-1/variable/repository:r-pay/e-test/v-3",
            json!({"level": "deployment",
            "container": "ws-1/container/repository:r-pay", "environment": "Test"}),
        ),
        (
            "ws-1/credential/deploy-key:repository:r-pay/123",
            json!({"form": "deploy-key", "owner": null,
            "created_by": "atlassian/principal/712020:bob", "created_at": "2018-08-15T23:50:59.993890Z",
            "expires_at": null, "container": "ws-1/container/repository:r-pay", "fingerprint": digest}),
        ),
        (
            "ws-1/credential/deploy-key:project:p-1/5",
            json!({"form": "deploy-key", "owner": null,
            "created_by": "atlassian/principal/712020:ada", "created_at": "2025-01-01T00:00:00Z",
            "expires_at": null, "last_used_at": null, "container": "ws-1/container/project:p-1",
            "fingerprint": digest}),
        ),
        (
            "ws-1/webhook/workspace/h-ws",
            json!({"container": "ws-1/container/workspace",
            "address": "https://hooks.example.com", "secret_in_url": false, "signed": false,
            "verifies_certificate": false, "enabled": true, "events": ["repo:push"],
            "created_at": "2026-01-01T00:00:00Z"}),
        ),
        (
            "ws-1/webhook/repository:r-pay/h-1",
            json!({"container": "ws-1/container/repository:r-pay",
            "address": "http://ci.example.com:8080", "secret_in_url": true, "signed": true, "enabled": false,
            "events": ["pullrequest:created", "repo:push"]}),
        ),
    ] {
        assert_eq!(facts(&snapshot, id), expected, "{id}");
    }
    let own_key = facts(&snapshot, "ws-1/credential/ssh-key:k-1");
    assert_eq!((&own_key["expires_at"], &own_key["owner"]), (&Value::Null, &json!("atlassian/principal/712020:ada")));
    assert!(!has(&snapshot, "ws-1/grant/project:p-1/group:nobody"), "`none` grants nothing");
    let name = |id: &str| snapshot.resources.iter().find(|each| each.id.as_str() == id).unwrap().name.clone();
    assert_eq!(name("ws-1/credential/deploy-key:project:p-1/5"), "ci@core");
    assert_eq!(name("ws-1/variable/repository:r-pay/v-1"), "JIRA_TOKEN");
    assert_eq!(name("ws-1/container/repository:r-pay"), "acme/pay");
    let shown = format!("{snapshot:?}");
    assert!(!shown.contains("planted") && !shown.contains("AAAASAME"));
}

#[tokio::test]
async fn links_to_the_public_host_lead_to_the_configured_one() {
    let mut acme = Workspace::acme();
    let path = "/2.0/repositories/acme";
    let row = |uuid: &str| json!({"uuid": uuid, "full_name": format!("acme/{uuid}"), "is_private": true});
    let next = "https://api.bitbucket.org/2.0/repositories/acme?pagelen=100&page=2";
    acme.put(path, json!({"size": 2, "pagelen": 100, "values": [row("{r-pay}")], "next": next}));
    acme.put(&format!("{path}?page=2"), json!({"size": 2, "pagelen": 100, "values": [row("{r-old}")]}));
    let snapshot = acme.seen().await;
    let repositories = found(&snapshot, "repositories");
    assert_eq!((repositories.state, repositories.pages, repositories.rows), (EndpointState::Complete, 2, 2));
    acme.answers.remove(&format!("{path}?page=2"));
    let snapshot = acme.seen().await;
    assert_eq!(found(&snapshot, "repositories").state, EndpointState::Partial);
    assert_eq!(found(&snapshot, "deploy keys").state, EndpointState::Partial, "of repositories that were not seen");
}

#[tokio::test]
async fn a_workspace_that_cannot_be_read_blocks_everything_and_says_why() {
    for (status, hint) in [(401, "app passwords were withdrawn"), (404, "check `workspace`"), (403, "no entry")] {
        let mut acme = Workspace::acme();
        acme.refuse(WS, status, "no entry");
        let snapshot = acme.seen().await;
        assert_eq!(snapshot.resources.len(), 0);
        let reason = &found(&snapshot, "workspace").reason;
        assert!(reason.contains(hint), "{reason}");
        for each in snapshot.ledger.iter().filter(|entry| &*entry.endpoint != "workspace") {
            assert_eq!((each.state, each.requests), (EndpointState::Failed, 0), "{}", each.endpoint);
            assert!(each.reason.contains("the workspace could not be read"), "{}", each.reason);
        }
    }
}

#[tokio::test]
async fn who_does_not_administer_the_workspace_cannot_call_its_repositories_all() {
    let mut acme = Workspace::acme();
    acme.put("/2.0/user/workspaces/acme/permission", json!({"permission": "member", "user": person("ada")}));
    let snapshot = acme.seen().await;
    for endpoint in ["projects", "repositories"] {
        let entry = found(&snapshot, endpoint);
        assert_eq!(entry.state, EndpointState::Partial);
        assert!(entry.reason.contains("`member`"), "{}", entry.reason);
    }
    let old = facts(&snapshot, "ws-1/container/repository:r-old");
    assert!(old.get("pipelines_enabled").is_none(), "“not found” may be a refusal: {old}");
    acme.refuse("/2.0/user/workspaces/acme/permission", 403, "no");
    let snapshot = acme.seen().await;
    assert!(found(&snapshot, "repositories").reason.contains("is not known"));
}

#[tokio::test]
async fn an_access_token_proves_by_the_roles_it_may_read_that_it_is_the_workspaces() {
    let mut acme = Workspace::acme();
    acme.refuse("/2.0/users/712020:ada/ssh-keys", 403, "these are not yours");
    let look = async |acme: &Workspace| {
        sealed(acme.source("access_token", "").await.look(Depth::Whole, &Watermarks::default()).await)
    };
    let snapshot = look(&acme).await;
    assert_eq!(found(&snapshot, "repositories").state, EndpointState::Complete);
    assert_eq!(acme.asked("/permission"), acme.asked("/permissions"), "nobody's own permission is asked for");
    assert_eq!(found(&snapshot, "SSH keys").state, EndpointState::Denied, "nobody's keys were shown: no proof");
    acme.refuse(&format!("{WS}/permissions"), 403, "Your credentials lack one or more required privilege scopes.");
    let snapshot = look(&acme).await;
    let repositories = found(&snapshot, "repositories");
    assert_eq!(repositories.state, EndpointState::Partial);
    assert!(repositories.reason.contains("project or repository"), "{}", repositories.reason);
}

#[tokio::test]
async fn each_refusal_is_told_in_its_own_entry() {
    let e_prod = format!("{PAY}/deployments_config/environments/{{e-prod}}/variables");
    let of = |rest: &str| format!("{PAY}/{rest}");
    for (path, endpoint) in [
        (format!("{WS}/members"), "members"),
        (format!("{WS}/permissions"), "permissions of members"),
        ("/1.0/groups/acme".to_owned(), "groups"),
        (format!("{WS}/projects"), "projects"),
        (format!("{PRJ}/permissions-config/users"), "project permissions of accounts"),
        (format!("{PRJ}/permissions-config/groups"), "project permissions of groups"),
        (format!("{PRJ}/deploy-keys"), "deploy keys of projects"),
        ("/2.0/repositories/acme".to_owned(), "repositories"),
        (format!("{WS}/permissions/repositories"), "effective repository permissions"),
        (format!("{WS}/pipelines-config/variables"), "workspace variables"),
        (format!("{WS}/hooks"), "workspace webhooks"),
        (of("permissions-config/users"), "repository permissions of accounts"),
        (of("permissions-config/groups"), "repository permissions of groups"),
        (of("pipelines_config"), "pipelines configuration"),
        (of("branch-restrictions"), "branch restrictions"),
        (of("pipelines_config/variables"), "repository variables"),
        (of("environments"), "environments"),
        (e_prod, "deployment variables"),
        (of("deploy-keys"), "deploy keys"),
        (of("hooks"), "repository webhooks"),
    ] {
        for (status, message, state, said) in [
            (403, "not for you", EndpointState::Denied, "not for you"),
            (404, "not for you", EndpointState::Denied, "cannot be seen"),
            (410, "CHANGE-2770: use another", EndpointState::NotOffered, "withdrawn"),
            (410, "a rehearsal", EndpointState::NotOffered, "not available here"),
            (500, "oh no", EndpointState::Failed, "oh no"),
        ] {
            if status == 404 && endpoint == "pipelines configuration" {
                continue;
            }
            let mut acme = Workspace::acme();
            acme.refuse(&path, status, message);
            let snapshot = acme.seen().await;
            let entry = found(&snapshot, endpoint);
            // One of two repositories or environments refused leaves the endpoint partly read.
            let part = path.starts_with(PAY);
            let expected = if part { EndpointState::Partial } else { state };
            assert_eq!(entry.state, expected, "{endpoint} with {status}: {}", entry.reason);
            assert!(entry.reason.contains(said), "{endpoint} with {status}: {}", entry.reason);
        }
    }
}

#[tokio::test]
async fn one_repository_refused_leaves_the_others_known_and_itself_unknown() {
    let mut acme = Workspace::acme();
    for rest in ["branch-restrictions", "pipelines_config"] {
        acme.refuse(&format!("{PAY}/{rest}"), 403, "not for you");
    }
    let snapshot = acme.seen().await;
    let pay = facts(&snapshot, "ws-1/container/repository:r-pay");
    assert!(pay.get("only_pushers").is_none() && pay.get("pipelines_enabled").is_none(), "{pay}");
    assert_eq!(facts(&snapshot, "ws-1/container/repository:r-old")["pipelines_enabled"], json!(false));
    assert!(has(&snapshot, "ws-1/variable/repository:r-pay/v-1"), "variables are asked for all the same");
}

#[tokio::test]
async fn where_pipelines_were_set_up_a_missing_list_of_variables_is_a_gap() {
    let mut acme = Workspace::acme();
    acme.refuse(&format!("{PAY}/pipelines_config/variables"), 404, "no");
    let snapshot = acme.seen().await;
    assert_eq!(found(&snapshot, "repository variables").state, EndpointState::Partial);
}

#[tokio::test]
async fn a_limit_that_lasts_stops_the_endpoint_and_nobody_sleeps_an_hour() {
    for retry_after in [None, Some("3600")] {
        let mut acme = Workspace::acme();
        acme.retry_after = retry_after;
        let many: Vec<Value> =
            (0..60).map(|at| json!({"uuid": format!("{{r-{at}}}"), "full_name": format!("acme/r{at}")})).collect();
        acme.list("/2.0/repositories/acme", json!(many));
        for at in 0..60 {
            let path = format!("/2.0/repositories/acme/{{r-{at}}}/deploy-keys");
            if at < 10 { acme.list(&path, json!([])) } else { acme.refuse(&path, 429, "Rate limit for this resource") }
        }
        let began = std::time::Instant::now();
        let snapshot = acme.seen().await;
        assert!(began.elapsed().as_secs() < 60);
        let keys = found(&snapshot, "deploy keys");
        assert_eq!(keys.state, EndpointState::Partial);
        assert!(keys.reason.contains("50 of 60") && keys.reason.contains("throttled"), "{}", keys.reason);
        assert!(acme.asked("/deploy-keys") < 25, "{} requests", acme.asked("/deploy-keys"));
    }
}

#[tokio::test]
async fn members_are_in_unknown_groups_as_long_as_one_group_hides_its_own() {
    let mut acme = Workspace::acme();
    acme.put(
        "/1.0/groups/acme",
        json!([
        {"name": "Developers", "slug": "developers", "members": [person("bob")]},
        {"name": "Admins", "slug": "admins"}]),
    );
    let snapshot = acme.seen().await;
    assert_eq!(found(&snapshot, "groups").state, EndpointState::Partial);
    let bob = facts(&snapshot, "atlassian/principal/712020:bob");
    assert!(bob.get("workspace_groups").is_none(), "{bob}");
    assert_eq!(bob["workspace_groups_at_least"], json!(["ws-1/group/developers"]), "he was seen there all the same");
    let ada = facts(&snapshot, "atlassian/principal/712020:ada");
    assert!(ada.get("workspace_groups_at_least").is_none(), "to be seen nowhere is no word: {ada}");
    assert_eq!(facts(&snapshot, "ws-1/group/developers"), json!({"inside": null, "members_told": true}));
    assert_eq!(facts(&snapshot, "ws-1/group/admins"), json!({"inside": null, "members_told": false}));
}

#[tokio::test]
async fn no_groups_at_all_are_not_believed_where_groups_hold_permissions() {
    let mut acme = Workspace::acme();
    acme.put("/1.0/groups/acme", json!([]));
    let snapshot = acme.seen().await;
    let groups = found(&snapshot, "groups");
    assert_eq!(groups.state, EndpointState::Partial, "{}", groups.reason);
    let bob = facts(&snapshot, "atlassian/principal/712020:bob");
    assert!(bob.get("workspace_groups").is_none(), "{bob}");
}

#[tokio::test]
async fn a_restriction_counts_only_if_it_covers_every_branch_and_can_be_read() {
    let push = |pattern: &str| {
        json!({"id": 1, "kind": "push", "branch_match_kind": "glob", "pattern": pattern,
            "users": [person("ada")], "groups": []})
    };
    let merge = |pattern: &str, who: &str| {
        json!({"id": 3, "kind": "restrict_merges", "branch_match_kind": "glob", "pattern": pattern,
            "users": [person(who)], "groups": []})
    };
    let ada = json!(["atlassian/principal/712020:ada"]);
    let both = json!(["atlassian/principal/712020:ada", "atlassian/principal/712020:bob"]);
    let of_model = json!({"id": 2, "kind": "push", "branch_match_kind": "branching_model", "branch_type": "feature",
        "pattern": "", "users": [by_uuid("bob")], "groups": []});
    for (rows, expected) in [
        (json!([]), Some(Value::Null)),
        (json!([push("main")]), Some(Value::Null)),
        (json!([push("*")]), Some(Value::Null)),
        (json!([merge("*", "ada")]), Some(Value::Null)),
        (json!([push("*"), merge("main", "ada")]), Some(Value::Null)),
        (json!([push("*"), merge("*", "ada")]), Some(ada.clone())),
        (json!([push("*"), merge("*", "bob")]), Some(both.clone())),
        (json!([push("**"), merge("**", "ada"), {"kind": "delete", "pattern": "*"}]), Some(ada)),
        (json!([push("*"), {"kind": "restrict_merges", "branch_match_kind": "glob", "pattern": "*"}]), None),
        (json!([of_model]), Some(Value::Null)),
        (json!([push("*"), merge("*", "ada"), of_model]), Some(both)),
        (json!([push("*"), {"kind": "push", "branch_match_kind": "glob", "pattern": "x"}]), None),
        (json!([push("main"), {"kind": 7, "branch_match_kind": "glob", "pattern": "*"}]), None),
        (json!([{"kind": "push", "branch_match_kind": "by moon", "pattern": "*", "users": [], "groups": []}]), None),
    ] {
        let mut acme = Workspace::acme();
        acme.list(&format!("{PAY}/branch-restrictions"), rows.clone());
        let snapshot = acme.seen().await;
        let pay = facts(&snapshot, "ws-1/container/repository:r-pay");
        assert_eq!(pay.get("only_pushers"), expected.as_ref(), "{rows}");
        let known = found(&snapshot, "branch restrictions").state == EndpointState::Complete;
        assert_eq!(known, expected.is_some(), "{rows}");
    }
}

#[tokio::test]
async fn if_bitbucket_shows_the_keys_of_others_all_are_read() {
    let mut acme = Workspace::acme();
    let key = |uuid: &str| json!([{"uuid": uuid, "key": "ssh-ed25519 AAAA", "label": "x"}]);
    acme.list("/2.0/users/712020:bob/ssh-keys", key("{k-2}"));
    acme.list("/2.0/users/{u-app}/ssh-keys", key("{k-3}"));
    let snapshot = acme.seen().await;
    assert_eq!(gaps(&snapshot.ledger), [].into());
    assert_eq!(of_kind(&snapshot, Kind::Credential).filter(|each| each.id.native().starts_with("ssh-key")).count(), 3);
    let odd = facts(&snapshot, "ws-1/credential/ssh-key:k-2");
    assert!(odd.get("expires_at").is_none() && odd.get("last_used_at").is_none(), "silence is no “never”: {odd}");
    acme.refuse("/2.0/users/712020:ada/ssh-keys", 403, "Your credentials lack one or more required privilege scopes.");
    acme.refuse("/2.0/users/712020:bob/ssh-keys", 403, "Your credentials lack one or more required privilege scopes.");
    assert_eq!(found(&acme.seen().await, "SSH keys").state, EndpointState::Denied);
}

#[tokio::test]
async fn odd_rows_cost_what_is_odd_about_them_and_no_more() {
    let mut acme = Workspace::acme();
    acme.list(
        &format!("{WS}/members"),
        json!([{"user": person("ada")}, {"user": null}, "nonsense",
        {"user": {"type": "team", "uuid": "{u-team}", "account_status": 5}}]),
    );
    acme.list(
        &format!("{WS}/hooks"),
        json!([
        {"uuid": "{h-1}", "url": {"odd": true}, "active": "yes", "events": ["a"]}, {"url": "https://x.example"}]),
    );
    acme.list(
        &format!("{PAY}/deploy-keys"),
        json!([{"id": "7", "key": "oneword", "added_on": "soon"}, {"label": "x"}]),
    );
    let snapshot = acme.seen().await;
    for endpoint in ["members", "workspace webhooks", "deploy keys"] {
        assert_eq!(found(&snapshot, endpoint).state, EndpointState::Partial, "{endpoint}");
        assert!(!found(&snapshot, endpoint).unreadable.is_empty(), "{endpoint}");
    }
    let members = found(&snapshot, "members");
    assert!(members.reason.contains("2 rows"), "{}", members.reason);
    let team = facts(&snapshot, "ws-1/principal/u-team");
    assert!(team["standings"][0].get("active").is_none(), "{team}");
    assert_eq!(
        facts(&snapshot, "ws-1/webhook/workspace/h-1"),
        json!({"container": "ws-1/container/workspace", "events": ["a"]})
    );
    let key = facts(&snapshot, "ws-1/credential/deploy-key:repository:r-pay/7");
    assert!(key.get("fingerprint").is_none() && key.get("created_at").is_none(), "{key}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_value_of_a_variable_is_kept_nowhere() {
    let mut acme = Workspace::acme();
    let rows = json!([
        {"uuid": "{v-1}", "key": "PLAIN", "value": "planted-1", "secured": false},
        {"uuid": "{v-2}", "key": "OBJECT", "value": {"odd": "planted-2"}, "secured": "planted-3"},
        {"uuid": "{v-3}", "key": {"value": "planted-4"}, "value": ["planted-5"], "secured": false},
        {"uuid": {"odd": "planted-6"}, "key": "NO_ID", "value": "planted-7"},
        {"value": "planted-8"},
        "planted-9",
        ["planted-10"],
    ]);
    let environment = format!("{PAY}/deployments_config/environments/{{e-prod}}/variables");
    let places = [format!("{WS}/pipelines-config/variables"), format!("{PAY}/pipelines_config/variables"), environment];
    for place in &places {
        acme.list(place, rows.clone());
    }
    // A page that is no page, and one that breaks off inside a value.
    let broken = format!("{PAY}/deployments_config/environments/{{e-test}}/variables");
    acme.put(&broken, json!({"values": "planted-11, expected planted-12"}));
    acme.put(&format!("{OLD}/pipelines_config/variables"), json!({"values": {"value": "planted-13"}}));
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let guard = tracing::subscriber::set_default(subscriber);
    let collection = acme.look().await;
    drop(guard);
    let mut texts = vec![format!("{collection:?}"), format!("{collection:#?}")];
    let snapshot = sealed(collection);
    texts.push(serde_json::to_string(&snapshot.resources).unwrap());
    texts.push(serde_json::to_string(&snapshot.ledger).unwrap());
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    texts.extend(said.lines().filter(|line| line.contains("keyroll::")).map(str::to_owned));
    assert!(said.contains("pipelines_config"), "the log was loud");
    for text in &texts {
        assert!(!text.contains("planted"), "a value was kept or said");
    }
    for (endpoint, lost) in [("workspace variables", 5), ("repository variables", 5), ("deployment variables", 5)] {
        let entry = found(&snapshot, endpoint);
        assert_eq!(entry.state, EndpointState::Partial, "{endpoint}");
        assert!(entry.reason.contains(&format!("{lost} rows could not be read")), "{endpoint}: {}", entry.reason);
        assert!(entry.unreadable.contains(&"`{v-3}`: key".to_owned()), "{:?}", entry.unreadable);
    }
    let odd = facts(&snapshot, "ws-1/variable/repository:r-pay/v-2");
    assert!(odd.get("secured").is_none(), "{odd}");
    assert!(!has(&snapshot, "ws-1/variable/repository:r-pay/v-3"), "without its name nobody knows what it holds");
}

#[tokio::test]
async fn a_probe_asks_first_pages_only() {
    let acme = Workspace::acme();
    let ledger = acme.source("token", "user: ada@acme.example\n").await.probe().await;
    assert_eq!(ledger.len(), 23);
    assert_eq!(gaps(&ledger), [("SSH keys", EndpointState::NotOffered)].into());
    assert!(acme.asked("/") <= 26, "{} requests", acme.asked("/"));
}

#[test]
fn only_a_mail_address_or_an_access_token_lets_in() {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "t");
    let told = |yaml: &str| -> Vec<String> {
        let problems = build("bitbucket-cloud", yaml).err().map(|problems| problems.0).unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    };
    assert_eq!(told(&format!("workspace: acme\nuser: a@b.example\ntoken: {token}\n")), [""; 0]);
    assert_eq!(told(&format!("workspace: acme\naccess_token: {token}\n")), [""; 0]);
    let by_name = told(&format!("workspace: acme\nuser: ada\ntoken: {token}\n"));
    assert!(by_name.len() == 1 && by_name[0].contains("`user` is no mail address"), "{by_name:?}");
    let both = told(&format!("workspace: acme\nuser: a@b.example\ntoken: {token}\naccess_token: {token}\n"));
    assert!(both.len() == 1 && both[0].contains("two ways to log in"), "{both:?}");
    let address = told(&format!("workspace: https://bitbucket.org/acme/\naccess_token: {token}\n"));
    assert!(address.len() == 1 && address[0].contains("write `acme`"), "{address:?}");
    let nothing = told("skip: []\n");
    assert!(nothing.iter().any(|one| one.contains("`workspace` is missing")), "{nothing:?}");
    assert!(nothing.iter().any(|one| one.contains("`token` is missing")), "{nothing:?}");
    let pasted = build("bitbucket-cloud", "workspace: acme\naccess_token: ATCTT3xPlanted\n").err().unwrap();
    assert!(!format!("{pasted:?}").contains("Planted") && !pasted.0[0].render(false).contains("Planted"));
}

#[tokio::test]
async fn a_skipped_workspace_leaves_nothing_to_name() {
    let acme = Workspace::acme();
    let source = acme.source("token", "user: ada@acme.example\nskip: [workspace]\n").await;
    let collection = source.look(Depth::Whole, &Watermarks::default()).await;
    assert_eq!(collection.resources.len(), 0);
    assert!(entry(&collection.ledger, "members").reason.contains("it was left out"));
}

fn pretended(simulator: &Simulator, more: &str) -> Box<dyn Source> {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", simulator.bitbucket_token());
    let (url, user, workspace) = (simulator.bitbucket_url(), simulator.bitbucket_user(), simulator.workspace());
    let yaml = format!("base_url: {url}\nworkspace: {workspace}\nuser: {user}\ntoken: {token}\n{more}");
    build("bitbucket-cloud", &yaml).unwrap()
}

async fn collect(simulator: &Simulator, more: &str) -> Snapshot {
    sealed(pretended(simulator, more).look(Depth::Whole, &Watermarks::default()).await)
}

#[tokio::test]
async fn the_pretended_workspace_is_read_whole_in_pages_of_any_size() {
    let simulator = demo().await;
    let whole = collect(&simulator, "").await;
    let open = gaps(&whole.ledger);
    assert!(open.keys().all(|endpoint| *endpoint == "SSH keys"), "{open:?}");
    assert!(whole.ledger.iter().all(|entry| entry.unreadable.is_empty()));
    for kind in
        [Kind::Principal, Kind::Group, Kind::Container, Kind::Grant, Kind::Credential, Kind::Variable, Kind::Webhook]
    {
        assert!(of_kind(&whole, kind).next().is_some(), "no {}", kind.name());
    }
    let paged = collect(&simulator, "page_size: 3\n").await;
    assert_eq!(whole.digest, paged.digest);
    assert!(found(&paged, "repositories").pages > 1);
    assert_eq!(simulator.destroyed(), []);
}

/// Only Bitbucket itself can say that pipelines were never set up.
#[tokio::test]
async fn a_page_of_something_on_the_way_does_not_say_that_no_pipelines_run() {
    let simulator = demo().await;
    simulator.set_fault("bb-pipelines-config", Fault::HtmlNotFound);
    let snapshot = collect(&simulator, "").await;
    assert!(found(&snapshot, "pipelines configuration").is_gap());
    let known = of_kind(&snapshot, Kind::Container).filter_map(|each| match &each.body {
        Body::Container(container) => container.pipelines_enabled.known(),
        _ => None,
    });
    assert_eq!(known.count(), 0, "nobody told");
}

#[tokio::test]
async fn a_budget_that_runs_out_leaves_the_rest_open_and_is_not_stormed() {
    let simulator = demo().await;
    collect(&simulator, "").await;
    let needed = simulator.requests().len();
    simulator.limit_bitbucket(needed / 2);
    let snapshot = collect(&simulator, "").await;
    assert!(snapshot.ledger.iter().any(|entry| entry.is_gap() && entry.reason.contains("throttled")));
    let asked = simulator.requests().len() - needed;
    assert!(asked < needed / 2 + 23 * 10, "{asked} of {needed} requests");
}
