//! The pretended estate keeps its word: it answers as the published descriptions say, adds up, repeats itself,
//! misbehaves as armed, and changes over night exactly as its answer sheet tells.

mod described;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::simulator::{ENDPOINTS, Fault, Plan, SITUATIONS, Simulator};
use serde_json::{Value, json};

/// The morning on which most tests begin.
fn morning() -> DateTime<Utc> {
    "2026-11-22T07:30:00Z".parse().unwrap()
}

async fn demo() -> Simulator {
    Simulator::start(Plan::demo(morning())).await.unwrap()
}

/// A visitor with the right credentials, unless told otherwise.
struct Visitor<'a> {
    simulator: &'a Simulator,
    client: reqwest::Client,
}

impl<'a> Visitor<'a> {
    fn of(simulator: &'a Simulator) -> Self {
        // A provider may be there already, from another test of this binary.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { simulator, client }
    }

    fn request(&self, method: &str, path: &str, right: bool) -> reqwest::RequestBuilder {
        let is_org = path.starts_with("/admin");
        let base = if is_org { self.simulator.org_url() } else { self.simulator.site_url() };
        let request = self.client.request(method.parse().unwrap(), format!("{base}{path}"));
        match (is_org, right) {
            (true, true) => request.bearer_auth(self.simulator.unscoped_org_key()),
            (true, false) => request.basic_auth(self.simulator.site_user(), Some(self.simulator.org_key())),
            (false, true) => request.basic_auth(self.simulator.site_user(), Some(self.simulator.site_token())),
            (false, false) => request.basic_auth(self.simulator.site_user(), Some("wrong")),
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.request("GET", path, true).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.request("POST", path, true).json(&body).send().await.unwrap().json().await.unwrap()
    }

    async fn status(&self, path: &str) -> u16 {
        self.request("GET", path, true).send().await.unwrap().status().as_u16()
    }

    fn org(&self, version: &str, rest: &str) -> String {
        format!("/admin/{version}/orgs/{}{rest}", self.simulator.org_id())
    }

    fn access(&self, rest: &str) -> String {
        self.org("api-access/v1", rest)
    }

    /// All rows of a search with cursors in the body.
    async fn search(&self, rest: &str, mut body: Value) -> Vec<Value> {
        let mut rows = Vec::new();
        loop {
            let page = self.post(&self.org("v2", rest), body.clone()).await;
            rows.extend(page["data"].as_array().unwrap().clone());
            match page["links"]["next"].as_str() {
                Some(next) => body["cursor"] = json!(next),
                None => return rows,
            }
        }
    }

    /// All rows of a listing with bare cursors.
    async fn listing(&self, rest: &str, page_size: usize) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut request = self.request("GET", &self.access(rest), true).query(&[("pageSize", page_size)]);
            if !cursor.is_empty() {
                request = request.query(&[("cursor", &cursor)]);
            }
            let page: Value = request.send().await.unwrap().json().await.unwrap();
            rows.extend(page["data"].as_array().unwrap().clone());
            match page["links"]["next"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return rows,
            }
        }
    }

    /// All values of a Jira page bean. `path` ends where paging parameters may follow.
    async fn bean(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        loop {
            let page = self.get(&format!("{path}startAt={}&maxResults=1000", rows.len())).await;
            rows.extend(page["values"].as_array().unwrap().clone());
            if page["isLast"] == true {
                assert_eq!(page["total"], rows.len(), "{path}");
                return rows;
            }
        }
    }

    /// A path and a body that the endpoint can answer, from an estate that is there.
    async fn example(&self, pattern: &str) -> (String, Option<Value>) {
        let group = self.post(&self.org("v2", "/directories/-/groups/search"), json!({})).await;
        let people = self.post(&self.org("v2", "/directories/-/users/search"), json!({})).await;
        let account = self.get(&self.access("/service-accounts")).await;
        let path = pattern
            .replace("{org}", self.simulator.org_id())
            .replace("{dir}", "-")
            .replace("{acc}", people["data"][0]["accountId"].as_str().unwrap())
            .replace("{group}", group["data"][0]["id"].as_str().unwrap())
            .replace("{id}", account["items"][0]["id"].as_str().unwrap())
            .replace("{project}", "10000")
            .replace("{role}", "10002")
            .replace("{scheme}", "10000");
        let query = match pattern {
            "/rest/api/3/mypermissions" => "?permissions=ADMINISTER,BROWSE_PROJECTS".to_owned(),
            "/rest/api/3/group/member" => {
                format!("?includeInactiveUsers=true&groupId={}", group["data"][0]["id"].as_str().unwrap())
            }
            "/rest/api/3/permissionscheme" => "?expand=all".to_owned(),
            "/rest/api/3/project/search" => "?expand=lead,insight,description&status=live&status=archived".to_owned(),
            "/rest/api/3/myself" => "?expand=groups,applicationRoles".to_owned(),
            "/rest/api/3/users/search" => "?maxResults=1000".to_owned(),
            _ => String::new(),
        };
        let body = match pattern {
            path if path.ends_with("/service-accounts/count") => Some(json!([account["items"][0]["id"]])),
            path if path.ends_with("/check") => Some(json!({"globalPermissions": ["ADMINISTER"],
                "projectPermissions": [{"permissions": ["EDIT_ISSUES"], "projects": [10000]}]})),
            path if path.ends_with("/search") || path.ends_with("/workspaces") => Some(json!({})),
            _ => None,
        };
        (path + &query, body)
    }
}

