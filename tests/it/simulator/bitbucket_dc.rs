//! The self-hosted Bitbucket: its answers against the official description, when that is at hand, its sparse pages,
//! who may see what, its versions, what is planted, and what a night changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::TimeDelta;
use keyroll::simulator::{ENDPOINTS, Edition, Fault, Simulator};
use serde_json::{Value, json};

use super::described::{compare, same_path};
use super::{Visitor, demo, morning};

/// Where answers knowingly differ from the description, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("createdDate", "described as a text; real instances write milliseconds, as everywhere else"),
    ("lastAuthenticated", "likewise"),
];

/// Endpoints that the description does not have, and where their shapes are from.
const UNDESCRIBED: &[(&str, &str)] = &[
    ("bitbucket-dc-links", "a plugin of all products, which support pages show"),
    ("bitbucket-dc-link-status", "likewise"),
    ("bitbucket-dc-oauth-clients", "likewise"),
    ("bitbucket-dc-apps", "the plugin manager has an interface of its own, which only its clients describe"),
    ("bitbucket-dc-audit", "documented beside the description"),
    ("bitbucket-dc-moved-audit", "likewise"),
];

/// What the description says wrongly about whole answers, and what it means.
const DEFECTS: &[(&str, &str)] = &[
    ("bitbucket-dc-users", "the row is described, the answer is a page of rows"),
    ("bitbucket-dc-directories", "the row is described, the answer is a list of rows"),
    ("bitbucket-dc-key-policy", "the beginning of the path is missing"),
];

/// A visitor of the self-hosted Bitbucket.
struct Guest<'a> {
    visitor: Visitor<'a>,
    base: String,
    token: String,
}

impl<'a> Guest<'a> {
    fn of(simulator: &'a Simulator) -> Self {
        Self::with(simulator, simulator.bitbucket_dc_token())
    }

    fn with(simulator: &'a Simulator, token: &str) -> Self {
        Self { visitor: Visitor::of(simulator), base: simulator.bitbucket_dc_url(), token: token.to_owned() }
    }

