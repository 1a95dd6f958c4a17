//! From HTTP to an endpoint and back: the log, the credentials, the limits, and the faults, all in this one place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{SecondsFormat, TimeDelta};
use futures::{StreamExt as _, stream};
use serde_json::Value;
use tokio::sync::watch;

use super::accepted::Accepted;
use super::bitbucket::WITHDRAWN;
use super::endpoints::{Access, ENDPOINTS, Endpoint, Family, Host};
use super::estate::Estate;
use super::exchange::{Ask, Reply};
use super::faults::{DEAD_LINK, Delivery, Fault, Faults, bend, plant, plant_headers};
use super::limit::{Meter, RateLimit, Reading};
use super::sandbox;
use super::servers::{self, Caller};

/// Requests a minute that the limit headers speak of.
const LIMIT: usize = 10_000;

/// What all hosts share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) estate: RwLock<Estate>,
    pub(super) accepted: Accepted,
    pub(super) page_latency: Duration,
    pub(super) faults: Mutex<Faults>,
    /// Those of the sandbox, whose endpoints have the names of the site's.
    pub(super) sandbox_faults: Mutex<Faults>,
    pub(super) requests: Mutex<Vec<(String, String)>>,
    /// How many there are, for whoever waits for them.
    pub(super) arrived: watch::Sender<usize>,
    pub(super) destroyed: Mutex<Vec<(String, String)>>,
    /// How many more requests Bitbucket answers within the hour; `None` sets no limit.
    pub(super) bitbucket_budget: Mutex<Option<usize>>,
    /// The limits that hosts keep, if any do.
    pub(super) meters: Mutex<Vec<(Host, Meter)>>,
    /// When the estate opened. Its own clock stands still but for the nights; that of the limits goes on from there.
    pub(super) opened: Instant,
}

/// The port of one host.
#[derive(Debug, Clone)]
pub(super) struct Port {
    pub(super) shared: Arc<Shared>,
    pub(super) host: Host,
}

/// Takes a lock, whatever happened to its last holder.
pub(super) fn hold<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request.
pub(super) async fn answer(State(port): State<Port>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let Some(path) = servers::usual_path(port.host, parts.uri.path()) else {
        port.shared.log(&method, parts.uri.path());
        return send(&port.unmatched(&method, parts.uri.path()), &HeaderMap::new());
    };
    let number = port.shared.log(&method, &path);
    let reading = port.shared.count(port.host);
    if !port.shared.page_latency.is_zero() {
        tokio::time::sleep(port.shared.page_latency).await;
    }
    let found = ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.is_of(port.host))
        .find_map(|endpoint| Some((endpoint, endpoint.matches(&method, &path)?)));
    let Some((endpoint, segments)) = found.filter(|(endpoint, _)| port.shared.offers(endpoint)) else {
        return send(&port.unmatched(&method, &path), &HeaderMap::new());
    };
    if let Some(reading) = reading.filter(|reading| !reading.admitted) {
        let mut headers = HeaderMap::new();
        port.shared.tell_limit(port.host, reading, &mut headers);
        return send(&Reply::refusal(endpoint.family(), 429, "Rate limit exceeded"), &headers);
    }
    if port.host == Host::Bitbucket && !port.shared.spend() {
        return send(
            &Reply::refusal(Family::Bitbucket, 429, "Rate limit for this resource has been exceeded"),
            &HeaderMap::new(),
        );
    }
    let caller = match port.shared.admit(endpoint, &parts.headers) {
        Ok(caller) => Caller { host: port.host, ..caller },
        Err(refusal) => return send(&refusal, &HeaderMap::new()),
    };
    let query = Query::try_from_uri(&parts.uri).map_or_else(|_unreadable| Vec::new(), |Query(pairs)| pairs);
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let ask = match read_body(body).await {
        Ok(body) => Ask { segments, query, accept, body, stuck: false, caller },
        Err(()) => return send(&Reply::refusal(endpoint.family(), 400, "the body is not JSON"), &HeaderMap::new()),
    };
    port.shared.deliver(endpoint, ask, number, reading).await
}

impl Shared {
    /// Notes a request and tells how many there were before it.
    fn log(&self, method: &str, path: &str) -> usize {
        let mut requests = hold(&self.requests);
        requests.push((method.to_owned(), path.to_owned()));
        self.arrived.send_replace(requests.len());
        requests.len() - 1
    }

