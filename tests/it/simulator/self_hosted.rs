//! The self-hosted Jira and Confluence: who may ask, pages and their ends, faults, and what the answer sheet says of
//! them.

mod described;
mod guest;
mod nights;
mod planted;
mod versions;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use keyroll::simulator::{ENDPOINTS, Endpoint, Fault, Simulator};
use serde_json::{Value, json};

use super::{demo, morning};
use guest::Guest;

/// Jira and Confluence; tests of the others are elsewhere.
fn of_both() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().filter(|endpoint| matches!(endpoint.host(), "jira-dc" | "confluence-dc"))
}

/// Answers that only old versions give.
const OLD: &[&str] = &["jira-dc-webhooks-old"];

/// All that both products tell, as one text, with the words that the answer sheet uses for the products themselves.
pub(super) async fn told(simulator: &Simulator) -> String {
    let guest = Guest::of(simulator);
    let mut told = "instance basic-auth application:jira-software application:confluence".to_owned();
    for host in ["jira-dc", "confluence-dc"] {
        told += &json!(guest.tokens(host, 100).await).to_string();
    }
    for endpoint in of_both().filter(|endpoint| !OLD.contains(&endpoint.name)) {
        for path in guest.examples(endpoint).await {
            told += &guest.ask(endpoint, &path, guest.token(endpoint.host(), 0)).await.text().await.unwrap();
        }
    }
    told
}

#[tokio::test]
async fn every_endpoint_answers_who_may_ask_and_nobody_else() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for endpoint in of_both() {
        simulator.set_jira_dc_version(if OLD.contains(&endpoint.name) { "9.12" } else { "10.3" });
        let path = guest.examples(endpoint).await.remove(0);
        let answer = guest.ask(endpoint, &path, guest.token(endpoint.host(), 0)).await;
        assert_eq!(answer.status(), 200, "{}", endpoint.name);
        assert!(answer.headers().contains_key("x-ausername"), "{}", endpoint.name);
        answer.json::<Value>().await.unwrap();
        let wrong = guest.ask(endpoint, &path, "made-up").await;
        assert_eq!(wrong.status(), 401, "{}", endpoint.name);
        wrong.json::<Value>().await.unwrap();
        let open = ["server-info", "manifest"].iter().any(|end| endpoint.name.ends_with(end));
        let nobody = guest.bare(endpoint, &path).send().await.unwrap();
        assert_eq!(nobody.status(), if open { 200 } else { 401 }, "{}", endpoint.name);
    }
    assert_eq!(simulator.destroyed(), []);
}

#[tokio::test]
async fn rights_decide_what_is_told() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let search = json!({"page": 0, "limit": 5});
    for host in ["jira-dc", "confluence-dc"] {
        let mut statuses = Vec::new();
        for reader in 0..3 {
            let token = guest.token(host, reader);
            let tokens = guest.request(host, "POST", "/rest/pat/latest/tokens/search").bearer_auth(token);
            statuses.push(tokens.json(&search).send().await.unwrap().status().as_u16());
            for path in ["/rest/oauth2/latest/client", "/rest/basicauth/latest/config", "/rest/pat/latest/tokens"] {
                statuses
                    .push(guest.request(host, "GET", path).bearer_auth(token).send().await.unwrap().status().as_u16());
            }
        }
        assert_eq!(statuses, [200, 200, 200, 200, 403, 403, 200, 200, 403, 403, 403, 200], "{host}");
        let own = guest.request(host, "GET", "/rest/pat/1.0/tokens").bearer_auth(guest.token(host, 2));
        let own: Value = own.send().await.unwrap().json().await.unwrap();
        assert_eq!(own.as_array().unwrap().len(), 1);
        assert!(own[0].get("userProfileResource").is_none() && own[0]["expiringAt"].is_string());
    }
    // What is only there for administrators: 401 where the description says so, 403 elsewhere.
    let plain = |host: &'static str, path: &'static str| {
        guest.request(host, "GET", path).bearer_auth(guest.token(host, 2)).send()
    };
    assert_eq!(plain("jira-dc", "/rest/api/2/cluster/nodes").await.unwrap().status(), 401);
    assert_eq!(plain("confluence-dc", "/rest/api/webhooks").await.unwrap().status(), 401);
    assert_eq!(plain("jira-dc", "/rest/api/2/group/member?groupname=jira-software-users").await.unwrap().status(), 403);
    let seen: Value = plain("jira-dc", "/rest/api/2/project").await.unwrap().json().await.unwrap();
    let all = guest.get("jira-dc", "/rest/api/2/project?includeArchived=true").await;
    assert_eq!((seen.as_array().unwrap().len(), all.as_array().unwrap().len()), (5, 7));
    let mine: Value = plain("jira-dc", "/rest/api/2/mypermissions").await.unwrap().json().await.unwrap();
    assert_eq!(mine["permissions"]["SYSTEM_ADMIN"]["havePermission"], false);
    let mine = guest.get("jira-dc", "/rest/api/2/mypermissions").await;
    assert_eq!(mine["permissions"]["SYSTEM_ADMIN"]["havePermission"], true);
}