    async fn ask(&self, path: &str) -> reqwest::Response {
        let mut request = self.visitor.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        if path.starts_with("/rest/plugins") {
            request = request.header("accept", "application/vnd.atl.plugins.installed+json");
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(path).await.json().await.unwrap()
    }

    async fn status(&self, path: &str) -> u16 {
        self.ask(path).await.status().as_u16()
    }

    /// All pages of a listing, by the word of the listing alone.
    async fn pages(&self, path: &str) -> Vec<Value> {
        let mut pages = Vec::new();
        let mut start = json!(0);
        loop {
            let more = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{more}start={start}")).await;
            assert_eq!(page["size"], page["values"].as_array().unwrap_or_else(|| panic!("{path}: {page}")).len());
            let (last, next) = (page["isLastPage"] == true, page["nextPageStart"].clone());
            pages.push(page);
            if last {
                assert!(next.is_null());
                return pages;
            }
            assert!(next.as_u64() > start.as_u64(), "{path}");
            start = next;
        }
    }

    async fn values(&self, path: &str) -> Vec<Value> {
        let pages = self.pages(path).await;
        pages.iter().flat_map(|page| page["values"].as_array().unwrap().clone()).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Every answer, with the name of its endpoint: each page, for each user, project, repository and key.
async fn everything(guest: &Guest<'_>) -> Vec<(&'static str, String, Value)> {
    let users = guest.values("/rest/api/latest/admin/users").await;
    let groups = guest.values("/rest/api/latest/admin/groups").await;
    let projects = guest.values("/rest/api/latest/projects").await;
    let repositories = guest.values("/rest/api/latest/repos?archived=ALL").await;
    let mut keys = Vec::new();
    for repository in &repositories {
        let path = format!(
            "/rest/keys/latest/projects/{}/repos/{}/ssh",
            text(&repository["project"]["key"]),
            text(&repository["slug"])
        );
        keys.extend(guest.values(&path).await.iter().map(|key| text(&key["key"]["id"])));
    }
    let mut answers = Vec::new();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.host() == "bitbucket-dc") {
        let path = endpoint.path;
        let paths: Vec<String> = match endpoint.name {
            "bitbucket-dc-group-members" => {
                groups.iter().map(|group| format!("{path}?context={}", text(&group["name"]))).collect()
            }
            "bitbucket-dc-user-groups" => {
                users.iter().take(9).map(|user| format!("{path}?context={}", text(&user["name"]))).collect()
            }
            "bitbucket-dc-ssh-keys" => {
                users.iter().map(|user| format!("{path}?user={}", text(&user["name"]))).collect()
            }
            "bitbucket-dc-link-status" => {
                vec![path.replace("{link}", &text(&guest.get("/rest/applinks/3.0/applinks").await[0]["id"]))]
            }
            "bitbucket-dc-repositories" => vec![format!("{path}?archived=ALL")],
            _ if path.contains("{user}") => {
                users.iter().map(|user| path.replace("{user}", &text(&user["slug"]))).collect()
            }
            _ if path.contains("{repo}") => repositories
                .iter()
                .map(|one| path.replace("{key}", &text(&one["project"]["key"])).replace("{repo}", &text(&one["slug"])))
                .collect(),
            _ if path.contains("{id}") => keys.iter().map(|id| path.replace("{id}", id)).collect(),
            _ if path.contains("{key}") => projects
                .iter()
                .map(|one| path.replace("{key}", &text(&one["key"])).replace("{permission}", "PROJECT_WRITE"))
                .collect(),
            _ => vec![path.to_owned()],
        };
        for path in paths {
            let answer = guest.ask(&path).await;
            if answer.status() == 404 && endpoint.name == "bitbucket-dc-moved-audit" {
                continue;
            }
            assert_eq!(answer.status(), 200, "{path}");
            let answer: Value = answer.json().await.unwrap();
            if answer.get("values").is_some() {
                answers.extend(guest.pages(&path).await.into_iter().map(|page| (endpoint.name, path.clone(), page)));
            } else {
                answers.push((endpoint.name, path, answer));
            }
        }
    }
    answers
}

/// All that the self-hosted Bitbucket tells, as one text.
pub(super) async fn told(simulator: &Simulator) -> String {
    let guest = Guest::of(simulator);
    everything(&guest).await.iter().map(|(_, path, answer)| format!("{path} {answer}\n")).collect()
}

#[tokio::test]
async fn answers_are_as_described() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi/bitbucket-data-center-9.4.openapi.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let description: Value = serde_json::from_str(&text).unwrap();
    let simulator = demo().await;
    for version in ["8.19", "9.4"] {
        simulator.set_bitbucket_dc_version(version);
        let guest = Guest::of(&simulator);
        let mut compared = BTreeSet::new();
        for (name, path, answer) in everything(&guest).await {
            if UNDESCRIBED.iter().any(|(known, _)| *known == name) {
                compared.insert(name);
                continue;
            }
            let pattern = ENDPOINTS.iter().find(|endpoint| endpoint.name == name).unwrap().path;
            let pattern =
                if name == "bitbucket-dc-key-policy" { "/admin" } else { pattern.strip_prefix("/rest").unwrap() };
            let paths = description["paths"].as_object().unwrap();
            let operation = paths.iter().find(|(described, _)| same_path(described, pattern));
            let content =
                &operation.unwrap_or_else(|| panic!("{name} is described")).1["get"]["responses"]["200"]["content"];
            let content = content.as_object().and_then(|kinds| kinds.values().next());
            let schema = content.map_or(&Value::Null, |content| &content["schema"]);
            let rows = match name {
                "bitbucket-dc-users" => answer["values"].as_array().unwrap().clone(),
                "bitbucket-dc-directories" => answer.as_array().unwrap().clone(),
                _ => vec![answer],
            };
            let mut complaints = Vec::new();
            for row in &rows {
                compare(&description, schema, row, "", &mut complaints);
            }
            complaints
                .retain(|complaint| !DEVIATIONS.iter().any(|(field, _)| complaint.starts_with(&format!("{field}:"))));
            assert_eq!(complaints, Vec::<String>::new(), "{path}");
            compared.insert(name);
        }
        let mut all: BTreeSet<&str> = ENDPOINTS
            .iter()
            .filter(|endpoint| endpoint.host() == "bitbucket-dc")
            .map(|endpoint| endpoint.name)
            .collect();
        all.remove("bitbucket-dc-moved-audit");
        assert_eq!(compared, all, "{version}");
    }
    assert!(DEFECTS.iter().all(|(name, _)| ENDPOINTS.iter().any(|endpoint| endpoint.name == *name)));
}

#[tokio::test]
async fn pages_are_sparse_and_cut_and_add_up() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let all = guest.values("/rest/api/latest/admin/users").await;
    assert!(all.len() > 60, "{}", all.len());
    assert_eq!(guest.values("/rest/api/latest/admin/users?limit=7").await, all);
    assert_eq!(guest.get("/rest/api/latest/admin/users").await["limit"], 25);
    assert_eq!(guest.get("/rest/api/latest/admin/users?limit=90000").await["limit"], 1000);
    assert_eq!(guest.get("/rest/ssh/latest/keys?limit=5000").await["limit"], 100);
    assert_eq!(guest.status("/rest/api/latest/admin/users?limit=x").await, 400);

