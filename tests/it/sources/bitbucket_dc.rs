//! `bitbucket-dc`, against answers written from the description of its API.

use keyroll::model::{EndpointState, Kind, LedgerEntry, Snapshot, Watermarks};
use keyroll::sources::Depth;
use serde_json::{Value, json};

use super::canned::Product;
use super::{entry, facts, gaps, of_kind, sealed};

const API: &str = "/rest/api/latest";
const DEEP: &str = "mode: deep\n";

fn page(rows: Value) -> Value {
    let size = rows.as_array().unwrap().len();
    json!({"size": size, "limit": 1000, "isLastPage": true, "values": rows, "start": 0, "nextPageStart": null})
}

fn user(id: u32, name: &str) -> Value {
    json!({"name": name, "emailAddress": format!("{name}@example.com"), "active": true,
        "displayName": name.to_uppercase(), "id": id, "slug": name.to_lowercase(), "type": "NORMAL",
        "links": {"self": [{"href": format!("https://git.example.com/users/{name}")}]}})
}

fn detailed(id: u32, name: &str) -> Value {
    let mut user = user(id, name);
    user["directoryName"] = json!("Active Directory");
    user["lastAuthenticationTimestamp"] = json!(1_768_145_580_548_i64);
    user["deletable"] = json!(false);
    user
}

fn refused() -> Value {
    json!({"errors": [{"context": null, "message": "You are not permitted to access this resource",
        "exceptionName": "com.atlassian.bitbucket.AuthorisationException"}]})
}