#[tokio::test]
async fn every_endpoint_answers_the_right_credential_and_refuses_the_wrong_one() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    for endpoint in ENDPOINTS {
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
                let shape = if endpoint.name.starts_with("account-management") {
                    "/message"
                } else if endpoint.is_org() {
                    "/errors/0/title"
                } else {
                    "/errorMessages/0"
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
    assert_eq!(kinds, BTreeMap::from([("app".into(), 11), ("atlassian".into(), 200), ("customer".into(), 10)]));
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
        texts.push(tokens + &schemes + &people);
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

#[tokio::test]
async fn faults_do_what_they_say() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let tokens = visitor.access("/api-tokens?pageSize=20");
    let send = async || visitor.request("GET", &tokens, true).send().await.unwrap();

    for status in [401, 403, 404] {
        simulator.set_fault("api-tokens", Fault::Status(status));
        let answer = send().await;
        assert_eq!(answer.status(), status);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["status"], status.to_string());
    }
    simulator.set_fault("api-tokens", Fault::Throttle { times: 2, retry_after: Some(Duration::from_secs(7)) });
    for expected in [429, 429, 200, 200] {
        let answer = send().await;
        assert_eq!(answer.status(), expected);
        assert_eq!(answer.headers().get("retry-after").is_some_and(|wait| wait == "7"), expected == 429);
    }
    simulator.set_fault("api-tokens", Fault::ThrottleForever { retry_after: None });
    for _ in 0..3 {
        let answer = send().await;
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (429, false));
    }
    simulator.set_fault("api-tokens", Fault::ServerError { times: 1 });
    assert_eq!(send().await.status(), 500);
    assert_eq!(send().await.status(), 200);
    simulator.set_fault("api-tokens", Fault::CutConnection);
    assert!(send().await.bytes().await.is_err());
    simulator.set_fault("api-tokens", Fault::TruncatedBody);
    let bytes = send().await.bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&bytes).is_err());
    simulator.set_fault("api-tokens", Fault::LoginPage);
    let answer = send().await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    simulator.clear_faults();
    assert_eq!(send().await.status(), 200);
}

#[tokio::test]
async fn faults_bend_rows_and_links() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    let tokens = visitor.access("/api-tokens?pageSize=20");
    let whole = visitor.get(&tokens).await;

    simulator.set_fault("api-tokens", Fault::DropRows(3));
    let page = visitor.get(&tokens).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 17);
    assert_eq!(page["links"], whole["links"]);
    simulator.set_fault("api-tokens", Fault::WrongType);
    let page = visitor.get(&tokens).await;
    assert!(page["data"][0]["id"].is_object() && page["data"][1]["id"].is_string());
    simulator.set_fault("users-search", Fault::WrongType);
    assert!(visitor.get("/rest/api/3/users/search").await[0]["accountId"].is_object());
    simulator.set_fault("managed-accounts", Fault::ForeignLink);
    let page = visitor.get(&visitor.org("v1", "/users")).await;
    assert!(page["links"]["next"].as_str().unwrap().starts_with("https://elsewhere.invalid/admin/v1/orgs/"));
}

#[tokio::test]
async fn a_repeated_cursor_never_ends() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    simulator.set_fault("user-search", Fault::RepeatedCursor);
    let path = visitor.org("v2", "/directories/-/users/search");
    let first = visitor.post(&path, json!({})).await;
    for _ in 0..6 {
        let again = visitor.post(&path, json!({"cursor": first["links"]["next"]})).await;
        assert_eq!(again, first);
    }
    simulator.set_fault("group-bulk", Fault::RepeatedCursor);
    assert_eq!(visitor.get("/rest/api/3/group/bulk?startAt=5000").await["isLast"], false);
}

#[tokio::test]
async fn a_fault_can_wait_for_a_later_page() {
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    simulator.set_fault("users-search", Fault::OnPage(3, Box::new(Fault::Status(403))));
    let mut statuses = Vec::new();
    for start in [0, 50, 100, 150, 0] {
        statuses.push(visitor.status(&format!("/rest/api/3/users/search?startAt={start}&maxResults=50")).await);
    }
    assert_eq!(statuses, [200, 200, 403, 403, 200]);
}

#[tokio::test(start_paused = true)]
async fn latency_is_waited_for() {
    let simulator = demo().await;
    simulator.set_fault("tenant-info", Fault::Latency(Duration::from_secs(5)));
    let before = tokio::time::Instant::now();
    let client = Visitor::of(&simulator).client;
    client.get(format!("{}/_edge/tenant_info", simulator.site_url())).send().await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(5));
}

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
        let expected: BTreeSet<String> = drift
            .iter()
            .map(|drift| match (drift.what, drift.kind) {
                ("used", _) => format!("used {}", drift.native[0]),
                (_, "credential" | "principal") => format!("{} {}", drift.kind, drift.native[0]),
                (_, kind) => format!("{kind} {}", drift.native.join(" ")),
            })
            .collect();
        assert_eq!(changed, expected, "night {night}");
        for drift in drift.iter().filter(|drift| drift.kind == "credential") {
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
