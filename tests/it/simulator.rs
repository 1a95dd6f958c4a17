//! The pretended estate keeps its word: it answers as the published descriptions say, adds up, repeats itself,
//! misbehaves as armed, and changes over night exactly as its answer sheet tells.

mod align;
mod bitbucket_dc;
mod described;
mod documented;
mod estate_log;
mod faults;
mod night;
mod planted;
mod products;
mod sandbox;
mod self_hosted;
mod site;
mod visitor;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::simulator::{ENDPOINTS, Fault, Plan, SITUATIONS, Simulator};
use serde_json::{Value, json};

use visitor::Visitor;

/// The morning on which most tests begin.
fn morning() -> DateTime<Utc> {
    "2026-11-22T07:30:00Z".parse().unwrap()
}

async fn demo() -> Simulator {
    Simulator::start(Plan::demo(morning())).await.unwrap()
}

#[tokio::test]
async fn every_endpoint_answers_the_right_credential_and_refuses_the_wrong_one() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    for endpoint in ENDPOINTS.iter().filter(|endpoint| !endpoint.is_self_hosted()) {
        let (path, body) = visitor.example(endpoint.path).await;
        for right in [true, false] {
            let mut request = visitor.request(endpoint.method, &path, right);
            if let (Some(body), "POST") = (&body, endpoint.method) {
                request = request.json(body);
            }
            let answer = request.send().await.unwrap();
            let expected = if right || endpoint.name == "tenant-info" { 200 } else { 401 };
            assert_eq!(answer.status(), expected, "{} with the right credential: {right}", endpoint.name);
            let limited = answer.headers().contains_key("x-ratelimit-remaining");
            assert_eq!(limited, right && endpoint.is_org(), "{}", endpoint.name);
            let body: Value = answer.json().await.unwrap();
            if expected == 401 {
                let shape = match (endpoint.host(), endpoint.path) {
                    ("org", path) if path.starts_with("/automation") || path.contains("/account-management/") => {
                        "/message"
                    }
                    ("confluence", path) if path.starts_with("/wiki/rest/") => "/message",
                    ("org" | "confluence", _) => "/errors/0/title",
                    ("bitbucket", _) => "/error/message",
                    _ => "/errorMessages/0",
                };
                assert!(body.pointer(shape).is_some_and(Value::is_string), "{}: {body}", endpoint.name);
            }
        }
    }
    assert_eq!(simulator.destroyed(), []);
}

#[tokio::test]
async fn names_of_endpoints_are_unique() {
    let names: BTreeSet<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.name).collect();
    assert_eq!(names.len(), ENDPOINTS.len());
}

#[tokio::test]
async fn pages_add_up_to_the_counts() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let people = visitor.search("/directories/-/users/search", json!({"limit": 30})).await;
    assert_eq!(visitor.get(&visitor.org("v2", "/directories/-/users/count")).await["count"], people.len());
    assert_eq!(people.len(), 200);

    let managed = visitor.search("/directories/-/users/search", json!({"claimStatus": "managed"})).await;
    let first = visitor.get(&visitor.org("v1", "/users")).await;
    assert_eq!(first["meta"]["total"], managed.len());
    assert_eq!(first["data"].as_array().unwrap().len(), 100);
    let next = first["links"]["next"].as_str().unwrap();
    let path = next.strip_prefix("https://api.atlassian.com").expect("the link is absolute");
    assert_eq!(visitor.get(path).await["data"].as_array().unwrap().len(), managed.len() - 100);

    let tokens = visitor.listing("/api-tokens", 17).await;
    assert_eq!(visitor.get(&visitor.access("/api-tokens/count")).await, tokens.len());
    let ids: BTreeSet<&str> = tokens.iter().map(|token| token["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), tokens.len());
    let keys = visitor.listing("/api-keys", 2).await;
    assert_eq!(visitor.get(&visitor.access("/api-keys/count")).await, keys.len());

    let groups = visitor.search("/directories/-/groups/search", json!({"expand": ["counts.users"]})).await;
    for group in groups {
        let id = group["id"].as_str().unwrap();
        let members = visitor.bean(&format!("/rest/api/3/group/member?includeInactiveUsers=true&groupId={id}&")).await;
        let people = members.iter().filter(|member| member["accountType"] == "atlassian").count();
        assert_eq!(group["counts"]["users"], people, "{}", group["name"]);
        let found = visitor.search("/directories/-/users/search", json!({"groupIds": [id]})).await;
        assert_eq!(found.len(), people, "{}", group["name"]);
    }
}

#[tokio::test]
async fn seats_agree_between_the_organisation_and_the_site() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let workspaces = visitor.search("/workspaces", json!({"limit": 2})).await;
    let jira =
        workspaces.iter().find(|one| one["id"] == format!("ari:cloud:jira-software::site/{}", simulator.cloud_id()));
    let role = &visitor.get("/rest/api/3/applicationrole").await[0];
    let jira = &jira.unwrap()["attributes"];
    assert_eq!(jira["usage"], role["userCount"]);
    assert_eq!(jira["capacity"], role["numberOfSeats"]);
    assert_eq!(role["remainingSeats"], 3);
    assert!(workspaces.iter().any(|one| one["attributes"]["sandbox"]["type"] == "CHILD"));
}

