//! The one way out for messages, apart from the client that reads the estate and cannot write. A [`Hook`] posts to one
//! secret address; an [`Outlet`] sends the listed requests of an API and no other. Neither follows redirects, tries
//! again or knows what a message says: each gives back the answer, from which its channel tells what to do.
//! A [`Bucket`] takes whole files.

mod bucket;
mod line;
mod mask;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use super::allowed::web_url;
use super::auth::Credential;
use super::{Auth, HttpError, Limits};
use crate::clock::Clock;
use crate::secret::Secret;
pub use bucket::{Bucket, BucketError, BucketSettings, Draft, Refusal};

use line::Line;
use mask::Mask;

/// The methods by which a message leaves, and the one that looks whether it has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
}

/// A request that an outlet may send: a verb and a path under the base URL, with `{}` for one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    /// The verb.
    pub verb: Verb,
    /// Path under the base URL, such as `/issue/{}/comment`; it may end with a query of our own.
    pub path: &'static str,
}

/// How to get to the other side.
#[derive(Clone)]
pub struct OutletSettings {
    /// A PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// An HTTP proxy, perhaps with a password; `None` means none, whatever the environment says.
    pub proxy: Option<Secret>,
    /// How long one request may take, its answer included.
    pub timeout: Duration,
    /// True if a message may travel unencrypted to another machine.
    pub allow_http: bool,
    /// By which dates in answers are judged.
    pub clock: Arc<dyn Clock>,
}

/// An answer, whatever its status.
#[derive(Clone)]
pub struct Reply {
    /// The status; never one of the redirects.
    pub status: u16,
    /// How long the other side asks to wait.
    pub retry_after: Option<Duration>,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// False if there was more of the body than is read, or its end never came.
    pub whole: bool,
    /// What the body says for people: one line, shortened, without our secrets.
    pub message: String,
}

/// Why there is no answer. Never shows a secret, nor more of an address than its host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutletError {
    /// Our own door is shut: the request is not on the list, or an id in it is not plain.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Refused connection, time-out, a line that broke.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The certificate is not one to trust.
    #[error("not sent, because the certificate of the other side cannot be trusted: {0}")]
    Untrusted(String),
    /// The answer is a redirect.
    #[error("{0}")]
    Redirected(String),
}

/// Posts to one address, all of which is a secret.
pub struct Hook {
    line: Line,
    address: Secret,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Sends the listed requests of one API.
pub struct Outlet {
    line: Line,
    base: Url,
    credential: Credential,
    errands: &'static [Errand],
}

impl Hook {
    /// A hook to `address`, with further headers, whose values are secrets too.
    ///
    /// # Errors
    /// When the address, a header, the proxy or the certificate file cannot be used. The address is not repeated.
    pub fn new(address: &Secret, headers: &[(String, Secret)], settings: &OutletSettings) -> Result<Self, HttpError> {
        let url = web_url("address", address.expose())?;
        let mask = Mask::of_address(&url).and(headers.iter().map(|(_, value)| value));
        let line = Line::new(&url, settings, mask)?;
        let headers = headers.iter().map(|(name, value)| sendable(name, value)).collect::<Result<_, _>>()?;
        Ok(Self { line, address: address.clone(), headers })
    }

    /// Finds out whether the host answers. Nothing is sent but a HEAD for its root, without the address.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn reach(&self) -> Result<(), OutletError> {
        let address = web_url("address", self.address.expose()).map_err(|error| unsent(&error))?;
        self.line.reach(&address).await
    }

    /// Posts a body.
    ///
    /// # Errors
    /// When no answer came, or a redirect.
    pub async fn post(
        &self,
        media: &str,
        headers: &[(&'static str, String)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Reply, OutletError> {
        let address = web_url("address", self.address.expose()).map_err(|error| unsent(&error))?;
        let mut request = self.line.client.post(address.clone()).header(CONTENT_TYPE, media).body(body);
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value.clone());
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.line.ask(request, &address, |text| text).await
    }
}

impl Outlet {
    /// An outlet to the API at `base_url`. `hidden` are secrets that travel in bodies: they are masked in answers too.
    ///
    /// # Errors
    /// When the base URL, credential, proxy or certificate file cannot be used.
    pub fn new(
        base_url: &str,
        auth: &Auth,
        errands: &'static [Errand],
        hidden: &[Secret],
        settings: &OutletSettings,
    ) -> Result<Self, HttpError> {
        let base = web_url("base URL", base_url)?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err(HttpError::Settings { message: "the base URL ends with a query or a fragment".to_owned() });
        }
        if matches!(auth, Auth::ClientCredentials { .. }) {
            return Err(HttpError::Settings { message: "messages need a fixed credential".to_owned() });
        }
        let line = Line::new(&base, settings, Mask::default().and(hidden))?;
        let credential = Credential::new(auth, &line.client)?;
        Ok(Self { line, base, credential, errands })
    }