#[tokio::test]
async fn accounts_of_jira_come_by_cursor_and_by_search() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let whole = guest.get("jira-dc", "/rest/api/2/user/list").await;
    assert_eq!((&whole["isLast"], whole.get("nextCursor")), (&json!(true), None));
    let all = keys(&whole["values"]);
    assert!(all.len() > 120, "{}", all.len());
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = guest.get("jira-dc", &format!("/rest/api/2/user/list?maxResults=30{cursor}")).await;
        seen.extend(keys(&page["values"]));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "nobody is told twice");
    assert_eq!(seen, all);
    let lost = guest.get("jira-dc", "/rest/api/2/user/list?cursor=17").await;
    assert_eq!(lost["isLast"], true, "a bad cursor is no mistake");

    let search = async |query: &str| {
        let mut found = Vec::new();
        loop {
            let path = format!("/rest/api/2/user/search?{query}&maxResults=50&startAt={}", found.len());
            let page = keys(&guest.get("jira-dc", &path).await);
            if page.is_empty() {
                return found;
            }
            found.extend(page);
        }
    };
    let everybody = "username=.&includeInactive=true";
    // One account has no full stop in any of its names.
    assert_eq!(search(everybody).await.len(), all.len() - 1);
    assert_eq!(search("username=svc-backup").await.len(), 1);
    assert!(search("username=.").await.len() < all.len() - 1, "those who left are not told unless asked for");
    simulator.set_jira_dc_user_cap(Some(100));
    assert_eq!(search(everybody).await.len(), 100);
    simulator.set_jira_dc_user_cap(Some(1000));
    assert_eq!(search(everybody).await.len(), all.len() - 1);
    let path = "/rest/api/2/user/search";
    let answer = guest.request("jira-dc", "GET", path).bearer_auth(guest.token("jira-dc", 0)).send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

fn keys(rows: &Value) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn groups_of_jira_are_picked_and_paged() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let few = guest.get("jira-dc", "/rest/api/2/groups/picker").await;
    let total = few["total"].as_u64().unwrap();
    assert!(total > 20);
    assert_eq!(few["groups"].as_array().unwrap().len(), 20);
    let all = guest.get("jira-dc", "/rest/api/2/groups/picker?maxResults=10000").await;
    assert_eq!(all["groups"].as_array().unwrap().len() as u64, total);
    for group in all["groups"].as_array().unwrap() {
        let name = group["name"].as_str().unwrap();
        let (mut start, mut members) = (0, BTreeSet::new());
        loop {
            let path = format!("/rest/api/2/group/member?includeInactiveUsers=true&maxResults=500&startAt={start}");
            let request = guest.request("jira-dc", "GET", &path).query(&[("groupname", name)]);
            let page: Value =
                request.bearer_auth(guest.token("jira-dc", 0)).send().await.unwrap().json().await.unwrap();
            assert_eq!(page["maxResults"], 50, "{page}");
            start += page["values"].as_array().unwrap().len();
            members.extend(keys(&page["values"]));
            if page["isLast"] == true {
                assert_eq!(page["total"], members.len(), "{name}");
                break;
            }
        }
        assert!(name.contains("guild") || name.contains('/') || !members.is_empty(), "{name} is empty");
    }
    let seats = guest.get("jira-dc", "/rest/api/2/applicationrole").await;
    for role in seats.as_array().unwrap() {
        let path = format!("/rest/plugins/applications/1.0/installed/{}/license", role["key"].as_str().unwrap());
        let licence = guest.get("jira-dc", &path).await;
        assert_eq!(licence["maximumNumberOfUsers"], role["numberOfSeats"]);
        let left = role["numberOfSeats"].as_u64().unwrap() - role["userCount"].as_u64().unwrap();
        assert_eq!(role["remainingSeats"], left);
    }
}