#[tokio::test]
async fn jira_lists_all_accounts_until_an_empty_page() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut start = 0;
    loop {
        let page = visitor.get(&format!("/rest/api/3/users/search?startAt={start}&maxResults=60")).await;
        let rows = page.as_array().unwrap();
        if rows.is_empty() {
            break;
        }
        start += rows.len();
        for row in rows {
            *kinds.entry(row["accountType"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    let people =
        visitor.search("/directories/-/users/search", json!({"membershipStatus": ["active", "suspended"]})).await;
    let expected = BTreeMap::from([("app".into(), 11), ("atlassian".into(), people.len()), ("customer".into(), 10)]);
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn page_sizes_have_their_limits() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let page = visitor.get("/rest/api/3/project/search?maxResults=5000").await;
    assert_eq!(page["maxResults"], 100);
    let page = visitor.post(&visitor.org("v2", "/directories/-/users/search"), json!({"limit": 5000})).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 100);
    let route = visitor.org("account-management/v1", "/service-accounts");
    assert_eq!(visitor.status(&format!("{route}?limit=81")).await, 400);
    assert_eq!(visitor.status(&format!("{route}?limit=80")).await, 200);
    assert_eq!(visitor.status(&visitor.access("/api-tokens?cursor=made-up")).await, 400);
    assert_eq!(visitor.status("/admin/v1/orgs/someone-else/users").await, 404);
}

#[tokio::test]
async fn keys_are_absent_unless_expanded() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let expanded = ["platformRoles", "productAccess", "groups", "counts"];
    let plain = visitor.search("/directories/-/users/search", json!({})).await;
    assert!(plain.iter().all(|row| expanded.iter().all(|key| row.get(key).is_none())));
    let body = json!({"expand": ["platformRoles", "productAccess", "groups", "counts.resources"]});
    let full = visitor.search("/directories/-/users/search", body).await;
    assert!(full.iter().all(|row| expanded.iter().all(|key| row.get(key).is_some())));
}

#[tokio::test]
async fn a_scoped_key_does_not_open_account_management() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let path = visitor.org("account-management/v1", "/service-accounts");
    let url = format!("{}{path}", simulator.org_url());
    let answer = visitor.client.get(&url).bearer_auth(simulator.org_key()).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    simulator.set_fault("service-accounts", Fault::NoRoute);
    let answer = visitor.request("GET", &visitor.access("/service-accounts"), true).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("failed to match any route"));
    assert_eq!(visitor.get(&path).await["total"], 5);
}

#[tokio::test]
async fn a_destructive_call_is_remembered() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let path = visitor.access("/api-tokens");
    assert_eq!(visitor.request("DELETE", &path, true).send().await.unwrap().status(), 204);
    assert_eq!(simulator.destroyed(), [("DELETE".to_owned(), path.clone())]);
    assert_eq!(simulator.requests().last().unwrap(), &("DELETE".to_owned(), path));
}

#[tokio::test]
async fn one_seed_makes_one_estate_and_another_seed_another() {
    let (first, second) = (demo().await, demo().await);
    let other = Simulator::start(Plan { seed: 8, ..Plan::demo(morning()) }).await.unwrap();
    let rest = "?pageSize=1000";
    let mut texts = Vec::new();
    for simulator in [&first, &second, &other] {
        simulator.night(morning() + TimeDelta::days(1));
        let visitor = Visitor::of(simulator);
        let tokens = visitor.get(&visitor.access(&format!("/api-tokens{rest}"))).await.to_string();
        let schemes = visitor.get("/rest/api/3/permissionscheme?expand=all").await.to_string();
        let people = visitor.get("/rest/api/3/users/search?maxResults=1000").await.to_string();
        let mut others = String::new();
        for name in ["events-stream", "policies", "jira-automation", "filters", "webhooks", "jira-audit"] {
            let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.name == name).unwrap();
            others += &visitor.get(&visitor.example(endpoint.path).await.0).await.to_string();
        }
        texts.push(tokens + &schemes + &people + &others);
    }
    assert_eq!(texts[0], texts[1]);
    assert_ne!(texts[0], texts[2]);
}

