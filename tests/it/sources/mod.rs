//! Each source against the pretended estate, whole and misbehaving, and against answers written by hand.

mod atlassian_org;
mod atlassian_org_news;
mod bitbucket_cloud;
mod bitbucket_dc;
mod canned;
mod configuration;
mod confluence_cloud;
mod confluence_dc;
mod files;
mod jira_align;
mod jira_cloud;
mod jira_dc;
mod roster;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use keyroll::clock::FixedClock;
use keyroll::document;
use keyroll::http::{Factory, Limits};
use keyroll::model::{Body, Collection, EndpointState, Kind, LedgerEntry, Resource, Snapshot};
use keyroll::problem::{Problems, SourceText};
use keyroll::simulator::{Plan, Simulator};
use keyroll::sources::{SOURCES, Source};
use serde_json::{Value, json};

fn morning() -> DateTime<Utc> {
    "2026-11-22T07:30:00Z".parse().unwrap()
}

async fn demo() -> Simulator {
    Simulator::start(Plan::demo(morning())).await.unwrap()
}

/// Builds a source as the configuration would.
fn build(kind: &str, yaml: &str) -> Result<Box<dyn Source>, Problems> {
    let kind = SOURCES.iter().find(|each| each.name == kind).unwrap();
    let section = document::parse(&SourceText::new("keyroll.yaml", yaml)).unwrap();
    let clock = Arc::new(FixedClock::at(morning()));
    let limits = Limits {
        tries: 2,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
        ..Limits::default()
    };
    (kind.build)("acme".into(), section, &Factory::new(clock.clone()).with_limits(limits), clock)
}

/// A file that holds a secret and that only its owner may read.
fn secret_file(folder: &Path, name: &str, secret: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, secret).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display())
}

fn entry<'a>(ledger: &'a [LedgerEntry], endpoint: &str) -> &'a LedgerEntry {
    ledger.iter().find(|entry| &*entry.endpoint == endpoint).unwrap()
}

/// The entries that are not complete, with their states.
fn gaps(ledger: &[LedgerEntry]) -> BTreeMap<&str, EndpointState> {
    ledger.iter().filter(|entry| entry.is_gap()).map(|entry| (&*entry.endpoint, entry.state)).collect()
}

fn sealed(collection: Collection) -> Snapshot {
    Snapshot::seal(vec![collection])
}

fn of_kind(snapshot: &Snapshot, kind: Kind) -> impl Iterator<Item = &Resource> {
    snapshot.resources.iter().filter(move |resource| resource.kind() == kind)
}

/// A resource's body as JSON, for short comparisons.
fn facts(snapshot: &Snapshot, id: &str) -> Value {
    let resource = snapshot.resources.iter().find(|resource| resource.id.as_str() == id);
    let resource = resource.unwrap_or_else(|| panic!("{id} is not among the resources"));
    match &resource.body {
        Body::Principal(body) => json!(body),
        Body::Group(body) => json!(body),
        Body::Credential(body) => json!(body),
        Body::Container(body) => json!(body),
        Body::Grant(body) => json!(body),
        Body::App(body) => json!(body),
        Body::Webhook(body) => json!(body),
        Body::Automation(body) => json!(body),
        Body::Variable(body) => json!(body),
        Body::Setting(body) => json!(body),
        Body::Integration(body) => json!(body),
        Body::Person(body) => json!(body),
    }
}

/// A question, as it came to [`serve_by`].
#[derive(Debug, Clone)]
struct Asked {
    /// Method and path: `GET /admin/v1/orgs`.
    line: String,
    query: BTreeMap<String, String>,
    /// The JSON in the body; null if there is none.
    body: Value,
}

impl Asked {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// Serves whatever status and body `answer` gives for a question. Gives the base URL.
async fn serve_by(answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static) -> String {
    type Answers = Arc<dyn Fn(&Asked) -> (u16, Value) + Send + Sync>;
    async fn handle(State(answer): State<Answers>, request: Request) -> (StatusCode, Json<Value>) {
        let line = format!("{} {}", request.method(), request.uri().path().replace("%3A", ":"));
        let query = Query::<BTreeMap<String, String>>::try_from_uri(request.uri()).unwrap().0;
        let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
        let asked = Asked { line, query, body: serde_json::from_slice(&body).unwrap_or(Value::Null) };
        let (status, body) = answer(&asked);
        (StatusCode::from_u16(status).unwrap(), Json(body))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(handle).with_state(Arc::new(answer) as Answers);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// Serves answers written by hand: the body for a method and path, 404 for all others. Gives the base URL.
async fn serve(answers: Vec<(&'static str, Value)>) -> String {
    async fn answer(
        State(answers): State<Arc<BTreeMap<&'static str, Value>>>,
        request: Request,
    ) -> (StatusCode, Json<Value>) {
        let asked = format!("{} {}", request.method(), request.uri().path().replace("%3A", ":"));
        match answers.get(asked.as_str()) {
            Some(body) => (StatusCode::OK, Json(body.clone())),
            None => (StatusCode::NOT_FOUND, Json(json!({"code": 404, "message": "no such thing"}))),
        }
    }
    let answers: BTreeMap<_, _> = answers.into_iter().collect();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(Arc::new(answers));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}
