//! Jira Align: its pages, who may ask what, what is planted, and what a night changes.

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::simulator::{ENDPOINTS, Fault, Simulator};
use serde_json::{Value, json};

use super::{Visitor, demo, morning};

async fn ask(simulator: &Simulator, token: &str, path: &str) -> reqwest::Response {
    let url = format!("{}{path}", simulator.align_url());
    Visitor::of(simulator).client.get(url).bearer_auth(token).send().await.unwrap()
}

async fn get(simulator: &Simulator, path: &str) -> Value {
    ask(simulator, simulator.align_token(), path).await.json().await.unwrap()
}

/// All users, page by page until one is not full.
pub(super) async fn users(simulator: &Simulator) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let path = format!("/rest/align/api/2/users?%24top=100&%24skip={}", rows.len());
        let page = get(simulator, &path).await;
        let page = page.as_array().unwrap().clone();
        let full = page.len() == 100;
        rows.extend(page);
        if !full {
            return rows;
        }
    }
}

#[tokio::test]
async fn pages_have_a_hundred_rows_at_most() {
    let simulator = demo().await;
    let all = users(&simulator).await;
    assert!(all.len() > 100, "{}", all.len());
    let page = get(&simulator, "/rest/align/api/2/Users?$top=5000").await;
    assert_eq!(page, json!(all[..100]));
    assert_eq!(get(&simulator, "/rest/align/api/2/USERS").await, page);
    assert_eq!(get(&simulator, "/rest/align/api/2/users?$top=3&$skip=4").await, json!(all[4..7]));
    let active = get(&simulator, "/rest/align/api/2/users?$filter=isActive%20eq%20true").await;
    assert!(active.as_array().unwrap().iter().all(|user| user["isActive"] == true));
    let bad = ask(&simulator, simulator.align_token(), "/rest/align/api/2/users?$top=many").await;
    assert_eq!(bad.status(), 400);
    simulator.set_fault("align-users", Fault::DropRows(1));
    assert_eq!(get(&simulator, "/rest/align/api/2/users").await.as_array().unwrap().len(), 99);
}

#[tokio::test]
async fn roles_reach_as_far_as_they_do() {
    let simulator = demo().await;
    let tokens = [
        simulator.align_token(),
        simulator.align_manager_token(),
        simulator.align_plain_token(),
        simulator.bitbucket_dc_token(),
    ];
    for (path, expected) in [
        ("users", [200, 200, 403, 401]),
        ("users/WhoAmI", [200, 200, 200, 401]),
        ("Programs", [200, 200, 200, 401]),
        ("portfolios", [200, 200, 200, 401]),
        ("teams", [200, 200, 200, 401]),
        ("roles", [404, 404, 404, 404]),
    ] {
        for (token, expected) in tokens.iter().zip(expected) {
            let answer = ask(&simulator, token, &format!("/rest/align/api/2/{path}")).await;
            assert_eq!(answer.status(), expected, "{path}");
            assert!(!answer.headers().contains_key("x-ausername"));
            if expected == 404 {
                assert_eq!(answer.text().await.unwrap(), "", "what it does not know it says nothing about");
            }
        }
    }
    let me = get(&simulator, "/rest/align/api/2/users/whoami").await;
    assert_eq!((&me["roleId"], &me["isActive"]), (&json!(1), &json!(true)));
    assert!(users(&simulator).await.contains(&me));
    let swagger = get(&simulator, "/rest/align/api/docs/v2/swagger.json").await;
    assert!(swagger["paths"].get("/rest/align/api/2/Users").is_some());
    assert_eq!(ENDPOINTS.iter().filter(|endpoint| endpoint.host() == "jira-align").count(), 6);
}

#[tokio::test]
async fn the_answers_show_what_the_answer_sheet_says_and_nothing_else() {
    for seed in [7, 8] {
        let plan = keyroll::simulator::Plan { seed, ..keyroll::simulator::Plan::demo(morning()) };
        let simulator = Simulator::start(plan).await.unwrap();
        let visitor = Visitor::of(&simulator);
        let people = visitor.search("/directories/-/users/search", json!({})).await;
        let status = |user: &Value| {
            let person = people.iter().find(|person| person["email"] == user["email"]);
            person.map(|person| person["status"].as_str().unwrap().to_owned())
        };
        let (mut left, mut idle) = (Vec::new(), Vec::new());
        for user in users(&simulator).await.iter().filter(|user| user["isActive"] == true) {
            if status(user).as_deref() == Some("deactivated") {
                left.push(user["id"].to_string());
                assert!(user["roleId"] == 1, "only who has a part is active here and nowhere else: {user}");
                continue;
            }
            let seen = |key: &str| user[key].as_str().map(|text| text.parse::<DateTime<Utc>>().unwrap());
            let last = seen("lastLoginDate").or(seen("createDate")).unwrap();
            if morning() - last > TimeDelta::days(90) {
                idle.push(user["id"].to_string());
            }
        }
        let told = |key: &str| -> Vec<String> {
            let truth = simulator.truth();
            truth.plants.iter().filter(|plant| plant.expect == key).map(|plant| plant.native[0].clone()).collect()
        };
        assert_eq!(left, told("align-configurator-left"), "seed {seed}");
        assert_eq!(idle, told("align-user-dormant"), "seed {seed}");
    }
}

#[tokio::test]
async fn a_night_changes_exactly_what_the_answer_sheet_says() {
    let simulator = demo().await;
    let mut before = users(&simulator).await;
    for night in 1..=3 {
        let told = simulator.truth().drift.len();
        simulator.night(morning() + TimeDelta::days(night));
        let after = users(&simulator).await;
        let changed = before.iter().zip(&after).filter(|(was, is)| was != is).map(|(was, _)| was["id"].to_string());
        let truth = simulator.truth();
        let drift = truth.drift[told..].iter().filter(|drift| drift.id.starts_with("drift-align-"));
        let expected: Vec<String> = drift.map(|drift| drift.native[0].clone()).collect();
        assert_eq!((changed.collect::<Vec<_>>(), expected.len()), (expected, 1), "night {night}");
        before = after;
    }
}
