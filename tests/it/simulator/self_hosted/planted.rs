//! Reads the planted situations off the answers of both products, as a careful person would, and finds exactly what
//! the answer sheet says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::simulator::{Plan, Simulator};
use serde_json::{Value, json};

use super::super::morning;
use super::Guest;

type Found = BTreeMap<&'static str, BTreeSet<String>>;

/// What can be read off, and nothing else of the sort may be there.
const READ_OFF: &[&str] = &[
    "dc-administrator-token-in-integration",
    "dc-anonymous-access",
    "dc-basic-auth-open",
    "dc-client-with-system-admin",
    "dc-cluster-mixed-versions",
    "dc-connector-lacks-permission",
    "dc-grant-to-anyone",
    "dc-integration-is-administrator",
    "dc-integration-on-personal-account",
    "dc-kiplot-token-without-expiry",
    "dc-licence-expires-soon",
    "dc-licence-near-tier",
    "dc-link-impersonates",
    "dc-link-not-working",
    "dc-link-over-http",
    "dc-machine-in-default-role",
    "dc-public-signup",
    "dc-space-open-to-anyone",
    "dc-token-lives-too-long",
    "dc-token-orphaned",
    "dc-token-owner-deactivated",
    "dc-token-unused",
    "dc-token-without-expiry",
    "dc-webhook-over-http",
    "dc-webhook-secret-in-url",
    "dc-webhook-to-test-host",
];

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn is_machine(username: &str) -> bool {
    username.starts_with("svc-") || username.contains("integration")
}

/// Who is active and who administers, by user name.
struct People {
    active: BTreeSet<String>,
    administrators: BTreeSet<String>,
}

async fn people_of_jira(guest: &Guest<'_>, keys: &mut BTreeMap<String, String>) -> People {
    let mut people = People { active: BTreeSet::new(), administrators: BTreeSet::new() };
    for user in rows(&guest.get("jira-dc", "/rest/api/2/user/list").await["values"]) {
        keys.insert(text(&user["name"]), text(&user["key"]));
        if user["active"] == true {
            people.active.insert(text(&user["name"]));
        }
    }
    for group in rows(&guest.get("jira-dc", "/rest/api/2/groups/picker?maxResults=999").await["groups"]) {
        if rows(&group["labels"]).iter().any(|label| label["type"] == "ADMIN") {
            let path = format!("/rest/api/2/group/member?groupname={}", text(&group["name"]));
            people
                .administrators
                .extend(rows(&guest.get("jira-dc", &path).await["values"]).iter().map(|one| text(&one["name"])));
        }
    }
    people
}

fn look_at_tokens(found: &mut Found, host: &str, tokens: &[Value], people: &People, now: DateTime<Utc>) {
    let mut note = |situation: &'static str, holds: bool, token: &Value| {
        if holds {
            found.entry(situation).or_default().insert(text(&token["id"]));
        }
    };
    for token in tokens {
        let owner = &token["userProfileResource"]["username"];
        let label = token["name"].as_str().unwrap();
        let (created, end) = (time(&token["createdAt"]).unwrap(), time(&token["expiringAt"]).unwrap());
        let endless = end - now > TimeDelta::days(36_525);
        let system = ["jenkins", "kiplot", "powerbi-refresh"].contains(&label);
        let person = owner.as_str().is_some_and(|owner| !is_machine(owner));
        note("dc-token-without-expiry", endless, token);
        note("dc-kiplot-token-without-expiry", endless && label == "kiplot", token);
        note("dc-token-lives-too-long", !endless && end - created > TimeDelta::days(365), token);
        note("dc-token-orphaned", owner.is_null(), token);
        let idle = time(&token["lastAccessedAt"]).is_some_and(|used| now - used > TimeDelta::days(90));
        note("dc-token-unused", idle && end > now, token);
        note("dc-integration-on-personal-account", system && person, token);
        if let Some(owner) = owner.as_str() {
            note("dc-token-owner-deactivated", !people.active.contains(owner) && end > now, token);
            let power = host == "jira-dc" && people.administrators.contains(owner);
            note("dc-administrator-token-in-integration", system && power, token);
        }
    }
}

async fn look_at_links(found: &mut Found, guest: &Guest<'_>, host: &str) {
    let mut note = |situation: &'static str, holds: bool, id: &Value| {
        if holds {
            found.entry(situation).or_default().insert(text(id));
        }
    };
    for link in rows(&guest.get(host, "/rest/applinks/3.0/applinks").await) {
        let status = guest.get(host, &format!("/rest/applinks/3.0/status/{}", text(&link["id"]))).await;
        let incoming = &status["localAuthentication"]["incoming"];
        note("dc-link-impersonates", incoming["twoLoImpersonationEnabled"] == true, &link["id"]);
        note("dc-link-not-working", status["working"] == false, &link["id"]);
        note("dc-link-over-http", text(&link["rpcUrl"]).starts_with("http:"), &link["id"]);
    }
    for client in rows(&guest.get(host, "/rest/oauth2/latest/client").await) {
        assert!(text(&client["clientSecret"]).starts_with("planted-"));
        note("dc-client-with-system-admin", client["scope"] == "SYSTEM_ADMIN", &client["id"]);
    }
    let hooks = match host {
        "jira-dc" => guest.get(host, "/rest/jira-webhook/1.0/webhooks").await,
        _ => json!(guest.results("/rest/api/webhooks").await),
    };
    for hook in rows(&hooks) {
        let (url, active) = (text(&hook["url"]), hook["active"] == true);
        note("dc-webhook-over-http", active && url.starts_with("http:"), &hook["id"]);
        note("dc-webhook-secret-in-url", url.contains("token="), &hook["id"]);
        note("dc-webhook-to-test-host", url.contains("//webhook.site/"), &hook["id"]);
    }
    let policy = guest.get(host, "/rest/basicauth/latest/config").await;
    let product = Value::from(format!("basic-auth of {host}"));
    note("dc-basic-auth-open", policy["block-requests"] == false, &product);
}

