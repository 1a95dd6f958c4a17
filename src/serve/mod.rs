//! What the store says, as pages for browsers: findings, inventory, access, history, coverage and files, read-only. Pages are made when
//! somebody asks, from the latest scan; none has a script.
//!
//! On this machine alone it speaks plainly. Everywhere else it speaks encrypted, or through a proxy that does, and nobody sees anything
//! before they have signed in: with a token, or by a provider of identities. Which tenants somebody sees is configured; all others are
//! not there.
//!
//! A request comes in by the `door`, passes the `guard`, and ends at `sign_in` or at one of the `pages`, which ask the `desk` of a
//! tenant. Who asks is a `visitor`; `session` remembers them, `limit` holds up those who guess or ask too fast, `audit` notes what was looked at.

mod audit;
mod desk;
mod door;
mod guard;
mod limit;
mod pages;
mod session;
mod sign_in;
mod visitor;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::digest::Digest;
use crate::secret::Secret;
use audit::AccessLog;
use desk::Tenants;
use door::Door;
use limit::Limit;
use session::Sessions;
use sign_in::Provider;

pub use desk::{Source, Tenant};
pub use session::Lifetime;
pub use sign_in::{ProviderError, ProviderSettings};
pub use visitor::{Person, Viewer, Visitor};

/// The shortest token that is taken: shorter ones can be guessed.
pub const SHORTEST_TOKEN: usize = 20;

/// How requests come in.
#[derive(Clone)]
pub enum Carriage {
    /// Unencrypted, on a loopback address.
    Plain,
    /// Encrypted.
    Tls(TlsAcceptor),
    /// Unencrypted, from proxies that encrypt: from these addresses and no others.
    Behind(Vec<IpAddr>),
}

impl fmt::Debug for Carriage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => out.write_str("Plain"),
            Self::Tls(_) => out.write_str("Tls"),
            Self::Behind(proxies) => out.debug_tuple("Behind").field(proxies).finish(),
        }
    }
}

/// Where and to whom pages are served.
pub struct Settings {
    /// Where to listen. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// The host, with its port if that is not the usual one, by which browsers reach it: `keyroll.acme.example`. It may be left out on
    /// a loopback address.
    pub host: Option<String>,
    /// How requests come in.
    pub carriage: Carriage,
    /// Tokens that sign in, each with its name.
    pub tokens: Vec<(String, Secret)>,
    /// Who vouches for people.
    pub provider: Option<ProviderSettings>,
    /// How long sessions last.
    pub lifetime: Lifetime,
    /// The file that notes who looked at what; the log, if it is left out.
    pub access_log: Option<PathBuf>,
    /// The tenants there are.
    pub tenants: Vec<Tenant>,
}

/// Why nothing can be served this way.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Others could read along.
    #[error(
        "listening on {0} lets other machines ask, which takes a certificate (`certificate:` and `key:`) or a proxy that encrypts \
         (`proxies:`); or listen on a loopback address such as `127.0.0.1:8347`"
    )]
    Unencrypted(SocketAddr),
    /// Others could see everything.
    #[error(
        "whoever reaches {0} from another machine has to sign in, and there is no way to: set `tokens:` or `oidc:`"
    )]
    NobodyCanSignIn(SocketAddr),
    /// Browsers could be led here by another name.
    #[error("the name by which browsers reach it is not told: set `host:`")]
    NoHost,
    /// A token can be guessed.
    #[error("token `{0}` is shorter than {SHORTEST_TOKEN} characters: make one with `openssl rand -base64 32`")]
    WeakToken(String),
    /// The access log cannot be opened.
    #[error("cannot write the access log `{}`: {error}", .path.display())]
    AccessLog {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The address is taken, or cannot be had.
    #[error("cannot listen on {address}: {error}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The provider's settings cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl Settings {
    /// True if everybody has to sign in.
    #[must_use]
    pub fn asks_to_sign_in(&self) -> bool {
        !self.tokens.is_empty() || self.provider.is_some()
    }

    /// What must not be, whoever wrote it down.
    ///
    /// # Errors
    /// The first thing by which somebody could see what is not theirs.
    pub fn check(&self) -> Result<(), ServeError> {
        let is_local = self.listen.ip().to_canonical().is_loopback();
        let leaves_this_machine = !is_local || matches!(self.carriage, Carriage::Behind(_));
        if !is_local && matches!(self.carriage, Carriage::Plain) {
            return Err(ServeError::Unencrypted(self.listen));
        }
        if leaves_this_machine && !self.asks_to_sign_in() {
            return Err(ServeError::NobodyCanSignIn(self.listen));
        }
        if (leaves_this_machine || self.provider.is_some()) && self.host.is_none() {
            return Err(ServeError::NoHost);
        }
        match self.tokens.iter().find(|(_, token)| token.expose().chars().count() < SHORTEST_TOKEN) {
            Some((name, _)) => Err(ServeError::WeakToken(name.clone())),
            None => Ok(()),
        }
    }
}

