//! One request: through the door, in its turn, with its credential, again where that helps, and decoded; given up at once
//! when all asking is to stop.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use reqwest::{StatusCode, Url};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::allowed::Door;
use super::auth::Credential;
use super::budget::Budget;
use super::error::{looks_like_html, shape_mismatch, told};
use super::exchange::{Answer, exchange};
use super::journal::{Reader, Shelf};
use super::retry::{Again, Failure};
use super::{
    Auth, Contacts, HttpError, Limits, Memory, Meter, Method, Paging, Request, Settings, Stop, Trail, Trouble,
    connection,
};
use crate::clock::Clock;

/// Redirects within the host that one request may take.
const MOST_REDIRECTS: u32 = 3;

/// Talks to one host. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    line: reqwest::Client,
    door: Door,
    credential: Credential,
    budget: Arc<Budget>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    stop: Stop,
    memory: Memory,
    meter: Meter,
    contacts: Contacts,
    through_proxy: bool,
    reader: Reader,
    concurrency: usize,
    /// The header that carries the credential.
    auth_header: HeaderName,
    /// Why nothing more is asked with this credential, once the server has locked its account.
    locked: OnceLock<String>,
}

/// What all clients of a factory have in common.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: Stop,
    pub(super) memory: Memory,
    pub(super) meter: Meter,
    pub(super) contacts: Contacts,
    pub(super) source: String,
}

/// What one exchange led to, if it did not fail.
enum Step {
    Arrived(Vec<u8>),
    Moved(Url),
}