    let pages = guest.pages("/rest/api/latest/users?permission=ADMIN&limit=3").await;
    let starts: Vec<u64> = pages.iter().map(|page| page["start"].as_u64().unwrap()).collect();
    let jumps = starts.windows(2).any(|pair| pair[1] > pair[0] + 3);
    let thin = pages.iter().any(|page| page["isLastPage"] == false && page["size"].as_u64().unwrap() < 3);
    let empty = pages.iter().any(|page| page["isLastPage"] == false && page["size"] == 0);
    assert!(jumps && thin && empty, "{starts:?}");
    let admins = guest.values("/rest/api/latest/users?permission=ADMIN").await;
    let found: Vec<Value> = pages.iter().flat_map(|page| page["values"].as_array().unwrap().clone()).collect();
    assert_eq!(found, admins);
    let system = guest.values("/rest/api/latest/users?permission=SYS_ADMIN").await;
    assert!(system.len() < admins.len() && system.iter().all(|user| admins.contains(user)));

    let used = guest.values("/rest/api/latest/repos").await;
    let everything = guest.values("/rest/api/latest/repos?archived=ALL").await;
    assert!(used.len() < everything.len() && used.iter().all(|one| one["archived"] == false));
    let licence = guest.get("/rest/api/latest/admin/license").await;
    let licensed = guest.values("/rest/api/latest/users?permission=LICENSED_USER").await;
    assert_eq!(licence["status"]["currentNumberOfUsers"], licensed.len());

    simulator.set_fault("bitbucket-dc-admin-users", Fault::RepeatedCursor);
    let first = guest.get("/rest/api/latest/admin/users?limit=5").await;
    assert_eq!(guest.get("/rest/api/latest/admin/users?limit=5&start=50").await, first);
    assert_eq!((&first["isLastPage"], &first["nextPageStart"]), (&json!(false), &json!(5)));
    simulator.set_fault("bitbucket-dc-admin-users", Fault::DropRows(2));
    let page = guest.get("/rest/api/latest/admin/users?limit=5").await;
    assert_eq!((page["values"].as_array().unwrap().len(), &page["size"]), (3, &json!(5)));
    simulator.set_fault("bitbucket-dc-admin-users", Fault::WrongType);
    assert!(guest.get("/rest/api/latest/admin/users").await["values"][0]["id"].is_object());
}

