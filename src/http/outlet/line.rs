//! The line of a message: what both ways out share. One request and the beginning of its answer; a redirect is an
//! error, and so is a certificate that cannot be trusted.

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::header::LOCATION;
use reqwest::{RequestBuilder, StatusCode, Url};

use super::mask::Mask;
use super::{OutletError, OutletSettings, Reply};
use crate::clock::Clock;
use crate::http::contact::held_by;
use crate::http::error::told;
use crate::http::retry::{header, time_until};
use crate::http::{Auth, HttpError, Settings, connection};
use crate::text::{harmless, shorten};

/// Bytes of an answer that are read. What channels need to know stands at its beginning.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What both ways out share.
pub(super) struct Line {
    pub(super) client: reqwest::Client,
    mask: Mask,
    pub(super) clock: Arc<dyn Clock>,
}

impl Line {
    pub(super) fn new(url: &Url, settings: &OutletSettings, mask: Mask) -> Result<Self, HttpError> {
        if url.scheme() == "http" && !settings.allow_http && !is_this_machine(url) {
            let message = "the address starts with http://, so that everybody on the way could read along: write \
                           https://, or set `allow_http: true`";
            return Err(HttpError::Settings { message: message.to_owned() });
        }
        connection::choose_cryptography();
        let client = connection::line(&Settings {
            auth_header: None,
            base_url: url.origin().ascii_serialization(),
            auth: Auth::None,
            tenant: String::new(),
            allowed: &[],
            ca_file: settings.ca_file.clone(),
            proxy: settings.proxy.clone(),
            timeout: settings.timeout,
            concurrency: 1,
            requests_per_second: None,
        })?;
        Ok(Self { client, mask, clock: settings.clock.clone() })
    }

    /// Finds out whether anything answers at the host, with nothing of the address beyond it, and no credential.
    pub(super) async fn reach(&self, url: &Url) -> Result<(), OutletError> {
        let answer = self.client.head(url.origin().ascii_serialization()).send().await;
        match answer.map_err(|error| lost(error, |text| self.mask.hide(text)))?.status() {
            // The proxy has answered, and not the host.
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Err(OutletError::Unreachable("the proxy wants a user and a password (407)".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// One request and its answer. `further` masks what only the caller knows.
    pub(super) async fn ask(
        &self,
        request: RequestBuilder,
        url: &Url,
        further: impl Fn(String) -> String,
    ) -> Result<Reply, OutletError> {
        let mask = |text: &str| further(self.mask.hide(text));
        let mut response = request.send().await.map_err(|error| lost(error, mask))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        tracing::debug!(http.status = status.as_u16(), "sent a message");
        if status.is_redirection() {
            let to = headers.get(LOCATION).and_then(|to| url.join(to.to_str().ok()?).ok());
            return Err(OutletError::Redirected(redirect(status.as_u16(), url, to.as_ref(), mask)));
        }
        let (mut body, mut whole) = (Vec::new(), false);
        // The status has come, and says whether the message was taken: a body that stalls or never ends changes nothing.
        while let Ok(piece) = response.chunk().await {
            match piece {
                Some(piece) if body.len() + piece.len() <= LARGEST_ANSWER => body.extend_from_slice(&piece),
                Some(_) => break,
                None => {
                    whole = true;
                    break;
                }
            }
        }
        let retry_after = header(&headers, "retry-after").and_then(|asked| time_until(asked, self.clock.now()));
        let message = told(&body, mask).message;
        Ok(Reply { status: status.as_u16(), retry_after, body, whole, message })
    }
}

impl Line {
    /// One request, and the beginning of its answer, whatever that is: for who reads it by themselves.
    pub(super) async fn open(&self, request: reqwest::Request) -> Result<reqwest::Response, OutletError> {
        let response = self.client.execute(request).await.map_err(|error| lost(error, |text| self.masked(text)))?;
        tracing::debug!(http.status = response.status().as_u16(), "sent a request");
        Ok(response)
    }

    /// Why the rest of an answer did not come.
    pub(super) fn broken(&self, error: reqwest::Error) -> OutletError {
        lost(error, |text| self.masked(text))
    }

    /// A text of the other side without our secrets.
    pub(super) fn masked(&self, text: &str) -> String {
        self.mask.hide(text)
    }
}

fn redirect(status: u16, from: &Url, to: Option<&Url>, mask: impl Fn(&str) -> String) -> String {
    let host = to.and_then(Url::host_str).unwrap_or_default();
    let place = if host.is_empty() {
        String::new()
    } else if from.host_str() == Some(host) {
        " on the same host".to_owned()
    } else if mask(host) == host {
        format!(" (host {})", shorten(&harmless(host), 100))
    } else {
        String::new()
    };
    format!("it redirects to another address{place} ({status}); redirects are not followed: write the final address")
}

fn lost(error: reqwest::Error, mask: impl Fn(&str) -> String) -> OutletError {
    if let Some(why) = distrust(&error) {
        return OutletError::Untrusted(mask(&why));
    }
    let message = match HttpError::broken(error) {
        HttpError::Broken { message } => message,
        other => other.to_string(),
    };
    OutletError::Unreachable(mask(&message))
}

/// What TLS says against the certificate, if that is why there is no answer.
fn distrust(error: &reqwest::Error) -> Option<String> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(rustls::Error::InvalidCertificate(why)) = held_by(inner) {
            return Some(shorten(&harmless(&why.to_string()), 200));
        }
        cause = inner.source();
    }
    None
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_names_a_host_unless_that_is_secret() {
        let from = Url::parse("https://hooks.example.com/services/T0000000/s3cr3ts3cr3t").unwrap();
        let mask = Mask::of_address(&from);
        let words = |to: &str| redirect(302, &from, Url::parse(to).ok().as_ref(), |text| mask.hide(text));
        assert!(words("https://169.254.169.254/latest?x=1").contains("(host 169.254.169.254)"));
        assert!(!words("https://169.254.169.254/latest?x=1").contains("latest"));
        assert!(words("https://hooks.example.com/else").contains("on the same host"));
        assert!(!words("https://s3cr3ts3cr3t.example.com/").contains("s3cr3t"));
    }
}
