//! The pages: each is made from the latest scan of a tenant when somebody asks, and says which scan that is, and what may be missing.

mod access;
mod coverage;
mod files;
mod findings;
mod history;
mod inventory;
mod overview;
mod paging;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Extension;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::desk::{Laid, Shown, Unavailable};
use super::guard::Visit;
use super::visitor::Visitor;
use super::{House, Noted};
use crate::app::AppError;
use crate::model::{Delay, LedgerEntry, Overdue};
use crate::reports::{overdue_words, page_style, page_templates, unseen_words};

pub(super) use access::{access, who_can};
pub(super) use coverage::coverage;
pub(super) use files::{file, files, pack};
pub(super) use findings::{finding, findings};
pub(super) use history::history;
pub(super) use inventory::{inventory, kinds, resource};
pub(super) use overview::overview;

/// What a request asks for behind its `?`.
type Asked = BTreeMap<String, String>;

/// The style: that of the report, and what these pages have beside it.
static STYLE: LazyLock<String> = LazyLock::new(|| format!("{}\n{}", page_style(), include_str!("templates/style.css")));

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = page_templates();
    for (name, text) in [
        ("layout.html", include_str!("templates/layout.html")),
        ("list.html", include_str!("templates/list.html")),
        ("message.html", include_str!("templates/message.html")),
        ("sign-in.html", include_str!("templates/sign-in.html")),
        ("home.html", include_str!("templates/home.html")),
        ("overview.html", include_str!("templates/overview.html")),
        ("findings.html", include_str!("templates/findings.html")),
        ("finding.html", include_str!("templates/finding.html")),
        ("kinds.html", include_str!("templates/kinds.html")),
        ("inventory.html", include_str!("templates/inventory.html")),
        ("resource.html", include_str!("templates/resource.html")),
        ("access.html", include_str!("templates/access.html")),
        ("history.html", include_str!("templates/history.html")),
        ("coverage.html", include_str!("templates/coverage.html")),
        ("files.html", include_str!("templates/files.html")),
    ] {
        pages.add_template(name, text).expect("internal: the template is well formed");
    }
    pages
});

/// A text in an address or a form: letters, digits and `-._~` as they are, everything else as its bytes.
pub(super) fn encoded(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// An address with a query; what is empty is left out.
pub(super) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let given = query.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = given.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    match (pairs.is_empty(), path.contains('?')) {
        (true, _) => path.to_owned(),
        (false, false) => format!("{path}?{}", pairs.join("&")),
        (false, true) => format!("{path}&{}", pairs.join("&")),
    }
}

/// Leads on to an address of ours, or to the provider.
pub(super) fn see_other(place: &str) -> impl IntoResponse + use<> {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)])
}

/// A sentence for whoever is not a reader of pages.
pub(super) fn plain(status: StatusCode, what: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{what}\n")).into_response()
}

/// Somebody has tried too often to sign in.
pub(super) fn too_many_tries(wait: Duration) -> Response {
    too_many("Too many tries to sign in. Wait a minute, and try again.", wait)
}

/// Somebody asks too fast.
pub(super) fn too_many_requests(wait: Duration) -> Response {
    too_many("Too many requests. Wait a moment, and go on more slowly.", wait)
}

fn too_many(what: &str, wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, what);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// What every page knows.
#[derive(Debug, Clone, Serialize)]
struct Frame {
    /// The tenant; empty on pages that are about none.
    tenant: String,
    /// Who asks, if they signed in; empty otherwise.
    who: String,
    /// What forms have to hold; empty if there is no session.
    form_word: String,
    /// True if there is more than one tenant to see.
    several: bool,
    #[serde(skip)]
    now: DateTime<Utc>,
}

impl Frame {
    fn of(house: &House, visit: &Visit, tenant: &str) -> Self {
        let who = visit.visitor.as_ref().filter(|who| **who != Visitor::Local);
        Self {
            tenant: tenant.to_owned(),
            who: who.map(ToString::to_string).unwrap_or_default(),
            form_word: visit.session.as_ref().map(|(_, form_word)| form_word.clone()).unwrap_or_default(),
            several: house.visible(visit).count() > 1,
            now: house.clock.now(),
        }
    }

    /// The address of a page of the tenant.
    fn link(&self, page: &str, query: &[(&str, &str)]) -> String {
        link(&format!("/t/{}/{page}", self.tenant), query)
    }
}

/// Which scan a page is of, and how much of the estate it saw.
#[derive(Serialize)]
struct Scan<'a> {
    estate: &'a str,
    id: String,
    from: String,
    to: String,
    age: String,
    complete: bool,
    asked: usize,
    gaps: usize,
    /// What stands against calling it clean, as a sentence; empty if nothing does.
    unseen: String,
    /// Later scans that should be there, each as a clause.
    overdue: Vec<String>,
    tool_version: &'a str,
    digest: String,
}