    /// Finds out whether the host answers. Nothing is sent but a HEAD for its root, without the credential.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn reach(&self) -> Result<(), OutletError> {
        self.line.reach(&self.base).await
    }

    /// Sends a listed request. `ids` stand for the `{}` of its path, in order.
    ///
    /// # Errors
    /// When the request is not on the list or an id is not plain, when no answer came, or a redirect.
    pub async fn send(&self, errand: Errand, ids: &[&str], body: Option<&Value>) -> Result<Reply, OutletError> {
        let url = self.admit(errand, ids)?;
        let header = self.credential.header(&self.line.client, &Limits::default(), self.line.clock.as_ref()).await;
        let header = header.map_err(|error| unsent(&error))?;
        let mut request = match errand.verb {
            Verb::Get => self.line.client.get(url.clone()),
            Verb::Post => self.line.client.post(url.clone()),
            Verb::Put => self.line.client.put(url.clone()),
        };
        request = request.header(ACCEPT, "application/json");
        if let Some(header) = &header {
            request = request.header(AUTHORIZATION, header);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.line.ask(request, &url, |text| self.credential.mask(&text, header.as_ref())).await
    }

    /// The door: a path comes from the list, and only plain ids are put into it, so that it leads where it says.
    fn admit(&self, errand: Errand, ids: &[&str]) -> Result<Url, OutletError> {
        let refused = |why: &str| OutletError::NotSent(why.to_owned());
        if !self.errands.contains(&errand) {
            return Err(refused("the request is not on the list of this channel"));
        }
        if !ids.iter().all(|id| is_plain(id)) || errand.path.matches("{}").count() != ids.len() {
            return Err(refused("an id in its path has characters that no id has"));
        }
        let path = ids.iter().fold(errand.path.to_owned(), |path, id| path.replacen("{}", id, 1));
        let (path, query) = path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        Ok(url)
    }
}

fn unsent(error: &HttpError) -> OutletError {
    OutletError::NotSent(error.to_string())
}

fn sendable(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), HttpError> {
    let wrong = |what: &str| HttpError::Settings { message: format!("the header `{name}` {what}") };
    let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else { return Err(wrong("has no proper name")) };
    let Ok(mut value) = HeaderValue::from_str(value.expose()) else {
        return Err(wrong("has characters in its value that cannot travel in a header"));
    };
    value.set_sensitive(true);
    Ok((header, value))
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    const COMMENT: Errand = Errand { verb: Verb::Post, path: "/issue/{}/comment" };
    const LOOK: Errand = Errand { verb: Verb::Get, path: "/issue/{}?fields=status" };

    fn settings() -> OutletSettings {
        let (timeout, clock) = (Duration::from_secs(1), Arc::new(SystemClock));
        OutletSettings { ca_file: None, proxy: None, timeout, allow_http: false, clock }
    }

    fn outlet(base: &str) -> Result<Outlet, HttpError> {
        Outlet::new(base, &Auth::None, &[COMMENT, LOOK], &[], &settings())
    }

    #[test]
    fn only_listed_requests_with_plain_ids_pass() {
        let outlet = outlet("http://localhost/jira/").unwrap();
        let passed = |errand, ids: &[&str]| outlet.admit(errand, ids).map(|url| url.to_string());
        assert_eq!(passed(COMMENT, &["OPS-1"]).unwrap(), "http://localhost/jira/issue/OPS-1/comment");
        assert_eq!(passed(LOOK, &["OPS-1"]).unwrap(), "http://localhost/jira/issue/OPS-1?fields=status");
        for id in ["", "..", "a/b", "a%2Fb", "a?x", "a#x", "a;b", "ü", "a b"] {
            assert!(passed(COMMENT, &[id]).is_err(), "{id}");
        }
        assert!(passed(COMMENT, &[]).is_err() && passed(COMMENT, &["a", "b"]).is_err());
        assert!(passed(Errand { verb: Verb::Put, ..COMMENT }, &["OPS-1"]).is_err(), "listed for POST only");
    }

    #[test]
    fn an_open_line_leads_to_this_machine_alone() {
        for open in ["http://localhost:1", "http://127.0.0.1", "http://[::1]:9"] {
            assert!(outlet(open).is_ok(), "{open}");
        }
        for far in ["http://example.com", "http://10.0.0.1", "http://localhost.example.com"] {
            assert!(outlet(far).err().unwrap().to_string().contains("https://"), "{far}");
        }
        let allowed = OutletSettings { allow_http: true, ..settings() };
        assert!(Outlet::new("http://example.com", &Auth::None, &[], &[], &allowed).is_ok());
    }
}
