//! What the pretended site has beside people and permissions: filters, dashboards, webhooks, apps, automation rules,
//! its own audit records and service desks. Pages, limits and refusals.

use std::collections::BTreeSet;

use keyroll::simulator::{Fault, Plan, Simulator};
use serde_json::Value;

use super::{Visitor, demo, morning};

#[tokio::test]
async fn filters_and_dashboards_come_in_pages() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let all = visitor.bean("/rest/api/3/filter/search?overrideSharePermissions=true&").await;
    let visible = visitor.bean("/rest/api/3/filter/search?").await;
    let dashboards = visitor.bean("/rest/api/3/dashboard/search?").await;
    assert!(25 < visible.len() && visible.len() < all.len(), "{} of {}", visible.len(), all.len());
    assert!(dashboards.len() > 25, "{}", dashboards.len());
    for rows in [&all, &dashboards] {
        let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), rows.len());
        assert!(rows.iter().all(|row| ["owner", "sharePermissions"].iter().all(|key| row.get(key).is_none())));
    }
    for path in ["filter/search?", "dashboard/search?"] {
        assert_eq!(visitor.get(&format!("/rest/api/3/{path}")).await["maxResults"], 50);
        assert_eq!(visitor.get(&format!("/rest/api/3/{path}maxResults=5000")).await["maxResults"], 100);
        let page = visitor.get(&format!("/rest/api/3/{path}startAt=25&maxResults=25")).await;
        assert_eq!((&page["startAt"], page["values"].as_array().unwrap().is_empty()), (&25.into(), false));
    }
}

/// What the reader may not see does not show: neither to the reader nor, of dashboards, to an administrator.
#[tokio::test]
async fn only_what_is_shared_with_the_reader_is_seen_without_an_override() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let path = "/rest/api/3/dashboard/search?overrideSharePermissions=true&expand=sharePermissions&";
    let dashboards = visitor.bean(path).await;
    assert_eq!(dashboards.len(), visitor.bean("/rest/api/3/dashboard/search?").await.len());
    let me = visitor.get("/rest/api/3/myself?expand=groups").await;
    let groups: BTreeSet<&str> =
        me["groups"]["items"].as_array().unwrap().iter().map(|group| group["groupId"].as_str().unwrap()).collect();
    let filters = visitor.bean("/rest/api/3/filter/search?expand=owner,sharePermissions,editPermissions&").await;
    for filter in filters {
        let mine = filter["owner"]["accountId"] == me["accountId"];
        let mut shares = ["sharePermissions", "editPermissions"]
            .into_iter()
            .flat_map(|key| filter[key].as_array().unwrap())
            .map(|share| (share["type"].as_str().unwrap(), share));
        let shared = shares.any(|(kind, share)| match kind {
            "group" => groups.contains(share["group"]["groupId"].as_str().unwrap()),
            "user" => share["user"]["accountId"] == me["accountId"],
            kind => ["global", "loggedin", "authenticated", "project"].contains(&kind),
        });
        assert!(mine || shared, "{filter}");
    }
}

#[tokio::test]
async fn the_plugin_manager_wants_its_media_type() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let url = format!("{}/rest/plugins/1.0/", simulator.site_url());
    let ask = visitor.client.get(url).basic_auth(simulator.site_user(), Some(simulator.site_token()));
    assert_eq!(ask.header("accept", "application/json").send().await.unwrap().status(), 406);
    let answer = visitor.get("/rest/plugins/1.0/").await;
    let apps = answer["plugins"].as_array().unwrap();
    let keys = ["enabled", "key", "links", "name", "userInstalled", "vendor", "version"];
    assert!(apps.iter().all(|app| app.as_object().unwrap().keys().all(|key| keys.contains(&key.as_str()))));
    let installed = apps.iter().filter(|app| app["userInstalled"] == true).count();
    assert!(0 < installed && installed < apps.len());
}

/// The keys that the notes name; the list has no example.
#[tokio::test]
async fn webhooks_have_the_keys_they_are_known_for() {
    let simulator = demo().await;
    let webhooks = Visitor::of(&simulator).get("/rest/webhooks/1.0/webhook").await;
    let known = BTreeSet::from([
        "enabled",
        "events",
        "filters",
        "lastUpdated",
        "lastUpdatedDisplayName",
        "lastUpdatedUser",
        "name",
        "self",
        "url",
    ]);
    for webhook in webhooks.as_array().unwrap() {
        let keys: BTreeSet<&str> = webhook.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, known);
        assert!(webhook["lastUpdated"].is_u64() && webhook["events"].is_array(), "{webhook}");
    }
    let text = webhooks.to_string();
    let mut secrets = simulator.planted_secrets();
    secrets.retain(|secret| secret.starts_with("planted-secret-"));
    assert_eq!(secrets.len(), 2);
    assert!(secrets.iter().all(|secret| text.contains(secret.as_str())));
}