#[tokio::test]
async fn powers_are_told_apart() {
    let simulator = demo().await;
    let admin = Guest::with(&simulator, simulator.bitbucket_dc_admin_token());
    let plain = Guest::with(&simulator, simulator.bitbucket_dc_plain_token());
    let system = Guest::of(&simulator);
    let nobody = Guest::with(&simulator, "made-up");
    let users = system.values("/rest/api/latest/admin/users").await;
    let roots = system.values("/rest/api/latest/users?permission=SYS_ADMIN").await;
    let root = format!("/rest/access-tokens/latest/users/{}", text(&roots[0]["slug"]));
    for (path, expected) in [
        ("/rest/api/latest/application-properties", [200, 200, 200, 401]),
        ("/rest/api/latest/admin/users", [200, 200, 200, 401]),
        ("/rest/api/latest/admin/license", [200, 200, 401, 401]),
        ("/rest/api/latest/admin/permissions/groups", [200, 200, 401, 401]),
        ("/rest/api/latest/admin/cluster", [200, 401, 401, 401]),
        ("/rest/oauth2/latest/client", [200, 403, 403, 401]),
        ("/rest/basicauth/latest/config", [200, 403, 403, 401]),
        ("/rest/plugins/1.0/", [200, 403, 403, 401]),
        ("/rest/auditing/1.0/events", [200, 200, 403, 401]),
        ("/rest/access-tokens/latest/projects/CHEC", [200, 200, 401, 401]),
        ("/rest/access-tokens/latest/projects/NONE", [404, 404, 404, 401]),
        ("/rest/access-tokens/latest/users/nobody.at.all", [404, 404, 401, 401]),
        (root.as_str(), [200, 401, 401, 401]),
    ] {
        let mut statuses = Vec::new();
        for guest in [&system, &admin, &plain, &nobody] {
            let answer = guest.ask(path).await;
            statuses.push(answer.status().as_u16());
            if !answer.status().is_success() {
                let body: Value = answer.json().await.unwrap();
                assert!(body["errors"][0]["message"].is_string(), "{path}: {body}");
            }
        }
        assert_eq!(statuses, expected, "{path}");
    }
    assert_eq!(plain.get("/rest/ssh/latest/keys").await["size"], plain.values("/rest/ssh/latest/keys").await.len());
    let seen = |users: &[Value]| users.iter().filter(|user| user.get("lastAuthenticationTimestamp").is_some()).count();
    assert!(seen(&users) > 50);
    assert_eq!(seen(&plain.values("/rest/api/latest/admin/users").await), 0);
    let (all, some) =
        (system.values("/rest/api/latest/repos").await, plain.values("/rest/api/latest/repos?limit=4").await);
    assert!(!some.is_empty() && some.len() < all.len(), "{} of {}", some.len(), all.len());
    let name = system.ask("/rest/api/latest/projects").await.headers()["x-ausername"].to_str().unwrap().to_owned();
    assert!(users.iter().any(|user| user["name"] == name.as_str()));
}

#[tokio::test]
async fn slugs_are_not_names() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let users = guest.values("/rest/api/latest/admin/users").await;
    let odd = users.iter().find(|user| user["name"] == "svc.CI@build").unwrap();
    assert_eq!(odd["slug"], "svc.ci_build");
    assert_eq!(guest.status("/rest/api/latest/users/svc.ci_build").await, 200);
    assert_eq!(guest.status("/rest/api/latest/users/svc.CI@build").await, 404);
    let ids: BTreeSet<String> = users.iter().map(|user| text(&user["id"])).collect();
    let slugs: BTreeSet<String> = users.iter().map(|user| text(&user["slug"])).collect();
    assert_eq!((ids.len(), slugs.len()), (users.len(), users.len()));
    assert!(users.iter().any(|user| user["type"] == "SERVICE"));
}

