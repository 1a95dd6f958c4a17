//! A provider of identities, by OpenID Connect: somebody is sent there, comes back with a code, and the code is exchanged for a signed
//! word about them. Whoever comes back must be whoever was sent (`state`, in a cookie of that browser), the code is worth nothing
//! without what only we know (PKCE), and the word answers this one request (`nonce`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;

use super::id_token::{Expected, NotBelieved, believe};
use crate::clock::Clock;
use crate::digest::Digest;
use crate::http::{Auth, Errand, Hook, HttpError, Outlet, OutletError, OutletSettings, Reply, Verb};
use crate::secret::Secret;
use crate::serve::pages::{encoded, link};
use crate::serve::session::random_word;
use crate::serve::visitor::Person;

/// How long somebody may take at the provider.
pub(super) const PENDING_FOR: Duration = Duration::from_secs(10 * 60);

/// People who are on their way at once. Beyond that, whoever was sent first is forgotten.
const MOST_PENDING: usize = 5_000;

/// How long what a provider says of itself is believed.
const KNOWN_FOR: TimeDelta = TimeDelta::hours(1);

/// How soon its keys are asked for again because one is not among them.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// How long one request to it may take.
const TIMEOUT: Duration = Duration::from_secs(15);

const DISCOVERY: Errand = Errand { verb: Verb::Get, path: "/.well-known/openid-configuration" };
const KEYS: Errand = Errand { verb: Verb::Get, path: "" };

/// Who vouches for people, and who we are there.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The provider's address, exactly as it calls itself.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// What proves it; a public client has none.
    pub client_secret: Option<Secret>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim in which groups stand.
    pub groups_claim: String,
    /// Certificates that vouch for the provider beside those of the system.
    pub ca_file: Option<std::path::PathBuf>,
    /// The way there.
    pub proxy: Option<Secret>,
}

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Its address or the way there.
    #[error("the provider `{issuer}` cannot be asked: {error}")]
    Settings {
        /// The provider.
        issuer: String,
        /// Why.
        error: HttpError,
    },
}

/// Why somebody is not let in. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Denied {
    /// The provider cannot be asked, or what it says makes no sense.
    #[error("{0}")]
    Provider(String),
    /// It sent the person back with a refusal.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// Nobody was sent from here with this.
    #[error("it answers no request of this browser, or one that is too old")]
    NotPending,
    /// What it says of the person is not believed.
    #[error("its word is not believed: {0}")]
    NotBelieved(NotBelieved),
}

impl Denied {
    /// True if somebody may have tried something.
    pub(super) fn is_a_try(&self) -> bool {
        !matches!(self, Self::Provider(_))
    }

    /// What a visitor reads.
    pub(super) fn words(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Provider(_) => (
                StatusCode::BAD_GATEWAY,
                "The provider of identities cannot be asked. Whoever runs keyroll finds the reason in its log.",
            ),
            Self::Refused(_) => (StatusCode::FORBIDDEN, "The provider of identities did not let you in."),
            Self::NotPending => (
                StatusCode::FORBIDDEN,
                "This answer belongs to no sign-in that began in this browser within the last ten minutes. Begin again.",
            ),
            Self::NotBelieved(_) => (
                StatusCode::FORBIDDEN,
                "What the provider of identities says is not believed. Whoever runs keyroll finds the reason in its log.",
            ),
        }
    }
}

fn odd(what: impl Into<String>) -> Denied {
    Denied::Provider(what.into())
}

/// What a provider says of itself.
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Debug, Clone)]
struct Known {
    metadata: Metadata,
    keys: JwkSet,
    at: DateTime<Utc>,
}

/// Somebody who was sent to the provider.
#[derive(Debug)]
pub(in crate::serve) struct Pending {
    state: String,
    nonce: String,
    verifier: String,
    /// Where they wanted to go.
    pub(super) next: String,
    at: DateTime<Utc>,
}

