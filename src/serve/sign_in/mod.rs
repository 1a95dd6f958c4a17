//! Signing in and out: with a token of the configuration, or by a provider of identities.

mod id_token;
mod provider;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Form;
use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::guard::{COOKIE, Visit, cookie};
use super::visitor::Visitor;
use super::{House, Noted, pages};

pub(super) use provider::Provider;
use provider::{Answer, Denied};
pub use provider::{ProviderError, ProviderSettings};

/// The cookie by which a browser that comes back from the provider is known.
const PENDING: &str = "__Host-keyroll-sign-in";

/// Bytes of a form.
const LARGEST_FORM: usize = 4 * 1024;

/// How long a form may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where somebody wanted to go.
#[derive(Debug, Deserialize)]
struct Next {
    next: Option<String>,
}

/// The page that was wanted, if it is one of ours; the first page otherwise. Nothing leads to another host: a path begins with one
/// slash, and has no letter that a browser takes for another.
fn place(next: Option<&str>) -> &str {
    let is_ours = |next: &&str| {
        let mut letters = next.bytes();
        letters.next() == Some(b'/')
            && !matches!(letters.next(), Some(b'/' | b'\\'))
            && next.bytes().all(|letter| letter.is_ascii_graphic() && letter != b'\\')
            && !next.starts_with("/sign-")
    };
    next.filter(is_ours).unwrap_or("/")
}

fn next_of(request: &Request) -> String {
    let query = Query::<Next>::try_from_uri(request.uri()).ok();
    place(query.and_then(|Query(query)| query.next).as_deref()).to_owned()
}

pub(super) async fn form(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let next = next_of(&request);
    if visit.visitor.is_some() {
        return pages::see_other(&next).into_response();
    }
    pages::sign_in(&house, &next, None)
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    token: String,
    next: Option<String>,
}

/// A form as it was sent, if it is small and comes in time.
async fn read<T: serde::de::DeserializeOwned + 'static>(mut request: Request) -> Result<T, Response> {
    DefaultBodyLimit::max(LARGEST_FORM).apply(&mut request);
    match tokio::time::timeout(PATIENCE, Form::<T>::from_request(request, &())).await {
        Ok(Ok(Form(form))) => Ok(form),
        Ok(Err(refused)) => {
            let status = refused.into_response().status();
            Err(pages::plain(status, "The form cannot be read."))
        }
        Err(_too_slow) => Err(pages::plain(StatusCode::REQUEST_TIMEOUT, "The form took too long to arrive.")),
    }
}