/// A project with two repositories, one of which is archived, and the project of a person.
fn git() -> Product {
    let mut git = Product::default();
    let mut list = |path: &str, rows: Value| git.put(path, &page(rows));
    let mut gone = detailed(102, "Bob.Old");
    gone["active"] = json!(false);
    gone["slug"] = json!("bob.old");
    gone.as_object_mut().unwrap().remove("lastAuthenticationTimestamp");
    let service = json!({"name": "access-token-user/1/7", "id": 900, "slug": "access-token-user_1_7", "active": true,
        "displayName": "ci", "type": "SERVICE"});
    list(&format!("{API}/admin/users"), json!([detailed(101, "ada"), gone.clone(), service]));
    list(&format!("{API}/admin/groups"), json!([{"name": "admins", "deletable": true}, {"name": "devs"}]));
    list(&format!("{API}/admin/groups/more-members?context=admins"), json!([detailed(101, "ada")]));
    list(&format!("{API}/admin/groups/more-members?context=devs"), json!([gone]));
    list(&format!("{API}/admin/permissions/users"), json!([{"user": user(102, "Bob.Old"), "permission": "ADMIN"}]));
    list(
        &format!("{API}/admin/permissions/groups"),
        json!([{"group": {"name": "admins"}, "permission": "SYS_ADMIN"},
            {"group": {"name": "devs"}, "permission": "LICENSED_USER"}]),
    );
    list(&format!("{API}/users?permission=SYS_ADMIN"), json!([user(101, "ada")]));
    list(&format!("{API}/users?permission=ADMIN"), json!([user(101, "ada"), user(102, "Bob.Old")]));
    let link = json!({"self": [{"href": "https://git.example.com/projects/PAY"}]});
    list(
        &format!("{API}/projects"),
        json!([{"id": 1, "key": "PAY", "name": "Payments", "public": false, "type": "NORMAL", "links": link},
            {"id": 2, "key": "~ADA", "name": "Ada", "type": "PERSONAL", "public": true, "owner": user(101, "ada")}]),
    );
    let project = json!({"id": 1, "key": "PAY", "public": false});
    list(
        &format!("{API}/repos"),
        json!([{"id": 11, "slug": "gateway", "name": "Gateway", "public": true, "archived": false, "project": project,
                "links": {"self": [{"href": "https://git.example.com/projects/PAY/repos/gateway/browse"}],
                          "clone": [{"href": "https://ada:planted-clone@git.example.com/scm/pay/gateway.git"}]}},
            {"id": 12, "slug": "old", "name": "Old", "public": false, "archived": true, "project": project}]),
    );
    for key in ["PAY", "~ADA"] {
        let at = format!("{API}/projects/{key}");
        for rest in ["permissions/users", "permissions/groups", "webhooks"] {
            list(&format!("{at}/{rest}"), json!([]));
        }
        list(&format!("/rest/access-tokens/latest/projects/{key}"), json!([]));
        list(&format!("/rest/keys/latest/projects/{key}/ssh"), json!([]));
    }
    list(
        &format!("{API}/projects/PAY/permissions/users"),
        json!([{"user": user(101, "ada"), "permission": "PROJECT_ADMIN"}]),
    );
    list(
        &format!("{API}/projects/PAY/permissions/groups"),
        json!([{"group": {"name": "devs"}, "permission": "PROJECT_WRITE"}]),
    );
    for slug in ["gateway", "old"] {
        let at = format!("{API}/projects/PAY/repos/{slug}");
        for rest in ["permissions/users", "permissions/groups", "webhooks"] {
            list(&format!("{at}/{rest}"), json!([]));
        }
        list(&format!("/rest/access-tokens/latest/projects/PAY/repos/{slug}"), json!([]));
        list(&format!("/rest/keys/latest/projects/PAY/repos/{slug}/ssh"), json!([]));
    }
    let at = format!("{API}/projects/PAY/repos/gateway");
    list(&format!("{at}/permissions/users"), json!([{"user": user(102, "Bob.Old"), "permission": "REPO_ADMIN"}]));
    list(&format!("{at}/permissions/groups"), json!([{"group": {"name": "devs"}, "permission": "REPO_WRITE"}]));
    list(
        &format!("{at}/webhooks"),
        json!([{"id": 21, "name": "ci", "url": "https://ci.example.com/hook?token=planted-token", "active": true,
            "events": ["repo:refs_changed"], "configuration": {"secret": "planted-secret"}, "scopeType": "repository",
            "sslVerificationRequired": false, "createdDate": 1_700_000_000_000_i64,
            "credentials": {"username": "ci", "password": "planted-password"}}]),
    );
    list(
        &format!("{API}/projects/PAY/webhooks"),
        json!([{"id": 20, "name": "audit", "url": "http://hooks.example.com/", "active": false, "events": [],
            "configuration": {}, "sslVerificationRequired": true}]),
    );
    list(
        "/rest/access-tokens/latest/users/ada",
        json!([{"id": "252973515069", "name": "jenkins", "createdDate": 1_767_225_600_000_i64,
                "lastAuthenticated": 1_769_999_999_000_i64, "expiryDays": 90,
                "permissions": ["REPO_WRITE", "PROJECT_READ"], "user": user(101, "ada"), "token": "planted-raw-token"},
            {"id": "252973515070", "name": "forever", "createdDate": 1_719_999_999_000_i64,
                "permissions": ["PROJECT_ADMIN", "REPO_ADMIN"], "user": user(101, "ada")}]),
    );
    list("/rest/access-tokens/latest/users/bob.old", json!([]));
    list(
        "/rest/access-tokens/latest/projects/PAY",
        json!([{"id": "300", "name": "release", "createdDate": 1_719_999_999_000_i64, "expiryDays": 36_600,
            "permissions": ["REPO_READ"]}]),
    );
    list(
        "/rest/access-tokens/latest/projects/PAY/repos/gateway",
        json!([{"id": "301", "name": "deploy", "createdDate": 1_798_000_000_000_i64, "expiryDays": 30,
            "permissions": ["REPO_ADMIN"]}]),
    );
    let key = json!({"id": 5, "text": "ssh-ed25519 AAAASAME ada@laptop", "label": "", "algorithmType": "ED25519",
        "createdDate": 1_719_999_999_000_i64, "fingerprint": "abc"});
    list("/rest/ssh/latest/keys?user=ada", json!([key]));
    list("/rest/ssh/latest/keys?user=Bob.Old", json!([]));
    let shared = json!({"id": 6, "text": "ssh-rsa AAAASHARED", "label": "jenkins",
        "createdDate": 1_767_225_600_000_i64, "expiryDays": 30, "lastAuthenticated": "1769999999000"});
    list("/rest/keys/latest/projects/PAY/ssh", json!([{"key": shared, "permission": "PROJECT_READ"}]));
    list("/rest/keys/latest/projects/PAY/repos/gateway/ssh", json!([{"key": shared, "permission": "REPO_WRITE"}]));
    list(&format!("{API}/secret-scanning/exempt"), json!([{"id": 12, "slug": "old", "project": project}]));
    for key in ["PAY", "~ADA"] {
        for role in ["PROJECT_READ", "PROJECT_WRITE", "PROJECT_ADMIN"] {
            let everybody = key == "PAY" && role != "PROJECT_ADMIN";
            git.put(&format!("{API}/projects/{key}/permissions/{role}/all"), &json!({"permitted": everybody}));
        }
    }
    git.put(
        &format!("{API}/application-properties"),
        &json!({"version": "9.4.3", "buildNumber": "9004003", "displayName": "Bitbucket"}),
    );
    git.put(
        &format!("{API}/admin/license"),
        &json!({"creationDate": 1_331_038_800_000_i64, "expiryDate": 1_798_675_200_000_i64, "maximumNumberOfUsers": 500,
            "unlimitedNumberOfUsers": false, "numberOfDaysBeforeExpiry": 40, "status": {"currentNumberOfUsers": 488},
            "license": "planted-licence-key", "supportEntitlementNumber": "planted-sen"}),
    );
    git.put(
        &format!("{API}/admin/user-directories"),
        &json!([{"name": "Active Directory", "type": "Microsoft Active Directory", "active": true}]),
    );
    git.put("/rest/ssh/latest/admin", &json!({"maxExpiryDays": 365, "keyTypeRestrictions": []}));
    shared_parts(&mut git);
    git
}