/// What comes back with them.
#[derive(Debug, Default, Deserialize)]
pub(in crate::serve) struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// A provider of identities.
pub(in crate::serve) struct Provider {
    settings: ProviderSettings,
    /// Where it sends people back to.
    redirect: String,
    discovery: Outlet,
    pending: Mutex<HashMap<Digest, Pending>>,
    known: tokio::sync::Mutex<Option<Known>>,
    clock: Arc<dyn Clock>,
}

impl Provider {
    /// The provider for pages that browsers reach at `origin`.
    pub(in crate::serve) fn new(
        settings: ProviderSettings,
        origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ProviderError> {
        let line = line(&settings, &clock);
        let discovery = Outlet::new(&settings.issuer, &Auth::None, &[DISCOVERY], &[], &line)
            .map_err(|error| ProviderError::Settings { issuer: settings.issuer.clone(), error })?;
        Ok(Self {
            settings,
            redirect: format!("{origin}/sign-in/callback"),
            discovery,
            pending: Mutex::default(),
            known: tokio::sync::Mutex::new(None),
            clock,
        })
    }

    /// Sends somebody off: gives back the word by which their browser is known again, and where it is to go.
    pub(super) async fn begin(&self, next: &str) -> Result<(String, String), Denied> {
        let Metadata { authorization_endpoint, .. } = self.known(false).await?.metadata;
        let now = self.clock.now();
        let (word, state, nonce, verifier) = (random_word(), random_word(), random_word(), random_word());
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of_bytes(verifier.as_bytes()).as_bytes());
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
        let asked = [
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.redirect),
            ("scope", &scopes.join(" ")),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let address = link(&authorization_endpoint, &asked);
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, one| is_recent(one, now));
        if pending.len() >= MOST_PENDING {
            let oldest = pending.iter().min_by_key(|(_, one)| one.at).map(|(digest, _)| *digest);
            oldest.and_then(|digest| pending.remove(&digest));
        }
        let one = Pending { state, nonce, verifier, next: next.to_owned(), at: now };
        pending.insert(Digest::of_bytes(word.as_bytes()), one);
        Ok((word, address))
    }

    /// Whoever was sent with this word. They come back once.
    pub(super) fn pending(&self, word: &str) -> Option<Pending> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let one = pending.remove(&Digest::of_bytes(word.as_bytes()))?;
        is_recent(&one, self.clock.now()).then_some(one)
    }

    /// Takes up somebody who came back.
    pub(super) async fn finish(&self, answer: Answer, pending: Option<Pending>) -> Result<Person, Denied> {
        let pending = pending.ok_or(Denied::NotPending)?;
        let state = answer.state.unwrap_or_default();
        if Digest::of_bytes(state.as_bytes()) != Digest::of_bytes(pending.state.as_bytes()) {
            return Err(Denied::NotPending);
        }
        if let Some(error) = answer.error {
            let plain = error.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(60);
            return Err(Denied::Refused(plain.collect()));
        }
        let known = self.known(false).await?;
        let named = answer.iss.as_deref();
        let must_be_named = known.metadata.authorization_response_iss_parameter_supported;
        if named.map_or(must_be_named, |issuer| issuer != known.metadata.issuer) {
            return Err(Denied::NotPending);
        }
        let code = answer.code.filter(|code| !code.is_empty()).ok_or(Denied::NotPending)?;
        let token = self.exchange(&known.metadata, &code, &pending.verifier).await?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.client_id,
            nonce: &pending.nonce,
            groups: &self.settings.groups_claim,
            now: self.clock.now(),
        };
        match believe(&token, &known.keys, &expected) {
            // It may have new keys since they were asked for.
            Err(NotBelieved::UnknownKey) => {
                believe(&token, &self.known(true).await?.keys, &expected).map_err(Denied::NotBelieved)
            }
            believed => believed.map_err(Denied::NotBelieved),
        }
    }

    /// Exchanges a code for a token.
    async fn exchange(&self, metadata: &Metadata, code: &str, verifier: &str) -> Result<String, Denied> {
        #[derive(Deserialize)]
        struct Exchanged {
            id_token: String,
        }
        let ProviderSettings { client_id, client_secret, .. } = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", verifier),
        ];
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|known| known == method);
        let mut headers = Vec::new();
        match client_secret {
            // What a provider does not say is that it takes a header.
            Some(secret) if methods.is_empty() || takes("client_secret_basic") => {
                let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose()));
                headers.push(("authorization".to_owned(), Secret::new(format!("Basic {}", STANDARD.encode(pair)))));
            }
            Some(secret) => form.extend([("client_id", client_id.as_str()), ("client_secret", secret.expose())]),
            None => form.push(("client_id", client_id)),
        }
        headers.push(("accept".to_owned(), Secret::new("application/json".to_owned())));
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let address = Secret::new(metadata.token_endpoint.clone());
        let hook = Hook::new(&address, &headers, &line(&self.settings, &self.clock))
            .map_err(|error| odd(format!("its token endpoint cannot be used: {error}")))?;
        let reply = hook.post("application/x-www-form-urlencoded", &[], body.join("&")).await;
        let reply = reply.map_err(|error| odd(format!("its token endpoint: {error}")))?;
        if reply.status == 400 || reply.status == 401 || reply.status == 403 {
            return Err(Denied::Refused(format!("the token endpoint answers {}", reply.status)));
        }
        let Exchanged { id_token } = read("its token endpoint", Ok(reply))?;
        Ok(id_token)
    }

    /// What the provider says of itself; `anew` asks for it again, though not all the time.
    async fn known(&self, anew: bool) -> Result<Known, Denied> {
        let now = self.clock.now();
        let mut kept = self.known.lock().await;
        let age = kept.as_ref().map(|known| now - known.at);
        let enough = if anew { AGAIN_AFTER } else { KNOWN_FOR };
        if let (Some(known), Some(age)) = (kept.as_ref(), age)
            && age < enough
        {
            return Ok(known.clone());
        }
        let metadata: Metadata = read("its description of itself", self.discovery.send(DISCOVERY, &[], None).await)?;
        if metadata.issuer != self.settings.issuer {
            let called = crate::text::shorten(&crate::text::harmless(&metadata.issuer), 200);
            return Err(odd(format!("it calls itself `{called}`, and not `{}`: write that", self.settings.issuer)));
        }
        let line = line(&self.settings, &self.clock);
        let unusable = |what: &str, error: HttpError| odd(format!("its {what} cannot be used: {error}"));
        // The browser goes there, so it must be as safe as what we ask ourselves.
        Hook::new(&Secret::new(metadata.authorization_endpoint.clone()), &[], &line)
            .map_err(|error| unusable("authorization endpoint", error))?;
        let keys = Outlet::new(&metadata.jwks_uri, &Auth::None, &[KEYS], &[], &line)
            .map_err(|error| unusable("address of keys", error))?;
        let keys: JwkSet = read("its keys", keys.send(KEYS, &[], None).await)?;
        let known = Known { metadata, keys, at: now };
        *kept = Some(known.clone());
        Ok(known)
    }
}

fn is_recent(one: &Pending, now: DateTime<Utc>) -> bool {
    (now - one.at).abs() <= TimeDelta::from_std(PENDING_FOR).unwrap_or(TimeDelta::MAX)
}

fn line(settings: &ProviderSettings, clock: &Arc<dyn Clock>) -> OutletSettings {
    OutletSettings {
        ca_file: settings.ca_file.clone(),
        proxy: settings.proxy.clone(),
        timeout: TIMEOUT,
        allow_http: false,
        clock: Arc::clone(clock),
    }
}

/// What an answer says, if it is one.
fn read<T: serde::de::DeserializeOwned>(what: &str, reply: Result<Reply, OutletError>) -> Result<T, Denied> {
    let reply = reply.map_err(|error| odd(format!("{what}: {error}")))?;
    if reply.status != 200 || !reply.whole {
        return Err(odd(format!("{what}: it answers {}{}", reply.status, if reply.whole { "" } else { ", cut off" })));
    }
    // Where it is not as expected is told without what it is.
    serde_json::from_slice(&reply.body)
        .map_err(|error| odd(format!("{what} is not as it should be, line {} column {}", error.line(), error.column())))
}
