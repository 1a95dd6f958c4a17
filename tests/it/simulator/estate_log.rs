//! The organisation's policies and its audit log: limits, cursors that stay good, and plans that do not pay for them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::simulator::{Fault, OrgPlan, Plan, Simulator};
use serde_json::{Value, json};

use super::{Visitor, demo, morning};

fn events(page: &Value) -> &[Value] {
    page["data"].as_array().unwrap()
}

/// Follows the stream from a cursor until it is empty; tells the events and the last cursor.
async fn follow(visitor: &Visitor<'_>, query: &str, mut cursor: Option<String>) -> (Vec<Value>, String) {
    let mut found = Vec::new();
    loop {
        let mut request = visitor.request("GET", &visitor.org("v1", &format!("/events-stream?{query}")), true);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let next = page["meta"]["next"].as_str().expect("there is always a cursor").to_owned();
        assert!(page["links"]["next"].as_str().unwrap().starts_with("https://api.atlassian.com/admin/v1/orgs/"));
        if events(&page).is_empty() {
            return (found, next);
        }
        found.extend(events(&page).to_vec());
        cursor = Some(next);
    }
}

#[tokio::test]
async fn the_stream_is_ordered_and_its_last_cursor_finds_what_is_new() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let (first, cursor) = follow(&visitor, "", None).await;
    assert!(first.len() > 280, "{}", first.len());
    let (in_small_pages, same) = follow(&visitor, "limit=7", None).await;
    assert_eq!((in_small_pages.len(), &same), (first.len(), &cursor));
    let (nothing, again) = follow(&visitor, "", Some(cursor.clone())).await;
    assert_eq!((nothing.len(), &again), (0, &cursor));

    simulator.night(morning() + TimeDelta::days(1));
    let (news, later) = follow(&visitor, "", Some(cursor.clone())).await;
    assert!(news.len() > 10, "{}", news.len());
    assert_ne!(later, cursor);
    let all: Vec<&Value> = first.iter().chain(&news).collect();
    let ids: BTreeSet<&str> = all.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all.len());
    let time = |event: &Value, key: &str| event["attributes"][key].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let processed: Vec<_> = all.iter().map(|event| time(event, "processedAt")).collect();
    assert!(processed.is_sorted());
    assert!(*processed.last().unwrap() <= morning() + TimeDelta::days(1));
    assert!(all.iter().all(|event| time(event, "time") <= time(event, "processedAt")));
    let (mut backwards, _) = follow(&visitor, "sortOrder=desc&limit=100", None).await;
    backwards.reverse();
    assert!(backwards.iter().eq(all));
}

#[tokio::test]
async fn the_stream_has_limits_and_knows_its_cursors() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let stream = |query: &str| visitor.org("v1", &format!("/events-stream?{query}"));
    assert_eq!(events(&visitor.get(&stream("")).await).len(), 200);
    assert_eq!(visitor.get(&stream("limit=500")).await["meta"]["page_size"], 500);
    for query in ["limit=501", "limit=0", "sortOrder=up", "from=yesterday", "cursor=made-up", "cursor=c3RyZWFt%2B0/=="]
    {
        assert_eq!(visitor.status(&stream(query)).await, 400, "{query}");
    }
    let (from, to) = (morning() - TimeDelta::days(6), morning() - TimeDelta::days(3));
    let query = format!("from={}&to={}", from.timestamp_millis(), to.timestamp_millis());
    let (some, _) = follow(&visitor, &query, None).await;
    assert!(!some.is_empty());
    for event in some {
        let processed: DateTime<Utc> = event["attributes"]["processedAt"].as_str().unwrap().parse().unwrap();
        assert!((from..=to).contains(&processed), "{processed}");
    }
    simulator.set_fault("events-stream", Fault::RepeatedCursor);
    let first = visitor.get(&stream("limit=50")).await;
    let next = first["links"]["next"].as_str().unwrap().strip_prefix("https://api.atlassian.com").unwrap();
    assert_eq!(visitor.get(next).await, first);
}

#[tokio::test]
async fn every_action_is_in_the_catalogue_and_every_credential_exists() {
    let simulator = demo().await;
    simulator.night(morning() + TimeDelta::days(1));
    let visitor = Visitor::of(&simulator);
    let catalogue = visitor.get(&visitor.org("v1", "/event-actions")).await;
    let actions: BTreeSet<&str> = events(&catalogue).iter().map(|action| action["id"].as_str().unwrap()).collect();
    let (events, _) = follow(&visitor, "", None).await;
    let planted: BTreeSet<String> = simulator
        .truth()
        .plants
        .into_iter()
        .filter(|plant| plant.expect == "token-used-by-other")
        .map(|plant| plant.native[0].clone())
        .collect();
    let tokens = visitor.listing("/api-tokens", 1000).await;
    let mut kinds = BTreeSet::new();
    for event in &events {
        let attributes = &event["attributes"];
        assert!(actions.contains(attributes["action"].as_str().unwrap()), "{event}");
        let auth = &attributes["actor"]["auth"];
        let Some(kind) = auth["authType"].as_str() else { continue };
        kinds.insert(kind);
        let token = tokens.iter().find(|token| token["id"] == auth["tokenId"]);
        if let Some(token) = token {
            let own = token["user"]["id"] == attributes["actor"]["id"];
            assert!(own || planted.contains(auth["tokenId"].as_str().unwrap()), "{event}");
        }
        assert_eq!(kind == "auth-token-for-3LO", attributes["actor"].get("onBehalfOf").is_some(), "{event}");
    }
    let known = ["api-token", "auth-token-for-2LO", "auth-token-for-3LO", "container-token"];
    assert_eq!(kinds, BTreeSet::from(known));
}