#[tokio::test]
async fn versions_differ() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let is_page = async |path: &str| {
        let answer = guest.ask(path).await;
        let html = answer.headers()["content-type"].to_str().unwrap().starts_with("text/html");
        answer.status() == 404 && html
    };
    for (version, text, scans) in [("7.21", "7.21.23", false), ("8.19", "8.19.9", true), ("9.4", "9.4.6", true)] {
        simulator.set_bitbucket_dc_version(version);
        assert_eq!(guest.get("/rest/api/latest/application-properties").await["version"], text);
        assert_eq!(is_page("/rest/api/latest/secret-scanning/exempt").await, !scans, "{version}");
        let page = guest.get("/rest/api/latest/repos").await;
        assert_eq!(page["values"][0].get("archived").is_some(), scans, "{version}");
        let last = guest.pages("/rest/api/latest/repos").await.pop().unwrap();
        assert_eq!(last.get("nextPageStart").is_some(), !scans, "{version}");
        let truth = simulator.truth();
        let old = truth.plants.iter().find(|plant| plant.id == "plant-dc-bitbucket-version").unwrap();
        assert_eq!(old.holds_at(morning()), version != "9.4");
    }
    assert_eq!(guest.get("/rest/api/1.0/projects").await, guest.get("/rest/api/latest/projects").await);
    assert!(is_page("/rest/api/latest/no-such-thing").await);
    let (usual, other) = ("/rest/auditing/1.0/events", "/rest/audit/latest/events");
    assert!(!is_page(usual).await && is_page(other).await);
    simulator.move_bitbucket_dc_audit();
    assert!(is_page(usual).await && !is_page(other).await);
    assert!(!is_page("/rest/access-tokens/latest/projects/CHEC").await);
    simulator.set_bitbucket_dc_edition(Edition::Server);
    assert!(is_page("/rest/access-tokens/latest/projects/CHEC").await);
}

#[tokio::test]
async fn faults_reach_every_endpoint() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let mut asked = BTreeMap::new();
    for (name, path, answer) in everything(&guest).await {
        asked.entry(name).or_insert((path, answer));
    }
    assert_eq!(asked.len(), ENDPOINTS.iter().filter(|endpoint| endpoint.host() == "bitbucket-dc").count() - 1);
    for (name, (path, answer)) in asked {
        simulator.set_fault(name, Fault::Status(403));
        let refused = guest.ask(&path).await;
        assert_eq!(refused.status(), 403, "{name}");
        let refused: Value = refused.json().await.unwrap();
        assert!(refused["errors"][0]["message"].is_string(), "{name}: {refused}");
        simulator.set_fault(name, Fault::Throttle { times: 1, retry_after: None });
        let throttled = guest.ask(&path).await;
        assert_eq!(throttled.status(), 429, "{name}");
        assert!(throttled.headers().contains_key("x-ratelimit-interval-seconds"), "{name}");
        assert_eq!(guest.status(&path).await, 200, "{name}");
        for (fault, status) in [(Fault::HtmlNotFound, 404), (Fault::LoginPage, 200)] {
            simulator.set_fault(name, fault);
            let page = guest.ask(&path).await;
            assert_eq!(page.status(), status, "{name}");
            assert!(page.text().await.unwrap().starts_with("<!DOCTYPE html>"), "{name}");
        }
        simulator.set_fault(name, Fault::TruncatedBody);
        assert!(guest.ask(&path).await.json::<Value>().await.is_err(), "{name}");
        simulator.set_fault(name, Fault::CutConnection);
        assert!(guest.ask(&path).await.bytes().await.is_err(), "{name}");
        simulator.clear_faults();
        let again = guest.get(&path).await;
        assert!(again == answer || answer.get("start") != again.get("start"), "{name}");
    }
}

#[tokio::test]
async fn the_audit_log_is_told_page_by_page() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let whole = guest.get("/rest/auditing/1.0/events?limit=1000").await;
    assert_eq!(whole["pagingInfo"]["lastPage"], true);
    let mut events = Vec::new();
    let mut path = "/rest/auditing/1.0/events?limit=7".to_owned();
    loop {
        let page = guest.get(&path).await;
        events.extend(page["entities"].as_array().unwrap().clone());
        if page["pagingInfo"]["lastPage"] == true {
            break;
        }
        let link = page["pagingInfo"]["nextPageLink"].as_str().unwrap();
        path = link.strip_prefix("https://git.acme.example").unwrap().to_owned();
    }
    assert_eq!(json!(events), whole["entities"]);
    let times: Vec<String> = events.iter().map(|event| text(&event["timestamp"])).collect();
    assert!(times.len() > 50 && times.is_sorted_by(|a, b| a >= b));
    assert_eq!(guest.status("/rest/auditing/1.0/events?pageCursor=made-up").await, 400);
    let some = guest.get(&format!("/rest/auditing/1.0/events?from={}", times[9])).await;
    assert_eq!(some["entities"].as_array().unwrap().len(), 10);
}

