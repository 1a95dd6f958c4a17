//! Servers for the tests: one that answers by a function and remembers what it was asked, and one that writes
//! raw bytes, for answers no proper server would give.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Which one it was, counted from zero.
    pub(crate) number: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    /// A query parameter as a number; 0 if it is missing.
    pub(crate) fn number_of(&self, key: &str) -> u32 {
        self.parameters().get(key).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn parameters(&self) -> HashMap<String, String> {
        let url = reqwest::Url::parse(&format!("http://x/?{}", self.query)).unwrap();
        url.query_pairs().into_owned().collect()
    }
}

/// A server on the loopback interface.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// A server that answers at once.
    pub(crate) async fn answering(answer: impl Fn(Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::serving(move |asked| std::future::ready(answer(asked))).await
    }

    /// A server that may take its time.
    pub(crate) async fn serving<F>(answer: impl Fn(Asked) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = asked.clone();
        let answer = Arc::new(answer);
        let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let asked = remember(&log, &method, &uri, headers, &body);
            let answer = answer.clone();
            async move { answer(asked).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, asked }
    }

    /// Everything that arrived so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Forgets everything that arrived so far, and tells how much that was: for runs of many nights.
    pub(crate) fn forget(&self) -> usize {
        std::mem::take(&mut *self.asked.lock().unwrap()).len()
    }
}

fn remember(log: &Mutex<Vec<Asked>>, method: &Method, uri: &Uri, headers: HeaderMap, body: &Bytes) -> Asked {
    let mut log = log.lock().unwrap();
    let asked = Asked {
        number: log.len(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: String::from_utf8_lossy(body).into_owned(),
    };
    log.push(asked.clone());
    asked
}

/// A server that writes the given bytes to each connection in turn (the last ones again and again) and hangs up.
pub(crate) async fn raw(answers: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            assert!(length > 0, "the client hung up before it asked");
            let answer = answers.get(number).or(answers.last()).unwrap();
            // The client may hang up first, for instance on an answer that is too large.
            stream.write_all(answer).await.ok();
            stream.shutdown().await.ok();
        }
    });
    address
}

/// An answer of JSON.
pub(crate) fn json(value: &serde_json::Value) -> Response<Body> {
    status(200, value)
}

/// An answer of JSON with a status.
pub(crate) fn status(status: u16, value: &serde_json::Value) -> Response<Body> {
    let builder = Response::builder().status(status).header("content-type", "application/json");
    builder.body(Body::from(value.to_string())).unwrap()
}

/// An answer with a header and an empty list.
pub(crate) fn with_header(status: u16, name: &str, value: &str) -> Response<Body> {
    Response::builder().status(status).header(name, value).body(Body::from("[]")).unwrap()
}
