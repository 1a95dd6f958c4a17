//! Reads the situations beside people and credentials off the answers themselves, as a careful person would, and
//! finds exactly what the answer sheet says: nothing ordinary is wrong, nothing planted is out of sight.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use keyroll::simulator::{Plan, Simulator};
use serde_json::Value;

use super::{Visitor, morning};

/// Native ids by situation.
type Found = BTreeMap<&'static str, BTreeSet<String>>;

const READ_OFF: &[&str] = &[
    "app-acts-for-person",
    "automation-acts-as-person",
    "automation-owner-gone",
    "customer-on-agent-seat",
    "everybody-in-default-role",
    "filter-open-to-logged-in",
    "filter-owner-inactive",
    "ip-allowlist-disabled",
    "machine-in-default-role",
    "public-dashboard",
    "public-filter",
    "token-used-by-other",
    "webhook-over-http",
    "webhook-secret-in-url",
    "webhook-set-by-leaver",
];

fn rows<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    answer[key].as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn read_off(visitor: &Visitor<'_>) -> Found {
    let accounts = visitor.get("/rest/api/3/users/search?maxResults=1000").await;
    let accounts: BTreeMap<String, (String, bool)> = accounts
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(&row["accountId"]), (text(&row["accountType"]), row["active"] == true)))
        .collect();
    let is_gone = |account: &Value| accounts.get(&text(account)).is_some_and(|(_, active)| !active);
    let is_person = |account: &Value| accounts.get(&text(account)).is_some_and(|(kind, _)| kind == "atlassian");
    let mut found = Found::new();
    let mut note = |situation: &'static str, holds: bool, id: &Value| {
        if holds {
            found.entry(situation).or_default().insert(text(id));
        }
    };

    let shared = |row: &Value, kinds: &[&str]| {
        rows(row, "sharePermissions").iter().any(|share| kinds.contains(&share["type"].as_str().unwrap()))
    };
    let expand = "expand=owner,sharePermissions,editPermissions&";
    let path = format!("/rest/api/3/filter/search?overrideSharePermissions=true&{expand}");
    for filter in visitor.bean(&path).await {
        let id = &filter["id"];
        note("public-filter", shared(&filter, &["global"]), id);
        note("filter-open-to-logged-in", shared(&filter, &["loggedin", "authenticated"]), id);
        let used_by_others = !rows(&filter, "sharePermissions").is_empty();
        note("filter-owner-inactive", used_by_others && filter["owner"]["active"] == false, id);
    }
    for dashboard in visitor.bean(&format!("/rest/api/3/dashboard/search?{expand}")).await {
        note("public-dashboard", shared(&dashboard, &["global"]), &dashboard["id"]);
        assert_eq!(dashboard["owner"]["active"], true, "{dashboard}");
    }
    for webhook in visitor.get("/rest/webhooks/1.0/webhook").await.as_array().unwrap() {
        let id = Value::from(webhook["self"].as_str().unwrap().rsplit('/').next().unwrap());
        let url = webhook["url"].as_str().unwrap();
        note("webhook-over-http", webhook["enabled"] == true && url.starts_with("http:"), &id);
        note("webhook-secret-in-url", url.contains("token=") || url.contains('@'), &id);
        note("webhook-set-by-leaver", is_gone(&webhook["lastUpdatedUser"]), &id);
    }
    for rule in rows(&visitor.get(&visitor.automation("?limit=100")).await, "data") {
        let (enabled, actor) = (rule["state"] == "ENABLED", &rule["actorAccountId"]);
        let orphaned = is_gone(actor) || is_gone(&rule["authorAccountId"]);
        note("automation-acts-as-person", enabled && is_person(actor), &rule["uuid"]);
        note("automation-owner-gone", enabled && orphaned, &rule["uuid"]);
    }
    for actor in visitor.get("/rest/api/3/role").await.as_array().unwrap().iter().flat_map(|role| rows(role, "actors"))
    {
        let service = accounts.get(&text(&actor["actorUser"]["accountId"])).is_some_and(|(kind, _)| kind == "app");
        note("machine-in-default-role", service, &actor["actorUser"]["accountId"]);
        let everybody = actor["actorGroup"]["name"] == "jira-users";
        note("everybody-in-default-role", everybody, &actor["actorGroup"]["groupId"]);
    }
    for policy in rows(&visitor.get(&visitor.org("v1", "/policies?type=ip-allowlist")).await, "data") {
        note("ip-allowlist-disabled", policy["attributes"]["status"] == "disabled", &policy["id"]);
    }
    let agents = visitor.bean("/rest/api/3/group/bulk?groupName=jsm-agents&").await;
    let path = format!("/rest/api/3/group/member?groupId={}&", text(&agents[0]["groupId"]));
    for member in visitor.bean(&path).await {
        note("customer-on-agent-seat", member["accountType"] == "customer", &member["accountId"]);
    }
    let tokens = visitor.listing("/api-tokens", 1000).await;
    let owners: BTreeMap<String, &Value> =
        tokens.iter().map(|token| (text(&token["id"]), &token["user"]["id"])).collect();
    for event in rows(&visitor.get(&visitor.org("v1", "/events-stream?limit=500")).await, "data") {
        let actor = &event["attributes"]["actor"];
        note(
            "app-acts-for-person",
            actor.get("app").is_some() && actor.get("onBehalfOf").is_some(),
            &actor["app"]["id"],
        );
        let token = &actor["auth"]["tokenId"];
        let lent = owners.get(&text(token)).is_some_and(|owner| **owner != actor["id"]);
        note("token-used-by-other", lent, token);
    }
    found
}

fn told(simulator: &Simulator) -> Found {
    let mut told = Found::new();
    // Ids of Bitbucket have braces; its webhooks are looked at elsewhere.
    for plant in simulator.truth().plants.into_iter().filter(|plant| !plant.native[0].starts_with('{')) {
        for situation in std::iter::once(plant.expect).chain(plant.also.iter().copied()) {
            if READ_OFF.contains(&situation) {
                told.entry(situation).or_default().insert(plant.native[0].clone());
            }
        }
    }
    told
}

#[tokio::test]
async fn the_answers_show_what_the_answer_sheet_says_and_nothing_else() {
    for (seed, accounts) in [(7, 200), (8, 0), (21, 400)] {
        let plan = Plan { seed, accounts, now: morning(), page_latency: Duration::ZERO };
        let simulator = Simulator::start(plan).await.unwrap();
        let visitor = Visitor::of(&simulator);
        for night in 0..=4 {
            if night > 0 {
                simulator.night(morning() + TimeDelta::days(night));
            }
            let (found, told) = (read_off(&visitor).await, told(&simulator));
            assert_eq!(told.len(), READ_OFF.len());
            assert_eq!(found, told, "seed {seed}, night {night}");
        }
    }
}