impl Client {
    pub(super) fn new(settings: &Settings, shared: Shared, budget: Arc<Budget>) -> Result<Self, HttpError> {
        if settings.requests_per_second.is_some_and(|pace| !pace.is_normal() || pace < 0.0) {
            return Err(HttpError::Settings { message: "requests per second must be more than zero".to_owned() });
        }
        let door = Door::new(&settings.base_url, settings.allowed)?;
        let line = connection::line(&Settings {
            timeout: settings.timeout.min(shared.limits.longest_answer),
            ..settings.clone()
        })?;
        let credential = Credential::new(&settings.auth, &line)?;
        let concurrency = settings.concurrency.max(1);
        let auth_header = auth_header(settings.auth_header.as_deref())?;
        let Shared { limits, clock, stop, memory, meter, contacts, source } = shared;
        let user = match &settings.auth {
            Auth::Basic { user, .. } => user.clone(),
            Auth::ClientCredentials { client_id, .. } => client_id.clone(),
            Auth::None | Auth::Bearer(_) => String::new(),
        };
        let reader = Reader { source, base_url: settings.base_url.clone(), user };
        let inner = Inner {
            line,
            door,
            credential,
            budget,
            limits,
            clock,
            stop,
            memory,
            meter,
            contacts,
            through_proxy: settings.proxy.is_some(),
            reader,
            concurrency,
            auth_header,
            locked: OnceLock::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Sends a request and reads its JSON answer; tries again where that can help.
    ///
    /// # Errors
    /// When no readable answer came, or all asking is to stop: then without delay, whatever is being waited for.
    pub async fn fetch<T: DeserializeOwned>(&self, request: &Request, trail: &Trail) -> Result<T, HttpError> {
        tokio::select! {
            biased;
            message = self.0.stop.stopped() => Err(HttpError::Stopped { message }),
            outcome = self.ask(request, trail) => outcome,
        }
    }

    async fn ask<T: DeserializeOwned>(&self, request: &Request, trail: &Trail) -> Result<T, HttpError> {
        let mut url = self.0.door.url(request)?;
        let (mut tries, mut redirects, mut renewed) = (1, 0, false);
        loop {
            let mut sent = Instant::now();
            let failure = match self.0.attempt(request, &url, trail, &mut sent).await {
                Ok(Step::Arrived(body)) => match decode(&body) {
                    Ok(page) => {
                        trail.note(|counts| counts.pages += 1);
                        return Ok(page);
                    }
                    Err(error) => Failure::lost(error),
                },
                Ok(Step::Moved(to)) if redirects < MOST_REDIRECTS => {
                    url = to;
                    redirects += 1;
                    continue;
                }
                Ok(Step::Moved(_)) => return Err(HttpError::Refused { message: "it is redirected in circles".into() }),
                Err(failure) => failure,
            };
            let last = tries >= self.0.limits.tries;
            let pause = |asked: Option<Duration>| asked.unwrap_or_default().max(self.0.limits.backoff(tries));
            match failure.again {
                Again::Never => return Err(failure.error),
                Again::Once if tries > 1 || last => return Err(failure.error),
                Again::Once => tokio::time::sleep(pause(None)).await,
                Again::WithNewToken if renewed => return Err(failure.error),
                Again::WithNewToken => renewed = true,
                Again::Later(_) if last => return Err(after(tries, failure.error)),
                Again::Later(asked) => tokio::time::sleep(pause(asked)).await,
                Again::TenantPauses(asked) => {
                    // Even if this request is given up: the others of the tenant shall not run into the same limit.
                    self.0.budget.pause(sent, pause(asked));
                    if last {
                        return Err(after(tries, failure.error));
                    }
                }
            }
            tries += 1;
            trail.note(|counts| counts.retries += 1);
        }
    }

    /// The place of a walk in the journal, while there is one.
    pub(super) fn shelf(&self, first: &Request, paging: &Paging) -> Option<Shelf> {
        self.0.memory.shelf(&self.0.reader, first, paging)
    }

    /// Counts pages that need not be asked for.
    pub(super) fn recall(&self, pages: usize, since: DateTime<Utc>, trail: &Trail) {
        self.0.meter.recall(pages);
        trail.recall(pages, since);
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    pub(super) fn prefix(&self) -> &str {
        self.0.door.prefix()
    }

    pub(super) fn concurrency(&self) -> usize {
        self.0.concurrency
    }

    pub(super) fn most_pages(&self) -> u32 {
        self.0.limits.most_pages
    }
}

impl Inner {
    /// One try, which notes when it was sent. The door is asked here and nowhere else, right before that.
    async fn attempt(&self, request: &Request, url: &Url, trail: &Trail, sent: &mut Instant) -> Result<Step, Failure> {
        if let Some(reason) = self.locked.get() {
            return Err(Failure::lasting(HttpError::Denied { status: 403, message: reason.clone() }));
        }
        let header = self.credential.header(&self.line, &self.limits, self.clock.as_ref()).await;
        let header = header.map_err(Failure::lasting)?;
        let endpoint = self.door.admit(request.method, url).map_err(Failure::lasting)?;
        let turn = self.budget.turn(endpoint, self.limits.longest_pause).await;
        *sent = turn.began;
        trail.note(|counts| counts.requests += 1);
        self.meter.ask();
        let outcome = exchange(self.build(request, url, header.as_ref()), self.limits.largest_answer).await;
        drop(turn);
        let status = outcome.as_ref().map_or_else(|loss| loss.status, |answer| Some(answer.status));
        if let Some(status) = status {
            trail.note(|counts| *counts.statuses.entry(status.as_u16()).or_default() += 1);
        }
        tracing::debug!(
            http.method = name(request.method),
            http.path = url.path(),
            http.status = status.map(|status| status.as_u16()),
            duration_ms = u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX),
            "asked"
        );
        let answer = outcome.map_err(|loss| {
            if let Some(trouble) = loss.trouble {
                self.contacts.missed(&self.reader.source, trouble, self.through_proxy);
            }
            Failure::lost(loss.error)
        })?;
        let source = &self.reader.source;
        match answer.status {
            // The proxy has answered, and not the server.
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                self.contacts.missed(source, Trouble::ProxyWantsLogin, self.through_proxy);
            }
            _ => self.contacts.answered(source, &answer.headers, self.clock.now()),
        }
        if answer.status != StatusCode::TOO_MANY_REQUESTS {
            self.budget.answered();
        }
        self.budget.learn(endpoint, *sent, &answer.headers, self.clock.now());
        self.judge(request.method, url, answer, header.as_ref()).await
    }

    fn build(&self, request: &Request, url: &Url, header: Option<&HeaderValue>) -> reqwest::RequestBuilder {
        let mut builder = match request.method {
            Method::Get => self.line.get(url.clone()),
            Method::Post => self.line.post(url.clone()),
        };
        builder = builder.header(ACCEPT, request.accept.unwrap_or("application/json"));
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        if let Some(header) = header {
            builder = builder.header(&self.auth_header, header);
        }
        match &request.body {
            Some(body) => builder.json(body),
            None => builder,
        }
    }

    async fn judge(
        &self,
        method: Method,
        url: &Url,
        answer: Answer,
        sent: Option<&HeaderValue>,
    ) -> Result<Step, Failure> {
        if answer.status.is_success() {
            return readable(answer).map(Step::Arrived).map_err(Failure::lasting);
        }
        if answer.status.is_redirection() && answer.headers.contains_key(LOCATION) {
            return redirected(method, url, &answer).map(Step::Moved).map_err(Failure::lasting);
        }
        if let Some(reason) = locked(&answer) {
            tracing::warn!(http.path = url.path(), "{reason}");
            let reason = self.locked.get_or_init(|| reason);
            let status = answer.status.as_u16();
            return Err(Failure::lasting(HttpError::Denied { status, message: reason.clone() }));
        }
        let said = told(&answer.body, |text| self.credential.mask(text, sent));
        let mut failure = Failure::from_status(answer.status, &answer.headers, said, &self.limits, self.clock.now());
        if answer.status == StatusCode::UNAUTHORIZED && self.credential.renew(sent).await {
            failure.again = Again::WithNewToken;
        }
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            tracing::warn!(http.path = url.path(), "{}", failure.error);
        }
        Err(failure)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("door", &self.0.door).finish_non_exhaustive()
    }
}

