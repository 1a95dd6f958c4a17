//! Faults do what their names say, and wear off as they say.

use std::time::Duration;

use keyroll::simulator::Fault;
use serde_json::{Value, json};

use super::{Visitor, demo};

#[tokio::test]
async fn faults_do_what_they_say() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let tokens = visitor.access("/api-tokens?pageSize=20");
    let send = async || visitor.request("GET", &tokens, true).send().await.unwrap();

    for status in [401, 403, 404] {
        simulator.set_fault("api-tokens", Fault::Status(status));
        let answer = send().await;
        assert_eq!(answer.status(), status);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["status"], status.to_string());
    }
    simulator.set_fault("api-tokens", Fault::Throttle { times: 2, retry_after: Some(Duration::from_secs(7)) });
    for expected in [429, 429, 200, 200] {
        let answer = send().await;
        assert_eq!(answer.status(), expected);
        assert_eq!(answer.headers().get("retry-after").is_some_and(|wait| wait == "7"), expected == 429);
    }
    simulator.set_fault("api-tokens", Fault::ThrottleForever { retry_after: None });
    for _ in 0..3 {
        let answer = send().await;
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (429, false));
    }
    simulator.set_fault("api-tokens", Fault::ServerError { times: 1 });
    assert_eq!(send().await.status(), 500);
    assert_eq!(send().await.status(), 200);
    simulator.set_fault("api-tokens", Fault::CutConnection);
    assert!(send().await.bytes().await.is_err());
    simulator.set_fault("api-tokens", Fault::TruncatedBody);
    let bytes = send().await.bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&bytes).is_err());
    simulator.set_fault("api-tokens", Fault::LoginPage);
    let answer = send().await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    simulator.clear_faults();
    assert_eq!(send().await.status(), 200);
}

#[tokio::test]
async fn faults_bend_rows_and_links() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let tokens = visitor.access("/api-tokens?pageSize=20");
    let whole = visitor.get(&tokens).await;

    simulator.set_fault("api-tokens", Fault::DropRows(3));
    let page = visitor.get(&tokens).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 17);
    assert_eq!(page["links"], whole["links"]);
    simulator.set_fault("api-tokens", Fault::WrongType);
    let page = visitor.get(&tokens).await;
    assert!(page["data"][0]["id"].is_object() && page["data"][1]["id"].is_string());
    simulator.set_fault("users-search", Fault::WrongType);
    assert!(visitor.get("/rest/api/3/users/search").await[0]["accountId"].is_object());
    simulator.set_fault("managed-accounts", Fault::ForeignLink);
    let page = visitor.get(&visitor.org("v1", "/users")).await;
    assert!(page["links"]["next"].as_str().unwrap().starts_with("https://elsewhere.invalid/admin/v1/orgs/"));
}

#[tokio::test]
async fn a_repeated_cursor_never_ends() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    simulator.set_fault("user-search", Fault::RepeatedCursor);
    let path = visitor.org("v2", "/directories/-/users/search");
    let first = visitor.post(&path, json!({})).await;
    for _ in 0..6 {
        let again = visitor.post(&path, json!({"cursor": first["links"]["next"]})).await;
        assert_eq!(again, first);
    }
    simulator.set_fault("group-bulk", Fault::RepeatedCursor);
    assert_eq!(visitor.get("/rest/api/3/group/bulk?startAt=5000").await["isLast"], false);
}

#[tokio::test]
async fn a_fault_can_wait_for_a_later_page() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    simulator.set_fault("users-search", Fault::OnPage(3, Box::new(Fault::Status(403))));
    let mut statuses = Vec::new();
    for start in [0, 50, 100, 150, 0] {
        statuses.push(visitor.status(&format!("/rest/api/3/users/search?startAt={start}&maxResults=50")).await);
    }
    assert_eq!(statuses, [200, 200, 403, 403, 200]);
}

#[tokio::test(start_paused = true)]
async fn latency_is_waited_for() {
    let simulator = demo().await;
    simulator.set_fault("tenant-info", Fault::Latency(Duration::from_secs(5)));
    let before = tokio::time::Instant::now();
    let client = Visitor::of(&simulator).client;
    client.get(format!("{}/_edge/tenant_info", simulator.site_url())).send().await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(5));
}