impl<'a> Scan<'a> {
    fn of(laid: &Laid<'a>, now: DateTime<Utc>) -> Self {
        let head = &laid.assessment.head;
        let ledger = &laid.assessment.snapshot.ledger;
        Self {
            estate: &head.estate,
            id: head.id.to_string(),
            from: head.started_at.format("%a %-d %b %Y, %H:%M").to_string(),
            to: head.ended_at.format("%H:%M").to_string(),
            age: match (now.date_naive() - head.started_at.date_naive()).num_days() {
                ..=0 => "today".to_owned(),
                1 => "yesterday".to_owned(),
                days => format!("{days} days ago"),
            },
            complete: head.complete,
            asked: ledger.len(),
            gaps: ledger.iter().filter(|entry: &&LedgerEntry| entry.is_gap()).count(),
            unseen: unseen_words(laid.assessment),
            overdue: laid.overdue.iter().map(overdue_for_visitors).collect(),
            tool_version: &head.tool_version,
            digest: head.digest.to_string(),
        }
    }
}

/// What should have happened and did not, in words. Why a scan failed may name what is no visitor's business.
fn overdue_for_visitors(overdue: &Overdue) -> String {
    let what = match &overdue.what {
        Delay::Failed(due, _why) => Delay::Failed(*due, "whoever runs keyroll finds the reason in its log".to_owned()),
        other => other.clone(),
    };
    overdue_words(&Overdue { what, ..overdue.clone() })
}

/// All that a template is filled with.
#[derive(Serialize)]
struct Whole<'a, V> {
    title: &'a str,
    /// Which of the tabs it is under.
    tab: &'a str,
    frame: &'a Frame,
    scan: Option<&'a Scan<'a>>,
    view: &'a V,
}

fn render<V: Serialize>(template: &str, whole: &Whole<'_, V>) -> String {
    let template = PAGES.get_template(template).expect("internal: the template is embedded");
    template.render(Serde(whole)).expect("internal: the template names what the page has")
}

/// A page of a scan.
fn page<V: Serialize>(laid: &Laid<'_>, frame: &Frame, (template, tab): (&str, &str), title: &str, view: &V) -> String {
    render(template, &Whole { title, tab, frame, scan: Some(&Scan::of(laid, frame.now)), view })
}

/// Why there is no page of what was asked for.
#[derive(Debug)]
enum Miss {
    /// There is nothing of that name, though the tenant is there.
    NotThere(String),
    /// The question makes no sense.
    Odd(String),
    /// The store cannot be read.
    Store(AppError),
}

impl<E: Into<AppError>> From<E> for Miss {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

/// A page with a sentence on it, of no scan.
fn message(frame: &Frame, status: StatusCode, title: &str, text: &str) -> Response {
    let view = Message { text };
    let page = render("message.html", &Whole { title, tab: "", frame, scan: None, view: &view });
    (status, Html(page)).into_response()
}

/// There is no such page, or none that this visitor may see: nobody is told which.
pub(super) fn missing(house: &House, visit: &Visit) -> Response {
    let text = "There is no such page, or you may not see it.";
    message(&Frame::of(house, visit, ""), StatusCode::NOT_FOUND, "Not found", text)
}

pub(super) async fn not_found(State(house): State<Arc<House>>, Extension(visit): Extension<Visit>) -> Response {
    missing(&house, &visit)
}

pub(super) fn too_slow(_house: &House) -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, Unavailable::Slow.words())
}

impl House {
    /// The tenants that a visitor may see.
    fn visible<'a>(&'a self, visit: &'a Visit) -> impl Iterator<Item = &'a Arc<Shown>> {
        let may_see = move |shown: &&Arc<Shown>| {
            visit.visitor.as_ref().is_some_and(|who| shown.visible_to.iter().any(|viewer| viewer.means(who)))
        };
        self.tenants.all().filter(may_see)
    }

    /// A tenant that a visitor may see.
    fn tenant(&self, visit: &Visit, name: &str) -> Option<Arc<Shown>> {
        self.visible(visit).find(|shown| shown.name == name).cloned()
    }
}

/// A request for a page of a tenant, as every such page takes it.
#[derive(Clone)]
pub(super) struct Inquiry {
    house: Arc<House>,
    visit: Visit,
    /// The tenant that the address names, whether or not the visitor may see it.
    tenant: String,
    /// What else the address names: an id, a kind, a file; empty if it names nothing.
    name: String,
    asked: Asked,
}

impl FromRequestParts<Arc<House>> for Inquiry {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, house: &Arc<House>) -> Result<Self, Response> {
        let visit = parts.extensions.get::<Visit>().cloned().expect("internal: the guard has found out who asks");
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, house).await;
        let Path(mut path) = path.map_err(IntoResponse::into_response)?;
        let query = Query::<Asked>::from_request_parts(parts, house).await;
        let Query(asked) = query.map_err(IntoResponse::into_response)?;
        let mut named = |what: &str| path.remove(what).unwrap_or_default();
        Ok(Self { house: Arc::clone(house), visit, tenant: named("tenant"), name: named("name"), asked })
    }
}