/// The header for the credential: a proxy may keep the usual one for itself.
fn auth_header(name: Option<&str>) -> Result<HeaderName, HttpError> {
    let Some(name) = name else { return Ok(AUTHORIZATION) };
    name.parse()
        .map_err(|_error| HttpError::Settings { message: "the header for the token has no proper name".to_owned() })
}

/// Why an account is locked, where the server says so: after failed log-ins it wants to see a person. Each further
/// request would count as one more.
fn locked(answer: &Answer) -> Option<String> {
    let reason = answer.headers.get("x-authentication-denied-reason")?.to_str().ok()?;
    let refused = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    (refused && reason.trim_start().starts_with("CAPTCHA_CHALLENGE")).then(|| {
        "the account is locked by a CAPTCHA after failed log-ins, so nothing more is asked with it; log in with a \
         browser as this account, check the credential in the configuration, and scan again"
            .to_owned()
    })
}

fn name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
    }
}

/// The body, unless it is a page for people: single sign-on and proxies answer 200 and a login form.
fn readable(answer: Answer) -> Result<Vec<u8>, HttpError> {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/html") && !looks_like_html(&answer.body) {
        return Ok(answer.body);
    }
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    let login =
        ["log in", "login", "sign in", "signin", "password", "single sign"].iter().any(|word| text.contains(word));
    let what = if login { "a web page that looks like a login page" } else { "a web page" };
    let message = format!(
        "{what} came instead of JSON; check the base URL, and whether single sign-on or a proxy stands before the API"
    );
    Err(HttpError::Unreadable { message })
}

/// Where a redirect within the host leads. One that leaves the host, or would make another request of this one,
/// is an error that names the host.
fn redirected(method: Method, url: &Url, answer: &Answer) -> Result<Url, HttpError> {
    let refused = |message: String| Err(HttpError::Refused { message });
    let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(target) = location.and_then(|location| url.join(location).ok()) else {
        return refused("the server redirects to something that is no URL".to_owned());
    };
    if target.origin() != url.origin() {
        let host = target.host_str().unwrap_or("nowhere");
        let hint = "check the base URL (scheme and host), and whether the credential is accepted there";
        return refused(format!(
            "the server redirects to `{}://{host}`, which is not followed; {hint}",
            target.scheme()
        ));
    }
    let speaks_of = |url: &Url, word: &str| url.path().to_ascii_lowercase().contains(word);
    if ["login", "signin", "saml", "sso"].iter().any(|word| speaks_of(&target, word) && !speaks_of(url, word)) {
        let message = "the server sends to a login page; check the credential, the base URL, and whether single sign-on \
                       or a proxy stands before the API";
        return Err(HttpError::Unreadable { message: message.to_owned() });
    }
    let keeps_method = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT].contains(&answer.status);
    if method == Method::Post && !keeps_method {
        return refused("the server redirects a POST in a way that would make a GET of it".to_owned());
    }
    Ok(target)
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, HttpError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = if body.trim_ascii().is_empty() { "it is empty".to_owned() } else { shape_mismatch(&error) };
        if error.is_eof() { HttpError::Broken { message } } else { HttpError::Unreadable { message } }
    })
}

fn after(tries: u32, error: HttpError) -> HttpError {
    let tell = |message: String| format!("{message} (after {tries} tries)");
    match error {
        HttpError::Throttled { message } => HttpError::Throttled { message: tell(message) },
        HttpError::Status { status, message } => HttpError::Status { status, message: tell(message) },
        HttpError::Broken { message } => HttpError::Broken { message: tell(message) },
        other => other,
    }
}
