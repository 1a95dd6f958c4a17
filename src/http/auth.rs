//! The `Authorization` header: a fixed one, or an access token that is exchanged, shared and renewed.
//! Knows every form in which a secret of ours could come back in an answer, and masks it.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::allowed::{segment, web_url};
use super::error::{shape_mismatch, told};
use super::exchange::exchange;
use super::retry::{Again, Failure};
use super::{Auth, HttpError, Limits};
use crate::clock::Clock;
use crate::secret::Secret;

/// The longest time by which a token is renewed ahead of its end.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// What a token is assumed to live if the server does not say.
const ASSUMED_LIFE: u32 = 300;

/// Makes headers from a configured credential.
pub(super) struct Credential {
    secret: Option<Secret>,
    way: Way,
}

enum Way {
    Nobody,
    Fixed(HeaderValue),
    Exchanged { token_url: Url, client_id: String, token: Mutex<Option<Token>> },
}

struct Token {
    header: HeaderValue,
    renew_at: DateTime<Utc>,
}

/// The answer of a token exchange (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<u32>,
}

impl Credential {
    pub(super) fn new(auth: &Auth, line: &reqwest::Client) -> Result<Self, HttpError> {
        let (secret, way) = match auth {
            Auth::None => (None, Way::Nobody),
            Auth::Basic { user, password } => (Some(password), Way::Fixed(basic(user, password, line)?)),
            Auth::Bearer(key) => (Some(key), Way::Fixed(bearer(key.expose())?)),
            Auth::ClientCredentials { token_url, client_id, client_secret } => {
                let token_url = web_url("token URL", token_url)?;
                let token = Mutex::default();
                (Some(client_secret), Way::Exchanged { token_url, client_id: client_id.clone(), token })
            }
        };
        Ok(Self { secret: secret.cloned(), way })
    }

    /// The header for the next request. Fetches or renews the token first if need be; all clones wait for the same one.
    pub(super) async fn header(
        &self,
        line: &reqwest::Client,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Result<Option<HeaderValue>, HttpError> {
        let Way::Exchanged { token_url, client_id, token } = &self.way else {
            let Way::Fixed(header) = &self.way else { return Ok(None) };
            return Ok(Some(header.clone()));
        };
        let mut token = token.lock().await;
        if let Some(fresh) = token.as_ref().filter(|token| clock.now() < token.renew_at) {
            return Ok(Some(fresh.header.clone()));
        }
        let secret = self.secret.as_ref().map_or("", Secret::expose);
        let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)];
        let request = line.post(token_url.clone()).form(&form);
        let new = token.insert(self.fetch_token(&request, limits, clock).await?);
        Ok(Some(new.header.clone()))
    }

    /// Forgets the token that was sent with a refused request. False if there is no other one to be had.
    pub(super) async fn renew(&self, sent: Option<&HeaderValue>) -> bool {
        let Way::Exchanged { token, .. } = &self.way else { return false };
        let mut token = token.lock().await;
        if token.as_ref().map(|token| &token.header) == sent {
            *token = None;
        }
        true
    }

    /// The text without our secret, plain or percent-encoded, and without the header that was sent.
    pub(super) fn mask(&self, text: &str, sent: Option<&HeaderValue>) -> String {
        let in_header = sent.and_then(|header| header.to_str().ok()?.split_once(' ')).map(|(_, value)| value);
        let secrets = [in_header, self.secret.as_ref().map(Secret::expose)];
        let known = secrets.into_iter().flatten().filter(|secret| !secret.is_empty());
        known.fold(text.to_owned(), |text, secret| text.replace(secret, "***").replace(&segment(secret), "***"))
    }

    async fn fetch_token(
        &self,
        request: &reqwest::RequestBuilder,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Result<Token, HttpError> {
        let mut tries = 1;
        loop {
            let request = request.try_clone().expect("internal: a form can be sent twice");
            let failure = match exchange(request, limits.largest_answer).await {
                Ok(answer) if answer.status == StatusCode::OK => return token_from(&answer.body, clock.now()),
                Ok(answer) => {
                    let mut said = told(&answer.body, |text| self.mask(text, None));
                    said.message = format!("token exchange: {}", said.message);
                    Failure::from_status(answer.status, &answer.headers, said, limits, clock.now())
                }
                Err(loss) => Failure::lost(loss.error),
            };
            let pause = match failure.again {
                Again::Later(asked) | Again::TenantPauses(asked) if tries < limits.tries => asked,
                _ => return Err(failure.error),
            };
            tokio::time::sleep(pause.unwrap_or_default().max(limits.backoff(tries))).await;
            tries += 1;
        }
    }
}

fn token_from(body: &[u8], now: DateTime<Utc>) -> Result<Token, HttpError> {
    let answer: TokenAnswer = serde_json::from_slice(body)
        .map_err(|error| HttpError::Unreadable { message: format!("token exchange: {}", shape_mismatch(&error)) })?;
    let life = TimeDelta::seconds(answer.expires_in.unwrap_or(ASSUMED_LIFE).into());
    let token = Secret::new(answer.access_token);
    Ok(Token { header: bearer(token.expose())?, renew_at: now + life - AHEAD.min(life / 5) })
}

fn bearer(token: &str) -> Result<HeaderValue, HttpError> {
    let text = Secret::new(format!("Bearer {token}"));
    let mut header = HeaderValue::from_str(text.expose()).map_err(|_unsendable| HttpError::Settings {
        message: "the token has characters that cannot travel in a header".to_owned(),
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// The header as the HTTP library encodes it; the request around it is never sent.
fn basic(user: &str, password: &Secret, line: &reqwest::Client) -> Result<HeaderValue, HttpError> {
    if user.contains(':') {
        return Err(HttpError::Settings { message: "the user name has a colon in it".to_owned() });
    }
    let request = line.get("http://localhost").basic_auth(user, Some(password.expose())).build();
    let mut headers = request.map(|mut request| std::mem::take(request.headers_mut())).unwrap_or_default();
    headers
        .remove(AUTHORIZATION)
        .ok_or_else(|| HttpError::Settings { message: "the user or password cannot travel in a header".to_owned() })
}