/// What all self-hosted products answer.
pub(super) fn shared_parts(product: &mut Product) {
    product.put(
        "/rest/applinks/3.0/applinks",
        &json!([{"id": "4c1f", "name": "Jira", "displayUrl": "https://jira.example.com", "type": "jira",
            "rpcUrl": "https://jira.example.com", "primary": true, "system": false}]),
    );
    let way = json!({"enabled": true, "twoLoEnabled": false, "twoLoImpersonationEnabled": false});
    product.put(
        "/rest/applinks/3.0/status/4c1f",
        &json!({"working": true, "localAuthentication": {"incoming": way, "outgoing": way}}),
    );
    product.put(
        "/rest/oauth2/latest/client",
        &json!([{"id": "c1", "clientId": "x", "clientSecret": "planted-client-secret", "name": "Reporting",
            "redirects": ["https://bi.example.com/cb"], "userKey": "101", "scope": "REPO_READ"}]),
    );
    product.put(
        "/rest/basicauth/latest/config",
        &json!({"block-requests": false, "allowed-paths": [], "allowed-users": [], "show-warning-message": false}),
    );
    product.put(
        "/rest/plugins/1.0/",
        &json!({"plugins": [{"enabled": true, "userInstalled": true, "key": "com.example.app", "name": "An app",
            "version": "1.0", "vendor": {"name": "Example"}}]}),
    );
    product.put(
        "/rest/auditing/1.0/events",
        &json!({"entities": [{"timestamp": "2026-11-20T10:11:12.345Z", "author": {"id": "101", "name": "Ada"},
            "type": {"actionI18nKey": "x.permission.granted", "action": "Permission granted"}}],
            "pagingInfo": {"lastPage": true, "size": 100}}),
    );
}

fn found<'a>(snapshot: &'a Snapshot, endpoint: &str) -> &'a LedgerEntry {
    entry(&snapshot.ledger, endpoint)
}

fn has(snapshot: &Snapshot, id: &str) -> bool {
    snapshot.resources.iter().any(|resource| resource.id.as_str() == id)
}

const AT: &str = "acme-bitbucket-dc";

fn id(rest: &str) -> String {
    format!("{AT}/{rest}")
}

async fn deep(git: &Product) -> Snapshot {
    git.seen("bitbucket-dc", DEEP).await
}