#[tokio::test]
async fn tokens_are_searched_page_by_page_from_nought() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for host in ["jira-dc", "confluence-dc"] {
        let all = guest.tokens(host, 100).await;
        assert!(all.len() > if host == "jira-dc" { 100 } else { 20 }, "{host}: {}", all.len());
        assert_eq!(guest.tokens(host, 7).await, all);
        assert_eq!(guest.tokens(host, 5000).await, all, "a larger page is cut down");
        let search = async |body: Value| guest.post(host, "/rest/pat/latest/tokens/search", body).await;
        let key = all[0]["userProfileResource"]["userKey"].clone();
        let theirs = search(json!({"userKeys": [key]})).await;
        let theirs = theirs["values"].as_array().unwrap();
        assert!(!theirs.is_empty() && theirs.iter().all(|token| token["userProfileResource"]["userKey"] == key));
        let unused = search(json!({"isUsed": false})).await;
        assert!(unused["values"].as_array().unwrap().iter().all(|token| token.get("lastAccessedAt").is_none()));
        let newest = search(json!({"sortBy": "createdAt", "orderBy": "desc", "limit": 2})).await;
        let created = |place: usize| newest["values"][place]["createdAt"].as_str().unwrap().to_owned();
        assert!(created(0) >= created(1));
        let bad = guest.request(host, "POST", "/rest/pat/1.0/tokens/search").bearer_auth(guest.token(host, 0));
        assert_eq!(bad.json(&json!({"sortBy": "colour"})).send().await.unwrap().status(), 400);
        for token in &all {
            let end = token["expiringAt"].as_str().unwrap();
            assert!(end.ends_with("+00:00") && end.parse::<DateTime<Utc>>().is_ok(), "{end}");
        }
    }
}

#[tokio::test]
async fn pages_of_confluence_follow_their_links() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let all = guest.results("/rest/api/user/list?limit=200&expand=status").await;
    assert!(all.len() > 120);
    assert_eq!(guest.results("/rest/api/user/list?limit=13&expand=status").await, all);
    assert!(all.iter().any(|user| user["status"] == "deactivated"));
    assert!(all.iter().all(|user| user["userKey"].as_str().unwrap().len() == 32));
    let plain = guest.get("confluence-dc", "/rest/api/user/list").await;
    assert_eq!(plain["totalCount"], all.len());
    assert!(plain["results"][0].get("status").is_none());
    let active = guest.results("/rest/api/admin/users/list/active?limit=40").await;
    let count = guest.get("confluence-dc", "/rest/license/1.0/license/userCount").await;
    assert_eq!(count["count"], active.len());
    let spaces = guest.results("/rest/api/space?limit=2").await;
    let personal = guest.results("/rest/api/space?type=personal&limit=2").await;
    assert!(spaces.len() > personal.len() && !personal.is_empty());
    let metrics = guest.get("confluence-dc", "/rest/api/instance-metrics").await;
    assert_eq!(metrics["spaces"], spaces.len());
    for group in guest.results("/rest/api/group?limit=3").await {
        let name = group["name"].as_str().unwrap();
        let by_path = name.replace('&', "%26").replace(' ', "%20");
        let by_path = guest.results(&format!("/rest/api/group/{by_path}/member?limit=20")).await;
        let by_query = guest.results(&format!("/rest/api/group/member?groupName={}", name.replace('&', "%26"))).await;
        assert_eq!(by_path, by_query, "{name}");
    }
}

