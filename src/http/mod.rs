//! The one way out to an HTTP API. It knows pages, limits and authentication, not products.
//!
//! A `Factory` builds one `Client` for each configured host. A client only lets listed read requests
//! through (`allowed`), shares its tenant's budget with every other client of that tenant (`budget`),
//! tries again where that can help (`retry`), and walks paged collections to a proven end (`paging`).
//! What happened on the way is noted on a `Trail`, from which sources write the coverage ledger.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::secret::Secret;

/// How to prove who is asking.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Nobody: a public endpoint.
    None,
    /// User name (an e-mail address in the cloud) and token.
    Basic { user: String, password: Secret },
    /// A key or token in the `Authorization: Bearer` header.
    Bearer(Secret),
    /// OAuth 2.0 client credentials: exchanged for a bearer token, renewed before it ends.
    ClientCredentials { token_url: String, client_id: String, client_secret: Secret },
}

/// The two methods that can read. There is no way to name another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST, for the searches that are written as one.
    Post,
}

/// A request that may leave the house: method and path, with `{}` for one variable segment.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// The method.
    pub method: Method,
    /// Path under the base URL, such as `/admin/v1/orgs/{}/users`.
    pub path: &'static str,
}

/// What a client needs to know about the host it talks to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host and path prefix; requests never leave it.
    pub base_url: String,
    /// The credential.
    pub auth: Auth,
    /// Whose rate limit is used: clients with the same tenant share one budget.
    pub tenant: String,
    /// The requests this source makes.
    pub allowed: &'static [Allowed],
    /// A PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// An HTTP proxy; `None` means none, whatever the environment says.
    pub proxy: Option<String>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Requests under way at once, at the most.
    pub concurrency: usize,
    /// A ceiling of our own, below whatever the tenant allows.
    pub requests_per_second: Option<f64>,
}

/// One request: what to ask for.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Path under the base URL, its variable segments percent-encoded by [`Request::get`]'s callers through [`segment`].
    pub path: String,
    /// Query parameters in order; a key may come more than once.
    pub query: Vec<(String, String)>,
    /// A JSON body.
    pub body: Option<serde_json::Value>,
}

/// What happened while one endpoint was read: the raw numbers of its ledger entry. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Trail(Arc<Mutex<Counts>>);

/// The numbers on a [`Trail`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests sent, those tried again included.
    pub requests: u32,
    /// Answers that were a page (or the only answer) and could be read.
    pub pages: u32,
    /// How often each HTTP status came.
    pub statuses: BTreeMap<u16, u32>,
    /// Requests that were sent again.
    pub retries: u32,
    /// The cursor, link or offset that was asked for last.
    pub last_cursor: Option<String>,
}

/// One page of an answer.
pub trait Page: DeserializeOwned + Send + 'static {
    /// What it holds.
    type Row: Send;
    /// Where the collection stands after this page.
    fn position(&self) -> Position;
    /// The rows.
    fn into_rows(self) -> Vec<Self::Row>;
}

/// What a page says about the rest. Keys that the page does not have stay `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// Link or cursor of the next page: absolute URL, relative URL, `?query`, or a bare cursor.
    pub next: Option<String>,
    /// The page's own word that it is the last.
    pub is_last: Option<bool>,
    /// Rows in the whole collection, as the server counts them.
    pub total: Option<u64>,
}

/// How a collection is walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// One answer holds everything.
    Single,
    /// Each page names the next; the end is a page that names none.
    Links {
        /// The parameter for a next page that is given as a bare cursor.
        cursor: &'static str,
        /// Where a cursor goes: into the query alone, beside the other parameters, or into the JSON body.
        place: CursorPlace,
    },
    /// Offset and size; the end is `is_last`, or the total reached. Later pages are fetched side by side.
    Offset { start: &'static str, size: &'static str, rows: u32 },
    /// Offset and size over bare arrays; the end is an empty page. Pages are fetched a few ahead.
    UntilEmpty { start: &'static str, size: &'static str, rows: u32 },
}