#[tokio::test]
async fn a_product_is_seen_whole() {
    let git = git();
    let snapshot = deep(&git).await;
    assert_eq!(gaps(&snapshot.ledger), [].into(), "{:?}", snapshot.ledger.iter().map(|each| &each.reason));
    for (resource, expected) in [
        (
            "principal/102",
            json!({"account_type": "person", "status": "deactivated", "email": "Bob.Old@example.com",
            "username": "Bob.Old", "directory": "Active Directory", "managed": true, "mfa": null,
            "platform_roles": ["bitbucket/admin"], "groups": [id("group/devs")], "workspace_groups": null,
            "activity": null, "added_at": null, "deactivated_at": null, "billable": null, "management_source": null,
            "created_by": null, "description": null, "auth_policy": null,
            "standings": [{"product": "bitbucket", "source": "acme", "active": false, "shows_email": true}]}),
        ),
        (
            "group/admins",
            json!({"member_count": 1, "jira_access": null, "confluence_access": null, "administers": true,
                "members_told": true}),
        ),
        (
            "group/devs",
            json!({"member_count": 1, "jira_access": null, "confluence_access": null, "administers": false,
                "members_told": true}),
        ),
        (
            "container/application:bitbucket",
            json!({"form": "application", "parent": id("container/instance"), "key": "bitbucket", "seats_used": 488,
            "seats_total": 500, "licence_groups": [id("group/admins"), id("group/devs")], "default_groups": null,
            "expires_at": "2026-12-31T00:00:00Z"}),
        ),
        (
            "container/directory:Active Directory",
            json!({"form": "directory", "parent": id("container/instance"), "status": "active",
            "category": "Microsoft Active Directory"}),
        ),
        (
            "container/repository-project:2",
            json!({"form": "repository-project", "parent": id("container/instance"), "key": "~ADA", "public": true,
            "category": "personal", "owner": id("principal/101")}),
        ),
        (
            "container/repository:11",
            json!({"form": "repository", "parent": id("container/repository-project:1"), "key": "gateway",
            "status": "live", "public": true, "pipelines_enabled": false,
            "url": "https://git.example.com/projects/PAY/repos/gateway/browse"}),
        ),
        (
            "grant/global/group:admins",
            json!({"form": "global-permission", "role": "SYS_ADMIN", "holder": "group", "group": id("group/admins"),
            "container": id("container/instance")}),
        ),
        (
            "grant/global/user:102",
            json!({"form": "global-permission", "role": "ADMIN", "holder": "principal", "principal": id("principal/102"),
            "container": id("container/instance")}),
        ),
        (
            "grant/repository-project:1/group:devs",
            json!({"form": "repository-project-permission", "role": "PROJECT_WRITE", "holder": "group",
            "group": id("group/devs"), "container": id("container/repository-project:1")}),
        ),
        (
            "grant/repository-project:1/everybody",
            json!({"form": "repository-project-permission", "role": "PROJECT_WRITE", "holder": "logged-in",
            "container": id("container/repository-project:1")}),
        ),
        (
            "grant/repository:11/user:102",
            json!({"form": "repository-permission", "role": "REPO_ADMIN", "holder": "principal",
            "principal": id("principal/102"), "container": id("container/repository:11")}),
        ),
        (
            "credential/personal-access-token:252973515069",
            json!({"form": "personal-access-token", "owner": id("principal/101"), "status": "expired",
            "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-04-01T00:00:00Z",
            "last_used_at": "2026-02-02T02:39:59Z", "scopes": ["PROJECT_READ", "REPO_WRITE"],
            "container": id("container/instance"), "impersonates": false}),
        ),
        (
            "credential/personal-access-token:252973515070",
            json!({"form": "personal-access-token", "owner": id("principal/101"), "status": "active",
            "created_at": "2024-07-03T09:46:39Z", "expires_at": null, "last_used_at": null,
            "scopes": ["PROJECT_ADMIN", "REPO_ADMIN"], "container": id("container/instance"), "impersonates": false}),
        ),
        (
            "credential/access-token:300",
            json!({"form": "access-token", "owner": null, "status": "active", "created_at": "2024-07-03T09:46:39Z",
            "expires_at": null, "scopes": ["REPO_READ"], "container": id("container/repository-project:1"),
            "impersonates": false}),
        ),
        (
            "webhook/repository:11/21",
            json!({"container": id("container/repository:11"), "address": "https://ci.example.com",
            "secret_in_url": true, "signed": true, "verifies_certificate": false, "enabled": true,
            "events": ["repo:refs_changed"], "created_at": "2023-11-14T22:13:20Z"}),
        ),
        (
            "setting/secret-scanning-exempt:12",
            json!({"key": "secret-scanning-exempt", "value": "exempt", "container": id("container/repository:12")}),
        ),
        (
            "setting/ssh-key-policy",
            json!({"key": "ssh-key-policy", "value": "365 days", "container": id("container/instance")}),
        ),
    ] {
        assert_eq!(facts(&snapshot, &id(resource)), expected, "{resource}");
    }
    let ada = facts(&snapshot, &id("principal/101"));
    assert_eq!((&ada["last_login_at"], &ada["platform_roles"]), (&json!("2026-01-11T15:33:00.548Z"), &Value::Null));
    let service = facts(&snapshot, &id("principal/900"));
    assert_eq!((&service["account_type"], &service["groups"]), (&json!("other"), &json!([])));
    assert_eq!(facts(&snapshot, &id("container/repository:12"))["status"], "archived");
    let instance = facts(&snapshot, &id("container/instance"));
    assert_eq!((&instance["version"], &instance["key"]), (&json!("9.4.3"), &json!("bitbucket")));
    let deploy = facts(&snapshot, &id("credential/access-token:301"));
    assert_eq!((&deploy["container"], &deploy["owner"]), (&json!(id("container/repository:11")), &Value::Null));
    let key = facts(&snapshot, &id("credential/ssh-key:5"));
    assert_eq!(
        (&key["expires_at"], &key["last_used_at"], &key["owner"]),
        (&Value::Null, &Value::Null, &json!(id("principal/101")))
    );
    let [of_project, of_repository] = ["repository-project:1", "repository:11"]
        .map(|place| facts(&snapshot, &id(&format!("credential/deploy-key:{place}/6"))));
    assert_eq!(of_project["fingerprint"], of_repository["fingerprint"], "the same key in two places is told as such");
    assert_eq!((&of_repository["scopes"], &of_repository["status"]), (&json!(["REPO_WRITE"]), &json!("expired")));
    assert_eq!(git.asked("access-token-user"), 0, "accounts of tokens have no tokens of their own");
    assert!(!has(&snapshot, &id("grant/effective:101")), "her group explains what she may do");
    let name = |of: &str| snapshot.resources.iter().find(|each| each.id.as_str() == id(of)).unwrap().name.clone();
    assert_eq!(
        (name("container/repository:11"), name("credential/ssh-key:5")),
        ("PAY/gateway".into(), "ada@laptop".into())
    );
    let shown = format!("{snapshot:?}");
    for secret in ["planted", "AAAASAME", "AAAASHARED"] {
        assert!(!shown.contains(secret), "{secret} must not be kept");
    }
}