#[tokio::test]
async fn the_log_is_told_newest_first_and_without_ids() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for host in ["jira-dc", "confluence-dc"] {
        let whole = guest.get(host, "/rest/auditing/1.0/events?limit=1000").await;
        let all = whole["entities"].as_array().unwrap().clone();
        assert!(whole["pagingInfo"]["lastPage"] == true && all.len() > 50);
        assert!(all.iter().all(|event| event.get("id").is_none()));
        let times: Vec<&str> = all.iter().map(|event| event["timestamp"].as_str().unwrap()).collect();
        assert!(times.windows(2).all(|pair| pair[0] >= pair[1]));
        let (mut cursor, mut seen) = (String::new(), Vec::new());
        loop {
            let page = guest.get(host, &format!("/rest/auditing/1.0/events?limit=17{cursor}")).await;
            seen.extend(page["entities"].as_array().unwrap().clone());
            if page["pagingInfo"]["lastPage"] == true {
                break;
            }
            cursor = format!("&pageCursor={}", page["pagingInfo"]["nextPageCursor"].as_str().unwrap());
        }
        assert_eq!(seen, all);
        let since = guest.get(host, &format!("/rest/auditing/1.0/events?limit=1000&from={}", times[9])).await;
        assert!((10..15).contains(&since["entities"].as_array().unwrap().len()));
    }
}

#[tokio::test]
async fn the_plugin_manager_wants_its_media_type() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for host in ["jira-dc", "confluence-dc"] {
        let request = guest.request(host, "GET", "/rest/plugins/1.0/").bearer_auth(guest.token(host, 0));
        let plain = request.header("accept", "application/json").send().await.unwrap();
        assert_eq!(plain.status(), 406);
    }
}

#[tokio::test]
async fn what_a_self_hosted_product_does_when_it_misbehaves() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let host = "jira-dc";
    let list = "/rest/api/2/user/list?maxResults=50";
    let send = async || guest.request(host, "GET", list).bearer_auth(guest.token(host, 0)).send().await.unwrap();
    simulator.set_fault("jira-dc-user-list", Fault::HtmlNotFound);
    let answer = send().await;
    assert_eq!(answer.status(), 404);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    simulator.set_fault("jira-dc-user-list", Fault::Captcha);
    let answer = send().await;
    assert_eq!(answer.status(), 403);
    let reason = answer.headers()["x-authentication-denied-reason"].to_str().unwrap().to_owned();
    assert!(reason.starts_with("CAPTCHA_CHALLENGE; login-url="), "{reason}");
    simulator.set_fault("jira-dc-user-list", Fault::LoginPage);
    let answer = send().await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    simulator.set_fault("jira-dc-user-list", Fault::Throttle { times: 1, retry_after: Some(Duration::from_secs(3)) });
    let answer = send().await;
    assert_eq!(answer.status(), 429);
    for header in ["retry-after", "x-ratelimit-limit", "x-ratelimit-fillrate", "x-ratelimit-interval-seconds"] {
        assert!(answer.headers().contains_key(header), "{header}");
    }
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
    assert_eq!(send().await.status(), 200);
    simulator.set_fault("jira-dc-user-list", Fault::RepeatedCursor);
    let first = guest.get(host, list).await;
    let next = first["nextCursor"].as_str().unwrap();
    assert_eq!(guest.get(host, &format!("{list}&cursor={next}")).await["values"], first["values"]);
    simulator.set_fault("jira-dc-user-list", Fault::OnPage(2, Box::new(Fault::Status(403))));
    assert_eq!(send().await.status(), 200);
    let second = guest.request(host, "GET", &format!("{list}&cursor={next}")).bearer_auth(guest.token(host, 0));
    assert_eq!(second.send().await.unwrap().status(), 403);

    simulator.set_fault("confluence-dc-user-list", Fault::ForeignLink);
    let page = guest.get("confluence-dc", "/rest/api/user/list?limit=20").await;
    assert!(page["_links"]["next"].as_str().unwrap().starts_with("https://elsewhere.invalid/rest/api/user/list"));
    simulator.set_fault("confluence-dc-pat-search", Fault::DropRows(3));
    let whole = guest.tokens("jira-dc", 100).await;
    let search = json!({"limit": 10});
    let cut = guest.post("confluence-dc", "/rest/pat/latest/tokens/search", search.clone()).await;
    assert_eq!(cut["values"].as_array().unwrap().len(), 7, "a fault of one product leaves the other alone");
    simulator.set_fault("jira-dc-pat-search", Fault::RepeatedCursor);
    let page = guest.post("jira-dc", "/rest/pat/latest/tokens/search", json!({"limit": 10, "page": 40})).await;
    assert_eq!(page["values"], json!(whole[..10]));
    simulator.set_fault("jira-dc-pat-search", Fault::WrongType);
    let page = guest.post("jira-dc", "/rest/pat/latest/tokens/search", search).await;
    assert!(page["values"][0]["id"].is_object());
}

