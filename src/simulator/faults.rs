//! What can go wrong on the way: faults that tests arm for one endpoint, and how each bends the answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::exchange::{Ask, Reply};

/// One way to go wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status, with a body as the API family words its refusals.
    Status(u16),
    /// 429 for some requests, then all is well. `retry_after` is in whole seconds; `None` leaves the header out.
    Throttle {
        /// How many requests are turned away.
        times: u32,
        /// How long to wait, as told in `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// 429 for every request.
    ThrottleForever {
        /// How long to wait, as told in `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// 500 for some requests, then all is well.
    ServerError {
        /// How many requests fail.
        times: u32,
    },
    /// The right answer, late.
    Latency(Duration),
    /// The connection ends in the middle of the answer.
    CutConnection,
    /// A complete answer whose JSON ends in the middle.
    TruncatedBody,
    /// Every page is the first one, and points to a second. Shows on paged collections only.
    RepeatedCursor,
    /// So many rows are missing at the end of each page, while totals and counts stay.
    DropRows(usize),
    /// Status 200 and a page of HTML that asks to log in.
    LoginPage,
    /// Status 404 and a page of HTML: how a self-hosted product says that it has no such thing.
    HtmlNotFound,
    /// 403 for an account that must solve a puzzle first, after failed log-ins: how a self-hosted product says it.
    Captcha,
    /// The id of the first row is an object.
    WrongType,
    /// This text in place of the JSON that was described, with status 200 and the name of JSON.
    WrongPage(&'static str),
    /// The right answer, called another type of content.
    ContentType(&'static str),
    /// The first row of each page comes twice, while totals and counts stay.
    DoubledRow,
    /// The first row of each page comes twice and the last one not at all: how a listing looks that moves while it is read.
    ShiftedRows,
    /// Totals and counts tell so many rows more than there are.
    CountOff(i64),
    /// The server's clock is ahead by so much: in its `Date`, and in the resets of rate limits, of which little is left.
    Skewed(TimeDelta),
    /// Every time in an answer is later by so much: written by a clock that is ahead.
    LaterTimes(TimeDelta),
    /// 302 to this address.
    Redirect(String),
    /// These bytes, which are gzip, in place of the answer.
    Gzip(Arc<[u8]>),
    /// So many bytes in place of the answer, made on the way.
    Flood(u64),
    /// The right answer, into which lists are put that lie so deep in one another.
    Nested(usize),
    /// Headers and the first half of the answer, and then silence on an open connection.
    Stall,
    /// Another fault, for the request that meets it first, whenever that comes again: one page, one group, one project.
    OfOne(Option<String>, Box<Fault>),
    /// Links to the next page name another host.
    ForeignLink,
    /// 404 with the words of a gateway that does not know the route.
    NoRoute,
    /// Another fault, from this page of the collection on. The first page is 1.
    OnPage(usize, Box<Fault>),
    /// Another fault, for requests that name this in their path or query: one group, one project.
    About(String, Box<Fault>),
}

/// What is armed, by the name of the endpoint.
#[derive(Debug, Default)]
pub(super) struct Faults {
    armed: HashMap<&'static str, Fault>,
    /// Answers that are not what they would have been, since a fault was armed last.
    pub(super) struck: usize,
    /// A secret that every answer carries, in all places where APIs are known to have one.
    pub(super) plant: Option<String>,
}

/// Members in which APIs answer with secrets, or did once: values of tokens and of variables, client secrets, keys, licences.
const PLACES: [&str; 14] = [
    "accessToken",
    "access_token",
    "apiToken",
    "authorization",
    "clientSecret",
    "licenseKey",
    "password",
    "privateKey",
    "rawLicense",
    "rawToken",
    "refresh_token",
    "secret",
    "sharedSecret",
    "token",
];

/// Members that hold an address of somebody else, in which people put secrets.
const ADDRESSES: [&str; 6] = ["url", "callbackUrl", "callback", "targetUrl", "webhookUrl", "rpcUrl"];

/// Puts a secret into every object that is a thing with an id or a name, and into every address of somebody else: before its
/// host, into its path and into its query.
pub(super) fn plant(value: &mut Value, secret: &str) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|one| plant(one, secret)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|one| plant(one, secret));
            if ["id", "uuid", "key", "name", "accountId", "username", "email"]
                .iter()
                .any(|key| fields.contains_key(*key))
            {
                for place in PLACES {
                    fields.entry(place).or_insert_with(|| json!(secret));
                }
            }
            for name in ADDRESSES {
                let Some(Value::String(address)) = fields.get_mut(name) else { continue };
                let Some((scheme, rest)) = address.split_once("://").filter(|(_, rest)| !rest.contains(['?', '@']))
                else {
                    continue;
                };
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                *address = format!("{scheme}://planted:{secret}@{host}/{secret}/{path}?token={secret}");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Headers in which servers hand out secrets, or show those they were sent.
pub(super) fn plant_headers(headers: &mut HeaderMap, secret: &str) {
    for (name, text) in [
        ("set-cookie", format!("JSESSIONID={secret}; HttpOnly")),
        ("x-auth-token", secret.to_owned()),
        ("www-authenticate", format!("Bearer realm=\"{secret}\"")),
        ("x-arequestid", secret.to_owned()),
    ] {
        headers.insert(name, HeaderValue::from_str(&text).expect("internal: a secret that can travel in a header"));
    }
}

impl Faults {
    pub(super) fn arm(&mut self, endpoint: &'static str, fault: Fault) {
        self.armed.insert(endpoint, fault);
        self.struck = 0;
    }

    pub(super) fn disarm(&mut self) {
        self.armed.clear();
    }

    /// The fault that hits a request for this page, if one does. Counted faults wear off.
    pub(super) fn strike(&mut self, endpoint: &str, ask: &Ask, page: usize) -> Option<Fault> {
        self.armed.get_mut(endpoint).and_then(|fault| fault.strike(ask, page))
    }
}

impl Fault {
    fn strike(&mut self, ask: &Ask, page: usize) -> Option<Fault> {
        match self {
            Fault::OnPage(first, _) if page < *first => None,
            Fault::About(name, _) if !ask.names(name) => None,
            Fault::OnPage(_, inner) | Fault::About(_, inner) => inner.strike(ask, page),
            Fault::OfOne(victim, inner) => {
                let this = format!("{:?} {:?} {}", ask.segments, ask.query, ask.body);
                let hit = *victim.get_or_insert_with(|| this.clone()) == this;
                if hit { inner.strike(ask, page) } else { None }
            }
            Fault::Throttle { times: 0, .. } | Fault::ServerError { times: 0 } => None,
            Fault::Throttle { times, retry_after } => {
                *times -= 1;
                Some(Fault::ThrottleForever { retry_after: *retry_after })
            }
            Fault::ServerError { times } => {
                *times -= 1;
                Some(Fault::Status(500))
            }
            other => Some(other.clone()),
        }
    }
}

/// How an answer leaves the house.
#[derive(Debug)]
pub(super) enum Delivery {
    /// JSON.
    Json(Reply),
    /// 429, with what `Retry-After` says.
    Throttled(Reply, Option<Duration>),
    /// JSON, late.
    Late(Reply, Duration),
    /// An HTML page.
    Html(&'static str),
    /// JSON, with one more header.
    Marked(Reply, &'static str, &'static str),
    /// Half of the JSON, as if it were all.
    Half(Reply),
    /// Half of the JSON, then the end of the connection.
    Cut(Reply),
    /// Something that is no reply of an endpoint.
    Ready(Response),
}

const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head>\
    <body><form action=\"/login\"><input name=\"username\"></form></body></html>";

/// What a self-hosted product shows in place of something that is not there.
pub(super) const DEAD_LINK: &str = "<!DOCTYPE html><html><head><title>Oops, you've found a dead link.</title></head>\
    <body><h1>Oops, you've found a dead link.</h1></body></html>";

/// Bends an answer, and tells whether it is another one now.
pub(super) fn bend(fault: &Fault, family: Family, reply: Reply, headers: &mut HeaderMap) -> (Delivery, bool) {
    let before = reply.body.clone();
    let skewed = matches!(fault, Fault::Skewed(_) | Fault::Latency(_));
    let delivery = bent(fault, family, reply, headers);
    let same = matches!(&delivery, Delivery::Json(reply) if reply.status == 200 && reply.body == before);
    (delivery, skewed || !same)
}

fn bent(fault: &Fault, family: Family, mut reply: Reply, headers: &mut HeaderMap) -> Delivery {
    match fault {
        Fault::Status(status) => {
            return Delivery::Json(Reply::refusal(family, *status, "this credential may not read it"));
        }
        Fault::Throttle { retry_after, .. } | Fault::ThrottleForever { retry_after } => {
            return Delivery::Throttled(Reply::refusal(family, 429, "Rate limit exceeded"), *retry_after);
        }
        Fault::ServerError { .. } => return Delivery::Json(Reply::refusal(family, 500, "Internal error")),
        Fault::NoRoute => {
            return Delivery::Json(Reply::refusal(Family::OldAdmin, 404, "Request failed to match any route"));
        }
        Fault::Latency(wait) => return Delivery::Late(reply, *wait),
        Fault::CutConnection => return Delivery::Cut(reply),
        Fault::TruncatedBody => return Delivery::Half(reply),
        Fault::LoginPage => return Delivery::Html(LOGIN_PAGE),
        Fault::HtmlNotFound => return Delivery::Json(Reply::page_for_people(404, DEAD_LINK)),
        Fault::Captcha => {
            let text = "Basic Authentication Failure - Reason : AUTHENTICATION_DENIED";
            let reason = "CAPTCHA_CHALLENGE; login-url=https://jira.acme.example/login.jsp";
            return Delivery::Marked(Reply::refusal(family, 403, text), "x-authentication-denied-reason", reason);
        }
        Fault::DropRows(count) => drop_rows(&mut reply.body, *count),
        Fault::WrongType => spoil_first_row(&mut reply.body),
        Fault::ForeignLink => divert_link(&mut reply.body),
        Fault::DoubledRow => double_row(&mut reply.body, false),
        Fault::ShiftedRows => double_row(&mut reply.body, true),
        Fault::CountOff(by) => miscount(&mut reply.body, *by),
        Fault::LaterTimes(by) => delay_times(&mut reply.body, *by),
        Fault::Skewed(by) => skew(headers, *by),
        Fault::WrongPage(text) => return ready(200, "application/json", Body::from(*text)),
        Fault::ContentType(kind) => return ready(reply.status, kind, Body::from(reply.body.to_string())),
        Fault::Nested(depth) => {
            return ready(reply.status, "application/json", Body::from(nested(&reply.body.to_string(), *depth)));
        }
        Fault::Flood(bytes) => return ready(200, "application/json", flood(*bytes)),
        Fault::Stall => {
            let mut start = reply.body.to_string().into_bytes();
            start.truncate(start.len() / 2);
            let start = stream::once(async { Ok::<_, std::io::Error>(Bytes::from(start)) });
            return ready(reply.status, "application/json", Body::from_stream(start.chain(stream::pending())));
        }
        Fault::Gzip(packed) => {
            let mut response = made(200, "application/json", Body::from(Bytes::copy_from_slice(packed)));
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return Delivery::Ready(response);
        }
        Fault::Redirect(address) => {
            let mut response = made(302, "text/html", Body::empty());
            let address = HeaderValue::from_str(address).expect("internal: a test names an address");
            response.headers_mut().insert(header::LOCATION, address);
            return Delivery::Ready(response);
        }
        // Already done when the answer was made, or unwrapped when the fault struck.
        Fault::RepeatedCursor | Fault::OnPage(..) | Fault::About(..) | Fault::OfOne(..) => {}
    }
    Delivery::Json(reply)
}

fn ready(status: u16, kind: &'static str, body: Body) -> Delivery {
    Delivery::Ready(made(status, kind, body))
}

fn made(status: u16, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// An answer that begins well and goes on for so many bytes. Nothing of it is held.
fn flood(bytes: u64) -> Body {
    const PIECE: &[u8] = &[b' '; 64 * 1024];
    let start = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{\"data\":[")) });
    let pieces = stream::iter(0..bytes.div_ceil(PIECE.len() as u64)).map(|_number| Ok(Bytes::from_static(PIECE)));
    Body::from_stream(start.chain(pieces))
}

/// Puts lists that lie in one another into the first object of an answer, or into its list, or in its place.
fn nested(text: &str, depth: usize) -> String {
    let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    match (text.split_once('{'), text.split_once('[')) {
        (Some((before, after)), _) if after.starts_with('}') => format!("{before}{{\"nested\":{lists}{after}"),
        (Some((before, after)), _) => format!("{before}{{\"nested\":{lists},{after}"),
        (None, Some((before, after))) if after.starts_with(']') => format!("{before}[{lists}{after}"),
        _ => lists,
    }
}

/// The first row once more, at the end; with `instead` in place of the last row.
fn double_row(body: &mut Value, instead: bool) {
    let Some(rows) = rows(body) else { return };
    let Some(first) = rows.first().cloned() else { return };
    if !instead {
        rows.push(first);
    } else if rows.len() > 1
        && let Some(last) = rows.last_mut()
    {
        *last = first;
    }
}

/// Moves every number that tells how many rows there are.
fn miscount(body: &mut Value, by: i64) {
    let off = |value: &mut Value| {
        if let Some(count) = value.as_i64() {
            *value = json!(count + by);
        }
    };
    let of_bitbucket = body.get("pagelen").is_some();
    match body {
        Value::Number(_) => off(body),
        Value::Array(rows) => rows.iter_mut().filter_map(|row| row.get_mut("count")).for_each(off),
        _ => {
            for pointer in ["/total", "/totalSize", "/totalCount", "/count", "/meta/total"] {
                if let Some(count) = body.pointer_mut(pointer) {
                    off(count);
                }
            }
            if let Some(size) = body.get_mut("size").filter(|_size| of_bitbucket) {
                off(size);
            }
        }
    }
}

fn delay_times(value: &mut Value, by: TimeDelta) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|one| delay_times(one, by)),
        Value::Object(fields) => fields.values_mut().for_each(|one| delay_times(one, by)),
        Value::String(text) => {
            let forms = [DateTime::parse_from_rfc3339(text), DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")];
            if let Some(time) = forms.into_iter().find_map(Result::ok) {
                *text = (time.to_utc() + by).to_rfc3339_opts(SecondsFormat::Millis, true);
            }
        }
        // Milliseconds since 1970, of this century.
        Value::Number(number) => {
            if let Some(time) = number.as_i64().filter(|time| (1_000_000_000_000..4_000_000_000_000).contains(time)) {
                *value = json!(time + by.num_milliseconds());
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// The clock in the headers is ahead, and little is left until the reset that it tells.
fn skew(headers: &mut HeaderMap, by: TimeDelta) {
    let ahead = |time: DateTime<Utc>| time + by;
    let reset = headers.get("x-ratelimit-reset").and_then(|reset| reset.to_str().ok()?.parse::<DateTime<Utc>>().ok());
    let mut set = |name: &'static str, text: String| {
        headers.insert(name, HeaderValue::from_str(&text).expect("internal: a number or a date"));
    };
    if let Some(reset) = reset {
        set("x-ratelimit-reset", ahead(reset).to_rfc3339_opts(SecondsFormat::Secs, true));
        set("x-ratelimit-remaining", "1".to_owned());
    }
    let now = reset.unwrap_or(DateTime::UNIX_EPOCH);
    set("date", ahead(now).format("%a, %d %b %Y %H:%M:%S GMT").to_string());
}

/// The rows of an answer, under whatever name its API puts them.
fn rows(body: &mut Value) -> Option<&mut Vec<Value>> {
    if body.is_array() {
        return body.as_array_mut();
    }
    let names = [
        "data",
        "items",
        "values",
        "results",
        "permissionSchemes",
        "permissions",
        "actors",
        "applications",
        "plugins",
        "records",
        "groups",
        "entities",
    ];
    let name = names.into_iter().find(|name| body.get(name).is_some_and(Value::is_array))?;
    body.get_mut(name)?.as_array_mut()
}

fn drop_rows(body: &mut Value, count: usize) {
    if let Some(rows) = rows(body) {
        rows.truncate(rows.len().saturating_sub(count));
    }
}

fn spoil_first_row(body: &mut Value) {
    let names = [
        "accountId",
        "account_id",
        "atlassianId",
        "clientId",
        "directoryId",
        "groupId",
        "id",
        "resourceId",
        "key",
        "uuid",
        "idUuid",
        "roleId",
        "slug",
        "self",
        "email",
        "user",
        "group",
        "workspace",
        "userKey",
        "username",
        "name",
        "nodeId",
        "timestamp",
        "subject",
    ];
    if let Some(row) = rows(body).and_then(|rows| rows.first_mut())
        && let Some(name) = names.into_iter().find(|name| row.get(name).is_some())
    {
        row[name] = json!({"unexpected": true});
    }
}

fn divert_link(body: &mut Value) {
    for pointer in ["/links/next", "/nextPage", "/_links/next", "/next", "/pagingInfo/nextPageLink"] {
        if let Some(Value::String(link)) = body.pointer_mut(pointer) {
            let path = match link.strip_prefix("https://") {
                Some(rest) => rest.split_once('/').map(|(_, path)| path),
                None => link.strip_prefix('/'),
            };
            if let Some(path) = path {
                *link = format!("https://elsewhere.invalid/{path}");
            }
        }
    }
}
