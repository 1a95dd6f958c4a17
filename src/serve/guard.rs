//! What every request passes before anybody looks at what it wants, and every answer on its way out: the host that was meant, the
//! method, sizes, who asks, the headers that browsers go by, and the line in the access log.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::audit::Line;
use super::door::Peer;
use super::pages;
use super::session::Session;
use super::visitor::Visitor;
use super::{House, Noted};

/// Bytes of a request's address and headers.
const LARGEST_HEAD: usize = 12 * 1024;

/// Bytes of an address. A search has room in it.
const LONGEST_ADDRESS: usize = 4 * 1024;

/// How long a request may take until its answer begins.
const PATIENCE: Duration = Duration::from_secs(75);

/// The cookie of a session: with this beginning browsers take it from this host alone, encrypted, for every path.
pub(super) const COOKIE: &str = "__Host-keyroll";

/// What a page may do: show itself, with the style of this host, and send its forms here. Nothing else, and no script.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Who asks, as the guard found out.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// Where the request came from.
    pub(super) client: IpAddr,
    /// Who it is; `None` if somebody has to sign in first.
    pub(super) visitor: Option<Visitor>,
    /// The word of the session and what its forms hold, for whoever came by one.
    pub(super) session: Option<(String, String)>,
}

pub(super) async fn guard(
    State(house): State<Arc<House>>,
    Extension(Peer(peer)): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let client = house.client_of(peer, request.headers());
    let (who, mut response) = match admit(&house, peer, &request) {
        Err(refused) => (None, *refused),
        Ok(()) => {
            let visit = house.visit(client, request.headers());
            match visit {
                Err(refused) => (None, *refused),
                Ok(visit) => {
                    let who = visit.visitor.clone();
                    request.extensions_mut().insert(visit);
                    let answered = tokio::time::timeout(PATIENCE, next.run(request)).await;
                    (who, answered.unwrap_or_else(|_too_long| pages::too_slow(&house)))
                }
            }
        }
    };
    let noted = response.extensions_mut().remove::<Noted>().unwrap_or_default();
    let who = noted.who.or(who).map(|who| who.to_string());
    house.log.note(&Line {
        at: house.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        who: who.as_deref(),
        tenant: noted.tenant.as_deref(),
        method: method.as_str(),
        path: &path,
        status: response.status().as_u16(),
        address: client.to_string(),
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        event: noted.event,
    });
    protect(&house, response.headers_mut());
    response
}

/// What no honest request is.
fn admit(house: &House, peer: IpAddr, request: &Request) -> Result<(), Box<Response>> {
    let refuse = |status: StatusCode, what: &str| Err(Box::new(pages::plain(status, what)));
    if !house.proxies.is_empty() && !house.proxies.contains(&peer) {
        return refuse(StatusCode::FORBIDDEN, "Requests come through the proxy alone.");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::POST) {
        let mut response = pages::plain(StatusCode::METHOD_NOT_ALLOWED, "This is for reading.");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return Err(Box::new(response));
    }
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > LONGEST_ADDRESS {
        return refuse(StatusCode::URI_TOO_LONG, "The address is too long.");
    }
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    if address + headers.sum::<usize>() > LARGEST_HEAD {
        return refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too long.");
    }
    // Another name that leads here is somebody else's page, asking in the name of its reader.
    let named: Vec<&HeaderValue> = request.headers().get_all(header::HOST).iter().collect();
    let host = match named.as_slice() {
        [one] => one.to_str().ok(),
        _ => None,
    };
    let meant = |host: &str| house.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    let whole = request.uri().authority().map(Authority::as_str);
    if !host.is_some_and(meant) || !whole.is_none_or(meant) {
        return refuse(StatusCode::MISDIRECTED_REQUEST, "keyroll is not known by this name.");
    }
    if request.method() == Method::POST && !is_from_here(house, request.headers()) {
        return refuse(StatusCode::FORBIDDEN, "The form is not from here: go back, and send it from its own page.");
    }
    Ok(())
}

