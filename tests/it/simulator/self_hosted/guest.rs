//! An HTTP client of the tests' own for the self-hosted products.

use std::time::Duration;

use keyroll::simulator::{Endpoint, Simulator};
use serde_json::{Value, json};

/// Somebody who asks with the tokens of the three readers.
pub(super) struct Guest<'a> {
    simulator: &'a Simulator,
    pub(super) client: reqwest::Client,
}

impl<'a> Guest<'a> {
    pub(super) fn of(simulator: &'a Simulator) -> Self {
        // A provider may be there already, from another test of this binary.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { simulator, client }
    }

    /// The token of the system administrator, the administrator, or the person without rights.
    pub(super) fn token(&self, host: &str, reader: usize) -> &str {
        let estate = self.simulator;
        match (host, reader) {
            ("jira-dc", 0) => estate.jira_dc_token(),
            ("jira-dc", 1) => estate.jira_dc_admin_token(),
            ("jira-dc", _) => estate.jira_dc_plain_token(),
            (_, 0) => estate.confluence_dc_token(),
            (_, 1) => estate.confluence_dc_admin_token(),
            (_, _) => estate.confluence_dc_plain_token(),
        }
    }

    /// A request without a credential.
    pub(super) fn request(&self, host: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        let base = if host == "jira-dc" { self.simulator.jira_dc_url() } else { self.simulator.confluence_dc_url() };
        self.client.request(method.parse().unwrap(), format!("{base}{path}"))
    }

    /// A request to an endpoint as it wants to be asked, without a credential.
    pub(super) fn bare(&self, endpoint: &Endpoint, path: &str) -> reqwest::RequestBuilder {
        let request = self.request(endpoint.host(), endpoint.method, path);
        let request = match endpoint.method {
            "POST" => request.json(&json!({"page": 0, "limit": 100})),
            _ => request,
        };
        match path.strip_prefix("/rest/plugins/1.0/") {
            Some(_) => request.header("accept", "application/vnd.atl.plugins.installed+json"),
            None => request,
        }
    }

    pub(super) async fn ask(&self, endpoint: &Endpoint, path: &str, token: &str) -> reqwest::Response {
        self.bare(endpoint, path).bearer_auth(token).send().await.unwrap()
    }

    pub(super) async fn get(&self, host: &str, path: &str) -> Value {
        let answer = self.request(host, "GET", path).bearer_auth(self.token(host, 0)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub(super) async fn post(&self, host: &str, path: &str, body: Value) -> Value {
        let request = self.request(host, "POST", path).bearer_auth(self.token(host, 0));
        request.json(&body).send().await.unwrap().json().await.unwrap()
    }

    /// Status and whether the answer is a page for people.
    pub(super) async fn refusal(&self, host: &str, path: &str) -> (u16, bool) {
        let answer = self.request(host, "GET", path).bearer_auth(self.token(host, 0)).send().await.unwrap();
        let html = answer.headers()["content-type"].to_str().unwrap().starts_with("text/html");
        (answer.status().as_u16(), html)
    }

    /// Everybody's tokens, in pages of that size.
    pub(super) async fn tokens(&self, host: &str, limit: usize) -> Vec<Value> {
        let mut tokens = Vec::new();
        for page in 0.. {
            let search = json!({"page": page, "limit": limit});
            let answer = self.post(host, "/rest/pat/latest/tokens/search", search).await;
            let rows = answer["values"].as_array().unwrap();
            tokens.extend(rows.clone());
            if rows.len() < limit.min(100) {
                break;
            }
        }
        tokens
    }

    /// All results of a listing of Confluence.
    pub(super) async fn results(&self, path: &str) -> Vec<Value> {
        let (mut path, mut rows) = (path.to_owned(), Vec::new());
        loop {
            let page = self.get("confluence-dc", &path).await;
            rows.extend(page["results"].as_array().unwrap_or_else(|| panic!("{path}: {page}")).clone());
            match page["_links"]["next"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => return rows,
            }
        }
    }

    /// Paths that the endpoint can answer: one for each thing of its sort.
    pub(super) async fn examples(&self, endpoint: &Endpoint) -> Vec<String> {
        let path = endpoint.path;
        let host = endpoint.host();
        let texts = |rows: Value, key: &str| -> Vec<String> {
            let rows = rows.as_array().unwrap().clone();
            rows.iter().map(|row| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned)).collect()
        };
        let projects = async || texts(self.get("jira-dc", "/rest/api/2/project?includeArchived=true").await, "key");
        let each = |variable: &str, values: Vec<String>| -> Vec<String> {
            values.iter().map(|value| path.replace(variable, value)).collect()
        };
        match path {
            path if path.contains("{role}") && path.contains("{project}") => {
                let roles = ["10000", "10001", "10002", "10101"];
                let paths = each("{project}", projects().await);
                paths.iter().flat_map(|path| roles.map(|role| path.replace("{role}", role))).collect()
            }
            path if path.contains("{project}") => {
                each("{project}", projects().await).iter().map(|path| format!("{path}?expand=all")).collect()
            }
            path if path.contains("{scheme}") => {
                let schemes = self.get("jira-dc", "/rest/api/2/permissionscheme").await["permissionSchemes"].take();
                each("{scheme}", texts(schemes, "id")).iter().map(|path| format!("{path}?expand=all")).collect()
            }
            path if path.contains("{link}") => {
                each("{link}", texts(self.get(host, "/rest/applinks/3.0/applinks").await, "id"))
            }
            path if path.contains("{client}") => {
                each("{client}", texts(self.get(host, "/rest/oauth2/latest/client").await, "id"))
            }
            path if path.contains("{space}") => {
                let spaces = self.results("/rest/api/space?limit=100").await;
                each("{space}", texts(json!(spaces), "key"))
            }
            _ => vec![
                path.replace("{role}", "10002")
                    .replace("{application}", "jira-software")
                    .replace("{group}", "confluence-users")
                    + query(path),
            ],
        }
    }
}

fn query(path: &str) -> &'static str {
    match path {
        "/rest/api/2/myself" => "?expand=groups,applicationRoles",
        "/rest/api/2/user" => "?username=svc-jiraalign&expand=groups,applicationRoles",
        "/rest/api/2/user/search" => "?username=.&includeInactive=true&maxResults=1000",
        "/rest/api/2/groups/picker" => "?maxResults=1000",
        "/rest/api/2/group/member" => "?groupname=jira-software-users&includeInactiveUsers=true",
        "/rest/api/2/project" => "?includeArchived=true&expand=description,lead,url,projectKeys",
        "/rest/api/2/permissionscheme" => "?expand=permissions,user,group,projectRole,field,all",
        "/rest/api/2/mypermissions" => "?projectKey=PAY",
        "/rest/api/user" | "/rest/api/user/memberof" => "?username=svc-jiraalign",
        "/rest/api/user/list" => "?limit=200&expand=status",
        "/rest/api/group/member" | "/rest/api/group/groupmember" | "/rest/api/group/groupparent" => {
            "?groupName=confluence-administrators"
        }
        "/rest/api/space" => "?limit=100",
        _ => "",
    }
}