pub(super) async fn with_token(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let now = house.clock.now();
    if let Some(wait) = house.tries.wait(visit.client, now) {
        return noted(pages::too_many_tries(wait), "too many tries", None);
    }
    let form: TokenForm = match read(request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let next = place(form.next.as_deref()).to_owned();
    match house.token_called(form.token.trim()) {
        Some(name) => let_in(&house, &visit, Visitor::Token(name), &next),
        None => {
            house.tries.take(visit.client, now);
            let told = "This token is not known. Whoever runs keyroll can tell you which is.";
            noted(pages::sign_in(&house, &next, Some((StatusCode::FORBIDDEN, told))), "token refused", None)
        }
    }
}

/// Begins a session. One that the browser had ends.
fn let_in(house: &House, visit: &Visit, visitor: Visitor, next: &str) -> Response {
    if let Some((word, _)) = &visit.session {
        house.sessions.end(word);
    }
    let word = house.sessions.begin(visitor.clone(), house.clock.now());
    let mut response = pages::see_other(next).into_response();
    response.headers_mut().append(header::SET_COOKIE, set(COOKIE, &word, house.sessions.longest()));
    noted(response, "signed in", Some(visitor))
}

/// A cookie that only this host gets back, encrypted, and that no script sees.
fn set(name: &str, word: &str, age: Duration) -> HeaderValue {
    let age = age.as_secs();
    let text = format!("{name}={word}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={age}");
    HeaderValue::from_str(&text).expect("internal: our words can travel in a header")
}

fn noted(mut response: Response, event: &'static str, who: Option<Visitor>) -> Response {
    response.extensions_mut().insert(Noted { event: Some(event), who, ..Noted::default() });
    response
}

#[derive(Deserialize)]
struct OutForm {
    #[serde(default)]
    form_word: String,
}

pub(super) async fn out(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let form: OutForm = match read(request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let Some((word, known)) = &visit.session else { return pages::see_other("/sign-in").into_response() };
    // Both are random words of which nobody else knows any part.
    if crate::digest::Digest::of_bytes(form.form_word.as_bytes()) != crate::digest::Digest::of_bytes(known.as_bytes()) {
        let what = "The form is not from here: go back, and send it from its own page.";
        return noted(pages::plain(StatusCode::FORBIDDEN, what), "sign-out refused", None);
    }
    house.sessions.end(word);
    let mut response = pages::see_other("/sign-in").into_response();
    response.headers_mut().append(header::SET_COOKIE, set(COOKIE, "", Duration::ZERO));
    noted(response, "signed out", None)
}

/// Sends somebody to the provider, and remembers what they were sent with.
pub(super) async fn to_provider(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let Some(provider) = &house.provider else { return pages::missing(&house, &visit) };
    let next = next_of(&request);
    if let Some(wait) = house.tries.wait(visit.client, house.clock.now()) {
        return noted(pages::too_many_tries(wait), "too many tries", None);
    }
    match provider.begin(&next).await {
        Ok((word, address)) => {
            let mut response = pages::see_other(&address).into_response();
            response.headers_mut().append(header::SET_COOKIE, set(PENDING, &word, provider::PENDING_FOR));
            response
        }
        Err(denied) => refuse(&house, &visit, &next, &denied),
    }
}

/// Takes up somebody whom the provider has sent back.
pub(super) async fn from_provider(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let Some(provider) = &house.provider else { return pages::missing(&house, &visit) };
    if let Some(wait) = house.tries.wait(visit.client, house.clock.now()) {
        return noted(pages::too_many_tries(wait), "too many tries", None);
    }
    let answer =
        Query::<Answer>::try_from_uri(request.uri()).map_or_else(|_odd| Answer::default(), |Query(answer)| answer);
    let pending = cookie(&headers, PENDING).and_then(|word| provider.pending(word));
    let next = pending.as_ref().map_or_else(|| "/".to_owned(), |pending| pending.next.clone());
    let mut response = match provider.finish(answer, pending).await {
        Ok(person) => let_in(&house, &visit, Visitor::Person(person), &next),
        Err(denied) => refuse(&house, &visit, &next, &denied),
    };
    response.headers_mut().append(header::SET_COOKIE, set(PENDING, "", Duration::ZERO));
    response
}

fn refuse(house: &House, visit: &Visit, next: &str, denied: &Denied) -> Response {
    // What the provider itself could not do is nobody's guess.
    if denied.is_a_try() {
        house.tries.take(visit.client, house.clock.now());
    }
    tracing::warn!("somebody could not sign in by the provider: {denied}");
    let (status, told) = denied.words();
    noted(pages::sign_in(house, next, Some((status, told))), "sign-in refused", None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_to_another_host() {
        for ours in ["/", "/t/acme/", "/t/acme/findings?q=a%20b&page=2", "/t/a/resource?id=x%2F%2Fy", "/?a=//b"] {
            assert_eq!(place(Some(ours)), ours);
        }
        let others = [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/ /x",
            "javascript:alert(1)",
            "/\r\nLocation: x",
            "evil.example",
            "/sign-in?next=/",
            "/sign-out",
            "/ü",
            "/a\\b",
        ];
        for other in others {
            assert_eq!(place(Some(other)), "/", "{other:?}");
        }
        assert_eq!(place(None), "/");
    }
}