    /// The estate, to change it: what was listed before is listed anew.
    pub(super) fn to_change(&self) -> RwLockWriteGuard<'_, Estate> {
        let mut estate = self.estate.write().unwrap_or_else(PoisonError::into_inner);
        estate.forget_listings();
        estate
    }

    /// Has every host keep this limit from now on.
    pub(super) fn keep(&self, limit: RateLimit) {
        let now = Instant::now();
        let clock = self.estate.read().unwrap_or_else(PoisonError::into_inner).now + self.opened.elapsed();
        // Seconds begin where the dates in headers can name them.
        let begin = now - Duration::from_nanos(clock.timestamp_subsec_nanos().into());
        *hold(&self.meters) = Host::ALL.map(|host| (host, Meter::new(limit, begin))).into();
    }

    /// Counts a request to a host that keeps a limit.
    fn count(&self, host: Host) -> Option<Reading> {
        let mut meters = hold(&self.meters);
        let (_, meter) = meters.iter_mut().find(|(of, _)| *of == host)?;
        Some(meter.count(Instant::now()))
    }

    /// The headers of a limit, as the product has them.
    fn tell_limit(&self, host: Host, reading: Reading, headers: &mut HeaderMap) {
        let Reading { limit: RateLimit { per_second, told, .. }, admitted, left, reset } = reading;
        let seconds = reset.as_secs() + u64::from(reset.subsec_nanos() > 0);
        let near = left.saturating_mul(5) < per_second;
        let self_hosted = matches!(host, Host::JiraDc | Host::ConfluenceDc | Host::BitbucketDc);
        if told {
            set(headers, "x-ratelimit-limit", &per_second.to_string());
            match host {
                // It tells that its limit is near, and neither how near nor until when.
                Host::Bitbucket => set(headers, "x-ratelimit-nearlimit", &near.to_string()),
                _ => set(headers, "x-ratelimit-remaining", &left.to_string()),
            }
        }
        if told && self_hosted {
            set(headers, "x-ratelimit-fillrate", &per_second.to_string());
            set(headers, "x-ratelimit-interval-seconds", "1");
            set(headers, "retry-after", &seconds.to_string());
        } else if told && host != Host::Bitbucket {
            let clock = self.estate.read().unwrap_or_else(PoisonError::into_inner).now + self.opened.elapsed() + reset;
            // To the nearest second: where seconds are counted, that is where the next one begins.
            let moment = (clock + TimeDelta::milliseconds(500)).to_rfc3339_opts(SecondsFormat::Secs, true);
            set(headers, "x-ratelimit-reset", &moment);
            if near {
                set(headers, "x-ratelimit-nearlimit", "true");
            }
        }
        if !admitted && host != Host::Bitbucket {
            set(headers, "retry-after", &seconds.max(1).to_string());
        }
        if !admitted && matches!(host, Host::Site | Host::Sandbox) {
            set(headers, "ratelimit-reason", "jira-burst-based");
        }
    }

    /// Takes a request off Bitbucket's budget, if there is one and anything is left of it.
    fn spend(&self) -> bool {
        match &mut *hold(&self.bitbucket_budget) {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    /// Whether a self-hosted product has this endpoint in the version that is pretended.
    fn offers(&self, endpoint: &Endpoint) -> bool {
        servers::offers(&self.estate.read().unwrap_or_else(PoisonError::into_inner), endpoint)
    }

    /// Who asks, if they may ask this.
    fn admit(&self, endpoint: &Endpoint, headers: &HeaderMap) -> Result<Caller, Reply> {
        if let Access::Server(host, rank) = endpoint.access {
            let estate = self.estate.read().unwrap_or_else(PoisonError::into_inner);
            return servers::admit(&estate, &self.accepted.logins, host, rank, endpoint.name, headers);
        }
        let caller = Caller::unknown(endpoint.place());
        refuse(endpoint, &self.accepted, headers).map_or(Ok(caller), Err)
    }

    async fn deliver(
        &self,
        endpoint: &'static Endpoint,
        mut ask: Ask,
        number: usize,
        reading: Option<Reading>,
    ) -> Response {
        let mut reply = self.reply(endpoint, &ask);
        let faults = if ask.caller.host == Host::Sandbox { &self.sandbox_faults } else { &self.faults };
        let fault = hold(faults).strike(endpoint.name, &ask, reply.page);
        if let Some(Fault::RepeatedCursor) = fault {
            ask.stuck = true;
            let usual = std::mem::replace(&mut reply, self.reply(endpoint, &ask));
            hold(faults).struck += usize::from(usual.body != reply.body);
        }
        let links = endpoint.family() == Family::ConfluenceV2;
        let link = links.then(|| link_header(&reply.body)).flatten();
        let mut headers = HeaderMap::new();
        match reading {
            Some(reading) => self.tell_limit(ask.caller.host, reading, &mut headers),
            None => self.limits(endpoint, number, &mut headers),
        }
        let secret = hold(faults).plant.clone();
        if let Some(secret) = secret {
            plant(&mut reply.body, &secret);
            plant_headers(&mut headers, &secret);
        }
        let delivery = match fault {
            Some(fault) => {
                let (delivery, struck) = bend(&fault, endpoint.family(), reply, &mut headers);
                hold(faults).struck += usize::from(struck);
                delivery
            }
            None => Delivery::Json(reply),
        };
        if let Some(name) = ask.caller.account.filter(|_| endpoint.place() != Host::Align) {
            let estate = self.estate.read().unwrap_or_else(PoisonError::into_inner);
            set(&mut headers, "x-ausername", &estate.servers.accounts[name].username);
        }
        if let Some(link) = link {
            set(&mut headers, "link", &link);
        }
        match delivery {
            Delivery::Json(reply) => send(&reply, &headers),
            Delivery::Late(reply, wait) => {
                tokio::time::sleep(wait).await;
                send(&reply, &headers)
            }
            Delivery::Throttled(reply, retry_after) => {
                throttle(&mut headers, endpoint, retry_after);
                send(&reply, &headers)
            }
            Delivery::Marked(reply, name, value) => {
                set(&mut headers, name, value);
                send(&reply, &headers)
            }
            Delivery::Html(page) => respond(200, "text/html;charset=UTF-8", &headers, Body::from(page)),
            Delivery::Half(reply) => respond(reply.status, JSON, &headers, Body::from(half(&reply))),
            Delivery::Cut(reply) => respond(reply.status, JSON, &headers, cut_body(half(&reply))),
            Delivery::Ready(response) => response,
        }
    }

    fn reply(&self, endpoint: &Endpoint, ask: &Ask) -> Reply {
        let estate = self.estate.read().unwrap_or_else(PoisonError::into_inner);
        let of_an_org = endpoint.path.contains("{org}");
        if of_an_org && ask.segment(0) != estate.org_id {
            return Reply::refusal(endpoint.family(), 404, "there is no such organization, or the key cannot see it");
        }
        let of_a_directory = of_an_org && endpoint.path.contains("{dir}");
        if of_a_directory && ask.segment(1) != "-" && ask.segment(1) != estate.directory_id {
            return Reply::refusal(endpoint.family(), 404, "there is no such directory");
        }
        if endpoint.path.contains("{ws}") && !estate.workspace.is_called(ask.segment(0)) {
            return Reply::refusal(Family::Bitbucket, 404, "No workspace with identifier or you cannot see it");
        }
        if let (Host::Sandbox, Some(sandbox)) = (ask.caller.host, &estate.sandbox) {
            let mut reply = (endpoint.answer)(sandbox, ask);
            sandbox::readdress(&mut reply.body);
            return reply;
        }
        (endpoint.answer)(&estate, ask)
    }

    /// The limit headers of the admin APIs; the products send none while all is well.
    fn limits(&self, endpoint: &Endpoint, number: usize, headers: &mut HeaderMap) {
        if endpoint.is_org() {
            let now = self.estate.read().unwrap_or_else(PoisonError::into_inner).now;
            let reset = (now + TimeDelta::seconds(60)).to_rfc3339_opts(SecondsFormat::Secs, true);
            set(headers, "x-ratelimit-limit", &LIMIT.to_string());
            set(headers, "x-ratelimit-remaining", &(LIMIT - 1 - number % (LIMIT / 2)).to_string());
            set(headers, "x-ratelimit-reset", &reset);
        }
    }
}

impl Port {
    /// What a gateway says to a route it does not know. A request that would have written is remembered.
    fn unmatched(&self, method: &str, path: &str) -> Reply {
        if !matches!(method, "GET" | "HEAD" | "OPTIONS") {
            hold(&self.shared.destroyed).push((method.to_owned(), path.to_owned()));
            return Reply { status: 204, body: Value::Null, page: 1, html: None };
        }
        let family = match self.host {
            Host::Org => Family::OldAdmin,
            Host::Site | Host::Sandbox => Family::of_site(path),
            Host::Bitbucket if WITHDRAWN.contains(&path) => {
                let text = "CHANGE-2770: this endpoint reached across workspaces and is withdrawn";
                return Reply::refusal(Family::Bitbucket, 410, text);
            }
            Host::Bitbucket => Family::Bitbucket,
            // It says nothing about what it does not know.
            Host::Align => return Reply { status: 404, ..Reply::ok(Value::Null) },
            Host::JiraDc | Host::ConfluenceDc | Host::BitbucketDc => return Reply::page_for_people(404, DEAD_LINK),
        };
        Reply::refusal(family, 404, "Request failed to match any route")
    }
}

/// Says no to a request that may not ask this.
fn refuse(endpoint: &Endpoint, accepted: &Accepted, headers: &HeaderMap) -> Option<Reply> {
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let family = endpoint.family();
    let unknown = || Some(Reply::refusal(family, 401, "the credential is missing, unknown or of the wrong kind"));
    match endpoint.access {
        Access::Public => None,
        Access::Anonymous if given.is_none() => None,
        Access::Anonymous | Access::SiteToken | Access::GatewayToken if given == Some(&accepted.site_header) => None,
        Access::BitbucketToken if given == Some(&accepted.bitbucket_header) => None,
        Access::OrgKey if given == Some(&accepted.key_header) || given == Some(&accepted.unscoped_key_header) => None,
        Access::UnscopedOrgKey if given == Some(&accepted.unscoped_key_header) => None,
        Access::UnscopedOrgKey if given == Some(&accepted.key_header) => {
            Some(Reply::refusal(family, 403, "the key has scopes, and none of them opens this"))
        }
        Access::Anonymous
        | Access::SiteToken
        | Access::OrgKey
        | Access::UnscopedOrgKey
        | Access::GatewayToken
        | Access::BitbucketToken
        | Access::Server(..) => unknown(),
    }
}

/// The JSON of a body; null when it is empty.
async fn read_body(body: Body) -> Result<Value, ()> {
    let bytes = to_bytes(body, 1 << 20).await.map_err(|_too_long_or_cut| ())?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_not_json| ())
}

