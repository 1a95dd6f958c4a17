//! An HTTP client of the tests' own, so that the pretended estate is not judged by keyroll's own client.

use std::time::Duration;

use keyroll::simulator::Simulator;
use serde_json::{Value, json};

/// A visitor with the right credentials, unless told otherwise.
pub(crate) struct Visitor<'a> {
    simulator: &'a Simulator,
    pub(crate) client: reqwest::Client,
}

impl<'a> Visitor<'a> {
    pub(crate) fn of(simulator: &'a Simulator) -> Self {
        // A provider may be there already, from another test of this binary.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { simulator, client }
    }

    pub(crate) fn request(&self, method: &str, path: &str, right: bool) -> reqwest::RequestBuilder {
        let estate = self.simulator;
        let (base, user, token) = match path.split('/').nth(1) {
            Some("admin") => (estate.org_url(), None, estate.unscoped_org_key()),
            Some("automation") => (estate.org_url(), Some(estate.site_user()), estate.site_token()),
            Some("1.0" | "2.0") => (estate.bitbucket_url(), Some(estate.bitbucket_user()), estate.bitbucket_token()),
            _ => (estate.site_url(), Some(estate.site_user()), estate.site_token()),
        };
        let mut request = self.client.request(method.parse().unwrap(), format!("{base}{path}"));
        if path.starts_with("/rest/plugins") {
            request = request.header("accept", "application/vnd.atl.plugins.installed+json");
        }
        match (user, right) {
            (None, true) => request.bearer_auth(token),
            (None, false) => request.basic_auth(estate.site_user(), Some(estate.org_key())),
            (Some(user), true) => request.basic_auth(user, Some(token)),
            (Some(user), false) => request.basic_auth(user, Some("wrong")),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.request("GET", path, true).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.request("POST", path, true).json(&body).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.request("GET", path, true).send().await.unwrap().status().as_u16()
    }

    pub(crate) fn org(&self, version: &str, rest: &str) -> String {
        format!("/admin/{version}/orgs/{}{rest}", self.simulator.org_id())
    }

    pub(crate) fn access(&self, rest: &str) -> String {
        self.org("api-access/v1", rest)
    }

    pub(crate) fn automation(&self, rest: &str) -> String {
        format!("/automation/public/jira/{}/rest/v1/rule/summary{rest}", self.simulator.cloud_id())
    }

    /// All rows of a search with cursors in the body.
    pub(crate) async fn search(&self, rest: &str, mut body: Value) -> Vec<Value> {
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
    pub(crate) async fn listing(&self, rest: &str, page_size: usize) -> Vec<Value> {
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
    pub(crate) async fn bean(&self, path: &str) -> Vec<Value> {
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

    /// All results of the second version of Confluence's API.
    pub(crate) async fn results(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut path = path.to_owned();
        loop {
            let page = self.get(&path).await;
            rows.extend(page["results"].as_array().unwrap_or_else(|| panic!("{path}: {page}")).clone());
            match page["_links"]["next"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => return rows,
            }
        }
    }

    /// All values of a Bitbucket listing.
    pub(crate) async fn values(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut path = path.to_owned();
        loop {
            let page = self.get(&path).await;
            rows.extend(page["values"].as_array().unwrap_or_else(|| panic!("{path}: {page}")).clone());
            match page["next"].as_str() {
                Some(next) => path = next.strip_prefix("https://api.bitbucket.org").expect("it is absolute").to_owned(),
                None => {
                    assert_eq!(page["size"], rows.len(), "{path}");
                    return rows;
                }
            }
        }
    }

    /// A path and a body that the endpoint can answer, from an estate that is there.
    pub(crate) async fn example(&self, pattern: &str) -> (String, Option<Value>) {
        let group = self.post(&self.org("v2", "/directories/-/groups/search"), json!({})).await;
        let people = self.post(&self.org("v2", "/directories/-/users/search"), json!({})).await;
        let account = self.get(&self.access("/service-accounts")).await;
        let path = pattern
            .replace("{org}", self.simulator.org_id())
            .replace("{cloud}", self.simulator.cloud_id())
            .replace("{dir}", "-")
            .replace("{acc}", people["data"][0]["accountId"].as_str().unwrap())
            .replace("{group}", group["data"][0]["id"].as_str().unwrap())
            .replace("{id}", account["items"][0]["id"].as_str().unwrap())
            .replace("{project}", "10000")
            .replace("{role}", "10002")
            .replace("{scheme}", "10000")
            .replace("{cloud}", self.simulator.cloud_id())
            .replace("{space}", "98306")
            .replace("{ws}", self.simulator.workspace())
            .replace("{repo}", "core-api")
            .replace("{key}", "OPS");
        let path = match path {
            path if path.contains("{env}") => {
                let environments = self.values("/2.0/repositories/acme/core-api/environments").await;
                path.replace("{env}", environments[0]["uuid"].as_str().unwrap())
            }
            path if path.contains("{user}") => {
                let own = self.get("/2.0/user/workspaces/acme/permission").await;
                path.replace("{user}", own["user"]["account_id"].as_str().unwrap())
            }
            _ => path,
        };
        let query = match pattern {
            "/rest/api/3/mypermissions" => "?permissions=ADMINISTER,BROWSE_PROJECTS".to_owned(),
            "/rest/api/3/group/member" => {
                format!("?includeInactiveUsers=true&groupId={}", group["data"][0]["id"].as_str().unwrap())
            }
            "/rest/api/3/permissionscheme" => "?expand=all".to_owned(),
            "/rest/api/3/project/search" => "?expand=lead,insight,description&status=live&status=archived".to_owned(),
            "/rest/api/3/filter/search" => "?overrideSharePermissions=true&maxResults=100&\
                expand=description,owner,jql,sharePermissions,editPermissions"
                .to_owned(),
            "/rest/api/3/dashboard/search" => {
                "?maxResults=100&expand=description,owner,sharePermissions,editPermissions".to_owned()
            }
            path if path.ends_with("/events-stream") => "?limit=500".to_owned(),
            "/rest/api/3/myself" => "?expand=groups,applicationRoles".to_owned(),
            "/wiki/rest/api/search/user" => "?cql=type%3Duser&sitePermissionTypeFilter=all".to_owned(),
            "/wiki/rest/api/user/current" => "?expand=operations".to_owned(),
            "/rest/api/3/users/search" => "?maxResults=1000".to_owned(),
            _ => String::new(),
        };
        let body = match pattern {
            path if path.ends_with("/service-accounts/count") => Some(json!([account["items"][0]["id"]])),
            path if path.ends_with("/users-bulk") => {
                Some(json!({"accountIds": [people["data"][0]["accountId"], people["data"][1]["accountId"]]}))
            }
            path if path.ends_with("/bulk-fetch") => Some(json!({"accountIds": [people["data"][0]["accountId"]]})),
            path if path.ends_with("/check") => Some(json!({"globalPermissions": ["ADMINISTER"],
                "projectPermissions": [{"permissions": ["EDIT_ISSUES"], "projects": [10000]}]})),
            path if path.ends_with("/search") || path.ends_with("/workspaces") => Some(json!({})),
            _ => None,
        };
        (path + &query, body)
    }
}