/// False for a form that another site has made. Browsers say where one comes from.
fn is_from_here(house: &House, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    // A page that sends no referrer sends no origin with its forms either, but for `null`.
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    origin.is_none_or(|origin| origin == "null" || house.origins.iter().any(|own| own.eq_ignore_ascii_case(origin)))
}

impl House {
    /// Where a request came from: what the proxy in front says, where there is one.
    fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.proxies.contains(&peer) {
            return peer;
        }
        // Each proxy adds the address that it saw at the end; what stands before that, anybody can have written.
        let told = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let addresses: Vec<IpAddr> =
            told.flat_map(|value| value.split(',')).filter_map(|address| address.trim().parse().ok()).collect();
        let from = addresses.iter().rev().find(|address| !self.proxies.contains(address));
        from.map_or(peer, IpAddr::to_canonical)
    }

    /// Finds out who asks: by the session of a browser, or by the token of a program.
    fn visit(&self, client: IpAddr, headers: &HeaderMap) -> Result<Visit, Box<Response>> {
        let now = self.clock.now();
        // Who is on this machine needs no page to keep it busy.
        if !client.is_loopback() {
            if let Some(wait) = self.requests.wait(client, now) {
                let mut response = pages::too_many_requests(wait);
                response.extensions_mut().insert(Noted { event: Some("too many requests"), ..Noted::default() });
                return Err(Box::new(response));
            }
            self.requests.take(client, now);
        }
        if !self.asks_to_sign_in() {
            return Ok(Visit { client, visitor: Some(Visitor::Local), session: None });
        }
        if let Some(token) = bearer(headers) {
            if let Some(wait) = self.tries.wait(client, now) {
                return Err(Box::new(pages::too_many_tries(wait)));
            }
            return match self.token_called(token) {
                Some(name) => Ok(Visit { client, visitor: Some(Visitor::Token(name)), session: None }),
                None => {
                    self.tries.take(client, now);
                    let mut response = pages::plain(StatusCode::UNAUTHORIZED, "This token is not known.");
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                    response.extensions_mut().insert(Noted { event: Some("token refused"), ..Noted::default() });
                    Err(Box::new(response))
                }
            };
        }
        let found = cookie(headers, COOKIE).and_then(|word| Some((self.sessions.find(word, now)?, word)));
        Ok(match found {
            Some((Session { visitor, form_word }, word)) => {
                Visit { client, visitor: Some(visitor), session: Some((word.to_owned(), form_word)) }
            }
            None => Visit { client, visitor: None, session: None },
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of a cookie, if it was sent once.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = sent
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value);
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// Tells browsers to be strict, and everybody to keep nothing.
fn protect(house: &House, headers: &mut HeaderMap) {
    const STRICT: [(HeaderName, &str); 8] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    for (name, value) in STRICT {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if house.is_encrypted {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

/// Sends whoever has to sign in to where that is done, and back afterwards.
pub(super) async fn signed_in(request: Request, next: Next) -> Response {
    let is_in = request.extensions().get::<Visit>().is_some_and(|visit| visit.visitor.is_some());
    if is_in {
        return next.run(request).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return pages::plain(StatusCode::UNAUTHORIZED, "Sign in first.");
    }
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    let place = if wanted == "/" { "/sign-in".to_owned() } else { pages::link("/sign-in", &[("next", wanted)]) };
    pages::see_other(&place).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let headers = |sent: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(header::COOKIE, HeaderValue::from_static(value));
            }
            headers
        };
        assert_eq!(cookie(&headers(&["a=1; __Host-keyroll=word; b=2"]), COOKIE), Some("word"));
        assert_eq!(cookie(&headers(&["__Host-keyroll=word; __Host-keyroll=other"]), COOKIE), None);
        assert_eq!(cookie(&headers(&["__Host-keyroll=word", "__Host-keyroll=other"]), COOKIE), None);
        assert_eq!(cookie(&headers(&["X__Host-keyroll=word"]), COOKIE), None);
    }
}