#[tokio::test]
async fn faults_reach_every_endpoint() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for endpoint in of_both() {
        simulator.set_jira_dc_version(if OLD.contains(&endpoint.name) { "9.12" } else { "10.3" });
        let path = guest.examples(endpoint).await.remove(0);
        let send = async |fault: Fault| {
            simulator.set_fault(endpoint.name, fault);
            let answer = guest.ask(endpoint, &path, guest.token(endpoint.host(), 0)).await;
            let html = answer.headers()["content-type"].to_str().unwrap().starts_with("text/html");
            (answer.status().as_u16(), html, answer.bytes().await)
        };
        for (fault, status, html) in [
            (Fault::Status(401), 401, false),
            (Fault::Status(403), 403, false),
            (Fault::Captcha, 403, false),
            (Fault::HtmlNotFound, 404, true),
            (Fault::LoginPage, 200, true),
            (Fault::ThrottleForever { retry_after: None }, 429, false),
            (Fault::ServerError { times: 1 }, 500, false),
        ] {
            let (told, as_html, body) = send(fault.clone()).await;
            assert_eq!((told, as_html), (status, html), "{}: {fault:?}", endpoint.name);
            let is_json = serde_json::from_slice::<Value>(&body.unwrap()).is_ok();
            assert_eq!(is_json, !html, "{}: {fault:?}", endpoint.name);
        }
        assert!(send(Fault::CutConnection).await.2.is_err(), "{}", endpoint.name);
        let half = send(Fault::TruncatedBody).await.2.unwrap();
        assert!(serde_json::from_slice::<Value>(&half).is_err(), "{}", endpoint.name);
        simulator.clear_faults();
    }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_servers() {
    let (one, other) = (demo().await, demo().await);
    for simulator in [&one, &other] {
        simulator.night(morning() + chrono::TimeDelta::days(1));
    }
    assert_eq!(told(&one).await, told(&other).await);
}

#[tokio::test]
async fn a_path_outside_the_context_is_not_there() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let base = simulator.confluence_dc_url();
    let root = base.strip_suffix("/confluence").expect("it has a path");
    let answer = guest.client.get(format!("{root}/rest/api/user/current")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    let delete =
        guest.request("jira-dc", "DELETE", "/rest/pat/latest/tokens/41001").bearer_auth(guest.token("jira-dc", 0));
    assert_eq!(delete.send().await.unwrap().status(), 204);
    assert_eq!(simulator.destroyed(), [("DELETE".to_owned(), "/rest/pat/latest/tokens/41001".to_owned())]);
}

#[tokio::test]
async fn secrets_are_in_the_answers_as_in_real_ones() {
    let simulator = demo().await;
    let told = told(&simulator).await;
    let ours = ["planted-client-secret-", "planted-signing-secret-", "AAABplanted"];
    for beginning in ours {
        let secrets: Vec<String> =
            simulator.planted_secrets().into_iter().filter(|secret| secret.starts_with(beginning)).collect();
        assert!(!secrets.is_empty(), "no {beginning}");
        assert!(secrets.iter().any(|secret| told.contains(secret)), "{beginning} is nowhere");
    }
}
