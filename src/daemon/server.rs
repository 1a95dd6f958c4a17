//! What the process answers over HTTP: whether it is alive and ready, its numbers, and the calendar of what ends.
//!
//! It only answers GET and HEAD, changes nothing, and logs neither tokens nor queries. It speaks no TLS: where others
//! than the machine itself can reach it, a token is asked for, and a proxy in front should encrypt.

mod connection;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::metrics::{self, Metrics};
use crate::clock::Clock;
use crate::digest::Digest;
use crate::secret::Secret;
use connection::Doorkeeper;

/// Bytes of a request's address and headers.
const LARGEST_HEAD: usize = 8 * 1024;

/// How long answers under way may take once the process is to end.
const GRACE: Duration = Duration::from_secs(5);

/// Where to listen, and who may ask.
#[derive(Debug, Clone)]
pub struct Listen {
    address: SocketAddr,
    token: Option<Secret>,
    calendar_token: Option<Secret>,
}

/// Why nobody can be served this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Others than this machine could read the numbers.
    #[error(
        "listening on {0} lets other machines ask, which takes a token; set one, or listen on a loopback address such as \
         `127.0.0.1:9464`"
    )]
    TokenNeeded(SocketAddr),
}

impl Listen {
    /// Listens on an address. `token` is asked for by the numbers, and must be given unless only this machine can reach
    /// the address. Without a `calendar_token` there is no calendar.
    ///
    /// # Errors
    /// When others could reach it and no token is given.
    pub fn new(
        address: SocketAddr,
        token: Option<Secret>,
        calendar_token: Option<Secret>,
    ) -> Result<Self, ListenError> {
        if token.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(ListenError::TokenNeeded(address));
        }
        Ok(Self { address, token, calendar_token })
    }
}

/// Why the process cannot do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// No configuration is loaded.
    NoConfiguration,
    /// The store cannot be read.
    StoreUnreadable,
    /// The process is about to end.
    Stopping,
}

impl NotReady {
    /// A fragment for whoever asks. It reveals nothing but the state.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NoConfiguration => "no configuration is loaded",
            Self::StoreUnreadable => "the store cannot be read",
            Self::Stopping => "stopping",
        }
    }
}

/// How the process is, as it says itself. Clones share it.
#[derive(Debug, Clone)]
pub struct Health(Arc<Mutex<Condition>>);

#[derive(Debug)]
struct Condition {
    beat_at: DateTime<Utc>,
    not_ready: Option<NotReady>,
}

impl Health {
    /// A process that starts: alive, and without a configuration.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(Condition { beat_at: now, not_ready: Some(NotReady::NoConfiguration) })))
    }

    /// The loop that runs everything has come round.
    pub fn beat(&self, now: DateTime<Utc>) {
        self.condition().beat_at = now;
    }

    /// From here on the process can do its work, or cannot.
    pub fn set_ready(&self, ready: Result<(), NotReady>) {
        self.condition().not_ready = ready.err();
    }

    fn condition(&self) -> MutexGuard<'_, Condition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is shown to those who ask.
#[derive(Clone)]
pub struct Shown {
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// Whether the process is alive and ready.
    pub health: Health,
    /// How old the last beat of a living process is at the most.
    pub longest_silence: Duration,
    /// What time it is, to tell how old the last beat is.
    pub clock: Arc<dyn Clock>,
    /// Writes the calendar, or says in a fragment for the log why it cannot. It may take its time and block.
    pub calendar: Arc<dyn Fn() -> Result<String, String> + Send + Sync>,
}

impl fmt::Debug for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shown").field("health", &self.health).finish_non_exhaustive()
    }
}

/// A server that has its port, and answers once it runs.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    shown: Shown,
    token: Option<Digest>,
    calendar_token: Option<Digest>,
}

