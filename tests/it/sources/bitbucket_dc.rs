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
    list(&format!("{API}/admin/users"), json!([detailed(101, "ada"), gone, service]));
    list(&format!("{API}/admin/groups"), json!([{"name": "admins", "deletable": true}, {"name": "devs"}]));
    list(&format!("{API}/admin/groups/more-members?context=admins"), json!([detailed(101, "ada")]));
    list(&format!("{API}/admin/groups/more-members?context=devs"), json!([detailed(102, "Bob.Old")]));
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
fn shared_parts(git: &mut Product) {
    git.put("/rest/applinks/3.0/applinks", &json!([]));
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
