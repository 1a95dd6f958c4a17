//! What can go wrong on the way: faults that tests arm for one endpoint, and how each bends the answer.

use std::collections::HashMap;
use std::time::Duration;

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
pub(super) struct Faults(HashMap<&'static str, Fault>);

impl Faults {
    pub(super) fn arm(&mut self, endpoint: &'static str, fault: Fault) {
        self.0.insert(endpoint, fault);
    }

    pub(super) fn disarm(&mut self) {
        self.0.clear();
    }

    /// The fault that hits a request for this page, if one does. Counted faults wear off.
    pub(super) fn strike(&mut self, endpoint: &str, ask: &Ask, page: usize) -> Option<Fault> {
        self.0.get_mut(endpoint).and_then(|fault| fault.strike(ask, page))
    }
}

impl Fault {
    fn strike(&mut self, ask: &Ask, page: usize) -> Option<Fault> {
        match self {
            Fault::OnPage(first, _) if page < *first => None,
            Fault::About(name, _) if !ask.names(name) => None,
            Fault::OnPage(_, inner) | Fault::About(_, inner) => inner.strike(ask, page),
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
    /// Half of the JSON, then silence.
    Cut(Reply),
}

const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head>\
    <body><form action=\"/login\"><input name=\"username\"></form></body></html>";

/// What a self-hosted product shows in place of something that is not there.
pub(super) const DEAD_LINK: &str = "<!DOCTYPE html><html><head><title>Oops, you've found a dead link.</title></head>\
    <body><h1>Oops, you've found a dead link.</h1></body></html>";

/// Bends an answer.
pub(super) fn bend(fault: &Fault, family: Family, mut reply: Reply) -> Delivery {
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
        // Already done when the answer was made, or unwrapped when the fault struck.
        Fault::RepeatedCursor | Fault::OnPage(..) | Fault::About(..) => {}
    }
    Delivery::Json(reply)
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