#[tokio::test]
async fn every_smallest_estate_has_room_for_all_plants() {
    for seed in 0..40 {
        let plan = Plan { seed, accounts: 0, now: morning(), page_latency: Duration::ZERO };
        let simulator = Simulator::start(plan).await.unwrap();
        for day in 1..=5 {
            simulator.night(morning() + TimeDelta::days(day));
        }
        let truth = simulator.truth();
        let expected: BTreeSet<&str> = truth.plants.iter().map(|plant| plant.expect).collect();
        let known: BTreeSet<&str> = SITUATIONS.iter().map(|(key, _)| *key).collect();
        assert_eq!(expected, known, "seed {seed}");
    }
}

#[tokio::test]
async fn the_answer_sheet_names_things_that_are_there() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let mut seen = visitor.listing("/api-tokens", 1000).await.iter().map(Value::to_string).collect::<String>();
    for path in ["/api-keys?pageSize=100", "/service-accounts/api-tokens", "/service-accounts"] {
        seen += &visitor.get(&visitor.access(path)).await.to_string();
    }
    for path in ["permissionscheme?expand=all", "users/search?maxResults=1000", "group/bulk", "project/search", "role"]
    {
        seen += &visitor.get(&format!("/rest/api/3/{path}")).await.to_string();
    }
    seen += &visitor.post(&visitor.org("v2", "/workspaces"), json!({})).await.to_string();
    for (path, answer) in products::everything(&visitor).await {
        seen += &path;
        seen += &answer.to_string();
    }
    for endpoint in ENDPOINTS {
        let names =
            ["org", "policies", "events-stream", "jira-automation", "filters", "dashboards", "webhooks", "tenant-info"];
        if names.contains(&endpoint.name) {
            seen += &visitor.get(&visitor.example(endpoint.path).await.0).await.to_string();
        }
    }
    seen += &bitbucket_dc::told(&simulator).await;
    seen += &json!(align::users(&simulator).await).to_string();
    seen += &sandbox::told(&simulator).await;
    seen += &self_hosted::told(&simulator).await;
    let truth = simulator.truth();
    let mut ids = BTreeSet::new();
    for plant in truth.plants.iter().chain(&truth.harmless) {
        assert!(ids.insert(&plant.id), "{} is there twice", plant.id);
        assert!(SITUATIONS.iter().any(|(key, _)| *key == plant.expect), "{}", plant.expect);
        for native in &plant.native {
            assert!(seen.contains(native.as_str()), "{}: {native}", plant.id);
        }
    }
}

#[tokio::test]
async fn what_is_not_planted_is_sane() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let planted: BTreeSet<String> = simulator.truth().plants.into_iter().flat_map(|plant| plant.native).collect();
    for token in visitor.listing("/api-tokens", 1000).await {
        if planted.contains(token["id"].as_str().unwrap()) || planted.contains(token["user"]["id"].as_str().unwrap()) {
            continue;
        }
        let time = |key: &str| token[key].as_str().map(|text| text.parse::<DateTime<Utc>>().unwrap());
        let (created, expires) = (time("createdAt").unwrap(), time("expiresAt").expect("it ends"));
        assert!(expires - created <= TimeDelta::days(365), "{token}");
        assert!(expires - morning() > TimeDelta::days(30), "{token}");
        let idle = morning() - time("lastActiveAt").unwrap_or(created);
        assert!(idle < TimeDelta::days(31), "{token}");
        assert_eq!(token["status"], "ALLOWED");
    }
    let body = json!({"expand": ["platformRoles", "productAccess", "groups"]});
    for person in visitor.search("/directories/-/users/search", body).await {
        if planted.contains(person["accountId"].as_str().unwrap()) {
            continue;
        }
        assert!(person["claimStatus"] == "unmanaged" || person["mfaEnabled"] == true, "{person}");
        let seated = person["groups"].as_array().unwrap().iter().any(|group| group["name"] == "jira-users");
        let opened = person["productAccess"].as_array().unwrap().iter().any(|access| {
            let last: DateTime<Utc> = access["lastActiveTimestamp"].as_str().unwrap().parse().unwrap();
            morning() - last < TimeDelta::days(32)
        });
        assert!(!seated || opened || person["status"] != "active", "{person}");
    }
}