fn throttle(headers: &mut HeaderMap, endpoint: &Endpoint, retry_after: Option<Duration>) {
    if endpoint.is_self_hosted() {
        set(headers, "x-ratelimit-limit", "100");
        set(headers, "x-ratelimit-fillrate", "10");
        set(headers, "x-ratelimit-interval-seconds", "1");
    }
    if endpoint.place() != Host::Bitbucket {
        set(headers, "x-ratelimit-remaining", "0");
    }
    if endpoint.place() == Host::Site {
        set(headers, "x-ratelimit-limit", "350");
        set(headers, "ratelimit-reason", "jira-burst-based");
    }
    if let Some(wait) = retry_after {
        set(headers, "retry-after", &wait.as_secs().to_string());
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).expect("internal: our own header values are plain text");
    headers.insert(name, value);
}

/// The header beside the links of a page of Confluence's second version.
fn link_header(body: &Value) -> Option<String> {
    let link = |name: &str| body["_links"][name].as_str();
    Some(format!("<{}>; rel=\"next\", <{}>; rel=\"base\"", link("next")?, link("base")?))
}

fn half(reply: &Reply) -> Vec<u8> {
    let mut bytes = reply.body.to_string().into_bytes();
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// A body that breaks off. It pauses first, so that what went before is on its way when the connection ends.
fn cut_body(start: Vec<u8>) -> Body {
    let broken = async {
        tokio::task::yield_now().await;
        Err(std::io::Error::other("the connection is cut, as this fault was armed"))
    };
    Body::from_stream(stream::once(async { Ok(Bytes::from(start)) }).chain(stream::once(broken)))
}

const JSON: &str = "application/json;charset=UTF-8";

fn send(reply: &Reply, headers: &HeaderMap) -> Response {
    if let Some(page) = reply.html {
        return respond(reply.status, "text/html;charset=UTF-8", headers, Body::from(page));
    }
    let says_nothing = reply.status == 204 || (reply.status == 404 && reply.body.is_null());
    let body = if says_nothing { Body::empty() } else { Body::from(reply.body.to_string()) };
    respond(reply.status, JSON, headers, body)
}

fn respond(status: u16, kind: &'static str, headers: &HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers.clone();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