#[tokio::test]
async fn what_takes_a_request_for_each_repository_is_left_to_the_deep_mode_and_told() {
    let git = git();
    let snapshot = git.seen("bitbucket-dc", "").await;
    let left_out: Vec<&str> = gaps(&snapshot.ledger).into_keys().collect();
    let expected = [
        "OAuth 2.0 clients",
        "access keys of repositories",
        "access tokens of repositories",
        "basic authentication",
        "installed apps",
        "repositories exempt from secret scanning",
        "repository permissions of accounts",
        "repository permissions of groups",
        "repository webhooks",
    ];
    assert_eq!(left_out, expected);
    for endpoint in expected {
        let entry = found(&snapshot, endpoint);
        assert_eq!((entry.state, entry.requests), (EndpointState::Skipped, 0), "{endpoint}");
        assert!(entry.reason.contains("deep"), "{}", entry.reason);
    }
    assert_eq!(git.asked("/repos/"), 0);
    assert!(has(&snapshot, &id("container/repository:12")), "the repositories themselves are there");
}

#[tokio::test]
async fn sparse_pages_are_followed_to_where_they_lead() {
    let mut git = git();
    let path = format!("{API}/admin/users");
    let slice = |rows: Value, next: Option<u32>| {
        json!({"size": rows.as_array().unwrap().len(), "limit": 1000, "isLastPage": next.is_none(), "values": rows,
            "nextPageStart": next})
    };
    git.put(&path, &slice(json!([detailed(101, "ada")]), Some(77)));
    git.put(&format!("{path}?start=77"), &slice(json!([]), Some(1940)));
    git.put(&format!("{path}?start=1940"), &slice(json!([detailed(102, "Bob.Old")]), None));
    let snapshot = deep(&git).await;
    let accounts = found(&snapshot, "accounts");
    assert_eq!((accounts.state, accounts.pages, accounts.rows), (EndpointState::Complete, 3, 2), "{}", accounts.reason);
    assert!(has(&snapshot, &id("principal/102")));
    // Round and round, no end marker, an end without a place, and one that never comes.
    for (odd, said) in [
        (slice(json!([]), Some(77)), "cursor came twice"),
        (json!({"values": []}), "more follows"),
        (json!({"values": [], "isLastPage": false}), "more follows"),
    ] {
        git.put(&format!("{path}?start=77"), &odd);
        let snapshot = deep(&git).await;
        let accounts = found(&snapshot, "accounts");
        assert!(accounts.state == EndpointState::Partial && accounts.reason.contains(said), "{}", accounts.reason);
    }
}

#[tokio::test]
async fn a_page_that_counts_more_than_it_has_is_no_whole_page() {
    let mut git = git();
    let rows = json!([detailed(101, "ada")]);
    git.put(&format!("{API}/admin/users"), &json!({"size": 3, "isLastPage": true, "values": rows}));
    let snapshot = deep(&git).await;
    let accounts = found(&snapshot, "accounts");
    assert_eq!(accounts.state, EndpointState::Partial, "{}", accounts.reason);
    assert!(accounts.unreadable.iter().any(|note| note.contains("counts 3 rows")), "{:?}", accounts.unreadable);
}

#[tokio::test]
async fn a_token_that_is_not_accepted_stops_everything() {
    let mut git = git();
    for path in ["application-properties", "admin/users"] {
        git.refuse(&format!("{API}/{path}"), 401, &refused());
    }
    let snapshot = deep(&git).await;
    assert_eq!(snapshot.resources.len(), 0);
    assert_eq!(git.asked("GET"), 1, "an account is not to be locked");
    let first = found(&snapshot, "instance");
    assert!(first.state == EndpointState::Denied && first.reason.contains("HTTP access token"), "{}", first.reason);
    assert!(snapshot.ledger.iter().all(LedgerEntry::is_gap));
    // Whoever is let in and is nobody's licensed user is not asked for more either.
    git.put(&format!("{API}/application-properties"), &json!({"version": "9.4.3"}));
    let snapshot = deep(&git).await;
    assert_eq!(found(&snapshot, "accounts").state, EndpointState::Denied);
    assert!(found(&snapshot, "groups").requests == 0 && found(&snapshot, "groups").is_gap());
}