/// Reads the situations off the answers, as a careful person would.
async fn read_off(guest: &Guest<'_>) -> BTreeMap<&'static str, BTreeSet<String>> {
    let now = morning().timestamp_millis();
    let days = |value: &Value| value.as_i64().map(|at| (now - at) / 86_400_000);
    let mut found: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut note = |situation: &'static str, holds: bool, id: &Value| {
        if holds {
            found.entry(situation).or_default().insert(text(id));
        }
    };
    let administers = |token: &Value| token["permissions"].to_string().contains("_ADMIN");
    let mut seen = BTreeSet::new();
    for (name, path, answer) in everything(guest).await {
        for row in answer["values"].as_array().into_iter().flatten() {
            match name {
                "bitbucket-dc-user-tokens" | "bitbucket-dc-project-tokens" | "bitbucket-dc-repository-tokens" => {
                    assert!(seen.insert(text(&row["id"])), "a token is listed in one place");
                    note("dc-token-without-expiry", row.get("expiryDays").is_none(), &row["id"]);
                    note("dc-machine-token-administers", administers(row), &row["id"]);
                    note("dc-token-owner-deactivated", row["user"]["active"] == false, &row["id"]);
                    let unused = row.get("lastAuthenticated").is_none() && days(&row["createdDate"]) > Some(30);
                    note("dc-token-never-used", unused, &row["id"]);
                }
                "bitbucket-dc-ssh-keys" => {
                    let idle = row.get("expiryDays").is_none() && days(&row["lastAuthenticated"]) > Some(90);
                    note("dc-ssh-key-unused", idle, &row["id"]);
                }
                "bitbucket-dc-repository-keys" => {
                    keys.entry(text(&row["key"]["id"])).or_default().insert(text(&row["repository"]["id"]));
                }
                "bitbucket-dc-project-webhooks" | "bitbucket-dc-repository-webhooks" => {
                    let careless = row["active"] == true && row["sslVerificationRequired"] == false;
                    note("dc-webhook-skips-verification", careless, &row["id"]);
                }
                "bitbucket-dc-repositories" => note("dc-public-repository", row["public"] == true, &row["id"]),
                "bitbucket-dc-exempt" => note("dc-repository-exempt-from-scanning", true, &row["id"]),
                "bitbucket-dc-global-users" => {
                    let root = row["permission"] == "SYS_ADMIN";
                    note("dc-machine-is-system-admin", root, &row["user"]["id"]);
                }
                _ => {}
            }
        }
        if name == "bitbucket-dc-project-default" {
            let key = path.split('/').nth(5).unwrap().to_owned();
            let project = guest.get(&format!("/rest/api/latest/projects/{key}")).await;
            note("dc-project-open-to-logged-in", answer["permitted"] == true, &project["id"]);
        }
    }
    for (key, places) in keys {
        note("dc-access-key-shared", places.len() > 1, &json!(key));
    }
    found
}

#[tokio::test]
async fn the_answers_show_what_the_answer_sheet_says_and_nothing_else() {
    for seed in [7, 8] {
        let plan = keyroll::simulator::Plan { seed, ..keyroll::simulator::Plan::demo(morning()) };
        let simulator = Simulator::start(plan).await.unwrap();
        let found = read_off(&Guest::of(&simulator)).await;
        let mut told: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        let truth = simulator.truth();
        for plant in &truth.plants {
            // Other self-hosted products have situations of the same names.
            let known = found.get(plant.expect).is_some_and(|ids| ids.contains(&plant.native[0]));
            if found.contains_key(plant.expect) && (known || plant.id.starts_with("plant-dc-bitbucket")) {
                told.entry(plant.expect).or_default().insert(plant.native[0].clone());
            }
        }
        assert_eq!(found.len(), 11, "{found:?}");
        assert_eq!(found, told, "seed {seed}");
        let licence = Guest::of(&simulator).get("/rest/api/latest/admin/license").await;
        let left = licence["maximumNumberOfUsers"].as_u64().unwrap()
            - licence["status"]["currentNumberOfUsers"].as_u64().unwrap();
        assert_eq!(left, 2);
    }
}

