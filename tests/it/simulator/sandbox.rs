//! The sandbox: the accounts of the organisation, and things of its own.

use chrono::TimeDelta;
use keyroll::simulator::{Fault, Simulator};
use serde_json::{Value, json};

use super::{Visitor, demo, morning};

async fn ask(simulator: &Simulator, path: &str) -> reqwest::Response {
    let url = format!("{}{path}", simulator.sandbox_url());
    let request = Visitor::of(simulator).client.get(url);
    request.basic_auth(simulator.site_user(), Some(simulator.site_token())).send().await.unwrap()
}

async fn get(simulator: &Simulator, path: &str) -> Value {
    ask(simulator, path).await.json().await.unwrap()
}

/// All that the sandbox tells of its projects and roles, as one text.
pub(super) async fn told(simulator: &Simulator) -> String {
    let mut told = simulator.sandbox_id().to_owned();
    for project in get(simulator, "/rest/api/3/project/search").await["values"].as_array().unwrap() {
        for role in ["10002", "10010", "10011"] {
            let path = format!("/rest/api/3/project/{}/role/{role}", project["id"].as_str().unwrap());
            told += &get(simulator, &path).await.to_string();
        }
    }
    told
}

#[tokio::test]
async fn the_sandbox_has_the_accounts_of_the_site_and_things_of_its_own() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    for night in 0..=2 {
        if night > 0 {
            simulator.night(morning() + TimeDelta::days(night));
        }
        for path in ["users/search?maxResults=1000", "group/bulk?maxResults=500"] {
            let path = format!("/rest/api/3/{path}");
            let addressed = get(&simulator, &path).await.to_string().replace("acme-sandbox-412.", "acme.");
            assert_eq!(addressed, visitor.get(&path).await.to_string());
        }
        let cloud_id = &get(&simulator, "/_edge/tenant_info").await["cloudId"];
        assert_eq!(cloud_id, simulator.sandbox_id());
        assert_ne!(cloud_id, simulator.cloud_id());
        let roles = get(&simulator, "/rest/api/3/applicationrole").await;
        let workspaces = visitor.search("/workspaces", json!({})).await;
        let id = format!("ari:cloud:jira-software::site/{}", simulator.sandbox_id());
        let workspace = workspaces.iter().find(|one| one["id"] == id).unwrap();
        assert_eq!(roles.as_array().unwrap().len(), 1);
        assert_eq!(roles[0]["userCount"], workspace["attributes"]["usage"]);
        assert_eq!(roles[0]["numberOfSeats"], workspace["attributes"]["capacity"]);
        assert!(roles[0]["remainingSeats"].as_u64().unwrap() > 50);
    }
    assert_eq!(get(&simulator, "/rest/api/3/serverInfo").await["baseUrl"], "https://acme-sandbox-412.atlassian.net");
    let projects = get(&simulator, "/rest/api/3/project/search?status=live&status=archived").await;
    let keys: Vec<&Value> = projects["values"].as_array().unwrap().iter().map(|project| &project["key"]).collect();
    assert_eq!(keys, ["SBX", "TRAIN", "MIG"]);
    let schemes = get(&simulator, "/rest/api/3/permissionscheme?expand=all").await;
    assert_eq!(schemes["permissionSchemes"].as_array().unwrap().len(), 1);
    assert_eq!(get(&simulator, "/rest/webhooks/1.0/webhook").await.as_array().unwrap().len(), 1);
    assert_eq!(get(&simulator, "/rest/api/3/filter/search").await["total"], 0);
    for path in [
        "/rest/api/3/project/10001/role",
        "/rest/api/3/project/10002/permissionscheme",
        "/rest/api/3/myself",
        "/rest/api/3/auditing/record",
        "/rest/api/3/dashboard/search",
        "/rest/servicedeskapi/servicedesk",
    ] {
        assert_eq!(ask(&simulator, path).await.status(), 200, "{path}");
    }
    assert_eq!(ask(&simulator, "/wiki/api/v2/spaces").await.status(), 404);
    let rules = format!("/automation/public/jira/{}/rest/v1/rule/summary", simulator.sandbox_id());
    let rules = visitor.get(&rules).await;
    assert_eq!(rules["data"].as_array().unwrap().len(), 1);
    let all = told(&simulator).await;
    let everything = get(&simulator, "/rest/api/3/webhook").await.to_string() + &all;
    assert!(!everything.contains("https://acme.atlassian.net"));
}

#[tokio::test]
async fn faults_of_one_site_spare_the_other() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    simulator.set_fault("project-search", Fault::Status(403));
    assert_eq!(ask(&simulator, "/rest/api/3/project/search").await.status(), 200);
    simulator.clear_faults();
    simulator.set_sandbox_fault("project-search", Fault::Status(403));
    assert_eq!(ask(&simulator, "/rest/api/3/project/search").await.status(), 403);
    assert_eq!(visitor.status("/rest/api/3/project/search").await, 200);
    simulator.clear_faults();
    assert_eq!(ask(&simulator, "/rest/api/3/project/search").await.status(), 200);
}

#[tokio::test]
async fn one_machine_works_in_both() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let truth = simulator.truth();
    let key = "sandbox-account-in-production";
    let shared: Vec<&str> =
        truth.plants.iter().filter(|plant| plant.expect == key).map(|plant| plant.native[0].as_str()).collect();
    let in_sandbox = told(&simulator).await;
    let mut in_production = String::new();
    for project in visitor.bean("/rest/api/3/project/search?").await {
        for role in ["10002", "10010", "10011"] {
            let path = format!("/rest/api/3/project/{}/role/{role}", project["id"].as_str().unwrap());
            in_production += &visitor.get(&path).await.to_string();
        }
    }
    let accounts = visitor.get("/rest/api/3/users/search?maxResults=1000").await;
    let machines = accounts.as_array().unwrap().iter().filter(|row| row["appType"] == "service");
    let both: Vec<&str> = machines
        .map(|row| row["accountId"].as_str().unwrap())
        .filter(|account| in_sandbox.contains(account) && in_production.contains(account))
        .collect();
    assert_eq!(both, shared);
}
