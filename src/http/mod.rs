//! The one way out to an HTTP API. It knows pages, limits and authentication, not products.
//!
//! A `Factory` builds one `Client` for each configured host. A client only lets listed read requests
//! through (`allowed`), shares its tenant's budget with every other client of that tenant (`budget`),
//! tries again where that can help (`retry`), and walks paged collections to a proven end (`paging`).
//! What happened on the way is noted on a `Trail`, from which sources write the coverage ledger. A `Stop` ends all
//! asking at once; a `Journal` keeps what was read until then, for a scan that goes on from there.
//!
//! Messages leave by another door (`outlet`), which shares nothing with the client but the line itself.

mod allowed;
mod auth;
mod budget;
mod client;
mod connection;
mod contact;
mod error;
mod exchange;
#[cfg(fuzzing)]
pub mod fuzzing;
mod journal;
mod lenient;
mod links;
mod meter;
mod outlet;
mod pace;
mod paging;
mod retry;
mod stop;
mod trail;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::secret::Secret;

pub use allowed::{Allowed, segment};
pub use client::Client;
pub use contact::{Contact, Contacts, Trouble};
pub use error::HttpError;
pub use journal::{Journal, Kept, Leaf, Memory};
pub use lenient::Lenient;
pub use meter::Meter;
pub use outlet::{
    Bucket, BucketError, BucketSettings, Draft, Errand, Hook, Outlet, OutletError, OutletSettings, Refusal, Reply, Verb,
};
pub use paging::{CursorPlace, End, Page, Paging, Position, Walk};
pub use stop::Stop;
pub use trail::{Counts, Trail};

use budget::Budget;
use client::Shared;

/// How to prove who is asking.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Nobody: a public endpoint.
    None,
    /// A user and a secret in the `Authorization: Basic` header.
    Basic {
        /// The user's name; in the cloud an e-mail address.
        user: String,
        /// The password or token.
        password: Secret,
    },
    /// A key or token in the `Authorization: Bearer` header.
    Bearer(Secret),
    /// OAuth 2.0 client credentials: exchanged for a bearer token, renewed before it ends.
    ClientCredentials {
        /// Where the exchange takes place. It is the one request outside the list.
        token_url: String,
        /// The client's public name.
        client_id: String,
        /// What proves that it is the client.
        client_secret: Secret,
    },
}

/// The two methods that can read. There is no way to name another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST, for the searches that are written as one.
    Post,
}

/// What a client needs to know about the host it talks to.
#[derive(Clone)]
pub struct Settings {
    /// Scheme, host and path prefix; requests never leave it.
    pub base_url: String,
    /// The credential.
    pub auth: Auth,
    /// The header for the credential, where a proxy keeps `Authorization` for itself.
    pub auth_header: Option<String>,
    /// Whose rate limit is used: clients with the same tenant share one budget.
    pub tenant: String,
    /// The requests this source makes.
    pub allowed: &'static [Allowed],
    /// A PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// An HTTP proxy, perhaps with a password; `None` means none, whatever the environment says.
    pub proxy: Option<Secret>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Requests under way at once, at the most. Among the clients of a tenant the largest number counts.
    pub concurrency: usize,
    /// A ceiling of our own, below whatever the tenant allows. Among the clients of a tenant the lowest counts.
    pub requests_per_second: Option<f64>,
}

/// How patient and how greedy clients are. The defaults suit the real world; tests and the demo wait less.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How often one request is sent before it is given up.
    pub tries: u32,
    /// The pause before the second try; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause a server may impose; beyond it the request is given up as throttled.
    pub longest_pause: Duration,
    /// Pages of one walk before it counts as one that would never end.
    pub most_pages: u32,
    /// Bytes of one answer after decompression.
    pub largest_answer: usize,
    /// How long one answer may take, should the settings of its host allow more.
    pub longest_answer: Duration,
}

/// One request: what to ask for.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Path under the base URL. Foreign ids in it have gone through [`segment`].
    pub path: String,
    /// Query parameters in order; a key may come more than once.
    pub query: Vec<(String, String)>,
    /// A JSON body.
    pub body: Option<serde_json::Value>,
    /// The media type to ask for, where it is another than plain JSON.
    pub accept: Option<&'static str>,
    /// Further headers.
    pub headers: &'static [(&'static str, &'static str)],
}

