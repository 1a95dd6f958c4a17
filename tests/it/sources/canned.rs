//! A self-hosted product that gives answers written by hand: by path, or by path and what its query asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use keyroll::model::{Snapshot, Watermarks};
use keyroll::sources::{Depth, Source};
use serde_json::Value;

use super::{build, sealed, secret_file};

/// The page for people that a product shows where there is nothing.
pub(super) const DEAD_LINK: &str =
    "<!DOCTYPE html><html><head><title>Oops, you&#39;ve found a dead link.</title></head></html>";

/// Parameters that make another question of the same path.
const TELLING: [&str; 7] = ["start", "context", "user", "permission", "status", "groupName", "pageCursor"];

#[derive(Clone)]
struct Canned {
    status: u16,
    kind: &'static str,
    body: String,
    headers: Vec<(&'static str, &'static str)>,
}

#[derive(Clone, Default)]
pub(super) struct Product {
    answers: BTreeMap<String, Canned>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Product {
    pub(super) fn put(&mut self, question: &str, body: &Value) {
        self.answer(question, 200, "application/json;charset=UTF-8", body.to_string());
    }

    pub(super) fn refuse(&mut self, question: &str, status: u16, body: &Value) {
        self.answer(question, status, "application/json", body.to_string());
    }

    pub(super) fn page(&mut self, question: &str, status: u16, html: &str) {
        self.answer(question, status, "text/html;charset=UTF-8", html.to_owned());
    }

    pub(super) fn answer(&mut self, question: &str, status: u16, kind: &'static str, body: String) {
        self.answers.insert(question.to_owned(), Canned { status, kind, body, headers: Vec::new() });
    }

    /// Headers for an answer that is there.
    pub(super) fn headers(&mut self, question: &str, headers: &[(&'static str, &'static str)]) {
        self.answers.get_mut(question).expect(question).headers = headers.to_vec();
    }

    pub(super) fn remove(&mut self, question: &str) {
        assert!(self.answers.remove(question).is_some(), "{question}");
    }

    /// Half of an answer that is there: the line broke, or a proxy cut it.
    pub(super) fn cut(&mut self, question: &str) {
        let canned = self.answers.get_mut(question).expect(question);
        canned.body.truncate(canned.body.len() / 2);
    }

    /// How many questions so far had this in them.
    pub(super) fn asked(&self, part: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }

    /// A source that asks this product with a token.
    pub(super) async fn source(&self, kind: &str, more: &str) -> Box<dyn Source> {
        let folder = tempfile::tempdir().unwrap();
        let base = self.serve().await;
        let token = secret_file(folder.path(), "token", "planted-own-token");
        build(kind, &format!("base_url: {base}/ctx\ninstance: acme-{kind}\ntoken: {token}\n{more}"))
            .unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    pub(super) async fn seen(&self, kind: &str, more: &str) -> Snapshot {
        sealed(self.source(kind, more).await.look(Depth::Whole, &Watermarks::default()).await)
    }

    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(respond).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }
}

async fn respond(State(product): State<Product>, request: Request) -> Response {
    let query = Query::<BTreeMap<String, String>>::try_from_uri(request.uri()).unwrap().0;
    let path = request.uri().path().strip_prefix("/ctx").unwrap_or("outside of the context path").to_owned();
    let telling: Vec<String> = query
        .iter()
        .filter(|(key, _)| TELLING.contains(&key.as_str()))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let question = if telling.is_empty() { path.clone() } else { format!("{path}?{}", telling.join("&")) };
    product.asked.lock().unwrap().push(format!("{} {question}", request.method()));
    let dead = Canned { status: 404, kind: "text/html", body: DEAD_LINK.to_owned(), headers: Vec::new() };
    let canned = product.answers.get(&question).or_else(|| product.answers.get(&path)).unwrap_or(&dead).clone();
    let mut response = (StatusCode::from_u16(canned.status).unwrap(), canned.body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, canned.kind.parse().unwrap());
    for (name, value) in canned.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
