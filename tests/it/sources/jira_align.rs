//! `jira-align`, against answers written from what public clients of its API read.

use keyroll::model::{EndpointState, Kind, Snapshot, Watermarks};
use keyroll::sources::Depth;
use serde_json::{Value, json};

use super::{Asked, build, entry, facts, gaps, of_kind, sealed, secret_file, serve_by};

const USERS: &str = "GET /rest/align/api/2/users";
const DESCRIPTION: &str = "GET /rest/align/api/docs/v2/swagger.json";

async fn collect(more: &str, answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static) -> Snapshot {
    let base = serve_by(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "any");
    let yaml = format!("base_url: {base}\ninstance: align\ntoken: {token}\n{more}");
    sealed(build("jira-align", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await)
}

fn user(id: u64) -> Value {
    json!({
        "id": id, "uid": format!("u{id}"), "fullName": format!("User {id}"), "email": format!("u{id}@acme.example"),
        "roleId": 7, "roleName": if id == 3 { "Super Admin" } else { "Team Member" }, "title": "Engineer",
        "isActive": id != 5, "lastLoginDate": "2026-11-20T08:00:00Z", "createDate": "2024-01-02T00:00:00Z",
    })
}

/// Users in pages, as a well-behaved instance answers; nothing else is there.
fn well_behaved(users: u64) -> impl Fn(&Asked) -> (u16, Value) + Send + Sync {
    move |asked| {
        let number = |name| asked.parameter(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        match asked.line.as_str() {
            USERS => {
                let (skip, top) = (number("$skip"), number("$top"));
                assert!((1..=100).contains(&top), "at most 100 a call: {top}");
                (200, (1..=users).skip(skip as usize).take(top as usize).map(user).collect())
            }
            _ => (404, Value::Null),
        }
    }
}

#[tokio::test]
async fn all_pages_of_users_are_read_and_tokens_are_a_gap_that_is_told() {
    let snapshot = collect("", well_behaved(205)).await;
    assert_eq!(gaps(&snapshot.ledger), [("API tokens", EndpointState::NotOffered)].into());
    let tokens = entry(&snapshot.ledger, "API tokens");
    assert!(tokens.reason.contains("never ends"), "{}", tokens.reason);
    assert_eq!(entry(&snapshot.ledger, "users").rows, 205);
    assert_eq!(of_kind(&snapshot, Kind::Principal).count(), 205);
    let ada = facts(&snapshot, "align/principal/3");
    assert_eq!(
        (&ada["status"], &ada["platform_roles"], &ada["email"], &ada["managed"]),
        (&json!("active"), &json!(["jira-align/Super Admin"]), &json!("u3@acme.example"), &json!(true))
    );
    assert_eq!(facts(&snapshot, "align/principal/5")["status"], "deactivated");
    let grants: Vec<&str> = of_kind(&snapshot, Kind::Grant).map(|grant| grant.id.as_str()).collect();
    assert_eq!(grants, ["align/grant/change-connector/3"]);
    assert_eq!(facts(&snapshot, "align/setting/token-expiry")["value"], "never");
    assert_eq!(facts(&snapshot, "align/container/instance")["key"], "jira-align");
}

#[tokio::test]
async fn roles_that_change_the_connector_are_named_or_numbered() {
    let snapshot = collect("connector_roles: [portfolio admin, \"7\"]\n", |asked| match asked.line.as_str() {
        USERS if asked.parameter("$skip") == Some("0") => {
            (200, json!([{"id": 1, "isActive": true, "roleId": 7}, {"id": 2, "role": "Portfolio Admin"}]))
        }
        USERS => (200, json!([])),
        _ => (404, Value::Null),
    })
    .await;
    assert_eq!(of_kind(&snapshot, Kind::Grant).count(), 2);
}

#[tokio::test]
async fn without_roles_nobody_says_who_can_change_the_connector() {
    let snapshot = collect("", |asked| match asked.line.as_str() {
        USERS if asked.parameter("$skip") == Some("0") => {
            (200, json!([{"id": 1, "fullName": "Ada", "isActive": true}]))
        }
        USERS => (200, json!([])),
        _ => (404, Value::Null),
    })
    .await;
    let users = entry(&snapshot.ledger, "users");
    assert_eq!(users.state, EndpointState::Partial);
    assert!(users.reason.contains("the role of 1 user is not told"), "{}", users.reason);
}

#[tokio::test]
async fn a_refusal_is_no_empty_list() {
    for (status, state) in [(401, EndpointState::Denied), (403, EndpointState::Denied), (500, EndpointState::Failed)] {
        let snapshot = collect("", move |_| (status, Value::Null)).await;
        assert_eq!(entry(&snapshot.ledger, "users").state, state, "{status}");
        assert_ne!(entry(&snapshot.ledger, "API tokens").state, EndpointState::Complete, "{status}");
        assert_eq!(snapshot.resources.len(), 0, "{status}");
    }
}

#[tokio::test]
async fn a_page_that_is_refused_leaves_the_users_partly_read() {
    let snapshot = collect("", |asked| match (asked.line.as_str(), asked.parameter("$skip")) {
        (USERS, Some("0")) => (200, (1..=100).map(user).collect()),
        (USERS, _) => (403, Value::Null),
        _ => (404, Value::Null),
    })
    .await;
    assert_eq!(entry(&snapshot.ledger, "users").state, EndpointState::Partial);
}

#[tokio::test]
async fn an_instance_that_can_list_tokens_after_all_is_told() {
    let snapshot = collect("", |asked| match asked.line.as_str() {
        DESCRIPTION => (200, json!({"paths": {"/users": {}, "/apiTokens": {"get": {}}}})),
        USERS => (200, json!([])),
        _ => (404, Value::Null),
    })
    .await;
    let tokens = entry(&snapshot.ledger, "API tokens");
    assert_eq!(tokens.state, EndpointState::Partial);
    assert!(tokens.reason.contains("/apiTokens"), "{}", tokens.reason);
}

#[tokio::test]
async fn an_odd_user_is_noted_and_costs_no_other() {
    let snapshot = collect("", |asked| match asked.line.as_str() {
        USERS if asked.parameter("$skip") == Some("0") => {
            let odd = json!({"id": 2, "fullName": ["x"], "role": {"id": 7}, "roleName": "Team Member"});
            (200, json!([user(1), odd, "nonsense"]))
        }
        USERS => (200, json!([])),
        _ => (404, Value::Null),
    })
    .await;
    let users = entry(&snapshot.ledger, "users");
    assert_eq!((users.state, users.rows), (EndpointState::Partial, 3));
    assert!(users.unreadable.iter().any(|note| note.contains("`2`: fullName")), "{:?}", users.unreadable);
    assert_eq!(of_kind(&snapshot, Kind::Principal).count(), 2);
}