/// Where a bare cursor is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorPlace {
    /// Alone in the query: the API drops all other parameters anyway.
    QueryAlone,
    /// In the query, the other parameters repeated beside it.
    QueryBeside,
    /// In the JSON body, beside its other members.
    Body,
}

/// What walking a collection brought.
#[derive(Debug)]
pub struct Walk<Row> {
    /// The rows of all pages that arrived, in the collection's order.
    pub rows: Vec<Row>,
    /// Rows in the whole collection as the server counted them, if it did.
    pub expected: Option<u64>,
    /// How it ended.
    pub end: End,
}

/// How a walk ended.
#[derive(Debug)]
pub enum End {
    /// The protocol's end marker was seen, and a total, if there was one, agrees with the rows.
    Complete,
    /// Rows arrived but the end was not proven: counts disagree, a cursor came twice, too many pages, an error on the way.
    Partial(String),
    /// The very first request failed.
    Failed(HttpError),
}

/// Why a request brought nothing. Never shows a secret, nor an answer's text beyond its error message.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// 401 or 403.
    #[error("refused with {status}: {message}")]
    Denied { status: u16, message: String },
    /// 404 or 410.
    #[error("not found ({status}): {message}")]
    Missing { status: u16, message: String },
    /// 402: the plan does not have it.
    #[error("not part of the plan ({status}): {message}")]
    NotOffered { status: u16, message: String },
    /// 429 and still 429 after all tries, or a quota that will not be back in time.
    #[error("throttled: {message}")]
    Throttled { message: String },
    /// A 5xx or another status nobody expects here.
    #[error("the server answered {status}: {message}")]
    Status { status: u16, message: String },
    /// No answer, or not all of it: connection refused, cut, timed out.
    #[error("no whole answer: {message}")]
    Broken { message: String },
    /// An answer, but not the one that was described: no JSON, a login page, another shape.
    #[error("cannot read the answer: {message}")]
    Unreadable { message: String },
    /// Our own door is shut: the request is not on the list, or a link leads to another host.
    #[error("not sent: {message}")]
    Refused { message: String },
    /// The client cannot be built from these settings.
    #[error("cannot use these connection settings: {message}")]
    Settings { message: String },
}

/// Builds clients that share the budget of their tenants.
#[derive(Debug, Clone)]
pub struct Factory {
    clock: Arc<dyn Clock>,
}

/// Talks to one host. Clones share everything.
#[derive(Debug, Clone)]
pub struct Client {
    settings: Arc<Settings>,
}

impl Factory {
    /// A factory whose waiting and renewing go by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// A client for one host.
    ///
    /// # Errors
    /// When the URL, proxy or certificate file cannot be used.
    pub fn client(&self, settings: Settings) -> Result<Client, HttpError> {
        let _ = &self.clock;
        Ok(Client { settings: Arc::new(settings) })
    }
}

impl Client {
    /// Sends a request and reads its JSON answer; tries again where that can help.
    ///
    /// # Errors
    /// When no readable answer came.
    pub async fn fetch<T: DeserializeOwned>(&self, request: &Request, trail: &Trail) -> Result<T, HttpError> {
        let _ = (&self.settings, request, trail);
        unimplemented!()
    }

    /// Walks a paged collection from its first request to its proven end.
    pub async fn walk<P: Page>(&self, first: Request, paging: Paging, trail: &Trail) -> Walk<P::Row> {
        let _ = (&self.settings, first, paging, trail);
        unimplemented!()
    }
}

impl Request {
    /// A GET.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), query: Vec::new(), body: None }
    }

    /// A POST that reads.
    #[must_use]
    pub fn post(path: impl Into<String>, body: serde_json::Value) -> Self {
        Self { method: Method::Post, path: path.into(), query: Vec::new(), body: Some(body) }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, key: &str, value: impl ToString) -> Self {
        self.query.push((key.to_owned(), value.to_string()));
        self
    }
}

/// A foreign id made fit to be one segment of a path.
#[must_use]
pub fn segment(id: &str) -> String {
    id.to_owned()
}

impl Trail {
    /// The numbers so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