/// Somebody who acts for nobody else, and machines that do not log in.
#[tokio::test]
async fn only_the_planted_machine_logs_in() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let (events, _) = follow(&visitor, "", None).await;
    let truth = simulator.truth();
    let machines: BTreeSet<&str> = truth
        .plants
        .iter()
        .filter(|plant| plant.expect.starts_with("machine-") && plant.kind == "principal")
        .map(|plant| plant.native[0].as_str())
        .collect();
    let planted = truth.plants.iter().find(|plant| plant.expect == "machine-logs-in").unwrap();
    let logged_in: BTreeSet<&str> = events
        .iter()
        .filter(|event| event["attributes"]["action"] == "user_login")
        .map(|event| event["attributes"]["actor"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(logged_in.intersection(&machines).collect::<Vec<_>>(), [&planted.native[0].as_str()]);
}

#[tokio::test]
async fn policies_come_in_pages_and_by_type() {
    let simulator = Simulator::start(Plan { accounts: 1500, ..Plan::demo(morning()) }).await.unwrap();
    let visitor = Visitor::of(&simulator);
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut request = visitor.request("GET", &visitor.org("v1", "/policies"), true);
        if !cursor.is_empty() {
            request = request.query(&[("cursor", &cursor)]);
        }
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(page["meta"]["page_size"], 25);
        rows.extend(events(&page).to_vec());
        match page["meta"]["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert!(rows.len() > 25, "{}", rows.len());
    let lists = visitor.get(&visitor.org("v1", "/policies?type=ip-allowlist")).await;
    let states: BTreeSet<&str> =
        events(&lists).iter().map(|policy| policy["attributes"]["status"].as_str().unwrap()).collect();
    assert_eq!(states, BTreeSet::from(["applying", "disabled", "enabled"]));
    assert_eq!(visitor.status(&visitor.org("v1", "/policies?cursor=made-up")).await, 400);
}

#[tokio::test]
async fn authentication_policies_are_told_for_fifty_managed_people_at_a_time() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let path = visitor.org("control/v1", "/users/auth-policies/bulk-fetch");
    let people = visitor.search("/directories/-/users/search", json!({})).await;
    let ids: Vec<&Value> = people.iter().map(|person| &person["accountId"]).collect();
    let ask = async |body: Value| visitor.request("POST", &path, true).json(&body).send().await.unwrap();
    assert_eq!(ask(json!({"accountIds": ids[..51]})).await.status(), 400);
    assert_eq!(ask(json!({})).await.status(), 400);
    let mut rows: Vec<Value> = Vec::new();
    for chunk in ids.chunks(50) {
        rows.extend(ask(json!({"accountIds": chunk})).await.json::<Vec<Value>>().await.unwrap());
    }
    let managed = people.iter().filter(|person| person["claimStatus"] == "managed");
    let emails: BTreeSet<&str> = managed.map(|person| person["email"].as_str().unwrap()).collect();
    assert_eq!(rows.iter().map(|row| row["email"].as_str().unwrap()).collect::<BTreeSet<_>>(), emails);
    let nameless = rows.iter().filter(|row| row.get("accountId").is_none()).count();
    assert!(0 < nameless && nameless < rows.len());
    let keys = ["accountId", "email", "policyId", "policyName"];
    assert!(rows.iter().all(|row| row.as_object().unwrap().keys().all(|key| keys.contains(&key.as_str()))));
    assert_eq!(simulator.destroyed(), []);
}

#[tokio::test]
async fn what_is_not_paid_for_is_refused() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let guarded = [
        ("GET", "v1", "/events-stream"),
        ("GET", "v1", "/event-actions"),
        ("POST", "control/v1", "/users/auth-policies/bulk-fetch"),
    ];
    for plan in [OrgPlan::Free, OrgPlan::Standard, OrgPlan::GuardStandard, OrgPlan::Enterprise] {
        simulator.set_plan(plan);
        let without_guard = matches!(plan, OrgPlan::Free | OrgPlan::Standard);
        for (method, version, rest) in guarded {
            let request = visitor.request(method, &visitor.org(version, rest), true);
            let answer = request.json(&json!({"accountIds": []})).send().await.unwrap();
            assert_eq!(answer.status(), if without_guard { 403 } else { 200 }, "{rest} on {plan:?}");
            if without_guard {
                let body: Value = answer.json().await.unwrap();
                assert_eq!(body["errors"][0]["title"], "Atlassian Guard subscription required");
            }
        }
        let expected = if plan == OrgPlan::Free { 403 } else { 200 };
        assert_eq!(visitor.status(&visitor.org("v1", "/policies")).await, expected, "{plan:?}");
    }
}

/// Guard Standard has what administrators do and no word about tokens: silence proves nothing there.
#[tokio::test]
async fn the_smaller_guard_plan_does_not_tell_who_uses_tokens() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let (all, _) = follow(&visitor, "", None).await;
    simulator.set_plan(OrgPlan::GuardStandard);
    let (some, _) = follow(&visitor, "limit=50", None).await;
    assert!(!some.is_empty() && some.len() < all.len());
    assert!(some.iter().all(|event| event["attributes"]["actor"].get("auth").is_none()));
    assert!(some.iter().any(|event| event["attributes"]["action"] == "user_login"));
}