async fn look_at_jira(found: &mut Found, guest: &Guest<'_>, keys: &BTreeMap<String, String>, people: &People) {
    let jira = "jira-dc";
    let mut note = |situation: &'static str, holds: bool, id: String| {
        if holds {
            found.entry(situation).or_default().insert(id);
        }
    };
    let schemes = guest.get(jira, "/rest/api/2/permissionscheme?expand=all").await;
    for grant in rows(&schemes["permissionSchemes"]).iter().flat_map(|scheme| rows(&scheme["permissions"])) {
        note("dc-grant-to-anyone", grant["holder"]["type"] == "anyone", text(&grant["id"]));
    }
    for setting in rows(&guest.get(jira, "/rest/api/2/application-properties/advanced-settings").await) {
        let public = setting["key"] == "jira.mode" && setting["value"] == "public";
        note("dc-public-signup", public, text(&setting["key"]));
    }
    let nodes = guest.get(jira, "/rest/api/2/cluster/nodes").await;
    let versions: BTreeSet<String> = rows(&nodes).iter().map(|node| text(&node["nodeVersion"])).collect();
    note("dc-cluster-mixed-versions", versions.len() > 1, "jira".to_owned());
    for role in rows(&guest.get(jira, "/rest/api/2/applicationrole").await) {
        let (left, seats) = (role["remainingSeats"].as_u64().unwrap(), role["numberOfSeats"].as_u64().unwrap());
        note("dc-licence-near-tier", left * 10 < seats, format!("application:{}", text(&role["key"])));
    }
    for actor in rows(&guest.get(jira, "/rest/api/2/role").await).iter().flat_map(|role| rows(&role["actors"])) {
        let name = text(&actor["name"]);
        note("dc-machine-in-default-role", is_machine(&name), keys.get(&name).cloned().unwrap_or_default());
    }
    let machines = people.administrators.iter().filter(|name| is_machine(name));
    for name in machines.clone() {
        note("dc-integration-is-administrator", true, keys[name].clone());
    }
    for project in ["PAY", "OPS"] {
        let granted = granted(guest, project, "svc-jiraalign", "jira-align-connector").await;
        let needs =
            ["BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "LINK_ISSUES", "SCHEDULE_ISSUES", "MODIFY_REPORTER"];
        let lacks: Vec<&str> = needs.into_iter().filter(|need| !granted.contains(*need)).collect();
        assert_eq!(lacks, if project == "PAY" { vec![] } else { vec!["LINK_ISSUES", "SCHEDULE_ISSUES"] }, "{project}");
        assert!(!granted.contains("DELETE_ISSUES"), "{project}");
        note("dc-connector-lacks-permission", !lacks.is_empty(), keys["svc-jiraalign"].clone());
    }
}

/// What an account may do in a project, directly, by its role there, or by its group.
async fn granted(guest: &Guest<'_>, project: &str, account: &str, group: &str) -> BTreeSet<String> {
    let base = format!("/rest/api/2/project/{project}");
    let mut roles = BTreeSet::new();
    let links = guest.get("jira-dc", &format!("{base}/role")).await;
    for link in links.as_object().unwrap().values() {
        let id = link.as_str().unwrap().rsplit('/').next().unwrap();
        let role = guest.get("jira-dc", &format!("{base}/role/{id}")).await;
        if rows(&role["actors"]).iter().any(|actor| actor["name"] == account) {
            roles.insert(id.to_owned());
        }
    }
    let scheme = guest.get("jira-dc", &format!("{base}/permissionscheme?expand=all")).await;
    let mine = rows(&scheme["permissions"]).iter().filter(|grant| {
        let holder = &grant["holder"];
        (holder["type"] == "projectRole" && roles.contains(&text(&holder["parameter"])))
            || (holder["type"] == "group" && holder["parameter"] == group)
    });
    mine.map(|grant| text(&grant["permission"])).collect()
}