#[tokio::test]
async fn automation_rules_are_told_page_by_page_with_a_query_string() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let mut rest = "?limit=10".to_owned();
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let page = visitor.get(&visitor.automation(&rest)).await;
        rows.extend(page["data"].as_array().unwrap().clone());
        rest = page["links"]["next"].as_str().unwrap_or_default().to_owned();
        assert!(rest.is_empty() || rest.starts_with("?cursor="), "{rest}");
    }
    let whole = visitor.get(&visitor.automation("")).await;
    assert_eq!(whole["data"].as_array().unwrap(), &rows);
    let early: Vec<&Value> = rows.iter().filter(|row| row.get("uuid").is_none()).collect();
    assert_eq!(early.len(), 1);
    assert!(early[0]["idUuid"].is_string() && early[0].get("actorAccountId").is_none());
    assert!(early[0]["ruleScope"]["resources"].is_array());
    for rest in ["?limit=0", "?limit=101", "?limit=many", "?cursor=made-up"] {
        assert_eq!(visitor.status(&visitor.automation(rest)).await, 400, "{rest}");
    }
    assert_eq!(visitor.status("/automation/public/jira/another-site/rest/v1/rule/summary").await, 404);
    let keys = visitor.client.get(format!("{}{}", simulator.org_url(), visitor.automation("")));
    assert_eq!(keys.bearer_auth(simulator.org_key()).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn audit_records_can_be_narrowed_and_cut() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let path = "/rest/api/3/auditing/record";
    let all = visitor.get(path).await;
    let records = all["records"].as_array().unwrap();
    assert_eq!((all["limit"].as_u64(), all["total"].as_u64()), (Some(1000), Some(150)));
    assert_eq!(records.len(), 150);
    let times: Vec<&str> = records.iter().map(|record| record["created"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "newest first");
    let page = visitor.get(&format!("{path}?offset=140&limit=20")).await;
    assert_eq!(page["records"].as_array().unwrap()[..], records[140..]);
    assert_eq!(visitor.get(&format!("{path}?limit=5000")).await["limit"], 1000);
    let groups = visitor.get(&format!("{path}?filter=GROUP%20added")).await;
    let groups = groups["records"].as_array().unwrap();
    assert!(!groups.is_empty() && groups.iter().all(|record| record["summary"] == "User added to group"));
    let lately = visitor.get(&format!("{path}?from=2026-11-12T00:00:00.000Z&to=2026-11-20T00:00:00.000Z")).await;
    let lately = lately["records"].as_array().unwrap();
    assert!(!lately.is_empty());
    for record in lately {
        let created = record["created"].as_str().unwrap();
        assert!(("2026-11-12".."2026-11-20").contains(&created), "{created}");
    }
    assert_eq!(visitor.status(&format!("{path}?from=yesterday")).await, 400);
}

#[tokio::test]
async fn service_desks_come_in_pages() {
    let plan = Plan { accounts: 700, ..Plan::demo(morning()) };
    let simulator = Simulator::start(plan).await.unwrap();
    let visitor = Visitor::of(&simulator);
    let path = "/rest/servicedeskapi/servicedesk";
    let whole = visitor.get(path).await;
    let desks = whole["values"].as_array().unwrap();
    assert_eq!((&whole["limit"], &whole["isLastPage"]), (&50.into(), &true.into()));
    assert!(desks.len() > 2, "{}", desks.len());
    let first = visitor.get(&format!("{path}?limit=2")).await;
    assert_eq!((&first["size"], &first["isLastPage"]), (&2.into(), &false.into()));
    let next = first["_links"]["next"].as_str().unwrap().strip_prefix("https://acme.atlassian.net").unwrap();
    assert_eq!(visitor.get(next).await["values"][0], desks[2]);
    let projects = visitor.bean("/rest/api/3/project/search?").await;
    for desk in desks {
        let project = projects.iter().find(|project| project["id"] == desk["projectId"]).unwrap();
        assert_eq!(project["projectTypeKey"], "service_desk");
    }
    assert_eq!(visitor.get(&format!("{path}?limit=500")).await["limit"], 100);
}

#[tokio::test]
async fn a_team_managed_project_has_a_scheme_of_its_own() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let projects = visitor.bean("/rest/api/3/project/search?").await;
    let project = projects.iter().find(|project| project["style"] == "next-gen").unwrap();
    let path = format!("/rest/api/3/project/{}/permissionscheme", project["id"].as_str().unwrap());
    let scheme = visitor.get(&path).await;
    assert_eq!(scheme["scope"]["type"], "PROJECT");
    assert_eq!(scheme["scope"]["project"]["id"], project["id"]);
}

#[tokio::test]
async fn faults_reach_the_new_lists() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let next = async |path: &str| visitor.get(path).await;
    for name in ["filters", "webhooks", "installed-apps", "jira-audit", "jira-automation", "service-desks"] {
        simulator.set_fault(name, Fault::DropRows(1));
    }
    let length = async |path: &str, key: &str| next(path).await[key].as_array().unwrap().len();
    assert_eq!(length("/rest/api/3/filter/search?maxResults=9", "values").await, 8);
    assert_eq!(length("/rest/api/3/auditing/record?limit=9", "records").await, 8);
    assert_eq!(length(&visitor.automation("?limit=9"), "data").await, 8);
    let before = length("/rest/plugins/1.0/", "plugins").await;
    simulator.clear_faults();
    assert_eq!(length("/rest/plugins/1.0/", "plugins").await, before + 1);
    simulator.set_fault("jira-audit", Fault::RepeatedCursor);
    let path = "/rest/api/3/auditing/record?limit=1000";
    let (first, second) = (next(path).await, next(&format!("{path}&offset=1000")).await);
    assert_eq!(first, second);
    assert!(first["total"].as_u64() > Some(1000));
    simulator.set_fault("jira-automation", Fault::WrongType);
    assert!(next(&visitor.automation("")).await["data"][0]["uuid"].is_object());
}