/// All that answering a request takes.
struct House {
    /// The names by which it is asked.
    hosts: Vec<String>,
    /// The same as browsers tell where a form comes from.
    origins: Vec<String>,
    is_encrypted: bool,
    proxies: Vec<IpAddr>,
    tokens: Vec<(String, Digest)>,
    provider: Option<Provider>,
    sessions: Sessions,
    /// Of tries to sign in that failed.
    tries: Limit,
    /// Of requests.
    requests: Limit,
    tenants: Tenants,
    log: AccessLog,
    clock: Arc<dyn Clock>,
}

impl House {
    /// True if everybody has to sign in.
    fn asks_to_sign_in(&self) -> bool {
        !self.tokens.is_empty() || self.provider.is_some()
    }

    /// The name of a token. Digests are compared in place of tokens: how long that takes says nothing about them.
    fn token_called(&self, token: &str) -> Option<String> {
        let given = Digest::of_bytes(token.as_bytes());
        self.tokens.iter().find(|(_, known)| *known == given).map(|(name, _)| name.clone())
    }
}

/// What an answer leaves for the access log.
#[derive(Debug, Clone, Default)]
struct Noted {
    tenant: Option<String>,
    event: Option<&'static str>,
    /// Who it was, where the request did not say so itself.
    who: Option<Visitor>,
}

