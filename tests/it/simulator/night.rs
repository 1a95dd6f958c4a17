//! What a night changes is what the answer sheet says, no more and no less.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use keyroll::simulator::{Plant, Simulator, Truth};
use serde_json::{Value, json};

use super::{Visitor, demo, morning, products};

/// Everything that a night may change, as one line per thing and field.
async fn picture(simulator: &Simulator) -> BTreeMap<String, String> {
    let visitor = Visitor::of(simulator);
    let mut lines = BTreeMap::new();
    for mut token in visitor.listing("/api-tokens", 1000).await {
        let id = token["id"].as_str().unwrap().to_owned();
        let used = token.as_object_mut().unwrap().remove("lastActiveAt").unwrap_or_default();
        lines.insert(format!("used {id}"), used.to_string());
        lines.insert(format!("credential {id}"), token.to_string());
    }
    for key in visitor.listing("/api-keys", 1000).await {
        lines.insert(format!("credential {}", key["id"].as_str().unwrap()), key.to_string());
    }
    let body = json!({"expand": ["platformRoles", "productAccess", "groups"]});
    for mut person in visitor.search("/directories/-/users/search", body).await {
        let account = person["accountId"].as_str().unwrap().to_owned();
        for group in person["groups"].take().as_array().unwrap() {
            lines.insert(format!("membership {account} {}", group["id"].as_str().unwrap()), String::new());
        }
        lines.insert(format!("principal {account}"), person.to_string());
    }
    for project in visitor.bean("/rest/api/3/project/search?status=live&status=archived&").await {
        let project = project["id"].as_str().unwrap();
        for role in ["10002", "10010", "10011", "10003"] {
            let answer = visitor.get(&format!("/rest/api/3/project/{project}/role/{role}")).await;
            for actor in answer["actors"].as_array().unwrap() {
                let who = actor.pointer("/actorUser/accountId").or(actor.pointer("/actorGroup/groupId")).unwrap();
                lines.insert(format!("grant {} {project} {role}", who.as_str().unwrap()), String::new());
            }
        }
    }
    for workspace in visitor.search("/workspaces", json!({})).await {
        lines.insert(format!("container {}", workspace["id"].as_str().unwrap()), workspace.to_string());
    }
    let shared = "expand=owner,jql,sharePermissions,editPermissions&";
    for (kind, path) in [
        ("filter", format!("/rest/api/3/filter/search?overrideSharePermissions=true&{shared}")),
        ("dashboard", format!("/rest/api/3/dashboard/search?{shared}")),
    ] {
        for item in visitor.bean(&path).await {
            lines.insert(format!("{kind} {}", item["id"].as_str().unwrap()), item.to_string());
        }
    }
    for webhook in visitor.get("/rest/webhooks/1.0/webhook").await.as_array().unwrap() {
        let id = webhook["self"].as_str().unwrap().rsplit('/').next().unwrap();
        lines.insert(format!("webhook {id}"), webhook.to_string());
    }
    for app in visitor.get("/rest/plugins/1.0/").await["plugins"].as_array().unwrap() {
        lines.insert(format!("app {}", app["key"].as_str().unwrap()), app.to_string());
    }
    let rules = visitor.get(&visitor.automation("?limit=100")).await;
    assert_eq!(rules["links"]["next"], Value::Null);
    lines.insert("automation".into(), rules.to_string());
    lines.insert("policies".into(), visitor.get(&visitor.org("v1", "/policies")).await.to_string());
    for (path, answer) in products::everything(&visitor).await {
        products::draw(&path, &answer, &mut lines);
    }
    lines.insert("schemes".into(), visitor.get("/rest/api/3/permissionscheme?expand=all").await.to_string());
    lines.insert("machines".into(), visitor.get(&visitor.access("/service-accounts/api-tokens")).await.to_string());
    lines
}

#[tokio::test]
async fn a_night_changes_exactly_what_the_answer_sheet_says() {
    let simulator = demo().await;
    let mut before = picture(&simulator).await;
    for night in 1..=3 {
        let told = simulator.truth().drift.len();
        simulator.night(morning() + TimeDelta::days(night));
        let after = picture(&simulator).await;
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let differ = |key: &&&String| before.get(**key) != after.get(**key);
        // A token that comes or goes takes its last use along.
        let moves_alone = |key: &&&String| match key.strip_prefix("used ") {
            Some(_) => before.contains_key(**key) && after.contains_key(**key),
            None => true,
        };
        let changed: BTreeSet<String> =
            keys.iter().filter(differ).filter(moves_alone).map(|key| (*key).clone()).collect();
        let drift = &simulator.truth().drift[told..];
        // What else changes is looked at in the tests of those products.
        let elsewhere = |id: &str| id.starts_with("drift-dc-") || id.starts_with("drift-align-");
        let expected: BTreeSet<String> = drift
            .iter()
            .filter(|drift| !elsewhere(&drift.id))
            .map(|drift| match (drift.what, drift.kind) {
                ("used", _) => format!("used {}", drift.native[0]),
                (_, "credential" | "principal" | "filter" | "webhook" | "app") => {
                    format!("{} {}", drift.kind, drift.native[0])
                }
                (_, kind) => format!("{kind} {}", drift.native.join(" ")),
            })
            .collect();
        assert_eq!(changed, expected, "night {night}");
        for drift in drift.iter().filter(|drift| drift.kind == "credential" && !elsewhere(&drift.id)) {
            let key = format!("credential {}", drift.native[0]);
            let there = (before.contains_key(&key), after.contains_key(&key));
            let wanted = match drift.what {
                "added" => (false, true),
                "removed" => (true, false),
                _ => (true, true),
            };
            assert_eq!(there, wanted, "{}", drift.id);
        }
        before = after;
    }
}

#[tokio::test]
async fn what_the_calendar_ends_becomes_something_else() {
    let simulator = demo().await;
    let soon =
        |truth: &Truth| truth.plants.iter().find(|plant| plant.id == "plant-token-expires-in-3-days").unwrap().clone();
    let later = morning() + TimeDelta::days(4);
    let plant = soon(&simulator.truth());
    assert!(plant.holds_at(morning()) && !plant.holds_at(later));
    simulator.night(later);
    let truth = simulator.truth();
    let expired = |plant: &&Plant| plant.expect == "token-expired" && plant.since == later;
    let native: Vec<_> = truth.plants.iter().filter(expired).map(|plant| plant.native.clone()).collect();
    assert_eq!(native, [plant.native]);
}