#[tokio::test]
async fn each_refusal_is_told_in_its_own_entry() {
    let in_repository = |rest: &str| format!("{API}/projects/PAY/repos/gateway/{rest}");
    for (path, endpoint, part) in [
        (format!("{API}/admin/license"), "licence", false),
        (format!("{API}/admin/user-directories"), "user directories", false),
        (format!("{API}/admin/groups"), "groups", false),
        (format!("{API}/admin/groups/more-members?context=devs"), "members of groups", true),
        (format!("{API}/admin/permissions/users"), "global permissions of accounts", false),
        (format!("{API}/admin/permissions/groups"), "global permissions of groups", false),
        (format!("{API}/users?permission=ADMIN"), "effective administrators", true),
        (format!("{API}/projects"), "projects", false),
        (format!("{API}/projects/PAY/permissions/users"), "project permissions of accounts", true),
        (format!("{API}/projects/PAY/permissions/PROJECT_ADMIN/all"), "default permissions of projects", true),
        (format!("{API}/repos"), "repositories", false),
        (in_repository("permissions/groups"), "repository permissions of groups", true),
        ("/rest/access-tokens/latest/users/ada".to_owned(), "access tokens of accounts", true),
        ("/rest/access-tokens/latest/projects/PAY".to_owned(), "access tokens of projects", true),
        ("/rest/access-tokens/latest/projects/PAY/repos/old".to_owned(), "access tokens of repositories", true),
        ("/rest/ssh/latest/keys?user=ada".to_owned(), "SSH keys", true),
        ("/rest/keys/latest/projects/PAY/ssh".to_owned(), "access keys of projects", true),
        (in_repository("webhooks"), "repository webhooks", true),
    ] {
        for (status, state) in [
            (401, EndpointState::Denied),
            (403, EndpointState::Denied),
            (404, EndpointState::Denied),
            (500, EndpointState::Failed),
        ] {
            let mut git = git();
            git.refuse(&path, status, &refused());
            let snapshot = deep(&git).await;
            let entry = found(&snapshot, endpoint);
            let optional = status == 404 && endpoint == "licence";
            let expected = match (part, optional) {
                (true, _) => EndpointState::Partial,
                (false, true) => EndpointState::NotOffered,
                (false, false) => state,
            };
            assert_eq!(entry.state, expected, "{endpoint} with {status}: {}", entry.reason);
            assert!(entry.reason.contains("not permitted"), "{endpoint} with {status}: {}", entry.reason);
        }
    }
}

#[tokio::test]
async fn a_dead_link_is_a_version_that_has_no_such_thing() {
    let mut git = git();
    for question in [
        "/rest/ssh/latest/admin".to_owned(),
        format!("{API}/secret-scanning/exempt"),
        format!("{API}/admin/user-directories"),
        "/rest/auditing/1.0/events".to_owned(),
    ] {
        git.remove(&question);
    }
    let snapshot = deep(&git).await;
    for endpoint in ["SSH key policy", "repositories exempt from secret scanning", "user directories", "audit events"] {
        let entry = found(&snapshot, endpoint);
        assert_eq!(entry.state, EndpointState::NotOffered, "{endpoint}: {}", entry.reason);
        assert!(entry.reason.contains("this version has no such thing"), "{}", entry.reason);
    }
    // At the other place.
    git.put(&format!("{API}/admin/ssh"), &json!({"maxExpiryDays": null}));
    git.put("/rest/audit/latest/events", &json!({"entities": [], "pagingInfo": {"lastPage": true, "size": 0}}));
    let snapshot = deep(&git).await;
    assert_eq!(facts(&snapshot, &id("setting/ssh-key-policy"))["value"], "no limit");
    assert_eq!(found(&snapshot, "audit events").state, EndpointState::Complete);
    // Something else answers there.
    git.put(&format!("{API}/admin/ssh"), &json!({"enabled": true, "port": 7999}));
    let snapshot = deep(&git).await;
    assert!(!has(&snapshot, &id("setting/ssh-key-policy")));
    assert_eq!(found(&snapshot, "SSH key policy").state, EndpointState::Partial);
}

#[tokio::test]
async fn a_login_page_instead_of_the_product_is_recognised() {
    let mut git = Product::default();
    let login = "<html><head><title>Log in - Company SSO</title></head><body>Password</body></html>";
    for path in ["application-properties", "admin/users", "projects"] {
        git.page(&format!("{API}/{path}"), 200, login);
    }
    let snapshot = deep(&git).await;
    assert_eq!(snapshot.resources.len(), 0);
    for endpoint in ["instance", "accounts", "projects"] {
        let entry = found(&snapshot, endpoint);
        assert_eq!(entry.state, EndpointState::Failed);
        assert!(entry.reason.contains("login page"), "{}", entry.reason);
    }
    assert!(found(&snapshot, "instance").reason.contains("check `base_url`"));
}