async fn look_at_confluence(found: &mut Found, guest: &Guest<'_>, now: DateTime<Utc>) {
    let wiki = "confluence-dc";
    let anonymous = |rights: &Value| rows(rights).iter().any(|right| right["subject"]["type"] == "anonymous");
    if anonymous(&guest.get(wiki, "/rest/api/permissions").await) {
        found.entry("dc-anonymous-access").or_default().insert("anonymous".to_owned());
    }
    // Who is in a group that administers, or in one inside it.
    let mut around: Vec<String> = rows(&guest.get(wiki, "/rest/api/permissions").await)
        .iter()
        .filter(|right| right["operation"]["operationKey"] == "administer")
        .map(|right| text(&right["subject"]["name"]))
        .collect();
    while let Some(group) = around.pop() {
        for inner in guest.results(&format!("/rest/api/group/{group}/groupmember")).await {
            let outer = guest.results(&format!("/rest/api/group/{}/groupparent", text(&inner["name"]))).await;
            assert_eq!(outer.iter().map(|one| text(&one["name"])).collect::<Vec<_>>(), [group.as_str()]);
            around.push(text(&inner["name"]));
        }
        for member in guest.results(&format!("/rest/api/group/{group}/member")).await {
            if is_machine(&text(&member["username"])) {
                found.entry("dc-integration-is-administrator").or_default().insert(text(&member["userKey"]));
            }
        }
    }
    for space in guest.results("/rest/api/space?limit=50").await {
        let rights = guest.get(wiki, &format!("/rest/api/space/{}/permissions", text(&space["key"]))).await;
        if anonymous(&rights) {
            found.entry("dc-space-open-to-anyone").or_default().insert(text(&space["id"]));
        }
    }
    let licence = guest.get(wiki, "/rest/license/1.0/license/details").await;
    let left = licence["expiryDate"].as_i64().unwrap() - now.timestamp_millis();
    if left < TimeDelta::days(30).num_milliseconds() {
        found.entry("dc-licence-expires-soon").or_default().insert("application:confluence".to_owned());
    }
}

async fn read_off(simulator: &Simulator, now: DateTime<Utc>) -> Found {
    let guest = Guest::of(simulator);
    let (mut found, mut keys) = (Found::new(), BTreeMap::new());
    let people = people_of_jira(&guest, &mut keys).await;
    for host in ["jira-dc", "confluence-dc"] {
        let tokens = guest.tokens(host, 100).await;
        look_at_tokens(&mut found, host, &tokens, &people, now);
        look_at_links(&mut found, &guest, host).await;
    }
    look_at_jira(&mut found, &guest, &keys, &people).await;
    look_at_confluence(&mut found, &guest, now).await;
    found
}

/// What the answer sheet says of the two products.
fn told(simulator: &Simulator, now: DateTime<Utc>) -> Found {
    let ours = ["plant-dc-jira-", "plant-dc-wiki-", "plant-dc-directory-"];
    let of_products = |id: &str| id.ends_with("-of-jira") || id.ends_with("-of-confluence");
    let mut told = Found::new();
    for plant in simulator.truth().plants.iter().filter(|plant| plant.holds_at(now)) {
        if !of_products(&plant.id) && !ours.iter().any(|beginning| plant.id.starts_with(beginning)) {
            continue;
        }
        for situation in std::iter::once(plant.expect).chain(plant.also.iter().copied()) {
            if situation == "dc-machine-exceeds-needs" {
                // What a machine needs is told by a register, not by the products.
                continue;
            }
            assert!(READ_OFF.contains(&situation) || situation == "dc-version-unsupported", "{situation}");
            let native = match situation {
                "dc-basic-auth-open" => format!("basic-auth of {}-dc", plant.native[1]),
                _ => plant.native[0].clone(),
            };
            told.entry(situation).or_default().insert(native);
        }
    }
    told
}

#[tokio::test]
async fn the_answers_show_what_the_answer_sheet_says_and_nothing_else() {
    for (seed, accounts) in [(7, 200), (8, 0), (21, 400)] {
        let plan = Plan { seed, accounts, now: morning(), page_latency: Duration::ZERO };
        let simulator = Simulator::start(plan).await.unwrap();
        for night in 0..=4 {
            let now = morning() + TimeDelta::days(night);
            if night > 0 {
                simulator.night(now);
            }
            let (found, told) = (read_off(&simulator, now).await, told(&simulator, now));
            // Somebody takes care of the idle token in the first night, and seats may become free in a small estate.
            assert!(told.len() + 2 * usize::from(night > 0) >= READ_OFF.len(), "{told:?}");
            assert_eq!(found, told, "seed {seed}, night {night}");
        }
    }
}

#[tokio::test]
async fn look_alikes_are_there_and_are_not_what_they_look_like() {
    let simulator = super::demo().await;
    let found = read_off(&simulator, morning()).await;
    let truth = simulator.truth();
    let ours = truth.harmless.iter().filter(|plant| {
        ["harmless-dc-jira-", "harmless-dc-wiki-"].iter().any(|beginning| plant.id.starts_with(beginning))
    });
    let mut looked_at = 0;
    for plant in ours {
        looked_at += 1;
        let wrongly = found.get(plant.expect).is_some_and(|natives| natives.contains(&plant.native[0]));
        assert!(!wrongly, "{}: {}", plant.id, plant.description);
    }
    assert!(looked_at >= 13, "only {looked_at}");
}