/// Builds clients that share the budget of their tenants and one signal to stop. Clones share them too.
#[derive(Debug, Clone)]
pub struct Factory {
    clock: Arc<dyn Clock>,
    limits: Limits,
    tenants: Arc<Mutex<HashMap<String, Arc<Budget>>>>,
    stop: Stop,
    memory: Memory,
    meter: Meter,
    contacts: Contacts,
    source: String,
}

impl Factory {
    /// A factory whose clients judge dates by `clock`: when a limit is reset, when a token ends.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        connection::choose_cryptography();
        Self {
            clock,
            limits: Limits::default(),
            tenants: Arc::default(),
            stop: Stop::new(),
            memory: Memory::default(),
            meter: Meter::default(),
            contacts: Contacts::default(),
            source: String::new(),
        }
    }

    /// The same factory with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same factory for the clients of one source: what a stopped scan had read is of use to the same source alone.
    #[must_use]
    pub fn of_source(&self, source: &str) -> Self {
        Self { source: source.to_owned(), ..self.clone() }
    }

    /// What stops all clients that this factory or a clone of it has built, or will build.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// The journal of all clients that this factory or a clone of it has built, or will build.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.memory.clone()
    }

    /// Counts what all clients ask that this factory or a clone of it has built, or will build.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// The budgets of all clients that this factory or a clone of it has built, or will build.
    #[must_use]
    pub fn budgets(&self) -> Budgets {
        Budgets { tenants: Arc::clone(&self.tenants), clock: Arc::clone(&self.clock) }
    }

    /// What all clients meet on the line that this factory or a clone of it has built, or will build.
    #[must_use]
    pub fn contacts(&self) -> Contacts {
        self.contacts.clone()
    }

    /// A client for one host.
    ///
    /// # Errors
    /// When the URL, proxy, credential or certificate file cannot be used.
    pub fn client(&self, settings: Settings) -> Result<Client, HttpError> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tenants.get(&settings.tenant).cloned();
        let budget = known.unwrap_or_else(|| Arc::new(Budget::default()));
        let shared = Shared {
            limits: self.limits.clone(),
            clock: self.clock.clone(),
            stop: self.stop.clone(),
            memory: self.memory.clone(),
            meter: self.meter.clone(),
            contacts: self.contacts.clone(),
            source: self.source.clone(),
        };
        let client = Client::new(&settings, shared, budget.clone())?;
        budget.welcome(settings.concurrency, settings.requests_per_second);
        tenants.insert(settings.tenant, budget);
        Ok(client)
    }
}

/// The budgets of a factory's tenants, for whoever hands them from one process to the next. Clones share them.
#[derive(Debug, Clone)]
pub struct Budgets {
    tenants: Arc<Mutex<HashMap<String, Arc<Budget>>>>,
    clock: Arc<dyn Clock>,
}

impl Budgets {
    /// Whose they are, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tenants().keys().cloned().collect();
        names.sort();
        names
    }

    /// What was learned of one, as text for [`Budgets::go_by`]; `None` if there is none of that name.
    #[must_use]
    pub fn memo(&self, name: &str) -> Option<String> {
        self.tenants().get(name).map(|budget| budget.memo(self.clock.now()))
    }

    /// Has one go by what another process learned of it.
    pub fn go_by(&self, name: &str, memo: &str) {
        if let Some(budget) = self.tenants().get(name) {
            budget.go_by(memo, self.clock.now());
        }
    }

    fn tenants(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Budget>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tries: 4,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
            most_pages: 20_000,
            largest_answer: 64 * 1024 * 1024,
            longest_answer: Duration::MAX,
        }
    }
}

impl Request {
    /// A GET.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), query: Vec::new(), body: None, accept: None, headers: &[] }
    }

    /// A POST that reads.
    #[must_use]
    pub fn post(path: impl Into<String>, body: serde_json::Value) -> Self {
        Self {
            method: Method::Post,
            path: path.into(),
            query: Vec::new(),
            body: Some(body),
            accept: None,
            headers: &[],
        }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, key: &str, value: impl ToString) -> Self {
        self.query.push((key.to_owned(), value.to_string()));
        self
    }
}

impl fmt::Debug for Settings {
    /// The URLs are left out: people put passwords into them.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings").field("tenant", &self.tenant).field("auth", &self.auth).finish_non_exhaustive()
    }
}