impl Inquiry {
    /// What stands behind a key of the query; empty if nothing does.
    fn word(&self, key: &str) -> &str {
        self.asked.get(key).map_or("", |word| word.trim())
    }

    /// The tenant, if the visitor may see it.
    fn shown(&self) -> Option<Arc<Shown>> {
        self.house.tenant(&self.visit, &self.tenant)
    }

    /// Answers with what is made from the latest scan of the tenant, if the visitor may see that one.
    async fn answer<T: IntoResponse>(
        self,
        make: impl FnOnce(&Laid<'_>, &Frame, &Self) -> Result<T, Miss> + Send + 'static,
    ) -> Response {
        let Some(tenant) = self.shown() else { return missing(&self.house, &self.visit) };
        let frame = Frame::of(&self.house, &self.visit, &self.tenant);
        let (inside, inquiry) = (frame.clone(), self.clone());
        let ask = move |laid: &Laid<'_>| match make(laid, &inside, &inquiry) {
            Ok(page) => Ok(page.into_response()),
            Err(Miss::NotThere(text)) => Ok(told(laid, &inside, StatusCode::NOT_FOUND, "Not found", &text)),
            Err(Miss::Odd(text)) => Ok(told(laid, &inside, StatusCode::BAD_REQUEST, "Not understood", &text)),
            Err(Miss::Store(error)) => Err(Unavailable::of(&error, &inside.tenant)),
        };
        let answer = self.house.tenants.ask(&tenant, frame.now, ask).await.and_then(|answer| answer);
        let mut response = answer.unwrap_or_else(|unavailable| {
            let status = match unavailable {
                Unavailable::Broken => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            message(&frame, status, "Nothing can be shown", unavailable.words())
        });
        response.extensions_mut().insert(Noted { tenant: Some(self.tenant), ..Noted::default() });
        response
    }
}

/// A page of a scan with a sentence on it.
fn told(laid: &Laid<'_>, frame: &Frame, status: StatusCode, title: &str, text: &str) -> Response {
    (status, Html(page(laid, frame, ("message.html", ""), title, &Message { text }))).into_response()
}

#[derive(Serialize)]
struct SignIn<'a> {
    next: &'a str,
    with_token: bool,
    provider: Option<String>,
    trouble: Option<&'a str>,
}

/// Where one signs in.
pub(super) fn sign_in(house: &House, next: &str, trouble: Option<(StatusCode, &str)>) -> Response {
    let nobody = Visit { client: std::net::Ipv4Addr::UNSPECIFIED.into(), visitor: None, session: None };
    let view = SignIn {
        next,
        with_token: !house.tokens.is_empty(),
        provider: house.provider.as_ref().map(|_| link("/sign-in/provider", &[("next", next)])),
        trouble: trouble.map(|(_, text)| text),
    };
    let frame = Frame::of(house, &nobody, "");
    let page = render("sign-in.html", &Whole { title: "Sign in", tab: "", frame: &frame, scan: None, view: &view });
    (trouble.map_or(StatusCode::OK, |(status, _)| status), Html(page)).into_response()
}

#[derive(Serialize)]
struct Home {
    tenants: Vec<String>,
}

/// The tenants that there are to see. Where there is one, its first page.
pub(super) async fn home(State(house): State<Arc<House>>, Extension(visit): Extension<Visit>) -> Response {
    let tenants: Vec<String> = house.visible(&visit).map(|shown| shown.name.clone()).collect();
    if let [only] = tenants.as_slice() {
        return see_other(&format!("/t/{only}/")).into_response();
    }
    let frame = Frame::of(&house, &visit, "");
    let view = Home { tenants };
    Html(render("home.html", &Whole { title: "Tenants", tab: "", frame: &frame, scan: None, view: &view }))
        .into_response()
}

pub(super) async fn style() -> Response {
    let kept = HeaderValue::from_static("no-cache");
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")), (header::CACHE_CONTROL, kept)],
        STYLE.as_str(),
    )
        .into_response()
}

pub(super) async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("templates/icon.svg")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_an_address_stays_what_it_is() {
        assert_eq!(encoded("a b/ü&=?#\"<%"), "a%20b%2F%C3%BC%26%3D%3F%23%22%3C%25");
        assert_eq!(link("/x", &[("a", "1 2"), ("b", "")]), "/x?a=1%202");
        assert_eq!(link("/x", &[]), "/x");
        assert_eq!(link("https://id.example/auth?p=1", &[("a", "&")]), "https://id.example/auth?p=1&a=%26");
    }

    #[test]
    fn every_template_is_well_formed() {
        assert!(PAGES.templates().count() > 10);
    }
}