impl Server {
    /// Takes the port. Port 0 takes any that is free.
    ///
    /// # Errors
    /// When the address is taken, or cannot be had.
    pub async fn bind(listen: &Listen, shown: Shown) -> io::Result<Self> {
        let listener = TcpListener::bind(listen.address).await?;
        let known = |secret: &Option<Secret>| secret.as_ref().map(|secret| fingerprint(secret.expose()));
        let shared = Shared { shown, token: known(&listen.token), calendar_token: known(&listen.calendar_token) };
        Ok(Self { listener, shared: Arc::new(shared) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` holds true or nobody holds its other end any more. Answers under way are finished, unless
    /// that takes too long.
    ///
    /// # Errors
    /// When the port is lost.
    pub async fn run(self, stop: watch::Receiver<bool>) -> io::Result<()> {
        let told = |mut stop: watch::Receiver<bool>| async move {
            // An error says that the sender is gone: there is nobody left to answer for.
            stop.wait_for(|stop| *stop).await.ok();
        };
        let late = {
            let told = told(stop.clone());
            async move {
                told.await;
                tokio::time::sleep(GRACE).await;
            }
        };
        let serving = axum::serve(Doorkeeper::new(self.listener), routes(self.shared));
        tokio::select! {
            outcome = async { serving.with_graceful_shutdown(told(stop)).await } => outcome,
            () = late => Ok(()),
        }
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(numbers))
        .route("/calendar.ics", get(calendar))
        .layer(from_fn(guard))
        .with_state(shared)
}

/// Refuses heads that no honest request has, and keeps answers out of caches.
async fn guard(request: Request, next: Next) -> Response {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address + headers.sum::<usize>() > LARGEST_HEAD {
        return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    let Shown { health, longest_silence, clock, .. } = &shared.shown;
    // A clock that was put back makes no beat old.
    let silence = (clock.now() - health.condition().beat_at).to_std().unwrap_or_default();
    if silence <= *longest_silence {
        return Json(json!({"status": "alive"})).into_response();
    }
    let reason = format!("the last beat was {} s ago, more than {} s", silence.as_secs(), longest_silence.as_secs());
    unavailable("stalled", &reason)
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let not_ready = shared.shown.health.condition().not_ready;
    match not_ready {
        None => Json(json!({"status": "ready"})).into_response(),
        Some(why) => unavailable("not ready", why.text()),
    }
}

async fn numbers(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if shared.token.is_some_and(|token| bearer(&headers).map(fingerprint) != Some(token)) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response();
    }
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], shared.shown.metrics.render()).into_response()
}

/// Calendar programs cannot send headers, so the token is in the address.
#[derive(Deserialize)]
struct CalendarQuery {
    token: Option<String>,
}

async fn calendar(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Some(token) = shared.calendar_token else { return StatusCode::NOT_FOUND.into_response() };
    let query = Query::<CalendarQuery>::try_from_uri(request.uri()).ok();
    let given = query.and_then(|Query(query)| query.token);
    if given.as_deref().map(fingerprint) != Some(token) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let write = Arc::clone(&shared.shown.calendar);
    match tokio::task::spawn_blocking(move || write()).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response(),
        Ok(Err(reason)) => {
            tracing::warn!("cannot write the calendar: {reason}");
            unavailable("failed", "the calendar cannot be written")
        }
        Err(_broken_off) => unavailable("failed", "the calendar cannot be written"),
    }
}

fn unavailable(status: &str, reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": status, "reason": reason}))).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Digests are compared in place of tokens: how long that takes says nothing about the token.
fn fingerprint(token: &str) -> Digest {
    Digest::of_bytes(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_ask_without_a_token() {
        let listen = |address: &str, token: Option<&str>| {
            Listen::new(address.parse().unwrap(), token.map(|token| Secret::new(token.to_owned())), None)
        };
        for loopback in ["127.0.0.1:9464", "127.8.0.1:1", "[::1]:9464", "[::ffff:127.0.0.1]:9464"] {
            assert!(listen(loopback, None).is_ok(), "{loopback}");
        }
        for open in ["0.0.0.0:9464", "10.0.0.1:9464", "[::]:9464", "[fe80::1]:9464"] {
            let error = listen(open, None).unwrap_err().to_string();
            assert!(error.contains(open) && error.contains("set one"), "{error}");
            assert!(listen(open, Some("s3cret")).is_ok());
        }
    }
}
