//! What depends on version and edition: what is gone is a page for people with 404, what is refused is JSON.

use keyroll::simulator::{Edition, Fault};
use serde_json::json;

use super::super::demo;
use super::Guest;

const GONE: (u16, bool) = (404, true);
const THERE: (u16, bool) = (200, false);

#[tokio::test]
async fn paths_of_jira_come_and_go_with_its_versions() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for (version, list, old_hooks, new_hooks, tokens, clients) in [
        ("8.20", GONE, THERE, GONE, THERE, GONE),
        ("9.12", GONE, THERE, GONE, THERE, THERE),
        ("10.0", GONE, GONE, THERE, THERE, THERE),
        ("10.3", THERE, GONE, THERE, THERE, THERE),
        ("11.2", THERE, GONE, THERE, THERE, THERE),
    ] {
        simulator.set_jira_dc_version(version);
        for (path, expected) in [
            ("/rest/api/2/user/list", list),
            ("/rest/webhooks/1.0/webhook", old_hooks),
            ("/rest/jira-webhook/1.0/webhooks", new_hooks),
            ("/rest/pat/latest/tokens", tokens),
            ("/rest/oauth2/latest/client", clients),
        ] {
            assert_eq!(guest.refusal("jira-dc", path).await, expected, "{path} in {version}");
        }
        let info = guest.get("jira-dc", "/rest/api/2/serverInfo").await;
        assert!(info["version"].as_str().unwrap().starts_with(version), "{info}");
        assert_eq!(info["deploymentType"], "Server");
        let me = guest.get("jira-dc", "/rest/api/2/myself").await;
        assert_eq!(me.get("lastLoginTime").is_some(), list == THERE, "{version}");
        let nodes = guest.get("jira-dc", "/rest/api/2/cluster/nodes").await;
        assert!(nodes.as_array().unwrap().iter().all(|node| node["nodeVersion"] == info["version"]));
    }
    let path = "/rest/api/2/user/search?username=.&maxResults=1000";
    assert_eq!(guest.get("jira-dc", path).await.as_array().unwrap().len(), 100, "later versions tell a hundred");
}

#[tokio::test]
async fn passwords_get_in_where_they_may() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let ask = async |host: &str, path: &str, (user, password): (String, &str)| {
        guest.request(host, "GET", path).basic_auth(user, Some(password)).send().await.unwrap().status().as_u16()
    };
    let jira = "/rest/api/2/myself";
    assert_eq!(ask("jira-dc", jira, simulator.jira_dc_login()).await, 200);
    assert_eq!(ask("jira-dc", jira, ("nobody".to_owned(), "x")).await, 401);
    assert_eq!(
        ask("jira-dc", jira, ("svc".to_owned(), simulator.jira_dc_token())).await,
        401,
        "a token is no password"
    );
    assert_eq!(ask("confluence-dc", "/rest/api/user/current", simulator.confluence_dc_login()).await, 403);
    let policy = guest.get("confluence-dc", "/rest/basicauth/1.0/config").await;
    assert_eq!(
        policy,
        json!({"block-requests": true, "allowed-paths": [], "allowed-users": ["svc-legacy"],
        "show-warning-message": false})
    );
    simulator.set_jira_dc_version("11.2");
    assert_eq!(ask("jira-dc", jira, simulator.jira_dc_login()).await, 403);
    assert_eq!(guest.get("jira-dc", "/rest/basicauth/latest/config").await["block-requests"], true);
    // Before tokens there were passwords alone.
    simulator.set_jira_dc_version("8.13");
    assert_eq!(guest.refusal("jira-dc", jira).await, (401, false));
    assert_eq!(ask("jira-dc", jira, simulator.jira_dc_login()).await, 200);
    assert_eq!(guest.refusal("jira-dc", "/rest/pat/latest/tokens").await, GONE);
}

#[tokio::test]
async fn what_needs_a_data_center_licence_is_refused_without() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    simulator.set_jira_dc_edition(Edition::Server);
    simulator.set_confluence_dc_edition(Edition::Server);
    for host in ["jira-dc", "confluence-dc"] {
        let search = guest.request(host, "POST", "/rest/pat/latest/tokens/search").bearer_auth(guest.token(host, 0));
        let answer = search.json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{host}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
        assert_eq!(
            guest.refusal(host, "/rest/pat/latest/tokens").await,
            THERE,
            "one's own tokens are told all the same"
        );
    }
    assert_eq!(guest.refusal("jira-dc", "/rest/api/2/cluster/nodes").await, (405, false));
    let licence = guest.get("jira-dc", "/rest/plugins/applications/1.0/installed/jira-software/license").await;
    assert_eq!(licence["dataCenter"], false);
}

#[tokio::test]
async fn paths_of_confluence_come_and_go_with_its_versions() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for (version, information, named, permissions) in [
        ("7.19", GONE, GONE, GONE),
        ("8.5", GONE, GONE, THERE),
        ("10.0", THERE, GONE, THERE),
        ("10.2", THERE, THERE, THERE),
    ] {
        simulator.set_confluence_dc_version(version);
        for (path, expected) in [
            ("/rest/api/server-information", information),
            ("/rest/api/group/member?groupName=confluence-users", named),
            ("/rest/api/permissions", permissions),
            ("/rest/api/space/ENG/permissions", permissions),
        ] {
            assert_eq!(guest.refusal("confluence-dc", path).await, expected, "{path} in {version}");
        }
        let manifest = guest.get("confluence-dc", "/rest/applinks/1.0/manifest").await;
        assert!(manifest["version"].as_str().unwrap().starts_with(version), "{manifest}");
    }
}

#[tokio::test]
async fn the_answer_sheet_follows_the_version() {
    let simulator = demo().await;
    let situations = || {
        let truth = simulator.truth();
        let of_jira = |id: &str| id.ends_with("-of-jira");
        let mut names: Vec<String> =
            truth.plants.iter().map(|plant| plant.id.clone()).filter(|id| of_jira(id)).collect();
        names.sort();
        names
    };
    assert_eq!(situations(), ["plant-dc-basic-auth-of-jira", "plant-dc-cluster-of-jira"]);
    simulator.set_jira_dc_version("9.12");
    assert_eq!(situations(), ["plant-dc-basic-auth-of-jira", "plant-dc-version-of-jira"]);
    simulator.set_jira_dc_version("11.2");
    assert_eq!(situations(), Vec::<String>::new());
    simulator.set_jira_dc_edition(Edition::Server);
    assert_eq!(situations(), ["plant-dc-version-of-jira"]);
    assert!(simulator.truth().harmless.iter().any(|plant| plant.id == "harmless-dc-version-of-confluence"));
}

#[tokio::test]
async fn a_fault_does_not_bring_back_what_is_gone() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    simulator.set_jira_dc_version("9.12");
    simulator.set_fault("jira-dc-user-list", Fault::Status(403));
    assert_eq!(guest.refusal("jira-dc", "/rest/api/2/user/list").await, GONE);
}