#[tokio::test]
async fn a_limit_that_lasts_leaves_the_rest_unasked_and_told() {
    let mut git = git();
    let limited = "/rest/access-tokens/latest/users/ada";
    git.refuse(limited, 429, &json!({"errors": [{"message": "You have been rate limited"}]}));
    git.headers(
        limited,
        &[
            ("x-ratelimit-limit", "5"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-fillrate", "5"),
            ("x-ratelimit-interval-seconds", "3600"),
            ("retry-after", "3600"),
        ],
    );
    let began = std::time::Instant::now();
    let snapshot = deep(&git).await;
    assert!(began.elapsed().as_secs() < 60);
    let tokens = found(&snapshot, "access tokens of accounts");
    assert!(tokens.is_gap() && tokens.reason.contains("throttled"), "{}", tokens.reason);
    assert!(has(&snapshot, &id("credential/access-token:300")), "what came before is kept");
}

#[tokio::test]
async fn an_answer_that_was_cut_is_no_answer() {
    let mut git = git();
    git.cut("/rest/access-tokens/latest/users/ada");
    git.cut(&format!("{API}/admin/permissions/groups"));
    let snapshot = deep(&git).await;
    assert_eq!(found(&snapshot, "access tokens of accounts").state, EndpointState::Partial);
    assert_eq!(found(&snapshot, "global permissions of groups").state, EndpointState::Failed);
    assert!(facts(&snapshot, &id("group/devs")).get("administers").is_none(), "nobody told");
    assert!(found(&snapshot, "effective administrators").is_gap());
}

#[tokio::test]
async fn who_does_not_administer_cannot_call_what_it_sees_all() {
    let mut git = git();
    git.refuse(&format!("{API}/admin/permissions/users"), 401, &refused());
    git.refuse(&format!("{API}/admin/permissions/groups"), 401, &refused());
    let snapshot = deep(&git).await;
    for endpoint in ["projects", "repositories"] {
        let entry = found(&snapshot, endpoint);
        assert_eq!(entry.state, EndpointState::Partial);
        assert!(entry.reason.contains("does not administer"), "{}", entry.reason);
    }
    let ada = facts(&snapshot, &id("principal/101"));
    assert!(ada.get("platform_roles").is_none(), "silence is no “none”: {ada}");
}

#[tokio::test]
async fn an_administrator_whom_nothing_explains_is_told() {
    let mut git = git();
    git.put(&format!("{API}/users?permission=SYS_ADMIN"), &page(json!([user(101, "ada"), user(103, "eve")])));
    git.put(
        &format!("{API}/users?permission=ADMIN"),
        &page(json!([user(101, "ada"), user(102, "Bob.Old"), user(103, "eve")])),
    );
    let snapshot = deep(&git).await;
    assert_eq!(
        facts(&snapshot, &id("grant/effective:103")),
        json!({"form": "global-permission", "role": "SYS_ADMIN", "holder": "principal", "via": ["inferred"],
            "principal": id("principal/103"), "container": id("container/instance")})
    );
    assert_eq!(of_kind(&snapshot, Kind::Grant).filter(|each| each.id.native().starts_with("effective:")).count(), 1);
    // As long as the groups are not known whole, nobody is called unexplained.
    git.refuse(&format!("{API}/admin/groups/more-members?context=admins"), 500, &refused());
    let snapshot = deep(&git).await;
    assert!(!has(&snapshot, &id("grant/effective:103")) && !has(&snapshot, &id("grant/effective:101")));
    assert!(found(&snapshot, "effective administrators").is_gap());
    let ada = facts(&snapshot, &id("principal/101"));
    assert!(ada.get("groups").is_none(), "{ada}");
}

#[tokio::test]
async fn nobody_who_administers_is_not_believed() {
    let mut git = git();
    git.put(&format!("{API}/admin/permissions/groups"), &page(json!([])));
    let snapshot = deep(&git).await;
    let entry = found(&snapshot, "global permissions of groups");
    assert!(
        entry.state == EndpointState::Partial && entry.reason.contains("no system administrator"),
        "{}",
        entry.reason
    );
    assert!(facts(&snapshot, &id("group/admins")).get("administers").is_none());
}

#[tokio::test]
async fn keys_that_everybody_seems_to_have_are_nobodys_for_certain() {
    let mut git = git();
    git.put("/rest/ssh/latest/keys?user=Bob.Old", &page(json!([{"id": 5, "text": "ssh-ed25519 AAAASAME"}])));
    let snapshot = deep(&git).await;
    let keys = found(&snapshot, "SSH keys");
    assert!(keys.state == EndpointState::Partial && keys.reason.contains("several accounts"), "{}", keys.reason);
    assert!(facts(&snapshot, &id("credential/ssh-key:5")).get("owner").is_none());
}

#[tokio::test]
async fn odd_rows_cost_what_is_odd_about_them_and_no_more() {
    let mut git = git();
    git.put(
        &format!("{API}/admin/users"),
        &page(json!([detailed(101, "ada"), {"name": "nobody"}, "nonsense",
            {"id": 104, "name": "odd", "slug": "odd", "active": "perhaps", "type": "ROBOT",
             "lastAuthenticationTimestamp": {"at": 1}}])),
    );
    git.put(
        &format!("{API}/admin/permissions/groups"),
        &page(json!([{"group": {"name": "admins"}, "permission": "SYS_ADMIN"},
            {"group": {"name": "devs"}, "permission": "OVERLORD"}])),
    );
    git.put(
        "/rest/access-tokens/latest/users/ada",
        &page(json!([{"id": 7, "createdDate": "soon", "expiryDays": "many", "permissions": "all"}, {"name": "no id"}])),
    );
    git.put(
        "/rest/keys/latest/projects/PAY/ssh",
        &page(json!([{"key": {"id": 6, "createdDate": [], "label": "x"}, "permission": "PROJECT_READ"}, {"permission": "x"}])),
    );
    git.put("/rest/access-tokens/latest/users/odd", &page(json!([])));
    git.put("/rest/ssh/latest/keys?user=odd", &page(json!([])));
    let snapshot = deep(&git).await;
    assert!(found(&snapshot, "accounts").reason.contains("2 rows could not be read"));
    let odd = facts(&snapshot, &id("principal/104"));
    assert!(odd.get("status").is_none() && odd.get("last_login_at").is_none(), "{odd}");
    assert_eq!(odd["account_type"], "other");
    assert!(facts(&snapshot, &id("group/devs")).get("administers").is_none(), "nobody knows what an overlord may do");
    assert_eq!(facts(&snapshot, &id("grant/global/group:devs"))["role"], "OVERLORD");
    let token = facts(&snapshot, &id("credential/personal-access-token:7"));
    for unread in ["expires_at", "created_at", "status", "scopes", "last_used_at"] {
        assert!(token.get(unread).is_none(), "{unread} of {token}");
    }
    assert!(found(&snapshot, "access tokens of accounts").reason.contains("1 row could not be read"));
    let keys = found(&snapshot, "access keys of projects");
    assert!(keys.state == EndpointState::Partial && keys.reason.contains("could not be read"), "{}", keys.reason);
    let key = facts(&snapshot, &id("credential/deploy-key:repository-project:1/6"));
    assert!(key.get("created_at").is_none() && key["expires_at"].is_null(), "{key}");
}

#[tokio::test]
async fn a_version_that_does_not_keep_the_use_of_tokens_says_nothing_of_it() {
    let mut git = git();
    git.put("/rest/access-tokens/latest/users/ada", &page(json!([{"id": "1", "name": "old", "createdDate": 1}])));
    let snapshot = deep(&git).await;
    let token = facts(&snapshot, &id("credential/personal-access-token:1"));
    assert!(token.get("last_used_at").is_none() && token.get("scopes").is_none(), "{token}");
    assert!(token["expires_at"].is_null(), "no number of days is no end");
}

#[tokio::test]
async fn a_licence_without_limits_has_none() {
    let mut git = git();
    git.put(
        &format!("{API}/admin/license"),
        &json!({"unlimitedNumberOfUsers": true, "numberOfDaysBeforeExpiry": 2_147_483_647, "status": {}}),
    );
    let snapshot = deep(&git).await;
    let licence = facts(&snapshot, &id("container/application:bitbucket"));
    assert!(licence["seats_total"].is_null() && licence.get("seats_total").is_some(), "{licence}");
    assert!(licence["expires_at"].is_null() && licence.get("expires_at").is_some(), "{licence}");
    assert!(licence.get("seats_used").is_none(), "{licence}");
}

#[tokio::test]
async fn a_glance_asks_once_for_everything_and_for_one_parent_only() {
    let git = git();
    let source = git.source("bitbucket-dc", DEEP).await;
    let snapshot = sealed(source.look(Depth::FirstPage, &Watermarks::default()).await);
    assert!(git.asked("/access-tokens/latest/users/") == 1 && git.asked("/webhooks") == 2);
    assert_eq!(found(&snapshot, "repository webhooks").state, EndpointState::Complete);
}

#[tokio::test]
async fn who_is_in_the_lists_that_were_read_stays_where_another_is_refused() {
    let mut git = git();
    git.refuse(&format!("{API}/admin/groups/more-members?context=admins"), 403, &refused());
    let snapshot = deep(&git).await;
    let bob = facts(&snapshot, &id("principal/102"));
    assert!(bob.get("groups").is_none(), "he may be among the administrators: {bob}");
    assert_eq!(bob["groups_at_least"], json!([id("group/devs")]));
    let ada = facts(&snapshot, &id("principal/101"));
    assert!(ada.get("groups").is_none() && ada.get("groups_at_least").is_none(), "{ada}");
    let told = |group: &str| facts(&snapshot, &id(&format!("group/{group}")))["members_told"].clone();
    assert_eq!((told("admins"), told("devs")), (json!(false), json!(true)));
    assert!(facts(&snapshot, &id("group/devs")).get("inside").is_none(), "nothing tells which groups are nested");
}
