//! What a night changes in the self-hosted Jira and Confluence is what the answer sheet says, no more and no less.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use keyroll::simulator::Simulator;
use serde_json::Value;

use super::super::{demo, morning};
use super::Guest;

/// Everything that a night may change, as one line per thing.
async fn picture(simulator: &Simulator) -> BTreeMap<String, String> {
    let guest = Guest::of(simulator);
    let mut lines = BTreeMap::new();
    let text = |row: &Value, key: &str| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned);
    for host in ["jira-dc", "confluence-dc"] {
        for mut token in guest.tokens(host, 100).await {
            let id = text(&token, "id");
            let used = token.as_object_mut().unwrap().remove("lastAccessedAt").unwrap_or_default();
            lines.insert(format!("used {id}"), used.to_string());
            lines.insert(format!("credential {id}"), token.to_string());
        }
        for path in ["/rest/applinks/3.0/applinks", "/rest/oauth2/latest/client", "/rest/basicauth/latest/config"] {
            lines.insert(format!("{host} {path}"), guest.get(host, path).await.to_string());
        }
    }
    for user in guest.get("jira-dc", "/rest/api/2/user/list").await["values"].as_array().unwrap() {
        lines.insert(format!("principal {}", text(user, "key")), user.to_string());
    }
    for user in guest.results("/rest/api/user/list?limit=200&expand=status").await {
        lines.insert(format!("principal {}", text(&user, "userKey")), user.to_string());
    }
    for group in guest.get("jira-dc", "/rest/api/2/groups/picker?maxResults=999").await["groups"].as_array().unwrap() {
        lines.insert(format!("group {}", text(group, "name")), group.to_string());
    }
    for role in guest.get("jira-dc", "/rest/api/2/applicationrole").await.as_array().unwrap() {
        lines.insert(format!("container application:{}", text(role, "key")), role.to_string());
    }
    let count = guest.get("confluence-dc", "/rest/license/1.0/license/userCount").await;
    lines.insert("container application:confluence".to_owned(), count.to_string());
    for path in ["/rest/api/2/permissionscheme?expand=all", "/rest/api/2/project?expand=lead", "/rest/api/2/serverInfo"]
    {
        let mut answer = guest.get("jira-dc", path).await;
        if let Some(now) = answer.get_mut("serverTime") {
            *now = Value::Null;
        }
        lines.insert(path.to_owned(), answer.to_string());
    }
    lines.insert("hooks".to_owned(), guest.get("jira-dc", "/rest/jira-webhook/1.0/webhooks").await.to_string());
    lines.insert("rights".to_owned(), guest.get("confluence-dc", "/rest/api/permissions").await.to_string());
    lines
}

#[tokio::test]
async fn a_night_changes_exactly_what_the_answer_sheet_says() {
    let simulator = demo().await;
    let mut before = picture(&simulator).await;
    for night in 1..=4 {
        let told = simulator.truth().drift.len();
        simulator.night(morning() + TimeDelta::days(night));
        let after = picture(&simulator).await;
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let differ = |key: &&&String| before.get(**key) != after.get(**key);
        // A token that comes or goes takes its last use along; a project tells its lead along.
        let moves_alone = |key: &&&String| match key.strip_prefix("used ") {
            Some(_) => before.contains_key(**key) && after.contains_key(**key),
            None => true,
        };
        let changed: BTreeSet<String> =
            keys.iter().filter(differ).filter(moves_alone).map(|key| (*key).clone()).collect();
        let drift = simulator.truth().drift.split_off(told);
        let drift: Vec<_> = drift.into_iter().filter(|drift| drift.id.starts_with("drift-dc-directory-")).collect();
        let expected: BTreeSet<String> = drift
            .iter()
            .map(|drift| match drift.what {
                "used" => format!("used {}", drift.native[0]),
                _ => format!("{} {}", drift.kind, drift.native[0]),
            })
            // A token that is used and then revoked is only gone.
            .filter(|key| key.strip_prefix("used ").is_none_or(|id| after.contains_key(&format!("credential {id}"))))
            .collect();
        assert_eq!(changed, expected, "night {night}");
        let whats: BTreeSet<(&str, &str)> = drift.iter().map(|drift| (drift.what, drift.kind)).collect();
        for wanted in
            [("added", "credential"), ("removed", "credential"), ("changed", "principal"), ("changed", "group")]
        {
            assert!(whats.contains(&wanted), "night {night} has no {wanted:?}");
        }
        before = after;
    }
}

#[tokio::test]
async fn somebody_is_deactivated_while_their_token_lives() {
    let simulator = demo().await;
    simulator.night(morning() + TimeDelta::days(1));
    let truth = simulator.truth();
    let plants = truth.plants.iter().filter(|plant| plant.id.starts_with("plant-dc-directory-token-"));
    let natives: Vec<&Vec<String>> = plants.map(|plant| &plant.native).collect();
    assert!(!natives.is_empty());
    let guest = Guest::of(&simulator);
    for native in natives.iter().filter(|native| native[1].starts_with("JIRAUSER")) {
        let owner = guest.get("jira-dc", &format!("/rest/api/2/user?key={}", native[1])).await;
        assert_eq!(owner["active"], false);
    }
    let log = guest.get("jira-dc", "/rest/auditing/1.0/events?limit=10").await.to_string();
    assert!(log.contains("personal.access.tokens") && log.contains("jira.auditing.global.permission.added"), "{log}");
}