/// A server that has its port, and answers once it runs.
pub struct Server {
    door: Door,
    address: SocketAddr,
    house: Arc<House>,
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// When somebody could see what is not theirs, and when the port or the access log cannot be had.
    pub async fn bind(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, ServeError> {
        settings.check()?;
        let refused = |error| ServeError::Address { address: settings.listen, error };
        let listener = TcpListener::bind(settings.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let log = match &settings.access_log {
            None => AccessLog::Log,
            Some(path) => AccessLog::open(path).map_err(|error| ServeError::AccessLog { path: path.clone(), error })?,
        };
        let (tls, proxies) = match settings.carriage {
            Carriage::Plain => (None, Vec::new()),
            Carriage::Tls(acceptor) => (Some(acceptor), Vec::new()),
            Carriage::Behind(proxies) => (None, proxies),
        };
        let is_encrypted = tls.is_some() || !proxies.is_empty();
        let hosts = hosts(settings.host.as_deref(), address, proxies.is_empty());
        let scheme = if is_encrypted { "https" } else { "http" };
        let origins: Vec<String> = hosts.iter().map(|host| format!("{scheme}://{host}")).collect();
        let provider = match (settings.provider, hosts.first()) {
            (Some(provider), Some(host)) => {
                Some(Provider::new(provider, &format!("{scheme}://{host}"), Arc::clone(&clock))?)
            }
            _ => None,
        };
        let digested = |(name, token): (String, Secret)| (name, Digest::of_bytes(token.expose().as_bytes()));
        let house = House {
            hosts,
            origins,
            is_encrypted,
            proxies: proxies.clone(),
            tokens: settings.tokens.into_iter().map(digested).collect(),
            provider,
            sessions: Sessions::new(settings.lifetime),
            tries: Limit::of_tries(clock.now()),
            requests: Limit::of_requests(clock.now()),
            tenants: Tenants::new(settings.tenants),
            log,
            clock,
        };
        Ok(Self { door: Door { listener, tls, trusted: proxies }, address, house: Arc::new(house) })
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        self.house.origins.first().cloned().unwrap_or_default()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` holds true or nobody holds its other end any more. Answers under way are finished, unless that takes too
    /// long.
    ///
    /// # Errors
    /// When the port is lost.
    pub async fn run(self, stop: watch::Receiver<bool>) -> io::Result<()> {
        self.door.open(routes(self.house), stop).await
    }
}

/// The names by which it may be asked, the one it calls itself first.
fn hosts(host: Option<&str>, address: SocketAddr, is_direct: bool) -> Vec<String> {
    let mut hosts: Vec<String> = host.map(str::to_owned).into_iter().collect();
    if address.ip().to_canonical().is_loopback() && is_direct {
        hosts.push(address.to_string());
        hosts.push(format!("localhost:{}", address.port()));
    }
    hosts
}

fn routes(house: Arc<House>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/t/{tenant}/", get(pages::overview))
        .route("/t/{tenant}/findings", get(pages::findings))
        .route("/t/{tenant}/findings/{name}", get(pages::finding))
        .route("/t/{tenant}/inventory", get(pages::kinds))
        .route("/t/{tenant}/inventory/{name}", get(pages::inventory))
        .route("/t/{tenant}/resource", get(pages::resource))
        .route("/t/{tenant}/access", get(pages::access))
        .route("/t/{tenant}/who-can", get(pages::who_can))
        .route("/t/{tenant}/history", get(pages::history))
        .route("/t/{tenant}/coverage", get(pages::coverage))
        .route("/t/{tenant}/files", get(pages::files))
        .route("/t/{tenant}/files/{name}", get(pages::file))
        .route("/t/{tenant}/packs/{name}", get(pages::pack))
        .fallback(pages::not_found)
        .layer(from_fn(guard::signed_in))
        .route("/sign-in", get(sign_in::form).post(sign_in::with_token))
        .route("/sign-in/provider", get(sign_in::to_provider))
        .route("/sign-in/callback", get(sign_in::from_provider))
        .route("/sign-out", axum::routing::post(sign_in::out))
        .route("/style.css", get(pages::style))
        .route("/icon.svg", get(pages::icon))
        .layer(from_fn_with_state(Arc::clone(&house), guard::guard))
        .with_state(house)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(listen: &str) -> Settings {
        Settings {
            listen: listen.parse().unwrap(),
            host: None,
            carriage: Carriage::Plain,
            tokens: Vec::new(),
            provider: None,
            lifetime: Lifetime::default(),
            access_log: None,
            tenants: Vec::new(),
        }
    }

    #[test]
    fn beyond_this_machine_it_is_encrypted_and_asks_who_is_there() {
        for loopback in ["127.0.0.1:8347", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(settings(loopback).check().is_ok(), "{loopback}");
        }
        let told = |settings: &Settings| settings.check().unwrap_err().to_string();
        for open in ["0.0.0.0:8347", "10.0.0.1:1", "[::]:8347"] {
            assert!(told(&settings(open)).contains("a certificate"), "{open}");
        }
        let token = ("ci".to_owned(), Secret::new("0123456789abcdefghij".to_owned()));
        let behind = |listen: &str| Settings {
            carriage: Carriage::Behind(vec!["10.0.0.2".parse().unwrap()]),
            ..settings(listen)
        };
        for proxied in ["0.0.0.0:8347", "127.0.0.1:8347"] {
            assert!(told(&behind(proxied)).contains("has to sign in"), "{proxied}");
            assert!(told(&Settings { tokens: vec![token.clone()], ..behind(proxied) }).contains("`host:`"));
        }
        let whole =
            Settings { tokens: vec![token], host: Some("keyroll.acme.example".to_owned()), ..behind("0.0.0.0:1") };
        assert!(whole.check().is_ok());
        let weak = vec![("ci".to_owned(), Secret::new("hunter2".to_owned()))];
        let weak = told(&Settings { tokens: weak, ..settings("127.0.0.1:1") });
        assert!(weak.contains("`ci` is shorter") && !weak.contains("hunter2"), "{weak}");
    }

    #[test]
    fn it_is_asked_by_its_own_names() {
        let address: SocketAddr = "127.0.0.1:8347".parse().unwrap();
        assert_eq!(hosts(None, address, true), ["127.0.0.1:8347", "localhost:8347"]);
        assert_eq!(hosts(Some("keyroll.acme.example"), address, false), ["keyroll.acme.example"]);
        assert_eq!(hosts(Some("keyroll.acme.example"), "0.0.0.0:443".parse().unwrap(), true), ["keyroll.acme.example"]);
    }
}