#[tokio::test]
async fn secrets_are_told_by_the_answers_and_listed() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let secrets = simulator.planted_secrets();
    let licence = text(&guest.get("/rest/api/latest/admin/license").await["license"]);
    let clients = guest.get("/rest/oauth2/latest/client").await;
    let hooks = guest.values("/rest/api/latest/projects/BILL/webhooks").await;
    let hook = text(&hooks[0]["configuration"]["secret"]);
    let login = text(&guest.get("/rest/authconfig/latest/idps").await["results"][0]["client-secret"]);
    for secret in [licence, text(&clients[0]["clientSecret"]), text(&clients[1]["clientSecret"]), hook, login] {
        assert!(secret.len() > 20 && secrets.contains(&secret), "{secret}");
    }
}

/// What a night may change, one line per thing.
async fn picture(guest: &Guest<'_>) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    for (name, path, answer) in everything(guest).await {
        let repository = answer["values"].as_array().is_some().then(|| path.split('/').nth(7)).flatten();
        for row in answer["values"].as_array().into_iter().flatten() {
            match name {
                "bitbucket-dc-user-tokens" | "bitbucket-dc-project-tokens" | "bitbucket-dc-repository-tokens" => {
                    let mut row = row.clone();
                    let used = row.as_object_mut().unwrap().remove("lastAuthenticated").unwrap_or_default();
                    row.as_object_mut().unwrap().remove("user");
                    lines.insert(format!("used {}", text(&row["id"])), used.to_string());
                    lines.insert(format!("credential {}", text(&row["id"])), row.to_string());
                }
                "bitbucket-dc-admin-users" => {
                    lines.insert(format!("principal {}", row["id"]), row.to_string());
                }
                "bitbucket-dc-repository-users" => {
                    let line = format!("grant {} {}", row["user"]["id"], repository.unwrap());
                    lines.insert(line, text(&row["permission"]));
                }
                "bitbucket-dc-rate-limit-history" | "bitbucket-dc-licence" => {}
                _ if row.get("user").is_some() => {}
                _ => {
                    lines.insert(format!("{path} {}", row["id"]), row.to_string());
                }
            }
        }
    }
    lines
}

#[tokio::test]
async fn a_night_changes_exactly_what_the_answer_sheet_says() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let slugs: BTreeMap<String, String> = guest
        .values("/rest/api/latest/repos?archived=ALL")
        .await
        .iter()
        .map(|one| (text(&one["id"]), text(&one["slug"])))
        .collect();
    let mut before = picture(&guest).await;
    let mut kinds = BTreeSet::new();
    for night in 1..=4 {
        let told = simulator.truth().drift.len();
        simulator.night(morning() + TimeDelta::days(night));
        let after = picture(&guest).await;
        let differ = |key: &&&String| before.get(**key) != after.get(**key);
        let both = |key: &str| before.contains_key(key) && after.contains_key(key);
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed: BTreeSet<String> = keys
            .iter()
            .filter(differ)
            .filter(|key| !key.starts_with("used ") || both(key))
            // Users see and are seen as members of groups and as holders of permissions too.
            .filter(|key| !key.starts_with('/'))
            .map(|key| (*key).clone())
            .collect();
        let drift = &simulator.truth().drift[told..];
        let drift: Vec<_> = drift.iter().filter(|drift| drift.id.starts_with("drift-dc-bitbucket-")).collect();
        let expected: BTreeSet<String> = drift
            .iter()
            .map(|drift| match (drift.what, drift.kind) {
                ("used", _) => format!("used {}", drift.native[0]),
                (_, "grant") => format!("grant {} {}", drift.native[0], slugs[&drift.native[1]]),
                (_, kind) => format!("{kind} {}", drift.native[0]),
            })
            .collect();
        assert_eq!(changed, expected, "night {night}");
        kinds.extend(drift.iter().map(|drift| (drift.what, drift.kind)));
        before = after;
    }
    for wanted in [("added", "credential"), ("removed", "credential"), ("changed", "grant"), ("used", "credential")] {
        assert!(kinds.contains(&wanted), "{wanted:?}");
    }
}
